"""Periods as codes and integers: `2025`, `2025-Q3`, `2025-07`, `2023/2024`, `2025-07-01`.

The integer is ten times the days from 1970-01-01 to the first day, plus a digit for the frequency, so that periods sort in time
order and two frequencies never share a number.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

DIGIT = {"daily": 1, "monthly": 3, "quarterly": 4, "annual": 6, "span": 7}
MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
EPOCH = date(1970, 1, 1)


class NotInCalendar(ValueError):
    """What is written as a month, a quarter or a day is written, but is none: month 13. `code` is what stands there."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code!r} is not a period: no calendar has it")
        self.code = code


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days with its code and frequency."""

    code: str
    frequency: str
    start: date
    end: date

    @property
    def id(self) -> int:
        """The integer under which the warehouse keeps it."""
        return (self.start - EPOCH).days * 10 + DIGIT[self.frequency]

    @property
    def year(self) -> int:
        return self.start.year

    @property
    def quarter(self) -> int | None:
        return (self.start.month + 2) // 3 if self.frequency in ("monthly", "quarterly") else None

    @property
    def month(self) -> int | None:
        return self.start.month if self.frequency == "monthly" else None


def _months(start: date, count: int) -> date:
    """The last day of the span of `count` months that begins at `start`."""
    index = start.year * 12 + start.month - 1 + count
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)


def _month(year: str, month: int) -> Period:
    start = date(int(year), month, 1)
    return Period(f"{year}-{month:02}", "monthly", start, _months(start, 1))


def _quarter(year: str, quarter: int) -> Period:
    start = date(int(year), quarter * 3 - 2, 1)
    return Period(f"{year}-Q{quarter}", "quarterly", start, _months(start, 3))


def _span(first: int, last: int, starts: int) -> Period:
    if last <= first or last - first > 10:
        raise ValueError("the second year of a span is at most ten years after the first")
    start = date(first, starts, 1)
    months = (last - first) * 12 if starts > 1 else (last - first + 1) * 12
    return Period(f"{first}/{last}", "span", start, _months(start, months))


def _day(text: str) -> Period:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise NotInCalendar(text) from error
    return Period(text, "daily", day, day)


@lru_cache(maxsize=8192)
def parse(text: str, frequency: str = "", starts: int = 1) -> Period:
    """Read a period code; `ValueError` says what is wrong. `starts` is the first month of a span such as 2023/2024.

    A quarterly table writes its first month, so `2024-07` with frequency `quarterly` is `2024-Q3`. A month 13, a quarter 5 or the 30th of
    February is `NotInCalendar`.

    >>> parse("2024-07", "quarterly").code, parse("2023/2024", starts=7).end.isoformat()
    ('2024-Q3', '2024-06-30')
    """
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", text, re.ASCII):
        period = _quarter(match[1], int(match[2]))
    elif match := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text, re.ASCII):
        month = int(match[2])
        if frequency == "quarterly" and month % 3 != 1:
            raise ValueError(f"{text} is not the first month of a quarter")
        period = _quarter(match[1], (month + 2) // 3) if frequency == "quarterly" else _month(match[1], month)
    elif match := re.fullmatch(r"(\d{4})", text, re.ASCII):
        period = Period(text, "annual", date(int(text), 1, 1), date(int(text), 12, 31))
    elif match := re.fullmatch(r"(\d{4})/(\d{4})", text, re.ASCII):
        period = _span(int(match[1]), int(match[2]), starts)
    elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        period = _day(text)
    elif re.fullmatch(r"\d{4}-(Q\d|\d{2})", text, re.ASCII):
        raise NotInCalendar(text)
    else:
        raise ValueError(f"{text!r} is not a period such as 2025, 2025-Q3, 2025-07 or 2023/2024")
    if frequency not in ("", "none", period.frequency):
        raise ValueError(f"{text!r} is {period.frequency}, the table is {frequency}")
    return period


def as_written(text: str, frequency: str, starts: int = 1) -> Period:
    """Read a period that has to be written as its code, as people do: for them the first month of a quarter is a month.

    >>> as_written("2026-Q3", "quarterly").code
    '2026-Q3'
    """
    period = parse(text, frequency, starts)
    if period.code != text:
        raise ValueError(f"{text!r} is not a period such as {period.code}")
    return period


def from_month_name(year: str, month: str) -> str:
    """`("2025", "Jan")` to `2025-01`; English three-letter months only; `ValueError` for any other, `NotInCalendar` for a 13th."""
    if re.fullmatch(r"\d{4} (00|1[3-9]|[2-9]\d)", f"{year} {month}", re.ASCII):
        raise NotInCalendar(f"{year}-{month}")
    if month not in MONTHS or not re.fullmatch(r"\d{4}", year, re.ASCII):
        raise ValueError(f"{year} {month} is not a year and a month such as 2025 Jan")
    return f"{year}-{MONTHS[month]:02}"
