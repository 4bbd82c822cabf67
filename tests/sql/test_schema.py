"""The ledger is one schema: whoever makes its tables makes those of what partners sent too, and nobody goes round that."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, inspect

from sql import ledger, schema, submissions

ROOT = Path(__file__).parents[2]
# Those that register the tables, and the one that puts them together.
OWN = ("sql/ledger.py", "sql/submissions.py", "sql/schema.py")
ROOMS = ("flows", "tasks", "sql", "docs", "demo", "benchmarks", "tests")


def test_both_sets_of_tables_are_one_schema() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        made = set(inspect(connection).get_table_names())
    engine.dispose()
    assert {ledger.release.name, ledger.snapshot.name, submissions.submission.name, submissions.message.name} <= made
    assert made == set(schema.metadata.tables)


def test_who_asks_for_the_schema_alone_has_every_table() -> None:
    """In a fresh interpreter, where no other module has registered anything."""
    code = "from sql import schema; print(*sorted(schema.metadata.tables))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == sorted(schema.metadata.tables)


def test_nobody_makes_half_a_ledger() -> None:
    """`metadata` of a part holds the tables of the other only if somebody imported it, so it is asked for in one place."""
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path.relative_to(ROOT).as_posix() not in OWN]
    assert len(paths) > 100
    assert [f"{path}:{line}: say schema.metadata" for path in paths for line in _halves(path)] == []


def _halves(path: Path) -> Iterator[int]:
    """The lines that reach for the metadata of one part."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("ledger.metadata", "submissions.metadata"):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module in ("sql.ledger", "sql.submissions"):
            yield from (node.lineno for alias in node.names if alias.name == "metadata")
