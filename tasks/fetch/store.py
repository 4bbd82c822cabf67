"""The snapshot store: bytes unchanged under their sha256, and the ledger row that says where they came from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

from sqlalchemy import Connection, func, inspect, or_, select, true
from sqlalchemy.exc import OperationalError

from expectations import Contract
from expectations.partnership import Partnership
from sql import ledger, schema
from sql.clock import stamp
from sql.warehouse import is_begun, lock, reader, writer
from tasks.fetch.partial import Received, own_path
from tasks.fetch.problems import NotKept, not_kept
from tasks.fetch.state import WELL, State, is_news, state_of

__all__ = [
    "Snapshot",
    "State",
    "Validators",
    "copy_in",
    "etag_of",
    "folder",
    "from_row",
    "hosts_of",
    "is_broken",
    "is_done",
    "is_news",
    "keep",
    "last",
    "looked_at",
    "note",
    "path_of",
    "renew",
    "state_of",
    "trusted",
    "validators",
]


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
    with _writing(partnership.home) as connection:
        lock(connection, f"fetch {contract.name}")
        before = _last(connection, contract, part)
        same = before is not None and before["sha256"] == snapshot.sha256
        ledger.see(connection, contract.name, part, "unchanged" if same else "new", snapshot.sha256)
        if before is not None and same and before["published_at"] == snapshot.published_at:
            return from_row(before)
        if not _is_there(connection, snapshot):
            connection.execute(ledger.snapshot.insert(), _row(snapshot, received.headers))
    return snapshot


@contextmanager
def _writing(home: Path) -> Iterator[Connection]:
    """A transaction on the ledger, whose tables are there; a full disk is told as such."""
    try:
        with writer(home).begin() as connection:
            if set(schema.metadata.tables) - set(inspect(connection).get_table_names()):
                lock(connection, "schema")
                schema.metadata.create_all(connection)
            yield connection
    except OperationalError as error:
        if "disk is full" not in str(error):
            raise
        raise NotKept(f"{home}: the disk is full, so nothing could be noted. Make room on this disk, then run again.") from error


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
    if not is_begun(partnership.home):
        return None
    with reader(partnership.home).connect() as connection:
        return _last(connection, contract, part)


def trusted(partnership: Partnership, contract: Contract) -> dict[str, Any] | None:
    """The newest snapshot, unless its bytes were refused or are lost: then the publisher is asked as if there were none."""
    before = last(partnership, contract)
    if before is None or not path_of(partnership, before).is_file() or is_broken(partnership, contract, before):
        return None
    return before


def path_of(partnership: Partnership, row: dict[str, Any]) -> Path:
    """Where the bytes of a snapshot lie."""
    return folder(partnership.home) / str(row["file"])


class Validators(TypedDict, total=False):
    """What tells a publisher which version we hold."""

    etag: str
    modified: str


def validators(partnership: Partnership, row: dict[str, Any] | None, url: str) -> Validators:
    """What `download` needs to ask only for other bytes than these, which came from the same address and are still here."""
    if row is None or row["url"] != url or not path_of(partnership, row).is_file():
        return {}
    headers = json.loads(row["headers"])
    return {"etag": headers.get("etag", ""), "modified": headers.get("last-modified", "")}


def renew(partnership: Partnership, contract: Contract, row: dict[str, Any], *, published_at: str, message: str = "") -> Snapshot:
    """The same data under a release time, which is noted when it is another one; nothing is left to do."""
    held = from_row(row)
    again = held if held.published_at == published_at else replace(held, fetched_at=stamp(), published_at=published_at)
    with _writing(partnership.home) as connection:
        lock(connection, f"fetch {contract.name}")
        ledger.see(connection, contract.name, again.part, "unchanged", again.sha256, message)
        if not _is_there(connection, again):
            connection.execute(ledger.snapshot.insert(), _row(again, json.loads(row["headers"])))
    return again


def looked_at(partnership: Partnership, contract: Contract, message: str = "") -> str | None:
    """When a look last went well: new bytes, or none needed. With `message`, new bytes or a look that was noted so."""
    if not is_begun(partnership.home):
        return None
    seen = ledger.sighting
    noted = or_(seen.c.outcome == "new", seen.c.message == message) if message else true()
    query = select(func.max(seen.c.at)).where(seen.c.contract == contract.name, seen.c.outcome.in_(WELL), noted)
    with reader(partnership.home).connect() as connection:
        at: str | None = connection.scalar(query)
    return at


def hosts_of(partnership: Partnership, contract: Contract) -> set[str]:
    """The hosts that bytes of this table came from."""
    if not is_begun(partnership.home):
        return set()
    kept = ledger.snapshot
    with reader(partnership.home).connect() as connection:
        urls = connection.scalars(select(kept.c.url).where(kept.c.contract == contract.name).distinct()).all()
    return {host for url in urls if url.startswith("https://") and (host := urlsplit(url).hostname)}


def note(
    partnership: Partnership, contract: Contract, outcome: str, *, part: str = "", message: str = "", sha256: str | None = None
) -> None:
    """Note that a source was asked without new bytes coming of it."""
    with _writing(partnership.home) as connection:
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
    """Copy a local file beside the store, as received bytes."""
    folder(home).mkdir(parents=True, exist_ok=True)
    target = own_path(home)
    try:
        shutil.copyfile(path, target)
        with target.open("rb") as copied:
            return Received(target, hashlib.file_digest(copied, "sha256").hexdigest(), target.stat().st_size, {})
    except OSError as error:
        target.unlink(missing_ok=True)
        raise not_kept(str(path), target.parent, error) from error


def etag_of(row: dict[str, Any] | None) -> str:
    """The ETag the publisher gave with these bytes, or nothing."""
    return str(json.loads(row["headers"]).get("etag", "")) if row else ""
