"""What may be printed of partners that reported two periods: their total then and now, or why it is withheld.

It is printed beside the totals of all only where it tells nobody's number: a total less that of the matched partners is the number of
those outside, so there are none of these or, then and now each, as many as the class asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sql import IndicatorHeader
from tasks.behind import Matched
from tasks.rounding import DisclosureClass, claim_of, class_of, part_of


class Total(Protocol):
    """A total as it is printed: what a change needs to know of it."""

    @property
    def is_shown(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def upper(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class ProtectedChange:
    """What may be printed of the partners that reported two periods: how many they are, and their total `then` (`period`) and `now`.

    With a `reason` the numbers are withheld. `is_same` says that the same partners reported both times: then `then` and `now` are the
    totals themselves.
    """

    period: str
    is_same: bool
    partners: int | None
    then: float | None
    now: float | None
    reason: str

    @property
    def is_shown(self) -> bool:
        return not self.reason


def change_of(matched: Matched, before: Total | None, now: Total, header: IndicatorHeader) -> ProtectedChange:
    """What is printed of partners matched between two periods, given the printed totals of both."""
    rule = class_of(header)
    is_same = matched.outside == (0, 0) and matched.partners > 0
    values = [part_of(count, rule) for count in (matched.then, matched.now)]
    reason = _untold(matched, (before, now), header, rule) or ("small" if None in values else "")
    if reason:
        return ProtectedChange(matched.period, is_same, matched.partners if is_same else None, None, None, reason)
    then, later = (None if value is None else float(value) for value in values)
    return ProtectedChange(matched.period, is_same, matched.partners, then, later, "")


def _untold(matched: Matched, totals: tuple[Total | None, Total], header: IndicatorHeader, rule: DisclosureClass) -> str:
    """Why nothing is said of the matched partners; a total that is not printed is not told by way of them either."""
    if header.never_with:
        return "pair"
    hidden = [total.reason if total else "publisher" for total in totals if total is None or not total.is_shown]
    if hidden:
        return hidden[0]
    if matched.partners == 0:
        return "contributors"
    if rule.contributors <= 1:
        return ""
    alone = [count for all_, count in zip(matched.outside, matched.outside_contributors, strict=True) if all_]
    if min(*matched.contributors, *alone) < rule.contributors:
        return "contributors"
    narrow = any(
        outside and _rest(total, count, rule) < max(rule.hide, rule.round - 1)
        for outside, total, count in zip(matched.outside, totals, (matched.then, matched.now), strict=True)
    )
    return "contributors" if narrow else ""


def _rest(total: Total | None, count: float, rule: DisclosureClass) -> float:
    """The most that a reader takes those outside to have reported: the printed total at its largest, the matched one at its least."""
    shown = part_of(count, rule)
    assert total is not None
    assert total.upper is not None
    return total.upper - (claim_of(shown, rule)[0] if shown is not None else 0)
