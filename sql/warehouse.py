"""Engines: one SQLAlchemy URL; SQLite with its settings on every connection, or PostgreSQL by psycopg 3."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "normal",
    "foreign_keys": "on",
    "busy_timeout": "60000",
    "cache_size": "-100000",
    "temp_store": "memory",
}


def url_of(home: Path) -> str:
    """The warehouse of a home folder: `OPENLIP_WAREHOUSE`, or the SQLite file `warehouse.db` in it."""
    given = os.environ.get("OPENLIP_WAREHOUSE", "")
    if not given:
        return f"sqlite:///{home / 'warehouse.db'}"
    # A bare postgresql:// means another driver on SQLAlchemy 2.0 than on 2.1: always name psycopg 3.
    return "postgresql+psycopg://" + given.removeprefix("postgresql://") if given.startswith("postgresql://") else given


# Two threads that ask at once get one engine: the pool of a second one would be thrown away with its connections open.
_MAKING = threading.Lock()


def _engine(url: str, writes: bool) -> Engine:
    with _MAKING:
        return _made(url, writes)


@lru_cache(maxsize=32)
def _made(url: str, writes: bool) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _settings(dbapi: Any, _record: Any) -> None:
        # We say `begin` ourselves: in the driver's own mode, DDL of a rolled-back transaction stays.
        dbapi.isolation_level = None
        for name, value in PRAGMAS.items():
            dbapi.execute(f"pragma {name}={value}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the lock at once, so two writers wait for each other instead of failing half way.
        connection.exec_driver_sql("begin immediate" if writes else "begin")

    return engine


def writer(home: Path) -> Engine:
    """The engine for transactions that write."""
    home.mkdir(parents=True, exist_ok=True)
    return _engine(url_of(home), True)


def reader(home: Path) -> Engine:
    """The engine for transactions that only read (they do not queue behind a writer on SQLite)."""
    return _engine(url_of(home), False)


def is_begun(home: Path) -> bool:
    """True when the warehouse has a ledger. Asking makes no file where there is none."""
    url = make_url(url_of(home))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return False
    with reader(home).connect() as connection:
        return inspect(connection).has_table("verdict")


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def lock(connection: Connection, name: str) -> None:
    """Hold this name until the transaction ends. SQLite's writer already holds the whole file."""
    if not is_sqlite(connection):
        connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"openlip {name}"})
