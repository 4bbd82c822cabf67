"""Checking: what is wrong, where, and how to mend it, for every row that is wrong and for no other."""

from __future__ import annotations

import csv
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.publishers import Publishers
from expectations import Contract, ContractBroken, read
from expectations.partnership import Partnership
from tasks import Misuse
from tasks import check as checking
from tasks.check import Finding, Verdict
from tasks.load import load
from tests import world
from tests.world import ircc_file, ircc_row, judged, loaded, partner_file, population_row, statcan_file, zipped

ROOT = Path(__file__).parents[2]
METRICS = read("partner_metrics")
RESIDENTS = read("ircc_pr_cma")
PLACES = read("places")
OFFICES = read("offices")
POPULATION = world.changed("statcan_population_quarterly", ("rows: [100,", "rows: [1,"))


def where(verdict: Verdict) -> list[tuple[str, int | None, str, str]]:
    return [(finding.rule, finding.row, finding.column, finding.severity) for finding in verdict.findings]


# Counts


def test_a_thousand_bad_rows_are_a_thousand_findings(warehouse: str, partnership: Partnership) -> None:
    """Not 20 and not 200: every row is told and held."""
    rows = [["p01", f"{1000 + n}-Q1", "clients_served", -1 if n % 2 else "x"] for n in range(1000)]
    verdict = judged(partner_file(*rows, ["p01", "2026-Q3", "clients_served", 5]), METRICS, partnership)
    assert Counter(finding.rule for finding in verdict.findings) == {"integer": 500, "least": 500, "owed": 500}
    assert sorted({finding.row or 0 for finding in verdict.findings}) == list(range(2, 1002))
    assert (verdict.outcome, verdict.rows_read, verdict.rows_kept, verdict.rows_held) == ("held", 1001, 1, 1000)
    load(verdict, METRICS, partnership)
    assert world.ask(partnership, "select count(*) from finding") == [(1500,)]
    assert [row for row, _ in world.quarantined(partnership, METRICS.name)] == list(range(2, 1002))


