"""Resolve references to figures: which indicator, at which place, in which period, and whether it may stand in a brief."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from expectations.partnership import Partnership
from sql import Query, ledger, periods
from tasks import Refused
from tasks.compose.draft import Claim
from tasks.protect import ProtectedFigure

REFERENCE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)(?:@([\w./:-]+))?(?:#([\w/-]+))?\s*(?:\|\s*([a-z]+)\s*)?\}\}")


class FigureUnknown(Refused):
    """A reference to an indicator, place or period that the warehouse does not have."""


class FigureWithheld(Refused):
    """A number that may not be printed stands where a sentence needs one."""


class FigureStale(Refused):
    """The last period is older than the indicator allows, or one block mixes periods."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`{{ indicator@place#period | filter }}`: place defaults to the partnership's, period to the last, filter to the number."""

    indicator: str
    place: str
    period: str
    filter: str

    @classmethod
    def of(cls, match: re.Match[str]) -> Reference:
        return cls(match[1], match[2] or "area", match[3] or "last", match[4] or "number")

    @property
    def named(self) -> tuple[str, str, str]:
        """Which figure it means, whatever is printed of it."""
        return self.indicator, self.place, self.period

    @property
    def is_relative(self) -> bool:
        """True for the last period and for so many before it."""
        return self.period == "last" or self.period.startswith("-")


def references(text: str) -> set[str]:
    """The indicators a brief names anywhere in its text."""
    return {match[1] for match in REFERENCE.finditer(text)}


@dataclass(slots=True)
class Book:
    """The protected figures of a brief, the claims made so far, and the rules of what may be printed together."""

    partnership: Partnership
    queries: dict[str, Query]
    edition: date
    figures: dict[tuple[str, str], dict[int, ProtectedFigure]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    used: dict[str, ProtectedFigure] = field(default_factory=dict)
    ranged: set[str] = field(default_factory=set)
    bare: dict[str, str] = field(default_factory=dict)

    def add(self, figures: Iterable[ProtectedFigure]) -> None:
        """Put figures into the book, by indicator and place and in time order."""
        for figure in figures:
            self.figures.setdefault((figure.indicator, figure.place), {})[_position(figure.period)] = figure

    def find(self, reference: Reference, where: str) -> ProtectedFigure:
        """The figure a reference means; `FigureUnknown` and `FigureStale` name the place in the brief."""
        query = self.queries.get(reference.indicator)
        if query is None or not query.is_indicator:
            known = ", ".join(sorted(name for name, q in self.queries.items() if q.is_indicator))
            raise FigureUnknown(f"{where}: there is no indicator {reference.indicator!r}. There are: {known}.")
        place = self.partnership.place if reference.place == "area" else reference.place
        series = self.figures.get((reference.indicator, place))
        if not series:
            raise FigureUnknown(
                f"{where}: the warehouse has nothing for {reference.indicator} at {place}. Run refresh and collect, or check the place."
            )
        last = max(series)
        figure = series.get(self._wanted(reference, last, where))
        if figure is None:
            raise FigureUnknown(
                f"{where}: {reference.indicator} at {place} has no period {reference.period}; the last is {series[last].period}."
            )
        self._fresh(series[last], query.indicator.fresh_days, where)
        self.used[figure.key] = figure
        return figure

    def _wanted(self, reference: Reference, last: int, where: str) -> int:
        if reference.period == "last":
            return last
        if re.fullmatch(r"-\d+", reference.period):
            return last + int(reference.period)
        try:
            return _position(reference.period)
        except ValueError as error:
            raise FigureUnknown(f"{where}: {error}; or write how many periods back, such as #-4") from error

    def _fresh(self, last: ProtectedFigure, days: int, where: str) -> None:
        age = (self.edition - date.fromisoformat(last.period_end)).days
        if age > days:
            raise FigureStale(
                f"{where}: {last.indicator} ends {last.period_end}, {age} days before this edition; its limit is {days} days. "
                "Refresh its source, or take the number out."
            )

    def series(self, reference: Reference, count: int, where: str) -> list[ProtectedFigure]:
        """The last `count` periods of an indicator, in time order."""
        last = self.find(reference, where)
        series = self.figures[reference.indicator, last.place]
        end = _position(last.period)
        wanted = [series[position] for position in sorted(series) if end - count < position <= end]
        for figure in wanted:
            self.used[figure.key] = figure
        return wanted

    def claim(self, shown: str, figure: str, where: str) -> str:
        """Bind a printed number to its figure; returns the claim's id."""
        identity = f"c{len(self.claims) + 1}"
        self.claims.append(Claim(identity, shown, figure, where))
        return identity

    def check_ranges(self) -> None:
        """A sum over rounded or hidden numbers is printed with its range in the body of the brief, never bare."""
        for key, where in self.bare.items():
            if key not in self.ranged:
                raise FigureWithheld(
                    f"{where}: {key} is a sum of rounded numbers and stands without its range; "
                    f"add {{{{ {key.split('@')[0]} | range }}}} for the same period"
                )


def _position(code: str) -> int:
    """The running number of a period within its frequency."""
    return ledger.sequence_of(periods.parse(code))


def one_period(figures: Iterable[tuple[Reference, ProtectedFigure]], where: str) -> None:
    """Numbers standing together and said to be the last, or as many periods before it, are of one period (per frequency).

    They may differ where the period of each is printed beside them.
    """
    pairs = list(figures)
    told = {reference.named for reference, _ in pairs if reference.filter == "period"}
    beside = ("period", "break")
    groups: dict[tuple[str, str], list[tuple[Reference, ProtectedFigure]]] = {}
    for reference, figure in pairs:
        if reference.filter not in beside and reference.is_relative:
            groups.setdefault((periods.parse(figure.period).frequency, reference.period), []).append((reference, figure))
    for group in groups.values():
        first = group[0][1]
        other = next((figure for _, figure in group if figure.period != first.period), None)
        if other is not None and any(reference.named not in told for reference, _ in group):
            raise FigureStale(
                f"{where}: {first.indicator} is of {first.period} and {other.indicator} of {other.period}, side by side. "
                "Print the period of each with {{ ... | period }}, or wait until both are there."
            )
