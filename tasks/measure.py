"""Measure: what an indicator says for a place and period, as known at a moment, with the rows and snapshots behind it.

A `Figure` holds the value before disclosure control. It goes to `protect` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlalchemy import Connection, select, text
from sqlglot import exp

import sql
from expectations import Contract, catalogue
from expectations.partnership import Partnership
from sql import IndicatorHeader, ledger, lineage, periods, warehouse
from sql.clock import stamp
from tasks import Misuse
from tasks.behind import MEMBERS, Behind, Matched, behind, metric_of
from tasks.build import lay
from tasks.load import prepare

# The view whose rows are shares of a metric in its denominator, which the register names.
SHARE = "partner_share"

NUMBERS = ("value", "lower", "upper", "numerator", "denominator")
COUNTS = ("reporters", "expected", "contributors")


@dataclass(frozen=True, slots=True)
class Origin:
    """One row of a publisher's file: the release that brought it, the row (header = 1), or None for a zero left out."""

    contract: str
    release: int
    row: int | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A break of a table behind a figure: from the day `start` on it is not to be compared with what was before; why, by language."""

    start: str
    period: str
    why: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value before protection, with its bounds, coverage, and everything it was made of.

    `lower` and `upper` bound the value where the publisher rounds or hides; for an exact number they equal it. `released_at` is
    the newest release among its tables at that moment. `quality` are the publisher's letters: the worst of A to E behind it, and p, r or
    t where any cell has it. `boundaries` are the years of the boundaries it is on, `breaks` those of its tables; `by_place` says that
    a publisher counted it for the place, where a total of partners is counted for the partnership. `on_time` of its reporters reported
    on time (None where that is not known). A plain total over partners has a `group` that is alike where the same of them reported, and
    what is `matched` with earlier periods.
    """

    indicator: str
    place: str
    period: str
    period_end: str
    value: float | None
    lower: float | None
    upper: float | None
    numerator: float | None
    denominator: float | None
    reporters: int | None
    expected: int | None
    contributors: int | None
    mark: str
    origins: tuple[Origin, ...]
    snapshots: tuple[str, ...]
    released_at: str
    is_sample: bool
    quality: str = ""
    boundaries: tuple[int, ...] = ()
    breaks: tuple[Broken, ...] = ()
    by_place: bool = True
    on_time: int | None = None
    group: str = ""
    matched: tuple[Matched, ...] = ()


@dataclass(frozen=True, slots=True)
class _Releases:
    """The releases known at a moment: by table and number, and the newest of each table."""

    sha256: dict[tuple[str, int], str]
    released: dict[str, str]
    samples: frozenset[str]


def measure(
    partnership: Partnership, indicators: Iterable[str], *, known_at: str | None = None, instead: Mapping[str, int] | None = None
) -> list[Figure]:
    """Every figure of the indicators, ordered by indicator, place and period.

    `known_at` (a stamp such as 2026-11-22T17:00:00Z) answers as known then; `instead` names the release of a table to read in place of
    the one in force. Queries run over temporary views, so nothing in the
    warehouse changes (but that empty tables are made where it has none yet). An unknown name is `Misuse` and lists the names there are.
    """
    queries = sql.read_all(partnership.home / "sql")
    there = sorted(name for name, query in queries.items() if query.is_indicator)
    wanted = sorted(set(indicators))
    if strangers := [name for name in wanted if name not in there]:
        raise Misuse(f"There is no indicator {', '.join(strangers)}. There are: {', '.join(there)}.")
    order = sql.in_order(queries, set(wanted))
    read = {table for query in order for table in query.reads} | {MEMBERS}
    contracts = [contract for contract in partnership.contracts() if contract.name in read]
    prepare(partnership)
    with warehouse.reader(partnership.home).connect() as connection, connection.begin():
        releases = _releases(connection, known_at, instead or {})
        lay(connection, partnership, contracts, order, known_at=known_at or stamp(), instead=instead, origin=True)
        tables = {contract.name: contract for contract in contracts}
        known = behind(connection, order, [contract.name for contract in contracts if contract.is_partner], known_at)
        figures = [
            figure
            for name in wanted
            for figure in _figures(connection, queries[name], releases, tables, _redefined(name, queries, tables, partnership), known)
        ]
        connection.rollback()
    return figures


