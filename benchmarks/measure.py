"""What the contenders share: settings, a stop watch, a fresh home, and the size of tables on disk."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Measured = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a contender is given: how many rows, the zip and that of the next vintage, an empty folder, and the address of an
    empty database or nothing."""

    rows: int
    zip: str
    next_zip: str
    folder: str
    database: str = ""
    repeat: int = 5


class Watch:
    """Seconds since it was made, and of each step since the last."""

    def __init__(self) -> None:
        self.started = self.last = time.perf_counter()
        self.total = 0.0
        self.steps: dict[str, float] = {}

    def __call__(self, step: str) -> None:
        now = time.perf_counter()
        self.steps[step] = now - self.last
        self.last, self.total = now, now - self.started


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratio(ours: list[float], others: list[float]) -> float:
    """The median of the ratios of each turn."""
    return statistics.median(one / other for one, other in zip(ours, others, strict=True))


def fresh_home(settings: Settings, *, sample: bool = False) -> Any:
    """A fresh partnership whose warehouse is SQLite in its folder, or the database that is given."""
    from argparse import Namespace

    from expectations.partnership import read_partnership
    from flows.answers import init

    folder = Path(settings.folder) / "home"
    shutil.rmtree(folder, ignore_errors=True)
    init(Namespace(folder=folder, source="peterborough", sample=sample))
    os.environ["OPENLIP_WAREHOUSE"] = settings.database
    return read_partnership(folder)


def size_of(url: str, tables: list[str]) -> float:
    """Megabytes on disk of these tables with their indexes (of the whole file on SQLite)."""
    from sqlalchemy import create_engine, text

    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return sum(part.stat().st_size for part in path.parent.glob(path.name + "*")) / 1e6
    engine = create_engine(url)
    with engine.connect() as connection:
        return sum(float(connection.scalar(text(f"select pg_total_relation_size('{table}')")) or 0) for table in tables) / 1e6
