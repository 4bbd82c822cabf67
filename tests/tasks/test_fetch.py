"""Fetching: the publisher's bytes and nothing else, as seldom and as politely as can be, and a plain word when it fails."""

from __future__ import annotations

import hashlib
import ssl
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from demo.publishers import Publishers
from expectations import Contract, read
from expectations.partnership import Partnership
from sql import clock, ledger
from tasks import Misuse
from tasks.fetch import NotData, NotYet, Snapshot, SourceUnavailable, Transport, fetch, store, tls, transport
from tests import world

POPULATION = read("statcan_population_quarterly")
COMPONENTS = read("statcan_components_cma")
RESIDENTS = read("ircc_pr_cma")
FILES = {
    "statcan_population_quarterly": "17100009",
    "statcan_components_cma": "17100149",
    "ircc_pr_cma": "ODP-PR-PT_CMA.csv",
    "ircc_pgwp_cma": "ODP-WP-PGWP-Province-CMA.csv",
}


def fetched(contract: Contract, partnership: Partnership) -> list[Snapshot]:
    return fetch(contract, partnership, Transport())


def asked(publishers: Publishers, part: str) -> list[int]:
    """The status of every answer to an address that contains `part`."""
    return [seen.status for seen in publishers.log if part in seen.path]


def sightings(partnership: Partnership, contract: Contract) -> list[str]:
    return [row[0] for row in world.ask(partnership, "select outcome from sighting where contract = :c order by id", c=contract.name)]


# Bytes


@pytest.mark.parametrize("name", FILES)
def test_the_snapshot_is_what_the_publisher_sent(name: str, publishers: Publishers, partnership: Partnership) -> None:
    """The store holds the bytes unchanged under their sha256, with where, when, and the publisher's release time."""
    (snapshot,) = fetched(read(name), partnership)
    sent = world.edition(publishers, FILES[name])
    kept = (store.folder(partnership.home) / snapshot.file).read_bytes()
    assert kept == sent
    assert (snapshot.sha256, snapshot.bytes) == (hashlib.sha256(sent).hexdigest(), len(sent))
    assert snapshot.fetched_at == "2026-11-22T17:00:00Z"
    assert snapshot.sample
    assert snapshot.url.startswith("https://")


def test_release_times_are_torontos_or_what_their_zone_says(publishers: Publishers, partnership: Partnership) -> None:
    """S22: one table was released in summer, one in winter, both at half past eight; CKAN's times are Greenwich's."""
    times = {name: fetched(read(name), partnership)[0].published_at for name in FILES}
    assert times == {
        "statcan_population_quarterly": "2026-09-23T12:30:00Z",
        "statcan_components_cma": "2026-01-14T13:30:00Z",
        "ircc_pr_cma": "2026-11-13T14:05:00Z",
        "ircc_pgwp_cma": "2026-03-27T13:40:00Z",
    }


def test_every_request_says_who_asks(publishers: Publishers, partnership: Partnership) -> None:
    world.refresh(partnership, *world.PUBLIC)
    assert {seen.user_agent for seen in publishers.log} == {transport.USER_AGENT}


# Nothing new


