"""Places as publishers print them: codes of any vintage are one place, names are none, and other boundaries refuse the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import expectations
from expectations import Contract
from expectations.partnership import Partnership
from tasks.stage import Staged
from tests.world import contract_text, population_row, staged, statcan_file, zipped

CMA = "2021S0503529"


def of_boundaries(year: int | None) -> Contract:
    said = contract_text("statcan_population_quarterly").replace("rows: [100,", "rows: [1,")
    line = f"geography: {year}\n" if year else ""
    return expectations.parse(said.replace("geography: 2016\n", line), name="population")


def printed(place: str, partnership: Partnership, *, year: int | None = None) -> Staged:
    """A table of one place as its publisher prints it, and of Ontario, on the boundaries of a year or of none it knows of."""
    rows = [population_row("2024-07", "35", "5"), population_row("2024-07", "11", "7", DGUID=place, COORDINATE="3")]
    return staged(zipped("17100009", statcan_file(rows)), of_boundaries(year), partnership)


def places(made: Staged) -> set[str]:
    assert made.refusal is None, made.refusal
    with closing(sqlite3.connect(made.path)) as db:
        return {place for (place,) in db.execute("select place from series")}


@pytest.mark.parametrize("code", ["2011S0503529", "2016S0503529", CMA, "2026S0503529", "529", "35529"])
def test_a_code_of_any_vintage_is_one_place(code: str, partnership: Partnership) -> None:
    """S40."""
    assert places(printed(code, partnership)) == {"2021A000235", CMA}


def test_the_code_of_the_division_is_not_the_metropolitan_area(partnership: Partnership) -> None:
    """S38."""
    assert places(printed("3515", partnership)) == {"2021A000235", "2021A00033515"}


@pytest.mark.parametrize("name", ["Peterborough", "Peterborough, Ontario", "Curve Lake First Nation 35"])
def test_a_name_in_a_column_of_codes_refuses_the_file(name: str, partnership: Partnership) -> None:
    """S38, C11: the same name is a metropolitan area in one table and a census division in another."""
    made = printed(name, partnership)
    assert made.refusal is not None
    assert f"the name {name!r} where a place has its code" in made.refusal[0]
    assert "DGUID" in made.refusal[2]


def test_a_row_without_code_is_matched_to_no_place(partnership: Partnership) -> None:
    """S41."""
    assert places(printed("", partnership)) == {"2021A000235"}


def test_a_code_of_no_place_of_ours_is_left_out(partnership: Partnership) -> None:
    assert places(printed("2021S0503999", partnership)) == {"2021A000235"}


def test_a_vintage_nobody_has_entered_is_not_left_out_in_silence(partnership: Partnership) -> None:
    made = printed("2031S0503529", partnership)
    assert made.refusal is not None
    assert made.refusal[0] == f"2031S0503529, which is {CMA} on the boundaries of another year"
    assert f"statcan,2031S0503529,{CMA}" in made.refusal[2]


@pytest.mark.parametrize(("code", "year"), [("2016S0503529", 2021), (CMA, 2016), ("2026S0503529", 2021)])
def test_boundaries_that_change_under_a_contract_refuse_the_file(code: str, year: int, partnership: Partnership) -> None:
    """S39: a series goes on over new boundaries only when somebody has looked and named the break."""
    made = printed(code, partnership, year=year)
    assert made.refusal is not None
    assert made.refusal[0] == f"{code}, Peterborough CMA on the boundaries of {code[:4]}"
    assert made.refusal[1] == f"the boundaries of {year}"
    assert "`breaks`" in made.refusal[2]
    assert "comparable_with" in made.refusal[2]


def test_boundaries_that_are_alike_are_one(partnership: Partnership) -> None:
    """Ontario is printed by its code of 2016 in tables on the boundaries of 2021."""
    assert places(printed(CMA, partnership, year=2021)) == {"2021A000235", CMA}


def test_digits_say_no_boundaries(partnership: Partnership) -> None:
    assert places(printed("529", partnership, year=2021)) == {"2021A000235", CMA}
