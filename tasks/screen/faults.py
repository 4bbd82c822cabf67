"""What the gate found, gathered by rule and place, and told without a word of the file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tasks.findings import Finding, tell

SHOWN = 5
Values = tuple[tuple[str, str], ...]

# What is told of a file that is taken. Every other rule refuses the file.
REMARKS = {
    "gate_windows_1252": "warning",
    "gate_semicolons": "info",
    "gate_tabs": "info",
    "gate_empty_sheet": "info",
    "gate_stray_sheet": "info",
    "gate_help_text": "warning",
    "gate_answer_text": "info",
}


@dataclass(slots=True)
class Place:
    """The rows of one rule in one column of one sheet."""

    column: str
    count: int = 0
    rows: list[int] = field(default_factory=list)

    def add(self, row: int | None, count: int = 1) -> None:
        """So many more; the first few rows are named."""
        self.count += count
        if row is not None and len(self.rows) < SHOWN and row not in self.rows:
            self.rows.append(row)


class Faults:
    """Collects by rule, sheet, column and values; a finding for each."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, Values], Place] = {}

    def add(
        self, rule: str, *, sheet: str = "", letter: str = "", column: str = "", row: int | None = None, count: int = 1, values: Values = ()
    ) -> None:
        """One cell, row or sheet more that breaks a rule; the first few rows are named."""
        self.place(rule, sheet=sheet, letter=letter, column=column, values=values).add(row, count)

    def place(self, rule: str, *, sheet: str = "", letter: str = "", column: str = "", values: Values = ()) -> Place:
        """Where those of one rule in one column are counted; to ask for it is to say that there is one."""
        key = (rule, sheet, letter, values)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Place(column)
        return found

    @property
    def refuses(self) -> bool:
        """True when any of it keeps the file out."""
        return any(rule not in REMARKS for rule, *_ in self._found)

    def findings(self) -> tuple[Finding, ...]:
        """All of it, what refuses the file first."""
        told = [_finding(rule, sheet, letter, values, place) for (rule, sheet, letter, values), place in self._found.items()]
        return tuple(sorted(told, key=lambda finding: finding.severity != "critical"))


def _finding(rule: str, sheet: str, letter: str, values: Values, place: Place) -> Finding:
    bare = Finding(
        rule=rule,
        severity=REMARKS.get(rule, "critical"),
        file="",
        row=place.rows[0] if place.rows else None,
        column=place.column,
        found="",
        expected="",
        fix="",
        rows=place.count,
        sheet=sheet,
        letter=letter,
        more=tuple(place.rows[1:]),
        values=values,
    )
    found, expected, fix = tell(bare, "en")
    return replace(bare, found=found, expected=expected, fix=fix)
