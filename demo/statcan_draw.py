"""The data points of a table that are drawn by rule: the same figures every time, with totals that add up and the publisher's marks.

A declaration says under `draw` what a figure is made of; its members say how much of it is theirs:

- a place has a `weight` (thousands of people, say), and may have a `tilt` on rates;
- a measure (a member of the dimension named by `along`, or `measure`) is a count `per` unit of weight, the `sum` of other measures,
  a `percent` of two (lists of) measures, or an `index` that stands by itself;
- a member of another dimension has a `share` of its `parent` (or of the member `within`), exact to the last unit, and a `tilt`;
  or it is an echo: so many `times` the member it is `of`, as a standard error is of its estimate.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from demo.statcan_cells import Cell, parts

Member = dict[str, Any]
Key = tuple[tuple[int, ...], int]  # the members of the crossed dimensions, and the measure
Point = tuple[float | None, str]


def draw(said: dict[str, Any]) -> Iterator[Cell]:
    """Every data point, by period and then by coordinate."""
    table = _Drawn(said)
    for step, period in enumerate(periods(said)):
        yield from table.at(step, period)


def periods(said: dict[str, Any]) -> list[str]:
    """The periods of the declaration: those listed, or from `first` to `last` by the frequency of the table."""
    wanted = said["draw"]["periods"]
    if isinstance(wanted, list):
        return [str(period) for period in wanted]
    first, last = str(wanted["first"]), str(wanted["last"])
    found = [first]
    while found[-1] != last:
        found.append(_next(found[-1], {6: 1, 9: 3, 12: 12}[said["frequency"]]))
    return found


def _next(period: str, months: int) -> str:
    """The period that many months later, written the same way: 2025, 2025-07 or 2024/2025."""
    year, _, rest = period.partition("-")
    if "/" in period:
        return f"{int(period[:4]) + 1}/{int(period[5:]) + 1}"
    if not rest:
        return str(int(period) + 1)
    index = int(year) * 12 + int(rest) - 1 + months
    return f"{index // 12}-{index % 12 + 1:02}"


def chance(*key: object) -> float:
    """A number from -1 to 1 that follows from the key alone."""
    digest = hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class _Leaf:
    """The smallest part of a dimension: the members it counts for, and its share. The rest that no member names is a leaf too."""

    members: frozenset[int]
    share: float
    tilt: Any


@dataclass(frozen=True, slots=True)
class _Tree:
    """A member that stands at the top of a dimension, and its leaves."""

    top: Member
    leaves: list[_Leaf]


def _trees(members: Sequence[Member]) -> list[_Tree]:
    """A tree for each member that is no share of another."""
    children: dict[int | None, list[Member]] = {}
    for member in members:
        if "share" in member:
            children.setdefault(member.get("within", member.get("parent")), []).append(member)

    def below(member: Member, above: frozenset[int], share: float, tilt: Any) -> Iterator[_Leaf]:
        own = above | {member["id"]}
        own_parts = children.get(member["id"], [])
        for child in own_parts:
            yield from below(child, own, share * child["share"], child.get("tilt", 1))
        rest = 1 - sum(child["share"] for child in own_parts)
        if rest > 1e-9:
            yield _Leaf(own, share * rest, tilt)

    return [_Tree(top, list(below(top, frozenset(), 1.0, 1))) for top in members if not {"share", "of"} & top.keys()]


def _tilt(tilt: Any, measure: str) -> float:
    return float(tilt.get(measure, 1) if isinstance(tilt, dict) else tilt)


class _Drawn:
    """One declared table."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said, self.rule = said, said["draw"]
        names = [dimension["name"]["en"] for dimension in said["dimensions"]]
        self.names, self.members = names, [dimension["members"] for dimension in said["dimensions"]]
        self.along = names.index(self.rule["along"]) if "along" in self.rule else -1
        self.crossed = [i for i in range(1, len(names)) if i != self.along]
        # Without such a dimension the table has one measure, which no coordinate names.
        self.measures: list[Member] = self.members[self.along] if "along" in self.rule else [self.rule["measure"] | {"id": 0, "en": ""}]
        self.since = names.index(self.rule["since"]["dimension"]) if "since" in self.rule else -1

    @cached_property
    def forest(self) -> list[tuple[_Tree, ...]]:
        """Each choice of one tree of every crossed dimension."""
        return list(itertools.product(*(_trees(self.members[i]) for i in self.crossed)))

    def at(self, step: int, period: str) -> list[Cell]:
        """The data points of a period in order of coordinate."""
        cells: list[Cell] = []
        for place in self.members[0]:
            points = self._points(place, step, period)
            for (others, measure), point in points.items():
                found = self._cell(place, others, measure, period, point)
                cells += [found] if found else []
        return sorted(cells, key=lambda cell: cell.members)

    # Values

    def _points(self, place: Member, step: int, period: str) -> dict[Key, Point]:
        found: dict[Key, Point] = {}
        combined = list(itertools.product(*([one for one in self.members[i] if "of" not in one] for i in self.crossed)))
        for measure in self.measures:
            if "per" in measure:
                found |= self._counts(place, measure, step, period)
            elif "index" in measure:
                for members in combined:
                    key = tuple(member["id"] for member in members)
                    found[key, measure["id"]] = (self._index(place, members, measure, step, period), "")
        for measure in self.measures:
            for members in combined:
                self._made(found, tuple(member["id"] for member in members), measure)
        for position, index in enumerate(self.crossed):
            for member in [one for one in self.members[index] if "of" in one]:
                found |= self._echo(found, position, member, place.get("echo", {}).get(self.names[index], 1))
        return found

    def _echo(self, found: dict[Key, Point], position: int, member: Member, more: float) -> dict[Key, Point]:
        """The data points of a member that follows another; `more` where this place says so, as its small sample does."""
        made: dict[Key, Point] = {}
        for (key, measure), (value, mark) in found.items():
            if key[position] == member["of"]:
                own = (*key[:position], member["id"], *key[position + 1 :])
                times = more * member["times"] * (1 + 0.02 * chance(self.said["product"], own, measure, value))
                made[own, measure] = (None if value is None else value * times, mark)
        return made

    def _level(self, place: Member, measure: Member, step: int, period: str, *key: object) -> float:
        """What makes a measure of a place this large in this period: its trend, its ups and downs, and chance."""
        level = float((1 + measure.get("trend", 0)) ** step * measure.get("by_period", {}).get(period, 1))
        chances = chance(self.said["product"], measure["en"], place["id"], period, *key)
        return float(level * _tilt(place.get("tilt", 1), measure["en"]) * (1 + measure.get("spread", 0.01) * chances))

    def _counts(self, place: Member, measure: Member, step: int, period: str) -> dict[Key, Point]:
        """A count of the place, in whole parts that add up."""
        found: dict[Key, Point] = {}
        name, unit = measure["en"], measure.get("round", 1)
        total = place["weight"] * measure["per"] * self._level(place, measure, step, period)
        for trees in self.forest:
            tops = tuple(tree.top for tree in trees)
            part = total * (1 + measure.get("by_year", 0)) ** self._years(tuple(top["id"] for top in tops), period)
            part *= math.prod(_tilt(top.get("tilt", 1), name) for top in tops)
            leaves = list(itertools.product(*(tree.leaves for tree in trees)))
            shares = [math.prod(leaf.share * _tilt(leaf.tilt, name) for leaf in crossed) for crossed in leaves]
            numbers = parts(round(part), [share / sum(shares) for share in shares])
            sums: dict[tuple[int, ...], int] = {}
            for crossed, number in zip(leaves, numbers, strict=True):
                for key in itertools.product(*(leaf.members for leaf in crossed)):
                    sums[key] = sums.get(key, 0) + number
            found |= {(key, measure["id"]): (float(round(number / unit) * unit), "") for key, number in sums.items()}
        return found

    def _index(self, place: Member, members: tuple[Member, ...], measure: Member, step: int, period: str) -> float:
        value = measure["index"] * self._level(place, measure, step, period, *(member["id"] for member in members))
        for member in members:
            value *= _tilt(member.get("tilt", 1), measure["en"])
        years = self._years(tuple(member["id"] for member in members), period)
        value *= (1 + measure.get("by_year", 0)) ** years
        return round(value / measure["round"]) * measure["round"] if "round" in measure else float(value)

    def _years(self, others: tuple[int, ...], period: str) -> int:
        """Years from the member of the dimension `since` (such as "2016, admission year") to the period."""
        if self.since < 0:
            return 0
        wanted = others[self.crossed.index(self.since)]
        name = next(str(member["en"]) for member in self.members[self.since] if member["id"] == wanted)
        return int(period[:4]) - int(name[:4])

    def _made(self, found: dict[Key, Point], key: tuple[int, ...], measure: Member) -> Point:
        """A data point, made of those of other measures where it is a sum or a percentage; hidden where one of them is."""
        at = key, measure["id"]
        if at not in found and "sum" in measure:
            found[at] = sum(self._values(found, key, measure["sum"])), ""
        elif at not in found:
            of, whole = (self._values(found, key, names) for names in measure["percent"])
            hidden = self._hidden(min(of)) or not sum(whole)
            found[at] = (None, self.rule.get("small", {}).get("mark", "..")) if hidden else (100 * sum(of) / sum(whole), "")
        return found[at]

    def _values(self, found: dict[Key, Point], key: tuple[int, ...], names: list[str] | str) -> list[float]:
        wanted = [names] if isinstance(names, str) else names
        measures = [next(measure for measure in self.measures if measure["en"] == name) for name in wanted]
        return [self._made(found, key, measure)[0] or 0.0 for measure in measures]

    # Marks

    def _hidden(self, count: float) -> bool:
        return bool(abs(count) < self.rule.get("small", {}).get("below", 0))

    def _cell(self, place: Member, others: tuple[int, ...], measure: int, period: str, point: Point) -> Cell | None:
        """The data point as printed, or None where the table has no row for it."""
        ids = list(others)
        if self.along >= 0:
            ids.insert(self.along - 1, measure)
        members = (place["id"], *ids)
        if self.since >= 0 and self._years(others, period) < self.rule["since"].get("lag", 0):
            return None
        said = next(one for one in self.measures if one["id"] == measure)
        value, mark = point
        for gap in self.rule.get("gaps", []):
            if self._matches(gap, members, period):
                if "mark" not in gap:
                    return None
                value, mark = None, gap["mark"]
        if value is not None and "percent" not in said and "index" not in said and self._hidden(value):
            value, mark = None, self.rule["small"]["mark"]
        if value is not None and (1 + chance(self.said["product"], "F", *members, period)) / 2 < self.rule.get("unreliable", 0):
            value, mark = None, "F"
        if value is None:
            return Cell(period, members, "", mark)
        return Cell(period, members, _printed(value, said), self._letter(place, members))

    def _matches(self, gap: dict[str, Any], members: tuple[int, ...], period: str) -> bool:
        """Whether a gap (`at` members by dimension, `before` or `since` a period) holds this data point."""
        if not gap.get("since", "") <= period < gap.get("before", "9999"):
            return False
        for name, wanted in gap.get("at", {}).items():
            index = self.names.index(name)
            if next(member["en"] for member in self.members[index] if member["id"] == members[index]) not in wanted:
                return False
        return True

    def _letter(self, place: Member, members: tuple[int, ...]) -> str:
        """The quality letter: by the weight of the place, one worse for one cell in ten."""
        letters: dict[str, float] = self.rule.get("letters", {})
        worse = chance(self.said["product"], "letter", *members) > 0.8
        order = [letter for letter, least in letters.items() if place["weight"] >= least]
        return order[min(1 if worse else 0, len(order) - 1)] if order else ""


def _printed(value: float, measure: Member) -> str:
    """A number as the table prints it: scaled, to its decimals."""
    text = f"{value / 10 ** measure.get('scalar', 0):.{measure.get('decimals', 0)}f}"
    return "0" if text == "-0" else text
