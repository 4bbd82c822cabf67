"""What the gate found, gathered by rule and place, and told without a word of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from expectations import words
from tasks.findings import Finding

SHOWN = 5
Values = tuple[tuple[str, str], ...]

# What is told of a file that is taken. Every other rule refuses the file.
REMARKS = {
    "gate_windows_1252": "warning",
    "gate_semicolons": "info",
    "gate_tabs": "info",
    "gate_empty_sheet": "info",
    "gate_stray_sheet": "info",
}


@dataclass(slots=True)
class _Place:
    """The rows of one rule in one column of one sheet."""

    column: str
    count: int = 0
    rows: list[int] = field(default_factory=list)


class Faults:
    """Collects by rule, sheet, column and values; a finding for each."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, Values], _Place] = {}

    def add(
        self, rule: str, *, sheet: str = "", letter: str = "", column: str = "", row: int | None = None, count: int = 1, values: Values = ()
    ) -> None:
        """One cell, row or sheet more that breaks a rule; the first few rows are named."""
        place = self._found.setdefault((rule, sheet, letter, values), _Place(column))
        place.count += count
        if row is not None and len(place.rows) < SHOWN and row not in place.rows:
            place.rows.append(row)

    @property
    def refuses(self) -> bool:
        """True when any of it keeps the file out."""
        return any(rule not in REMARKS for rule, *_ in self._found)

    def findings(self) -> tuple[Finding, ...]:
        """All of it, what refuses the file first."""
        told = [_finding(rule, sheet, letter, values, place) for (rule, sheet, letter, values), place in self._found.items()]
        return tuple(sorted(told, key=lambda finding: finding.severity != "critical"))


def _finding(rule: str, sheet: str, letter: str, values: Values, place: _Place) -> Finding:
    said = sentences(rule, values, "en")
    return Finding(
        rule=rule,
        severity=REMARKS.get(rule, "critical"),
        file="",
        row=place.rows[0] if place.rows else None,
        column=place.column,
        found=said["found"],
        expected=said["expected"],
        fix=said["fix"],
        rows=place.count,
        sheet=sheet,
        letter=letter,
        more=tuple(place.rows[1:]),
        values=values,
    )


def sentences(rule: str, values: Values, language: str) -> dict[str, str]:
    """What was found, what was expected and how to mend it, in a language of the partners."""
    said: dict[str, Any] = words("gate", language)[rule]
    return {part: str(said[part]).format_map(dict(values)) for part in ("found", "expected", "fix")}


def told(finding: Finding, language: str) -> dict[str, str]:
    """A finding of the gate in a language: `found`, `expected` and `fix`, each one sentence or less."""
    return sentences(finding.rule, finding.values, language)
