"""The looks of cells, each made once in a workbook: the library searches all styles whenever a single one is set."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.worksheet.worksheet import Worksheet

# A font that every machine has, or has one of the same widths.
FONT = "Arial"
DARK, GREY, WHITE, INK, RED, BLUE = "1F4E5F", "EEF1F3", "FFFFFF", "1B1B1B", "9C0006", "0B4F9E"
TEXT, WHOLE = "@", "0"
LINE = Side(style="thin", color="B8C4CA")
BOX = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
RIGHT, LEFT = Alignment(horizontal="right", vertical="center", indent=1), Alignment(vertical="center", wrap_text=True)


def _shade(colour: str) -> PatternFill:
    return PatternFill("solid", fgColor=colour)


def _font(size: int, colour: str = INK, *, bold: bool = False) -> Font:
    return Font(name=FONT, size=size, color=colour, bold=bold)


PLAIN_FONT = _font(10)


@dataclass(frozen=True, slots=True, eq=False)
class Coat:
    """Everything about the look of a cell. Two coats are the same only if they are one."""

    font: Font = PLAIN_FONT
    fill: PatternFill | None = None
    border: Border | None = None
    alignment: Alignment = LEFT
    number_format: str = TEXT
    is_locked: bool = True


@lru_cache(maxsize=128)
def edge(coat: Coat, *, is_last: bool) -> Coat:
    """What is seen of a coat on a cell that is joined to the one left of it: the frame, whose right side stands at the last one."""
    own = coat.border or Border()
    return replace(coat, border=Border(top=own.top, bottom=own.bottom, right=own.right if is_last else Side()))


@dataclass(slots=True)
class Wardrobe:
    """The coats that were worn in a workbook before."""

    made: dict[Coat, Any] = field(default_factory=dict)

    def dress(self, cell: Cell, coat: Coat) -> None:
        """Give the cell the look of the coat."""
        inside: Any = cell  # its whole look at once is not among the names it gives out
        if coat in self.made:
            inside._style = copy(self.made[coat])
            return
        cell.font, cell.alignment, cell.number_format = coat.font, coat.alignment, coat.number_format
        cell.protection = Protection(locked=coat.is_locked)
        if coat.fill:
            cell.fill = coat.fill
        if coat.border:
            cell.border = coat.border
        self.made[coat] = copy(inside._style)

    def number(self, sheet: Worksheet, coat: Coat) -> int:
        """The number under which the workbook of the sheet will write the look."""
        scratch = Cell(sheet, row=1, column=1)
        self.dress(scratch, coat)
        return int(scratch.style_id)


HEAD = Coat(_font(10, WHITE, bold=True), _shade(DARK), BOX)
HEAD_NUMBER = Coat(_font(10, WHITE, bold=True), _shade(DARK), BOX, RIGHT)
ISSUED = Coat(_font(10), _shade(GREY), BOX)
ISSUED_NUMBER = Coat(_font(10), _shade(GREY), BOX, RIGHT, WHOLE)
FREE = Coat(_font(11), _shade(WHITE), BOX, LEFT, TEXT, is_locked=False)
FREE_NUMBER = Coat(_font(11), _shade(WHITE), BOX, RIGHT, WHOLE, is_locked=False)
CELL, NUMBER = Coat(border=BOX), Coat(border=BOX, alignment=RIGHT, number_format=WHOLE)
STRONG = Coat(_font(10, bold=True), border=BOX)
LINK = Coat(Font(name=FONT, size=10, color=BLUE, underline="single"), border=BOX)
BARE = Coat(alignment=Alignment(vertical="center"))
PLAIN, SECTION, ALARM = Coat(), Coat(_font(11, DARK, bold=True)), Coat(_font(11, RED, bold=True))
TITLE = Coat(_font(16, DARK, bold=True))
