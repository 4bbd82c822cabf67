"""Measure: what is known, as known at any moment, on both warehouses, without a trace in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import inspect

import expectations
from expectations.partnership import Partnership
from sql import clock
from sql import warehouse as engines
from tasks import Misuse
from tasks.accept import accept
from tasks.build import build
from tasks.measure import Broken, Figure, Origin, latest, measure
from tasks.protect import protect
from tests import world
from tests.sample import HERE
from tests.world import (
    MONTHS,
    changed,
    contract_text,
    dump,
    ircc_file,
    ircc_row,
    later,
    loaded,
    partner_file,
    population_row,
    statcan_file,
    zipped,
)

PGWP = expectations.read("ircc_pgwp_cma")


def months(*totals: str, year: int = 2025) -> bytes:
    return ircc_file(ircc_row(year, month, "Peterborough", total) for month, total in zip(MONTHS, totals, strict=False))


def year_of(partnership: Partnership, known_at: str | None = None) -> Figure:
    (figure,) = measure(partnership, ["pgwp_year"], known_at=known_at)
    return figure


def test_a_moment_that_is_past_says_what_was_known_then(warehouse: str, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    """S09: the restated month is a new vintage; both answers stay."""
    loaded(months(*["10"] * 12), PGWP, partnership, published_at="2026-10-01T12:00:00Z")
    then = clock.stamp()
    later(environment, "2026-11-23T17:00:00")
    loaded(months("20", *["10"] * 11), PGWP, partnership, published_at="2026-11-01T12:00:00Z")
    accept(partnership, "ircc_pgwp_cma", release=2, by="A. Person")

    before, now = year_of(partnership, then), year_of(partnership)
    assert (before.value, before.lower, before.upper, before.released_at) == (120, 90, 150, "2026-10-01T12:00:00Z")
    assert (now.value, now.lower, now.upper, now.released_at) == (130, 100, 160, "2026-11-01T12:00:00Z")
    assert before.origins == tuple(Origin("ircc_pgwp_cma", 1, row) for row in range(2, 14))
    assert now.origins == (*before.origins[1:], Origin("ircc_pgwp_cma", 2, 2))
    assert len(before.snapshots) == 1
    assert len(now.snapshots) == 2
    assert measure(partnership, ["pgwp_year"], known_at="2026-11-21T00:00:00Z") == []


def test_nothing_of_the_question_stays_in_the_warehouse(warehouse: str, partnership: Partnership) -> None:
    loaded(months(*["10"] * 12), PGWP, partnership)
    build(partnership)
    before = dump(partnership)
    with engines.reader(partnership.home).connect() as connection:
        views = inspect(connection).get_view_names()
    for _ in range(2):
        assert year_of(partnership, clock.stamp()).value == 120
    assert dump(partnership) == before
    with engines.reader(partnership.home).connect() as connection:
        assert inspect(connection).get_view_names() == views
        assert "origin" not in {column["name"] for column in inspect(connection).get_columns("pgwp_year")}


def test_a_zero_left_out_has_the_release_as_its_origin(warehouse: str, partnership: Partnership) -> None:
    """It is known from a file, so it walks back to that file and is marked as its other numbers are."""
    rows = [ircc_row(2025, month, "Peterborough", "10") for month in ("Jan", "Mar")]
    loaded(ircc_file([*rows, *(ircc_row(2025, month, "Kingston", "30") for month in MONTHS[:3])]), PGWP, partnership)
    zero = next(f for f in measure(partnership, ["pgwp_month"]) if (f.place, f.period) == (HERE, "2025-02"))
    assert (zero.value, zero.mark, zero.lower, zero.upper) == (0, "absent", 0, 0)
    assert zero.origins == (Origin("ircc_pgwp_cma", 1, None),)
    assert len(zero.snapshots) == 1
    assert zero.released_at


def test_a_share_is_computed_of_its_parts(warehouse: str, partnership: Partnership) -> None:
    world.refresh(partnership, "metrics")
    metrics = expectations.read("partner_metrics")
    reporting = expectations.read("reporting")
    register = "partner,metric,from,to\n" + "".join(
        f"{p},{m},2024-07-01,\n" for p in ("p01", "p02", "p04") for m in ("welcome_passes", "welcome_passes_used")
    )
    loaded(register.encode(), reporting, partnership)
    rows = [(p, "2026-Q3", m, v) for p, m, v in [("p01", "welcome_passes", 80), ("p01", "welcome_passes_used", 20)]]
    loaded(partner_file(*rows), metrics, partnership, part="p01.csv")
    (figure,) = measure(partnership, ["welcome_pass_use"])
    assert (figure.value, figure.numerator, figure.denominator) == (25, 20, 80)
    assert (figure.reporters, figure.expected, figure.contributors) == (1, 3, 1)
    assert {origin.contract for origin in figure.origins} == {"partner_metrics", "reporting"}


def test_an_empty_warehouse_knows_nothing(warehouse: str, partnership: Partnership) -> None:
    assert measure(partnership, ["pgwp_year", "clients_served", "partners_reporting"]) == []


def test_an_unknown_indicator_lists_those_there_are(partnership: Partnership) -> None:
    with pytest.raises(Misuse, match=r"There is no indicator happiness, partner_total\. There are: .*clients_served, "):
        measure(partnership, ["partner_total", "happiness", "pgwp_year"])


def test_the_last_period_of_a_place_is_found(partnership: Partnership) -> None:
    loaded(months(*["10"] * 12), PGWP, partnership)
    figures = measure(partnership, ["pgwp_month"])
    last = latest(figures, "pgwp_month", HERE)
    assert last is not None
    assert last.period == "2025-12"
    assert latest(figures, "pgwp_month", "2021S0503568") is None


# Quality letters, marks and intervals of sums

POPULATION = changed("statcan_population_quarterly", ("rows: [100, 20000]", "rows: [1, 20000]"))
ONTARIO = "2021A000235"
HEAD = """/*
title: {en: A sum, fr: Une somme}
why: A test.
unit: persons
better: context
serves: ["3.3"]
class: public_source
kind: flow
fresh_days: 900
author: a
checked_by: b
review_by: 2027-06-01
*/
"""


def population(partnership: Partnership, *cells: dict[str, str]) -> None:
    """The quarters of 2025 of Ontario, each a value with the publisher's columns."""
    rows = [population_row(f"2025-{1 + 3 * n:02}", "35", **{"value": "100", **cell}) for n, cell in enumerate(cells)]
    loaded(zipped("17100009", statcan_file(rows)), POPULATION, partnership)


