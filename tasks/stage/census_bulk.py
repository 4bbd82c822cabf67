"""Stage the downloadable Census Profile: a zip of one or several text files of gigabytes, in windows-1252, most of which is not ours.

A contract names the id and the name of a characteristic together, `source: [CHARACTERISTIC_ID, CHARACTERISTIC_NAME]`. The numbers stand
side by side, in columns headed like C1_COUNT_TOTAL or C12_RATE_WOMEN+, each followed by a column SYMBOL: columns of a contract with
`source: heading` are told by these headings, their `members` by the words in them. Period and place are those of the file, so the
file of another census goes through a contract of its own and needs no other code.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch.census_profile import dguids
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, sources
from tasks.stage.census import Members, printed
from tasks.stage.gathered import Gathered
from tasks.stage.staging import ShapeChanged, Staging

HEADING = re.compile(r"C\d+_(.+)_([^_]+)")
SYMBOLS = ("SYMBOL", "SYMBOLE")
FROM_HEADING = "heading"
NOT_DATA = "geo_starting_row"
AGAIN = "Download the file from the publisher again and put it into the inbox."


def stage_census_bulk(staging: Staging, source: Path, _snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Stream every data file of the zip; rows are numbered on from one file to the next, the header being row 1 of the first."""
    reader = _Reader(staging, contract, partnership)
    try:
        with zipfile.ZipFile(source) as archive:
            for name in _data_files(archive):
                with archive.open(name) as body:
                    reader.read(name, body)
    except NotImplementedError as error:
        fix = "Unpack it, pack the files again as an ordinary zip, and put that into the inbox."
        raise ShapeChanged(f"a zip packed in a way that is not read here ({error})", "an ordinary zip file", fix) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ShapeChanged(f"a broken zip file ({error})", "a whole zip file of the Census Profile", AGAIN) from error
    reader.finish()


def _data_files(archive: zipfile.ZipFile) -> list[str]:
    """The files with figures: not the list of starting rows, and no text about the data."""
    names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
    found = [name for name in names if NOT_DATA not in re.sub(r"[\W_]+", "_", name.lower())]
    if not found:
        raise ShapeChanged(f"the files {', '.join(archive.namelist()) or 'of an empty zip'}", "at least one data file (.csv)", AGAIN)
    return found


