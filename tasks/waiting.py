"""What waits for a person: releases that change more of the past than their contract allows, and the editions they would touch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

import sql
from expectations.partnership import Partnership
from sql import ledger, schema, warehouse
from tasks.measure import measure
from tasks.protect import ProtectedFigure, protect

SAYS = ("value", "lower", "upper", "mark")


@dataclass(frozen=True, slots=True)
class Moved:
    """A figure, as a brief prints it, that the release would change; None where there would be no such figure."""

    key: str
    was: ProtectedFigure | None
    would_be: ProtectedFigure | None


@dataclass(frozen=True, slots=True)
class Edition:
    """A document that prints a figure the release would change."""

    name: str
    sha256: str
    edition_date: str
    office: str
    language: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A release that waits: what it changes of release `against`, which figures would move, and which editions print them."""

    contract: str
    release: int
    against: int
    released_at: str | None
    loaded_at: str
    new: int
    revised: int
    vanished: int
    material: int
    cells: tuple[dict[str, Any], ...]
    definitions: tuple[str, ...]
    figures: tuple[Moved, ...] = ()
    editions: tuple[Edition, ...] = ()


def waiting(partnership: Partnership, contract: str = "") -> list[Waiting]:
    """The newest waiting release of each table (or of that table), with everything a person needs to decide."""
    if not warehouse.is_begun(partnership.home):
        return []
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
    with warehouse.reader(partnership.home).connect() as connection:
        names = [c.name for c in partnership.contracts() if contract in ("", c.name)]
        found = [item for name in names for item in _of(connection, name)]
    return [_with_reach(item, partnership) for item in found]


def _of(connection: Connection, contract: str) -> Iterator[Waiting]:
    said, release = ledger.revision, ledger.release
    query = select(said, release.c.released_at, release.c.loaded_at)
    query = query.join(release, (release.c.contract == said.c.contract) & (release.c.release == said.c.release))
    query = query.where(said.c.contract == contract, said.c.release > ledger.in_force(connection, contract))
    row = connection.execute(query.order_by(said.c.release.desc()).limit(1)).mappings().first()
    if row:
        yield Waiting(
            contract,
            row["release"],
            row["against"],
            row["released_at"],
            row["loaded_at"],
            row["n_new"],
            row["n_revised"],
            row["n_vanished"],
            row["n_material"],
            tuple(json.loads(row["cells"])),
            tuple(json.loads(row["definitions"])),
        )


def _with_reach(item: Waiting, partnership: Partnership) -> Waiting:
    """The same with the figures that would move, told by measuring twice, and the editions that print one of them."""
    queries = sql.read_all(partnership.home / "sql")
    graph = {name: {table for table in query.reads if table in queries} for name, query in queries.items()}
    touched = [
        name
        for name, query in queries.items()
        if query.is_indicator and any(item.contract in queries[part].reads for part in sql.closure(graph, {name}))
    ]
    before = {figure.key: figure for figure in protect(measure(partnership, touched), partnership)}
    found = protect(measure(partnership, touched, instead={item.contract: item.release}), partnership)
    after = {figure.key: figure for figure in found}
    keys = sorted(key for key in before.keys() | after.keys() if _says(before.get(key)) != _says(after.get(key)))
    moved = tuple(Moved(key, before.get(key), after.get(key)) for key in keys)
    return replace(item, figures=moved, editions=tuple(_editions(partnership, [m for m in moved if m.was])))


def _says(figure: ProtectedFigure | None) -> tuple[object, ...] | None:
    return None if figure is None else tuple(getattr(figure, name) for name in SAYS)


def _editions(partnership: Partnership, moved: list[Moved]) -> Iterator[Edition]:
    names = {m.key for m in moved}
    document, printed = ledger.document, ledger.printed
    with warehouse.reader(partnership.home).connect() as connection:
        query = select(document, printed.c.figure).join(printed, printed.c.document == document.c.sha256)
        rows = connection.execute(query.order_by(document.c.edition_date, document.c.name, printed.c.figure)).mappings().all()
    for digest in dict.fromkeys(row["sha256"] for row in rows):
        own = [row for row in rows if row["sha256"] == digest]
        hit = tuple(dict.fromkeys(key for row in own for key in row["figure"].split() if key in names))
        if hit:
            first = own[0]
            yield Edition(first["name"], digest, first["edition_date"], first["office"], first["language"], hit)
