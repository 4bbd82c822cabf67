"""The numbers of series: the warehouse gives each its own once and for all, a staging file numbers them as it meets them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table

from sql import copy_text, warehouse

AT_ONCE = 10_000
Numbers = NDArray[np.int32]


def numbered(connection: Connection, series: Table, staged: sqlite3.Connection) -> dict[str, int]:
    """The warehouse's number of every series by its key. Those of the staging file that are new are given theirs."""
    driver: Any = connection.connection.driver_connection
    known: dict[str, int] = dict(driver.execute(f"select series_key, series_id from {series.name}").fetchall())
    names = ", ".join(f'"{column.name}"' for column in series.columns)
    labels = ", ".join(f'"{column.name}"' for column in series.columns if column.name != "series_id")
    new = _given(staged.execute(f"select {labels} from series order by series_id"), known)
    if warehouse.is_sqlite(connection):
        driver.executemany(f"insert into {series.name} ({names}) values ({', '.join('?' * len(series.columns))})", new)
        return known
    while block := list(islice(new, AT_ONCE)):
        with driver.cursor().copy(f"copy {series.name} ({names}) from stdin") as copy:
            copy.write(copy_text.rows(block, ""))
    return known


def _given(rows: Iterable[tuple[Any, ...]], known: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    """Rows of series that are not known yet, with the next numbers; they are known afterwards."""
    last = max(known.values(), default=0)
    for key, *labels in rows:
        if key not in known:
            known[key] = last = last + 1
            yield (last, key, *labels)


def numbers_of(staged: sqlite3.Connection, known: dict[str, int]) -> Numbers:
    """The warehouse's number by that of the staging file; 0 for a number that the file gave to none."""
    pairs = staged.execute("select series_id, series_key from series").fetchall()
    numbers = np.zeros(1 + max((number for number, _ in pairs), default=0), dtype=np.int32)
    numbers[[number for number, _ in pairs]] = [known[key] for _, key in pairs]
    return numbers


def are_own(numbers: Numbers) -> bool:
    """True when the staging file numbers its series as the warehouse does."""
    given = np.flatnonzero(numbers)
    return bool((numbers[given] == given).all())


def together(one: Numbers, other: Numbers) -> Numbers | None:
    """The numbers of two staging files of one table in one; None unless every series of both has one number in both."""
    length = max(len(one), len(other))
    one, other = (np.pad(numbers, (0, length - len(numbers))) for numbers in (one, other))
    both = (one > 0) & (other > 0)
    shared = len(np.intersect1d(one[one > 0], other[other > 0], assume_unique=True))
    if shared != np.count_nonzero(both) or (one[both] != other[both]).any():
        return None
    return np.maximum(one, other)
