"""One contender in one process: `python -m benchmarks.contenders NAME SETTINGS` prints what it measured as a line of JSON.

Imports are outside the measured seconds; the seconds of the whole process are taken by who starts it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sqlite3
import statistics
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.measure import Measured, Settings, Watch, fresh_home, ratio, seconds, size_of
from benchmarks.partners import partners
from benchmarks.vintages import vintages

ROOT = Path(__file__).parent.parent
MORNING, EVENING = "2026-11-22T12:00:00+00:00", "2026-11-22T22:00:00+00:00"
TABLES = 40

# Ours


def ours(settings: Settings) -> Measured:
    """The zip on disk to a committed release: bytes kept by digest, staged, checked by Great Expectations, loaded."""
    home = _ready(settings)
    watch = Watch()
    loaded = _through(settings.zip, settings, home, watch)
    assert loaded.new == loaded.rows, loaded
    return {"seconds": watch.total, "steps": watch.steps, "rows": loaded.rows, "size_mb": _our_size(home)}


def revised(settings: Settings) -> Measured:
    """The same for the next vintage, in which one cell of a hundred is another, over the first, which is loaded before."""
    home = _ready(settings)
    _through(settings.zip, settings, home, Watch())
    watch = Watch()
    loaded = _through(settings.next_zip, settings, home, watch, vintage=1)
    assert (loaded.release, loaded.new, loaded.gone) == (2, 0, 0), loaded
    assert 0.005 < loaded.changed / loaded.rows < 0.015, loaded
    return {"seconds": watch.total, "steps": watch.steps, "rows": loaded.rows, "changed": loaded.changed, "size_mb": _our_size(home)}


def _ready(settings: Settings) -> Any:
    """A fresh home, with everything imported that the verbs import."""
    importlib.import_module("tasks.check.run")  # it imports Great Expectations
    return fresh_home(settings)


def _through(path: str, settings: Settings, home: Any, watch: Watch, vintage: int = 0) -> Any:
    from benchmarks.generator import PID, contract, metadata
    from tasks.check import check
    from tasks.fetch import store
    from tasks.load import load
    from tasks.stage import stage

    table, cube = contract(), metadata(settings.rows, vintage=vintage)
    facts, published = {"datapoints": cube["nbDatapointsCube"]}, f"{cube['releaseTime']}:00Z"
    url = f"https://www150.statcan.gc.ca/n1/tbl/csv/{PID}-eng.zip"
    snapshot = store.keep(home, table, store.copy_in(Path(path), home.home), url=url, published_at=published, facts=facts)
    watch("keep")
    staged = stage(snapshot, table, home)
    watch("stage")
    verdict = check(staged, table, home)
    watch("check")
    loaded = load(verdict, table, home)
    watch("load")
    assert (loaded.outcome, loaded.rows) == ("passed", cube["nbDatapointsCube"]), (loaded, verdict.findings[:3])
    return loaded


def _our_size(home: Any) -> float:
    from benchmarks.generator import NAME
    from sql import warehouse

    return size_of(warehouse.url_of(home.home), [f"{NAME}__facts", f"{NAME}__series", f"{NAME}__history"])


# Reading and checks


def parse(settings: Settings) -> Measured:
    """The zip inflated to its end; staged (typed, every cell and label looked at, keyed, measured, written); and staged with only the
    places of the partnership kept; in turns."""
    from benchmarks.generator import CONTRACT, contract
    from expectations import parse as parsed
    from tasks.fetch import store
    from tasks.stage import staging_path

    home, table = fresh_home(settings), contract()
    ours = parsed(CONTRACT.replace("places: all", "places: partnership"), name="bench_ours")
    snapshots = [store.keep(home, one, store.copy_in(Path(settings.zip), home.home), url="bench.zip") for one in (table, ours)]
    times: dict[str, list[float]] = {"inflate": [], "all": [], "ours": []}
    for turn in range(settings.repeat + 1):
        taken = [seconds(lambda: peers.inflate(settings.zip))]
        for snapshot, one in zip(snapshots, (table, ours), strict=True):
            taken.append(seconds(partial(_stage_one, snapshot, one, home)))
            staging_path(home, one, snapshot).unlink()  # a run never writes over the file of another
        if turn:
            for name, found in zip(times, taken, strict=True):
                times[name].append(found)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {
        "ratio": ratio(times["all"], times["inflate"]),
        "ratio_ours": ratio(times["ours"], times["inflate"]),
        "seconds": medians["all"],
        "seconds_ours": medians["ours"],
        "peer": medians["inflate"],
        "all": times,
    }


def _stage_one(snapshot: Any, contract: Any, home: Any) -> None:
    from tasks.stage import stage

    staged = stage(snapshot, contract, home)
    assert staged.path, staged.refusal


def checks(settings: Settings) -> Measured:
    """The rules of the contract as Great Expectations judges them, and the same predicates as SQL written by hand over every row, in turns
    on one staging file."""
    from benchmarks.generator import contract, metadata
    from tasks.check import _views, history, run, screens
    from tasks.check.compile import compile_contract
    from tasks.fetch import store
    from tasks.stage import stage
    from tasks.stage.staging import materialise

    home, table = fresh_home(settings), contract()
    facts = {"datapoints": metadata(settings.rows)["nbDatapointsCube"]}
    snapshot = store.keep(home, table, store.copy_in(Path(settings.zip), home.home), url="bench.zip", facts=facts)
    path = Path(stage(snapshot, table, home).path)
    _views(path, table)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        history.lay(db, table, home)
    rules = compile_contract(table, home)
    times: dict[str, list[float]] = {"screens": [], "rows": [], "hand": []}
    for turn in range(settings.repeat + 1):
        taken = [seconds(lambda: _nothing(screens.judge(path, rules, table)))]
        if not turn:
            with closing(sqlite3.connect(path)) as db:
                materialise(db)
                db.commit()
        taken += [seconds(lambda: _nothing(run.run(path, rules))), seconds(lambda: _nothing(_by_hand(path, rules)))]
        if turn:
            for name, found in zip(times, taken, strict=True):
                times[name].append(found)
    return {
        "rules": len(rules),
        "ratio": ratio(times["screens"], times["hand"]),
        "ratio_rows": ratio(times["rows"], times["hand"]),
        "seconds": statistics.median(times["screens"]),
        "seconds_rows": statistics.median(times["rows"]),
        "peer": statistics.median(times["hand"]),
        "all": times,
    }


def _nothing(found: tuple[list[Any], list[Any]]) -> None:
    assert found == ([], []), found


def _by_hand(path: Path, rules: list[Any]) -> tuple[list[Any], list[Any]]:
    """One scan of each table for all its predicates, and one GROUP BY for the key."""
    db = sqlite3.connect(path)
    broken = []
    for name in dict.fromkeys(rule.table for rule in rules):
        predicates = [rule.kwargs["predicate"] for rule in rules if rule.table == name and "predicate" in rule.kwargs]
        sums = ", ".join(f"coalesce(sum(not coalesce(({predicate}), true)), 0)" for predicate in predicates)
        broken += [count for count in db.execute(f"select {sums} from {name}").fetchone() if count]
    for rule in rules:
        if "key" in rule.kwargs:
            key = ", ".join(rule.kwargs["key"])
            groups = f"select count(*) as n from {rule.table} group by {key} having count(*) > 1"
            broken += [count for count in db.execute(f"select coalesce(sum(n), 0) from ({groups})").fetchone() if count]
    db.close()
    return broken, []


# A refresh


def refresh(settings: Settings) -> Measured:
    """Refresh every public table from publishers on the loopback, then refresh with nothing new, counting verbs and requests."""
    from benchmarks.generator import CONTRACT, NAME, PID, metadata
    from demo.publishers import Publishers
    from expectations.partnership import read_partnership
    from flows.sentences import refresh_tables
    from flows.verbs import Verbs

    importlib.import_module("tasks.check.run")  # as above
    home = fresh_home(settings, sample=True)
    overlay = home.overlay / "public"
    overlay.mkdir(parents=True)
    (overlay / f"{NAME}.yaml").write_text(CONTRACT, encoding="utf-8")
    _more_tables(overlay)
    home = read_partnership(home.home)
    plain, calls = Verbs(), {"stage": 0, "check": 0, "load": 0}

    def counted(name: str) -> Callable[..., Any]:
        def verb(*arguments: Any, **more: Any) -> Any:
            calls[name] += 1
            return getattr(plain, name)(*arguments, **more)

        return verb

    verbs = replace(plain, **{name: counted(name) for name in calls})
    with Publishers() as publishers:
        publishers.replace(f"{PID}-eng.zip", Path(settings.zip).read_bytes())
        publishers.metadata(PID, metadata(settings.rows))
        os.environ |= {"OPENLIP_PUBLISHERS": publishers.url, "OPENLIP_NOW": MORNING, "OPENLIP_SECRET_GATE_KEY": "bench"}
        first = seconds(lambda: _all_are(refresh_tables(home, [], verbs), "loaded", "unchanged"))
        tables, asked = calls["stage"], len(publishers.log)
        calls.update(dict.fromkeys(calls, 0))
        os.environ["OPENLIP_NOW"] = EVENING
        times = [seconds(lambda: _all_are(refresh_tables(home, [], verbs), "unchanged")) for _ in range(settings.repeat)]
        seen = publishers.log[asked:]
    requests = sorted({f"{one.method} {_kind(one.path)} {one.status}" for one in seen})
    assert not any(calls.values()), calls
    # CMHC's export form answers every question anew; its bytes are compared after that.
    assert not any("download" in one and "200" in one and "ExportTable" not in one for one in requests), requests
    counts = {"tables": tables, "staged": calls["stage"], "requests": requests, "requests_each": len(seen) / settings.repeat}
    usual = statistics.median(times)
    return {"ratio": usual / first, "seconds": usual, "peer": first, "all": [times]} | counts


def _more_tables(overlay: Path) -> None:
    """Copies of a table of Statistics Canada under other names, until there are as many public tables as a partnership may have."""
    import expectations

    public = expectations.HERE / "public"
    body = (public / "statcan_population_quarterly.yaml").read_text(encoding="utf-8")
    for number in range(TABLES - 1 - len(list(public.glob("*.yaml")))):
        (overlay / f"bench_population_{number:02}.yaml").write_text(body, encoding="utf-8")


def _all_are(lines: list[Any], *outcomes: str) -> None:
    """An inbox in which nothing lies yet is unchanged from the beginning."""
    assert {line.outcome for line in lines} <= {*outcomes}, lines


def _kind(path: str) -> str:
    """What a request asked for: a question of the publishers' services, or the download of a file."""
    parts = path.split("?", maxsplit=1)[0].split("/")
    questions = [part for part in parts if part.startswith(("get", "package_"))]
    return questions[0] if questions else f"download of {parts[-1]}"


