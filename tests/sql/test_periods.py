"""Periods: codes read back as written, integers that sort as time does, and nothing read that is not a period."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sql.ledger import sequence_of
from sql.periods import NotInCalendar, Period, from_month_name, parse

YEARS = st.integers(1900, 2150)


@st.composite
def any_period(draw: st.DrawFn) -> tuple[str, str, int]:
    """A code, its frequency, and the month in which a span starts."""
    year = draw(YEARS)
    kind = draw(st.sampled_from(["annual", "quarterly", "monthly", "daily", "span"]))
    month, starts = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    codes = {
        "annual": f"{year}",
        "quarterly": f"{year}-Q{(month + 2) // 3}",
        "monthly": f"{year}-{month:02}",
        "daily": date(year, month, draw(st.integers(1, 28))).isoformat(),
        "span": f"{year}/{year + draw(st.integers(1, 10))}",
    }
    return codes[kind], kind, starts


@given(any_period())
def test_a_code_is_read_back_as_it_was_written(asked: tuple[str, str, int]) -> None:
    code, frequency, starts = asked
    period = parse(code, frequency, starts)
    assert (period.code, period.frequency) == (code, frequency)
    assert period.start <= period.end
    assert parse(period.code, "", starts) == period


@given(any_period(), any_period())
def test_integers_sort_as_time_does_and_are_never_shared(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    a, b = parse(*one), parse(*other)
    if a.start < b.start:
        assert a.id < b.id
    if a.id == b.id:
        assert (a.start, a.frequency) == (b.start, b.frequency)


@given(YEARS, st.sampled_from(["annual", "quarterly", "monthly"]))
def test_periods_of_a_frequency_follow_each_other_without_gaps(year: int, frequency: str) -> None:
    """The sequence counts one by one, so that "the twelve before" needs no date function."""
    codes = {
        "annual": [f"{y}" for y in (year, year + 1)],
        "quarterly": [f"{y}-Q{q}" for y in (year, year + 1) for q in range(1, 5)],
        "monthly": [f"{y}-{m:02}" for y in (year, year + 1) for m in range(1, 13)],
    }[frequency]
    spans = [parse(code) for code in codes]
    for before, after in pairwise(spans):
        assert after.start == before.end + timedelta(days=1)
        assert sequence_of(after) == sequence_of(before) + 1


def test_a_span_from_july_is_a_year_and_one_from_january_is_all_its_years() -> None:
    """S29: `2023/2024` in a components table is July to June; `2015/2017` is three calendar years."""
    assert (parse("2023/2024", "span", 7).start, parse("2023/2024", "span", 7).end) == (date(2023, 7, 1), date(2024, 6, 30))
    assert (parse("2015/2017").start, parse("2015/2017").end) == (date(2015, 1, 1), date(2017, 12, 31))


def test_a_quarterly_table_writes_its_first_month() -> None:
    """S29: 2024-07 of a quarterly table is the third quarter; 2024-08 is no quarter at all."""
    assert parse("2024-07", "quarterly") == parse("2024-Q3")
    with pytest.raises(ValueError, match="not the first month of a quarter"):
        parse("2024-08", "quarterly")


@pytest.mark.parametrize(
    ("code", "quarter", "month", "year"), [("2024", None, None, 2024), ("2024-Q4", 4, None, 2024), ("2024-11", 4, 11, 2024)]
)
def test_parts_of_the_calendar(code: str, quarter: int | None, month: int | None, year: int) -> None:
    period = parse(code)
    assert (period.quarter, period.month, period.year) == (quarter, month, year)


def test_february_ends_on_its_last_day() -> None:
    assert [parse(code).end.day for code in ("2024-02", "2023-02", "2000-02", "1900-02")] == [29, 28, 29, 28]


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "2025-13", "2025-00", "2025-0", "2001-13", "2025-Q5", "2025-Q0", "2025 Q3", "Q3 2025", "25", "20255"],
        *["2024/2024", "2024/2023", "2000/2011", "2025-02-30", "2025-1-1", "２０２５", "2025\n", " 2025", "2025-٠٧", "now"],
    ],
)
def test_what_is_not_a_period_is_refused(text: str) -> None:
    """Month 13, the fifth quarter, digits of another script and stray blanks are no periods."""
    with pytest.raises(ValueError, match=r"period|span|day is out of range|month must be"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "frequency"), [("2025", "monthly"), ("2025-07", "annual"), ("2025-Q3", "monthly"), ("2024/2025", "annual")]
)
def test_a_period_of_another_frequency_is_refused(text: str, frequency: str) -> None:
    with pytest.raises(ValueError, match=f"the table is {frequency}"):
        parse(text, frequency)


@given(st.text(max_size=12))
def test_any_text_is_a_period_or_a_sentence(text: str) -> None:
    """Nothing but a `ValueError` comes of a text that is no period."""
    try:
        period: Period | None = parse(text)
    except ValueError:
        period = None
    assert period is None or period.code == text


def test_months_by_their_english_names() -> None:
    assert [from_month_name("2025", name) for name in ("Jan", "Dec")] == ["2025-01", "2025-12"]
    for year, month in (("2025", "janv."), ("2025", "7"), ("2025", "12"), ("2025", "jan"), ("25", "Jan"), ("", "Jan"), ("2025", "")):
        with pytest.raises(ValueError, match="is not a year and a month"):
            from_month_name(year, month)


@pytest.mark.parametrize("text", ["2025-13", "2025-00", "2025-99", "2025-Q5", "2025-Q0", "2025-02-30", "2025-13-01", "2025-00-10"])
def test_what_is_written_as_a_date_and_is_none(text: str) -> None:
    """It tells more than a slip of one cell: the file has another calendar than it seems."""
    with pytest.raises(NotInCalendar, match="no calendar has it") as told:
        parse(text)
    assert told.value.code == text
    if text[5:7].isdigit() and len(text) == 7:
        with pytest.raises(NotInCalendar):
            from_month_name(*text.split("-"))


@pytest.mark.parametrize("text", ["", "2025-1", "2025-013", "2025-Q12", "25-13", "2025/2024", "2025-1-1", "x", "2025-08"])
def test_what_is_no_date_of_this_table_is_not_said_to_be_in_no_calendar(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|span|quarter") as told:
        parse(text, "quarterly")
    assert not isinstance(told.value, NotInCalendar)
