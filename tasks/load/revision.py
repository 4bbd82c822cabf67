"""Compare a new release with the one in force: what is new, revised or vanished, and what changed of the table's definition.

A release that changes more of the past than its contract allows waits: it is stored whole, and the release before it stays in
force for briefs until a person accepts it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from expectations import Contract
from sql import ledger
from sql.tables import Tables
from tasks.check import Verdict
from tasks.load.rows import read_only

# So many of the largest changes are told one by one.
LISTED = 50


@dataclass(frozen=True, slots=True)
class Revised:
    """What a release changes of the release `against`. `cells` are the largest changes; `definitions` are sentences."""

    against: int
    new: int
    revised: int
    vanished: int
    material: int
    waits: bool
    cells: tuple[dict[str, Any], ...]
    definitions: tuple[str, ...]


def compare(
    connection: Connection, verdict: Verdict, contract: Contract, target: Tables, *, release: int, against: int, withdrew: bool
) -> Revised:
    """Write what release `release`, just merged into the tables, changes of `against`, the one in force; 0 stands for none.

    `withdrew`: the merge took rows away, and left them in the temporary table `gone`.
    """
    definitions = _define(connection, verdict, contract, release=release, against=against)
    if not against:
        return Revised(0, 0, 0, 0, 0, False, (), ())
    _moved(connection, target, release=release, against=against, withdrew=withdrew)
    counts = _count(connection, verdict, contract)
    material = counts["material"] > contract.revision.cells or bool(definitions)
    waits = material and contract.revision.accept == "staff"
    cells = tuple(_largest(connection, contract, target)) if counts["revised"] or counts["vanished"] else ()
    revised = Revised(against, counts["new"], counts["revised"], counts["vanished"], counts["material"], waits, cells, definitions)
    row = {
        "contract": contract.name,
        "release": release,
        "against": against,
        "n_new": revised.new,
        "n_revised": revised.revised,
        "n_vanished": revised.vanished,
        "n_material": revised.material,
        "waits": waits,
        "cells": json.dumps(cells, ensure_ascii=False),
        "definitions": json.dumps(definitions, ensure_ascii=False),
    }
    connection.execute(ledger.revision.insert(), row)
    return revised


# Cells


def _moved(connection: Connection, target: Tables, *, release: int, against: int, withdrew: bool) -> None:
    """The temporary table `moved`: each cell that is another than at `against`, with its old and its new value.

    After a merge over the release in force its own lists say it. Where releases lie between that never came into force, the
    history does.
    """
    connection.execute(text("drop table if exists moved"))
    if against == release - 1:
        withdrawn = "union all select series_id, period, value, status, null, null, 0, 1 from gone" if withdrew else ""
        query = (
            "select series_id, period, old_value, old_status, value, status, is_new, 0 as is_gone from changed "
            f"where is_new = 1 or value is distinct from old_value or status <> old_status {withdrawn}"
        )
    else:
        query = _between(target, against)
    connection.execute(text(f"create temporary table moved as {query}"))


def _between(target: Tables, against: int) -> str:
    facts, history, a = target.facts.name, target.history.name, int(against)
    at = f"select series_id, period, value, status from {history} where since <= {a} and until > {a}"
    return (
        "select h.series_id, h.period, h.value as old_value, h.status as old_status, c.value, c.status, 0 as is_new, "
        f"case when c.since is null then 1 else 0 end as is_gone from ({at}) h "
        f"left join {facts} c on c.series_id = h.series_id and c.period = h.period "
        "where c.since is null or c.value is distinct from h.value or c.status <> h.status "
        "union all select c.series_id, c.period, null, null, c.value, c.status, 1, 0 "
        f"from {facts} c left join ({at}) h on c.series_id = h.series_id and c.period = h.period "
        f"where c.since > {a} and h.series_id is null"
    )


def _count(connection: Connection, verdict: Verdict, contract: Contract) -> dict[str, int]:
    rule = contract.revision
    turned = "(old_value is null) <> (value is null)"
    far = f"(abs(value - old_value) > {rule.least!r} and 100.0 * abs(value - old_value) > {rule.percent!r} * abs(old_value))"
    # Without a number on either side nothing is far: a mark that became another mark is told and does not wait.
    moved = f"(is_gone = 1 or {turned} or coalesce({far}, 1 = 0))"
    material = f"is_new = 0 and period < {_open_from(verdict, rule.open_periods)} and {moved}"
    query = (
        "select coalesce(sum(is_new), 0) as new, coalesce(sum(is_gone), 0) as vanished, "
        "coalesce(sum(case when is_new = 0 and is_gone = 0 then 1 else 0 end), 0) as revised, "
        f"coalesce(sum(case when {material} then 1 else 0 end), 0) as material from moved"
    )
    row = connection.execute(text(query)).one()
    return {name: int(getattr(row, name)) for name in ("new", "vanished", "revised", "material")}


def _open_from(verdict: Verdict, periods: int) -> int:
    """The first of the last periods of the file, whose figures are expected to change; beyond all when none is."""
    if not periods:
        return 1 << 30
    db = read_only(verdict.staged.path)
    try:
        newest = [int(number) for (number,) in db.execute("select period from period order by period desc limit ?", (periods,))]
    finally:
        db.close()
    return min(newest, default=1 << 30)


def _largest(connection: Connection, contract: Contract, target: Tables) -> list[dict[str, Any]]:
    assert target.series is not None
    names = ", ".join(f's."{name}"' for name in contract.dimensions)
    size = "case when m.is_gone = 1 or m.old_value is null or m.value is null then 1e300 else abs(m.value - m.old_value) end"
    query = (
        f"select {names}, p.code as period, m.old_value, m.old_status, m.value, m.status, m.is_gone from moved m "
        f"join {target.series.name} s on s.series_id = m.series_id join period p on p.period_id = m.period "
        f"where m.is_new = 0 order by {size} desc, m.period desc, m.series_id limit {LISTED}"
    )
    return [_cell(dict(row), contract) for row in connection.execute(text(query)).mappings()]


def _cell(row: dict[str, Any], contract: Contract) -> dict[str, Any]:
    old = row["old_value"] if row["old_value"] is not None else ledger.STATUS[row["old_status"]]
    new = "withdrawn" if row["is_gone"] else row["value"] if row["value"] is not None else ledger.STATUS[row["status"]]
    return {name: row[name] for name in [*contract.dimensions, "period"]} | {"was": old, "is": new}


# Definitions


def _define(connection: Connection, verdict: Verdict, contract: Contract, *, release: int, against: int) -> tuple[str, ...]:
    """Write the table's definition when it is another than the last one written; what differs from the one in force, in words."""
    now = _definition(verdict, contract)
    newest = _written(connection, contract, release)
    if newest != now:
        content = json.dumps(now, ensure_ascii=False, sort_keys=True)
        connection.execute(ledger.definition.insert(), {"contract": contract.name, "release": release, "content": content})
    before = _written(connection, contract, against) if against else None
    return tuple(_differences(before, now)) if before else ()


