"""The receipt of a submission: what came, when, by which way, its version, and what became of it, in the partner's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from expectations import Contract
from expectations.partnership import Partnership
from tasks import Misuse
from tasks.conclude import Difference, Part, Submission
from tasks.findings import TIERS, Finding, counted
from tasks.render.leaf import Leaf, make_leaf
from tasks.voice import Voice, speak

# A finding in a language: what was found, what was expected, how to mend it.
Tell = Callable[[Finding, str], tuple[str, str, str]]
Receipt = Leaf

MOST_PARTS, MOST_DIFFERENCES, MOST_FINDINGS = 12, 20, 30
PROOF = 16  # signs of the keyed digest
# How much of a partner's own text is quoted.
FOUND, SAID = 160, 400
_CODE = re.compile(r"[a-z][a-z0-9_]*")


def receipt(submission: Submission, partnership: Partnership, *, tell: Tell) -> Receipt:
    """The receipt as PDF and web page; the same submission gives the same bytes. `tell` says a finding in a language.

    Of a refused file it names detector, place, count and rows: `tell` is given what the gate found, which holds no value.
    """
    if submission.partner and not _CODE.fullmatch(submission.partner):
        raise Misuse(
            f"submission {submission.number}: its partner is no code of the register of members, so no receipt can be named after it"
        )
    voice = speak("receipt", partnership, partner=submission.partner, wished=submission.language)
    words = voice.words
    title = _title(submission, voice)
    day = voice.local(submission.concluded_at).date()
    return make_leaf(
        "receipt.html",
        name="-".join(filter(None, (f"receipt-{submission.number}", submission.partner, submission.state))),
        title=title,
        language=voice.code,
        day=day.isoformat(),
        author=voice.organisation,
        most=2,
        words=words,
        head=_head(submission, voice, voice.language.day(day)),
        meaning=(words["meaning"][submission.state], words["next"][submission.state]),
        is_gone=_is_gone(submission),
        keys=_keys(submission, voice),
        facts=_facts(submission, voice),
        parts=_parts(submission, voice),
        differences=_differences(submission, voice),
        tiers=_tiers(submission, voice, tell),
        more=_more(submission, voice),
        ask=words["questions"]["ask"].format(contact=voice.contact, number=submission.number),
        web=partnership.organisation.web,
    )


def _is_gone(submission: Submission) -> bool:
    """True of a file that the gate refused: nothing of it is kept."""
    return submission.state == "refused" and not submission.is_kept


def _title(submission: Submission, voice: Voice) -> str:
    state = voice.states[submission.state]
    codes = sorted({part.period for part in submission.parts})
    if len(codes) != 1:
        return str(voice.words["title_bare"]).format(state=state)
    text = str(voice.words["title"]).format(period=voice.language.period(codes[0]), state=state)
    return text[0].upper() + text[1:]


def _head(submission: Submission, voice: Voice, day: str) -> dict[str, str]:
    """Masthead, footer and band: what stands on every page."""
    words, proof = voice.words, _proof(submission)
    said = {"organisation": voice.organisation, "number": submission.number, "date": day, "proof": proof}
    partner = f" · {submission.partner}" if submission.partner else ""
    return {
        "organisation": voice.organisation,
        "serial": words["serial"].format(**said),
        "addressee": words["addressee"].format(partner=voice.partner or words["facts"]["nobody"]),
        "aside": words["aside"],
        "flag": voice.sample if submission.is_sample else "",
        "footer": words["footer"].format(**said, partner=partner, versions=_versions(submission.parts, voice)),
        "page": voice.language.words["page"],
    }


def _versions(parts: tuple[Part, ...], voice: Voice) -> str:
    """The versions of the first two periods, and of how many more there are."""
    told = dict.fromkeys(voice.words["version"].format(period=part.period, version=part.version) for part in parts)
    listed = list(told)[:2]
    if len(told) > len(listed):
        listed.append(voice.words["more_versions"].format(count=len(told) - len(listed)))
    return str(voice.words["versions"]).format(list=", ".join(listed)) if listed else ""


def _proof(submission: Submission) -> str:
    digest = submission.digest[:PROOF]
    return "\u00a0".join(digest[i : i + 4] for i in range(0, len(digest), 4))


def _keys(submission: Submission, voice: Voice) -> list[tuple[str, str, str, bool]]:
    """The three numbers at the top: number, what it counts, against what, and whether it asks for something."""
    if _is_gone(submission):
        return []
    words, number = voice.words["keys"], voice.language.number
    rows, taken, waiting = submission.rows, submission.taken, submission.waiting
    count = {tier: sum(finding.tier == tier for finding in submission.findings) for tier in ("must_fix", "confirm", "note")}
    office = "waiting_office" if submission.state == "pending" else "waiting"
    return [
        (number(taken), words["taken"], words["taken_note"].format(rows=number(rows)), False),
        (number(waiting), words[office], words[f"{office}_note"] if waiting else "", waiting > 0),
        (number(sum(count.values())), words["remarks"], words["remarks_note"].format(**count), count["must_fix"] > 0),
    ]


def _facts(submission: Submission, voice: Voice) -> list[tuple[str, str, str]]:
    """Label, text and a note for each line of what was received."""
    words = voice.words["facts"]
    known = bool(submission.partner and voice.partner)
    form = voice.words["forms"].get(submission.form, submission.form)
    channel = voice.words["channels"].get(submission.channel, submission.channel)
    partner = words["partner_is"].format(name=voice.partner, code=submission.partner) if known else submission.partner or words["nobody"]
    way = voice.words["way"].format(channel=channel, form=form) if form else channel
    return [
        (words["partner"], partner, ""),
        (words["number"], words["number_is"].format(number=submission.number), ""),
        (words["received"], voice.moment(submission.received_at), ""),
        (words["way"], way, ""),
        (words["concluded"], voice.moment(submission.concluded_at), ""),
        (words["state"], voice.states[submission.state], ""),
        (words["proof"], _proof(submission), words["proof_is"]),
    ]


def _parts(submission: Submission, voice: Voice) -> list[dict[str, Any]]:
    contracts = {contract.name: contract for contract in voice.partnership.contracts()}
    found = [_part(part, contracts.get(part.contract), voice) for part in submission.parts[:MOST_PARTS]]
    return found + [_astray(contracts.get(name), name, count, voice) for name, count in submission.astray]


def _part(part: Part, contract: Contract | None, voice: Voice) -> dict[str, Any]:
    words = voice.words["parts"]
    on_time = words["not_asked"] if part.is_on_time is None else words["yes"] if part.is_on_time else words["no"]
    notes = [words["let_in"].format(by=part.let_in_by)] if part.let_in_by else []
    notes += [words["same_as"].format(version=part.same_as)] if part.same_as else []
    return {
        "table": contract.title[voice.code] if contract else part.contract,
        "period": voice.language.period_short(part.period),
        "numbers": [voice.language.number(n) for n in (part.version, part.rows, part.taken, part.waiting)],
        "due": voice.day(part.due_on) if part.due_on else words["no_due"],
        "on_time": on_time,
        "notes": notes,
    }


def _astray(contract: Contract | None, name: str, count: int, voice: Voice) -> dict[str, Any]:
    """The rows of a table whose period cannot be read."""
    words, number = voice.words["parts"], voice.language.number
    return {
        "table": contract.title[voice.code] if contract else name,
        "period": words["astray"],
        "numbers": [words["none"], number(count), number(0), number(count)],
        "due": words["none"],
        "on_time": words["none"],
        "notes": [],
    }


def _differences(submission: Submission, voice: Voice) -> list[tuple[str, str, str, str]]:
    """Period, number, before and now of the first differences."""
    found = [difference for part in submission.parts for difference in part.differences][:MOST_DIFFERENCES]
    return [
        (
            voice.language.period_short(one.period),
            _series(one, submission.partner, voice),
            _said(one.was, voice, "not_there"),
            _said(one.now, voice, "stays"),
        )
        for one in found
    ]


def _said(text: str, voice: Voice, otherwise: str) -> str:
    return voice.value(text) if text else str(voice.words["differences"][otherwise])


def _series(difference: Difference, partner: str, voice: Voice) -> str:
    """What a number counts: the name of its metric, and its groups by their codes."""
    return ", ".join(voice.metrics.get(code, code) for code in difference.series if code != partner)


def _tiers(submission: Submission, voice: Voice, tell: Tell) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """The first findings by tier: its code, its heading, and what is told of each."""
    order = list(TIERS.values())
    first = sorted(submission.findings, key=lambda finding: order.index(finding.tier))[:MOST_FINDINGS]
    told = [(finding.tier, _told(finding, submission, voice, tell)) for finding in first]
    return [(tier, voice.words["findings"][tier], [said for its, said in told if its == tier]) for tier in order if tier in dict(told)]


def _told(finding: Finding, submission: Submission, voice: Voice, tell: Tell) -> dict[str, Any]:
    found, expected, fix = tell(finding, voice.code)
    period = dict(finding.values).get("period", "")
    return {
        "where": _where(finding, voice, is_gone=_is_gone(submission)),
        "period": voice.period(period) if period and not _is_gone(submission) else "",
        "found": voice.cut(found, FOUND),
        "expected": voice.cut(expected, SAID),
        "fix": voice.cut(fix, SAID),
    }


def _where(finding: Finding, voice: Voice, *, is_gone: bool) -> list[str]:
    """Sheet, column and row as the spreadsheet shows them, then the further rows. Of a refused file no heading is named."""
    words = voice.words["findings"]
    if finding.letter and finding.row:
        place = [words["cell"].format(letter=finding.letter, row=finding.row)]
    else:
        column = (
            words["column"].format(letter=finding.letter) if finding.letter else "" if is_gone else voice.columns.get(finding.column, "")
        )
        place = [column, words["row"].format(row=finding.row) if finding.row else ""]
    lines = [", ".join(filter(None, [finding.sheet, *place])) or words["whole_file"]]
    if finding.more:
        lines.append(words["rows_at"].format(rows=_listed(finding.more)))
    if finding.rows > 1 + len(finding.more):
        lines += [
            words["counted"].format(count=told) for told in [counted(finding, voice.code, voice.language.number(finding.rows))] if told
        ]
    return lines


def _listed(rows: Iterable[int]) -> str:
    return ", ".join(str(row) for row in rows)


def _more(submission: Submission, voice: Voice) -> dict[str, str]:
    """How many parts, differences and findings are not listed."""
    differences = sum(len(part.differences) for part in submission.parts)
    counts = {
        "parts": len(submission.parts) - MOST_PARTS,
        "differences": differences - MOST_DIFFERENCES,
        "findings": len(submission.findings) - MOST_FINDINGS,
    }
    refused = "more_refused" if _is_gone(submission) else "more"
    keys = {"parts": "more", "differences": "more", "findings": refused}
    return {
        name: voice.words[name][keys[name]].format(count=voice.language.number(max(n, 0))) if n > 0 else "" for name, n in counts.items()
    }
