"""Find keys that stand twice in a file that is read block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
LARGEST_GRID = 1 << 28


class Grid:
    """A mark for each period and series that was seen: a byte a cell, as long as the table is not too thin for that."""

    def __init__(self) -> None:
        self._cells = np.zeros((0, 0), dtype=bool)
        self._place: dict[int, int] = {}

    def sees_again(self, periods: list[int], which: Numbers, series: Numbers) -> bool:
        """Mark the cells of rows, given the position in `periods` and the number of the series of each; True when one was marked, or
        when there are too many cells to tell."""
        if not len(series):
            return False
        places = np.array([self._place.setdefault(period, len(self._place)) for period in periods], dtype=np.int64)
        if not self._fits(len(self._place), int(series.max()) + 1):
            return True
        at = places[which] * self._cells.shape[1] + series
        flat = self._cells.reshape(-1)
        if flat[at].any():
            return True
        flat[at] = True
        return not (at[1:] > at[:-1]).all() and len(np.unique(at)) < len(at)

    def _fits(self, periods: int, series: int) -> bool:
        high, wide = self._cells.shape
        if periods <= high and series <= wide:
            return True
        high = max(high, periods + periods // 2) if periods > high else high
        wide = max(wide, series + series // 4) if series > wide else wide
        if high * wide > LARGEST_GRID:
            return False
        grown = np.zeros((high, wide), dtype=bool)
        grown[: self._cells.shape[0], : self._cells.shape[1]] = self._cells
        self._cells = grown
        return True


class Keys:
    """Every key that was seen, for a file that has one twice: says which."""

    def __init__(self) -> None:
        self._seen: list[Numbers] = []

    def add(self, periods: Numbers, series: Numbers) -> None:
        self._seen.append(periods * (1 << 32) + series)

    def twice(self) -> tuple[int, int, int] | None:
        """How many keys stand twice, and period and series of the first; None when there are none."""
        keys: NDArray[Any] = np.concatenate(self._seen) if self._seen else np.zeros(0, dtype=np.int64)
        self._seen = []
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]]
        if not len(twice):
            return None
        return len(twice), int(twice[0]) >> 32, int(twice[0]) & 0xFFFFFFFF
