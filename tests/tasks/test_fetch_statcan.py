"""Statistics Canada: what changed is asked for, what is not out waits, and a file that lags behind its release is not taken for it."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from demo.publishers import Publishers
from expectations import Contract, read
from expectations.partnership import Partnership
from sql import clock
from sql.warehouse import is_begun
from tasks.fetch import NotData, NotYet, Snapshot, SourceUnavailable, Transport, fetch, store, wds
from tests import world

POPULATION = read("statcan_population_quarterly")
COMPONENTS = read("statcan_components_cma")
BOTH = (POPULATION, COMPONENTS)
ROOT = Path(__file__).parents[2]


def fetched(partnership: Partnership, *contracts: Contract) -> list[Snapshot]:
    """The new bytes that one run finds."""
    run, found = Transport(about=[contract.name for contract in contracts]), []
    for contract in contracts:
        before = len(new(partnership, contract))
        snapshots = fetch(contract, partnership, run)
        found += snapshots if len(new(partnership, contract)) > before else []
    return found


def new(partnership: Partnership, contract: Contract) -> list[str]:
    if not is_begun(partnership.home):
        return []
    return [outcome for outcome, _ in sightings(partnership, contract) if outcome == "new"]


def asked(publishers: Publishers, since: int = 0) -> list[str]:
    """What was asked for, by the last piece of each address."""
    return [seen.path.rsplit("/", 1)[-1] for seen in publishers.log[since:]]


def at(publishers: Publishers, monkeypatch: pytest.MonkeyPatch, moment: str) -> int:
    """Set the clock, ours and the publisher's, to a moment of Toronto; how many questions were asked before."""
    local = datetime.fromisoformat(moment).replace(tzinfo=clock.TORONTO)
    monkeypatch.setenv("OPENLIP_NOW", local.isoformat())
    publishers.clock(local)
    return len(publishers.log)


def sightings(partnership: Partnership, contract: Contract) -> list[tuple[str, str | None]]:
    return [
        (outcome, message)
        for outcome, message in world.ask(
            partnership, "select outcome, message from sighting where contract = :c order by id", c=contract.name
        )
    ]


def held(partnership: Partnership, contract: Contract = POPULATION) -> tuple[str, str | None]:
    """The sha256 and the release time of the newest snapshot."""
    row = store.last(partnership, contract)
    assert row is not None
    return row["sha256"], row["published_at"]


def renewed(publishers: Publishers, *, data: bytes = b"") -> bytes:
    """The zip of the population table built anew, with some more data in it."""
    return world.zipped("17100009", world.member(world.edition(publishers, "17100009")) + data)


# The lists of changes