def indicator(partnership: Partnership, body: str, *, head: str = HEAD) -> None:
    folder = partnership.home / "sql" / "indicators"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a_sum.sql").write_text(head + body, encoding="utf-8")


def the_sum(partnership: Partnership) -> Figure:
    (found,) = measure(partnership, ["a_sum"])
    return found


YEAR = """select place, cast(year as text) as period, sum(persons) as value{more}
from statcan_population_quarterly group by place, year"""
LETTERS = ", max(quality & 31) + max(quality & 32) + max(quality & 64) + max(quality & 128) as quality"


@pytest.mark.parametrize(
    ("cells", "letters"),
    [
        ([{"STATUS": "A"}, {"STATUS": "C"}, {"STATUS": "E"}, {"STATUS": "B"}], "E"),
        ([{"STATUS": "B"}, {}, {"SYMBOL": "p"}, {"STATUS": "A", "SYMBOL": "r"}], "Bpr"),
        ([{}, {}, {}, {}], ""),
    ],
)
def test_a_sum_is_as_good_as_the_worst_of_its_parts(
    warehouse: str, partnership: Partnership, cells: list[dict[str, str]], letters: str
) -> None:
    """S30: worst of A to E, and preliminary when any part is; the same whether the query says so or leaves it to the origins."""
    population(partnership, *cells)
    for more in ("", LETTERS):
        indicator(partnership, YEAR.format(more=more))
        found = the_sum(partnership)
        assert (found.value, found.quality) == (400, letters), more
        assert protect([found], partnership)[0].quality == letters


def test_a_single_cell_keeps_its_letters(warehouse: str, partnership: Partnership) -> None:
    population(partnership, {"STATUS": "E", "TERMINATED": "t"}, {"SYMBOL": "p"}, {"STATUS": "A"}, {})
    assert [figure.quality for figure in measure(partnership, ["population_quarter"])] == ["Et", "pt", "At", "t"]


@pytest.mark.parametrize(("mark", "status"), [("x", "suppressed"), ("F", "unreliable"), ("..", "not_available"), ("...", "not_applicable")])
def test_a_sum_over_a_hole_has_no_value(warehouse: str, partnership: Partnership, mark: str, status: str) -> None:
    """S30: a cell that is not published counts as nothing, not as 0: the sum of the others is not the sum."""
    population(partnership, {}, {"value": "", "STATUS": mark}, {}, {})
    indicator(partnership, YEAR.format(more=""))
    found = the_sum(partnership)
    assert (found.value, found.lower, found.upper, found.mark) == (None, None, None, mark)
    printed = protect([found], partnership)[0]
    assert (printed.value, printed.status, printed.mark, printed.reason) == (None, status, mark, "publisher")


def test_a_share_over_a_hole_keeps_its_mark(warehouse: str, partnership: Partnership) -> None:
    population(partnership, {}, {"value": "", "STATUS": "x"}, {}, {})
    share = "select place, cast(year as text) as period, sum(persons) as numerator, count(*) * 100 as denominator"
    indicator(
        partnership, f"{share} from statcan_population_quarterly group by place, year", head=HEAD.replace("kind: flow", "kind: ratio")
    )
    printed = protect([the_sum(partnership)], partnership)[0]
    assert (printed.value, printed.status, printed.mark) == (None, "suppressed", "x")


