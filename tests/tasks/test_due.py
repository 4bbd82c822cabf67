"""Who owes what by when: working days, windows, named exceptions, annual metrics, members that come and go."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from expectations.partnership import Partnership
from tasks.due import current_period, due_on, owed, standings, window, working_day


def test_a_period_is_due_on_the_tenth_working_day_without_holidays(partnership: Partnership) -> None:
    """Thanksgiving, 12 October 2026, is no working day; 31 December's quarter is due after New Year's Day."""
    assert due_on(partnership, "2026-Q3") == date(2026, 10, 15)
    assert working_day(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert due_on(partnership, "2026-Q2") is None  # before the calendar begins


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (date(2026, 9, 30), "running"),
        (date(2026, 10, 1), "open"),
        (date(2026, 10, 15), "open"),
        (date(2026, 10, 16), "late"),
        (date(2026, 12, 14), "late"),
        (date(2026, 12, 15), "closed"),
    ],
)
def test_the_window_of_a_period(partnership: Partnership, on: date, state: str) -> None:
    found = window(partnership, "p01", "2026-Q3", on=on)
    assert found.state == state
    assert found.takes == (state != "closed")


def test_an_exception_lets_one_partner_in_until_its_day(partnership: Partnership) -> None:
    path = partnership.home / "registers" / "exceptions.csv"
    path.write_text("partner,period,until,by,on,why\np01,2026-Q3,2027-01-31,A. Staff,2027-01-04,flood\n", encoding="utf-8")
    found = window(partnership, "p01", "2026-Q3", on=date(2027, 1, 10))
    assert (found.state, found.let_in_by) == ("let_in", "A. Staff")
    assert window(partnership, "p02", "2026-Q3", on=date(2027, 1, 10)).state == "closed"
    assert window(partnership, "p01", "2026-Q3", on=date(2027, 2, 1)).state == "closed"
    assert window(partnership, "p01", "2026-Q2", on=date(2027, 1, 10)).state == "before"


def test_a_quarter_that_is_over_is_the_one_reported() -> None:
    assert [current_period(day) for day in (date(2026, 12, 31), date(2027, 1, 1), date(2026, 10, 1))] == ["2026-Q3", "2026-Q4", "2026-Q3"]


def test_who_owes_follows_membership_and_the_register(partnership: Partnership) -> None:
    there = {debt.partner for debt in owed(partnership, "2026-Q3")}
    assert "p01" in there
    _leave(partnership.home / "registers" / "members.csv", "p01", "2026-06-30")
    assert "p01" not in {debt.partner for debt in owed(partnership, "2026-Q3")}
    # It was a member in the second quarter, and owes that one.
    assert "p01" in {debt.partner for debt in owed(partnership, "2026-Q2")}


def test_nothing_came_yet(partnership: Partnership) -> None:
    """D12: awaited until the due day, missing after it, excused when the office gave time."""
    assert {one.state for one in standings(partnership, "2026-Q3", on=date(2026, 10, 10))} == {"awaited"}
    assert {one.state for one in standings(partnership, "2026-Q3", on=date(2026, 10, 20))} == {"missing"}
    assert all(one.unanswered == one.owed.metrics for one in standings(partnership, "2026-Q3", on=date(2026, 10, 20)))


def _leave(path: Path, partner: str, day: str) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "left": day} if row["partner"] == partner else row for row in rows)
