"""Who owes what by when: the calendar of partners' reports, and where each of them stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
from sqlalchemy import Connection, func, inspect, select

from expectations import places
from expectations.partnership import Partnership
from sql import clock, periods, submissions, warehouse
from sql.periods import Period
from sql.tables import tables
from tasks import Misuse


@dataclass(frozen=True, slots=True)
class Member:
    """A partner of the register of members."""

    code: str
    names: tuple[tuple[str, str], ...]
    language: str
    contact: str
    sector: str

    def name(self, language: str) -> str:
        return dict(self.names)[language]


@dataclass(frozen=True, slots=True)
class Owed:
    """What a partner is to report of a period: the metrics, and when. Periods before the calendar begins have no due day."""

    partner: str
    period: str
    metrics: tuple[str, ...]
    due_on: date | None
    closes_on: date | None


@dataclass(frozen=True, slots=True)
class Window:
    """Whether a partner's rows of a period are taken on a day.

    `state`: `before` the calendar begins (taken, nothing is due), `running` (the period is not over), `open`, `late` (after the due day,
    still taken), `closed`, or `let_in` by a named exception until a day.
    """

    state: str
    due_on: date | None = None
    closes_on: date | None = None
    let_in_by: str = ""
    let_in_until: date | None = None

    @property
    def takes(self) -> bool:
        return self.state != "closed"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partner stands with a period on a day.

    `state`: `awaited` (nothing came, and the due day is to come), `missing` (nothing came in time), `excused` (nothing came, and the
    office gave it more time), or that of its newest submission that was not refused, where there is one. `answered` are the metrics it
    gave a number or a mark for, `unanswered` those it still owes.
    """

    owed: Owed
    state: str
    version: int
    received_at: str
    is_on_time: bool
    answered: tuple[str, ...]
    unanswered: tuple[str, ...]
    waiting_rows: int
    excused_until: date | None = None

    @property
    def is_done(self) -> bool:
        """True when nothing more is asked: everything owed was accepted."""
        return self.state in ("accepted", "accepted_with_remarks") and not self.unanswered


def standings(partnership: Partnership, period: str, *, on: date | None = None) -> list[Standing]:
    """Where every partner that owes something of the period stands, by partner. Only accepted rows count as reported."""
    day = on or clock.today()
    debts = owed(partnership, period)
    if not warehouse.is_begun(partnership.home):
        return [_standing(partnership, debt, day, [], frozenset()) for debt in debts]
    with warehouse.reader(partnership.home).connect() as connection:
        if not inspect(connection).has_table(submissions.submission.name):
            return [_standing(partnership, debt, day, [], frozenset()) for debt in debts]
        there = reported(connection, partnership, period)
        return [_standing(partnership, debt, day, _parts(connection, debt), there.get(debt.partner, frozenset())) for debt in debts]


def refuse_strangers(partners: Collection[str], period: str, owing: Collection[str]) -> None:
    """`Misuse` when a partner that was named owes nothing of the period."""
    if strangers := sorted(set(partners) - set(owing)):
        raise Misuse(
            f"{', '.join(strangers)} {'owes' if len(strangers) == 1 else 'owe'} nothing of {period}. "
            f"There are: {', '.join(sorted(owing)) or 'none'}."
        )


def owed(partnership: Partnership, period: str) -> list[Owed]:
    """What each partner owes of a period: the metrics of the register of reporting in force in it, by partner."""
    span = periods.parse(period)
    registers = partnership.home / "registers"
    wanted: dict[str, set[str]] = {}
    asked = metrics_in(partnership, span)
    for row in places.rows(registers / "reporting.csv", "partner", "metric", "from", "to"):
        if row["metric"] in asked and _overlaps(row["from"], row["to"], span):
            wanted.setdefault(row["partner"], set()).add(row["metric"])
    due = due_on(partnership, period)
    closes = due + timedelta(days=partnership.reporting.closes_after_days) if due else None
    there = members(partnership, span)
    return [Owed(partner, period, tuple(sorted(metrics)), due, closes) for partner, metrics in sorted(wanted.items()) if partner in there]


def metrics_in(partnership: Partnership, span: Period) -> frozenset[str]:
    """The metrics of partners that are asked in a period: the annual ones in its last quarter only."""
    path = partnership.home / "registers" / "metrics.csv"
    ends_year = span.end.month == 12
    found = set()
    for row in places.rows(path, "metric", "frequency", "reporter"):
        if row["reporter"] != "backbone" and (row["frequency"] != "annual" or ends_year):
            found.add(row["metric"])
    return frozenset(found)


def members(partnership: Partnership, span: Period) -> dict[str, Member]:
    """The partners that were members at some time of the span."""
    path = partnership.home / "registers" / "members.csv"
    found = {}
    for row in places.rows(path, "partner", "name_en", "name_fr", "joined", "left", "language", "contact", "sector"):
        if _overlaps(row["joined"], row["left"], span):
            names = (("en", row["name_en"]), ("fr", row["name_fr"]))
            found[row["partner"]] = Member(row["partner"], names, row["language"], row["contact"], row["sector"])
    return found


def due_on(partnership: Partnership, period: str) -> date | None:
    """The day by which a period is to be reported; None before the calendar begins."""
    settings = partnership.reporting
    span = periods.parse(period)
    if not settings.first_period or span.start < periods.parse(settings.first_period).start:
        return None
    return working_day(span.end, settings.due_working_day)


def working_day(after: date, number: int) -> date:
    """The `number`-th working day after a day: Monday to Friday, without the public holidays of Ontario.

    >>> working_day(date(2026, 9, 30), 10).isoformat()
    '2026-10-15'
    """
    day = after
    while number:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in _holidays(day.year):
            number -= 1
    return day


