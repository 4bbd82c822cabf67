"""What is said of a submission: its parts by table and period, what they say otherwise than before, its state."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

from expectations import Column, Contract
from expectations.partnership import Partnership
from sql import periods
from tasks.check import Verdict
from tasks.due import Window
from tasks.fetch import store
from tasks.findings import Finding
from tasks.screen.screened import Sheet

Rows = dict[tuple[str, ...], str]


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
    """What was received of a partner, and what became of it. `state` is one of `sql.submissions.STATES`.

    `astray` counts by table the rows whose period cannot be read: they wait, and are of no part.
    """

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
    astray: tuple[tuple[str, int], ...] = ()

    @property
    def is_kept(self) -> bool:
        """True when something of the file was kept: the gate let it through."""
        return bool(self.parts or self.astray)

    @property
    def rows(self) -> int:
        """The rows that were read."""
        return sum(part.rows for part in self.parts) + sum(count for _, count in self.astray)

    @property
    def taken(self) -> int:
        """The rows that were taken."""
        return sum(part.taken for part in self.parts)

    @property
    def waiting(self) -> int:
        """The rows that wait: all that were read and not taken."""
        return self.rows - self.taken


@dataclass(frozen=True, slots=True)
class Judged:
    """What the checks said of one sheet of a submission, and whether its periods were open."""

    sheet: Sheet
    verdict: Verdict
    windows: Mapping[str, Window]


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of one table and period in a kept copy: what each says, and the row it stands in."""

    said: Rows
    places: dict[int, tuple[str, ...]]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(sorted(self.said.items())).encode()).hexdigest()


def differences(contract: str, period: str, was: Rows, now: Rows) -> tuple[Difference, ...]:
    """What one version says otherwise than another, by series; a row that is no longer there is told with an empty `now`."""
    keys = sorted({*was, *now})
    return tuple(
        Difference(contract, period, key, was.get(key, ""), now.get(key, "")) for key in keys if was.get(key, "") != now.get(key, "")
    )


def contents(partnership: Partnership, contract: Contract, snapshot: store.Snapshot) -> dict[str, Content]:
    """The rows of a kept copy by period: what each series says, and in which row. Those whose period cannot be read are under an
    empty text; rows without a number or a mark are in none."""
    text = (store.folder(partnership.home) / snapshot.file).read_text(encoding="utf-8")
    header: list[str] = []
    found: dict[str, Content] = {}
    period, measure, dimensions = contract.period or "", contract.measure or "", contract.dimensions
    column = contract.columns[period]
    codes: dict[str, str] = {}
    for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
        if not header or not any(cells):
            header = header or (cells if any(cells) else [])
            continue
        row = dict(zip(header, cells, strict=False))
        told = row.get(period, "")
        if told not in codes:
            codes[told] = _code(told, column)
        key, said = tuple(row.get(name, "") for name in dimensions), row.get(measure, "")
        if said:  # a row that was left empty says nothing yet
            one = found.setdefault(codes[told], Content({}, {}))
            one.said[key] = said
            one.places[number] = key
    return found


def _code(told: str, column: Column) -> str:
    """The code of a period; empty where it cannot be read."""
    try:
        return periods.as_written(told.strip(), column.frequency, column.starts).code
    except ValueError:
        return ""
