"""Disclosure control: figures in, what may be printed out. The type that leaves has no value from before.

Rules by class (expectations/classes.yaml): small counts become `--`, others are rounded half up in whole numbers, a total of
fewer than three contributors or below the coverage threshold is withheld (`x`), ratios come from protected parts only.

A number that belongs to a handful of people, such as the proceeds of a kitchen, names in its header (`never_with`) the indicator that
counts them. Divided by that count it would be the income of each, so the two are never printed together where the count is hidden by its
class, or is not known: then the number is withheld and the count is shown or hidden as ever. The true count decides, not whether it is
printed. A count of any period that overlaps counts, so that a year does not tell what its quarter may not. Alone, without a figure of
that count among those protected together, the number is printed by its own class, which asks for three partners behind it.

How the partners that reported two periods changed is printed beside their totals only where it tells nobody's number: a total less that
of the matched partners is the number of those outside, so there are none of these or, then and now each, as many as the class asks for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

import yaml

import expectations
import sql
from expectations.partnership import Partnership
from sql import IndicatorHeader, Query, periods
from tasks import Misuse
from tasks.behind import Matched
from tasks.measure import Broken, Figure, Origin


@dataclass(frozen=True, slots=True)
class DisclosureClass:
    """How counts of a class are shown: hidden from 0 to `hide`, rounded to `round`, from at least `contributors` partners."""

    name: str
    hide: int
    round: int
    contributors: int
    dimensions: int = 2


@dataclass(frozen=True, slots=True)
class ProtectedChange:
    """What may be printed of the partners that reported two periods: how many they are, and their total `then` (`period`) and `now`.

    With a `reason` the numbers are withheld. `is_same` says that the same partners reported both times: then `then` and `now` are the
    totals themselves.
    """

    period: str
    is_same: bool
    partners: int | None
    then: float | None
    now: float | None
    reason: str

    @property
    def is_shown(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class ProtectedFigure:
    """What may be printed of a figure.

    `status`: `shown`; `hidden` (`--`, a small count); `withheld` (`x`, too few partners behind it); `not_available` (`..`) and
    the publisher's own marks. `lower` and `upper` bound the number a reader can infer; both are None when nothing is said.
    `quality`, `boundaries`, `breaks`, `on_time` and `group` are those of the figure, `matched` its changes since earlier periods. A number of a place that is part of the partnership's area, or
    reaches beyond it, has the caveat `not_whole_area` besides those of its indicator.
    """

    indicator: str
    place: str
    period: str
    period_end: str
    value: float | None
    lower: float | None
    upper: float | None
    status: str
    mark: str
    reason: str
    unit: str
    decimals: int
    reporters: int | None
    expected: int | None
    caveats: tuple[str, ...]
    vintage: str
    snapshots: tuple[str, ...]
    origins: tuple[Origin, ...]
    is_sample: bool
    quality: str = ""
    boundaries: tuple[int, ...] = ()
    breaks: tuple[Broken, ...] = ()
    on_time: int | None = None
    group: str = ""
    matched: tuple[ProtectedChange, ...] = ()

    @property
    def key(self) -> str:
        """How the ledger names it: indicator, place and period."""
        return f"{self.indicator}@{self.place}@{self.period}"

    @property
    def is_shown(self) -> bool:
        return self.status == "shown"


PUBLISHER_MARKS = {
    "..": "not_available",
    "...": "not_applicable",
    "x": "suppressed",
    "F": "unreliable",
    "--": "suppressed",
    "0s": "rounds_to_zero",
    "<LOD": "below_detection",
    "not collected": "not_collected",
}
# What a place covers of the partnership's area, where its numbers are not those of the whole.
NOT_WHOLE = ("part", "wider", "overlaps")


@lru_cache(maxsize=1)
def classes() -> dict[str, DisclosureClass]:
    """The disclosure classes by name."""
    path = expectations.HERE / "classes.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: DisclosureClass(name=name, **rule) for name, rule in data.items()}


def protect(figures: Iterable[Figure], partnership: Partnership) -> list[ProtectedFigure]:
    """Protect figures by the class their indicator names. The same figures always give the same print, in any order."""
    queries = sql.read_all(partnership.home / "sql")
    figures = list(figures)
    partial = {place.code for place in partnership.gazetteer.places.values() if place.covers in NOT_WHOLE}
    protected = [
        _of_place(
            _alone(_protect(figure, queries[figure.indicator].indicator, partnership.thresholds.coverage), figures, queries),
            figure,
            partial,
        )
        for figure in figures
    ]
    totals = {one.key: one for one in protected}
    return [_with_changes(one, figure, totals, queries) for one, figure in zip(protected, figures, strict=True)]


def _with_changes(
    protected: ProtectedFigure, figure: Figure, totals: Mapping[str, ProtectedFigure], queries: Mapping[str, Query]
) -> ProtectedFigure:
    """The figure with what may be said of the partners that reported an earlier period too."""
    if not figure.matched:
        return protected
    header = queries[figure.indicator].indicator
    changes = [_change(matched, totals.get(replace(protected, period=matched.period).key), protected, header) for matched in figure.matched]
    return replace(protected, matched=tuple(changes))


def _change(matched: Matched, before: ProtectedFigure | None, now: ProtectedFigure, header: IndicatorHeader) -> ProtectedChange:
    rule = _class(header)
    is_same = matched.outside == (0, 0) and matched.partners > 0
    values = [_part(count, rule) for count in (matched.then, matched.now)]
    reason = _untold(matched, (before, now), header, rule) or ("small" if None in values else "")
    if reason:
        return ProtectedChange(matched.period, is_same, matched.partners if is_same else None, None, None, reason)
    then, later = (None if value is None else float(value) for value in values)
    return ProtectedChange(matched.period, is_same, matched.partners, then, later, "")


def _untold(
    matched: Matched, totals: tuple[ProtectedFigure | None, ProtectedFigure], header: IndicatorHeader, rule: DisclosureClass
) -> str:
    """Why nothing is said of the matched partners; a total that is not printed is not told by way of them either."""
    if header.never_with:
        return "pair"
    hidden = [total.reason if total else "publisher" for total in totals if total is None or not total.is_shown]
    if hidden:
        return hidden[0]
    if matched.partners == 0:
        return "contributors"
    if rule.contributors <= 1:
        return ""
    alone = [count for all_, count in zip(matched.outside, matched.outside_contributors, strict=True) if all_]
    if min(*matched.contributors, *alone) < rule.contributors:
        return "contributors"
    narrow = any(
        outside and _rest(total, count, rule) < max(rule.hide, rule.round - 1)
        for outside, total, count in zip(matched.outside, totals, (matched.then, matched.now), strict=True)
    )
    return "contributors" if narrow else ""


def _rest(total: ProtectedFigure | None, count: float, rule: DisclosureClass) -> float:
    """The most that a reader takes those outside to have reported: the printed total at its largest, the matched one at its least."""
    shown = _part(count, rule)
    assert total is not None
    assert total.upper is not None
    return total.upper - (claim_of(shown, rule)[0] if shown is not None else 0)


def _alone(protected: ProtectedFigure, figures: Sequence[Figure], queries: Mapping[str, Query]) -> ProtectedFigure:
    """The figure, or nothing of it where it would stand beside the count of the few people it belongs to."""
    count = queries[protected.indicator].indicator.never_with
    if not count or not protected.is_shown:
        return protected
    if count not in queries:
        raise Misuse(f"sql/indicators/{protected.indicator}.sql is never_with {count}, which is no indicator. Mend the name.")
    hide = _class(queries[count].indicator).hide
    beside = [figure for figure in figures if figure.indicator == count and figure.place == protected.place and _overlap(figure, protected)]
    if not any(figure.value is None or figure.value <= hide for figure in beside):
        return protected
    return replace(protected, value=None, lower=None, upper=None, status="withheld", mark="x", reason="pair")


def _overlap(one: Figure, other: ProtectedFigure) -> bool:
    starts = [periods.parse(period).start.isoformat() for period in (one.period, other.period)]
    return starts[0] <= other.period_end and starts[1] <= one.period_end


def _of_place(protected: ProtectedFigure, figure: Figure, partial: Set[str]) -> ProtectedFigure:
    """The figure with the caveat that its place is not the whole area, where that is so."""
    if figure.place not in partial or not figure.by_place or "not_whole_area" in protected.caveats:
        return protected
    return replace(protected, caveats=(*protected.caveats, "not_whole_area"))


def round_half_up(value: float, base: int) -> int:
    """A whole number at the nearest multiple of `base`, halves up, in integer arithmetic.

    >>> [round_half_up(n, 5) for n in (6, 7, 8, 12, 13)], [round_half_up(n, 10) for n in (14, 15, 25)]
    ([5, 5, 10, 10, 15], [10, 20, 30])
    """
    whole = math.floor(value + 0.5)
    return (2 * whole + base) // (2 * base) * base


def claim_of(shown: int, rule: DisclosureClass) -> tuple[int, int]:
    """The least and the largest count that a printed number stands for under its class.

    >>> claim_of(5, DisclosureClass("persons", 5, 5, 3)), claim_of(10, DisclosureClass("s", 10, 10, 3))
    ((6, 7), (11, 14))
    """
    half = rule.round // 2
    up = half if rule.round % 2 else half - 1
    return max(rule.hide + 1 if rule.hide else 0, shown - half), shown + max(up, 0)


def _class(header: IndicatorHeader) -> DisclosureClass:
    if header.class_ not in classes():
        raise Misuse(f"class {header.class_} is not in expectations/classes.yaml: {', '.join(classes())}")
    return classes()[header.class_]


def _protect(figure: Figure, header: IndicatorHeader, coverage: float) -> ProtectedFigure:
    rule = _class(header)
    # Divided, not multiplied: 0.55 * 20 is more than 11 in floating point.
    if figure.expected and (figure.reporters or 0) / figure.expected < coverage:
        return _without(figure, header, "withheld", "x", "coverage")
    if _too_few(figure, rule):
        return _without(figure, header, "withheld", "x", "contributors")
    if header.kind == "ratio":
        return _ratio(figure, header, rule)
    if figure.value is None:
        return _unpublished(figure, header)
    if rule.hide == 0 and rule.round == 1:
        return _shown(figure, header, figure.value, figure.lower, figure.upper)
    if figure.value <= rule.hide:
        return _without(figure, header, "hidden", "--", "small", 0.0, float(rule.hide))
    shown = round_half_up(figure.value, rule.round)
    lower, upper = claim_of(shown, rule)
    return _shown(figure, header, float(shown), float(lower), float(upper))


def _too_few(figure: Figure, rule: DisclosureClass) -> bool:
    """True when fewer partners stand behind a total than its class asks for.

    A total of 0 is said by all who reported and tells nobody's number; where small counts are hidden it is hidden too.
    """
    if figure.contributors is None and rule.contributors > 1:
        raise Misuse(
            f"sql/indicators/{figure.indicator}.sql is of the class {rule.name}, which asks for {rule.contributors} partners behind a "
            "number, and says nothing of them: select the column contributors."
        )
    if figure.contributors is None or figure.contributors >= rule.contributors:
        return False
    return figure.contributors > 0 or (figure.reporters or 0) < rule.contributors


def _part(count: float | None, rule: DisclosureClass) -> int | None:
    """A part of a ratio as it would be printed, or None when it would be hidden."""
    if count is None or (rule.hide and count <= rule.hide):
        return None
    return round_half_up(count, rule.round)


def _ratio(figure: Figure, header: IndicatorHeader, rule: DisclosureClass) -> ProtectedFigure:
    """A percentage of two protected parts, to the decimals of the indicator."""
    numerator, denominator = _part(figure.numerator, rule), _part(figure.denominator, rule)
    if figure.numerator is None or figure.denominator is None:
        return _unpublished(figure, header)
    if numerator is None or not denominator:
        return _without(figure, header, "hidden", "--", "small")
    scale = 10**header.decimals
    percent = ((200 * scale * numerator + denominator) // (2 * denominator)) / scale
    # A publisher's own rounding bounds the share; ours bounds it too, but from the parts nobody is told.
    exact = rule.hide == 0 and rule.round == 1 and figure.lower != figure.upper
    return _shown(figure, header, percent, *((figure.lower, figure.upper) if exact else (None, None)))


def _unpublished(figure: Figure, header: IndicatorHeader) -> ProtectedFigure:
    """The publisher's mark in place of a number, and the bounds it gives, if any."""
    mark = figure.mark if figure.mark in PUBLISHER_MARKS else ".."
    return _without(figure, header, PUBLISHER_MARKS[mark], mark, "publisher", figure.lower, figure.upper)


