"""The census tables 98-10: a column for each member of the last dimension, and every column accounted for."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from demo.census_wide import Wide
from demo.publishers import FOLDER, Publishers
from expectations import Contract, read
from expectations.partnership import Partnership
from tests import world

TABLE = read("statcan_immigrants_birthplace")
DECLARATION = FOLDER / "census_98100307.yaml"
HERE, DIVISION = "2021S0503529", "2021A00033515"
STATUS = "Immigrant status and period of immigration"
Rows = list[list[str]]


def rows_of(language: str = "en") -> Rows:
    """The data file of the sample, row by row; the header first."""
    body = world.member(Wide(DECLARATION).zip(language)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body), delimiter="," if language == "en" else ";"))


def zipped(rows: Rows, *, delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return world.zipped("98100307", "\ufeff" + out.getvalue())


def refusal(rows: Rows, partnership: Partnership, contract: Contract = TABLE) -> str:
    found = world.staged(zipped(rows), contract, partnership).refusal
    assert found is not None
    return found[0]


def persons(partnership: Partnership, status: str, birth: str = "Total - Place of birth", contract: Contract = TABLE) -> dict[str, Any]:
    rows = world.as_of(partnership, contract)
    return {row["place"]: row["persons"] for row in rows if (row["status_period"], row["place_of_birth"]) == (status, birth)}


def at(rows: Rows, *, dguid: str = HERE, birth: str = "Total - Place of birth") -> int:
    """Where the row of both genders and all ages stands."""
    wanted = [dguid, "Total - Age", "Total - Gender", birth]
    return next(number for number, row in enumerate(rows) if row[2:6] == wanted)


def column(rows: Rows, code: str) -> int:
    return next(number for number, cell in enumerate(rows[0]) if cell.endswith(f"[{code}]"))


# What arrives


def test_the_table_is_fetched_and_loaded(publishers: Publishers, partnership: Partnership) -> None:
    """Recent immigrants in the metropolitan area, 2021 census: 1,300 (Peterborough Examiner, 2022-10-27)."""
    line = world.refresh(partnership, TABLE.name)[TABLE.name]
    assert (line.outcome, line.findings) == ("loaded", ())
    assert persons(partnership, "10")[HERE] == 1300
    assert {row["period"] for row in world.as_of(partnership, TABLE)} == {"2021"}
    assert world.refresh(partnership, TABLE.name)[TABLE.name].outcome == "unchanged"


def test_places_of_one_name_are_told_apart_by_code(publishers: Publishers, partnership: Partnership) -> None:
    """S32: "Peterborough" is the metropolitan area and the census division; an area without a code is nobody's."""
    world.refresh(partnership, TABLE.name)
    found = persons(partnership, "10")
    assert (found[HERE], found[DIVISION]) == (1300, 1360)
    assert set(found) == partnership.kept_places & {row[2] for row in rows_of()}


def test_every_member_is_a_column_of_its_own(publishers: Publishers, partnership: Partnership) -> None:
    world.refresh(partnership, TABLE.name)
    rows = rows_of()
    row = rows[at(rows)]
    for code in TABLE.columns["status_period"].members:
        assert persons(partnership, code)[HERE] == float(row[column(rows, code)]), code


def test_a_symbol_is_a_typed_mark_and_a_note_is_no_name(publishers: Publishers, partnership: Partnership) -> None:
    world.refresh(partnership, TABLE.name)
    found = [row for row in world.as_of(partnership, TABLE) if row["place"] == HERE and row["place_of_birth"] == "China"]
    assert {row["status_period"]: row["status"] for row in found}["2"] == "x"
    assert {row["status"] for row in found} == {"", "x"}
    assert all((row["persons"] is None) == bool(row["status"]) for row in found)


