"""The snapshot store: bytes unchanged under their sha256, and the ledger row that says where they came from."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from expectations import Contract
from expectations.partnership import Partnership
from sql import ledger
from sql.clock import stamp
from sql.warehouse import lock, reader, writer
from tasks.fetch.transport import Received


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Bytes as received: their digest, where and when they came from, and the publisher's own release time."""

    contract: str
    part: str
    sha256: str
    url: str
    fetched_at: str
    published_at: str | None
    bytes: int
    file: str
    sample: bool
    facts: dict[str, Any]


def folder(home: Path) -> Path:
    return home / "snapshots"


def keep(partnership: Partnership, contract: Contract, received: Received, *, url: str, part: str = "", **known: Any) -> Snapshot:
    """Move received bytes into the store and note them. The same bytes as the latest snapshot are noted as seen only."""
    file = f"{received.sha256[:2]}/{received.sha256}{Path(url.split('?', maxsplit=1)[0]).suffix.lower()}"
    target = folder(partnership.home) / file
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(received.path, target)
    snapshot = Snapshot(
        contract=contract.name,
        part=part,
        sha256=received.sha256,
        url=url,
        fetched_at=stamp(),
        published_at=known.get("published_at"),
        bytes=received.size,
        file=file,
        sample=bool(known.get("sample")),
        facts=known.get("facts") or {},
    )
    with writer(partnership.home).begin() as connection:
        _ready(connection)
        before = _last(connection, contract, part)
        same = before is not None and before["sha256"] == snapshot.sha256
        ledger.see(connection, contract.name, part, "unchanged" if same else "new", snapshot.sha256)
        if before is not None and same and before["published_at"] == snapshot.published_at:
            return from_row(before)
        if not _is_there(connection, snapshot):
            connection.execute(ledger.snapshot.insert(), _row(snapshot, received.headers))
    return snapshot


def _ready(connection: Connection) -> None:
    """Make the ledger's tables, one run at a time."""
    lock(connection, "schema")
    ledger.metadata.create_all(connection)


def _last(connection: Connection, contract: Contract, part: str) -> dict[str, Any] | None:
    """The newest snapshot of a part: the one seen last, because two may bear the same second."""
    seen = ledger.sighting
    sha256 = connection.scalar(
        select(seen.c.sha256)
        .where(seen.c.contract == contract.name, seen.c.part == part, seen.c.sha256.is_not(None))
        .order_by(seen.c.id.desc())
        .limit(1)
    )
    kept = ledger.snapshot
    query = select(kept).where(kept.c.contract == contract.name, kept.c.part == part, kept.c.sha256 == sha256)
    row = connection.execute(query.order_by(kept.c.fetched_at.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def _is_there(connection: Connection, snapshot: Snapshot) -> bool:
    kept = ledger.snapshot
    key = [getattr(kept.c, name) == getattr(snapshot, name) for name in ("sha256", "contract", "part", "fetched_at")]
    return connection.scalar(select(func.count()).select_from(kept).where(*key)) != 0


def _row(snapshot: Snapshot, headers: dict[str, str]) -> dict[str, Any]:
    wanted = {key: headers[key] for key in ("etag", "last-modified", "content-type") if key in headers}
    names = ("contract", "part", "sha256", "url", "fetched_at", "published_at", "bytes", "file", "sample")
    return {name: getattr(snapshot, name) for name in names} | {"headers": json.dumps(wanted | {"facts": snapshot.facts})}


def from_row(row: dict[str, Any]) -> Snapshot:
    """A snapshot from its ledger row."""
    facts = json.loads(row["headers"]).get("facts", {})
    names = ("contract", "part", "sha256", "url", "fetched_at", "published_at", "bytes", "file", "sample")
    return Snapshot(**{name: row[name] for name in names}, facts=facts)


def last(partnership: Partnership, contract: Contract, part: str = "") -> dict[str, Any] | None:
    """The ledger row of the newest snapshot of a part, or None."""
    with writer(partnership.home).begin() as connection:
        _ready(connection)
    with reader(partnership.home).connect() as connection:
        return _last(connection, contract, part)


def trusted(partnership: Partnership, contract: Contract) -> dict[str, Any] | None:
    """The newest snapshot, unless its bytes were refused: then the publisher is asked as if there were none."""
    before = last(partnership, contract)
    return None if before is None or is_broken(partnership, contract, before) else before


def note(
    partnership: Partnership, contract: Contract, outcome: str, *, part: str = "", message: str = "", sha256: str | None = None
) -> None:
    """Note that a source was asked without new bytes coming of it."""
    with writer(partnership.home).begin() as connection:
        _ready(connection)
        ledger.see(connection, contract.name, part, outcome, sha256, message)


def is_done(partnership: Partnership, contract: Contract, snapshot: Snapshot) -> bool:
    """True when these bytes are in force under this very contract, or were judged by it last and found wanting."""
    with reader(partnership.home).connect() as connection:
        release = ledger.latest(connection, ledger.release, contract.name, snapshot.part, "release")
        if release and release["sha256"] == snapshot.sha256:
            query = select(ledger.verdict.c.contract_digest).where(ledger.verdict.c.id == release["verdict"])
            if connection.scalar(query) == contract.digest:
                return True
        verdict = ledger.latest(connection, ledger.verdict, contract.name, snapshot.part, "checked_at")
    return (
        verdict is not None
        and verdict["sha256"] == snapshot.sha256
        and verdict["outcome"] == "blocked"
        and verdict["contract_digest"] == contract.digest
        and verdict["checked_at"] >= snapshot.fetched_at
    )


def is_broken(partnership: Partnership, contract: Contract, row: dict[str, Any]) -> bool:
    """True when the last word on these bytes was that nothing of them goes on: asking the publisher again may bring better ones."""
    said = ledger.verdict
    with reader(partnership.home).connect() as connection:
        query = select(said.c.outcome).where(said.c.contract == contract.name, said.c.part == row["part"], said.c.sha256 == row["sha256"])
        return connection.scalar(query.order_by(said.c.checked_at.desc()).limit(1)) == "blocked"


def copy_in(path: Path, home: Path) -> Received:
    """Read a local file into the store's folder, as received bytes."""
    body = path.read_bytes()
    target = folder(home) / f".{os.getpid()}-{threading.get_ident()}.part"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)
    return Received(target, hashlib.sha256(body).hexdigest(), len(body), {})


def etag_of(row: dict[str, Any] | None) -> str:
    """The ETag the publisher gave with these bytes, or nothing."""
    return str(json.loads(row["headers"]).get("etag", "")) if row else ""
