"""Conclude a submission: its versions, what was taken, its state, written down once."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.findings import Finding


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that a submission gives otherwise than the version before it; an empty text is a row that was not there."""

    contract: str
    period: str
    series: tuple[str, ...]
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table and period: their version, how many were taken and how many wait, and what is otherwise than before.

    `due_on` is empty for a period without a due day; `let_in_by` names who let it in after its period was closed; `same_as` is the
    earlier version that said the same, or 0.
    """

    contract: str
    period: str
    version: int
    rows: int
    taken: int
    waiting: int
    due_on: str = ""
    is_on_time: bool | None = None
    let_in_by: str = ""
    same_as: int = 0
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """What was received of a partner, and what became of it. `state` is one of `sql.submissions.STATES`."""

    number: int
    partner: str
    received_at: str
    concluded_at: str
    channel: str
    form: str
    language: str
    digest: str
    state: str
    why: str
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]
    is_sample: bool
