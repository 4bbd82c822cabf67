"""One compiled rule, and the shape that most rules have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule: an expectation over a table of the staging file, and what to tell people when it fails."""

    name: str
    table: str
    type: str
    kwargs: dict[str, Any]
    severity: str
    expected: str
    fix: str
    row: str = "row"
    column: str = ""
    meta: dict[str, str] = field(default_factory=dict)


def row_rule(name: str, table: str, column: str, predicate: str, expected: str, fix: str, **more: Any) -> Compiled:
    """Every row of the table satisfies the predicate; `about` names the column that says what was found."""
    kwargs = {"column": more.pop("about", column), "predicate": predicate}
    severity = more.pop("severity", "critical")
    return Compiled(name, table, "expect_rows_to_satisfy", kwargs, severity, expected, fix, column=column, **more)


def quoted(text: str) -> str:
    """Text as SQL."""
    return "'" + text.replace("'", "''") + "'"
