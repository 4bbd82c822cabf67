"""Staging: every cell is read, held with its reason, or left out by a rule that says so; nothing disappears."""

from __future__ import annotations

import io
import json
import os
import re
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from demo.publishers import Publishers
from expectations import Contract, parse, read
from expectations.partnership import Partnership
from tasks.stage import Staged
from tasks.stage.cells import number
from tests import world
from tests.world import contract_text, ircc_file, ircc_row, partner_file, population_row, staged, statcan_file, zipped

POPULATION = read("statcan_population_quarterly")
COMPONENTS = read("statcan_components_cma")
RESIDENTS = read("ircc_pr_cma")
PERMITS = read("ircc_pgwp_cma")
METRICS = read("partner_metrics")
ALL_PROVINCES = parse(
    contract_text("statcan_population_quarterly").replace(", places: partnership", "").replace("rows: [100,", "rows: [1,"), name="provinces"
)


def query(made: Staged, text: str) -> list[tuple[Any, ...]]:
    """The answer of a staging file; the file must have been made."""
    assert made.refusal is None, made.refusal
    with closing(sqlite3.connect(made.path)) as db:
        return db.execute(text).fetchall()


def facts(made: Staged) -> list[tuple[Any, ...]]:
    """Dimensions, period, value, status code and row of every fact, by row."""
    names = [row[1] for row in query(made, "pragma table_info(series)")][2:]
    dimensions = ", ".join(f's."{name}"' for name in names)
    return query(
        made,
        f"select {dimensions}, p.code, f.value, f.status, f.row from facts f join series s using (series_id) join period p using (period) "
        "order by f.row is null, f.row, p.code",
    )


def faults(made: Staged) -> list[tuple[Any, ...]]:
    """Row, column and kind of everything that was set aside."""
    return query(made, "select row, column_name, rule from unread order by number")


def raw(made: Staged) -> dict[int, dict[str, Any]]:
    return {row: json.loads(content) for row, content in query(made, "select row, content from raw")}


def counts(made: Staged) -> tuple[int, int]:
    (answer,) = query(made, "select rows_read, rows_kept from file")
    return answer[0], answer[1]


def refused(made: Staged) -> str:
    assert made.refusal is not None
    assert made.path == ""
    assert all(made.refusal)
    return " | ".join(made.refusal)


# Number cells


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_is_read_as_it_was_written(value: int) -> None:
    """With and without thousands commas from a publisher; from a partner in digits only. S12."""
    assert number(str(value), RESIDENTS, strict=False) == (float(value), 0)
    assert number(f" {value:,} ", RESIDENTS, strict=False) == (float(value), 0)
    assert number(str(value), METRICS, strict=True) == (float(value), 0)


@given(st.text(max_size=10))
def test_any_other_cell_is_refused_and_never_a_number(text: str) -> None:
    """No text becomes a number by kindness: what is read is digits, or one of the contract's marks."""
    for contract, strict in ((RESIDENTS, False), (METRICS, True)):
        try:
            value, status = number(text, contract, strict=strict)
        except ValueError:
            continue
        if value is None:
            assert text.strip().lower() in [mark.lower() for mark in contract.non_values]
            assert status
        else:
            assert text.strip().replace(",", "").lstrip("-").isascii()
            assert value == int(text.strip().replace(",", ""))


@pytest.mark.parametrize(
    "text", ["1,23", "12,3456", ",123", "1,234,5", "1 234", "1.0", "1e3", "+5", "٥", "NaN", "inf", "-", "--5", "x", ""]
)
def test_numbers_in_other_dress_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        number(text, RESIDENTS, strict=False)


def test_a_mark_is_no_number_and_keeps_what_it_means() -> None:
    """S07: "--" is a small count that is hidden, never 0; D12: "not collected" is neither 0 nor hidden."""
    assert number("--", RESIDENTS, strict=False) == (None, 5)
    assert number("Not collected", METRICS, strict=True) == number("non recueilli", METRICS, strict=True) == (None, 9)


# The monthly files of IRCC

OSHAWA = "2021S0503532"


def monthly(*rows: list[str], **how: Any) -> bytes:
    return ircc_file(rows, **how)