def _shown(figure: Figure, header: IndicatorHeader, value: float, lower: float | None, upper: float | None) -> ProtectedFigure:
    return _made(figure, header, value, lower, upper, "shown", "", "")


def _without(
    figure: Figure, header: IndicatorHeader, status: str, mark: str, reason: str, lower: float | None = None, upper: float | None = None
) -> ProtectedFigure:
    return _made(figure, header, None, lower, upper, status, mark, reason)


def _made(
    figure: Figure,
    header: IndicatorHeader,
    value: float | None,
    lower: float | None,
    upper: float | None,
    status: str,
    mark: str,
    reason: str,
) -> ProtectedFigure:
    return ProtectedFigure(
        indicator=figure.indicator,
        place=figure.place,
        period=figure.period,
        period_end=figure.period_end,
        value=value,
        lower=lower,
        upper=upper,
        status=status,
        mark=mark,
        reason=reason,
        unit=header.unit,
        decimals=header.decimals,
        reporters=figure.reporters,
        expected=figure.expected,
        caveats=tuple(header.caveats),
        vintage=figure.released_at,
        snapshots=figure.snapshots,
        origins=figure.origins,
        is_sample=figure.is_sample,
        quality=figure.quality,
        boundaries=figure.boundaries,
        breaks=figure.breaks,
        on_time=figure.on_time,
        group=figure.group,
    )
