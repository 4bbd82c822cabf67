"""The ledger: append-only tables that say what was fetched, checked, loaded and printed, and when.

`part` tells apart the files of one table: empty for a publisher's table, the file's name for a partner's file.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    func,
    not_,
    or_,
    select,
)

from sql.clock import stamp
from sql.periods import Period

metadata = MetaData()

snapshot = Table(
    "snapshot",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("contract", String(80), primary_key=True),
    Column("part", String(200), primary_key=True),
    Column("fetched_at", String(20), primary_key=True),
    Column("url", Text, nullable=False),
    Column("published_at", String(20)),
    Column("bytes", BigInteger, nullable=False),
    Column("headers", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sample", Boolean, nullable=False),
    comment="Bytes kept as received. The same content fetched after another is a row of its own (A, B, A are three).",
)

sighting = Table(
    "sighting",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contract", String(80), nullable=False),
    Column("part", String(200), nullable=False),
    Column("at", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("sha256", String(64)),
    Column("message", Text),
    Index("sighting_by_contract", "contract", "at"),
    comment="Each time a source was asked: new, unchanged, not_yet, unreachable, refused.",
)

verdict = Table(
    "verdict",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("contract", String(80), nullable=False),
    Column("contract_digest", String(64), nullable=False),
    Column("part", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("checked_at", String(20), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("rows_read", Integer, nullable=False),
    Column("rows_kept", Integer, nullable=False),
    Column("rows_held", Integer, nullable=False),
    comment="What the checks said: passed, held (some rows), blocked (the table), not_checked.",
)

finding = Table(
    "finding",
    metadata,
    Column("verdict", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("rule", String(120), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("file", Text, nullable=False),
    Column("row", Integer),
    Column("column", String(80)),
    Column("found", Text),
    Column("expected", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    comment="One line per finding: file, row, column, found, expected, how to mend it.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("verdict", String(64), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("content", Text, nullable=False),
    comment="Rows held back, as they were read (JSON). The bytes stay in the snapshot store.",
)

release = Table(
    "release",
    metadata,
    Column("contract", String(80), primary_key=True),
    Column("release", Integer, primary_key=True),
    Column("part", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("verdict", String(64), nullable=False),
    Column("released_at", String(20)),
    Column("loaded_at", String(20), nullable=False),
    Column("n_rows", Integer),
    Column("n_new", Integer),
    Column("n_changed", Integer),
    Column("n_gone", Integer),
    Index("release_by_time", "contract", "loaded_at"),
    comment="One vintage of one table. Counts are never null in a committed row.",
)

acceptance = Table(
    "acceptance",
    metadata,
    Column("contract", String(80), primary_key=True),
    Column("release", Integer, primary_key=True),
    Column("at", String(20), nullable=False),
    Column("by", String(80), nullable=False),
    Column("why", Text, nullable=False),
    Index("acceptance_by_time", "contract", "at"),
    comment="Who accepted a release that waited, when and why. Until then the release before it stays in force for briefs.",
)

revision = Table(
    "revision",
    metadata,
    Column("contract", String(80), primary_key=True),
    Column("release", Integer, primary_key=True),
    Column("against", Integer, nullable=False),
    Column("n_new", Integer, nullable=False),
    Column("n_revised", Integer, nullable=False),
    Column("n_vanished", Integer, nullable=False),
    Column("n_material", Integer, nullable=False),
    Column("waits", Boolean, nullable=False),
    Column("cells", Text, nullable=False),
    Column("definitions", Text, nullable=False),
    comment="What a release changes of the one in force before it: its largest changes (`cells`) and `definitions`, as JSON.",
)

definition = Table(
    "definition",
    metadata,
    Column("contract", String(80), primary_key=True),
    Column("release", Integer, primary_key=True),
    Column("content", Text, nullable=False),
    comment="Title, boundaries and members of a table (JSON), written when they differ from those of the release before.",
)

document = Table(
    "document",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("brief", String(80), nullable=False),
    Column("office", String(80), nullable=False),
    Column("language", String(8), nullable=False),
    Column("edition_date", String(10), nullable=False),
    Column("known_at", String(20), nullable=False),
    Column("densities", String(8), nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("folder", Text, nullable=False),
    Column("made_at", String(20), nullable=False),
    comment="A rendered file by its bytes, with what is needed to make it again.",
)

printed = Table(
    "printed",
    metadata,
    Column("document", String(64), primary_key=True),
    Column("claim", String(20), primary_key=True),
    Column("shown", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("figure", Text, nullable=False),
    comment="Every number a document prints, bound to its figure.",
)

period = Table(
    "period",
    metadata,
    Column("period_id", Integer, primary_key=True, autoincrement=False),
    Column("code", String(12), nullable=False, unique=True),
    Column("frequency", String(10), nullable=False),
    Column("start", String(10), nullable=False),
    Column("end", String(10), nullable=False),
    Column("year", Integer, nullable=False),
    Column("quarter", Integer),
    Column("month", Integer),
    Column("sequence", Integer, nullable=False),
    comment="The calendar of the facts, so that no query needs a date function. sequence counts periods of a frequency without gaps.",
)

SEQUENCE_STEPS = {"monthly": 12, "quarterly": 4, "annual": 1, "span": 1}


def sequence_of(span: Period) -> int:
    """The running number of a period within its frequency: one more than the period before it."""
    steps = SEQUENCE_STEPS.get(span.frequency)
    if steps is None:
        return span.id // 10
    return span.year * steps + (span.start.month - 1) * steps // 12


def add_periods(connection: Connection, spans: list[Period]) -> None:
    """Put periods into the calendar that are not there yet."""
    there = set(connection.scalars(select(period.c.period_id)))
    rows = [
        {
            "period_id": span.id,
            "code": span.code,
            "frequency": span.frequency,
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "year": span.year,
            "quarter": span.quarter,
            "month": span.month,
            "sequence": sequence_of(span),
        }
        for span in spans
        if span.id not in there
    ]
    if rows:
        connection.execute(period.insert(), rows)


# Marks of non-values, in a fixed order: the position is the code kept in the facts. 0 is an ordinary number.
STATUS = ("", "..", "...", "x", "F", "--", "absent", "0s", "<LOD", "not collected")
STATUS_CODE = {mark: code for code, mark in enumerate(STATUS)}
# Quality letters beside a value: bits, so that E and p can stand together. Publishers write all but `c`, which is ours: corrected.
PUBLISHED_QUALITY = {"A": 1, "B": 2, "C": 4, "D": 8, "E": 16, "p": 32, "r": 64, "t": 128}
QUALITY = PUBLISHED_QUALITY | {"c": 256}


def latest(connection: Connection, table: Table, contract: str, part: str, by: str) -> dict[str, Any] | None:
    """The newest row of a ledger table for one part of a contract, or None."""
    query = select(table).where(table.c.contract == contract, table.c.part == part)
    row = connection.execute(query.order_by(table.c[by].desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def in_force(connection: Connection, contract: str, known_at: str | None = None) -> int:
    """The release of a table that briefs read (as known at that moment); 0 when there is none.

    It is the newest that changed nothing material of the past, or that a person accepted: by the moment asked for.
    """
    joined = release.outerjoin(revision, and_(revision.c.contract == release.c.contract, revision.c.release == release.c.release))
    joined = joined.outerjoin(acceptance, and_(acceptance.c.contract == release.c.contract, acceptance.c.release == release.c.release))
    accepted = acceptance.c.at.is_not(None) if known_at is None else acceptance.c.at <= known_at
    query = select(func.max(release.c.release)).select_from(joined)
    query = query.where(release.c.contract == contract, or_(revision.c.waits.is_(None), not_(revision.c.waits), accepted))
    if known_at is not None:
        query = query.where(release.c.loaded_at <= known_at)
    return int(connection.scalar(query) or 0)


def see(connection: Connection, contract: str, part: str, outcome: str, sha256: str | None, message: str = "") -> None:
    """Note that a source was asked and what came of it."""
    row = {"contract": contract, "part": part, "at": stamp(), "outcome": outcome, "sha256": sha256, "message": message}
    connection.execute(sighting.insert(), row)
