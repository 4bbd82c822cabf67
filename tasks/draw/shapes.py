"""SVG as text: lines, areas, bars, dots. No words, no ids, and the same text for the same number everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.draw.model import ChartData, Point, Series
from tasks.draw.scale import Frame, runs, stretches

INK, FOCUS, TARGET, OTHER, GRID, AREA = "#14213D", "#0B5E73", "#A63D17", "#8594A3", "#E1E8ED", "#DCEBEF"
_END = 1.05  # mm: the dot at the end of a line


def line(series: Series, frame: Frame, thickness: float) -> list[str]:
    """The unbroken stretches of a series, and a dot on its last point unless that is hidden."""
    colour = FOCUS if series.focus else OTHER
    style = f'fill="none" stroke="{colour}" stroke-width="{fixed(thickness)}" stroke-linejoin="round"'
    drawn = []
    for run in runs(series, frame):
        alone = len(run) == 1
        drawn.append(dot(run[0], thickness * 0.9, colour) if alone else f'<path d="{path(run)}" {style}/>')
    last = series.points[-1].value
    return drawn if last is None else [*drawn, dot(frame.spot(len(series.points) - 1, last), _END, colour)]


def band(series: Series, frame: Frame) -> str:
    """The interval around a line, where every point of it has one; it is parted where the line breaks."""
    if any(point.lower is None or point.upper is None or point.value is None for point in series.points):
        return ""
    drawn = []
    for stretch in stretches(series):
        lows = [frame.spot(index, point.lower or 0.0) for index, point in stretch]
        ups = [frame.spot(index, point.upper or 0.0) for index, point in stretch]
        if len(stretch) > 1:
            drawn.append(f'<path d="{path([*lows, *reversed(ups)])}Z" fill="{AREA}"/>')
    return "".join(drawn)


def area(run: Sequence[tuple[float, float]], frame: Frame) -> str:
    outline = [(run[0][0], frame.floor()), *run, (run[-1][0], frame.floor())]
    return f'<path d="{path(outline)}Z" fill="{AREA}"/>'


def column(point: Point, middle: float, thickness: float, frame: Frame, colour: str) -> list[str]:
    """A bar from zero, with a whisker where the point has an interval; a hidden point draws nothing."""
    if point.value is None:
        return []
    y, floor = frame.y(point.value), frame.floor()
    box = f'x="{fixed(middle - thickness / 2)}" y="{fixed(min(y, floor))}" width="{fixed(thickness)}"'
    drawn = [f'<rect {box} height="{fixed(abs(y - floor))}" fill="{colour}"/>']
    if point.lower is not None and point.upper is not None and point.lower < point.upper:
        drawn.append(whisker(middle, frame.y(point.lower), frame.y(point.upper)))
    return drawn


def whisker(x: float, low: float, up: float) -> str:
    caps = f"M{fixed(x - 0.9)} {fixed(up)}H{fixed(x + 0.9)}M{fixed(x - 0.9)} {fixed(low)}H{fixed(x + 0.9)}"
    return f'<path d="M{fixed(x)} {fixed(low)}V{fixed(up)}{caps}" fill="none" stroke="{INK}" stroke-width=".35"/>'


def rule(frame: Frame, value: float, colour: str, thickness: float) -> str:
    """A line across the frame at a value."""
    across = f"M{fixed(frame.left)} {fixed(frame.y(value))}H{fixed(frame.right)}"
    return f'<path d="{across}" stroke="{colour}" stroke-width="{fixed(thickness)}"/>'


def upright(x: float, frame: Frame, top: float) -> str:
    """The thin rule of a break, from `top` down to the foot of the frame."""
    return f'<path d="M{fixed(x)} {fixed(top)}V{fixed(frame.bottom)}" stroke="{INK}" stroke-width=".25" stroke-dasharray=".5 .7"/>'


def target(data: ChartData, frame: Frame) -> list[str]:
    """The dashed line of the target, if there is one."""
    if data.target is None:
        return []
    style = f'stroke="{TARGET}" stroke-width=".4" stroke-dasharray="1.4 1"'
    y = fixed(frame.y(data.target))
    return [f'<path d="M{fixed(frame.left)} {y}H{fixed(frame.right)}" {style}/>']


def dot(spot: tuple[float, float], radius: float, colour: str) -> str:
    return f'<circle cx="{fixed(spot[0])}" cy="{fixed(spot[1])}" r="{fixed(radius)}" fill="{colour}"/>'


def path(spots: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{fixed(x)} {fixed(y)}" for x, y in spots)


def fixed(number: float) -> str:
    """Two decimals at most, always the same text for the same number."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
