"""IRCC's workbooks: the periods stand across the sheet, totals are compared and left out, notes are notes."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from expectations import parse
from expectations.partnership import Partnership
from tests import world
from tests.tasks.test_stage import facts, faults, query, refused
from tests.world import staged

DUMP = Path(__file__).parents[3] / "shared" / "data" / "ircc" / "IRCC_0005_data.csv"
CLAIMS = """
title: {en: Asylum claimants, fr: Demandeurs d'asile}
publisher: Immigration, Refugees and Citizenship Canada
licence: ogl-canada
source: {fetch: ckan, package: x, resource: EN_ODP-Asylum-OfficeType_Prov.xlsx, places: partnership}
layout: {kind: pivot}
due: monthly
review_by: 2027-06-01
grain: [office, place, period]
rows: [1, 200000]
columns:
  office: {one_of: [Airport, Border, Inland, Other Offices]}
  place: {type: place, labels: ircc}
  period: {type: period, frequency: monthly}
  persons: {type: integer, unit: persons, min: 0}
ignore: ["* Total", Total]
non_values: {"--": {status: suppressed, lower: 0, upper: 5}}
rounding: 5
"""
OFFICES = "  office: {one_of: [Airport, Border, Inland, Other Offices]}\n"
CONTRACT = parse(CLAIMS, name="claims")
MONTHS = world.MONTHS
NOTE = "* Province of the office.\n\nNotes:\n— Please note that all values between 0 and 5 are shown as “--”."


def sheet(*rows: list[Any], title: str = "Sheet1") -> bytes:
    book = Workbook()
    book.worksheets[0].title = title
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def heading(*years: int, months: int = 3) -> list[list[Any]]:
    """A title, the years spread over their months, the months and the yearly totals."""
    above: list[Any] = [None, None]
    below: list[Any] = [None, None]
    for year in years:
        above += [year, *[None] * (months - 1), f"{year} Total"]
        below += [*MONTHS[:months], None]
    return [["Canada – Asylum claimants"], [], above, below]


BODY: list[list[Any]] = [
    [None, "Ontario", 10, "--", "1,205", "1,215", 5, 0, "--", 10],
    [None, "Quebec", 0, 0, 20, 20, 15, 5, 5, 25],
    ["Airport - Total", None, 10, "--", "1,225", "1,240", 20, 5, 5, 30],
    [None, "Ontario", 5, 5, 5, 15, 5, 5, 5, 15],
    ["Border - Total", None, 5, 5, 5, 15, 5, 5, 5, 15],
    ["Other Offices", None, 0, 0, "--", "--", 0, 0, 0, 0],
    ["Total ", None, 15, 10, "1,230", "1,255", 25, 10, 10, 45],
    [NOTE],
    ["Source: IRCC, January 31, 2026"],
]
GIVEN = [*heading(2015, 2016), *BODY]


def test_the_months_of_a_place(partnership: Partnership) -> None:
    """S07, S08, S12: printed zeros, hidden counts, thousands commas; the totals and the notes are not figures."""
    made = staged(sheet(*GIVEN), CONTRACT, partnership)
    airport = [
        ("2015-01", 10.0, 0),
        ("2015-02", None, 5),
        ("2015-03", 1205.0, 0),
        ("2016-01", 5.0, 0),
        ("2016-02", 0.0, 0),
        ("2016-03", None, 5),
    ]
    found = facts(made)
    assert [row[2:5] for row in found if row[0] == "Airport"] == airport
    assert {row[:2] for row in found} == {("Airport", "2021A000235"), ("Border", "2021A000235")}
    assert len(found) == 12
    assert faults(made) == []
    assert query(made, "select rows_read from file") == [(24,)]


def test_a_group_named_in_its_first_row(partnership: Partnership) -> None:
    """The name stands once, in a merged cell; the rows below it belong to it until its total."""
    named = [[*row] for row in GIVEN]
    named[4][0], named[7][0] = "Airport", "Border"
    assert facts(staged(sheet(*named), CONTRACT, partnership)) == facts(staged(sheet(*GIVEN), CONTRACT, partnership))


def test_a_group_named_in_a_row_of_its_own(partnership: Partnership) -> None:
    rows = [*GIVEN[:4], ["Airport"], *GIVEN[4:7], ["Border"], *GIVEN[7:]]
    assert [row[:5] for row in facts(staged(sheet(*rows), CONTRACT, partnership))] == [
        row[:5] for row in facts(staged(sheet(*GIVEN), CONTRACT, partnership))
    ]


def test_the_years_of_the_totals_are_enough(partnership: Partnership) -> None:
    """A heading without the row of years: each year is that of the total which closes it."""
    rows = [[None, None, *MONTHS[:3], "2015 Total", *MONTHS[:3], "2016 Total"], *BODY]
    assert [row[:5] for row in facts(staged(sheet(*rows), CONTRACT, partnership))] == [
        row[:5] for row in facts(staged(sheet(*GIVEN), CONTRACT, partnership))
    ]


def test_quarters_within_years(partnership: Partnership) -> None:
    """Year, quarter and month in three rows, with totals of quarters and years; one column of labels."""
    contract = parse(CLAIMS.replace("grain: [office, ", "grain: [").replace(OFFICES, ""), name="claims")
    rows: list[list[Any]] = [
        [None, 2025, *[None] * 8],
        [None, "Q1", None, None, "Q1 Total", "Q2", None, None, "Q2 Total", "2025 Total"],
        [None, *MONTHS[:3], None, *MONTHS[3:6], None, None],
        ["Ontario", 5, 5, 5, 15, 10, 10, 10, 30, 45],
        ["Total", 5, 5, 5, 15, 10, 10, 10, 30, 45],
    ]
    assert [row[1:3] for row in facts(staged(sheet(*rows), contract, partnership))] == [
        (f"2025-{month:02}", 5.0 if month < 4 else 10.0) for month in range(1, 7)
    ]
    rows[3][8] = 45
    assert "45 in row 4 as Ontario Q2 Total, where the parts add up to 22.5 to 37.5" in refused(staged(sheet(*rows), contract, partnership))


@pytest.mark.parametrize(
    ("frequency", "names", "codes"), [("quarterly", ["Q1", "Q2"], ["2025-Q1", "2025-Q2"]), ("annual", [2024, 2025], ["2024", "2025"])]
)
def test_quarters_alone_and_years_alone(frequency: str, names: list[Any], codes: list[str], partnership: Partnership) -> None:
    contract = parse(CLAIMS.replace("monthly}", f"{frequency}}}"), name="claims")
    above = [[None, None, 2025, None, "2025 Total"]] if frequency == "quarterly" else []
    rows = [*above, [None, None, *names, *([None] if above else [])], ["Airport", "Ontario", 10, "--", *([15] if above else [])]]
    assert [row[2:5] for row in facts(staged(sheet(*rows), contract, partnership))] == [(codes[0], 10.0, 0), (codes[1], None, 5)]


def test_a_total_below_its_parts_is_a_remark(partnership: Partnership) -> None:
    """Who held two permits in the year is counted once in its total."""
    rows = [[*row] for row in GIVEN]
    rows[4][5] = 1000
    made = staged(sheet(*rows), CONTRACT, partnership)
    assert len(facts(made)) == 12
    ((row, found, severity),) = query(made, "select row, found, severity from unread")
    assert (row, severity) == (0, "warning")
    assert found.startswith(
        "1 totals below their parts, first 1000 in row 5 as Airport Ontario 2015 Total, where the parts add up to 1210 to"
    )


def changed(row: int, column: int, cell: Any) -> list[list[Any]]:
    rows = [[*cells] for cells in GIVEN]
    rows[row][column] = cell
    return rows


REFUSED: dict[str, tuple[list[list[Any]], str]] = {
    "a yearly total above its months": (changed(4, 5, 2000), "2000 in row 5 as Airport Ontario 2015 Total, where the parts add up to"),
    "a total of a group above its rows": (changed(6, 2, 100), "100 in row 7 as Airport - Total 2015-01, where the parts add up to"),
    "a grand total above all rows": (changed(10, 2, 100), "100 in row 11 as Total 2015-01"),
    "a column nobody knows": (
        [[*row, "Change" if n == 3 else 5] if n > 2 and len(row) == 10 else row for n, row in enumerate(GIVEN)],
        "a column more: 'Change'",
    ),
    "figures without a heading": ([*GIVEN[:5], [*GIVEN[5], None, 7], *GIVEN[6:]], "figures without a heading in column 12"),
    "years that disagree": (changed(2, 5, "2014 Total"), "the years 2014 and 2015 over column 3"),
    "no year at all": ([[None, None, *MONTHS[:3]], [None, "Ontario", 5, 5, 5]], "no year over column 3"),
    "a month twice": (changed(3, 3, "Jan"), "a period that stands twice"),
    "another column of labels": ([[None, *row] for row in GIVEN], "3 columns before the first period"),
    "a group without a name": ([*heading(2015), [None, "Ontario", 5, 5, 5, 15]], "row 5 without the name of its group"),
    "rows under another group's total": (changed(4, 0, "Inland"), "under 'Inland', closed by 'Airport - Total'"),
    "no months": ([["Canada"], ["a", "b"]], "no row with the names of the periods"),
    "a heading only": (heading(2015), "headings and no figures"),
    "French months": ([["", "", 2015], ["", "", "janv.", "fév."], ["Airport", "Ontario", 5, 5]], "no row with the names of the periods"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_sheet_of_another_shape_is_refused_whole(case: str, partnership: Partnership) -> None:
    rows, said = REFUSED[case]
    assert said in refused(staged(sheet(*rows), CONTRACT, partnership))


@pytest.mark.parametrize(
    "body", [b"", b"EN_YEAR\tTOTAL\r\n", sheet(*GIVEN)[:3000], b"<html></html>"], ids=["nothing", "text", "half", "a page"]
)
def test_what_is_no_workbook_is_refused(body: bytes, partnership: Partnership) -> None:
    assert "a workbook that cannot be opened" in refused(staged(body, CONTRACT, partnership))


@pytest.mark.parametrize("cell", ["n/a", None, 12.5, "1 204"])
def test_a_cell_that_is_no_number_waits_and_the_others_go_on(cell: Any, partnership: Partnership) -> None:
    made = staged(sheet(*changed(4, 2, cell)), CONTRACT, partnership)
    assert faults(made) == [(5, "persons", "integer")]
    assert len(facts(made)) == 11


TEXT = parse(
    CLAIMS.replace("kind: pivot", 'kind: delimited, delimiter: "\\t"')
    .replace("office: {", "office: {source: EN_OFFICE, ")
    .replace("place: {", "place: {source: EN_PROVINCE_TERRITORY, ")
    .replace("period: {", "period: {source: [EN_YEAR, EN_MONTH], ")
    .replace("persons: {", "persons: {source: TOTAL, ")
    .replace('["* Total", Total]', "[]")
    + "absent: zero\n",
    name="claims",
)
some_cells = st.lists(st.sampled_from([0, 5, 1205, "--"]), min_size=12, max_size=12).filter(lambda cells: len({*cells[:4]} - {0}) > 0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_cells, st.randoms(use_true_random=False))
def test_a_workbook_and_its_text_twin_say_the_same(partnership: Partnership, cells: list[Any], shuffled: Random) -> None:
    """S08: what the workbook prints as 0 is what the text leaves out, in every order of its rows."""
    offices, months = ("Airport", "Border", "Inland"), MONTHS[:4]
    rows = [[office, "Ontario", *cells[4 * n : 4 * n + 4]] for n, office in enumerate(offices)]
    book = staged(sheet([None, None, 2025], [None, None, *months], *rows), CONTRACT, partnership)
    lines = [["2025", month, row[0], "Ontario", f"{cell}"] for row in rows for month, cell in zip(months, row[2:], strict=True) if cell]
    # Rows of other provinces make every month whole.
    lines += [["2025", month, "Airport", "Quebec", "5"] for month in months for _ in range(4)]
    shuffled.shuffle(lines)
    text = staged(world.ircc_file(lines, header=["EN_YEAR", "EN_MONTH", "EN_OFFICE", "EN_PROVINCE_TERRITORY", "TOTAL"]), TEXT, partnership)
    printed = {row[0] for row in facts(text)}
    assert {row[:4] for row in facts(book) if row[0] in printed} == {row[:4] for row in facts(text)}
    assert all(row[3] == 0 for row in facts(book) if row[0] not in printed)


@pytest.mark.skipif(not DUMP.is_file(), reason="no dump of the published workbook in ../shared/data/ircc beside the repository")
def test_the_published_claims(partnership: Partnership) -> None:
    """The rows of the published workbook, put back into one: every month of Ontario by office, every total within its bounds."""
    with DUMP.open(encoding="utf-8", newline="") as lines:
        head, *rows = list(csv.reader(lines))
    months = [re.sub(r"^Unnamed.*|\.\d+$", "", name) for name in head]
    made = staged(sheet(months, *rows), CONTRACT, partnership)
    found = {(row[0], row[2]): row[3] for row in facts(made)}
    assert {office for office, _ in found} == {"Airport", "Border", "Inland"}
    assert len(found) == 3 * 133
    assert (found["Airport", "2015-01"], found["Border", "2015-01"], found["Inland", "2015-12"]) == (65, 185, 590)
    assert found["Airport", "2020-04"] is None
    assert faults(made) == []
