"""A file against the one in force and against itself: holes, old files, places that vanish, marks that spread, parts and totals."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import pytest

from demo.publishers import Publishers
from expectations import Contract, ContractBroken, Limit, Revision, Total, read
from expectations.partnership import Partnership
from tasks.check import Finding, Verdict, check
from tests import world
from tests.world import ircc_file, ircc_row, judged, loaded, population_row, statcan_file, zipped

RESIDENTS = read("ircc_pr_cma")
TAKES_ALL = RESIDENTS.model_copy(update={"revision": Revision(accept="always")})
OSHAWA = "2021S0503532"
POPULATION = world.changed("statcan_population_quarterly", ("rows: [100,", "rows: [1,"))
NAME = {"name": "17100009-eng.zip"}


def told(verdict: Verdict, *rules: str) -> list[Finding]:
    """The findings, or those of these rules."""
    return [finding for finding in verdict.findings if not rules or finding.rule in rules]


def rules(verdict: Verdict) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in verdict.findings]


def called(partnership: Partnership, code: str) -> str:
    return f"{partnership.place_names('en')[code]} ({code})"


def months(places: dict[str, str], names: Iterable[str] = world.MONTHS[:6], *, year: int = 2025) -> list[list[str]]:
    """A row for each month and place, with the same total."""
    return [ircc_row(year, month, place, total) for place, total in places.items() for month in names]


BOTH = {"Peterborough": "10", "Oshawa": "100"}


def quarters(*periods: str, code: str = "35", value: str = "5", **more: str) -> list[list[str]]:
    return [population_row(period, code, value, **more) for period in periods]


def table(*rows: list[str]) -> bytes:
    return zipped("17100009", statcan_file(rows))


# Periods


def gaps(name: str, say: str) -> Contract:
    return world.changed(name, ("caveats:", f"gaps: {say}\ncaveats:"), *([("rows: [100,", "rows: [1,")] if "statcan" in name else []))


@pytest.mark.parametrize(("say", "outcome"), [("allow", "passed"), ("warn", "passed"), ("refuse", "blocked")])
def test_a_month_that_nobody_speaks_of_is_a_hole(say: str, outcome: str, partnership: Partnership) -> None:
    """Months 3 and 4 are missing of everybody: told, refused, or allowed, as the contract says."""
    verdict = judged(ircc_file(months(BOTH, ["Jan", "Feb", "May", "Jun"])), gaps("ircc_pr_cma", say), partnership)
    assert verdict.outcome == outcome
    if say == "allow":
        assert verdict.findings == ()
        return
    (finding,) = verdict.findings
    assert (finding.rule, finding.column, finding.row) == ("gaps", "period", None)
    assert finding.found == "nothing between 2025-02 and 2025-05 (2 missing)"
    assert finding.expected == "every month between the first and the last"


def test_a_quarter_that_nobody_speaks_of(partnership: Partnership) -> None:
    body = table(*quarters("2023-10", "2024-01", "2024-07"), *quarters("2023-10", "2024-01", "2024-07", code="11124"))
    (finding,) = judged(body, POPULATION, partnership, **NAME).findings
    assert (finding.rule, finding.found) == ("gaps", "nothing between 2024-Q1 and 2024-Q3 (1 missing)")


def test_a_table_of_every_fifth_year_has_no_holes(partnership: Partnership) -> None:
    """The step of a yearly table is what its years show; a census left out is a hole."""
    annual = world.changed("statcan_population_quarterly", ("rows: [100,", "rows: [1,"), ("frequency: quarterly", "frequency: annual"))
    assert judged(table(*quarters("2006", "2011", "2016", "2021")), annual, partnership, **NAME).findings == ()
    (finding,) = judged(table(*quarters("2001", "2006", "2016", "2021")), annual, partnership, **NAME).findings
    assert finding.found == "nothing between 2006 and 2016 (1 missing)"


def test_spans_follow_each_other(partnership: Partnership) -> None:
    spans = world.changed(
        "statcan_population_quarterly", ("rows: [100,", "rows: [1,"), ("frequency: quarterly", "frequency: span, starts: 7")
    )
    assert judged(table(*quarters("2021/2022", "2022/2023", "2023/2024")), spans, partnership, **NAME).findings == ()
    (finding,) = judged(table(*quarters("2020/2021", "2021/2022", "2023/2024")), spans, partnership, **NAME).findings
    assert finding.found == "nothing between 2021/2022 and 2023/2024 (1 missing)"


def test_a_series_with_a_hole_is_not_one_that_ended(partnership: Partnership) -> None:
    """Ontario ends early and Canada begins late: no holes. Canada without 2024-Q2 has one, and it is named."""
    whole = [*quarters("2023-10", "2024-01"), *quarters("2024-01", "2024-04", "2024-07", code="11124")]
    assert judged(table(*whole), POPULATION, partnership, **NAME).findings == ()
    holed = [*quarters("2023-10", "2024-01", "2024-04"), *quarters("2023-10", "2024-01", "2024-07", code="11124")]
    (finding,) = judged(table(*holed), POPULATION, partnership, **NAME).findings
    assert (finding.rule, finding.severity, finding.found) == (
        "holes",
        "warning",
        f"{called(partnership, '2021A000011124')}: none for 2024-Q2",
    )
    refused = judged(table(*holed), gaps("statcan_population_quarterly", "refuse"), partnership, **NAME)
    assert (rules(refused), refused.outcome) == ([("holes", "critical")], "blocked")


def test_a_row_that_cannot_be_read_is_no_hole_besides(partnership: Partnership) -> None:
    """One fault, one finding."""
    rows = [*quarters("2023-10", "2024-01", "2024-04"), *quarters("2024-01", value="abc", code="11124")]
    rows += quarters("2023-10", "2024-04", code="11124")
    assert rules(judged(table(*rows), POPULATION, partnership, **NAME)) == [("number", "critical")]


def test_zeros_that_are_left_out_are_no_holes(partnership: Partnership) -> None:
    rows = [*months({"Oshawa": "100"}), *months({"Peterborough": "10"}, ["Jan", "Feb", "Jun"])]
    assert judged(ircc_file(rows), RESIDENTS, partnership).findings == ()


# An old file


def test_an_old_file_served_again_is_refused(warehouse: str, partnership: Partnership) -> None:
    """The last period of the new file must not be older than the last in force; the same last period may come again."""
    loaded(ircc_file(months(BOTH)), RESIDENTS, partnership)
    assert judged(ircc_file(months({"Peterborough": "15", "Oshawa": "100"})), RESIDENTS, partnership).outcome == "passed"
    old = ircc_file([*months(BOTH, world.MONTHS, year=2024), *months(BOTH, world.MONTHS[:5])])
    verdict = judged(old, RESIDENTS, partnership)
    assert (rules(verdict), verdict.outcome) == ([("older", "critical")], "blocked")
    assert verdict.findings[0].found == "2025-05 as the last period"
    assert verdict.findings[0].expected == "2025-06, the last in force, or a later one"
    allowed = world.changed("ircc_pr_cma", ("caveats:", "history: {may_end_earlier: true}\ncaveats:"))
    assert judged(old, allowed, partnership).findings == ()


# Half a file


def test_half_of_a_monthly_file_is_refused(warehouse: str, partnership: Partnership) -> None:
    """It is whole in its own eyes: only the file in force shows that half of it is missing."""
    loaded(ircc_file(months({**BOTH, "Barrie": "5", "Toronto": "500"})), RESIDENTS, partnership)
    verdict = judged(ircc_file(months(BOTH)), RESIDENTS, partnership)
    assert (rules(verdict), verdict.outcome) == ([("shrink", "critical")], "blocked")
    assert verdict.findings[0].expected == "at least 21 rows, 90% of the 24 in force"


def test_half_of_a_table_is_refused_without_its_metadata(partnership: Partnership) -> None:
    whole = ("2023-01", "2023-04", "2023-07", "2023-10")
    loaded(table(*quarters(*whole), *quarters(*whole, code="11124")), POPULATION, partnership, **NAME)
    verdict = judged(table(*quarters(*whole)), POPULATION, partnership, **NAME)
    assert (rules(verdict), verdict.outcome) == ([("shrink", "critical"), ("stays_place", "critical")], "blocked")


# Places and members that vanish


def test_a_place_that_is_renamed_stops_the_file(warehouse: str, partnership: Partnership) -> None:
    """One of two places under another name: without this, its series would be withdrawn without a word."""
    loaded(ircc_file(months(BOTH)), RESIDENTS, partnership)
    renamed = ircc_file([*months({"Oshawa": "100"}), *months({"Peterborough (CMA)": "10"})])
    verdict = judged(renamed, RESIDENTS, partnership)
    assert (rules(verdict), verdict.outcome) == ([("stays_place", "critical")], "blocked")
    assert verdict.findings[0].found == f"nothing of {called(partnership, world.PETERBOROUGH)}"
    assert "place_labels.csv" in verdict.findings[0].fix
    before = world.as_of(partnership, RESIDENTS)
    assert loaded(renamed, RESIDENTS, partnership).outcome == "blocked"
    assert world.as_of(partnership, RESIDENTS) == before


def test_a_label_that_is_mended_lets_the_same_file_in(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """The finding says what to mend; once it is mended, the bytes that were refused are judged again."""
    file, name = "ODP-PR-PT_CMA.csv", "ircc_pr_cma"
    assert world.refresh(partnership, name)[name].outcome == "loaded"
    before = world.as_of(partnership, RESIDENTS)
    publishers.replace(file, world.edition(publishers, file).replace(b"\tPeterborough\t", b"\tPeterborough (CMA)\t"))
    line = world.refresh(partnership, name)[name]
    assert (line.outcome, line.findings[0].rule) == ("blocked", "stays_place")
    labels = partnership.home / "registers" / "place_labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8") + f"ircc,Peterborough (CMA),{world.PETERBOROUGH}\n", encoding="utf-8")
    assert world.refresh(partnership, name)[name].outcome == "loaded"
    assert {(row["place"], row["period"]) for row in world.as_of(partnership, RESIDENTS)} == {
        (row["place"], row["period"]) for row in before
    }


ALLOWED: dict[str, tuple[Contract, list[tuple[str, str]]]] = {
    "named in the contract": (world.changed("ircc_pr_cma", add=f"history: {{may_leave: {{place: [{world.PETERBOROUGH}]}}}}"), []),
    "whatever the publisher does": (TAKES_ALL, [("stays_place", "warning")]),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_a_place_may_leave_where_the_contract_says_so(case: str, partnership: Partnership) -> None:
    contract, expected = ALLOWED[case]
    loaded(ircc_file(months(BOTH)), contract, partnership)
    verdict = judged(ircc_file([*months({"Oshawa": "100"}), *months({"Barrie": "10"})]), contract, partnership)
    assert (rules(verdict), verdict.outcome) == (expected, "passed")


def test_a_place_we_no_longer_keep_is_not_missed(partnership: Partnership) -> None:
    """What the partnership itself gave up is no news about the file."""
    loaded(ircc_file(months(BOTH)), RESIDENTS, partnership)
    kept = [code for code in partnership.context if code != OSHAWA]
    smaller = partnership.model_copy(update={"context": kept, "places": [code for code in partnership.places if code != OSHAWA]})
    assert OSHAWA in partnership.kept_places
    assert judged(ircc_file([*months({"Peterborough": "10"}), *months({"Barrie": "5"})]), RESIDENTS, smaller).findings == ()


def test_boundaries_that_change_stop_the_file(partnership: Partnership) -> None:
    """C14: the places of another geography are other places, and nothing is spliced without a word."""
    everywhere = world.changed("statcan_population_quarterly", ("rows: [100,", "rows: [1,"), (", places: partnership", ""))
    periods = ("2024-01", "2024-04")
    loaded(table(*quarters(*periods), *quarters(*periods, code="24")), everywhere, partnership, **NAME)
    moved = table(*quarters(*periods), *quarters(*periods, code="24", DGUID="2021S0503408"))
    verdict = judged(moved, everywhere, partnership, **NAME)
    assert (rules(verdict), verdict.outcome) == ([("stays_place", "critical")], "blocked")


GROUPED = (
    ("grain: [place, period]", "grain: [place, period, group]"),
    ("EN_PROVINCE_TERRITORY, ", ""),
)


def grouped(column: str, *more: tuple[str, str]) -> Contract:
    """The monthly table with a category beside the place."""
    return world.changed("ircc_pr_cma", *GROUPED, ("  persons:", f"  group: {{source: EN_PROVINCE_TERRITORY{column}}}\n  persons:"), *more)


def by_group(**totals: str) -> bytes:
    rows = [ircc_row(2025, month, "Peterborough", total, province=group) for group, total in totals.items() for month in world.MONTHS[:6]]
    return ircc_file(rows)


def test_a_member_of_an_open_list_that_vanishes_is_told(partnership: Partnership) -> None:
    contract = grouped("")
    loaded(by_group(a="10", b="10"), contract, partnership)
    verdict = judged(by_group(a="10", c="10"), contract, partnership)
    assert (rules(verdict), verdict.outcome) == ([("stays_group", "warning")], "passed")
    assert verdict.findings[0].found == "nothing of b"


def test_a_member_of_a_closed_list_that_vanishes_stops_the_file(partnership: Partnership) -> None:
    """But a member that the contract itself gave up is not missed."""
    loaded(by_group(a="10", b="10"), grouped(", one_of: [a, b]"), partnership)
    verdict = judged(by_group(a="10", c="10"), grouped(", one_of: [a, b, c]"), partnership)
    assert (rules(verdict), verdict.outcome) == ([("stays_group", "critical")], "blocked")
    assert judged(by_group(a="10", c="10"), grouped(", one_of: [a, c]"), partnership).findings == ()


def test_a_part_is_compared_with_its_own_places(warehouse: str, partnership: Partnership) -> None:
    """A table that comes as a file for each place: the others are not missing from it, and each has its own last period and length."""
    half = world.MONTHS[:3]
    loaded(ircc_file(months({"Peterborough": "10"})), RESIDENTS, partnership, part="one")
    loaded(ircc_file(months({"Oshawa": "100"}, half)), RESIDENTS, partnership, part="two")
    assert judged(ircc_file(months({"Oshawa": "105"}, half)), RESIDENTS, partnership, part="two").findings == ()
    verdict = judged(ircc_file(months({"Peterborough": "15"}, half)), RESIDENTS, partnership, part="one")
    assert rules(verdict) == [("shrink", "critical"), ("older", "critical")]
    assert verdict.findings[0].expected == "at least 5 rows, 90% of the 6 in force"


def test_history_is_of_what_is_in_force(warehouse: str, partnership: Partnership) -> None:
    """A place that left with an accepted release is not missed for ever."""
    loaded(ircc_file(months(BOTH)), TAKES_ALL, partnership)
    only = ircc_file([*months({"Oshawa": "100"}), *months({"Barrie": "10"})])
    assert loaded(only, TAKES_ALL, partnership).outcome == "passed"
    again = ircc_file([*months({"Oshawa": "105"}), *months({"Barrie": "10"})])
    assert judged(again, RESIDENTS, partnership).findings == ()


def test_the_first_file_has_no_past(warehouse: str, partnership: Partnership) -> None:
    assert judged(ircc_file(months({"Oshawa": "100"})), RESIDENTS, partnership).findings == ()


def test_partners_files_have_no_past(partnership: Partnership) -> None:
    """Each holds what it holds: another quarter, other metrics, fewer rows."""
    metrics = read("partner_metrics")
    loaded(world.partner_file(["p01", "2026-Q3", "clients_served", 5], ["p01", "2026-Q3", "job_placements", 5]), metrics, partnership)
    assert judged(world.partner_file(["p02", "2024-Q3", "clients_served", 5]), metrics, partnership).findings == ()


# Marks that spread


def test_suppression_that_doubles_is_told_with_figures(warehouse: str, partnership: Partnership) -> None:
    """A warning: the file is taken, and somebody looks."""
    half = months(BOTH, world.MONTHS[:5])
    loaded(ircc_file([*half, *months({"Peterborough": "--", "Oshawa": "100"}, ["Jun"])]), RESIDENTS, partnership)
    few = [*months(BOTH, world.MONTHS[:4]), *months({"Peterborough": "--", "Oshawa": "100"}, ["May", "Jun"])]
    verdict = judged(ircc_file(few), RESIDENTS, partnership)
    assert verdict.findings == (), "twice as many is not yet more than twice"
    many = [*months(BOTH, world.MONTHS[:3]), *months({"Peterborough": "--", "Oshawa": "100"}, ["Apr", "May", "Jun"])]
    verdict = judged(ircc_file(many), RESIDENTS, partnership)
    assert (rules(verdict), verdict.outcome) == ([("marks", "warning")], "passed")
    assert verdict.findings[0].found == "3 of 12 cells without a number (25.0%)"
    assert verdict.findings[0].expected == "about as many as in force, 1 of 12 (8.3%)"


# Parts and totals

SUMMED = "totals: [{column: group, total: all, parts: [a, b]}]\ncaveats:"
GROUPS = grouped(", one_of: [all, a, b, other]", ("caveats:", SUMMED))
EXACT = grouped(", one_of: [all, a, b, other]", ("caveats:", SUMMED), ("rounding: 5\n", ""), ("absent: zero\n", ""))


ADD_UP = [
    ({"all": "20", "a": "10", "b": "10"}, True),
    ({"all": "25", "a": "10", "b": "10"}, True),  # rounding allows 3 * 2.5
    ({"all": "10", "a": "10", "b": "5"}, True),
    ({"all": "30", "a": "10", "b": "10"}, False),
    ({"all": "10", "a": "10", "b": "10"}, False),
    ({"all": "20", "a": "10", "b": "10", "other": "500"}, True),  # no part of it
    ({"all": "15", "a": "10", "b": "--"}, True),  # 0 to 5
    ({"all": "20", "a": "10", "b": "--"}, True),
    ({"all": "30", "a": "10", "b": "--"}, False),
    ({"all": "5", "a": "10", "b": "--"}, True),
    ({"all": "--", "a": "--", "b": "--"}, True),
    ({"all": "--", "a": "40", "b": "--"}, False),
    ({"all": "10", "a": "10"}, True),  # a zero left out
    ({"all": "30", "a": "10"}, False),
    ({"a": "10", "b": "10"}, True),
    ({"all": "10"}, True),
]


@pytest.mark.parametrize(("totals", "fits"), ADD_UP)
def test_rounded_and_hidden_parts_add_up(totals: dict[str, str], fits: bool, partnership: Partnership) -> None:
    """S14: no alarm below the rounding bound and the bounds of hidden cells, and none missed above them."""
    verdict = judged(by_group(**totals), GROUPS, partnership)
    assert [rule for rule, _ in rules(verdict)] == ([] if fits else ["total_1"] * 6)
    assert verdict.outcome == ("passed" if fits else "blocked")


def test_honest_rounding_never_alarms(partnership: Partnership) -> None:
    """S14: true parts and their true total, each rounded, hidden or left out on its own, in 360 months."""
    chance = random.Random(14)

    def printed(number: int) -> str:
        return "--" if number < 5 else str(5 * round(number / 5))

    rows = []
    for year in range(1995, 2025):
        for month in world.MONTHS:
            a, b = (chance.choice([0, chance.randint(1, 12), chance.randint(1, 400)]) for _ in range(2))
            for group, number in {"all": a + b, "a": a, "b": b}.items():
                if number:
                    rows.append(ircc_row(year, month, "Peterborough", printed(number), province=group))
    verdict = judged(ircc_file(rows), GROUPS, partnership)
    assert told(verdict, "total_1") == []
    assert verdict.outcome == "passed"


def test_a_total_that_is_off_is_named_with_its_sum(partnership: Partnership) -> None:
    rows = [ircc_row(2025, "Jan", "Peterborough", total, province=group) for group, total in {"all": "30", "a": "10", "b": "11"}.items()]
    rows += [ircc_row(2025, "Feb", "Peterborough", total, province=group) for group, total in {"all": "21", "a": "10", "b": "11"}.items()]
    (finding,) = judged(ircc_file(rows), EXACT, partnership).findings
    assert (finding.rule, finding.column, finding.row) == ("total_1", "group", None)
    assert finding.found == f"{called(partnership, world.PETERBOROUGH)}, 2025-01: parts add up to 21, printed is 30"
    assert finding.expected == "parts under all that add up to it"


@pytest.mark.parametrize(("tolerance", "fits"), [("0", False), ("3", True), ("2.9", False)])
def test_the_tolerance_of_a_part(tolerance: str, fits: bool, partnership: Partnership) -> None:
    """Two parts and their total may be off by three tolerances."""
    contract = grouped("", ("caveats:", SUMMED.replace("}]", f", tolerance: {tolerance}, severity: warning}}]")), ("rounding: 5\n", ""))
    verdict = judged(by_group(all="30", a="10", b="11"), contract, partnership)
    assert [(rule, severity) for rule, severity in rules(verdict)] == ([] if fits else [("total_1", "warning")] * 6)
    assert verdict.outcome == "passed"


def test_more_totals_than_a_person_reads_are_counted(partnership: Partnership) -> None:
    totals = {"all": "30", "a": "10", "b": "11"}
    rows = [
        ircc_row(year, month, "Peterborough", total, province=group)
        for group, total in totals.items()
        for year in (2023, 2024, 2025)
        for month in world.MONTHS
    ]
    verdict = judged(ircc_file(rows), EXACT, partnership)
    assert len(verdict.findings) == 21
    assert sum(finding.rows for finding in verdict.findings) == 36


def test_a_row_that_is_held_makes_no_second_finding(partnership: Partnership) -> None:
    """A number out of its limits is told once, and does not make the total of its month wrong."""
    rows = [ircc_row(2025, "Jan", "Peterborough", total, province=group) for group, total in {"all": "20", "a": "-10", "b": "10"}.items()]
    assert rules(judged(ircc_file(rows), EXACT, partnership)) == [("least", "critical")]


def test_a_cell_of_unknown_size_leaves_its_sum_out(partnership: Partnership) -> None:
    """A mark without bounds: nobody can say what the parts add up to."""
    summed = [Total(column="gender", total="Total - gender", parts=["Men+", "Women+"])]
    unknown = read("statcan_components_cma").model_copy(update={"totals": summed, "rows": (1, 100)})
    parts = {"Total - gender": "30", "Men+": "10", "Women+": "11"}
    assert rules(judged(components(parts), unknown, partnership)) == [("total_1", "critical")]
    assert judged(components(parts | {"Women+": "x"}), unknown, partnership).findings == ()
    assert judged(components(parts | {"Total - gender": ".."}), unknown, partnership).findings == ()
    verdict = judged(components({"Total - gender": "30", "Men+": "10"}), unknown, partnership)
    assert (rules(verdict), verdict.findings[0].found) == ([("parts_1", "critical")], "no Women+")


def components(*years: dict[str, str]) -> bytes:
    """Births of one place by gender, for as many years from 2021 on."""
    header = [*world.STATCAN_HEADER[:3], "Gender", "Age group", "Components of population growth", *world.STATCAN_HEADER[3:]]
    genders = ["Total - gender", "Men+", "Women+"]
    made = []
    for year, printed in enumerate(years, start=2021):
        for gender, cell in printed.items():
            value, status = (cell, "") if cell.isdigit() else ("", cell)
            more = {"STATUS": status, "COORDINATE": f"1.{genders.index(gender)}", "DGUID": world.PETERBOROUGH}
            row = population_row(f"{year}/{year + 1}", "35", value, **more)
            made.append([*row[:3], gender, "All ages", "Births", *row[3:]])
    return zipped("17100149", statcan_file(made, header=header))


# Limits by member


def test_limits_of_one_unit_do_not_bind_another(partnership: Partnership) -> None:
    """Persons and rates in one column: each has its own least and most."""
    limits = "limits: [{column: group, member: rate, min: 0, max: 100}, {column: group, member: change, min: -50}]\ncaveats:"
    contract = grouped(", one_of: [persons, rate, change]", ("caveats:", limits), ("min: 0, max: 100000", "max: 100000"))
    assert judged(by_group(persons="5000", rate="100", change="-50"), contract, partnership).findings == ()
    verdict = judged(by_group(persons="5000", rate="105", change="-55"), contract, partnership)
    assert {(finding.rule, finding.expected) for finding in verdict.findings} == {
        ("most_1", "at most 100 where group is rate"),
        ("least_2", "at least -50 where group is change"),
    }
    assert (verdict.outcome, verdict.rows_held, verdict.rows_kept) == ("held", 12, 6)


@pytest.mark.parametrize(
    "key", ["limits: [{column: x, member: y}]", "history: {may_leave: {x: [y]}}", "totals: [{column: x, total: y, parts: [z]}]"]
)
def test_a_key_about_no_dimension_is_refused(key: str) -> None:
    with pytest.raises(ContractBroken, match="which are not dimensions of the table"):
        world.changed("ircc_pr_cma", ("caveats:", f"{key}\ncaveats:"))


def test_what_history_costs(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of questions to the warehouse, whatever the size of the table."""
    from sqlalchemy import event

    from sql.warehouse import reader

    loaded(ircc_file(months(BOTH)), RESIDENTS, partnership)
    asked: list[Any] = []
    event.listen(reader(partnership.home), "before_cursor_execute", lambda *a: asked.append(a[2]) if a[2].startswith("SELECT") else None)
    judged(ircc_file(months(BOTH)), RESIDENTS, partnership)
    facts = [statement for statement in asked if "__facts" in statement]
    assert len(facts) == 1, facts
    assert len(asked) <= 12