def test_rows_beyond_the_list_are_held_all_the_same(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is cut says how many more there are; no row goes on for it, and the file is not refused for it."""
    monkeypatch.setattr(checking, "LISTED", 3)
    rows = [["p01", f"{1000 + n}-Q1", "clients_served", -1 if n < 10 else "x"] for n in range(20)]
    verdict = judged(partner_file(*rows, ["p01", "2026-Q3", "clients_served", 5]), METRICS, partnership)
    assert (verdict.outcome, verdict.rows_kept, verdict.rows_held) == ("held", 1, 20)
    # Ten cells that cannot be read, ten below 0, and the same ten of years for which nothing is asked.
    assert sum(finding.rows for finding in verdict.findings) == 30
    assert len(verdict.findings) == 12


# Outcomes


def test_a_file_without_a_good_row_is_blocked(partnership: Partnership) -> None:
    verdict = judged(partner_file(["p77", "2026-Q3", "clients_served", 5]), METRICS, partnership)
    assert (verdict.outcome, verdict.goes_on, verdict.rows_held) == ("blocked", False, 1)


def test_a_remark_alone_passes(partnership: Partnership) -> None:
    body = partner_file(["p01", "2026-Q3", "clients_served", 5]) + b"\xa0\r\n"
    verdict = judged(body, METRICS, partnership)
    assert where(verdict)[0] == ("encoding", None, "", "warning")


def test_both_rows_of_a_duplicate_wait_whether_they_agree_or_not(partnership: Partnership) -> None:
    """P06: an identical duplicate and one with another value; nobody guesses which is right."""
    rows = [["p01", "2026-Q3", metric, 5] for metric in ("clients_served", "clients_served", "job_placements", "language_wait")]
    verdict = judged(partner_file(*rows, ["p01", "2026-Q3", "language_wait", 6]), METRICS, partnership)
    assert where(verdict) == [("key", row, "", "critical") for row in (2, 3, 5, 6)]
    assert (verdict.outcome, verdict.rows_kept) == ("held", 1)
    assert "clients_served" not in verdict.findings[0].fix


def test_an_empty_register_of_members_knows_nobody(partnership: Partnership) -> None:
    (partnership.home / "registers" / "members.csv").write_text("partner,name_en,name_fr,sector,joined,left,successor\n", encoding="utf-8")
    verdict = judged(partner_file(["p01", "2026-Q3", "clients_served", 5]), METRICS, partnership)
    assert where(verdict) == [("known_partner", 2, "partner", "critical")]
    assert "members.csv" in verdict.findings[0].fix


# Limits of public tables


def months(*totals: str) -> bytes:
    return ircc_file([ircc_row(2025, world.MONTHS[n], "Peterborough", total) for n, total in enumerate(totals)])


@pytest.mark.parametrize(
    ("total", "rule"), [("7", "rounding"), ("-5", "least"), ("100005", "most"), ("100002", "most"), ("-3", "least"), ("x", "integer")]
)
def test_a_value_out_of_its_limits_is_held(total: str, rule: str, partnership: Partnership) -> None:
    """The publisher rounds to five and counts people: anything else waits for somebody to look, and is not a zero."""
    verdict = judged(months("10", total, "15"), RESIDENTS, partnership)
    assert (rule, 3) in [(finding.rule, finding.row) for finding in verdict.findings]
    assert {finding.row for finding in verdict.findings} == {3}
    assert (verdict.outcome, verdict.rows_kept, verdict.rows_held) == ("held", 2, 1)


def test_a_jump_is_told_and_not_held(publishers: Publishers, partnership: Partnership) -> None:
    """S10: a true jump of the last month is loaded with a warning."""
    steady = ["50", "55", "60", "50", "45", "50"]
    verdict = judged(months(*steady, "300"), RESIDENTS, partnership)
    assert (where(verdict), verdict.outcome) == ([("jump", 8, "persons", "warning")], "passed")
    assert judged(months(*steady, "65"), RESIDENTS, partnership).findings == ()
    assert judged(months("5", "5", "5", "45"), RESIDENTS, partnership).findings == (), "a few people more are no jump"


def population(*rows: list[str]) -> bytes:
    return zipped("17100009", statcan_file(rows))


def test_half_of_the_rows_is_not_the_table(partnership: Partnership) -> None:
    """The metadata says how many data points there are: a table of half of them is blocked, whatever its rows say."""
    body = population(population_row("2024-07", "35", "5"), population_row("2024-10", "35", "6"))
    verdict = judged(body, POPULATION, partnership, name="17100009-eng.zip", facts={"datapoints": 4})
    assert (where(verdict), verdict.outcome) == ([("datapoints", None, "rows_read", "critical")], "blocked")
    assert verdict.findings[0].found == "2 rows"


def test_a_value_without_a_reason_is_held(partnership: Partnership) -> None:
    """A blank VALUE without a STATUS, or beside a letter of quality, says nothing."""
    rows = [population_row("2024-01", "35", ""), population_row("2024-04", "35", "", STATUS="E"), population_row("2024-07", "35", "5")]
    verdict = judged(population(*rows), POPULATION, partnership, name="x.zip")
    assert where(verdict) == [("reason", 2, "persons", "critical"), ("reason", 3, "persons", "critical")]
    assert verdict.rows_kept == 1
    alone = judged(population(rows[0]), POPULATION, partnership, name="x.zip")
    assert (where(alone), alone.outcome) == ([("reason", 2, "persons", "critical")], "blocked")


def components(*rows: list[str]) -> bytes:
    """Rows of table 17-10-0149: period, gender, component, value."""
    header = [*world.STATCAN_HEADER[:3], "Gender", "Age group", "Components of population growth", *world.STATCAN_HEADER[3:]]
    made = []
    for number, (period, gender, component, value) in enumerate(rows):
        row = population_row(period, "35", value, DGUID="2021S0503529", COORDINATE=f"1.{number}")
        made.append([*row[:3], gender, "All ages", component, *row[3:]])
    return zipped("17100149", statcan_file(made, header=header))


def test_a_category_we_do_not_know_is_held(partnership: Partnership) -> None:
    """A member that the publisher added or renamed waits; the finding says how many rows and where the first stands."""
    contract = world.changed("statcan_components_cma", ("rows: [100,", "rows: [1,")).model_copy(update={"totals": []})
    total = "Total - gender"
    body = components(["2023/2024", total, "Births", "5"], ["2023/2024", total, "Arrivals", "6"], ["2023/2024", "Women", "Deaths", "6"])
    verdict = judged(body, contract, partnership, name="x.zip")
    assert where(verdict) == [("one_of_gender", 4, "gender", "critical"), ("one_of_component", 3, "component", "critical")]
    assert verdict.findings[1].found == "Arrivals"
    assert "Births, Deaths" in verdict.findings[1].expected
    assert (verdict.outcome, verdict.rows_kept, verdict.rows_held) == ("held", 1, 2)


def test_zeros_of_a_series_that_is_held_are_held_too(partnership: Partnership) -> None:
    """An unknown category has no months of zero either."""
    contract = world.changed(
        "ircc_pr_cma",
        ("grain: [place, period]", "grain: [place, period, group]"),
        ("EN_PROVINCE_TERRITORY, ", ""),
        ("  persons:", "  group: {source: EN_PROVINCE_TERRITORY, one_of: [Ontario]}\n  persons:"),
    )
    rows = [ircc_row(2025, month, "Peterborough", "10") for month in world.MONTHS[:4]]
    rows.append(ircc_row(2025, "Jan", "Peterborough", "10", province="Onterio"))
    assert loaded(ircc_file(rows), contract, partnership).outcome == "held"
    assert {row["group"] for row in world.as_of(partnership, contract)} == {"Ontario"}


def test_no_row_of_our_places_is_a_finding(partnership: Partnership) -> None:
    """A publisher that calls Peterborough something else is noticed, not read as nobody."""
    verdict = judged(ircc_file([ircc_row(2025, "Jan", "Peterborough (CMA), Ontario", "10")]), RESIDENTS, partnership)
    assert (where(verdict), verdict.outcome) == ([("places", None, "rows_kept", "critical")], "blocked")
    assert "place_labels.csv" in verdict.findings[0].fix


def test_too_many_or_too_few_rows(partnership: Partnership) -> None:
    contract = world.changed("ircc_pr_cma", ("rows: [1, 200000]", "rows: [4, 5]"))
    assert judged(months("10", "15", "20"), contract, partnership).outcome == "blocked"
    assert judged(months("10", "15", "20", "20"), contract, partnership).outcome == "passed"
    assert judged(months("10", "15", "20", "20", "20", "20"), contract, partnership).outcome == "blocked"


# Registers


@pytest.mark.parametrize(("name", "contract"), [("places", PLACES), ("offices", OFFICES)])
def test_a_register_does_not_take_a_bare_peterborough(name: str, contract: Contract, warehouse: str, partnership: Partnership) -> None:
    """C11, S38: the row waits with a finding, the other rows of the register go on."""
    path = partnership.home / "registers" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        good = list(csv.DictReader(lines))
    key = {"office": "another_office"} if name == "offices" else {}
    with path.open("a", encoding="utf-8", newline="") as lines:
        csv.DictWriter(lines, list(good[0])).writerow(good[0] | key | {"place": "Peterborough"})
    verdict = judged(path.read_bytes(), contract, partnership)
    assert where(verdict) == [("place_code_place", len(good) + 2, "place", "critical")]
    assert verdict.findings[0].found == "Peterborough"
    assert "a bare name stands for six different places" in verdict.findings[0].sentence()
    assert (verdict.outcome, verdict.rows_kept) == ("held", len(good))


@pytest.mark.parametrize("code", ["clients_served\n", "Clients", "1abc", "a b", "naïf"])
def test_a_pattern_holds_from_end_to_end(code: str, partnership: Partnership) -> None:
    """A line end behind a code is not part of a code, and letters are the plain ones."""
    from tasks.check.compile import compile_contract
    from tasks.check.run import run
    from tasks.stage.staging import Staging

    contract = read("metrics")
    path = partnership.home / "one.db"
    with Staging(path, contract) as staging:
        row = dict.fromkeys(contract.columns, "a") | {"metric": code, "method_version": 1, "kind": "stock", "additive_over_partners": "no"}
        row |= {"additive_over_periods": "no", "reporter": "partner", "frequency": "annual", "breakdowns": None, "table": None}
        row |= {"disclosure_class": "open", "objective": "1.1", "part_of": None, "at_most": None, "jump": None, "jump_least": None}
        values = [name for name in contract.columns if name not in contract.grain]
        staging.add_rows([(2, *[row[name] for name in [*contract.grain, *values]])])
        staging.finish(rows_read=1, datapoints=None)
    checking._views(path, contract)
    broken, crashed = run(path, compile_contract(contract, partnership))
    assert [item.rule.name for item in broken] == ["form_metric"]
    assert crashed == []


# Rules of a contract in the words of Great Expectations


def with_rule(rule: str) -> Contract:
    return world.changed("ircc_pr_cma", ("caveats:", f"also:\n  - {rule}\ncaveats:"))


def test_a_rule_in_its_own_words(partnership: Partnership) -> None:
    """`also` takes what Great Expectations knows, with rows, severity and our words."""
    for severity, outcome in (("critical", "held"), ("warning", "passed")):
        rule = "{type: expect_column_values_to_be_between, kwargs: {column: persons, max_value: 12}, severity: %s, meta: {why: few come}}"
        verdict = judged(months("10", "15", "20"), with_rule(rule % severity), partnership)
        assert where(verdict) == [("also_1", 3, "persons", severity), ("also_1", 4, "persons", severity)]
        assert verdict.findings[0].expected == "few come"
        assert verdict.outcome == outcome


def test_a_rule_over_the_whole_table(partnership: Partnership) -> None:
    rule = "{type: expect_column_max_to_be_between, kwargs: {column: persons, max_value: 12}, meta: {expected: at most a dozen}}"
    verdict = judged(months("10", "15"), with_rule(rule), partnership)
    assert (where(verdict), verdict.outcome) == ([("also_1", None, "persons", "critical")], "blocked")
    assert verdict.findings[0].found == "15"


def test_a_misspelt_rule_is_refused(partnership: Partnership) -> None:
    """Great Expectations drops a rule it does not know with a log line only; here nothing is checked without it."""
    rule = "{type: expect_column_values_to_be_betwen, kwargs: {column: persons, max_value: 12}}"
    with pytest.raises(Misuse, match=r"does not know the rule also_1: check `type` and `severity` under `also`"):
        judged(months("10"), with_rule(rule), partnership)


def test_a_wrong_severity_is_refused() -> None:
    with pytest.raises(ContractBroken, match=r"also\.0\.severity.*'fatal'"):
        with_rule("{type: expect_column_values_to_be_between, kwargs: {column: persons, max_value: 12}, severity: fatal}")


def test_an_empty_suite_is_refused() -> None:
    """An empty suite succeeds: it must not be possible to have one."""
    from tasks.check.run import _suite

    with pytest.raises(Misuse, match="an empty suite"):
        _suite("x", [])


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_a_rule_that_cannot_run_is_no_fault_of_the_file(severity: str, warehouse: str, partnership: Partnership) -> None:
    """A rule about a column that is not there has not been checked: nothing is loaded, and the operator is told."""
    contract = with_rule(f"{{type: expect_column_values_to_not_be_null, kwargs: {{column: persones}}, severity: {severity}}}")
    verdict = judged(months("10"), contract, partnership)
    assert verdict.outcome == ("not_checked" if severity == "critical" else "passed")
    assert verdict.findings[-1].rule == "also_1"
    assert "could not run" in verdict.findings[-1].found
    assert "A fault of ours" in verdict.findings[-1].sentence()
    made = load(verdict, contract, partnership)
    assert (made.release, made.rows) == ((0, 0) if severity == "critical" else (1, 1))
    assert world.ask(partnership, "select outcome from verdict") == [(verdict.outcome,)]


def test_what_could_not_be_checked_is_checked_again(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """The fault was ours, so the same bytes get another chance at the next run."""
    folder = partnership.overlay / "public"
    folder.mkdir(parents=True)
    body = world.contract_text("ircc_pr_cma")
    rule = "also: [{type: expect_column_values_to_not_be_null, kwargs: {column: persones}}]\n"
    (folder / "ircc_pr_cma.yaml").write_text(body + rule, encoding="utf-8")
    assert [world.refresh(partnership, "ircc_pr_cma")["ircc_pr_cma"].outcome for _ in range(2)] == ["not_checked"] * 2
    (folder / "ircc_pr_cma.yaml").unlink()
    assert world.refresh(partnership, "ircc_pr_cma")["ircc_pr_cma"].outcome == "loaded"


# Quiet


def test_checking_asks_nobody(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """No host is looked up and no connection is opened while the rules run."""
    attempts: list[Any] = []

    def refuse(name: str) -> Callable[..., Any]:
        def attempt(*arguments: Any, **_: Any) -> Any:
            attempts.append((name, arguments))
            raise OSError("no network here")

        return attempt

    monkeypatch.setattr(socket, "getaddrinfo", refuse("getaddrinfo"))
    monkeypatch.setattr(socket.socket, "connect", refuse("connect"))
    verdict = judged(months("10", "x"), RESIDENTS, partnership)
    assert verdict.outcome == "held"
    assert attempts == []


IMPORT_QUIETLY = """
import socket, sys
def refuse(*arguments, **_):
    raise SystemExit(f"network: {arguments}")
socket.getaddrinfo = socket.socket.connect = refuse
import tasks.check.run
import os
assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
"""


@pytest.mark.slow
def test_importing_great_expectations_asks_nobody() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_QUIETLY], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_flows_is_light() -> None:
    """Great Expectations takes five seconds to import and WeasyPrint needs libraries: nobody pays who does not use them."""
    code = (
        "import sys, flows.sentences, flows.verbs; print([m for m in ('great_expectations', 'weasyprint', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_finding_is_told_in_one_line() -> None:
    finding = Finding("least", "critical", "x.csv", 3, "value", "-2", "at least 0", "Look at the number.", rows=4)
    assert finding.sentence() == "x.csv: row 3, column value: found -2; expected at least 0. Look at the number. (4 rows)"
