"""Comparisons of several rows of a partner's file: a part with its whole, a breakdown with its row for all, equal numbers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from expectations.catalogue import Metric
from sql import periods
from sql.ledger import sequence_of
from tasks.check.past import Past, Series

ALL = "all"
# Numbers of a period that are all alike are told from so many rows on.
ALIKE = 5
Read = tuple[int, Series, str, float | None]
Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One comparison: what was found, and from `least` to `most` it is right. `row` is where it is told, `others` it speaks of too."""

    rule: str
    row: int | None
    others: tuple[int, ...]
    found: float
    least: float | None
    most: float | None
    said: Names

    @property
    def rows(self) -> tuple[int, ...]:
        return (*(() if self.row is None else (self.row,)), *self.others)

    @property
    def is_wrong(self) -> bool:
        return (self.least is not None and self.found < self.least) or (self.most is not None and self.found > self.most)

    def as_row(self) -> tuple[object, ...]:
        return self.rule, self.row, json.dumps(self.others), self.found, self.least, self.most, json.dumps(self.said)


def compare(
    lines: Sequence[Read], metrics: Mapping[str, Mapping[str, Metric]], past: Past, codes: Mapping[str, Sequence[str]]
) -> Iterator[Told]:
    """Every comparison of a file; `metrics` are those in force by period, `codes` the closed lists of the columns."""
    groups: dict[tuple[str, str, str], list[Read]] = defaultdict(list)
    for line in lines:
        groups[line[1][0], line[2], line[1][1]].append(line)
    for (_, period, code), group in groups.items():
        if metric := metrics[period].get(code):
            yield from _sums(group, metric, codes)
    for (partner, period, code), group in groups.items():
        if metric := metrics[period].get(code):
            yield from _above((partner, period), metric, group, groups, metrics[period], past)
    for partner, period in dict.fromkeys((partner, period) for partner, period, _ in groups):
        yield from _parts((partner, period), groups, metrics[period], past)
    yield from _alike(lines)


def _sums(group: list[Read], metric: Metric, codes: Mapping[str, Sequence[str]]) -> Iterator[Told]:
    """The row for all of a breakdown against the rows it is split into, one column of the breakdown at a time."""
    for position, column in enumerate(codes):
        if column not in metric.breakdowns:
            continue
        by_rest: dict[Series, list[Read]] = defaultdict(list)
        for line in group:
            by_rest[(*line[1][:position], *line[1][position + 1 :])].append(line)
        for split in by_rest.values():
            whole = [line for line in split if line[1][position] == ALL and line[3] is not None]
            parts = [line for line in split if line[1][position] != ALL and line[3] is not None]
            if not whole or not parts:
                continue
            total = sum(line[3] or 0 for line in parts)
            complete = {line[1][position] for line in parts} == set(codes[column]) - {ALL}
            said = (("limit", f"{total:g}"), *_names(metric))
            others = tuple(line[0] for line in parts)
            rule = "sum" if complete else "sum_most"
            yield Told(rule, whole[0][0], others, whole[0][3] or 0, total, total if complete else None, said)


def _above(
    whose: tuple[str, str],
    metric: Metric,
    group: list[Read],
    groups: Mapping[tuple[str, str, str], list[Read]],
    metrics: Mapping[str, Metric],
    past: Past,
) -> Iterator[Told]:
    """A number against so many times another that it may not exceed."""
    if metric.at_most is None or metric.at_most[1] not in metrics:
        return
    times, other = metric.at_most
    mine = _total(group)
    against = groups.get((*whose, other), [])
    whole = _total(against) if against else _in_force(whose, other, past)
    if mine is None or whole is None:
        return
    said = (("limit", f"{times * whole:g}"), *_names(metric), *_names(metrics[other], "other"))
    rows = [line[0] for line in group]
    others = (*rows[1:], *(line[0] for line in against))
    yield Told("above", rows[0], others, mine, None, times * whole, said)


def _parts(
    whose: tuple[str, str], groups: Mapping[tuple[str, str, str], list[Read]], metrics: Mapping[str, Metric], past: Past
) -> Iterator[Told]:
    """The parts of a whole, added up, against it; a part that is not in the file counts as it is in force."""
    wholes = dict.fromkeys(metric.part_of for metric in metrics.values() if metric.part_of in metrics)
    for whole in wholes:
        parts = [metric.code for metric in metrics.values() if metric.part_of == whole]
        there = [groups.get((*whose, code), []) for code in (whole, *parts)]
        if not any(there):
            continue
        numbers = [_total(group) if group else _in_force(whose, code, past) for group, code in zip(there, (whole, *parts), strict=True)]
        known = [number for number in numbers[1:] if number is not None]
        if numbers[0] is None or not known:
            continue
        rows = [line[0] for group in there for line in group]
        said = (("limit", f"{numbers[0]:g}"), *_names(metrics[whole], "other"), *_names(metrics[whole]))
        yield Told("parts", rows[0], tuple(rows[1:]), sum(known), None, numbers[0], said)


def _alike(lines: Sequence[Read]) -> Iterator[Told]:
    """How many different numbers each period of a partner has."""
    numbers: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _, series, period, value in lines:
        if value is not None:
            numbers[series[0], period].append(value)
    for (_, period), values in numbers.items():
        if len(values) >= ALIKE:
            said = (("found", f"{values[0]:g}"), ("count", str(len(values))), ("period", period))
            yield Told("all_equal", None, (), len(set(values)), 2, None, said)


def _total(group: Sequence[Read]) -> float | None:
    """The number of a metric: that of its row for all, or the sum of its rows where each has a number."""
    for _, series, _, value in group:
        if len(series) == 2 or all(member == ALL for member in series[2:]):
            return value
    values = [value for *_, value in group]
    return None if not values or any(value is None for value in values) else sum(value or 0 for value in values)


def _in_force(whose: tuple[str, str], code: str, past: Past) -> float | None:
    partner, period = whose
    at = sequence_of(periods.parse(period))
    found = [
        (0, series, period, numbers[at])
        for series, numbers in past.numbers.items()
        if series[0] == partner and series[1] == code and at in numbers
    ]
    return _total(found)


def _names(metric: Metric, called: str = "metric") -> Names:
    return tuple((f"{called}_{language}", name) for language, name in metric.names)
