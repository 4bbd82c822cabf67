"""Read the blocks of a full-table file: typed, scaled, each cell that cannot be read set aside with its row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from expectations import Contract
from sql import periods
from sql.ledger import PUBLISHED_QUALITY, STATUS
from tasks.stage import columns
from tasks.stage.cells import Places, in_calendar, sources
from tasks.stage.columns import STATUS_MARKS, Flags, Numbers
from tasks.stage.dialect import Dialect
from tasks.stage.lines import Joined, Lines, Piece, ahead, pieces_of
from tasks.stage.repeats import Repeats
from tasks.stage.sequence import Sequence
from tasks.stage.splitter import Splitter
from tasks.stage.staging import Fault, ShapeChanged, Staging
from tasks.stage.twins import Grid, Keys

NO_PERIOD = np.iinfo(np.int64).min  # periods before 1970 have negative numbers
SCALE = re.compile(r"\d{1,2}", re.ASCII)
AGAIN = "The last good figures stay in force; the file is fetched again at the next run."
ASIDE = "The row waits in quarantine; look at the publisher's notes."


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
        wanted = list(dict.fromkeys([self.period, *self.dimensions.values(), *self.columns.values()]))
        self.splitter, self.repeats = Splitter(dialect, wanted), Repeats(dialect, self.period, self.series.numbers)
        self.read_rows, self.last_span = 0, NO_PERIOD
        self.kept = np.zeros(0, dtype=bool)
        self.scale = np.zeros(0, dtype=np.float64)
        self.ended = np.zeros(0, dtype=np.int64)
        self.place_codes: dict[str, str | None] = {}
        self.spans: dict[str, int] = {}
        self.codes: dict[int, str] = {}
        self.grid, self.keys = Grid(), Keys()

    # Reading

    def read(self, body: Any) -> None:
        """Read the rows of the file into the staging file."""
        if self.carefully:
            self._read_stream(body)
        else:
            with ahead(pieces_of(body)) as pieces:
                self._read_lines(pieces)
        if not self.read_rows:
            raise ShapeChanged("a header and no rows", "rows", AGAIN)

    def _read_lines(self, pieces: Iterator[Piece]) -> None:
        """Read pieces of lines. Once lines are not rows, or nothing can be recognised in them, what is left is read as a stream."""
        head = b""
        for piece in pieces:
            lines = piece.lines()
            if not head and len(lines):
                head, lines = lines.line(0), lines.after_first()
            if len(lines.data) and not (self._repeats(lines) or (self.repeats.possible and self._splits(head, lines))):
                self._read_stream(Joined(chain([head, lines.data], (more.data for more in pieces))))

    def _read_stream(self, body: Any) -> None:
        for batch in self.splitter.blocks(body, carefully=self.carefully):
            if batch.num_rows:
                self._block(batch)

    def _splits(self, head: bytes, lines: Lines) -> bool:
        batch = self.splitter.split(head, lines)
        if batch is None:
            return False
        self.repeats.learn(lines, self._block(batch))
        # Most files are split into cells only until their rows are known: Arrow would keep what it needed for that until the end.
        pa.default_memory_pool().release_unused()
        return True

    def _repeats(self, lines: Lines) -> bool:
        """Take rows that repeat what is known; False when they do not, or a period cannot be read."""
        found = self.repeats.read(lines)
        if found is None:
            return False
        try:
            spans = np.array([self._span(printed) for printed in found.periods], dtype=np.int64)
        except ValueError:
            return False
        rows = self._rows(len(lines))
        self._note_keys(found.series, found.starts, spans)
        status, *symbols = found.marks
        letters = columns.letters_apart(status)
        quality = letters | symbols[0] if symbols else letters
        spans = np.repeat(spans, np.diff(found.starts, append=len(rows)))
        self._take((rows, found.series, spans, found.values, status, quality), self.kept[found.series])
        return True

    def _rows(self, count: int) -> Numbers:
        if self.splitter.spoilt and not self.carefully:
            raise ReadAgain
        rows = self.splitter.row_numbers(self.read_rows, count)
        self.read_rows += count
        return rows

    def _block(self, batch: pa.RecordBatch) -> Numbers:
        """Take rows that are split into cells; the number of the series of each."""
        rows = self._rows(batch.num_rows)
        ids, good = self._series_of(batch, rows)
        spans = self._periods_of(batch, rows)
        values, value_good = self._values_of(batch, rows)
        status, letters, status_good = self._statuses_of(batch, rows)
        symbols, symbol_good = self._symbols_of(batch, rows)
        good &= (spans != NO_PERIOD) & value_good & status_good & symbol_good
        if self.carefully:
            self.keys.add(spans[good], ids[good])
        else:
            starts = np.flatnonzero(np.concatenate([[True], spans[1:] != spans[:-1]]))
            self._note_keys(ids, starts, spans[starts], good)
        self._take((rows, ids, spans, values, status, letters | symbols), good & self.kept[ids])
        return ids

    def _take(self, facts: tuple[Any, ...], keep: Flags) -> None:
        """Write the facts that are kept."""
        if not keep.any():
            return
        rows, ids, spans, values, status, quality = facts if keep.all() else [column[keep] for column in facts]
        values *= self.scale[ids]
        # A mark counts before a number beside it: a 0 that is marked as rounded to nothing is no zero.
        values[status > 0] = np.nan
        self.staging.add_facts(rows, ids + 1, spans, values, status, quality | self.ended[ids])

    def _note_keys(self, ids: Numbers, starts: Numbers, spans: Numbers, good: Flags | None = None) -> None:
        """Refuse to go on when a key stands twice; `starts` are the rows where another period begins."""
        self.repeats.follow(ids, starts if self.last_span != spans[0] else starts[1:])
        self.last_span = spans[-1]
        which = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(ids)))
        if good is not None and not good.all():
            which, ids = which[good], ids[good]
        if self.grid.sees_again(spans.tolist(), which, ids):
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
            if not SCALE.fullmatch(scalar):
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
        spans, bad = [], dict[str, str]()
        for printed in runs.values.to_pylist():
            try:
                spans.append(NO_PERIOD if printed in bad else self._span(printed))
            except ValueError as error:
                spans.append(NO_PERIOD)
                bad[printed] = str(error)
        found: Numbers = np.repeat(np.array(spans, dtype=np.int64), np.diff(ends, prepend=0))
        for position in np.flatnonzero(found == NO_PERIOD).tolist() if bad else []:
            why = bad[batch.column(self.period)[position].as_py()]
            self._fault(batch, position, rows, self.contract.period or "", "period", why, "a period of this table")
        return found

    def _span(self, printed: str) -> int:
        """The number of a period; `ValueError` says why it is none."""
        if printed not in self.spans:
            settings = self.contract.columns[self.contract.period or ""]
            with in_calendar(self.contract):
                span = periods.parse(printed, settings.frequency, settings.starts)
            self.spans[printed], self.codes[span.id] = span.id, span.code
        return self.spans[printed]

    def _values_of(self, batch: pa.RecordBatch, rows: Numbers) -> tuple[NDArray[np.float64], Flags]:
        column = batch.column(self.columns["VALUE"])
        values, blank = columns.numbers(column, comma=self.dialect.comma)
        good: Flags = np.isfinite(values) | blank
        for position in np.flatnonzero(~good).tolist():
            expected = "a number, or nothing with a mark in STATUS"
            self._fault(batch, position, rows, self.contract.measure or "", "number", column[position].as_py(), expected)
        return values, good

    def _statuses_of(self, batch: pa.RecordBatch, rows: Numbers) -> tuple[Numbers, Numbers, Flags]:
        """Marks of non-values by their code, and letters of quality, which stand in the same column, as bits."""
        column = batch.column(self.columns["STATUS"])
        found, good = columns.marks(column, STATUS_MARKS)
        for strange in np.flatnonzero(~good).tolist():
            expected = f"one of {' '.join(STATUS[1:])} or A to E"
            self._fault(batch, strange, rows, "status", "status", column[strange].as_py(), expected)
        return found, columns.letters_apart(found), good

    def _symbols_of(self, batch: pa.RecordBatch, rows: Numbers) -> tuple[Numbers, Flags]:
        if "SYMBOL" not in self.columns:
            return np.zeros(batch.num_rows, dtype=np.int64), np.ones(batch.num_rows, dtype=bool)
        column = batch.column(self.columns["SYMBOL"])
        found, good = columns.marks(column, PUBLISHED_QUALITY)
        for strange in np.flatnonzero(~good).tolist():
            self._fault(batch, strange, rows, "status", "symbol", column[strange].as_py(), "p, r, or nothing")
        return found, good

    def _fault(self, batch: pa.RecordBatch, index: int, rows: Numbers, column: str, rule: str, found: str, expected: str) -> None:
        content = {name: batch.column(name)[index].as_py() for name in batch.schema.names}
        self.staging.fault(Fault(int(rows[index]), column, rule, found, expected, ASIDE), json.dumps(content, ensure_ascii=False))

    # Writing

    def write(self) -> None:
        """Close the books: rows of another width, keys that stand twice, series and periods."""
        if self.splitter.spoilt and not self.carefully:
            raise ReadAgain
        self._refuse_twins()
        for row, expected, actual, text in self.splitter.spoilt:
            fault = Fault(row, "", "width", f"{actual} cells", f"{expected} cells", "The row waits in quarantine.")
            self.staging.fault(fault, json.dumps({"line": text}, ensure_ascii=False))
        kept = np.flatnonzero(self.kept)
        labels = {name: self.series.text(source).take(pa.array(kept)).to_pylist() for name, source in self.dimensions.items()}
        coordinates = self.series.text(self.columns["COORDINATE"]).take(pa.array(kept)).to_pylist()
        # A member that is renamed is another series: nothing printed under the old name changes its meaning in silence.
        keys = map("\x1f".join, zip(coordinates, *labels.values(), strict=True))
        self.staging.add_series(zip((kept + 1).tolist(), keys, self._codes(labels, len(kept)), strict=True))
        self.staging.add_periods(self.codes.items())

    def _codes(self, labels: dict[str, list[str]], count: int) -> Iterable[tuple[str | None, ...]]:
        """What each of so many series has in the dimensions: a code for a place, else what is printed, or the constant of the contract."""
        columns: list[Iterable[str | None]] = []
        for name, column in self.grain:
            printed = labels.get(name)
            if printed is None:
                columns.append(repeat(column.constant, count))
            else:
                columns.append(map(self._place, printed) if column.type == "place" else printed)
        return zip(*columns, strict=True)

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
