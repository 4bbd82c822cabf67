"""The queries: one table, one file, a YAML header comment, a plain select that runs as it is in any client.

A query reads tables by name, so the order is parsed, not declared.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import sqlglot
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlglot import exp

HERE = Path(__file__).parent
FOLDERS = ("staging", "warehouse", "indicators")


class QueryBroken(Exception):
    """A query file that cannot be used: the message names the file and what is wrong."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Header(_Strict):
    """What every query says of itself: what it is, why it is there, who wrote it, who looks again when."""

    title: dict[str, str]
    why: str
    author: str
    checked_by: str
    review_by: date


class IndicatorHeader(Header):
    """An indicator says besides how its numbers are printed and protected.

    `better` is the direction that is good (`context` for none); `fresh_days` is how old the end of the last period may be
    before a brief that prints it stops; `interval` says that a number is never printed without its range. `never_with` names an
    indicator of how many people a number belongs to: it is not printed where those are few (`tasks.protect`).
    """

    unit: str
    decimals: int = 0
    better: Literal["up", "down", "context"]
    serves: list[str]
    class_: str
    kind: Literal["stock", "flow", "ratio"]
    fresh_days: int
    caveats: list[str] = []
    interval: bool = False
    never_with: str = ""


class Query(_Strict):
    """One file of `sql/`: its name, its header, its text, and the tables it reads."""

    name: str
    folder: str
    header: Header | IndicatorHeader
    text: str
    reads: frozenset[str]

    @property
    def is_indicator(self) -> bool:
        return isinstance(self.header, IndicatorHeader)

    @property
    def indicator(self) -> IndicatorHeader:
        """The header of an indicator; `QueryBroken` for any other query."""
        if not isinstance(self.header, IndicatorHeader):
            raise QueryBroken(f"sql/{self.folder}/{self.name}.sql is not an indicator")
        return self.header


def tables_of(text: str) -> frozenset[str]:
    """The tables a select reads, without its own CTEs."""
    tree = sqlglot.parse_one(text, dialect="postgres")
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table)) - own


def parse(text: str, *, name: str, folder: str) -> Query:
    """Read one query file."""
    where = f"sql/{folder}/{name}.sql"
    if not text.startswith("/*") or "*/" not in text:
        raise QueryBroken(f"{where}: begins with no header comment /* ... */ in YAML")
    head, body = text[2:].split("*/", 1)
    try:
        data: dict[str, Any] = yaml.safe_load(head)
        if "class" in data:
            data["class_"] = data.pop("class")
        header = (IndicatorHeader if folder == "indicators" else Header)(**data)
        statement = body.strip().rstrip(";")
        _one_select(statement, where)
        return Query(name=name, folder=folder, header=header, text=statement, reads=tables_of(statement))
    except ValidationError as error:
        first = error.errors()[0]
        raise QueryBroken(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError) as error:
        raise QueryBroken(f"{where}: the header is not YAML: {error}") from error
    except sqlglot.errors.ParseError as error:
        raise QueryBroken(f"{where}: is not one select: {error}") from error


def _one_select(statement: str, where: str) -> None:
    trees = sqlglot.parse(statement, dialect="postgres")
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise QueryBroken(f"{where}: holds {len(trees)} statements; the body is one select, in one statement")


def read_all(overlay: Path | None = None) -> dict[str, Query]:
    """Every query by name, a partnership's own laid over the shipped ones."""
    paths: dict[str, Path] = {}
    for root in [HERE, *([overlay] if overlay and overlay.is_dir() else [])]:
        for folder in FOLDERS:
            for path in sorted((root / folder).glob("*.sql")):
                paths[path.stem] = path
    return {name: _read(path, path.stat().st_mtime_ns) for name, path in paths.items()}


@lru_cache(maxsize=512)
def _read(path: Path, _stamp: int) -> Query:
    return parse(path.read_text(encoding="utf-8"), name=path.stem, folder=path.parent.name)


def in_order(queries: dict[str, Query], wanted: set[str] | None = None) -> list[Query]:
    """The queries (or those that `wanted` needs) so that each comes after what it reads."""
    graph = {name: {table for table in query.reads if table in queries} for name, query in queries.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise QueryBroken(f"Queries read each other in a circle: {' > '.join(error.args[1])}") from error
    needed = set(queries) if wanted is None else closure(graph, wanted)
    return [queries[name] for name in order if name in needed]


def closure(graph: dict[str, set[str]], wanted: set[str]) -> set[str]:
    """The wanted names and everything they read."""
    needed: set[str] = set()
    stack = list(wanted)
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack.extend(graph.get(name, ()))
    return needed
