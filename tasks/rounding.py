"""The disclosure classes, and how a count of a class is rounded: what is printed, and what a reader may take it to stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import yaml

import expectations
from sql import IndicatorHeader
from tasks import Misuse


@dataclass(frozen=True, slots=True)
class DisclosureClass:
    """How counts of a class are shown: hidden from 0 to `hide`, rounded to `round`, from at least `contributors` partners."""

    name: str
    hide: int
    round: int
    contributors: int
    dimensions: int = 2


@lru_cache(maxsize=1)
def classes() -> dict[str, DisclosureClass]:
    """The disclosure classes by name."""
    path = expectations.HERE / "classes.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: DisclosureClass(name=name, **rule) for name, rule in data.items()}


def class_of(header: IndicatorHeader) -> DisclosureClass:
    """The disclosure class that an indicator names."""
    if header.class_ not in classes():
        raise Misuse(f"class {header.class_} is not in expectations/classes.yaml: {', '.join(classes())}")
    return classes()[header.class_]


def round_half_up(value: float, base: int) -> int:
    """A whole number at the nearest multiple of `base`, halves up, in integer arithmetic.

    >>> [round_half_up(n, 5) for n in (6, 7, 8, 12, 13)], [round_half_up(n, 10) for n in (14, 15, 25)]
    ([5, 5, 10, 10, 15], [10, 20, 30])
    """
    whole = math.floor(value + 0.5)
    return (2 * whole + base) // (2 * base) * base


def claim_of(shown: int, rule: DisclosureClass) -> tuple[int, int]:
    """The least and the largest count that a printed number stands for under its class.

    >>> claim_of(5, DisclosureClass("persons", 5, 5, 3)), claim_of(10, DisclosureClass("s", 10, 10, 3))
    ((6, 7), (11, 14))
    """
    half = rule.round // 2
    up = half if rule.round % 2 else half - 1
    return max(rule.hide + 1 if rule.hide else 0, shown - half), shown + max(up, 0)


def part_of(count: float | None, rule: DisclosureClass) -> int | None:
    """A part of a ratio as it would be printed, or None when it would be hidden."""
    if count is None or (rule.hide and count <= rule.hide):
        return None
    return round_half_up(count, rule.round)