def test_every_day_since_the_last_good_look_is_asked_once_for_all_tables(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Friday's look was the last; on Tuesday the lists of five days are asked, and nothing else."""
    at(publishers, monkeypatch, "2026-11-20T12:00")
    fetched(partnership, *BOTH)
    before = at(publishers, monkeypatch, "2026-11-24T12:00")
    assert fetched(partnership, *BOTH) == []
    assert sorted(asked(publishers, before)) == [f"2026-11-{day}" for day in range(20, 25)]
    before = at(publishers, monkeypatch, "2026-11-25T12:00")
    fetched(partnership, *BOTH)
    assert sorted(asked(publishers, before)) == ["2026-11-24", "2026-11-25"]


def test_a_release_on_a_missed_day_is_found(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    at(publishers, monkeypatch, "2026-11-19T12:00")
    fetched(partnership, *BOTH)
    publishers.release(17100009, "2026-11-20T08:30", renewed(publishers, data=b"\n"))
    before = at(publishers, monkeypatch, "2026-11-24T12:00")
    (snapshot,) = fetched(partnership, *BOTH)
    assert (snapshot.contract, snapshot.published_at) == (POPULATION.name, "2026-11-20T13:30:00Z")
    assert asked(publishers, before).count("getCubeMetadata") == 1
    assert asked(publishers, before)[-1] == "17100009-eng.zip"


def test_a_release_that_we_hold_is_not_asked_about_again(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of the day still names the table in the afternoon, with the time that we have."""
    publishers.release(17100009, "2026-11-20T08:30", renewed(publishers, data=b"\n"))
    at(publishers, monkeypatch, "2026-11-20T08:45")
    fetched(partnership, POPULATION)
    before = at(publishers, monkeypatch, "2026-11-20T16:00")
    assert fetched(partnership, POPULATION) == []
    assert asked(publishers, before) == ["2026-11-20"]


@pytest.mark.parametrize("nested", [True, False])
def test_lists_are_read_nested_and_flat(nested: bool, publishers: Publishers, partnership: Partnership) -> None:
    """S21."""
    items = [{"responseStatusCode": 0, "productId": 17100009, "releaseTime": "2026-11-20T08:30"}, {"productId": 1, "releaseTime": None}]
    body = {"status": "SUCCESS", "object": [items] if nested else items}
    publishers.replace("getChangedCubeList", json.dumps(body).encode())
    found = wds.Service(Transport()).changed(clock.today())
    assert found == {"17100009": "2026-11-20T13:30:00Z", "1": wds.UNREADABLE}


@pytest.mark.parametrize("said", [{"status": "FAILED", "object": "no"}, {"status": "SUCCESS", "object": {"responseStatusCode": 1}}, []])
def test_a_list_that_is_refused_sends_us_to_the_table(said: object, publishers: Publishers, partnership: Partnership) -> None:
    """A list that says no is not an empty list."""
    fetched(partnership, POPULATION)
    before = len(publishers.log)
    publishers.replace("getChangedCubeList", json.dumps(said).encode())
    assert fetched(partnership, POPULATION) == []
    assert asked(publishers, before)[1:] == ["getCubeMetadata"]
    assert sightings(partnership, POPULATION)[-1] == ("unchanged", "release time compared")


def test_a_list_that_does_not_come_sends_us_to_the_table(publishers: Publishers, partnership: Partnership) -> None:
    fetched(partnership, *BOTH)
    before = len(publishers.log)
    publishers.always("getChangedCubeList", "500")
    assert fetched(partnership, *BOTH) == []
    assert asked(publishers, before) == ["2026-11-22"] * 4 + ["getCubeMetadata"]


# The weekly compare


def test_once_a_week_all_tables_are_compared_in_one_question(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks that went well every day do not put off the compare; after it the lists are trusted again."""
    at(publishers, monkeypatch, "2026-11-09T12:00")
    fetched(partnership, *BOTH)
    for day in range(10, 16):
        before = at(publishers, monkeypatch, f"2026-11-{day}T12:00")
        fetched(partnership, *BOTH)
        assert "getCubeMetadata" not in asked(publishers, before)
    before = at(publishers, monkeypatch, "2026-11-16T12:00")
    fetched(partnership, *BOTH)
    assert asked(publishers, before) == ["getCubeMetadata"]
    before = at(publishers, monkeypatch, "2026-11-17T12:00")
    fetched(partnership, *BOTH)
    assert sorted(asked(publishers, before)) == ["2026-11-16", "2026-11-17"]


def test_a_release_that_no_list_named_is_found_by_the_compare(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S24: a revision without a new last period, on a day whose list was empty."""
    at(publishers, monkeypatch, "2026-11-09T12:00")
    fetched(partnership, POPULATION)
    publishers.release(17100009, "2026-11-05T08:30", renewed(publishers, data=b"\n"))
    at(publishers, monkeypatch, "2026-11-15T12:00")
    assert fetched(partnership, POPULATION) == []
    at(publishers, monkeypatch, "2026-11-16T12:00")
    assert [snapshot.published_at for snapshot in fetched(partnership, POPULATION)] == ["2026-11-05T13:30:00Z"]


# Batches


def test_the_tables_of_a_first_run_are_asked_about_together(publishers: Publishers, partnership: Partnership) -> None:
    assert len(fetched(partnership, *BOTH)) == 2
    assert asked(publishers).count("getCubeMetadata") == 1


def test_one_table_that_is_not_known_leaves_the_others(publishers: Publishers, partnership: Partnership) -> None:
    """S17: FAILED inside a batch, at any place of it."""
    publishers.fail("getCubeMetadata", "first_failed")
    run = Transport(about=[contract.name for contract in BOTH])
    with pytest.raises(NotData, match="knows no table 17100009: The cube product ID 17100009 does not exist"):
        fetch(POPULATION, partnership, run)
    assert len(fetch(COMPONENTS, partnership, run)) == 1
    assert asked(publishers).count("getCubeMetadata") == 1


def test_a_batch_that_is_refused_as_a_whole_is_asked_one_by_one(publishers: Publishers, partnership: Partnership) -> None:
    """S18: perhaps one number offends; the words of the publisher are shown, and no question is asked twice."""
    publishers.fail("getCubeMetadata", "406", "406")
    run = Transport(about=[contract.name for contract in BOTH])
    with pytest.raises(NotData, match=r"getCubeMetadata answered 406: ProductId value must be 8 numbers long\. Check"):
        fetch(POPULATION, partnership, run)
    assert len(fetch(COMPONENTS, partnership, run)) == 1
    assert asked(publishers).count("getCubeMetadata") == 3


def test_a_batch_has_no_more_than_three_hundred_items(publishers: Publishers) -> None:
    """The loopback refuses more, as the publisher does."""
    service = wds.Service(Transport())
    others = [str(number) for number in range(91000000, 91000400)]
    assert str(service.cube("17100009", lambda: others)["productId"]) == "17100009"
    assert len(publishers.log) == 1
    with pytest.raises(NotData, match="knows no table 91000399"):
        service.cube("91000399")


def test_an_answer_is_told_from_the_others_by_its_number_or_its_place() -> None:
    """The order of the envelopes is not promised; a FAILED one bears its number in a sentence, or not at all."""

    def good(number: object) -> dict[str, object]:
        return {"status": "SUCCESS", "object": {"productId": number, "responseStatusCode": 0}}

    named = {"status": "FAILED", "object": "The cube product ID 22222222 does not exist"}
    bare = {"status": "FAILED", "object": "Invalid"}
    three = ["11111111", "22222222", "33333333"]
    assert wds._shared_out([good(33333333), named, good("11111111")], three) == dict(
        zip(three, [good("11111111"), named, good(33333333)], strict=True)
    )
    assert wds._shared_out([good(11111111), bare, good(33333333)], three)["22222222"] == bare
    assert wds._shared_out([good(11111111), good(33333333)], three)["22222222"] is None
    assert wds._shared_out(None, three) == dict.fromkeys(three)
    assert wds._shared_out([good(3333333301)], three)["33333333"] == good(3333333301)


def test_a_table_that_the_answer_leaves_out(publishers: Publishers, partnership: Partnership) -> None:
    publishers.replace("getCubeMetadata", b"[]")
    with pytest.raises(SourceUnavailable, match=r"said nothing of table 17100009 in its answer\. The last good figures stay in force"):
        fetched(partnership, POPULATION)


@pytest.mark.parametrize(
    "link", ["https://example.org/n1/tbl/csv/17100009-eng.zip", "http://www150.statcan.gc.ca/n1/tbl/csv/17100009-eng.zip"]
)
def test_a_link_to_another_place_is_not_followed(link: str, publishers: Publishers, partnership: Partnership) -> None:
    """S19."""
    publishers.replace("getFullTableDownloadCSV", json.dumps({"status": "SUCCESS", "object": link}).encode())
    with pytest.raises(NotData, match="gives no full table for 17100009"):
        fetched(partnership, POPULATION)
    assert "17100009-eng.zip" not in asked(publishers)


def test_the_french_zip_is_asked_for_by_a_contract_that_says_so(publishers: Publishers, partnership: Partnership) -> None:
    french = world.changed(POPULATION.name, ("table: 17-10-0009-01", "table: 17-10-0009-01, language: fr"))
    (snapshot,) = fetched(partnership, french)
    assert snapshot.url.endswith("17100009-fra.zip")


# Half past eight


CLOCKS = [
    ("2026-07-15", "12:30:00Z"),  # a Wednesday in summer
    ("2026-11-05", "13:30:00Z"),  # a Thursday in winter
    ("2026-03-08", "12:30:00Z"),  # the clocks went forward in the night
    ("2026-11-01", "13:30:00Z"),  # the clocks went back in the night
]


@pytest.mark.parametrize(("day", "utc"), CLOCKS)
def test_nothing_is_asked_for_before_half_past_eight_of_a_release_day(
    day: str, utc: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S22, S23: announced without a zone, that is Toronto's; the zip has been there since the night, and nobody asks for it."""
    publishers.release(17100009, f"{day}T08:30", renewed(publishers, data=b"\n"))
    at(publishers, monkeypatch, f"{day}T08:29")
    with pytest.raises(NotYet, match=f"is announced for {day}T{utc}"):
        fetched(partnership, POPULATION)
    assert asked(publishers) == ["getCubeMetadata"]
    assert [outcome for outcome, _ in sightings(partnership, POPULATION)] == ["not_yet"]
    at(publishers, monkeypatch, f"{day}T08:31")
    assert [snapshot.published_at for snapshot in fetched(partnership, POPULATION)] == [f"{day}T{utc}"]


@pytest.mark.parametrize(("day", "utc"), CLOCKS)
def test_a_new_release_of_a_table_we_hold_is_seen_at_half_past_eight(
    day: str, utc: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S16: at 08:29 the list of the day answers 409 and nothing has changed; at 08:31 it names the table."""
    publishers.release(17100009, "2025-12-17T08:30")
    before = date.fromisoformat(day) - timedelta(days=3)
    at(publishers, monkeypatch, f"{before}T09:00")
    fetched(partnership, POPULATION)
    publishers.release(17100009, f"{day}T08:30", renewed(publishers, data=b"\n"))
    since = at(publishers, monkeypatch, f"{day}T08:29")
    assert fetched(partnership, POPULATION) == []
    assert sorted(asked(publishers, since)) == [str(before + timedelta(days=n)) for n in range(4)]
    assert publishers.log[-1].status == 409
    assert sightings(partnership, POPULATION)[-1][0] == "unchanged"
    at(publishers, monkeypatch, f"{day}T08:31")
    publishers._statcan.now = None  # no list of a Sunday would name a table
    assert [snapshot.published_at for snapshot in fetched(partnership, POPULATION)] == [f"{day}T{utc}"]


def test_the_night_build_is_not_taken_for_the_release_before(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S23: at six the metadata are still the old ones, and the zip is that of this morning's release: no data before half past eight."""
    publishers.replace("17100009-eng.zip", renewed(publishers, data=b"\n"))
    at(publishers, monkeypatch, "2026-11-05T06:00")
    with pytest.raises(NotYet, match=r"opens its tables at 08:30 Toronto time\. It is asked for again at the next run"):
        fetched(partnership, POPULATION)
    assert asked(publishers) == ["getCubeMetadata"]
    at(publishers, monkeypatch, "2026-11-07T06:00")  # a Saturday: nothing is built for release
    assert len(fetched(partnership, POPULATION)) == 1


def test_the_loopback_keeps_its_own_hours(publishers: Publishers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks too early is answered as the publisher would: 409 for the list of the day and for the zip."""
    publishers.release(17100009, "2026-11-05T08:30", b"PK")
    link = "https://www150.statcan.gc.ca/n1/tbl/csv/17100009-eng.zip"
    at(publishers, monkeypatch, "2026-11-05T08:29")
    for ask in (lambda: Transport().download(link, tmp_path / "snapshots"), lambda: wds.Service(Transport()).changed(clock.today())):
        with pytest.raises(NotYet, match=r"Nothing yet: .* says that the release is not out yet"):
            ask()
    at(publishers, monkeypatch, "2026-11-05T08:30")
    assert Transport().download(link, tmp_path / "snapshots") is not None
    assert "17100009" in wds.Service(Transport()).changed(clock.today())


def test_a_time_with_a_zone_means_what_it_says(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """S22: the inventory gives Z, the metadata none; both are the same moment, so nothing is fetched again."""
    publishers.release(17100009, "2026-10-30T08:30")
    at(publishers, monkeypatch, "2026-10-30T09:00")
    fetched(partnership, POPULATION)
    publishers.release(17100009, "2026-10-30T12:30:00Z")
    before = at(publishers, monkeypatch, "2026-11-07T09:00")
    assert fetched(partnership, POPULATION) == []
    assert asked(publishers, before) == ["getCubeMetadata"]


# A zip that lags behind


@pytest.mark.parametrize("built_again", [False, True])
def test_a_zip_that_is_not_renewed_yet_is_not_the_new_release(
    built_again: bool, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S23: one to three hours after half past eight the zip may be the old one, by its bytes or by what it holds."""
    fetched(partnership, POPULATION)
    old = held(partnership)
    publishers.release(17100009, "2026-11-24T08:30", renewed(publishers) if built_again else None)
    for moment in ("2026-11-24T08:45", "2026-11-25T08:45"):
        at(publishers, monkeypatch, moment)
        with pytest.raises(NotYet, match=r"listed as released at 2026-11-24T13:30:00Z, but its file is not renewed yet"):
            fetched(partnership, POPULATION)
        assert held(partnership) == old
    publishers.replace("17100009-eng.zip", renewed(publishers, data=b"\n"))
    at(publishers, monkeypatch, "2026-11-25T11:45")
    (snapshot,) = fetched(partnership, POPULATION)
    assert snapshot.published_at == "2026-11-24T13:30:00Z"
    assert snapshot.sha256 != old[0]
    assert [outcome for outcome, _ in sightings(partnership, POPULATION)] == ["new", "not_yet", "not_yet", "new"]
    assert list((partnership.home / "partial").iterdir()) == []


def test_a_zip_that_is_the_same_is_asked_for_conditionally(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched(partnership, POPULATION)
    publishers.release(17100009, "2026-11-24T08:30")
    before = at(publishers, monkeypatch, "2026-11-24T08:45")
    with pytest.raises(NotYet):
        fetched(partnership, POPULATION)
    assert [seen.status for seen in publishers.log[before:] if seen.path.endswith(".zip")] == [304]


@pytest.mark.parametrize("built_again", [False, True])
def test_a_release_without_new_data_is_no_new_vintage(
    built_again: bool, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two days later the same data are what was released: the time is noted, and there is nothing to stage."""
    fetched(partnership, POPULATION)
    sha256, _ = held(partnership)
    publishers.release(17100009, "2026-11-24T08:30", renewed(publishers) if built_again else None)
    at(publishers, monkeypatch, "2026-11-26T08:45")
    assert fetched(partnership, POPULATION) == []
    assert held(partnership) == (sha256, "2026-11-24T13:30:00Z")
    before = at(publishers, monkeypatch, "2026-11-26T12:00")
    fetched(partnership, POPULATION)
    assert asked(publishers, before) == ["2026-11-26"]


def test_a_release_without_new_data_is_not_parsed(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.refresh(partnership, POPULATION.name)
    publishers.release(17100009, "2026-11-24T08:30", renewed(publishers))
    at(publishers, monkeypatch, "2026-11-26T08:45")
    assert fetched(partnership, POPULATION) == []
    assert len(world.ask(partnership, "select 1 from release where contract = :c", c=POPULATION.name)) == 1


def test_refused_bytes_are_asked_for_again_and_not_sent_twice(publishers: Publishers, partnership: Partnership) -> None:
    """A zip that did not pass is not "unchanged"; as long as the publisher has no other, a question costs no transfer."""
    publishers.replace("17100009-eng.zip", b"PK no zip at all")
    assert world.refresh(partnership, POPULATION.name)[POPULATION.name].outcome == "blocked"
    before = len(publishers.log)
    assert fetched(partnership, POPULATION) == []
    assert [seen.status for seen in publishers.log[before:]] == [200, 200, 304]


# Cost


def test_forty_tables_with_nothing_new_cost_little(publishers: Publishers, partnership: Partnership) -> None:
    """One question for all of them, and less than two seconds of our own work."""
    contracts = [POPULATION.model_copy(update={"name": f"table_{number:02}"}) for number in range(40)]
    fetched(partnership, *contracts)
    before, began = len(publishers.log), time.process_time()
    fetched(partnership, *contracts)
    assert time.process_time() - began < 2
    assert asked(publishers, before) == ["2026-11-22"]


# Never


def test_a_method_that_answers_about_other_tables_is_used_nowhere() -> None:
    """S20: getChangedSeriesDataFromCubePidCoord does not heed the product it is asked about."""
    name = "getChangedSeriesData" + "FromCubePidCoord"
    folders = ["flows", "tasks", "sql", "expectations", "demo", "briefs", "benchmarks"]
    found = subprocess.run(["grep", "-rlI", name, *folders], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, "")
