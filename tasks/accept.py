"""Accept a release that waits: from now on briefs read it. Said once, by a named person, and never taken back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from expectations.partnership import Partnership
from sql import ledger, schema, warehouse
from sql.clock import stamp
from tasks import Misuse


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted, by whom and when."""

    contract: str
    release: int
    by: str
    at: str


def accept(partnership: Partnership, contract: str, *, release: int, by: str, why: str = "") -> Accepted:
    """Put the waiting release of a table in force; `release` is the number of the one that was looked at.

    `Misuse` when nothing of that table waits, when another release waits than the one looked at, or when nobody is named.
    """
    if not by.strip():
        raise Misuse("Who accepts it? Write the name of the person: a changed past is seen by a person.")
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        warehouse.lock(connection, contract)
        said = ledger.revision
        query = select(said.c.release).where(said.c.contract == contract, said.c.waits)
        newest = connection.scalar(
            query.where(said.c.release > ledger.in_force(connection, contract)).order_by(said.c.release.desc()).limit(1)
        )
        if newest is None:
            raise Misuse(f"Nothing of {contract} waits to be accepted.")
        if release != newest:
            raise Misuse(f"Of {contract}, release {newest} waits, not {release}: look at it, then accept it by that number.")
        accepted = Accepted(contract, newest, by.strip(), stamp())
        row = {"contract": contract, "release": newest, "at": accepted.at, "by": accepted.by, "why": why.strip()}
        connection.execute(ledger.acceptance.insert(), row)
    return accepted
