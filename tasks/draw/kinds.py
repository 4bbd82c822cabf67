"""The kinds of chart, each a function from data and size to shapes and labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from tasks.draw import scale, shapes
from tasks.draw.model import LINE_HEIGHT, TICK, ChartData, Label, Point, Series
from tasks.draw.scale import Frame, wide
from tasks.draw.shapes import FOCUS, GRID, INK, OTHER

Drawing = tuple[list[str], list[Label]]
_GAP = 2.6  # mm from the end of a line to its name
_BREAK_ROOM = 3.6  # mm over the frame for the word beside a break


def _trend(data: ChartData, width: float, height: float) -> Drawing:
    """Lines with an end dot and their name and last value beside it; no legend."""
    points, ticks = data.series[0].points, scale.ticks(data)
    head = _BREAK_ROOM if scale.broken(data) else 0.0
    side = _end_room(data, width)
    axis = max(7.0, 1.55 * max(len(scale.tick_text(tick)) for tick in ticks) + 2.5)
    frame = Frame(axis, width - side, 3.0 + head, height - 6.0, ticks[0], ticks[-1], len(points))
    drawn = [shapes.rule(frame, tick, GRID, 0.25) for tick in ticks if tick != 0]
    drawn.append(shapes.rule(frame, 0.0, INK, 0.35))
    drawn += [shapes.band(series, frame) for series in data.series if series.focus]
    drawn += shapes.target(data, frame)
    labels = [Label(scale.tick_text(tick), axis - 1.6, frame.y(tick), TICK, "end") for tick in ticks]
    labels += scale.periods(points, frame, width)
    ends = _target_label(data, frame, side - _GAP)
    for series in sorted(data.series, key=lambda series: series.focus):
        drawn += shapes.line(series, frame, 0.85 if series.focus else 0.65)
        labels += _marks(series, series.points[:-1], frame)
        ends.append(_end(series, frame, side - _GAP))
    rules, words = _breaks(data, [frame.x(index) for index in range(len(points))], frame)
    return drawn + rules, labels + scale.apart(ends, height) + words


def _columns(data: ChartData, width: float, height: float) -> Drawing:
    """Bars of one series, the printed value beyond each, the last one in the focus colour."""
    points = data.series[0].points
    side = min(max(18.0, wide([data.target_label]) + _GAP), width * 0.32) if data.target_label else 0.0
    slot = (width - side) / len(points)
    room = slot - 1.6
    lines = max(scale.line_count(point.period, room) for point in points)
    low, high = scale.span(data)
    foot = height - 1.6 - lines * LINE_HEIGHT
    head = _BREAK_ROOM if scale.broken(data) else 0.0
    frame = Frame(0.0, width - side, 5.0 + head, foot - (4.5 if low < 0 else 0.0), low, high, len(points))
    drawn, labels = shapes.target(data, frame), _target_label(data, frame, side - _GAP)
    for index, point in enumerate(points):
        middle = (index + 0.5) * slot
        colour = FOCUS if index == len(points) - 1 else OTHER
        drawn += shapes.column(point, middle, min(slot * 0.62, 15.0), frame, colour)
        labels.append(_value(point, middle, frame, colour))
        y = foot + 1.0 + lines * LINE_HEIGHT / 2
        labels.append(Label(point.period, middle, y, "period", "middle", room=room, lines=lines))
    rules, words = _breaks(data, [(index + 0.5) * slot for index in range(len(points))], frame)
    return [*drawn, *rules, shapes.rule(frame, 0.0, INK, 0.35)], labels + words


def _multiple(data: ChartData, width: float, height: float) -> Drawing:
    """A small area under a line; charts of one row share `top`."""
    low, high = scale.span(data)
    frame = Frame(1.4, width - 1.4, 1.4, height - 0.4, low, high, len(data.series[0].points))
    drawn: list[str] = []
    labels: list[Label] = []
    for series in data.series:
        drawn += [shapes.area(run, frame) for run in scale.runs(series, frame) if len(run) > 1]
        drawn += shapes.line(replace(series, focus=True), frame, 0.75)
        labels += _marks(series, series.points, frame)
    edge = replace(frame, left=0.0, right=width)
    rules, _ = _breaks(data, [frame.x(index) for index in range(frame.count)], frame)
    drawn += rules
    return [*drawn, shapes.rule(edge, 0.0, INK, 0.35), *shapes.target(data, edge)], labels


def _breaks(data: ChartData, spots: Sequence[float], frame: Frame) -> Drawing:
    """A rule halfway before each point that begins anew, with its word over the first; a series is never drawn through it."""
    found = [(spots[index - 1] + spots[index]) / 2 for index in scale.broken(data)]
    top = _BREAK_ROOM if data.break_label and data.kind != "multiple" else frame.top
    room = wide([data.break_label], slack=1.0) if data.break_label else 0.0
    told = [x for index, x in enumerate(found) if index == 0 or x - found[index - 1] > room]
    return [shapes.upright(x, frame, top) for x in found], [
        Label(data.break_label, x, _BREAK_ROOM / 2, "break", "middle", room=room) for x in told
    ]


def _end_room(data: ChartData, width: float) -> float:
    """What the words at the ends of the lines need, within a third of the chart."""
    texts = [f"{series.name} {series.points[-1].shown}" for series in data.series]
    return min(max(25.0, wide([*texts, data.target_label]) + _GAP + 1.0), width * 0.36)


def _end(series: Series, frame: Frame, room: float) -> Label:
    """The name of a line with its last printed value, or the mark of a last point that is hidden."""
    kind = "end focus" if series.focus else "end"
    y = scale.height_at(series.points, len(series.points) - 1, frame)
    return replace(_fitted(series.name, series.points[-1].shown, frame.right + _GAP, y, kind, room), quality=series.points[-1].quality)


def _target_label(data: ChartData, frame: Frame, room: float) -> list[Label]:
    if data.target is None or not data.target_label:
        return []
    return [_fitted(data.target_label, "", frame.right + _GAP, frame.y(data.target), "target", room)]


def _fitted(text: str, strong: str, x: float, y: float, kind: str, room: float) -> Label:
    bold = "0" * math.ceil(1.35 * len(strong))  # set larger than the name, and never broken
    lines = scale.line_count(f"{text} {bold}".strip(), room)
    return Label(text, x, y, kind, "start", strong=strong, room=room, lines=lines)


def _marks(series: Series, points: Sequence[Point], frame: Frame) -> list[Label]:
    """The mark of every hidden point among `points`, in the gap of its line."""
    hidden = [(index, point) for index, point in enumerate(points) if point.value is None]
    return [
        Label(point.shown, frame.x(index), scale.height_at(series.points, index, frame), "mark", "middle", room=10.0)
        for index, point in hidden
    ]


def _value(point: Point, middle: float, frame: Frame, colour: str) -> Label:
    """The printed value beyond a column and its whisker; a hidden point has its mark on the baseline."""
    room = wide([point.shown]) + 1.2
    if point.value is None:
        return Label(point.shown, middle, frame.floor() - 2.3, "mark", "middle", room=room)
    down = point.value < 0
    edge = point.lower if down else point.upper
    y = frame.y(point.value if edge is None else edge) + (2.3 if down else -2.3)
    kind = "value focus" if colour == FOCUS else "value"
    return Label(point.shown, middle, y, kind, "middle", room=room + (1.6 if point.quality else 0.0), quality=point.quality)


PAINTERS: dict[str, Callable[[ChartData, float, float], Drawing]] = {
    "trend": _trend,
    "columns": _columns,
    "multiple": _multiple,
}
