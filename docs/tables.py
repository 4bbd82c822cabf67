"""`python -m docs.tables` writes the README's tables of sources and indicators from the contracts and queries themselves."""

from __future__ import annotations

from pathlib import Path

import expectations
import sql

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- begin tables -->", "<!-- end tables -->"


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


def readme(text: str) -> str:
    """The README with its tables as they should be."""
    head, rest = text.split(BEGIN, 1)
    _, tail = rest.split(END, 1)
    return f"{head}{BEGIN}\n{tables()}\n{END}{tail}"


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
