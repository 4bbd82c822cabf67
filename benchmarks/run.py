"""Speed against others, as ratios of one run: `python -m benchmarks.run [--rows N] [--repeat 5] [--only NAME...]`.

Every contender runs in a process of its own, in turns with the others; medians are compared. The result is printed, written to
`latest.md`, and added to `history.jsonl` beside the runs before.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.cluster import Cluster, binaries
from benchmarks.peers import LACKS

HERE = Path(__file__).parent
ROOT = HERE.parent
FOLDER = ROOT / "build" / "bench"
PACKAGES = [
    *["sqlalchemy", "psycopg", "pyarrow", "numpy", "great-expectations", "weasyprint"],
    *["stats-can", "pandas", "polars", "adbc-driver-postgresql", "dlt", "duckdb", "statcan-dl"],
]
NAMES = ("sqlite", "postgresql", "files", "parse", "checks", "vintages", "refresh", "partners", "brief")
PAIRED = ("parse", "checks", "refresh", "partners", "brief")
# Peers take ten times as long: three runs of each do.
SLOW_REPEAT = 3
# From so many rows on only what may be compared at that size takes part.
BIG = 5_000_000
BIG_NAMES = ("sqlite", "postgresql", "files", "parse")
LEFT_OUT = (
    "stats-can + to_sql, polars + ADBC and dlt into PostgreSQL are left out at this size: by their times at 1 M rows they take "
    "minutes a run, and the first more memory than most machines have. The checks, vintages, refresh, partners and brief do not depend on "
    "the size."
)
MEGABYTES = 500
MARK = "## Ten million rows"


@dataclass(slots=True)
class Contender:
    """A function of `benchmarks.contenders`, the kind of database it is given, and what its runs said."""

    function: str
    database: str
    repeat: int
    runs: list[dict[str, Any]] = field(default_factory=list)

    def median(self, key: str = "seconds") -> float:
        return float(statistics.median(run[key] for run in self.runs))

    def times_as_long_as(self, other: Contender, key: str = "seconds") -> float:
        """The median over the turns in which both ran: what else the machine did then weighed on both."""
        return float(statistics.median(one[key] / two[key] for one, two in zip(self.runs, other.runs, strict=False)))

    def step_as_long_as(self, other: Contender, step: str) -> float:
        """The same of one step."""
        return float(statistics.median(one["steps"][step] / two["steps"][step] for one, two in zip(self.runs, other.runs, strict=False)))

    def step(self, name: str) -> float:
        return float(statistics.median(run["steps"][name] for run in self.runs))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a ratio, what is wanted of it, and the two times behind it."""

    key: str
    what: str
    ratio: float
    wanted: str
    met: bool | None
    ours: float
    other: float
    megabytes: float
    other_megabytes: float | None = None