def test_columns_are_found_by_name(publishers: Publishers, partnership: Partnership) -> None:
    """S04: the CMA pair comes first in one file and the province pair in the other; nothing is read by place."""
    for contract, file in ((RESIDENTS, "ODP-PR-PT_CMA.csv"), (PERMITS, "ODP-WP-PGWP-Province-CMA.csv")):
        made = staged(world.edition(publishers, file), contract, partnership)
        assert {row[0] for row in facts(made)} == {world.PETERBOROUGH, OSHAWA, "2021S0503522", "2021S0503521"}
        assert faults(made) == []


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("cut", [0, 1])
def test_line_ends_and_a_missing_last_one_change_nothing(end: str, cut: int, publishers: Publishers, partnership: Partnership) -> None:
    """S01: CRLF live, LF in copies that passed through git; a last line without an end is a line."""
    sent = world.edition(publishers, "ODP-PR-PT_CMA.csv")
    assert sent.endswith(b"\r\n")
    other = sent.replace(b"\r\n", end.encode())
    body = other.removesuffix(end.encode()) if cut else other
    assert facts(staged(body, RESIDENTS, partnership)) == facts(staged(sent, RESIDENTS, partnership))


def test_shuffled_rows_say_the_same(publishers: Publishers, partnership: Partnership) -> None:
    """S11: rows are not in order of time; only the row numbers differ."""
    head, *lines = world.edition(publishers, "ODP-PR-PT_CMA.csv").decode().splitlines(keepends=True)
    ordered, reversed_ = (staged("".join([head, *some]).encode(), RESIDENTS, partnership) for some in (sorted(lines), lines[::-1]))
    assert sorted(row[:-1] for row in facts(ordered)) == sorted(row[:-1] for row in facts(reversed_))


def test_a_comma_inside_a_member_is_one_field(partnership: Partnership) -> None:
    """S05: the file is tab separated whatever its name says."""
    territory = "Territories (outside Census agglomeration, Nunavut)"
    made = staged(monthly(ircc_row(2025, "Jan", territory, "5"), ircc_row(2025, "Jan", "Peterborough", "10")), RESIDENTS, partnership)
    assert [row[:3] for row in facts(made)] == [(world.PETERBOROUGH, "2025-01", 10.0)]
    assert (faults(made), counts(made)) == ([], (2, 1))


@pytest.mark.parametrize("stated", ["Province/territory not stated", "Province/Territory not stated"])
def test_both_spellings_of_not_stated(stated: str, partnership: Partnership) -> None:
    """S06: both are read and neither is a place of ours."""
    rows = [ircc_row(2025, "Jan", "Census metropolitan area not stated", "5", province=stated), ircc_row(2025, "Jan", "Peterborough", "10")]
    made = staged(monthly(*rows), RESIDENTS, partnership)
    assert (faults(made), counts(made)) == ([], (2, 1))


def test_hidden_counts_are_kept_as_hidden(partnership: Partnership) -> None:
    """S07: no value, a status, and never a zero."""
    made = staged(monthly(ircc_row(2025, "Jan", "Peterborough", "--")), RESIDENTS, partnership)
    assert facts(made) == [(world.PETERBOROUGH, "2025-01", None, 5, 2)]


def two_places(months: int, *, without: tuple[int, ...] = ()) -> list[list[str]]:
    """Rows of two places; `without` leaves Peterborough out of months."""
    rows = [ircc_row(2025, world.MONTHS[month], "Oshawa", "100") for month in range(months)]
    return rows + [ircc_row(2025, world.MONTHS[month], "Peterborough", "10") for month in range(months) if month not in without]


def test_an_absent_row_of_a_whole_month_is_a_zero(partnership: Partnership) -> None:
    """S08: this publisher leaves zero months out; the zero has no row of its own and says why it is there."""
    made = staged(monthly(*two_places(6, without=(2,))), RESIDENTS, partnership)
    assert [row for row in facts(made) if row[-1] is None] == [(world.PETERBOROUGH, "2025-03", 0.0, 6, None)]


def test_an_absent_row_of_a_month_that_is_not_whole_is_missing(partnership: Partnership) -> None:
    """S08: a month with fewer than half of the usual rows is not complete, so nothing in it is zero."""
    many = [ircc_row(2025, world.MONTHS[month], f"Elsewhere {n}", "5") for month in range(6) for n in range(8 if month < 5 else 1)]
    made = staged(monthly(*many, *two_places(5), ircc_row(2025, "Jun", "Oshawa", "100")), RESIDENTS, partnership)
    assert (world.PETERBOROUGH, "2025-06") not in [row[:2] for row in facts(made)]


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(ircc_row(2025, "Mar", "Peterborough", "abc"), id="a value that is no number"),
        pytest.param(ircc_row(2025, "Mar", "Peterborough", ""), id="an empty value"),
        pytest.param(ircc_row(2025, "Mars", "Peterborough", "10"), id="a month that is none"),
        pytest.param(ircc_row(2025, "Mar", "Peterborough", "10")[:-1], id="a cell too few"),
        pytest.param([*ircc_row(2025, "Mar", "Peterborough", "10"), "x"], id="a cell too many"),
    ],
)
def test_a_row_that_cannot_be_read_is_not_a_zero(spoilt: list[str], partnership: Partnership) -> None:
    """S08: the row is there, so its month is not absent; it waits in quarantine with all its cells and no zero takes its place."""
    made = staged(monthly(*two_places(6, without=(2,)), spoilt), RESIDENTS, partnership)
    assert (world.PETERBOROUGH, "2025-03") not in [row[:2] for row in facts(made)]
    ((row, _, _),) = faults(made)
    content = json.dumps(raw(made)[row], ensure_ascii=False)
    assert all(cell in content for cell in spoilt)
    assert row == 13


