"""The Census Profile service: one question, asked seldom and waited for; ids and names together; marks that stay marks."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import pytest

from demo.publishers import Publishers
from expectations import Contract, read
from expectations.partnership import Partnership, read_partnership
from tasks import Misuse
from tasks.fetch import NotData, Snapshot, SourceUnavailable, Transport, fetch, store, transport
from tasks.fetch.census_profile import areas, question
from tasks.stage import stage
from tests import world

CMA = read("statcan_census_cma")
FLOWS = ["statcan_census_cma", "statcan_census_cd", "statcan_census_csd", "statcan_census_pr"]
RECENT = "1522"


def fetched(contract: Contract, partnership: Partnership) -> list[Snapshot]:
    return fetch(contract, partnership, Transport())


def asked(publishers: Publishers) -> list[str]:
    return [seen.path for seen in publishers.log if "api.statcan.gc.ca" in seen.path]


def answer(publishers: Publishers, partnership: Partnership, contract: Contract = CMA) -> dict[str, Any]:
    """What the service answers to a contract, to be spoiled."""
    (snapshot,) = fetched(contract, partnership)
    told: dict[str, Any] = json.loads((store.folder(partnership.home) / snapshot.file).read_bytes())
    return told


def staged(told: Any, partnership: Partnership, contract: Contract = CMA) -> Any:
    return world.staged(json.dumps(told).encode(), contract, partnership)


def figures(partnership: Partnership, contract: Contract, characteristic: str = RECENT) -> dict[str, Any]:
    return {row["place"]: row["figure"] for row in world.as_of(partnership, contract) if row["characteristic"] == characteristic}


# The question


def test_one_question_asks_for_all_places_and_members(publishers: Publishers, partnership: Partnership) -> None:
    fetched(CMA, partnership)
    (path,) = asked(publishers)
    key = path.split("/DF_CMACA/")[-1] if "/DF_CMACA/" in path else path.split(",DF_CMACA/")[1]
    frequency, places, gender, characteristics, statistic = key.split("?")[0].split(".")
    assert (frequency, gender, statistic) == ("A5", "1", "1")
    assert places.split("+") == ["2021S0503521", "2021S0503522", "2021S0503529", "2021S0503532"]
    assert characteristics.split("+") == list(CMA.columns["characteristic"].members)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("statcan_census_cd", ["2021A00033515"]),
        ("statcan_census_csd", ["2021A00053515014"]),
        ("statcan_census_pr", ["2021A000011124", "2021A000235"]),
    ],
)
def test_each_dataflow_is_asked_for_the_areas_of_its_kind(name: str, expected: list[str], partnership: Partnership) -> None:
    assert areas(read(name), partnership) == expected


def test_the_contracts_of_the_dataflows_ask_for_the_same_things() -> None:
    columns = [{name: column.members for name, column in read(name).columns.items()} for name in FLOWS]
    assert all(one == columns[0] for one in columns)


def test_a_census_of_other_boundaries_asks_with_its_own_codes(home: Any, partnership: Partnership) -> None:
    """2026: the codes come from the register, nothing is worked out of the digits of the old ones."""
    later = world.changed("statcan_census_cd", ("geography: 2021", "geography: 2026"))
    labels = home / "registers" / "place_labels.csv"
    before = [line for line in labels.read_text(encoding="utf-8").splitlines() if "2026A" not in line]
    labels.write_text("\n".join([*before, ""]), encoding="utf-8")
    with pytest.raises(Misuse, match=r"boundaries of 2026.*place_labels\.csv"):
        question(later, read_partnership(home))
    labels.write_text("\n".join([*before, "statcan,2026A00033515,2021A00033515", ""]), encoding="utf-8")
    again = read_partnership(home)
    assert areas(later, again) == ["2026A00033515"]
    assert "/A5.2026A00033515.1." in question(later, again)


def test_a_partnership_without_such_an_area_has_nothing_to_ask(publishers: Publishers, partnership: Partnership) -> None:
    elsewhere = partnership.model_copy(update={"places": ["2021S0503529"], "context": []})
    assert fetched(read("statcan_census_csd"), elsewhere) == []
    assert asked(publishers) == []


# How often it is asked, and how long it may take


def test_it_is_asked_again_when_the_question_changes_and_once_a_quarter(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.refresh(partnership, CMA.name)[CMA.name].outcome == "loaded"
    assert world.refresh(partnership, CMA.name)[CMA.name].outcome == "unchanged"
    assert len(asked(publishers)) == 1
    other = world.changed("statcan_census_cma", ('      "2230": "Unemployment rate"\n', ""))
    fetched(other, partnership)
    assert len(asked(publishers)) == 2
    fetched(CMA, partnership)
    assert len(asked(publishers)) == 3
    for moment, questions in [
        ("2027-02-01T17:00:00", 3),
        ("2027-03-01T17:00:00", 4),
        ("2027-04-01T17:00:00", 4),
        ("2027-06-02T17:00:00", 5),
    ]:
        world.later(monkeypatch, moment)
        assert world.refresh(partnership, CMA.name)[CMA.name].outcome in ("unchanged", "loaded")
        assert len(asked(publishers)) == questions, moment


def test_a_comment_in_the_contract_asks_nobody(publishers: Publishers, partnership: Partnership) -> None:
    """The kept answer is read again under the new text."""
    world.refresh(partnership, CMA.name)
    (again,) = fetched(world.changed("statcan_census_cma", add="\n# a remark\n"), partnership)
    assert again.contract == CMA.name
    assert len(asked(publishers)) == 1


def test_a_correction_of_the_quarter_is_told_and_waits_for_a_person(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.refresh(partnership, CMA.name)
    row = next(row for row in publishers._census.rows if row.service == RECENT)
    row.figures["2021S0503529"] = "1320"
    world.later(monkeypatch, "2027-03-01T17:00:00")
    line = world.refresh(partnership, CMA.name)[CMA.name]
    assert (line.outcome, line.changed, line.new, line.gone) == ("waits", 1, 0, 0)


def test_a_refused_answer_is_asked_for_again_after_a_week_and_a_mended_contract_is_tried_on_it(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes of waiting every day would not mend a name."""
    publishers._census.called[RECENT] = "2016 to 2020"
    assert world.refresh(partnership, CMA.name)[CMA.name].outcome == "blocked"
    assert world.refresh(partnership, CMA.name)[CMA.name].outcome == "unchanged"
    assert len(asked(publishers)) == 1
    mended = world.changed("statcan_census_cma", ('"2016 to 2021"', '"2016 to 2020"'))
    (held,) = fetched(mended, partnership)
    assert stage(held, mended, partnership).refusal is None
    assert len(asked(publishers)) == 1
    world.later(monkeypatch, "2026-11-30T17:00:00")
    publishers._census.called.clear()
    assert world.refresh(partnership, CMA.name)[CMA.name].outcome == "loaded"
    assert len(asked(publishers)) == 2