def test_the_worst_mark_stands_for_several(warehouse: str, partnership: Partnership) -> None:
    population(partnership, {"value": "", "STATUS": ".."}, {"value": "", "STATUS": "F"}, {"value": "", "STATUS": "x"}, {})
    indicator(partnership, YEAR.format(more=""))
    assert the_sum(partnership).mark == "F"


def test_a_hidden_month_with_bounds_is_no_hole(warehouse: str, partnership: Partnership) -> None:
    """S13."""
    loaded(months(*["--"] * 7, "10", "10", "10", "10", "5"), PGWP, partnership)
    found = year_of(partnership)
    assert (found.value, found.lower, found.upper, found.mark) == (45, 32.5, 92.5, "")


@pytest.mark.parametrize(
    "body",
    [
        "select place, cast(year as text) as period, sum(persons) as value from ircc_pgwp_cma group by place, year",
        "select one.place, one.period, one.persons - other.persons as value from ircc_pgwp_cma one "
        "join ircc_pgwp_cma other on other.place = one.place and other.sequence = one.sequence - 1",
        "select place, period, persons as value, upper from ircc_pgwp_cma",
    ],
)
def test_rounded_numbers_are_never_told_without_their_range(warehouse: str, partnership: Partnership, body: str) -> None:
    """S13: whatever a query does with them, a bare number stops it."""
    loaded(months(*["10"] * 12), PGWP, partnership)
    indicator(partnership, body)
    with pytest.raises(Misuse, match=r"sql/indicators/a_sum\.sql reads ircc_pgwp_cma, .* select lower and upper"):
        measure(partnership, ["a_sum"])


def test_a_difference_of_rounded_numbers_is_as_wide_as_both(warehouse: str, partnership: Partnership) -> None:
    loaded(months("20", "--", *["10"] * 10), PGWP, partnership)
    indicator(
        partnership,
        "select one.place, one.period, one.persons - other.persons as value, one.lower - other.upper as lower, "
        "one.upper - other.lower as upper from ircc_pgwp_cma one "
        "join ircc_pgwp_cma other on other.place = one.place and other.sequence = one.sequence - 1",
    )
    found = {figure.period: (figure.value, figure.lower, figure.upper) for figure in measure(partnership, ["a_sum"])}
    assert found["2025-02"] == (None, 0 - 22.5, 5 - 17.5)
    assert found["2025-04"] == (0, -5, 5)


# What keeps numbers apart

BREAK = """
breaks:
  - {period: 2025-Q3, why: {en: new boundaries, fr: nouvelles limites}}
"""


def test_a_figure_knows_its_boundaries_and_the_breaks_of_its_table(warehouse: str, partnership: Partnership) -> None:
    """C14, S34."""
    population(partnership, {}, {}, {}, {})
    folder = partnership.overlay / "public"
    folder.mkdir(parents=True)
    (folder / "statcan_population_quarterly.yaml").write_text(contract_text("statcan_population_quarterly") + BREAK, encoding="utf-8")
    found = measure(partnership, ["population_quarter"])
    assert {figure.boundaries for figure in found} == {(2016,)}
    assert {figure.breaks for figure in found} == {
        (Broken("2025-07-01", "2025-Q3", (("en", "new boundaries"), ("fr", "nouvelles limites"))),)
    }
    assert all(figure.by_place for figure in found)


def test_a_publisher_that_says_no_boundaries_has_none(warehouse: str, partnership: Partnership) -> None:
    loaded(months(*["10"] * 12), PGWP, partnership)
    assert (year_of(partnership).boundaries, year_of(partnership).breaks) == ((), ())


# The place of a number


@pytest.mark.parametrize(
    ("place", "covers"), [(HERE, True), ("2021A00033515", False), (ONTARIO, False), ("2021S0503521", False), ("2021A00053515014", True)]
)
def test_a_number_of_a_part_of_the_area_says_so(partnership: Partnership, place: str, covers: bool) -> None:
    """S42: the metropolitan area and the City are parts of the area; Ontario and Kingston are only compared with it."""
    loaded(months(*["10"] * 12), PGWP, partnership)
    figure = replace(year_of(partnership), place=place)
    assert ("not_whole_area" in protect([figure], partnership)[0].caveats) == covers


def test_a_total_of_partners_is_no_number_of_a_place(partnership: Partnership) -> None:
    loaded(months(*["10"] * 12), PGWP, partnership)
    figure = replace(year_of(partnership), by_place=False)
    assert "not_whole_area" not in protect([figure], partnership)[0].caveats
