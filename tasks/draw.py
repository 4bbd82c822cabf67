"""Draw charts from protected values only: SVG for geometry, HTML labels for every word.

A chart takes `Series` of `Point`; a point holds what may be printed (`shown`) and the same number for its height (`value`),
never the value before protection. A point that is hidden, withheld or missing has `value=None`: the line breaks there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One printed number of a series: its period in words, its protected value and the text that is printed for it."""

    period: str
    value: float | None
    shown: str
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A line or area of a chart, in time order; `focus` marks the one the page is about."""

    name: str
    points: tuple[Point, ...]
    focus: bool = False


@dataclass(frozen=True, slots=True)
class ChartData:
    """What a chart shows. `alternative` is the text that replaces it for a reader who does not see it.

    `kind` is `trend` (118 mm wide, axis and end labels), `columns` (one series as bars with printed values on top) or `multiple` (40 mm, shared `top`).
    """

    kind: str
    series: tuple[Series, ...]
    alternative: str
    target: float | None = None
    target_label: str = ""
    top: float | None = None
