"""What the checks ask of a whole table first, measured while its facts are written.

Extremes and counts, one row per file, and for each series its first and last period and how many cells it has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from expectations import Contract
from tasks.stage.blocks import Facts, keys_of

SPELL = np.dtype([("first", "i4"), ("last", "i4"), ("cells", "i4"), ("numbers", "i4")])
NONE_YET = (np.iinfo(np.int32).max, np.iinfo(np.int32).min, 0, 0)


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
        self._lowest, self._highest = np.inf, -np.inf
        self._fractions = self._off_rounding = self._unexplained = self._twins = 0
        self._spell = np.zeros(0, SPELL)

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
        whole = np.trunc(values)
        self._fractions += int(np.count_nonzero(whole != values)) - int(np.count_nonzero(blank))
        if self._rounding:
            odd = np.fmod(whole, self._rounding) != 0
            self._off_rounding += int(np.count_nonzero(odd & ~blank))

    def _take_spells(self, facts: Facts, blank: Facts) -> None:
        series, period = np.ascontiguousarray(facts["series"]), np.ascontiguousarray(facts["period"])
        most = int(series.max()) + 1
        if most > len(self._spell):
            grown = np.full(max(most, 2 * len(self._spell)), np.array(NONE_YET, SPELL))
            grown[: len(self._spell)] = self._spell
            self._spell = grown
        np.minimum.at(self._spell["first"], series, period)
        np.maximum.at(self._spell["last"], series, period)
        np.add.at(self._spell["cells"], series, 1)
        np.add.at(self._spell["numbers"], series, ~blank)

    def spells(self) -> list[tuple[int, int, int, int, int]]:
        """Series, its first and last period, its cells, and its cells with a number."""
        there = np.flatnonzero(self._spell["cells"])
        return [(series, *spell) for series, spell in zip(there.tolist(), self._spell[there].tolist(), strict=True)]

    def look_for_twins(self, facts: Facts) -> None:
        """Count the facts, sorted by key, that share their key with the one before."""
        keys = keys_of(facts)
        self._twins += int(np.count_nonzero(keys[1:] == keys[:-1]))

    def row(self) -> tuple[Any, ...]:
        """The columns of the table `file`; NULL for the extremes of a table without a number."""
        low = self._lowest if np.isfinite(self._lowest) else None
        high = self._highest if np.isfinite(self._highest) else None
        return (low, high, self._fractions, self._off_rounding, self._unexplained, self._twins)
