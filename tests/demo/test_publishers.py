"""The publishers of the sample world speak in the grammar of the real ones, and break in the ways real ones break."""

import csv
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from openpyxl import load_workbook

from demo.inbox import ARRIVES, EXPECTED, FIGURES, SAMPLE, write_inbox, write_resubmission
from demo.publishers import FOLDER, Publishers
from expectations import read_all

PROGRAMMES = ["partner_kitchen", "partner_services", "partner_toolkit", "partner_welcome_pass"]
WDS = "/www150.statcan.gc.ca/t1/wds/rest/"
TABLES = "/www150.statcan.gc.ca/n1/tbl/csv/"
ACTION = "/open.canada.ca/data/api/3/action/"
IRCC = "/www.ircc.canada.ca/opendata-donneesouvertes/data/"
PR, PGWP = IRCC + "ODP-PR-PT_CMA.csv", IRCC + "ODP-WP-PGWP-Province-CMA.csv"


@pytest.fixture(scope="module")
def world() -> Iterator[Publishers]:
    with Publishers(FOLDER) as publishers:
        yield publishers


@pytest.fixture
def publishers(world: Publishers) -> Iterator[Publishers]:
    yield world
    world.heal()


def get(publishers: Publishers, path: str, **headers: str) -> requests.Response:
    return requests.get(publishers.url + path, headers=headers, timeout=10)


def metadata(publishers: Publishers, *products: object) -> requests.Response:
    asked = [{"productId": product} for product in products]
    return requests.post(publishers.url + WDS + "getCubeMetadata", json=asked, timeout=10)


def give_up_on(publishers: Publishers, path: str) -> None:
    with pytest.raises(requests.RequestException):
        get(publishers, path)


def member(publishers: Publishers, path: str, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(get(publishers, path).content)) as archive:
        return archive.read(name)


def table(publishers: Publishers, pid: str) -> list[dict[str, str]]:
    text = member(publishers, f"{TABLES}{pid}-eng.zip", f"{pid}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def monthly(publishers: Publishers, path: str) -> list[dict[str, str]]:
    lines = get(publishers, path).content.decode().split("\r\n")
    header = lines[0].split("\t")
    return [dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:-1]]


