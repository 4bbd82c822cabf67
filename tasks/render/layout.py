"""Where things stand: rooms and heights in mm, and the positions of a chart's labels for print and for the web."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.compose.draft import Multiple, Table
from tasks.draw import LINE_HEIGHT, Chart, ChartData, Label, draw

_ROOMS = {"full": (185.9,), "main-side": (118.0, 59.9), "halves": (88.95, 88.95)}
_TREND, _NARROW, _MULTIPLE = (58.0, 52.0, 46.0), (44.0, 38.0, 33.0), (17.0, 14.0, 11.0)
_GAP = 8.6  # mm between small multiples: four across the page are 40 mm each
_WEB = (96.0, 60.0)  # narrower than print, so that its labels can be read on a phone


@dataclass(frozen=True, slots=True)
class Layout:
    """What the template asks about sizes: `web` positions in per cent of the chart, print in mm."""

    web: bool
    direction: str
    thousands: str

    def drawn(self, data: ChartData, width: float, height: float) -> Chart:
        if self.web and data.kind != "multiple":
            width, height = _WEB
        return draw(data, width=width, height=height, direction=self.direction, thousands=self.thousands)

    def frame(self, chart: Chart) -> str:
        if self.web:
            return f"aspect-ratio:{chart.width:.2f}/{chart.height:.2f}"
        return f"width:{chart.width:.2f}mm;height:{chart.height:.2f}mm"

    def place(self, label: Label, chart: Chart) -> str:
        """The style of a label: its side, its width where it may wrap, and the top of its text."""
        across, down = self._scale(chart.width), self._scale(chart.height)
        middle = label.lines * LINE_HEIGHT / 2
        style = f"top:{down(label.y if self.web else label.y - middle)}"
        if label.anchor == "middle":
            return f"{style};left:{across(label.x - label.room / 2)};width:{across(label.room)};text-align:center"
        side = f"left:{across(label.x)}" if label.anchor == "start" else f"right:{across(chart.width - label.x)}"
        align = "left" if label.anchor == "start" else "right"
        return f"{style};{side};text-align:{align}" + (f";width:{across(label.room)}" if label.room else "")

    def _scale(self, whole: float) -> _Scale:
        return _Scale(100 / whole, "%") if self.web else _Scale(1.0, "mm")


@dataclass(frozen=True, slots=True)
class _Scale:
    factor: float
    unit: str

    def __call__(self, length: float) -> str:
        return f"{length * self.factor:.2f}{self.unit}"


def room(layout: str, index: int) -> float:
    """The width in mm of a column of a row."""
    return _ROOMS[layout][index]


def height(kind: str, width: float, density: int) -> float:
    """The height in mm of a chart of this kind, in a column of this width."""
    heights = _MULTIPLE if kind == "multiple" else _TREND if width > 100 else _NARROW
    return heights[density]


def across(items: Sequence[Multiple], width: float) -> int:
    """How many small multiples stand in one line: at most four, none under 36 mm."""
    fitting = max(1, int((width + _GAP) // (36 + _GAP)))
    return min(len(items), fitting, 3 if len(items) in (5, 6, 9) else 4)


def share(count: int, width: float) -> float:
    """The width of one of `count` small multiples."""
    return (width - _GAP * (count - 1)) / count


def numeric(table: Table, column: int) -> bool:
    """A column of numbers is set to the end of its cells; one with bars is not, its numbers align among themselves."""
    cells = [row.cells[column] for row in table.rows if column < len(row.cells)]
    return bool(cells) and all(cell.numeric for cell in cells) and not barred(table, column)


def barred(table: Table, column: int) -> bool:
    return any(row.cells[column].bar is not None for row in table.rows if column < len(row.cells))


def percent(fraction: float) -> str:
    return f"{100 * min(max(fraction, 0.0), 1.0):.1f}%"
