"""What partners say, against what public tables say: declared in `expectations/across.yaml`, and in the partnership's own beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import inspect, select

import expectations
from expectations import ContractBroken
from expectations.partnership import Partnership
from sql.tables import tables
from sql.warehouse import is_begun, reader


class Across(BaseModel):
    """One comparison: the metric, of each partner or of all together, may not exceed the public number of these rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    metric: str
    of: Literal["partner", "all"]
    table: str
    rows: dict[str, str]
    title: dict[str, str]

    @property
    def rule(self) -> str:
        """What its finding is called."""
        return f"across_{self.name}"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A comparison with the public number it found, or None where the table has none in force."""

    across: Across
    most: float | None


def comparisons(partnership: Partnership) -> tuple[Across, ...]:
    """The shipped comparisons and the partnership's own, by name; its own stands before the shipped one of the same name."""
    found: dict[str, Across] = {}
    for path in (expectations.HERE / "across.yaml", partnership.overlay / "across.yaml"):
        if path.is_file():
            found |= {one.name: one for one in _read(path)}
    return tuple(found[name] for name in sorted(found))


def _read(path: Path) -> list[Across]:
    where = str(path)
    try:
        entries: list[dict[str, Any]] = expectations.load_yaml(path.read_text(encoding="utf-8"), where)
        return [Across(**entry) for entry in entries]
    except ValidationError as error:
        first = error.errors()[0]
        raise ContractBroken(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}. Mend the entry.") from error
    except TypeError as error:
        raise ContractBroken(f"{where}: is not a list of comparisons in YAML: {error}") from error


def ceilings(partnership: Partnership, metrics: frozenset[str]) -> list[Ceiling]:
    """The comparisons of these metrics, each with its public number in force now."""
    return [Ceiling(across, _public(across, partnership)) for across in comparisons(partnership) if across.metric in metrics]


def _public(across: Across, partnership: Partnership) -> float | None:
    """The number of the newest period, at the place that covers the whole area; the largest where several do."""
    contract = expectations.read(across.table, partnership.overlay)
    if strangers := sorted(set(across.rows) - set(contract.columns)):
        raise ContractBroken(
            f"across.yaml: {across.name}: {across.table} has no column {', '.join(strangers)}. Name columns of the contract."
        )
    if not is_begun(partnership.home):
        return None
    whole = [place.code for place in partnership.gazetteer.places.values() if place.covers == "same"]
    column = next((name for name, settings in contract.columns.items() if settings.type == "place"), "")
    target = tables(contract)
    with reader(partnership.home).connect() as connection:
        there = inspect(connection)
        if target.series is None or not (there.has_table(target.series.name) and there.has_table(target.facts.name)):
            return None
        rows = target.view().subquery("public")
        query = select(rows.c.sequence, rows.c[contract.measure or ""]).where(rows.c[contract.measure or ""].is_not(None))
        for name, member in across.rows.items():
            query = query.where(rows.c[name] == member)
        if column:
            query = query.where(rows.c[column].in_(whole))
        found = connection.execute(query).tuples().all()
    return float(max(found)[1]) if found else None
