"""How a data sheet looks and behaves: widths, colours, locked cells, drop-downs, print. The marked workbook wears the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations import Contract
from tasks.template.coat import FREE, FREE_NUMBER, HEAD, HEAD_NUMBER, ISSUED, ISSUED_NUMBER, Coat, Wardrobe

# Widths in characters: what a column needs at least and at most. A longer text takes more lines.
WIDTHS = {"name": (30, 52), "explanation": (26, 44), "value": (16, 20), "last": (15, 20)}
NARROW, WIDE = 9, 30
LONGEST_CELL = 32_000
# No spreadsheet program shows a higher row.
MOST_POINTS = 405.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the columns of a data sheet are: our name to letter, the row of the headings, the last row."""

    contract: Contract
    letters: Mapping[str, str]
    header_row: int
    last_row: int

    @property
    def first_row(self) -> int:
        return self.header_row + 1

    def is_free(self, column: str) -> bool:
        """True for a column that is the partner's to fill in."""
        return column in (self.contract.measure, "explanation")

    def is_number(self, column: str) -> bool:
        return column == self.contract.measure or self.contract.issued.get(column) == "number"

    def coat(self, column: str) -> Coat:
        """The look of the cells of a column: issued ones grey and locked, answers white and free; ids are text."""
        if self.is_free(column):
            return FREE_NUMBER if self.is_number(column) else FREE
        return ISSUED_NUMBER if self.is_number(column) else ISSUED


def put(cell: Cell, value: object) -> None:
    """Write into a cell what is text as text: never a formula, never a number made of an id."""
    if isinstance(value, str) and value:
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:LONGEST_CELL]
        cell.data_type = "s"
    else:
        plain: Any = None if value == "" else value  # the library itself refuses what no cell can hold
        cell.value = plain


def head(sheet: Worksheet, grid: Grid, language: str, wardrobe: Wardrobe) -> None:
    """The row of the headings, in the language."""
    labels = labels_of(language)
    for name, letter in grid.letters.items():
        cell = sheet[f"{letter}{grid.header_row}"]
        put(cell, labels.get(name, name))
        wardrobe.dress(cell, HEAD_NUMBER if grid.is_number(name) else HEAD)
    sheet.row_dimensions[grid.header_row].height = 24


def labels_of(language: str) -> dict[str, str]:
    """Our columns with their labels in the language."""
    return dict(expectations.words("workbook", language)["columns"])


def row_cells(sheet: Worksheet, grid: Grid, row: int, values: Mapping[str, object], wardrobe: Wardrobe) -> None:
    """One row of a data sheet."""
    for name, letter in grid.letters.items():
        cell = sheet[f"{letter}{row}"]
        put(cell, values.get(name))
        wardrobe.dress(cell, grid.coat(name))


def behave(sheet: Worksheet, grid: Grid, language: str, *, reasons: str = "") -> None:
    """Locked cells, drop-downs, the frozen header, print on pages of one width. `reasons` are the cells that hold the explanations."""
    lock(sheet)
    sheet.freeze_panes = f"A{grid.first_row}"
    sheet.print_title_rows = f"{grid.header_row}:{grid.header_row}"
    paper(sheet)
    if grid.last_row >= grid.first_row:
        _validate(sheet, grid, language, reasons)


def lock(sheet: Worksheet) -> None:
    """Protect the sheet, without a password, against a slip of the hand; columns and rows may be made wider."""
    sheet.protection.enable()
    sheet.protection.formatColumns = sheet.protection.formatRows = False


def paper(sheet: Worksheet, *, width: float = 0) -> None:
    """Letter paper across, one page wide, as many pages as it needs. A `width` in characters fixes the scale, so that page breaks hold."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = int(sheet.PAPERSIZE_LETTER)
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.page_margins.top = sheet.page_margins.bottom = 0.6
    if width:
        sheet.page_setup.scale = scale_of(width)
        return
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def scale_of(width: float) -> int:
    """The per cent at which so many characters are as wide as the paper: ten inches of 96 dots, a character of seven."""
    return min(100, int(92 * 960 / (width * 7 + 30)))


def _validate(sheet: Worksheet, grid: Grid, language: str, reasons: str) -> None:
    words = expectations.words("workbook", language)
    said = {key: text.format(mark=words["marks"]["not_collected"]) for key, text in words["input"].items()}
    measure = grid.contract.measure or ""
    rules = {measure: ("value", DataValidation(type="custom", formula1=_whole_or_mark(grid, measure)))}
    if reasons:
        rules["explanation"] = ("explanation", DataValidation(type="list", formula1=reasons))
    for name, (key, rule) in rules.items():
        if name not in grid.letters:
            continue
        rule.allow_blank, rule.showErrorMessage, rule.showInputMessage, rule.errorStyle = True, True, True, "stop"
        rule.promptTitle, rule.prompt = said[f"{key}_title"], said[f"{key}_prompt"]
        rule.errorTitle, rule.error = said[f"{key}_error_title"], said[f"{key}_error"]
        rule.add(f"{grid.letters[name]}{grid.first_row}:{grid.letters[name]}{grid.last_row}")
        sheet.add_data_validation(rule)


def _whole_or_mark(grid: Grid, measure: str) -> str:
    """The formula of a good answer. A spreadsheet evaluates both sides of AND, and a text breaks INT: hence IF."""
    cell = f"{grid.letters[measure]}{grid.first_row}"
    column = grid.contract.columns[measure]
    least, most = int(column.min or 0), int(column.max if column.max is not None else 999_999)
    marks = ",".join(f'LOWER(TRIM({cell}))="{mark.lower()}"' for mark in grid.contract.non_values)
    text = f"OR({marks})" if marks else "FALSE"
    return f"IF(ISNUMBER({cell}),AND({cell}>={least},{cell}<={most},{cell}=INT({cell})),{text})"


def fit(sheet: Worksheet, grid: Grid, longest: Mapping[str, int], language: str) -> dict[str, int]:
    """Widen each column to its longest text, within bounds; the widths by column."""
    labels = labels_of(language)
    widths = {}
    for name, letter in grid.letters.items():
        least, most = WIDTHS.get(name, (NARROW, WIDE))
        widths[name] = max(least, min(most, max(longest.get(name, 0), len(labels.get(name, name))) + 2))
        sheet.column_dimensions[letter].width = widths[name]
    return widths


def lines_of(text: str, width: float) -> int:
    """How many lines a text takes in a column of that many characters."""
    # The unit of width is a digit, a letter of ours takes four fifths of it, and a line ends before the word that no longer fits.
    room = max(4.0, width * 1.22 - 4)
    return sum(max(1, ceil(len(part) / room)) for part in text.split("\n"))


def height_of(lines: int) -> float:
    """The height of a row of so many lines, in points."""
    return min(MOST_POINTS, max(18.0, 13.5 * lines + 5))


def order(letters: Mapping[str, str]) -> list[str]:
    """Our columns from left to right."""
    return sorted(letters, key=lambda name: column_index_from_string(letters[name]))