def _releases(connection: Connection, known_at: str | None, instead: Mapping[str, int]) -> _Releases:
    table = ledger.release
    query = select(table.c.contract, table.c.release, table.c.sha256, table.c.released_at, table.c.loaded_at)
    query = query.where(table.c.loaded_at <= (known_at or stamp())).order_by(table.c.release)
    digests: dict[tuple[str, int], str] = {}
    released: dict[str, str] = {}
    last: dict[str, int] = {}
    for row in connection.execute(query).mappings():
        name = row["contract"]
        if name not in last:
            last[name] = instead.get(name, ledger.in_force(connection, name, known_at))
        if row["release"] > last[name]:
            continue  # it waits for a person
        digests[name, row["release"]] = row["sha256"]
        released[row["contract"]] = max(released.get(row["contract"], ""), row["released_at"] or row["loaded_at"])
    samples = connection.scalars(select(ledger.snapshot.c.sha256).where(ledger.snapshot.c.sample))
    return _Releases(digests, released, frozenset(samples))


def _figures(
    connection: Connection,
    query: sql.Query,
    releases: _Releases,
    tables: Mapping[str, Contract],
    redefined: tuple[Broken, ...],
    known: Behind,
) -> list[Figure]:
    """The figures of one indicator."""
    metric = metric_of(query)
    calendar = {row.code: row.end for row in connection.execute(select(ledger.period.c.code, ledger.period.c.end))}
    rows = connection.execute(text(f'select * from "{query.name}" order by place, period')).mappings()
    return [_figure(query.name, query.indicator, dict(row), releases, calendar, tables, redefined, known, metric) for row in rows]


def _figure(
    name: str,
    header: IndicatorHeader,
    row: dict[str, Any],
    releases: _Releases,
    calendar: dict[str, str],
    tables: Mapping[str, Contract],
    redefined: tuple[Broken, ...],
    known: Behind,
    metric: str,
) -> Figure:
    trails = lineage.trails(row.get("origin") or "")
    sources = [tables[contract] for contract in sorted({trail.contract for trail in trails}) if contract in tables]
    _refuse_bare(name, row, sources)
    numbers = {key: _number(row.get(key)) for key in NUMBERS}
    mark = row.get("status") or _hole(row, trails, tables)
    if mark and "status" not in row:
        numbers = dict.fromkeys(NUMBERS)
    value = numbers["value"]
    if header.kind == "ratio" and numbers["numerator"] is not None and numbers["denominator"]:
        value = 100.0 * numbers["numerator"] / numbers["denominator"]
    digests = sorted({releases.sha256[t.contract, t.release] for t in trails if (t.contract, t.release) in releases.sha256})
    period = str(row["period"])
    return Figure(
        indicator=name,
        place=row["place"],
        period=period,
        period_end=calendar.get(period, period_end(period)),
        value=value,
        lower=numbers["lower"] if numbers["lower"] is not None or mark else value,
        upper=numbers["upper"] if numbers["upper"] is not None or mark else value,
        numerator=numbers["numerator"],
        denominator=numbers["denominator"],
        **{key: None if row.get(key) is None else int(row[key]) for key in COUNTS},
        mark=mark,
        origins=tuple(dict.fromkeys(Origin(trail.contract, trail.release, trail.row) for trail in trails)),
        snapshots=tuple(digests),
        released_at=max((releases.released.get(contract.name, "") for contract in sources), default=""),
        is_sample=any(digest in releases.samples for digest in digests),
        quality=lineage.letters([row["quality"] or 0] if "quality" in row else [trail.quality for trail in trails]),
        boundaries=tuple(sorted({contract.geography for contract in sources if contract.geography})),
        breaks=_in_order({*_breaks(sources), *redefined}),
        by_place=any(column.type == "place" for contract in sources if not contract.is_register for column in contract.columns.values()),
        on_time=known.on_time(metric, period, trails, row.get("reporters")) if row.get("expected") else None,
        group=known.group(metric, period),
        matched=known.matched(metric, period),
    )


