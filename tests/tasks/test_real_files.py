"""Files as the publishers made them, untouched, through the same path as everything else.

They are not part of the repository: where the folder is missing these tests are skipped.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demo.publishers import Publishers
from expectations import Contract, parse, read
from expectations.partnership import Partnership
from tests import world
from tests.world import as_of, ask, loaded, zipped

DATA = Path(__file__).parents[3] / "shared" / "data"
NOW = "2026-11-22"
PERMITS = read("ircc_pgwp_cma")
RESIDENTS = read("ircc_pr_cma")
CITIZENSHIPS = read("ircc_pr_citizenship")
PERMITS_FILE = DATA / "ircc" / "ODP-WP-PGWP-Province-CMA.csv"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no folder ../shared/data with files of the publishers beside the repository")

INDEX = """
title: {en: Electric power selling price index, fr: Indice des prix de vente de l'énergie électrique}
publisher: Statistics Canada
licence: statcan-open
source: {fetch: statcan, table: 18-10-0204-01}
layout: {kind: statcan}
due: monthly
review_by: 2027-06-01
grain: [place, period, index]
rows: [10000, 20000]
columns:
  place: {source: DGUID, type: place}
  period: {source: REF_DATE, type: period, frequency: monthly}
  index:
    source: Index
    one_of:
      - Electric power selling price indexes, national total
      - Electric power selling price over 5000kw
      - Electric power selling price under 5000kw
  value: {source: VALUE, type: number, unit: index_2014, min: 0, max: 1000}
ignore: [GEO, UOM, UOM_ID]
"""


def text_rows(body: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a file, read in the plainest way."""
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def put(partnership: Partnership, name: str, body: str) -> Contract:
    """A contract of this partnership alone."""
    folder = partnership.overlay / "public"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(body, encoding="utf-8")
    return read(name, partnership.overlay)


def test_a_full_table_of_2018(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """S26, S29, S30: 11,804 rows with a scale of "units " and 32 `x`; each cell in the warehouse is the cell of the file."""
    body = (DATA / "statcan" / "tables" / "18100204-eng.zip").read_bytes()
    publishers.metadata("18100204", json.loads((DATA / "statcan" / "tables" / "18100204.json").read_text(encoding="utf-8")))
    publishers.replace("18100204-eng.zip", body)
    contract = put(partnership, "price_index", INDEX)
    line = world.refresh(partnership, "price_index")["price_index"]
    sent = text_rows(world.member(body))
    assert (line.outcome, line.rows, line.held, line.findings) == ("loaded", 11804, 0, ())
    assert len(sent) == 11804
    found = {(row["place"], row["period"], row["index"]): (row["value"], row["status"]) for row in as_of(partnership, contract)}
    ours = partnership.labels("statcan")  # Canada and the provinces by the codes of today's boundaries
    assert found == {
        (ours.get(row["DGUID"], row["DGUID"]), row["REF_DATE"], row["Index"]): (
            float(row["VALUE"]) if row["VALUE"] else None,
            row["STATUS"],
        )
        for row in sent
    }
    assert Counter(status for _, status in found.values())["x"] == 32
    ((snapshot, published),) = ask(partnership, "select file, published_at from snapshot where contract = 'price_index'")
    assert (partnership.home / "snapshots" / snapshot).read_bytes() == body
    assert published == "2018-12-11T13:30:00Z"
    # One row less than the metadata says, and the table is not whole.
    cube = dict(publishers._statcan.metadata["18100204"]) | {"releaseTime": f"{NOW}T08:30"}
    publishers.metadata("18100204", cube)
    publishers.replace("18100204-eng.zip", zipped("18100204", b"".join(world.member(body).splitlines(keepends=True)[:-1])))
    assert "as many rows as the publisher's metadata says" in world.refresh(partnership, "price_index")["price_index"].message


def test_population_since_1946(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """The shipped contract reads the published table: Canada and Ontario in every quarter that has a row, 1946 among them."""
    data = (DATA / "statcan" / "tables" / "17100009.csv").read_bytes()
    sent = text_rows(data)
    cube = dict(publishers._statcan.metadata["17100009"]) | {"nbDatapointsCube": len(sent), "releaseTime": "2024-09-25T08:30"}
    publishers.metadata("17100009", cube)
    publishers.replace("17100009-eng.zip", zipped("17100009", data))
    line = world.refresh(partnership, "statcan_population_quarterly")["statcan_population_quarterly"]
    codes = {"2016A000011124": "2021A000011124", "2016A000235": "2021A000235"}
    expected = {
        (codes[row["DGUID"]], f"{row['REF_DATE'][:4]}-Q{(int(row['REF_DATE'][5:]) + 2) // 3}"): float(row["VALUE"])
        for row in sent
        if row["DGUID"] in codes
    }
    found = {(row["place"], row["period"]): row["persons"] for row in as_of(partnership, read("statcan_population_quarterly"))}
    assert (line.outcome, line.findings) == ("loaded", ())
    assert found == expected
    assert found["2021A000011124", "1946-Q1"] == 12188000
    assert found["2021A000235", "2024-Q3"] == 16124116


def years(body: bytes) -> dict[int, tuple[int, int, int]]:
    """Sum of the printed months of Peterborough, how many there are, and how many months are hidden, year by year."""
    rows = [row for row in text_rows(body, "\t") if row["EN_CENSUS_METROPOLITAN_AREA"] == "Peterborough"]
    answer: dict[int, tuple[int, int, int]] = {}
    for row in rows:
        total, printed, hidden = answer.get(int(row["EN_YEAR"]), (0, 0, 0))
        value = row["TOTAL"]
        answer[int(row["EN_YEAR"])] = (total, printed, hidden + 1) if value == "--" else (total + int(value), printed + 1, hidden)
    return answer


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_permits_of_peterborough(end: str, warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """S01, S07, S08, S10, S13: yearly sums with their intervals, absent months as zeros, and the jump of January 2026 told.

    A sum of n printed and m hidden months lies within [S - 2.5 n, S + 2.5 n + 5 m].
    """
    body = PERMITS_FILE.read_bytes()
    assert body.count(b"\n") == 15_635
    publishers.replace(PERMITS_FILE.name, body.replace(b"\n", end.encode()))
    line = world.refresh(partnership, "place_labels", PERMITS.name)[PERMITS.name]
    assert (line.outcome, line.held) == ("loaded", 0)
    told = [finding for finding in line.findings if finding.found == "555"]
    assert [(finding.rule, finding.severity, finding.column) for finding in told] == [("jump", "warning", "persons")]
    assert {finding.severity for finding in line.findings} == {"warning"}
    assert ask(partnership, "select rows_read from verdict where contract = 'ircc_pgwp_cma'") == [(15_634,)]

    sent = years(body)
    assert {year: sent[year][0] for year in range(2018, 2026)} == {
        2018: 160,
        2019: 350,
        2020: 360,
        2021: 500,
        2022: 265,
        2023: 725,
        2024: 1125,
        2025: 1100,
    }
    rows = [row for row in as_of(partnership, PERMITS) if row["place"] == world.PETERBOROUGH]
    assert next(row["persons"] for row in rows if row["period"] == "2026-01") == 555
    for year in range(2015, 2026):
        months = [row for row in rows if row["year"] == year]
        total, printed, hidden = sent[year]
        assert len(months) == 12
        assert sum(row["persons"] or 0 for row in months) == total
        assert sum(row["lower"] for row in months) == total - 2.5 * printed
        assert sum(row["upper"] for row in months) == total + 2.5 * printed + 5 * hidden
        assert Counter(row["status"] for row in months) == Counter({"": printed, "--": hidden, "absent": 12 - printed - hidden}) + Counter()
    assert sent[2015] == (45, 5, 7)


def test_every_row_of_the_permits_is_accounted_for(partnership: Partnership) -> None:
    """Read = kept + rows of other places; nothing is set aside in 15,634 rows."""
    sent = text_rows(PERMITS_FILE.read_bytes(), "\t")
    places = ("Peterborough", "Oshawa", "Kingston", "Belleville - Quinte West")
    ours = sum(row["EN_CENSUS_METROPOLITAN_AREA"] in places for row in sent)
    loaded(PERMITS_FILE.read_bytes(), PERMITS, partnership)
    assert ask(partnership, "select rows_read, rows_kept, rows_held from verdict") == [(15_634, 133 * len(places), 0)]
    zeros = ask(partnership, "select count(*) from ircc_pgwp_cma__facts where row is null and value = 0")[0][0]
    assert ours + zeros == 133 * len(places)
    assert {row["EN_PROVINCE_TERRITORY"] for row in sent} >= {"Province/Territory not stated", "Ontario"}


SAMPLE = DATA / "ircc" / "ODP-PR-PT_CMA.sample6.csv"


def test_six_rows_of_the_residents_hold_no_place_of_ours(partnership: Partnership) -> None:
    """S05: the comma inside a member breaks nothing; without one of our places the file is not taken."""
    verdict = world.judged(SAMPLE.read_bytes(), RESIDENTS, partnership)
    assert (verdict.outcome, verdict.rows_read, verdict.rows_held) == ("blocked", 6, 0)
    assert [finding.rule for finding in verdict.findings] == ["places"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_six_rows_of_the_residents_as_places_of_another_partnership(end: bytes, warehouse: str, partnership: Partnership) -> None:
    """S05, S07: with the labels in the register all six arrive, the hidden one as hidden."""
    territories = "Territories (outside Census agglomeration, Nunavut)"
    codes = {"Montréal": "2021S0503462", "Québec": "2021S0503421", "Alma": "2021S0504410", territories: "2021A000262"}
    with (partnership.home / "registers" / "place_labels.csv").open("a", encoding="utf-8", newline="") as register:
        csv.writer(register).writerows(["ircc", label, code] for label, code in codes.items())
    everywhere = parse(
        world.contract_text("ircc_pr_cma").replace(", places: partnership", "").replace("absent: zero", "absent: missing"), name="pr"
    )
    body = SAMPLE.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", end)
    assert loaded(body, everywhere, partnership).outcome == "passed"
    found: dict[tuple[Any, Any], Any] = {
        (row["place"], row["period"]): (row["persons"], row["lower"], row["upper"], row["status"]) for row in as_of(partnership, everywhere)
    }
    assert found == {
        (codes["Montréal"], "2015-02"): (2570, 2567.5, 2572.5, ""),
        (codes["Montréal"], "2015-01"): (1785, 1782.5, 1787.5, ""),
        (codes["Québec"], "2015-02"): (145, 142.5, 147.5, ""),
        (codes["Québec"], "2015-01"): (110, 107.5, 112.5, ""),
        (codes["Alma"], "2015-02"): (None, 0, 5, "--"),
        (codes[territories], "2015-02"): (5, 2.5, 7.5, ""),
    }


CITIZENSHIP_FILE = DATA / "ircc" / "ODP-PR-Citz.csv"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_every_row_of_the_citizenships_is_a_cell(end: bytes, partnership: Partnership) -> None:
    """S05, S07, S08: the shipped contract reads the published table; what it adds are the zeros of absent rows, and only those."""
    body = CITIZENSHIP_FILE.read_bytes()
    assert body.count(b"\n") == 22_203
    sent = text_rows(body, "\t")
    loaded(body.replace(b"\n", end), CITIZENSHIPS, partnership)
    ((read, kept, held),) = ask(partnership, "select rows_read, rows_kept, rows_held from verdict")
    rows = as_of(partnership, CITIZENSHIPS)
    months = {(row["EN_YEAR"], row["EN_MONTH"]) for row in sent}
    countries = {row["EN_COUNTRY_OF_CITIZENSHIP"] for row in sent}
    assert (read, held, kept) == (22_202, 0, len(months) * len(countries))
    assert {row["place"] for row in rows} == {"2021A000011124"}
    printed = {
        (row["EN_COUNTRY_OF_CITIZENSHIP"], f"{row['EN_YEAR']}-{world.MONTHS.index(row['EN_MONTH']) + 1:02}"): row["TOTAL"] for row in sent
    }
    assert len(printed) == len(sent)
    found = {(row["citizenship"], row["period"]): "--" if row["persons"] is None else str(int(row["persons"])) for row in rows}
    assert {key: found[key] for key in printed} == printed
    assert {found[key] for key in set(found) - set(printed)} == {"0"}