def _written(connection: Connection, contract: Contract, release: int) -> dict[str, Any] | None:
    table = ledger.definition
    query = select(table.c.content).where(table.c.contract == contract.name, table.c.release <= release)
    found = connection.scalar(query.order_by(table.c.release.desc()).limit(1))
    return json.loads(found) if found else None


def _definition(verdict: Verdict, contract: Contract) -> dict[str, Any]:
    db = read_only(verdict.staged.path)
    try:
        members = {
            name: [str(label) for (label,) in db.execute(f'select distinct "{name}" from series where "{name}" is not null order by 1')]
            for name in contract.dimensions
        }
    finally:
        db.close()
    title = " ".join(str(verdict.staged.snapshot.facts.get("title") or "").split())
    return {"title": title, "geography": contract.geography, "members": members}


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What a reader of the numbers has to know: another title or base year, other boundaries, members that are gone."""
    told = []
    if before["title"] and now["title"] and before["title"].casefold() != now["title"].casefold():
        years = [set(re.findall(r"\b(?:19|20)\d\d\b", title["title"])) for title in (before, now)]
        what = "The base year in the title changed" if years[0] != years[1] else "The title changed"
        told.append(f"{what}: it was “{before['title']}”, it is “{now['title']}”.")
    if before["geography"] != now["geography"] and before["geography"] is not None:
        told.append(f"The boundaries changed: they were those of {before['geography']}, they are those of {now['geography']}.")
    for name, members in before["members"].items():
        there = now["members"].get(name)
        if there is None:
            continue
        gone, added = sorted(set(members) - set(there)), sorted(set(there) - set(members))
        if gone:
            more = f", and there is now {_named(added)}" if added else ""
            told.append(f"Of {name}, {_named(gone)} {'is' if len(gone) == 1 else 'are'} no longer there{more}.")
    return told


def _named(members: list[str]) -> str:
    shown = ", ".join(f"“{member}”" for member in members[:5])
    return f"{shown} and {len(members) - 5} more" if len(members) > 5 else shown