def test_an_unchanged_table_is_neither_downloaded_nor_parsed(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second refresh stages nothing, downloads no zip, and gets 304 for the files with an ETag."""
    world.refresh(partnership)
    first = len(publishers.log)
    stagings: list[Path] = []
    monkeypatch.setattr("tasks.stage.Staging", lambda path, _contract: stagings.append(path))
    world.later(monkeypatch, "2026-11-23T17:00:00")
    again = world.refresh(partnership)
    assert {line.outcome for line in again.values()} == {"unchanged"}
    assert stagings == []
    later = publishers.log[first:]
    assert not [seen for seen in later if "/tbl/csv/" in seen.path]
    files = sorted(read(name).source.resource for name in world.PUBLIC if read(name).source.resource.endswith(".csv"))
    assert sorted((seen.path.rsplit("/", 1)[-1], seen.status) for seen in later if ".csv" in seen.path) == [(file, 304) for file in files]


def test_the_lists_of_changes_are_asked_once_a_run_for_each_day(publishers: Publishers, partnership: Partnership) -> None:
    """S21: flat or nested, one list serves every table of the run; only while they are fresh are they trusted."""
    world.refresh(partnership, "statcan_population_quarterly", "statcan_components_cma")
    before = len(publishers.log)
    world.refresh(partnership, "statcan_population_quarterly", "statcan_components_cma")
    assert [seen.path.rsplit("/", 1)[-1] for seen in publishers.log[before:]] == ["2026-11-22"]


def test_after_a_week_the_table_itself_is_asked(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """S23: compare releaseTime; a table whose time has not moved is unchanged, whatever the lists say."""
    world.refresh(partnership, POPULATION.name)
    before = len(publishers.log)
    publishers.today = publishers._statcan.today = clock.today().replace(month=12)
    world.later(monkeypatch, "2026-12-22T17:00:00")
    assert world.refresh(partnership, POPULATION.name)[POPULATION.name].outcome == "unchanged"
    assert [seen.path.rsplit("/", 1)[-1] for seen in publishers.log[before:]] == ["getCubeMetadata"]
    assert sightings(partnership, POPULATION) == ["new", "unchanged"]


def test_the_evening_of_the_first_fetch_is_still_the_same_day(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight in the evening in Toronto is tomorrow in Greenwich: the list of today is asked all the same."""
    world.later(monkeypatch, "2026-11-23T00:30:00")
    world.refresh(partnership, POPULATION.name)
    before = len(publishers.log)
    world.later(monkeypatch, "2026-11-23T01:30:00")
    world.refresh(partnership, POPULATION.name)
    assert [seen.path.rsplit("/", 1)[-1] for seen in publishers.log[before:]] == ["2026-11-22"]


def test_a_revision_without_a_new_period_is_fetched(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S24: the release time moved and the last period did not."""
    world.refresh(partnership, POPULATION.name)
    world.later(monkeypatch, "2026-11-22T18:00:00")
    cube = dict(publishers._statcan.metadata["17100009"]) | {"releaseTime": "2026-11-22T08:30"}
    publishers.metadata("17100009", cube)
    publishers.replace("17100009-eng.zip", world.zipped("17100009", world.member(world.edition(publishers, "17100009")) + b"\n"))
    (snapshot,) = fetched(POPULATION, partnership)
    assert snapshot.published_at == "2026-11-22T13:30:00Z"


def test_the_same_bytes_under_a_new_release_time_are_not_parsed(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher released a table again without changing a byte: two days later the new time is noted, nothing is staged."""
    world.refresh(partnership, POPULATION.name)
    world.later(monkeypatch, "2026-11-24T18:00:00")
    publishers.metadata("17100009", dict(publishers._statcan.metadata["17100009"]) | {"releaseTime": "2026-11-22T08:30"})
    assert fetched(POPULATION, partnership) == []
    row = store.last(partnership, POPULATION)
    assert row is not None
    assert row["published_at"] == "2026-11-22T13:30:00Z"


@pytest.mark.parametrize("clock_stands", [True, False])
def test_a_b_a_are_three_snapshots_and_three_releases(
    clock_stands: bool, warehouse: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that goes back to what it was is news, even when all of it happens within one second."""
    first = world.edition(publishers, "ODP-PR-PT_CMA.csv")
    found = []
    for number in range(3):
        if not clock_stands:
            world.later(monkeypatch, f"2026-11-22T1{number}:00:00")
        if number == 1:
            publishers.restate()
        if number == 2:
            publishers.replace("ODP-PR-PT_CMA.csv", first)
        found.append(world.refresh(partnership, "place_labels", RESIDENTS.name)[RESIDENTS.name])
    assert [line.changed for line in found] == [0, 1, 1]
    assert len(world.ask(partnership, "select release from release where contract = 'ircc_pr_cma'")) == 3
    snapshots = world.ask(partnership, "select sha256 from snapshot where contract = 'ircc_pr_cma' order by fetched_at")
    assert len(snapshots) == (2 if clock_stands else 3)
    assert fetched(RESIDENTS, partnership) == []


def test_a_changed_contract_judges_old_bytes_anew(publishers: Publishers, partnership: Partnership) -> None:
    """Nothing is downloaded, and the bytes in the store are staged under the new contract."""
    world.refresh(partnership, RESIDENTS.name)
    changed = world.changed(RESIDENTS.name, ("max: 100000", "max: 99999"))
    before = len(asked(publishers, ".csv"))
    assert [snapshot.sha256 for snapshot in fetched(changed, partnership)] == [
        hashlib.sha256(world.edition(publishers, "ODP-PR-PT_CMA.csv")).hexdigest()
    ]
    assert asked(publishers, ".csv")[before:] == [304]


# Not yet


@pytest.mark.parametrize(
    ("at", "out"),
    [
        ("2026-11-05T13:29:59", False),
        ("2026-11-05T13:30:00", True),
    ],
)
def test_a_table_under_embargo_waits(
    at: str, out: bool, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S23: zips are built in the night before 08:30 Toronto time; nothing is fetched before the second it is released."""
    world.later(monkeypatch, at)
    publishers.metadata("17100009", dict(publishers._statcan.metadata["17100009"]) | {"releaseTime": "2026-11-05T08:30"})
    if out:
        assert len(fetched(POPULATION, partnership)) == 1
        return
    with pytest.raises(NotYet, match=r"17-10-0009-01 is announced for 2026-11-05T13:30:00Z"):
        fetched(POPULATION, partnership)
    assert not asked(publishers, ".zip")
    assert sightings(partnership, POPULATION) == ["not_yet"]


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("getCubeMetadata", "409"),
        ("getCubeMetadata", "being_published"),
        ("getFullTableDownloadCSV", "being_published"),
        ("getFullTableDownloadCSV", "409"),
        ("17100009-eng.zip", "409"),
    ],
)
def test_what_is_not_out_yet_is_no_error(part: str, fault: str, publishers: Publishers, partnership: Partnership) -> None:
    """S16, S17: 409 before half past eight and "being published" mean: ask again at the next run, and then it is there."""
    publishers.fail(part, fault)
    line = world.refresh(partnership, POPULATION.name)[POPULATION.name]
    assert (line.outcome, line.is_bad) == ("not_yet", False)
    assert "asked for again at the next run" in line.message
    assert sightings(partnership, POPULATION) == ["not_yet"]
    assert world.refresh(partnership, POPULATION.name)[POPULATION.name].outcome == "loaded"


@pytest.mark.parametrize("fault", ["409", "being_published"])
def test_a_list_of_changes_that_is_not_out_yet_stops_nothing(fault: str, publishers: Publishers, partnership: Partnership) -> None:
    """S16: on a weekend evening the list of the day answers 409; the table is what it was."""
    world.refresh(partnership, POPULATION.name)
    publishers.fail("getChangedCubeList", fault)
    assert world.refresh(partnership, POPULATION.name)[POPULATION.name].outcome == "unchanged"


# Not there, or not data


@pytest.mark.parametrize(
    ("table", "said"),
    [("99-10-0009-01", "The cube product ID 99100009 does not exist"), ("17-10-9999-01", "answered code 5 for table 17109999")],
)
def test_both_ways_to_say_not_found(table: str, said: str, publishers: Publishers, partnership: Partnership) -> None:
    """S17, S19: FAILED with 200, and SUCCESS with a code; the link that is given for any number is never asked for."""
    contract = world.changed(POPULATION.name, ("17-10-0009-01", table))
    with pytest.raises(NotData, match=said) as refused:
        fetched(contract, partnership)
    assert "Check `table` in the contract" in str(refused.value)
    assert not asked(publishers, "getFullTableDownloadCSV")
    assert sightings(partnership, contract) == ["refused"]


def test_a_file_the_package_does_not_list(publishers: Publishers, partnership: Partnership) -> None:
    contract = world.changed(RESIDENTS.name, ("ODP-PR-PT_CMA.csv", "ODP-PR-CMA.csv"))
    with pytest.raises(NotData, match=r"lists no file ODP-PR-CMA\.csv\. Check `resource`"):
        fetched(contract, partnership)


def test_a_package_nobody_knows(publishers: Publishers, partnership: Partnership) -> None:
    contract = world.changed(RESIDENTS.name, ("f7e5498e", "00000000"))
    with pytest.raises(NotData, match=r"package_show\?id=00000000.* answered 404"):
        fetched(contract, partnership)


@pytest.mark.parametrize(
    ("contract", "part"),
    [
        (RESIDENTS, "ODP-PR-PT_CMA.csv"),
        (RESIDENTS, "package_show"),
        (POPULATION, "getCubeMetadata"),
        (POPULATION, "getFullTableDownloadCSV"),
        (POPULATION, "17100009-eng.zip"),
    ],
    ids=["file", "package", "metadata", "link", "zip"],
)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("html200", "answered with a web page, not with data"),
        ("empty", r"answered 0 bytes"),
        ("cloudflare403", "answered 403: an error page"),
    ],
)
def test_what_is_not_data_is_not_kept(
    fault: str, said: str, contract: Contract, part: str, publishers: Publishers, partnership: Partnership
) -> None:
    """S15, S27: a page that says 200, an empty body, a challenge: refused in one sentence, asked once, nothing stored."""
    publishers.always(part, fault)
    with pytest.raises(NotData, match=said) as refused:
        fetched(contract, partnership)
    assert part in str(refused.value)
    assert len(asked(publishers, part)) == 1
    assert sightings(partnership, contract) == ["refused"]
    assert [path for path in store.folder(partnership.home).rglob("*") if path.is_file()] == []
    publishers.heal()
    assert len(fetched(contract, partnership)) == 1


