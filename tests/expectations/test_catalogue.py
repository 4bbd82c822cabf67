"""The catalogue of shared metrics covers the plan, is whole, and knows which definition held when."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

import expectations
import sql
from expectations import ContractBroken, catalogue
from tasks.protect import classes

ROOT = Path(__file__).parents[2]
HOME = ROOT / "partnerships" / "peterborough"
METRICS = catalogue.read(HOME)
CODES = {metric.code for metric in METRICS}
OBJECTIVES = {"1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5", "3.1", "3.2", "3.3", "3.4"}
BEFORE = {
    *("clients_served", "public_events_attendance", "language_wait", "job_placements", "racism_reports", "trainings_delivered"),
    *("training_participants", "welcome_passes", "welcome_passes_used", "volunteer_mentors"),
}
CONTRACTS = {contract.name: contract for contract in expectations.read_all()}


def lines() -> list[dict[str, str]]:
    with (HOME / "registers" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_twelve_objectives_are_covered() -> None:
    """Counted: each objective of the plan has at least one metric, and the codes in use since 2024 are there still."""
    assert {line["objective"] for line in lines()} == OBJECTIVES
    assert CODES >= BEFORE
    assert len(CODES) >= 30


def test_a_file_of_the_sample_is_the_shipped_one() -> None:
    assert not (HOME / "sample" / "registers" / "metrics.csv").exists()


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line['metric']} {line['method_version']}")
def test_a_metric_says_what_it_is_in_both_languages(line: dict[str, str]) -> None:
    """Names and definitions differ by language, the class is one that figures are protected by, and its objective is one of the plan."""
    assert all(line[f"{part}_{language}"].strip() for part in ("name", "definition") for language in ("en", "fr"))
    assert line["definition_en"] != line["definition_fr"]
    assert line["disclosure_class"] in classes()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: f"{metric.code} {metric.version}")
def test_what_a_metric_names_is_there(metric: catalogue.Metric) -> None:
    """Its table is a contract that has its breakdowns as columns; what it is compared with is a metric of the same table."""
    if metric.reporter == "partner":
        contract = CONTRACTS[metric.table]
        assert contract.is_partner
        assert set(metric.breakdowns) <= set(contract.grain)
    else:
        assert (metric.table, metric.breakdowns) == ("", ())
    for other in [metric.part_of, metric.at_most[1] if metric.at_most else ""]:
        if other:
            assert {found.table for found in METRICS if found.code == other} == {metric.table}
            assert other != metric.code


def test_every_partner_table_has_its_metrics_and_its_breakdowns_are_used() -> None:
    for name, contract in CONTRACTS.items():
        if contract.is_partner and "metric" in contract.columns:
            own = [metric for metric in METRICS if metric.table == name]
            assert own, name
            split = {column for metric in own for column in metric.breakdowns}
            assert split == set(contract.grain) - {"partner", "period", "metric"}, name


def test_no_sum_over_partners_is_made_of_what_does_not_add_up() -> None:
    """D09: a median of partners is never added; D08: a sum that is an upper bound is told as contacts."""
    never = {line["metric"] for line in lines() if line["additive_over_partners"] == "no"}
    for name, query in sql.read_all().items():
        if query.is_indicator and {"partner_total", "partner_coverage", "partner_share"} & query.reads:
            assert not [code for code in never if f"'{code}'" in query.text], name


# Versions


def versions(tmp_path: Path, *changes: dict[str, str]) -> tuple[catalogue.Metric, ...]:
    folder = tmp_path / "registers"
    folder.mkdir()
    first = lines()[0]
    with (folder / "metrics.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerows({**first, **change} for change in changes)
    return catalogue.read(tmp_path)


def test_the_definition_of_the_day_is_chosen(tmp_path: Path) -> None:
    """D06: a changed definition is a new row; of a quarter in which it changed the newest counts."""
    metrics = versions(
        tmp_path,
        {"method_version": "2", "valid_from": "2026-07-01", "jump": "5"},
        {"valid_to": "2026-06-30"},
    )
    assert [metric.version for metric in metrics] == [1, 2]
    for first, last, version in [
        (date(2026, 4, 1), date(2026, 6, 30), 1),
        (date(2026, 7, 1), date(2026, 9, 30), 2),
        (date(2026, 6, 1), date(2026, 7, 31), 2),
    ]:
        assert catalogue.in_force(metrics, first, last)["clients_served"].version == version
    assert catalogue.in_force(metrics, date(2020, 1, 1), date(2020, 3, 31)) == {}
    assert [metric.jump for metric in metrics] == [3, 5]


@pytest.mark.parametrize("change", [{"method_version": "two"}, {"valid_from": "1 July"}, {"jump": "x"}])
def test_a_line_that_cannot_be_read_is_named(change: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match=r"metrics\.csv line 2: .*mend the line"):
        versions(tmp_path, change)


def test_at_most_reads_its_factor(tmp_path: Path) -> None:
    assert versions(tmp_path, {"at_most": "5 answers"}, {"method_version": "2", "at_most": "answers"})[0].at_most == (5, "answers")
    assert {metric.code: metric.at_most for metric in METRICS}["toolkit_confidence_after"] == (5, "toolkit_paired_answers")
