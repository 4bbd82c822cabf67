"""Read the blocks of a full-table file: typed, scaled, each cell that cannot be read set aside with its row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from expectations import Contract
from sql import periods
from sql.ledger import PUBLISHED_QUALITY, STATUS, STATUS_CODE
from tasks.stage.cells import Places, in_calendar, sources
from tasks.stage.dialect import Dialect
from tasks.stage.sequence import Sequence, offsets
from tasks.stage.staging import Fault, ShapeChanged, Staging
from tasks.stage.twins import Grid, Keys

# pyarrow reads up to 32 blocks ahead, so the size of a block decides how much memory a table takes.
BLOCK = 1 << 20
NO_PERIOD = np.iinfo(np.int64).min  # periods before 1970 have negative numbers
AGAIN = "The last good figures stay in force; the file is fetched again at the next run."
ASIDE = "The row waits in quarantine; look at the publisher's notes."
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class ReadAgain(Exception):
    """A row of another width, or a key that may stand twice: the file is read again row by row, to say where."""


class Table:
    """Reads one file. `carefully` counts rows exactly and keeps every key; without it the file is read as fast as it inflates, and
    `ReadAgain` is raised where that is not enough."""

    def __init__(self, staging: Staging, contract: Contract, places: Places, dialect: Dialect, *, carefully: bool) -> None:
        self.staging, self.contract, self.places, self.dialect, self.carefully = staging, contract, places, dialect, carefully
        named = sources(contract)
        self.columns = dialect.columns
        self.period = self.columns[named[contract.period or ""][0]]
        self.dimensions = {name: self.columns[named[name][0]] for name in contract.dimensions if name in named}
        self.grain = [(name, contract.columns[name]) for name in contract.dimensions]
        self.series = Sequence(
            list(dict.fromkeys([self.columns["COORDINATE"], *self.dimensions.values(), self.columns["SCALAR_ID"]])),
            self.columns["COORDINATE"],
        )
        self.read_rows = 0
        self.spoilt: list[tuple[int, int, int, str]] = []
        self.kept = np.zeros(0, dtype=bool)
        self.scale = np.zeros(0, dtype=np.float64)
        self.ended = np.zeros(0, dtype=np.int64)
        self.place_codes: dict[str, str | None] = {}
        self.spans: dict[str, int] = {}
        self.codes: dict[int, str] = {}
        self.grid, self.keys = Grid(), Keys()

    # Reading

    def read(self, body: Any) -> None:
        """Read all blocks into the staging file."""
        wanted = list(dict.fromkeys([self.period, *self.dimensions.values(), *self.columns.values()]))
        reader = pacsv.open_csv(
            body,
            read_options=pacsv.ReadOptions(block_size=BLOCK, use_threads=False),
            parse_options=pacsv.ParseOptions(
                delimiter=self.dialect.delimiter, newlines_in_values=True, invalid_row_handler=self._wrong_width
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), null_values=[], strings_can_be_null=False
            ),
        )
        # Carefully, the rows that were set aside are those up to this block; else text becomes columns while those before are looked at.
        for batch in reader if self.carefully else _ahead(reader):
            if batch.num_rows:
                self._block(batch)
        if not self.read_rows:
            raise ShapeChanged("a header and no rows", "rows", AGAIN)

    def _wrong_width(self, row: Any) -> str:
        self.spoilt.append((row.number or 0, row.expected_columns, row.actual_columns, row.text))
        return "skip"

    def _row_numbers(self, count: int) -> Numbers:
        """The row of each record in the file, the header being row 1; rows that were set aside are counted too."""
        numbers = np.arange(self.read_rows, self.read_rows + count, dtype=np.int64) + 2
        if not self.spoilt:
            return numbers
        spoilt = np.sort(np.array([number for number, *_ in self.spoilt], dtype=np.int64))
        return numbers + np.searchsorted(spoilt - np.arange(len(spoilt)), numbers, side="right")

    def _block(self, batch: pa.RecordBatch) -> None:
        if self.spoilt and not self.carefully:
            raise ReadAgain
        rows = self._row_numbers(batch.num_rows)
        self.read_rows += batch.num_rows
        ids, good = self._series_of(batch, rows)
        spans = self._periods_of(batch, rows)
        values, value_good = self._values_of(batch, rows)
        status, letters, status_good = self._statuses_of(batch, rows)
        symbols, symbol_good = self._symbols_of(batch, rows)
        good &= (spans != NO_PERIOD) & value_good & status_good & symbol_good
        keep = good & self.kept[ids]
        self._note_keys(ids, spans, good)
        if not keep.any():
            return
        quality = letters | symbols | self.ended[ids]
        values *= self.scale[ids]
        # A mark counts before a number beside it: a 0 that is marked as rounded to nothing is no zero.
        values[status > 0] = np.nan
        columns = (rows, ids + 1, spans, values, status, quality)
        self.staging.add_facts(*(columns if keep.all() else [column[keep] for column in columns]))

    def _note_keys(self, ids: Numbers, spans: Numbers, good: Flags) -> None:
        if not good.all():
            ids, spans = ids[good], spans[good]
        if self.carefully:
            self.keys.add(spans, ids)
            return
        starts = np.flatnonzero(np.concatenate([[len(spans) > 0], spans[1:] != spans[:-1]]))
        which = np.repeat(np.arange(len(starts)), np.diff([*starts.tolist(), len(spans)]))
        if self.grid.sees_again(spans[starts].tolist(), which, ids):
            raise ReadAgain

    # Columns of a block

    def _series_of(self, batch: pa.RecordBatch, rows: Numbers) -> tuple[Numbers, Flags]:
        """The number of the series of each row, and whether its labels are those of the series."""
        start = self.series.goes_on_at(batch)
        if start is not None:
            return (np.arange(start, start + batch.num_rows) % len(self.series)), np.ones(batch.num_rows, dtype=bool)
        ids = self.series.known(batch)
        if (ids < 0).any():
            self._add_series(batch, ids, rows)
            ids = self.series.known(batch)
        return ids, self._labels_agree(batch, ids, rows)

    def _add_series(self, batch: pa.RecordBatch, ids: Numbers, rows: Numbers) -> None:
        new = np.flatnonzero(ids < 0)
        column = batch.column(self.columns["COORDINATE"]).take(pa.array(new)).dictionary_encode()
        _, at = np.unique(column.indices.to_numpy(zero_copy_only=False), return_index=True)
        firsts = new[np.sort(at)]
        self.series.add(batch, firsts)
        there = batch.take(pa.array(firsts))
        kept = np.ones(len(firsts), dtype=bool)
        for name, source in self.dimensions.items():
            if self.contract.columns[name].type == "place":
                kept &= np.array([self.places.is_kept(self._place(label)) for label in there.column(source).to_pylist()], dtype=bool)
        self.kept = np.append(self.kept, kept)
        self.scale = np.append(self.scale, self._scales(there, rows[firsts]))
        marks = there.column(self.columns["TERMINATED"]).to_pylist() if "TERMINATED" in self.columns else []
        ended = [PUBLISHED_QUALITY["t"] if mark == "t" else 0 for mark in marks] or [0] * len(firsts)
        self.ended = np.append(self.ended, np.array(ended, dtype=np.int64))

    def _scales(self, there: pa.RecordBatch, rows: Numbers) -> list[float]:
        scales = [scalar.strip() or "0" for scalar in there.column(self.columns["SCALAR_ID"]).to_pylist()]
        for scalar, row in zip(scales, rows.tolist(), strict=True):
            if not re.fullmatch(r"\d{1,2}", scalar, re.ASCII):
                raise ShapeChanged(f"SCALAR_ID {scalar!r} at row {row}", "a power of ten in digits", AGAIN)
        return [10.0 ** int(scalar) for scalar in scales]

    def _place(self, label: str) -> str | None:
        if label not in self.place_codes:
            self.place_codes[label] = self.places.code(label)
        return self.place_codes[label]

    def _labels_agree(self, batch: pa.RecordBatch, ids: Numbers, rows: Numbers) -> Flags:
        """Labels are a function of COORDINATE; a row that says otherwise is set aside."""
        agree = np.ones(len(ids), dtype=bool)
        scale = (self.contract.measure or "", self.columns["SCALAR_ID"], "scale")
        for name, source, rule in [*((name, source, "label") for name, source in self.dimensions.items()), scale]:
            same = self.series.agrees(batch, source, ids)
            for position in np.flatnonzero(agree & ~same).tolist():
                expected = f"{self.series.text(source)[int(ids[position])].as_py()!r}, as elsewhere for this COORDINATE"
                self._fault(batch, position, rows, name, rule, batch.column(source)[position].as_py(), expected)
            agree &= same
        return agree

    def _periods_of(self, batch: pa.RecordBatch, rows: Numbers) -> Numbers:
        runs = pc.run_end_encode(batch.column(self.period))
        ends = runs.run_ends.to_numpy(zero_copy_only=False)
        settings = self.contract.columns[self.contract.period or ""]
        spans, bad = [], {}
        for printed in runs.values.to_pylist():
            if printed not in self.spans and printed not in bad:
                try:
                    with in_calendar(self.contract):
                        span = periods.parse(printed, settings.frequency, settings.starts)
                    self.spans[printed], self.codes[span.id] = span.id, span.code
                except ValueError as error:
                    bad[printed] = str(error)
            spans.append(self.spans.get(printed, NO_PERIOD))
        found: Numbers = np.repeat(np.array(spans, dtype=np.int64), np.diff(ends, prepend=0))
        for position in np.flatnonzero(found == NO_PERIOD).tolist() if bad else []:
            why = bad[batch.column(self.period)[position].as_py()]
            self._fault(batch, position, rows, self.contract.period or "", "period", why, "a period of this table")
        return found

    def _values_of(self, batch: pa.RecordBatch, rows: Numbers) -> tuple[NDArray[np.float64], Flags]:
        column = batch.column(self.columns["VALUE"])
        text = _point(column) if self.dialect.comma else column
        at = offsets(text)
        blank = at[1:] == at[:-1]
        numbers = _floats(text, blank)
        good: Flags = np.isfinite(numbers) | blank
        for position in np.flatnonzero(~good).tolist():
            expected = "a number, or nothing with a mark in STATUS"
            self._fault(batch, position, rows, self.contract.measure or "", "number", column[position].as_py(), expected)
        return numbers, good

    def _statuses_of(self, batch: pa.RecordBatch, rows: Numbers) -> tuple[Numbers, Numbers, Flags]:
        """Marks of non-values by their code, and letters of quality, which stand in the same column, as bits."""
        column = batch.column(self.columns["STATUS"])
        codes = {mark: code for mark, code in STATUS_CODE.items() if mark} | {
            letter: len(STATUS) + bits for letter, bits in PUBLISHED_QUALITY.items()
        }
        found, good = _marks(column, codes)
        for strange in np.flatnonzero(~good).tolist():
            expected = f"one of {' '.join(STATUS[1:])} or A to E"
            self._fault(batch, strange, rows, "status", "status", column[strange].as_py(), expected)
        letters = np.zeros(len(found), dtype=np.int64)
        is_letter = np.flatnonzero(found >= len(STATUS))
        letters[is_letter] = found[is_letter] - len(STATUS)
        found[is_letter] = 0
        return found, letters, good

    def _symbols_of(self, batch: pa.RecordBatch, rows: Numbers) -> tuple[Numbers, Flags]:
        if "SYMBOL" not in self.columns:
            return np.zeros(batch.num_rows, dtype=np.int64), np.ones(batch.num_rows, dtype=bool)
        column = batch.column(self.columns["SYMBOL"])
        found, good = _marks(column, PUBLISHED_QUALITY)
        for strange in np.flatnonzero(~good).tolist():
            self._fault(batch, strange, rows, "status", "symbol", column[strange].as_py(), "p, r, or nothing")
        return found, good

    def _fault(self, batch: pa.RecordBatch, index: int, rows: Numbers, column: str, rule: str, found: str, expected: str) -> None:
        content = {name: batch.column(name)[index].as_py() for name in batch.schema.names}
        self.staging.fault(Fault(int(rows[index]), column, rule, found, expected, ASIDE), json.dumps(content, ensure_ascii=False))

    # Writing

    def write(self) -> None:
        """Close the books: rows of another width, keys that stand twice, series and periods."""
        if self.spoilt and not self.carefully:
            raise ReadAgain
        self._refuse_twins()
        for row, expected, actual, text in self.spoilt:
            fault = Fault(row, "", "width", f"{actual} cells", f"{expected} cells", "The row waits in quarantine.")
            self.staging.fault(fault, json.dumps({"line": text}, ensure_ascii=False))
        kept = np.flatnonzero(self.kept)
        labels = {name: self.series.text(source).take(pa.array(kept)).to_pylist() for name, source in self.dimensions.items()}
        coordinates = self.series.text(self.columns["COORDINATE"]).take(pa.array(kept)).to_pylist()
        series = []
        for position, number in enumerate(kept.tolist()):
            printed = {name: column[position] for name, column in labels.items()}
            # A member that is renamed is another series: nothing printed under the old name changes its meaning in silence.
            series.append((number + 1, "\x1f".join([coordinates[position], *printed.values()]), self._codes(printed)))
        self.staging.add_series(series)
        self.staging.add_periods(self.codes.items())

    def _codes(self, printed: dict[str, str]) -> list[str | None]:
        codes: list[str | None] = []
        for name, column in self.grain:
            label = printed.get(name, column.constant)
            codes.append(self._place(label) if column.type == "place" and name in printed else label)
        return codes

    def _refuse_twins(self) -> None:
        """Refuse a file that says two things about one cell, or the same thing twice."""
        self.staging.keys_are_unique = True
        if twice := self.keys.twice():
            count, span, series = twice
            labels = ", ".join(self.series.text(source)[series].as_py() for source in self.dimensions.values())
            raise ShapeChanged(
                f"{count} keys that stand twice, first {labels} at {self.codes.get(span, span)}",
                "one row for each COORDINATE and REF_DATE",
                "Look at the file: the publisher repeated rows. Nothing of it was loaded.",
            )


def _ahead(reader: pacsv.CSVStreamingReader) -> Iterator[pa.RecordBatch]:
    """The blocks of a reader, of which the next is read while one is looked at."""
    with ThreadPoolExecutor(1) as reading:
        coming = reading.submit(next, reader, None)
        while (batch := coming.result()) is not None:
            coming = reading.submit(next, reader, None)
            yield batch


def _marks(column: Any, codes: dict[str, int]) -> tuple[Numbers, Flags]:
    """The code of each mark, 0 for none, and where the mark is known."""
    at = offsets(column)
    found, good = np.zeros(len(column), dtype=np.int64), np.ones(len(column), dtype=bool)
    if at[-1] == at[0]:
        return found, good
    marked = np.flatnonzero(at[1:] != at[:-1])
    if len(marked):
        printed = column.take(pa.array(marked)).dictionary_encode()
        local = np.array([codes.get(mark, -1) for mark in printed.dictionary.to_pylist()], dtype=np.int64)
        read = local[printed.indices.to_numpy(zero_copy_only=False)]
        found[marked], good[marked] = np.maximum(read, 0), read >= 0
    return found, good


def _floats(text: Any, blank: Flags) -> NDArray[np.float64]:
    """Numbers; NaN where blank, infinite where the text is none."""
    bitmap = pa.py_buffer(np.packbits(~blank, bitorder="little"))
    _, places, cells = text.buffers()
    filled = pa.Array.from_buffers(pa.string(), len(text), [bitmap, places, cells]) if not text.offset else pc.if_else(blank, None, text)
    try:
        return np.array(pc.cast(filled, pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        return np.array([_float(cell) for cell in filled.to_pylist()], dtype=np.float64)


def _point(column: Any) -> Any:
    """Decimal commas as points; a cell that has a point already stays no number."""
    marked = pc.if_else(pc.match_substring(column, "."), "?", column)
    return pc.replace_substring(marked, ",", ".")


def _float(text: str | None) -> float:
    """A number as the publisher writes it; anything else is not finite."""
    if text is None:
        return float("nan")
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII) else float("inf")