@pytest.mark.parametrize(
    ("cell", "column", "kind"),
    [("abc", "persons", "integer"), ("NaN", "persons", "integer"), ("inf", "persons", "integer"), ("10.5", "persons", "integer")],
)
def test_what_is_no_whole_number_sets_its_row_aside(cell: str, column: str, kind: str, partnership: Partnership) -> None:
    made = staged(monthly(ircc_row(2025, "Jan", "Peterborough", cell), ircc_row(2025, "Feb", "Peterborough", "10")), RESIDENTS, partnership)
    assert faults(made) == [(2, column, kind)]
    assert [row[1:3] for row in facts(made)] == [("2025-02", 10.0)]


def test_a_thousands_comma_of_a_publisher_is_read(partnership: Partnership) -> None:
    """S12: "1,205" with blanks around is 1205."""
    made = staged(monthly(ircc_row(2025, "Jan", "Peterborough", " 1,205 ")), RESIDENTS, partnership)
    assert facts(made)[0][2] == 1205.0


@pytest.mark.parametrize("year", ["", "25", "2025.0"])
def test_a_year_that_is_none_sets_its_row_aside(year: str, partnership: Partnership) -> None:
    row = [year, *ircc_row(2025, "Jan", "Peterborough", "10")[1:]]
    made = staged(monthly(row, ircc_row(2025, "Feb", "Peterborough", "10")), RESIDENTS, partnership)
    assert faults(made) == [(2, "period", "period")]


def test_blank_lines_are_no_rows_and_headers_may_wear_blanks(partnership: Partnership) -> None:
    header = [f" {name} " for name in world.IRCC_HEADER]
    body = monthly(ircc_row(2025, "Jan", "Peterborough", "10"), [], ircc_row(2025, "Feb", "Peterborough", "x"), header=header)
    made = staged(body + b"\r\n", RESIDENTS, partnership)
    assert (len(facts(made)), faults(made), counts(made)[0]) == (1, [(4, "persons", "integer")], 2)


HEADERS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a missing column": (lambda names: names[:-1], "no column 'TOTAL'"),
    "a column more": (lambda names: [*names, "EN_GENDER"], "a column more: 'EN_GENDER'"),
    "a renamed column": (lambda names: [*names[:-1], "Total"], "no column 'TOTAL'; a column more: 'Total'"),
    "a column twice": (lambda names: [*names, "TOTAL"], "twice the column 'TOTAL'"),
    "a copy of a column that is not there": (lambda names: [*names, "Copy of TOTALS"], "a column more: 'Copy of TOTALS'"),
    "no header at all": (
        lambda names: ircc_row(2025, "Jan", "Peterborough", "5"),
        "no header row: the file begins with '2025', 'Q1', 'Jan'",
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_file_with_other_columns_is_refused_whole(case: str, partnership: Partnership) -> None:
    """S02, S03: the first row is never taken for a header, and no column is dropped without a word."""
    change, said = HEADERS[case]
    row = ircc_row(2025, "Jan", "Peterborough", "10")
    message = refused(staged(monthly(row, header=change(world.IRCC_HEADER)), RESIDENTS, partnership))
    assert said in message
    assert "ircc_pr_cma" in message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "an empty file"),
        (b"\r\n", "an empty file"),
        (monthly(), "a header and no rows"),
        (monthly(ircc_row(2025, "Jan", "Montréal", "5")).decode().encode("cp1252"), "bytes that are not utf-8 at byte"),
        (monthly(ircc_row(2025, "Jan", "x" * 200_000, "5")), "text that cannot be read"),
        (monthly(ircc_row(2025, "Jan", "Peterborough", "5")).decode().encode("utf-16"), "bytes that are not utf-8"),
    ],
    ids=["nothing", "a blank line", "header only", "windows-1252", "an endless field", "utf-16"],
)
def test_a_public_file_that_is_no_table_is_refused_whole(body: bytes, said: str, partnership: Partnership) -> None:
    """What was found, what was expected and what to do; nothing of it is staged and no staging file stays."""
    assert said in refused(staged(body, RESIDENTS, partnership))
    assert list((partnership.home / "staged").iterdir()) == []


