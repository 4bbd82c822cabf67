"""The Census Profile of Statistics Canada through its SDMX service: one question for all places and characteristics of a contract.

The service needs from seconds to minutes for an answer, and a census changes only by corrections. So a table is asked for when the
question is new (another place, another member, another dataflow) and then once a quarter; in between the kept answer stands.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from expectations import Contract
from expectations.partnership import Partnership
from expectations.places import year_of
from sql import clock, ledger
from sql.warehouse import reader
from tasks import Misuse
from tasks.fetch import store
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, Transport, is_sample

SERVICE = "https://api.statcan.gc.ca/census-recensement/profile/sdmx/rest/data/STC_CP"
# The order of the dimensions in a key; the frequency of a census is five-yearly.
KEY = ("FREQ", "REF_AREA", "GENDER", "CHARACTERISTIC", "STATISTIC")
FIVE_YEARLY = "A5"
AREA = "REF_AREA"
# Kinds of areas by dataflow, as they are written in a DGUID between its year and its code.
AREAS = {
    "DF_PR": ("A0000", "A0001", "A0002"),
    "DF_CD": ("A0003",),
    "DF_CSD": ("A0005",),
    "DF_CMACA": ("S0503", "S0504", "S0505"),
    "DF_CT": ("S0507",),
    "DF_DA": ("S0512",),
    "DF_ADA": ("S0516",),
    "DF_ER": ("S0500",),
    "DF_FED": ("A0004",),
    "DF_HR": ("A0007",),
    "DF_FSA": ("A0011",),
}
PATIENCE = 300
QUARTER, WEEK = 92, 7  # days


def census_profile(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    """The answer to the contract's question: kept, or asked for when the question is new or the last answer is a quarter old.

    An answer that was refused is asked for again after a week; until then a mended contract is tried on the answer we hold. A
    partnership without an area of the dataflow's kind has nothing to ask.
    """
    if not areas(contract.model_copy(update={"geography": None}), partnership):
        return []
    url = question(contract, partnership)
    before = store.last(partnership, contract)
    same = before is not None and before["url"] == url
    refused = before is not None and same and store.is_broken(partnership, contract, before)
    if before and same and (clock.today() - _last_asked(partnership, contract)).days < (WEEK if refused else QUARTER):
        return [store.from_row(before)]  # nobody was asked, so nothing is noted
    headers = {"Accept-Language": contract.source.language}
    etag = store.etag_of(before) if same and not refused else ""
    received = transport.download(url, store.folder(partnership.home), etag=etag, headers=headers, patience=PATIENCE)
    if received is None:
        assert before is not None
        store.note(partnership, contract, "unchanged", sha256=before["sha256"])
        return [store.from_row(before)]
    released = _released(received.path, url)
    return [store.keep(partnership, contract, received, url=url, published_at=released, sample=is_sample())]


def question(contract: Contract, partnership: Partnership) -> str:
    """The address that asks for every place and member of a contract at once.

    `Misuse` when the register knows no area of the dataflow's kind on the contract's boundaries, or a dimension has no members.
    """
    members = {column.source: list(column.members) for column in contract.columns.values() if isinstance(column.source, str)}
    asked = {**members, "FREQ": [FIVE_YEARLY], AREA: areas(contract, partnership)}
    without = [name for name in KEY if not asked.get(name)]
    if AREA in without:
        raise Misuse(
            f"{contract.name}: no place of this partnership is known as an area of {contract.source.dataflow} on the boundaries of "
            f"{contract.geography}. Write the DGUIDs of that year with their places into registers/place_labels.csv (publisher statcan)."
        )
    if without:
        raise Misuse(f"{contract.name}: no column has the source {' and '.join(without)} with members. Add it to the contract.")
    return f"{SERVICE},{contract.source.dataflow}/{'.'.join('+'.join(asked[name]) for name in KEY)}?format=jsondata"


def areas(contract: Contract, partnership: Partnership) -> list[str]:
    """The DGUIDs that Statistics Canada knows the partnership's places by, of the dataflow's kind and the contract's boundaries."""
    kinds = AREAS.get(contract.source.dataflow.split(",")[0])
    return sorted(code for code in dguids(contract, partnership) if kinds is None or code[4:9] in kinds)


def dguids(contract: Contract, partnership: Partnership) -> dict[str, str]:
    """DGUID to place, for the kept places: their own codes and those that the register of place labels gives them.

    A contract with `geography` takes the codes of that year's boundaries only.
    """
    kept = partnership.kept_places
    known = {code: code for code in kept} | {label: place for label, place in partnership.labels("statcan").items() if place in kept}
    return {code: place for code, place in known.items() if year_of(code) and contract.geography in (None, year_of(code))}


def _last_asked(partnership: Partnership, contract: Contract) -> date:
    """The day on which the service last answered; it is also noted when the answer was the one we had."""
    seen = ledger.sighting
    query = select(seen.c.at).where(seen.c.contract == contract.name, seen.c.outcome.in_(("new", "unchanged")))
    with reader(partnership.home).connect() as connection:
        return clock.day_of(str(connection.scalar(query.order_by(seen.c.id.desc()).limit(1))))


def _released(path: Path, url: str) -> str | None:
    """The newest release date the answer names; `NotData` for what is no answer of this service."""
    try:
        answer = json.loads(path.read_bytes())
        document = answer.get("data", answer)
        structures = document.get("structures") or [document["structure"]]
        document["dataSets"][0]
    except (ValueError, AttributeError, LookupError, TypeError) as error:
        path.unlink()
        raise NotData(f"{url} answered with something that is no SDMX-JSON. Nothing was kept; try again later.") from error
    return max((stamp for structure in structures for stamp in _dates(structure)), default=None)


def _dates(structure: dict[str, Any]) -> list[str]:
    levels = [level for level in structure.get("attributes", {}).values() if isinstance(level, list)]
    values = [value for level in levels for one in level if one.get("id") == "RELEASE_DATE" for value in one.get("values", [])]
    found = []
    for value in values:
        text = value.get("value") or value.get("id") or ""
        try:
            found.append(clock.from_publisher(f"{date.fromisoformat(str(text)[:10])}T08:30"))
        except ValueError:
            continue
    return found
