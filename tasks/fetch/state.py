"""How the looks at a table went, as the ledger of sightings tells it: what is news, and what stays in force meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import Select, func, select

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock, ledger
from sql.warehouse import is_begun, reader

# Outcomes of a look that went well.
WELL = ("new", "unchanged")
# How the outcomes of the ledger are told; an outcome that is not here is told by its own name.
CLASSES = {"not_yet": "not yet"}
# So many sightings are looked through, which are some years of a table.
MOST_SIGHTINGS = 1000
# The parts of a table are asked one after the other, within this time.
ONE_LOOK = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class State:
    """How the last look at a table went, and what briefs read meanwhile.

    `outcome` is ok, not yet, unreachable or refused, and `since` when it began to be so; `was` is what it was before (ok for a table
    that was never looked at). `well_at`: the last look that went well. `published_at`: the publisher's time of the release in force.
    `newest`: the newest release; above `release` while it waits for a person.
    """

    outcome: str = "ok"
    since: str | None = None
    was: str = "ok"
    looked_at: str | None = None
    well_at: str | None = None
    release: int = 0
    published_at: str | None = None
    newest: int = 0

    def sentence(self) -> str:
        """What stays in force, and how old that is."""
        if not self.release:
            return "Nothing of this table has been loaded yet."
        of = f" of {clock.day_of(self.published_at)}" if self.published_at else f" {self.release}"
        return f"In force: release{of}, seen {_ago(self.well_at)}."


def state_of(partnership: Partnership, contract: Contract) -> State:
    """How the last look at a table went, since when it goes so, and the release in force."""
    if not is_begun(partnership.home):
        return State()
    with reader(partnership.home).connect() as connection:
        release = ledger.in_force(connection, contract.name)
        kept = ledger.release
        query = select(kept.c.released_at).where(kept.c.contract == contract.name, kept.c.release == release)
        published_at = connection.scalar(query) if release else None
        newest = connection.scalar(select(func.max(kept.c.release)).where(kept.c.contract == contract.name)) or 0
        rows = connection.execute(_sightings(contract)).tuples().all()
    looks = _looks(rows)
    if not looks:
        return State(release=release, published_at=published_at, newest=newest)
    outcome, looked_at = looks[0]
    same = list(takewhile(lambda look: look[0] == outcome, looks))
    was = looks[1][0] if len(looks) > 1 else "ok"
    well_at = next((at for said, at in looks if said == "ok"), None)
    return State(outcome, same[-1][1], was, looked_at, well_at, release, published_at, newest)


def is_news(partnership: Partnership, contract: Contract) -> bool:
    """True when the last look went another way than the one before; a table that was never looked at was well."""
    state = state_of(partnership, contract)
    return state.outcome != state.was


def _sightings(contract: Contract) -> Select[tuple[str, str, str]]:
    seen = ledger.sighting
    columns = select(seen.c.part, seen.c.outcome, seen.c.at).where(seen.c.contract == contract.name)
    return columns.order_by(seen.c.id.desc()).limit(MOST_SIGHTINGS)


def _looks(rows: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Outcome and time of each look, newest first.

    The sightings of several parts are one look, which is as bad as its worst part; what is noted of no part comes last in a look.
    """
    looks: list[tuple[str, str]] = []
    parts: set[str] = set()
    for part, outcome, at in rows:
        said = "ok" if outcome in WELL else CLASSES.get(outcome, outcome)
        if not looks or not part or part in parts or not _is_near(at, looks[-1][1]):
            looks.append((said, at))
            parts = set()
        elif looks[-1][0] == "ok":
            looks[-1] = (said, looks[-1][1])
        parts.add(part)
    return looks


def _is_near(earlier: str, later: str) -> bool:
    return datetime.fromisoformat(later) - datetime.fromisoformat(earlier) <= ONE_LOOK


def _ago(moment: str | None) -> str:
    """How long ago, in days of Toronto."""
    days = (clock.today() - clock.day_of(moment)).days if moment else None
    return {None: "never", 0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