def window(partnership: Partnership, partner: str, period: str, *, on: date | None = None) -> Window:
    """Whether the partner's rows of the period are taken on a day."""
    day = on or clock.today()
    if day <= periods.parse(period).end:
        return Window("running", due_on(partnership, period))
    due = due_on(partnership, period)
    if due is None:
        return Window("before")
    closes = due + timedelta(days=partnership.reporting.closes_after_days)
    by, until = _exception(partnership, partner, period, day)
    if day <= closes:
        return Window("open" if day <= due else "late", due, closes, by, until)
    return Window("let_in" if by else "closed", due, closes, by, until)


def _exception(partnership: Partnership, partner: str, period: str, day: date) -> tuple[str, date | None]:
    """Who gave the partner more time for a period, and until when; nobody where there is no such row any more."""
    path = partnership.home / "registers" / "exceptions.csv"
    for row in places.rows(path, "partner", "period", "until", "by") if path.is_file() else []:
        if row["partner"] == partner and row["period"] == period and date.fromisoformat(row["until"]) >= day:
            return row["by"], date.fromisoformat(row["until"])
    return "", None


def current_period(on: date | None = None) -> str:
    """The quarter that partners report now: the last one that is over.

    >>> current_period(date(2026, 11, 22))
    '2026-Q3'
    """
    day = on or clock.today()
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    last = first - timedelta(days=1)
    return f"{last.year}-Q{(last.month + 2) // 3}"


def reported(connection: Connection, partnership: Partnership, period: str) -> dict[str, frozenset[str]]:
    """By partner the metrics of a period that are in the warehouse now, with a number or a mark."""
    found: dict[str, set[str]] = {}
    there = set(inspect(connection).get_table_names())
    for contract in partnership.contracts():
        if not contract.is_partner or "metric" not in contract.columns:
            continue
        target = tables(contract)
        if target.facts.name not in there or target.series is None:
            continue
        query = (
            select(target.series.c.partner, target.series.c.metric)
            .join(target.facts, target.facts.c.series_id == target.series.c.series_id)
            .where(target.facts.c.period == periods.parse(period).id)
        )
        for partner, metric in connection.execute(query):
            found.setdefault(partner, set()).add(metric)
    return {partner: frozenset(metrics) for partner, metrics in found.items()}


def _standing(partnership: Partnership, debt: Owed, day: date, parts: list[dict[str, Any]], there: frozenset[str]) -> Standing:
    answered = tuple(metric for metric in debt.metrics if metric in there)
    unanswered = tuple(metric for metric in debt.metrics if metric not in there)
    excused = window(partnership, debt.partner, debt.period, on=day)
    if not any(part["version"] for part in parts):
        waits = debt.due_on is None or day <= debt.due_on
        state = "refused" if parts else "excused" if excused.let_in_until else "awaited" if waits else "missing"
        received = parts[-1]["received_at"] if parts else ""
        return Standing(debt, state, 0, received, False, answered, unanswered, 0, excused.let_in_until)
    # A refused file is no report: once something was reported, it does not change where the partner stands.
    newest = ([part for part in parts if part["state"] != "refused"] or parts)[-1]
    counted = [part for part in parts if part["state"] in submissions.ANSWERED]
    on_time = any(part["is_on_time"] is not False for part in counted)
    waiting = sum(part["waiting"] for part in parts if part["submission"] == newest["submission"])
    return Standing(
        debt, newest["state"], newest["version"], newest["received_at"], on_time, answered, unanswered, waiting, excused.let_in_until
    )


def _parts(connection: Connection, debt: Owed) -> list[dict[str, Any]]:
    """The parts of a partner's submissions for a period with their newest state, in the order they came; refused files among them."""
    part, one, state = submissions.submission_part, submissions.submission, submissions.submission_state
    last = select(state.c.submission, func.max(state.c.number).label("number")).group_by(state.c.submission).subquery()
    # A submission that was withdrawn has a state more than judgements.
    judged = select(part.c.submission, func.max(part.c.judgement).label("judgement")).group_by(part.c.submission).subquery()
    query = (
        select(part, state.c.state, one.c.received_at)
        .join(one, one.c.submission == part.c.submission)
        .join(judged, judged.c.submission == part.c.submission)
        .join(last, last.c.submission == part.c.submission)
        .join(state, (state.c.submission == last.c.submission) & (state.c.number == last.c.number))
        .where(part.c.judgement == judged.c.judgement)
        .where(part.c.partner == debt.partner, part.c.period == debt.period)
        .order_by(part.c.submission, part.c.contract)
    )
    found = [dict(row) for row in connection.execute(query).mappings()]
    # Of a file that the gate refused nothing is known but whose it was and when: it counts for the period that was reported then.
    bare = (
        select(one.c.submission, one.c.received_at)
        .join(last, last.c.submission == one.c.submission)
        .join(state, (state.c.submission == last.c.submission) & (state.c.number == last.c.number))
        .where(one.c.partner == debt.partner, state.c.state == "refused", one.c.submission.not_in(select(part.c.submission)))
        .order_by(one.c.submission)
    )
    for row in connection.execute(bare).mappings():
        if current_period(clock.day_of(row["received_at"])) == debt.period:
            found.append({**row, "version": 0, "state": "refused", "waiting": 0, "is_on_time": False})
    return found


def _overlaps(first: str, last: str, span: Period) -> bool:
    return (not first or date.fromisoformat(first) <= span.end) and (not last or date.fromisoformat(last) >= span.start)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CA", subdiv="ON", years=year))
