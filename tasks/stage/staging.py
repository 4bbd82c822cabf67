"""The staging file: one SQLite file per snapshot, where the checks run and from which the load reads.

Nothing unchecked enters the warehouse. The file is written under a temporary name and renamed when whole; it can be deleted
at any time and is made again from the snapshot.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from expectations import Contract
from sql.tables import tables
from tasks import Refused

ROWS_PER_STATEMENT = 400


class ShapeChanged(Refused):
    """The file is not of the shape its contract knows: nothing of it is loaded. `found`, `expected` and `fix` are for people."""

    def __init__(self, found: str, expected: str, fix: str) -> None:
        super().__init__(f"found {found}; expected {expected}. {fix}")
        self.found, self.expected, self.fix = found, expected, fix


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell or row that could not be read: it waits in quarantine with its reason."""

    row: int
    column: str
    rule: str
    found: str
    expected: str
    fix: str
    severity: str = "critical"


class Staging:
    """Writes one staging file. Use as a context manager; leaving it without an error puts the file in place."""

    def __init__(self, path: Path, contract: Contract) -> None:
        self.path = path
        self.contract = contract
        self._temporary = path.with_suffix(f".{os.getpid()}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary.unlink(missing_ok=True)
        self.db = sqlite3.connect(self._temporary, isolation_level=None)
        for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-50000", "locking_mode=exclusive"):
            self.db.execute(f"pragma {pragma}")
        self._create()

    def _create(self) -> None:
        quoted = ", ".join(f'"{name}" text' for name in self.contract.dimensions)
        self.db.execute(
            "create table unread(number integer primary key, row integer, column_name text, rule text, "
            "found text, expected text, fix text, severity text)"
        )
        self.db.execute("create table file(rows_read integer, rows_kept integer, datapoints integer, periods integer)")
        self.db.execute("create table held(row integer primary key)")
        self.db.execute("create table raw(row integer primary key, content text)")
        if self.contract.is_register:
            columns = ", ".join(f'"{name}"' for name in [*tables(self.contract).keys, *tables(self.contract).values])
            self.db.execute(f"create table facts(row integer primary key, {columns})")
        else:
            self.db.execute(f"create table series(series_id integer primary key, series_key text unique, {quoted})")
            self.db.execute(
                "create table facts(row integer, series_id integer, period integer, value real, status integer, quality integer)"
            )
            self.db.execute("create table period(period integer primary key, code text)")
        self.db.execute("begin")

    def add_series(self, series: Iterable[tuple[int, str, Sequence[str | None]]]) -> None:
        """Series by their number in this file (from 1), key and labels, in the order of the contract's dimensions."""
        self._insert("series", ((number, key, *labels) for number, key, labels in series), 2 + len(self.contract.dimensions))

    def add_periods(self, periods: Iterable[tuple[int, str]]) -> None:
        """The periods of the file: number and code."""
        self._insert("period", periods, 2)

    def add_facts(
        self,
        rows: Sequence[int | None],
        series: Sequence[int],
        periods: Sequence[int],
        values: Sequence[float | None],
        status: Sequence[int],
        quality: Sequence[int],
    ) -> None:
        """Cells, as columns of one length: row of the file (header = 1, None for a zero left out), series and period by number,
        value (None where `status` says why there is none), status code and quality bits of `sql.ledger`."""
        columns = (rows, series, periods, values, status, quality)
        cells: list[Any] = [None] * (len(columns) * len(rows))
        for index, column in enumerate(columns):
            cells[index :: len(columns)] = column
        self._insert_cells("facts", cells, len(columns))

    def add_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """The rows of a register: row of the file, the grain, the other columns."""
        self._insert("facts", rows, 1 + len(self.contract.columns))

    def _insert(self, table: str, rows: Iterable[Sequence[Any]], width: int) -> None:
        self._insert_cells(table, list(chain.from_iterable(rows)), width)

    def _insert_cells(self, table: str, cells: list[Any], width: int) -> None:
        """Hundreds of rows per statement: twice as fast as one by one."""
        mark = f"({','.join('?' * width)})"
        for start in range(0, len(cells), ROWS_PER_STATEMENT * width):
            group = cells[start : start + ROWS_PER_STATEMENT * width]
            self.db.execute(f"insert into {table} values {','.join([mark] * (len(group) // width))}", group)

    def fault(self, fault: Fault, content: str = "") -> None:
        """Set a row aside with its reason; `content` is the row as read (JSON)."""
        row = (fault.row, fault.column, fault.rule, fault.found[:200], fault.expected, fault.fix, fault.severity)
        self.db.execute("insert into unread(row, column_name, rule, found, expected, fix, severity) values (?,?,?,?,?,?,?)", row)
        if content and fault.severity == "critical":
            self.db.execute("insert or ignore into raw values (?,?)", (fault.row, content))

    def finish(self, *, rows_read: int, datapoints: int | None) -> None:
        """Write the summary of the file that the file-level checks read."""
        (kept,) = self.db.execute("select count(*) from facts").fetchone()
        periods = 0 if self.contract.is_register else self.db.execute("select count(*) from period").fetchone()[0]
        self.db.execute("insert into file values (?,?,?,?)", (rows_read, kept, datapoints, periods))

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is None:
            self.db.execute("commit")
        self.db.close()
        if kind is None:
            os.replace(self._temporary, self.path)
        else:
            self._temporary.unlink(missing_ok=True)
