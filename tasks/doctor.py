"""Look at the health of an installation: versions that work together, content, warehouse, sources, age of each table."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

import briefs
import sql
from expectations import Contract
from expectations.partnership import Partnership
from sql import clock, warehouse
from tasks.fetch import hosts, store
from tasks.fetch.probe import OTHER_OFFERS, Probe, probe

LOCKED = ("prefect", "fastapi", "sqlalchemy", "great-expectations", "weasyprint")
DUE_DAYS = {"monthly": 45, "quarterly": 120, "annual": 400, "census": 2000, "as_needed": 100_000}
SETTINGS = ("OPENLIP_PUBLISHERS", "OPENLIP_TLS_ALPN", "OPENLIP_CA_BUNDLE", "HTTPS_PROXY")
# A certificate that ends sooner is told before it stops the fetching.
CERTIFICATE_DAYS = 7


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
        if not warehouse.is_begun(partnership.home):
            yield Look("warehouse", False, f"{url} is empty. Run: openlip build")
            return
        with warehouse.reader(partnership.home).connect() as connection:
            connection.execute(text("select 1"))
        tables = [_table(partnership, contract) for contract in partnership.contracts()]
    except SQLAlchemyError as error:
        yield Look("warehouse", False, f"{url} does not answer ({type(error).__name__}). Run: openlip build")
        return
    yield Look("warehouse", True, url)
    yield from tables


def _table(partnership: Partnership, contract: Contract) -> Look:
    """What is in force of a table and how old it is; well when the last look went well and is not too long ago."""
    what = f"table {contract.name}"
    state = store.state_of(partnership, contract)
    if state.looked_at is None:
        waits = contract.source.fetch == "inbox"
        told = f"no file has come into inbox/{contract.name} yet" if waits else "never fetched. Run: openlip refresh"
        return Look(what, waits or contract.is_register, told)
    parts = [f"due {contract.due}", _in_force(state, contract), f"last look {_dated(state.looked_at)}"]
    if state.newest > state.release:
        parts.append(f"release {state.newest} WAITS for a person: openlip accept {contract.name}")
    if state.outcome != "ok":
        parts.append(f"{state.outcome} since {state.since}, last well {_dated(state.well_at) if state.well_at else 'never'}")
    well = state.outcome in ("ok", "not yet") and state.well_at is not None and _days(state.well_at) <= DUE_DAYS[contract.due]
    return Look(what, well, "; ".join(parts))


def _in_force(state: store.State, contract: Contract) -> str:
    if not state.release:
        return "nothing in force"
    if state.published_at is None:
        return f"release {state.release} in force"
    late = _days(state.published_at) > DUE_DAYS[contract.due]
    return f"release {state.release} in force, published {_dated(state.published_at)}, {'LATE' if late else 'not late'}"


def _dated(moment: str) -> str:
    return f"{moment}, {_days(moment)} days ago"


def _days(moment: str) -> int:
    return (clock.today() - clock.day_of(moment)).days


def _settings() -> Look:
    """What bends the way to the publishers."""
    there = [f"{name}={os.environ[name]}" for name in SETTINGS if os.environ.get(name)]
    return Look("settings", True, "; ".join(there) or f"none of {', '.join(SETTINGS)} is set")


def _hosts(partnership: Partnership) -> Iterator[Look]:
    yield _settings()
    used: dict[str, int] = {}
    for contract in partnership.contracts():
        for host in hosts(contract) | store.hosts_of(partnership, contract):
            used[host] = used.get(host, 0) + 1
    for found in probe(used):
        well, detail = _answered(found) if found.status else (False, _unanswered(found))
        yield Look(f"host {found.host}", well, f"{detail} Tables: {used[found.host]}.")


def _answered(found: Probe) -> tuple[bool, str]:
    told = [f"answers {found.status} in {found.milliseconds} ms"]
    if found.is_plain:
        return found.status < 500, f"{told[0]} over plain http, without TLS."
    shaken = found.handshake
    if shaken is None:
        return False, f"{told[0]} through a proxy that hides its TLS."
    days = (shaken.valid_until - datetime.now(UTC)).days if shaken.valid_until else None
    until = f"{shaken.valid_until:%Y-%m-%d} ({days} days)" if shaken.valid_until else "a day it does not tell"
    told += [f"{shaken.version}, ALPN offered {','.join(found.offered) or 'none'}, chosen {shaken.chosen or 'none'}"]
    told += [f"certificate valid until {until}."]
    if shaken.chosen == "h2":
        told.append("It chose HTTP/2, which we do not speak: set OPENLIP_TLS_ALPN=none.")
    if found.status in (401, 403, 407):
        told.append("It may refuse scripts, or this network.")
    well = found.status not in (401, 403, 407) and found.status < 500 and shaken.chosen != "h2"
    return well and (days is None or days >= CERTIFICATE_DAYS), "; ".join(told[:3]) + "".join(f" {more}" for more in told[3:])


def _unanswered(found: Probe) -> str:
    if found.cure:
        return f"{found.said}; with OPENLIP_TLS_ALPN={found.cure} it answers: set that."
    if found.is_silent and not found.is_plain:
        tried = ", ".join(name for name in OTHER_OFFERS if name != ",".join(found.offered))
        return (
            f"{found.said}, ALPN offered {','.join(found.offered) or 'none'}, nor with OPENLIP_TLS_ALPN={tried}: "
            "it is down, or a firewall stops it."
        )
    return f"{found.said}. Is the network there, and does OPENLIP_CA_BUNDLE fit it?"
