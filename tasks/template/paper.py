"""Write a sheet of text and small tables from top to bottom: no text is cut, no title stands alone at the end of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from tasks.template.coat import BARE, CELL, HEAD, NUMBER, PLAIN, SECTION, Coat, Wardrobe, edge
from tasks.template.look import height_of, lines_of, lock, paper, put, scale_of

# What a page holds at full scale, in points: Letter across less its margins.
PAGE, BLANK = 520.0, 12.0


class Paper:
    """A sheet with columns of given widths; `row` is the next free row."""

    def __init__(self, sheet: Worksheet, widths: Mapping[str, int]) -> None:
        self.sheet, self.widths = sheet, widths
        self.row = 1
        self.used = 0.0
        self.wardrobe = Wardrobe()
        for letter, width in widths.items():
            sheet.column_dimensions[letter].width = width
        sheet.sheet_view.showGridLines = False
        lock(sheet)
        paper(sheet, width=sum(widths.values()))

    @property
    def _page(self) -> float:
        return PAGE * 100 / scale_of(sum(self.widths.values()))

    @property
    def _last(self) -> str:
        return list(self.widths)[-1]

    def section(self, title: str, coat: Coat = SECTION, *, keeps: float = 60) -> None:
        """A title, on the next page where its first lines (`keeps` points) would not stand under it."""
        self._advance(BLANK)
        if self.used + keeps > self._page:
            self.sheet.row_breaks.append(Break(id=self.row - 1))
            self.used = 0
        self.wide(title, coat)

    def wide(self, text: str, coat: Coat = PLAIN) -> None:
        """A text over the whole width."""
        self._cell(1, text, coat)
        self._join(1, coat)
        size = float(coat.font.size or 10)
        lines = lines_of(text, sum(self.widths.values()) * 10 / size)
        self._advance(max(height_of(lines), lines * size * 1.5))

    def line(
        self, values: Sequence[object], coats: Mapping[int, Coat] | None = None, *, is_head: bool = False, joins: str = ""
    ) -> list[Cell]:
        """A row of a table; its last value goes on to the right edge where `joins` names its column. `coats` are those of single cells."""
        cells = []
        lines = 1
        letters = list(self.widths)
        for index, value in enumerate(values):
            plain = HEAD if is_head else NUMBER if isinstance(value, int) else CELL
            coat = (coats or {}).get(index, plain)
            cells.append(self._cell(index + 1, value, coat))
            if joins == letters[index]:
                self._join(index + 1, coat)
            joined = letters[index:] if joins == letters[index] else [letters[index]]
            lines = max(lines, lines_of("" if value is None else str(value), sum(self.widths[letter] for letter in joined)))
        self._advance(height_of(lines))
        return cells

    def bare(self, text: str) -> str:
        """A text in the first column alone, and the place of its cell."""
        cell = self._cell(1, text, BARE)
        self._advance(height_of(1))
        return cell.coordinate

    def _cell(self, column: int, value: object, coat: Coat) -> Cell:
        cell = self.sheet.cell(self.row, column)
        assert isinstance(cell, Cell)
        put(cell, value)
        self.wardrobe.dress(cell, coat)
        return cell

    def _join(self, first: int, coat: Coat) -> None:
        """Join the cells from a column to the right edge. The library's own way draws the frame of each such cell anew: this keeps it."""
        last = len(self.widths)
        if first == last:
            return
        self.sheet.merged_cells.add(CellRange(min_col=first, max_col=last, min_row=self.row, max_row=self.row))
        for column in range(first + 1, last + 1) if coat.border else ():
            self._cell(column, None, edge(coat, is_last=column == last))

    def _advance(self, height: float) -> None:
        self.sheet.row_dimensions[self.row].height = height
        self.row += 1
        self.used += height
        if self.used > self._page:
            self.used = height