def _hole(row: dict[str, Any], trails: Sequence[lineage.Trail], tables: Mapping[str, Contract]) -> str:
    """The mark of a published cell without number and bounds among those a query added: then it has no sum.

    A query that selects `status` has said itself what it does with marks, and partners that did not answer are told by the coverage.
    """
    if "status" in row:
        return ""
    marks = {trail.mark for trail in trails if trail.mark and not (trail.contract in tables and tables[trail.contract].is_partner)}
    return max(marks, key=ledger.STATUS.index, default="")


def _refuse_bare(name: str, row: dict[str, Any], behind: Sequence[Contract]) -> None:
    """Numbers that their publisher rounds or hides within bounds are never added or told without a range."""
    rounded = next((contract for contract in behind if _is_bounded(contract)), None)
    if rounded and not {"lower", "upper"} <= set(row):
        raise Misuse(
            f"sql/indicators/{name}.sql reads {rounded.name}, whose numbers stand for a range, and says nothing of it: select lower and "
            "upper (of a sum: the sums of both; of a difference: a.lower - b.upper and a.upper - b.lower)."
        )


def _is_bounded(contract: Contract) -> bool:
    return contract.rounding > 0 or any(mark.upper is not None for mark in contract.non_values.values())


def _breaks(behind: Sequence[Contract]) -> set[Broken]:
    """The breaks of the tables behind a figure."""
    found = set()
    for contract in behind:
        column = contract.columns[contract.period] if contract.period else None
        for told in contract.breaks:
            start = periods.parse(told.period, starts=column.starts if column else 1).start
            found.add(Broken(start.isoformat(), told.period, tuple(sorted(told.why.items()))))
    return found


def _redefined(name: str, queries: Mapping[str, sql.Query], tables: Mapping[str, Contract], partnership: Partnership) -> tuple[Broken, ...]:
    """A break on the day from which a metric that the indicator names is defined anew (registers/metrics.csv, version 2 and later).

    The metrics of an indicator are the codes of the register that its query asks for, and the denominator of each where it is a share.
    """
    needed = sql.in_order(dict(queries), {name})
    if not any(tables[table].is_partner for query in needed for table in query.reads if table in tables):
        return ()
    asked = {literal.this for query in needed for literal in sqlglot.parse_one(query.text, dialect="postgres").find_all(exp.Literal)}
    metrics = catalogue.read(partnership.home)
    if any(query.name == SHARE for query in needed):
        asked |= {metric.denominator for metric in metrics if metric.code in asked}
    return tuple(_anew(metric) for metric in metrics if metric.version > 1 and metric.code in asked)


def _anew(metric: catalogue.Metric) -> Broken:
    day = metric.valid_from
    why = {"en": f"the definition of “{metric.name('en')}” changed", "fr": f"la définition de « {metric.name('fr')} » a changé"}
    return Broken(day.isoformat(), f"{day.year}-Q{(day.month + 2) // 3}", tuple(sorted(why.items())))


def _in_order(breaks: Iterable[Broken]) -> tuple[Broken, ...]:
    return tuple(sorted(breaks, key=lambda broken: (broken.start, broken.why)))


def period_end(code: str) -> str:
    """The last day of a period that no fact has, such as the year of a sum of months."""
    return periods.parse(code).end.isoformat()


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def latest(figures: Sequence[Figure], indicator: str, place: str) -> Figure | None:
    """The figure of the last period for a place."""
    own = [figure for figure in figures if figure.indicator == indicator and figure.place == place]
    return max(own, key=lambda figure: figure.period_end, default=None)