def test_a_place_we_do_not_know_is_held_where_all_places_are_wanted(partnership: Partnership) -> None:
    """A contract that keeps every place refuses a label that the register does not know, row by row."""
    everywhere = world.changed("ircc_pr_cma", (", places: partnership", ""))
    made = staged(monthly(ircc_row(2025, "Jan", "Petersborough", "10"), ircc_row(2025, "Jan", "Barrie", "10")), everywhere, partnership)
    assert faults(made) == [(2, "place", "place")]
    assert [row[0] for row in facts(made)] == ["2021S0503568"]


places = st.sampled_from(["Peterborough", "Oshawa", "Montréal", "Territories (outside Census agglomeration, Nunavut)", "Peterborough ", ""])
totals = st.sampled_from(["5", "10", "1,205", "--", "", "abc", "0", "-5", "NaN", "7", "٥"])
months = st.sampled_from([*world.MONTHS, "janv.", "7", ""])
some_rows = st.lists(st.tuples(st.integers(2023, 2026), months, places, totals, st.sampled_from([0, 0, 0, -1, 1])), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_rows)
def test_no_row_of_a_monthly_file_is_lost(partnership: Partnership, rows: list[tuple[int, str, str, str, int]]) -> None:
    """Rows read = rows kept + rows held with a reason + rows of places that are not ours."""
    lines = []
    for year, month, place, total, width in rows:
        line = ircc_row(year, month, place, total)
        lines.append(line[:width] if width < 0 else [*line, "more"] if width else line)
    made = staged(monthly(*lines), RESIDENTS, partnership)
    kept = [row[-1] for row in facts(made) if row[-1] is not None]
    held = [row[0] for row in faults(made)]
    elsewhere = [n for n, (*_, place, _, width) in enumerate(rows, 2) if place.strip() not in ("Peterborough", "Oshawa") and not width]
    assert sorted({*kept, *held, *elsewhere}) == list(range(2, len(rows) + 2))
    assert len(kept) == len(set(kept))
    assert not set(kept) & set(held)
    assert counts(made)[0] == len(rows)
    assert set(raw(made)) == set(held)


# Statistics Canada


def table(*rows: list[str], **how: Any) -> bytes:
    return zipped("17100009", statcan_file(rows, **how))


TWO = [population_row("2024-07", "35", "16124116"), population_row("2024-07", "11124", "41288599")]


def test_a_good_table(partnership: Partnership) -> None:
    """Provinces come under the codes of the register, quarters by their first month."""
    made = staged(table(*TWO), POPULATION, partnership, name="x.zip", facts={"datapoints": 2})
    assert [row[:4] for row in facts(made)] == [("2021A000235", "2024-Q3", 16124116.0, 0), ("2021A000011124", "2024-Q3", 41288599.0, 0)]
    assert query(made, "select rows_read, datapoints from file") == [(2, 2)]


SAME: dict[str, dict[str, Any]] = {
    "CRLF": {"end": "\r\n"},
    "no last line end": {"last_end": False},
}


@pytest.mark.parametrize("case", SAME)
def test_line_ends_of_a_table(case: str, partnership: Partnership) -> None:
    assert facts(staged(table(*TWO, **SAME[case]), POPULATION, partnership)) == facts(staged(table(*TWO), POPULATION, partnership))


def test_the_order_of_columns_and_rows_says_nothing(partnership: Partnership) -> None:
    """Columns are found by name; shuffled rows take the slower way to the same facts."""
    rows = [population_row(f"{year}-07", code, str(year + int(code))) for year in range(1946, 2025) for code in ("35", "11124")]
    plain = staged(table(*rows), POPULATION, partnership)
    order = list(reversed(range(len(world.STATCAN_HEADER))))
    turned = [[row[i] for i in order] for row in reversed(rows)]
    other = staged(table(*turned, header=[world.STATCAN_HEADER[i] for i in order]), POPULATION, partnership)
    assert sorted(row[:4] for row in facts(other)) == sorted(row[:4] for row in facts(plain))
    assert len(facts(other)) == len(rows)


