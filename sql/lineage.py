"""Carry the origin of every row through a select, so that a number walks back to the rows of the publishers' files.

Each source of a select has a text column `origin`; the rewritten select has one too: the origins of the rows it was made of,
joined by commas. `select distinct` and a `union` without `all` would merge rows before their origins are gathered, so queries use
`group by` and `union all`. What stands in a `where` chooses rows and is no origin of them.

An origin is `contract/release/row`, and of a cell with a quality letter or without a number and bounds
`contract/release/row/quality/status`, in the codes of `sql.ledger`: so a sum is known to hold them without any query
saying so. A query that selects `quality` or `status` has said it itself; the letters of a sum are, on both engines alike,
`max(quality & 31) + max(quality & 32) + max(quality & 64) + max(quality & 128) as quality`.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from sql.ledger import QUALITY, STATUS

# Tables that hold no data of anybody: the calendar and the partnership's own settings.
WITHOUT = frozenset({"period", "partnership"})


@dataclass(frozen=True, slots=True)
class Trail:
    """One row of a publisher's file; `row` is None for a zero left out, `mark` is told where it has no number and no bounds."""

    contract: str
    release: int
    row: int | None
    quality: int = 0
    mark: str = ""


def trails(origin: str) -> list[Trail]:
    """The rows that an `origin` names, each once, in order.

    >>> trails("t/1/12,t/1/9,t/2/3/48/3,t/1/")
    [Trail(contract='t', release=1, row=None, quality=0, mark=''), Trail(contract='t', release=1, row=9, quality=0, mark=''), \
Trail(contract='t', release=1, row=12, quality=0, mark=''), Trail(contract='t', release=2, row=3, quality=48, mark='x')]
    """
    found = set()
    for part in origin.split(","):
        if part:
            contract, release, row, *more = part.split("/")
            quality, status = (int(code) for code in more) if more else (0, 0)
            found.add(Trail(contract, int(release), int(row) if row else None, quality, STATUS[status]))
    return sorted(found, key=lambda trail: (trail.contract, trail.release, trail.row or 0))


def letters(qualities: list[int]) -> str:
    """The quality of a number made of cells: the worst of their letters A to E, then p, r and t where any cell has them.

    >>> letters([QUALITY["B"], QUALITY["E"] | QUALITY["p"], 0]), letters([QUALITY["r"]]), letters([])
    ('Ep', 'r', '')
    """
    bits = 0
    for quality in qualities:
        bits |= quality
    worst = next((letter for letter in "EDCBA" if bits & QUALITY[letter]), "")
    return worst + "".join(letter for letter in "prtc" if bits & QUALITY[letter])


def with_origin(text: str, dialect: str) -> str:
    """The select with an `origin` column, in the dialect of the engine (`sqlite` or `postgresql`).

    >>> with_origin("select place, sum(persons) as value from t group by place", "sqlite")
    "SELECT place, SUM(persons) AS value, GROUP_CONCAT(t.origin, ',') AS origin FROM t GROUP BY place"
    """
    name = "postgres" if dialect == "postgresql" else dialect
    tree = sqlglot.parse_one(text, dialect="postgres")
    if any(select.args.get("distinct") for select in tree.find_all(exp.Select)):
        raise ValueError("select distinct loses the origins of the rows it merges; use group by")
    if any(not isinstance(found, exp.Union) or found.args.get("distinct") for found in tree.find_all(exp.SetOperation)):
        raise ValueError("union without all, intersect and except lose the origins of the rows they merge; use union all")
    for cte in list(tree.find_all(exp.CTE)):
        _extend(cte.this, name)
    _extend(tree, name)
    return str(tree.sql(dialect=name))


def _extend(query: exp.Expression, dialect: str) -> None:
    if isinstance(query, exp.SetOperation):
        _extend(query.left, dialect)
        _extend(query.right, dialect)
    elif isinstance(query, exp.Subquery):
        _extend(query.this, dialect)
    elif isinstance(query, exp.Select):
        _select(query, dialect)


def _select(query: exp.Select, dialect: str) -> None:
    sources = []
    clause = query.args.get("from_") or query.args.get("from")
    for source in [clause.this if clause else None, *(join.this for join in query.args.get("joins") or [])]:
        if isinstance(source, exp.Subquery):
            _extend(source.this, dialect)
        if source is not None and source.name not in WITHOUT:
            sources.append(exp.column("origin", table=source.alias_or_name))
    parts: exp.Expression = sources[0] if len(sources) == 1 else exp.Literal.string("")
    if len(sources) > 1:
        joined = [exp.func("coalesce", source, exp.Literal.string("")) for source in sources]
        parts = joined[0]
        for part in joined[1:]:
            parts = exp.DPipe(this=exp.DPipe(this=parts, expression=exp.Literal.string(",")), expression=part)
    if _aggregates(query):
        together = "string_agg" if dialect == "postgres" else "group_concat"
        parts = exp.Anonymous(this=together.upper(), expressions=[parts, exp.Literal.string(",")])
    query.select(exp.alias_(parts, "origin"), copy=False)


def _aggregates(query: exp.Select) -> bool:
    if query.args.get("group"):
        return True
    for projection in query.expressions:
        for found in projection.find_all(exp.AggFunc):
            if found.find_ancestor(exp.Window) is None:
                return True
    return False
