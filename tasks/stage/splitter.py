"""Split the text of a full-table file into cells: a stream of it, or some of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tasks.stage.columns import Numbers
from tasks.stage.dialect import Dialect
from tasks.stage.lines import LINE_END, Lines, ahead

# pyarrow reads up to 32 blocks ahead, so the size of a block decides how much memory a stream takes.
BLOCK = 1 << 20


class Splitter:
    """Splits rows into the columns that are wanted, all of them as text; a row of another width is set aside in `spoilt`."""

    def __init__(self, dialect: Dialect, wanted: list[str]) -> None:
        self.spoilt: list[tuple[int, int, int, str]] = []
        self._delimiter = dialect.delimiter
        self._convert = pacsv.ConvertOptions(
            include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), null_values=[], strings_can_be_null=False
        )
        self._guard = (dialect.delimiter.join(['"end"'] * len(dialect.header)) + "\n").encode()

    def blocks(self, body: Any, *, carefully: bool) -> Iterator[pa.RecordBatch]:
        """The rows of a stream that begins with the header. Carefully, what was set aside is what stands before the end of the block."""
        reader = pacsv.open_csv(
            body,
            read_options=pacsv.ReadOptions(block_size=BLOCK, use_threads=False),
            parse_options=self._parse(self.spoilt),
            convert_options=self._convert,
        )
        if carefully:
            yield from reader
        else:
            with ahead(iter(reader)) as blocks:
                yield from blocks

    def split(self, head: bytes, lines: Lines) -> pa.RecordBatch | None:
        """Lines, the header being `head`; None when lines are not rows: a line end in a cell, a blank line, text that cannot be read."""
        data = lines.data.tobytes()
        if not len(lines) or data.count(b"\r") != data.count(b"\r\n"):
            return None
        # Were the last cell still open, this row would be swallowed; so as many rows as lines are one row in each line.
        text = b"".join([head, data, b"" if data[-1] == LINE_END else b"\n", self._guard])
        spoilt: list[tuple[int, int, int, str]] = []
        try:
            rows = pacsv.read_csv(
                pa.BufferReader(text),
                read_options=pacsv.ReadOptions(block_size=len(text), use_threads=False),
                parse_options=self._parse(spoilt),
                convert_options=self._convert,
            )
        except pa.ArrowInvalid:
            return None
        if rows.num_rows + len(spoilt) != len(lines) + 1:
            return None
        self.spoilt += spoilt
        (batch,) = rows.combine_chunks().to_batches()
        return batch.slice(0, len(lines) - len(spoilt))

    def row_numbers(self, before: int, count: int) -> Numbers:
        """The row of each record in the file, the header being row 1; rows that were set aside are counted too."""
        numbers = np.arange(before, before + count, dtype=np.int64) + 2
        if not self.spoilt:
            return numbers
        spoilt = np.sort(np.array([number for number, *_ in self.spoilt], dtype=np.int64))
        return numbers + np.searchsorted(spoilt - np.arange(len(spoilt)), numbers, side="right")

    def _parse(self, spoilt: list[tuple[int, int, int, str]]) -> pacsv.ParseOptions:
        def set_aside(row: Any) -> str:
            spoilt.append((row.number or 0, row.expected_columns, row.actual_columns, row.text))
            return "skip"

        return pacsv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=set_aside)
