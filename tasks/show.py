"""Show where something comes from: a document, a figure or a snapshot, walked back to the publisher's bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from expectations.partnership import Partnership
from sql import ledger, warehouse
from tasks import Misuse, Refused
from tasks.compose.annex import as_dict
from tasks.load import prepare
from tasks.measure import measure
from tasks.protect import protect


def show(what: str, partnership: Partnership) -> dict[str, Any]:
    """What is known of a document (file, name or sha256), a figure (indicator@place@period) or a snapshot (sha256).

    Raises `Misuse` when nothing of that name is known, `Refused` when a file's bytes are not those that were recorded.
    """
    prepare(partnership)
    if "@" in what:
        return _figure(what, partnership)
    document = _document(what, partnership)
    if document:
        return document
    snapshot = _snapshot(what, partnership)
    if snapshot:
        return snapshot
    raise Misuse(f"{what}: no document, figure or snapshot is known by that name. A figure is written indicator@place@period.")


def _document(what: str, partnership: Partnership) -> dict[str, Any] | None:
    table = ledger.document
    path = Path(what)
    digest = _digest(path) or what
    with warehouse.reader(partnership.home).connect() as connection:
        row = connection.execute(select(table).where(table.c.sha256 == digest)).mappings().first()
        if row is None:
            by_name = select(table).where(table.c.name == path.name).order_by(table.c.made_at.desc())
            row = connection.execute(by_name).mappings().first()
    if row is None:
        return None
    if path.is_file() and row["sha256"] != digest:
        raise Refused(f"{what}: these bytes are not the document recorded as {row['name']} (sha256 {row['sha256']}); the file was changed.")
    folder, name = partnership.home / row["folder"], row["name"].removesuffix(".pdf")
    annex = folder / f"{name}.provenance.json"
    if not annex.is_file() or _digest(folder / row["name"]) != row["sha256"]:
        raise Refused(
            f"{row['name']} (sha256 {row['sha256']}): {folder} holds another making of it or none. Its numbers are in the ledger (table "
            "printed); to walk them, show the file that is there, or put the files of that making back."
        )
    walk = json.loads(annex.read_text(encoding="utf-8"))
    return {"document": dict(row), "numbers": [_number(claim, walk) for claim in walk["claims"]], "literals": walk["literals"]}


def _digest(path: Path) -> str:
    """The sha256 of a file, or nothing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _number(claim: dict[str, Any], walk: dict[str, Any]) -> dict[str, Any]:
    """One printed number with the whole walk beside it."""
    figure = walk["figures"][claim["figure"]]
    snapshots = [{"sha256": digest, **walk["snapshots"][digest]} for digest in figure["snapshots"]]
    return claim | {"value": figure, "query": walk["queries"][figure["indicator"]], "rows": figure["rows"], "snapshots": snapshots}


def _figure(what: str, partnership: Partnership) -> dict[str, Any]:
    indicator, _, rest = what.partition("@")
    place, _, period = rest.rpartition("@")
    figures = [f for f in protect(measure(partnership, [indicator]), partnership) if (f.place, f.period) == (place, period)]
    if not figures:
        raise Misuse(f"{what}: the warehouse has no such figure. See: openlip figures {indicator}")
    figure = figures[0]
    rows = [{"contract": o.contract, "release": o.release, "row": o.row} for o in figure.origins]
    snapshots = [found for digest in figure.snapshots if (found := _snapshot(digest, partnership))]
    return {"figure": as_dict(figure), "rows": rows, "snapshots": snapshots}


def _snapshot(digest: str, partnership: Partnership) -> dict[str, Any] | None:
    table = ledger.snapshot
    with warehouse.reader(partnership.home).connect() as connection:
        row = connection.execute(select(table).where(table.c.sha256 == digest).order_by(table.c.fetched_at)).mappings().first()
    return dict(row) if row else None
