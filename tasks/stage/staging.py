"""The staging file: one SQLite file per snapshot, where the checks run and from which the load reads.

Nothing unchecked enters the warehouse. The file is written under a temporary name and renamed when whole; it can be deleted
at any time and is made again from the snapshot.

The facts of a small table, of a register and of a table with corrections lie row by row in the table `facts`. Those of a large table
lie in blocks of narrow columns (`tasks.stage.blocks`), and what the checks ask of them first is measured while they are written;
`materialise` puts them into `facts` when a rule has to see rows.
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
from tasks.stage import blocks
from tasks.stage.profile import Profile

ROWS_PER_STATEMENT = 400
# The first and last period of each series, its cells, and its cells with a number.
SPELL = (
    "select series_id, min(period) as first, max(period) as last, count(*) as cells, count(value) as numbers from facts group by series_id"
)
# A table of no more rows than this is checked and loaded row by row: that takes milliseconds.
SMALL = 20_000
# Facts of a larger one are measured and written so many at a time.
TOGETHER = 1 << 16


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
        self._temporary = path.with_suffix(".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary.unlink(missing_ok=True)
        # A reader that refuses a key that stands twice says so, and nobody looks for one again.
        self.keys_are_unique = False
        self.in_rows = contract.is_register or bool(contract.corrections)
        self.db = sqlite3.connect(self._temporary, isolation_level=None)
        for pragma in ("page_size=16384", "journal_mode=off", "synchronous=off", "cache_size=-10000", "locking_mode=exclusive"):
            self.db.execute(f"pragma {pragma}")
        self._create()

    def _create(self) -> None:
        quoted = ", ".join(f'"{name}" text' for name in self.contract.dimensions)
        self.db.execute(
            "create table unread(number integer primary key, row integer, column_name text, rule text, "
            "found text, expected text, fix text, severity text)"
        )
        measured = "".join(f", {name} {kind}" for name, kind in Profile.columns)
        self.db.execute(f"create table file(rows_read integer, rows_kept integer, datapoints integer, periods integer{measured})")
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
            self.db.execute(f"create view spell as {SPELL}")
        self.db.execute("begin")
        self._profile = Profile(self.contract)
        self._blocks = blocks.Blocks(self.db)
        self._waiting: list[blocks.Facts] = []
        self._kept = self._passed = 0

    def restart(self) -> None:
        """Forget everything that was added: the file is read again from its beginning."""
        for name in ("unread", "raw", "facts", "block", *(() if self.contract.is_register else ("series", "period"))):
            self.db.execute(f"delete from {name}")
        self._blocks.forget()
        self._profile, self._waiting, self._kept, self._passed = Profile(self.contract), [], 0, 0

    def add_series(self, series: Iterable[tuple[int, str, Sequence[str | None]]]) -> None:
        """Series by their number in this file (from 1), key and labels, in the order of the contract's dimensions."""
        self._insert("series", ((number, key, *labels) for number, key, labels in series), 2 + len(self.contract.dimensions))

    def add_periods(self, periods: Iterable[tuple[int, str]]) -> None:
        """The periods of the file: number and code."""
        self._insert("period", periods, 2)

    def add_facts(
        self,
        rows: Sequence[int | None] | blocks.Facts,
        series: Sequence[int] | blocks.Facts,
        periods: Sequence[int] | blocks.Facts,
        values: Sequence[float | None] | blocks.Facts,
        status: Sequence[int] | blocks.Facts,
        quality: Sequence[int] | blocks.Facts,
    ) -> None:
        """Cells, as columns of one length: row of the file (header = 1, None for a zero left out), series and period by number,
        value (None where `status` says why there is none), status code and quality bits of `sql.ledger`.

        Lists, or arrays with -1 for no row and NaN for no value.
        """
        facts = blocks.facts_of(rows, series, periods, values, status, quality)
        self._kept += len(facts)
        if self.in_rows:
            insert(self.db, facts)
            return
        self._waiting.append(facts)
        if self._kept - self._passed > max(SMALL, TOGETHER):
            self._pass_on()

    def _pass_on(self) -> None:
        """Measure what waits, and write it in blocks."""
        facts = blocks.together(self._waiting)
        self._profile.take(facts)
        self._blocks.add(facts)
        self._waiting, self._passed = [], self._kept

    def add_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """The rows of a register: row of the file, the grain, the other columns."""
        self._insert("facts", rows, 1 + len(self.contract.columns))

    def _insert(self, table: str, rows: Iterable[Sequence[Any]], width: int) -> None:
        _insert_cells(self.db, table, list(chain.from_iterable(rows)), width)

    def fault(self, fault: Fault, content: str = "") -> None:
        """Set a row aside with its reason; `content` is the row as read (JSON)."""
        row = (fault.row, fault.column, fault.rule, fault.found[:200], fault.expected, fault.fix, fault.severity)
        self.db.execute("insert into unread(row, column_name, rule, found, expected, fix, severity) values (?,?,?,?,?,?,?)", row)
        if content and fault.severity == "critical":
            self.db.execute("insert or ignore into raw values (?,?)", (fault.row, content))

    def finish(self, *, rows_read: int, datapoints: int | None) -> None:
        """Write the summary of the file that the file-level checks read."""
        if not self.in_rows:
            self._settle()
        (there,) = self.db.execute("select count(*) from facts").fetchone()
        kept = max(there, self._kept)
        periods = 0 if self.contract.is_register else self.db.execute("select count(*) from period").fetchone()[0]
        row = (rows_read, kept, datapoints, periods, *self._profile.row())
        self.db.execute(f"insert into file values ({','.join('?' * len(row))})", row)

    def _settle(self) -> None:
        """Put the facts where their number says: a small table's into rows, a large one's into blocks."""
        if self._kept <= SMALL:
            for facts in self._waiting:
                insert(self.db, facts)
            return
        if self._waiting:
            self._pass_on()
        self._blocks.flush()
        if not self.keys_are_unique:
            for facts in blocks.ranges(self.db):
                self._profile.look_for_twins(facts)
        self.db.execute("drop view spell")
        self.db.execute("create table spell(series_id integer primary key, first, last, cells, numbers)")
        self.db.executemany("insert into spell values (?,?,?,?,?)", self._profile.spells())

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


