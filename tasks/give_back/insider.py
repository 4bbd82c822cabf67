"""What a partner may learn of the group beside its own exact number: nothing that tells another partner's.

Who knows its own number knows the rest of a total to the rounding. So a total stands on a partner's page only where the rest of it could
be printed by itself, comes from enough other partners, and is not nearly all of one of them (the p % rule of statistical offices, against
an insider), unless that one agreed to have its own numbers shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from expectations.partnership import Partnership
from tasks.measure import Figure
from tasks.protect import ProtectedFigure, protect

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


def beside(figure: Figure, values: Mapping[str, float], *, partner: str, open_handed: Set[str], partnership: Partnership) -> Beside:
    """What `partner` is shown of a total, made of the partners' `values`; those in `open_handed` agreed to show theirs."""
    protected = protect([figure], partnership)[0]
    if not protected.is_shown:
        return Beside(protected, protected.reason if protected.reason in ("small", "contributors", "coverage") else "unpublished")
    others = {name: value for name, value in values.items() if name != partner and value > 0}
    safe = len(others) >= LEAST_OTHERS and _is_printable(figure, others, partnership) and not _tells_one(others, open_handed)
    return Beside(protected, "" if safe else "others")


def _is_printable(figure: Figure, others: Mapping[str, float], partnership: Partnership) -> bool:
    """True where the total of the others alone could be printed."""
    rest = sum(others.values())
    alone = replace(figure, value=rest, lower=rest, upper=rest, contributors=len(others))
    return protect([alone], partnership)[0].is_shown


def _tells_one(others: Mapping[str, float], open_handed: Set[str]) -> bool:
    """True where the rest of the total tells the largest other number nearly."""
    largest = max(others, key=lambda name: (others[name], name))
    hidden = sum(others.values()) - others[largest]
    return largest not in open_handed and 100 * hidden < DOMINANCE * others[largest]
