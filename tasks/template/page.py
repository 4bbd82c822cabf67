"""The sheet `help`: how to fill in, the three different answers, what each number means, an example, whom to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date, get_month_names
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations import places
from expectations.partnership import Partnership
from sql import periods
from tasks.template.asked import Metric
from tasks.template.look import BOX, DARK, FONT, HEAD, LEFT, PLAIN_FONT, WHITE, height_of, lines_of, paper, put

NAME = "help"
COLUMNS = {"A": 27, "B": 36, "C": 19, "D": 16, "E": 46}
# The points of a printed page: Letter across less its margins, at the scale that makes the columns one page wide.
PAGE, BLANK = 530.0, 12.0
TITLE, SECTION = Font(name=FONT, size=16, bold=True, color=DARK), Font(name=FONT, size=11, bold=True, color=DARK)
ALARM = Font(name=FONT, size=11, bold=True, color="9C0006")


@dataclass(frozen=True, slots=True)
class Help:
    """What the page says besides the words that are always there."""

    partner: str
    partner_name: str
    period: str
    due_on: date | None
    sheets: tuple[str, ...]
    metrics: tuple[Metric, ...]


def write_help(sheet: Worksheet, about: Help, partnership: Partnership, language: str) -> str:
    """Write the page; the cells of the explanations, as a drop-down names them."""
    return _Page(sheet, partnership, language).write(about)


class _Page:
    """Writes from top to bottom; `row` is the next free row."""

    def __init__(self, sheet: Worksheet, partnership: Partnership, language: str) -> None:
        self.sheet, self.partnership, self.language = sheet, partnership, language
        self.words: dict[str, Any] = expectations.words("workbook", language)
        self.said: dict[str, Any] = self.words["help"]
        self.row = 1
        self.used = 0.0

    def write(self, about: Help) -> str:
        labels, marks = self.words["columns"], self.words["marks"]
        self._opening(about)
        self._section(self.said["steps_title"])
        due = self.said["due"].format(date=day(about.due_on, self.language)) if about.due_on else ""
        named = {"value": labels["value"], "explanation": labels["explanation"], "due": due, "sheets": ", ".join(about.sheets)}
        for number, step in enumerate(self.said["steps"], start=1):
            self._paragraph(f"{number}. " + step.format(period=quarter(about.period, self.language), **named))
        self._section(self.said["answers_title"])
        self._table(self.said["answers_head"], [("0", self.said["zero"]), (marks["not_collected"], self.said["not_collected"]),
                                                (self.said["empty_cell"], self.said["empty"])], last="B")  # fmt: skip
        self._section(self.said["private_title"], ALARM)
        self._paragraph(self.said["private"])
        self._example()
        self._section(self.said["metrics_title"])
        self._table(self.said["metrics_head"], [self._meaning(metric) for metric in about.metrics], last="D")
        reasons = self._reasons()
        self._section(self.said["questions_title"])
        organisation = self.partnership.organisation
        self._paragraph(self.said["questions"].format(contact=organisation.contact[self.language], web=organisation.web))
        self._finish()
        return reasons

    def _opening(self, about: Help) -> None:
        self._paragraph(self.said["title"], TITLE)
        self._paragraph(self.said["about"].format(partner=about.partner_name, period=quarter(about.period, self.language)), SECTION)
        if self.partnership.sample:
            self._paragraph(self.said["sample"], ALARM)

    def _meaning(self, metric: Metric) -> tuple[str, ...]:
        unit = self.words["units"].get(metric.unit, metric.unit)
        kind = self.words["kinds"]["stock" if metric.known.is_stock else "flow"]
        return metric.known.code, metric.name, self.said["counted_in"].format(unit=unit, kind=kind), metric.definition

    def _example(self) -> None:
        labels, example = self.words["columns"], self.said["example"]
        self._section(self.said["example_title"])
        keys = {"code": "metric", "name": "name", "last": "last", "value": "value", "explanation": "explanation"}
        row = [self._names()[0] if key == "explanation" else example[key] for key in keys]
        self._table([labels[column] for column in keys.values()], [row], last="E")

    def _reasons(self) -> str:
        """The explanations, one a row: the drop-down of the data sheets reads them here, so no sheet has to be hidden."""
        names = self._names()
        self._section(self.said["explanations_title"], keeps=height_of(1) * (len(names) + 2))
        first = self.row
        for name in names:
            cell = self.sheet.cell(self.row, 1)
            put(cell, name)
            cell.font, cell.alignment = PLAIN_FONT, Alignment(vertical="center")
            self._advance(height_of(1))
        return f"{NAME}!$A${first}:$A${self.row - 1}"

    def _names(self) -> list[str]:
        path = self.partnership.home / "registers" / "explanations.csv"
        return [row[f"name_{self.language}"] for row in places.rows(path, "explanation", f"name_{self.language}")]

    def _section(self, title: str, font: Font = SECTION, *, keeps: float = 60) -> None:
        """A title, on the next page where its first lines (`keeps` points) would not stand under it."""
        self._advance(BLANK)
        if self.used % PAGE + keeps > PAGE:
            self.sheet.row_breaks.append(Break(id=self.row - 1))
            self.used = 0
        self._paragraph(title, font)

    def _advance(self, height: float) -> None:
        self.sheet.row_dimensions[self.row].height = height
        self.row += 1
        self.used += height

    def _paragraph(self, text: str, font: Font = PLAIN_FONT) -> None:
        """A text over the whole width."""
        self.sheet.merge_cells(f"A{self.row}:E{self.row}")
        cell = self.sheet.cell(self.row, 1)
        put(cell, text)
        cell.font, cell.alignment = font, Alignment(wrap_text=True, vertical="center")
        size = float(font.size or 10)
        lines = lines_of(text, sum(COLUMNS.values()) * 10 / size)
        self._advance(max(height_of(lines), lines * size * 1.5))

    def _table(self, heads: Sequence[str], rows: Sequence[Sequence[object]], *, last: str) -> None:
        """A table from column A on; its last column, `last`, goes on to the right edge."""
        for number, values in enumerate([heads, *rows]):
            lines = 1
            for index, value in enumerate(values):
                cell = self.sheet.cell(self.row, index + 1)
                put(cell, value)
                cell.font, cell.alignment, cell.border = (HEAD["font"] if number == 0 else PLAIN_FONT), LEFT, BOX
                cell.fill = HEAD["fill"] if number == 0 else PatternFill("solid", fgColor=WHITE)
                width = self._width(index, last if index + 1 == len(values) else "")
                lines = max(lines, lines_of(str(value), width))
            if last != "E":
                self.sheet.merge_cells(f"{last}{self.row}:E{self.row}")
            self._advance(height_of(lines))

    def _width(self, index: int, last: str) -> float:
        letters = list(COLUMNS)
        return sum(COLUMNS[letter] for letter in letters[index:]) if last else COLUMNS[letters[index]]

    def _finish(self) -> None:
        for letter, width in COLUMNS.items():
            self.sheet.column_dimensions[letter].width = width
        self.sheet.sheet_view.showGridLines = False
        self.sheet.protection.enable()
        paper(self.sheet)


def quarter(period: str, language: str) -> str:
    """A period in words: July to September 2026."""
    span = periods.parse(period)
    names = get_month_names("wide", locale=language)
    if span.frequency == "quarterly":
        text: str = expectations.words("workbook", language)["quarter"]
        return text.format(first=names[span.start.month], last=names[span.end.month], year=span.year)
    return f"{names[span.start.month]} {span.year}" if span.frequency == "monthly" else period


def day(when: date, language: str) -> str:
    """A day in words: October 15, 2026."""
    return str(format_date(when, expectations.words("workbook", language)["date"], locale=language))
