"""Shelter costs of immigrants and others (98-10-0328-01): a table of seven dimensions, of which one keeps the names that are printed."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import Any

import pytest

from demo.census_wide import Wide
from demo.publishers import FOLDER, Publishers
from expectations import read
from expectations.partnership import Partnership
from tasks.measure import measure
from tasks.show import show
from tests import world

TABLE = read("statcan_immigrants_shelter")
DECLARATION = FOLDER / "census_98100328.yaml"
HERE, QUINTE = "2021S0503529", "2021S0503522"
LEAVES = ("Less than 15%", "15% to less than 30%", "30% to less than 50%", "50% to less than 100%")
GAP = "housing_affordability_gap"
Rows = list[list[str]]


def rows_of(language: str = "en") -> Rows:
    """The data file of the sample; the header first."""
    body = world.member(Wide(DECLARATION).zip(language)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body), delimiter="," if language == "en" else ";"))


def zipped(rows: Rows) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return world.zipped("98100328", "\ufeff" + out.getvalue())


def without_members(rows: Rows, place: str, status: str) -> dict[str, int]:
    """By ratio, how many people of all ages, genders and minorities were examined, as printed."""
    wanted = ["Total - Age", "Total - Gender", "Count", "Total - Visible minority", status]
    return {row[8]: int(row[10]) for row in rows if row[2] == place and row[3:8] == wanted and row[10]}


def share(found: dict[str, int]) -> float:
    return 100 * sum(found[name] for name in LEAVES[2:]) / sum(found[name] for name in LEAVES)


def test_the_table_is_fetched_loaded_and_measured(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """From the publisher's zip to percentage points, and back to the bytes of the zip."""
    line = world.refresh(partnership, "places", "place_labels", TABLE.name)[TABLE.name]
    assert (line.outcome, line.held, line.findings) == ("loaded", 0, ())
    rows = rows_of()
    figures = {figure.place: figure for figure in measure(partnership, [GAP])}
    for place, figure in figures.items():
        gap = share(without_members(rows, place, "Immigrants")) - share(without_members(rows, place, "Non-immigrants"))
        assert figure.value == pytest.approx(gap), place
    assert 5 < (figures[HERE].value or 0) < 15
    assert (figures[HERE].period, figures[HERE].boundaries, len(figures[HERE].snapshots)) == ("2021", (2021,), 1)
    (snapshot,) = show(f"{GAP}@{HERE}@2021", partnership)["snapshots"]
    assert snapshot["sha256"] == hashlib.sha256(Wide(DECLARATION).zip("en")).hexdigest()
    assert world.refresh(partnership, TABLE.name)[TABLE.name].outcome == "unchanged"


def test_our_places_and_one_member_of_what_is_not_asked_for(publishers: Publishers, partnership: Partnership) -> None:
    """Of ages, genders, minorities and bounds only the total or the count; every status, every ratio, two of three needs."""
    world.refresh(partnership, TABLE.name)
    found = world.as_of(partnership, TABLE)
    assert {row["place"] for row in found} == partnership.kept_places & {row[2] for row in rows_of()}
    for name in ("age_group", "gender", "statistic", "visible_minority"):
        assert {row[name] for row in found} == {"1"}, name
    assert {row["status_period"] for row in found} == {str(number) for number in range(1, 12)}
    assert {row["shelter_ratio"] for row in found} > set(LEAVES)
    assert {row["core_need"] for row in found} == {"1", "2"}
    one = next(
        row for row in found if (row["place"], row["status_period"], row["shelter_ratio"], row["core_need"]) == (HERE, "10", LEAVES[3], "1")
    )
    assert one["persons"] == without_members(rows_of(), HERE, "2016 to 2021")[LEAVES[3]]


def test_where_immigrants_are_hidden_there_is_no_gap(publishers: Publishers, partnership: Partnership) -> None:
    world.refresh(partnership, TABLE.name)
    hidden = [row for row in world.as_of(partnership, TABLE) if row["place"] == QUINTE and row["status_period"] == "3"]
    assert {(row["persons"], row["status"]) for row in hidden} == {(None, "x")}
    assert QUINTE not in {figure.place for figure in measure(partnership, [GAP])}


@pytest.mark.parametrize("name", LEAVES)
def test_a_file_that_calls_a_ratio_otherwise_is_not_taken(name: str, partnership: Partnership) -> None:
    """Its id is not known, so its name is asserted; else the gap would end without a word."""
    rows = [[cell.replace(name, f"Spending {name}") if cell == name else cell for cell in row] for row in rows_of()]
    verdict = world.judged(zipped(rows), TABLE, partnership)
    (finding,) = [finding for finding in verdict.findings if finding.severity == "critical"]
    assert (verdict.outcome, finding.rule, finding.column) == ("blocked", "also_1", "shelter_ratio")
    assert "housing_affordability_gap" in finding.sentence()


def column_of(rows: Rows, name: str) -> int:
    return next(number for number, cell in enumerate(rows[0]) if cell.startswith(name))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Immigrants", "Immigrants and others", "status_period 3 is now called 'Immigrants and others'"),
        ("Count", "Number", "statistic 1 is now called 'Number'"),
        ("Total - Visible minority", "Total - Minorities", "visible_minority 1 is now called 'Total - Minorities'"),
        (
            "Core housing need (3):In core need[2]",
            "Core housing need (3):Not in core need[2]",
            "core_need 2 is now called 'Not in core need'",
        ),
        ("Statistics (3)", "Statistic", "no column Statistics; a column more: Statistic"),
        ("Shelter-cost-to-income ratio (8)", "Tenure (3)", "no column Shelter-cost-to-income ratio; a column more: Tenure (3)"),
    ],
)
def test_a_difference_refuses_the_file_and_names_it(old: str, new: str, said: str, partnership: Partnership) -> None:
    rows = [[new if cell == old else cell for cell in row] for row in rows_of()]
    found = world.staged(zipped(rows), TABLE, partnership).refusal
    assert found is not None
    assert said in found[0]


def test_the_order_of_the_columns_is_the_files(partnership: Partnership) -> None:
    """Nobody has told it, so ids are found in the coordinate by the header: visible minority may stand first."""
    rows = rows_of()
    moved = [[*row[:3], row[6], *row[3:6], *row[7:]] for row in rows]
    for row in moved[1:]:
        ids = row[9].split(".")
        row[9] = ".".join([ids[0], ids[4], *ids[1:4], *ids[5:]])

    def told() -> list[dict[str, Any]]:
        return sorted(({k: v for k, v in row.items() if k != "row"} for row in world.as_of(partnership, TABLE)), key=str)

    world.loaded(zipped(rows), TABLE, partnership)
    before = told()
    loaded = world.loaded(zipped(moved), TABLE, partnership)
    assert (loaded.new, loaded.changed, loaded.gone) == (0, 0, 0)
    assert told() == before


def test_the_sample_says_that_it_is_one() -> None:
    assert "SAMPLE" in DECLARATION.read_text(encoding="utf-8")
    assert b"SAMPLE" in Wide(DECLARATION).zip("fr")
    assert len(rows_of("fr")) == len(rows_of())


def test_sums_of_the_sample_are_of_their_parts() -> None:
    rows = rows_of()
    people = {status: without_members(rows, HERE, status) for status in ("Immigrants", "2016 to 2021", "2011 to 2015", "2011 to 2021")}
    for found in people.values():
        assert found["Total - Shelter-cost-to-income ratio"] == sum(found[name] for name in LEAVES)
    for name in LEAVES:
        assert people["2011 to 2021"][name] == people["2011 to 2015"][name] + people["2016 to 2021"][name]
