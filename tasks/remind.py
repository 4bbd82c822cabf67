"""Remind partners of what they still owe: before and after the due day, once each, and never when everything was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from expectations import places
from expectations.partnership import Partnership
from sql import clock, periods
from tasks.due import Member, Standing, members, refuse_strangers, standings
from tasks.letters import reminder_letter
from tasks.outbox import outbox, was_put


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder for a partner: which one (`offset` days from the due day), and whether it was put into the outbox now.

    `why_not` says why none goes out: it did already, none is due, everything is accepted, the office gave more time, no address.
    """

    partner: str
    period: str
    state: str
    due_on: str
    missing: tuple[str, ...]
    offset: int | None
    is_put: bool
    why_not: str


def remind(partnership: Partnership, period: str, *, partners: Sequence[str] = (), dry_run: bool, on: date | None = None) -> list[Reminder]:
    """What is to be said to each partner (or those named) about a period today, and unless `dry_run`, the letters put into the outbox.

    Of reminders that fell on days on which nothing ran, only the latest goes out. A refused file is no report: it is reminded of.
    `Misuse` for a partner that owes nothing.
    """
    day = on or clock.today()
    there = members(partnership, periods.parse(period))
    found = {standing.owed.partner: standing for standing in standings(partnership, period, on=day)}
    refuse_strangers(partners, period, found)
    return [
        _remind(partnership, standing, there[partner], day, dry_run)
        for partner, standing in found.items()
        if not partners or partner in partners
    ]


def _remind(partnership: Partnership, standing: Standing, member: Member, day: date, dry_run: bool) -> Reminder:
    owed = standing.owed
    offset = _offset(partnership, standing, day)
    why_not = _why_not(partnership, standing, member, offset, day)
    is_put = False
    if not why_not and offset is not None and not dry_run:
        names = metric_names(partnership, member.language)
        letter = reminder_letter(member, standing, offset, [names.get(metric, metric) for metric in standing.unanswered], partnership)
        is_put = outbox(letter, partnership)
    due = owed.due_on.isoformat() if owed.due_on else ""
    return Reminder(owed.partner, owed.period, standing.state, due, standing.unanswered, offset, is_put, why_not)


def _offset(partnership: Partnership, standing: Standing, day: date) -> int | None:
    """The latest reminder whose day has come."""
    due = standing.owed.due_on
    if due is None:
        return None
    come = [offset for offset in partnership.reporting.reminders if due + timedelta(days=offset) <= day]
    return max(come, default=None)


def _why_not(partnership: Partnership, standing: Standing, member: Member, offset: int | None, day: date) -> str:
    owed = standing.owed
    if standing.is_done:
        return "everything is accepted"
    if standing.state == "pending":
        return "its file waits for the office"
    if standing.excused_until and standing.excused_until >= day:
        return f"the office gave it time until {standing.excused_until}"
    if owed.closes_on and day > owed.closes_on:
        return "the period is closed"
    if offset is None:
        return "no reminder is due yet"
    if not member.contact:
        return "there is no address in registers/members.csv"
    if was_put(partnership, f"reminder/{owed.partner}/{owed.period}/{offset:+d}"):
        return "it was reminded already"
    return ""


def metric_names(partnership: Partnership, language: str) -> dict[str, str]:
    """The metrics as people call them; of a metric with several versions, the name of the newest."""
    path = partnership.home / "registers" / "metrics.csv"
    return {row["metric"]: row[f"name_{language}"] for row in places.rows(path, "metric", f"name_{language}")}
