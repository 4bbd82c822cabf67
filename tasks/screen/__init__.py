"""The gate: a partner's file is let through as its closed columns alone, or refused whole, before anything of it is written anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from expectations.partnership import Partnership
from expectations.places import rows
from tasks.findings import Finding
from tasks.receive.parcel import Parcel
from tasks.screen.copy import canonical, keep_copy
from tasks.screen.faults import Faults
from tasks.screen.judge import Judged, judge
from tasks.screen.lists import headings, languages
from tasks.screen.opened import opened
from tasks.screen.screened import Screened, Sheet
from tasks.screen.sheets import find_tables, sheet_names

__all__ = ["Screened", "Sheet", "look", "screen"]


def screen(parcel: Parcel, partnership: Partnership) -> Screened:
    """Judge a partner's file by its closed columns and lists, and keep a copy of what those hold.

    Of a refused file nothing is written; its findings (`tasks.findings.tell` says them in the partner's language) hold places and
    counts, never a word of the file.
    """
    faults = Faults()
    form, judged = _judged(parcel.body, parcel.contract, partnership, faults)
    partner = _partner(judged, parcel, faults)
    filled = _filled(judged, faults)
    language = _language(judged, partner, partnership)
    sheets = () if faults.refuses else tuple(_kept(one, parcel, partner, partnership) for one in filled)
    return Screened(
        place=parcel.place,
        digest=parcel.digest,
        partner=partner,
        channel=parcel.channel,
        received_at=parcel.received_at,
        form=form,
        language=language,
        sheets=sheets,
        findings=faults.findings(),
    )


def look(body: bytes, contract: str, partnership: Partnership) -> tuple[bytes, tuple[Finding, ...]]:
    """What would be kept of a file for one table (nothing, where the gate would refuse it), and the gate's findings; nothing is written."""
    faults = Faults()
    _, judged = _judged(body, contract, partnership, faults)
    filled = [one for one in _filled(judged, faults) if one.contract.name == contract]
    return (canonical(filled[0]) if filled and not faults.refuses else b""), faults.findings()


def _judged(body: bytes, contract: str, partnership: Partnership, faults: Faults) -> tuple[str, list[Judged]]:
    """The form of a file and its tables, judged; `contract` is the table its place is for, if any."""
    contracts = [one for one in partnership.contracts() if one.is_partner]
    known = frozenset(heading for one in contracts for heading in headings(one))
    form, tables = opened(body, known, faults, sheets=sheet_names(contracts))
    found = find_tables(tables, contracts, partnership, contract=contract, faults=faults) if tables else []
    return form, [judge(table, one, partnership, sheet=sheet, faults=faults) for table, one, sheet in found]


def _partner(judged: Sequence[Judged], parcel: Parcel, faults: Faults) -> str:
    """Whose rows they are: those of the place's partner alone, or of one partner alone."""
    named: dict[str, int] = {}
    for one in judged:
        for partner, lines in one.partners.items():
            named[partner] = named.get(partner, 0) + len(lines)
    own = parcel.partner or max(named, key=lambda partner: named[partner], default="")
    rule = "gate_partner" if parcel.partner else "gate_partners"
    for one in judged:
        for row in (row for partner, lines in one.partners.items() if partner != own for row in lines):
            letter = one.letters.get(one.partner_column, "")
            faults.add(rule, sheet=one.sheet, letter=letter, column=one.partner_column, row=row, values=(("partner", parcel.partner),))
    if not own and judged and not faults.refuses and any(one.rows for one in judged):
        faults.add("gate_no_partner")
    return own if parcel.partner or not faults.refuses else ""


def _filled(judged: Sequence[Judged], faults: Faults) -> list[Judged]:
    """The tables that have rows; one table twice, or none at all, refuses the file."""
    filled = [one for one in judged if one.rows]
    twice = [name for name, count in Counter(one.contract.name for one in filled).items() if count > 1]
    for _ in twice:
        faults.add("gate_table_twice")
    if not filled and judged and not faults.refuses:
        faults.add("gate_no_rows")
    for one in judged:
        if filled and not one.rows and not one.is_misheaded:
            faults.add("gate_empty_sheet", sheet=one.sheet)
    return filled


def _language(judged: Sequence[Judged], partner: str, partnership: Partnership) -> str:
    """The language of the headings; where they are our own names, that of the partner."""
    spoken: Counter[str] = Counter()
    for one in judged:
        spoken.update(one.languages)
    if spoken:
        return spoken.most_common(1)[0][0]
    members = rows(partnership.home / "registers" / "members.csv", "partner")
    own = next((row.get("language", "") for row in members if row["partner"] == partner), "")
    return own if own in languages() else "en"


def _kept(judged: Judged, parcel: Parcel, partner: str, partnership: Partnership) -> Sheet:
    return Sheet(
        contract=judged.contract.name,
        sheet=judged.sheet,
        snapshot=keep_copy(judged, parcel, partner, partnership),
        header_row=judged.header_row,
        letters=tuple(judged.letters.items()),
        periods=judged.periods,
    )
