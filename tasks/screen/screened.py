"""What the gate says of a partner's file: its sheets, kept as their closed columns alone, or why nothing of it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.fetch.store import Snapshot
from tasks.findings import Finding


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of the file that passed: its contract, and the kept copy (CSV of the contract's columns, each row where it stood).

    `letters` are our columns with the letters the partner sees; `sheet` is the sheet's name, empty for a CSV file; `header_row` is the
    row of the headings, from 1.
    """

    contract: str
    sheet: str
    snapshot: Snapshot
    header_row: int
    letters: tuple[tuple[str, str], ...]
    periods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Screened:
    """The gate's receipt for a parcel. With `is_refused` there are no sheets, and nothing of the file was written anywhere.

    `form` is xlsx or csv; `language` that of its headings; `partner` the one its rows speak of, or whose place it came from. A finding of
    a refusal holds detector, sheet, column letter, count and rows: never a value, an unknown heading or the name of the file.
    """

    place: str
    digest: str
    partner: str
    channel: str
    received_at: str
    form: str
    language: str
    sheets: tuple[Sheet, ...]
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        return not self.sheets
