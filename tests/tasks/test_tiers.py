"""Four tiers: every dirty case of a partner has exactly the findings expected, and none beyond."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import expectations
from expectations import Contract, ContractBroken, read
from expectations.partnership import Partnership
from sql import ledger, submissions
from sql import warehouse as engines
from tasks.check import Verdict
from tasks.check.past import peers_range, place_of
from tasks.findings import Finding, tell
from tests import world
from tests.world import judged, loaded, partner_file

METRICS = read("partner_metrics")
KITCHEN = read("partner_kitchen")
TOOLKIT = read("partner_toolkit")
SERVICES = read("partner_services")
QUARTERS = ("2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2")
NOW = "2026-Q3"
Row = Sequence[object]


@dataclass(frozen=True)
class Case:
    """`past` are numbers in force of p01 for QUARTERS by metric, `rows` what is sent, `found` all that is told: rule, row, column, tier."""

    it: str
    rows: list[Row]
    found: list[tuple[str, int | None, str, str]]
    past: dict[str, Sequence[object]] = field(default_factory=dict)
    held: int = 0
    contract: Contract = METRICS
    owed: list[str] = field(default_factory=list)


def now(metric: str, value: object, explanation: str = "", *, partner: str = "p01", period: str = NOW) -> Row:
    return [partner, period, metric, value, explanation]


def kitchen(metric: str, language: str, value: object, explanation: str = "") -> Row:
    return ["p01", NOW, metric, language, value, explanation]


STEADY = {"clients_served": (100, 110, 105, 108)}
MUST, CONFIRM, NOTE, INFORMATION = "must_fix", "confirm", "note", "information"
CASES = [
    # Must fix.
    Case("a metric that the partner does not owe", [now("job_placements", 9, partner="p04")], [("owed", 2, "metric", MUST)], held=1),
    Case(
        "a metric of another sheet",
        [now("kitchen_meals", 90)],
        [("owed", 2, "metric", MUST)],
        held=1,
        owed=["p01,kitchen_meals,2024-07-01,"],
    ),
    Case("a metric that the backbone counts", [now("leader_meetings", 4)], [("owed", 2, "metric", MUST)], held=1),
    Case(
        "a metric before the partner joined",
        [now("clients_served", 12, partner="p09", period="2025-Q4")],
        [("owed", 2, "metric", MUST)],
        held=1,
    ),
    Case(
        "an annual metric in another quarter than the last",
        [now("board_seats", 9), now("board_seats", 9, period="2025-Q4")],
        [("owed", 2, "metric", MUST)],
        held=1,
        owed=["p01,board_seats,2024-07-01,"],
    ),
    Case("a period that is not over", [now("clients_served", 40, period="2026-Q4")], [("over", 2, "period", MUST)], held=1),
    Case(
        "a part above its whole: both wait",
        [now("welcome_passes", 20), now("clients_served", 30), now("welcome_passes_used", 21)],
        [("above", 4, "value", MUST)],
        held=2,
    ),
    Case(
        "a part above its whole that came before",
        [now("welcome_passes_used", 21)],
        [("above", 2, "value", MUST)],
        past={"welcome_passes": ("", "", "", "", 20)},
        held=1,
    ),
    Case("a part that is all of its whole", [now("welcome_passes", 20), now("welcome_passes_used", 20)], []),
    Case("a whole that is not collected", [now("welcome_passes", "not collected"), now("welcome_passes_used", 21)], []),
    Case(
        "parts that add up to more than their whole",
        [now("newcomers_on_boards", 7, period="2025-Q4"), now("board_seats", 6, period="2025-Q4")],
        [("parts", 3, "value", MUST)],
        held=2,
        owed=["p01,board_seats,2024-07-01,", "p01,newcomers_on_boards,2024-07-01,"],
    ),
    Case(
        "a sum of answers above five for each",
        [
            ["p01", NOW, "toolkit_paired_answers", "all", "all", 10, ""],
            ["p01", NOW, "toolkit_confidence_before", "all", "all", 29, ""],
            ["p01", NOW, "toolkit_confidence_after", "all", "all", 51, ""],
        ],
        [("above", 4, "value", MUST)],
        held=2,
        contract=TOOLKIT,
        owed=[f"p01,toolkit_{name},2024-07-01," for name in ("paired_answers", "confidence_before", "confidence_after")],
    ),
    Case("a number below 0", [now("clients_served", -3)], [("least", 2, "value", MUST)], held=1),
    Case(
        "a number above what the table takes",
        [kitchen("kitchen_cooks", "all", 501)],
        [("most_2", 2, "value", MUST)],
        held=1,
        contract=KITCHEN,
        owed=["p01,kitchen_cooks,2024-07-01,"],
    ),
    Case(
        "the row for all is not the sum of a whole breakdown",
        [kitchen("food_handler_certs", language, 4) for language in ("all", "english", "french", "arabic", "spanish", "other")],
        [("sum", 2, "value", MUST)],
        held=6,
        contract=KITCHEN,
        owed=["p01,food_handler_certs,2024-07-01,"],
    ),
    Case(
        "the row for all is less than the sum of some rows",
        [kitchen("food_handler_certs", language, 4) for language in ("arabic", "all", "french")],
        [("sum_most", 3, "value", MUST)],
        held=3,
        contract=KITCHEN,
        owed=["p01,food_handler_certs,2024-07-01,"],
    ),
    Case(
        "the row for all is more than the sum of some rows",
        [kitchen("food_handler_certs", language, 4 if language == "arabic" else 9) for language in ("arabic", "all")],
        [],
        contract=KITCHEN,
        owed=["p01,food_handler_certs,2024-07-01,"],
    ),
    Case(
        "a breakdown within a breakdown is added up for itself",
        [
            *[["p01", NOW, "service_contacts", service, "all", number, ""] for service, number in (("all", 30), ("settlement", 31))],
            *[["p01", NOW, "service_contacts", "language", language, 7, ""] for language in ("arabic", "french")],
        ],
        [("sum_most", 2, "value", MUST)],
        held=2,
        contract=SERVICES,
        owed=["p01,service_contacts,2024-07-01,"],
    ),
    Case(
        "a breakdown of what is not split so",
        [kitchen("kitchen_cooks", "arabic", 7), kitchen("kitchen_meals", "all", 80)],
        [("split", 2, "value", MUST)],
        held=1,
        contract=KITCHEN,
        owed=["p01,kitchen_cooks,2024-07-01,", "p01,kitchen_meals,2024-07-01,"],
    ),
    Case("the same number twice", [now("clients_served", 5), now("clients_served", 6)], [("key", row, "", MUST) for row in (2, 3)], held=2),
    Case(
        "an explanation that is none of the list",
        [now("clients_served", 900, "because")],
        [("known_explanation", 2, "explanation", MUST)],
        past=STEADY,
        held=1,
    ),
    Case("a metric that nobody knows is not asked for besides", [now("clients", 4)], [("known_metric", 2, "metric", MUST)], held=1),
    Case("a partner that nobody knows", [now("clients_served", 4, partner="p77")], [("known_partner", 2, "partner", MUST)], held=1),
    # Please confirm.
    Case("a jump up", [now("clients_served", 331)], [("jump", 2, "value", CONFIRM)], past=STEADY, held=1),
    Case("three times is no jump", [now("clients_served", 330)], [], past=STEADY),
    Case("a jump down", [now("clients_served", 33)], [("jump", 2, "value", CONFIRM)], past=STEADY, held=1),
    Case("a third is no jump", [now("clients_served", 34)], [], past=STEADY),
    Case("a jump of a few people is none", [now("job_placements", 11)], [], past={"job_placements": (2, 1, 2, 2)}),
    Case("one number before says nothing of a usual size", [now("clients_served", 900)], [], past={"clients_served": ("", "", "", 100)}),
    Case("a jump with its reason", [now("clients_served", 331, "season")], [("explained", 2, "explanation", INFORMATION)], past=STEADY),
    Case("a reason where nothing is odd", [now("clients_served", 109, "season")], [], past=STEADY),
    Case("zero after four periods of numbers", [now("clients_served", 0)], [("stopped", 2, "value", CONFIRM)], past=STEADY, held=1),
    Case("zero after four periods, explained", [now("clients_served", 0, "programme_ended")], [("explained", 2, "explanation", INFORMATION)], past=STEADY),
    Case("zero where there were few", [now("job_placements", 0)], [], past={"job_placements": (3, 1, 2, 4)}),
    Case("not collected after four periods of numbers", [now("clients_served", "not collected")], [], past=STEADY),
    Case("a number after four zeros", [now("job_placements", 12)], [("began", 2, "value", CONFIRM)], past={"job_placements": (0, 0, 0, 0)}, held=1),
    Case("a few after four zeros", [now("job_placements", 9)], [], past={"job_placements": (0, 0, 0, 0)}),
    Case("what is wrong is not asked about besides", [now("clients_served", -900)], [("least", 2, "value", MUST)], past=STEADY, held=1),
    Case("what is in force already is not asked again", [now("clients_served", 331)], [], past={"clients_served": (100, 110, 105, 108, 331)}),
    # Notes.
    Case("the number of the period before", [now("clients_served", 108)], [("same", 2, "value", NOTE)], past=STEADY),
    Case("the number of the year before", [now("clients_served", 100)], [("same_year", 2, "value", NOTE)], past=STEADY),
    Case("a stock as it was", [now("language_wait", 41)], [("unchanged", 2, "value", NOTE)], past={"language_wait": (38, 44, 40, 41)}),
    Case("a small number as it was", [now("job_placements", 4)], [], past={"job_placements": (3, 5, 2, 4)}),
    Case(
        "one number in all rows",
        [now(metric, 7) for metric in ("clients_served", "language_wait", "job_placements", "racism_reports", "volunteer_mentors")],
        [("all_equal", None, "", NOTE)],
    ),
    Case(
        "one number in four rows",
        [now(metric, 7) for metric in ("clients_served", "language_wait", "job_placements", "racism_reports")],
        [],
    ),
    # Information.
    Case("a metric reported for the first time", [now("language_wait", 40)], [("first", 2, "value", INFORMATION)], past=STEADY),
    Case("a partner that reports for the first time", [now("language_wait", 40)], []),
]


def send(case: Case, partnership: Partnership) -> Verdict:
    with (partnership.home / "registers" / "reporting.csv").open("a", encoding="utf-8") as register:
        register.writelines(f"{line}\n" for line in case.owed)
    before = [
        now(metric, value, "confirmed", period=period)
        for metric, values in case.past.items()
        for period, value in zip((*QUARTERS, NOW), values, strict=False)
        if value != ""
    ]
    if before:
        assert load_past(before, partnership) == "passed"
    return judged(body_of(case.rows, case.contract), case.contract, partnership, part="p01")


def body_of(rows: Sequence[Row], contract: Contract) -> bytes:
    header = [name for name in contract.columns if name not in ("value", "explanation")]
    return partner_file(*rows, header=[*header, "value", "explanation"])


def load_past(rows: Sequence[Row], partnership: Partnership, part: str = "before") -> str:
    """Put rows into force, each with a reason for what may be odd in it; the outcome of their checks."""
    return loaded(body_of(rows, METRICS), METRICS, partnership, part=part).outcome


def where(verdict: Verdict) -> list[tuple[str, int | None, str, str]]:
    return [(finding.rule, finding.row, finding.column, finding.tier) for finding in verdict.findings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_a_case_has_its_findings_and_none_beyond(case: Case, partnership: Partnership) -> None:
    verdict = send(case, partnership)
    assert where(verdict) == case.found
    assert verdict.rows_held == case.held
    assert verdict.rows_kept == len(case.rows) - case.held
    kept = verdict.rows_kept > 0
    assert verdict.outcome == ("passed" if not case.held else "held" if kept else "blocked")
    for finding in verdict.findings:
        said = tell(finding, "en")
        if finding.values:
            assert said == (finding.found, finding.expected, finding.fix) or not finding.rule.startswith(("jump", "owed"))
        assert all(said)
        assert all(tell(finding, "fr"))
        assert tell(finding, "fr") != said


def test_a_case_is_there_for_every_rule_that_asks_or_tells() -> None:
    """The table above leaves no tier out."""
    told = {rule for case in CASES for rule, *_ in case.found}
    tiers = {tier for case in CASES for *_, tier in case.found}
    assert tiers == {MUST, CONFIRM, NOTE, INFORMATION}
    assert told >= {"owed", "over", "above", "parts", "sum", "sum_most", "split", "jump", "stopped", "began", "same", "same_year"}
    assert told >= {"unchanged", "all_equal", "first", "explained", "known_explanation"}