def main() -> int:
    """Run, print, and write down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5, help="runs of what is fast; the slow peers run three times")
    parser.add_argument("--only", choices=NAMES, nargs="+", default=[], help="these parts alone; nothing is written down")
    options = parser.parse_args()
    started = time.monotonic()
    chosen = options.only or list(BIG_NAMES if options.rows >= BIG else NAMES)
    with ExitStack() as stack:
        contenders, server = _contenders(chosen, options, stack)
        _race(contenders, options, server)
    rows = list(_rows(contenders, options.rows))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = _before(options.rows)
    page = _page(rows, contenders, options, before, now, time.monotonic() - started)
    print(page)
    if not options.only:
        _write_down(page, big=options.rows >= BIG)
        with (HERE / "history.jsonl").open("a", encoding="utf-8") as history:
            history.write(json.dumps(_record(rows, contenders, options.rows, now), ensure_ascii=False) + "\n")
    return 0


# Running


def _contenders(chosen: list[str], options: argparse.Namespace, stack: ExitStack) -> tuple[dict[str, Contender], Cluster | None]:
    found: dict[str, Contender] = {}
    server = None
    if {"postgresql", "vintages"} & set(chosen):
        place = binaries()
        if place:
            server = stack.enter_context(Cluster(place))
        else:
            print("There are no PostgreSQL server programs (initdb, pg_ctl) here: that part is left out.", file=sys.stderr)
            chosen = [name for name in chosen if name != "postgresql"]
    slow, big = min(options.repeat, SLOW_REPEAT), options.rows >= BIG
    for engine in ("sqlite", "postgresql"):
        if engine in chosen:
            found[f"ours {engine}"] = Contender("ours", engine, slow if big else options.repeat)
            found[f"revised {engine}"] = Contender("revised", engine, slow if big else options.repeat)
            if not big:
                found[f"stats-can {engine}"] = Contender("stats-can", engine, slow)
    if "postgresql" in chosen and not big:
        found |= {f"{name} postgresql": Contender(name, "postgresql", slow) for name in ("polars", "dlt")}
    if "files" in chosen:
        found |= {name: Contender(name, "sqlite", slow) for name in ("statcan-dl", "duckdb")}
    if "vintages" in chosen:
        found |= {f"vintages {engine}": Contender("vintages", engine, 1) for engine in ("sqlite", *(["postgresql"] if server else []))}
    # These take turns with their other side inside one process.
    found |= {name: Contender(name, "sqlite", 1) for name in PAIRED if name in chosen}
    return found, server


def _race(contenders: dict[str, Contender], options: argparse.Namespace, server: Cluster | None) -> None:
    rows = options.rows
    files = [_output("benchmarks.generator", str(rows), str(vintage))[0].strip() for vintage in (0, 1)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for turn in range(max(contender.repeat for contender in contenders.values())):
        for name, contender in contenders.items():
            if turn >= contender.repeat:
                continue
            for file in files:
                Path(file).read_bytes()  # into the page cache
            database = server.create("bench") if server and contender.database == "postgresql" else ""
            folder = tempfile.mkdtemp(dir=FOLDER)
            try:
                settings = {"rows": rows, "zip": files[0], "next_zip": files[1], "folder": folder, "database": database}
                settings["repeat"] = options.repeat
                text, seconds, peak = _output("benchmarks.contenders", contender.function, json.dumps(settings))
            finally:
                shutil.rmtree(folder)
                if server and database:
                    server.drop("bench")
            run = json.loads(text.splitlines()[-1]) | {"process": seconds, "peak_mb": peak}
            contender.runs.append(run)
            print(f"  {name:20} {run['seconds']:8.3f} s {run['peak_mb']:6.0f} MB", file=sys.stderr, flush=True)


def _output(module: str, *arguments: str) -> tuple[str, float, float]:
    """What a process of its own prints, its seconds, and the megabytes it held at most."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{module} {arguments[0]} ended with {process.returncode}")
        out.seek(0)
        return out.read(), seconds, usage.ru_maxrss / 1024


# The result


def _rows(contenders: dict[str, Contender], rows: int) -> list[Row]:
    found = [row for engine in ("sqlite", "postgresql") if f"ours {engine}" in contenders for row in _loads(contenders, engine, rows)]
    for engine in ("sqlite", "postgresql"):
        if f"vintages {engine}" in contenders:
            found += _vintages(contenders[f"vintages {engine}"].runs[0], "SQLite" if engine == "sqlite" else "PostgreSQL", engine)
    return found + [row for name in PAIRED if name in contenders for row in _paired(name, contenders[name], rows)]


WANTED = {"sqlite": {"stats-can": 8.0}, "postgresql": {"stats-can": 10.0, "polars": 2.0, "dlt": 2.0}}
CALLED = {
    "stats-can": "stats-can + to_sql",
    "polars": "polars + ADBC",
    "dlt": "dlt (Arrow)",
    "statcan-dl": "statcan-dl (Parquet, no keys)",
    "duckdb": "DuckDB, create table as (no keys)",
}


def _loads(contenders: dict[str, Contender], engine: str, rows: int) -> list[Row]:
    name, ours, revised = (
        {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine],
        contenders[f"ours {engine}"],
        contenders[f"revised {engine}"],
    )
    megabytes = max(run["peak_mb"] for one in (ours, revised) for run in one.runs)
    found = []
    for peer, called in CALLED.items():
        other = contenders.get(f"{peer} {engine}") or contenders.get(peer)
        if other is None:
            continue
        wanted = WANTED[engine].get(peer) or (1.0 if rows >= BIG else None)
        times, theirs = other.times_as_long_as(ours), max(run["peak_mb"] for run in other.runs)
        what = f"Full-table zip to {name}: {called} takes this many times as long"
        told, met = (f"at least {wanted:g}", times >= wanted) if wanted else ("", None)
        found.append(Row(f"{peer} {engine}", what, times, told, met, ours.median(), other.median(), megabytes, theirs))
    memory = f"The most memory of a process that loads {rows:,} rows into {name}, in hundreds of MB"
    found.append(Row(f"memory {engine}", memory, megabytes / 100, "under 5", megabytes < MEGABYTES, ours.median(), 0, megabytes))
    share = revised.step_as_long_as(ours, "load")
    what = f"1 % revised, the database's part into {name}: this share of a first load's"
    found.append(Row(f"revised {engine}", what, share, "at most 0.35", share <= 0.35, revised.step("load"), ours.step("load"), megabytes))
    return found