# Breaking off, busy, hanging


@pytest.mark.parametrize("part", ["ODP-PR-PT_CMA.csv", "package_show"])
def test_a_broken_transfer_is_tried_again(part: str, publishers: Publishers, partnership: Partnership) -> None:
    """A connection that is cut in the middle of the body is no short file: the whole is fetched again."""
    publishers.fail(part, "cut", "cut", "cut")
    (snapshot,) = fetched(RESIDENTS, partnership)
    assert snapshot.bytes == len(world.edition(publishers, "ODP-PR-PT_CMA.csv"))
    assert len(asked(publishers, part)) == 4


@pytest.mark.parametrize("part", ["ODP-PR-PT_CMA.csv", "package_show"])
def test_what_breaks_off_again_and_again_is_given_up(part: str, publishers: Publishers, partnership: Partnership) -> None:
    publishers.always(part, "cut")
    with pytest.raises(SourceUnavailable, match=r"broke off .*4 times\. The last good figures stay in force"):
        fetched(RESIDENTS, partnership)
    assert len(asked(publishers, part)) == 4
    assert sightings(partnership, RESIDENTS) == ["unreachable"]
    assert [path for path in store.folder(partnership.home).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("fault", ["429", "500", "html503"])
def test_a_busy_server_is_asked_a_few_times_and_left_alone(
    fault: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times in all, after growing pauses or the pause the server asks for, and some more by chance; then nothing changes."""
    pauses: list[float] = []
    monkeypatch.setattr("tasks.fetch.transport.time.sleep", pauses.append)
    publishers.always("getCubeMetadata", fault)
    with pytest.raises(SourceUnavailable, match=rf"answered {fault[-3:]}, 4 times\. The last good figures stay in force"):
        fetched(POPULATION, partnership)
    assert asked(publishers, "getCubeMetadata") == [int(fault[-3:])] * 4
    waits = [pause for pause in pauses if pause > 0]
    least = [1.0, 1.0, 1.0] if fault == "429" else [0.1, 0.2, 0.3]
    assert len(waits) == len(least)
    assert all(base <= wait <= 1.5 * base for base, wait in zip(least, waits, strict=True))


def test_a_busy_server_that_recovers(publishers: Publishers, partnership: Partnership) -> None:
    publishers.fail("getCubeMetadata", "html503", "500")
    assert len(fetched(POPULATION, partnership)) == 1


def test_a_hang_ends(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """S27: a server that never answers is given up after the time-out, twice."""
    monkeypatch.setattr(transport, "SAMPLE_TIMEOUTS", (0.2, 0.2))
    publishers.always("getCubeMetadata", "hang")
    with pytest.raises(SourceUnavailable, match=r"gave no answer in time \(ReadTimeout\), 2 times"):
        fetched(POPULATION, partnership)
    assert len(asked(publishers, "getCubeMetadata")) == 2


def test_nobody_there(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIP_PUBLISHERS", "http://127.0.0.1:9")
    monkeypatch.setattr("tasks.fetch.transport.time.sleep", lambda _seconds: None)
    with pytest.raises(SourceUnavailable, match=r"could not be reached \(ConnectionError\), 4 times"):
        fetched(POPULATION, partnership)
    assert sightings(partnership, POPULATION) == ["unreachable"]


def test_requests_to_a_publisher_keep_their_distance(environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds for www150, twenty for open.canada.ca, one for others; the first request waits for nothing."""
    now, pauses = [1000.0], []

    def sleep(seconds: float) -> None:
        pauses.append(round(seconds, 3))
        now[0] += seconds

    monkeypatch.setattr("tasks.fetch.transport.time.monotonic", lambda: now[0])
    monkeypatch.setattr("tasks.fetch.transport.time.sleep", sleep)
    polite = Transport()
    for host in ("www150.statcan.gc.ca", "www150.statcan.gc.ca", "open.canada.ca", "open.canada.ca", "example.org", "example.org"):
        polite._wait(host)
    assert pauses == [0, 2.0, 0, 20.0, 0, 1.0]
    now[0] += 100
    polite._wait("open.canada.ca")
    assert pauses[-1] == 0


def test_tries_again_keep_their_distance_too(environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher that answers 503 is not asked again before its own distance has passed."""
    now, at = [1000.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    class Busy:
        status_code = 503
        url = "https://open.canada.ca/"

        def __init__(self) -> None:
            self.headers: dict[str, str] = {}

        def close(self) -> None:
            pass

    monkeypatch.setattr("tasks.fetch.transport.time.monotonic", lambda: now[0])
    monkeypatch.setattr("tasks.fetch.transport.time.sleep", sleep)
    asking = Transport()

    def answer(*_: Any, **__: Any) -> Busy:
        at.append(now[0])
        return Busy()

    monkeypatch.setattr(asking.session, "request", answer)
    with pytest.raises(SourceUnavailable, match="answered 503, 4 times"):
        asking.json("https://open.canada.ca/data/api/3/action/package_show?id=x")
    assert len(at) == 4
    assert min(later - earlier for earlier, later in pairwise(at)) >= 20.0


# TLS


def test_the_tls_context_offers_what_it_is_told_to(environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """S28: some networks let a hello hang that offers http/1.1 alone; OPENLIP_TLS_ALPN sets another list, `none` offers none."""
    offered: list[list[str]] = []
    monkeypatch.setattr(ssl.SSLContext, "set_alpn_protocols", lambda _self, protocols: offered.append(protocols))
    for setting in ("", "h2,http/1.1", "none"):
        environment.setenv("OPENLIP_TLS_ALPN", setting)
        tls.context().set_alpn_protocols(["http/1.1"])
    assert offered == [["http/1.1"], ["h2", "http/1.1"]]


def test_certificates_are_always_checked(environment: pytest.MonkeyPatch) -> None:
    context = tls.context()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    environment.setenv("OPENLIP_CA_BUNDLE", "/nowhere/at/all.pem")
    with pytest.raises(Misuse, match=r"OPENLIP_CA_BUNDLE: /nowhere/at/all\.pem cannot be read as certificates \(No such file"):
        tls.context()


def test_requests_go_to_the_publishers_unless_a_server_plays_them(environment: pytest.MonkeyPatch) -> None:
    url = "https://open.canada.ca/data/api/3/action/package_show?id=x"
    assert (transport.rewrite(url), transport.is_sample()) == (url, False)
    environment.setenv("OPENLIP_PUBLISHERS", "http://127.0.0.1:8000/")
    assert transport.rewrite(url) == "http://127.0.0.1:8000/open.canada.ca/data/api/3/action/package_show?id=x"
    assert transport.is_sample()


# Partners' files


def test_the_inbox_leaves_files_and_spares_those_of_editors(partnership: Partnership) -> None:
    """A file that is picked up stays where it is; lock files of spreadsheets, hidden files and folders are not files of partners."""
    folder = partnership.home / "inbox" / "partner_metrics"
    (folder / "older").mkdir(parents=True)
    long = "p01_" + "x" * 240 + ".csv"
    for name in ("p01.csv", "~$p01.xlsx", ".~lock.p01.xlsx#", ".DS_Store", long):
        (folder / name).write_bytes(name.encode())
    contract = read("partner_metrics")
    assert [snapshot.part for snapshot in fetched(contract, partnership)] == ["p01.csv", long]
    assert len(list(folder.iterdir())) == 6
    assert fetched(contract, partnership) != []  # not judged yet


def test_the_ledger_says_what_was_seen(publishers: Publishers, partnership: Partnership) -> None:
    """Each question and what came of it is a row of `sighting`, with the time of the clock."""
    publishers.fail("getCubeMetadata", "being_published")
    world.refresh(partnership, POPULATION.name)
    world.refresh(partnership, POPULATION.name)
    world.refresh(partnership, POPULATION.name)
    assert sightings(partnership, POPULATION) == ["not_yet", "new", "unchanged"]
    assert {row[0] for row in world.ask(partnership, "select at from sighting")} == {"2026-11-22T17:00:00Z"}
    assert ledger.sighting.name in world.names_of_tables(partnership)
