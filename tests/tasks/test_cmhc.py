"""CMHC's portal: the form is posted for our places, the export is read by its grammar, and "no data" is never zero (S43, S44)."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demo.publishers import FOLDER, Publishers
from expectations import Contract, read
from expectations.partnership import Partnership
from sql.ledger import QUALITY
from tasks.check import Verdict, check
from tasks.fetch import NotData, SourceUnavailable, Transport, fetch, store
from tasks.fetch.cmhc import EXPORT
from tasks.stage import stage
from tests import world

VACANCY = read("cmhc_vacancy")
RENT = read("cmhc_rent")
HERE = "2021S0503529"
CITY = "2021A00053515014"
ASKED = {"part": HERE, "facts": {"place": "1320"}}
REAL = Path(__file__).parents[3] / "shared" / "data" / "cmhc" / "hmip_rms_vacancy_vancouver_2.2.1_style.csv"
TITLE = " — Historical Vacancy Rates by Bedroom Type  "
COLUMNS = ",Studio,,1 Bedroom,,2 Bedroom,,3 Bedroom +,,Total,,"


def export(*rows: str, title: str = TITLE, filters: str = "2024 to 2025 Row / Apartment October", columns: str = COLUMNS) -> bytes:
    """An export with these rows; the notes under it hold commas, quotes and marks."""
    notes = [
        "",
        "Notes",
        '"Letters: a — Excellent, b — Very good, c — Good, d — Poor"',
        "** — suppressed",
        "Source,CMHC Rental Market Survey",
    ]
    return "".join(f"{line}\r\n" for line in (title, filters, columns, *rows, *notes)).encode("cp1252")


def small(contract: Contract = VACANCY, **changes: Any) -> Contract:
    """A contract that takes an export of few rows."""
    return contract.model_copy(update={"rows": (1, 1000), **changes})


def judged(body: bytes, partnership: Partnership, contract: Contract | None = None, **known: Any) -> Verdict:
    return world.judged(body, contract or small(), partnership, **{**ASKED, **known})


def refusal(body: bytes, partnership: Partnership, contract: Contract | None = None, **known: Any) -> str:
    """What a refused file is said to be, and what was expected; nothing of it was staged."""
    verdict = judged(body, partnership, contract, **known)
    (finding,) = verdict.findings
    assert (verdict.outcome, finding.rule, finding.row) == ("blocked", "shape", None)
    return finding.sentence()


def cells(partnership: Partnership, contract: Contract = VACANCY) -> dict[tuple[str, str], tuple[Any, str, int]]:
    measure = contract.measure or ""
    return {(row["period"], row["bedrooms"]): (row[measure], row["status"], row["quality"]) for row in world.as_of(partnership, contract)}


def sample(table: str) -> dict[tuple[str, str], tuple[Any, str, int]]:
    """The cells of the sample's figures, as the warehouse keeps them."""
    with (FOLDER / f"cmhc_1320_{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    marks = {"**": (None, "--", 0), "n/a": (None, "...", 0), "-": (0.0, "", 0)}
    found = {}
    for row in rows:
        for name in list(row)[1:]:
            figure, _, letter = row[name].partition(" ")
            value = marks.get(figure) or (float(figure.replace(",", "")), "", QUALITY[letter.upper()] if letter else 0)
            found[row["period"][:4], name] = value
    return found


# Fetch


@pytest.mark.parametrize(("contract", "table"), [(VACANCY, "2.2.1"), (RENT, "2.2.11")], ids=["vacancy", "rent"])
def test_every_cell_arrives_as_it_is_printed(
    contract: Contract, table: str, warehouse: str, publishers: Publishers, partnership: Partnership
) -> None:
    """S44: numbers with their letters, hidden, not applicable and 0 are four things; 36 years of five sizes."""
    lines = world.refresh(partnership, "places", "place_labels", contract.name)
    assert (lines[contract.name].outcome, lines[contract.name].held, lines[contract.name].part) == ("loaded", 0, HERE)
    found = cells(partnership, contract)
    assert found == sample(table)
    assert len(found) == 180
    assert {row["place"] for row in world.as_of(partnership, contract)} == {HERE}
    assert Counter(status for _, status, _ in found.values()) == {
        "": 180 - (4 if table == "2.2.1" else 3),
        "--": 3 if table == "2.2.1" else 2,
        "...": 1,
    }


def test_the_form_is_posted_and_kept_with_the_bytes(publishers: Publishers, partnership: Partnership) -> None:
    (snapshot,) = fetch(VACANCY, partnership, Transport())
    assert [(seen.method, seen.path, seen.status) for seen in publishers.log] == [("POST", EXPORT.replace("https:/", ""), 200)]
    assert (snapshot.part, snapshot.facts["place"]) == (HERE, "1320")
    assert snapshot.url == f"{EXPORT}?TableId=2.2.1&GeographyId=1320&GeographyTypeId=3&exportType=csv"
    assert snapshot.facts["form"]["AppliedFilters[0].Value"] == "Row / Apartment"
    kept = (store.folder(partnership.home) / snapshot.file).read_bytes()
    assert kept.startswith(b" \x97 Historical Vacancy Rates by Bedroom Type  \r\n1990 to 2025 Row / Apartment October\r\n,Studio,,")
    assert snapshot.sample


def test_the_number_of_the_place_is_the_partnerships(publishers: Publishers, partnership: Partnership) -> None:
    """No shipped contract knows a place of Peterborough's: another register asks for another place, and none asks nobody."""
    assert "1320" not in world.contract_text("cmhc_vacancy") + world.contract_text("cmhc_rent")
    register = partnership.home / "registers" / "place_labels.csv"
    text = register.read_text(encoding="utf-8")
    register.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith("cmhc,")), encoding="utf-8")
    assert fetch(VACANCY, partnership, Transport()) == []
    assert publishers.log == []
    ((outcome, message),) = world.ask(partnership, "select outcome, message from sighting")
    assert outcome == "no_place"
    assert "registers/place_labels.csv has no row such as cmhc,1320,2021S0503529" in message


