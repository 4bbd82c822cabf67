"""The four tiers and what was taken, as a partner sees them: a colour, a border and a sign, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from openpyxl.styles import Border, Font, PatternFill, Side

from tasks.template.look import FONT

ORDER = ("must_fix", "confirm", "note", "information", "taken")


@dataclass(frozen=True, slots=True)
class Tint:
    """How a tier is shown: its sign, the colours of the cell and its text, the line around it."""

    sign: str
    fill: str
    ink: str
    line: str

    def styles(self, size: int = 11) -> tuple[PatternFill, Font, Border]:
        """The fill, font and border of a cell."""
        side = Side(style=self.line, color=self.ink)  # type: ignore[arg-type]
        font = Font(name=FONT, size=size, color=self.ink, bold=self.line != "thin")
        return PatternFill("solid", fgColor=self.fill), font, Border(left=side, right=side, top=side, bottom=side)


TINTS = {
    "must_fix": Tint("✖", "F9C9C9", "8A0C0C", "thick"),
    "confirm": Tint("?", "FFE08A", "5C3A00", "mediumDashed"),
    "note": Tint("!", "CFE2F7", "143F6B", "medium"),
    "information": Tint("i", "FFFFFF", "1B1B1B", "thin"),
    "taken": Tint("✓", "E4F3E4", "1D4D1F", "thin"),
}
