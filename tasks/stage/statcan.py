"""Stage a Statistics Canada full-table zip: streamed, typed and keyed without holding the table in memory."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from expectations import Contract
from expectations.partnership import Partnership
from sql import periods
from sql.ledger import PUBLISHED_QUALITY, STATUS, STATUS_CODE
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, account_for, sources
from tasks.stage.staging import Fault, ShapeChanged, Staging

# pyarrow reads up to 32 blocks ahead, so the size of a block decides how much memory a table takes.
BLOCK = 1 << 20
NO_PERIOD = np.iinfo(np.int64).min  # periods before 1970 have negative numbers
AGAIN = "The last good figures stay in force; the file is fetched again at the next run."
CORE = ("COORDINATE", "VALUE", "STATUS", "SYMBOL", "SCALAR_ID", "TERMINATED")


def stage_statcan(staging: Staging, source: Path, snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Stream the data member of the zip into the staging file, keeping the rows of the contract's places."""
    try:
        with zipfile.ZipFile(source) as archive:
            member = _data_member(archive)
            with archive.open(member) as head:
                header = next(csv.reader(io.TextIOWrapper(head, "utf-8-sig", newline="")), [])
            account_for(header, contract)
            reader = _Table(staging, contract, Places(contract, partnership))
            with archive.open(member) as body:
                reader.read(body, header)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ShapeChanged(f"a broken zip file ({error})", "a whole zip file", AGAIN) from error
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "UTF-8 text with the columns of the header", AGAIN) from error
    reader.write()
    staging.finish(rows_read=reader.read_rows + len(reader.spoilt), datapoints=snapshot.facts.get("datapoints"))


def _data_member(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if name.endswith(".csv") and not name.endswith("_MetaData.csv")]
    if len(names) != 1:
        raise ShapeChanged(f"the files {', '.join(archive.namelist())}", "one data file and its metadata", AGAIN)
    return names[0]


