"""What a partner may learn of the group beside its own exact number: nothing that tells another partner's.

Who knows its own number, or that of a member it goes on for, knows the rest of a total to the rounding. So a total stands on a partner's
page only where the rest of it could be printed by itself, comes from enough other partners, and is not nearly all of one of them (the p %
rule of statistical offices, against an insider), unless that one agreed to have its own numbers shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from expectations.partnership import Partnership
from tasks.measure import Figure
from tasks.protect import ProtectedFigure, protect

Key = tuple[str, str]
LEAST_OTHERS = 3
# Of one hundred of the largest other number, how much the remaining ones must hide at least.
DOMINANCE = 10


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands on a partner's page for the group: a protected figure and, where it is not shown, why not.

    `why`: empty, `small`, `contributors`, `coverage` (as everywhere), `unpublished`, or `others` (withheld from this partner).
    """

    figure: ProtectedFigure
    why: str

    @property
    def is_shown(self) -> bool:
        return not self.why


def beside(
    figures: Sequence[Figure],
    values: Mapping[Key, Mapping[str, float]],
    *,
    knows: Set[str],
    open_handed: Set[Key],
    partnership: Partnership,
) -> dict[Key, Beside]:
    """By indicator and period what a partner is shown of totals, each made of the `values` of its partners.

    `knows` are those whose numbers it knows: itself, and whom it goes on for. `open_handed` are the metrics and partners that agreed to
    have their own numbers shown.
    """
    found: dict[Key, Beside] = {}
    rests: list[Figure] = []
    for figure, protected in zip(figures, protect(figures, partnership), strict=True):
        key = (figure.indicator, figure.period)
        others = {name: value for name, value in values.get(key, {}).items() if name not in knows and value > 0}
        found[key] = Beside(protected, _why(protected, others, {name for metric, name in open_handed if metric == figure.indicator}))
        rest = sum(others.values())
        rests.append(replace(figure, value=rest, lower=rest, upper=rest, contributors=len(others)))
    # What is left of a total without the partner's own number has to be printable by itself.
    for key, alone in zip(list(found), protect(rests, partnership), strict=True):
        if found[key].is_shown and not alone.is_shown:
            found[key] = Beside(found[key].figure, "others")
    return found


def _why(protected: ProtectedFigure, others: Mapping[str, float], open_handed: Set[str]) -> str:
    if not protected.is_shown:
        return protected.reason if protected.reason in ("small", "contributors", "coverage") else "unpublished"
    return "" if len(others) >= LEAST_OTHERS and not _tells_one(others, open_handed) else "others"


def _tells_one(others: Mapping[str, float], open_handed: Set[str]) -> bool:
    """True where the rest of the total tells the largest other number nearly."""
    largest = max(others, key=lambda name: (others[name], name))
    hidden = sum(others.values()) - others[largest]
    return largest not in open_handed and 100 * hidden < DOMINANCE * others[largest]
