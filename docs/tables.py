"""`python -m docs.tables` writes the tables of the README: sources and indicators from the content, figures from the last bench."""

from __future__ import annotations

from pathlib import Path

import expectations
import sql

ROOT = Path(__file__).parent.parent
README, LATEST = ROOT / "README.md", ROOT / "benchmarks" / "latest.md"


def tables() -> str:
    """Both tables as Markdown."""
    contracts = [contract for contract in expectations.read_all() if not contract.is_register]
    rows = [f"| `{c.name}` | {c.title['en']} | {c.publisher} | {c.due} |" for c in contracts]
    queries = sql.read_all()
    found = [(name, queries[name].indicator) for name in sorted(queries) if queries[name].is_indicator]
    lines = [f"| `{name}` | {h.title['en']} | {h.unit} | {', '.join(h.serves)} | {h.class_} |" for name, h in found]
    return "\n".join(
        [
            "| table | what | publisher | due |",
            "|---|---|---|---|",
            *rows,
            "",
            "| indicator | what | unit | serves objective | disclosure class |",
            "|---|---|---|---|---|",
            *lines,
        ]
    )


def figures() -> str:
    """What the last recorded bench of a million rows measured of what is promised, as Markdown: its commit, the ratio, what is wanted."""
    lines = _first_page(LATEST.read_text(encoding="utf-8").splitlines())
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    told = [f"| {row[0]} | {row[1]} | {row[3]} |" for row in rows[1:] if len(row) > 4 and row[3].endswith(("met", "missed**"))]
    run = next(line for line in lines if "rows asked for" in line)
    return "\n".join([run, "", "| what | ratio | wanted |", "|---|--:|---|", *told])


def _first_page(lines: list[str]) -> list[str]:
    """Below the page of a run may stand that of the last one with more rows."""
    runs = [number for number, line in enumerate(lines) if "rows asked for" in line]
    return lines[: runs[1]] if len(runs) > 1 else lines


def readme(text: str) -> str:
    """The README with its tables as they should be."""
    for name, made in (("tables", tables()), ("figures", figures())):
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        head, rest = text.split(begin, 1)
        _, tail = rest.split(end, 1)
        text = f"{head}{begin}\n{made}\n{end}{tail}"
    return text


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
