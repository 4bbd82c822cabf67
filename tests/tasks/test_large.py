"""Large tables: their facts lie in blocks, are judged by what was measured, and reach the warehouse in bulk; nothing else is different."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from benchmarks import generator
from expectations import Contract, parse
from expectations.partnership import Partnership
from sql.warehouse import reader, writer
from tasks import Misuse
from tasks.check import Verdict, accepted, check
from tasks.load import Loaded, load
from tasks.load.delta import differences
from tasks.stage import Staged, blocks, stage, staging
from tests import world
from tests.tasks.test_kill import forget
from tests.world import ask, snapshot_of

ROWS = 30_000
TABLE = generator.contract()
FACTS, HISTORY = f"{TABLE.name}__facts", f"{TABLE.name}__history"


@pytest.fixture(scope="module")
def zips(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Two vintages of a table of fifteen months and 2,000 series."""
    folder = tmp_path_factory.mktemp("zips")
    found = []
    for vintage in (0, 1):
        generator.write_table(folder / "table.zip", rows=ROWS, vintage=vintage)
        found.append((folder / "table.zip").read_bytes())
    return found


def lines_of(archive: bytes) -> list[str]:
    return world.member(archive).decode("utf-8-sig").splitlines(keepends=True)


def zip_of(lines: list[str]) -> bytes:
    return world.zipped(generator.PID, "\ufeff" + "".join(lines))


def run(body: bytes, partnership: Partnership, contract: Contract = TABLE) -> tuple[Staged, Verdict, Loaded]:
    staged = stage(snapshot_of(body, contract, partnership, name="x.zip"), contract, partnership)
    verdict = check(staged, contract, partnership)
    return staged, verdict, load(verdict, contract, partnership)


def content(partnership: Partnership) -> dict[str, list[tuple[Any, ...]]]:
    """What the warehouse holds of the table, and its releases without the names of their verdicts."""
    found = {name: sorted(ask(partnership, f"select * from {name}"), key=repr) for name in (FACTS, HISTORY, f"{TABLE.name}__series")}
    query = "select release, sha256, n_rows, n_new, n_changed, n_gone from release where contract = :c order by release"
    return found | {"release": ask(partnership, query, c=TABLE.name)}


def without_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is small: the way by rows and SQL."""
    monkeypatch.setattr(staging, "SMALL", 1 << 40)


# The same in both ways


def test_by_blocks_and_by_rows_is_the_same(
    warehouse: str, zips: list[bytes], partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First load, revision with new and withdrawn cells and a series less, the first again: every table row by row."""
    head, *lines = lines_of(zips[1])
    # The first month is left out, the last series has ended, and one cell in the middle is gone.
    fewer = [line for number, line in enumerate(lines) if number >= 2000 and number % 2000 != 1999 and number != 5005]
    editions = [zips[0], zip_of([head, *fewer]), zips[0]]
    found = []
    for way in ("blocks", "rows"):
        if way == "rows":
            without_blocks(monkeypatch)
            forget(partnership)
            shutil.rmtree(partnership.home / "accepted")
        counts = [run(body, partnership)[2] for body in editions]
        found.append(([(one.outcome, one.rows, one.new, one.changed, one.gone) for one in counts], content(partnership)))
    assert found[0][0] == found[1][0]
    assert [counts[-1] for counts in found[0][0]] == [0, 2_015, 0]
    for name in found[1][1]:
        assert found[0][1][name] == found[1][1][name], name


def test_only_what_changed_reaches_the_database(warehouse: str, zips: list[bytes], partnership: Partnership) -> None:
    """The next release is compared with the staging file of the one before; the table `arrived` is never made."""
    run(zips[0], partnership)
    (kept,) = (partnership.home / "accepted").iterdir()
    loaded = run(zips[1], partnership)[2]
    (after,) = (partnership.home / "accepted").iterdir()
    assert kept != after
    assert 0 < loaded.changed < ROWS * 0.02
    written = ask(partnership, f"select count(*) from {FACTS} where since = 2")
    assert written == ask(partnership, f"select count(*) from {HISTORY}") == [(loaded.changed,)]


