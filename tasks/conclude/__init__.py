"""Conclude a submission: its versions, what was taken, its state, written down once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, func, inspect, select

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock, ledger, schema, submissions, warehouse
from tasks.admit import CLOSED
from tasks.check import Verdict
from tasks.conclude.model import Content, Difference, Judged, Part, Submission, contents, differences
from tasks.due import Window
from tasks.fetch import store
from tasks.findings import Finding
from tasks.receive.parcel import Parcel
from tasks.screen.screened import Screened

__all__ = ["Difference", "Judged", "Part", "Submission", "answer_key", "conclude", "is_concluded"]


def conclude(screened: Screened, judged: Sequence[Judged], partnership: Partnership) -> Submission:
    """Write the submission with its parts, findings and state, in one transaction; the same file again at its place is the same one.

    A refused file has its findings and no parts. Versions count per partner, table and period, and come from the database: of two
    that come in the same second both are kept.
    """
    findings = _findings(screened, judged)
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        warehouse.lock(connection, "submissions")
        known = _known(connection, screened)
        number = known or 1 + (connection.scalar(select(func.max(submissions.submission.c.submission))) or 0)
        if not known:
            row = {name: getattr(screened, name) for name in ("partner", "received_at", "channel", "place", "digest", "form", "language")}
            connection.execute(submissions.submission.insert(), row | {"submission": number})
        found: list[tuple[Part, dict[str, Any]]] = []
        astray: dict[str, int] = {}
        for one in judged:
            made, lost = _parts(connection, one, partnership, screened, number)
            found += made
            if lost:
                astray[one.sheet.contract] = astray.get(one.sheet.contract, 0) + lost
        parts = tuple(part for part, _ in found)
        state, why = _state(screened, parts, sum(astray.values()), findings)
        _write(connection, number, (state, why), screened.partner, findings, [row for _, row in found])
    return Submission(
        number=number,
        partner=screened.partner,
        received_at=screened.received_at,
        concluded_at=clock.stamp(),
        channel=screened.channel,
        form=screened.form,
        language=screened.language,
        digest=screened.digest,
        state=state,
        why=why,
        parts=parts,
        findings=findings,
        is_sample=partnership.sample,
        astray=tuple(sorted(astray.items())),
    )


class _Before:
    """The kept copies of earlier versions of one table, each read once."""

    def __init__(self, partnership: Partnership, contract: Contract) -> None:
        self.partnership, self.contract = partnership, contract
        self.read: dict[str, dict[str, Content]] = {}

    def said(self, sha256: str, code: str) -> Content | None:
        """What the copy says of a period; None where it is lost or says nothing."""
        if sha256 not in self.read:
            file = f"{sha256[:2]}/{sha256}.csv"
            snapshot = store.Snapshot(self.contract.name, "", sha256, "", "", None, 0, file, False, {})
            there = (store.folder(self.partnership.home) / file).is_file()
            self.read[sha256] = contents(self.partnership, self.contract, snapshot) if there else {}
        return self.read[sha256].get(code)


def is_concluded(partnership: Partnership, parcel: Parcel) -> bool:
    """True when the newest submission from this place has these bytes and its answer lies in the outbox.

    A pending one is looked at again each time: meanwhile the office may have let its period in. Bytes that were concluded under another
    name, of a file that has not changed since a newer one of the partner came, are an old file that was moved or renamed.
    """
    if not warehouse.is_begun(partnership.home):
        return False
    one, state, told = submissions.submission, submissions.submission_state, submissions.message
    with warehouse.reader(partnership.home).connect() as connection:
        if not inspect(connection).has_table(told.name):
            return False
        query = select(one.c.submission, one.c.digest).where(one.c.place == parcel.place).order_by(one.c.submission.desc()).limit(1)
        row = connection.execute(query).first()
        if row is None and parcel.changed_at:
            row = _moved(connection, parcel)
        if row is None or row.digest != parcel.digest:
            return False
        last = connection.scalar(select(state.c.state).where(state.c.submission == row.submission).order_by(state.c.number.desc()).limit(1))
        key = answer_key(row.submission, last or "")
        answered = connection.scalar(select(func.count()).select_from(told).where(told.c.key == key))
    return bool(answered) and last != "pending"


def _moved(connection: Connection, parcel: Parcel) -> Row[Any] | None:
    """The submission of these bytes under another name, if a newer one of its partner came after this file was last changed."""
    one = submissions.submission
    query = select(one.c.submission, one.c.digest, one.c.partner).where(one.c.channel == parcel.channel, one.c.digest == parcel.digest)
    if parcel.partner:
        query = query.where(one.c.partner == parcel.partner)
    row = connection.execute(query.order_by(one.c.submission.desc()).limit(1)).first()
    if row is None:
        return None
    newer = select(func.count()).where(
        one.c.partner == row.partner, one.c.submission > row.submission, one.c.received_at > parcel.changed_at
    )
    return row if connection.scalar(newer.select_from(one)) else None


def answer_key(number: int, state: str) -> str:
    """The key of the message that answers a submission in a state: one message for each change of state."""
    return f"answer/{number}/{state}"


def _known(connection: Connection, screened: Screened) -> int:
    """The submission that these very bytes at this place are already, if it is the newest from there; else 0."""
    one = submissions.submission
    query = select(one.c.submission, one.c.digest).where(one.c.place == screened.place).order_by(one.c.submission.desc()).limit(1)
    row = connection.execute(query).first()
    return int(row.submission) if row is not None and row.digest == screened.digest else 0


def _findings(screened: Screened, judged: Sequence[Judged]) -> tuple[Finding, ...]:
    found = list(screened.findings)
    for one in judged:
        letters = dict(one.sheet.letters)
        for finding in one.verdict.findings:
            found.append(replace(finding, file="", sheet=one.sheet.sheet, letter=letters.get(finding.column, "")))
    return tuple(found)


def _parts(
    connection: Connection, judged: Judged, partnership: Partnership, screened: Screened, number: int
) -> tuple[list[tuple[Part, dict[str, Any]]], int]:
    """The parts of one table with their rows in the ledger, and how many rows are of none because their period cannot be read."""
    contract = next(contract for contract in partnership.contracts() if contract.name == judged.sheet.contract)
    held = None if not judged.verdict.goes_on else _held(connection, judged.verdict)
    before = _Before(partnership, contract)
    versions = _Versions(connection, screened.partner, contract.name, number)
    there = contents(partnership, contract, judged.sheet.snapshot)
    astray = there.pop("", None)
    return [
        _part(judged, contract, code, content, screened, number, held=held, copies=before, versions=versions)
        for code, content in there.items()
    ], len(astray.places) if astray else 0


def _part(
    judged: Judged,
    contract: Contract,
    code: str,
    content: Content,
    screened: Screened,
    number: int,
    *,
    held: frozenset[int] | None,
    copies: _Before,
    versions: _Versions,
) -> tuple[Part, dict[str, Any]]:
    """One table and period, and its row in the ledger; with `held` None nothing of it goes on."""
    waiting = len(content.places) if held is None else len(held & set(content.places))
    window = judged.windows.get(code, Window("before"))
    before = versions.before(code)
    digest = content.digest
    same_as = int(before["version"]) if before and before["content"] == digest else 0
    was = copies.said(before["sha256"], code) if before and not same_as else None
    due = window.due_on.isoformat() if window.due_on else ""
    on_time = clock.day_of(screened.received_at) <= window.due_on if window.due_on else None
    part = Part(
        contract=contract.name,
        period=code,
        version=versions.own(code),
        rows=len(content.places),
        taken=len(content.places) - waiting,
        waiting=waiting,
        due_on=due,
        is_on_time=on_time,
        let_in_by=window.let_in_by if window.state == "let_in" else "",
        same_as=same_as,
        differences=() if was is None else differences(contract.name, code, was.said, content.said),
    )
    row = {name: getattr(part, name) for name in ("contract", "period", "version", "rows", "taken", "waiting", "is_on_time")}
    row |= {"due_on": due or None, "let_in_by": part.let_in_by or None, "same_as": same_as or None, "content": digest}
    row |= {"submission": number, "partner": screened.partner, "sha256": judged.sheet.snapshot.sha256}
    return part, row


def _held(connection: Connection, verdict: Verdict) -> frozenset[int]:
    kept = ledger.quarantine
    return frozenset(connection.scalars(select(kept.c.row).where(kept.c.verdict == verdict.id)))


class _Versions:
    """What the ledger knows of a partner's table: its versions by period, read once."""

    def __init__(self, connection: Connection, partner: str, contract: str, number: int) -> None:
        table, state = submissions.submission_part, submissions.submission_state
        query = select(table).where(table.c.partner == partner, table.c.contract == contract).order_by(table.c.version, table.c.judgement)
        withdrawn = select(state.c.submission).where(state.c.state == "withdrawn")
        self.number, self.withdrawn = number, set(connection.scalars(withdrawn.where(state.c.submission < number)))
        self.of: dict[str, list[RowMapping]] = defaultdict(list)
        for row in connection.execute(query).mappings():
            self.of[row["period"]].append(row)

    def own(self, code: str) -> int:
        """The version that this submission has already, or the next one."""
        there = self.of.get(code, [])
        mine = next((int(row["version"]) for row in there if row["submission"] == self.number), 0)
        return mine or max((int(row["version"]) for row in there), default=0) + 1

    def before(self, code: str) -> RowMapping | None:
        """The newest version before this submission, of one that was not withdrawn."""
        there = self.of.get(code, [])
        return next((row for row in reversed(there) if row["submission"] < self.number and row["submission"] not in self.withdrawn), None)


