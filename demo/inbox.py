"""What nine partners that do not exist send: their quarterly metrics, their programmes, and files with the faults of partners' files.

Good figures are declared in `partnerships/peterborough/sample/partner_*.csv` (an empty field is a quarter not sent), a file for each
table of partners: `partner_kitchen.csv` is what they write on the sheet `kitchen`, or send as `p08_kitchen.csv`. Dirty files speak of
2024-Q3, the quarter of the trial run, so that their good rows exist nowhere else.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import Cell

Row = list[object]

SAMPLE = Path(__file__).parents[1] / "partnerships/peterborough/sample"
FIGURES = SAMPLE / "partner_metrics.csv"
HEADER: Row = ["partner", "period", "metric", "value"]
# The sheets of a workbook, in this order; whoever sends CSV sends a file for each.
SHEETS = ("metrics", "kitchen", "services", "toolkit", "welcome_pass")
NOT_COLLECTED = "not collected"
WHO = tuple(f"p0{n}" for n in range(1, 10))
WORKBOOKS = ("p01", "p03", "p05", "p07", "p09")
STAMP = (2026, 10, 15, 9, 0, 0)
# When the sound files were sent, and when the faulty ones and a correction.
SENT, SENT_LATE = "2026-10-14", "2026-11-20"

# What is found in each faulty file, and what becomes of it: (row as a person counts it, with the header as row 1 and 0 for the whole
# file; column; rule). Rules of the gate refuse the file; of `first` and the like, which only inform, nothing is said here.
EXPECTED: dict[str, tuple[str, list[tuple[int, str, str]]]] = {
    "p01_2024-Q3_no_value.csv": ("refused", [(1, "", "gate_missing")]),
    "p02_2024-Q3_windows-1252.csv": ("accepted_with_remarks", [(0, "", "gate_windows_1252")]),
    "p02_2024-Q3_own_code.csv": ("refused", [(3, "metric", "gate_list")]),
    "p03_2024-Q3_formula.xlsx": ("partly_accepted", [(3, "value", "formula")]),
    "p03_2024-Q3_date.xlsx": ("refused", [(3, "value", "gate_date_cell")]),
    "p04_2024-Q3_extra_column.csv": ("refused", [(1, "", "gate_column_free_text"), (2, "", "gate_phone")]),
    "p05_2024-Q3_bad_values.csv": (
        "partly_accepted",
        [
            (3, "value", "least"),
            (4, "value", "integer"),
            (5, "", "key"),
            (6, "", "key"),
            (7, "period", "period"),
        ],
    ),
    "p07_2024-Q3_empty.csv": ("refused", [(0, "", "gate_empty")]),
    "p77_2026-Q3_unknown_partner.csv": ("refused", [(2, "partner", "gate_list")]),
}

# The keys (partner, period, metric) and values that arrive all the same.
ARRIVES: dict[str, list[tuple[str, str, str, int]]] = {
    "p02_2024-Q3_windows-1252.csv": [
        ("p02", "2024-Q3", "clients_served", 88),
        ("p02", "2024-Q3", "public_events_attendance", 205),
    ],
    "p03_2024-Q3_formula.xlsx": [
        ("p03", "2024-Q3", "clients_served", 231),
        ("p03", "2024-Q3", "job_placements", 13),
    ],
    "p05_2024-Q3_bad_values.csv": [("p05", "2024-Q3", "job_placements", 43)],
}

_DIRTY_CSV: dict[str, list[Row]] = {
    "p01_2024-Q3_no_value.csv": [["partner", "period", "metric"], ["p01", "2024-Q3", "clients_served"]],
    "p02_2024-Q3_windows-1252.csv": [
        [*HEADER, "explanation"],
        ["p02", "2024-Q3", "clients_served", 88, "Un programme a commencé ou s'est étendu"],
        ["p02", "2024-Q3", "public_events_attendance", 205, ""],
    ],
    "p02_2024-Q3_own_code.csv": [
        HEADER,
        ["p02", "2024-Q3", "welcome_passes", 12],
        ["p02", "2024-Q3", "integrated_volunteers", 7],
    ],
    # The note holds a telephone number kept for fiction: nothing of such a file may be stored.
    "p04_2024-Q3_extra_column.csv": [
        [*HEADER, "notes"],
        ["p04", "2024-Q3", "clients_served", 61, "one learner asked to be called at 705-555-0100"],
        ["p04", "2024-Q3", "language_wait", 70, ""],
    ],
    "p05_2024-Q3_bad_values.csv": [
        HEADER,
        ["p05", "2024-Q3", "job_placements", 43],
        ["p05", "2024-Q3", "trainings_delivered", -2],
        ["p05", "2024-Q3", "clients_served", "1 204"],
        ["p05", "2024-Q3", "public_events_attendance", 33],
        ["p05", "2024-Q3", "public_events_attendance", 36],
        ["p05", "2026-Q5", "training_participants", 19],
    ],
    "p77_2026-Q3_unknown_partner.csv": [
        HEADER,
        ["p77", "2026-Q3", "clients_served", 40],
        ["p77", "2026-Q3", "job_placements", 6],
    ],
}
_DIRTY_XLSX: dict[str, list[Row]] = {
    "p03_2024-Q3_formula.xlsx": [
        HEADER,
        ["p03", "2024-Q3", "clients_served", 231],
        ["p03", "2024-Q3", "public_events_attendance", "=120+45"],
        ["p03", "2024-Q3", "job_placements", 13],
    ],
    "p03_2024-Q3_date.xlsx": [
        HEADER,
        ["p03", "2024-Q3", "clients_served", 230],
        ["p03", "2024-Q3", "language_wait", date(2024, 9, 30)],
    ],
}


def write_inbox(inbox: Path, *, clean: bool = True, dirty: bool = True, only: Sequence[str] = ()) -> None:
    """Write the nine partners' files and the faulty ones, each into its partner's folder; the same bytes every time.

    `only` names the partners whose sound files are written. A file of nobody's lies in the folder of the table.
    """
    for partner in (only or WHO) if clean else ():
        _write_sound(folder_of(inbox, partner), partner)
    if not dirty:
        return
    for name, rows in (_DIRTY_CSV | _DIRTY_XLSX).items():
        _write(folder_of(inbox, name[:3]) / name, rows)
    _put(folder_of(inbox, "p07") / "p07_2024-Q3_empty.csv", b"")


def folder_of(inbox: Path, partner: str) -> Path:
    """The folder a partner's files are put into."""
    folder = inbox / "partner_metrics" if partner == "p77" else inbox / "partners" / partner
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_resubmission(inbox: Path) -> Path:
    """Write what p08 sends later for 2026-Q3: all its rows of that quarter, with 84 clients served in place of 79."""
    rows = [row for row in _clean()["p08"] if row[1] == "2026-Q3"]
    corrected = [[*row[:3], 84] if row[2] == "clients_served" else row for row in rows]
    path = folder_of(inbox, "p08") / "p08_2026-Q3_resent.csv"
    _write(path, [HEADER, *corrected])
    return path


