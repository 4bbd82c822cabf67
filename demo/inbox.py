"""What nine partners that do not exist send: their quarterly metrics, and files with the faults of partners' files.

Good figures are declared in `partnerships/peterborough/sample/partner_metrics.csv` (an empty field is a quarter not
sent). Dirty files speak of 2024-Q3, the quarter of the trial run, so that their good rows exist nowhere else.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import zipfile
from datetime import date
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import Cell

Row = list[object]

FIGURES = Path(__file__).parents[1] / "partnerships/peterborough/sample/partner_metrics.csv"
HEADER: Row = ["partner", "period", "metric", "value"]
NOT_COLLECTED = "not collected"
WORKBOOKS = ("p01", "p03", "p05", "p07", "p09")
STAMP = (2026, 10, 15, 9, 0, 0)

# What a checker should find: (row as a person counts it, with the header as row 1; column; which rule). Row 0 is the
# whole file, column "" the whole row. A rule is a hint, not a name: `encoding` is a remark that lets the good rows in,
# the other findings on row 0 refuse the file.
EXPECTED: dict[str, list[tuple[int, str, str]]] = {
    "p01_2024-Q3_no_value.csv": [(0, "value", "missing column")],
    "p02_2024-Q3_windows-1252.csv": [(0, "", "encoding"), (4, "metric", "unknown metric")],
    "p03_2024-Q3_formula_and_date.xlsx": [(3, "value", "formula"), (4, "value", "not a whole number")],
    "p04_2024-Q3_extra_column.csv": [(0, "notes", "unexpected column")],
    "p05_2024-Q3_bad_values.csv": [
        (3, "value", "negative"),
        (4, "value", "not a whole number"),
        (5, "metric", "unknown metric"),
        (6, "", "duplicate"),
        (7, "", "duplicate"),
        (8, "period", "no such period"),
    ],
    "p07_2024-Q3_empty.csv": [(0, "", "empty")],
    "p77_2026-Q3_unknown_partner.csv": [(2, "partner", "unknown partner"), (3, "partner", "unknown partner")],
}

# The keys (partner, period, metric) and values that arrive all the same.
ARRIVES: dict[str, list[tuple[str, str, str, int]]] = {
    "p02_2024-Q3_windows-1252.csv": [
        ("p02", "2024-Q3", "clients_served", 88),
        ("p02", "2024-Q3", "public_events_attendance", 205),
    ],
    "p03_2024-Q3_formula_and_date.xlsx": [
        ("p03", "2024-Q3", "clients_served", 231),
        ("p03", "2024-Q3", "job_placements", 13),
    ],
    "p05_2024-Q3_bad_values.csv": [("p05", "2024-Q3", "job_placements", 43)],
}

_DIRTY_CSV: dict[str, list[Row]] = {
    "p01_2024-Q3_no_value.csv": [["partner", "period", "metric"], ["p01", "2024-Q3", "clients_served"]],
    "p02_2024-Q3_windows-1252.csv": [
        HEADER,
        ["p02", "2024-Q3", "clients_served", 88],
        ["p02", "2024-Q3", "public_events_attendance", 205],
        ["p02", "2024-Q3", "bénévoles_intégrés", 7],
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
        ["p05", "2024-Q3", "clients_severed", 128],
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
    "p03_2024-Q3_formula_and_date.xlsx": [
        HEADER,
        ["p03", "2024-Q3", "clients_served", 231],
        ["p03", "2024-Q3", "public_events_attendance", "=120+45"],
        ["p03", "2024-Q3", "language_wait", date(2024, 9, 30)],
        ["p03", "2024-Q3", "job_placements", 13],
    ],
}


def write_inbox(folder: Path, *, dirty: bool = True) -> None:
    """Write the nine partners' files and, with `dirty`, the faulty ones; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for partner, rows in _clean().items():
        _write(folder / f"{partner}_metrics.{'xlsx' if partner in WORKBOOKS else 'csv'}", [HEADER, *rows])
    if not dirty:
        return
    for name, rows in (_DIRTY_CSV | _DIRTY_XLSX).items():
        _write(folder / name, rows)
    (folder / "p07_2024-Q3_empty.csv").write_bytes(b"")


def write_resubmission(folder: Path) -> Path:
    """Write what p08 sends later for 2026-Q3: all its rows of that quarter, with 84 clients served in place of 79."""
    rows = [row for row in _clean()["p08"] if row[1] == "2026-Q3"]
    corrected = [[*row[:3], 84] if row[2] == "clients_served" else row for row in rows]
    path = folder / "p08_2026-Q3_resent.csv"
    _write(path, [HEADER, *corrected])
    return path


def _clean() -> dict[str, list[Row]]:
    """The rows of each partner, quarter by quarter."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    sent: dict[str, list[Row]] = {}
    for column, period in enumerate(header[2:], 2):
        for line in lines:
            if line[column]:
                value = line[column] if line[column] == NOT_COLLECTED else int(line[column])
                sent.setdefault(line[0], []).append([line[0], period, line[1], value])
    return dict(sorted(sent.items()))


def _write(path: Path, rows: list[Row]) -> None:
    path.write_bytes(_workbook(rows) if path.suffix == ".xlsx" else _text(path.name, rows))


def _text(name: str, rows: list[Row]) -> bytes:
    """A CSV; p04 saves as spreadsheets do, with a mark at the start and CRLF, and one file is in windows-1252."""
    spreadsheet = name.startswith("p04")
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n" if spreadsheet else "\n").writerows(rows)
    encoding = "windows-1252" if "windows-1252" in name else "utf-8-sig" if spreadsheet else "utf-8"
    return out.getvalue().encode(encoding)


def _workbook(rows: list[Row]) -> bytes:
    """A workbook of one sheet `metrics` whose bytes depend on the rows alone."""
    book = Workbook()
    book.properties.creator, book.properties.title = "SAMPLE", "SAMPLE"
    sheet = book.worksheets[0]
    sheet.title = "metrics"
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
    """Write the files of the sample partners into a folder."""
    parser = argparse.ArgumentParser(prog="python -m demo.inbox", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clean", action="store_true", help="leave out the faulty files")
    wanted = parser.parse_args()
    write_inbox(wanted.folder, dirty=not wanted.clean)


if __name__ == "__main__":
    main()