def _state(screened: Screened, parts: Sequence[Part], astray: int, findings: Sequence[Finding]) -> tuple[str, str]:
    """The state of a submission and its reason in one word."""
    taken, waiting = sum(part.taken for part in parts), sum(part.waiting for part in parts) + astray
    if screened.is_refused:
        return "refused", "gate"
    if not taken:
        only_closed = waiting and {finding.rule for finding in findings if finding.tier == "must_fix"} == {CLOSED}
        if only_closed:
            return "pending", CLOSED
        asked = waiting and not any(finding.tier == "must_fix" for finding in findings)
        return ("partly_accepted", "everything waits to be confirmed") if asked else ("refused", "nothing could be taken")
    if waiting:
        return "partly_accepted", "rows wait"
    told = any(finding.tier in ("confirm", "note") or finding.rule == "explained" for finding in findings)
    return ("accepted_with_remarks", "remarks") if told else ("accepted", "")


def _write(
    connection: Connection,
    number: int,
    concluded: tuple[str, str],
    partner: str,
    findings: Sequence[Finding],
    parts: Sequence[dict[str, Any]],
) -> None:
    """A new state with what led to it; the same state again (after a crash, say) writes nothing."""
    states = submissions.submission_state
    query = select(states.c.number, states.c.state).where(states.c.submission == number).order_by(states.c.number.desc()).limit(1)
    last = connection.execute(query).first()
    if last is not None and last.state == concluded[0]:
        return
    mine = {"submission": number, "judgement": (last.number if last else 0) + 1}
    state = {"submission": number, "number": mine["judgement"], "at": clock.stamp(), "state": concluded[0]}
    connection.execute(states.insert(), state | {"by": "openlip", "why": concluded[1]})
    told = [
        {name: getattr(finding, name) for name in ("rule", "tier", "sheet", "column", "letter", "row", "rows", "found", "expected", "fix")}
        | {**mine, "number": n, "more": json.dumps(finding.more), "values": json.dumps(finding.values)}
        for n, finding in enumerate(findings, start=1)
    ]
    for table, rows in (
        (submissions.submission_part, [part | mine for part in parts]),
        (submissions.submission_finding, told),
        (submissions.explained, [row | mine | {"partner": partner} for row in _explained(findings)]),
    ):
        if rows:
            connection.execute(table.insert(), rows)


def _explained(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Odd numbers that this submission explained: the question is not asked again until the explanation expires."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for finding in findings:
        said = dict(finding.values)
        if finding.rule == "explained" and said.get("given") == "now":
            row = {name: said[name] for name in ("contract", "series", "period", "explanation", "until_period")}
            rows[said["contract"], said["series"], said["asked"], said["period"]] = row | {"rule": said["asked"]}
    return list(rows.values())