@pytest.mark.parametrize(
    ("value", "symbol", "expected"),
    [
        ("", "..", (None, "..", 0)),
        ("", "...", (None, "...", 0)),
        ("", "F", (None, "F", 0)),
        ("5", "F", (None, "F", 0)),
        ("5", "E", (5, "", 16)),
    ],
)
def test_marks_and_letters(value: str, symbol: str, expected: tuple[Any, ...], partnership: Partnership) -> None:
    rows = rows_of()
    cell = column(rows, "10")
    rows[at(rows)][cell : cell + 2] = [value, symbol]
    world.loaded(zipped(rows), TABLE, partnership)
    found = [r for r in world.as_of(partnership, TABLE) if r["place"] == HERE and r["status_period"] == "10"]
    total = next(row for row in found if row["place_of_birth"] == "Total - Place of birth")
    assert (total["persons"], total["status"], total["quality"]) == expected


def test_a_cell_that_cannot_be_read_waits_with_its_full_coordinate(partnership: Partnership) -> None:
    rows = rows_of()
    row, cell = at(rows), column(rows, "10")
    rows[row][cell] = "13oo"
    verdict = world.judged(zipped(rows), TABLE, partnership)
    assert (verdict.outcome, verdict.rows_held, verdict.findings[0].row) == ("held", 1, row + 1)
    rows[row][cell : cell + 2] = ["", ""]
    world.loaded(zipped(rows), TABLE, partnership)
    assert '"COORDINATE": "3.1.1.1.10"' in world.quarantined(partnership, TABLE.name)[-1][1]


def test_a_row_of_another_width_waits_and_the_others_keep_their_numbers(partnership: Partnership) -> None:
    rows = rows_of()
    row = at(rows)
    rows.insert(5, [*rows[5], "one more"])
    rows[row + 1][column(rows, "10")] = "?"
    verdict = world.judged(zipped(rows), TABLE, partnership)
    assert sorted(finding.row or 0 for finding in verdict.findings) == [6, row + 2]


def test_the_french_table_gives_the_same_numbers(publishers: Publishers, partnership: Partnership) -> None:
    world.loaded(Wide(DECLARATION).zip("en"), TABLE, partnership)
    english = persons(partnership, "10")
    body = Wide(DECLARATION).zip("fr")
    french = _french()
    assert world.staged(body, french, partnership).refusal is None
    world.loaded(body, french, partnership)
    assert persons(partnership, "10", "Total - Lieu de naissance", french) == english


def _french() -> Contract:
    said = Wide(DECLARATION).said
    changes = [
        ("table: 98-10-0307-01", "table: 98-10-0307-01, language: fr"),
        ("source: REF_DATE", "source: PÉRIODE DE RÉFÉRENCE"),
        ("source: Age,", "source: Âge,"),
        ("source: Gender,", "source: Genre,"),
        ("Total - Age}", "Total - Âge}"),
        ("Total - Gender}", "Total - Genre}"),
        ("source: Place of birth", "source: Lieu de naissance"),
        (f"source: {STATUS}", "source: Statut d'immigrant et période d'immigration"),
    ]
    for number, member in enumerate(said["statuses"]["members"], 1):
        changes.append((f'      "{number}": {member["en"]}\n', f'      "{number}": "{member["fr"]}"\n'))
    return world.changed(TABLE.name, *changes).model_copy(update={"name": "statcan_immigrants_birthplace_fr"})


def test_a_decimal_comma_is_read_in_a_french_table_only(partnership: Partnership) -> None:
    rates = _french().model_copy(update={"name": "rates"})
    persons_ = rates.columns["persons"].model_copy(update={"type": "number"})
    rates = rates.model_copy(update={"columns": rates.columns | {"persons": persons_}})
    rows = rows_of("fr")
    here = next(n for n, row in enumerate(rows) if row[2:6] == [HERE, "Total - Âge", "Total - Genre", "Total - Lieu de naissance"])
    rows[here][column(rows, "10")] = "8,5"
    world.loaded(zipped(rows, delimiter=";"), rates, partnership)
    assert persons(partnership, "10", "Total - Lieu de naissance", rates)[HERE] == 8.5


# Headers


