"""Draw charts from protected values only: SVG for geometry, HTML labels for every word.

A chart takes `Series` of `Point`; a point holds what may be printed (`shown`) and the same number for its height (`value`),
never the value before protection. A point that is hidden, withheld or missing has `value=None`: the line breaks there and
its mark is printed in the gap. Words stay out of the SVG because WeasyPrint sets SVG text one letter at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape

from tasks import Problem

INK, MUTED, FOCUS, TARGET, OTHER, GRID, AREA = "#14213D", "#4B5A6B", "#0B5E73", "#A63D17", "#8594A3", "#E1E8ED", "#DCEBEF"
LINE_HEIGHT = 10 * 25.4 / 72  # mm: chart labels are set 8.25 on 10 points
_LETTER = 1.68  # mm: a generous mean width of a letter at 8.25 points, semibold
_APART = 4.2  # mm: what two end labels keep from each other


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

    `kind` is `trend` (118 mm wide, axis and end labels), `columns` (one series as bars with printed values on top)
    or `multiple` (40 mm, shared `top`).
    """

    kind: str
    series: tuple[Series, ...]
    alternative: str
    target: float | None = None
    target_label: str = ""
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """Words beside the geometry, in mm from the top left corner; `y` is the middle of the text, `room` its box's width.

    `anchor` says which end of the text stands at `x`: `start`, `middle` or `end`. `strong` is printed in bold after `text`.
    """

    text: str
    x: float
    y: float
    kind: str
    anchor: str
    strong: str = ""
    room: float = 0.0
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart: an SVG whose only text is its title, the labels to lay over it, and its size in mm."""

    svg: str
    labels: tuple[Label, ...]
    width: float
    height: float


class Undrawable(Problem):
    """The data does not make a chart of this kind."""


def draw(data: ChartData, *, width: float, height: float, direction: str = "ltr") -> Chart:
    """The chart in `width` by `height` mm; `direction="rtl"` mirrors it."""
    painter = _PAINTERS.get(data.kind)
    if painter is None:
        raise Undrawable(f"chart kind {data.kind!r}: draw one of {', '.join(_PAINTERS)}")
    _check(data)
    shapes, labels = painter(data, width, height)
    if direction == "rtl":
        shapes = [f'<g transform="matrix(-1 0 0 1 {_n(width)} 0)">', *shapes, "</g>"]
        labels = [_mirrored(label, width) for label in labels]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" role="img">'
    title = f"<title>{escape(data.alternative)}</title>"
    return Chart("".join((head, title, *shapes, "</svg>")), tuple(labels), width, height)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plotting area in mm and the values at its edges."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float
    count: int

    def x(self, index: int) -> float:
        return self.left + (self.right - self.left) * (index / (self.count - 1) if self.count > 1 else 0.5)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * (value - self.low) / (self.high - self.low)

    def floor(self) -> float:
        """Where zero stands, or the edge nearest to it."""
        return self.y(min(max(0.0, self.low), self.high))

    def spot(self, index: int, value: float) -> tuple[float, float]:
        return self.x(index), self.y(value)


_Drawing = tuple[list[str], list[Label]]


def _trend(data: ChartData, width: float, height: float) -> _Drawing:
    """Lines with an end dot and their name and last value beside it; no legend."""
    ticks = _ticks(data)
    texts = [f"{s.name} {s.points[-1].shown}" for s in data.series] + [data.target_label]
    side = min(max(25.0, _wide(texts) + 3.5), width * 0.36)
    axis = max(7.0, 1.55 * max(len(_tick_text(t)) for t in ticks) + 2.5)
    count = len(data.series[0].points)
    frame = _Frame(axis, width - side, 3.0, height - 6.0, ticks[0], ticks[-1], count)
    shapes = [_rule(frame, tick, GRID, 0.25) for tick in ticks if tick != 0]
    shapes.append(_rule(frame, 0.0, INK, 0.35))
    labels = [Label(_tick_text(t), axis - 1.6, frame.y(t), "axis", "end") for t in ticks]
    labels += _periods(data.series[0].points, frame, width)
    shapes += [_band(s, frame) for s in data.series if s.focus]
    shapes += _target(data, frame)
    ends: list[Label] = []
    for series in sorted(data.series, key=lambda s: s.focus):
        shapes += _line(series, frame, 0.85 if series.focus else 0.65, dot=1.05)
        labels += _marks(series, frame, last=False)
        ends.append(_end(series, frame, side))
    if data.target is not None and data.target_label:
        ends.append(_fitted(data.target_label, "", frame.right + 2.6, frame.y(data.target), "target", side - 2.6))
    return shapes, labels + _apart(ends, height)


def _columns(data: ChartData, width: float, height: float) -> _Drawing:
    """Bars of one series, the printed value above each, the last one in the focus colour."""
    points = data.series[0].points
    side = min(max(18.0, _wide([data.target_label]) + 3.0), width * 0.32) if data.target_label else 0.0
    slot = (width - side) / len(points)
    lines = max(_lines(p.period, slot) for p in points)
    low, high = _range(data)
    bottom = height - 1.6 - lines * LINE_HEIGHT
    frame = _Frame(0.0, width - side, 5.0, bottom - (4.0 if low < 0 else 0.0), low, high, len(points))
    shapes, labels = [], []
    for index, point in enumerate(points):
        middle = (index + 0.5) * slot
        colour = FOCUS if index == len(points) - 1 else OTHER
        bar, label = _bar(point, middle, min(slot * 0.62, 15.0), frame, colour)
        shapes += bar
        labels.append(label)
        y = bottom + 1.0 + lines * LINE_HEIGHT / 2
        labels.append(Label(point.period, middle, y, "period", "middle", room=slot, lines=lines))
    shapes += [_rule(frame, 0.0, INK, 0.35), *_target(data, frame)]
    if data.target is not None and data.target_label:
        labels.append(_fitted(data.target_label, "", frame.right + 2.0, frame.y(data.target), "target", side - 2.0))
    return shapes, labels


def _multiple(data: ChartData, width: float, height: float) -> _Drawing:
    """A small area under a line; charts of one row share `top`."""
    low, high = _range(data)
    frame = _Frame(1.4, width - 1.4, 1.4, height - 0.4, low, high, len(data.series[0].points))
    shapes, labels = [], []
    for series in data.series:
        shapes += [_area(run, frame) for run in _runs(series, frame) if len(run) > 1]
        shapes += _line(replace(series, focus=True), frame, 0.75, dot=1.05)
        labels += _marks(series, frame, last=True)
    edge = replace(frame, left=0.0, right=width)
    return [*shapes, _rule(edge, 0.0, INK, 0.35), *_target(data, edge)], labels


_PAINTERS: dict[str, Callable[[ChartData, float, float], _Drawing]] = {"trend": _trend, "columns": _columns, "multiple": _multiple}


def _check(data: ChartData) -> None:
    """A chart has an alternative, at least one point, and series over the same periods."""
    if not data.alternative.strip():
        raise Undrawable("a chart has no alternative text: write what it shows in one or two sentences")
    if not data.series or not data.series[0].points:
        raise Undrawable(f"chart {data.alternative!r} has no points")
    periods = [p.period for p in data.series[0].points]
    for series in data.series[1:]:
        if [p.period for p in series.points] != periods:
            raise Undrawable(f"series {series.name!r} has other periods than {data.series[0].name!r}: give both the same")
    if data.kind == "columns" and len(data.series) != 1:
        raise Undrawable(f"columns draw one series, {len(data.series)} were given")
    if not all(math.isfinite(number) for number in _numbers(data)):
        raise Undrawable(f"chart {data.alternative!r} holds a number that is not finite: hidden values are None")


def _numbers(data: ChartData) -> list[float]:
    points = [point for series in data.series for point in series.points]
    given = [number for p in points for number in (p.value, p.lower, p.upper)] + [data.target, data.top]
    return [number for number in given if number is not None]


def _range(data: ChartData) -> tuple[float, float]:
    """The lowest and highest value drawn, zero included and never the same."""
    numbers = [0.0, *_numbers(data)]
    low, high = min(numbers), max(numbers)
    return low, high if high > low else low + 1.0


def _ticks(data: ChartData) -> list[float]:
    """Whole steps of 1, 2, 4, 5 or 10 (times ten) that reach over every value in at most five intervals."""
    low, high = _range(data)
    steps = (mantissa * 10**power for power in range(12) for mantissa in (1, 2, 4, 5))
    step = next((s for s in steps if math.ceil(high / s) - math.floor(low / s) <= 5), 10**12)
    return [float(step * n) for n in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _tick_text(tick: float) -> str:
    """Whole numbers read the same in every language: a narrow space between thousands, a true minus."""
    digits = f"{abs(tick):,.0f}".replace(",", "\u202f" if abs(tick) >= 10000 else "")
    return f"\u2212{digits}" if tick < 0 else digits


def _periods(points: Sequence[Point], frame: _Frame, width: float) -> list[Label]:
    """Period labels counted back from the last point, as many as stand side by side."""
    room = _wide([p.period for p in points], slack=2.0)
    pitch = (frame.right - frame.left) / max(1, len(points) - 1)
    stride = next((s for s in (1, 2, 3, 4, 6, 8, 12, 20, 24) if s * pitch >= room), len(points))
    labels = []
    for index in range(len(points) - 1, -1, -stride):
        half = _wide([points[index].period]) / 2
        x = min(max(frame.x(index), half), width - half)
        labels.append(Label(points[index].period, x, frame.bottom + 3.0, "axis", "middle", room=2 * half + 4))
    return labels[::-1]


def _runs(series: Series, frame: _Frame) -> list[list[tuple[float, float]]]:
    """The unbroken stretches of a series; a point without value ends one."""
    runs: list[list[tuple[float, float]]] = [[]]
    for index, point in enumerate(series.points):
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append(frame.spot(index, point.value))
    return [run for run in runs if run]


def _line(series: Series, frame: _Frame, thickness: float, *, dot: float) -> list[str]:
    colour = FOCUS if series.focus else OTHER
    shapes = []
    for run in _runs(series, frame):
        if len(run) == 1:
            shapes.append(_dot(run[0], thickness * 0.9, colour))
            continue
        style = f'fill="none" stroke="{colour}" stroke-width="{_n(thickness)}" stroke-linejoin="round" stroke-linecap="round"'
        shapes.append(f'<path d="{_path(run)}" {style}/>')
    last = series.points[-1].value
    if last is not None:
        shapes.append(_dot(frame.spot(len(series.points) - 1, last), dot, colour))
    return shapes


def _band(series: Series, frame: _Frame) -> str:
    """The interval around a line, where every point of it has one."""
    edges = [(i, p.lower, p.upper) for i, p in enumerate(series.points) if p.value is not None]
    known = [(frame.spot(i, low), frame.spot(i, up)) for i, low, up in edges if low is not None and up is not None]
    if len(known) < 2 or len(known) < len(series.points):
        return ""
    outline = [low for low, _ in known] + [up for _, up in reversed(known)]
    return f'<path d="{_path(outline)}Z" fill="{AREA}"/>'


def _area(run: Sequence[tuple[float, float]], frame: _Frame) -> str:
    outline = [(run[0][0], frame.floor()), *run, (run[-1][0], frame.floor())]
    return f'<path d="{_path(outline)}Z" fill="{AREA}"/>'


def _bar(point: Point, middle: float, thickness: float, frame: _Frame, colour: str) -> tuple[list[str], Label]:
    """A bar from zero with its whisker, and the printed value beyond both; a hidden point is its mark on the baseline."""
    if point.value is None:
        return [], Label(point.shown, middle, frame.floor() - 2.3, "mark", "middle", room=thickness + 6)
    y, floor = frame.y(point.value), frame.floor()
    box = f'x="{_n(middle - thickness / 2)}" y="{_n(min(y, floor))}" width="{_n(thickness)}" height="{_n(abs(y - floor))}"'
    shapes = [f'<rect {box} fill="{colour}"/>']
    outer = y
    if point.lower is not None and point.upper is not None:
        low, up = frame.y(point.lower), frame.y(point.upper)
        shapes.append(_whisker(middle, low, up))
        outer = low if point.value < 0 else up
    side = 2.3 if point.value < 0 else -2.3
    kind = "value focus" if colour == FOCUS else "value"
    return shapes, Label(point.shown, middle, outer + side, kind, "middle", room=thickness + 6)


def _whisker(x: float, low: float, up: float) -> str:
    caps = f"M{_n(x - 0.9)} {_n(up)}H{_n(x + 0.9)}M{_n(x - 0.9)} {_n(low)}H{_n(x + 0.9)}"
    return f'<path d="M{_n(x)} {_n(low)}V{_n(up)}{caps}" fill="none" stroke="{INK}" stroke-width=".35"/>'


def _rule(frame: _Frame, value: float, colour: str, thickness: float) -> str:
    y = _n(frame.y(value))
    return f'<path d="M{_n(frame.left)} {y}H{_n(frame.right)}" stroke="{colour}" stroke-width="{_n(thickness)}"/>'


def _target(data: ChartData, frame: _Frame) -> list[str]:
    if data.target is None:
        return []
    y = _n(frame.y(data.target))
    line = f'<path d="M{_n(frame.left)} {y}H{_n(frame.right)}" stroke="{TARGET}" stroke-width=".4" stroke-dasharray="1.4 1"/>'
    return [line]


def _dot(spot: tuple[float, float], radius: float, colour: str) -> str:
    return f'<circle cx="{_n(spot[0])}" cy="{_n(spot[1])}" r="{_n(radius)}" fill="{colour}"/>'


def _marks(series: Series, frame: _Frame, *, last: bool) -> list[Label]:
    """The mark of every hidden point, between its neighbours; the last one only if no end label says it."""
    labels = []
    for index, point in enumerate(series.points if last else series.points[:-1]):
        if point.value is None:
            y = frame.y(_between(series.points, index)) if _known(series.points) else frame.floor() - 2.3
            labels.append(Label(point.shown, frame.x(index), y, "mark", "middle", room=10.0))
    return labels


def _known(points: Iterable[Point]) -> list[tuple[int, float]]:
    return [(i, p.value) for i, p in enumerate(points) if p.value is not None]


def _between(points: Sequence[Point], index: int) -> float:
    """The height halfway between the nearest known neighbours of a hidden point."""
    known = _known(points)
    before = [value for i, value in known if i < index][-1:]
    after = [value for i, value in known if i > index][:1]
    near = before + after
    return sum(near) / len(near)


def _end(series: Series, frame: _Frame, side: float) -> Label:
    last = len(series.points) - 1
    y = frame.y(series.points[last].value or 0.0) if series.points[last].value is not None else None
    if y is None:
        y = frame.y(_between(series.points, last)) if _known(series.points) else frame.floor()
    kind = "end focus" if series.focus else "end"
    return _fitted(series.name, series.points[last].shown, frame.right + 2.6, y, kind, side - 2.6)


def _fitted(text: str, strong: str, x: float, y: float, kind: str, room: float) -> Label:
    return Label(text, x, y, kind, "start", strong=strong, room=room, lines=_lines(f"{text} {strong}".strip(), room))


def _apart(labels: list[Label], height: float) -> list[Label]:
    """The labels in order of height, pushed apart where they would touch, all within the chart."""
    ordered = sorted(labels, key=lambda label: label.y)
    halves = [max(_APART, label.lines * LINE_HEIGHT) / 2 for label in ordered]
    spots = [max(label.y, half) for label, half in zip(ordered, halves, strict=True)]
    for i in range(1, len(spots)):
        spots[i] = max(spots[i], spots[i - 1] + halves[i - 1] + halves[i])
    floor = height
    for i in range(len(spots) - 1, -1, -1):
        spots[i] = min(spots[i], floor - halves[i])
        floor = spots[i] - halves[i]
    return [replace(label, y=spot) for label, spot in zip(ordered, spots, strict=True)]


def _mirrored(label: Label, width: float) -> Label:
    anchor = {"start": "end", "end": "start"}.get(label.anchor, label.anchor)
    return replace(label, x=width - label.x, anchor=anchor)


def _wide(texts: Iterable[str], slack: float = 0.0) -> float:
    return max(len(text) for text in texts) * _LETTER + slack


def _lines(text: str, room: float) -> int:
    """How many lines a text takes in a box, filled word by word as the page will."""
    lines, used = 1, 0.0
    for word in text.split(" "):
        need = len(word) * _LETTER
        if used and used + _LETTER + need > room:
            lines, used = lines + 1, need
        else:
            used += need + (_LETTER if used else 0.0)
    return lines


def _path(spots: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in spots)


def _n(number: float) -> str:
    """Two decimals at most, always the same text for the same number."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
