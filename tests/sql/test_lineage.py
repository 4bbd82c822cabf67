"""Promise one: a printed number walks back to the rows of the publishers' files, and those rows carry exactly its cells."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import expectations
import sql
from expectations import Contract, catalogue
from sql import periods, schema, warehouse
from sql.lineage import with_origin
from tasks.measure import Figure, measure
from tests.sample import HERE, alone, filled
from tests.world import PUBLIC

QUERIES = sql.read_all()


def tables_behind(name: str) -> set[str]:
    return {table for query in sql.in_order(QUERIES, {name}) for table in query.reads}


# Those of the tables that the sample home has loaded; the cases of every query ask for its origins too.
LEFT_OUT = {contract.name for contract in expectations.read_all() if not (contract.is_register or contract.is_partner)} - set(PUBLIC)
INDICATORS = sorted(name for name, query in QUERIES.items() if query.is_indicator and not tables_behind(name) & LEFT_OUT)
# A table and what its query adds from it.
SUMS = {"pgwp_year": "persons", "pr_admissions_year": "persons", "pr_admissions_12_months": "persons"}
COMPONENTS = {
    "immigrants_year": {"Immigrants": 1},
    "npr_net_year": {"Net non-permanent residents": 1},
    "natural_increase_year": {"Births": 1, "Deaths": -1},
}


# The rewriting


@pytest.fixture
def small() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    db.executescript("""
        create table a (place, persons, origin);
        insert into a values ('p', 1, 'a/1/2'), ('p', 2, 'a/1/3'), ('q', 4, 'a/1/4');
        create table b (place, persons, origin);
        insert into b values ('p', 10, 'b/1/2'), ('r', 20, 'b/1/3');
        create table period (code);
        insert into period values ('2026');
    """)
    yield db
    db.close()


def rows(db: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    found = db.execute(with_origin(query, "sqlite")).fetchall()
    return sorted((*row[:-1], tuple(sorted(part for part in (row[-1] or "").split(",") if part))) for row in found)


def test_a_plain_select_keeps_the_origin_of_each_row(small: sqlite3.Connection) -> None:
    assert rows(small, "select place from a where persons > 1") == [("p", ("a/1/3",)), ("q", ("a/1/4",))]


def test_grouped_rows_gather_their_origins(small: sqlite3.Connection) -> None:
    found = rows(small, "select place, sum(persons) as value from a group by place")
    assert found == [("p", 3, ("a/1/2", "a/1/3")), ("q", 4, ("a/1/4",))]


def test_an_aggregate_without_groups_gathers_all(small: sqlite3.Connection) -> None:
    assert rows(small, "select sum(persons) as value from a") == [(7, ("a/1/2", "a/1/3", "a/1/4"))]


def test_a_window_is_no_aggregate(small: sqlite3.Connection) -> None:
    found = rows(small, "select place, sum(persons) over (partition by place) as value from a where place = 'p'")
    assert found == [("p", 3, ("a/1/2",)), ("p", 3, ("a/1/3",))]


def test_a_join_has_the_origins_of_both_sides(small: sqlite3.Connection) -> None:
    found = rows(small, "select a.place, a.persons + b.persons as value from a join b on b.place = a.place")
    assert found == [("p", 11, ("a/1/2", "b/1/2")), ("p", 12, ("a/1/3", "b/1/2"))]


def test_a_left_join_without_a_match_keeps_its_own(small: sqlite3.Connection) -> None:
    found = rows(small, "select a.place, b.persons from a left join b on b.place = a.place where a.place = 'q'")
    assert found == [("q", None, ("a/1/4",))]


def test_the_calendar_is_no_origin(small: sqlite3.Connection) -> None:
    assert rows(small, "select a.place, period.code from a cross join period where a.place = 'q'") == [("q", "2026", ("a/1/4",))]


def test_a_cte_hands_its_origins_on(small: sqlite3.Connection) -> None:
    found = rows(small, "with sums as (select place, sum(persons) as value from a group by place) select value from sums where place = 'p'")
    assert found == [(3, ("a/1/2", "a/1/3"))]


def test_a_subquery_in_from_hands_its_origins_on(small: sqlite3.Connection) -> None:
    found = rows(small, "select s.value from (select place, sum(persons) as value from a group by place) s where s.place = 'p'")
    assert found == [(3, ("a/1/2", "a/1/3"))]


def test_a_union_all_keeps_the_rows_of_both(small: sqlite3.Connection) -> None:
    found = rows(small, "select place from a where place = 'q' union all select place from b where place = 'r'")
    assert found == [("q", ("a/1/4",)), ("r", ("b/1/3",))]


def test_what_stands_in_a_condition_is_no_origin(small: sqlite3.Connection) -> None:
    assert rows(small, "select place from a where place in (select place from b) and persons = 1") == [("p", ("a/1/2",))]


@pytest.mark.parametrize(
    "query",
    [
        "select distinct place from a",
        "select place from (select distinct place from a) s",
        "select place from a union select place from b",
        "select place from a intersect select place from b",
        "select place from a except select place from b",
        "with s as (select place from a union select place from b) select place from s",
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_what_merges_rows_before_their_origins_is_refused(query: str, dialect: str) -> None:
    with pytest.raises(ValueError, match=r"use (group by|union all)"):
        with_origin(query, dialect)


# The walk, over the sample home


@pytest.fixture(scope="module")
def figures() -> dict[str, list[Figure]]:
    with pytest.MonkeyPatch.context() as patch:
        alone(patch)
        found = measure(filled(), INDICATORS)
    return {name: [figure for figure in found if figure.indicator == name] for name in INDICATORS}


@lru_cache(maxsize=1)
def releases() -> dict[tuple[str, int], Path]:
    """The file behind each release of each table."""
    home = filled().home
    with warehouse.reader(home).connect() as connection:
        found = connection.exec_driver_sql(
            "select r.contract, r.release, s.file from release r join snapshot s on s.sha256 = r.sha256 and s.contract = r.contract"
        )
        return {(contract, release): home / "snapshots" / file for contract, release, file in found}


@lru_cache(maxsize=64)
def lines(path: Path) -> tuple[tuple[str, ...], ...]:
    """The rows of a file as a person counts them: row 1 is the header, and stands at index 1.

    Of a partner's file the store has the gate's CSV alone, whose rows stand under the numbers they had in what the partner sent.
    """
    body = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            body = archive.read(next(name for name in archive.namelist() if "MetaData" not in name))
    if body[:1] == b"{":  # an answer in JSON: its observations are numbered from 2
        return ((), ("key",), *((key,) for data in json.loads(body)["data"]["dataSets"] for key in data["series"]))
    text = body.decode("utf-8-sig")
    delimiter = "\t" if "\t" in text.splitlines()[0] else ","
    return ((), *(tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))


@lru_cache(maxsize=1)
def sent() -> dict[str, tuple[str, dict[int, tuple[str, ...]]]]:
    """Of each sound file of metrics that lies in the inbox, by partner: how it was written, and its rows by number."""
    found = {}
    for path in sorted((filled().home / "inbox" / "partners").glob("*/*_metrics.*")):
        if path.suffix == ".xlsx":
            sheet = load_workbook(path)["metrics"]
            rows = {number: tuple(str(cell) for cell in row) for number, row in enumerate(sheet.iter_rows(values_only=True), 1)}
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = {number: tuple(row) for number, row in enumerate(csv.reader(file), 1)}
        found[path.parent.name] = path.suffix, rows
    return found


def cells(figure: Figure, contract: str) -> list[dict[str, str]]:
    """The cells of the rows a figure names, read from the bytes by row number."""
    found = []
    for origin in figure.origins:
        if origin.contract == contract and origin.row is not None:
            table = lines(releases()[origin.contract, origin.release])
            found.append(dict(zip(table[1], table[origin.row], strict=False)))
    return found


def zeros(figure: Figure) -> int:
    """How many of its rows are zeros that the publisher left out."""
    return sum(origin.row is None for origin in figure.origins)


def at(figures: dict[str, list[Figure]], indicator: str, period: str, place: str = HERE) -> Figure:
    return next(figure for figure in figures[indicator] if (figure.period, figure.place) == (period, place))


def number(cell: str) -> float:
    return 0.0 if cell == "--" else float(cell.replace(",", ""))


def is_owed(indicator: str) -> bool:
    """False where the query asks for metrics of partners that nobody of the sample's register of reporting owes."""
    partnership = filled()
    asked = {metric.code for metric in catalogue.read(partnership.home) if f"'{metric.code}'" in sql.read_all()[indicator].text}
    owed = set(partnership.register_codes("reporting", "metric"))
    return not asked or bool(asked & owed)


