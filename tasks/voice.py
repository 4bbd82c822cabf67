"""How a partner is spoken to: its language, its own name, the names of metrics, and times where the partnership is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_timezone_name

import briefs
import expectations
from expectations import catalogue, places
from expectations.partnership import Partnership
from tasks.compose.language import MINUS, Language


@dataclass(frozen=True, slots=True)
class Voice:
    """The words of one section in the partner's language. `partner` is its name, empty for one that no register knows."""

    partnership: Partnership
    language: Language
    words: dict[str, Any]
    workbook: dict[str, Any]
    partner: str
    metrics: dict[str, str]

    @property
    def code(self) -> str:
        return self.language.code

    @property
    def organisation(self) -> str:
        return self.partnership.organisation.name[self.code]

    @property
    def contact(self) -> str:
        """Who to ask: an office, never a person."""
        sender = self.partnership.reporting.sender
        return self.partnership.organisation.contact[self.code] + (f" ({sender})" if sender else "")

    @property
    def sample(self) -> str:
        return str(self.language.words["flag_sample"])

    @property
    def states(self) -> dict[str, str]:
        return dict(self.workbook["states"])

    @property
    def columns(self) -> dict[str, str]:
        return dict(self.workbook["columns"])

    def local(self, stamp: str) -> datetime:
        """A moment on the clocks of the partnership."""
        return datetime.fromisoformat(stamp).astimezone(ZoneInfo(self.partnership.time_zone))

    def moment(self, stamp: str) -> str:
        """22 November 2026, 12:00:00 EST (UTC−05:00)."""
        there, locale = self.local(stamp), self.language.locale
        offset = there.strftime("%z")
        said = {
            "local": format_datetime(there, self.words["time"], locale=locale),
            "zone": get_timezone_name(there, width="short", locale=locale),
            "offset": f"{offset[:3]}:{offset[3:]}".replace("-", MINUS),
        }
        return str(self.words["moment"]).format(**said)

    def day(self, day: str) -> str:
        return self.language.day(date.fromisoformat(day))

    def period(self, code: str) -> str:
        """A period in words; what is no period stays as it is, for a partner may have written it."""
        try:
            return self.language.period_short(code)
        except ValueError:
            return code

    def value(self, text: str) -> str:
        """A reported value: a number as the language writes it, a mark in its words, anything else as it is."""
        if text.isascii() and text.isdigit():
            return self.language.number(int(text))
        marks = {mark for contract in self.partnership.contracts() if contract.is_partner for mark in contract.non_values}
        return str(self.workbook["marks"]["not_collected"]) if text in marks else text

    def cut(self, text: str, most: int) -> str:
        """The text, shortened where it is very long."""
        return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def speak(section: str, partnership: Partnership, *, partner: str, wished: str = "", insists: bool = False) -> Voice:
    """The voice for a partner: in the language of the register of members, else the one wished for, else the partnership's first.

    Who `insists` gets the language wished for.
    """
    own = {row["partner"]: row for row in members(partnership)}.get(partner, {})
    order = (wished if insists else "", own.get("language"), wished, *partnership.languages)
    code = next(code for code in order if code in partnership.languages)
    language = Language(code, briefs.words(code, partnership.home / "briefs"))
    return Voice(
        partnership,
        language,
        _spaced(expectations.words(section, code), language),
        _spaced(expectations.words("workbook", code), language),
        own.get(f"name_{code}", ""),
        {metric.code: metric.name(code) for metric in catalogue.read(partnership.home)},
    )


def members(partnership: Partnership) -> list[dict[str, str]]:
    """The rows of the register of members, those that have left among them."""
    columns = ("partner", "language", *(f"name_{code}" for code in partnership.languages))
    return places.rows(partnership.home / "registers" / "members.csv", *columns)


def _spaced(words: Any, language: Language) -> Any:
    """The words with their signs held to the words they belong to."""
    if isinstance(words, dict):
        return {key: _spaced(value, language) for key, value in words.items()}
    if isinstance(words, list):
        return [_spaced(value, language) for value in words]
    return language.spaced(words) if isinstance(words, str) else words
