"""What each command answers: an exit code, plain data for --json, and a page of text."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import briefs
import sql
from expectations import Contract, read
from expectations.partnership import Partnership
from flows import pages, partners, sentences
from flows.forms import Publish, Refresh, home_folder, partnership
from flows.sentences import Line, Made
from flows.verbs import Verbs
from sql import clock
from tasks import Misuse
from tasks.check import check
from tasks.compose import licence
from tasks.compose.annex import as_dict
from tasks.compose.breaks import until
from tasks.doctor import doctor
from tasks.fetch import store
from tasks.findings import Finding
from tasks.measure import measure
from tasks.protect import ProtectedChange, ProtectedFigure, protect
from tasks.screen import look
from tasks.show import show
from tasks.stage import stage

ROOT = Path(__file__).parent.parent
Answer = tuple[int, Any, str]


def init(options: argparse.Namespace) -> Answer:
    """Copy a partnership's content into a new folder."""
    source, target = ROOT / "partnerships" / options.source, options.folder.resolve()
    if not (source / "partnership.yaml").is_file():
        there = ", ".join(path.parent.name for path in sorted(ROOT.glob("partnerships/*/partnership.yaml")))
        raise Misuse(f"There is no partnership {options.source!r} to begin from. There are: {there}.")
    if (target / "partnership.yaml").exists():
        raise Misuse(f"{target} is a home already; choose another folder.")
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("sample"))
    (target / "inbox").mkdir(exist_ok=True)
    if options.sample:
        _add_sample(source, target)
    for name in ("members", "reporting"):
        register = target / "registers" / f"{name}.csv"
        if not register.exists():
            header = (source / "sample" / "registers" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
            register.write_text(header + "\n", encoding="utf-8")
    page = f"{target} is ready. Next: openlip refresh --home {target}"
    return 0, {"home": str(target), "sample": bool(options.sample)}, page


def _add_sample(source: Path, target: Path) -> None:
    """The sample's registers, and the mark that everything made here is a SAMPLE."""
    shutil.copytree(source / "sample" / "registers", target / "registers", dirs_exist_ok=True)
    path = target / "partnership.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "sample: true\n", encoding="utf-8")


def health(options: argparse.Namespace) -> Answer:
    """openlip doctor."""
    looks = doctor(partnership(), network=not options.offline)
    page = "\n".join(f"{'ok  ' if look.ok else 'LOOK'}  {look.what}: {look.detail}" for look in looks)
    return (0 if all(look.ok for look in looks) else 1), [asdict(look) for look in looks], page


def refreshed(options: argparse.Namespace) -> Answer:
    """openlip refresh."""
    lines = through_prefect("refresh", Refresh(tables=options.only)) if has_server() else None
    return of_lines(lines if lines is not None else sentences.refresh_tables(partnership(), options.only, Verbs()))


def has_server() -> bool:
    """True when flows run on a Prefect server that PREFECT_API_URL names."""
    return bool(os.environ.get("PREFECT_API_URL"))


def through_prefect(name: str, order: object) -> Any:
    """Run the flow on the server that PREFECT_API_URL names; its state carries what it did."""
    import importlib

    flow = getattr(importlib.import_module(f"flows.{name}"), name)
    state = flow(order, return_state=True)
    result = state.data
    value = getattr(result, "_cache", None) or result
    found = getattr(value, "result", value)
    if isinstance(found, list | partners.Collected):
        return found
    state.result(raise_on_failure=True)
    raise Misuse(f"The flow {name} ended as {state.name}: {state.message}")


def of_lines(lines: list[Line]) -> Answer:
    """The lines of a run as an answer: the worst of them decides the exit code."""
    worst = {line.outcome for line in lines if line.is_bad}
    code = 70 if worst & {"failed", "not_checked"} else 1 if "blocked" in worst else 3 if worst else 0
    told = []
    for line in lines:
        where = f"{line.contract}{' ' + line.part if line.part else ''}"
        counts = (
            f" ({line.new} new, {line.changed} changed, {line.gone} withdrawn, {line.held} held back)"
            if line.outcome in ("loaded", "held")
            else ""
        )
        told.append(f"{pages.WORDS[line.outcome].strip('*'):24} {where}{counts}")
        told += [f"    {finding.severity}: {finding.sentence()}" for finding in line.findings[:20]]
        if line.message and not line.findings:
            told.append(f"    {line.message}")
    return code, [asdict(line) for line in lines], "\n".join([*told, pages.summary(lines)])


def built(options: argparse.Namespace) -> Answer:
    """openlip build."""
    made = Verbs().build(partnership(), known_at=sentences.known_by(options.as_of) if options.as_of else None)
    told = [f"{item.folder}/{item.name}: {item.rows} rows" for item in made]
    if options.as_of:
        told.append(f"The views answer as known on {options.as_of}, until the next refresh or openlip build.")
    return 0, [asdict(item) for item in made], "\n".join(told)


def accepted(options: argparse.Namespace) -> Answer:
    """openlip accept: without --by it only tells what waits."""
    home = partnership()
    if options.by and not (options.table and options.release):
        raise Misuse("Which one? openlip accept TABLE --release N --by PERSON; openlip accept alone tells what waits.")
    said = {"release": options.release, "by": options.by, "why": options.why, "accepts": bool(options.by)}
    review = sentences.look_at_revisions(home, options.table, Verbs(), **said)
    called = sentences.in_words(home) | {contract.name: f"{contract.title['en']} ({contract.name})" for contract in home.contracts()}
    return (70 if review.lines else 0), asdict(review), pages.of_review(review, called)


def checked(options: argparse.Namespace) -> Answer:
    """openlip check FILE --contract NAME: nothing of the file enters the warehouse or the store."""
    if not options.file.is_file():
        raise Misuse(f"{options.file}: there is no such file.")
    home = partnership()
    contract = read(options.contract, home.overlay)
    gate: tuple[Finding, ...] = ()
    with tempfile.TemporaryDirectory() as folder:
        apart = home.model_copy(update={"home": Path(folder)})
        shutil.copytree(home.home / "registers", Path(folder) / "registers")
        path = options.file
        if contract.is_partner:
            # Not even staff are shown what does not belong into a partner's file.
            kept, gate = look(options.file.read_bytes(), contract.name, home)
            if not kept:
                said = {"outcome": "refused", "findings": [asdict(finding) for finding in gate]}
                return 1, said, _told_by_the_gate(options.file.name, gate)
            path = Path(folder) / options.file.name
            path.write_bytes(kept)
        staged = stage(_apart(path, contract, apart), contract, apart)
        # Staged apart, but judged as if it had come: against the file in force.
        verdict = check(staged, contract, home)
    findings = [*gate, *verdict.findings]
    told = [f"{finding.severity}: {finding.sentence()}" for finding in findings]
    counts = (
        f"{options.file.name}: {verdict.outcome}. {verdict.rows_read} rows read, {verdict.rows_kept} go on, {verdict.rows_held} held back."
    )
    data = {"outcome": verdict.outcome, "rows_read": verdict.rows_read, "rows_kept": verdict.rows_kept, "rows_held": verdict.rows_held}
    code = 0 if verdict.outcome == "passed" else 70 if verdict.outcome == "not_checked" else 1
    return code, data | {"findings": [asdict(finding) for finding in findings]}, "\n".join([*told, counts])


def _told_by_the_gate(name: str, findings: Sequence[Finding]) -> str:
    told = [f"{finding.severity}: {finding.sentence()}" for finding in findings]
    return "\n".join([*told, f"{name}: refused. Nothing of it would be kept."])


def _apart(path: Path, contract: Contract, apart: Partnership) -> store.Snapshot:
    """A file as a snapshot in a store of its own, noted in no ledger."""
    received = store.copy_in(path, apart.home)
    file = f"{received.sha256}{path.suffix.lower()}"
    received.path.rename(store.folder(apart.home) / file)
    return store.Snapshot(contract.name, "", received.sha256, path.name, clock.stamp(), None, received.size, file, apart.sample, {})


def figures(options: argparse.Namespace) -> Answer:
    """openlip figures."""
    home = partnership()
    queries = sql.read_all(home.home / "sql")
    wanted = [options.indicator] if options.indicator else [name for name, query in queries.items() if query.is_indicator]
    known_at = sentences.known_by(options.as_of) if options.as_of else None
    # A publisher's code is a place too, and a bare name is none.
    place = home.gazetteer.find(options.place).code if options.place else ""
    found = [f for f in protect(measure(home, wanted, known_at=known_at), home) if place in ("", f.place)]
    found = [f for f in found if options.period in ("", f.period)]
    names = home.place_names("en")
    closed = licence.closed_tables(home)
    lines = [
        (
            f"{f.indicator:26} {f.place:16} {names.get(f.place, ''):20} {f.period:10} {_value(f):>14}",
            _coverage(f),
            _read_with(f),
            licence.told(f, closed),
        )
        for f in found
    ]
    page = "\n".join("  ".join(part for part in line if part) for line in lines)
    data = [
        as_dict(f) | {"place_name": names.get(f.place, "")} | ({"not_to_be_published": said[-1]} if said[-1] else {})
        for f, said in zip(found, lines, strict=True)
    ]
    return 0, data, page or "There is no such figure. Without --place and --period all are told."


def _value(figure: ProtectedFigure) -> str:
    if figure.value is None:
        return figure.mark
    text = f"{figure.value:,.{figure.decimals}f}"
    bounded = figure.lower is not None and figure.upper is not None and figure.lower < figure.upper
    return f"{text} [{figure.lower:g} to {figure.upper:g}]" if bounded else text


def _read_with(figure: ProtectedFigure) -> str:
    """What a number is read with: letters of its publisher, boundaries, breaks before it, caveats, and who reported earlier periods."""
    told = {
        "quality": figure.quality,
        "boundaries": " ".join(map(str, figure.boundaries)),
        "breaks": " ".join(broken.period for broken in until(figure)),
        "caveats": " ".join(figure.caveats),
        "since": ", ".join(map(_matched, figure.matched)),
    }
    return "; ".join(f"{key} {value}" for key, value in told.items() if value)


def _coverage(figure: ProtectedFigure) -> str:
    """How many partners answered, and on time where that is known."""
    if not figure.expected:
        return ""
    on_time = "" if figure.on_time is None else f", {figure.on_time} on time"
    return f"from {figure.reporters} of {figure.expected} partners{on_time}"


def _matched(change: ProtectedChange) -> str:
    """How the partners that reported both periods changed: their number, their total then and now, or why that is withheld."""
    if change.is_same:
        return f"{change.period} by the same {change.partners} partners"
    told = f"{change.then:g} to {change.now:g} by {change.partners} partners" if change.is_shown else f"withheld ({change.reason})"
    return f"{change.period} {told}"


def published(options: argparse.Namespace) -> Answer:
    """openlip publish."""
    home = partnership()
    if options.brief not in (there := briefs.names(home.home / "briefs")):
        raise Misuse(f"There is no brief {options.brief!r}. There are: {', '.join(there) or 'none'}.")
    versions = briefs.read(options.brief, home.home / "briefs")
    office = options.office or next(iter(versions.values())).header.audience
    if has_server() and not options.language:
        order = Publish(
            brief=options.brief, office=office, use_date=options.as_of is not None, **({"day": options.as_of} if options.as_of else {})
        )
        made: list[Made] = through_prefect("publish", order)
    else:
        made = sentences.publish_brief(home, options.brief, office, Verbs(), as_of=options.as_of, languages=options.language)
    told = [f"{item.pdf}\n  {item.pages} pages, {item.numbers} numbers, sha256 {item.sha256}" for item in made]
    return 0, [asdict(item) for item in made], "\n".join([*told, "Drafts: they wait for a second person's approval."])


def shown(options: argparse.Namespace) -> Answer:
    """openlip show."""
    found = show(options.what, partnership())
    return 0, found, _walk(found)


def _walk(found: dict[str, Any]) -> str:
    if "numbers" not in found:
        return "\n".join(f"{key}: {value}" for key, value in found.items())
    told = [f"{found['document']['name']}  sha256 {found['document']['sha256']}"]
    for number in found["numbers"]:
        told.append(f"\n{number['shown']}  {number['figure']}  ({number['place']})")
        query = " ".join(number["query"].split())
        told.append(f"  query: {query[:160]}{'...' if len(query) > 160 else ''}")
        rows: dict[tuple[str, int], list[int]] = {}
        for row in number["rows"]:
            rows.setdefault((row["contract"], row["release"]), []).append(row["row"] or 0)
        told += [
            f"  rows: {contract} release {release}: {', '.join(str(r) if r else 'a zero left out' for r in numbers)}"
            for (contract, release), numbers in rows.items()
        ]
        told += [f"  bytes: {s['sha256']} {s['url']} fetched {s['fetched_at']}" for s in number["snapshots"]]
    return "\n".join(told)


def served(options: argparse.Namespace) -> Answer:
    """openlip serve: until it is stopped."""
    from flows.serve import serve

    partnership()
    serve(home_folder(), port=options.port)
    return 0, {}, "Stopped."
