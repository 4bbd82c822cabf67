"""Measure: what is known, as known at any moment, on both warehouses, without a trace in them."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

import expectations
from expectations.partnership import Partnership
from sql import clock
from sql import warehouse as engines
from tasks import Misuse
from tasks.accept import accept
from tasks.build import build
from tasks.measure import Figure, Origin, latest, measure
from tests.sample import HERE
from tests.world import MONTHS, dump, ircc_file, ircc_row, later, loaded, partner_file

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
    loaded(months(*["10"] * 11, "20"), PGWP, partnership, published_at="2026-11-01T12:00:00Z")
    accept(partnership, "ircc_pgwp_cma", release=2, by="A. Person")

    before, now = year_of(partnership, then), year_of(partnership)
    assert (before.value, before.lower, before.upper, before.released_at) == (120, 90, 150, "2026-10-01T12:00:00Z")
    assert (now.value, now.lower, now.upper, now.released_at) == (130, 100, 160, "2026-11-01T12:00:00Z")
    assert before.origins == tuple(Origin("ircc_pgwp_cma", 1, row) for row in range(2, 14))
    assert now.origins == (*before.origins[:11], Origin("ircc_pgwp_cma", 2, 13))
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
    with pytest.raises(Misuse, match=r"There is no indicator happiness, partner_total\. There are: clients_served, "):
        measure(partnership, ["partner_total", "happiness", "pgwp_year"])


def test_the_last_period_of_a_place_is_found(partnership: Partnership) -> None:
    loaded(months(*["10"] * 12), PGWP, partnership)
    figures = measure(partnership, ["pgwp_month"])
    last = latest(figures, "pgwp_month", HERE)
    assert last is not None
    assert last.period == "2025-12"
    assert latest(figures, "pgwp_month", "2021S0503568") is None
