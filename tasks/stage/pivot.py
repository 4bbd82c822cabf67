"""Stage a workbook with the periods across the sheet, such as IRCC's: totals are checked and not loaded, notes are left where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations import Contract
from expectations.partnership import Partnership
from sql.periods import MONTHS, Period
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, number
from tasks.stage.gathered import Gathered, folded
from tasks.stage.staging import ShapeChanged, Staging
from tasks.stage.workbook import workbook_rows

LARGEST = 200_000_000
AGAIN = "The last good figures stay in force; the file is fetched again at the next run."
HEADINGS = {"monthly": "|".join(MONTHS), "quarterly": "Q[1-4]", "annual": r"\d{4}"}
ROWS_ABOVE = 3  # year and quarter stand above the month, never further
Row = list[str]


@dataclass(frozen=True, slots=True)
class _Heading:
    """What the columns are: `row` is the last row of the heading, `labels` how many columns of labels stand before the first period."""

    row: int
    labels: int
    periods: dict[int, Period]
    totals: dict[int, list[int]]
    names: dict[int, str]


@dataclass(slots=True)
class _Line:
    """One row of figures: its labels, complete once its group is known, and its cells."""

    row: int
    labels: list[str]
    cells: Row


def stage_pivot(staging: Staging, source: Path, _snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Read the sheet. `ignore` in the contract names the rows and columns of totals, `*` standing for any text: `* Total`.

    The columns of labels are the contract's dimensions in their order. A group's name stands in its first row, or only in the row of
    its total below (`Airport - Total`). A total above what its parts allow refuses the file, because then columns or rows are not what
    they seem; one below is remarked upon, because a person with two permits counts once in it.
    """
    sheet = workbook_rows(source.read_bytes(), contract.layout.sheet, LARGEST, fix=AGAIN, no_sheet=_mend(contract))
    rows = [[_text(cell) for cell in cells] for _, cells in sheet]
    gathered = Gathered(staging, contract, Places(contract, partnership))
    heading = _heading(rows, contract, gathered)
    totals = _Totals(contract, heading)
    read = 0
    for line in _lines(rows, heading, contract, totals):
        totals.across(line)
        read += _take(line, heading, contract, gathered)
    if not read:
        raise ShapeChanged("headings and no figures", "rows of figures", AGAIN)
    totals.say(gathered)
    gathered.finish(rows_read=read)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else " ".join(str(cell).split())


def _labelled(contract: Contract) -> list[str]:
    return [name for name in contract.dimensions if not contract.columns[name].constant]


def _take(line: _Line, heading: _Heading, contract: Contract, gathered: Gathered) -> int:
    """Hand on the cells of a row; how many there are."""
    labels = dict(zip(_labelled(contract), line.labels, strict=True))
    content = labels | {span.code: _cell(line.cells, column) for column, span in heading.periods.items()}
    for column, span in heading.periods.items():
        gathered.add(line.row, span, labels, _cell(line.cells, column), content=content)
    return len(heading.periods)


def _cell(cells: Row, column: int) -> str:
    return cells[column] if column < len(cells) else ""


# The heading


def _heading(rows: list[Row], contract: Contract, gathered: Gathered) -> _Heading:
    """Find the heading by the names of the periods in it, and account for every column."""
    form = HEADINGS[contract.columns[contract.period or ""].frequency]
    last = next((n for n, row in enumerate(rows) if any(re.fullmatch(form, cell) for cell in row)), None)
    if last is None:
        raise ShapeChanged("no row with the names of the periods", "periods across the sheet, such as Jan, Feb, Mar", _mend(contract))
    block = rows[max(0, last - ROWS_ABOVE) : last + 1]
    labels = next(column for column, cell in enumerate(block[-1]) if re.fullmatch(form, cell))
    names = {column: _name(block, column) for column in range(labels, max(map(len, rows)))}
    totals = [column for column, name in names.items() if _is_total(name, contract)]
    found = {column for column in names if column not in totals and re.fullmatch(form, _cell(block[-1], column))}
    _refuse_strange(rows, last, names, found | set(totals), contract)
    _check_labels(block, labels, contract)
    filled = {column for column in found if any(_cell(row, column) for row in rows[last + 1 :])}
    years = _years(block, sorted(found), totals, names, is_annual=form == HEADINGS["annual"])
    spans = {column: _span(block[-1][column], years[column], gathered) for column in sorted(filled)}
    if len({span.id for span in spans.values()}) < len(spans):
        raise ShapeChanged("a period that stands twice in the heading", "each period once", _mend(contract))
    parts = {column: _parts(names[column], column, spans) for column in totals}
    return _Heading(last, labels, spans, parts, names)


