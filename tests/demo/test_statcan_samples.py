"""The drawn tables of the sample: the same bytes each time, totals that add up, and the traps of the real files in them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from typing import Any

import pytest

from demo.publishers import FOLDER
from demo.statcan_cells import Cell, over, read
from demo.statcan_draw import draw, periods
from demo.statcan_tables import Table, build

Rows = list[dict[str, str]]


def table(pid: str) -> Table:
    return build(FOLDER / f"statcan_{pid}.yaml")


def rows(pid: str, language: str = "en") -> Rows:
    with zipfile.ZipFile(io.BytesIO(table(pid).zip(language))) as archive:
        text = archive.read(f"{pid}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="," if language == "en" else ";"))


def declared(**more: Any) -> dict[str, Any]:
    """A small table: a place, people by gender, of whom some work."""
    gender = [
        {"id": 1, "en": "All"},
        {"id": 2, "parent": 1, "en": "Men", "share": 0.5},
        {"id": 3, "parent": 1, "en": "Women", "share": 0.5},
    ]
    measures = [
        {"id": 1, "en": "People", "sum": ["At work", "Not"]},
        {"id": 2, "en": "At work", "per": 600},
        {"id": 3, "en": "Not", "per": 401},
    ]
    measures.append({"id": 4, "en": "Rate", "percent": ["At work", "People"], "decimals": 1})
    places = [{"id": 1, "en": "Here", "weight": 1.5}, {"id": 2, "en": "Hamlet", "weight": 0.01}]
    named = [("Geography", places), ("Gender", gender), ("Measure", measures)]
    dimensions = [{"name": {"en": name}, "members": members} for name, members in named]
    rule = {"periods": {"first": "2024", "last": "2025"}, "along": "Measure", **more}
    return {"product": 1, "frequency": 12, "dimensions": dimensions, "draw": rule}


def value(cells: list[Cell], *members: int, period: str = "2025") -> str:
    return next(cell.value or cell.status for cell in cells if (cell.period, cell.members) == (period, members))


# Drawing


def test_parts_add_up_to_the_last_unit_and_a_percentage_is_that_of_the_printed_counts() -> None:
    cells = list(draw(declared()))
    for measure in (1, 2, 3):
        assert int(value(cells, 1, 1, measure)) == int(value(cells, 1, 2, measure)) + int(value(cells, 1, 3, measure))
    people, work = int(value(cells, 1, 1, 1)), int(value(cells, 1, 1, 2))
    assert people == work + int(value(cells, 1, 1, 3))
    assert value(cells, 1, 1, 4) == f"{100 * work / people:.1f}"


def test_the_same_declaration_draws_the_same_figures_and_another_product_others() -> None:
    assert list(draw(declared())) == list(draw(declared()))
    assert list(draw(declared())) != list(draw(declared() | {"product": 2}))


def test_a_small_count_is_hidden_and_so_is_the_percentage_that_rests_on_it() -> None:
    cells = list(draw(declared(small={"below": 100, "mark": "x"})))
    assert [value(cells, 2, 1, measure) for measure in (1, 2, 3, 4)] == ["x"] * 4
    assert value(cells, 1, 1, 4) != "x"


def test_a_gap_has_its_mark_or_no_row() -> None:
    gaps = [{"at": {"Geography": ["Here"]}, "before": "2025", "mark": ".."}, {"at": {"Gender": ["Men"]}, "since": "2025"}]
    cells = list(draw(declared(gaps=gaps)))
    assert value(cells, 1, 1, 1, period="2024") == ".."
    assert not [cell for cell in cells if cell.period == "2025" and cell.members[1] == 2]


@pytest.mark.parametrize(
    ("frequency", "first", "last", "expected"),
    [
        (12, "2023", "2025", ["2023", "2024", "2025"]),
        (12, "2023/2024", "2024/2025", ["2023/2024", "2024/2025"]),
        (9, "2025-10", "2026-04", ["2025-10", "2026-01", "2026-04"]),
        (6, "2025-11", "2026-01", ["2025-11", "2025-12", "2026-01"]),
    ],
)
def test_periods_follow_the_frequency(frequency: int, first: str, last: str, expected: list[str]) -> None:
    assert periods({"frequency": frequency, "draw": {"periods": {"first": first, "last": last}}}) == expected


def test_periods_may_be_listed() -> None:
    assert periods({"frequency": 12, "draw": {"periods": ["2013/2015", "2015/2017"]}}) == ["2013/2015", "2015/2017"]


def test_spelled_figures_stand_in_the_place_of_drawn_ones_and_must_belong_to_the_table() -> None:
    drawn = [Cell("2025", (1, 1), "5"), Cell("2025", (1, 2), "6")]
    assert list(over(drawn, [Cell("2025", (1, 2), "9.0"), Cell("2024", (1, 1), "")])) == [drawn[0], Cell("2025", (1, 2), "9.0")]
    with pytest.raises(ValueError, match="does not draw"):
        list(over(drawn, [Cell("2024", (1, 1), "3")]))


def test_the_csv_spells_numbers_letters_and_marks(tmp_path: Any) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("Place,2022,2023,2024,2025\nHere,9.0,4.5E,..,x\n", encoding="utf-8")
    said = {"dimensions": [{"name": {"en": "Place"}, "members": [{"id": 1, "en": "Here"}]}]}
    assert [(cell.value, cell.status) for cell in read(said, path)] == [("9.0", ""), ("4.5", "E"), ("", ".."), ("", "x")]
    path.write_text("Place,2022\nHere,about 9\n", encoding="utf-8")
    with pytest.raises(ValueError, match="neither a number nor a mark"):
        list(read(said, path))


# The tables of the sample


def test_hate_crime_of_peterborough_is_what_was_published_where_it_is_known() -> None:
    found = {(row["REF_DATE"], row["UOM_ID"]): row["VALUE"] for row in rows("35100191") if row["DGUID"] == "2011S0503529"}
    numbers, rates = "223", "265"
    assert [found[year, numbers] for year in ("2014", "2015", "2016")] == ["11", "9", "5"]
    assert [found[year, rates] for year in ("2014", "2015", "2016", "2020")] == ["9.0", "7.4", "4.0", "19.4"]
    assert min(year for year, _ in found) == "2014"


@pytest.mark.parametrize(
    ("pid", "column", "total", "parts"),
    [
        ("17100148", "Gender", "Total - gender", ["Men+", "Women+"]),
        ("17100153", "Gender", "Total - gender", ["Men+", "Women+"]),
        ("14100083", "Labour force characteristics", "Labour force", ["Employment", "Unemployment"]),
        (
            "14100323",
            "Beneficiary detail",
            "Regular benefits",
            ["Regular benefits with declared earnings", "Regular benefits without declared earnings"],
        ),
    ],
)
def test_totals_are_the_sum_of_their_parts(pid: str, column: str, total: str, parts: list[str]) -> None:
    technical = {column, "VALUE", "STATUS", "VECTOR", "COORDINATE", "TERMINATED"}
    sums: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows(pid):
        key = tuple(cell for name, cell in row.items() if name not in technical)
        sums.setdefault(key, {})[row[column]] = row["VALUE"]
    whole = [found for found in sums.values() if all(found.get(name) for name in (total, *parts))]
    assert whole
    slack = 10 if pid == "14100323" else 0.05
    assert all(abs(float(found[total]) - sum(float(found[part]) for part in parts)) <= slack for found in whole)


def test_the_traps_of_the_real_files_are_there() -> None:
    """S29, S30, S38 to S41 and the code of Ontario on the rest of another province."""
    assert {row["SCALAR_FACTOR"] for row in rows("17100148")} == {"units "}
    assert {(row["SCALAR_FACTOR"], row["SCALAR_ID"], row["DECIMALS"]) for row in rows("14100459")} == {
        ("thousands", "3", "1"),
        ("units", "0", "1"),
    }
    assert {row["TERMINATED"] for row in rows("17100040")} == {"", "t"}
    assert {row["STATUS"] for row in rows("46100052")} == {"", "A", "B", "E", "F", "..."} - {""}
    assert {"x", ""} <= {row["STATUS"] for row in rows("14100459")}
    assert {row["SYMBOL"] for row in rows("17100121")} == {"", "p", "r"}
    labels = {pid: {row["GEO"]: row["DGUID"] for row in rows(pid)} for pid in ("14100323", "14100454", "35100026", "43100022")}
    assert labels["14100323"]["Peterborough, Ontario"] == "2016A00033515"
    assert labels["14100454"]["Peterborough, Ontario"] == "2021S0503529"
    assert labels["35100026"]["Peterborough, Ontario [35529]"] == "2011S0503529"
    assert labels["43100022"]["Remainder, Newfoundland and Labrador"] == labels["43100022"]["Ontario"] == "2016A000235"
    assert "" in {row["DGUID"] for row in rows("17100155")}


def test_the_french_file_says_the_same_in_french() -> None:
    english, french = rows("34100127"), rows("34100127", "fr")
    assert [row["VALUE"].replace(".", ",") for row in english] == [row["VALEUR"] for row in french]
    assert Counter(row["UNITÉ DE MESURE"] for row in french) == {"Taux": len(english)}
    assert {row["FACTEUR SCALAIRE"] for row in rows("14100459", "fr")} == {"unités", "milliers"}


def test_metadata_tells_units_by_member_and_as_many_data_points_as_the_file() -> None:
    said = table("43100030").metadata
    last = said["dimension"][-1]
    assert [dimension["hasUom"] for dimension in said["dimension"]] == [False] * 6 + [True]
    assert {member["memberUomCode"] for member in last["member"]} == {249, 81, 239}
    assert said["nbDatapointsCube"] == len(rows("43100030"))
    assert "2023 constant dollars" in said["cubeTitleEn"]
