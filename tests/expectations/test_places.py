"""The register of places: one place has many codes, a name is no code, and a number says which part of the area it is of."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

import expectations
from expectations import ContractBroken
from expectations.partnership import Partnership, read_partnership
from expectations.places import COVERS, PlaceUnknown, is_code, year_of

HOME = Path(__file__).parents[2] / "partnerships" / "peterborough"
SHIPPED = read_partnership(HOME)
TODAY = date(2026, 11, 22)
CMA, DIVISION, CITY = "2021S0503529", "2021A00033515", "2021A00053515014"


@pytest.mark.parametrize("code", [CMA, "529", "35529", "2011S0503529", "2016S0503529", "2026S0503529"])
def test_one_place_has_the_codes_of_every_vintage(code: str) -> None:
    """S40: the boundaries of another year, or another publisher's digits, are not another place."""
    assert SHIPPED.place_at(code, TODAY).code == CMA


def test_the_division_is_another_place_of_the_same_name() -> None:
    """S38: told apart by code and kind."""
    found = [SHIPPED.place_at(code, TODAY) for code in ("529", "3515", "3515014")]
    assert [(place.code, place.kind) for place in found] == [
        (CMA, "cma"),
        (DIVISION, "census_division"),
        (CITY, "census_subdivision"),
    ]


@pytest.mark.parametrize("name", ["Peterborough", "peterborough", "Peterborough CMA"])
def test_a_name_is_refused_with_the_places_it_may_mean(name: str) -> None:
    """C11."""
    with pytest.raises(PlaceUnknown, match=rf"{name!r} is a name, .* write the code of one of .*{CMA} \(Peterborough CMA\)"):
        SHIPPED.place_at(name, TODAY)


def test_a_label_of_a_publisher_is_no_code_either() -> None:
    """IRCC's Peterborough is the metropolitan area in IRCC's files, and nowhere else."""
    assert SHIPPED.labels("ircc")["Peterborough"] == CMA
    with pytest.raises(PlaceUnknown):
        SHIPPED.place_at("Peterborough", TODAY)


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(PlaceUnknown, match=r"'2021S0503999' is no place in registers/places\.csv"):
        SHIPPED.place_at("2021S0503999", TODAY)


@pytest.mark.parametrize(
    ("code", "day", "there"),
    [
        ("35086-2023", date(2024, 4, 22), False),
        ("35086-2023", date(2024, 4, 23), True),
        ("2023A000435086", date(2024, 4, 22), False),
        ("35084-2013", date(2024, 4, 22), True),
        ("35084-2013", date(2024, 4, 23), False),
        ("on/ed:86-2015", date(2018, 6, 6), False),
        (CITY, date(1990, 1, 1), True),
    ],
)
def test_boundaries_are_there_on_their_days_only(code: str, day: date, there: bool) -> None:
    """C11: a riding of the 2023 order is no place before it."""
    if there:
        assert SHIPPED.place_at(code, day).is_there(day)
        return
    with pytest.raises(PlaceUnknown, match=rf"{code} \(.*\) is a place (from|to) .*not on {day}"):
        SHIPPED.place_at(code, day)


def test_a_city_lies_in_its_division_and_in_its_metropolitan_area() -> None:
    assert set(SHIPPED.gazetteer.places[CITY].parents) == {DIVISION, CMA}


def test_boundaries_are_comparable_where_the_register_says_so() -> None:
    places = SHIPPED.gazetteer.places
    assert places[CMA].comparable(2016) == {2016}
    assert places[CMA].comparable(2021) == {2021}
    assert 2021 in places["2021A000235"].comparable(2016)


# The register as shipped


def test_every_place_is_whole() -> None:
    with (HOME / "registers" / "offices.csv").open(encoding="utf-8", newline="") as file:
        offices = {row["office"]: row["place"] for row in csv.DictReader(file)}
    places = SHIPPED.gazetteer.places
    kinds = expectations.read("places").columns["kind"].one_of or []
    for place in places.values():
        assert place.kind in kinds, place
        assert place.name("en"), place
        assert place.name("fr"), place
        assert set(place.governs) <= set(offices), place
        assert place.vintage is None or year_of(place.code) in (None, place.vintage), place
        assert place.code not in place.parents
    assert set(offices.values()) <= set(places), "every office stands in a place of the register"
    for office, code in offices.items():
        assert office in places[code].governs or places[code].kind == "census_division", office


def test_what_we_keep_is_registered_and_says_how_it_covers_us() -> None:
    covers = {code: SHIPPED.gazetteer.places[code].covers for code in SHIPPED.places}
    assert covers == {CMA: "part", DIVISION: "same", CITY: "part"}
    assert SHIPPED.kept_places <= set(SHIPPED.gazetteer.places)


def test_every_label_is_of_a_place() -> None:
    assert set(SHIPPED.gazetteer.labels.values()) <= set(SHIPPED.gazetteer.places)


# What the register refuses


def appended(partnership: Partnership, name: str, line: str) -> Partnership:
    with (partnership.home / "registers" / name).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return partnership


def test_a_name_of_a_publisher_with_codes_is_no_label(partnership: Partnership) -> None:
    """S38: in one of its tables it is a metropolitan area, in another a census division."""
    appended(partnership, "place_labels.csv", f'statcan,"Peterborough, Ontario",{CMA}')
    with pytest.raises(ContractBroken, match=r"place_labels\.csv: 'Peterborough, Ontario' of statcan is a name, .* write the code"):
        partnership.labels("ircc")


def test_a_label_of_two_places_is_refused(partnership: Partnership) -> None:
    appended(partnership, "place_labels.csv", f"ircc,Peterborough,{DIVISION}")
    with pytest.raises(ContractBroken, match=f"'Peterborough' of ircc is {CMA} and {DIVISION}"):
        partnership.labels("ircc")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2021A00053516010,census_subdivision,A,B,2021,,2021A00033599,part,,,,", "parent 2021A00033599, which is no place"),
        ("2021A00053516010,census_subdivision,A,B,2021,,,half,,,,", f"covers is one of {', '.join(COVERS)}, found 'half'"),
        ("2021A00053516010,census_subdivision,A,B,20x1,,,part,,,,", "2021A00053516010: invalid literal"),
        ("2021A00053516010,census_subdivision,A,B,2021,,,part,,2024-13-01,,", "2021A00053516010: "),
    ],
)
def test_a_row_that_means_nothing_is_named(partnership: Partnership, line: str, said: str) -> None:
    appended(partnership, "places.csv", line)
    with pytest.raises(ContractBroken, match=rf"places\.csv: .*{said}"):
        assert partnership.gazetteer


def test_a_code_that_two_publishers_give_to_two_places_is_refused(partnership: Partnership) -> None:
    appended(partnership, "place_labels.csv", f"cmhc,529,{CITY}")
    with pytest.raises(PlaceUnknown, match=f"'529' is a code of {CITY}, {CMA}, by publisher"):
        partnership.place_at("529", TODAY)


@pytest.mark.parametrize(("text", "year"), [("2016S0503529", 2016), ("35529", None), ("35086-2023", None), ("on/ed:86-2015", None)])
def test_the_year_of_a_code_is_that_of_its_boundaries(text: str, year: int | None) -> None:
    assert is_code(text)
    assert year_of(text) == year
