"""What goes into a chart and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from tasks import Problem

TICK = "axis tick"
LINE_HEIGHT = 10 * 25.4 / 72  # mm: chart labels are set 8.25 on 10 points


@dataclass(frozen=True, slots=True)
class Point:
    """One printed number of a series: its period in words, its protected value and the text that is printed for it.

    `quality` are the publisher's letters that stand beside the number, such as E or p.
    """

    period: str
    value: float | None
    shown: str
    lower: float | None = None
    upper: float | None = None
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A line or area of a chart, in time order; `focus` marks the one the page is about.

    `breaks` are the positions of points that are not to be compared with the point before: the line begins anew there.
    """

    name: str
    points: tuple[Point, ...]
    focus: bool = False
    breaks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartData:
    """What a chart shows. `alternative` is the text that replaces it for a reader who does not see it.

    `kind` is `trend` (118 mm wide, axis and end labels), `columns` (one series as bars with printed values on top)
    or `multiple` (40 mm, shared `top`). `break_label` is the word beside the rule where a series breaks.
    """

    kind: str
    series: tuple[Series, ...]
    alternative: str
    target: float | None = None
    target_label: str = ""
    top: float | None = None
    break_label: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """Words beside the geometry, in mm from the top left corner; `y` is the text's middle, `room` its width.

    `anchor` says which end of the text stands at `x`: `start`, `middle` or `end`. `strong` is printed bold after
    `text`, `quality` raised behind both; `kind` is `axis`, `axis tick`, `period`, `end`, `target`, `value`, `mark` or `break`, and says
    `focus` beside it.
    """

    text: str
    x: float
    y: float
    kind: str
    anchor: str
    strong: str = ""
    room: float = 0.0
    lines: int = 1
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart: an SVG whose only text is its title, the labels to lay over it, and its size in mm."""

    svg: str
    labels: tuple[Label, ...]
    width: float
    height: float


class Undrawable(Problem):
    """The data does not make a chart of this kind."""
