"""What may be compared: a break of a series, or other boundaries, between two numbers of one place keeps them apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from expectations.places import Gazetteer
from sql import periods
from tasks import Refused
from tasks.compose.figures import Reference
from tasks.compose.language import Language
from tasks.measure import Broken
from tasks.protect import ProtectedFigure

MARK = "†"
LEVELS = ("number", "range")


class FigureBroken(Refused):
    """A change is asked for over a break of its series."""


class PartnersDiffer(Refused):
    """Two totals stand together that are not of the same partners."""


class BoundariesMixed(Refused):
    """Numbers on boundaries of different years stand as one series."""


def start_of(figure: ProtectedFigure) -> str:
    """The first day a figure speaks of; of twelve months to a month, that of the first."""
    span = periods.parse(figure.period, starts=7) if "/" in figure.period else periods.parse(figure.period)
    start = span.start
    if figure.indicator.endswith("_12_months"):
        index = start.year * 12 + start.month - 12
        start = date(index // 12, index % 12 + 1, 1)
    return start.isoformat()


def between(earlier: ProtectedFigure, later: ProtectedFigure) -> list[Broken]:
    """The breaks that keep two figures of one series apart."""
    first = start_of(earlier)
    return sorted({b for b in (*earlier.breaks, *later.breaks) if first < b.start <= later.period_end}, key=lambda b: (b.start, b.why))


def until(figure: ProtectedFigure) -> list[Broken]:
    """The breaks of a figure's series up to its own period."""
    return [broken for broken in figure.breaks if broken.start <= figure.period_end]


def firsts(figures: Sequence[ProtectedFigure]) -> list[int]:
    """The positions in a series, in time order, of the figures that are not to be compared with the one before."""
    return [index for index, (one, other) in enumerate(pairwise(figures), start=1) if between(one, other)]


def after_break(figures: Iterable[ProtectedFigure]) -> dict[str, list[Broken]]:
    """Of figures shown together, those that come first after a break of their series, with the breaks before them."""
    found: dict[str, list[Broken]] = {}
    for series in _by_series(figures):
        found |= {series[index].key: between(series[index - 1], series[index]) for index in firsts(series)}
    return found


def notes(breaks: Iterable[Broken], language: Language) -> list[str]:
    """ "Break in 2021: the boundaries changed.", for each break once, in time order."""
    told: dict[str, None] = {}
    for broken in sorted(breaks, key=lambda broken: (broken.start, broken.why)):
        why = dict(broken.why)
        text = str(why.get(language.code) or why["en"]).rstrip(". ")
        # The first period after the break: a span of two years by its code, which charts and tables print too.
        period = broken.period if "/" in broken.period else language.period(broken.period)
        told[language.spaced(str(language.words["break"]["note"]).format(period=period, why=text))] = None
    return list(told)


def refuse_changes(pairs: Iterable[tuple[Reference, ProtectedFigure]], gazetteer: Gazetteer, where: str, *, always: bool = False) -> None:
    """Stop numbers that stand together over a break, unless the break is told beside them with `{{ ... | break }}`.

    With `always` telling is not enough: where a brief says what changed, nothing is said of such a pair.
    """
    found = list(pairs)
    told = set() if always else {(figure.indicator, figure.place) for reference, figure in found if reference.filter == "break"}
    for series in _by_series(figure for reference, figure in found if reference.filter in LEVELS):
        one_boundary(series, gazetteer, where)
        keeping = between(series[0], series[-1])
        if keeping and (series[0].indicator, series[0].place) not in told:
            name = series[0].indicator
            way = "Leave the comparison out." if always else f"Print the break beside them with {{{{ {name} | break }}}}, or leave one out."
            raise FigureBroken(
                f"{where}: {name} at {series[0].place} breaks in {keeping[0].period} ({dict(keeping[0].why).get('en', '')}), so "
                f"{series[0].period} and {series[-1].period} are not to be compared. {way}"
            )


def refuse_unmatched(pairs: Iterable[tuple[Reference, ProtectedFigure]], where: str) -> None:
    """Stop totals of partners that stand together and are not of the same ones, unless `{{ ... | matched }}` stands beside them.

    What is matched is told up to the last period, so it stands for no comparison with another.
    """
    found = list(pairs)
    told = {figure.key for reference, figure in found if reference.filter == "matched"}
    lasts = {figure.key for reference, figure in found if reference.period == "last"}
    for *earlier, later in _by_series(figure for reference, figure in found if reference.filter in LEVELS):
        for figure in earlier:
            if figure.group != later.group and not (figure.key in told and later.key in lasts):
                written = next(reference.period for reference, one in found if one.key == figure.key)
                raise PartnersDiffer(
                    f"{where}: {figure.indicator} of {figure.period} and of {later.period} are not of the same partners. Print beside them "
                    f"how those that reported both times changed, {{{{ {figure.indicator}#{written} | matched }}}}, up to the last period; "
                    "or leave one out."
                )


def one_boundary(figures: Iterable[ProtectedFigure], gazetteer: Gazetteer, where: str) -> None:
    """Stop boundaries of different years in one chart or series, but for a break that is told or places alike on both."""
    everything = [figure for figure in figures if figure.boundaries]
    days = sorted({broken.start for figure in everything for broken in figure.breaks})
    stretches: dict[int, list[ProtectedFigure]] = {}
    for figure in everything:
        stretches.setdefault(sum(day <= figure.period_end for day in days), []).append(figure)
    for stretch in stretches.values():
        common: frozenset[int] | None = None
        for figure in stretch:
            for year in figure.boundaries:
                place = gazetteer.places.get(figure.place)
                alike = place.comparable(year) if place else frozenset({year})
                common = alike if common is None else common & alike
        if common is not None and not common:
            years = sorted({year for figure in stretch for year in figure.boundaries})
            named = ", ".join(sorted({f"{figure.indicator} at {figure.place}" for figure in stretch}))
            raise BoundariesMixed(
                f"{where}: {named} stand together on the boundaries of {', '.join(map(str, years))}. Show one of them, or, if the area "
                "is the same, say so under comparable_with in registers/places.csv."
            )


def _by_series(figures: Iterable[ProtectedFigure]) -> list[list[ProtectedFigure]]:
    """Figures of one indicator and place, each period once, in time order; only where there are two or more."""
    series: dict[tuple[str, str], dict[str, ProtectedFigure]] = {}
    for figure in figures:
        series.setdefault((figure.indicator, figure.place), {})[figure.period] = figure
    return [sorted(of.values(), key=lambda figure: figure.period_end) for of in series.values() if len(of) > 1]
