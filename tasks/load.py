"""Load what passed: the only module that writes statistics.

One transaction writes the verdict, its findings, the quarantine, the release and its rows. The same bytes as the latest
release change nothing; rows that changed move to the history; rows that the publisher withdrew are closed, not deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, inspect, select, text

from expectations import Contract
from expectations.partnership import Partnership
from sql import copy_text, ledger, periods, warehouse
from sql.clock import stamp
from sql.tables import Tables, tables
from tasks import Misuse
from tasks.check import Verdict

COPY_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: the release in force after it (0 when there is none), and how many rows it changed."""

    contract: str
    part: str
    release: int
    outcome: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0

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
    ledger.metadata.create_all(connection)
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
    findings = [asdict(finding) | {"verdict": verdict.id, "number": n} for n, finding in enumerate(verdict.findings, start=1)]
    if findings:
        connection.execute(ledger.finding.insert(), findings)
    held = [{"verdict": verdict.id, "row": number, "content": content} for number, content in _held(verdict)]
    if held:
        connection.execute(ledger.quarantine.insert(), held)


def _held(verdict: Verdict) -> list[tuple[int, str]]:
    if not verdict.staged.path:
        return []
    db = _read_only(verdict.staged.path)
    try:
        return db.execute("select row, content from raw order by row").fetchall()
    finally:
        db.close()


def _read_only(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)


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
    connection.execute(ledger.release.insert(), row)
    staged = _Staged(connection, verdict, contract, target, number)
    first = not connection.scalar(select(func.count()).select_from(select(target.facts.c.since).limit(1).subquery()))
    # A row that is held back is not a row that was withdrawn: while any is, what was in force before stays.
    withdraw = contract.source.fetch != "inbox" and not verdict.rows_held
    counts = staged.fill() if first else staged.merge(withdraw=withdraw)
    connection.execute(
        ledger.release.update()
        .where(ledger.release.c.contract == contract.name, ledger.release.c.release == number)
        .values(n_rows=counts[0], n_new=counts[1], n_changed=counts[2], n_gone=counts[3])
    )
    return Loaded(contract.name, snapshot.part, number, verdict.outcome, *counts)


