"""What the flows do, said once: for Prefect and for a terminal without a server alike.

One bad table never stops the others and never passes in silence: each ends as a line of the report.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import sql
from expectations import Contract
from expectations.partnership import Partnership
from expectations.places import PlaceUnknown
from flows.verbs import Verbs
from sql import QueryBroken, clock
from tasks import Misuse, Problem
from tasks.accept import Accepted
from tasks.check import Finding
from tasks.compose import Office, indicators_of
from tasks.fetch import NotYet, Transport
from tasks.fetch.state import state_of
from tasks.fetch.transport import SourceUnavailable
from tasks.load.revision import Revised
from tasks.record import remembered
from tasks.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one table or file.

    `outcome`: loaded, unchanged, held (loaded, some rows wait), waits (loaded, but a person looks before briefs read it), blocked,
    not_checked, not_yet, left (a file that is still being written), not_beside (an answer that is elsewhere), there (a look: `new`
    files lie there), unreachable, failed. `is_news` is False when the last look at the table went the same way. `part` is the partner
    whose file it was, `submission` and `state` what became of it.
    """

    contract: str
    part: str
    outcome: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    held: int = 0
    message: str = ""
    findings: tuple[Finding, ...] = ()
    is_news: bool = True
    state: str = ""
    submission: int = 0

    @property
    def is_bad(self) -> bool:
        """True when nothing of it was loaded and somebody has to look."""
        return self.outcome in ("blocked", "not_checked", "unreachable", "failed")


@dataclass(frozen=True, slots=True)
class Made:
    """One document: where it lies and the digest of its PDF."""

    language: str
    pdf: str
    html: str
    sha256: str
    pages: int
    numbers: int


@dataclass(frozen=True, slots=True)
class Review:
    """What waits, what was accepted of it, and what went wrong with the views afterwards."""

    waiting: tuple[Waiting, ...]
    accepted: Accepted | None
    lines: tuple[Line, ...]


def refresh_tables(partnership: Partnership, only: Sequence[str], verbs: Verbs) -> list[Line]:
    """Every register and public table (or only those named): fetch, stage, check, load; then build."""
    contracts = _chosen([c for c in partnership.contracts() if not c.is_partner], only)
    return [*_all(contracts, partnership, verbs), *lay_views(partnership, verbs)]


def registers_first(partnership: Partnership, verbs: Verbs) -> list[Line]:
    """The registers, which say who partners are; those that are as they were say nothing."""
    registers = [contract for contract in partnership.contracts() if contract.is_register]
    return [line for line in _all(registers, partnership, verbs) if line.outcome != "unchanged"]


def publish_brief(
    partnership: Partnership, brief: str, office: str, verbs: Verbs, *, as_of: date | None = None, languages: Sequence[str] = ()
) -> list[Made]:
    """Measure, protect, compose, render and record a brief for one office, in all its languages or those asked for."""
    edition = as_of or clock.today()
    known_at = known_by(edition)
    addressed = office_of(partnership, office, edition)
    figures = verbs.measure(partnership, indicators_of(brief, partnership), known_at=known_at)
    protected = verbs.protect(figures, partnership)
    drafts = verbs.compose(brief, addressed, protected, partnership, edition=edition)
    folder = partnership.home / "editions" / f"{edition.isoformat()}-{brief}-{office}"
    made = []
    for draft in drafts:
        if languages and draft.language not in languages:
            continue
        document = verbs.render(draft, folder=folder, densities=remembered(draft, partnership))
        digest = verbs.record(document, draft, partnership, known_at=known_at, folder=folder)
        made.append(
            Made(draft.language, str(folder / document.pdf), str(folder / document.html), digest, document.pages, len(draft.claims))
        )
    if not made:
        raise Misuse(f"The brief {brief} has no language {', '.join(languages)}; it has {', '.join(draft.language for draft in drafts)}.")
    return made


def in_words(partnership: Partnership) -> dict[str, str]:
    """Tables, indicators and places by name or code, as people call them in English."""
    indicators = {name: query.indicator.title["en"] for name, query in sql.read_all(partnership.home / "sql").items() if query.is_indicator}
    tables = {contract.name: contract.title["en"] for contract in partnership.contracts()}
    return partnership.place_names("en") | indicators | tables


def known_by(day: date) -> str:
    """The moment up to which things are known on a day: its end, or now for today. `Misuse` for a day to come."""
    if day > clock.today():
        raise Misuse(f"{day} is to come; today is {clock.today()}. Nothing is known of it yet.")
    return clock.stamp() if day == clock.today() else clock.end_of(day)


def office_of(partnership: Partnership, office: str, day: date | None = None) -> Office:
    """An office of the register; `Misuse` lists the offices there are, and stops one whose place was not there on that day."""
    offices = offices_of(partnership.home)
    if office not in offices:
        raise Misuse(f"There is no office {office!r} in registers/offices.csv. There are: {', '.join(offices)}.")
    row = offices[office]
    try:
        partnership.place_at(row["place"], day or clock.today())
    except PlaceUnknown as error:
        raise Misuse(f"registers/offices.csv, {office}: {error}") from error
    return Office(office, {"en": row["name_en"], "fr": row["name_fr"]}, tuple(row["languages"].split()))


