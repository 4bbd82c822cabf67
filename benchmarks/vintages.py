"""Sixty monthly vintages of one table, each with a period more and 1 % of its cells revised: how large they are, and how they answer."""

from __future__ import annotations

import statistics
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, func, select

from benchmarks import generator
from benchmarks.measure import Measured, Settings, fresh_home, seconds, size_of

VINTAGES = 60
ROWS = 100_000
ASKED = 40


def vintages(settings: Settings) -> Measured:
    """Load them all; then compare with a warehouse that has only the last, and an answer as of the thirtieth with the newest."""
    home = fresh_home(settings)
    zips = _Zips(Path(settings.folder))
    loads = []
    for number in range(VINTAGES):
        loaded, took = _load(home, zips.write(number), number)
        loads.append(took)
        assert loaded.release == number + 1, loaded
        print(f"    vintage {number + 1}: {took:.2f} s", file=sys.stderr, flush=True)
    all_of_them = _size(home)
    answers = _answers(home)
    alone = fresh_home(replace(settings, folder=str(Path(settings.folder) / "alone"), database=_second(settings.database)))
    _load(alone, zips.write(VINTAGES - 1), 0)
    one = _size(alone)
    return {"seconds": statistics.median(loads), "rows": loaded.rows, "size": all_of_them, "one": one, "ratio": all_of_them / one} | answers


class _Zips:
    """The vintages as zips, each written when it is wanted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{generator.PID}-eng.zip"
        self.shape = generator.Shape(ROWS)
        self.all = _Longer(ROWS)
        self.tenths, self.marks = generator._values(self.all, 0, 0.01, 1)

    def write(self, number: int) -> Path:
        """Vintage `number`: so many periods more than the first, with the revisions of all vintages up to it."""
        tenths = self.tenths
        for step in range(1, number + 1):
            revised = np.random.default_rng([1, step]).random(tenths.shape) < 0.01
            revised[self.shape.periods + step - 1 :] = False
            tenths = np.where(revised, np.rint(tenths * 1.01 + 1).astype(np.int64), tenths)
        count = self.shape.periods + number
        with (
            zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(f"{generator.PID}.csv", "w") as data,
        ):
            data.write(b"\xef\xbb\xbf" + (",".join(f'"{name}"' for name in generator.HEADER) + "\r\n").encode())
            generator.write_cells(data, self.all, tenths[:count], self.marks[:count])
        return self.path


class _Longer(generator.Shape):
    """The table as it is when all vintages are out."""

    @property
    def periods(self) -> int:
        return super().periods + VINTAGES - 1


def _load(home: Any, path: Path, number: int) -> tuple[Any, float]:
    from tasks.check import check
    from tasks.fetch import store
    from tasks.load import load
    from tasks.stage import stage

    table = generator.contract()
    day = f"{2020 + number // 12}-{number % 12 + 1:02}-06T08:30:00Z"
    snapshot = store.keep(home, table, store.copy_in(path, home.home), url=path.name, published_at=day, facts={})
    verdict = check(stage(snapshot, table, home), table, home)
    assert verdict.outcome == "passed", verdict.findings[:3]
    done: list[Any] = []
    took = seconds(lambda: done.append(load(verdict, table, home)))
    return done[0], took


def _answers(home: Any) -> Measured:
    """Seconds for one series and for the whole table, newest and as of the thirtieth vintage, in turns."""
    from sql import warehouse
    from sql.tables import tables

    target = tables(generator.contract())
    found: dict[str, list[float]] = {"one newest": [], "one as of": [], "all newest": [], "all as of": []}
    with warehouse.reader(home.home).connect() as connection:
        for turn in range(ASKED):
            for name, release in (("newest", None), ("as of", VINTAGES // 2)):
                rows = target.rows(release)
                one = select(rows).where(rows.c.series_id == turn * 7 + 1)
                found[f"one {name}"].append(_ask(connection, one))
                if turn < 7:
                    found[f"all {name}"].append(_ask(connection, select(func.count(), func.sum(rows.c.value)).select_from(rows)))
    medians = {name: statistics.median(times) for name, times in found.items()}
    return medians | {"one ratio": medians["one as of"] / medians["one newest"], "all ratio": medians["all as of"] / medians["all newest"]}


def _ask(connection: Connection, query: Select[Any]) -> float:
    """Seconds of the database for a query, without making its text."""
    text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    return seconds(lambda: connection.exec_driver_sql(text).fetchall())


def _size(home: Any) -> float:
    from sql import warehouse

    url = warehouse.url_of(home.home)
    if url.startswith("sqlite"):
        with warehouse.writer(home.home).connect() as connection:
            connection.exec_driver_sql("rollback")
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    return size_of(url, [f"{generator.NAME}__facts", f"{generator.NAME}__series", f"{generator.NAME}__history"])


def _second(url: str) -> str:
    """Another empty database beside this one."""
    if not url:
        return ""
    import psycopg

    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("drop database if exists bench_alone with (force)")
        connection.execute("create database bench_alone")
    return url.rsplit("/", 1)[0] + "/bench_alone"