# A brief


def brief(settings: Settings) -> Measured:
    """Seconds a document in a warm process, in turns: the council brief composed and rendered as the first edition of its text; the same
    from the densities it ended at, as `publish` makes every later one; and WeasyPrint alone on the HTML of those pages, with our fonts
    and styles read before."""
    from demo.inbox import write_inbox
    from demo.publishers import Publishers
    from flows.partners import collect_partners
    from flows.sentences import office_of, refresh_tables
    from flows.verbs import Verbs
    from sql import clock
    from tasks.compose import compose, indicators_of
    from tasks.measure import measure
    from tasks.protect import protect
    from tasks.render import page, paper, render

    home = fresh_home(settings, sample=True)
    write_inbox(home.home / "inbox", dirty=False)
    with Publishers() as publishers:
        os.environ |= {"OPENLIP_PUBLISHERS": publishers.url, "OPENLIP_NOW": MORNING, "OPENLIP_SECRET_GATE_KEY": "bench"}
        _all_are(refresh_tables(home, [], Verbs()), "loaded", "unchanged")
        _all_are(list(collect_partners(home, [], Verbs()).lines), "loaded", "unchanged")
    figures = protect(measure(home, indicators_of("council", home), known_at=clock.stamp()), home)
    office, edition, folder = office_of(home, "city_council"), clock.today(), home.home / "editions"

    def make() -> list[tuple[Any, Any]]:
        drafts = compose("council", office, figures, home, edition=edition)
        return [(draft, render(draft, folder=folder)) for draft in drafts]

    made = make()
    pages = [(page.printed(draft, densities=document.densities), _embedded(draft)) for draft, document in made]
    press = paper._press()

    def again() -> None:
        for draft, (_, document) in zip(compose("council", office, figures, home, edition=edition), made, strict=True):
            render(draft, folder=folder, densities=document.densities)

    def alone() -> None:
        for html, attachments in pages:
            _weasyprint(html, attachments, press)

    times: dict[str, list[float]] = {"ours": [], "again": [], "alone": [], "compose": []}
    # What the loading before left on the heap is no part of a brief: the collector passes over it for both sides.
    gc.collect()
    gc.freeze()
    for turn in range(settings.repeat + 3):
        composing = seconds(lambda: compose("council", office, figures, home, edition=edition))
        taken = [seconds(make), seconds(again), seconds(alone), composing]
        if turn:
            for name, found in zip(times, taken, strict=True):
                times[name].append(found / len(made))
    medians = {name: statistics.median(found) for name, found in times.items()}
    densities = {draft.language: list(document.densities) for draft, document in made}
    return {
        "ratio": ratio(times["ours"], times["alone"]),
        "ratio_again": ratio(times["again"], times["alone"]),
        "seconds": medians["ours"],
        "peer": medians["alone"],
        "again": medians["again"],
        "compose": medians["compose"],
        "densities": densities,
        "all": times,
    }