@pytest.mark.parametrize("indicator", INDICATORS)
def test_every_figure_names_rows_that_are_there_and_the_snapshots_of_those_rows(figures: dict[str, list[Figure]], indicator: str) -> None:
    # A metric that no partner of the sample owes has no figure, and every other indicator has some.
    assert bool(figures[indicator]) == is_owed(indicator)
    for figure in figures[indicator]:
        assert figure.origins, figure
        files = {releases()[origin.contract, origin.release] for origin in figure.origins}
        assert {file.stem for file in files} == set(figure.snapshots)
        assert figure.is_sample
        assert figure.released_at
        for origin in figure.origins:
            table = lines(releases()[origin.contract, origin.release])
            assert origin.row is None or 2 <= origin.row < len(table), origin


def test_a_year_of_permits_is_twelve_rows_of_the_file(figures: dict[str, list[Figure]]) -> None:
    figure = at(figures, "pgwp_year", "2025")
    found = cells(figure, "ircc_pgwp_cma")
    assert len(found) == 12
    assert {row["EN_CENSUS_METROPOLITAN_AREA"] for row in found} == {"Peterborough"}
    assert Counter(row["EN_YEAR"] for row in found) == {"2025": 12}
    assert len({row["EN_MONTH"] for row in found}) == 12
    assert sum(number(row["TOTAL"]) for row in found) == figure.value == 1100


