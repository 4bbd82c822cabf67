"""Where values and periods stand: the frame of a chart, its ticks, and how much room words take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tasks.draw.model import LINE_HEIGHT, ChartData, Label, Point, Series

LETTER = 1.68  # mm: a generous mean width of a letter at 8.25 points, semibold
_APART = 4.2  # mm: what two end labels keep from each other


@dataclass(frozen=True, slots=True)
class Frame:
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


def numbers(data: ChartData) -> list[float]:
    """Every number that has a height in the chart."""
    points = [point for series in data.series for point in series.points]
    given = [number for p in points for number in (p.value, p.lower, p.upper)] + [data.target, data.top]
    return [number for number in given if number is not None]


def span(data: ChartData) -> tuple[float, float]:
    """The lowest and highest value drawn, zero included and never the same."""
    drawn = [0.0, *numbers(data)]
    low, high = min(drawn), max(drawn)
    return low, high if high > low else low + 1.0


def ticks(data: ChartData) -> list[float]:
    """Whole steps of 1, 2, 4, 5 or 10 (times ten) that reach over every value in at most five intervals."""
    low, high = span(data)
    steps = (mantissa * 10**power for power in range(12) for mantissa in (1, 2, 4, 5))
    step = next((s for s in steps if math.ceil(high / s) - math.floor(low / s) <= 5), 10**12)
    return [float(step * n) for n in range(math.floor(low / step), math.ceil(high / step) + 1)]


def tick_text(tick: float) -> str:
    """A whole number with commas between thousands and a true minus."""
    return f"{tick:,.0f}".replace("-", "\u2212")


def periods(points: Sequence[Point], frame: Frame, width: float) -> list[Label]:
    """Period labels counted back from the last point, as many as stand side by side."""
    room = wide([p.period for p in points], slack=2.0)
    pitch = (frame.right - frame.left) / max(1, len(points) - 1)
    stride = next((s for s in (1, 2, 3, 4, 6, 8, 12, 20, 24) if s * pitch >= room), len(points))
    labels = []
    for index in range(len(points) - 1, -1, -stride):
        half = wide([points[index].period]) / 2
        x = min(max(frame.x(index), half), width - half)
        labels.append(Label(points[index].period, x, frame.bottom + 3.0, "axis", "middle", room=2 * half + 4))
    return labels[::-1]


def runs(series: Series, frame: Frame) -> list[list[tuple[float, float]]]:
    """The unbroken stretches of a series; a point without value ends one, and a break begins another."""
    return [[frame.spot(index, point.value or 0.0) for index, point in stretch] for stretch in stretches(series)]


def stretches(series: Series) -> list[list[tuple[int, Point]]]:
    """The points between which a line may be drawn, with their positions."""
    found: list[list[tuple[int, Point]]] = [[]]
    for index, point in enumerate(series.points):
        if point.value is None or index in series.breaks:
            found.append([])
        if point.value is not None:
            found[-1].append((index, point))
    return [stretch for stretch in found if stretch]


def broken(data: ChartData) -> list[int]:
    """The positions before which the chart has a rule: the first of neighbouring ones stands for all."""
    every = {index for series in data.series for index in series.breaks if index > 0}
    return sorted(index for index in every if index - 1 not in every)


def height_at(points: Sequence[Point], index: int, frame: Frame) -> float:
    """Where a point stands; a hidden one halfway between its nearest known neighbours, or above the baseline."""
    near = [point.value for point in points[index : index + 1] if point.value is not None]
    if not near:
        before = [point.value for point in points[:index] if point.value is not None][-1:]
        after = [point.value for point in points[index + 1 :] if point.value is not None][:1]
        near = before + after
    return frame.y(sum(near) / len(near)) if near else frame.floor() - 2.3


def apart(labels: list[Label], height: float) -> list[Label]:
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


def wide(texts: Iterable[str], slack: float = 0.0) -> float:
    """The room in mm of the longest text, and some slack."""
    return max(len(text) for text in texts) * LETTER + slack


def line_count(text: str, room: float) -> int:
    """How many lines a text takes in a box, filled word by word as the page will."""
    lines, used = 1, 0.0
    for word in text.split(" "):
        need = len(word) * LETTER
        if used and used + LETTER + need > room:
            lines, used = lines + 1, need
        else:
            used += need + (LETTER if used else 0.0)
    return lines
