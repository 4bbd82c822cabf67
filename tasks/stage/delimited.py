"""Stage a delimited text table such as IRCC's monthly files: tab separated, no zero rows, `--` for small counts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from expectations import Contract
from expectations.partnership import Partnership
from sql.periods import Period
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, account_for, sources
from tasks.stage.gathered import Gathered
from tasks.stage.staging import ShapeChanged, Staging

AGAIN = "The last good figures stay in force; the file is fetched again at the next run."
COPY = "Copy of "
DELIMITERS = {"\t": "tabs", ",": "commas", ";": "semicolons"}


def stage_delimited(staging: Staging, source: Path, _snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Read the file row by row; absent rows of whole periods become zero where the contract says so."""
    gathered = Gathered(staging, contract, Places(contract, partnership))
    read = _read(source, contract, gathered)
    if not read:
        raise ShapeChanged("a header and no rows", "rows", AGAIN)
    gathered.finish(rows_read=read)


def _read(source: Path, contract: Contract, gathered: Gathered) -> int:
    """Hand every row on; how many there are."""
    encoding = "utf-8-sig" if contract.layout.encoding.lower().replace("_", "-") == "utf-8" else contract.layout.encoding
    read = 0
    try:
        with source.open(encoding=encoding, newline="") as text:
            lines = _Lines(text, contract.layout.delimiter)
            rows = _Rows(contract, gathered, _header(lines, contract, gathered))
            for row, cells in lines:
                if cells:
                    read += 1
                    rows.take(row, cells, is_cut=lines.is_cut)
            rows.say_copies()
    except csv.Error as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "a table with one line for each row", AGAIN) from error
    except UnicodeDecodeError as error:
        raise ShapeChanged(
            f"bytes that are not {contract.layout.encoding} at byte {error.start}",
            f"text in {contract.layout.encoding}",
            "Windows saves text as windows-1252 unless told otherwise: take the file from the publisher again.",
        ) from error
    return read