@pytest.mark.parametrize("harm", ["missing", "cut", "another", "numbers"])
def test_a_cache_that_is_not_to_be_trusted_is_not_used(
    harm: str, zips: list[bytes], partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, damaged, of another release, or with its series numbered otherwise: the whole table is compared in the database."""
    run(zips[0], partnership)
    (kept,) = (partnership.home / "accepted").iterdir()
    if harm == "missing":
        kept.unlink()
    elif harm == "cut":
        kept.write_bytes(kept.read_bytes()[:100])
    elif harm == "another":
        kept.rename(kept.with_name(f"{TABLE.name}-{'0' * 40}.db"))
    else:
        head, *lines = lines_of(zips[0])
        run(zip_of([head, *lines[::-1]]), partnership)
    used: list[object] = []

    def noted(*files: sqlite3.Connection) -> Any:
        used.append(files)
        return differences(*files)

    monkeypatch.setattr("tasks.load.rows.differences", noted)
    loaded = run(zips[1], partnership)[2]
    assert not used
    assert 0 < loaded.changed < ROWS * 0.02
    assert len(list((partnership.home / "accepted").iterdir())) == 1


def test_a_table_that_was_changed_by_hand_is_not_written_over(warehouse: str, zips: list[bytes], partnership: Partnership) -> None:
    """A row that the cache has and the table has not would be lost: the load stops, changes nothing, and says how to go on."""
    run(zips[0], partnership)
    last = run(zips[1], partnership)[2].changed
    with writer(partnership.home).begin() as connection:
        connection.execute(text(f"delete from {FACTS} where since = 2"))
    before = content(partnership)
    with pytest.raises(Misuse, match=rf"{FACTS} holds other rows .* {last} were to be written and 0 were.* Delete the folder accepted/"):
        run(zips[0], partnership)
    assert content(partnership) == before
    shutil.rmtree(partnership.home / "accepted")
    assert run(zips[0], partnership)[2].new == last
    assert len(content(partnership)[FACTS]) == ROWS


def test_the_cache_says_what_is_in_force(warehouse: str, zips: list[bytes], partnership: Partnership) -> None:
    """The check compares a file with the one before: it finds the same by the cache as by a look at every fact, which it then saves."""
    run(zips[0], partnership)
    head, *lines = lines_of(zips[1])
    for position in range(0, len(lines), 4):
        lines = odd(lines, position, "", "x")
    body = zip_of([head, *lines[:-2000]])
    asked: list[str] = []
    event.listen(
        reader(partnership.home), "before_cursor_execute", lambda *a: asked.append(a[2]) if FACTS in a[2] and "count(" in a[2] else None
    )
    by_cache = check(world.staged(body, TABLE, partnership, name="x.zip"), TABLE, partnership)
    assert not asked
    shutil.rmtree(partnership.home / "accepted")
    by_facts = check(world.staged(body, TABLE, partnership, name="x.zip"), TABLE, partnership)
    assert len(asked) == 1
    assert by_cache.findings == by_facts.findings
    assert {finding.rule for finding in by_cache.findings} >= {"older", "marks"}


def test_the_cache_speaks_of_the_newest_release_alone(zips: list[bytes], partnership: Partnership) -> None:
    """While that one waits, what is in force is another, of which the cache says nothing."""
    found = []
    for body in zips:
        run(body, partnership)
        with reader(partnership.home).connect() as connection:
            found.append([accepted.of(connection, partnership.home / "accepted", TABLE.name, release) is not None for release in (1, 2)])
    assert found == [[True, False], [False, True]]


def test_a_held_row_ends_the_cache(zips: list[bytes], partnership: Partnership) -> None:
    """While a row is held, what is in force is not the content of one file: nothing is withdrawn, and the next load looks at it all."""
    run(zips[0], partnership)
    head, *lines = lines_of(zips[1])
    _, verdict, loaded = run(zip_of([head, *odd(lines, 7, "5", "Q")]), partnership)
    assert (verdict.outcome, verdict.rows_held, loaded.gone) == ("held", 1, 0)
    assert list((partnership.home / "accepted").iterdir()) == []
    assert run(zips[1], partnership)[2].gone == 0


# Screens


def odd(lines: list[str], position: int, value: str, status: str = "") -> list[str]:
    """The lines with another value and status at a position."""
    (cells,) = csv.reader([lines[position]])
    cells[generator.HEADER.index("VALUE")], cells[generator.HEADER.index("STATUS")] = value, status
    return [*lines[:position], ",".join(f'"{cell}"' for cell in cells) + "\r\n", *lines[position + 1 :]]


@pytest.mark.parametrize(("value", "rule"), [("-1.5", "least"), ("", "reason"), ("9" * 12, "most")])
def test_a_screen_that_fails_finds_the_row(
    value: str, rule: str, zips: list[bytes], partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same finding about the same row, and the same rows go on, as when every rule looks at every row."""
    contract = parse(generator.CONTRACT.replace("min: 0}", "min: 0, max: 1000000000}"), name=TABLE.name)
    head, *lines = lines_of(zips[0])
    body = zip_of([head, *odd(lines, 20_123, value)])
    verdicts = [check(world.staged(body, contract, partnership, name="x.zip"), contract, partnership)]
    without_blocks(monkeypatch)
    verdicts.append(check(world.staged(body, contract, partnership, name="x.zip"), contract, partnership))
    assert [(finding.rule, finding.row) for finding in verdicts[0].findings] == [(rule, 20_125)]
    assert verdicts[0].findings == verdicts[1].findings
    told = [(one.outcome, one.rows_read, one.rows_kept, one.rows_held) for one in verdicts]
    assert told[0] == told[1]
    assert load(verdicts[0], contract, partnership).rows == verdicts[0].rows_kept == 29_999


def test_no_row_is_looked_at_when_every_screen_holds(zips: list[bytes], partnership: Partnership) -> None:
    """Great Expectations judges what was measured: the facts are not put into rows."""
    staged = world.staged(zips[0], TABLE, partnership, name="x.zip")
    assert check(staged, TABLE, partnership).outcome == "passed"
    with closing(sqlite3.connect(staged.path)) as db:
        assert db.execute("select count(*) from facts").fetchone() == (0,)
        assert db.execute("select rows_kept from file").fetchone() == (30_000,)


def test_a_category_that_is_not_known_is_held(zips: list[bytes], partnership: Partnership) -> None:
    """A rule about series names the rows of its facts."""
    body = zip_of([line.replace('"Employment"', '"Employment2"') for line in lines_of(zips[0])])
    verdict = check(world.staged(body, TABLE, partnership, name="x.zip"), TABLE, partnership)
    assert verdict.outcome == "held"
    assert {finding.rule for finding in verdict.findings} == {"one_of_characteristic"}
    assert verdict.rows_held == sum(finding.rows for finding in verdict.findings) == 7_500
    assert load(verdict, TABLE, partnership).rows == 22_500


# Blocks


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(-50, 50)), min_size=1, max_size=200), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_blocks_give_back_every_fact_in_order(keys: list[tuple[int, int]], at_once: int) -> None:
    """Whatever order they came in, and however small the ranges are."""
    facts = blocks.facts_of(
        [None if n % 7 == 0 else n + 2 for n in range(len(keys))],
        [series for series, _ in keys],
        [period for _, period in keys],
        [None if n % 5 == 0 else n / 3 for n in range(len(keys))],
        [1] * len(keys),
        [2] * len(keys),
    )
    with closing(sqlite3.connect(":memory:")) as db, pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "PENDING", 50)
        patch.setattr(blocks, "AT_ONCE", at_once)
        written = blocks.Blocks(db)
        for start in range(0, len(facts), 30):
            written.add(facts[start : start + 30])
        written.flush()
        back = np.concatenate(list(blocks.ranges(db)))
    assert [(s, p) for s, p in zip(back["series"].tolist(), back["period"].tolist(), strict=True)] == sorted(keys)
    assert sorted(map(repr, zip(*blocks.columns_of(back), strict=True))) == sorted(map(repr, zip(*blocks.columns_of(facts), strict=True)))