def test_the_same_export_is_nothing_new_and_a_changed_cell_is_one_change(publishers: Publishers, partnership: Partnership) -> None:
    """It has no ETag, so it is fetched again; the same bytes are not parsed again, and a withdrawn year stays as it was."""
    names = ("places", "place_labels", VACANCY.name)
    world.refresh(partnership, *names)
    assert world.refresh(partnership, *names)[VACANCY.name].outcome == "unchanged"
    body = (
        store.folder(partnership.home) / str(world.ask(partnership, "select file from snapshot where contract = 'cmhc_vacancy'")[0][0])
    ).read_bytes()
    publishers.replace("ExportTable", body.replace(b"2.1,c ,2.6,a ", b"2.1,c ,2.7,a "))
    line = world.refresh(partnership, *names)[VACANCY.name]
    assert (line.new, line.changed, line.gone) == (0, 1, 0)
    assert cells(partnership)["2025", "Total"] == (2.7, "", QUALITY["A"])


@pytest.mark.parametrize("said", [b"No data available", b"\r\n<span>No data available</span>", b"This data series is now archived"])
def test_no_data_available_is_unknown_and_never_zero(said: bytes, publishers: Publishers, partnership: Partnership) -> None:
    """S43: 200 and no table; what was loaded stays in force."""
    names = ("places", "place_labels", VACANCY.name)
    world.refresh(partnership, *names)
    before = cells(partnership)
    publishers.replace("ExportTable", said)
    line = world.refresh(partnership, *names)[VACANCY.name]
    assert line.outcome == "blocked"
    assert "CMHC answered that it has no data for 2021S0503529" in line.message
    assert "nothing is taken to be zero; what was loaded stays in force" in line.message
    assert "TableId=2.2.1, GeographyId=1320" in line.message
    assert cells(partnership) == before
    assert [row[0] for row in world.ask(partnership, "select outcome from sighting where contract = 'cmhc_vacancy' order by id")] == [
        "new",
        "refused",
    ]
    assert not list(store.folder(partnership.home).glob("*.part"))


@pytest.mark.parametrize(
    "change",
    [
        ("AppliedFilters[1].Key: season", "AppliedFilters[1].Key: bedroom_count_type_desc_en"),
        ('GeographyTypeId: "3"', 'GeographyTypeId: "4"'),
        ("exportType: csv\n", "exportType: xls\n"),
    ],
    ids=["a filter the table does not have", "another kind of place", "another kind of file"],
)
def test_a_question_that_is_not_understood_is_answered_with_no_data(
    change: tuple[str, str], publishers: Publishers, partnership: Partnership
) -> None:
    """S43: an unneeded filter empties the result, and nothing tells it from a table without figures."""
    with pytest.raises(NotData, match="It says so of a question it does not understand, too"):
        fetch(world.changed("cmhc_vacancy", change), partnership, Transport())


