"""Four tiers: every dirty case of a partner has exactly the findings expected, and none beyond."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Formatter

import pytest

import expectations
from expectations import Contract, ContractBroken, read
from expectations.partnership import Partnership
from sql import schema, submissions
from sql import warehouse as engines
from tasks import Misuse
from tasks.check import Verdict
from tasks.check.past import peers_range, place_of
from tasks.findings import Finding, _said, tell
from tests import world
from tests.world import judged, loaded, partner_file, succeeds

ROOT = Path(__file__).parents[2]
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
    past: Mapping[str, Sequence[object]] = field(default_factory=dict)
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
        [
            kitchen("food_handler_certs", language, number)
            for language, number in zip(KITCHEN.columns["language"].one_of or [], range(9), strict=False)
        ],
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
    Case(
        "zero after four periods, explained",
        [now("clients_served", 0, "programme_ended")],
        [("explained", 2, "explanation", INFORMATION)],
        past=STEADY,
    ),
    Case("zero where there were few", [now("job_placements", 0)], [], past={"job_placements": (3, 1, 2, 4)}),
    Case("not collected after four periods of numbers", [now("clients_served", "not collected")], [], past=STEADY),
    Case(
        "a number after four zeros",
        [now("job_placements", 12)],
        [("began", 2, "value", CONFIRM)],
        past={"job_placements": (0, 0, 0, 0)},
        held=1,
    ),
    Case("a few after four zeros", [now("job_placements", 9)], [], past={"job_placements": (0, 0, 0, 0)}),
    Case("what is wrong is not asked about besides", [now("clients_served", -900)], [("least", 2, "value", MUST)], past=STEADY, held=1),
    Case(
        "what is in force already is not asked again", [now("clients_served", 331)], [], past={"clients_served": (100, 110, 105, 108, 331)}
    ),
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


# Explanations that hold


def explain(partnership: Partnership, rule: str, period: str, until: str) -> None:
    """What an answered question leaves in the ledger."""
    with engines.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection, [submissions.explained, submissions.submission_state])
        row = {
            "submission": 1,
            "judgement": 1,
            "contract": "partner_metrics",
            "series": "p01/clients_served",
            "rule": rule,
            "period": period,
        }
        row |= {"partner": "p01", "explanation": "season", "until_period": until}
        connection.execute(submissions.explained.insert(), {name: row[name] for name in row if name in submissions.explained.c})


@pytest.mark.parametrize(
    ("rule", "period", "until", "found"),
    [
        ("jump", "2026-Q2", NOW, ("explained_before", INFORMATION)),
        ("jump", NOW, "2027-Q3", ("explained_before", INFORMATION)),
        ("jump", "2026-Q1", "2026-Q2", ("jump", CONFIRM)),
        ("stopped", "2026-Q2", NOW, ("jump", CONFIRM)),
        ("jump", "2026-Q4", "2027-Q1", ("jump", CONFIRM)),
    ],
)
def test_what_was_explained_is_not_asked_again_until_it_expires(
    rule: str, period: str, until: str, found: tuple[str, str], warehouse: str, partnership: Partnership
) -> None:
    """O12: an explanation holds for its own question and up to its last period; afterwards the check fires again."""
    assert send(Case("", [], [], past=STEADY), partnership).rows_read == 0
    explain(partnership, rule, period, until)
    verdict = judged(body_of([now("clients_served", 331)], METRICS), METRICS, partnership, part="p01")
    assert [(finding.rule, finding.tier) for finding in verdict.findings] == [found]
    if found[0] == "explained_before":
        assert verdict.outcome == "passed"
        assert until in tell(verdict.findings[0], "en")[2]
        assert "C'est ainsi chaque année" in tell(verdict.findings[0], "fr")[0]
    else:
        assert verdict.outcome == "blocked"


def test_an_answer_says_what_the_ledger_keeps(partnership: Partnership) -> None:
    """Which question about which series was answered how, and for how long the answer holds."""
    verdict = send(Case("", [now("clients_served", 331, "season"), now("job_placements", 3)], [], past=STEADY), partnership)
    (told,) = [finding for finding in verdict.findings if finding.rule == "explained"]
    said = dict(told.values)
    assert {name: said[name] for name in ("contract", "series", "period", "explanation", "until_period", "asked", "given")} == {
        "contract": "partner_metrics",
        "series": "p01/clients_served",
        "period": NOW,
        "explanation": "season",
        "until_period": "2027-Q3",
        "asked": "jump",
        "given": "now",
    }
    assert told.letter == ""
    assert told.column == "explanation"


def test_a_reason_that_holds_for_no_further_period_ends_with_its_own(partnership: Partnership) -> None:
    verdict = send(Case("", [now("clients_served", 331, "confirmed")], [], past=STEADY), partnership)
    assert dict(verdict.findings[0].values)["until_period"] == NOW


def test_a_successor_is_compared_with_the_past_of_whom_it_goes_on_for(partnership: Partnership) -> None:
    """Its own number goes before; nothing is said of a first time."""
    rows = [
        now("clients_served", value, "confirmed", partner="p02", period=period)
        for period, value in zip(QUARTERS, STEADY["clients_served"], strict=True)
    ]
    assert load_past(rows, partnership, "p02") == "passed"
    alone = Case("", [now("clients_served", 331)], [])
    assert where(send(alone, partnership)) == []
    succeeds(partnership, p02="p01")
    assert where(send(alone, partnership)) == [("jump", 2, "value", CONFIRM)]
    assert where(send(Case("", [now("clients_served", 104)], []), partnership)) == []
    own = Case("", [now("clients_served", 331)], [], past={"clients_served": (310, 320, 330, 320)})
    assert where(send(own, partnership)) == []


# Against its peers


GROWN = {f"p0{n}": (100, 101, 99, 100, 250) for n in (2, 3, 4, 5, 6)}


def put_peers(partnership: Partnership, peers: Mapping[str, Sequence[int]]) -> None:
    rows = [
        now("clients_served", value, "confirmed", partner=partner, period=period)
        for partner, values in peers.items()
        for period, value in zip((*QUARTERS, NOW), values, strict=True)
    ]
    assert load_past(rows, partnership, "peers") == "passed"


@pytest.mark.parametrize(
    ("peers", "value", "found"),
    [
        (5, 60, [("peers", 2, "value", CONFIRM)]),
        (5, 95, []),
        (4, 60, []),
    ],
)
def test_a_number_outside_the_range_of_its_peers_is_asked_about(
    peers: int, value: int, found: list[tuple[str, int, str, str]], partnership: Partnership
) -> None:
    """Five others grew two and a half times; of four nobody could say what is usual. What is within its own past is not asked."""
    put_peers(partnership, dict(list(GROWN.items())[:peers]))
    assert where(send(Case("", [now("clients_served", value)], [], past=STEADY), partnership)) == found


def test_a_question_about_peers_tells_no_number_of_theirs(partnership: Partnership) -> None:
    """The range is that of the middle of at least five, in multiples of five."""
    put_peers(partnership, GROWN)
    (finding,) = send(Case("", [now("clients_served", 60)], [], past=STEADY), partnership).findings
    assert finding.expected == "85 to 800, if your number had gone as those of 5 other partners did"
    assert "p02" not in repr(finding)


def test_the_range_of_peers_is_the_median_growth_give_or_take_a_factor() -> None:
    """Robust: one peer that grew a hundredfold moves nothing; zeros and too short a past are left out."""
    from tasks.check.past import Past

    at = place_of(NOW)
    series = {("p00", "m"): (10, 10, 10, 10), ("p09", "m"): (0, 0, 0, 0, 5), ("p08", "m"): (None, None, None, 7, 9)}
    series |= {(f"p0{n}", "m"): (10, 10, 10, 10, 10 if n < 5 else 1000) for n in range(1, 6)}
    past = Past({key: {at - 4 + n: number for n, number in enumerate(numbers)} for key, numbers in series.items()})
    assert peers_range(("p00", "m"), at, past, {("m",): list(series)}) == (5, 0, 35)
    assert peers_range(("p09", "m"), at, past, {("m",): list(series)}) is None


# Across sources


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([now("clients_served", 14090)], [("across_clients_and_immigrants", 2, "value", CONFIRM)]),
        ([now("clients_served", 14085)], []),
        ([now("clients_served", 14090, "counting")], [("explained", 2, "explanation", INFORMATION)]),
        ([now("language_wait", 845, partner="p03")], []),
        ([now("language_wait", 846, partner="p03")], [("across_waiting_and_neither_language", 2, "value", CONFIRM)]),
    ],
)
def test_a_contradiction_with_a_public_table_is_asked_about(
    rows: list[Row],
    found: list[tuple[str, int, str, str]],
    publishers: object,
    warehouse: str,
    partnership: Partnership,
) -> None:
    """More clients in a quarter than immigrants at the census; more people waiting than speak neither official language."""
    world.refresh(partnership, "statcan_census_cd")
    load_past([now("language_wait", 100)], partnership)
    verdict = judged(body_of(rows, METRICS), METRICS, partnership, part="p03")
    assert where(verdict) == found
    if found and found[0][0].endswith("neither_language"):
        told = " ".join(tell(verdict.findings[0], "en"))
        # What the others wait for is nobody's to tell: 846 is its own number, 945 the census's.
        assert ("846" in told, "945" in told, "946" in told, "100" in told) == (True, True, False, False)


def test_without_the_public_table_nothing_is_asked(partnership: Partnership) -> None:
    assert judged(body_of([now("clients_served", 99000)], METRICS), METRICS, partnership).findings == ()


def test_a_partnership_declares_its_own_comparisons(partnership: Partnership) -> None:
    """Its own stand before the shipped ones of the same name; one that names no column of its table says so."""
    own = partnership.overlay / "across.yaml"
    own.parent.mkdir(exist_ok=True)
    entry = "- {name: x, metric: clients_served, of: partner, table: statcan_census_cd, rows: {%s}, title: {en: a, fr: b}}\n"
    own.write_text(entry % "trait: '1515'", encoding="utf-8")
    with pytest.raises(ContractBroken, match=r"across\.yaml: x: statcan_census_cd has no column trait"):
        judged(body_of([now("clients_served", 5)], METRICS), METRICS, partnership)
    own.write_text("- {name: x, metric: clients_served}\n", encoding="utf-8")
    with pytest.raises(ContractBroken, match=r"across\.yaml: of: Field required"):
        judged(body_of([now("clients_served", 5)], METRICS), METRICS, partnership)


# A catalogue that says otherwise


def rewrite(partnership: Partnership, old: str, new: str) -> None:
    path = partnership.home / "registers" / "metrics.csv"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("clients_served,"))
    assert old in line
    path.write_text(text.replace(line, line.replace(old, new)), encoding="utf-8")


def test_factor_and_least_difference_are_those_of_the_metric(partnership: Partnership) -> None:
    rewrite(partnership, ",,,,2024-07-01,", ",,5,300,2024-07-01,")
    assert where(send(Case("", [now("clients_served", 540)], [], past=STEADY), partnership)) == []
    assert where(judged(body_of([now("clients_served", 551)], METRICS), METRICS, partnership)) == [("jump", 2, "value", CONFIRM)]


@pytest.mark.parametrize(("register", "line"), [("reporting", "p01,clients_served,1 July,"), ("members", "p01,a,a,b,2016-13-01,,,en,")])
def test_a_day_that_is_none_is_named_with_its_register(register: str, line: str, partnership: Partnership) -> None:
    path = partnership.home / "registers" / f"{register}.csv"
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(ContractBroken, match=rf"{register}\.csv: .*2026-09-30"):
        judged(body_of([now("clients_served", 5)], METRICS), METRICS, partnership)


def test_many_odd_numbers_are_each_told_and_all_wait(partnership: Partnership) -> None:
    """A file with a thousand rows of one metric is as quick to judge, and none of its odd rows goes on."""
    rows = [now("clients_served", 100 if n % 5 else 1000, period=f"{1500 + n // 4}-Q{n % 4 + 1}") for n in range(1000)]
    path = partnership.home / "registers" / "metrics.csv"
    for file in (path, path.with_name("reporting.csv"), path.with_name("members.csv")):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("2024-07-01", "1400-01-01").replace("2016-04-01", "1400-01-01"), encoding="utf-8")
    verdict = judged(body_of(rows, METRICS), METRICS, partnership)
    asked = [finding for finding in verdict.findings if finding.tier == CONFIRM]
    assert len(asked) == verdict.rows_held == sum(1 for n in range(5, 1000, 5))
    assert {finding.rule for finding in asked} == {"jump"}


# Words


def rules_of(contract: Contract, partnership: Partnership) -> list[tuple[str, str]]:
    """Rule and column of everything that the checks of a partner contract can tell."""
    from tasks.check.compile import compile_contract

    found = []
    for rule in compile_contract(contract, partnership):
        if rule.table != "unread":
            name = {"now": "explained", "before": "explained_before"}.get(rule.meta.get("given", ""), rule.name)
            found.append((dict(rule.values).get("entry", name), rule.column))
    return found


def faults_of_stage() -> set[str]:
    """Every rule that reading a partner's sheet, or a closed period, can give a cell: read from the code."""
    found = {"shape", "closed", "more", "not_checked"}
    for node in ast.walk(ast.parse((ROOT / "tasks" / "stage" / "sheet.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            at = {"_Wrong": 0, "Fault": 2, "self._aside": 2}.get(ast.unparse(node.func))
            if at is not None and isinstance(node.args[at], ast.Constant):
                found.add(str(ast.literal_eval(node.args[at])))
    return found


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_rule_that_a_partner_may_be_told_has_words(language: str, partnership: Partnership) -> None:
    rules = {(rule, "value") for rule in faults_of_stage()} | {("required", "metric")}
    assert rules >= {(name, "value") for name in ("required", "integer", "formula", "boolean", "date", "width", "period", "encoding")}
    for contract in expectations.read_all():
        if contract.is_partner:
            rules |= set(rules_of(contract, partnership))
    assert len(rules) > 40
    silent = [(rule, column) for rule, column in sorted(rules) if _said(bare(rule, column), language) is None]
    assert silent == []


def bare(rule: str, column: str) -> Finding:
    return Finding(rule, "critical", "", 2, column, "x", "y", "z")


def test_the_words_are_the_same_in_both_languages() -> None:
    """The same rules, in the same three parts; French fills no placeholder that English does not."""
    english, french = expectations.words("rules", "en"), expectations.words("rules", "fr")
    assert list(english) == list(french)
    for rule, said in english.items():
        assert list(said) == list(french[rule]) == ["found", "expected", "fix"], rule
        filled = [{name for text in words[rule].values() for _, name, *_ in Formatter().parse(text) if name} for words in (english, french)]
        assert filled[1] <= filled[0], rule
        assert all(text.strip() for text in french[rule].values())


def test_a_finding_for_staff_is_told_as_it_is() -> None:
    finding = Finding("place_code_place", "critical", "x.csv", 3, "place", "Peterborough", "a code", "Write the code.")
    assert tell(finding, "fr") == ("Peterborough", "a code", "Write the code.")


def test_a_row_is_told_in_the_language_of_the_partner(partnership: Partnership) -> None:
    (finding,) = send(Case("", [now("clients_served", 331)], [], past=STEADY), partnership).findings
    assert tell(finding, "fr") == (
        "331 pour Nouveaux arrivants servis par un partenaire (non uniques d'un partenaire à l'autre)",
        "à peu près comme avant : de 100 à 110 au cours des 4 dernières périodes",
        "S'il est inexact, corrigez-le. S'il est exact, choisissez une raison dans la colonne des explications.",
    )
    assert replace(finding, severity="warning").tier == NOTE


def test_what_the_gate_met_is_told_in_the_words_of_the_gate() -> None:
    finding = Finding("gate_pdf", "critical", "", None, "", "a", "b", "c")
    assert [tell(finding, language)[0] for language in ("en", "fr")] == ["a PDF", "un PDF"]


def test_words_that_ask_for_what_is_not_said_are_named() -> None:
    with pytest.raises(Misuse, match=r"rule jump in 'fr' ask for 'metric'"):
        tell(Finding("jump", "confirm", "", 2, "value", "9", "", ""), "fr")
