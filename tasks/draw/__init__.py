"""Draw charts from protected values only: SVG for geometry, HTML labels for every word.

A chart takes `Series` of `Point`; a point holds what may be printed (`shown`) and the same number for its height
(`value`), never the value before protection. A point that is hidden, withheld or missing has `value=None`: the line
breaks there and its mark is printed in the gap. Where a series is not to be compared with what was before, the line breaks
at a thin rule with a word over it. Words stay out of the SVG because WeasyPrint sets its text one letter at a time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from html import escape

from tasks.draw.kinds import PAINTERS
from tasks.draw.model import LINE_HEIGHT, TICK, Chart, ChartData, Label, Point, Series, Undrawable
from tasks.draw.scale import numbers
from tasks.draw.shapes import fixed

__all__ = ["LINE_HEIGHT", "Chart", "ChartData", "Label", "Point", "Series", "Undrawable", "draw"]


def draw(data: ChartData, *, width: float, height: float, direction: str = "ltr", thousands: str = ",") -> Chart:
    """The chart in `width` by `height` mm; `direction="rtl"` mirrors it, `thousands` parts the digits of its axis."""
    painter = PAINTERS.get(data.kind)
    if painter is None:
        raise Undrawable(f"chart kind {data.kind!r}: draw one of {', '.join(PAINTERS)}")
    _check(data)
    shapes, labels = painter(data, width, height)
    labels = [_grouped(label, thousands) for label in labels]
    if direction == "rtl":
        shapes = [f'<g transform="matrix(-1 0 0 1 {fixed(width)} 0)">', *shapes, "</g>"]
        labels = [_mirrored(label, width) for label in labels]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {fixed(width)} {fixed(height)}" role="img">'
    title = f"<title>{escape(data.alternative)}</title>"
    return Chart("".join((head, title, *shapes, "</svg>")), tuple(labels), width, height)


def _check(data: ChartData) -> None:
    """A chart has an alternative, at least one point, and series over the same periods."""
    if not data.alternative.strip():
        raise Undrawable("a chart has no alternative text: write what it shows in one or two sentences")
    if not data.series or not data.series[0].points:
        raise Undrawable(f"chart {data.alternative!r} has no points")
    first = data.series[0]
    for series in data.series[1:]:
        if [p.period for p in series.points] != [p.period for p in first.points]:
            raise Undrawable(f"series {series.name!r} has other periods than {first.name!r}: give both the same")
    if any(series.breaks for series in data.series) and not data.break_label:
        raise Undrawable(f"chart {data.alternative!r} has a break and no word for it: give break_label")
    if data.kind == "columns" and len(data.series) != 1:
        raise Undrawable(f"columns draw one series, {len(data.series)} were given")
    if not all(math.isfinite(number) for number in numbers(data)):
        raise Undrawable(f"chart {data.alternative!r} holds a number that is not finite: hidden values are None")


def _grouped(label: Label, thousands: str) -> Label:
    """Ticks are the only numbers a chart words itself, so they follow the language of the others."""
    return replace(label, text=label.text.replace(",", thousands)) if label.kind == TICK else label


def _mirrored(label: Label, width: float) -> Label:
    anchor = {"start": "end", "end": "start"}.get(label.anchor, label.anchor)
    return replace(label, x=width - label.x, anchor=anchor)
