"""Load what passed: the only module that writes statistics.

One transaction writes the verdict, its findings, the quarantine, the release and its rows. The same bytes as the latest
release change nothing; rows that changed move to the history; rows that the publisher withdrew are closed, not deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, inspect, select

from expectations import Contract
from expectations.partnership import Partnership
from sql import ledger, schema, warehouse
from sql.clock import stamp
from sql.tables import Tables, tables
from tasks import Misuse
from tasks.check import Verdict
from tasks.load.revision import Revised, compare
from tasks.load.rows import Rows, read_only


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: the newest release after it (0 when there is none), and how many rows it changed.

    `revised` says what it changed of the release in force; while it `waits`, that one stays in force for briefs.
    """

    contract: str
    part: str
    release: int
    outcome: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    revised: Revised | None = None

    @property
    def changed_rows(self) -> int:
        return self.new + self.changed + self.gone


def load(verdict: Verdict, contract: Contract, partnership: Partnership) -> Loaded:
    """Write the verdict, and if it goes on, the release. Returns what changed; a crash anywhere leaves the last good state."""
    target = tables(contract)
    with _transaction(verdict, partnership) as connection:
        _prepare(connection, target)
        _write_verdict(connection, verdict, contract)
        snapshot = verdict.staged.snapshot
        before = ledger.latest(connection, ledger.release, contract.name, snapshot.part, "release")
        if not verdict.goes_on:
            loaded = Loaded(contract.name, snapshot.part, before["release"] if before else 0, verdict.outcome)
        elif before and before["sha256"] == snapshot.sha256 and _digest(connection, before) == contract.digest:
            loaded = Loaded(contract.name, snapshot.part, before["release"], "unchanged")
        else:
            loaded = _release(connection, verdict, contract, target)
    if verdict.staged.path:
        Path(verdict.staged.path).unlink(missing_ok=True)
    return loaded


def prepare(partnership: Partnership) -> None:
    """Make every table of the ledger and of the contracts that is not there yet."""
    with warehouse.writer(partnership.home).begin() as connection:
        for contract in partnership.contracts():
            _prepare(connection, tables(contract))


@contextmanager
def _transaction(verdict: Verdict, partnership: Partnership) -> Iterator[Connection]:
    """One transaction on the warehouse, with the staging file attached on SQLite or copied to temporary tables."""
    engine = warehouse.writer(partnership.home)
    path = verdict.staged.path
    with engine.connect() as connection:
        attached = bool(path) and warehouse.is_sqlite(connection)
        driver: Any = connection.connection.driver_connection
        if attached:
            # Sorting a table's rows is faster in SQLite's own files than with `temp_store=memory`, and holds less memory.
            driver.execute("pragma temp_store=file")
            driver.execute("attach database ? as staged", (path,))
        try:
            with connection.begin():
                yield connection
        finally:
            if attached:
                driver.execute("detach database staged")
                driver.execute(f"pragma temp_store={warehouse.PRAGMAS['temp_store']}")


def _prepare(connection: Connection, target: Tables) -> None:
    warehouse.lock(connection, "schema")
    schema.metadata.create_all(connection)
    target.metadata.create_all(connection)
    there = {column["name"] for column in inspect(connection).get_columns(target.facts.name)}
    wanted = {column.name for column in target.facts.columns}
    if there != wanted:
        raise Misuse(
            f"{target.facts.name} has the columns {sorted(there)}, its contract wants {sorted(wanted)}. A table with other columns "
            "is another table: give the new contract a new name, so that what was printed from the old one stays."
        )


def _digest(connection: Connection, release: dict[str, Any]) -> str | None:
    query = select(ledger.verdict.c.contract_digest).where(ledger.verdict.c.id == release["verdict"])
    return connection.scalar(query)


def _write_verdict(connection: Connection, verdict: Verdict, contract: Contract) -> None:
    snapshot = verdict.staged.snapshot
    if connection.scalar(select(func.count()).select_from(ledger.verdict).where(ledger.verdict.c.id == verdict.id)):
        return
    row = {
        "id": verdict.id,
        "contract": contract.name,
        "contract_digest": verdict.staged.contract_digest,
        "part": snapshot.part,
        "sha256": snapshot.sha256,
        "checked_at": verdict.checked_at,
        "outcome": verdict.outcome,
        "rows_read": verdict.rows_read,
        "rows_kept": verdict.rows_kept,
        "rows_held": verdict.rows_held,
    }
    connection.execute(ledger.verdict.insert(), row)
    kept = [column.name for column in ledger.finding.columns if column.name not in ("verdict", "number")]
    findings = [
        {name: getattr(finding, name) for name in kept} | {"verdict": verdict.id, "number": n}
        for n, finding in enumerate(verdict.findings, start=1)
    ]
    if findings:
        connection.execute(ledger.finding.insert(), findings)
    held = [{"verdict": verdict.id, "row": number, "content": content} for number, content in _held(verdict)]
    if held:
        connection.execute(ledger.quarantine.insert(), held)


def _held(verdict: Verdict) -> list[tuple[int, str]]:
    if not verdict.staged.path:
        return []
    db = read_only(verdict.staged.path)
    try:
        return db.execute("select row, content from raw order by row").fetchall()
    finally:
        db.close()


def _release(connection: Connection, verdict: Verdict, contract: Contract, target: Tables) -> Loaded:
    warehouse.lock(connection, contract.name)
    snapshot = verdict.staged.snapshot
    number = 1 + (connection.scalar(select(func.max(ledger.release.c.release)).where(ledger.release.c.contract == contract.name)) or 0)
    row = {
        "contract": contract.name,
        "release": number,
        "part": snapshot.part,
        "sha256": snapshot.sha256,
        "verdict": verdict.id,
        "released_at": snapshot.published_at,
        "loaded_at": stamp(),
    }
    against = ledger.in_force(connection, contract.name)
    connection.execute(ledger.release.insert(), row)
    staged = Rows(connection, verdict, contract, target, number)
    first = not connection.scalar(select(func.count()).select_from(select(target.facts.c.since).limit(1).subquery()))
    # A row that is held back is not a row that was withdrawn: while any is, what was in force before stays. A file that is a part of
    # its table, or speaks of one period of it, says nothing of the rest.
    is_whole = contract.source.fetch != "inbox" and not snapshot.part and not contract.has_file_per_period
    withdraw = is_whole and not verdict.rows_held
    counts = staged.fill() if first else staged.merge(withdraw=withdraw)
    connection.execute(
        ledger.release.update()
        .where(ledger.release.c.contract == contract.name, ledger.release.c.release == number)
        .values(n_rows=counts[0], n_new=counts[1], n_changed=counts[2], n_gone=counts[3])
    )
    revised = None
    if not (contract.is_register or contract.is_partner):
        revised = compare(connection, verdict, contract, target, release=number, against=against, withdrew=counts[3] > 0)
    return Loaded(contract.name, snapshot.part, number, verdict.outcome, *counts, revised=revised)
