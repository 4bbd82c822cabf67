"""Move the facts of a large table from the blocks of a staging file: in the order of their key, a range of series at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from sql import copy_binary, warehouse
from tasks.stage.blocks import NO_ROW, Facts, ranges

ROWS_PER_STATEMENT = 400
STATEMENTS_AT_ONCE = 25
CACHE = "-16000"
TOGETHER = 1 << 16
COLUMNS = ("series_id", "period", "value", "status", "quality", "row")
Cells = copy_binary.Column


def kept(facts: Facts, numbers: NDArray[np.int32]) -> Facts:
    """Facts under the numbers that the warehouse gave to their series."""
    changed = facts.copy()
    changed["series"] = numbers[facts["series"]]
    return changed


def cells(facts: Facts) -> list[Cells]:
    """The columns of `COLUMNS`, with masks of what is NULL."""
    value, row = facts["value"], facts["row"]
    blank, no_row = np.isnan(value), row == NO_ROW
    return [
        (facts["series"], None),
        (facts["period"], None),
        (value, blank),
        (facts["status"], None),
        (facts["quality"], None),
        (row, no_row if no_row.any() else None),
    ]


def constant(number: int, rows: int) -> Cells:
    """A column that says the same in every row."""
    return np.full(rows, number, dtype=np.int32), None


@contextmanager
def in_order(connection: Connection) -> Iterator[None]:
    """Rows come in the order of the key: few pages are touched at a time, and a large cache of SQLite would only hold memory."""
    driver: Any = connection.connection.driver_connection
    driver.execute(f"pragma cache_size={CACHE}")
    try:
        yield
    finally:
        driver.execute(f"pragma cache_size={warehouse.PRAGMAS['cache_size']}")


def pour(connection: Connection, table: str, names: Sequence[str], parts: Iterator[list[Cells]]) -> int:
    """Write columns into a table, inside the transaction of the connection; how many rows that were."""
    driver: Any = connection.connection.driver_connection
    if warehouse.is_sqlite(connection):
        with in_order(connection):
            return sum(_insert(driver, table, names, part) for part in parts)
    listed, count = ", ".join(f'"{name}"' for name in names), 0
    with driver.cursor().copy(f"copy {table} ({listed}) from stdin (format binary)") as copy:
        copy.write(copy_binary.HEAD)
        for part in parts:
            count += len(part[0][0])
            for block in copy_binary.rows(part):
                copy.write(block)
        copy.write(copy_binary.TAIL)
    return count


def pour_all(connection: Connection, table: str, db: sqlite3.Connection, numbers: NDArray[np.int32], since: int | None = None) -> int:
    """Write all facts of a staging file into a table, with the release since which they hold where one is given."""
    # What is left in Arrow's pool of a file that this process has read would be held on top of what is written.
    pa.default_memory_pool().release_unused()

    def parts() -> Iterator[list[Cells]]:
        for whole in ranges(db):
            for start in range(0, len(whole), TOGETHER):
                facts = kept(whole[start : start + TOGETHER], numbers)
                yield cells(facts) if since is None else [*cells(facts), constant(since, len(facts))]

    return pour(connection, table, COLUMNS if since is None else (*COLUMNS, "since"), parts())


def _insert(driver: sqlite3.Connection, table: str, names: Sequence[str], columns: list[Cells]) -> int:
    """Hundreds of rows per statement; the driver takes half as long as with `executemany`."""
    width, count = len(columns), len(columns[0][0])
    listed, mark = ", ".join(f'"{name}"' for name in names), f"({','.join('?' * width)})"
    for start in range(0, count, ROWS_PER_STATEMENT * STATEMENTS_AT_ONCE):
        end = min(count, start + ROWS_PER_STATEMENT * STATEMENTS_AT_ONCE)
        flat: list[Any] = [None] * (width * (end - start))
        for index, (array, nulls) in enumerate(columns):
            flat[index::width] = _listed(array[start:end], None if nulls is None else nulls[start:end])
        for first in range(0, len(flat), ROWS_PER_STATEMENT * width):
            group = flat[first : first + ROWS_PER_STATEMENT * width]
            driver.execute(f"insert into {table} ({listed}) values {','.join([mark] * (len(group) // width))}", group)
    return count


def _listed(array: NDArray[Any], nulls: NDArray[np.bool_] | None) -> list[Any]:
    values: list[Any] = array.tolist()
    if nulls is not None:
        for position in np.flatnonzero(nulls).tolist():
            values[position] = None
    return values
