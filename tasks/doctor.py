"""Look at the health of an installation: versions that work together, content, warehouse, sources, age of each table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

import briefs
import sql
from expectations.partnership import Partnership
from sql import clock, ledger, warehouse
from tasks import Problem
from tasks.fetch import Transport

LOCKED = ("prefect", "fastapi", "sqlalchemy", "great-expectations", "weasyprint")
DUE_DAYS = {"monthly": 45, "quarterly": 120, "annual": 400, "census": 2000, "as_needed": 100_000}


@dataclass(frozen=True, slots=True)
class Look:
    """One thing looked at: whether it is well, and what to do if not."""

    what: str
    ok: bool
    detail: str


def doctor(partnership: Partnership, *, network: bool = True) -> list[Look]:
    """Everything looked at, in the order in which it matters. Nothing is changed."""
    looks = [_versions(), *_content(partnership), *_warehouse(partnership)]
    return looks + (list(_hosts(partnership)) if network else [])


def _versions() -> Look:
    found = {name: version(name) for name in LOCKED}
    bad = found["sqlalchemy"].startswith("2.1")
    advice = " Prefect's scheduler never creates a run with SQLAlchemy 2.1: install the locked versions (make)." if bad else ""
    return Look("versions", not bad, ", ".join(f"{name} {number}" for name, number in found.items()) + advice)


def _content(partnership: Partnership) -> Iterator[Look]:
    contracts = partnership.contracts()
    late = [contract.name for contract in contracts if contract.review_by < clock.today()]
    yield Look("contracts", not late, f"{len(contracts)} read" + (f"; to be reviewed: {', '.join(late)}" if late else ""))
    queries = sql.in_order(sql.read_all(partnership.home / "sql"))
    yield Look("queries", True, f"{len(queries)} read, {sum(query.is_indicator for query in queries)} indicators")
    for name in briefs.names(partnership.home / "briefs"):
        versions = briefs.read(name, partnership.home / "briefs")
        yield Look(f"brief {name}", True, f"in {', '.join(versions)}")


def _warehouse(partnership: Partnership) -> Iterator[Look]:
    url = warehouse.url_of(partnership.home).split("@")[-1]
    try:
        with warehouse.reader(partnership.home).connect() as connection:
            connection.execute(text("select 1"))
            table = ledger.sighting
            query = (
                select(table.c.contract, func.max(table.c.at)).where(table.c.outcome.in_(("new", "unchanged"))).group_by(table.c.contract)
            )
            seen = dict(connection.execute(query).tuples().all())
    except SQLAlchemyError as error:
        yield Look("warehouse", False, f"{url} does not answer ({type(error).__name__}). Run: openlip build")
        return
    yield Look("warehouse", True, url)
    for contract in partnership.contracts():
        at = seen.get(contract.name)
        if at is None:
            yield Look(f"table {contract.name}", contract.is_register, "never fetched. Run: openlip refresh")
            continue
        age = (clock.now().date() - date.fromisoformat(at[:10])).days
        yield Look(f"table {contract.name}", age <= DUE_DAYS[contract.due], f"last seen {at}, {age} days ago; due {contract.due}")


def _hosts(partnership: Partnership) -> Iterator[Look]:
    transport = Transport()
    kinds = {contract.source.fetch for contract in partnership.contracts()}
    questions = {
        "statcan": f"https://www150.statcan.gc.ca/t1/wds/rest/getChangedCubeList/{clock.today()}",
        "ckan": "https://open.canada.ca/data/api/3/action/package_search?rows=0",
    }
    for kind in sorted(kinds & set(questions)):
        try:
            transport.json(questions[kind])
            yield Look(f"source {kind}", True, "answers")
        except Problem as error:
            hint = " If it hangs, try OPENLIP_TLS_ALPN=h2,http/1.1 or none." if kind == "statcan" else ""
            yield Look(f"source {kind}", "not out yet" in str(error), f"{error}{hint}")
