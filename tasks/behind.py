"""Which partners stand behind a figure: how many reported on time, and what those that reported two periods said then and now.

What is found here is from before disclosure control; `measure` hangs it on a figure, and `protect` lets of it out what may be printed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlalchemy import Connection, select, text
from sqlglot import exp

from sql import Query, ledger, lineage, periods, submissions
from tasks.succession import heirs

TOTAL, COVERAGE, MEMBERS = "partner_total", "partner_coverage", "members"
# How many periods back a total is compared: with the one before, and with the same quarter a year before.
BACK = (1, 4)


@dataclass(frozen=True, slots=True)
class Matched:
    """A total of the partners that gave a number for two periods, in the earlier one (`period`) and in the figure's own.

    Each pair is of then and now: `contributors` are those of them that gave more than nothing, `outside` the partners that gave a
    number for that period only, `outside_contributors` those of these that gave more than nothing.
    """

    period: str
    then: float
    now: float
    partners: int
    contributors: tuple[int, int]
    outside: tuple[int, int]
    outside_contributors: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Behind:
    """What partners gave: by metric and period each partner's number; by partner and period whether it came on time; whose a release is.

    A partner and who goes on for it (`successions`) are compared as one: else the one that left would stand alone outside of what is
    matched, and its number could be told.
    """

    reports: Mapping[tuple[str, str], Mapping[str, float]]
    punctual: Mapping[tuple[str, str], bool]
    partners: Mapping[tuple[str, int], str]
    successions: Mapping[str, str] = field(default_factory=dict)

    def on_time(self, metric: str, period: str, trails: Sequence[lineage.Trail], reporters: int | None) -> int | None:
        """How many of those behind a figure reported on time; None where nothing was due, nobody reported, or it is not known of all."""
        names = set(self.reports.get((metric, period), {})) if metric else self._names(trails)
        if not names or len(names) != reporters or any((name, period) not in self.punctual for name in names):
            return None
        return sum(self.punctual[name, period] for name in names)

    def _names(self, trails: Sequence[lineage.Trail]) -> set[str]:
        """The partners whose files hold the rows, but for rows that say that there is no number."""
        return {
            self.partners[trail.contract, trail.release]
            for trail in trails
            if (trail.contract, trail.release) in self.partners and not trail.mark
        }

    def group(self, metric: str, period: str) -> str:
        """A mark that is alike where the same partners reported; their codes do not leave."""
        names = sorted(self._as_now(metric, period))
        return hashlib.sha256("/".join(names).encode()).hexdigest()[:16] if metric else ""

    def _as_now(self, metric: str, period: str) -> dict[str, float]:
        """Each partner's number, under the name of who goes on for it."""
        found: dict[str, float] = {}
        for name, value in self.reports.get((metric, period), {}).items():
            heir = self.successions.get(name, name)
            found[heir] = found.get(heir, 0.0) + value
        return found

    def matched(self, metric: str, period: str) -> tuple[Matched, ...]:
        """The comparisons of a total with earlier periods of the same length, the nearest first."""
        there = {_position(code): code for name, code in self.reports if name == metric}
        return tuple(
            _match(there[before], self._as_now(metric, there[before]), self._as_now(metric, period))
            for before in (_position(period) - back for back in BACK if metric and (metric, period) in self.reports)
            if before in there and periods.parse(there[before]).frequency == periods.parse(period).frequency
        )


def behind(connection: Connection, queries: Iterable[Query], partner_tables: Iterable[str], known_at: str | None) -> Behind:
    """What is known at a moment; the views of the warehouse stand in the connection."""
    table = ledger.release
    releases = connection.execute(select(table.c.contract, table.c.release, table.c.part).where(table.c.contract.in_(list(partner_tables))))
    found: dict[tuple[str, str], dict[str, float]] = {}
    successions: dict[str, str] = {}
    if any(query.name == COVERAGE for query in queries):
        successions = heirs(connection.execute(text(f"select partner, successor from {MEMBERS}")).tuples())
        for row in connection.execute(text(f"select metric, period, partner, value, reported from {COVERAGE}")).mappings():
            of = found.setdefault((row["metric"], row["period"]), {})
            if row["reported"]:
                of[row["partner"]] = float(row["value"])
    partners = {(contract, release): part for contract, release, part in releases.tuples()}
    return Behind(found, submissions.punctual(connection, known_at), partners, successions)


def metric_of(query: Query) -> str:
    """The metric of an indicator that is a plain total over partners: it reads the totals alone and fixes one metric; else nothing.

    >>> from sql import read_all
    >>> metric_of(read_all()["clients_served"]), metric_of(read_all()["welcome_pass_use"]), metric_of(read_all()["pgwp_year"])
    ('clients_served', '', '')
    """
    tree = sqlglot.parse_one(query.text, dialect="postgres")
    if query.reads != {TOTAL} or query.indicator.kind == "ratio" or not isinstance(tree, exp.Select):
        return ""
    where = tree.args.get("where")
    fixed = where.this if where else None
    plain = "value" in {column.name for column in tree.expressions if isinstance(column, exp.Column)}
    more = any(tree.args.get(key) for key in ("joins", "group", "having", "with_", "with", "limit", "distinct"))
    if not plain or more or not isinstance(fixed, exp.EQ) or not isinstance(fixed.expression, exp.Literal):
        return ""
    return str(fixed.expression.this) if isinstance(fixed.this, exp.Column) and fixed.this.name == "metric" else ""


def _match(period: str, then: Mapping[str, float], now: Mapping[str, float]) -> Matched:
    both = then.keys() & now.keys()
    sides = (then, now)
    outside = [{name: value for name, value in side.items() if name not in both} for side in sides]
    return Matched(
        period=period,
        then=sum(then[name] for name in both),
        now=sum(now[name] for name in both),
        partners=len(both),
        contributors=_pair(sum(side[name] > 0 for name in both) for side in sides),
        outside=_pair(len(side) for side in outside),
        outside_contributors=_pair(sum(value > 0 for value in side.values()) for side in outside),
    )


def _pair(counts: Iterable[int]) -> tuple[int, int]:
    then, now = counts
    return then, now


def _position(code: str) -> int:
    return ledger.sequence_of(periods.parse(code))
