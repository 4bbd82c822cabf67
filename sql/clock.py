"""The one clock: real time, or the time that `OPENLIP_NOW` holds for the sample world and the tests."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

TORONTO = ZoneInfo("America/Toronto")


def now() -> datetime:
    """Now in UTC, to the second. `OPENLIP_NOW` (ISO 8601 with a zone) stands in for it."""
    fixed = os.environ.get("OPENLIP_NOW")
    moment = datetime.fromisoformat(fixed) if fixed else datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("OPENLIP_NOW needs a zone, such as 2026-11-22T12:00:00+00:00")
    return moment.astimezone(UTC).replace(microsecond=0)


def stamp(moment: datetime | None = None) -> str:
    """A moment as the warehouse keeps it: 2026-11-22T12:00:00Z. Text sorts as time does."""
    return (moment or now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def today(zone: ZoneInfo = TORONTO) -> date:
    """Today where the partnership is."""
    return now().astimezone(zone).date()


def day_of(moment: str, zone: ZoneInfo = TORONTO) -> date:
    """The local day of a stamp."""
    return datetime.fromisoformat(moment).astimezone(zone).date()


def local(moment: str, zone: ZoneInfo = TORONTO) -> datetime:
    """A stamp as local time."""
    return datetime.fromisoformat(moment).astimezone(zone)


def end_of(day: date, zone: ZoneInfo = TORONTO) -> str:
    """The last second of a local day, as a stamp: what was known by the end of that day."""
    return stamp(datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(seconds=1))


def from_publisher(text: str) -> str:
    """A release time as a stamp: without a zone it is Toronto time (Statistics Canada's data methods), with one it says."""
    moment = datetime.fromisoformat(text)
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=TORONTO))
