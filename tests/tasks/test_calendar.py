"""A publisher's file with a date that no calendar has is refused whole, in every layout; a partner's workbook loses only the row."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from demo.census_file import text, zipped
from demo.census_wide import Wide
from demo.publishers import FOLDER, Publishers
from expectations import Contract, parse, read
from expectations.partnership import Partnership
from tasks.stage import Staged
from tests import world
from tests.tasks.test_census_profile import CMA, answer
from tests.tasks.test_census_wide import rows_of
from tests.tasks.test_census_wide import zipped as wide_zip
from tests.tasks.test_cmhc import ASKED, export
from tests.tasks.test_cmhc import small as small_export
from tests.tasks.test_dialect import FRENCH, french_file
from tests.tasks.test_ircc import CLAIMS, CONTRACT, HEADER, ROWS
from tests.tasks.test_ircc_pivot import CONTRACT as WORKBOOK
from tests.tasks.test_ircc_pivot import GIVEN, sheet
from tests.tasks.test_stage import METRICS, POPULATION, facts, faults, refused
from tests.world import ircc_file, partner_file, population_row, staged, statcan_file

QUARTERS = parse(
    CLAIMS.replace("source: [EN_YEAR, EN_MONTH]", "source: [EN_YEAR, EN_QUARTER]")
    .replace("frequency: monthly", "frequency: quarterly")
    .replace("[EN_QUARTER,", "[EN_MONTH,"),
    name="claims",
)
MONTHLY = world.changed("cmhc_vacancy", ("frequency: annual", "frequency: monthly"))
SHARES = parse(
    """
title: {en: Shares, fr: Parts}
publisher: Ontario Ministry of Education
licence: ogl-ontario
source: {fetch: inbox}
layout: {kind: wide}
due: annual
review_by: 2027-06-01
grain: [school, share, period]
rows: [1, 100]
columns:
  school: {source: School}
  share: {members: {new: New pupils}}
  period: {source: Month, type: period, frequency: monthly}
  pupils_percent: {type: number, unit: percent}
""",
    name="shares",
)
BY_NAME = SHARES.columns["period"].model_copy(update={"pattern": r"(\d{4})_(\d\d)", "source": ""})
NAMED = SHARES.model_copy(update={"columns": SHARES.columns | {"period": BY_NAME}})
# What anybody but a partner sends as a plain table.
SHEET = parse(
    """
title: {en: Beds, fr: Lits}
publisher: Statistics Canada
licence: statcan-open
source: {fetch: inbox}
layout: {kind: sheet}
due: annual
review_by: 2027-06-01
grain: [area, period]
rows: [1, 100]
columns:
  area: {}
  period: {type: period, frequency: monthly}
  beds: {type: integer, unit: beds}
