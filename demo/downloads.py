"""What staff download by hand, as it lies in the inbox: tables whose publishers let no machine fetch them."""

from __future__ import annotations

import argparse
import shutil
from datetime import date
from pathlib import Path

from demo.census import Census
from demo.census_file import bulk
from demo.statcan import StatCan

SAMPLE = Path(__file__).parents[1] / "partnerships/peterborough/sample"
PROFILE = Path("statcan_census_file_2021") / "SAMPLE_98-401-X2021006_eng_CSV.zip"


def write_downloads(inbox: Path) -> None:
    """Put every such file of the sample into the folder of its contract; the same bytes every time."""
    shutil.copytree(SAMPLE / "inbox", inbox, dirs_exist_ok=True)
    folder = SAMPLE / "publishers"
    profile = inbox / PROFILE
    profile.parent.mkdir(parents=True, exist_ok=True)
    profile.write_bytes(bulk(Census(folder, StatCan(folder, date(2026, 11, 22))), 2021))


def main() -> None:
    """Write the files into an inbox."""
    parser = argparse.ArgumentParser(prog="python -m demo.downloads", description=main.__doc__)
    parser.add_argument("inbox", type=Path)
    write_downloads(parser.parse_args().inbox)


if __name__ == "__main__":
    main()
