"""Measure: what an indicator says for a place and period, as known at a moment, with the rows and snapshots behind it.

A `Figure` holds the value before disclosure control. It goes to `protect` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

import sql
from expectations.partnership import Partnership
from sql import IndicatorHeader, ledger, warehouse
from sql.clock import stamp
from tasks import Misuse
from tasks.build import lay
from tasks.load import prepare

NUMBERS = ("value", "lower", "upper", "numerator", "denominator")
COUNTS = ("reporters", "expected", "contributors")


@dataclass(frozen=True, slots=True)
class Origin:
    """One row of a publisher's file: the release that brought it, the row (header = 1), or None for a zero left out."""

    contract: str
    release: int
    row: int | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A value before protection, with its bounds, coverage, and everything it was made of.

    `lower` and `upper` bound the value where the publisher rounds or hides; for an exact number they equal it. `released_at` is
    the newest release among its tables at that moment.
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
    known = sorted(name for name, query in queries.items() if query.is_indicator)
    wanted = sorted(set(indicators))
    if strangers := [name for name in wanted if name not in known]:
        raise Misuse(f"There is no indicator {', '.join(strangers)}. There are: {', '.join(known)}.")
    order = sql.in_order(queries, set(wanted))
    read = {table for query in order for table in query.reads}
    contracts = [contract for contract in partnership.contracts() if contract.name in read]
    prepare(partnership)
    with warehouse.reader(partnership.home).connect() as connection, connection.begin():
        releases = _releases(connection, known_at, instead or {})
        lay(connection, partnership, contracts, order, known_at=known_at or stamp(), instead=instead, origin=True)
        figures = [figure for name in wanted for figure in _figures(connection, name, queries[name].indicator, releases)]
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


def _figures(connection: Connection, name: str, header: IndicatorHeader, releases: _Releases) -> list[Figure]:
    calendar = {row.code: row.end for row in connection.execute(select(ledger.period.c.code, ledger.period.c.end))}
    rows = connection.execute(text(f'select * from "{name}" order by place, period')).mappings()
    return [_figure(name, header, dict(row), releases, calendar) for row in rows]


def _figure(name: str, header: IndicatorHeader, row: dict[str, Any], releases: _Releases, calendar: dict[str, str]) -> Figure:
    origins = _origins(row.get("origin") or "")
    numbers = {key: _number(row.get(key)) for key in NUMBERS}
    value = numbers["value"]
    if header.kind == "ratio" and numbers["numerator"] is not None and numbers["denominator"]:
        value = 100.0 * numbers["numerator"] / numbers["denominator"]
    touched = {origin.contract for origin in origins}
    digests = sorted({releases.sha256[o.contract, o.release] for o in origins if (o.contract, o.release) in releases.sha256})
    period = str(row["period"])
    return Figure(
        indicator=name,
        place=row["place"],
        period=period,
        period_end=calendar.get(period, period_end(period)),
        value=value,
        lower=numbers["lower"] if numbers["lower"] is not None or row.get("status") else value,
        upper=numbers["upper"] if numbers["upper"] is not None or row.get("status") else value,
        numerator=numbers["numerator"],
        denominator=numbers["denominator"],
        **{key: None if row.get(key) is None else int(row[key]) for key in COUNTS},
        mark=row.get("status") or "",
        origins=origins,
        snapshots=tuple(digests),
        released_at=max((releases.released.get(contract, "") for contract in touched), default=""),
        is_sample=any(digest in releases.samples for digest in digests),
    )


def period_end(code: str) -> str:
    """The last day of a period that no fact has, such as the year of a sum of months."""
    from sql import periods

    return periods.parse(code).end.isoformat()


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _origins(text_: str) -> tuple[Origin, ...]:
    found = set()
    for part in text_.split(","):
        if part:
            contract, release, row = part.rsplit("/", 2)
            found.add((contract, int(release), int(row) if row else None))
    return tuple(Origin(*item) for item in sorted(found, key=lambda item: (item[0], item[1], item[2] or 0)))


def latest(figures: Sequence[Figure], indicator: str, place: str) -> Figure | None:
    """The figure of the last period for a place."""
    own = [figure for figure in figures if figure.indicator == indicator and figure.place == place]
    return max(own, key=lambda figure: figure.period_end, default=None)
