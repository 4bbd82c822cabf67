"""The downloadable Census Profile: streamed, by position, by id and name, in windows-1252; and the census of another year."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demo.census import Census
from demo.census_file import HEADER, bulk, text, zipped
from demo.publishers import FOLDER, Publishers
from expectations import Contract, read
from expectations.partnership import Partnership, read_partnership
from tasks.stage import stage
from tests import world

FILE = read("statcan_census_file_2021")
HERE, CITY = "2021S0503529", "2021A00053515014"
RECENT = "1536"


@pytest.fixture(scope="module")
def census() -> Census:
    return Publishers(FOLDER)._census


def figures(partnership: Partnership, contract: Contract = FILE, characteristic: str = RECENT) -> dict[str, Any]:
    return {row["place"]: row["figure"] for row in world.as_of(partnership, contract) if row["characteristic"] == characteristic}


def refusal(body: bytes, partnership: Partnership, contract: Contract = FILE) -> tuple[str, str, str]:
    found = world.staged(body, contract, partnership, name="98-401-X2021006.zip").refusal
    assert found is not None
    return found


def in_the_inbox(partnership: Partnership, body: bytes, *, contract: str = FILE.name, name: str = "98-401-X2021006_eng_CSV.zip") -> Path:
    path = partnership.home / "inbox" / contract / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


# What arrives


def test_a_file_in_the_inbox_is_loaded(census: Census, partnership: Partnership) -> None:
    in_the_inbox(partnership, bulk(census, 2021))
    line = world.refresh(partnership, FILE.name)[FILE.name]
    assert (line.outcome, line.findings) == ("loaded", ())
    assert figures(partnership)[HERE] == 1300
    assert set(figures(partnership)) == set(census.said["areas"])
    assert {row["period"] for row in world.as_of(partnership, FILE)} == {"2021"}
    assert world.refresh(partnership, FILE.name)[FILE.name].outcome == "unchanged"


def test_the_file_says_what_the_service_says(census: Census, publishers: Publishers, partnership: Partnership) -> None:
    """Other ids, the same names and figures."""
    in_the_inbox(partnership, bulk(census, 2021))
    service = read("statcan_census_cma")
    world.refresh(partnership, FILE.name, service.name)
    names = [contract.columns["characteristic"].members for contract in (FILE, service)]
    assert list(names[0].values()) == list(names[1].values())
    for mine, its in zip(*(list(one) for one in names), strict=True):
        found = figures(partnership, FILE, mine)
        assert {place: found[place] for place in figures(partnership, service, its)} == figures(partnership, service, its)


def test_the_same_name_at_several_ids_is_told_apart_by_id(census: Census, partnership: Partnership) -> None:
    """S36: "2016 to 2021" is a period of construction at 1448 and of immigration at 1536."""
    names = Counter(row.name.strip().split(" (")[0] for row in census.rows)
    assert names["2016 to 2021"] == 2
    world.loaded(bulk(census, 2021), FILE, partnership)
    assert figures(partnership)[HERE] == 1300
    assert figures(partnership, FILE, "1448") == {}
    assert {row["characteristic"] for row in world.as_of(partnership, FILE)} == set(FILE.columns["characteristic"].members)
    need = [figures(partnership, FILE, one)[HERE] for one in ("1485", "1493")]
    assert need == [float(row.figures[HERE]) for row in census.rows if row.file in ("1485", "1493")]


@pytest.mark.parametrize(
    ("place", "characteristic", "status"),
    [(CITY, "1417", "x"), ("2021A00033515", "1417", "..."), ("2021S0503521", "1675", "F"), ("2021A000011124", "1417", "..")],
)
def test_a_symbol_is_a_typed_mark(place: str, characteristic: str, status: str, census: Census, partnership: Partnership) -> None:
    world.loaded(bulk(census, 2021), FILE, partnership)
    rows = [r for r in world.as_of(partnership, FILE) if (r["place"], r["characteristic"]) == (place, characteristic)]
    assert [(row["figure"], row["status"]) for row in rows] == [(None, status)]


@pytest.mark.parametrize(
    ("value", "symbol", "expected"),
    [
        ("x", "", (None, "x", 0)),
        ("..", "", (None, "..", 0)),
        ("...", "", (None, "...", 0)),
        ("F", "", (None, "F", 0)),
        ("1300", "F", (None, "F", 0)),
        ("1,305", "", (1305, "", 0)),
        ("1300", "E", (1300, "", 16)),
        ("0", "", (0, "", 0)),
    ],
)
def test_a_mark_in_the_cell_or_beside_it(
    value: str, symbol: str, expected: tuple[Any, ...], census: Census, partnership: Partnership
) -> None:
    body = text(census, 2021).replace(',1536,"      2016 to 2021",,1300,""', f',1536,"      2016 to 2021",,"{value}","{symbol}"')
    world.loaded(zipped(2021, {"Ontario": body}), FILE, partnership)
    rows = [r for r in world.as_of(partnership, FILE) if (r["place"], r["characteristic"]) == (HERE, RECENT)]
    assert [(row["figure"], row["status"], row["quality"]) for row in rows] == [expected]


@pytest.mark.parametrize(("value", "symbol"), [("", ""), ("", "q"), ("13oo", ""), ("1300", "q")])
def test_a_cell_that_cannot_be_read_waits(value: str, symbol: str, census: Census, partnership: Partnership) -> None:
    body = text(census, 2021).replace(',1536,"      2016 to 2021",,1300,""', f',1536,"      2016 to 2021",,"{value}","{symbol}"')
    verdict = world.judged(zipped(2021, {"Ontario": body}), FILE, partnership)
    assert (verdict.outcome, verdict.rows_held) == ("held", 1)
    row = body.split("\r\n").index(next(line for line in body.split("\r\n") if f'"{HERE}"' in line and ",1536," in line)) + 1
    assert [finding.row for finding in verdict.findings] == [row]


def test_accents_are_right(census: Census, home: Path, partnership: Partnership) -> None:
    """Quarantined rows show what was read: Montréal, not MontrÃ©al."""
    wanted = partnership.model_copy(update={"context": ["2021S0503462"]})
    body = text(census, 2021).replace('"2021S0503462","462","Other","Montréal",3.1,2.9,"00000",1536,"      2016 to 2021",,5', "$", 1)
    body = body.replace("$", '"2021S0503462","462","Other","Montréal",3.1,2.9,"00000",1536,"      2016 to 2021",,five')
    world.loaded(zipped(2021, {"Quebec": body}), FILE, wanted)
    ((_, content),) = world.quarantined(partnership, FILE.name)
    assert '"GEO_NAME": "Montréal"' in content


def test_several_regions_in_one_zip(census: Census, partnership: Partnership) -> None:
    files = {"Ontario": text(census, 2021, [HERE, CITY]), "Canada": text(census, 2021, ["2021A000011124"])}
    staged = world.staged(zipped(2021, files), FILE, partnership)
    assert staged.refusal is None
    world.loaded(zipped(2021, files), FILE, partnership)
    assert set(figures(partnership)) == {HERE, CITY, "2021A000011124"}


def test_several_files_in_the_inbox_add_up(census: Census, partnership: Partnership) -> None:
    """One file holds metropolitan areas, another the rest; neither withdraws what the other brought."""
    in_the_inbox(partnership, zipped(2021, {"Ontario": text(census, 2021, [HERE])}), name="98-401-X2021002_eng_CSV.zip")
    in_the_inbox(partnership, zipped(2021, {"Ontario": text(census, 2021, [CITY, "2021A000235"])}), name="98-401-X2021006_eng_CSV.zip")
    world.refresh(partnership, FILE.name)
    assert set(figures(partnership)) == {HERE, CITY, "2021A000235"}


# What is refused


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["without a mark", "with a mark"])
def test_a_file_saved_as_utf_8_is_refused(mark: bytes, census: Census, partnership: Partnership) -> None:
    found, expected, fix = refusal(zipped(2021, {"Ontario": mark + text(census, 2021).encode()}), partnership)
    assert found == "UTF-8 in 98-401-X2021006_English_CSV_data_Ontario.csv"
    assert expected == "text in windows-1252"
    assert fix.startswith("Take the file as the publisher gives it")


def test_a_publisher_who_turns_to_utf_8_needs_a_word_in_the_contract(census: Census, partnership: Partnership) -> None:
    modern = world.changed(FILE.name, ("encoding: windows-1252", "encoding: utf-8"))
    for mark in (b"", b"\xef\xbb\xbf"):
        assert world.staged(zipped(2021, {"Ontario": mark + text(census, 2021).encode()}), modern, partnership).refusal is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("CHARACTERISTIC_NOTE", "NOTE_ID", "a column more: NOTE_ID"),
        ("CHARACTERISTIC_ID", "ID", "no column CHARACTERISTIC_ID"),
        (",SYMBOL,C2", ",C2", "no SYMBOL after C1_COUNT_TOTAL"),
        ("GEO_NAME", "DGUID", "twice the column DGUID"),
        ("C1_COUNT_TOTAL", "TOTAL", "a column more: TOTAL"),
    ],
)
def test_another_header_is_refused(old: str, new: str, said: str, census: Census, partnership: Partnership) -> None:
    header, _, rest = text(census, 2021).partition("\r\n")
    assert said in refusal(zipped(2021, {"Ontario": f"{header.replace(old, new)}\r\n{rest}"}), partnership)[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not a zip", "a broken zip file"),
        (zipped(2021, {}), "the files 98-401-X2021006_English_meta.txt"),
        (zipped(2021, {"Ontario": ",".join(HEADER) + "\r\n"}), "a header and no rows"),
        (zipped(2021, {"Ontario": "Geo;Name\r\n1;2\r\n"}), "no column"),
        (zipped(2021, {"Ontario": b""}), "no column"),
    ],
)
def test_what_is_no_profile_is_refused(body: bytes, said: str, partnership: Partnership) -> None:
    assert said in refusal(body, partnership)[0]


def test_a_zip_that_breaks_off_is_refused(census: Census, partnership: Partnership) -> None:
    body = bulk(census, 2021)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        start = archive.getinfo(archive.namelist()[0]).header_offset
    spoilt = body[: start + 400] + b"\x00" * 200 + body[start + 600 :]
    assert "broken zip" in refusal(spoilt, partnership)[0]


def test_a_zip_packed_in_another_way_is_refused_with_what_to_do(census: Census, partnership: Partnership) -> None:
    """Windows packs files of gigabytes with Deflate64, which Python does not read."""
    body = bytearray(bulk(census, 2021))
    for sign, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = 0
        while (start := body.find(sign, start)) >= 0:
            body[start + at] = 9
            start += 4
    found, expected, fix = refusal(bytes(body), partnership)
    assert "packed in a way that is not read here" in found
    assert (expected, fix[:9]) == ("an ordinary zip file", "Unpack it")


def test_an_id_with_another_name_is_refused_and_both_are_named(census: Census, partnership: Partnership) -> None:
    body = text(census, 2021).replace('1536,"      2016 to 2021"', '1536,"      2011 to 2015"')
    found, expected, _ = refusal(zipped(2021, {"Ontario": body}), partnership)
    assert (found, expected) == ("characteristic 1536 is now called '2011 to 2015'", "'2016 to 2021'")


def test_a_file_without_one_of_the_members_is_refused(census: Census, partnership: Partnership) -> None:
    body = "\r\n".join(line for line in text(census, 2021).split("\r\n") if ",1536," not in line)
    assert refusal(zipped(2021, {"Ontario": body}), partnership)[0] == "no characteristic 1536 '2016 to 2021'"


def test_a_file_of_elsewhere_is_told(census: Census, partnership: Partnership) -> None:
    verdict = world.judged(zipped(2021, {"Quebec": text(census, 2021, [])}), FILE, partnership)
    assert verdict.outcome == "blocked"
    assert "at least one row of the partnership's places" in verdict.findings[0].sentence()


# Another census


def of_2026(census: Census) -> tuple[Contract, bytes]:
    """A made-up file of the census of 2026, with its own numbers and years, and the contract somebody would write for it."""
    moved = {row.file: str(int(row.file) + 3000) for row in census.rows}
    body = text(census, 2026, numbers=moved).replace("2016 to 2021", "2021 to 2026").replace("Population, 2021", "Population, 2026")
    members = list(FILE.columns["characteristic"].members.items())
    changes = [(f'      "{code}": "', f'      "{moved[code]}": "') for code, _ in members]
    changes += [("geography: 2021", "geography: 2026"), ('"2016 to 2021"', '"2021 to 2026"'), ('"Population, 2021"', '"Population, 2026"')]
    return world.changed(FILE.name, *changes).model_copy(update={"name": "statcan_census_file_2026"}), zipped(2026, {"Ontario": body})


def with_codes_of_2026(home: Path) -> Partnership:
    labels = home / "registers" / "place_labels.csv"
    kept = [line for line in labels.read_text(encoding="utf-8").splitlines() if not line.startswith("statcan,2026")]
    rows = [f"statcan,2026{code[4:]},{code}" for code in (HERE, CITY, "2021A000235")]
    labels.write_text("\n".join([*kept, *rows, ""]), encoding="utf-8")
    places = home / "registers" / "places.csv"
    lines = places.read_text(encoding="utf-8").splitlines()
    at = lines[0].split(",").index("comparable_with")
    for number, line in enumerate(lines):
        if line.startswith((HERE + ",", CITY + ",")):
            cells = line.split(",")
            cells[at] = "2026"
            lines[number] = ",".join(cells)
    places.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return read_partnership(home)


def test_the_census_of_2026_needs_a_contract_and_a_register_and_no_code(census: Census, home: Path) -> None:
    contract, body = of_2026(census)
    partnership = with_codes_of_2026(home)
    overlay = home / "expectations" / "public" / "statcan_census_file_2026.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text(_yaml(census), encoding="utf-8")
    in_the_inbox(partnership, body, contract=contract.name, name="98-401-X2026006_eng_CSV.zip")
    line = world.refresh(partnership, contract.name)[contract.name]
    assert (line.outcome, line.findings) == ("loaded", ())
    again = next(one for one in partnership.contracts() if one.name == contract.name)
    rows = [row for row in world.as_of(partnership, again) if row["characteristic"] == "4536"]
    assert {(row["place"], row["period"], row["figure"]) for row in rows} >= {(HERE, "2026", 1300.0)}
    assert {row["place"] for row in rows} == {HERE, CITY, "2021A000235"}


def _yaml(census: Census) -> str:
    body = world.contract_text(FILE.name)
    for code in FILE.columns["characteristic"].members:
        body = body.replace(f'      "{code}": "', f'      "{int(code) + 3000}": "')
    for old, new in [
        ("geography: 2021", "geography: 2026"),
        ('"2016 to 2021"', '"2021 to 2026"'),
        ('"Population, 2021"', '"Population, 2026"'),
    ]:
        assert old in body
        body = body.replace(old, new)
    return body


def test_a_file_of_2026_does_not_pass_for_one_of_2021(census: Census, home: Path) -> None:
    """Its ids may mean other things and its areas have other boundaries."""
    partnership = with_codes_of_2026(home)
    found, expected, fix = refusal(zipped(2026, {"Ontario": text(census, 2026)}), partnership)
    assert found == "the area 2026S0503529, on other boundaries"
    assert expected == "areas on the boundaries of 2021"
    assert "write a contract for it" in fix


def test_nothing_in_the_code_assumes_a_year() -> None:
    root = Path(__file__).parents[2]
    files = [*root.glob("tasks/stage/census*.py"), *root.glob("tasks/fetch/census*.py"), *root.glob("demo/census*.py")]
    assert len(files) >= 6
    for path in files:
        assert "2021" not in path.read_text(encoding="utf-8"), path


# Size


def test_a_large_file_streams(census: Census, partnership: Partnership) -> None:
    """Sixty megabytes of other places cost next to no memory."""
    header, _, rest = text(census, 2021, [HERE]).partition("\r\n")
    stranger = '2021,"2021S051235150001","35150001","Dissemination area","35150001",1.3,2.6,"00000",1,"Population",1,5,"",,,,,,,,,,\r\n'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("x_data_Ontario.csv", "w") as data:
        data.write(f"{header}\r\n".encode("windows-1252"))
        for _ in range(60):
            data.write((stranger * 8500).encode())
        data.write(rest.encode("windows-1252"))
    snapshot = world.snapshot_of(out.getvalue(), FILE, partnership, name="x.zip")
    tracemalloc.start()
    staged = stage(snapshot, FILE, partnership)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert staged.refusal is None
    assert peak < 8_000_000
