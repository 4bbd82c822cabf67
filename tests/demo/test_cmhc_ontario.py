"""CMHC's portal and Ontario's catalogue on the loopback: their grammar, and how they say that there is nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import requests
from openpyxl import load_workbook

from demo.cmhc import EXPORT
from demo.ontario import FIRST, NEW, Ontario
from demo.publishers import FOLDER, Publishers
from expectations import read

PORTAL = "/www03.cmhc-schl.gc.ca" + EXPORT
CATALOGUE = "/data.ontario.ca"
PACKAGE = "d85f68c5-fcb0-4b4d-aec5-3047db47dcd5"
FORM = {"TableId": "2.2.11", "GeographyId": "1320", "GeographyTypeId": "3", "exportType": "csv"}
OCTOBER = {"AppliedFilters[0].Key": "season", "AppliedFilters[0].Value": "October"}


@pytest.fixture(scope="module")
def world() -> Iterator[Publishers]:
    with Publishers(FOLDER) as publishers:
        yield publishers


def posted(world: Publishers, **changes: str) -> requests.Response:
    return requests.post(world.url + PORTAL, data=FORM | changes, timeout=10)


def got(world: Publishers, path: str) -> requests.Response:
    return requests.get(world.url + CATALOGUE + path, timeout=10)


def test_an_export_is_in_the_grammar_of_the_portal(world: Publishers) -> None:
    """CRLF, windows-1252, a letter and a blank behind each figure, thousands in quotes, a title without a place."""
    body = posted(world, **OCTOBER).content
    assert body.count(b"\r\n") == body.count(b"\n")
    title, filters, columns, *rows = body.decode("cp1252").split("\r\n")
    assert title == " — Historical Average Rents by Bedroom Type  "
    assert filters == "1990 to 2025 Row / Apartment,Row,Apartment October"
    assert columns == ",Studio,,1 Bedroom,,2 Bedroom,,3 Bedroom +,,Total,,"
    assert rows[35] == '2025 October,"1,140",b ,"1,421",a ,"1,641",a ,"1,908",a ,"1,529",a ,'
    assert rows[36:38] == ["", "Notes"]
    assert "SAMPLE" in "".join(rows[38:])


def test_a_title_repeats_the_name_that_the_form_gives(world: Publishers) -> None:
    """So a name in the title proves nothing: it is the publisher's misspelt field, sent back."""
    assert posted(world, GeograghyName="Anywhere").content.startswith("Anywhere — Historical".encode("cp1252"))


@pytest.mark.parametrize(
    "changes",
    [
        {"GeographyId": "9999"},
        {"GeographyTypeId": "4"},
        {"exportType": "xls"},
        {**OCTOBER, "AppliedFilters[0].Key": "bedroom_count_type_desc_en"},
    ],
)
def test_what_is_not_understood_is_answered_with_no_data(world: Publishers, changes: dict[str, str]) -> None:
    answer = posted(world, **changes)
    assert (answer.status_code, answer.content) == (200, b"No data available")


def test_a_table_that_does_not_exist_is_an_error_of_the_server(world: Publishers) -> None:
    assert posted(world, TableId="2.2.999").status_code == 500
    assert requests.get(world.url + PORTAL, timeout=10).status_code == 500


def test_the_catalogue_lists_a_workbook_for_each_year(world: Publishers) -> None:
    answer = got(world, f"/api/3/action/package_show?id={PACKAGE}").json()
    urls = [resource["url"] for resource in answer["result"]["resources"]]
    assert answer["success"]
    assert [url.rsplit("/", 1)[-1] for url in urls] == list(world._ontario.files)
    assert all(url.startswith(f"https://data.ontario.ca/dataset/{PACKAGE}/resource/") for url in urls)
    body = got(world, urls[1].removeprefix("https://data.ontario.ca")).content
    assert body == list(world._ontario.files.values())[1]
    assert got(world, f"/data/api/3/action/package_show?id={PACKAGE}").status_code == 404
    assert got(world, "/api/3/action/package_show?id=nothing").json()["success"] is False
    assert got(world, "/dataset/x/resource/y/download/" + urls[1].rsplit("/", 1)[-1]).status_code == 404


def test_a_workbook_has_the_columns_that_the_contract_accounts_for(world: Publishers) -> None:
    contract = read("ontario_school_demographics")
    assert list(contract.columns["share"].members.values()) == [FIRST, NEW]
    for body in world._ontario.files.values():
        book = load_workbook(io.BytesIO(body))
        header, *rows = book.worksheets[0].iter_rows(values_only=True)
        assert {str(name) for name in header} <= {FIRST, NEW, "Board Name", "School Number", *contract.ignore}
        assert len(rows) == 27
        assert {row[header.index(NEW)] for row in rows} > {"SP", 0}
        assert book.properties.creator == "SAMPLE"


def test_the_same_bytes_are_built_every_time(world: Publishers) -> None:
    assert Ontario(FOLDER).files == world._ontario.files
