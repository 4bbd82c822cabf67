"""The facts of a large table as narrow columns in its staging file: written as they are read, read back in the order of their key.

A block holds facts of neighbouring series (a bucket), so that a load can gather range after range of series without holding the table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Row of the file (-1 for a zero left out), series and period by number, value (NaN for none), status code, quality bits.
FACT = np.dtype([("row", "i4"), ("series", "i4"), ("value", "f8"), ("period", "i4"), ("status", "i2"), ("quality", "i2")])
NO_ROW = -1
SERIES_BITS = 10
NUMBER_BITS = 24
# How many facts wait until blocks are written, and how many a range has at most (one series stays whole).
PENDING = 1 << 18
AT_ONCE = 1 << 19
Facts = NDArray[Any]


def facts_of(rows: Any, series: Any, periods: Any, values: Any, status: Any, quality: Any) -> Facts:
    """Columns, as arrays or as lists with None, as facts."""
    facts = np.empty(len(series), FACT)
    facts["row"] = rows if isinstance(rows, np.ndarray) else [NO_ROW if row is None else row for row in rows]
    facts["value"] = values if isinstance(values, np.ndarray) else np.array(values, dtype=np.float64)  # None becomes NaN
    for name, column in (("series", series), ("period", periods), ("status", status), ("quality", quality)):
        facts[name] = column
    return facts


def columns_of(facts: Facts) -> tuple[list[Any], ...]:
    """Facts as lists: row, series, period, value, status, quality, with None where there is no row or no value."""
    rows, values = facts["row"].tolist(), facts["value"].tolist()
    for position in np.flatnonzero(np.isnan(facts["value"])).tolist():
        values[position] = None
    for position in np.flatnonzero(facts["row"] == NO_ROW).tolist():
        rows[position] = None
    return rows, facts["series"].tolist(), facts["period"].tolist(), values, facts["status"].tolist(), facts["quality"].tolist()


def together(parts: Iterable[Facts]) -> Facts:
    """Parts as one. `np.concatenate` goes field by field and takes ten times as long."""
    return np.frombuffer(bytearray().join(part.data for part in parts), FACT)


def keys_of(facts: Facts) -> NDArray[np.int64]:
    """Series and period as one number that sorts as they do."""
    keys: NDArray[np.int64] = (facts["series"].astype(np.int64) << 32) + facts["period"]
    return keys


class Blocks:
    """Writes facts into the table `block` of a staging file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._waiting: dict[int, list[Facts]] = {}
        self._written: dict[int, int] = {}
        self._count = 0
        db.execute("create table block(number integer primary key, facts blob)")

    def add(self, facts: Facts) -> None:
        """Take facts in any order."""
        if not len(facts):
            return
        buckets = facts["series"] >> SERIES_BITS
        edges = np.flatnonzero(buckets[1:] != buckets[:-1]) + 1
        if len(edges) > len(facts) >> 3:  # shuffled
            order = np.argsort(buckets, kind="stable")
            facts, buckets = facts.take(order), buckets[order]
            edges = np.flatnonzero(buckets[1:] != buckets[:-1]) + 1
        starts = [0, *edges.tolist()]
        for start, end in zip(starts, [*starts[1:], len(facts)], strict=True):
            self._waiting.setdefault(int(buckets[start]), []).append(facts[start:end])
        self._count += len(facts)
        if self._count >= PENDING:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        for bucket, parts in sorted(self._waiting.items()):
            number = self._written.get(bucket, 0)
            self._written[bucket] = number + 1
            self._db.execute("insert into block values (?,?)", ((bucket << NUMBER_BITS) + number, b"".join(part.data for part in parts)))
        self._waiting, self._count = {}, 0

    def forget(self) -> None:
        """Forget what waits; the caller empties the table."""
        self._waiting, self._written, self._count = {}, {}, 0


def has_blocks(db: sqlite3.Connection) -> bool:
    """True when the facts of this staging file lie in blocks and not in its table `facts`."""
    there = db.execute("select 1 from sqlite_master where type = 'table' and name = 'block'").fetchone()
    return bool(there and db.execute("select 1 from block limit 1").fetchone())


def ranges(db: sqlite3.Connection) -> Iterator[Facts]:
    """All facts by series and period, range after range of series."""
    for bucket in buckets(db):
        for first, last in pairwise(cut(db, bucket)):
            yield range_of(db, bucket, first, last)


def buckets(db: sqlite3.Connection) -> list[int]:
    """The buckets that have blocks."""
    return [bucket for (bucket,) in db.execute(f"select distinct number >> {NUMBER_BITS} from block order by 1")]


def range_of(db: sqlite3.Connection, bucket: int, first: int, last: int) -> Facts:
    """The facts of the series from `first` up to, not including, `last` of one bucket, by series and period."""
    whole = last - first == 1 << SERIES_BITS
    parts = [part if whole else _between(part, first, last) for part in _parts(db, bucket)]
    return in_order(together(parts))


def cut(db: sqlite3.Connection, bucket: int) -> list[int]:
    """The series at which a bucket is cut into ranges of no more than so many facts."""
    base = bucket << SERIES_BITS
    counts = np.zeros(1 << SERIES_BITS, dtype=np.int64)
    for part in _parts(db, bucket):
        counts += np.bincount(part["series"] - base, minlength=len(counts))
    cuts, total = [base], 0
    if counts.sum() > AT_ONCE:
        for offset, count in enumerate(counts.tolist()):
            if total and total + count > AT_ONCE:
                cuts.append(base + offset)
                total = 0
            total += count
    return [*cuts, base + len(counts)]


def _parts(db: sqlite3.Connection, bucket: int) -> Iterator[Facts]:
    first = bucket << NUMBER_BITS
    for (blob,) in db.execute("select facts from block where number >= ? and number < ?", (first, first + (1 << NUMBER_BITS))):
        yield np.frombuffer(blob, FACT)


def _between(facts: Facts, first: int, last: int) -> Facts:
    return facts.compress((facts["series"] >= first) & (facts["series"] < last))


def in_order(facts: Facts) -> Facts:
    """Facts by series and period."""
    keys = keys_of(facts)
    if len(keys) < 2 or bool((keys[1:] > keys[:-1]).all()):
        return facts
    # `take` moves whole records; indexing goes field by field and takes thirty times as long.
    return facts.take(np.argsort(keys, kind="stable"))