def of_peterborough(rows: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    name = "EN_CENSUS_METROPOLITAN_AREA"
    return {(row["EN_YEAR"], row["EN_MONTH"]): row["TOTAL"] for row in rows if row[name] == "Peterborough"}


def test_the_same_bytes_are_built_every_time(world: Publishers) -> None:
    again = Publishers(FOLDER)
    assert [t.zips for t in again._statcan.tables.values()] == [t.zips for t in world._statcan.tables.values()]
    assert again._ircc.files == world._ircc.files


def test_metadata_is_a_list_of_envelopes_one_per_product(publishers: Publishers) -> None:
    known, failed, coded = metadata(publishers, 17100149, 99999999, 12345678).json()
    assert known["object"]["releaseTime"] == "2026-01-14T08:30"
    assert known["object"]["nbDatapointsCube"] == len(table(publishers, "17100149"))
    assert failed == {"status": "FAILED", "object": "The cube product ID 99999999 does not exist"}
    assert coded["status"] == "SUCCESS"
    assert coded["object"]["responseStatusCode"] == 5


@pytest.mark.parametrize("product", ["1710014901", "171", "abc"])
def test_an_id_that_is_not_eight_digits_long_is_refused(publishers: Publishers, product: str) -> None:
    answer = metadata(publishers, product)
    assert answer.status_code == 406
    assert answer.json() == {"message": "ProductId value must be 8 numbers long"}


def test_changed_tables_are_listed_nested_or_flat_and_need_a_date(publishers: Publishers) -> None:
    flat = get(publishers, WDS + "getChangedCubeList/2026-09-23").json()["object"]
    nested = get(publishers, WDS + "getChangedCubeList/2026-01-14").json()["object"]
    assert 17100009 in [item["productId"] for item in flat]
    assert 17100149 in [item["productId"] for item in nested[0]]
    for wrong in ("getChangedCubeList", "getChangedCubeList/14-01-2026", "getChangedCubeList/2026-11-23"):
        assert get(publishers, WDS + wrong).status_code == 404


def test_a_link_is_given_for_any_table_and_only_the_link_tells(publishers: Publishers) -> None:
    link = get(publishers, WDS + "getFullTableDownloadCSV/99100099/en").json()["object"]
    assert link == "https://www150.statcan.gc.ca/n1/tbl/csv/99100099-eng.zip"
    answer = get(publishers, TABLES + "99100099-eng.zip")
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html")


def test_population_is_the_published_one_until_july_2024(publishers: Publishers) -> None:
    value = {(row["DGUID"], row["REF_DATE"]): row for row in table(publishers, "17100009")}
    assert value["2016A000011124", "2024-07"]["VALUE"] == "41288599"
    assert value["2016A000235", "2024-07"]["VALUE"] == "16124116"
    assert {period for (_, period), row in value.items() if row["SYMBOL"] == "p"} == {"2026-04", "2026-07"}


def test_components_add_up_and_marks_replace_values(publishers: Publishers) -> None:
    rows = table(publishers, "17100149")
    assert {row["STATUS"] for row in rows} == {"", "..", "...", "x", "E"}
    assert all((row["VALUE"] == "") == (row["STATUS"] in ("..", "...", "x")) for row in rows)
    assert {row["DGUID"] for row in rows if row["GEO"].startswith("Area outside")} == {""}
    assert {row["SCALAR_FACTOR"] for row in rows} == {"units "}
    assert [row["REF_DATE"] for row in rows if row["TERMINATED"] == "t"][-1] == "2020/2021"
    newcomers = {
        (row["Gender"], row["Age group"]): int(row["VALUE"])
        for row in rows
        if (row["DGUID"], row["REF_DATE"]) == ("2021S0503529", "2024/2025") and row["Components of population growth"] == "Immigrants"
    }
    assert newcomers["Total - gender", "All ages"] == 702
    assert sum(n for (gender, age), n in newcomers.items() if gender != "Total - gender" and age != "All ages") == 702


def test_line_ends_marks_and_quotes_are_the_publishers(publishers: Publishers) -> None:
    crlf = member(publishers, TABLES + "17100009-eng.zip", "17100009.csv")
    lf = member(publishers, TABLES + "17100149-eng.zip", "17100149.csv")
    assert crlf.startswith(b'\xef\xbb\xbf"REF_DATE","GEO","DGUID"')
    assert crlf.count(b"\r\n") == crlf.count(b"\n")
    assert b"\r" not in lf
    notes = member(publishers, TABLES + "17100149-eng.zip", "17100149_MetaData.csv").decode()
    assert 'so "2024/2025" ends' in notes
    assert '"terminated","t",\n' in notes
    french = member(publishers, TABLES + "17100009-fra.zip", "17100009.csv").decode("utf-8-sig")
    assert french.startswith('"PÉRIODE DE RÉFÉRENCE";"GÉO"')


def test_zips_are_stamped_in_the_night_before_the_release(publishers: Publishers) -> None:
    answer = get(publishers, TABLES + "17100149-eng.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2026, 1, 14, 0, 37, 0)}
    assert answer.headers["Last-Modified"] == "Wed, 14 Jan 2026 05:37:00 GMT"


def test_a_file_that_is_held_already_is_not_sent_again(publishers: Publishers) -> None:
    first = get(publishers, PR)
    again = get(publishers, PR, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert int(first.headers["Content-Length"]) == len(first.content)


def test_ckan_lists_the_true_addresses(publishers: Publishers) -> None:
    found = get(publishers, ACTION + 'package_search?q=title:"Monthly IRCC Updates"&rows=50').json()["result"]
    urls = {resource["url"]: resource for package in found["results"] for resource in package["resources"]}
    assert found["count"] == 4
    assert urls["https:/" + PR]["name_translated"]["en"].startswith("[rounded - not for calculations]")
    shown = get(publishers, ACTION + "package_show?id=f7e5498e-0ad8-4417-85c9-9b8aff9b9eda").json()
    assert shown["result"]["resources"][0]["last_modified"].startswith("2026-11-13")
    assert get(publishers, ACTION + "package_show?id=nothing").json()["success"] is False
    assert get(publishers, IRCC + "EN_ODP-PR-PT_CMA.xlsx").status_code == 404


def test_monthly_files_hold_the_publishers_quirks(publishers: Publishers) -> None:
    permits, admissions = monthly(publishers, PGWP), monthly(publishers, PR)
    assert list(admissions[0])[3] == "FR_ANNEÉ"
    assert list(admissions[0])[6] == "EN_CENSUS_METROPOLITAN_AREA"
    assert list(permits[0])[6] == "EN_PROVINCE_TERRITORY"
    assert "Province/territory not stated" in {row["EN_PROVINCE_TERRITORY"] for row in admissions}
    assert "Province/Territory not stated" in {row["EN_PROVINCE_TERRITORY"] for row in permits}
    assert "0" not in {row["TOTAL"] for row in permits + admissions}
    assert all(row["TOTAL"] == "--" or int(row["TOTAL"]) % 5 == 0 for row in permits + admissions)
    years = [row["EN_YEAR"] for row in permits]
    assert years != sorted(years)


def test_permits_of_peterborough_are_the_published_ones(publishers: Publishers) -> None:
    real = of_peterborough(monthly(publishers, PGWP))
    in_2015 = [total for (year, _), total in real.items() if year == "2015"]
    assert (len(real), real["2026", "Jan"], real["2025", "Dec"]) == (132, "555", "300")
    assert (sum(int(t) for t in in_2015 if t != "--"), in_2015.count("--")) == (45, 7)
    assert ("2017", "Jan") not in real


def test_a_restated_month_is_the_only_difference_of_the_next_edition() -> None:
    with Publishers(FOLDER) as publishers:
        before, stamp = of_peterborough(monthly(publishers, PR)), get(publishers, PR).headers["Last-Modified"]
        publishers.restate()
        after = of_peterborough(monthly(publishers, PR))
        assert {key for key in before if before[key] != after[key]} == {("2026", "Mar")}
        assert (before["2026", "Mar"], after["2026", "Mar"]) == ("45", "55")
        assert before.keys() == after.keys()
        assert ("2020", "May") not in before
        assert get(publishers, PR).headers["Last-Modified"] != stamp


def test_queued_faults_come_once_each_and_then_all_is_well(publishers: Publishers) -> None:
    publishers.fail("getCubeMetadata", "409", "429", "being_published")
    first, second, third, fourth = (metadata(publishers, 17100009) for _ in range(4))
    assert (first.status_code, first.json()) == (409, {"message": "The product is not released yet"})
    assert (second.status_code, second.headers["Retry-After"]) == (429, "1")
    assert third.json()[0]["object"]["responseStatusCode"] == 6
    assert fourth.json()[0]["object"]["productId"] == "17100009"


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("html200", 200, "text/html"),
        ("html503", 503, "text/html"),
        ("500", 500, "text/html"),
        ("cloudflare403", 403, "text/html"),
        ("empty", 200, "text/csv"),
    ],
)
def test_a_fault_lasts_until_it_is_healed(publishers: Publishers, fault: str, status: int, kind: str) -> None:
    publishers.always("ODP-PR", fault)
    for _ in range(2):
        answer = get(publishers, PR)
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (status, kind)
    assert (fault == "empty") == (answer.content == b"")
    publishers.heal()
    assert get(publishers, PR).content.startswith(b"EN_YEAR\t")


def test_a_truncated_zip_arrives_whole_and_is_no_zip(publishers: Publishers) -> None:
    publishers.fail("17100149-eng.zip", "truncate")
    answer = get(publishers, TABLES + "17100149-eng.zip")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert not zipfile.is_zipfile(io.BytesIO(answer.content))


def test_a_cut_connection_is_seen_by_the_client(publishers: Publishers) -> None:
    publishers.fail("ODP-WP", "cut")
    with pytest.raises(requests.exceptions.RequestException):
        get(publishers, PGWP)


def test_a_hanging_answer_stops_neither_others_nor_the_end() -> None:
    with Publishers(FOLDER) as publishers:
        publishers.fail("ODP-WP", "hang")
        waiting = threading.Thread(target=give_up_on, args=(publishers, PGWP))
        waiting.start()
        assert get(publishers, PR).status_code == 200
    waiting.join(60)
    assert not waiting.is_alive()


def test_other_bytes_and_other_metadata_are_served_when_told() -> None:
    with Publishers(FOLDER) as publishers:
        publishers.replace("18100204-eng.zip", b"PK")
        publishers.metadata(18100204, {"responseStatusCode": 0, "releaseTime": "2026-11-20T08:30"})
        assert get(publishers, TABLES + "18100204-eng.zip").content == b"PK"
        assert metadata(publishers, 18100204).json()[0]["object"]["releaseTime"] == "2026-11-20T08:30"
        changed = get(publishers, WDS + "getChangedCubeList/2026-11-20").json()["object"]
        assert 18100204 in [item["productId"] for item in changed]


def test_the_log_counts_who_asked_for_what(publishers: Publishers) -> None:
    publishers.log.clear()
    get(publishers, "/example.org/", **{"User-Agent": "OpenLIP"})
    assert [(seen.method, seen.path, seen.status, seen.user_agent) for seen in publishers.log] == [("GET", "/example.org/", 404, "OpenLIP")]


def test_a_fault_that_does_not_exist_is_refused(publishers: Publishers) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        publishers.fail("x", "sunshine")


def test_the_command_prints_its_address_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "demo.publishers"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert requests.get(url + PR, timeout=10).status_code == 200
        process.terminate()
        assert process.wait(5) == 0


def test_partner_files_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    write_inbox(tmp_path / "a")
    write_inbox(tmp_path / "b")
    files = sent(tmp_path / "a")
    assert files == sent(tmp_path / "b")
    write_inbox(tmp_path / "c", dirty=False)
    sound = sent(tmp_path / "c")
    assert sound == {name: body for name, body in files.items() if name not in EXPECTED}
    assert files.keys() - sound.keys() == EXPECTED.keys()
    write_inbox(tmp_path / "d", dirty=False, only=["p03", "p08"])
    assert sorted(sent(tmp_path / "d")) == ["p03_metrics.xlsx", "p08_kitchen.csv", "p08_metrics.csv"]


def test_all_figures_are_sent_each_on_the_sheet_of_its_contract(tmp_path: Path) -> None:
    """A workbook has a sheet for each table that its partner reports; whoever sends CSV sends a file for each."""
    write_inbox(tmp_path, dirty=False)
    found: dict[str, set[tuple[str, ...]]] = {}
    for path in (tmp_path / "partners").rglob("*.*"):
        tables = (
            {path.stem.partition("_")[2]: list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))}
            if path.suffix == ".csv"
            else {sheet.title: [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)] for sheet in load_workbook(path)}
        )
        for name, (header, *rows) in tables.items():
            contract = next(one for one in read_all() if one.is_partner and one.layout.sheet == name)
            assert header == ["partner", "period", *[column for column in contract.dimensions[1:] if column != "period"], "value"]
            found.setdefault(contract.name, set()).update(map(tuple, rows))
    assert found == {name: declared(name) for name in ("partner_metrics", *PROGRAMMES)}


