"""The staging file of the newest release of a large table, kept so that the next release is compared with it and not with the warehouse.

A cache: it is named by the verdict that the release in the ledger names, and made again by the next load when it is missing, of another
verdict, or cannot be read. `accepted/` in the home can be deleted at any time.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, event, select

from sql import ledger


def folder(staged: Path) -> Path:
    """Where the cache of the home lies that has this staging file."""
    return staged.parent.parent / "accepted"


def before(connection: Connection, staged: Path, contract: str, release: int) -> Path | None:
    """The file of the release before this one, or None when there is none to trust."""
    known = ledger.release
    query = select(known.c.verdict, known.c.n_rows).where(known.c.contract == contract, known.c.release < release)
    last = connection.execute(query.order_by(known.c.release.desc()).limit(1)).first()
    if last is None:
        return None
    path = folder(staged) / _name(contract, last.verdict)
    return path if path.is_file() and _rows(path) == last.n_rows else None


def keep_on_commit(connection: Connection, staged: Path, contract: str, verdict: str) -> None:
    """Put the staging file into the place of the one before it when the transaction is committed."""

    def keep(_: Connection) -> None:
        place = folder(staged)
        place.mkdir(exist_ok=True)
        os.replace(staged, place / _name(contract, verdict))
        _forget_others(place, contract, verdict)

    event.listen(connection, "commit", keep, once=True)


def forget_on_commit(connection: Connection, staged: Path, contract: str) -> None:
    """The release in force is not the content of one file any more."""
    event.listen(connection, "commit", lambda _: _forget_others(folder(staged), contract, ""), once=True)


def _name(contract: str, verdict: str) -> str:
    return f"{contract}-{verdict[:40]}.db"


def _forget_others(place: Path, contract: str, verdict: str) -> None:
    for path in place.glob(f"{contract}-*.db"):
        if path.name != _name(contract, verdict):
            path.unlink(missing_ok=True)


def _rows(path: Path) -> int | None:
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            return int(db.execute("select rows_kept from file").fetchone()[0])
        finally:
            db.close()
    except (sqlite3.DatabaseError, TypeError):
        return None