@pytest.mark.parametrize("indicator", ["pgwp_year", "pr_admissions_year", "pr_admissions_12_months"])
def test_every_sum_of_months_is_the_sum_of_its_rows(figures: dict[str, list[Figure]], indicator: str) -> None:
    contract = "ircc_pgwp_cma" if indicator == "pgwp_year" else "ircc_pr_cma"
    for figure in figures[indicator]:
        found = cells(figure, contract)
        # A zero left out has no row; all zeros of one release are told once.
        assert len(found) <= 12
        assert len(found) == 12 or zeros(figure)
        assert sum(number(row["TOTAL"]) for row in found) == figure.value, figure
        hidden = sum(row["TOTAL"].strip() == "--" for row in found)
        shown = len(found) - hidden
        assert (figure.lower, figure.upper) == (figure.value - 2.5 * shown, figure.value + 2.5 * shown + 5 * hidden)


@pytest.mark.parametrize("indicator", ["pgwp_month", "pr_admissions_month"])
def test_a_month_is_one_row_or_a_zero_left_out(figures: dict[str, list[Figure]], indicator: str) -> None:
    contract = "ircc_pgwp_cma" if indicator == "pgwp_month" else "ircc_pr_cma"
    for figure in figures[indicator]:
        found = cells(figure, contract)
        assert len(figure.origins) == 1
        if figure.mark == "absent":
            assert (found, figure.value) == ([], 0)
            continue
        (row,) = found
        assert periods.from_month_name(row["EN_YEAR"], row["EN_MONTH"]) == figure.period
        assert row["TOTAL"].strip() == "--" if figure.value is None else number(row["TOTAL"]) == figure.value
    assert any(figure.mark == "absent" for figure in figures["pgwp_month"])


@pytest.mark.parametrize("indicator", sorted(COMPONENTS))
def test_a_component_of_growth_is_rows_of_the_zip(figures: dict[str, list[Figure]], indicator: str) -> None:
    for figure in figures[indicator]:
        found = cells(figure, "statcan_components_cma")
        assert {row["Components of population growth"] for row in found} == set(COMPONENTS[indicator])
        assert {(row["REF_DATE"], row["Gender"], row["Age group"]) for row in found} == {(figure.period, "Total - gender", "All ages")}
        assert len({row["DGUID"] for row in found}) == 1
        signs = COMPONENTS[indicator]
        assert sum(signs[row["Components of population growth"]] * number(row["VALUE"]) for row in found) == figure.value


