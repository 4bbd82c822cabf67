"""Disclosure control: figures in, what may be printed out. The type that leaves has no value from before.

Rules by class (expectations/classes.yaml): small counts become `--`, others are rounded half up in whole numbers, a total of
fewer than three contributors or below the coverage threshold is withheld (`x`), ratios come from protected parts only.

A number that belongs to a handful of people, such as the proceeds of a kitchen, names in its header (`never_with`) the indicator that
counts them. Divided by that count it would be the income of each, so the two are never printed together where the count is hidden by its
class, or is not known: then the number is withheld and the count is shown or hidden as ever. The true count decides, not whether it is
printed. A count of any period that overlaps counts, so that a year does not tell what its quarter may not. Alone, without a figure of
that count among those protected together, the number is printed by its own class, which asks for three partners behind it.

How the partners that reported two periods changed is protected in `tasks.changes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import sql
from expectations.partnership import Partnership
from sql import IndicatorHeader, Query, periods
from tasks import Misuse
from tasks.changes import ProtectedChange, change_of
from tasks.measure import Broken, Figure, Origin
from tasks.rounding import DisclosureClass, claim_of, class_of, classes, part_of, round_half_up

__all__ = ["DisclosureClass", "ProtectedChange", "ProtectedFigure", "claim_of", "classes", "protect", "round_half_up"]


@dataclass(frozen=True, slots=True)
class ProtectedFigure:
    """What may be printed of a figure.

    `status`: `shown`; `hidden` (`--`, a small count); `withheld` (`x`, too few partners behind it); `not_available` (`..`) and
    the publisher's own marks. `lower` and `upper` bound the number a reader can infer; both are None when nothing is said.
    `quality`, `boundaries`, `breaks`, `on_time` and `group` are those of the figure, `matched` its changes since earlier periods. A number
    of a place that is part of the partnership's area, or reaches beyond it, has the caveat `not_whole_area` besides those of its indicator.
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
    changes = [
        change_of(matched, totals.get(replace(protected, period=matched.period).key), protected, header) for matched in figure.matched
    ]
    return replace(protected, matched=tuple(changes))


def _alone(protected: ProtectedFigure, figures: Sequence[Figure], queries: Mapping[str, Query]) -> ProtectedFigure:
    """The figure, or nothing of it where it would stand beside the count of the few people it belongs to."""
    count = queries[protected.indicator].indicator.never_with
    if not count or not protected.is_shown:
        return protected
    if count not in queries:
        raise Misuse(f"sql/indicators/{protected.indicator}.sql is never_with {count}, which is no indicator. Mend the name.")
    hide = class_of(queries[count].indicator).hide
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


def _protect(figure: Figure, header: IndicatorHeader, coverage: float) -> ProtectedFigure:
    rule = class_of(header)
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


def _ratio(figure: Figure, header: IndicatorHeader, rule: DisclosureClass) -> ProtectedFigure:
    """A percentage of two protected parts, to the decimals of the indicator."""
    numerator, denominator = part_of(figure.numerator, rule), part_of(figure.denominator, rule)
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
