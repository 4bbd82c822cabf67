"""What changed between two staging files is the same, however their facts lie in them: as a plain comparison of two dictionaries."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.load import delta
from tasks.load.delta import Difference, differences
from tasks.stage import blocks

Key = tuple[int, int]
Cell = tuple[float | None, int, int]
KEYS = st.tuples(st.integers(1, 3000), st.integers(-20, 20))
CELLS = st.tuples(st.sampled_from([None, 0.0, -0.0, 1.5, 2.0]), st.integers(0, 2), st.integers(0, 1))
FILE = st.dictionaries(KEYS, CELLS, max_size=150)


def file_of(content: list[tuple[Key, Cell]], *, first_row: int = 2) -> sqlite3.Connection:
    """A staging file in memory, its facts in this order."""
    db = sqlite3.connect(":memory:")
    written = blocks.Blocks(db)
    for start in range(0, len(content), 30):
        part = content[start : start + 30]
        keys, cells = [key for key, _ in part], [cell for _, cell in part]
        rows = range(first_row + start, first_row + start + len(part))
        columns = [[value for value, _, _ in cells], [status for _, status, _ in cells], [quality for _, _, quality in cells]]
        written.add(blocks.facts_of(list(rows), [series for series, _ in keys], [period for _, period in keys], *columns))
    written.flush()
    return db


def told(facts: blocks.Facts) -> dict[Key, Cell]:
    _, series, periods, *cells = blocks.columns_of(facts)
    return dict(zip(zip(series, periods, strict=True), zip(*cells, strict=True), strict=True))


def compared(found: list[Difference]) -> dict[str, dict[Key, Cell]]:
    return {name: told(np.concatenate([getattr(one, name) for one in found])) if found else {} for name in DELTA}


DELTA = ("new", "changed", "before", "gone")


def by_hand(old: dict[Key, Cell], new: dict[Key, Cell]) -> dict[str, dict[Key, Cell]]:
    both = [key for key in old if key in new and old[key] != new[key]]
    return {
        "new": {key: new[key] for key in new if key not in old},
        "changed": {key: new[key] for key in both},
        "before": {key: old[key] for key in both},
        "gone": {key: old[key] for key in old if key not in new},
    }


@given(FILE, FILE, st.sampled_from(["as it was", "sorted", "turned"]), st.integers(1, 60), st.integers(1, 90), st.integers(1, 90))
@example({(1, n): (1.5, 0, 0) for n in range(-20, 20)}, {(1, 20): (2.0, 0, 0)}, "as it was", 7, 11, 5)
@example({(5, 3): (1.5, 0, 0), (5, 4): (1.5, 0, 0)}, {}, "sorted", 7, 7, 9)
@settings(max_examples=150, deadline=None)
def test_it_is_what_two_dictionaries_say(
    old: dict[Key, Cell], edits: dict[Key, Cell], order: str, pending: int, pending_after: int, at_once: int
) -> None:
    """Revised, new and withdrawn facts, in the order of the file before or another, in blocks of other sizes, in ranges however small."""
    kept = {key: cell for number, (key, cell) in enumerate(old.items()) if order == "as it was" or number % 9}
    new = kept | edits
    content = sorted(new.items()) if order == "sorted" else list(new.items())[:: -1 if order == "turned" else 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "AT_ONCE", at_once)
        patch.setattr(delta, "AT_ONCE", at_once)
        patch.setattr(blocks, "PENDING", pending)
        before = file_of(list(old.items()))
        patch.setattr(blocks, "PENDING", pending_after)
        with closing(before), closing(file_of(content, first_row=9)) as after:
            found = list(differences(before, after))
    assert compared(found) == by_hand(old, new)
    assert sum(one.count for one in found) == len(new)


def month_by_month(months: int, revised: set[Key]) -> list[tuple[Key, Cell]]:
    """Two thousand series, as a publisher lists them: all of a month, then all of the next."""
    keys = [(series, month) for month in range(months) for series in range(2000)]
    return [(key, (2.0 if key in revised else 1.5, 0, 0)) for key in keys]


def test_a_file_in_the_order_of_the_one_before_is_not_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a new month added is; what changed is told in the order of its key, which is that of the table."""
    revised = {(1999, 3), (1, 7), (4, 2), (1500, 0)}
    sorted_: list[int] = []

    def noted(facts: blocks.Facts) -> blocks.Facts:
        sorted_.append(len(facts))
        return blocks.in_order(facts)

    monkeypatch.setattr(delta, "in_order", noted)
    with closing(file_of(month_by_month(12, set()))) as before, closing(file_of(month_by_month(13, revised))) as after:
        found = list(differences(before, after))
    assert [key for one in found for key in told(one.changed)] == [(1, 7), (4, 2), (1500, 0), (1999, 3)]
    assert sum(len(one.new) for one in found) == 2000
    assert sum(sorted_) <= 2000 + 2 * len(revised)


def test_what_waits_to_be_told_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When every cell of a table is another, no more of them are held at a time than a range has."""
    monkeypatch.setattr(delta, "AT_ONCE", 5000)
    monkeypatch.setattr(blocks, "PENDING", 2000)
    everything = {(series, month) for month in range(12) for series in range(2000)}
    with closing(file_of(month_by_month(12, set()))) as before, closing(file_of(month_by_month(12, everything))) as after:
        sizes = [len(one.changed) for one in differences(before, after)]
    assert sum(sizes) == len(everything)
    assert max(sizes) <= 5000 + 2000
