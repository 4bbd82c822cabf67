"""What the checks ask of a whole table first, measured while its facts are written.

Extremes and counts, one row per file, and for each series its first and last period and how many cells it has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from expectations import Contract
from tasks.stage.blocks import Facts, keys_of

LATEST, EARLIEST = int(np.iinfo(np.int32).max), int(np.iinfo(np.int32).min)


class Profile:
    """Extremes of the values, and how many facts are odd in ways that a rule may ask about. A count of 0 clears all rows at once."""

    columns = (
        ("lowest", "real"),
        ("highest", "real"),
        ("fractions", "integer"),
        ("off_rounding", "integer"),
        ("unexplained", "integer"),
        ("twins", "integer"),
    )

    def __init__(self, contract: Contract) -> None:
        self._rounding = contract.rounding
        self._is_whole = contract.measure is not None and contract.columns[contract.measure].type == "integer"
        self._lowest, self._highest = np.inf, -np.inf
        self._fractions = self._off_rounding = self._unexplained = self._twins = 0
        self._first, self._last = np.zeros(0, np.int32), np.zeros(0, np.int32)
        self._cells, self._numbers = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._latest = EARLIEST

    def take(self, facts: Facts) -> None:
        """Measure facts."""
        if not len(facts):
            return
        values = np.ascontiguousarray(facts["value"])
        self._lowest = min(self._lowest, float(np.fmin.reduce(values, initial=np.inf)))
        self._highest = max(self._highest, float(np.fmax.reduce(values, initial=-np.inf)))
        blank = np.isnan(values)
        self._unexplained += int(np.count_nonzero(blank & (facts["status"] == 0)))
        self._take_spells(facts, blank)
        if not (self._is_whole or self._rounding):
            return
        whole = np.trunc(values)
        self._fractions += int(np.count_nonzero(whole != values)) - int(np.count_nonzero(blank))
        if self._rounding:
            odd = np.fmod(whole, self._rounding) != 0
            self._off_rounding += int(np.count_nonzero(odd & ~blank))

    def _take_spells(self, facts: Facts, blank: Facts) -> None:
        series, period = facts["series"].astype(np.int64), np.ascontiguousarray(facts["period"])
        most = max(int(series.max()) + 1, len(self._cells))
        self._first, self._last = _longer(self._first, most, LATEST), _longer(self._last, most, EARLIEST)
        if bool((period[1:] >= period[:-1]).all()) and period[0] >= self._latest:
            # In the order of time, as publishers write: the last one wins, and the first of a series that had none.
            self._last[series] = period
            new = self._first[series] == LATEST
            self._first[series[new][::-1]] = period[new][::-1]
        else:
            np.minimum.at(self._first, series, period)
            np.maximum.at(self._last, series, period)
        self._latest = max(self._latest, int(period.max()))
        self._cells = np.bincount(series, minlength=most) + _longer(self._cells, most, 0)
        self._numbers = np.bincount(series[~blank], minlength=most) + _longer(self._numbers, most, 0)

    def spells(self) -> list[tuple[int, int, int, int, int]]:
        """Series, its first and last period, its cells, and its cells with a number."""
        there = np.flatnonzero(self._cells)
        columns = [there, *(column[there] for column in (self._first, self._last, self._cells, self._numbers))]
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def look_for_twins(self, facts: Facts) -> None:
        """Count the facts, sorted by key, that share their key with the one before."""
        keys = keys_of(facts)
        self._twins += int(np.count_nonzero(keys[1:] == keys[:-1]))

    def row(self) -> tuple[Any, ...]:
        """The columns of the table `file`; NULL for the extremes of a table without a number, and for what no rule of the contract asks."""
        low = self._lowest if np.isfinite(self._lowest) else None
        high = self._highest if np.isfinite(self._highest) else None
        fractions = self._fractions if self._is_whole else None
        off_rounding = self._off_rounding if self._rounding else None
        return (low, high, fractions, off_rounding, self._unexplained, self._twins)


def _longer(column: Facts, length: int, fill: int) -> Facts:
    """A column that is at least so long."""
    if len(column) >= length:
        return column
    return np.concatenate([column, np.full(length - len(column), fill, dtype=column.dtype)])
