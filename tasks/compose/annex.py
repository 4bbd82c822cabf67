"""The files attached to a brief: the data as CSV, and the provenance of every number as JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from sql import ledger
from tasks.compose.breaks import until
from tasks.compose.draft import Attachment
from tasks.compose.sources import contracts_of, period_order
from tasks.compose.text import Text
from tasks.protect import ProtectedFigure

COLUMNS = [
    "indicator",
    "title",
    "place",
    "place_name",
    "period",
    "value",
    "lower",
    "upper",
    "status",
    "mark",
    "unit",
    "reporters",
    "expected",
    "on_time",
    "vintage",
    "quality",
    "boundaries",
    "breaks",
    "caveats",
]


def data(text: Text, name: str) -> Attachment:
    """Every protected figure of the brief, a row each, in a fixed order."""
    names = text.book.partnership.place_names(text.language.code)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for figure in sorted(text.book.used.values(), key=period_order):
        title = text.book.queries[figure.indicator].indicator.title[text.language.code]
        row = as_dict(figure) | {"title": title, "place_name": names.get(figure.place, "")}
        row |= {key: " ".join(map(str, row[key])) for key in ("boundaries", "caveats")}
        row["breaks"] = " ".join(broken["period"] for broken in row["breaks"])
        writer.writerow(["" if row[column] is None else row[column] for column in COLUMNS])
    return Attachment(f"{name}.data.csv", text.language.words["attachments"]["data"], out.getvalue(), "Data")


def as_dict(figure: ProtectedFigure) -> dict[str, Any]:
    """A protected figure as plain values: whole numbers without a fraction."""
    numbers = {key: _plain(getattr(figure, key)) for key in ("value", "lower", "upper")}
    keys = ("indicator", "place", "period", "status", "mark", "unit", "reporters", "expected", "on_time", "vintage", "quality")
    more: dict[str, Any] = {"boundaries": list(figure.boundaries), "caveats": list(figure.caveats)}
    more["breaks"] = [{"period": broken.period, "why": dict(broken.why)} for broken in until(figure)]
    more["matched"] = [asdict(change) | {key: _plain(getattr(change, key)) for key in ("then", "now")} for change in figure.matched]
    return {key: getattr(figure, key) for key in keys} | numbers | more | {"snapshots": list(figure.snapshots)}


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def provenance(text: Text, connection: Connection, name: str, **document: Any) -> Attachment:
    """Number to figure to query to rows to snapshot to address: the whole walk, as JSON with sorted keys."""
    figures = sorted(text.book.used.values(), key=period_order)
    digests = sorted({digest for figure in figures for digest in figure.snapshots})
    content = {
        "document": document,
        "claims": [{"id": c.id, "shown": c.shown, "figure": c.figure, "place": c.place} for c in text.book.claims],
        "figures": {figure.key: as_dict(figure) | {"rows": _rows(figure)} for figure in figures},
        "queries": {name: text.book.queries[name].text for name in sorted({figure.indicator for figure in figures})},
        "contracts": {c.name: {"title": c.title, "licence": c.licence} for c in contracts_of(figures, text)},
        "snapshots": {digest: _snapshot(connection, digest) for digest in digests},
        "literals": sorted(set(text.literals)),
    }
    body = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    return Attachment(f"{name}.provenance.json", text.language.words["attachments"]["provenance"], body, "Source")


def _rows(figure: ProtectedFigure) -> list[dict[str, Any]]:
    return [{"contract": o.contract, "release": o.release, "row": o.row} for o in figure.origins]


def _snapshot(connection: Connection, digest: str) -> dict[str, Any]:
    table = ledger.snapshot
    row = connection.execute(select(table).where(table.c.sha256 == digest).order_by(table.c.fetched_at).limit(1)).mappings().one()
    keys = ("contract", "part", "url", "fetched_at", "published_at", "bytes", "file", "sample")
    return {key: bool(row[key]) if key == "sample" else row[key] for key in keys}
