"""What is wrong with a file, where, and how to mend it: the one shape in which every check tells it.

A finding about a partner's file is told to the partner in four tiers, and in the partner's language: `rule` and `values` choose and
fill the sentence of `expectations/words/rules.<language>.yaml`; `found`, `expected` and `fix` are the same in English, for staff.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import expectations
from tasks import Misuse

Tier = Literal["must_fix", "confirm", "note", "information"]

# `critical` holds the row back until it is mended, `confirm` until somebody confirmed it; the others tell something and hold nothing.
TIERS: dict[str, Tier] = {"critical": "must_fix", "confirm": "confirm", "warning": "note", "info": "information"}


# What a finding of the gate counts where it does not count rows; nothing where its sentence names all of it.
COUNTED = {
    "gate_missing": "",
    "gate_ones": "rows",
    "gate_columns": "columns",
    "gate_other_sheet": "cells",
    "gate_hidden_sheet": "cells",
    "gate_answer_text": "cells",
    "gate_comment": "comments",
    "gate_link": "links",
    "gate_defined_name": "names",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and how to mend it. `row` is that of the file (header = 1); None speaks of the whole file.

    `rows` counts the rows it speaks of; `more` names up to four further ones. `letter` is the column as the spreadsheet shows it, and
    `sheet` its sheet. `values` fill the sentence of the rule in any language; none is a text that a check of personal data met.
    """

    rule: str
    severity: str
    file: str
    row: int | None
    column: str
    found: str
    expected: str
    fix: str
    rows: int = 1
    sheet: str = ""
    letter: str = ""
    more: tuple[int, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    @property
    def tier(self) -> Tier:
        """What the partner does about it: mend it, confirm it, take note, or nothing."""
        return TIERS[self.severity]

    def sentence(self) -> str:
        """The finding as one line for people."""
        column = self.column or self.letter
        where = ", ".join(part for part in (f"row {self.row}" if self.row else "", f"column {column}" if column else "") if part)
        place = ": ".join(part for part in (self.file or self.sheet, where) if part) or "the whole file"
        count = counted(self, "en", str(self.rows)) if self.rows > 1 else ""
        more = f" ({count})" if count else ""
        return f"{place}: found {self.found}; expected {self.expected}. {self.fix}{more}"


def tell(finding: Finding, language: str) -> tuple[str, str, str]:
    """What was found, what was expected and how to mend it, in the language of the partner.

    A finding of a table that only staff send has no such sentence and is told in English.
    """
    said = _said(finding, language)
    if said is None:
        return finding.found, finding.expected, finding.fix
    values = {"found": finding.found, "expected": finding.expected, "rows": str(finding.rows)} | dict(finding.values)
    # A name comes in each language: `metric_fr` is what {metric} says in French.
    values |= {name.removesuffix(f"_{language}"): text for name, text in finding.values if name.endswith(f"_{language}")}
    try:
        return str(said["found"]).format(**values), str(said["expected"]).format(**values), str(said["fix"]).format(**values)
    except KeyError as error:
        raise Misuse(
            f"The words of the rule {finding.rule} in {language!r} ask for {error}, which its finding does not say. "
            "Mend expectations/words/, or say it in the values of the finding."
        ) from error


def counted(finding: Finding, language: str, number: str) -> str:
    """What a finding counts, with its number (as the language writes it); nothing where that is no rows, cells or other thing to be found.

    A finding of the gate that names neither column nor row counts parts of the file which no spreadsheet shows.
    """
    is_of_rows = bool(finding.row or finding.letter) or not finding.rule.startswith("gate_")
    noun = COUNTED.get(finding.rule, "rows" if is_of_rows else "")
    return str(expectations.words("gate", language)["counts"][noun]).format(count=number) if noun else ""


def _said(finding: Finding, language: str) -> dict[str, Any] | None:
    """The sentence of a finding: of the entry it names, of its rule for its column, of its rule, or of the rule without the column."""
    if finding.rule.startswith("gate_"):
        gate: dict[str, Any] = expectations.words("gate", language)
        found: dict[str, Any] | None = gate.get("detectors", gate).get(finding.rule.removeprefix("gate_"))
        return found
    rules = expectations.words("rules", language)
    bare = re.sub(r"_[0-9]+$", "", finding.rule.removesuffix(f"_{finding.column}") if finding.column else finding.rule)
    names = [dict(finding.values).get("entry", ""), f"{finding.rule}_{finding.column}", finding.rule, bare]
    return next((rules[name] for name in names if name in rules), None)
