"""What a partner is asked in a period, as rows: codes, what is counted, and what it gave for the period before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import inspect, select

import expectations
from expectations import Contract, catalogue, places
from expectations.partnership import Partnership
from sql import ledger, periods, warehouse
from sql.tables import tables
from tasks.due import Owed

KEYS = ("partner", "period", "metric")
Value = str | int | None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the catalogue in the words of one language."""

    known: catalogue.Metric
    name: str
    definition: str
    unit: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One data sheet: its contract, its columns in order, and its rows with all but the answers filled in."""

    contract: Contract
    columns: tuple[str, ...]
    rows: tuple[dict[str, Value], ...]
    metrics: tuple[Metric, ...]


def asked(partnership: Partnership, owed: Owed, language: str) -> list[Asked]:
    """The data sheets of what is owed, in the order of the contracts."""
    known = metrics(partnership, owed.period, language)
    wanted = [known[code] for code in owed.metrics]
    sheets = []
    for contract in partnership.contracts():
        own = tuple(metric for metric in wanted if metric.known.table == contract.name)
        if contract.is_partner and own:
            sheets.append(Asked(contract, columns_of(contract), tuple(_rows(partnership, contract, owed, own, language)), own))
    return sheets


def metrics(partnership: Partnership, period: str, language: str) -> dict[str, Metric]:
    """The catalogue in the words of a language: each metric as it is defined in the period."""
    span = periods.parse(period)
    known = catalogue.in_force(catalogue.read(partnership.home), span.start, span.end)
    path = partnership.home / "registers" / "metrics.csv"
    said = {(row["metric"], int(row["method_version"])): row for row in places.rows(path, f"definition_{language}", "unit")}
    return {
        code: Metric(metric, metric.name(language), said[code, metric.version][f"definition_{language}"], said[code, metric.version]["unit"])
        for code, metric in known.items()
    }


def columns_of(contract: Contract) -> tuple[str, ...]:
    """The columns of a data sheet in order: what is locked, then the number and its explanation."""
    last = [name for name in (contract.measure, "explanation") if name and name in contract.columns]
    breakdowns = [name for name in contract.columns if name not in (*KEYS, *last)]
    keys = [name for name in KEYS if name in contract.columns]
    return (*keys, *breakdowns, *contract.issued, *last)


def _rows(
    partnership: Partnership, contract: Contract, owed: Owed, own: tuple[Metric, ...], language: str
) -> Iterator[dict[str, Value]]:
    breakdowns = [name for name in columns_of(contract) if name in contract.columns and name not in (*KEYS, contract.measure, "explanation")]
    before = _before(partnership, contract, owed.partner)
    for metric in own:
        span = _period_before(owed.period, metric.known.frequency)
        for members in product(*[_members(partnership, contract, name) for name in breakdowns]):
            key = {"partner": owed.partner, "metric": metric.known.code, **dict(zip(breakdowns, members, strict=True))}
            number = before.get((span, *[key[name] for name in contract.dimensions]))
            issued: dict[str, Value] = {name: metric.name if kind == "label" else said(number, language) for name, kind in contract.issued.items()}
            yield {**key, "period": owed.period, **issued}


def said(number: tuple[float | None, str] | None, language: str) -> Value:
    """A number of the warehouse as a cell says it: whole, its mark in words, or nothing."""
    if number is None:
        return None
    value, status = number
    if value is not None:
        return int(value)
    return str(expectations.words("workbook", language)["marks"].get(status.replace(" ", "_"), status))


def _members(partnership: Partnership, contract: Contract, column: str) -> list[str]:
    """The codes that a breakdown may have, each of which is a row of its own."""
    declared = contract.columns[column]
    if declared.of_register:
        path = partnership.home / "registers" / f"{declared.of_register}.csv"
        return [row[column] for row in places.rows(path, column)]
    return list(declared.one_of or declared.members or [""])


def _period_before(period: str, frequency: str) -> str:
    """The period of the number to compare with: the quarter before, and of what is asked once a year the year before."""
    span = periods.parse(period)
    if frequency == "annual" and span.frequency != "annual":
        return f"{span.year - 1}{period[4:]}"
    before = span.start.fromordinal(span.start.toordinal() - 1)
    texts = {
        "quarterly": f"{before.year}-Q{(before.month + 2) // 3}",
        "monthly": f"{before.year}-{before.month:02}",
        "annual": str(before.year),
    }
    return texts[span.frequency]


def _before(partnership: Partnership, contract: Contract, partner: str) -> dict[tuple[Any, ...], tuple[float | None, str]]:
    """What the warehouse holds of the partner: (period, dimensions) to (value, status). A home without a warehouse holds nothing."""
    if not warehouse.is_begun(partnership.home) or "partner" not in contract.dimensions:
        return {}
    target = tables(contract)
    with warehouse.reader(partnership.home).connect() as connection:
        there = set(inspect(connection).get_table_names())
        if target.facts.name not in there or target.series is None:
            return {}
        series, facts, calendar = target.series, target.facts, ledger.period
        query = (
            select(calendar.c.code, facts.c.value, facts.c.status, *[series.c[name] for name in contract.dimensions])
            .join(series, series.c.series_id == facts.c.series_id)
            .join(calendar, calendar.c.period_id == facts.c.period)
            .where(series.c.partner == partner)
        )
        rows = connection.execute(query).all()
    return {(code, *dimensions): (value, ledger.STATUS[status]) for code, value, status, *dimensions in rows}
