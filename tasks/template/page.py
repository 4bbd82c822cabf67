"""The sheet `help`: how to fill in, the three different answers, what each number means, an example, whom to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date, get_month_names
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations import places
from expectations.partnership import Partnership
from sql import periods
from tasks.template.asked import Metric
from tasks.template.coat import ALARM, SECTION, TITLE
from tasks.template.look import height_of
from tasks.template.paper import Paper

NAME = "help"
WIDTHS = {"A": 27, "B": 36, "C": 19, "D": 16, "E": 46}
EXAMPLE = {"code": "metric", "name": "name", "last": "last", "value": "value"}


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
    """The sections of the page, from top to bottom."""

    def __init__(self, sheet: Worksheet, partnership: Partnership, language: str) -> None:
        self.partnership, self.language = partnership, language
        self.words: dict[str, Any] = expectations.words("workbook", language)
        self.said: dict[str, Any] = self.words["help"]
        self.paper = Paper(sheet, WIDTHS)

    def write(self, about: Help) -> str:
        self._opening(about)
        self._steps(about)
        self._answers()
        self._example()
        if about.metrics:
            self.paper.section(self.said["metrics_title"])
            self.paper.line(self.said["metrics_head"], is_head=True, joins="D")
            for metric in about.metrics:
                self.paper.line(self._meaning(metric), joins="D")
        reasons = self._reasons()
        self.paper.section(self.said["questions_title"])
        organisation = self.partnership.organisation
        self.paper.wide(self.said["questions"].format(contact=organisation.contact[self.language], web=organisation.web))
        return reasons

    def _opening(self, about: Help) -> None:
        self.paper.wide(self.said["title"], TITLE)
        named = self.said["about"].format(partner=about.partner_name, period=quarter(about.period, self.language))
        self.paper.wide(named, SECTION)
        if self.partnership.sample:
            self.paper.wide(self.said["sample"], ALARM)

    def _steps(self, about: Help) -> None:
        labels = self.words["columns"]
        due = self.said["due"].format(date=day(about.due_on, self.language)) if about.due_on else ""
        named = {"value": labels["value"], "explanation": labels["explanation"], "due": due, "sheets": ", ".join(about.sheets)}
        self.paper.section(self.said["steps_title"])
        for number, step in enumerate(self.said["steps"], start=1):
            self.paper.wide(f"{number}. " + step.format(period=quarter(about.period, self.language), **named))

    def _answers(self) -> None:
        self.paper.section(self.said["answers_title"])
        self.paper.line(self.said["answers_head"], is_head=True, joins="B")
        self.paper.line(["0", self.said["zero"]], joins="B")
        self.paper.line([self.words["marks"]["not_collected"], self.said["not_collected"]], joins="B")
        self.paper.line([self.said["empty_cell"], self.said["empty"]], joins="B")
        self.paper.section(self.said["private_title"], ALARM)
        self.paper.wide(self.said["private"])

    def _example(self) -> None:
        labels, example = self.words["columns"], self.said["example"]
        self.paper.section(self.said["example_title"])
        self.paper.line([*[labels[column] for column in EXAMPLE.values()], labels["explanation"]], is_head=True)
        self.paper.line([*[example[key] for key in EXAMPLE], self._names()[0]])

    def _meaning(self, metric: Metric) -> tuple[str, ...]:
        unit = self.words["units"].get(metric.unit, metric.unit)
        kind = self.words["kinds"]["stock" if metric.known.is_stock else "flow"]
        return metric.known.code, metric.name, self.said["counted_in"].format(unit=unit, kind=kind), metric.definition

    def _reasons(self) -> str:
        """The explanations, one a row: the drop-down of the data sheets reads them here, so no sheet has to be hidden."""
        names = self._names()
        self.paper.section(self.said["explanations_title"], keeps=height_of(1) * (len(names) + 2))
        rows = [self.paper.bare(name)[1:] for name in names]
        return f"{NAME}!$A${rows[0]}:$A${rows[-1]}"

    def _names(self) -> list[str]:
        path = self.partnership.home / "registers" / "explanations.csv"
        return [row[f"name_{self.language}"] for row in places.rows(path, "explanation", f"name_{self.language}")]


def quarter(period: str, language: str) -> str:
    """A period in words: July to September 2026."""
    if not period:
        return ""
    span = periods.parse(period)
    names = get_month_names("wide", locale=language)
    if span.frequency == "quarterly":
        text: str = expectations.words("workbook", language)["quarter"]
        return text.format(first=names[span.start.month], last=names[span.end.month], year=span.year)
    return f"{names[span.start.month]} {span.year}" if span.frequency == "monthly" else period


def day(when: date, language: str) -> str:
    """A day in words: October 15, 2026."""
    return str(format_date(when, expectations.words("workbook", language)["date"], locale=language))
