"""The four tiers and what was taken, as a partner sees them: a colour, a border and a sign, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from openpyxl.styles import Border, Font, PatternFill, Side

from tasks.template.coat import FONT, Coat

ORDER = ("must_fix", "confirm", "note", "information", "taken")


@dataclass(frozen=True, slots=True)
class Tint:
    """How a tier is shown: its sign, the colours of the cell and its text, the line around it."""

    sign: str
    fill: str
    ink: str
    line: Literal["thick", "mediumDashed", "medium", "thin"]


TINTS = {
    "must_fix": Tint("✖", "F9C9C9", "8A0C0C", "thick"),
    "confirm": Tint("?", "FFE08A", "5C3A00", "mediumDashed"),
    "note": Tint("!", "CFE2F7", "143F6B", "medium"),
    "information": Tint("i", "FFFFFF", "1B1B1B", "thin"),
    "taken": Tint("✓", "E4F3E4", "1D4D1F", "thin"),
}


@lru_cache(maxsize=128)
def tinted(coat: Coat, tier: str) -> Coat:
    """The coat in the colours of a tier."""
    tint = TINTS[tier]
    side = Side(style=tint.line, color=tint.ink)
    font = Font(name=FONT, size=coat.font.size, color=tint.ink, bold=tint.line != "thin")
    return replace(coat, font=font, fill=PatternFill("solid", fgColor=tint.fill), border=Border(side, side, side, side))