def declared(name: str) -> set[tuple[str, ...]]:
    """The rows of a table as the sample declares them."""
    header, *lines = csv.reader((SAMPLE / f"{name}.csv").read_text(encoding="utf-8").splitlines())
    return {
        (line[0], period, *line[1:first], line[column])
        for first in [sum(not heading[0].isdigit() for heading in header)]
        for column, period in enumerate(header[first:], first)
        for line in lines
        if line[column]
    }


def test_a_file_lies_in_the_folder_of_its_partner(tmp_path: Path) -> None:
    """Only what comes of nobody lies where files of a table lie."""
    write_inbox(tmp_path)
    places = {path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert places == {f"partners/p0{number}" for number in range(1, 10)} | {"partner_metrics"}
    assert [path.name for path in (tmp_path / "partner_metrics").iterdir()] == ["p77_2026-Q3_unknown_partner.csv"]
    for folder in (tmp_path / "partners").iterdir():
        assert all(path.name.startswith(f"{folder.name}_") for path in folder.iterdir())
    assert write_resubmission(tmp_path).parent == tmp_path / "partners" / "p08"


def sent(inbox: Path) -> dict[str, bytes]:
    """Every file of an inbox."""
    return {path.name: path.read_bytes() for path in inbox.rglob("*") if path.is_file()}


def test_good_rows_of_dirty_files_exist_nowhere_else(tmp_path: Path) -> None:
    header, *lines = csv.reader(FIGURES.read_text(encoding="utf-8").splitlines())
    clean = {(line[0], period, line[1]) for line in lines for period in header[2:]}
    late = [row[:3] for rows in ARRIVES.values() for row in rows]
    assert len(late) == len(set(late))
    assert not clean & set(late)
    assert "p08,2026-Q3,clients_served,84" in write_resubmission(tmp_path).read_text(encoding="utf-8")
