"""Stage a full-table zip of the census (98-10-xxxx): a column of numbers for each member of the last dimension.

There is no VALUE: the columns are headed `<dimension> (<number of members>):<member>[<id>]`, and each is followed by a column of symbols
whose name is the same for all. A contract names dimensions without the number in brackets. The ids of the other dimensions stand in
the coordinate, in the order of the columns, so that `members` are asserted by id and name here too; without `members` a dimension
keeps the names that are printed, less the numbers of their notes.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch.census_profile import dguids
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, sources
from tasks.stage.census import Members, base, plain, printed
from tasks.stage.gathered import Gathered
from tasks.stage.staging import ShapeChanged, Staging

HEADING = re.compile(r"(.+?)\s*\((\d+)[A-Za-z]*\)\s*:\s*(.+)\[(\d+)\]")
SYMBOLS = ("symbol", "symbols", "symbole", "symboles")
COORDINATES = ("coordinate", "coordonnées")
# The first dimension is the area, under a name that is no key.
AREAS = ("GEO", "GÉO", "Geographic name", "Nom géographique")
BLOCK = 1 << 20
AGAIN = "The last good figures stay in force; the file is fetched again at the next run."


def stage_census_wide(staging: Staging, source: Path, snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Stream the data file of the zip, keeping the rows of the contract's places and members."""
    reader = _Reader(staging, contract, partnership)
    try:
        with zipfile.ZipFile(source) as archive:
            name = _data_file(archive)
            with archive.open(name) as head:
                columns = reader.header(head)
            with archive.open(name) as body:
                reader.read(body, columns)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ShapeChanged(f"a broken zip file ({error})", "a whole zip file", AGAIN) from error
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "UTF-8 text with the columns of the header", AGAIN) from error
    reader.finish()


def _data_file(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if name.endswith(".csv") and not name.endswith("_MetaData.csv")]
    if len(names) != 1:
        raise ShapeChanged(f"the files {', '.join(archive.namelist())}", "one data file and its metadata", AGAIN)
    return names[0]


