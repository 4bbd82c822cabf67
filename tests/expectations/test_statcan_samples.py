"""Every public table of Statistics Canada has a sample in the publisher's grammar, and the whole of it passes stage, check and load."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import yaml

import expectations
import sql
from demo.publishers import FOLDER, Publishers
from expectations import Contract
from expectations.partnership import Partnership
from tasks.load import load
from tests import world

TABLES = {
    contract.name: contract
    for contract in expectations.read_all()
    if contract.source.fetch == "statcan" and contract.layout.kind == "statcan"
}
PRODUCTS = {name: contract.source.table.replace("-", "")[:8] for name, contract in TABLES.items()}
# What the partnership's catalogue of indicators asks of public sources, by our names, and the table that answers.
INDICATORS = {
    "hate_crime_rate": "statcan_hate_crime_cma",
    "hate_crime_number": "statcan_hate_crime_cma",
    "employment_rate_gap": "statcan_labour_immigrants_year",
    "retention_rate_5_years": "statcan_immigrant_mobility_cma",
    "immigrant_median_wage": "statcan_immigrant_income_cma",
    "pr_admissions_month": "ircc_pr_cma",
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_a_sample_that_says_so(name: str) -> None:
    path = FOLDER / f"statcan_{PRODUCTS[name]}.yaml"
    assert path.is_file(), f"write {path}"
    text = path.read_text(encoding="utf-8")
    said = yaml.safe_load(text)
    assert text.startswith("# SAMPLE.")
    assert said["notes"][0]["en"].startswith("SAMPLE.")
    assert said["notes"][0]["fr"].startswith("EXEMPLE.")


def test_every_sample_has_a_table() -> None:
    """A sample that no contract reads would be looked after by nobody."""
    said = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("statcan_*.yaml")]
    full = {str(one["product"]) for one in said if str(one.get("product", "98"))[:2] != "98"}
    assert full == set(PRODUCTS.values())


@pytest.mark.parametrize("name", TABLES)
def test_the_whole_sample_passes_stage_check_and_load(name: str, publishers: Publishers, partnership: Partnership) -> None:
    """Nothing is found wrong, something is kept of a place of ours or of Ontario, and each total is held against its parts somewhere."""
    contract = TABLES[name]
    table = publishers._statcan.tables[PRODUCTS[name]]
    known = {"facts": {"datapoints": table.metadata["nbDatapointsCube"]}}
    verdict = world.judged(table.zip(contract.source.language), contract, partnership, **known)
    assert [finding.sentence() for finding in verdict.findings] == []
    assert (verdict.outcome, verdict.rows_held) == ("passed", 0)
    assert _compared(verdict.staged.path, contract) == list(range(1, len(contract.totals) + 1))
    loaded = load(verdict, contract, partnership)
    assert (loaded.outcome, loaded.rows) == ("passed", verdict.rows_kept)
    assert {row["place"] for row in world.as_of(partnership, contract)} & {*partnership.places, "2021A000235"}


def _compared(staged: str, contract: Contract) -> list[int]:
    """The totals of a contract that the check compared with their parts at least once."""
    if not contract.totals:
        return []
    with closing(sqlite3.connect(staged)) as db:
        return [number for (number,) in db.execute("select distinct total from sums order by total")]


@pytest.mark.parametrize("name", INDICATORS)
def test_an_indicator_of_the_catalogue_is_there(name: str) -> None:
    query = sql.read_all()[name]
    assert query.is_indicator
    assert INDICATORS[name] in query.reads