def _vintages(run: dict[str, Any], name: str, engine: str) -> list[Row]:
    size = f"60 vintages in {name} (each a period more, 1 % revised, {run['rows']:,} rows at the end), against the last alone: MB"
    one, all_ = (
        f"One series as of the 30th vintage in {name}, against the newest",
        f"The whole table as of the 30th vintage in {name}, the same",
    )
    peak = run["peak_mb"]
    return [
        Row(f"vintages {engine}", size, run["ratio"], "at most 2.2", run["ratio"] <= 2.2, run["size"], run["one"], peak),
        Row(f"as of {engine}", one, run["one ratio"], "at most 1.5", run["one ratio"] <= 1.5, run["one as of"], run["one newest"], peak),
        Row(
            f"as of all {engine}", all_, run["all ratio"], "at most 3.5", run["all ratio"] <= 3.5, run["all as of"], run["all newest"], peak
        ),
    ]


def _paired(name: str, contender: Contender, rows: int) -> list[Row]:
    run = contender.runs[0]
    if name == "partners":
        large, many, peak = run["seconds"], run["many"], run["peak_mb"]
        return [
            Row(
                name, "A partner's file of 20,000 rows, from its folder to the answer: seconds", large, "under 5", large < 5, large, 0, peak
            ),
            Row("partners many", "Thirty partners' files in one run, the same: seconds", many, "under 60", many < 60, many, 0, peak),
        ]
    ratio, ours, other, peak = run["ratio"], run["seconds"], run["peer"], run["peak_mb"]
    if name == "parse":
        what = "Read (typed, every label and cell looked at, keyed, measured, written down), against merely inflating the zip"
        kept, again = "The same when only the partnership's places are kept", run["ratio_ours"]
        return [
            Row("parse", what, ratio, "at most 2", ratio <= 2, ours, other, peak),
            Row("parse ours", kept, again, "at most 1.5", again <= 1.5, run["seconds_ours"], other, peak),
        ]
    if name == "checks":
        what = f"{run['rules']} rules by Great Expectations over what was measured, against one SQL pass over all rows by hand"
        rowwise, met = "The same rules by Great Expectations over all rows, as when a measure fails", rows >= 900_000
        return [
            Row(name, what, ratio, "at most 1.3 at 1 M rows", ratio <= 1.3 if met else None, ours, other, peak),
            Row("checks rows", rowwise, run["ratio_rows"], "", None, run["seconds_rows"], other, peak),
        ]
    if name == "refresh":
        what = f"Refresh of {run['tables']} tables with nothing new ({run['staged']} parsed): seconds"
        return [Row(name, what, ours, "at most 2, nothing parsed", ours <= 2 and run["staged"] == 0, ours, other, peak)]
    wanted, usual = "at most 1.3", run["ratio_again"]
    told = "A warm brief, composed and rendered from the densities of the edition before, against WeasyPrint alone for that page"
    first = "The first edition of a text, whose densities are searched: the same"
    return [
        Row("brief", told, usual, wanted, usual <= 1.3, run["again"], other, peak),
        Row("brief first", first, ratio, "", None, ours, other, peak),
    ]


