"""Charts: geometry in SVG, every word in a label, no number that is not printed, hidden points as gaps with a mark."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from tasks.draw import Chart, ChartData, Point, Series, Undrawable, draw
from tasks.draw.shapes import fixed

SVG = "{http://www.w3.org/2000/svg}"


def _series(*values: float | None, name: str = "Town", focus: bool = True) -> Series:
    """Yearly points from 2020 on, printed in words no axis would make: `5.3 w`."""
    shown = ("--" if value is None else f"{value} w" for value in values)
    points = tuple(Point(str(2020 + i), v, s) for i, (v, s) in enumerate(zip(values, shown, strict=True)))
    return Series(name, points, focus=focus)


def _chart(kind: str = "trend", *series: Series, **more: Any) -> ChartData:
    given = series or (_series(5.3, 6.1, 7.7, 13.9),)
    return replace(ChartData(kind, given, "Waits rose."), **more)


def _drawn(data: ChartData, direction: str = "ltr") -> Chart:
    return draw(data, width=118.0, height=58.0, direction=direction)


def _root(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(chart.svg)


def _lines(chart: Chart) -> list[str]:
    """The paths of lines: round joins are theirs alone."""
    return [path.get("d", "") for path in _root(chart).iter(f"{SVG}path") if path.get("stroke-linejoin")]


@pytest.mark.parametrize("kind", ["trend", "columns", "multiple"])
def test_the_only_text_of_the_svg_is_its_alternative(kind: str) -> None:
    root = _root(_drawn(_chart(kind, target=6.0, target_label="Target: 6 weeks")))
    assert root[0].tag == f"{SVG}title"
    assert "".join(root.itertext()) == "Waits rose."


@pytest.mark.parametrize("kind", ["trend", "columns"])
def test_labels_hold_no_number_but_printed_ones_periods_target_and_round_ticks(kind: str) -> None:
    data = _chart(kind, target=6.0, target_label="Target: 6 weeks")
    said = " ".join(f"{label.text} {label.strong}" for label in _drawn(data).labels)
    numbers = set(re.findall(r"[\d.]+", said))
    assert "13.9" in numbers
    years = {point.period for point in data.series[0].points}
    assert numbers <= {"5.3", "6.1", "7.7", "13.9", "6", *years, "0", "4", "8", "12", "16"}


@pytest.mark.parametrize("kind", ["trend", "multiple"])
def test_a_hidden_point_breaks_the_line_and_leaves_its_mark_in_the_gap(kind: str) -> None:
    whole = _drawn(_chart(kind, _series(1.0, 2.0, 3.0, 4.0, 5.0)))
    broken = _drawn(_chart(kind, _series(1.0, 2.0, None, 4.0, 5.0)))
    assert (len(_lines(whole)), len(_lines(broken))) == (1, 2)
    (mark,) = [label for label in broken.labels if label.kind == "mark"]
    assert mark.text == "--"
    ends = [[float(n) for n in re.findall(r"[\d.]+", line)] for line in _lines(broken)]
    assert ends[0][-2] < mark.x < ends[1][0]


def test_a_hidden_last_value_is_said_by_the_end_label_and_has_no_dot() -> None:
    chart = _drawn(_chart("trend", _series(1.0, 2.0, None)))
    (end,) = [label for label in chart.labels if label.kind.startswith("end")]
    assert (end.text, end.strong) == ("Town", "--")
    assert list(_root(chart).iter(f"{SVG}circle")) == []


def test_a_lonely_point_between_hidden_ones_is_still_seen() -> None:
    chart = _drawn(_chart("trend", _series(None, 3.0, None)))
    assert len(list(_root(chart).iter(f"{SVG}circle"))) == 1


def test_a_series_hidden_from_end_to_end_is_drawn_as_marks_only() -> None:
    chart = _drawn(_chart("columns", _series(None, None)))
    assert [label.text for label in chart.labels if label.kind == "mark"] == ["--", "--"]
    assert list(_root(chart).iter(f"{SVG}rect")) == []


def test_end_labels_keep_apart_and_stay_inside() -> None:
    series = tuple(_series(1.0, 14.0 + i / 10, name=f"Ward {i}", focus=i == 0) for i in range(4))
    ends = sorted(label.y for label in _drawn(_chart("trend", *series)).labels if label.kind.startswith("end"))
    assert len(ends) == 4
    assert min(low - high for high, low in pairwise(ends)) >= 4.19
    assert ends[0] >= 0
    assert ends[-1] <= 58


def test_a_long_name_wraps_and_its_neighbour_makes_room() -> None:
    long = _series(1.0, 14.0, name="Peterborough census metropolitan area as published")
    labels = _drawn(_chart("trend", long, _series(1.0, 14.1, name="City", focus=False))).labels
    wrapped = next(label for label in labels if label.kind == "end focus")
    other = next(label for label in labels if label.kind == "end")
    assert wrapped.lines > 1
    assert abs(wrapped.y - other.y) > 4.2


def test_columns_are_as_high_as_their_values_and_the_last_is_in_focus() -> None:
    bars = list(_root(_drawn(_chart("columns", _series(5.0, 10.0)))).iter(f"{SVG}rect"))
    heights = [float(bar.get("height", "0")) for bar in bars]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.02)
    assert bars[0].get("fill") != bars[1].get("fill") == "#0B5E73"


def test_a_whisker_reaches_from_lower_to_upper_and_the_value_stands_above_it() -> None:
    point = Point("2025", 60.0, "60", lower=50.0, upper=70.0)
    chart = _drawn(_chart("columns", Series("Rate", (point,)), top=100.0))
    whisker = next(p.get("d", "") for p in _root(chart).iter(f"{SVG}path") if "V" in p.get("d", ""))
    low, up = (float(n) for n in re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", whisker)[0])
    bar = next(_root(chart).iter(f"{SVG}rect"))
    assert up < float(bar.get("y", "0")) < low
    assert next(label for label in chart.labels if label.kind.startswith("value")).y < up


def test_a_negative_column_hangs_from_the_baseline() -> None:
    bars = list(_root(_drawn(_chart("columns", _series(-5.0, 5.0)))).iter(f"{SVG}rect"))
    top, height = float(bars[1].get("y", "0")), float(bars[1].get("height", "0"))
    assert float(bars[0].get("y", "0")) == pytest.approx(top + height, abs=0.02)


def test_multiples_share_their_top() -> None:
    def peak(top: float | None) -> float:
        chart = draw(_chart("multiple", _series(1.0, 5.0), top=top), width=40.0, height=17.0)
        return float(_lines(chart)[0].split(" ")[-1])

    assert peak(20.0) > peak(None) + 5


def test_a_target_is_a_dashed_rust_line_with_its_words() -> None:
    chart = _drawn(_chart("trend", target=6.0, target_label="Target: 6 weeks"))
    (line,) = [path for path in _root(chart).iter(f"{SVG}path") if path.get("stroke-dasharray")]
    assert line.get("stroke") == "#A63D17"
    assert [label.text for label in chart.labels if label.kind == "target"] == ["Target: 6 weeks"]


def test_right_to_left_mirrors_labels_and_geometry() -> None:
    left, right = _drawn(_chart()), _drawn(_chart(), "rtl")
    first, mirrored = left.labels[0], right.labels[0]
    assert mirrored.x == pytest.approx(118.0 - first.x)
    assert (first.anchor, mirrored.anchor) == ("end", "start")
    assert "matrix(-1 0 0 1 118 0)" in right.svg
    assert "matrix" not in left.svg


def test_period_labels_do_not_touch_and_the_last_is_always_there() -> None:
    points = tuple(Point(f"Sept. {2000 + i}", float(i), str(i)) for i in range(25))
    labels = _drawn(_chart("trend", Series("Town", points))).labels
    periods = [label for label in labels if label.text.startswith("Sept.")]
    assert periods[-1].text == "Sept. 2024"
    assert len(periods) >= 3
    assert min(b.x - a.x for a, b in pairwise(periods)) > 14


def test_numbers_are_written_one_way_only() -> None:
    assert [fixed(n) for n in (-0.001, 0.0, 1.0, 1.5, 10.0, 2 / 3)] == ["0", "0", "1", "1.5", "10", "0.67"]


@pytest.mark.parametrize(("thousands", "printed"), [(",", "\u221220,000"), ("\u00a0", "\u221220\u00a0000")])
def test_ticks_follow_the_language_and_have_a_true_minus(thousands: str, printed: str) -> None:
    data = _chart("trend", _series(-18000.0, 15000.0, name="Net, both"))
    labels = draw(data, width=118.0, height=58.0, thousands=thousands).labels
    assert printed in [label.text for label in labels if label.kind == "axis tick"]
    assert "Net, both" in [label.text for label in labels]


def test_an_alternative_with_signs_of_html_stays_text() -> None:
    chart = _drawn(_chart(alternative='Fewer than <10> & "few"'))
    assert _root(chart).findtext(f"{SVG}title") == 'Fewer than <10> & "few"'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_chart("pie"), "pie"),
        (_chart(alternative=" "), "alternative"),
        (_chart("trend", Series("Town", ())), "no points"),
        (_chart("columns", _series(1.0), _series(2.0)), "one series"),
        (_chart("trend", _series(1.0, 2.0), _series(1.0)), "other periods"),
        (_chart("trend", _series(1.0, float("nan"))), "not finite"),
    ],
)
def test_what_cannot_be_drawn_says_why(data: ChartData, message: str) -> None:
    with pytest.raises(Undrawable, match=message):
        _drawn(data)


# Breaks and letters


def _broken(kind: str, *values: float | None, at: tuple[int, ...] = (2,)) -> ChartData:
    return _chart(kind, replace(_series(*values), breaks=at), break_label="break")


def _rules(chart: Chart) -> list[tuple[float, float, float]]:
    """The upright rules: where they stand, from where to where."""
    found = [path.get("d", "") for path in _root(chart).iter(f"{SVG}path") if path.get("stroke-dasharray") == ".5 .7"]
    return [(float(m[1]), float(m[2]), float(m[3])) for d in found if (m := re.fullmatch(r"M([\d.]+) ([\d.]+)V([\d.]+)", d))]


@pytest.mark.parametrize("kind", ["trend", "multiple"])
def test_a_line_is_interrupted_at_a_break_and_a_rule_stands_in_the_gap(kind: str) -> None:
    """C14: no line leads from one side to the other."""
    chart = _drawn(_broken(kind, 1.0, 2.0, 6.0, 7.0))
    before, after = ([float(n) for n in re.findall(r"[\d.]+", line)] for line in _lines(chart))
    ((x, top, foot),) = _rules(chart)
    assert before[-2] < x < after[0]
    assert x == pytest.approx((before[-2] + after[0]) / 2, abs=0.02)
    assert top < foot <= 58
    assert len(_lines(_drawn(_chart(kind, _series(1.0, 2.0, 6.0, 7.0))))) == 1


def test_a_rule_stands_between_two_columns() -> None:
    chart = _drawn(_broken("columns", 1.0, 2.0, 6.0, 7.0))
    edges = [(float(b.get("x", "0")), float(b.get("x", "0")) + float(b.get("width", "0"))) for b in _root(chart).iter(f"{SVG}rect")]
    ((x, _, _),) = _rules(chart)
    assert edges[1][1] < x < edges[2][0]


@pytest.mark.parametrize("kind", ["trend", "columns"])
def test_the_word_of_a_break_stands_over_its_rule_and_over_every_number(kind: str) -> None:
    chart = _drawn(_broken(kind, 1.0, 13.9, 13.9, 13.8))
    (word,) = [label for label in chart.labels if label.kind == "break"]
    ((x, top, _),) = _rules(chart)
    assert (word.text, word.anchor) == ("break", "middle")
    assert word.x == pytest.approx(x, abs=0.02)
    assert word.y < top
    assert all(label.y - 1.7 >= word.y for label in chart.labels if label.kind.startswith(("value", "axis")))


def test_neighbouring_breaks_are_one_rule() -> None:
    chart = _drawn(_broken("trend", 1.0, 2.0, 6.0, 7.0, 8.0, at=(2, 3)))
    assert len(_rules(chart)) == 1
    assert len(_lines(chart)) == 2, "before, and after; the point between is a dot"


def test_the_area_of_an_interval_is_parted_with_its_line() -> None:
    points = tuple(Point(str(2020 + n), float(n + 5), "n", float(n + 4), float(n + 6)) for n in range(4))
    whole = _drawn(_chart("trend", Series("Town", points, focus=True)))
    parted = _drawn(_chart("trend", Series("Town", points, focus=True, breaks=(2,)), break_label="break"))
    assert [svg.svg.count('fill="#DCEBEF"') for svg in (whole, parted)] == [1, 2]


def test_a_break_without_a_word_is_refused() -> None:
    with pytest.raises(Undrawable, match="has a break and no word for it"):
        _drawn(_chart("trend", replace(_series(1.0, 2.0), breaks=(1,))))


def test_a_chart_without_breaks_keeps_its_room() -> None:
    chart = _drawn(_chart("columns", _series(1.0, 2.0), break_label="break"))
    assert _rules(chart) == []
    assert not [label for label in chart.labels if label.kind == "break"]


@pytest.mark.parametrize("kind", ["trend", "columns"])
def test_letters_of_quality_go_with_their_number(kind: str) -> None:
    points = (Point("2024", 4.0, "4"), Point("2025", 5.0, "5", quality="E"))
    labels = _drawn(_chart(kind, Series("Town", points, focus=True))).labels
    assert [(label.strong or label.text, label.quality) for label in labels if label.quality] == [("5", "E")]
