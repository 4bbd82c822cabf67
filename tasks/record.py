"""Record a rendered document: its bytes' digest, what is needed to make it again, and every number it prints."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from expectations.partnership import Partnership
from sql import ledger, schema, warehouse
from sql.clock import stamp
from tasks.compose import Draft
from tasks.render import Document


def record(document: Document, draft: Draft, partnership: Partnership, *, known_at: str, folder: Path) -> str:
    """Enter the document into the ledger, once per digest of its PDF; returns that digest."""
    digest = document.sha256[document.pdf]
    brief, office, _ = draft.name.split(".")
    row = {
        "sha256": digest,
        "name": document.pdf,
        "brief": brief,
        "office": office,
        "language": draft.language,
        "edition_date": draft.edition_date,
        "known_at": known_at,
        "densities": "".join(str(density) for density in document.densities),
        "text_sha256": draft.text_sha256,
        "folder": str(folder.relative_to(partnership.home)),
        "made_at": stamp(),
    }
    claims = [{"document": digest, "claim": c.id, "shown": c.shown, "place": c.place, "figure": c.figure} for c in draft.claims]
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        table = ledger.document
        there = connection.execute(select(table.c.sha256).where(table.c.sha256 == digest, table.c.name == document.pdf)).first()
        if there is None:
            connection.execute(table.insert(), row)
            known = connection.execute(select(ledger.printed.c.document).where(ledger.printed.c.document == digest)).first()
            if claims and known is None:
                connection.execute(ledger.printed.insert(), claims)
    return digest


def remembered(draft: Draft, partnership: Partnership) -> tuple[int, int] | None:
    """The densities this edition was recorded with, or those of the last edition of the same text for the same office.

    They save a search of several layouts, and an edition that is made again begins where it ended, so it has the same bytes.
    """
    brief, office, _ = draft.name.split(".")
    table = ledger.document
    same = (table.c.brief == brief, table.c.office == office, table.c.language == draft.language, table.c.text_sha256 == draft.text_sha256)
    newest = select(table.c.densities).where(*same).order_by((table.c.edition_date == draft.edition_date).desc(), table.c.made_at.desc())
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        found = connection.scalar(newest.limit(1))
    return (int(found[0]), int(found[1])) if found else None