def _write_sound(folder: Path, partner: str) -> None:
    """One workbook with a sheet for each table the partner reports, or a CSV for each."""
    reported = {sheet: [heading(sheet), *rows] for sheet in SHEETS if (rows := _clean(sheet).get(partner))}
    if partner in WORKBOOKS:
        _put(folder / f"{partner}_metrics.xlsx", _workbook(reported), on=SENT)
        return
    for sheet, rows in reported.items():
        _put(folder / f"{partner}_{sheet}.csv", _text(f"{partner}_{sheet}.csv", rows), on=SENT)


def _put(path: Path, body: bytes, *, on: str = "") -> None:
    """Write a file as of a day: files are collected in the order in which they changed, and it is the same order every time."""
    path.write_bytes(body)
    moment = datetime.fromisoformat(f"{on or SENT_LATE}T12:00:00-05:00").timestamp()
    os.utime(path, (moment, moment))


def heading(sheet: str) -> Row:
    """The columns of a sheet: breakdowns stand between metric and value."""
    return [*HEADER[:3], *_declared(sheet)[0][2:], HEADER[3]]


def _clean(sheet: str = "metrics") -> dict[str, list[Row]]:
    """The rows of each partner, quarter by quarter."""
    keys, periods, lines = _declared(sheet)
    sent: dict[str, list[Row]] = {}
    for column, period in enumerate(periods, len(keys)):
        for line in lines:
            if line[column]:
                value = line[column] if line[column] == NOT_COLLECTED else int(line[column])
                partner, *codes = line[: len(keys)]
                sent.setdefault(partner, []).append([partner, period, *codes, value])
    return dict(sorted(sent.items()))


@cache
def _declared(sheet: str) -> tuple[list[str], list[str], list[list[str]]]:
    """Of the figures of a sheet: the columns before the quarters, the quarters, and the lines."""
    with (SAMPLE / f"partner_{sheet}.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    keys = [name for name in header if not name[0].isdigit()]
    return keys, header[len(keys) :], lines


def _write(path: Path, rows: list[Row]) -> None:
    _put(path, _workbook({"metrics": rows}) if path.suffix == ".xlsx" else _text(path.name, rows))


def _text(name: str, rows: list[Row]) -> bytes:
    """A CSV; p04 saves as spreadsheets do, with a mark at the start and CRLF, and one file is in windows-1252."""
    spreadsheet = name.startswith("p04")
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n" if spreadsheet else "\n").writerows(rows)
    encoding = "windows-1252" if "windows-1252" in name else "utf-8-sig" if spreadsheet else "utf-8"
    return out.getvalue().encode(encoding)


def _workbook(sheets: dict[str, list[Row]]) -> bytes:
    """A workbook of these sheets whose bytes depend on the rows alone."""
    book = Workbook()
    book.properties.creator, book.properties.title = "SAMPLE", "SAMPLE"
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
            for cell in sheet[sheet.max_row]:
                if isinstance(cell, Cell) and isinstance(cell.value, date):
                    cell.number_format = "yyyy-mm-dd"
    out = io.BytesIO()
    book.save(out)
    return timeless(out.getvalue())


def timeless(workbook: bytes) -> bytes:
    """The same workbook with one fixed time in its properties and on its parts."""
    year, month, day, *_ = STAMP
    moment = f"{year}-{month:02d}-{day:02d}T09:00:00Z".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment, part)
            info = zipfile.ZipInfo(name, STAMP)
            info.create_system, info.compress_type = 0, zipfile.ZIP_DEFLATED
            new.writestr(info, part)
    return out.getvalue()


def main() -> None:
    """Write the files of the sample partners into an inbox."""
    parser = argparse.ArgumentParser(prog="python -m demo.inbox", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clean", action="store_true", help="leave out the faulty files")
    wanted = parser.parse_args()
    write_inbox(wanted.folder, dirty=not wanted.clean)


if __name__ == "__main__":
    main()