@dataclass(frozen=True, slots=True)
class _Value:
    """A column of numbers with the id and name of its member; its symbols stand next to it."""

    at: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns of a file stand. `places` are the positions of the dimensions in the coordinate."""

    header: list[str]
    area: int
    period: int
    coordinate: int
    dimensions: dict[str, int]
    places: dict[str, int]
    last: str
    values: list[_Value]


class _Reader:
    """Reads one table."""

    def __init__(self, staging: Staging, contract: Contract, partnership: Partnership) -> None:
        self.contract, self.is_french = contract, contract.source.language == "fr"
        self.gathered = Gathered(staging, contract, Places(contract, partnership))
        self.sources = sources(contract)
        self.members = {name: Members(contract, name) for name in contract.columns}
        self.place = next(name for name, column in contract.columns.items() if column.type == "place")
        self.wanted = pa.array(sorted(dguids(contract, partnership))) if contract.source.places == "partnership" else None
        self.read_rows = 0
        self.place_seen = False
        self.spoilt: list[tuple[int, str]] = []

    @property
    def delimiter(self) -> str:
        return ";" if self.is_french else ","

    # Columns

    def header(self, head: IO[bytes]) -> _Columns:
        """Every column of the file is ours, ignored by name, a member, a symbol or the coordinate, or it is an error."""
        header = next(csv.reader(io.TextIOWrapper(head, "utf-8-sig", newline=""), delimiter=self.delimiter), [])
        header = [cell.strip() for cell in header]
        found = [(at, match.groups()) for at, cell in enumerate(header) if (match := HEADING.fullmatch(cell))]
        values = [_Value(at, code, name) for at, (_, _, name, code) in found]
        last = next((name for name, group in self.sources.items() if found and base(group[0]) == found[0][1][0]), "")
        self._account_for(header, [(at, groups[0], int(groups[1])) for at, groups in found], last)
        plain = [base(cell) for cell in header]
        dimensions = {n: plain.index(base(self.sources[n][0])) for n in self.contract.dimensions if n not in (last, self.place)}
        order = [at for at, cell in enumerate(header) if cell in AREAS or at in dimensions.values() or self._is_ignored_dimension(cell)]
        area, period = (header.index(self.sources[name][0]) for name in (self.place, self.contract.period or ""))
        coordinate = next(at for at, cell in enumerate(header) if cell.lower() in COORDINATES)
        places = {name: sorted(order).index(at) for name, at in dimensions.items()}
        return _Columns(header, area, period, coordinate, dimensions, places, last, values)

    def _is_ignored_dimension(self, cell: str) -> bool:
        """A dimension that the contract leaves out by name still has its place in the coordinate."""
        return cell in self.contract.ignore and cell not in AREAS and cell != base(cell)

    def _account_for(self, header: list[str], found: list[tuple[int, str, int]], last: str) -> None:
        measures = {self.sources.get(self.contract.measure or "", [""])[0]}
        wanted = {base(source) for name, group in self.sources.items() if name != last for source in group} - measures
        taken = {at for at, _, _ in found} | {at + 1 for at, _, _ in found}
        wrong = [f"no column {name}" for name in sorted(wanted) if name not in [base(cell) for cell in header]]
        for at, cell in enumerate(header):
            known = base(cell) in wanted or cell in self.contract.ignore or cell in AREAS or cell.lower() in COORDINATES
            if at not in taken and not known:
                wrong.append(f"a column more: {cell}")
        wrong += [f"no symbols after {header[at]}" for at, _, _ in found if "".join(header[at + 1 : at + 2]).lower() not in SYMBOLS]
        wrong += [] if any(cell.lower() in COORDINATES for cell in header) else ["no coordinate"]
        wrong += [] if last else ["no column for each member of a dimension of the contract"]
        wrong += [f"{len(found)} members of {found[0][1]}, which says {found[0][2]}"] if found and len(found) != found[0][2] else []
        if wrong:
            expected = f"the columns {', '.join(sorted(wanted))}, and one for each member of the last dimension"
            raise ShapeChanged("; ".join(wrong), expected, f"Look at the file, then mend the contract {self.contract.name}.")

    # Rows

    def read(self, body: IO[bytes], columns: _Columns) -> None:
        kept = [value for value in columns.values if self.members[columns.last].keeps(value.code, value.name)]
        at = {columns.area, columns.period, columns.coordinate, *columns.dimensions.values()}
        at |= {value.at for value in kept} | {value.at + 1 for value in kept}
        names = [str(position) for position in range(len(columns.header))]
        reader = pacsv.open_csv(
            body,
            read_options=pacsv.ReadOptions(block_size=BLOCK, use_threads=False, skip_rows=1, column_names=names),
            parse_options=pacsv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=self._wrong_width),
            convert_options=pacsv.ConvertOptions(
                include_columns=[str(position) for position in sorted(at)],
                column_types={str(position): pa.string() for position in at},
                null_values=[],
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            self._block(batch, columns, kept)
        if not self.read_rows:
            raise ShapeChanged("a header and no rows", "rows", AGAIN)

    def _wrong_width(self, row: Any) -> str:
        self.spoilt.append((row.number or 0, row.text))
        return "skip"

    def _block(self, batch: pa.RecordBatch, columns: _Columns, kept: list[_Value]) -> None:
        rows = self._row_numbers(batch.num_rows)
        self.read_rows += batch.num_rows
        area = batch.column(str(columns.area))
        ours = pc.is_in(area, value_set=self.wanted) if self.wanted is not None else pc.not_equal(area, "")
        positions = np.flatnonzero(ours.to_numpy(zero_copy_only=False))
        mine = batch.take(pa.array(positions))
        cells = {int(name): mine.column(name).to_pylist() for name in mine.schema.names}
        for index, position in enumerate(positions.tolist()):
            self._take(int(rows[position]), {at: column[index] for at, column in cells.items()}, columns, kept)

    def _row_numbers(self, count: int) -> Any:
        """The row of each record in the file, the header being row 1; rows that were set aside are counted too."""
        numbers = np.arange(self.read_rows, self.read_rows + count, dtype=np.int64) + 2
        spoilt = np.sort(np.array([number for number, _ in self.spoilt], dtype=np.int64))
        return numbers + np.searchsorted(spoilt - np.arange(len(spoilt)), numbers, side="right")

    def _take(self, row: int, cells: dict[int, str], columns: _Columns, kept: list[_Value]) -> None:
        self.place_seen = True
        labels = {self.place: cells[columns.area]}
        ids = cells[columns.coordinate].split(".")
        content = {columns.header[at]: cell for at, cell in cells.items() if columns.header[at].lower() not in SYMBOLS}
        for name, at in columns.dimensions.items():
            code = ids[columns.places[name]] if columns.places[name] < len(ids) else ""
            if not self.members[name].keeps(code, cells[at]):
                return
            labels[name] = code if self.members[name].names else plain(cells[at])
        for value in kept:
            self._cell(row, value, cells, labels | {columns.last: value.code}, content, columns)

    def _cell(self, row: int, value: _Value, cells: dict[int, str], labels: dict[str, str], content: dict[str, str], columns: Any) -> None:
        text = cells[value.at].replace(",", ".") if self.is_french else cells[value.at]
        held = {**content, "COORDINATE": f"{cells[columns.coordinate]}.{value.code}"}
        try:
            span = self.gathered.period(cells[columns.period])
            text, quality = printed(text, cells[value.at + 1], self.contract)
        except ValueError as error:
            expected = f"a census year, and under {value.name} a number or a symbol"
            self.gathered.aside(row, self.contract.measure or "", "cell", str(error), expected, held)
            return
        self.gathered.add(row, span, labels, text, quality=quality, content=held)

    def finish(self) -> None:
        for row, text in self.spoilt:
            self.gathered.aside(row, "", "width", "another number of cells than the header has", "as many cells", {"line": text})
        if self.place_seen:  # without a row of our places there is nothing to compare; the checks say so
            for name, members in self.members.items():
                if members.names and name in self.contract.dimensions:
                    members.all_seen()
        self.gathered.finish(rows_read=self.read_rows + len(self.spoilt))
