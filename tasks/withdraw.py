"""Withdraw what a partner reported of a period: its rows are closed, not deleted, and every version stays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, literal, select

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock, ledger, periods, schema, submissions, warehouse
from sql.tables import tables
from tasks import Misuse


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was withdrawn, by whom and when; `rows` are those that no longer count."""

    partner: str
    period: str
    by: str
    at: str
    rows: int
    submissions: tuple[int, ...]


def withdraw(partnership: Partnership, partner: str, period: str, *, by: str, why: str = "") -> Withdrawn:
    """Close every row of a partner and period, in one transaction, and note it on its submissions.

    What was known before stays known as of the days before. `Misuse` when nobody is named or there is nothing to withdraw.
    """
    if not by.strip():
        raise Misuse("Who asked for it? Write the name of the person: withdrawing leaves a trace.")
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        warehouse.lock(connection, "submissions")
        numbers = _submissions(connection, partner, period)
        contracts = [contract for contract in partnership.contracts() if contract.is_partner]
        rows = sum(_close(connection, contract, partner, period) for contract in contracts)
        if not numbers and not rows:
            raise Misuse(f"{partner} has reported nothing of {period}, so there is nothing to withdraw.")
        for number in numbers:
            _note(connection, number, by.strip(), why.strip())
    return Withdrawn(partner, period, by.strip(), clock.stamp(), rows, tuple(numbers))


def _submissions(connection: Connection, partner: str, period: str) -> list[int]:
    part, state = submissions.submission_part, submissions.submission_state
    query = select(part.c.submission).where(part.c.partner == partner, part.c.period == period).distinct()
    gone = select(state.c.submission).where(state.c.state == "withdrawn")
    return sorted(connection.scalars(query.where(part.c.submission.not_in(gone))))


def _note(connection: Connection, number: int, by: str, why: str) -> None:
    table = submissions.submission_state
    last = connection.scalar(select(func.max(table.c.number)).where(table.c.submission == number)) or 0
    row = {"submission": number, "number": last + 1, "at": clock.stamp(), "state": "withdrawn", "by": by, "why": why}
    connection.execute(table.insert(), row)


def _close(connection: Connection, contract: Contract, partner: str, period: str) -> int:
    """Move the rows of the partner and period into the history of the table, as of a release of its own."""
    target = tables(contract)
    if target.series is None or not inspect(connection).has_table(target.facts.name):
        return 0
    warehouse.lock(connection, contract.name)
    chosen = select(target.series.c.series_id).where(target.series.c.partner == partner)
    mine = target.facts.c.series_id.in_(chosen) & (target.facts.c.period == periods.parse(period).id)
    rows = int(connection.scalar(select(func.count()).select_from(target.facts).where(mine)) or 0)
    if not rows:
        return 0
    number = _release(connection, contract, partner, period, rows)
    names = [column.name for column in target.facts.columns]
    closed = select(*[target.facts.c[name] for name in names], literal(number)).where(mine)
    connection.execute(target.history.insert().from_select([*names, "until"], closed))
    connection.execute(target.facts.delete().where(mine))
    return rows


def _release(connection: Connection, contract: Contract, partner: str, period: str, rows: int) -> int:
    """A release that brings nothing and takes these rows away; it has no bytes, so its digest is that of what was said."""
    table = ledger.release
    number = 1 + (connection.scalar(select(func.max(table.c.release)).where(table.c.contract == contract.name)) or 0)
    before = ledger.latest(connection, table, contract.name, partner, "release")
    at = clock.stamp()
    said = f"withdrawn {contract.name} {partner} {period} {at} {number}"
    row = {
        "contract": contract.name,
        "release": number,
        "part": partner,
        "sha256": hashlib.sha256(said.encode()).hexdigest(),
        "verdict": before["verdict"] if before else "",
        "released_at": None,
        "loaded_at": at,
        "n_rows": 0,
        "n_new": 0,
        "n_changed": 0,
        "n_gone": rows,
    }
    connection.execute(table.insert(), row)
    return number