# Large tables


def test_a_large_table_tells_the_same(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts that lie in blocks give the findings that facts in rows give: holes, marks, places, totals, limits."""
    everywhere = read("statcan_components_cma").model_copy(
        update={
            "rows": (1, 100),
            "totals": [Total(column="gender", total="Total - gender", parts=["Men+", "Women+"], severity="warning")],
            "limits": [Limit(column="gender", member="Total - gender", max=35)],
            "least_share": 0.0,
        }
    )
    parts = {"Total - gender": "30", "Men+": "10", "Women+": "20"}
    loaded(components(parts, parts, parts, parts), everywhere, partnership)
    broken = components(parts, {"Men+": "10", "Women+": "x"}, parts | {"Total - gender": "40"}, parts | {"Total - gender": "33"})
    found = []
    for most in (20_000, 0):
        for name in ("SMALL", "TOGETHER"):
            monkeypatch.setattr(f"tasks.stage.staging.{name}", most)
        made = world.staged(broken, everywhere, partnership)
        with closing(sqlite3.connect(made.path)) as db:
            assert bool(db.execute("select count(*) from block").fetchone()[0]) == (most == 0)
        verdict = check(made, everywhere, partnership)
        found.append((verdict.findings, verdict.outcome, verdict.rows_kept, verdict.rows_held))
    assert found[0] == found[1]
    assert [finding.rule for finding in found[0][0]] == ["most_1", "holes", "marks", "total_1"]
