"""The clock: one place that knows the time, publishers' times with and without a zone, and days as Toronto counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sql import clock


def test_the_clock_can_be_set_and_needs_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIP_NOW", "2026-11-22T12:00:00-05:00")
    assert clock.now() == datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert clock.stamp() == "2026-11-22T17:00:00Z"
    monkeypatch.setenv("OPENLIP_NOW", "2026-11-22T12:00:00")
    with pytest.raises(ValueError, match="OPENLIP_NOW needs a zone"):
        clock.now()
    monkeypatch.delenv("OPENLIP_NOW")
    assert abs((datetime.now(UTC) - clock.now()).total_seconds()) < 5


def test_today_is_torontos(monkeypatch: pytest.MonkeyPatch) -> None:
    """At two in the morning in Greenwich it is still yesterday in Peterborough."""
    monkeypatch.setenv("OPENLIP_NOW", "2026-11-23T02:00:00+00:00")
    assert clock.today() == date(2026, 11, 22)
    assert clock.day_of("2026-11-23T02:00:00Z") == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("said", "stamp"),
    [
        ("2026-07-02T08:30", "2026-07-02T12:30:00Z"),
        ("2026-01-14T08:30", "2026-01-14T13:30:00Z"),
        ("2026-03-07T08:30", "2026-03-07T13:30:00Z"),
        ("2026-03-08T08:30", "2026-03-08T12:30:00Z"),
        ("2026-10-31T08:30", "2026-10-31T12:30:00Z"),
        ("2026-11-01T08:30", "2026-11-01T13:30:00Z"),
        ("2026-09-14T12:30:00Z", "2026-09-14T12:30:00Z"),
        ("2026-09-14T12:30:00+00:00", "2026-09-14T12:30:00Z"),
        ("2026-09-14T08:30:00-04:00", "2026-09-14T12:30:00Z"),
        ("2026-11-13T14:05:00.123456+00:00", "2026-11-13T14:05:00Z"),
    ],
)
def test_a_release_time_without_a_zone_is_torontos(said: str, stamp: str) -> None:
    """S22: half past eight is 12:30 or 13:30 in Greenwich, by the season; a time with a zone says itself."""
    assert clock.from_publisher(said) == stamp


@pytest.mark.parametrize(
    ("day", "stamp"),
    [
        (date(2026, 11, 22), "2026-11-23T04:59:59Z"),
        (date(2026, 7, 1), "2026-07-02T03:59:59Z"),
        (date(2026, 3, 8), "2026-03-09T03:59:59Z"),
        (date(2026, 11, 1), "2026-11-02T04:59:59Z"),
    ],
)
def test_a_day_ends_at_midnight_in_toronto(day: date, stamp: str) -> None:
    """Days of 23 and 25 hours end when the people there go to the next."""
    assert clock.end_of(day) == stamp
