"""The staging file of the newest release of a large table, kept so that the next one is compared with it and not with the warehouse.

A cache: it is named by the verdict that the release in the ledger names, and made again by the next load when it is missing, of another
verdict, or cannot be read. `accepted/` in the home can be deleted at any time.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, select

from sql import ledger


def folder(staged: Path) -> Path:
    """Where the cache of the home lies that has this staging file."""
    return staged.parent.parent / "accepted"


def of(connection: Connection, place: Path, contract: str, release: int) -> Path | None:
    """The file of this release in the cache of a home, or None when there is none to trust. It is all that the release put in force."""
    known = ledger.release
    query = select(known.c.verdict, known.c.n_rows).where(known.c.contract == contract, known.c.release == release)
    loaded = connection.execute(query).first()
    if loaded is None:
        return None
    path = place / _name(contract, loaded.verdict)
    return path if path.is_file() and _rows(path) == loaded.n_rows else None


def counted(path: Path) -> tuple[int, int, int] | None:
    """The last period of a kept file, its cells, and those of them with a number; None when that cannot be read."""
    last, cells, numbers = _ask(path, "select max(last), sum(cells), sum(numbers) from spell") or (None, None, None)
    return None if cells is None else (last, cells, numbers)


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
    row = _ask(path, "select rows_kept from file")
    return row[0] if row else None


def _ask(path: Path, question: str) -> tuple[Any, ...] | None:
    """One row of a file; None when it has none or is no such file."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            row: tuple[Any, ...] | None = db.execute(question).fetchone()
            return row
    except sqlite3.DatabaseError:
        return None