def test_a_table_that_is_not_there_answers_500(publishers: Publishers, partnership: Partnership) -> None:
    with pytest.raises(SourceUnavailable, match=r"answered 500, 4 times\. .*check TableId in the contract cmhc_vacancy"):
        fetch(world.changed("cmhc_vacancy", ('TableId: "2.2.1"', 'TableId: "2.2.999"')), partnership, Transport())
    assert [seen.status for seen in publishers.log] == [500] * 4


@pytest.mark.parametrize(
    ("fault", "outcome", "said"),
    [
        ("html200", "blocked", "answered with a web page, not with data"),
        ("html503", "unreachable", "answered 503"),
        ("empty", "blocked", "0 bytes"),
        ("hang", "unreachable", "gave no answer in time"),
        ("truncate", "blocked", "breaks off"),
        ("cloudflare403", "blocked", "answered 403"),
    ],
)
def test_what_is_no_export_is_said_in_a_sentence(
    fault: str, outcome: str, said: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.fetch.transport.SAMPLE_TIMEOUTS", (5, 0.3))
    publishers.always("ExportTable", fault)
    line = world.refresh(partnership, "places", "place_labels", RENT.name)[RENT.name]
    assert line.outcome == outcome
    assert said in line.message


def test_a_server_that_stumbles_is_asked_again(publishers: Publishers, partnership: Partnership) -> None:
    publishers.fail("ExportTable", "500", "cut")
    assert world.refresh(partnership, "places", "place_labels", RENT.name)[RENT.name].outcome == "loaded"


def test_one_place_without_data_does_not_hold_up_another(publishers: Publishers, partnership: Partnership) -> None:
    """A second place of the partnership that CMHC knows is a second part of the table."""
    with (partnership.home / "registers" / "place_labels.csv").open("a", encoding="utf-8") as register:
        register.write(f"cmhc,9999,{CITY}\n")
    assert [snapshot.part for snapshot in fetch(VACANCY, partnership, Transport())] == [HERE]
    assert world.ask(partnership, "select outcome from sighting order by id") == [("new",), ("refused",)]


def test_the_parts_of_two_places_stand_side_by_side(warehouse: str, partnership: Partnership) -> None:
    """A part withdraws nothing of another."""
    with (partnership.home / "registers" / "place_labels.csv").open("a", encoding="utf-8") as register:
        register.write(f"cmhc,9999,{CITY}\n")
    row = "2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,"
    for label, place in (("1320", HERE), ("9999", CITY), ("1320", HERE)):
        body = export(row, *(["2024 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,"] if label == "9999" else []))
        world.loaded(body, small(), partnership, part=place, facts={"place": label})
    assert Counter(row["place"] for row in world.as_of(partnership, VACANCY)) == {HERE: 5, CITY: 10}


# Whose figures


def test_a_title_may_name_the_place_that_was_asked_for(partnership: Partnership) -> None:
    body = export("2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", title=f"Peterborough{TITLE}")
    assert judged(body, partnership).outcome == "passed"
    inbox = small(source=VACANCY.source.model_copy(update={"fetch": "inbox"}))
    assert judged(body, partnership, inbox, part="export.csv", facts={}).outcome == "passed"


def test_a_form_that_gives_the_name_has_it_in_the_title(publishers: Publishers, partnership: Partnership) -> None:
    """The portal repeats the name it is sent: the kept bytes then say whose they are."""
    contract = world.changed("cmhc_vacancy", ("exportType: csv\n", "exportType: csv\n    GeograghyName: Peterborough\n"))
    (snapshot,) = fetch(contract, partnership, Transport())
    assert (store.folder(partnership.home) / snapshot.file).read_bytes().startswith(b"Peterborough \x97 Historical")
    assert check(stage(snapshot, contract, partnership), contract, partnership).outcome == "passed"


@pytest.mark.parametrize(
    ("title", "facts", "said"),
    [
        (
            f"Kingston{TITLE}",
            {"place": "1320"},
            "found the figures of Kingston; expected those of 2021S0503529, which was asked for as 1320",
        ),
        (
            f"Vancouver{TITLE}",
            {"place": "1320"},
            "found a title that names 'Vancouver'; expected a name that CMHC gives to 1320 in the register",
        ),
        (f"Vancouver{TITLE}", {}, "add a row cmhc,Vancouver,<its code> to registers/place_labels.csv"),
        (TITLE, {}, "found a title that names no place"),
        (" — Historical Average Rents by Bedroom Type  ", {"place": "1320"}, "found the table 'Historical Average Rents by Bedroom Type'"),
        ("Row / Apartment", {"place": "1320"}, "found the table 'Row / Apartment'"),
    ],
)
def test_another_place_or_table_is_refused(title: str, facts: dict[str, str], said: str, partnership: Partnership) -> None:
    assert said in refusal(export("2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", title=title), partnership, facts=facts)


@pytest.mark.parametrize(
    "filters", ["1990 to 2025 Row / Apartment,Row,Apartment October,April", "1990 to 2025 Row October", "1990 to 2025", ""]
)
def test_other_filters_than_those_asked_for_are_refused(filters: str, partnership: Partnership) -> None:
    """The second line repeats the filters; April's figures are not October's."""
    body = export("2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", filters=filters)
    assert "expected figures for 'Row / Apartment October'" in refusal(body, partnership)


# Grammar


def test_four_marks_have_four_meanings(partnership: Partnership) -> None:
    """S44: hidden, not applicable, a change that cannot be told from none, and a real 0. No letter beside a mark is kept."""
    contract = world.changed(
        "cmhc_vacancy", ("rows: [50, 1000]", "rows: [1, 1000]"), ("min: 0", "min: -50"), ("  n/a:", '  "++": {status: unreliable}\n  n/a:')
    )
    world.loaded(export("2025 October,**,,++,,n/a,,-,,-2.5,d ,", "2024 October,**,d ,++,c ,N/A,,-,a ,2,,"), contract, partnership, **ASKED)
    assert cells(partnership) == {
        ("2025", "Studio"): (None, "--", 0),
        ("2025", "1 Bedroom"): (None, "F", 0),
        ("2025", "2 Bedroom"): (None, "...", 0),
        ("2025", "3 Bedroom +"): (0, "", 0),
        ("2025", "Total"): (-2.5, "", QUALITY["D"]),
        ("2024", "Studio"): (None, "--", 0),
        ("2024", "1 Bedroom"): (None, "F", 0),
        ("2024", "2 Bedroom"): (None, "...", 0),
        ("2024", "3 Bedroom +"): (0, "", QUALITY["A"]),
        ("2024", "Total"): (2, "", 0),
    }


STARTS = """
title: {en: Starts by dwelling type, fr: Mises en chantier selon le type de logement}
publisher: Canada Mortgage and Housing Corporation
licence: cmhc
source: {fetch: cmhc, places: partnership, query: {TableId: "1.2.1", GeographyId: "{place}"}}
layout: {kind: cmhc, encoding: cp1252, sheet: Historical Starts by Dwelling Type}
due: monthly
review_by: 2027-06-01
grain: [place, period, dwelling]
rows: [1, 5000]
columns:
  place: {source: title, type: place, labels: cmhc}
  period: {source: rows, type: period, frequency: monthly}
  dwelling: {source: columns}
  starts: {source: cells, type: integer, unit: homes, min: 0}
caveats: [estimate]
"""


def test_an_administrative_table_has_no_letters(partnership: Partnership) -> None:
    """S44: no column of letters; months before the year or after it; a comma in a number; a line of blanks before the columns."""
    from expectations import parse

    contract = parse(STARTS, name="starts")
    title = " — Historical Starts by Dwelling Type "
    lines = ("", ",Single,Semi-Detached,Row,All,", 'Jan 2025,"1,013",-,25,"1,038",', "2025 February,4,2,-,6,")
    body = "".join(f"{line}\r\n" for line in (title, "2025", *lines, "", "Source,CMHC")).encode("cp1252")
    world.loaded(body, contract, partnership, **ASKED)
    found = {(row["period"], row["dwelling"]): row["starts"] for row in world.as_of(partnership, contract)}
    assert found["2025-01", "Single"] == 1013
    assert found["2025-02", "All"] == 6
    assert found["2025-01", "Semi-Detached"] == 0
    assert len(found) == 8
    assert world.ask(partnership, "select min(row), max(row) from starts__facts") == [(5, 6)]


@pytest.mark.parametrize(("columns", "row", "value"), [(",Total,,", "2025 October,2.6,a ,", 2.6), (",Total,", "2025 October,2.6,", 2.6)])
def test_one_column_alone_with_letters_and_without(columns: str, row: str, value: float, partnership: Partnership) -> None:
    world.loaded(export(row, columns=columns), small(), partnership, **ASKED)
    assert cells(partnership) == {("2025", "Total"): (value, "", QUALITY["A"] if ",," in columns else 0)}


@pytest.mark.parametrize(
    ("row", "rule", "found"),
    [
        ("2024 October,1.0,e ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "reliability", "e"),
        ("2024 October,?,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "number", "?"),
        ("2024 October,,,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "number", ""),
        ("2024 October,++,,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "number", "++"),
        ("2024 October,101,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "most", "101"),
        ("2024 April,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "period", "2024 April"),
        ("Fall of 2024,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", "period", "Fall of 2024"),
        ("2024 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,9.9", "width", "12 cells"),
        ("2024 October,1.0,a ,1.0,a", "width", "5 cells"),
        ("2024 October,1.0,1.0,1.0,1.0,2.0,", "width", "7 cells"),
    ],
)
def test_a_row_that_cannot_be_read_waits_and_the_others_go_on(row: str, rule: str, found: str, partnership: Partnership) -> None:
    """A cell in another form, another season, another letter: never a number by guess."""
    good = "2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,"
    verdict = judged(export(good, row), partnership)
    assert verdict.outcome == "held"
    told = [(finding.rule, finding.found, finding.row) for finding in verdict.findings if finding.severity == "critical"]
    assert told == [(rule, found, 5)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"No data available", "Nothing is known, which is not zero"),
        (export("2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,").replace(b"Studio", b"Stud\x81io"), "bytes that are not cp1252 at byte"),
        (export("2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,").decode("cp1252").encode(), "found the table"),
        (export(), "found column names and no rows"),
        (export("2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,").split(b"Source")[0], "found an export that breaks off"),
        (export("2025 October," + "1" * 140_000), "found text that cannot be read"),
        (b" \x97 Historical Vacancy Rates by Bedroom Type  \r\n2025 Row / Apartment October\r\n", "found no table"),
        (
            export("2025 October,1,,2,a ,", columns=",Studio,,,1 Bedroom,,"),
            "a name for each column, and nothing or an empty cell between two",
        ),
    ],
    ids=["no data", "another encoding", "UTF-8", "no rows", "cut", "a cell without end", "no table", "a hole in the columns"],
)
def test_a_file_of_another_shape_is_refused(body: bytes, said: str, partnership: Partnership) -> None:
    assert said in refusal(body, partnership)


def test_a_renamed_column_is_refused(partnership: Partnership) -> None:
    """The portal called a studio a bachelor before; two names of one thing would be two series."""
    columns = COLUMNS.replace("Studio", "Bachelor")
    verdict = judged(export("2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,", columns=columns), partnership)
    assert verdict.outcome == "blocked"
    assert [(finding.rule, finding.found) for finding in verdict.findings] == [("one_of_bedrooms", "Bachelor")]


def test_a_period_twice_is_refused(partnership: Partnership) -> None:
    row = "2025 October,1.0,a ,1.0,a ,1.0,a ,1.0,a ,2.0,a ,"
    verdict = judged(export(row, row), partnership)
    assert verdict.outcome == "blocked"
    assert "key" in {finding.rule for finding in verdict.findings}


# The real thing


@pytest.mark.skipif(not REAL.is_file(), reason="no folder ../shared/data/cmhc with an export of the publisher beside the repository")
def test_a_real_export(warehouse: str, partnership: Partnership) -> None:
    """The published table of Vancouver, 1990 to 2025: its title names no place, so the question decides whose it is."""
    with (partnership.home / "registers" / "place_labels.csv").open("a", encoding="utf-8") as register:
        register.write(f"cmhc,2410,{CITY}\n")
    body = REAL.read_bytes()
    snapshot = world.snapshot_of(body, VACANCY, partnership, part=CITY, facts={"place": "2410"})
    verdict = check(stage(snapshot, VACANCY, partnership), VACANCY, partnership)
    assert (verdict.outcome, verdict.rows_read, verdict.rows_kept, verdict.findings) == ("passed", 180, 180, ())
    world.loaded(body, VACANCY, partnership, part=CITY, facts={"place": "2410"})
    sent = [line.split(",") for line in body.decode("cp1252").splitlines()[3:39]]
    names = VACANCY.columns["bedrooms"].one_of or []
    assert cells(partnership) == {
        (line[0][:4], name): (float(line[1 + 2 * n]), "", QUALITY[line[2 + 2 * n].strip().upper()])
        for line in sent
        for n, name in enumerate(names)
    }
    assert cells(partnership)["2025", "3 Bedroom +"] == (3.6, "", QUALITY["C"])
