"""What changed between two staging files of one table, found without the warehouse: new, other and vanished facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.stage.blocks import Facts, buckets, cut, keys_of, range_of


@dataclass(frozen=True, slots=True)
class Difference:
    """Facts of a range of series: those that are new, those that say something else, what they said before, and those that are gone."""

    count: int
    new: Facts
    changed: Facts
    before: Facts
    gone: Facts


def differences(before: sqlite3.Connection, after: sqlite3.Connection) -> Iterator[Difference]:
    """Range after range of series. Both files number their series alike (see `numbered_alike`)."""
    for bucket in sorted({*buckets(before), *buckets(after)}):
        cuts = max(cut(before, bucket), cut(after, bucket), key=len)
        for first, last in pairwise(cuts):
            yield _compare(range_of(before, bucket, first, last), range_of(after, bucket, first, last))


def numbered_alike(before: dict[int, str], after: dict[int, str]) -> bool:
    """True when each series has one number in both files, given number to key."""
    both = before.keys() & after.keys()
    return all(before[number] == after[number] for number in both) and len(set(before.values()) & set(after.values())) == len(both)


def _compare(old: Facts, new: Facts) -> Difference:
    old_keys, new_keys = keys_of(old), keys_of(new)
    if len(old) == len(new) and bool((old_keys == new_keys).all()):
        other = _differ(old, new)
        return Difference(len(new), new[:0], new.compress(other), old.compress(other), old[:0])
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


def _differ(old: Facts, new: Facts) -> NDArray[np.bool_]:
    """Where value, status or quality differ; no value is equal to no value."""
    same: NDArray[np.bool_] = (old["value"] == new["value"]) | (np.isnan(old["value"]) & np.isnan(new["value"]))
    differ: NDArray[np.bool_] = ~same | (old["status"] != new["status"]) | (old["quality"] != new["quality"])
    return differ