def _mend(contract: Contract) -> str:
    return f"The publisher changed the file: look at it, then mend the contract {contract.name}."


def _name(block: list[Row], column: int) -> str:
    """What stands above a column, from the top."""
    return " ".join(cell for cell in (_cell(row, column) for row in block) if cell)


def _is_total(name: str, contract: Contract) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, folded(form).split("*"))), folded(name)) for form in contract.ignore)


def _refuse_strange(rows: list[Row], last: int, names: dict[int, str], known: set[int], contract: Contract) -> None:
    for column, name in names.items():
        if column not in known and any(_cell(row, column) for row in rows[last:]):
            found = f"a column more: {name!r}" if name else f"figures without a heading in column {column + 1}"
            raise ShapeChanged(found, "periods, and totals that the contract names under `ignore`", _mend(contract))


def _check_labels(block: list[Row], labels: int, contract: Contract) -> None:
    wanted = _labelled(contract)
    if labels != len(wanted):
        raise ShapeChanged(f"{labels} columns before the first period", f"{len(wanted)}: {', '.join(wanted)}", _mend(contract))
    for column, name in enumerate(wanted):
        printed, source = _cell(block[-1], column), contract.columns[name].source
        if printed and source and folded(printed) != folded(str(source)):
            raise ShapeChanged(f"the column {printed!r}", f"the column {source!r}", _mend(contract))


def _years(block: list[Row], found: list[int], totals: list[int], names: dict[int, str], *, is_annual: bool) -> dict[int, str]:
    """The year of each column: spread from its left above it, or that of the yearly total which follows it."""
    if is_annual:
        return {column: block[-1][column] for column in found}
    above = {column: cell for row in block[:-1] for column, cell in enumerate(row) if re.fullmatch(r"\d{4}", cell)}
    closing = {column: match[0] for column in totals if (match := re.search(r"\b\d{4}\b", names[column]))}
    years = {}
    for column in found:
        closed = max((c for c in closing if c < column), default=-1)
        left = max((c for c in above if closed < c <= column), default=None)
        right = min((c for c in closing if c > column), default=None)
        said = {above[left]} if left is not None else set()
        said |= {closing[right]} if right is not None else set()
        if len(said) != 1:
            found_ = f"the years {' and '.join(sorted(said))} over" if said else "no year over"
            raise ShapeChanged(f"{found_} column {column + 1} ({names[column]!r})", "one year over every column", AGAIN)
        years[column] = said.pop()
    return years


def _span(name: str, year: str, gathered: Gathered) -> Period:
    try:
        return gathered.period(year) if name == year else gathered.period(year, name)
    except ValueError as error:
        raise ShapeChanged(f"a heading that is no period ({error})", "periods across the sheet", AGAIN) from error


def _parts(name: str, column: int, spans: dict[int, Period]) -> list[int]:
    """The columns that a column of totals adds up."""
    if year := re.search(r"\b(\d{4})\b", name):
        of_year = [c for c, span in spans.items() if span.year == int(year[1])]
    else:
        before = [c for c in spans if c < column]
        of_year = [c for c in before if spans[c].year == spans[before[-1]].year] if before else []
    quarter = re.search(r"\bQ([1-4])\b", name)
    if quarter:
        return [c for c in of_year if spans[c].quarter == int(quarter[1])]
    return of_year if year else list(spans)


# The rows


def _lines(rows: list[Row], heading: _Heading, contract: Contract, totals: _Totals) -> Iterator[_Line]:
    """The rows of figures, each with all its labels; what stands below the last figure are notes."""
    columns = [*heading.periods, *heading.totals]
    figures = {n for n in range(heading.row + 1, len(rows)) if any(_cell(rows[n], column) for column in columns)}
    above = [""] * heading.labels
    group: list[_Line] = []
    for n in range(heading.row + 1, max(figures, default=0) + 1):
        line = _Line(n + 1, [_cell(rows[n], column) for column in range(heading.labels)], rows[n])
        total = next((label for label in line.labels if _is_total(label, contract)), "")
        if total:
            yield from _closed(group, total)
            totals.down(line, total, group)
            above, group = [""] * heading.labels, []
        elif any(line.labels) or n in figures:
            above = line.labels = _filled(line.labels, above)
            group += [line] if n in figures else []
    yield from _closed(group, "")


