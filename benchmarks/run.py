"""Speed against others, as ratios of one run: `python -m benchmarks.run [--rows N] [--repeat 5] [--only NAME]`.

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

HERE = Path(__file__).parent
ROOT = HERE.parent
FOLDER = ROOT / "build" / "bench"
PACKAGES = ["sqlalchemy", "psycopg", "pyarrow", "numpy", "great-expectations", "weasyprint", "stats-can", "pandas"]
NAMES = ("sqlite", "postgresql", "checks", "refresh", "brief")
# Peers take ten times as long: three runs of each do.
SLOW_REPEAT = 3
MEGABYTES = 500


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
    parser.add_argument("--only", choices=NAMES, help="this part alone; nothing is written down")
    options = parser.parse_args()
    started = time.monotonic()
    chosen = [options.only] if options.only else list(NAMES)
    with ExitStack() as stack:
        contenders, server = _contenders(chosen, options, stack)
        _race(contenders, options, server)
    rows = list(_rows(contenders, options.rows))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = _before(options.rows)
    page = _page(rows, contenders, options, before, now, time.monotonic() - started)
    print(page)
    if not options.only:
        (HERE / "latest.md").write_text(page, encoding="utf-8")
        with (HERE / "history.jsonl").open("a", encoding="utf-8") as history:
            history.write(json.dumps(_record(rows, contenders, options.rows, now), ensure_ascii=False) + "\n")
    return 0


# Running


def _contenders(chosen: list[str], options: argparse.Namespace, stack: ExitStack) -> tuple[dict[str, Contender], Cluster | None]:
    found: dict[str, Contender] = {}
    server = None
    if "postgresql" in chosen:
        place = binaries()
        if place:
            server = stack.enter_context(Cluster(place))
        else:
            print("There are no PostgreSQL server programs (initdb, pg_ctl) here: that part is left out.", file=sys.stderr)
            chosen = [name for name in chosen if name != "postgresql"]
    for engine in ("sqlite", "postgresql"):
        if engine in chosen:
            found[f"ours {engine}"] = Contender("ours", engine, options.repeat)
            found[f"peer {engine}"] = Contender("stats-can", engine, min(options.repeat, SLOW_REPEAT))
            found[f"revised {engine}"] = Contender("revised", engine, min(options.repeat, SLOW_REPEAT))
    # These take turns with their other side inside one process.
    found |= {name: Contender(name, "sqlite", 1) for name in ("checks", "refresh", "brief") if name in chosen}
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
            run = json.loads(text) | {"process": seconds, "peak_mb": peak}
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
    found = []
    for engine, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        if f"ours {engine}" not in contenders:
            continue
        ours, peer, revised = (contenders[f"{who} {engine}"] for who in ("ours", "peer", "revised"))
        megabytes = max(run["peak_mb"] for run in ours.runs)
        times, theirs = peer.times_as_long_as(ours), max(run["peak_mb"] for run in peer.runs)
        what = f"Full-table zip to {name}: stats-can + to_sql takes this many times as long"
        met = times >= 5 and megabytes < MEGABYTES
        found.append(Row(engine, what, times, "at least 5, under 500 MB", met, ours.median(), peer.median(), megabytes, theirs))
        again = peer.times_as_long_as(revised)
        what = f"The next vintage to {name}, 1 % of cells revised: the same"
        megabytes = max(run["peak_mb"] for run in revised.runs)
        found.append(Row(f"revised {engine}", what, again, "", None, revised.median(), peer.median(), megabytes, theirs))
        started = peer.times_as_long_as(ours, "process")
        what = f"Full-table zip to {name}, with starting Python and all imports: the same"
        found.append(
            Row(f"process {engine}", what, started, "", None, ours.median("process"), peer.median("process"), ours.median("peak_mb"))
        )
    return found + [row for name in ("checks", "refresh", "brief") if name in contenders for row in _paired(name, contenders[name], rows)]


def _paired(name: str, contender: Contender, rows: int) -> list[Row]:
    run = contender.runs[0]
    ratio, ours, other, peak = run["ratio"], run["seconds"], run["peer"], run["peak_mb"]
    if name == "checks":
        what = f"{run['rules']} rules by Great Expectations, against one SQL pass by hand"
        return [Row(name, what, ratio, "at most 1.3 at 1 M rows", ratio <= 1.3 if rows >= 900_000 else None, ours, other, peak)]
    if name == "refresh":
        what = f"Refresh with nothing new ({run['staged']} tables parsed), against the first refresh ({run['tables']} parsed)"
        return [Row(name, what, ratio, "nothing parsed", run["staged"] == 0, ours, other, peak)]
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


def _head(options: argparse.Namespace, now: str, took: float) -> list[str]:
    versions = [f"Python {platform.python_version()}", f"SQLite {_sqlite()}", *(f"{name} {version(name)}" for name in PACKAGES)]
    return [
        f"{options.rows:,} rows asked for, {now}, {took:.0f} s in all, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}. {_commit()}",
        "",
        f"Medians of {options.repeat} runs, of {min(options.repeat, SLOW_REPEAT)} for stats-can and for the next vintage; each run in a "
        "process of its own, in turns, page cache warm, imports outside the seconds. The data are invented, in the publisher's grammar "
        "(generator.py). A ratio is the median over the turns in which both sides ran. "
        "PostgreSQL flushes to disk and has 512 MB of shared buffers. Trust the ratios, not the seconds.",
        "",
        ", ".join(versions) + ".",
    ]


def _steps(contenders: dict[str, Contender]) -> list[str]:
    names = [name for name in contenders if name.split()[0] in ("ours", "revised", "peer")]
    if not names:
        return []
    steps = ["keep", "stage", "check", "load", "read", "to_sql"]
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
        "stats-can with `to_sql` (defaults, the same engine and connection settings): VALUE as a number and REF_DATE as a time, the other "
        "16 columns as text in every row. No key, no check, no scalar factor, no history: each vintage replaces the table, not in one "
        "transaction with any record of where it came from.",
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