""",
    name="beds",
)


def changed(row: list[str], column: str, cell: str) -> list[str]:
    return [cell if name == column else old for name, old in zip(HEADER, row, strict=True)]


def population(period: str) -> list[list[str]]:
    return [population_row("2024-04", "35", "15"), population_row(period, "35", "16")]


def census_rows(period: str) -> bytes:
    """The sample of 98-10-0307-01 with the period of one of our rows changed."""
    rows = rows_of()
    number = next(number for number, row in enumerate(rows) if row[2] == "2021S0503529")
    rows[number][0] = period
    return wide_zip(rows)


def census_file(period: str) -> bytes:
    body = text(Publishers(FOLDER)._census, 2021)
    lines = body.split("\r\n")
    number = next(number for number, line in enumerate(lines) if '"2021S0503529"' in line)
    lines[number] = period + lines[number].removeprefix("2021")
    return zipped(2021, {"Ontario": "\r\n".join(lines)})


def schools(*rows: str, header: str = "School,Month,New pupils") -> bytes:
    return "".join(f"{row}\r\n" for row in (header, *rows)).encode()


Case = tuple[Contract, Callable[[], bytes], str]
MONTH_13: dict[str, Case] = {
    "statcan": (POPULATION, lambda: world.zipped("17100009", statcan_file(population("2024-13"))), "REF_DATE: '2024-13'"),
    "statcan, month 0": (POPULATION, lambda: world.zipped("17100009", statcan_file(population("2024-00"))), "REF_DATE: '2024-00'"),
    "statcan, first row": (POPULATION, lambda: world.zipped("17100009", statcan_file(population("2024-13")[::-1])), "REF_DATE: '2024-13'"),
    "statcan, a place of others": (
        POPULATION,
        lambda: world.zipped("17100009", statcan_file([*population("2024-07"), population_row("2024-13", "24", "5")])),
        "REF_DATE: '2024-13'",
    ),
    "statcan, rows of another width too": (
        POPULATION,
        lambda: world.zipped("17100009", statcan_file([population("2024-13")[0][:-1], *population("2024-13")])),
        "REF_DATE: '2024-13'",
    ),
    "statcan, day 30 of February": (POPULATION, lambda: world.zipped("17100009", statcan_file(population("2024-02-30"))), "'2024-02-30'"),
    "statcan, French": (FRENCH, lambda: french_file(population("2024-13")), "REF_DATE: '2024-13'"),
    "IRCC": (CONTRACT, lambda: ircc_file([*ROWS, changed(ROWS[2], "EN_MONTH", "13")], header=HEADER), "EN_YEAR, EN_MONTH: '2025-13'"),
    "IRCC, quarters": (
        QUARTERS,
        lambda: ircc_file([changed(row, "EN_QUARTER", "Q5") for row in ROWS], header=HEADER),
        "EN_YEAR, EN_QUARTER: '2025-Q5'",
    ),
    "census table": (read("statcan_immigrants_birthplace"), lambda: census_rows("2021-13"), "REF_DATE: '2021-13'"),
    "census file": (read("statcan_census_file_2021"), lambda: census_file("2021-13"), "CENSUS_YEAR: '2021-13'"),
    "CMHC": (
        small_export(MONTHLY),
        lambda: export("Nov 2024,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "2024-13,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,"),
        "'2024-13'",
    ),
    "a column for each member": (SHARES, lambda: schools("A,2024-12,5", "B,2024-13,6"), "Month: '2024-13'"),
    "a plain table of a publisher": (
        SHEET,
        lambda: partner_file(["here", "2024-12", 5], ["here", "2024-13", 6], header=("area", "period", "beds")),
        "period: '2024-13'",
    ),
}


def of(body: bytes, contract: Contract, partnership: Partnership, **known: Any) -> Staged:
    return staged(body, contract, partnership, **({**ASKED} if contract.layout.kind == "cmhc" else {}), **known)


@pytest.mark.parametrize("case", MONTH_13)
def test_a_date_that_no_calendar_has_refuses_the_file(case: str, partnership: Partnership) -> None:
    """Who is half right about the calendar sent another file than it seems: one message, with the column and what stands there."""
    contract, body, said = MONTH_13[case]
    told = refused(of(body(), contract, partnership))
    assert said in told
    assert "no calendar" in told
    assert contract.name in told
    assert "\n" not in told


@pytest.mark.parametrize("case", MONTH_13)
def test_nothing_of_it_is_loaded_and_one_finding_says_why(case: str, partnership: Partnership) -> None:
    contract, body, said = MONTH_13[case]
    known = {**ASKED} if contract.layout.kind == "cmhc" else {}
    verdict = world.judged(body(), contract, partnership, **known)
    assert (verdict.outcome, [(finding.rule, finding.severity) for finding in verdict.findings]) == ("blocked", [("shape", "critical")])
    assert said in verdict.findings[0].sentence()


def test_the_answer_of_the_census_profile(publishers: Publishers, partnership: Partnership) -> None:
    told = json.dumps(answer(publishers, partnership)).replace('"2021"', '"2021-13"')
    assert "TIME_PERIOD: '2021-13'" in refused(staged(told.encode(), CMA, partnership))


def test_a_file_whose_name_says_month_13(partnership: Partnership) -> None:
    """The period is that of the name, so no row of it can be read."""
    body = schools("A,5", header="School,New pupils")
    assert refused(staged(body, NAMED, partnership, name="https://x/new_2024_13.csv")).count("'2024-13'") == 1
    assert staged(body + b"B,6\r\n", NAMED, partnership, name="https://x/new_2024_12.csv").refusal is None


@pytest.mark.parametrize("month", ["13", "Month 13", "2015-13"])
def test_a_workbook_with_thirteen_months_across(month: str, partnership: Partnership) -> None:
    """Its heading names no such month, so it is a column that nobody knows."""
    rows = [[*row, (month if n == 3 else 5) if n > 2 and len(row) == 10 else None] for n, row in enumerate(GIVEN)]
    assert f"a column more: '{month}'" in refused(staged(sheet(*rows), WORKBOOK, partnership))


@pytest.mark.parametrize("period", ["", "x", "2024", "2024-8", "2024-08", "2024/2025", "202413"])
def test_a_period_in_no_calendars_form_sets_its_row_aside(period: str, partnership: Partnership) -> None:
    """What is not written as a month at all, or is the month of another table, is one row's fault; the others go on."""
    made = staged(world.zipped("17100009", statcan_file(population(period))), POPULATION, partnership)
    assert faults(made) == [(3, "period", "period")]
    assert len(facts(made)) == 1


@pytest.mark.parametrize("period", ["2026-Q5", "2026-13", "2026-02-30"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_partners_workbook_loses_only_the_row(period: str, form: str, partnership: Partnership) -> None:
    rows = [["p01", "2026-Q3", "clients_served", 5], ["p01", period, "job_placements", 6]]
    body = partner_file(*rows) if form == "csv" else sheet(["partner", "period", "metric", "value"], *rows, title="metrics")
    made = staged(body, METRICS, partnership)
    assert faults(made) == [(3, "period", "period")]
    assert len(facts(made)) == 1


def test_the_samples_of_every_layout_are_in_the_calendar(partnership: Partnership) -> None:
    """So that a refusal above is of the month alone."""
    assert staged(Wide(FOLDER / "census_98100307.yaml").zip("en"), read("statcan_immigrants_birthplace"), partnership).refusal is None
    assert staged(census_file("2021"), read("statcan_census_file_2021"), partnership).refusal is None
    assert staged(ircc_file(ROWS, header=HEADER), CONTRACT, partnership).refusal is None
    assert staged(ircc_file(ROWS, header=HEADER), QUARTERS, partnership).refusal is None
    assert staged(schools("A,2024-12,5"), SHARES, partnership).refusal is None
    assert of(export("Nov 2024,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,"), small_export(MONTHLY), partnership).refusal is None
