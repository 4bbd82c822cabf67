"""What a partner is asked in a period, as rows: codes, what is counted, and what it gave for the period before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from sqlalchemy import inspect, select

import expectations
from expectations import Contract, catalogue, places
from expectations.partnership import Partnership
from sql import ledger, periods, warehouse
from sql.tables import tables
from tasks.due import Owed
from tasks.succession import heirs_of, only_predecessor

KEYS = ("partner", "period", "metric")
# The code of a breakdown for a number that is not split by it.
TOGETHER = "all"
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
    """The data sheets of what is owed: those without a breakdown first, then in the order of the contracts."""
    known = Catalogue(partnership, language).at(owed.period)
    wanted = [known[code] for code in owed.metrics]
    sheets = []
    for contract in sorted(partnership.contracts(), key=lambda contract: bool(breakdowns_of(contract))):
        own = tuple(metric for metric in wanted if metric.known.table == contract.name)
        if contract.is_partner and own:
            issuer = Issuer(partnership, contract, owed.partner, language)
            sheets.append(Asked(contract, columns_of(contract), tuple(_rows(issuer, owed, own)), own))
    return sheets


class Catalogue:
    """The catalogue of metrics in the words of a language, read once."""

    def __init__(self, partnership: Partnership, language: str) -> None:
        self.language = language
        self.known = catalogue.read(partnership.home)
        path = partnership.home / "registers" / "metrics.csv"
        rows = places.rows(path, "metric", "method_version", f"definition_{language}", "unit")
        self.said = {(row["metric"], int(row["method_version"])): row for row in rows}
        self.by_period: dict[str, dict[str, Metric]] = {}

    def at(self, period: str) -> dict[str, Metric]:
        """Each metric as it is defined in the period; none for what is no period."""
        if period not in self.by_period:
            self.by_period[period] = self._at(period) if is_period(period) else {}
        return self.by_period[period]

    def _at(self, period: str) -> dict[str, Metric]:
        span = periods.parse(period)
        found = {}
        for code, metric in catalogue.in_force(self.known, span.start, span.end).items():
            row = self.said[code, metric.version]
            found[code] = Metric(metric, metric.name(self.language), row[f"definition_{self.language}"], row["unit"])
        return found


def is_period(text: str) -> bool:
    """True for the code of a period that there is."""
    try:
        periods.parse(text)
    except ValueError:
        return False
    return True


def columns_of(contract: Contract) -> tuple[str, ...]:
    """The columns of a data sheet in order: what is locked, then the number and its explanation."""
    last = [name for name in (contract.measure, "explanation") if name and name in contract.columns]
    return (*[name for name in KEYS if name in contract.columns], *breakdowns_of(contract), *contract.issued, *last)


def breakdowns_of(contract: Contract) -> tuple[str, ...]:
    """The columns by which numbers of a table are split."""
    return tuple(name for name in contract.columns if name not in (*KEYS, contract.measure, "explanation"))


class Issuer:
    """What the office fills into the rows of a partner: what is counted, and the number of the period before."""

    def __init__(self, partnership: Partnership, contract: Contract, partner: str, language: str) -> None:
        self.partnership, self.contract, self.language = partnership, contract, language
        self.catalogue = Catalogue(partnership, language)
        self.before = _before(partnership, contract, partner)

    def cells(self, row: Mapping[str, Value]) -> dict[str, Value]:
        """The issued columns of a row whose codes are filled in; none for a code that the catalogue has not."""
        period = str(row.get(self.contract.period or "") or "")
        metric = self.catalogue.at(period).get(str(row.get("metric") or ""))
        if metric is None:
            return {}
        span = _period_before(period, metric.known.frequency)
        number = self.before.get((span, *[str(row.get(name) or "") for name in self.contract.dimensions]))
        return {name: metric.name if kind == "label" else said(number, self.language) for name, kind in self.contract.issued.items()}


def _rows(issuer: Issuer, owed: Owed, own: tuple[Metric, ...]) -> Iterator[dict[str, Value]]:
    contract = issuer.contract
    for metric in own:
        for members in product(*[_members(issuer.partnership, metric, contract, name) for name in breakdowns_of(contract)]):
            split = dict(zip(breakdowns_of(contract), members, strict=True))
            key: dict[str, Value] = {"partner": owed.partner, "period": owed.period, "metric": metric.known.code, **split}
            yield spoken(key, language=issuer.language) | issuer.cells(key)


def spoken(row: Mapping[str, Value], *, language: str) -> dict[str, Value]:
    """The row with the codes of its breakdowns as they are called; the gate reads a name back as its code."""
    called = expectations.words("workbook", language)["codes"]
    return {name: called[name].get(code, code) if name in called else code for name, code in row.items()}


def said(number: tuple[float | None, str] | None, language: str) -> Value:
    """A number of the warehouse as a cell says it: whole, its mark in words, or nothing."""
    if number is None:
        return None
    value, status = number
    if value is not None:
        return int(value)
    return str(expectations.words("workbook", language)["marks"].get(status.replace(" ", "_"), status))


def _members(partnership: Partnership, metric: Metric, contract: Contract, column: str) -> list[str]:
    """The codes that a breakdown may have, each of which is a row of its own; `all` in a column by which the metric is not split."""
    if column not in metric.known.breakdowns:
        return [TOGETHER]
    declared = contract.columns[column]
    if declared.of_register:
        path = partnership.home / "registers" / f"{declared.of_register}.csv"
        return [row[column] for row in places.rows(path, column)]
    return [code for code in declared.one_of or declared.members if code != TOGETHER]


@lru_cache(maxsize=2048)
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
    """What the warehouse holds of the partner: (period, dimensions) to (value, status). A home without a warehouse holds nothing.

    Where the partner itself gave nothing, what the one member gave for which it goes on.
    """
    if not warehouse.is_begun(partnership.home) or "partner" not in contract.dimensions:
        return {}
    target = tables(contract)
    with warehouse.reader(partnership.home).connect() as connection:
        there = set(inspect(connection).get_table_names())
        if target.facts.name not in there or target.series is None:
            return {}
        series, facts, calendar = target.series, target.facts, ledger.period
        successions = heirs_of(partnership)
        whose = [partner, *(name for name, heir in successions.items() if heir == partner)]
        query = (
            select(calendar.c.code, facts.c.value, facts.c.status, *[series.c[name] for name in contract.dimensions])
            .join(series, series.c.series_id == facts.c.series_id)
            .join(calendar, calendar.c.period_id == facts.c.period)
            .where(series.c.partner.in_(whose))
        )
        rows = connection.execute(query).all()
    at = contract.dimensions.index("partner")
    own: dict[tuple[Any, ...], tuple[float | None, str]] = {}
    others: dict[tuple[Any, ...], dict[str, tuple[float | None, str]]] = {}
    for code, value, status, *dimensions in rows:
        number = (value, ledger.STATUS[status])
        if dimensions[at] == partner:
            own[code, *dimensions] = number
        else:
            giver, dimensions[at] = dimensions[at], partner
            others.setdefault((code, *dimensions), {})[giver] = number
    inherited = {key: of[giver] for key, of in others.items() if (giver := only_predecessor(partner, of, successions))}
    return inherited | own
