"""Numbers, dates and periods in the words of a language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date, get_month_names
from babel.numbers import format_decimal

from sql import periods
from tasks.protect import ProtectedFigure

MINUS = "−"
# French puts a space before these signs (and inside its quotation marks); no line may break there.
FRENCH_SPACE = re.compile(r" (?=[:;?!%»])|(?<=«) ")


@dataclass(frozen=True, slots=True)
class Language:
    """The interface words of a language and how it writes numbers and dates."""

    code: str
    words: dict[str, Any]

    @property
    def locale(self) -> str:
        return str(self.words["locale"])

    def spaced(self, text: str) -> str:
        """Text with its signs held to the words they belong to."""
        return FRENCH_SPACE.sub("\u00a0", text) if self.code == "fr" else text

    def number(self, value: float, decimals: int = 0) -> str:
        """1125 as 1,125 or 1 125; the minus is the sign, not the hyphen."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(value, pattern, locale=self.locale, numbering_system="latn").replace("-", MINUS)

    def figure(self, figure: ProtectedFigure) -> str:
        """What is printed for a figure: its number, or its mark."""
        if figure.value is None:
            return figure.mark
        text = self.number(figure.value, figure.decimals)
        return str(self.words["percent"]).format(number=text) if figure.unit == "percent" else text

    def range(self, figure: ProtectedFigure) -> str:
        """The bounds of a figure in words."""
        lower, upper = figure.lower, figure.upper
        assert lower is not None
        assert upper is not None
        return str(self.words["range"]).format(lower=self.bound(lower, down=True), upper=self.bound(upper, down=False))

    def bound(self, value: float, *, down: bool) -> str:
        """A bound of a count, widened to a whole number."""
        whole = int(value // 1) if down else -int(-value // 1)
        return self.number(whole)

    def letters(self, figure: ProtectedFigure) -> str:
        """The publisher's letters that stand beside a number: those that ask for care, not those that say it is good."""
        return "".join(letter for letter in figure.quality if letter in self.words["quality"]) if figure.is_shown else ""

    def meanings(self, letters: str) -> str:
        """What the letters say, in words."""
        return ", ".join(str(self.words["quality"][letter]) for letter in letters)

    def reason(self, figure: ProtectedFigure) -> str:
        """Why a number is not printed, in words: ours, or what the publisher's mark says."""
        marks = self.words["marks"]
        key = figure.status if figure.reason == "publisher" and figure.status in marks else figure.reason
        return str(marks.get(key, ""))

    def coverage(self, figure: ProtectedFigure) -> str:
        """ "from 7 of 8 partners", and where it is known "from 7 of 8 partners, 6 on time"."""
        words = self.words["coverage" if figure.on_time is None else "coverage_on_time"]
        return str(words).format(reporters=figure.reporters, expected=figure.expected, on_time=figure.on_time)

    def day(self, day: date) -> str:
        """22 November 2026."""
        return str(format_date(day, "long" if self.code == "fr" else "d MMMM y", locale=self.locale))

    def month(self, day: date) -> str:
        """November 2026."""
        return str(format_date(day, "MMMM y", locale=self.locale))

    def month_names(self) -> list[str]:
        """The names of the months, long and short."""
        return [name for width in ("wide", "abbreviated") for name in get_month_names(width, locale=self.locale).values()]

    def period_short(self, code: str, *, rolling: bool = False) -> str:
        """A period for a narrow column: Jul–Sep 2026, Jul 2024–Jun 2025."""
        span = periods.parse(code, starts=7) if "/" in code else periods.parse(code)
        if span.frequency == "annual":
            return code
        first, last = (str(format_date(day, "MMM y", locale=self.locale)) for day in (span.start, span.end))
        if rolling:
            return str(self.words["rolling"]).format(last=last)
        if span.frequency == "quarterly":
            first = str(format_date(span.start, "MMM", locale=self.locale))
        return last if first == last else f"{first}–{last}"

    def period(self, code: str, *, rolling: bool = False) -> str:
        """A period in words: 2025, July to September 2026, November 2026, July 2023 to June 2024."""
        names = get_month_names("wide", locale=self.locale)
        if "/" in code:
            span = periods.parse(code, starts=7)
            return str(self.words["span"]).format(first=self.month(span.start), last=self.month(span.end))
        span = periods.parse(code)
        if rolling:
            return str(self.words["rolling"]).format(last=self.month(span.end))
        if span.frequency == "quarterly":
            first, last = names[span.start.month], names[span.end.month]
            text = str(self.words["quarter"]).format(first=first, last=last, year=span.year)
            return text[0].upper() + text[1:] if self.code == "en" else text
        return self.month(span.start) if span.frequency == "monthly" else code
