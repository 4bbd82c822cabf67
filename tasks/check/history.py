"""What a file must have in common with the one in force, and its periods with each other.

Everything is counted once into `history`, a table of the staging file with a row for each question: how it is now, how it was, and both
in words. The rules compare the two.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, distinct, exists, func, inspect, select
from sqlalchemy.sql.selectable import FromClause

from expectations import PLACE_CODE, Contract
from expectations.partnership import Partnership
from sql import ledger, periods
from sql.tables import Tables, tables
from sql.warehouse import is_begun, reader
from tasks.check import accepted
from tasks.check.rule import Compiled, row_rule
from tasks.stage.staging import periods_of

NAMED = 10
LOOK = "Look at the file before anything is changed: the figures before it stay in force."
EACH = {"monthly": "month", "quarterly": "quarter", "annual": "year", "span": "span"}


# Rules


def history_rules(contract: Contract) -> list[Compiled]:
    """The rules over `history`; one whose row is not there (nothing is in force yet) is met."""
    rules = []
    if contract.gaps != "allow" and not contract.is_partner:
        severity = "warning" if contract.gaps == "warn" else "critical"
        fix = "Ask the publisher. If the series is meant to have holes, say `gaps: allow` in the contract."
        rules.append(_rule("gaps", contract.period or "", "now = was", fix, severity))
        rules.append(_rule("holes", contract.period or "", "now = was", fix, severity))
    rules += [_rule(f"parts_{n}", total.column, "now = was", LOOK, total.severity) for n, total in enumerate(contract.totals, start=1)]
    if not has_past(contract):
        return rules
    if not contract.history.may_end_earlier:
        rules.append(_rule("older", contract.period or "", "now >= was", f"An old file may have been served again. {LOOK}", "critical"))
    rules += [_leaves(name, contract) for name in contract.dimensions]
    limit = contract.history
    predicate = f"now <= was * {limit.marks_factor!r} or now <= was + {limit.marks_share!r}"
    rules.append(_rule("marks", contract.measure or "", predicate, "It is taken as it is. Look whether the publisher says why.", "warning"))
    return rules


def _rule(name: str, column: str, predicate: str, fix: str, severity: str) -> Compiled:
    mine = f"rule <> '{name}' or ({predicate})"
    return row_rule(name, "history", column, mine, "as before", fix, about="found", row="", severity=severity)


def _leaves(name: str, contract: Contract) -> Compiled:
    """A place or a member of a closed list that is gone stops the file; one of an open list is told."""
    stops = _is_closed(name, contract) and contract.revision.accept != "always"
    mend = "registers/place_labels.csv" if contract.columns[name].type == "place" else "the contract"
    key = f"`history: may_leave: {name}` in the contract"
    fix = f"The publisher may have renamed it: look at the file, then mend {mend}. If it was dropped on purpose, name it under {key}."
    return _rule(f"stays_{name}", name, "now = was", fix, "critical" if stops else "warning")


def _is_closed(name: str, contract: Contract) -> bool:
    column = contract.columns[name]
    return column.type == "place" or column.one_of is not None or bool(column.members)


def has_past(contract: Contract) -> bool:
    """True for a table whose file is whole each time; registers, inboxes and files of one period say nothing of the rest."""
    return contract.source.fetch not in ("register", "inbox") and not contract.has_file_per_period


# Counting


@dataclass(frozen=True, slots=True)
class Noted:
    """One row of `history`."""

    rule: str
    now: float
    was: float
    found: str
    expected: str


def lay(db: sqlite3.Connection, contract: Contract, partnership: Partnership, *, part: str = "") -> int:
    """Write `history` into a staging file; how many rows the publisher's file in force has, 0 when there is none.

    Of a table that comes in parts, a file for each place, a part is compared with what is in force of its own places.
    """
    noted: list[Noted] = []
    rows_before = 0
    if not (contract.is_register or contract.is_partner):
        spells = _Spells(db)
        noted += [*_parts(db, contract), *(() if contract.gaps == "allow" else [*_gaps(db, contract), *_holes(db, contract, spells)])]
        if contract.source.fetch != "inbox" and is_begun(partnership.home):
            with reader(partnership.home).connect() as connection:
                past = _Past.of(connection, contract, partnership.home, _places(db, contract) if part else {})
                rows_before = past.rows_read(part) if past else 0
                if past and has_past(contract):
                    noted += [*_older(db, past), *_leavers(db, contract, partnership, past), *_marks(spells, past)]
    db.execute("drop table if exists history")
    db.execute("create table history(number integer primary key, rule text, now real, was real, found text, expected text)")
    rows = [(one.rule, one.now, one.was, one.found, one.expected) for one in noted]
    db.executemany("insert into history(rule, now, was, found, expected) values (?,?,?,?,?)", rows)
    return rows_before


class _Spells:
    """The cells of the file, those without a number, and the series with a hole: number, first and last period, cells missing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        place = {period: number for number, (period,) in enumerate(db.execute("select period from period order by period"))}
        self.cells = self.marks = 0
        self.holed: list[tuple[int, int, int, int]] = []
        for series, first, last, cells, numbers in db.execute("select series_id, first, last, cells, numbers from spell"):
            self.cells += cells
            self.marks += cells - numbers
            if (missing := place[last] - place[first] + 1 - cells) > 0:
                self.holed.append((series, first, last, missing))


