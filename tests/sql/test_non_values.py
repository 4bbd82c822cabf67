"""No shipped indicator turns a cell without a number into a zero: each case again, with a mark in the place of a number.

A hidden cell whose bounds are known may count with them, and then the figure has a range at least as wide. A mark without bounds leaves
no number at all.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

import sql
from expectations import Contract
from expectations.partnership import Partnership
from tests.sql.test_cases import CONTRACTS, QUERIES, Row, asked, cases, connection, engine, given, partnership

__all__ = ["connection", "engine", "partnership"]  # fixtures
STATCAN = ("statcan", "census_wide")


def public_tables(query: str) -> set[str]:
    """The publishers' tables that stand behind a query, however far."""
    read = {table for needed in sql.in_order(QUERIES, {query}) for table in needed.reads}
    return {name for name in read if name in CONTRACTS and not (CONTRACTS[name].is_register or CONTRACTS[name].is_partner)}


# These count the areas that have an index, and how many have one is an indicator beside them.
COUNTS_OF_KNOWN = ("diverse_areas", "index_areas", "vulnerable_areas")
PUBLIC = [name for name in sorted(QUERIES) if QUERIES[name].is_indicator and public_tables(name)]


def marks(contract: Contract) -> dict[str, tuple[float, float] | None]:
    """A mark of the table whose bounds are known and one whose bounds nobody knows, where it has them."""
    found: dict[str, tuple[float, float] | None] = {"x": None} if contract.layout.kind in STATCAN else {}
    for mark, meaning in contract.non_values.items():
        found[mark] = None if meaning.lower is None or meaning.upper is None else (meaning.lower, meaning.upper)
    first = {bounds is None: mark for mark, bounds in reversed(found.items())}
    return {mark: found[mark] for mark in first.values()}


def variants(case: dict[str, Any], query: str) -> Iterator[tuple[dict[str, list[Row]], dict[str, list[Row]], tuple[float, float] | None]]:
    """What is given with one number made a mark, the same with a zero in its place, and the bounds of the mark.

    Of a list of periods the first and the last are tried.
    """
    for table in sorted(public_tables(query) & set(case["given"])):
        contract = CONTRACTS[table]
        for index, row in enumerate(case["given"][table]):
            cells = row[contract.measure]
            spots = sorted({0, len(cells) - 1}) if isinstance(cells, list) else [None]
            for spot in spots:
                number = cells if spot is None else cells[spot]
                if isinstance(number, bool) or not isinstance(number, int | float) or not number:
                    continue
                for mark, bounds in marks(contract).items():
                    yield put(case["given"], table, index, spot, mark), put(case["given"], table, index, spot, 0), bounds


def put(rows_of: dict[str, list[Row]], table: str, index: int, spot: int | None, cell: Any) -> dict[str, list[Row]]:
    changed = copy.deepcopy(rows_of)
    row = changed[table][index]
    measure = str(CONTRACTS[table].measure)
    if spot is None:
        row[measure] = cell
    else:
        row[measure][spot] = cell
    return changed


def answer(connection: Connection, partnership: Partnership, query: str, rows_of: dict[str, list[Row]]) -> dict[tuple[str, str], Row]:
    """The rows of a query by place and period, over nothing but what is given."""
    savepoint = connection.begin_nested()
    try:
        given(connection, rows_of)
        return {(row["place"], row["period"]): row for row in asked(connection, partnership, query)}
    finally:
        savepoint.rollback()


@pytest.mark.parametrize("query", [query for query in PUBLIC if query not in COUNTS_OF_KNOWN])
def test_a_mark_is_never_a_zero(connection: Connection, partnership: Partnership, query: str) -> None:
    noticed = 0
    for case in cases(query):
        plain = answer(connection, partnership, query, case["given"])
        for marked, zeroed, bounds in variants(case, query):
            found = answer(connection, partnership, query, marked)
            noticed += found != plain
            for key, row in found.items():
                if row == plain.get(key) or row["value"] is None:
                    continue
                where = f"{case['it']}: {key} is {row}"
                if row["value"] == plain[key]["value"] and row.get("lower") is None and row.get("upper") is None:
                    continue  # the cell is a standard error: the number stays, and nobody knows how far it may be off
                assert row.get("lower") is not None, f"no least: {where}"
                assert row.get("upper") is not None, f"no most: {where}"
                assert row["lower"] <= row["value"] <= row["upper"], where
                before = plain[key]["upper"] - plain[key]["lower"]
                wide = row["upper"] - row["lower"]
                assert wide >= before if bounds else wide > before, f"no wider than with the number, {before}: {where}"
                zero = answer(connection, partnership, query, zeroed).get(key, {})
                assert (row["lower"], row["upper"]) != (zero.get("lower"), zero.get("upper")), f"the same as with a zero: {where}"
    assert noticed


@pytest.mark.parametrize("query", COUNTS_OF_KNOWN)
def test_a_count_of_areas_leaves_an_unknown_one_out_of_both_numbers(connection: Connection, partnership: Partnership, query: str) -> None:
    """An area without an index is in no fifth, and not among the areas that have one."""
    for case in cases(query):
        for marked, _, _ in variants(case, query):
            fewer = answer(connection, partnership, query, marked)
            of = answer(connection, partnership, "index_areas", marked)
            for key, row in fewer.items():
                assert row["value"] <= of[key]["value"], case["it"]


def test_every_publishers_indicator_is_tried() -> None:
    """The list is not empty by mistake, and each has a case with a number to hide."""
    assert len(PUBLIC) >= 9
    for query in PUBLIC:
        assert any(True for case in cases(query) for _ in variants(case, query)), query