def test_a_newline_in_a_label(partnership: Partnership) -> None:
    """A quoted label may run over two lines; rows are counted as rows."""
    rows = [population_row("2024-07", "35", "1", GEO="On\ntario"), population_row("2024-07", "11124", "abc")]
    made = staged(table(*rows), POPULATION, partnership)
    assert [row[-1] for row in facts(made)] == [2]
    assert faults(made) == [(3, "persons", "number")]


@pytest.mark.parametrize("value", ["abc", "1,234.5", "NaN", "inf", "-inf", "1_000", "0x10", " ", "12 ", "1e5x"])
def test_a_value_that_is_no_number_sets_its_row_aside(value: str, partnership: Partnership) -> None:
    made = staged(table(population_row("2024-07", "35", value), TWO[1]), POPULATION, partnership)
    assert faults(made) == [(2, "persons", "number")]
    assert len(facts(made)) == 1
    assert raw(made)[2]["VALUE"] == value


@pytest.mark.parametrize("status", ["..", "...", "x", "F"])
def test_marks_without_a_value(status: str, partnership: Partnership) -> None:
    """S30: five different reasons for an empty cell stay five."""
    made = staged(table(population_row("2024-07", "35", "", STATUS=status)), POPULATION, partnership)
    assert facts(made)[0][2:4] == (None, ["", "..", "...", "x", "F"].index(status))


def test_letters_beside_a_value(partnership: Partnership) -> None:
    """S30: E stands beside a value and p marks a preliminary one: the value stays, and the letters with it."""
    made = staged(table(population_row("2024-07", "35", "5", STATUS="E", SYMBOL="p", TERMINATED="t")), POPULATION, partnership)
    assert query(made, "select value, status, quality from facts") == [(5.0, 0, 16 | 32 | 128)]


