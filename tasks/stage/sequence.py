"""The series of a full-table file by number, and what every row of a series must say: labels are a function of COORDINATE."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.stage.columns import offsets

Text = Any  # a pyarrow array of strings


class Sequence:
    """Numbers series from 0 in the order in which they first stand, and keeps the text of their fixed columns."""

    def __init__(self, names: list[str], key: str) -> None:
        """`names` are the fixed columns, of which `key` tells one series from another."""
        self.names, self._key = names, key
        self.numbers: dict[str, int] = {}
        self._parts: dict[str, list[Text]] = {name: [] for name in names}
        self._whole: dict[str, Text] = {}
        self._tiled: dict[str, Text] = {}
        self._tiles = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def goes_on_at(self, batch: pa.RecordBatch) -> int | None:
        """The number of the first row, when all rows follow each other as the series do, over and over, and say the same; else None."""
        start = self.numbers.get(batch.column(self._key)[0].as_py())
        if start is None:
            return None
        self._tile(batch.num_rows)
        if all(_same(self._tiled[name], start, batch.column(name)) for name in self.names):
            return start
        return None

    def known(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """The number of each row; -1 where its series has none yet."""
        column = batch.column(self._key).dictionary_encode()
        local = np.array([self.numbers.get(text, -1) for text in column.dictionary.to_pylist()], dtype=np.int64)
        numbers: NDArray[np.int64] = local[column.indices.to_numpy(zero_copy_only=False)]
        return numbers

    def add(self, batch: pa.RecordBatch, firsts: NDArray[np.int64]) -> None:
        """Number the series that first stand in these rows."""
        rows = batch.take(pa.array(firsts))
        for text in rows.column(self._key).to_pylist():
            self.numbers[text] = len(self.numbers)
        for name in self.names:
            self._parts[name].append(rows.column(name))
        self._whole, self._tiled, self._tiles = {}, {}, 0

    def agrees(self, batch: pa.RecordBatch, name: str, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where a column says what it says elsewhere for the series."""
        expected = self.text(name).take(pa.array(np.maximum(numbers, 0)))
        same: NDArray[np.bool_] = pc.equal(expected, batch.column(name)).to_numpy(zero_copy_only=False)
        return same

    def text(self, name: str) -> Text:
        """What a column says, by number of the series."""
        if name not in self._whole:
            self._whole[name] = pa.concat_arrays(self._parts[name] or [pa.array([], pa.string())])
            self._parts[name] = [self._whole[name]]
        return self._whole[name]

    def _tile(self, rows: int) -> None:
        """Repeat the fixed columns, so that any stretch of rows is one slice."""
        wanted = len(self) + rows
        if self._tiles < wanted:
            times = -(-wanted // len(self)) + (1 if len(self) < rows else 0)
            self._tiled = {name: pa.concat_arrays([self.text(name)] * times) for name in self.names}
            self._tiles = times * len(self)


def _same(known: Text, start: int, column: Text) -> bool:
    """True when a stretch of the known strings is the column, byte by byte."""
    here, there = offsets(column), offsets(known)[start : start + len(column) + 1]
    size = int(here[-1] - here[0])
    if size != int(there[-1] - there[0]) or not bool((here - there == here[0] - there[0]).all()):
        return False
    if not size:
        return True
    return bool(column.buffers()[2].slice(int(here[0]), size).equals(known.buffers()[2].slice(int(there[0]), size)))