# Crashes and company


def load_and_die(verdict: Verdict, partnership: Partnership, delay: float) -> None:
    child = world.in_child(lambda: load(verdict, TABLE, partnership))
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_killed_load_leaves_the_old_figures_or_the_new(warehouse: str, zips: list[bytes], partnership: Partnership) -> None:
    """Killed at any moment of a revision, the warehouse has one release or two, whole; the next load ends as if nothing had been."""
    run(zips[0], partnership)
    first = content(partnership)[FACTS]
    for delay in (0.02, 0.08, 0.15):
        load_and_die(world.judged(zips[1], TABLE, partnership, name="x.zip"), partnership, delay)
        seen = content(partnership)
        assert (seen[FACTS] == first) == (len(seen["release"]) == 1)
        assert bool(seen[HISTORY]) == (len(seen["release"]) == 2)
    run(zips[1], partnership)
    seen = content(partnership)
    assert len(seen[FACTS]) == ROWS
    assert 0 < len(seen[HISTORY]) < ROWS * 0.02


def test_four_processes_load_a_large_release_once(warehouse: str, zips: list[bytes], partnership: Partnership) -> None:
    """Each stages for itself; one loads, the others find it done, and one cache is left."""
    run(zips[0], partnership)
    children = [world.in_child(lambda: run(zips[1], partnership)) for _ in range(4)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert [row[0] for row in content(partnership)["release"]] == [1, 2]
    assert len(list((partnership.home / "accepted").iterdir())) == 1
    assert list((partnership.home / "staged").iterdir()) == []


def test_a_load_that_fails_keeps_the_cache_before(zips: list[bytes], partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not committed is not in force, and not in the cache either."""
    run(zips[0], partnership)
    before = {path: path.read_bytes() for path in (partnership.home / "accepted").iterdir()}
    verdict = world.judged(zips[1], TABLE, partnership, name="x.zip")
    monkeypatch.setattr(accepted, "keep_on_commit", lambda *_: (_ for _ in ()).throw(RuntimeError("the disk is full")))
    with pytest.raises(RuntimeError, match="the disk is full"):
        load(verdict, TABLE, partnership)
    assert {path: path.read_bytes() for path in (partnership.home / "accepted").iterdir()} == before


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """What waits to be written is bounded, whatever was added."""
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as db:
        written = blocks.Blocks(db)
        for period in range(40):
            series = np.arange(1, 50_001)
            written.add(blocks.facts_of(series, series, np.full(50_000, period), series * 1.0, series * 0, series * 0))
            assert sum(len(part) for parts in written._waiting.values() for part in parts) < blocks.PENDING + 50_000
        written.flush()
        sizes = [len(part) for part in blocks.ranges(db)]
    assert sum(sizes) == 2_000_000
    assert max(sizes) <= blocks.AT_ONCE
