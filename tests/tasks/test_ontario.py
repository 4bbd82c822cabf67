"""Tables whose members have a column each: Ontario's schools, one workbook a year, and the index of deprivation by area."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from demo.publishers import FOLDER, Publishers
from expectations import Contract, parse, read
from expectations.partnership import Partnership
from tasks.fetch import Transport, fetch
from tasks.measure import measure
from tests import world

SCHOOLS = read("ontario_school_demographics")
CIMD = read("statcan_cimd")
KPR, PVNC, DIVISION = "on/school_board:66079", "on/school_board:67067", "2021A00033515"
SAMPLES = FOLDER.parent / "inbox"
TABLES = ("places", "place_labels", SCHOOLS.name)
NEWEST = "new_sif_data_table_2024_25prelim_en_april2026.xlsx"
FINAL = "sif_data_table_2023_2024_en.xlsx"
FIRST = "Percentage of Students Whose First Language Is Not English"
NEW = "Percentage of Students Who Are New to Canada from a Non-English Speaking Country"
HEADER = ["Board Name", "School Number", FIRST, NEW]


def workbook(*rows: list[Any], header: list[str] | None = None) -> bytes:
    """A workbook with the columns that are read, and these rows."""
    book = Workbook()
    for row in [header or HEADER, *rows]:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def schools(partnership: Partnership) -> dict[tuple[str, str, str, str], tuple[Any, str]]:
    return {
        (row["place"], row["school"], row["share"], row["period"]): (row["pupils_percent"], row["status"])
        for row in world.as_of(partnership, SCHOOLS)
    }


def declared(year: str) -> dict[tuple[str, str, str, str], tuple[Any, str]]:
    """The cells of the sample for the two boards, as the warehouse keeps them."""
    boards = {"B66079": KPR, "B67067": PVNC}
    with (FOLDER / "ontario_schools.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["board_number"] in boards]
    return {
        (boards[row["board_number"]], row["school_number"], share, f"{year}/{int(year) + 1}"): (None, "--")
        if cell == "SP"
        else (float(cell), "")
        for row in rows
        for share, cell in (
            ("first_language_not_english", row[f"first_language_{year}"]),
            ("new_to_canada", row[f"new_to_canada_{year}"]),
        )
    }


# Schools


def test_the_newest_workbook_arrives_with_the_year_that_its_name_says(
    warehouse: str, publishers: Publishers, partnership: Partnership
) -> None:
    """The boards of the partnership only, both shares of each school, SP as hidden; data.ontario.ca has its CKAN at another address."""
    line = world.refresh(partnership, *TABLES)[SCHOOLS.name]
    assert (line.outcome, line.held) == ("loaded", 0)
    assert schools(partnership) == declared("2024")
    asked = [seen.path for seen in publishers.log]
    assert asked[0] == "/data.ontario.ca/api/3/action/package_show?id=d85f68c5-fcb0-4b4d-aec5-3047db47dcd5"
    assert asked[1].endswith(f"/download/{NEWEST}")
    ((url, published),) = world.ask(partnership, "select url, published_at from snapshot where contract = :c", c=SCHOOLS.name)
    assert url.startswith("https://data.ontario.ca/dataset/")
    assert published == "2026-04-16T14:32:00Z"
    assert world.refresh(partnership, *TABLES)[SCHOOLS.name].outcome == "unchanged"


def test_another_year_adds_to_what_is_there(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """Each workbook speaks of its own year: a final edition of the year before, published later, takes nothing away."""
    world.refresh(partnership, *TABLES)
    publishers._ontario.again(FINAL, datetime(2026, 11, 20, tzinfo=UTC))
    line = world.refresh(partnership, *TABLES)[SCHOOLS.name]
    assert (line.outcome, line.changed, line.gone) == ("loaded", 0, 0)
    assert schools(partnership) == declared("2023") | declared("2024")


def test_schools_are_counted_by_board_within_bounds(publishers: Publishers, partnership: Partnership) -> None:
    """Hidden shares widen the range; a board is a place that reaches beyond the partnership."""
    world.refresh(partnership, *TABLES)
    expected = {}
    for board in (KPR, PVNC):
        cells = [cell for (place, _, share, _), cell in declared("2024").items() if (place, share) == (board, "new_to_canada")]
        many, hidden = sum(value is not None and value >= 10 for value, _ in cells), sum(value is None for value, _ in cells)
        expected[board] = (many, many, many + hidden)
    found = {f.place: (f.value, f.lower, f.upper) for f in measure(partnership, ["schools_new_to_canada"])}
    assert found == expected
    assert {partnership.gazetteer.find(board).covers for board in (KPR, PVNC)} == {"wider"}


def test_an_html_page_for_the_listing_is_no_data(publishers: Publishers, partnership: Partnership) -> None:
    """S15: what was loaded stays in force."""
    world.refresh(partnership, *TABLES)
    before = schools(partnership)
    for fault, outcome in (("html200", "blocked"), ("html503", "unreachable"), ("500", "unreachable")):
        publishers.always("package_show", fault)
        assert world.refresh(partnership, *TABLES)[SCHOOLS.name].outcome == outcome
        publishers.heal()
    publishers._ontario.again(NEWEST, datetime(2026, 11, 21, tzinfo=UTC))
    publishers.always("/download/", "html200")
    assert "answered with a web page" in world.refresh(partnership, *TABLES)[SCHOOLS.name].message
    assert schools(partnership) == before


def test_a_package_that_lists_no_such_file(publishers: Publishers, partnership: Partnership) -> None:
    contract = world.changed(SCHOOLS.name, ('resource: "*sif_data_table_*_en*.xlsx"', 'resource: "sif_*.csv"'))
    with pytest.raises(Exception, match=r"lists no file sif_\*\.csv"):
        fetch(contract, partnership, Transport())


def small(contract: Contract, **changes: Any) -> Contract:
    return contract.model_copy(update={"rows": (1, 200_000), **changes})


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            [*HEADER[:3], "Percentage of Students New to Canada"],
            ["no column", NEW, "a column more: 'Percentage of Students New to Canada'"],
        ),
        ([*HEADER, "Percentage of Students Learning English"], ["a column more: 'Percentage of Students Learning English'"]),
        ([*HEADER, NEW], ["twice the column", NEW]),
        (HEADER[1:], ["no column 'Board Name'"]),
    ],
)
def test_a_column_that_differs_is_refused_with_its_name(header: list[str], said: list[str], partnership: Partnership) -> None:
    """Nobody of us has seen the file: the first fetch tells which of its columns are otherwise."""
    row = ["Kawartha Pine Ridge DSB", "660001", 20, 5, 1][: len(header)]
    verdict = world.judged(workbook(row, header=header), small(SCHOOLS), partnership, name=f"https://x/{FINAL}")
    (finding,) = verdict.findings
    assert (verdict.outcome, finding.rule) == ("blocked", "shape")
    assert all(part in finding.found for part in said), finding.found


def test_a_file_without_its_name_says_no_year(partnership: Partnership) -> None:
    verdict = world.judged(workbook(["Kawartha Pine Ridge DSB", "1", 20, 5]), small(SCHOOLS), partnership, name="https://x/schools.xlsx")
    assert "the file name 'schools.xlsx'" in verdict.findings[0].sentence()


@pytest.mark.parametrize(
    ("cell", "rule", "found"),
    [
        (0.05, "integer", "0.05"),
        ("5%", "integer", "5%"),
        (None, "integer", ""),
        ("NA", "integer", "NA"),
        (105, "most", "105"),
    ],
)
def test_a_share_in_another_form_waits(cell: Any, rule: str, found: str, partnership: Partnership) -> None:
    """A fraction is never read as a percentage, and nothing is no 0."""
    rows = [["Kawartha Pine Ridge DSB", 660001, 20, 5.0], ["Kawartha Pine Ridge DSB", 660002, 20, cell]]
    verdict = world.judged(workbook(*rows), small(SCHOOLS), partnership, name=f"https://x/{FINAL}")
    assert verdict.outcome == "held"
    assert [(one.rule, one.found, one.row) for one in verdict.findings if one.severity == "critical"] == [(rule, found, 3)]


@pytest.mark.parametrize("printed", ["2023-2024", "2023-24", "2023/2024"])
def test_a_school_year_may_have_a_column(printed: str, partnership: Partnership) -> None:
    """Other tables of the catalogue print it in each row, as CSV."""
    text = world.contract_text(SCHOOLS.name)
    pattern = "pattern: 'sif_data_table_(\\d{4})_(\\d{2,4})'"
    assert pattern in text
    contract = parse(text.replace(pattern, "source: Academic Year"), name="by_row")
    lines = [["Academic Year", *HEADER], [printed, "Kawartha Pine Ridge DSB", "660001", "20", "SP"]]
    body = "".join(",".join(line) + "\r\n" for line in lines).encode("utf-8-sig")
    world.loaded(body, small(contract), partnership)
    rows = world.as_of(partnership, contract)
    assert {(row["period"], row["share"], row["pupils_percent"], row["status"]) for row in rows} == {
        ("2023/2024", "first_language_not_english", 20, ""),
        ("2023/2024", "new_to_canada", None, "--"),
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"PK\x03\x04 not a workbook", "a workbook that cannot be opened"),
        (workbook(), "a header and no rows"),
        ("Board Name,School Number\xe9".encode("cp1252"), "bytes that are not utf-8"),
    ],
)
def test_a_broken_file_is_a_sentence(body: bytes, said: str, partnership: Partnership) -> None:
    verdict = world.judged(body, small(SCHOOLS), partnership, name=f"https://x/{FINAL}")
    assert (verdict.outcome, verdict.findings[0].rule) == ("blocked", "shape")
    assert said in verdict.findings[0].sentence()


# Areas


def dropped(partnership: Partnership, contract: str, path: Path) -> None:
    """A person puts a file into the inbox."""
    folder = partnership.home / "inbox" / contract
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).write_bytes(path.read_bytes())


def areas() -> list[dict[str, str]]:
    (path,) = (SAMPLES / CIMD.name).glob("*.csv")
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_the_areas_of_the_division_are_kept(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """The first four digits of an area are its division; no shipped contract names one. Blank cells are areas without an index."""
    assert DIVISION not in world.contract_text(CIMD.name)
    (path,) = (SAMPLES / CIMD.name).glob("*.csv")
    dropped(partnership, CIMD.name, path)
    line = world.refresh(partnership, "places", "place_labels", CIMD.name)[CIMD.name]
    assert (line.outcome, line.rows) == ("loaded", 40 * 4)
    ours = [row for row in areas() if row["PRCDDA"].startswith("3515")]
    found = {(row["dissemination_area"], row["theme"]): (row["quintile"], row["status"]) for row in world.as_of(partnership, CIMD)}
    columns = CIMD.columns["theme"].members
    assert found == {
        (row["PRCDDA"], theme): (float(row[column]), "") if row[column] else (None, "..")
        for row in ours
        for theme, column in columns.items()
    }
    assert Counter(row["place"] for row in world.as_of(partnership, CIMD)) == {DIVISION: 160}
    assert {row["period"] for row in world.as_of(partnership, CIMD)} == {"2021"}
    numbers = {f.indicator: f.value for f in measure(partnership, ["diverse_areas", "vulnerable_areas", "index_areas"])}
    assert numbers == {
        "diverse_areas": sum(row["Ethno-cultural composition Quintiles"] == "5" for row in ours),
        "vulnerable_areas": sum(row["Situational vulnerability Quintiles"] == "5" for row in ours),
        "index_areas": sum(row["Situational vulnerability Quintiles"] != "" for row in ours),
    }
    assert numbers["index_areas"] == 38


def index(*rows: str) -> bytes:
    names = ["PRCDDA", *CIMD.columns["theme"].members.values()]
    return "".join(f"{line}\r\n" for line in (",".join(names), *rows)).encode()


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("35150102,6,1,1,1", "most"),
        ("35150102,1.5,1,1,1", "integer"),
        ("351501,1,1,1,1", "form_dissemination_area"),
        ("35150102,1,1,1", "width"),
        ("35150102,1,1,1,1,1", "width"),
    ],
)
def test_an_area_that_cannot_be_read_waits(row: str, rule: str, partnership: Partnership) -> None:
    verdict = world.judged(index("35150101,1,2,3,4", row), small(CIMD), partnership)
    assert verdict.outcome == "held"
    assert {one.rule for one in verdict.findings if one.severity == "critical"} == {rule}


def test_an_area_twice_is_refused(partnership: Partnership) -> None:
    verdict = world.judged(index("35150101,1,2,3,4", "35150101,1,2,3,5"), small(CIMD), partnership)
    assert verdict.outcome == "blocked"


def test_a_file_without_an_area_of_ours_is_not_taken(partnership: Partnership) -> None:
    verdict = world.judged(index("35200101,1,2,3,4"), small(CIMD), partnership)
    assert (verdict.outcome, [one.rule for one in verdict.findings]) == ("blocked", ["places"])
