"""Markdown pages for the Prefect UI: what was loaded, what was refused and why, where the documents are.

Lists, and tables of two columns, so that the pages read on a telephone too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from babel import Locale

from flows.sentences import Line, Made, Review
from tasks.check import Finding
from tasks.protect import ProtectedFigure
from tasks.waiting import Waiting

WORDS = {
    "loaded": "Loaded",
    "unchanged": "Unchanged",
    "held": "Loaded in part",
    "waits": "**Waits for a person**",
    "blocked": "**Refused**",
    "not_checked": "**Not checked (our fault)**",
    "not_yet": "Not released yet",
    "unreachable": "**Could not be reached**",
    "failed": "**Failed (our fault)**",
    "left": "Left alone for now",
    "there": "There",
    "not_beside": "Not beside the file",
}
MOST = 50


def of_lines(title: str, lines: Sequence[Line], titles: Mapping[str, str] | None = None) -> str:
    """A page: what needs a person, then what became of each table or file. `titles`: the tables as people call them."""
    called = titles or {}
    rows = [f"| {_named(line, called)} | {WORDS[line.outcome]}{_counts(line)} |" for line in lines]
    table = ["", "## Every table and file", "", "| Table or file | What happened |", "|---|---|", *rows] if rows else []
    return "\n".join([f"# {title}", "", summary(lines), "", *_attention(lines, called), *table])


def _counts(line: Line) -> str:
    counts = {"new": line.new, "changed": line.changed, "withdrawn": line.gone, "held back": line.held}
    said = [f"{count:,} {word}" for word, count in counts.items() if count]
    return f": {', '.join([f'{line.rows:,} rows', *said])}" if line.rows else ""


def _attention(lines: Sequence[Line], called: Mapping[str, str]) -> list[str]:
    told: list[str] = []
    for line in sorted(lines, key=lambda line: not line.is_bad):
        findings = [finding for finding in line.findings if finding.severity in ("critical", "warning")]
        if not findings and not line.message:
            continue
        told += ["", f"### {_named(line, called)}", ""]
        if not findings:
            told.append(f"{WORDS[line.outcome]}. {_linked(cell(line.message))}")
            continue
        told += [f"{WORDS[line.outcome]}.", "", *[_found(finding) for finding in findings[:MOST]]]
        if len(findings) > MOST:
            told.append(f"\n{len(findings) - MOST} more are in the ledger.")
    return ["## What needs a look", *told] if told else ["Nothing needs a look."]


def _found(finding: Finding) -> str:
    where = f"row {finding.row}" if finding.row else "the file"
    place = f"{where}, {cell(finding.column)}" if finding.column else where
    said = [f"- **{place}:** we found {cell(finding.found)};", f"we expected {cell(finding.expected)}.", f"*{cell(finding.fix)}*"]
    return " ".join(said)


def _named(line: Line, called: Mapping[str, str]) -> str:
    table = cell(called.get(line.contract, line.contract))
    return f"{table}: {cell(line.part)}" if line.part else table


def summary(lines: Sequence[Line]) -> str:
    """One sentence: how many tables of each outcome."""
    counts = {word: sum(line.outcome == outcome for line in lines) for outcome, word in WORDS.items()}
    parts = [f"{count} {word.strip('*').lower()}" for word, count in counts.items() if count]
    many = "1 table or file" if len(lines) == 1 else f"{len(lines)} tables or files"
    return f"{many}: {', '.join(parts)}." if lines else "There was nothing to do."


def what_failed(lines: Sequence[Line]) -> str:
    """Each of these tables by name, with what stopped it."""
    return " ".join(f"{line.contract}{f' ({line.part})' if line.part else ''}: {line.message}" for line in lines)


def of_review(review: Review, called: Mapping[str, str]) -> str:
    """A page of what waits: what changed of the past, which figures would move, which editions print them.

    `called`: tables, indicators and places as people call them.
    """
    told = ["# Revisions of public statistics", ""]
    if review.accepted:
        said = review.accepted
        told += [f"**Accepted:** {cell(called.get(said.contract, said.contract))}, release {said.release}, by {cell(said.by)}.", ""]
    elif not review.waiting:
        told += ["Nothing waits. Every release is in force."]
    for item in review.waiting:
        told += _waits(item, called)
        if not review.accepted:
            told += [f"**To put it in force:** run this again with *Accept it* switched on, release {item.release} and your name.", ""]
    return "\n".join(told + [f"{line.contract}: {cell(line.message)}" for line in review.lines])


def _waits(item: Waiting, called: Mapping[str, str]) -> list[str]:
    when = f"published {item.released_at[:10]}, " if item.released_at else ""
    told = [f"## {cell(called.get(item.contract, item.contract))}", ""]
    told += [f"Release {item.release} ({when}loaded {item.loaded_at[:10]}) against release {item.against}, which is in force:"]
    counts = {"changed": item.revised, "vanished": item.vanished, "new": item.new, "changed more than the table allows": item.material}
    told += [f"{', '.join(f'{count:,} {word}' for word, count in counts.items())}.", ""]
    told += [f"- {cell(sentence)}" for sentence in item.definitions]
    if item.cells:
        rows = [f"| {cell(_where(one, called))} | {cell(_number(one['was']))} → {cell(_number(one['is']))} |" for one in item.cells[:MOST]]
        told += ["", "### The largest changes", "", "| Cell | Was → is |", "|---|---|", *rows]
    if item.figures:
        told += ["", f"### Figures that would change: {len(item.figures)}", "", "| Figure | Now → then |", "|---|---|"]
        told += [f"| {cell(_words(m.key.split('@'), called))} | {_shown(m.was)} → {_shown(m.would_be)} |" for m in item.figures[:MOST]]
    told += ["", f"### Editions that print one of them: {len(item.editions)}", ""]
    told += [
        f"- {cell(edition.name)} ({', '.join(cell(_words(key.split('@'), called)) for key in edition.figures)})"
        for edition in item.editions
    ]
    return [*told, *([] if item.editions else ["None."]), ""]


def _where(moved: Mapping[str, object], called: Mapping[str, str]) -> str:
    return _words([str(value) for name, value in moved.items() if name not in ("was", "is")], called)


def _words(names: Sequence[str], called: Mapping[str, str]) -> str:
    return ", ".join(called.get(name, name) for name in names)


def _number(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)


def _shown(figure: ProtectedFigure | None) -> str:
    if figure is None:
        return "none"
    return figure.mark if figure.value is None else f"{figure.value:,.{figure.decimals}f}"


def of_documents(title: str, made: Sequence[Made], home: Path) -> str:
    """A page with a link to each document and its digest."""
    told = [f"# {title}"]
    for item in made:
        told += ["", f"## {Locale.parse(item.language).get_display_name('en')}", "", _links(item, home), ""]
        told += [f"{item.pages} pages · {item.numbers} numbers, each bound to its source · sha256 `{item.sha256[:16]}`"]
    told += ["", "These are drafts. They wait for the approval of a second person before anybody outside receives them."]
    return "\n".join(told)


def _links(item: Made, home: Path) -> str:
    if not os.environ.get("OPENLIP_SITE"):
        return f"`{item.pdf}`"
    pdf, web = (quote(Path(name).relative_to(home).as_posix()) for name in (item.pdf, item.html))
    # From the root of the site, so that the link holds when the server listens elsewhere tomorrow, or stands behind a proxy.
    return f"[Open the PDF](/{pdf}) · [Open the web page](/{web})"


def _linked(text: str) -> str:
    """Addresses as links that show the host alone: a long one would be wider than a telephone."""
    return re.sub(r"https?://([^/\s]+)\S*", r"[\1](\g<0>)", text)


def cell(text: str) -> str:
    """Text for a Markdown page: what somebody typed into a file is shown, and makes no link, picture, table or HTML."""
    return re.sub(r"([\\`\[\]<>|])", r"\\\1", text).replace("\n", " ")
