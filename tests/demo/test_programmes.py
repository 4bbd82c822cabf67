"""The sample's programmes: what partners report of them is sound, adds up, and prints no person's income."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import expectations
from expectations import Contract, catalogue
from expectations.partnership import Partnership
from tasks.check import Verdict
from tasks.measure import measure
from tasks.protect import ProtectedFigure, protect
from tests import world
from tests.world import loaded, partner_file

SAMPLE = Path(__file__).parents[2] / "partnerships" / "peterborough" / "sample"
PROGRAMMES = ["partner_kitchen", "partner_services", "partner_toolkit", "partner_welcome_pass"]
INDICATORS = [
    *("kitchen_meals", "kitchen_cooks", "kitchen_proceeds", "food_handler_certs", "welcome_pass_visits", "service_contacts"),
    *("toolkit_sessions", "toolkit_workplace_policies", "toolkit_organisations", "toolkit_participants", "toolkit_confidence_change"),
]


def rows_of(contract: Contract) -> tuple[list[str], list[list[str]]]:
    """The heading and the rows of a table's sample, one row per period; an empty field is a quarter not sent."""
    with (SAMPLE / f"{contract.name}.csv").open(encoding="utf-8", newline="") as file:
        heading, *lines = csv.reader(file)
    keys = [name for name in heading if not name[0].isdigit()]
    found = []
    for column, period in enumerate(heading[len(keys) :], start=len(keys)):
        found += [[*line[: len(keys)], period, line[column]] for line in lines if line[column]]
    return [*keys, "period", "value"], found


def put(partnership: Partnership, name: str) -> list[Verdict]:
    """Load a table's sample partner by partner, as they would send it, quarter after quarter in one file."""
    contract = expectations.read(name)
    heading, rows = rows_of(contract)
    verdicts = []
    for partner in sorted({row[0] for row in rows}):
        body = partner_file(*[row for row in rows if row[0] == partner], header=heading)
        verdicts.append(world.judged(body, contract, partnership, part=partner))
        loaded(body, contract, partnership, part=partner)
    return verdicts


@pytest.mark.parametrize("name", PROGRAMMES)
def test_the_sample_of_a_programme_has_nothing_to_mend_or_to_confirm(name: str, partnership: Partnership) -> None:
    world.refresh(partnership, "reporting", "metrics")
    for verdict in put(partnership, name):
        told = [finding.sentence() for finding in verdict.findings if finding.tier in ("must_fix", "confirm")]
        assert (verdict.outcome, told) == ("passed", [])


def test_the_register_of_reporting_says_who_owes_a_programme(partnership: Partnership) -> None:
    """Exactly who sends it: none is asked for what it never did, and no number comes unasked."""
    with (partnership.home / "registers" / "reporting.csv").open(encoding="utf-8", newline="") as file:
        owed = [(row["partner"], row["metric"]) for row in csv.DictReader(file)]
    sent = {name: {(row[0], row[1]) for row in rows_of(expectations.read(name))[1]} for name in PROGRAMMES}
    metrics = {metric.code: metric.table for metric in catalogue.read(SAMPLE.parent)}
    assert {name: {duty for duty in owed if metrics[duty[1]] == name} for name in PROGRAMMES} == sent
    assert len(owed) == len(set(owed))


def test_every_metric_of_a_programme_has_a_sample() -> None:
    there = {(name, row[1]) for name in PROGRAMMES for row in rows_of(expectations.read(name))[1]}
    metrics = catalogue.read(SAMPLE.parent)
    assert there == {(metric.table, metric.code) for metric in metrics if metric.table in PROGRAMMES}


def test_programmes_walk_from_sheets_to_protected_figures(warehouse: str, partnership: Partnership) -> None:
    """Sums over breakdowns and partners, each with coverage and the rows it came from; contacts are called contacts."""
    world.refresh(partnership, "reporting", "metrics")
    for name in PROGRAMMES:
        put(partnership, name)
    figures = measure(partnership, INDICATORS)
    last = {figure.indicator: figure for figure in figures if figure.period == "2026-Q3"}
    raw = {name: (figure.value, figure.reporters, figure.expected) for name, figure in last.items()}
    assert raw == {
        "kitchen_meals": (433, 3, 3),
        "kitchen_cooks": (21, 3, 3),
        "kitchen_proceeds": (6495, 3, 3),
        "food_handler_certs": (23, 3, 3),
        "welcome_pass_visits": (667, 3, 3),
        "service_contacts": (4609, 4, 4),
        # One of three did not report: two thirds are enough to print, and for participants too few contribute.
        "toolkit_sessions": (7, 2, 3),
        "toolkit_workplace_policies": (2, 2, 3),
        "toolkit_organisations": (6, 2, 3),
        "toolkit_participants": (78, 2, 3),
        "toolkit_confidence_change": (pytest.approx(100 * 44 / 155), 2, 3),
    }
    certificates = last["food_handler_certs"]
    assert {origin.contract for origin in certificates.origins} == {"partner_kitchen", "reporting"}
    assert sum(origin.contract == "partner_kitchen" for origin in certificates.origins) == 4

    printed = {figure.indicator: figure for figure in protect(list(last.values()), partnership)}
    assert text(printed["kitchen_proceeds"]) == "6500"
    assert text(printed["kitchen_cooks"]) == "20"
    assert printed["toolkit_participants"].reason == "contributors"
    assert printed["service_contacts"].unit == "contacts"
    assert "service_contacts" in printed["service_contacts"].caveats


def text(figure: ProtectedFigure) -> str:
    return figure.mark if figure.value is None else f"{figure.value:g}"
