"""Read the cells of a column at once: numbers and marks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sql.ledger import PUBLISHED_QUALITY, STATUS, STATUS_CODE

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
# The marks of the column STATUS: those of non-values by their code, and above them letters of quality, by their bits.
STATUS_MARKS = {mark: code for mark, code in STATUS_CODE.items() if mark} | {
    letter: len(STATUS) + bits for letter, bits in PUBLISHED_QUALITY.items()
}


def offsets(column: Any) -> NDArray[np.int32]:
    """Where each string of a column begins in its bytes, and the last one ends."""
    whole: NDArray[np.int32] = np.frombuffer(column.buffers()[1], np.int32)
    return whole[column.offset : column.offset + len(column) + 1]


def marks(column: Any, codes: dict[str, int]) -> tuple[Numbers, Flags]:
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


def letters_apart(found: Numbers) -> Numbers:
    """The bits of the letters among `STATUS_MARKS`; where one stands there is no mark of a non-value."""
    letters = np.zeros(len(found), dtype=np.int64)
    is_letter = np.flatnonzero(found >= len(STATUS))
    letters[is_letter] = found[is_letter] - len(STATUS)
    found[is_letter] = 0
    return letters


def numbers(column: Any, *, comma: bool) -> tuple[NDArray[np.float64], Flags]:
    """The number of each cell, NaN where it is blank and infinite where it is none; and where it is blank."""
    text = point(column) if comma else column
    at = offsets(text)
    blank = at[1:] == at[:-1]
    bitmap = pa.py_buffer(np.packbits(~blank, bitorder="little"))
    _, places, cells = text.buffers()
    filled = pa.Array.from_buffers(pa.string(), len(text), [bitmap, places, cells]) if not text.offset else pc.if_else(blank, None, text)
    try:
        return np.array(pc.cast(filled, pa.float64()).to_numpy(zero_copy_only=False)), blank
    except pa.ArrowInvalid:
        return np.array([_number(cell) for cell in filled.to_pylist()], dtype=np.float64), blank


def point(column: Any) -> Any:
    """Decimal commas as points; a cell that has a point already stays no number."""
    marked = pc.if_else(pc.match_substring(column, "."), "?", column)
    return pc.replace_substring(marked, ",", ".")


def _number(text: str | None) -> float:
    """A number as the publisher writes it; anything else is not finite."""
    if text is None:
        return float("nan")
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII) else float("inf")
