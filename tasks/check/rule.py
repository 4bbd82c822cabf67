"""One compiled rule, and the shape that most rules have."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from expectations import Column, read
from expectations.partnership import Partnership
from tasks import Misuse


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule: an expectation over a table of the staging file, and what to tell people when it fails.

    `values` fill the words that partners read (expectations/words/rules.*.yaml).
    """

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
    values: tuple[tuple[str, str], ...] = ()


def row_rule(name: str, table: str, column: str, predicate: str, expected: str, fix: str, **more: Any) -> Compiled:
    """Every row of the table satisfies the predicate; `about` names the column that says what was found."""
    kwargs = {"column": more.pop("about", column), "predicate": predicate}
    severity = more.pop("severity", "critical")
    return Compiled(name, table, "expect_rows_to_satisfy", kwargs, severity, expected, fix, column=column, **more)


def quoted(text: str) -> str:
    """Text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def codes_of(column: Column, partnership: Partnership) -> list[str]:
    """The codes of the register that a column is of."""
    register = read(column.of_register, partnership.overlay)
    return sorted(partnership.register_codes(register.source.file.removesuffix(".csv"), register.grain[0]))


def listed(codes: list[str]) -> str:
    """Codes as the inside of a SQL list."""
    if not codes:
        return "''"
    if any(re.search(r"[\x00-\x1f]", code) for code in codes):
        raise Misuse("A code list holds a control character; look at the register.")
    return ", ".join(quoted(code) for code in codes)
