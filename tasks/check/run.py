"""Run compiled rules through Great Expectations over one staging file."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Off even in a version that would send: no run of OpenLIP tells anyone that it ran.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import sqlalchemy as sa

from tasks import Misuse
from tasks.check import house  # importing it registers the expectations
from tasks.check.compile import Compiled


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that found something: the rows (index, found text), or what was observed of the whole table."""

    rule: Compiled
    rows: list[tuple[int, str]]
    observed: str


def run(path: Path, rules: list[Compiled]) -> tuple[list[Broken], list[tuple[Compiled, str]]]:
    """The rules that found something, and the rules that could not run, each in the order of `rules`."""
    # It tells of a folder for pages that we never make, at every check.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # It lives in memory only: writing its settings as YAML after every step would just take time.
    context._save_project_config = lambda: None
    url = f"sqlite:///{path}"
    source = context.data_sources.add_sqlite("staging", connection_string=url, create_temp_table=False)
    engine = sa.create_engine(url)
    answers: dict[str, Broken | str] = {}
    try:
        for table, group in _by_table(rules).items():
            if table == "unread" and _is_empty(table, engine):
                continue
            batch = source.add_table_asset(table, table_name=table).add_batch_definition_whole_table("all").get_batch()
            # A plain yes or no first, which is cheapest; what failed is asked again for counts and rows.
            result = batch.validate(_suite(table, group), result_format="BOOLEAN_ONLY")
            failed = {one.expectation_config.meta["rule"] for one in result.results if not one.success}
            if again := [rule for rule in group if rule.name in failed]:
                result = batch.validate(_suite(table, again), result_format=_format(again))
                answers |= _read(result, {rule.name: rule for rule in again}, engine)
    finally:
        engine.dispose()
    found = [(rule, answers[rule.name]) for rule in rules if rule.name in answers]
    return [a for _, a in found if isinstance(a, Broken)], [(rule, a) for rule, a in found if isinstance(a, str)]


def _is_empty(table: str, engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"select 1 from {table} limit 1").first() is None


def _by_table(rules: list[Compiled]) -> dict[str, list[Compiled]]:
    """Rules by the table and row index they need: each group is one validation."""
    groups: dict[str, list[Compiled]] = defaultdict(list)
    for rule in rules:
        groups[rule.table].append(rule)
    return groups


def _format(rules: list[Compiled]) -> dict[str, Any]:
    # BASIC with no partial list and the index query: exact counts in one scan, rows fetched only for rules that failed.
    index = next((rule.row for rule in rules if rule.row), "")
    wanted = {"result_format": "BASIC", "partial_unexpected_count": 0}
    return wanted | ({"return_unexpected_index_query": True, "unexpected_index_column_names": [index]} if index else {})


def _suite(name: str, rules: list[Compiled]) -> gx.ExpectationSuite:
    """Build the suite and count it: Great Expectations drops a rule it does not know with a log line only."""
    # It knows no severity for what waits until somebody confirmed it, and decides nothing by it.
    known = {"confirm": "critical"}
    specs = [
        {"type": rule.type, "kwargs": rule.kwargs, "severity": known.get(rule.severity, rule.severity), "meta": {"rule": rule.name}}
        for rule in rules
    ]
    suite = gx.ExpectationSuite(name=name, expectations=specs)
    built = [expectation.meta["rule"] for expectation in suite.expectations]
    lost = [rule.name for rule in rules if rule.name not in built]
    if lost or not built:
        raise Misuse(
            f"Great Expectations does not know the rule {', '.join(lost) or 'of an empty suite'}: check `type` and `severity` under `also`."
        )
    return suite


def _read(result: Any, rules: dict[str, Compiled], engine: sa.Engine) -> dict[str, Broken | str]:
    answers: dict[str, Broken | str] = {}
    for one in result.results:
        if one.success:
            continue
        rule = rules[one.expectation_config.meta["rule"]]
        if not one.result:
            answers[rule.name] = _why(one.exception_info)
        else:
            answers[rule.name] = Broken(rule, _rows(one.result, rule, engine), _observed(one.result, rule, engine))
    return answers


def _why(info: dict[str, Any]) -> str:
    texts = [item.get("exception_message", "") for item in info.values() if isinstance(item, dict)]
    return next((text for text in texts if text), str(info.get("exception_message", "no reason given")))[:300]


def _rows(result: dict[str, Any], rule: Compiled, engine: sa.Engine) -> list[tuple[int, str]]:
    if rule.type == house.ExpectKeyToBeUnique.expectation_type:
        return _duplicates(rule, engine)
    query = str(result.get("unexpected_index_query") or "").strip().rstrip(";")
    if not rule.row or not query:
        return []
    with engine.connect() as connection:
        # exec_driver_sql: the query is compiled for the driver already, and a colon in it is not a parameter.
        rows = connection.exec_driver_sql(query).mappings().all()
    column = str(rule.kwargs.get("column", ""))
    return [(row[rule.row], _text(row.get(column))) for row in rows if row[rule.row] is not None]


def _duplicates(rule: Compiled, engine: sa.Engine) -> list[tuple[int, str]]:
    key = ", ".join(f'"{name}"' for name in rule.kwargs["key"])
    query = (
        "select row, first, last from (select row, count(*) over same as n, min(row) over same as first, max(row) over same as last "
        f"from {rule.table} window same as (partition by {key})) where n > 1 order by row"
    )
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(query).all()
    return [(row, f"the same key as row {last if row == first else first}") for row, first, last in rows if row is not None]


def _observed(result: dict[str, Any], rule: Compiled, engine: sa.Engine) -> str:
    if "observed_value" in result:
        return _text(result["observed_value"])
    if rule.table == "file":
        with engine.connect() as connection:
            return _text(connection.exec_driver_sql(f"select {rule.column} from file").scalar()) + " rows"
    return f"{result.get('unexpected_count')} rows that do not meet it"


def _text(value: Any) -> str:
    if value is None or value == "":
        return "an empty cell"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
