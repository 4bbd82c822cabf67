"""The tables of a contract: `<name>__series`, `<name>__facts`, `<name>__history`, and the view `<name>` that queries read.

A statistical table keeps its labels once per series and one narrow row per (series, period). A register keeps one row per
grain. `__history` holds closed rows: in force for the releases from `since` up to, not including, `until`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Double,
    Integer,
    MetaData,
    Select,
    SmallInteger,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause

from expectations import Contract
from sql import ledger

TYPES: dict[str, Any] = {
    "place": Text,
    "text": Text,
    "date": Text,
    "integer": Integer,
    "number": Double,
    "period": Integer,
}


class Tables:
    """The stored tables of one contract and the selects over them."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.metadata = MetaData()
        self.register = contract.is_register
        self.series = None if self.register else self._series()
        self.facts = self._facts("__facts", [])
        self.history = self._facts("__history", [Column("until", Integer, nullable=False)])

    @property
    def keys(self) -> list[str]:
        """The key columns of `__facts`."""
        return list(self.contract.grain) if self.register else ["series_id", "period"]

    @property
    def values(self) -> list[str]:
        """The columns of `__facts` whose change makes a new version of a row."""
        if not self.register:
            return ["value", "status", "quality"]
        return [name for name in self.contract.columns if name not in self.contract.grain]

    def _series(self) -> Table:
        dimensions = [Column(name, Text) for name in self.contract.dimensions]
        key = Column("series_key", Text, nullable=False, unique=True)
        name = f"{self.contract.name}__series"
        return Table(name, self.metadata, Column("series_id", Integer, primary_key=True, autoincrement=False), key, *dimensions)

    def _facts(self, suffix: str, more: list[Column[Any]]) -> Table:
        history = suffix == "__history"
        common: list[Column[Any]] = [Column("since", Integer, primary_key=history, nullable=False), Column("row", Integer), *more]
        columns: list[Column[Any]] = []
        if self.register:
            for name, column in self.contract.columns.items():
                columns.append(Column(name, TYPES[column.type], primary_key=name in self.contract.grain))
        else:
            columns = [
                Column("series_id", Integer, primary_key=True, autoincrement=False),
                Column("period", Integer, primary_key=True, autoincrement=False),
                Column("value", Double),
                Column("status", SmallInteger, nullable=False),
                Column("quality", SmallInteger, nullable=False),
            ]
        return Table(f"{self.contract.name}{suffix}", self.metadata, *columns, *common, sqlite_with_rowid=False)

    def rows(self, as_of: int | None = None) -> FromClause:
        """The stored rows in force at a release, or now."""
        names = [*self.keys, *self.values, "since", "row"]
        current = select(*[self.facts.c[name] for name in names])
        if as_of is None:
            return current.subquery("facts")
        closed = select(*[self.history.c[name] for name in names])
        return union_all(
            current.where(self.facts.c.since <= as_of),
            closed.where(and_(self.history.c.since <= as_of, self.history.c.until > as_of)),
        ).subquery("facts")

    def view(self, as_of: int | None = None, *, origin: bool = False) -> Select[tuple[object, ...]]:
        """The select behind the view `<name>`: the contract's columns, the calendar, status, and bounds of each number.

        With `origin` a text column tells which release and row of the publisher's file each row came from, and its quality.
        """
        facts = self.rows(as_of)
        tail = [self._trail(facts).label("origin")] if origin else []
        if self.register:
            return select(*[facts.c[name] for name in self.contract.columns], *tail)
        assert self.series is not None
        calendar = ledger.period
        joined = facts.join(self.series, facts.c.series_id == self.series.c.series_id)
        joined = joined.join(calendar, calendar.c.period_id == facts.c.period)
        dimensions = [self.series.c[name] for name in self.contract.dimensions]
        times = [calendar.c.code.label("period"), calendar.c.frequency, calendar.c.year, calendar.c.quarter, calendar.c.month]
        measure = self.contract.measure or "value"
        numbers = [facts.c.value.label(measure), *self._bounds(facts), _status(facts).label("status"), facts.c.quality]
        return select(*dimensions, *times, calendar.c.sequence, *numbers, *tail).select_from(joined)

    def _trail(self, facts: FromClause) -> ColumnElement[str]:
        """Where a row came from, with its quality and its mark where it has them (`sql.lineage`)."""
        # A zero that the publisher leaves out has no row, but a release all the same.
        row = func.coalesce(_text(facts.c.row), literal(""))
        trail = _text(literal(self.contract.name + "/")) + _text(facts.c.since) + literal("/") + row
        if self.register:
            return trail
        upper = self._bounds(facts)[1]
        mark = case((upper.is_(None), _text(facts.c.status)), else_=literal("0"))
        plain = and_(facts.c.quality == 0, upper.is_not(None))
        return trail + case((plain, literal("")), else_=literal("/") + _text(facts.c.quality) + literal("/") + mark)

    def _bounds(self, facts: FromClause) -> list[ColumnElement[float]]:
        half = self.contract.rounding / 2
        value, status = facts.c.value, facts.c.status
        # Who hides what would be rounded to nothing prints a 0 for none at all, as who leaves zeros out does without a row.
        hides_few = any(meaning.lower is not None and (meaning.upper or 0) >= half for meaning in self.contract.non_values.values())
        exact = or_(status == ledger.STATUS_CODE["absent"], literal(half == 0), and_(literal(hides_few), value == 0))
        lower: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = [(exact, value)]
        upper = list(lower)
        for mark, meaning in self.contract.non_values.items():
            hit = status == status_code(mark, meaning.status)
            low = literal_column(str(float(meaning.lower))) if meaning.lower is not None else null()
            high = literal_column(str(float(meaning.upper))) if meaning.upper is not None else null()
            lower.insert(0, (hit, low))
            upper.insert(0, (hit, high))
        width: ColumnElement[float] = literal_column(str(float(half)))
        return [case(*lower, else_=value - width).label("lower"), case(*upper, else_=value + width).label("upper")]


def _text(column: ColumnElement[object]) -> ColumnElement[str]:
    return cast(column, Text)


def _status(facts: FromClause) -> ColumnElement[str]:
    pairs = [(facts.c.status == code, literal(mark)) for code, mark in enumerate(ledger.STATUS)]
    return case(*pairs, else_=literal("?"))


def status_code(mark: str, meaning: str) -> int:
    """The code of a publisher's mark: its own where the list has it, else that of what it means."""
    if mark and mark in ledger.STATUS_CODE:  # a blank cell is no ordinary number
        return ledger.STATUS_CODE[mark]
    by_meaning = {
        "suppressed": "--",
        "not_collected": "not collected",
        "not_applicable": "...",
        "unreliable": "F",
        "not_available": "..",
        "rounds_to_zero": "0s",
    }
    return ledger.STATUS_CODE[by_meaning[meaning]]


def tables(contract: Contract) -> Tables:
    """The tables of a contract."""
    return Tables(contract)
