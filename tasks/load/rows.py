"""Move the accepted rows of a staging file into the tables of a contract: all of them at first, then only what changed.

Rows of a small table go by SQL. The facts of a large one lie in blocks: they are poured in the order of their key, and the next
release is compared with the staging file of the one before it, so that only the differences reach the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from expectations import Contract
from sql import copy_text, ledger, periods, warehouse
from sql.tables import Tables
from tasks import Misuse
from tasks.check import Verdict, accepted
from tasks.load import bulk, series
from tasks.load.delta import Difference, differences
from tasks.stage.blocks import Facts, has_blocks

COPY_ROWS = 20_000
# In percent: each page of PostgreSQL keeps room for four revised facts of about 130. The index need not learn of those.
FILLFACTOR = 97
# What PostgreSQL may use to sort the key of a table, in this transaction only.
SORT_MEMORY = "256MB"


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
        self.verdict = verdict.id
        self.is_mapped = False
        self.numbers = np.zeros(0, dtype=np.int32)
        # While rows are held, what is in force is not the content of one file; nor where each part of a table has its own.
        self.is_whole = contract.source.fetch != "inbox" and not self.held and not verdict.staged.snapshot.part
        with closing(self._open()) as db:
            self.large = has_blocks(db)
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
        assert self.target.series is not None
        with closing(self._open()) as db:
            self.known = series.numbered(self.connection, self.target.series, db)
            self.numbers = series.numbers_of(db, self.known)
        if self.sqlite and not self.large and not series.are_own(self.numbers):
            self._map()

    def _map(self) -> None:
        """The numbers as a table, for selects over the attached staging file."""
        self.is_mapped = True
        self._run("drop table if exists series_map")
        self._run("create temporary table series_map (staged integer primary key, kept integer not null)")
        driver: Any = self.connection.connection.driver_connection
        driver.executemany("insert into series_map values (?, ?)", enumerate(self.numbers.tolist()))

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
        if not self.is_mapped:
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
        kept = self.numbers.tolist()
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
        self._remember()
        if self.sqlite and self.large:
            rows = self._pour(facts, self.release)
            return rows, rows, 0, 0
        if self.sqlite:
            order = ", ".join(f'"{key}"' for key in self.keys)
            rows = self._run(f"insert into {facts} ({names}, row, since) select a.*, :r from ({self._accepted()}) a order by {order}")
            return rows, rows, 0, 0
        # Rows first, key after: building the index once is faster than keeping it.
        keys = ", ".join(f'"{key}"' for key in self.keys)
        self._run(f'alter table {facts} drop constraint "{facts}_pkey"')
        self._run(f"alter table {facts} set (fillfactor = {FILLFACTOR})")
        rows = self._pour(facts, self.release) if self.large else 0
        if not self.large:
            self._copy(facts, str(self.release))
        self._run(f"set local maintenance_work_mem = '{SORT_MEMORY}'")
        self._run(f'alter table {facts} add constraint "{facts}_pkey" primary key ({keys})')
        rows = rows or self._count(f"select count(*) from {facts}")
        return rows, rows, 0, 0

    def merge(self, *, withdraw: bool) -> tuple[int, int, int, int]:
        """Against what is in force: new and changed rows in, their old versions and withdrawn rows to the history.

        Leaves two temporary tables to the caller: `changed` (the columns, `row`, the old values as `old_...`, `is_new`) and, if
        any row was withdrawn, `gone` (the columns as they were).
        """
        facts = self.target.facts.name
        self._run("drop table if exists changed")
        self._run("drop table if exists gone")
        place = accepted.folder(Path(self.path))
        before = accepted.of(self.connection, place, self.contract.name, self.release - 1) if self.large else None
        arrived, is_gone = (self._compare_files(before) if before else None) or self._compare_tables(withdraw=withdraw)
        if self.large and not self.sqlite:
            # Of a thousand rows each is looked up, of a million all are joined: PostgreSQL has to know which.
            self._run(f"analyze changed ({', '.join(self.keys)}, is_new)")
        changed = self._revise()
        gone = 0
        if withdraw and is_gone:
            self._run(self._close("gone"))
            plain = ", ".join(f'"{key}"' for key in self.keys)
            gone = self._run(f"delete from {facts} where ({plain}) in (select {plain} from gone)")
        names = ", ".join(f'"{name}"' for name in self.columns)
        new = self._run(f"insert into {facts} ({names}, row, since) select {names}, row, :r from changed where is_new = 1")
        self._prove(new + changed)
        self._remember(withdraw=withdraw)
        return arrived, new, changed, gone

    def _revise(self) -> int:
        """Close the old versions of the revised rows and write the new ones; how many."""
        updates = ", ".join(f'"{name}" = a."{name}"' for name in [*self.values, "row"])
        update = f"update {self.target.facts.name} as f set {updates}, since = :r from changed a"
        if self.sqlite:
            with bulk.in_order(self.connection) if self.large else nullcontext():
                changed = self._run(self._close("changed"))
                self._run(f"{update} where {self._on('f')} and a.is_new = 0")
            return changed
        # One statement looks at each page once: `c` is the row as it was when the statement began.
        names, closed = self._version(), self._version("c.")
        update += f", {self.target.facts.name} c where {self._on('c')} and {self._on('f')} and a.is_new = 0 returning {closed}"
        return self._run(
            f"with closed as ({update}) insert into {self.target.history.name} ({names}, until) select {names}, :r from closed"
        )

    def _close(self, table: str) -> str:
        """An insert of the rows in force whose keys are in a temporary table into the history."""
        names, closed = self._version(), self._version("c.")
        return (
            f"insert into {self.target.history.name} ({names}, until) "
            f"select {closed}, :r from {table} a join {self.target.facts.name} c on {self._on('c')}"
        )

    def _version(self, of: str = "") -> str:
        return ", ".join(f'{of}"{name}"' for name in [*self.columns, "since", "row"])

    def _on(self, facts: str) -> str:
        return " and ".join(f'{facts}."{key}" = a."{key}"' for key in self.keys)

    def _prove(self, written: int) -> None:
        """A row that was to be changed and is not in the table would be lost without a word."""
        if written != (wanted := self._count("select count(*) from changed")):
            raise Misuse(
                f"{self.target.facts.name} holds other rows than its last release loaded: {wanted} were to be written and {written} were. "
                "Nothing is changed. Delete the folder accepted/ of the home and load again: the file is then compared with the table."
            )

    def _remember(self, *, withdraw: bool = True) -> None:
        if self.large and self.is_whole and withdraw:
            accepted.keep_on_commit(self.connection, Path(self.path), self.contract.name, self.verdict)
        else:
            accepted.forget_on_commit(self.connection, Path(self.path), self.contract.name)

    # By SQL

    def _compare_tables(self, *, withdraw: bool) -> tuple[int, bool]:
        """Make `changed` and `gone` from the rows that arrived and those in force; how many arrived, and whether any is gone."""
        facts, source = self.target.facts.name, self._arrived()
        on = self._on("c")
        differs = " or ".join(f'c."{name}" is distinct from a."{name}"' for name in self.values)
        old = ", ".join(f'c."{name}" as "old_{name}"' for name in self.values)
        self._temporary(
            "changed",
            f"select a.*, {old}, case when c.since is null then 1 else 0 end as is_new from {source} a "
            f"left join {facts} c on {on} where c.since is null or {differs}",
        )
        arrived = self._count(f"select count(*) from {source}")
        # Keys are unique on both sides: rows are missing only if there were more than arrived again.
        new = self._count("select count(*) from changed where is_new = 1")
        if not withdraw or self._count(f"select count(*) from {facts}") <= arrived - new:
            return arrived, False
        closed = ", ".join(f'c."{name}"' for name in self.columns)
        self._temporary("gone", f'select {closed} from {facts} c left join {source} a on {on} where a."{self.keys[0]}" is null')
        return arrived, True

    def _arrived(self) -> str:
        if self.sqlite and not self.large:
            return f"({self._accepted()})"
        self._typed("arrived", [*self.columns, "row"], keyed=self.sqlite)
        if self.large:
            self._pour("arrived")
        else:
            self._copy("arrived")
        if not self.sqlite:
            self._run("analyze arrived")
        return "arrived"

    def _typed(self, table: str, names: list[str], *, keyed: bool = False) -> None:
        """A temporary table with columns of the facts, `old_` before a name being that column as it was."""
        types = {column.name: column.type.compile(self.connection.dialect) for column in self.target.facts.columns} | {"is_new": "INTEGER"}
        columns = ", ".join(f'"{name}" {types[name.removeprefix("old_")]}' for name in names)
        key = ", primary key (" + ", ".join(f'"{name}"' for name in self.keys) + ")" if keyed else ""
        self._run(f"drop table if exists {table}")
        end = (" without rowid" if keyed else "") if self.sqlite else " on commit drop"
        self._run(f"create temporary table {table} ({columns}{key}){end}")

    # By blocks

    def _pour(self, table: str, since: int | None = None) -> int:
        with closing(self._open()) as db:
            return bulk.pour_all(self.connection, table, db, self.numbers, since)

    def _compare_files(self, before: Path) -> tuple[int, bool] | None:
        """The same as `_compare_tables` from the staging file of the release before; None where it numbers the series otherwise."""
        with closing(read_only(str(before))) as old, closing(self._open()) as new:
            numbers = series.together(series.numbers_of(old, self.known), self.numbers)
            if numbers is None:
                return None
            names = [*bulk.COLUMNS, *(f"old_{name}" for name in self.values), "is_new"]
            self._typed("changed", names)
            self._typed("gone", self.columns)
            found = _Found(numbers)
            bulk.pour(self.connection, "changed", names, found.changed(differences(old, new)))
            bulk.pour(self.connection, "gone", self.columns, iter(found.gone))
        if not found.gone:
            self._run("drop table gone")
        return found.arrived, bool(found.gone)


class _Found:
    """Differences as columns of the tables `changed` and `gone`."""

    def __init__(self, numbers: series.Numbers) -> None:
        self.numbers = numbers
        self.arrived = 0
        self.gone: list[list[bulk.Cells]] = []

    def changed(self, found: Iterator[Difference]) -> Iterator[list[bulk.Cells]]:
        """What is new or says something else; what is gone is kept for later."""
        for one in found:
            self.arrived += one.count
            if len(one.gone):
                self.gone.append(bulk.cells(bulk.kept(one.gone, self.numbers))[:-1])
            if len(one.new):
                nothing = np.zeros(len(one.new), dtype=one.new.dtype)
                yield self._row(one.new, nothing, is_new=True)
            if len(one.changed):
                yield self._row(one.changed, one.before, is_new=False)

    def _row(self, facts: Facts, before: Facts, *, is_new: bool) -> list[bulk.Cells]:
        _, _, *old, _ = bulk.cells(before)
        if is_new:
            old = [(array, np.ones(len(array), dtype=bool)) for array, _ in old]
        return [*bulk.cells(bulk.kept(facts, self.numbers)), *old, bulk.constant(int(is_new), len(facts))]
