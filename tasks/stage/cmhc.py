"""Stage an export of CMHC's portal: a title, the filters, one table whose cells have letters of reliability, notes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from expectations import Contract
from expectations.partnership import Partnership
from sql.ledger import QUALITY
from sql.periods import Period
from tasks.fetch.cmhc import is_nothing
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places
from tasks.stage.gathered import Gathered
from tasks.stage.staging import ShapeChanged, Staging

AGAIN = "The last good figures stay in force; look at the export in a browser before the contract is changed."
TITLE = re.compile(r"(?P<place>.*?)\s*—\s*(?P<table>.*)")
# "1990 to 2025 Row / Apartment October": the years, then what was filtered for.
YEARS = re.compile(r"\d{4}( to \d{4})?\s*")
PERIOD = re.compile(r"(?P<year>\d{4})(?: (?P<season>[A-Z][a-z]+))?|(?P<month>[A-Z][a-z]{2,}) (?P<of>\d{4})")
FILTER = re.compile(r"AppliedFilters\[\d+\]\.Value")
ZERO = "-"
LAST = "Source"  # begins the last line of every export
LETTERS = {"": 0, "a": QUALITY["A"], "b": QUALITY["B"], "c": QUALITY["C"], "d": QUALITY["D"]}
Line = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class _Export:
    """One export: its first two lines, the names of its columns, and its rows; `step` is 2 where letters stand between the cells."""

    title: str
    filters: str
    names: list[str]
    step: int
    rows: list[Line]


def stage_cmhc(staging: Staging, source: Path, snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Read one export; the place, the table and the filters it speaks of must be those that were asked for."""
    export = _export(source.read_bytes(), contract)
    place = _place(export.title, snapshot, contract, partnership)
    _refuse_filters(export.filters, contract)
    gathered = Gathered(staging, contract, Places(contract, partnership))
    table = _Table(contract, gathered, export, place)
    for row, cells in export.rows:
        table.take(row, cells)
    gathered.finish(rows_read=len(export.rows) * len(export.names))


def _export(body: bytes, contract: Contract) -> _Export:
    if is_nothing(body):
        raise ShapeChanged('the words "No data available"', "a table", f"Nothing is known, which is not zero. {AGAIN}")
    try:
        lines = list(_lines(body.decode(contract.layout.encoding)))
    except csv.Error as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "an export of the portal", AGAIN) from error
    except UnicodeDecodeError as error:
        raise ShapeChanged(
            f"bytes that are not {contract.layout.encoding} at byte {error.start}", f"text in {contract.layout.encoding}", AGAIN
        ) from error
    at = next((index for index, (_, cells) in enumerate(lines) if _is_header(cells)), None)
    if at is None:
        raise ShapeChanged("no table", "a line of column names that begins with an empty cell", AGAIN)
    head = [",".join(cells).strip() for _, cells in lines[:at] if any(cell.strip() for cell in cells)]
    names, step = _names(lines[at][1])
    end = next((index for index, (_, cells) in enumerate(lines[at + 1 :], at + 1) if not any(cells)), len(lines))
    if end == at + 1:
        raise ShapeChanged("column names and no rows", "rows", AGAIN)
    if not any(cells and cells[0].strip() == LAST for _, cells in lines[end:]):
        raise ShapeChanged("an export that breaks off", f"a line {LAST!r} under the table", AGAIN)
    return _Export(head[0] if head else "", head[1] if len(head) > 1 else "", names, step, lines[at + 1 : end])


def _lines(text: str) -> Iterator[Line]:
    """The lines of the file by their numbers, from 1; a blank line has no cells."""
    return ((row, cells) for row, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1))


def _is_header(cells: list[str]) -> bool:
    return len(cells) > 1 and not cells[0].strip() and any(cell.strip() for cell in cells)


def _names(cells: list[str]) -> tuple[list[str], int]:
    """The names of the columns, and whether a column of letters follows each. Administrative tables have none."""
    named = [cell.strip() for cell in cells[1:]]
    names = [name for name in named if name]
    while named and not named[-1]:
        named.pop()
    if named == names:
        # One column alone: the blanks behind it tell, one of the line's end and one more of the letters.
        return names, 2 if len(names) == 1 and len(cells) > 3 else 1
    if named[::2] == names and not any(named[1::2]):
        return names, 2
    raise ShapeChanged(
        f"the columns {', '.join(map(repr, named))}", "a name for each column, and nothing or an empty cell between two", AGAIN
    )


