"""The workbook that IRCC publishes beside a text file, through the whole way: the same figures, whichever of the two a contract takes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from demo.publishers import Publishers
from expectations import read
from expectations.partnership import Partnership, read_partnership
from sql.ledger import STATUS_CODE
from tasks.measure import measure
from tests import world
from tests.conftest import close_engines
from tests.tasks.test_ircc_pivot import sheet

NAME, TEXT, WORKBOOK = "ircc_asylum_claimants", "ODP-Asylum-OfficeType_Prov.csv", "EN_ODP-Asylum-OfficeType_Prov.xlsx"
# What a partnership writes that would rather have the workbook: no Python. Its columns of labels are the dimensions in their order.
CHANGES = [
    (f"resource: {TEXT}", f"resource: {WORKBOOK}"),
    ('layout: {kind: delimited, delimiter: "\\t"}', "layout: {kind: pivot}"),
    ("grain: [place, office, period]", "grain: [office, place, period]"),
    ("ignore: [EN_QUARTER,", 'ignore: ["* Total", Total] # [EN_QUARTER,'),
    ("source: EN_CLAIM_OFFICE_TYPE, ", ""),
    ("source: EN_PROVINCE_TERRITORY, ", ""),
    ("source: [EN_YEAR, EN_MONTH], ", ""),
    ("source: TOTAL, ", ""),
    ("absent: zero", "absent: missing"),
]


@pytest.fixture
def elsewhere(home: Path, tmp_path: Path, environment: pytest.MonkeyPatch) -> Iterator[Partnership]:
    """A second home whose contract, laid over the shipped one, takes the workbook."""
    folder = tmp_path / "elsewhere"
    (folder / "expectations" / "public").mkdir(parents=True)
    for part in ("partnership.yaml", "registers"):
        (folder / part).symlink_to(home / part)
    body = world.contract_text(NAME)
    for old, new in CHANGES:
        assert old in body, old
        body = body.replace(old, new)
    (folder / "expectations" / "public" / f"{NAME}.yaml").write_text(body, encoding="utf-8")
    yield read_partnership(folder)
    close_engines(f"sqlite:///{folder / 'warehouse.db'}")


def numbers(partnership: Partnership) -> dict[tuple[str, ...], tuple[Any, ...]]:
    contract = next(contract for contract in partnership.contracts() if contract.name == NAME)
    rows = world.as_of(partnership, contract)
    return {
        (row["place"], row["office"], row["period"]): (row["persons"], row["lower"], row["upper"], row["status"] == "--") for row in rows
    }


def test_the_workbook_gives_the_figures_of_the_text(
    publishers: Publishers, partnership: Partnership, elsewhere: Partnership, environment: pytest.MonkeyPatch
) -> None:
    """Fetched, staged, checked, loaded and measured: what the text leaves out the workbook prints as 0, all else is the same."""
    text = world.refresh(partnership, "place_labels", NAME)[NAME]
    assert (text.outcome, text.held, text.findings) == ("loaded", 0, ())
    said = numbers(partnership)
    figures = measure(partnership, ["asylum_claimants_12_months"])

    environment.setenv("OPENLIP_HOME", str(elsewhere.home))
    book = world.refresh(elsewhere, "place_labels", NAME)[NAME]
    assert (book.outcome, book.held) == ("loaded", 0)
    assert [finding.rule for finding in book.findings if finding.severity == "critical"] == []
    assert any(seen.path.endswith(WORKBOOK) and seen.status == 200 for seen in publishers.log)

    assert numbers(elsewhere) == said
    assert len(said) == 96
    assert {value[3] for value in said.values()} == {True, False}
    again = measure(elsewhere, ["asylum_claimants_12_months"])
    assert len(figures) > 12
    assert [(f.place, f.period, f.value, f.lower, f.upper, f.mark) for f in again] == [
        (f.place, f.period, f.value, f.lower, f.upper, f.mark) for f in figures
    ]
    assert world.refresh(elsewhere, NAME)[NAME].outcome == "unchanged"


def test_a_printed_zero_is_a_cell_and_one_left_out_is_none(
    publishers: Publishers, partnership: Partnership, elsewhere: Partnership, environment: pytest.MonkeyPatch
) -> None:
    world.refresh(partnership, "place_labels", NAME)
    text = {row["status"] for row in world.as_of(partnership, read(NAME)) if row["persons"] == 0}
    environment.setenv("OPENLIP_HOME", str(elsewhere.home))
    world.refresh(elsewhere, "place_labels", NAME)
    contract = next(contract for contract in elsewhere.contracts() if contract.name == NAME)
    book = {row["status"] for row in world.as_of(elsewhere, contract) if row["persons"] == 0}
    assert text == {"absent"} <= set(STATUS_CODE)
    assert book == {""}


def rows_of(publishers: Publishers) -> list[list[Any]]:
    book = load_workbook(io.BytesIO(publishers._ircc.files[WORKBOOK]))
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def test_its_grammar_is_that_of_the_published_one(publishers: Publishers) -> None:
    """A group is named by its total below, months and yearly totals stand in one row, thousands have a comma, notes are one cell."""
    rows = rows_of(publishers)
    labels = [row[0] for row in rows[4:] if row[0]]
    assert labels[:5] == ["Airport - Total", "Border - Total", "Inland - Total", "Other Offices - Total", "Total "]
    assert rows[2][2:6] == [2024, None, None, None]
    assert rows[3][:6] == [None, None, "Oct", "Nov", "Dec", "2024 Total"]
    cells = [cell for row in rows[4:] for cell in row[2:] if cell]
    assert {"0", "--"} <= set(cells)
    assert any("," in cell for cell in cells)
    assert "SAMPLE" in str(rows[-1][0])
    assert "SAMPLE" in str(load_workbook(io.BytesIO(publishers._ircc.files[WORKBOOK])).properties.title)


@pytest.mark.parametrize("month", ["13", 13, "Nov"])
def test_a_workbook_with_another_calendar_is_refused(
    month: Any, publishers: Publishers, elsewhere: Partnership, environment: pytest.MonkeyPatch
) -> None:
    """A month 13, or one twice in a year: nothing of it is loaded."""
    environment.setenv("OPENLIP_HOME", str(elsewhere.home))
    rows = rows_of(publishers)
    rows[3][4] = month
    publishers.replace(WORKBOOK, sheet(*rows))
    line = world.refresh(elsewhere, "place_labels", NAME)[NAME]
    assert (line.outcome, line.rows) == ("blocked", 0)
    assert ("stands twice" if month == "Nov" else "a column more: '13'") in line.message