class _Lines:
    """The rows of a text as (row, cells), from 1; blank lines are rows without cells.

    Between tabs a quote is a character like any other, unless it wraps the whole cell: this publisher quotes nothing, and a name
    that begins with a quote must not swallow the rest of the file. `is_cut` is true in a last line that has no end.
    """

    def __init__(self, text: Iterator[str], delimiter: str) -> None:
        self.is_cut = False
        self._text, self._delimiter = text, delimiter
        self._again: list[tuple[int, list[str]]] = []
        self._rows = self._read()

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        return self._again.pop() if self._again else next(self._rows)

    def give_back(self, row: int, cells: list[str]) -> None:
        """Read this row once more: it was no header."""
        self._again.append((row, cells))

    def _ends(self) -> Iterator[str]:
        for line in self._text:
            self.is_cut = not line.endswith(("\n", "\r"))
            yield line

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        if self._delimiter != "\t":
            yield from enumerate(csv.reader(self._ends(), delimiter=self._delimiter), start=1)
            return
        for row, cells in enumerate(csv.reader(self._ends(), delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
            yield row, [_unwrapped(cell) if cell[:1] == '"' else cell for cell in cells]


def _unwrapped(cell: str) -> str:
    """A cell without the quotes around it; one whose quotes are its own stays as it is."""
    inner = cell[1:-1].replace('""', "")
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell.endswith('"') and '"' not in inner else cell


def _header(lines: _Lines, contract: Contract, gathered: Gathered) -> list[str]:
    """The names of the columns: those of the first row, or of the contract for a file without a header row."""
    row, cells = next(lines, (0, []))
    first = [" ".join(name.split()) for name in cells]
    if not any(first):
        raise ShapeChanged("an empty file", "a header and rows", AGAIN)
    _refuse_dialect(cells, contract)
    named = contract.layout.header
    if named and not set(first) & set(named):
        lines.give_back(row, cells)
        account_for(named, contract)
        return named
    if named:
        found = f"a header row, where {contract.name} expects none"
        gathered.note("header", found, "rows only", "Take `header` out of the contract if the publisher keeps to it.")
    _refuse_no_header(first, contract)
    account_for([name for name in first if not _is_copy(name, first)], contract)
    return first


def _is_copy(name: str, header: list[str]) -> bool:
    return name.startswith(COPY) and name.removeprefix(COPY) in header


def _known(contract: Contract) -> set[str]:
    return {name for group in sources(contract).values() for name in group} | set(contract.ignore) | set(contract.layout.header)


def _refuse_dialect(cells: list[str], contract: Contract) -> None:
    """A file in another dialect shows as one long cell; the sentence says which dialect it looks like."""
    if len(cells) > 1 or len(_known(contract)) < 2:
        return
    ours = contract.layout.delimiter
    theirs = max((sign for sign in DELIMITERS if sign != ours), key=cells[0].count)
    if theirs in cells[0]:
        raise ShapeChanged(
            f"columns separated by {DELIMITERS[theirs]}",
            f"columns separated by {DELIMITERS.get(ours, repr(ours))}",
            f"If the publisher keeps to it, mend `delimiter` under `layout` in the contract {contract.name}.",
        )


def _refuse_no_header(first: list[str], contract: Contract) -> None:
    """A first row of figures that names none of the columns is a row of data: it is never taken for a header."""
    if set(first) & _known(contract) or not any(re.fullmatch(r"\d[\d,.]*", cell) or cell in contract.non_values for cell in first):
        return
    wanted = ", ".join(name for group in sources(contract).values() for name in group)
    raise ShapeChanged(
        f"no header row: the file begins with {', '.join(map(repr, first[:4]))}",
        f"a first row with the columns {wanted}",
        f"If the publisher leaves the header out for good, name all columns under `layout: header` in the contract {contract.name}.",
    )


class _Named(Mapping[str, str]):
    """The cells of a row by the names of their columns, for the few rows whose cells are asked for."""

    __slots__ = ("cells", "header")

    def __init__(self, header: list[str], cells: list[str]) -> None:
        self.header, self.cells = header, cells

    def __getitem__(self, name: str) -> str:
        return self.cells[self.header.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.header)

    def __len__(self) -> int:
        return len(self.header)


class _Rows:
    """Reads the rows of one file by the names of their columns."""

    def __init__(self, contract: Contract, gathered: Gathered, header: list[str]) -> None:
        self.contract, self.gathered, self.header = contract, gathered, header
        index = {name: header.index(name) for name in header}
        named = sources(contract)
        self.time = [index[source] for source in named[contract.period or ""]]
        self.labels = [(name, index[named[name][0]]) for name in contract.dimensions if name in named]
        self.measure = index[named[contract.measure or ""][0]]
        self.spans: dict[tuple[str, ...], Period] = {}
        self.copies = [(index[name], index[name.removeprefix(COPY)]) for name in header if _is_copy(name, header)]

    def take(self, row: int, cells: list[str], *, is_cut: bool) -> None:
        if len(cells) != len(self.header):
            self._width(row, cells, is_cut=is_cut)
            return
        for copy, original in self.copies:
            if cells[copy].strip() != cells[original].strip():
                self._refuse_copy(row, cells, copy, original)
        content = _Named(self.header, cells)
        try:
            span = self._span(tuple([cells[index] for index in self.time]))
        except ValueError as error:
            example = {"quarterly": "a year and a quarter such as 2025 Q1", "annual": "a year such as 2025"}
            expected = example.get(self.contract.columns[self.contract.period or ""].frequency, "a year and a month such as 2025 Jan")
            self.gathered.aside(row, self.contract.period or "", "period", str(error), expected, content, hides_key=True)
            return
        labels = {name: cells[index] for name, index in self.labels}
        self.gathered.add(row, span, labels, cells[self.measure], content=content)

    def _span(self, parts: tuple[str, ...]) -> Period:
        """The period of a row; a file has few, and many rows of each."""
        if parts not in self.spans:
            self.spans[parts] = self.gathered.period(*parts)
        return self.spans[parts]

    def say_copies(self) -> None:
        """One remark on the columns that stand twice."""
        if self.copies:
            found = f"{len(self.copies)} columns repeated as {COPY.strip()!r}, such as {self.header[self.copies[0][0]]!r}"
            self.gathered.note("copies", found, "each column once", "Each was read once; the copies say the same.")

    def _width(self, row: int, cells: list[str], *, is_cut: bool) -> None:
        if is_cut and len(cells) < len(self.header):
            raise ShapeChanged(f"a last line that breaks off after {len(cells)} of {len(self.header)} cells", "a whole file", AGAIN)
        expected = f"{len(self.header)} cells, as the header has"
        self.gathered.aside(row, "", "width", f"{len(cells)} cells", expected, {"line": cells}, hides_key=True)

    def _refuse_copy(self, row: int, cells: list[str], copy: int, original: int) -> None:
        raise ShapeChanged(
            f"{cells[copy]!r} under {self.header[copy]!r} and {cells[original]!r} under {self.header[original]!r} in row {row}",
            "copies of columns that say the same",
            "Nobody can tell which of the two is right: ask the publisher.",
        )