def test_a_quarter_of_population_is_one_row_of_the_zip(figures: dict[str, list[Figure]]) -> None:
    for figure in figures["population_quarter"]:
        (row,) = cells(figure, "statcan_population_quarterly")
        assert periods.parse(row["REF_DATE"], "quarterly").code == figure.period
        assert number(row["VALUE"]) == figure.value


@pytest.mark.parametrize(
    "indicator",
    ["clients_served", "job_placements", "language_wait", "public_events_attendance", "racism_reports", "trainings_delivered"],
)
def test_a_total_of_partners_is_their_rows_and_the_duties_behind_them(figures: dict[str, list[Figure]], indicator: str) -> None:
    for figure in figures[indicator]:
        found = cells(figure, "partner_metrics")
        assert {(row["metric"], row["period"]) for row in found} <= {(indicator, figure.period)}
        numbers = [number(row["value"]) for row in found if row["value"] not in ("not collected", "non recueilli")]
        assert (sum(numbers) if numbers else None) == figure.value, figure
        assert (len(numbers), sum(value > 0 for value in numbers)) == (figure.reporters, figure.contributors)
        owed = cells(figure, "reporting")
        assert {row["metric"] for row in owed} == {indicator}
        assert len(owed) == figure.expected


def test_partners_files_are_walked_in_csv_and_in_workbooks(figures: dict[str, list[Figure]]) -> None:
    """What was read is kept as CSV alone, and the number of a row is the one the partner sees in its own file."""
    figure = at(figures, "clients_served", "2026-Q3")
    origins = [origin for origin in figure.origins if origin.contract == "partner_metrics"]
    assert {releases()[origin.contract, origin.release].suffix for origin in origins} == {".csv"}
    kept = cells(figure, "partner_metrics")
    assert Counter(row["partner"] for row in kept) == dict.fromkeys(["p01", "p02", "p03", "p04", "p05", "p07", "p08", "p09"], 1)
    assert {sent()[row["partner"]][0] for row in kept} == {".csv", ".xlsx"}
    for origin, row in zip(origins, kept, strict=True):
        theirs = sent()[row["partner"]][1]
        assert origin.row is not None
        assert dict(zip(theirs[1], theirs[origin.row], strict=True)).items() <= row.items()


def test_a_share_is_the_rows_of_both_its_parts(figures: dict[str, list[Figure]]) -> None:
    for figure in figures["welcome_pass_use"]:
        found = cells(figure, "partner_metrics")
        by = {(row["partner"], row["metric"]): row["value"] for row in found}
        pairs = [(by.get((p, "welcome_passes_used")), by.get((p, "welcome_passes"))) for p in sorted({p for p, _ in by})]
        whole = [(number(used), number(issued)) for used, issued in pairs if used and issued and "not" not in used + issued]
        assert (sum(u for u, _ in whole), sum(i for _, i in whole)) == (figure.numerator, figure.denominator)
    assert at(figures, "welcome_pass_use", "2025-Q3").reporters == 3, "p07 did not collect how many were used"


def test_members_are_rows_of_their_register(figures: dict[str, list[Figure]]) -> None:
    for figure in figures["member_organisations"]:
        found = cells(figure, "members")
        assert len(found) == figure.value
        assert all(row["joined"] <= figure.period_end and (not row["left"] or row["left"] >= figure.period_end) for row in found)


def test_partners_that_reported_are_rows_of_that_quarter(figures: dict[str, list[Figure]]) -> None:
    figure = at(figures, "partners_reporting", "2026-Q3")
    found = cells(figure, "partner_metrics")
    assert {row["period"] for row in found} == {"2026-Q3"}
    assert len({row["partner"] for row in found}) == figure.numerator == 8
    assert len({row["partner"] for row in cells(figure, "reporting")}) == figure.denominator == 9


def test_the_store_holds_the_bytes_under_their_digest() -> None:
    import hashlib

    for path in releases().values():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem


def test_every_contract_of_a_figure_is_one_of_ours(figures: dict[str, list[Figure]]) -> None:
    known: dict[str, Contract] = {contract.name: contract for contract in filled().contracts()}
    assert {origin.contract for group in figures.values() for figure in group for origin in figure.origins} <= set(known)
    assert not set(known) & set(schema.metadata.tables)
