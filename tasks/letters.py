"""What is written to partners, in their language: the words come from `expectations/words/mail.<language>.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from babel.dates import format_date

import expectations
from expectations.partnership import Partnership
from sql import clock
from tasks.conclude import Submission, answer_key
from tasks.due import Member, Standing
from tasks.findings import Finding, tell
from tasks.outbox import Attached, Letter

MOST = 12


def answer_letter(
    submission: Submission, member: Member | None, partnership: Partnership, attached: Sequence[Attached], html: str
) -> Letter:
    """The message that answers a submission: result, what it means, the first findings, what to do next."""
    language = submission.language
    words = expectations.words("mail", language)
    states = expectations.words("workbook", language)["states"]
    spoken = sorted({part.period for part in submission.parts})
    said = {
        "office": partnership.organisation.name[language],
        "partner": member.name(language) if member else "",
        "period": ", ".join(spoken),
        "state": str(states[submission.state]).lower(),
        "received": day_in(clock.day_of(submission.received_at), language),
        "meaning": words["meaning"][submission.state],
        "next": words["next"][submission.state],
        "lines": "\n".join(_lines(submission, partnership, words, language)),
        "workbook": words["answer"]["workbook"] if any(file.name.endswith(".xlsx") for file in attached) else "",
    }
    key = answer_key(submission.number, submission.state)
    subject = words["answer"]["subject" if spoken else "subject_bare"].format(**said)
    about = f"{submission.partner or 'a partner'}, submission {submission.number}: {submission.state}"
    text = words["answer"]["text"].format(**said)
    return Letter(key, "answer", about, member.contact if member else "", subject, text, html, tuple(attached))


def _lines(submission: Submission, partnership: Partnership, words: dict[str, Any], language: str) -> list[str]:
    titles = {contract.name: contract.name_in(language) for contract in partnership.contracts()}
    told = []
    for part in submission.parts:
        counts = {"version": part.version, "rows": part.rows, "taken": part.taken, "waiting": part.waiting}
        told.append("- " + words["answer"]["line"].format(table=titles[part.contract], period=part.period, **counts))
    for contract, count in submission.astray:
        told.append("- " + words["answer"]["astray"].format(table=titles[contract], rows=count))
    asked = [finding for finding in submission.findings if finding.tier in ("must_fix", "confirm")]
    if asked:
        told.append("")
    for finding in asked[:MOST]:
        found, expected, fix = tell(finding, language)
        told.append("- " + words["answer"]["finding"].format(where=where_of(finding, words), found=found, expected=expected, fix=fix))
    if len(asked) > MOST:
        told.append("- " + words["answer"]["more"].format(n=len(asked) - MOST))
    return told


def where_of(finding: Finding, words: dict[str, Any]) -> str:
    """A cell as its partner finds it: the sheet, then the letter and the row."""
    bare = str(words["row"]).format(row=finding.row) if finding.row else ""
    cell = f"{finding.letter}{finding.row or ''}" if finding.letter else bare
    return ("!" if finding.letter else ", ").join(part for part in (finding.sheet, cell) if part) or str(words["whole_file"])


def template_letter(
    member: Member, period: str, due: date | None, count: int, partnership: Partnership, files: Sequence[Attached], *, again: str = ""
) -> Letter:
    """The message that brings a partner its workbook, and its own numbers so far; `again` makes another of the same period."""
    language = member.language
    words, book = expectations.words("mail", language), expectations.words("workbook", language)
    said = {
        "office": partnership.organisation.name[language],
        "partner": member.name(language),
        "period": period,
        "due": day_in(due, language) if due else words["no_due"],
        "count": count,
        "value": book["columns"]["value"],
        "not_collected": book["marks"]["not_collected"],
        "page": words["template"]["page"] if len(files) > 1 else "",
    }
    key = f"template/{member.code}/{period}{'/' + again if again else ''}"
    subject, text = words["template"]["subject"].format(**said), words["template"]["text"].format(**said)
    return Letter(key, "template", f"{member.code}, {period}", member.contact, subject, text, attached=tuple(files))


def reminder_letter(member: Member, standing: Standing, offset: int, metrics: Sequence[str], partnership: Partnership) -> Letter:
    """The message that reminds a partner of what it still owes, `offset` days from the due day."""
    language, owed = member.language, standing.owed
    words = expectations.words("mail", language)
    due, closes = owed.due_on, owed.closes_on
    assert due is not None
    assert closes is not None
    said: dict[str, Any] = {
        "office": partnership.organisation.name[language],
        "partner": member.name(language),
        "period": owed.period,
        "due": day_in(due, language),
        "closes": day_in(closes, language),
        "waiting": standing.waiting_rows,
        "metrics": "\n".join(f"- {metric}" for metric in metrics) or words["none"],
    }
    kind = "before" if offset < 0 else "after"
    came = {"refused": "refused", "partly_accepted": "partly"}.get(standing.state, "")
    said |= {"sentence": words["reminder"][kind].format(**said), "state": words["reminder"][came].format(**said) if came else ""}
    key = f"reminder/{member.code}/{owed.period}/{offset:+d}"
    subject = words["reminder"][f"subject_{kind}"].format(**said)
    return Letter(key, "reminder", f"{member.code}, {owed.period}", member.contact, subject, words["reminder"]["text"].format(**said))


def day_in(day: date, language: str) -> str:
    """A day as people write it."""
    return format_date(day, "long", locale=f"{language}_CA")
