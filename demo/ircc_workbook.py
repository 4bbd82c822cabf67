"""IRCC's workbooks on the loopback: the figures of a text file with the months across the sheet, totals between them and notes below."""

from __future__ import annotations

import calendar
import csv
import io
from collections import defaultdict
from typing import Any

from openpyxl import Workbook

from demo.inbox import timeless

MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
HIDDEN = "--"
Month = tuple[int, int]
Cells = dict[Month, str]


def twin(said: dict[str, Any], text: str) -> bytes:
    """The workbook of a text file, as `said` declares it: `group` and `member` are the columns whose names stand left of the figures.

    What the text leaves out is printed as 0. A group is named by its total below, and only there.
    """
    groups = _groups(said, text)
    months = sorted({month for members in groups.values() for cells in members.values() for month in cells})
    book = Workbook()
    book.properties.creator, book.properties.title = "SAMPLE", "SAMPLE"
    sheet = book.worksheets[0]
    for row in [[said["title"]], [], *_heading(months)]:
        sheet.append(row)
    every: list[Cells] = []
    for group, members in groups.items():
        for member, cells in members.items():
            sheet.append([None, member, *_across(cells, months)])
        sheet.append([f"{group} - Total", None, *_across(_added(list(members.values()), months), months)])
        every += members.values()
    for row in [["Total ", None, *_across(_added(every, months), months)], *([note] for note in said["notes"])]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return timeless(out.getvalue())


def _groups(said: dict[str, Any], text: str) -> dict[str, dict[str, Cells]]:
    groups: dict[str, dict[str, Cells]] = defaultdict(lambda: defaultdict(dict))
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
    for row in sorted(rows, key=lambda row: (row[said["group"]], row[said["member"]])):
        groups[row[said["group"]]][row[said["member"]]][int(row["EN_YEAR"]), MONTHS[row["EN_MONTH"]]] = row["TOTAL"]
    return groups


def _heading(months: list[Month]) -> list[list[Any]]:
    """The year over its first month, below it the months, and behind each year its total."""
    above: list[Any] = [None, None]
    below: list[Any] = [None, None]
    for year in _years(months):
        names = [calendar.month_abbr[month] for at, month in months if at == year]
        above += [year, *[None] * len(names)]
        below += [*names, f"{year} Total"]
    return [above, below]


def _years(months: list[Month]) -> list[int]:
    return sorted({year for year, _ in months})


def _across(cells: Cells, months: list[Month]) -> list[str]:
    """The cells of a row, each year with its total; numbers are text with a comma, as the publisher writes them."""
    row = []
    for year in _years(months):
        of_year = [cells.get(month, "0") for month in months if month[0] == year]
        row += [*of_year, _total(of_year)]
    return [f"{int(cell):,}" if cell.isdigit() else cell for cell in row]


def _added(parts: list[Cells], months: list[Month]) -> Cells:
    return {month: _total([cells.get(month, "0") for cells in parts]) for month in months}


def _total(cells: list[str]) -> str:
    """What is printed of a sum: two persons for each hidden cell, then hidden or rounded as every cell is."""
    persons = sum(2 if cell == HIDDEN else int(cell) for cell in cells)
    return (HIDDEN if persons else "0") if persons < 5 else str(5 * round(persons / 5))
