"""Recognise rows of a full-table file that say, byte for byte, what a row of their series said before, so that few cells are split.

The publisher writes the series of a table in the same order in every period, and of a row nothing changes but its period, its value and
the marks beside it. So once a row of each series is split into cells, the rows further down are laid beside those bytes. What they say
of place, members, unit and factor is proved by being equal; only the cells that change are read. A row whose every cell is in quotes is
in the same state between the same bytes as the row that was split, so equal bytes are equal cells.

A chunk of the file in which one row is in any way different, or one cell cannot be read, is no business of this module: it is split into
cells as a whole, and judged there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sql.ledger import PUBLISHED_QUALITY
from tasks.stage.columns import STATUS_MARKS, Numbers, offsets, point
from tasks.stage.dialect import Dialect
from tasks.stage.lines import Lines

QUOTE = 34
# What rows of all series say may take so many bytes; the table of more series is split into cells.
LARGEST = 32 << 20
# Bytes of a mark in most tables; a longer one is split into cells.
LONGEST_MARK = 3
# A cell in quotes, in which a quote stands twice, and one in which there is none.
CELL, PLAIN = r'[^"\r\n]*(?:""[^"\r\n]*)*', r'[^"\r\n]*'
Bytes = NDArray[np.uint8]
Positions = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Repeated:
    """The rows of a chunk: their series, the rows where periods begin and what is printed there, values (NaN where blank), and the codes
    of STATUS and SYMBOL."""

    series: Numbers
    starts: Numbers
    periods: list[str]
    values: NDArray[np.float64]
    marks: list[Numbers]


@dataclass(frozen=True, slots=True)
class _Expected:
    """What rows say when series follow each other over and over: four pieces for each row, of which the second is its value and its
    marks and the fourth the beginning of the next row, and the sizes of the first and the third."""

    pieces: pa.Array
    before: Positions
    after: Positions
    series: Numbers


class Repeats:
    """What a row of each series says, and the order in which the series stood in the last period."""

    def __init__(self, dialect: Dialect, period: str, numbers: dict[str, int]) -> None:
        """`period` is the printed name of its column; `numbers` are those of the series, by what stands in COORDINATE."""
        marks = [name for name in ("STATUS", "SYMBOL") if name in dialect.columns]
        changing = [dialect.columns[name] for name in ("VALUE", *marks)]
        self._dialect, self._numbers = dialect, numbers
        self._between = f'"{dialect.delimiter}"'.encode()
        self._key, first = dialect.header.index(dialect.columns["COORDINATE"]), dialect.header.index(changing[0])
        # Publishers write no other layout. A file in one, or without quotes, or of too many series is split into cells.
        self.possible = dialect.header[0] == period and list(dialect.header[first : first + len(changing)]) == changing
        self._row = _grammar(dialect, first, len(marks))
        self._marks = [_coded(codes) for codes in (STATUS_MARKS, PUBLISHED_QUALITY)][: len(marks)]
        self._said = pa.array([b""], pa.binary())
        self._order = np.zeros(0, np.int64)
        self._since: list[Numbers] = []
        self._expected: _Expected | None = None

    def learn(self, lines: Lines, series: Numbers) -> None:
        """Take note of what rows say that were split into cells, given the number of the series of each."""
        known = len(self._said) // 2
        new = np.flatnonzero(series >= known)
        if self.possible and len(new):
            _, at = np.unique(series[new], return_index=True)
            said = [piece for index in new[at].tolist() for piece in self._fixed(lines.line(index))]
            self._said = pa.concat_arrays([self._said, pa.array(said, pa.binary())])
            self.possible = (known > 0 or any(said)) and self._said.nbytes <= LARGEST

    def _fixed(self, line: bytes) -> tuple[bytes, bytes]:
        """What stands in a row between its period and its value, and after its marks; nothing when it is written in another way."""
        row = self._row.fullmatch(line)
        return (row[1], row[2]) if row else (b"", b"")

    def follow(self, series: Numbers, starts: Numbers) -> None:
        """Keep the order of the series in the last period that is whole, given the rows where another period begins."""
        if not self.possible:
            self._since = []
            return
        if not len(starts):
            self._since.append(series)
            return
        whole = [series[starts[-2] : starts[-1]]] if len(starts) > 1 else [*self._since, series[: starts[-1]]]
        self._since = [series[starts[-1] :]]
        order = np.concatenate(whole)
        if not np.array_equal(order, self._order):
            self._order, self._expected = order, None

    def read(self, lines: Lines) -> Repeated | None:
        """The rows of a chunk, when all of them repeat what is known; else None."""
        first = lines.line(0) if self.possible and len(lines) else b""
        place = self._place(first)
        if place is None:
            return None
        there = self._expect(place, len(lines))
        if there is None:
            return None
        head = first.find(b'"', 1)  # the quote behind the period
        bounds = _bounds(lines, there, head)
        if bounds is None or not _is_repeated(lines.data, bounds, there.pieces):
            return None
        starts, periods = _periods(lines, head)
        ends, marks = self._marks_of(lines.data, bounds[2::4])
        values = self._values_of(lines.data, bounds[1::4], ends) if ends is not None else None
        return Repeated(there.series, starts, periods, values, marks) if values is not None else None

    def _place(self, line: bytes) -> int | None:
        """Where the series of a row stands in the order."""
        cells = line.split(self._between)
        number = self._numbers.get(cells[self._key].decode(errors="replace")) if len(cells) > self._key else None
        places = np.flatnonzero(self._order == (-1 if number is None else number))
        return int(places[0]) if len(places) else None

    def _expect(self, place: int, count: int) -> _Expected | None:
        """What so many rows say from this place of the order on; None when that is too long, or a series is written in another way."""
        if self._expected is None or len(self._expected.series) < place + count:
            series = np.resize(self._order, len(self._order) + count + count // 4)
            index = np.zeros(4 * len(series), np.int64)
            index[0::4], index[2::4] = 2 * series + 1, 2 * series + 2
            sizes = np.diff(offsets(self._said))[index]
            if sizes.sum(dtype=np.int64) > 2 * LARGEST or not sizes[0::4].all():
                return None
            self._expected = _Expected(self._said.take(pa.array(index)), sizes[0::4], sizes[2::4], series)
        whole, end = self._expected, place + count
        return _Expected(whole.pieces[4 * place : 4 * end - 1], whole.before[place:end], whole.after[place:end], whole.series[place:end])

    def _marks_of(self, data: Bytes, ends: Positions) -> tuple[Positions | None, list[Numbers]]:
        """Where values end and which marks stand behind them, given where the marks end; None when a mark is not known."""
        blank = self._between * len(self._marks)
        found = [np.zeros(len(ends), np.int64) for _ in self._marks]
        marked = np.flatnonzero(_words(data, ends, len(blank)) != int.from_bytes(blank, "little"))
        value_ends, at = ends - np.int32(len(blank)), ends[marked]
        for codes, column in zip(reversed(self._marks), reversed(found), strict=True):
            at, column[marked], good = _mark(data, at, codes, self._between)
            if not good:
                return None, []
        value_ends[marked] = at
        return value_ends, found

    def _values_of(self, data: Bytes, begins: Positions, ends: Positions) -> NDArray[np.float64] | None:
        """The numbers that stand there, NaN where there is nothing; None when one is no number."""
        if bool((ends < begins).any()):
            return None
        places = np.empty(2 * len(ends), np.int32)
        places[0::2], places[1::2] = begins, ends
        filled = np.zeros(2 * len(ends), dtype=bool)  # every other piece is what stands between two values
        filled[0::2] = ends > begins
        buffers = [pa.py_buffer(np.packbits(filled, bitorder="little")), pa.py_buffer(places), pa.py_buffer(data)]
        text = pa.Array.from_buffers(pa.string(), 2 * len(ends) - 1, buffers)
        try:
            numbers = pc.cast(point(text) if self._dialect.comma else text, pa.float64()).to_numpy(zero_copy_only=False)[0::2]
        except pa.ArrowInvalid:
            return None
        return np.array(numbers) if bool((np.isfinite(numbers) == filled[0::2]).all()) else None


def _grammar(dialect: Dialect, value: int, marks: int) -> re.Pattern[bytes]:
    """A row with every cell in quotes; its groups are what stands between period and value, and what after the marks."""
    between, rest = f'"{dialect.delimiter}"', len(dialect.header) - value - 1 - marks
    before, after = f"{between}(?:{CELL}{between}){{{value - 1}}}", f'(?:{between}{CELL}){{{rest}}}"\r?\n'
    return re.compile(f'"{PLAIN}({before}){PLAIN}(?:{between}{PLAIN}){{{marks}}}({after})'.encode())


def _bounds(lines: Lines, there: _Expected, head: int) -> Positions | None:
    """Where the pieces of all rows begin and the last one ends, if they are as long as they should be; None when they do not fit."""
    bounds = np.empty(4 * len(lines), np.int32)
    bounds[0] = head
    np.add(lines.ends[:-1], np.int32(head), out=bounds[4::4])
    np.add(bounds[0::4], there.before, out=bounds[1::4])
    np.subtract(lines.ends, there.after, out=bounds[2::4])
    bounds[3::4] = lines.ends
    # A mark is between quotes, so there are bytes between a value and what follows its marks.
    fits = bool((bounds[2::4] - bounds[1::4] >= 3).all())
    return bounds if fits and head > 0 and bounds[2] >= 8 else None


def _is_repeated(data: Bytes, bounds: Positions, expected: pa.Array) -> bool:
    """True when the first and the third piece of every row are as expected; the others are expected to be empty, and never are."""
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    pieces = pa.Array.from_buffers(pa.binary(), len(bounds) - 1, buffers)
    return bool(pc.equal(pieces, expected).true_count == len(bounds) // 2)


def _periods(lines: Lines, head: int) -> tuple[Numbers, list[str]]:
    """The rows where another period begins, and what is printed there; `head` is the place of the quote behind it."""
    begins = np.concatenate([[0], lines.ends[:-1]])
    other = np.zeros(len(begins), dtype=bool)
    other[0] = True
    # Words that cover the cell and its quotes; what they cover beyond it is a separator.
    for end in {*range(8, head + 1, 8), max(8, head + 1)}:
        word = _words(lines.data, begins + end, 8)
        other[1:] |= word[1:] != word[:-1]
    starts = np.flatnonzero(other)
    texts = [lines.data[begin : begin + head].tobytes() for begin in begins[starts].tolist()]
    return starts, [text[1:].decode(errors="replace") if text[:1] == b'"' else "" for text in texts]


def _words(data: Bytes, ends: Positions, size: int | NDArray[np.int64]) -> NDArray[np.uint64]:
    """The last `size` bytes before each end, at least one and at most eight, as a number."""
    words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))[ends - 8]
    shift = np.asarray(64 - 8 * np.asarray(size), np.uint64)
    return words >> shift


def _coded(codes: dict[str, int]) -> tuple[NDArray[np.uint64], Numbers]:
    """Marks as the numbers that `_mark` makes of them, in order, with the code of each and 0 for none."""
    short = {mark: code for mark, code in {**codes, "": 0}.items() if len(mark) <= LONGEST_MARK}
    known = sorted((int.from_bytes(mark.encode(), "little") | len(mark) << 56, code) for mark, code in short.items())
    return np.array([mark for mark, _ in known], np.uint64), np.array([code for _, code in known], np.int64)


def _mark(data: Bytes, ends: Positions, codes: tuple[NDArray[np.uint64], Numbers], between: bytes) -> tuple[Positions, Numbers, bool]:
    """The mark that stands before each end: where the cell before it ends, the mark's code, and whether all are known."""
    keys, numbers = codes
    separator = int.from_bytes(between, "little")
    blank = ends - np.int32(len(between))
    if bool((_words(data, ends, len(between)) == separator).all()):
        return blank, np.zeros(len(ends), np.int64), True
    size = np.full(len(ends), -1, np.int32)
    for width in range(LONGEST_MARK, -1, -1):
        size[data[ends - width - 1] == QUOTE] = width
    text = np.where(size > 0, _words(data, ends, np.maximum(size, 1)), np.uint64(0)) | (size.astype(np.uint64) << np.uint64(56))
    at = np.minimum(np.searchsorted(keys, text), len(keys) - 1)
    stands = _words(data, ends - size, len(between)) == separator
    good = (size >= 0) & (keys[at] == text) & stands
    return blank - size, numbers[at], bool(good.all())
