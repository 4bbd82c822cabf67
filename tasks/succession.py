"""Which member goes on for one that left: the column `successor` of the register of members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from expectations import places
from expectations.partnership import Partnership


def heirs(rows: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Each member that has a successor, and who goes on for it in the end; members that succeed each other in a circle have none.

    >>> heirs([("m20", "m21"), ("m21", "m22"), ("m22", None), ("m30", "m31"), ("m31", "m30")])
    {'m20': 'm22', 'm21': 'm22'}
    """
    after = {partner: successor for partner, successor in rows if successor}
    lines = {partner: _line(partner, after) for partner in after}
    return {partner: line[-1] for partner, line in lines.items() if line[-1] not in after}


def heirs_of(partnership: Partnership) -> dict[str, str]:
    """The successions in the register of members as it is now."""
    return heirs(_successors(partnership).items())


def known_to(partnership: Partnership, partner: str) -> frozenset[str]:
    """The members whose numbers a partner knows: itself, and those it went on for, through others too."""
    after = _successors(partnership)
    return frozenset({partner, *(name for name in after if partner in _line(name, after))})


def _successors(partnership: Partnership) -> dict[str, str]:
    rows = places.rows(partnership.home / "registers" / "members.csv", "partner", "successor")
    return {row["partner"]: row["successor"] for row in rows if row["successor"]}


def _line(partner: str, after: Mapping[str, str]) -> list[str]:
    """Who came after a member, one after the other; in a circle each once."""
    found: list[str] = []
    while partner in after and after[partner] not in found:
        partner = after[partner]
        found.append(partner)
    return found


def only_predecessor(partner: str, given: Iterable[str], successions: Mapping[str, str]) -> str:
    """The one member of those that gave something for which `partner` goes on; nothing where there is none or several.

    Numbers of several cannot be told from one another by the one number that stands beside a cell, so none is shown or compared with.
    """
    found = sorted({name for name in given if successions.get(name) == partner})
    return found[0] if len(found) == 1 else ""
