"""Markdown pages about partners for the Prefect UI: what came, who owes what, receipts, workbooks, reminders.

Lists, and tables of few columns, so that the pages read on a telephone too. No name of a file is ever on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from babel.dates import format_date, format_datetime

import expectations
from expectations import places
from expectations.partnership import Partnership
from flows import pages
from flows.partners import Collected
from sql import clock, periods
from tasks.conclude import Part, Submission
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
NOBODY = "Unknown partner"
# So many metrics are named one by one; of more only their number is told, so that the table stays readable.
FEW = 3


def of_collected(found: Collected, partnership: Partnership, *, dry_run: bool = False, artifacts: Mapping[str, UUID] | None = None) -> str:
    """What arrived, what became of each file, and where the period stands. `artifacts`: the receipts that were made, by their keys."""
    called, titles, made = names_of(partnership), _titles(partnership), artifacts or {}
    told = ["# Partner data", "", summary(found, dry_run=dry_run), ""]
    if dry_run and _lying(found):
        told += ["To collect them, run it again with *Only look* switched off.", ""]
    for submission in found.submissions:
        partner = called.get(submission.partner, NOBODY)
        receipt = made.get(receipt_key(submission.partner))
        # To the receipt itself: the page of a key shows only when there were receipts, each by a piece of its number.
        link = f", [receipt](/v2/artifacts/artifact/{receipt})" if receipt else ""
        told.append(f"- {partner}: {STATES[submission.state]}, submission {submission.number}{link}")
    for line in found.lines:
        if not line.submission and line.message:
            # How many files lie there says all of a look.
            outcome = "" if line.outcome == "there" else f"{pages.WORDS[line.outcome]}. "
            told.append(f"- {_source(line.part or line.contract, called, titles)}: {outcome}{pages.cell(line.message)}")
    return "\n".join([*told, "", *of_standings(found.standings, found.period, partnership)])


def _source(name: str, called: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """Where files come from, with the names of partners and tables for their codes.

    >>> _source("p03, inbox", {"p03": "Sample College"}, {}), _source("inbox of partner_kitchen", {}, {"partner_kitchen": "Kitchen"})
    ('Sample College, inbox', 'Kitchen, inbox')
    """
    if (table := name.removeprefix("inbox of ")) in titles:
        return f"{pages.cell(titles[table])}, inbox"
    partner, comma, way = name.partition(",")
    return f"{called.get(partner, pages.cell(partner))}{comma}{pages.cell(way)}"


def summary(found: Collected, *, dry_run: bool = False) -> str:
    """One sentence: how many files came, and what became of them."""
    said, there = _counted(found.submissions), _lying(found)
    files = f"{many(len(found.submissions), 'file')}: {said}." if said else "Nothing new came."
    if dry_run:
        lying = f"{many(there, 'new file')} {'lies' if there == 1 else 'lie'} there" if there else "Nothing new lies there"
        files = f"{lying}. Nothing was taken in: this only looked."
    troubles = Counter(line.outcome for line in found.lines if line.is_bad and not line.submission)
    return " ".join([files, *(f"{pages.WORDS[outcome].strip('*')}: {count}." for outcome, count in troubles.items())])


def _lying(found: Collected) -> int:
    """How many new files a look found."""
    return sum(line.new for line in found.lines if line.outcome == "there")


def _counted(submissions: Sequence[Submission]) -> str:
    states = Counter(submission.state for submission in submissions)
    return ", ".join(f"{states[state]} {words.strip('*').lower()}" for state, words in STATES.items() if states[state])


def of_standings(standings: Sequence[Standing], period: str, partnership: Partnership) -> list[str]:
    """The state of a period as one table: who reported, on time or late, and what is still to come."""
    told = [f"## {period_in_words(period)}", ""]
    if not standings:
        return [*told, "Nobody owes anything of it: see registers/reporting.csv."]
    done = [one for one in standings if one.answered and one.state != "withdrawn"]
    on_time = sum(one.is_on_time for one in done)
    due = standings[0].owed.due_on
    until = f"Due on {day(due.isoformat())}." if due else "No due day."
    told += [f"{len(done)} of {len(standings)} partners reported, {on_time} on time. {until}"]
    called, metrics = names_of(partnership), metric_names(partnership, "en")
    told += ["", "| Partner | State | Still to come |", "|---|---|---|"]
    for one in sorted(standings, key=lambda one: (one.is_done, one.owed.partner)):
        late = "" if one.is_on_time or one.state not in ("accepted", "accepted_with_remarks", "partly_accepted") else ", late"
        waits = f", {many(one.waiting_rows, 'row')} waiting" if one.waiting_rows else ""
        missing = _missing(one, metrics)
        told.append(f"| {called.get(one.owed.partner, one.owed.partner)} | {STATES[one.state]}{late}{waits} | {pages.cell(missing)} |")
    return told


def _missing(one: Standing, metrics: Mapping[str, str]) -> str:
    """What a partner still owes: the names of a few metrics, else how many there are."""
    if len(one.unanswered) > FEW:
        return f"{'all ' if len(one.unanswered) == len(one.owed.metrics) else ''}{len(one.unanswered)} numbers"
    return "; ".join(metrics.get(metric, metric) for metric in one.unanswered) or "nothing"


def receipts(found: Collected, partnership: Partnership) -> dict[str, str]:
    """A page for each partner whose files were answered now, by the key of its artifact."""
    called, titles = names_of(partnership), _titles(partnership)
    return {
        receipt_key(partner): "\n".join([f"# {called.get(partner, NOBODY)}", *[line for one in sent for line in _receipt(one, titles)]])
        for partner, sent in _by_partner(found).items()
    }


def about_receipts(found: Collected, partnership: Partnership) -> dict[str, str]:
    """One line on each receipt, by the key of its artifact: the run's list of artifacts shows no other name of the partner."""
    called = names_of(partnership)
    return {receipt_key(partner): f"{called.get(partner, NOBODY)}: {_counted(sent)}" for partner, sent in _by_partner(found).items()}