def _gaps(db: sqlite3.Connection, contract: Contract) -> Iterator[Noted]:
    """Periods that no row of the file is about, between two that some are."""
    settings = contract.columns[contract.period or ""]
    if settings.frequency == "none":
        return
    spans = [periods.parse(code, settings.frequency, settings.starts) for (code,) in db.execute("select code from period order by period")]
    steps = [ledger.sequence_of(after) - ledger.sequence_of(before) for before, after in pairwise(spans)]
    # A table of every fifth year has no holes; months and quarters have one step.
    usual = 1 if settings.frequency in ("monthly", "quarterly") else min([step for step in steps if step > 0], default=1)
    wide = [(before, after, step // usual - 1) for (before, after), step in zip(pairwise(spans), steps, strict=True) if step > usual]
    missing = sum(count for *_, count in wide)
    found = _listed([f"nothing between {before.code} and {after.code} ({count} missing)" for before, after, count in wide])
    yield Noted("gaps", missing, 0, found, f"every {EACH[settings.frequency]} between the first and the last")


def _holes(db: sqlite3.Connection, contract: Contract, spells: _Spells) -> Iterator[Noted]:
    """Series without a cell in a period between their own first and last; one that ended has no hole.

    Where rows could not be read, a hole may be one of them, which is told already.
    """
    if db.execute("select 1 from unread where severity = 'critical' limit 1").fetchone():
        return
    holes = [_hole(db, contract, *spell) for spell in spells.holed[:NAMED]]
    expected = "a cell in each period of the file between the first and the last of a series"
    yield Noted("holes", len(spells.holed), 0, _listed(holes, len(spells.holed)), expected)


def _hole(db: sqlite3.Connection, contract: Contract, series: int, first: int, last: int, missing: int) -> str:
    names = ", ".join(f'"{name}"' for name in contract.dimensions)
    labels = ", ".join(str(label) for label in db.execute(f"select {names} from series where series_id = ?", (series,)).fetchone())
    there = periods_of(db, series)
    between = db.execute("select period, code from period where period between ? and ? order by period", (first, last))
    code = next((code for period, code in between if period not in there), "")
    return f"{labels}: none for {code}" + (f" and {missing - 1} more" if missing > 1 else "")


def _parts(db: sqlite3.Connection, contract: Contract) -> Iterator[Noted]:
    """Members that a total names and that the file does not have: it would never be compared."""
    for number, total in enumerate(contract.totals, start=1):
        if contract.absent == "zero":
            continue
        there = _members(db, total.column)
        lost = [member for member in [total.total, *total.parts] if member not in there]
        if there:
            yield Noted(f"parts_{number}", len(lost), 0, f"no {_listed(lost)}", f"the members that `totals` names under {total.column}")


def _members(db: sqlite3.Connection, column: str) -> set[str]:
    return {str(member) for (member,) in db.execute(f'select distinct "{column}" from series')}


def _places(db: sqlite3.Connection, contract: Contract) -> dict[str, set[str]]:
    """The places of the file by column."""
    return {name: _members(db, name) for name in contract.dimensions if contract.columns[name].type == "place"}


# Against what is in force


@dataclass(frozen=True, slots=True)
class _Past:
    """The rows of a table in force for briefs: the last period, how many cells, and how many of them have a number."""

    connection: Connection
    contract: Contract
    release: int
    rows: FromClause
    series: Table
    last: int
    cells: int
    numbers: int

    @staticmethod
    def of(connection: Connection, contract: Contract, home: Path, places: dict[str, set[str]]) -> _Past | None:
        """What is in force, of those places where any are named; None for nothing, and for other columns: then the load says so."""
        release = ledger.in_force(connection, contract.name)
        target = tables(contract)
        if not release or target.series is None or not _fits(connection, target):
            return None
        newest = connection.scalar(select(func.max(ledger.release.c.release)).where(ledger.release.c.contract == contract.name))
        rows = target.rows(None if release == newest else release)
        for column, codes in places.items():
            ours = select(target.series.c.series_id).where(target.series.c[column].in_(codes))
            rows = select(rows).where(rows.c.series_id.in_(ours)).subquery("facts")
        # What a load kept of a large table says it without a look at a million rows.
        kept = None if places else accepted.of(connection, home / "accepted", contract.name, release)
        asked = select(func.max(rows.c.period), func.count(), func.count(rows.c.value))
        last, cells, numbers = (kept and accepted.counted(kept)) or connection.execute(asked).one()
        return _Past(connection, contract, release, rows, target.series, int(last), cells, numbers) if cells else None

    def rows_read(self, part: str) -> int:
        release, said = ledger.release, ledger.verdict
        query = select(said.c.rows_read).join(release, release.c.verdict == said.c.id)
        query = query.where(release.c.contract == self.contract.name, release.c.part == part, release.c.release <= self.release)
        return int(self.connection.scalar(query.order_by(release.c.release.desc()).limit(1)) or 0)

    def code(self, period: int) -> str:
        return str(self.connection.scalar(select(ledger.period.c.code).where(ledger.period.c.period_id == period)))

    def gone(self, column: str, there: set[str]) -> list[str]:
        """Members in force that are not among those."""
        known = self.connection.scalars(select(distinct(self.series.c[column])).order_by(self.series.c[column])).all()
        return [str(member) for member in known if str(member) not in there and self._is_in_force(self.series.c[column] == member)]

    def _is_in_force(self, of_member: ColumnElement[bool]) -> bool:
        cell = exists().where(self.rows.c.series_id == self.series.c.series_id)
        return self.connection.scalar(select(self.series.c.series_id).where(of_member, cell).limit(1)) is not None


def _fits(connection: Connection, target: Tables) -> bool:
    assert target.series is not None
    there = inspect(connection)
    wanted: tuple[Any, ...] = (target.series, target.facts)
    return all(
        there.has_table(table.name) and {c["name"] for c in there.get_columns(table.name)} >= {c.name for c in table.columns}
        for table in wanted
    )


def _older(db: sqlite3.Connection, past: _Past) -> Iterator[Noted]:
    last = db.execute("select period, code from period order by period desc limit 1").fetchone()
    if last:
        expected = f"{past.code(past.last)}, the last in force, or a later one"
        yield Noted("older", last[0], past.last, f"{last[1]} as the last period", expected)


def _leavers(db: sqlite3.Connection, contract: Contract, partnership: Partnership, past: _Past) -> Iterator[Noted]:
    for name in contract.dimensions:
        wanted = _wanted(name, contract, partnership)
        may_leave = contract.history.may_leave.get(name, [])
        gone = [m for m in past.gone(name, _members(db, name)) if (wanted is None or m in wanted) and m not in may_leave]
        yield Noted(f"stays_{name}", len(gone), 0, f"nothing of {_listed(gone)}", f"every {name} that is in force")


def _wanted(name: str, contract: Contract, partnership: Partnership) -> frozenset[str] | None:
    """What is kept of a column today; None when everything is."""
    column = contract.columns[name]
    if column.type == "place":
        return partnership.kept_places if contract.source.places == "partnership" else None
    closed = column.one_of if column.one_of is not None else list(column.members)
    return frozenset(closed) if _is_closed(name, contract) else None


def _marks(spells: _Spells, past: _Past) -> Iterator[Noted]:
    if not spells.cells:
        return
    marks = past.cells - past.numbers
    now, was = spells.marks / spells.cells, marks / past.cells
    found = f"{spells.marks} of {spells.cells} cells without a number ({now:.1%})"
    yield Noted("marks", now, was, found, f"about as many as in force, {marks} of {past.cells} ({was:.1%})")


# Words


def said(db: sqlite3.Connection, rule: str) -> tuple[str, str]:
    """What was found and what was expected, of a rule over `history` that is not met."""
    found, expected = db.execute("select found, expected from history where rule = ?", (rule,)).fetchone()
    return str(found), str(expected)


def with_names(text: str, partnership: Partnership) -> str:
    """The text with the name of each place of the register before its code."""
    names = partnership.place_names("en")
    return re.sub(PLACE_CODE, lambda code: f"{names[code[0]]} ({code[0]})" if code[0] in names else code[0], text)


def _listed(parts: list[str], count: int = 0) -> str:
    more = max(count, len(parts)) - min(len(parts), NAMED)
    return "; ".join(parts[:NAMED]) + (f"; and {more} more" if more else "")