@pytest.mark.parametrize("name", ["Symbol", "Symbols", "SYMBOL"])
@pytest.mark.parametrize("coordinate", ["Coordinate", "COORDINATE", "coordinate"])
@pytest.mark.parametrize("geography", ["GEO", "Geographic name"])
def test_the_spellings_of_the_header(name: str, coordinate: str, geography: str, partnership: Partnership) -> None:
    rows = rows_of()
    spelled = {"Symbol": name, "Coordinate": coordinate, "GEO": geography}
    rows[0] = [spelled.get(cell, cell) for cell in rows[0]]
    assert world.staged(zipped(rows), TABLE, partnership).refusal is None


@pytest.mark.parametrize(("old", "new"), [("(8D)", "(9E)"), ("(290)", "(291)"), ("(11):", "(11A):")])
def test_the_number_of_members_in_a_heading_may_change(old: str, new: str, partnership: Partnership) -> None:
    rows = rows_of()
    rows[0] = [cell.replace(old, new) for cell in rows[0]]
    assert world.staged(zipped(rows), TABLE, partnership).refusal is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Place of birth (290)", "Citizenship (9)", "no column Place of birth; a column more: Citizenship (9)"),
        ("DGUID", "GeoUID", "no column DGUID"),
        ("Coordinate", "Vector", "no coordinate"),
        ("(11):", "(12):", "11 members of Immigrant status and period of immigration, which says 12"),
        (STATUS, "Generation status", "no column for each member of a dimension of the contract"),
        ("Age (8D)", "VALUE", "no column Age"),
    ],
)
def test_a_column_that_nobody_accounts_for_refuses_the_file(old: str, new: str, said: str, partnership: Partnership) -> None:
    rows = rows_of()
    rows[0] = [cell.replace(old, new) for cell in rows[0]]
    assert said in refusal(rows, partnership)


def test_a_column_without_its_symbols_refuses_the_file(partnership: Partnership) -> None:
    rows = [row[:8] + row[9:] for row in rows_of()]
    assert "no symbols after" in refusal(rows, partnership)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (":2016 to 2021[10]", ":2011 to 2015[10]", "status_period 10 is now called '2011 to 2015'"),
        (":2016 to 2021[10]", ":2016 to 2021[12]", "no status_period 10 '2016 to 2021'"),
    ],
)
def test_an_id_with_another_name_refuses_the_file(old: str, new: str, found: str, partnership: Partnership) -> None:
    rows = rows_of()
    rows[0] = [cell.replace(old, new) for cell in rows[0]]
    assert refusal(rows, partnership) == found


def test_the_ids_of_other_dimensions_stand_in_the_coordinate(partnership: Partnership) -> None:
    rows = rows_of()
    for row in rows[1:]:
        row[3] = {"Total - Age": "25 to 54 years", "25 to 54 years": "Total - Age"}[row[3]]
    assert refusal(rows, partnership) == "age_group 1 is now called '25 to 54 years'"


def test_a_dimension_that_the_contract_leaves_out_keeps_its_place_in_the_coordinate(partnership: Partnership) -> None:
    rows = [[*row[:3], "Statistics (2)" if number == 0 else "Count", *row[3:]] for number, row in enumerate(rows_of())]
    for row in rows[1:]:
        first, _, rest = row[7].partition(".")
        row[7] = f"{first}.1.{rest}"
    contract = world.changed(TABLE.name, add='ignore: ["Statistics (2)"]\n')
    assert world.staged(zipped(rows), contract, partnership).refusal is None
    assert "a column more: Statistics (2)" in refusal(rows, partnership)


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"no zip", "a broken zip file"), (world.zipped("98100307", "\ufeff" + '"A","B"\n"1","2"\n'), "no column")],
)
def test_what_is_no_such_table_is_refused(body: bytes, said: str, partnership: Partnership) -> None:
    found = world.staged(body, TABLE, partnership).refusal
    assert found is not None
    assert said in found[0]


def test_a_table_without_rows_is_refused(partnership: Partnership) -> None:
    assert refusal(rows_of()[:1], partnership) == "a header and no rows"


def test_the_sample_says_that_it_is_one() -> None:
    assert "SAMPLE" in Path(DECLARATION).read_text(encoding="utf-8")
    assert b"SAMPLE" in Wide(DECLARATION).zip("en")
