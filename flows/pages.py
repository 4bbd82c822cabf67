"""Markdown pages for the Prefect UI: what was loaded, what was refused and why, where the documents are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from flows.sentences import Line, Made

WORDS = {
    "loaded": "Loaded",
    "unchanged": "Nothing new",
    "held": "Loaded, some rows wait",
    "blocked": "**Refused**",
    "not_checked": "**Not checked (our fault)**",
    "not_yet": "Not released yet",
    "unreachable": "**Could not be reached**",
    "failed": "**Failed (our fault)**",
}


def of_lines(title: str, lines: Sequence[Line]) -> str:
    """A page with a table of what became of each table or file, then what needs a person."""
    rows = [
        f"| {line.contract}{' · ' + _cell(line.part) if line.part else ''} | {WORDS[line.outcome]} | {line.rows or ''} | "
        f"{line.new or ''} | {line.changed or ''} | {line.gone or ''} | {line.held or ''} |"
        for line in lines
    ]
    head = ["| Table | What happened | Rows | New | Changed | Withdrawn | Held back |", "|---|---|--:|--:|--:|--:|--:|"]
    return "\n".join([f"# {title}", "", summary(lines), "", *head, *rows, "", *_attention(lines)])


def _attention(lines: Sequence[Line]) -> list[str]:
    told: list[str] = []
    for line in lines:
        findings = [finding for finding in line.findings if finding.severity in ("critical", "warning")]
        if findings:
            told += ["", f"### {line.contract}{' · ' + _cell(line.part) if line.part else ''}", ""]
            told += ["| Row | Column | We found | We expected | What to do |", "|--:|---|---|---|---|"]
            told += [f"| {f.row or 'file'} | {f.column} | {_cell(f.found)} | {_cell(f.expected)} | {_cell(f.fix)} |" for f in findings[:50]]
            if len(findings) > 50:
                told.append(f"\n{len(findings) - 50} more are in the ledger.")
        elif line.message:
            told += ["", f"### {line.contract}", "", _cell(line.message)]
    return ["## What needs a look", *told] if told else ["Nothing needs a look."]


def summary(lines: Sequence[Line]) -> str:
    """One sentence: how many tables of each outcome."""
    counts = {word: sum(line.outcome == outcome for line in lines) for outcome, word in WORDS.items()}
    parts = [f"{word.strip('*').lower()} {count}" for word, count in counts.items() if count]
    return f"{len(lines)} tables or files: {', '.join(parts)}." if lines else "There was nothing to do."


def of_documents(title: str, made: Sequence[Made], home: Path) -> str:
    """A page with a link to each document and its digest."""
    base = os.environ.get("OPENLIP_SITE", "")
    rows = []
    for item in made:
        pdf, web = (Path(name).relative_to(home) for name in (item.pdf, item.html))
        links = f"[PDF]({base}/{pdf}) · [web page]({base}/{web})" if base else f"`{item.pdf}`"
        rows.append(f"| {item.language} | {links} | {item.pages} | {item.numbers} | `{item.sha256[:16]}` |")
    head = ["| Language | Document | Pages | Numbers, each bound to its source | sha256 |", "|---|---|--:|--:|---|"]
    ends = ["", "These are drafts. They wait for the approval of a second person before anybody outside receives them."]
    return "\n".join([f"# {title}", "", *head, *rows, *ends])


def _cell(text: str) -> str:
    """Text for a Markdown table: no pipes, no line breaks, no HTML."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