ODD = {
    "an unknown STATUS": (population_row("2024-07", "35", "5", STATUS="Q"), (2, "status", "status")),
    "an unknown SYMBOL": (population_row("2024-07", "35", "5", SYMBOL="Q"), (2, "status", "symbol")),
    "a month that begins no quarter": (population_row("2024-08", "35", "5"), (2, "period", "period")),
    "a period of another frequency": (population_row("2023/2024", "35", "5"), (2, "period", "period")),
    "an empty period": (population_row("", "35", "5"), (2, "period", "period")),
    "a cell too few": (population_row("2024-07", "35", "5")[:-1], (2, "", "width")),
    "a cell too many": ([*population_row("2024-07", "35", "5"), "x"], (2, "", "width")),
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("where", [0, 1])
def test_an_odd_row_waits_with_its_content(case: str, where: int, partnership: Partnership) -> None:
    """The others are kept, the row is counted, and its number is that of the file."""
    odd, (row, column, kind) = ODD[case]
    rows = [TWO[1], odd] if where else [odd, TWO[1]]
    made = staged(table(*rows), POPULATION, partnership)
    assert faults(made) == [(row + where, column, kind)]
    assert [fact[-1] for fact in facts(made)] == [3 - where]
    assert counts(made) == (2, 1)
    content = json.dumps(raw(made)[row + where], ensure_ascii=False)
    assert odd[2] in content


def test_rows_after_a_row_of_another_width_keep_their_numbers(partnership: Partnership) -> None:
    """A finding far down the file points at the row people see there, however many rows were set aside before."""
    rows = []
    for number_ in range(3000):
        row = population_row(f"{1950 + number_ // 4}-{number_ % 4 * 3 + 1:02}", "35", "5")
        rows.append(row[:-1] if number_ in (10, 500, 501, 2000) else row)
    rows[2500][9] = "abc"
    made = staged(table(*rows), ALL_PROVINCES, partnership)
    assert sorted(fault[0] for fault in faults(made)) == [12, 502, 503, 2002, 2502]
    assert {fact[-1] for fact in facts(made)} == set(range(2, 3002)) - {12, 502, 503, 2002, 2502}


@pytest.mark.parametrize("period", ["2024-07", "1950-07"])
@pytest.mark.parametrize("value", ["16124116", "17"])
def test_a_key_that_stands_twice_refuses_the_table(period: str, value: str, partnership: Partnership) -> None:
    """The same row twice or two values for one cell, in this century or the last: nothing of it is loaded."""
    rows = [population_row(period, "35", "16124116"), population_row(period, "11124", "1"), population_row(period, "35", value)]
    message = refused(staged(table(*rows), POPULATION, partnership))
    assert "1 keys that stand twice, first 2016A000235 at" in message
    assert period[:4] in message


def test_a_label_that_disagrees_with_its_coordinate_sets_its_row_aside(partnership: Partnership) -> None:
    rows = [population_row("2024-04", "35", "1"), population_row("2024-07", "35", "2", DGUID="2016A000224")]
    made = staged(table(*rows), POPULATION, partnership)
    assert faults(made) == [(3, "place", "label")]


def test_a_value_is_scaled(partnership: Partnership) -> None:
    """S25: scalar 3 means thousands; the factor's name may carry a blank."""
    made = staged(table(population_row("2024-07", "35", "16.5", SCALAR_ID="3", SCALAR_FACTOR="thousands ")), POPULATION, partnership)
    assert facts(made)[0][2] == 16500.0


def test_an_area_without_a_dguid_is_not_ours(publishers: Publishers, partnership: Partnership) -> None:
    """S41: the rows of areas outside are read and counted, and no area is guessed from their names."""
    made = staged(world.edition(publishers, "17100149"), COMPONENTS, partnership)
    assert {row[0] for row in facts(made)} == {world.PETERBOROUGH, OSHAWA, "2021S0503522", "2021S0503521"}
    assert faults(made) == []


TABLES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a missing column": (lambda names: [*names[:-5], "OTHER", *names[-4:]], "no column 'VALUE'; a column more: 'OTHER'"),
    "a dimension more": (lambda names: [*names[:3], "Gender", *names[4:]], "a column more: 'Gender'"),
    "a symbol twice": (lambda names: [*names[:-1], "SYMBOL"], "twice the column 'SYMBOL'"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_with_other_columns_is_refused(case: str, partnership: Partnership) -> None:
    """S31, S32: a dimension more, a French header, a semi-wide census table: another contract's, not this one's."""
    change, said = TABLES[case]
    message = refused(staged(table(*TWO, header=change(world.STATCAN_HEADER)), POPULATION, partnership))
    assert said in message
    assert "mend the contract statcan_population_quarterly" in message


def french(publishers: Publishers) -> bytes:
    return publishers._statcan.tables["17100009"].zips["fr"]


def test_the_french_edition_is_refused(publishers: Publishers, partnership: Partnership) -> None:
    """S31: semicolons and accented headers are not the English table."""
    assert "no column 'DGUID'" in refused(staged(french(publishers), POPULATION, partnership))


def broken_zips(good: bytes) -> Iterator[tuple[str, bytes, str]]:
    flipped = bytearray(good)
    flipped[200] ^= 0xFF
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")
    yield "cut in half", good[: len(good) // 2], "a broken zip file"
    yield "cut by ten bytes", good[:-10], "a broken zip file"
    yield "one byte changed", bytes(flipped), "a broken zip file"
    yield "a page as a zip", b"<html>sorry</html>", "a broken zip file"
    yield "two tables", two.getvalue(), "one data file and its metadata"
    yield "an empty table", zipped("17100009", ""), "no column 'DGUID'"
    yield "header only", table(), "a header and no rows"
    yield (
        "windows-1252",
        zipped("17100009", statcan_file([population_row("2024-07", "35", "1", DGUID="é")]).decode().encode("cp1252", "replace")),
        "",
    )
    yield "utf-16", zipped("17100009", statcan_file(TWO).decode().encode("utf-16")), ""
    yield "a scale in words", table(population_row("2024-07", "35", "1", SCALAR_ID="units")), "SCALAR_ID 'units'"


@pytest.mark.parametrize("case", range(10))
def test_a_broken_zip_is_refused_whole(case: int, partnership: Partnership) -> None:
    """A zip that is cut or damaged, a page, two tables, other encodings: one sentence, and nothing staged."""
    rows = [population_row(f"{year}-07", "35", str(year**3)) for year in range(1946, 2025)]
    _, body, said = list(broken_zips(table(*rows)))[case]
    assert said in refused(staged(body, POPULATION, partnership, name="17100009-eng.zip"))
    assert list((partnership.home / "staged").iterdir()) == []


# Partners' sheets

GOOD = ["p01", "2026-Q3", "clients_served", 40]


def workbook(*rows: list[Any], title: str = "metrics", header: tuple[str, ...] = ("partner", "period", "metric", "value")) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in [list(header), *rows]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("cell", [40, 40.0, "40", " 40 "])
def test_a_number_in_a_workbook(cell: Any, partnership: Partnership) -> None:
    """P09: 40.0 in a whole-number column is 40."""
    made = staged(workbook([*GOOD[:3], cell]), METRICS, partnership, name="p01.xlsx")
    assert [row[-3] for row in facts(made)] == [40.0]


CELLS = {
    "a formula": ("=120+45", "formula"),
    "a date": (date(2024, 9, 30), "date"),
    "a time": (datetime(2024, 9, 30, 12, 30), "date"),
    "a truth value": (True, "boolean"),
    "a fraction": (2.5, "decimals"),
    "a blank between digits": ("1 204", "integer"),
    "a comma": ("1,240", "integer"),
    "words": ("about forty", "integer"),
    "an error of the sheet": ("#REF!", "integer"),
    "nothing": (None, "unanswered"),
    "blanks": ("   ", "unanswered"),
}


@pytest.mark.parametrize("case", CELLS)
def test_what_is_no_number_in_a_workbook_is_called_what_it_is(case: str, partnership: Partnership) -> None:
    """P09: the row waits; the other row goes on; the sentence says how to mend the cell."""
    cell, kind = CELLS[case]
    made = staged(workbook([*GOOD[:3], cell], ["p02", *GOOD[1:]]), METRICS, partnership, name="p01.xlsx")
    assert faults(made) == [(2, "value", kind)]
    assert [row[0] for row in facts(made)] == ["p02"]
    ((fix,),) = query(made, "select fix from unread")
    assert fix.endswith((".", '"'))


def test_a_space_between_digits_is_told_with_the_number(partnership: Partnership) -> None:
    made = staged(partner_file([*GOOD[:3], "1 204"]), METRICS, partnership)
    assert query(made, "select found, fix from unread") == [("1 204", 'Write 1204, not "1 204".')]


@pytest.mark.parametrize(
    ("written", "rule", "advice"),
    [
        ("12.5", "decimals", "Write the whole number that was counted, without decimals."),
        ("12,50", "decimals", "Write the whole number that was counted, without decimals."),
        ("-.5", "decimals", "Write the whole number that was counted, without decimals."),
        ("1.204", "integer", 'Write 1204, not "1.204".'),
        ("1,204,000", "integer", 'Write 1204000, not "1,204,000".'),
        ("12 04", "integer", 'Write digits only, or "not collected" or "non recueilli".'),
        ("about 12", "integer", 'Write digits only, or "not collected" or "non recueilli".'),
    ],
)
def test_nobody_is_told_to_write_another_number(partnership: Partnership, written: str, rule: str, advice: str) -> None:
    """Half a meal is not five: only groups of three digits are put together."""
    made = staged(partner_file([*GOOD[:3], written]), METRICS, partnership)
    assert query(made, "select rule, fix from unread") == [(rule, advice)]


def test_windows_text_of_a_partner_is_read_with_a_remark(partnership: Partnership) -> None:
    """The good rows go on; the remark says how to save the file next time."""
    body = partner_file(GOOD, ["p01", "2026-Q3", "bénévoles", 3]).decode().encode("cp1252")
    made = staged(body, METRICS, partnership)
    assert query(made, "select row, rule, severity from unread") == [(0, "encoding", "warning")]
    assert [row[1] for row in facts(made)] == ["clients_served", "bénévoles"]


SHEETS = {
    "nothing": (b"", "a file of 0 bytes"),
    "blanks": (b"\r\n  \r\n", "an empty file"),
    "a header only": (partner_file(), "a header and no rows"),
    "a column missing": (partner_file(GOOD[:3], header=("partner", "period", "metric")), "no column 'value'"),
    "a column more": (partner_file([*GOOD, "x"], header=("partner", "period", "metric", "value", "notes")), "a column more: 'notes'"),
    "a column twice": (partner_file([*GOOD, "x"], header=("partner", "period", "metric", "value", "value")), "twice the column 'value'"),
    "semicolons": (partner_file(GOOD).replace(b",", b";"), "no column 'partner'"),
    "utf-16": (partner_file(GOOD).decode().encode("utf-16"), "UTF-16 text"),
    "utf-16 without a mark": (partner_file(GOOD).decode().encode("utf-16-le"), "a file that is not text"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook"),
    "another sheet": (workbook(GOOD, title="Sheet1"), "the sheets Sheet1"),
    "half a workbook": (workbook(GOOD)[:2000], "a workbook that cannot be opened"),
    "a workbook under a password": (
        workbook(GOOD).replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"),
        "cannot be opened",
    ),
    "a workbook of a zip to come": (workbook(GOOD).replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xd0"), "cannot be opened"),
    "a zip that is no workbook": (zipped("x", "y"), "a workbook that cannot be opened"),
    "an endless field": (partner_file(["p01", "x" * 200_000]), "text that cannot be read"),
}


@pytest.mark.parametrize("case", SHEETS)
def test_a_partners_file_of_another_shape_is_refused_whole(case: str, partnership: Partnership) -> None:
    """P06: what was found, what was expected and what to send instead."""
    body, said = SHEETS[case]
    assert said in refused(staged(body, METRICS, partnership, name=f"p01.{'xlsx' if body[:2] == b'PK' else 'csv'}"))


def without_times(book: bytes) -> bytes:
    """A workbook that has the same bytes whenever it is made: what is drawn over it must not depend on the clock."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as steady:
        for entry in made.infolist():
            content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-11-22T17:00:00Z", made.read(entry))
            steady.writestr(zipfile.ZipInfo(entry.filename, (2026, 11, 22, 17, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_workbook_is_read_or_refused_in_words(partnership: Partnership, data: st.DataObject) -> None:
    """Whatever byte is wrong in a workbook, the answer is a sentence and not a fault of ours."""
    good = bytearray(without_times(workbook(GOOD, ["p02", *GOOD[1:]])))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(4, len(good) - 1))] = data.draw(st.integers(0, 255))
    made = staged(bytes(good), METRICS, partnership, name="p01.xlsx")
    assert made.refusal or made.path


def test_the_cell_right_of_the_last_column(partnership: Partnership) -> None:
    """P06: the row waits, and what stood there is not stored, because it may be about a person."""
    body = partner_file(GOOD, ["p02", "2026-Q3", "clients_served", 5, "call Ms. Sample"], header=("partner", "period", "metric", "value"))
    made = staged(body, METRICS, partnership)
    assert faults(made) == [(3, "", "width")]
    assert "Sample" not in json.dumps(raw(made)) + str(query(made, "select * from unread"))


def test_rows_are_counted_as_a_spreadsheet_counts_them(partnership: Partnership) -> None:
    """A cell over two lines and a blank line are one row each."""
    body = partner_file(["p01", "2026-Q3", "clients\nserved", 1], [], ["p01", "2026-Q3", "clients_served", "x"])
    assert faults(staged(body, METRICS, partnership)) == [(4, "value", "integer")]


@pytest.mark.parametrize("period", ["2026-Q5", "2026-13", "Q3 2026", "2026", "2026-08"])
def test_a_quarter_that_is_none(period: str, partnership: Partnership) -> None:
    made = staged(partner_file(["p01", period, "clients_served", 5], GOOD), METRICS, partnership)
    assert faults(made) == [(2, "period", "period")]


# The staging file itself


def test_leftovers_of_killed_runs_are_swept(partnership: Partnership) -> None:
    """What is older than a day goes; what a run beside this one writes stays."""
    folder = partnership.home / "staged"
    folder.mkdir()
    for name, age in (("old.db", 90_000), ("old.77.part", 90_000), ("new.77.part", 60)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - age,) * 2)
    staged(partner_file(GOOD), METRICS, partnership)
    assert sorted(path.name for path in folder.iterdir() if "partner" not in path.name) == ["new.77.part"]


def test_a_contract_that_is_not_ours_is_staged_as_it_says(partnership: Partnership) -> None:
    """A table of another partnership needs no code: two dimensions, a period in one column, semicolons, another encoding."""
    contract: Contract = parse(
        """
title: {en: x, fr: x}
publisher: x
licence: own
source: {fetch: download, url: "https://example.org/x.csv"}
layout: {kind: delimited, delimiter: ";", encoding: cp1252}
due: annual
review_by: 2027-01-01
grain: [region, group, year]
rows: [1, 10]
columns:
  region: {source: Région}
  group: {source: Groupe}
  year: {source: Année, type: period, frequency: annual}
  rate: {source: Taux, type: number, unit: percent}
""",
        name="x",
    )
    made = staged("Région;Groupe;Année;Taux\nÎle;a;2024;2.5\nÎle;b;2024;3\n".encode("cp1252"), contract, partnership)
    assert [row[:4] for row in facts(made)] == [("Île", "a", "2024", 2.5), ("Île", "b", "2024", 3.0)]


def test_two_threads_stage_one_file_into_files_of_their_own(partnership: Partnership) -> None:
    """A run by hand beside the scheduled one, in one process: neither takes the other's staging file away."""
    kept: list[Path] = []

    def stage_it() -> None:
        kept.extend(Path(staged(partner_file(GOOD), METRICS, partnership).path) for _ in range(3))

    threads = [threading.Thread(target=stage_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 6
    assert len(set(kept)) == 2
    assert all(path.is_file() for path in kept)
