"""Markdown pages about partners for the Prefect UI: what came, who owes what, receipts, workbooks, reminders.

Lists, and tables of few columns, so that the pages read on a telephone too. No name of a file is ever on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from babel.dates import format_date, format_datetime

import expectations
from expectations import places
from expectations.partnership import Partnership
from flows import pages
from flows.partners import Collected
from sql import clock, periods
from tasks.conclude import Submission
from tasks.due import Standing
from tasks.findings import Finding, tell
from tasks.hand_out import HandedOut
from tasks.letters import where_of
from tasks.remind import Reminder, metric_names

STATES = {
    "accepted": "Accepted",
    "accepted_with_remarks": "Accepted with remarks",
    "partly_accepted": "**Partly accepted**",
    "pending": "**Waits for the office** (period closed)",
    "refused": "**Refused**",
    "withdrawn": "Withdrawn",
    "missing": "**Missing**",
    "awaited": "Awaited",
    "excused": "More time given",
}
DONE = ("accepted", "accepted_with_remarks")


def of_collected(found: Collected, partnership: Partnership) -> str:
    """What arrived, what became of each file, and where the period stands."""
    called = names_of(partnership)
    told = ["# Partner data", "", pages.summary(found.lines), ""]
    for submission in found.submissions:
        partner = called.get(submission.partner, submission.partner or "unknown partner")
        told.append(f"- {partner}: {STATES[submission.state]}, no. {submission.number}")
    others = [line for line in found.lines if not line.submission and line.message]
    told += [f"- {line.part or line.contract}: {pages.cell(line.message)}" for line in others]
    return "\n".join([*told, "", *of_standings(found.standings, found.period, partnership)])


def of_standings(standings: Sequence[Standing], period: str, partnership: Partnership) -> list[str]:
    """The state of a period as one table: who reported, on time or late, and what is still to come."""
    if not standings:
        return [f"## {period_in_words(period)}", "", "Nobody owes anything of it: see registers/reporting.csv."]
    done = [one for one in standings if one.answered and one.state != "withdrawn"]
    on_time = sum(one.is_on_time for one in done)
    due = standings[0].owed.due_on
    told = [f"## {period_in_words(period)}", ""]
    told += [
        f"{len(done)} of {len(standings)} partners reported, {on_time} on time. "
        + (f"Due on {day(due.isoformat())}." if due else "No due day.")
    ]
    called, metrics = names_of(partnership), metric_names(partnership, "en")
    told += ["", "| Partner | State | Still to come |", "|---|---|---|"]
    for one in sorted(standings, key=lambda one: (one.is_done, one.owed.partner)):
        late = "" if one.is_on_time or one.state not in ("accepted", "accepted_with_remarks", "partly_accepted") else ", late"
        waits = f", {one.waiting_rows} rows wait" if one.waiting_rows else ""
        missing = ", ".join(metrics.get(metric, metric) for metric in one.unanswered) or "nothing"
        told.append(f"| {called.get(one.owed.partner, one.owed.partner)} | {STATES[one.state]}{late}{waits} | {pages.cell(missing)} |")
    return told


def receipts(found: Collected, partnership: Partnership) -> dict[str, str]:
    """A page for each partner whose files were answered now, by the key of its artifact."""
    by_partner: dict[str, list[Submission]] = {}
    for submission in found.submissions:
        by_partner.setdefault(submission.partner or "unknown", []).append(submission)
    called = names_of(partnership)
    return {
        f"receipt-{partner.replace('_', '-')}": "\n\n".join(_receipt(one, called, partnership) for one in many)
        for partner, many in by_partner.items()
    }


def _receipt(submission: Submission, called: Mapping[str, str], partnership: Partnership) -> str:
    titles = {contract.name: contract.name_in("en") for contract in partnership.contracts()}
    told = [f"# {called.get(submission.partner, 'Unknown partner')}", ""]
    told += [f"**{STATES[submission.state].strip('*')}.** Submission {submission.number}, received {moment(submission.received_at)}."]
    if submission.parts:
        told += ["", "| Table, period, version | Rows |", "|---|---|"]
        told += [
            f"| {titles[part.contract]}, {part.period}, v{part.version} | {part.rows} read, {part.taken} taken, {part.waiting} wait |"
            for part in submission.parts
        ]
    else:
        told += ["", "Nothing of the file was kept."]
    words = expectations.words("mail", "en")
    asked = [finding for finding in submission.findings if finding.tier != "information"]
    told += ["", *[f"- {_said(finding, words)}" for finding in asked[: pages.MOST]]]
    if len(asked) > pages.MOST:
        told.append(f"- ... and {len(asked) - pages.MOST} more: see the workbook in `answers/{submission.partner}`")
    return "\n".join(told)


def _said(finding: Finding, words: dict[str, object]) -> str:
    found, expected, fix = tell(finding, "en")
    return pages.cell(f"{where_of(finding, words)}: {found}. Expected: {expected}. {fix}")


def of_handed_out(made: Sequence[HandedOut], partnership: Partnership, *, dry_run: bool) -> str:
    """Which workbooks were made, and which went into the outbox."""
    called = names_of(partnership)
    said = "Nothing was sent: this only made them." if dry_run else f"{sum(item.is_put for item in made)} were put into the outbox."
    told = ["# Templates", "", f"{len(made)} workbooks{' for ' + period_in_words(made[0].period) if made else ''}. {said}"]
    told += ["", "| Partner | Numbers asked | Sent |", "|---|--:|---|"]
    told += [
        f"| {called.get(item.partner, item.partner)} | {item.metrics} | {'yes' if item.is_put else item.why_not or 'no'} |" for item in made
    ]
    return "\n".join([*told, "", f"They lie in `templates/{made[0].period}`." if made else ""])


def of_reminders(said: Sequence[Reminder], partnership: Partnership, *, dry_run: bool) -> str:
    """Who is reminded, and who is not and why."""
    called = names_of(partnership)
    put = sum(item.is_put for item in said)
    head = "Nothing was sent: this only looked." if dry_run else f"{put} reminders were put into the outbox."
    told = ["# Reminders", "", f"{period_in_words(said[0].period)}. {head}" if said else "Nobody owes anything."]
    told += ["", "| Partner | State | Reminder |", "|---|---|---|"]
    for item in said:
        reminder = "sent" if item.is_put else f"no: {item.why_not}" if item.why_not else "would be sent"
        told.append(f"| {called.get(item.partner, item.partner)} | {STATES[item.state]} | {reminder} |")
    return "\n".join(told)


def names_of(partnership: Partnership) -> dict[str, str]:
    """Partners as people call them, fit for a page."""
    path = partnership.home / "registers" / "members.csv"
    return {row["partner"]: pages.cell(row["name_en"]) for row in places.rows(path, "partner", "name_en")}


def period_in_words(code: str) -> str:
    """A quarter as staff say it.

    >>> period_in_words("2026-Q3")
    'July to September 2026'
    """
    span = periods.parse(code)
    return f"{span.start:%B} to {span.end:%B %Y}"


def day(text: str) -> str:
    """A day as staff write it."""
    return format_date(clock.day_of(f"{text}T12:00:00Z"), "long", locale="en_CA")


def moment(stamp: str) -> str:
    """A moment in local time with its zone."""
    return format_datetime(clock.local(stamp), "d MMMM yyyy, HH:mm zzz", locale="en_CA")