class _Table:
    """Reads the blocks of one table."""

    def __init__(self, staging: Staging, contract: Contract, places: Places) -> None:
        self.staging, self.contract, self.places = staging, contract, places
        named = sources(contract)
        self.period_source = named[contract.period or ""][0]
        self.dimensions = [(name, named[name][0]) for name in contract.dimensions]
        self.read_rows = 0
        self.spoilt: list[tuple[int, int, int, str]] = []
        self.series: dict[str, int] = {}
        self.coordinates = pa.array([], pa.string())
        self.labels: list[tuple[str, ...]] = []
        self.keys: list[tuple[Any, ...]] = []
        self.kept = np.zeros(0, dtype=bool)
        self.scale = np.zeros(0, dtype=np.float64)
        self.ended = np.zeros(0, dtype=np.int64)
        self.label_ids: list[dict[str, int]] = [{} for _ in self.dimensions]
        self.expected = np.zeros((len(self.dimensions), 0), dtype=np.int64)
        self.spans: dict[str, int] = {}
        self.codes: dict[int, str] = {}
        self.seen: list[np.ndarray[Any, np.dtype[np.int64]]] = []

    # Reading

    def read(self, body: Any, header: list[str]) -> None:
        wanted = list(dict.fromkeys([self.period_source, *[source for _, source in self.dimensions], *CORE]))
        text = pa.dictionary(pa.int32(), pa.string())
        types = {name: pa.string() if name == "VALUE" else text for name in wanted}
        reader = pacsv.open_csv(
            body,
            read_options=pacsv.ReadOptions(block_size=BLOCK, use_threads=False),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._wrong_width),
            convert_options=pacsv.ConvertOptions(include_columns=wanted, column_types=types, null_values=[], strings_can_be_null=False),
        )
        for batch in reader:
            if batch.num_rows:
                self._block(batch)
        if not self.read_rows:
            raise ShapeChanged("a header and no rows", "rows", AGAIN)

    def _wrong_width(self, row: Any) -> str:
        self.spoilt.append((row.number or 0, row.expected_columns, row.actual_columns, row.text))
        return "skip"

    def _row_numbers(self, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The row of each record in the file, the header being row 1; rows that were set aside are counted too."""
        numbers = np.arange(self.read_rows, self.read_rows + count, dtype=np.int64) + 2
        if not self.spoilt:
            return numbers
        spoilt = np.sort(np.array([number for number, *_ in self.spoilt], dtype=np.int64))
        return numbers + np.searchsorted(spoilt - np.arange(len(spoilt)), numbers, side="right")

    def _block(self, batch: pa.RecordBatch) -> None:
        rows = self._row_numbers(batch.num_rows)
        self.read_rows += batch.num_rows
        ids = self._series_of(batch, rows)
        spans = self._periods_of(batch, rows)
        good = (ids >= 0) & (spans != NO_PERIOD) & self._labels_agree(batch, ids, rows)
        values, value_good = self._values_of(batch, rows)
        status, status_good = self._coded(batch, "STATUS", rows)
        quality, quality_good = self._quality(batch, status, rows)
        good &= value_good & status_good & quality_good
        self.seen.append(spans[good] * (1 << 32) + ids[good])
        keep = good & self.kept[np.maximum(ids, 0)]
        if not keep.any():
            return
        quality |= self.ended[np.maximum(ids, 0)]
        self._insert(rows[keep], ids[keep], spans[keep], values[keep] * self.scale[ids[keep]], status[keep], quality[keep])

    def _insert(self, rows: Any, ids: Any, spans: Any, values: Any, status: Any, quality: Any) -> None:
        # Quality letters A to E stand in STATUS beside a value; only marks of non-values stay in `status`.
        status = np.where(status >= len(STATUS), 0, status)
        numbers: list[float | None] = values.tolist()
        for position in np.flatnonzero(np.isnan(values)).tolist():
            numbers[position] = None
        self.staging.add_facts(rows.tolist(), (ids + 1).tolist(), spans.tolist(), numbers, status.tolist(), quality.tolist())

    # Columns of a block

    def _series_of(self, batch: pa.RecordBatch, rows: Any) -> Any:
        column = batch.column("COORDINATE")
        indices = column.indices.to_numpy(zero_copy_only=False)
        local = self._known(column.dictionary)
        if (local < 0).any():
            positions, firsts = np.unique(indices, return_index=True)
            self._add_series(batch, np.sort(firsts[local[positions] < 0]), rows)
            local = self._known(column.dictionary)
        return local[indices]

    def _known(self, coordinates: pa.Array) -> Any:
        """The numbers of these coordinates; -1 where one has none yet."""
        return pc.fill_null(pc.index_in(coordinates, value_set=self.coordinates), -1).to_numpy(zero_copy_only=False).astype(np.int64)

    def _add_series(self, batch: pa.RecordBatch, firsts: Any, rows: Any) -> None:
        """Number the series that first stand at these positions of the block."""
        at = pa.array(firsts)

        def cells(source: str) -> list[str]:
            return [str(cell) for cell in batch.column(source).take(at).to_pylist()]

        self.series |= {coordinate: number for number, coordinate in enumerate(cells("COORDINATE"), start=len(self.series))}
        self.coordinates = pa.array(list(self.series), pa.string())
        labels = list(zip(*(cells(source) for _, source in self.dimensions), strict=True))
        self.labels += labels
        codes, kept = [], np.ones(len(firsts), dtype=bool)
        for (name, _), printed in zip(self.dimensions, zip(*labels, strict=True), strict=True):
            is_place = self.contract.columns[name].type == "place"
            code = [self.places.code(label) for label in printed] if is_place else list(printed)
            kept &= [self.places.is_kept(value) for value in code] if is_place else True
            codes.append(code)
        self.keys += zip(*codes, strict=True)
        scalars = [scalar.strip() or "0" for scalar in cells("SCALAR_ID")]
        for first, scalar in zip(firsts, scalars, strict=True):
            if not scalar.isdecimal():
                raise ShapeChanged(f"SCALAR_ID {scalar!r} at row {int(rows[first])}", "a power of ten in digits", AGAIN)
        ended = [PUBLISHED_QUALITY["t"] if mark == "t" else 0 for mark in cells("TERMINATED")]
        self.kept = np.append(self.kept, kept)
        self.scale = np.append(self.scale, [10.0 ** int(scalar) for scalar in scalars])
        self.ended = np.append(self.ended, np.array(ended, dtype=np.int64))
        ids = [
            [known.setdefault(label, len(known)) for label in printed]
            for known, printed in zip(self.label_ids, zip(*labels, strict=True), strict=True)
        ]
        self.expected = np.hstack([self.expected, np.array(ids, dtype=np.int64)])

    def _labels_agree(self, batch: pa.RecordBatch, ids: Any, rows: Any) -> Any:
        """Labels are a function of COORDINATE; a row that says otherwise is set aside."""
        agree = np.ones(len(ids), dtype=bool)
        for index, (name, source) in enumerate(self.dimensions):
            column = batch.column(source)
            known = self.label_ids[index]
            local = np.array([known.get(label, -1) for label in column.dictionary.to_pylist()] + [-1], dtype=np.int64)
            same = local[column.indices.to_numpy(zero_copy_only=False)] == self.expected[index][np.maximum(ids, 0)]
            for position in np.flatnonzero(agree & ~same):
                expected = self.labels[int(ids[position])][index]
                self._fault(
                    batch, position, rows, name, "label", column[int(position)].as_py(), f"{expected!r}, as elsewhere for this COORDINATE"
                )
            agree &= same
        return agree

    def _periods_of(self, batch: pa.RecordBatch, rows: Any) -> Any:
        column = batch.column(self.period_source)
        settings = self.contract.columns[self.contract.period or ""]
        local = np.full(len(column.dictionary) + 1, NO_PERIOD, dtype=np.int64)
        indices = column.indices.to_numpy(zero_copy_only=False)
        for position, printed in enumerate(column.dictionary.to_pylist()):
            if printed not in self.spans:
                try:
                    span = periods.parse(printed, settings.frequency, settings.starts)
                except ValueError as error:
                    for bad in np.flatnonzero(indices == position):
                        self._fault(batch, bad, rows, self.contract.period or "", "period", str(error), "a period of this table")
                    continue
                self.spans[printed] = span.id
                self.codes[span.id] = span.code
            local[position] = self.spans[printed]
        return local[indices]

    def _values_of(self, batch: pa.RecordBatch, rows: Any) -> tuple[Any, Any]:
        column = batch.column("VALUE")
        blank = pc.equal(column, "")
        filled = pc.if_else(blank, pa.scalar(None, pa.string()), column)
        good = np.ones(len(column), dtype=bool)
        try:
            numbers = pc.cast(filled, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            numbers = np.array([_float(text) for text in filled.to_pylist()], dtype=np.float64)
        finite = np.isfinite(numbers) | blank.to_numpy(zero_copy_only=False)
        for position in np.flatnonzero(~finite):
            self._fault(
                batch,
                position,
                rows,
                self.contract.measure or "",
                "number",
                column[int(position)].as_py(),
                "a number, or nothing with a mark in STATUS",
            )
        good &= finite
        return numbers, good

    def _coded(self, batch: pa.RecordBatch, name: str, rows: Any) -> tuple[Any, Any]:
        """STATUS as codes: marks of non-values by their position, quality letters as positions behind them."""
        column = batch.column(name)
        indices = column.indices.to_numpy(zero_copy_only=False)
        local = np.zeros(len(column.dictionary) + 1, dtype=np.int64)
        bad = []
        for position, mark in enumerate(column.dictionary.to_pylist()):
            if mark in STATUS_CODE:
                local[position] = STATUS_CODE[mark]
            elif mark in PUBLISHED_QUALITY:
                local[position] = len(STATUS) + PUBLISHED_QUALITY[mark]
            else:
                bad.append(position)
        good = ~np.isin(indices, bad)
        for strange in np.flatnonzero(~good):
            self._fault(batch, strange, rows, "status", "status", column[int(strange)].as_py(), f"one of {' '.join(STATUS[1:])} or A to E")
        return local[indices], good

    def _quality(self, batch: pa.RecordBatch, status: Any, rows: Any) -> tuple[Any, Any]:
        """The letters of STATUS and SYMBOL as bits."""
        letters = np.where(status >= len(STATUS), status - len(STATUS), 0)
        column = batch.column("SYMBOL")
        indices = column.indices.to_numpy(zero_copy_only=False)
        local = np.array(
            [0 if mark == "" else PUBLISHED_QUALITY.get(mark, -1) for mark in column.dictionary.to_pylist()] + [0], dtype=np.int64
        )
        good = local[indices] >= 0
        for strange in np.flatnonzero(~good):
            self._fault(batch, strange, rows, "status", "symbol", column[int(strange)].as_py(), "p, r, or nothing")
        return letters | np.where(good, local[indices], 0), good

    def _fault(self, batch: pa.RecordBatch, position: Any, rows: Any, column: str, rule: str, found: Any, expected: str) -> None:
        index = int(position)
        content = {name: batch.column(name)[index].as_py() for name in batch.schema.names}
        fault = Fault(int(rows[index]), column, rule, str(found), expected, "The row waits in quarantine; look at the publisher's notes.")
        self.staging.fault(fault, json.dumps(content, ensure_ascii=False))

    # Writing

    def write(self) -> None:
        self._duplicates()
        for row, expected, actual, text in self.spoilt:
            fault = Fault(row, "", "width", f"{actual} cells", f"{expected} cells", "The row waits in quarantine.")
            self.staging.fault(fault, json.dumps({"line": text}, ensure_ascii=False))
        # A member that is renamed is another series: nothing printed under the old name changes its meaning in silence.
        named = ((number, "\x1f".join([coordinate, *self.labels[number]])) for coordinate, number in self.series.items())
        self.staging.add_series((number + 1, key, self.keys[number]) for number, key in named if self.kept[number])
        self.staging.add_periods(self.codes.items())

    def _duplicates(self) -> None:
        """Refuse a file that says two things about one cell, or the same thing twice."""
        keys = np.concatenate(self.seen) if self.seen else np.zeros(0, dtype=np.int64)
        self.seen = []
        if len(keys) < 2 or bool((np.diff(keys) > 0).all()):
            return
        keys.sort()
        twice = keys[1:][np.diff(keys) == 0]
        if len(twice):
            span, series = int(twice[0]) >> 32, int(twice[0]) & 0xFFFFFFFF
            labels = ", ".join(self.labels[series])
            raise ShapeChanged(
                f"{len(twice)} keys that stand twice, first {labels} at {self.codes.get(span, span)}",
                "one row for each COORDINATE and REF_DATE",
                "Look at the file: the publisher repeated rows. Nothing of it was loaded.",
            )


def _float(text: str | None) -> float:
    """A number as the publisher writes it; anything else is not finite."""
    if text is None:
        return float("nan")
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII) else float("inf")
