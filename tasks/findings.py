"""What is wrong with a file, where, and how to mend it: the one shape in which every check tells it.

A finding about a partner's file is told to the partner in four tiers, and in the partner's language: `rule` and `values` choose and
fill the sentence of `expectations/words/rules.<language>.yaml`; `found`, `expected` and `fix` are the same in English, for staff.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tier = Literal["must_fix", "confirm", "note", "information"]

# `critical` holds the row back until it is mended, `confirm` until somebody confirmed it; the others tell something and hold nothing.
TIERS: dict[str, Tier] = {"critical": "must_fix", "confirm": "confirm", "warning": "note", "info": "information"}


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
        where = ", ".join(part for part in (f"row {self.row}" if self.row else "", f"column {self.column}" if self.column else "") if part)
        more = f" ({self.rows} rows)" if self.rows > 1 else ""
        return f"{self.file}{': ' + where if where else ''}: found {self.found}; expected {self.expected}. {self.fix}{more}"