class _Staged:
    """Moves the accepted rows of one staging file into the tables of one contract, inside the caller's transaction.

    Table and column names come from contracts in the repository, never from data.
    """

    def __init__(self, connection: Connection, verdict: Verdict, contract: Contract, target: Tables, release: int) -> None:
        self.connection, self.contract, self.target, self.release = connection, contract, target, release
        self.path = verdict.staged.path
        self.sqlite = warehouse.is_sqlite(connection)
        self.held = verdict.rows_held > 0
        self.keys, self.values = target.keys, target.values
        self.columns = [*self.keys, *self.values]
        if not target.register:
            self._calendar()
            self._series()

    def _run(self, statement: str) -> int:
        return self.connection.execute(text(statement), {"r": self.release} if ":r" in statement else {}).rowcount

    def _count(self, statement: str) -> int:
        return int(self.connection.scalar(text(statement)) or 0)

    def _open(self) -> sqlite3.Connection:
        return _read_only(self.path)

    def _calendar(self) -> None:
        settings = self.contract.columns[self.contract.period or ""]
        db = self._open()
        codes = [code for (code,) in db.execute("select code from period")]
        db.close()
        ledger.add_periods(self.connection, [periods.parse(code, settings.frequency, settings.starts) for code in codes])

    def _series(self) -> None:
        """Give new series their numbers; numbers once given never change."""
        series = self.target.series
        assert series is not None
        if not self.sqlite:
            self._copy_series(series)
        source = "staged.series" if self.sqlite else "staged_series"
        names = ", ".join(["series_key", *(f'"{name}"' for name in self.contract.dimensions)])
        self._run(
            f"insert into {series.name} (series_id, {names}) "
            f"select (select coalesce(max(series_id), 0) from {series.name}) + row_number() over (order by series_id), {names} "
            f"from {source} where series_key not in (select series_key from {series.name})"
        )
        mapped = f"select s.series_id as staged, t.series_id as kept from {source} s join {series.name} t on t.series_key = s.series_key"
        self._temporary("series_map", mapped)
        self.same = self._count("select count(*) from series_map where staged <> kept") == 0

    def _copy_series(self, series: Table) -> None:
        names = ["series_id", "series_key", *self.contract.dimensions]
        columns = ", ".join(f'"{name}" {"integer" if name == "series_id" else "text"}' for name in names)
        self._run(f"create temporary table staged_series ({columns}) on commit drop")
        db = self._open()
        rows = db.execute("select * from series").fetchall()
        db.close()
        driver: Any = self.connection.connection.driver_connection
        with driver.cursor().copy("copy staged_series from stdin") as copy:
            for row in rows:
                copy.write_row(row)

    def _temporary(self, name: str, query: str) -> None:
        self._run(f"drop table if exists {name}")
        self._run(f"create temporary table {name}{'' if self.sqlite else ' on commit drop'} as {query}")

    # The accepted rows

    def _accepted(self) -> str:
        """A select of the accepted rows over the attached staging file (SQLite)."""
        good = "where (f.row is null or f.row not in (select row from staged.held))" if self.held else ""
        if self.target.register:
            names = ", ".join(f'f."{name}"' for name in self.columns)
            return f"select {names}, f.row from staged.facts f {good}"
        if self.same:
            return f"select f.series_id, f.period, f.value, f.status, f.quality, f.row from staged.facts f {good}"
        return (
            "select m.kept as series_id, f.period, f.value, f.status, f.quality, f.row "
            f"from staged.facts f join series_map m on m.staged = f.series_id {good}"
        )

    def _copy(self, table: str, more: str = "") -> None:
        """COPY the accepted rows from the staging file into a PostgreSQL table, as they stream."""
        db = self._open()
        good = "where row is null or row not in (select row from held)" if self.held else ""
        names = ", ".join(f'"{name}"' for name in self.columns)
        kept: dict[int, int] = {}
        if not self.target.register:
            kept = {row.staged: row.kept for row in self.connection.execute(text("select staged, kept from series_map"))}
        rows = db.execute(f"select {names}, row from facts {good}")
        driver: Any = self.connection.connection.driver_connection
        listed = ", ".join(f'"{name}"' for name in [*self.columns, "row", *(["since"] if more else [])])
        with driver.cursor().copy(f"copy {table} ({listed}) from stdin") as copy:
            while block := rows.fetchmany(COPY_ROWS):
                copy.write(copy_text.facts(block, kept, more) if kept else copy_text.rows(block, more))
        db.close()

    # Into the tables

    def fill(self) -> tuple[int, int, int, int]:
        """The first load: everything is new."""
        facts, names = self.target.facts.name, ", ".join(f'"{name}"' for name in self.columns)
        if self.sqlite:
            order = ", ".join(f'"{key}"' for key in self.keys)
            rows = self._run(f"insert into {facts} ({names}, row, since) select a.*, :r from ({self._accepted()}) a order by {order}")
            return rows, rows, 0, 0
        # Rows first, key after: building the index once is faster than keeping it.
        keys = ", ".join(f'"{key}"' for key in self.keys)
        self._run(f'alter table {facts} drop constraint "{facts}_pkey"')
        self._copy(facts, str(self.release))
        self._run(f'alter table {facts} add constraint "{facts}_pkey" primary key ({keys})')
        rows = self._count(f"select count(*) from {facts}")
        return rows, rows, 0, 0

    def merge(self, *, withdraw: bool) -> tuple[int, int, int, int]:
        """Against what is in force: new and changed rows in, their old versions and withdrawn rows to the history."""
        facts, history = self.target.facts.name, self.target.history.name
        source = self._arrived()
        on = " and ".join(f'c."{key}" = a."{key}"' for key in self.keys)
        differs = " or ".join(f'c."{name}" is distinct from a."{name}"' for name in self.values)
        self._temporary(
            "changed",
            f"select a.*, case when c.since is null then 1 else 0 end as is_new from {source} a "
            f"left join {facts} c on {on} where c.since is null or {differs}",
        )
        names = ", ".join(f'"{name}"' for name in self.columns)
        closed = ", ".join(f'c."{name}"' for name in self.columns)
        self._run(
            f"insert into {history} ({names}, since, row, until) select {closed}, c.since, c.row, :r from {facts} c join changed a on {on}"
        )
        arrived = self._count(f"select count(*) from {source}")
        new = self._count("select count(*) from changed where is_new = 1")
        changed = self._count("select count(*) from changed where is_new = 0")
        gone = 0
        # Keys are unique on both sides: rows are missing only if there were more than arrived again.
        if withdraw and self._count(f"select count(*) from {facts}") > arrived - new:
            keys = ", ".join(f'c."{key}"' for key in self.keys)
            self._temporary("gone", f'select {keys} from {facts} c left join {source} a on {on} where a."{self.keys[0]}" is null')
            self._run(
                f"insert into {history} ({names}, since, row, until) select {closed}, c.since, c.row, :r from {facts} c join gone a on {on}"
            )
            plain = ", ".join(f'"{key}"' for key in self.keys)
            gone = self._run(f"delete from {facts} where ({plain}) in (select {plain} from gone)")
        updates = ", ".join(f'"{name}" = excluded."{name}"' for name in [*self.values, "row", "since"])
        conflict = ", ".join(f'"{key}"' for key in self.keys)
        self._run(
            f"insert into {facts} ({names}, row, since) select {names}, row, :r from changed where true "
            f"on conflict ({conflict}) do update set {updates}"
        )
        return arrived, new, changed, gone

    def _arrived(self) -> str:
        if self.sqlite:
            return f"({self._accepted()})"
        types = {column.name: column.type.compile(self.connection.dialect) for column in self.target.facts.columns}
        columns = ", ".join(f'"{name}" {types[name]}' for name in [*self.columns, "row"])
        self._run(f"create temporary table arrived ({columns}) on commit drop")
        self._copy("arrived")
        self._run("analyze arrived")
        return "arrived"
