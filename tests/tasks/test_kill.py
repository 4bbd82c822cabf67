"""A run that is killed anywhere leaves the last good state, and the next run ends where an undisturbed one would have."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from demo.publishers import Publishers
from expectations.partnership import Partnership
from sql import warehouse as engines
from tests import world

# The log of what was asked tells of every attempt, also of those that were killed.
LOG = "sighting"
SEED = int(os.environ.get("OPENLIP_TEST_SEED", "0")) or random.randrange(10**6)


def content(partnership: Partnership) -> world.Dump:
    return {name: rows for name, rows in world.dump(partnership).items() if name != LOG}


def run(partnership: Partnership) -> None:
    """A refresh of tables of every kind: two registers, a monthly file, a full table."""
    lines = world.refresh(partnership, "offices", "place_labels", "ircc_pr_cma", "statcan_population_quarterly")
    assert {line.outcome for line in lines.values()} <= {"loaded", "unchanged", "waits"}, lines


def forget(partnership: Partnership) -> None:
    """An empty warehouse and an empty store."""
    url = engines.url_of(partnership.home)
    if url.startswith("sqlite"):
        for writes in (True, False):
            engines._engine(url, writes).dispose()
        for path in partnership.home.glob("warehouse.db*"):
            path.unlink()
    else:
        with engines.writer(partnership.home).begin() as connection:
            connection.exec_driver_sql("drop schema public cascade")
            connection.exec_driver_sql("create schema public")
    for folder in ("snapshots", "staged"):
        shutil.rmtree(partnership.home / folder, ignore_errors=True)


def count_statements(work: Callable[[], None], home: Path) -> int:
    """How many statements a run sends to the warehouse."""
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1

    engine = engines.writer(home)
    event.listen(engine, "before_cursor_execute", count)
    work()
    event.remove(engine, "before_cursor_execute", count)
    return sent


def die_at(statement: int, home: Path) -> None:
    """Kill this process when it is about to send its n-th statement."""
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1
        if sent == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engines.writer(home), "before_cursor_execute", count)


def interrupted(partnership: Partnership, *, statement: int = 0, seconds: float = 0.0) -> int:
    """A run in a child that is killed at a statement or after a time; how it ended."""

    def work() -> None:
        if statement:
            die_at(statement, partnership.home)
        run(partnership)

    child = world.in_child(work)
    if not statement:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


@pytest.mark.slow
def test_a_killed_refresh_is_made_good_by_the_next(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """Killed before a random statement or at a random moment, then run again: the same rows, the same releases, the same numbers."""
    points = 20 if warehouse == "sqlite" else 5
    chance = random.Random(SEED)
    print(f"seed {SEED} (OPENLIP_TEST_SEED)")
    run(partnership)
    forget(partnership)
    began = time.monotonic()
    statements = count_statements(lambda: run(partnership), partnership.home)
    duration = time.monotonic() - began
    undisturbed = content(partnership)
    killed = 0
    for point in range(points):
        forget(partnership)
        statement, seconds = (0, chance.uniform(0, duration)) if point % 2 else (chance.randint(1, statements), 0.0)
        killed += os.WIFSIGNALED(interrupted(partnership, statement=statement, seconds=seconds))
        run(partnership)
        assert content(partnership) == undisturbed, (SEED, statement, seconds)
        if warehouse == "sqlite":
            with closing(sqlite3.connect(partnership.home / "warehouse.db")) as db:
                assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    assert killed >= points // 2


@pytest.mark.slow
def test_a_killed_revision_leaves_the_old_figures_or_the_new(
    warehouse: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two editions there is no third state: what a reader sees after the kill is one of the two, whole."""
    run(partnership)
    first = content(partnership)["ircc_pr_cma__facts"]
    publishers.restate()
    world.later(monkeypatch, "2026-11-23T17:00:00")
    chance = random.Random(SEED)
    for _ in range(4):
        interrupted(partnership, statement=chance.randint(1, 80))
        seen = content(partnership)
        releases = [row for row in seen["release"] if row[0] == "ircc_pr_cma"]
        assert (seen["ircc_pr_cma__facts"] == first) == (len(releases) == 1)
        assert len(seen["ircc_pr_cma__history"]) == len(releases) - 1
    run(partnership)
    assert len(content(partnership)["ircc_pr_cma__history"]) == 1
