"""What is in force of a partner table: each partner's own past, its peers', and the odd numbers that were explained.

A number is compared with its own up to four numbers before, and with what its peers' numbers did. Partners differ in size, so of a peer
only the growth counts: its number against the median of its own up to four before. The range is the median growth of at least five
peers, on the log scale, give or take three times their median deviation (made comparable with a standard deviation by 1.4826), and
never narrower than a factor of three: times what is usual for the partner itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, floor, log
from statistics import median

from sqlalchemy import inspect, select

from expectations import Contract
from expectations.partnership import Partnership
from sql import ledger, periods, submissions
from sql.tables import tables
from sql.warehouse import is_begun, reader
from tasks.succession import heirs_of, only_predecessor

WINDOW, LEAST_PEERS, DEVIATIONS, NARROWEST = 4, 5, 3 * 1.4826, log(3)
# A series is what its dimensions say, such as ("p01", "clients_served").
Series = tuple[str, ...]
Numbers = dict[int, float | None]


@dataclass(frozen=True, slots=True)
class Explained:
    """One explanation of the ledger: what was asked, from which period on, up to and including which, and the code of the reason."""

    first: int
    until: int
    until_period: str
    explanation: str


@dataclass(slots=True)
class Past:
    """Numbers in force by series and running number of the period, and explanations by series and rule."""

    numbers: dict[Series, Numbers] = field(default_factory=dict)
    # What the one member gave for which a partner goes on, under the partner's own series.
    inherited: dict[Series, Numbers] = field(default_factory=dict)
    explained: dict[tuple[Series, str], list[Explained]] = field(default_factory=dict)

    def of(self, series: Series) -> Numbers:
        """The numbers of a series; where it has none, what it inherited."""
        own, inherited = self.numbers.get(series, {}), self.inherited.get(series)
        return {**inherited, **own} if inherited else own

    def before(self, series: Series, at: int) -> list[float]:
        """The numbers of the four periods before, oldest first, without those that have none."""
        own = self.of(series)
        found = [own.get(at - back) for back in range(WINDOW, 0, -1)]
        return [number for number in found if number is not None]

    def explanation(self, series: Series, rule: str, at: int) -> Explained | None:
        """The explanation that still holds of what a rule asks in a period; the one that holds longest."""
        holding = [one for one in self.explained.get((series, rule), []) if one.first <= at <= one.until]
        return max(holding, key=lambda one: one.until, default=None)


def read_past(contract: Contract, partnership: Partnership, metrics: Iterable[str]) -> Past:
    """Everything in force of the metrics, of all partners."""
    past = Past()
    if not is_begun(partnership.home):
        return past
    target = tables(contract)
    series = target.series
    assert series is not None
    with reader(partnership.home).connect() as connection:
        there = inspect(connection)
        if there.has_table(series.name) and there.has_table(target.facts.name):
            rows = target.rows().alias("facts")
            names = [series.c[name] for name in contract.dimensions]
            query = select(*names, ledger.period.c.sequence, rows.c.value).select_from(
                rows.join(series, rows.c.series_id == series.c.series_id).join(ledger.period, ledger.period.c.period_id == rows.c.period)
            )
            for *labels, at, value in connection.execute(query.where(series.c.metric.in_(sorted(set(metrics))))):
                past.numbers.setdefault(tuple(labels), {})[at] = value
            past.inherited = _inherited(past.numbers, heirs_of(partnership))
        if there.has_table(submissions.explained.name):
            table, state = submissions.explained, submissions.submission_state
            withdrawn = select(state.c.submission).where(state.c.state == "withdrawn")
            query = select(table.c.series, table.c.rule, table.c.period, table.c.until_period, table.c.explanation)
            query = query.where(table.c.contract == contract.name, table.c.submission.not_in(withdrawn))
            for key, rule, first, until, explanation in connection.execute(query).tuples():
                told = Explained(place_of(first), place_of(until), until, explanation)
                past.explained.setdefault((tuple(key.split("/")), rule), []).append(told)
    return past


def _inherited(numbers: Mapping[Series, Numbers], successions: Mapping[str, str]) -> dict[Series, Numbers]:
    given: dict[Series, dict[int, dict[str, float | None]]] = {}
    for (partner, *labels), of in numbers.items():
        if heir := successions.get(partner):
            for at, number in of.items():
                given.setdefault((heir, *labels), {}).setdefault(at, {})[partner] = number
    found: dict[Series, Numbers] = {}
    for series, places in given.items():
        for at, of_partners in places.items():
            if giver := only_predecessor(series[0], of_partners, successions):
                found.setdefault(series, {})[at] = of_partners[giver]
    return found


def place_of(code: str) -> int:
    """The running number of a period."""
    return ledger.sequence_of(periods.parse(code))


def peers_range(series: Series, at: int, past: Past, others: Mapping[Series, Iterable[Series]]) -> tuple[int, int, int] | None:
    """How many peers there are and the least and most that would be like theirs; None where too few can be compared.

    Both ends are widened to a multiple of five, so that nothing of a peer can be worked out.
    """
    growths = [growth for peer in others[series[1:]] if peer[0] != series[0] and (growth := _growth(peer, at, past)) is not None]
    usual = _usual(series, at, past)
    if len(growths) < LEAST_PEERS or not usual:
        return None
    middle = median(growths)
    width = max(DEVIATIONS * median(abs(growth - middle) for growth in growths), NARROWEST)
    low, high = usual * exp(middle - width), usual * exp(middle + width)
    return len(growths), floor(low / 5) * 5, -floor(-high / 5) * 5


def _growth(series: Series, at: int, past: Past) -> float | None:
    now, usual = past.numbers[series].get(at), _usual(series, at, past)
    return log(now / usual) if now and usual else None


def _usual(series: Series, at: int, past: Past) -> float:
    before = past.before(series, at)
    return median(before) if len(before) > 1 else 0.0
