"""Stage a table in which the members of one dimension have a column each: areas with an index for each theme, schools with shares."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from expectations import Column, Contract
from expectations.partnership import Partnership
from sql.periods import Period
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, account_for
from tasks.stage.gathered import Gathered
from tasks.stage.staging import ShapeChanged, Staging
from tasks.stage.workbook import workbook_rows

LARGEST = 200_000_000
AGAIN = "The last good figures stay in force; take the file from the publisher again, or mend the contract if its grammar changed."
# A year and the year after it, the second with two digits or four: 2024-2025, 2024_25.
TWO_YEARS = re.compile(r"(\d{4})[-_/](?:\d{2})?(\d{2})")
Line = tuple[int, list[str]]


def stage_wide(staging: Staging, source: Path, snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Read the table: every column is ours, one of `members`, ignored by name, or an error."""
    lines = _lines(source.read_bytes(), contract)
    header = next(lines, (0, []))[1]
    while header and not header[-1]:
        header.pop()
    account_for(header, _as_printed(contract))
    rows = _Rows(contract, Gathered(staging, contract, Places(contract, partnership)), header, _file_name(snapshot))
    read = sum(rows.take(row, cells) for row, cells in lines if any(cells))
    if not read:
        raise ShapeChanged("a header and no rows", "rows", AGAIN)
    rows.gathered.finish(rows_read=read)


def _lines(body: bytes, contract: Contract) -> Iterator[Line]:
    """The rows with their numbers, from 1; those of a workbook are as long as its longest."""
    if body[:4] == b"PK\x03\x04":
        rows = list(workbook_rows(body, contract.layout.sheet, LARGEST, fix=AGAIN, no_sheet=AGAIN))
        width = max((len(cells) for _, cells in rows), default=0)
        yield from ((row, [_text(cell) for cell in cells] + [""] * (width - len(cells))) for row, cells in rows)
        return
    encoding = "utf-8-sig" if contract.layout.encoding == "utf-8" else contract.layout.encoding
    try:
        text = body.decode(encoding)
        table = csv.reader(io.StringIO(text, newline=""), delimiter=contract.layout.delimiter)
        yield from ((row, [_text(cell) for cell in cells]) for row, cells in enumerate(table, start=1))
    except UnicodeDecodeError as error:
        raise ShapeChanged(f"bytes that are not {encoding} at byte {error.start}", f"text in {encoding}", AGAIN) from error
    except csv.Error as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "a table with one line for each row", AGAIN) from error


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else " ".join(str(cell).split())


def _file_name(snapshot: Snapshot) -> str:
    return snapshot.url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]


def _as_printed(contract: Contract) -> Contract:
    """The contract with the columns as the file has them: those of the members, none for what only the file's name says."""
    columns: dict[str, Column] = {}
    spread = any(column.members for column in contract.columns.values())
    for name, column in contract.columns.items():
        if column.members:
            columns[name] = column.model_copy(update={"source": list(column.members.values())})
        elif not (name == contract.measure and spread) and not (name == contract.period and column.pattern):
            columns[name] = column
    return contract.model_copy(update={"columns": columns})


class _Rows:
    """Reads the rows of one table by the names of their columns."""

    def __init__(self, contract: Contract, gathered: Gathered, header: list[str], file: str) -> None:
        self.contract, self.gathered, self.header = contract, gathered, header
        index = {name: number for number, name in enumerate(header)}
        labelled = {name: contract.columns[name] for name in contract.dimensions}
        self.spread = next((name for name, column in labelled.items() if column.members), "")
        measure = contract.columns[contract.measure or ""]
        members = labelled[self.spread].members if self.spread else {"": str(measure.source or contract.measure)}
        self.members = {member: index[printed] for member, printed in members.items()}
        self.labels = {
            name: index[str(column.source or name)] for name, column in labelled.items() if not column.members and not column.constant
        }
        self.time = contract.columns[contract.period or ""]
        self.time_index = index.get(str(self.time.source or contract.period))
        self.only_period = None if self.time_index is not None else gathered.period(self._spelled(self._named_period(file)))

    def take(self, row: int, cells: list[str]) -> int:
        """Hand on the cells of a row; how many there are."""
        if len(cells) < len(self.header) or any(cells[len(self.header) :]):
            expected = f"{len(self.header)} cells, as the header has"
            self.gathered.aside(row, "", "width", f"{len(cells)} cells", expected, {"line": cells}, hides_key=True)
            return len(self.members)
        content = dict(zip(self.header, cells, strict=False))
        try:
            span = self.only_period or self._period(cells)
        except ValueError as error:
            name = self.contract.period or ""
            self.gathered.aside(row, name, "period", str(error), "a period of this table", content, hides_key=True)
            return len(self.members)
        labels = {name: self._label(name, cells[index]) for name, index in self.labels.items()}
        for member, index in self.members.items():
            self.gathered.add(row, span, labels | {self.spread: member}, cells[index], content=content)
        return len(self.members)

    def _label(self, name: str, printed: str) -> str:
        area = self.contract.columns[name].area
        digits = iter(printed)
        return "".join(next(digits, "?") if sign == "?" else sign for sign in area) if area and printed else printed

    def _period(self, cells: list[str]) -> Period:
        return self.gathered.period(self._spelled(cells[self.time_index or 0]))

    def _spelled(self, printed: str) -> str:
        return _years(printed) if self.time.frequency == "span" else printed

    def _named_period(self, file: str) -> str:
        """The period of a file that speaks of one: the contract's constant, or what its own name says."""
        if self.time.constant:
            return self.time.constant
        match = re.search(self.time.pattern, file)
        if not match:
            expected = f"a name of the form {self.time.pattern}, which says the period"
            raise ShapeChanged(f"the file name {file!r}", expected, "Give the file the name it has at the publisher's.")
        return "-".join(match.groups())


def _years(text: str) -> str:
    """A school year as the calendar writes it; other periods stay as they are.

    >>> _years("2024-2025"), _years("2024_25"), _years("2024-07"), _years("2021")
    ('2024/2025', '2024/2025', '2024-07', '2021')
    """
    match = TWO_YEARS.fullmatch(text)
    following = int(match[1]) + 1 if match else 0
    return f"{following - 1}/{following}" if match and following % 100 == int(match[2]) else text
