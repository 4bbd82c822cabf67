"""Move the accepted rows of a staging file into the tables of a contract: all of them at first, then only what changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, text

from expectations import Contract
from sql import copy_text, ledger, periods, warehouse
from sql.tables import Tables
from tasks.check import Verdict

COPY_ROWS = 20_000


def read_only(path: str) -> sqlite3.Connection:
    """A connection to a staging file that cannot change it."""
    return sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)


class Rows:
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
        return read_only(self.path)

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
        """Against what is in force: new and changed rows in, their old versions and withdrawn rows to the history.

        Leaves two temporary tables to the caller: `changed` (the columns, `row`, the old values as `old_...`, `is_new`) and, if
        any row was withdrawn, `gone` (the columns as they were).
        """
        facts, history = self.target.facts.name, self.target.history.name
        source = self._arrived()
        on = " and ".join(f'c."{key}" = a."{key}"' for key in self.keys)
        differs = " or ".join(f'c."{name}" is distinct from a."{name}"' for name in self.values)
        old = ", ".join(f'c."{name}" as "old_{name}"' for name in self.values)
        self._temporary(
            "changed",
            f"select a.*, {old}, case when c.since is null then 1 else 0 end as is_new from {source} a "
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
            self._temporary("gone", f'select {closed} from {facts} c left join {source} a on {on} where a."{self.keys[0]}" is null')
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