def offices_of(home: Path) -> dict[str, dict[str, str]]:
    """The register of offices, by office."""
    path = home / "registers" / "offices.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return {row["office"]: row for row in csv.DictReader(lines)}


def _chosen(contracts: Sequence[Contract], only: Sequence[str]) -> list[Contract]:
    strangers = sorted(set(only) - {contract.name for contract in contracts})
    if strangers:
        raise Misuse(f"There is no table {', '.join(strangers)} here. There are: {', '.join(contract.name for contract in contracts)}.")
    return [contract for contract in contracts if not only or contract.name in only]


def _all(contracts: Sequence[Contract], partnership: Partnership, verbs: Verbs) -> list[Line]:
    transport = Transport(about=[contract.name for contract in contracts])
    return [line for contract in contracts for line in _table(contract, partnership, transport, verbs)]


def _table(contract: Contract, partnership: Partnership, transport: Transport, verbs: Verbs) -> list[Line]:
    try:
        snapshots = verbs.fetch(contract, partnership, transport)
    except (NotYet, SourceUnavailable, Problem) as error:
        return [_not_there(contract, partnership, error)]
    except Exception as error:  # the edge of the flow: a fault of ours in one table leaves the others their turn
        return [_fault(contract.name, "", error)]
    state = state_of(partnership, contract)
    again = f"It answers again; before, it was {state.was}." if state.outcome == "ok" != state.was and state.was != "not yet" else ""
    if not snapshots:
        return [Line(contract.name, "", "unchanged", message=again)]
    lines = [_file(snapshot, contract, partnership, verbs) for snapshot in snapshots]
    return lines if lines[0].is_bad else [replace(lines[0], message=f"{again} {lines[0].message}".strip()), *lines[1:]]


def _not_there(contract: Contract, partnership: Partnership, error: Problem) -> Line:
    """A look that brought no file: what was said, what stays in force, and whether that is news."""
    outcome = "not_yet" if isinstance(error, NotYet) else "unreachable" if isinstance(error, SourceUnavailable) else "blocked"
    state = state_of(partnership, contract)
    news = state.outcome != state.was
    since = "" if news or outcome == "not_yet" else f" It has been so since {clock.day_of(state.since or clock.stamp())}."
    return Line(contract.name, "", outcome, message=f"{error}{since} {state.sentence()}", is_news=news)


def lay_views(partnership: Partnership, verbs: Verbs) -> list[Line]:
    """Build; a line only when the views could not be made, so that what was loaded is told all the same."""
    try:
        verbs.build(partnership)
    except (Problem, QueryBroken) as error:
        return [Line("views", "", "blocked", message=str(error))]
    except Exception as error:  # as above
        return [_fault("views", "", error)]
    return []


def _fault(contract: str, part: str, error: Exception) -> Line:
    """A fault of ours, as a line; the traceback goes to the log for `--debug`."""
    logging.getLogger("openlip").debug("%s %s", contract, part, exc_info=error)
    return Line(contract, part, "failed", message=f"{type(error).__name__}: {error}")


def _file(snapshot: object, contract: Contract, partnership: Partnership, verbs: Verbs) -> Line:
    part = str(getattr(snapshot, "part", ""))
    try:
        verdict = verbs.check(verbs.stage(snapshot, contract, partnership), contract, partnership)
        loaded = verbs.load(verdict, contract, partnership)
    except Problem as error:
        return Line(contract.name, part, "blocked", message=str(error))
    except Exception as error:  # as above
        return _fault(contract.name, part, error)
    waits = loaded.revised is not None and loaded.revised.waits
    outcome = "waits" if waits else "loaded" if loaded.outcome == "passed" else loaded.outcome
    first = next((finding.sentence() for finding in verdict.findings if finding.severity == "critical"), "")
    said = f"{_of_the_past(loaded.revised)} {first}".strip() if waits and loaded.revised else first
    counts = (loaded.rows, loaded.new, loaded.changed, loaded.gone, verdict.rows_held)
    return Line(contract.name, part, outcome, *counts, message=said, findings=verdict.findings)


def _of_the_past(revised: Revised) -> str:
    """Why a release waits, and what to do."""
    cells = " and ".join(f"{n:,} {word}" for n, word in ((revised.revised, "changed"), (revised.vanished, "vanished")) if n)
    figures = [f"Of the figures known before, {cells}; {revised.material:,} of them materially."] if cells else []
    look = "Briefs go on with the release before it. Look at it with “Accept a revision” (openlip accept), then accept it."
    return " ".join([*revised.definitions, *figures, look])


def look_at_revisions(
    partnership: Partnership, contract: str, verbs: Verbs, *, release: int = 0, by: str = "", why: str = "", accepts: bool = False
) -> Review:
    """What waits of a table (or of all); with `accepts` that release of the table is put in force and the views are built."""
    there = {c.name for c in partnership.contracts() if not (c.is_register or c.is_partner)}
    if contract and contract not in there:
        raise Misuse(f"There is no public table {contract}. There are: {', '.join(sorted(there))}.")
    found = tuple(verbs.waiting(partnership, contract))
    if not accepts:
        return Review(found, None, ())
    accepted = verbs.accept(partnership, contract, release=release, by=by, why=why)
    return Review(found, accepted, tuple(lay_views(partnership, verbs)))
