"""The catalogue of shared metrics: the register `metrics.csv`, each metric with the definition in force on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from expectations import ContractBroken, places

COLUMNS = (
    *("metric", "method_version", "name_en", "name_fr", "kind", "reporter", "frequency", "breakdowns", "table"),
    *("part_of", "at_most", "jump", "jump_least", "valid_from", "valid_to"),
)
# How far from its own past a number is asked about, where the register says nothing else.
JUMP, JUMP_LEAST = 3, 10


@dataclass(frozen=True, slots=True)
class Metric:
    """One definition of a metric. `at_most` is how many times which other metric it may not exceed; `valid_to` is its last day."""

    code: str
    version: int
    names: tuple[tuple[str, str], ...]
    is_stock: bool
    reporter: str
    frequency: str
    breakdowns: tuple[str, ...]
    table: str
    part_of: str
    denominator: str
    at_most: tuple[int, str] | None
    jump: int
    jump_least: int
    valid_from: date
    valid_to: date | None

    def name(self, language: str) -> str:
        return dict(self.names)[language]

    def is_in_force(self, first: date, last: date) -> bool:
        """True when the definition holds on a day of the span."""
        return self.valid_from <= last and (self.valid_to is None or self.valid_to >= first)


def read(home: Path) -> tuple[Metric, ...]:
    """Every definition of the register of a partnership, by metric and version; `ContractBroken` names the line that cannot be read."""
    path = home / "registers" / "metrics.csv"
    found = [_metric(row, line, path) for line, row in enumerate(places.rows(path, *COLUMNS), start=2)]
    return tuple(sorted(found, key=lambda metric: (metric.code, metric.version)))


def in_force(metrics: Iterable[Metric], first: date, last: date) -> dict[str, Metric]:
    """By code the newest definition that holds on a day of the span."""
    return {metric.code: metric for metric in metrics if metric.is_in_force(first, last)}


def _metric(row: dict[str, str], line: int, path: Path) -> Metric:
    try:
        times, _, whole = row["at_most"].rpartition(" ")
        return Metric(
            code=row["metric"],
            version=int(row["method_version"]),
            names=(("en", row["name_en"]), ("fr", row["name_fr"])),
            is_stock=row["kind"] == "stock",
            reporter=row["reporter"],
            frequency=row["frequency"],
            breakdowns=tuple(row["breakdowns"].split()),
            table=row["table"],
            part_of=row["part_of"],
            denominator=row["denominator"],
            at_most=(int(times or 1), whole) if whole else None,
            jump=int(row["jump"] or JUMP),
            jump_least=int(row["jump_least"] or JUMP_LEAST),
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        )
    except (ValueError, AttributeError) as error:
        raise ContractBroken(f"{path} line {line}: {error}. Numbers are digits and days are written 2026-09-30: mend the line.") from error
