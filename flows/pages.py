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

from flows.sentences import Line, Made
from tasks.check import Finding

WORDS = {
    "loaded": "Loaded",
    "unchanged": "Unchanged",
    "held": "Loaded in part",
    "blocked": "**Refused**",
    "not_checked": "**Not checked (our fault)**",
    "not_yet": "Not released yet",
    "unreachable": "**Could not be reached**",
    "failed": "**Failed (our fault)**",
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
            told.append(f"{WORDS[line.outcome]}. {_linked(_cell(line.message))}")
            continue
        told += [f"{WORDS[line.outcome]}.", "", *[_found(finding) for finding in findings[:MOST]]]
        if len(findings) > MOST:
            told.append(f"\n{len(findings) - MOST} more are in the ledger.")
    return ["## What needs a look", *told] if told else ["Nothing needs a look."]


def _found(finding: Finding) -> str:
    where = f"row {finding.row}" if finding.row else "the file"
    place = f"{where}, {_cell(finding.column)}" if finding.column else where
    said = [f"- **{place}:** we found {_cell(finding.found)};", f"we expected {_cell(finding.expected)}.", f"*{_cell(finding.fix)}*"]
    return " ".join(said)


def _named(line: Line, called: Mapping[str, str]) -> str:
    table = _cell(called.get(line.contract, line.contract))
    return f"{table}: {_cell(line.part)}" if line.part else table


def summary(lines: Sequence[Line]) -> str:
    """One sentence: how many tables of each outcome."""
    counts = {word: sum(line.outcome == outcome for line in lines) for outcome, word in WORDS.items()}
    parts = [f"{count} {word.strip('*').lower()}" for word, count in counts.items() if count]
    many = "1 table or file" if len(lines) == 1 else f"{len(lines)} tables or files"
    return f"{many}: {', '.join(parts)}." if lines else "There was nothing to do."


def what_failed(lines: Sequence[Line]) -> str:
    """Each of these tables by name, with what stopped it."""
    return " ".join(f"{line.contract}{f' ({line.part})' if line.part else ''}: {line.message}" for line in lines)


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


def _cell(text: str) -> str:
    """Text for a Markdown page: what somebody typed into a file is shown, and makes no link, picture, table or HTML."""
    return re.sub(r"([\\`\[\]<>|])", r"\\\1", text).replace("\n", " ")