@dataclass(frozen=True, slots=True)
class _Value:
    """A column of numbers: where it stands (its symbol is next to it), and the members that its heading names."""

    at: int
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns of one file stand."""

    header: list[str]
    area: int
    period: int
    ids: dict[str, tuple[int, int]]
    values: list[_Value]


class _Reader:
    """Reads the files of one zip."""

    def __init__(self, staging: Staging, contract: Contract, partnership: Partnership) -> None:
        self.contract, self.encoding = contract, contract.layout.encoding
        self.gathered = Gathered(staging, contract, Places(contract, partnership))
        self.sources = sources(contract)
        self.members = {name: Members(contract, name) for name, column in contract.columns.items() if column.members}
        self.place = next(name for name, column in contract.columns.items() if column.type == "place")
        kept = contract.source.places == "partnership"
        self.wanted = {code.encode(): code for code in dguids(contract, partnership)} if kept else None
        others = dguids(contract.model_copy(update={"geography": None}), partnership)
        self.other_years = {code.encode() for code in others} - set(self.wanted or {}) if kept else set()
        self.row = 1
        self.read_rows = 0
        self.encoding_seen = False
        self.place_seen = False

    def read(self, name: str, body: IO[bytes]) -> None:
        columns = self._header(name, body.readline())
        for line in body:
            self.row += 1
            self.read_rows += 1
            if not self.encoding_seen and not line.isascii():
                self._see_encoding(name, line)
            if self._is_wanted(line, columns.area):
                self.place_seen = True
                self._take(columns, next(csv.reader([self._text(name, line)], delimiter=self.contract.layout.delimiter)))

    def finish(self) -> None:
        if not self.read_rows:
            raise ShapeChanged("a header and no rows", "rows", AGAIN)
        if self.place_seen:  # without a row of our places there is nothing to compare; the checks say so
            for members in self.members.values():
                members.all_seen()
        self.gathered.finish(rows_read=self.read_rows)

    def _is_wanted(self, line: bytes, area: int) -> bool:
        """Whose row it is, told without reading it: no name stands before the code of the area."""
        if self.wanted is None:
            return bool(line.strip())
        code = line.split(self.contract.layout.delimiter.encode(), area + 1)[area:][:1]
        plain = code[0].strip(b'"') if code else b""
        if plain in self.other_years:
            raise ShapeChanged(
                f"the area {plain.decode()}, on other boundaries",
                f"areas on the boundaries of {self.contract.geography}",
                "The file of another census is another table: write a contract for it, with the `members` and the `geography` of "
                "that census, and put the file into its inbox.",
            )
        return plain in self.wanted

    def _take(self, columns: _Columns, cells: list[str]) -> None:
        content = {name: cell for name, cell in zip(columns.header, cells, strict=False) if name not in SYMBOLS}
        if len(cells) != len(columns.header):
            self._aside("", "width", f"{len(cells)} cells", f"{len(columns.header)} cells, as the header has", {"line": cells})
            return
        labels = {self.place: cells[columns.area].strip()}
        for name, (code, printed_name) in columns.ids.items():
            labels[name] = cells[code].strip()
            if not self.members[name].keeps(labels[name], cells[printed_name]):
                return
        for value in columns.values:
            self._cell(columns, value, cells, labels | value.labels, content)

    def _cell(self, columns: _Columns, value: _Value, cells: list[str], labels: dict[str, str], content: dict[str, str]) -> None:
        try:
            span = self.gathered.period(cells[columns.period])
            text, quality = printed(cells[value.at], cells[value.at + 1], self.contract)
        except ValueError as error:
            expected = f"a census year, and under {columns.header[value.at]} a number or a mark"
            self._aside(self.contract.measure or "", "cell", str(error), expected, content)
            return
        self.gathered.add(self.row, span, labels, text, quality=quality, content=content)

    def _aside(self, column: str, rule: str, found: str, expected: str, content: dict[str, str] | dict[str, list[str]]) -> None:
        self.gathered.aside(self.row, column, rule, found, expected, content)

    # Text

    def _text(self, name: str, line: bytes) -> str:
        try:
            return line.decode(self.encoding).rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise self._other_encoding(name, f"the byte {error.object[error.start]:#x}") from error

    def _see_encoding(self, name: str, line: bytes) -> None:
        """Accents written in UTF-8 can be read as windows-1252 as well, and are wrong then; the other way round they cannot."""
        self.encoding_seen = True
        if self.encoding.lower().replace("_", "-") in ("utf-8", "utf-8-sig"):
            return
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return
        raise self._other_encoding(name, "UTF-8")

    def _other_encoding(self, name: str, found: str) -> ShapeChanged:
        fix = "Take the file as the publisher gives it, not saved anew; if the publisher changed it, mend `layout` in the contract"
        return ShapeChanged(f"{found} in {name}", f"text in {self.encoding}", f"{fix} {self.contract.name}.")

    # Columns

    def _header(self, name: str, line: bytes) -> _Columns:
        if line.startswith(b"\xef\xbb\xbf") and "utf-8" not in self.encoding.lower().replace("_", "-"):
            raise self._other_encoding(name, "UTF-8")
        text = self._text(name, line.removeprefix(b"\xef\xbb\xbf"))
        header = [cell.strip() for cell in next(csv.reader([text], delimiter=self.contract.layout.delimiter), [])]
        named = {source for group in self.sources.values() for source in group} - {FROM_HEADING}
        values = list(self._values(header))
        known = [*named, *self.contract.ignore, *SYMBOLS, *(header[at] for at, _ in values)]
        wrong = [f"no column {source}" for source in sorted(named) if source not in header]
        wrong += [f"a column more: {column}" for column in header if column not in known]
        wrong += [f"no SYMBOL after {header[at]}" for at, _ in values if "".join(header[at + 1 : at + 2]) not in SYMBOLS]
        wrong += [f"twice the column {column}" for column in sorted({c for c in header if header.count(c) > 1} - set(SYMBOLS))]
        if wrong or not values:
            fix = f"Take the CSV of the Census Profile; if the publisher changed it, mend the contract {self.contract.name}."
            raise ShapeChanged(f"{'; '.join(wrong) or 'no column of numbers'} in {name}", f"the columns {', '.join(sorted(named))}", fix)
        ids = {name: (header.index(group[0]), header.index(group[1])) for name, group in self.sources.items() if len(group) == 2}
        period = header.index(self.sources[self.contract.period or ""][0])
        kept = [_Value(at, labels) for at, labels in values if labels is not None]
        return _Columns(header, header.index(self.sources[self.place][0]), period, ids, kept)

    def _values(self, header: list[str]) -> Iterator[tuple[int, dict[str, str] | None]]:
        """The columns of numbers, with the members their headings name, or None where the contract does not keep them."""
        told = [name for name, group in self.sources.items() if group == [FROM_HEADING] and name != self.contract.measure]
        for at, heading in enumerate(header):
            if not (match := HEADING.fullmatch(heading)):
                continue
            labels = {}
            for name in told:
                code = next((code for code, word in self.members[name].names.items() if word in match.groups()), None)
                if code is not None and self.members[name].keeps(code, self.members[name].names[code]):
                    labels[name] = code
            yield at, labels if len(labels) == len(told) else None
