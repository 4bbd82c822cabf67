"""What changed between two staging files of one table, found without the warehouse: new, other and vanished facts.

A publisher lists the cells of a table in the same order each time. For as long as two files agree in it nothing is sorted: the facts
that stand at the same place are compared. Only what comes after is brought into the order of its key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.stage.blocks import AT_ONCE, FACT, NUMBER_BITS, SERIES_BITS, Facts, buckets, cut, in_order, keys_of

NOTHING = np.empty(0, FACT)


@dataclass(frozen=True, slots=True)
class Difference:
    """Of so many arrived facts (`count`): those that are new, those that say something else, what they said before; and what is gone."""

    count: int
    new: Facts
    changed: Facts
    before: Facts
    gone: Facts


def differences(before: sqlite3.Connection, after: sqlite3.Connection) -> Iterator[Difference]:
    """Bucket after bucket of series. Both files number their series alike (`series.together`)."""
    for bucket in sorted({*buckets(before), *buckets(after)}):
        alike = 0
        for found in _alike(before, after, bucket):
            alike += found.count
            yield found
        yield from _apart(before, after, bucket, alike)


# In the same order


def _alike(before: sqlite3.Connection, after: sqlite3.Connection, bucket: int) -> Iterator[Difference]:
    """What stands at the same place in both files, up to the first block where their keys differ; no more than a range at once."""
    count, pairs = 0, list[tuple[Facts, Facts]]()
    for old, new in _in_step(_parts(before, bucket), _parts(after, bucket)):
        other = _differ(old, new)
        count += len(new)
        pairs.append((old.compress(other), new.compress(other)))
        if sum(len(changed) for _, changed in pairs) >= AT_ONCE:
            yield _revised(count, pairs)
            count, pairs = 0, []
    if count:
        yield _revised(count, pairs)


def _in_step(old_parts: Iterator[Facts], new_parts: Iterator[Facts]) -> Iterator[tuple[Facts, Facts]]:
    old = new = NOTHING
    while True:
        old = old if len(old) else next(old_parts, NOTHING)
        new = new if len(new) else next(new_parts, NOTHING)
        count = min(len(old), len(new))
        if not count or any((old[:count][name] != new[:count][name]).any() for name in ("series", "period")):
            return
        yield old[:count], new[:count]
        old, new = old[count:], new[count:]


def _revised(count: int, pairs: list[tuple[Facts, Facts]]) -> Difference:
    before, changed = (in_order(np.concatenate(facts)) for facts in zip(*pairs, strict=True))
    return Difference(count, NOTHING, changed, before, NOTHING)


# In any order


def _apart(before: sqlite3.Connection, after: sqlite3.Connection, bucket: int, skip: int) -> Iterator[Difference]:
    """The facts of a bucket after the first `skip`, range after range of series."""
    left = [sum(count for _, count in _sizes(db, bucket)) - skip for db in (before, after)]
    if not any(left):
        return
    whole = [bucket << SERIES_BITS, bucket + 1 << SERIES_BITS]
    cuts = whole if max(left) <= AT_ONCE else max(cut(before, bucket), cut(after, bucket), key=len)
    for first, last in pairwise(cuts):
        old, new = (_range(db, bucket, skip, first, last) for db in (before, after))
        yield _compare(old, new)


def _range(db: sqlite3.Connection, bucket: int, skip: int, first: int, last: int) -> Facts:
    parts = (part.compress((part["series"] >= first) & (part["series"] < last)) for part in _parts(db, bucket, skip))
    return in_order(np.concatenate([NOTHING, *parts]))


def _compare(old: Facts, new: Facts) -> Difference:
    old_keys, new_keys = keys_of(old), keys_of(new)
    there, at = _found(new_keys, old_keys)
    pairs_old, pairs_new = old.take(at[there]), new.compress(there)
    other = _differ(pairs_old, pairs_new)
    still, _ = _found(old_keys, new_keys)
    return Difference(len(new), new.compress(~there), pairs_new.compress(other), pairs_old.compress(other), old.compress(~still))


def _found(wanted: NDArray[np.int64], keys: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which of the wanted keys are among the sorted keys, and where."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted), dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[at] == wanted, at


# Both


def _parts(db: sqlite3.Connection, bucket: int, skip: int = 0) -> Iterator[Facts]:
    """The facts of a bucket after the first `skip`, as they were written; blocks that are skipped are not read."""
    for number, count in _sizes(db, bucket):
        if skip < count:
            (blob,) = db.execute("select facts from block where number = ?", (number,)).fetchone()
            yield np.frombuffer(blob, FACT)[skip:]
        skip = max(0, skip - count)


def _sizes(db: sqlite3.Connection, bucket: int) -> list[tuple[int, int]]:
    """The blocks of a bucket, and how many facts each has."""
    first = bucket << NUMBER_BITS
    query = "select number, length(facts) from block where number >= ? and number < ? order by number"
    return [(number, size // FACT.itemsize) for number, size in db.execute(query, (first, first + (1 << NUMBER_BITS)))]


def _differ(old: Facts, new: Facts) -> NDArray[np.bool_]:
    """Where value, status or quality differ; no value is equal to no value."""
    same: NDArray[np.bool_] = (old["value"] == new["value"]) | (np.isnan(old["value"]) & np.isnan(new["value"]))
    differ: NDArray[np.bool_] = ~same | (old["status"] != new["status"]) | (old["quality"] != new["quality"])
    return differ