def _filled(labels: list[str], above: list[str]) -> list[str]:
    """A row belongs to the groups of the row above it, down to the first that it names itself."""
    own = next((column for column, label in enumerate(labels) if label), len(labels))
    return [*above[: min(own, len(labels) - 1)], *labels[min(own, len(labels) - 1) :]]


def _closed(group: list[_Line], total: str) -> list[_Line]:
    """The rows above a total, which names their group where no row did."""
    name = re.sub(r"[\s\-–—:]*\btotal\b[\s\-–—:]*", " ", total, flags=re.IGNORECASE).strip()
    for line in group:
        if len(line.labels) == 1:
            continue
        if name and line.labels[0] and folded(line.labels[0]) != folded(name):
            found = f"row {line.row} under {line.labels[0]!r}, closed by {total!r}"
            raise ShapeChanged(found, "a group and its own total", "Look whether rows moved; the last good figures stay in force.")
        line.labels[0] = line.labels[0] or name
        if not line.labels[0]:
            raise ShapeChanged(f"row {line.row} without the name of its group", "a group's name in its first row or its total", AGAIN)
    return group


# The totals


class _Totals:
    """Compares totals with what their parts add up to, as far as rounding and hidden cells allow to tell."""

    def __init__(self, contract: Contract, heading: _Heading) -> None:
        self.contract, self.heading = contract, heading
        self.sums: dict[int, tuple[float, float]] = {}
        self.low: list[str] = []

    def across(self, line: _Line) -> None:
        """The totals of a row."""
        for column, parts in self.heading.totals.items():
            bounds = [self._bounds(_cell(line.cells, part)) for part in parts]
            self._compare(line, column, _added(bounds), f"{' '.join(line.labels)} {self.heading.names[column]}")

    def down(self, line: _Line, total: str, group: list[_Line]) -> None:
        """A row of totals: of the group above it, or, where it names none, of all rows so far."""
        of_group = {c: _added([self._bounds(_cell(one.cells, c)) for one in group]) for c in self.heading.periods}
        for column, (low, high) in of_group.items():
            before = self.sums.get(column, (0.0, 0.0))
            self.sums[column] = (before[0] + low, before[1] + high)
        is_grand = folded(total) == "total"
        for column, span in self.heading.periods.items():
            self._compare(line, column, self.sums[column] if is_grand else of_group[column], f"{total} {span.code}")

    def _compare(self, line: _Line, column: int, allowed: tuple[float, float], what: str) -> None:
        printed = _cell(line.cells, column)
        low, high = self._bounds(printed)
        said = f"{printed} in row {line.row} as {what.strip()}, where the parts add up to {allowed[0]:g} to {allowed[1]:g}"
        if low > allowed[1]:
            raise ShapeChanged(said, "a total of its parts", "Look whether rows or columns moved; the last good figures stay in force.")
        if high < allowed[0]:
            self.low.append(said)

    def _bounds(self, printed: str) -> tuple[float, float]:
        """Between which numbers a cell lies; any number for one that cannot be read, which is held where it stands."""
        try:
            value, _ = number(printed, self.contract, strict=False)
        except ValueError:
            return 0.0, float("inf")
        if value is None:
            mark = next(meaning for text, meaning in self.contract.non_values.items() if text.lower() == printed.lower())
            return mark.lower or 0.0, float("inf") if mark.upper is None else mark.upper
        half = self.contract.rounding / 2 if value else 0.0
        return value - half, value + half

    def say(self, gathered: Gathered) -> None:
        """One remark on all totals that are below their parts."""
        if self.low:
            fix = "Nothing is wrong where the publisher counts a person once in a total; the parts were loaded, the totals were not."
            gathered.note("totals", f"{len(self.low)} totals below their parts, first {self.low[0]}", "totals of their parts", fix)


def _added(bounds: list[tuple[float, float]]) -> tuple[float, float]:
    return sum(low for low, _ in bounds), sum(high for _, high in bounds)
