"""Columns as the bytes that PostgreSQL reads with COPY ... (format binary): no text is made of a number and none is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
Column = tuple[NDArray[Any], NDArray[np.bool_] | None]


def rows(columns: Sequence[Column]) -> Iterator[bytes]:
    """The rows of columns of smallint, integer or double precision, each with a mask of its nulls or None.

    A null is shorter than a number, so rows with the same nulls are written together: their order is not kept.
    """
    pattern = np.zeros(len(columns[0][0]), dtype=np.int64)
    for number, (_, nulls) in enumerate(columns):
        if nulls is not None:
            pattern |= nulls.astype(np.int64) << number
    for wanted in np.flatnonzero(np.bincount(pattern)).tolist():
        yield _alike([array for array, _ in columns], pattern == wanted, wanted)


def _alike(arrays: list[NDArray[Any]], where: NDArray[np.bool_], nulls: int) -> bytes:
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for number, array in enumerate(arrays):
        fields.append((f"size{number}", ">i4"))
        if not nulls >> number & 1:
            fields.append((f"cell{number}", array.dtype.newbyteorder(">").str))
    table = np.empty(int(np.count_nonzero(where)), np.dtype(fields))
    table["count"] = len(arrays)
    for number, array in enumerate(arrays):
        is_null = nulls >> number & 1
        table[f"size{number}"] = -1 if is_null else array.dtype.itemsize
        if not is_null:
            table[f"cell{number}"] = array[where]
    return table.tobytes()