def _page(
    rows: list[Row], contenders: dict[str, Contender], options: argparse.Namespace, before: dict[str, Any], now: str, took: float
) -> str:
    lines = ["# Benchmarks", "", *_head(options, now, took), ""]
    lines += ["| what | ratio | last time | wanted | ours s | other s | ours MB | other MB |", "|---|--:|--:|---|--:|--:|--:|--:|"]
    for row in rows:
        last = f"{before['ratios'][row.key]:.2f}" if row.key in before.get("ratios", {}) else ""
        verdict = row.wanted if row.met is None else f"{row.wanted}: {'met' if row.met else '**missed**'}"
        other = f"{row.other_megabytes:.0f}" if row.other_megabytes else ""
        lines.append(
            f"| {row.what} | **{row.ratio:.2f}** | {last} | {verdict} | {row.ours:.2f} | {row.other:.2f} | {row.megabytes:.0f} | {other} |"
        )
    lines += ["", *_steps(contenders), *_delivered(contenders), *_refresh(contenders), *_brief(contenders)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _repeats(options: argparse.Namespace) -> str:
    slow = min(options.repeat, SLOW_REPEAT)
    return f"{slow} runs" if options.rows >= BIG else f"{options.repeat} runs, of {slow} for the peers"


def _head(options: argparse.Namespace, now: str, took: float) -> list[str]:
    versions = [f"Python {platform.python_version()}", f"SQLite {_sqlite()}", *(f"{name} {version(name)}" for name in PACKAGES)]
    return [
        f"{options.rows:,} rows asked for, {now}, {took:.0f} s in all, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}. {_commit()}",
        "",
        f"Medians of {_repeats(options)}; each run in a process of its own, in turns, page cache warm, imports outside the "
        "seconds. The data are invented, in the publisher's grammar (generator.py). A ratio is the median over the turns in "
        "which both sides ran. PostgreSQL flushes to disk and has 512 MB of shared buffers. Trust the ratios, not the seconds.",
        "",
        ", ".join(versions) + ".",
    ]


def _steps(contenders: dict[str, Contender]) -> list[str]:
    names = [name for name, contender in contenders.items() if "steps" in contender.runs[0]]
    if not names:
        return []
    steps = list(dict.fromkeys(step for name in names for step in contenders[name].runs[0]["steps"]))
    lines = ["## Where the seconds go", "", f"| | {' | '.join(steps)} |", "|---|" + "--:|" * len(steps)]
    for name in names:
        there = contenders[name].runs[0]["steps"]
        cells = [f"{contenders[name].step(step):.2f}" if step in there else "" for step in steps]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def _delivered(contenders: dict[str, Contender]) -> list[str]:
    sizes = [f"{name} {contender.median('size_mb'):.0f} MB" for name, contender in contenders.items() if "size_mb" in contender.runs[0]]
    if not sizes:
        return []
    return [
        "## What is delivered",
        "",
        "Ours: numbers in their unit (scalar factors applied), statuses and periods as codes, labels once per series and proved to agree "
        "with COORDINATE in every row, keys, no duplicates, every rule of the contract, quarantine, a release with its history, all in one "
        "transaction with the digest of the zip.",
        "",
        "The others, beside their times:",
        "",
        *(f"- {CALLED[peer]}: {lacks}." for peer, lacks in LACKS.items() if any(name.split()[0] == peer for name in contenders)),
        "",
        f"On disk: {', '.join(sizes)}.",
        "",
    ]


def _refresh(contenders: dict[str, Contender]) -> list[str]:
    if "refresh" not in contenders:
        return []
    run = contenders["refresh"].runs[0]
    return [
        "## A refresh with nothing new",
        "",
        f"{run['tables']} tables, {run['requests_each']:.0f} requests: {'; '.join(run['requests'])}. Verbs called: stage {run['staged']}, "
        "check 0, load 0.",
        "",
    ]


def _brief(contenders: dict[str, Contender]) -> list[str]:
    if "brief" not in contenders:
        return []
    run = contenders["brief"].runs[0]
    ended = ", ".join(f"{language} at {one}, {two}" for language, (one, two) in run["densities"].items())
    return [
        "## A brief",
        "",
        f"Seconds per document, PDF/A-3a with its attachments. Composing takes {run['compose']:.3f} s of it. Sheets end at the densities "
        f"{ended}; each step from 0, 0 is one more layout. WeasyPrint alone has our fonts and styles read before and lays out once.",
    ]


def _sqlite() -> str:
    import sqlite3

    return sqlite3.sqlite_version


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return f"Commit {done.stdout.strip()}." if done.returncode == 0 else ""


def _before(rows: int) -> dict[str, Any]:
    """The last run with as many rows."""
    path = HERE / "history.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found: list[dict[str, Any]] = [run for run in map(json.loads, lines) if run["rows"] == rows]
    return found[-1] if found else {}


def _write_down(page: str, *, big: bool) -> None:
    """`latest.md`: the page of this run, and below it that of the last run with ten million rows, each with its date."""
    path = HERE / "latest.md"
    usual, _, large = (path.read_text(encoding="utf-8") if path.exists() else "").partition(MARK)
    if big:
        large = page.replace("# Benchmarks\n", "", 1).replace("\n## ", "\n### ").strip() + f"\n\n{LEFT_OUT}\n"
    else:
        usual = page
    path.write_text(usual.rstrip() + "\n" + (f"\n{MARK}\n\n{large.strip()}\n" if large else ""), encoding="utf-8")


def _record(rows: list[Row], contenders: dict[str, Contender], asked: int, now: str) -> dict[str, Any]:
    runs = {
        name: {"seconds": [round(run["seconds"], 4) for run in c.runs], "peak_mb": [round(run["peak_mb"]) for run in c.runs]}
        for name, c in contenders.items()
    }
    versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    ratios = {row.key: round(row.ratio, 3) for row in rows}
    return {"at": now, "rows": asked, "cores": os.cpu_count(), "ratios": ratios, "runs": runs, "versions": versions}


if __name__ == "__main__":
    sys.exit(main())