def test_a_slow_answer_is_waited_for(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual patience would not do: minutes are usual for this service."""
    monkeypatch.setattr(transport, "SAMPLE_TIMEOUTS", (1, 0.2))
    publishers._census.slow = 0.6
    assert fetched(CMA, partnership)
    with pytest.raises(SourceUnavailable, match="no answer in time"):
        Transport().json(question(CMA, partnership), patience=0)


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("empty", NotData, "0 bytes"),
        ("html200", NotData, "web page"),
        ("cut", SourceUnavailable, "broke off"),
        ("html503", SourceUnavailable, "503"),
    ],
)
def test_what_is_no_answer_is_not_kept(
    fault: str, error: type[Exception], said: str, publishers: Publishers, partnership: Partnership
) -> None:
    publishers.always("api.statcan.gc.ca", fault)
    with pytest.raises(error, match=said):
        fetched(CMA, partnership)
    assert store.last(partnership, CMA) is None
    publishers.heal()
    assert fetched(CMA, partnership)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data": {"structures": [], "dataSets": []}}', b"REF_AREA,OBS_VALUE\r\n"])
def test_an_answer_in_another_format_is_not_kept(body: bytes, publishers: Publishers, partnership: Partnership) -> None:
    publishers.replace("DF_CMACA", body)
    with pytest.raises(NotData, match="no SDMX-JSON"):
        fetched(CMA, partnership)
    assert not list(store.folder(partnership.home).glob(".*.part"))


def test_a_question_with_lang_is_refused_and_the_language_goes_by_header(publishers: Publishers, partnership: Partnership) -> None:
    with pytest.raises(NotData, match=r"400.*Unknown query parameter: lang"):
        Transport().json(question(CMA, partnership) + "&lang=fr")
    french = CMA.model_copy(update={"source": CMA.source.model_copy(update={"language": "fr"})})
    lists = answer(publishers, partnership, french)["data"]["structures"][0]["dimensions"]["series"]
    assert lists[2]["values"][0]["name"] == "Total - Genre"


def test_the_release_date_of_the_answer_is_that_of_the_snapshot(publishers: Publishers, partnership: Partnership) -> None:
    (snapshot,) = fetched(CMA, partnership)
    assert snapshot.published_at == "2022-10-26T12:30:00Z"
    assert snapshot.url.startswith("https://api.statcan.gc.ca/census-recensement/profile/sdmx/rest/data/STC_CP,DF_CMACA/A5.2021S0503521+")
    assert snapshot.sample


# The answer


def test_the_published_anchor_arrives(publishers: Publishers, partnership: Partnership) -> None:
    """Recent immigrants in the metropolitan area, 2021 census: 1,300 (Peterborough Examiner, 2022-10-27)."""
    world.refresh(partnership, CMA.name)
    assert figures(partnership, CMA)["2021S0503529"] == 1300
    assert {row["period"] for row in world.as_of(partnership, CMA)} == {"2021"}


def test_positions_are_read_whatever_their_order(publishers: Publishers, partnership: Partnership) -> None:
    """Lists in another order and dimensions in another order give the same figures."""
    told = answer(publishers, partnership)
    world.loaded(json.dumps(told).encode(), CMA, partnership)
    expected = world.as_of(partnership, CMA)
    structure, data = told["data"]["structures"][0], told["data"]["dataSets"][0]
    dimensions = structure["dimensions"]["series"]
    for one in dimensions:
        one["values"].reverse()
    order = [3, 1, 4, 0, 2]
    turned = {}
    for key, one in data["series"].items():
        places = [len(dimensions[at]["values"]) - 1 - int(part) for at, part in enumerate(key.split(":"))]
        turned[":".join(str(places[at]) for at in order)] = one
    structure["dimensions"]["series"] = [dimensions[at] for at in order]
    data["series"] = turned
    verdict = world.judged(json.dumps(told).encode(), CMA, partnership)
    assert verdict.outcome == "passed"
    result = staged(told, partnership)
    assert result.refusal is None
    world.loaded(json.dumps(told, indent=1).encode(), CMA, partnership)
    now = world.as_of(partnership, CMA)
    assert sorted(map(str, now)) == sorted(map(str, expected))


def test_an_answer_keyed_by_all_dimensions_is_read_too(publishers: Publishers, partnership: Partnership) -> None:
    told = answer(publishers, partnership)
    structure, data = told["data"]["structures"][0], told["data"]["dataSets"][0]
    structure["dimensions"]["observation"] = structure["dimensions"].pop("series") + structure["dimensions"]["observation"]
    structure["attributes"].pop("series")
    data["observations"] = {f"{key}:0": one["observations"]["0"] for key, one in data.pop("series").items()}
    told["data"]["structure"] = told["data"].pop("structures")[0]
    assert staged(told, partnership).refusal is None


@pytest.mark.parametrize(
    ("name", "contract", "place", "characteristic", "status"),
    [
        ("suppressed", "statcan_census_csd", "2021A00053515014", "1403", "x"),
        ("not applicable", "statcan_census_cd", "2021A00033515", "1403", "..."),
        ("not available", "statcan_census_pr", "2021A000011124", "1403", ".."),
        ("too unreliable", "statcan_census_cma", "2021S0503521", "1661", "F"),
    ],
)
def test_a_flag_is_a_typed_mark(
    name: str, contract: str, place: str, characteristic: str, status: str, publishers: Publishers, partnership: Partnership
) -> None:
    """Never 0, never an ordinary empty cell."""
    world.refresh(partnership, contract)
    rows = [r for r in world.as_of(partnership, read(contract)) if (r["place"], r["characteristic"]) == (place, characteristic)]
    assert [(row["figure"], row["status"]) for row in rows] == [(None, status)], name


def test_a_letter_stands_beside_its_number(publishers: Publishers, partnership: Partnership) -> None:
    csd = read("statcan_census_csd")
    world.refresh(partnership, csd.name)
    (row,) = [r for r in world.as_of(partnership, csd) if r["characteristic"] == "1479"]
    assert (row["figure"], row["status"], row["quality"]) == (20.8, "", 16)


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ({"id": "6"}, None, (None, "x", 0)),
        ({"id": "6", "name": "suppressed to meet the confidentiality requirements of the Statistics Act"}, None, (None, "x", 0)),
        ({"id": "x"}, None, (None, "x", 0)),
        ({"id": "4", "name": "F"}, "1300", (None, "F", 0)),
        ({"id": "7", "name": "rE"}, "1300", (1300, "", 80)),
        ({"id": "O", "name": "missing"}, None, (None, "..", 0)),
    ],
)
def test_flags_by_number_or_by_mark(
    flag: dict[str, str], value: str | None, expected: tuple[Any, ...], publishers: Publishers, partnership: Partnership
) -> None:
    told = answer(publishers, partnership)
    structure, data = told["data"]["structures"][0], told["data"]["dataSets"][0]
    attributes = structure["attributes"]["observation"]
    at = next(index for index, one in enumerate(attributes) if one["id"] == "FLAG")
    attributes[at]["values"].append(flag)
    key = _key(structure, REF_AREA="2021S0503529", CHARACTERISTIC=RECENT)
    cell = data["series"][key]["observations"]["0"]
    cell[0], cell[1 + at] = value, len(attributes[at]["values"]) - 1
    world.loaded(json.dumps(told).encode(), CMA, partnership)
    rows = [r for r in world.as_of(partnership, CMA) if (r["place"], r["characteristic"]) == ("2021S0503529", RECENT)]
    assert [(row["figure"], row["status"], row["quality"]) for row in rows] == [expected]


def test_a_cell_with_nothing_at_all_waits_in_quarantine(publishers: Publishers, partnership: Partnership) -> None:
    told = answer(publishers, partnership)
    key = _key(told["data"]["structures"][0], REF_AREA="2021S0503529", CHARACTERISTIC=RECENT)
    told["data"]["dataSets"][0]["series"][key]["observations"]["0"] = [None]
    verdict = world.judged(json.dumps(told).encode(), CMA, partnership)
    assert (verdict.outcome, verdict.rows_held) == ("held", 1)
    assert "no symbol that says why" in verdict.findings[0].sentence()


def _key(structure: dict[str, Any], **wanted: str) -> str:
    places = []
    for one in structure["dimensions"]["series"]:
        codes = [value["id"] for value in one["values"]]
        places.append(codes.index(wanted[one["id"]]) if one["id"] in wanted else 0)
    return ":".join(map(str, places))


# Ids and names


def test_a_number_with_another_name_stops_the_table_and_names_both(publishers: Publishers, partnership: Partnership) -> None:
    """S37: an id has changed its meaning before."""
    world.refresh(partnership, CMA.name)
    publishers._census.called[RECENT] = "      2011 to 2015"
    other = world.changed("statcan_census_cma", add="\n# asked anew below\n")
    verdict = world.judged(json.dumps(_fresh(publishers, partnership)).encode(), other, partnership)
    assert verdict.outcome == "blocked"
    (finding,) = verdict.findings
    assert finding.found == "characteristic 1522 is now called '2011 to 2015'"
    assert finding.expected == "'2016 to 2021'"
    assert "statcan_census_cma" in finding.fix
    assert figures(partnership, CMA)["2021S0503529"] == 1300


def _fresh(publishers: Publishers, partnership: Partnership) -> dict[str, Any]:
    path = partnership.home / "asked-anew"
    received = Transport().download(question(CMA, partnership), path)
    assert received is not None
    told: dict[str, Any] = json.loads(received.path.read_bytes())
    return told


@pytest.mark.parametrize("name", ["2016 to 2021", "      2016 to 2021 (179)", " 2016  to 2021 "])
def test_an_indent_or_the_number_of_a_note_is_no_other_name(name: str, publishers: Publishers, partnership: Partnership) -> None:
    publishers._census.called[RECENT] = name
    assert world.refresh(partnership, CMA.name)[CMA.name].outcome == "loaded"


def test_a_member_that_is_not_there_any_more_stops_the_table(publishers: Publishers, partnership: Partnership) -> None:
    told = answer(publishers, partnership)
    values = told["data"]["structures"][0]["dimensions"]["series"][3]["values"]
    next(value for value in values if value["id"] == RECENT)["id"] = "9999"
    assert staged(told, partnership).refusal[0] == "no characteristic 1522 '2016 to 2021'"


def test_a_place_that_is_not_there_is_told_and_the_others_are_loaded(publishers: Publishers, partnership: Partnership) -> None:
    """Whether Canada is an area of DF_PR is unconfirmed."""
    provinces = read("statcan_census_pr")
    del publishers._census.said["areas"]["2021A000011124"]
    line = world.refresh(partnership, provinces.name)[provinces.name]
    assert line.outcome == "loaded"
    assert [finding.found for finding in line.findings] == ["nothing about 2021A000011124"]
    assert set(figures(partnership, provinces)) == {"2021A000235"}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("another dimension", "something more: HOUSEHOLD"),
        ("a dimension less", "no dimension GENDER"),
        ("another attribute", "something more: CONF_STATUS"),
        ("an index beyond the list", "cannot be read"),
        ("no observations", "without observations"),
    ],
)
def test_an_answer_of_another_shape_is_refused(what: str, said: str, publishers: Publishers, partnership: Partnership) -> None:
    told = answer(publishers, partnership)
    structure, data = told["data"]["structures"][0], told["data"]["dataSets"][0]
    if what == "another dimension":
        structure["dimensions"]["dataSet"].append({"id": "HOUSEHOLD", "values": [{"id": "1"}]})
    elif what == "a dimension less":
        structure["dimensions"]["series"][2]["id"] = "FREQ"
    elif what == "another attribute":
        structure["attributes"]["observation"].append({"id": "CONF_STATUS", "values": []})
    elif what == "an index beyond the list":
        data["series"]["0:99:0:0:0"] = data["series"]["0:0:0:0:0"]
    else:
        data["series"] = {}
    refusal = staged(told, partnership).refusal
    assert refusal is not None
    assert said in refusal[0]


# The sample's own service


def test_the_sample_gives_lists_of_codes_to_who_accepts_them(publishers: Publishers) -> None:
    """JSON for one Accept header only, as the publisher does; anything that is no SDMX is not acceptable."""
    host = f"{publishers.url}/api.statcan.gc.ca/census-recensement/profile/sdmx/rest"
    accept = "application/vnd.sdmx.structure+json;version=1.0"
    with urlopen(HttpRequest(f"{host}/codelist/STC_CP/CL_CHARACTERISTIC", headers={"Accept": accept})) as told:
        codes = json.load(told)["data"]["codelists"][0]["codes"]
    assert {"id": RECENT, "name": "      2016 to 2021"} in codes
    with urlopen(HttpRequest(f"{host}/codelist/STC_CP/CL_CHARACTERISTIC")) as told:
        assert told.read().startswith(b"<?xml")
    asked_so = HttpRequest(f"{host}/data/STC_CP,DF_CMACA/A5.2021S0503529.1.1.1", headers={"Accept": "image/png"})
    with pytest.raises(HTTPError, match="406"):
        urlopen(asked_so)