def materialise(db: sqlite3.Connection) -> None:
    """Put the facts that lie in blocks into the table `facts` as well; the blocks stay."""
    for facts in blocks.ranges(db):
        insert(db, facts)


def periods_of(db: sqlite3.Connection, series: int) -> set[int]:
    """The periods of one series of a statistical table."""
    if blocks.has_blocks(db):
        facts = blocks.range_of(db, series >> blocks.SERIES_BITS, series, series + 1)
        return set(facts["period"].tolist())
    return {period for (period,) in db.execute("select period from facts where series_id = ?", (series,))}


def count_kept(db: sqlite3.Connection) -> int:
    """How many rows or facts of the file go on."""
    if blocks.has_blocks(db):
        return int(db.execute("select rows_kept from file").fetchone()[0])
    return int(db.execute("select count(*) from facts where row is null or row not in (select row from held)").fetchone()[0])


def settle_held(db: sqlite3.Connection) -> None:
    """Once rows are held back, what goes on is what the table `facts` says without them, and no longer what lies in blocks."""
    if db.execute("select 1 from held limit 1").fetchone():
        db.execute("delete from block")


def insert(db: sqlite3.Connection, facts: blocks.Facts) -> None:
    """Facts as rows of the table `facts`."""
    columns = blocks.columns_of(facts)
    cells: list[Any] = [None] * (len(columns) * len(facts))
    for index, column in enumerate(columns):
        cells[index :: len(columns)] = column
    _insert_cells(db, "facts", cells, len(columns))


def _insert_cells(db: sqlite3.Connection, table: str, cells: list[Any], width: int) -> None:
    """Hundreds of rows per statement: twice as fast as one by one."""
    mark = f"({','.join('?' * width)})"
    for start in range(0, len(cells), ROWS_PER_STATEMENT * width):
        group = cells[start : start + ROWS_PER_STATEMENT * width]
        db.execute(f"insert into {table} values {','.join([mark] * (len(group) // width))}", group)
