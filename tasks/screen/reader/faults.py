"""What the reader of a workbook can stumble over; each fault is a rule of the gate and a place, never a word of the file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """What stands against the workbook: the rule, the sheet by its position (-1 is the whole file), the column, the rows, how many."""

    rule: str
    sheet: int = -1
    letter: str = ""
    rows: list[int] = field(default_factory=list)
    count: int = 1


class Stop(Exception):
    """The workbook is not read further: one fault is enough."""

    def __init__(self, rule: str, sheet: int = -1, letter: str = "", row: int = 0) -> None:
        super().__init__(rule)
        self.fault = Fault(rule, sheet, letter, [row] if row else [])