def _embedded(draft: Any) -> list[tuple[str, str]]:
    return [(attachment.name, attachment.text) for attachment in draft.attachments]


def _weasyprint(html: str, attachments: list[tuple[str, str]], press: Any) -> None:
    import warnings

    from weasyprint import HTML, Attachment

    source = HTML(string=html, url_fetcher=press.fetcher)
    files = [Attachment(string=text, name=name) for name, text in attachments]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        source.write_pdf(font_config=press.fonts, stylesheets=[press.css], pdf_variant="pdf/a-3a", attachments=files)


CONTENDERS: dict[str, Callable[[Settings], Measured]] = {
    "ours": ours,
    "revised": revised,
    "stats-can": peers.stats_can,
    "polars": peers.polars,
    "dlt": peers.dlt,
    "statcan-dl": peers.statcan_dl,
    "duckdb": peers.duckdb,
    "parse": parse,
    "checks": checks,
    "vintages": vintages,
    "refresh": refresh,
    "partners": partners,
    "brief": brief,
}

if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("OPENLIP_") or name == "PREFECT_API_URL"]:
        del os.environ[name]
    # The last line is the answer: what libraries print before it is not.
    print(json.dumps(CONTENDERS[sys.argv[1]](Settings(**json.loads(sys.argv[2])))))