def _place(title: str, snapshot: Snapshot, contract: Contract, partnership: Partnership) -> str:
    """The place of the export, as the register of place labels knows it.

    A title names the place only where the question did, so what was asked for, noted with the snapshot, decides; a title that
    names another place refuses the file. A file that a person dropped must name its place.
    """
    column = next(column for column in contract.columns.values() if column.type == "place")
    labels, asked = partnership.labels(column.labels), str(snapshot.facts.get("place", ""))
    match = TITLE.fullmatch(title)
    named, table = (match["place"], match["table"].strip()) if match else ("", title)
    if contract.layout.sheet and table != contract.layout.sheet:
        raise ShapeChanged(
            f"the table {table!r}", f"the table {contract.layout.sheet!r}", f"Check TableId in the contract {contract.name}. {AGAIN}"
        )
    if named and named not in labels:
        fix = f"If it is a place of yours, add a row {column.labels},{named},<its code> to registers/place_labels.csv."
        raise ShapeChanged(f"a title that names {named!r}", f"a name that CMHC gives to {asked or 'a place'} in the register", fix)
    if named and asked and labels[named] != labels.get(asked):
        raise ShapeChanged(f"the figures of {named}", f"those of {labels.get(asked)}, which was asked for as {asked}", AGAIN)
    if not named and not asked:
        raise ShapeChanged(
            "a title that names no place", "the place before the dash", "Nobody can tell whose figures these are: take the export again."
        )
    return asked or named


def _refuse_filters(printed: str, contract: Contract) -> None:
    """The second line repeats what was filtered for; without a filter it lists everything there is."""
    wanted = " ".join(value for key, value in contract.source.query.items() if FILTER.fullmatch(key))
    found = YEARS.sub("", printed, count=1).strip()
    if wanted and found != wanted:
        raise ShapeChanged(
            f"figures for {found!r}", f"figures for {wanted!r}", f"Check AppliedFilters in the contract {contract.name}. {AGAIN}"
        )


class _Table:
    """Reads the rows of one export."""

    def __init__(self, contract: Contract, gathered: Gathered, export: _Export, place: str) -> None:
        self.contract, self.gathered, self.export, self.place = contract, gathered, export, place
        columns = contract.columns
        self.place_column = next(name for name, column in columns.items() if column.type == "place")
        self.dimension = next(name for name in contract.dimensions if name != self.place_column)
        self.season: str | None = None

    def take(self, row: int, cells: list[str]) -> None:
        try:
            span = self._period(cells[0].strip())
        except ValueError as error:
            expected = "a survey period like those above, such as 2025 October"
            self.gathered.aside(row, self.contract.period or "", "period", str(error), expected, {"line": cells}, hides_key=True)
            return
        width = len(self.export.names) * self.export.step
        values = [cell.strip() for cell in cells[1:]]
        if len(values) < width or any(values[width:]):
            self.gathered.aside(row, "", "width", f"{len(cells)} cells", f"{width + 1} cells, as the header has", {"line": cells})
            return
        for index, name in enumerate(self.export.names):
            letter = values[index * self.export.step + 1] if self.export.step == 2 else ""
            self._cell(row, span, name, values[index * self.export.step], letter)

    def _cell(self, row: int, span: Period, name: str, printed: str, letter: str) -> None:
        labels = {self.place_column: self.place, self.dimension: name}
        content = {**labels, "period": span.code, "value": printed, "reliability": letter}
        if letter not in LETTERS:
            self.gathered.aside(row, "status", "reliability", letter, "a, b, c, d or nothing", content)
            return
        quality = LETTERS[letter] if printed.lower() not in map(str.lower, self.contract.non_values) else 0
        self.gathered.add(row, span, labels, "0" if printed == ZERO else printed, quality=quality, content=content)

    def _period(self, printed: str) -> Period:
        """`1990 October`, `Jan 1990` or `1990`; in an annual table every row is of one season."""
        match = PERIOD.fullmatch(printed)
        if not match:
            with suppress(ValueError):  # of another grammar than the portal's; but a month 13 refuses the file
                self.gathered.period(printed)
            raise ValueError(printed)
        year, season = match["year"] or match["of"], match["season"] or match["month"] or ""
        if self.contract.columns[self.contract.period or ""].frequency == "monthly":
            return self.gathered.period(year, season[:3])
        if self.season is None:
            self.season = season
        if season != self.season:
            raise ValueError(printed)
        return self.gathered.period(year)