def _by_partner(found: Collected) -> dict[str, list[Submission]]:
    sent: dict[str, list[Submission]] = {}
    for submission in found.submissions:
        sent.setdefault(submission.partner, []).append(submission)
    return sent


def _titles(partnership: Partnership) -> dict[str, str]:
    """Tables as people call them."""
    return {contract.name: contract.name_in("en") for contract in partnership.contracts()}


def receipt_key(partner: str) -> str:
    """The key of the artifact with a partner's receipts.

    >>> receipt_key("new_canadians_centre"), receipt_key("")
    ('receipt-new-canadians-centre', 'receipt-unknown')
    """
    return f"receipt-{(partner or 'unknown').replace('_', '-')}"


def _receipt(submission: Submission, titles: Mapping[str, str]) -> list[str]:
    told = ["", f"## {STATES[submission.state].strip('*')}: submission {submission.number}", ""]
    told += [f"Received {moment(submission.received_at)}.{'' if submission.is_kept else ' Nothing of the file was kept.'}"]
    astray = dict(submission.astray)
    for contract in dict.fromkeys([*(part.contract for part in submission.parts), *astray]):
        told += ["", f"| {pages.cell(titles[contract])} | Rows |", "|---|---|"]
        told += [_part(part) for part in submission.parts if part.contract == contract]
        told += (
            [f"| Period that cannot be read | 0 of {astray[contract]} taken, {astray[contract]} waiting |"] if contract in astray else []
        )
    words = expectations.words("mail", "en")
    asked = [finding for finding in submission.findings if finding.tier != "information"]
    told += ["", *[f"- {_said(finding, words)}" for finding in asked[: pages.MOST]]] if asked else []
    if len(asked) > pages.MOST:
        told.append(f"- ... and {len(asked) - pages.MOST} more: see the workbook in the partner's folder of answers")
    return told


def _part(part: Part) -> str:
    changed = many(len(part.differences), "number") + " otherwise than before" if part.differences and part.version > 1 else ""
    waiting = f"{part.waiting} waiting" if part.waiting else ""
    rows = ", ".join(word for word in (f"{part.taken} of {part.rows} taken", waiting, changed) if word)
    return f"| {period_in_words(part.period)}, version {part.version} | {rows} |"


def _said(finding: Finding, words: dict[str, object]) -> str:
    found, expected, fix = tell(finding, "en")
    return pages.cell(f"{where_of(finding, words)}: {found}. Expected: {expected}. {fix}")


def of_handed_out(made: Sequence[HandedOut], partnership: Partnership, *, dry_run: bool) -> str:
    """Which workbooks were made, and which went into the outbox."""
    if not made:
        return "# Templates\n\nNobody owes anything of that quarter: see registers/reporting.csv."
    called = names_of(partnership)
    count = sum(item.is_put for item in made)
    put = f"{count} of them put into the outbox." if count else "None of them was put into the outbox; the table says why."
    told = [
        "# Templates",
        "",
        f"{many(len(made), 'workbook')} for {period_in_words(made[0].period)}, in the folder `templates/{made[0].period}`.",
    ]
    only_made = f"Nothing was sent: this only made them.{_how_to_send(made, 'Only make them')}"
    told += ["", only_made if dry_run else put, "", "| Partner | Numbers asked for | Sent |", "|---|--:|---|"]
    told += [f"| {called.get(item.partner, item.partner)} | {item.metrics} | {_sent(item, 'sent')} |" for item in made]
    return "\n".join(told)


def of_reminders(said: Sequence[Reminder], partnership: Partnership, *, dry_run: bool) -> str:
    """Who is reminded, and who is not and why."""
    if not said:
        return "# Reminders\n\nNobody owes anything of that quarter: see registers/reporting.csv."
    called = names_of(partnership)
    due = f", due on {day(said[0].due_on)}" if said[0].due_on else ""
    put = f"{many(sum(item.is_put for item in said), 'reminder')} put into the outbox."
    told = ["# Reminders", "", f"Reports for {period_in_words(said[0].period)}{due}.", ""]
    only_looked = f"Nothing was sent: this only looked.{_how_to_send(said, 'Only look')}"
    told += [only_looked if dry_run else put, "", "| Partner | State | Reminder |", "|---|---|---|"]
    told += [
        f"| {called.get(item.partner, item.partner)} | {STATES[item.state]} | {_sent(item, 'reminded')} |"
        for item in sorted(said, key=lambda item: bool(item.why_not))
    ]
    return "\n".join(told)


def _how_to_send(items: Sequence[HandedOut | Reminder], switch: str) -> str:
    """What to do after a look, when there is anything to send."""
    return "" if all(item.why_not for item in items) else f"\n\nTo send them, run it again with *{switch}* switched off."


def _sent(item: HandedOut | Reminder, word: str) -> str:
    return f"**{word}**" if item.is_put else f"no: {item.why_not}" if item.why_not else f"would be {word}"


def many(count: int, noun: str) -> str:
    """A count of things.

    >>> many(1, "file"), many(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


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
    return format_datetime(clock.local(stamp), "MMMM d, yyyy, HH:mm zzz", locale="en_CA")
