"""Transfers that break, stall, lie or never end: what arrived is continued, and what is not data is never kept."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import signal
import time
from email.utils import format_datetime
from errno import ENOSPC
from pathlib import Path

import pytest

from demo.answers import _etag
from demo.publishers import Publishers
from expectations import read
from expectations.partnership import Partnership
from sql import clock
from tasks.fetch import NotData, NotKept, SourceUnavailable, Transport, fetch, partial, store, transport
from tasks.fetch.partial import KEPT_DAYS, Partial, Received, claim
from tests import world

RESIDENTS = read("ircc_pr_cma")
URL = "https://www.ircc.canada.ca/opendata/big.bin"
BODY = random.Random(1).randbytes(300_000)


@pytest.fixture
def folder(publishers: Publishers, tmp_path: Path) -> Path:
    """An empty store; the publishers serve a file of 300,000 bytes."""
    publishers.replace("big.bin", BODY)
    return tmp_path / "snapshots"


def download(folder: Path) -> Received:
    """The file, by a run of its own."""
    received = Transport().download(URL, folder)
    assert received is not None
    return received


def holds(received: Received, body: bytes) -> bool:
    whole = (received.path.read_bytes(), received.size, received.sha256)
    return whole == (body, len(body), hashlib.sha256(body).hexdigest())


def left(folder: Path) -> list[Path]:
    """Every file in the store and beside it."""
    return [path for path in folder.parent.rglob("*") if path.is_file()]


def statuses(publishers: Publishers) -> list[int]:
    return [seen.status for seen in publishers.log]


# Continued


def test_a_broken_transfer_is_continued_where_it_broke(publishers: Publishers, folder: Path) -> None:
    """Three times half of what is missing; each answer is a piece, and the hash is that of the whole."""
    publishers.fail("big.bin", "cut", "cut", "cut")
    received = download(folder)
    assert holds(received, BODY)
    assert statuses(publishers) == [200, 206, 206, 206]
    assert left(folder) == [received.path]


def test_the_next_run_continues_what_this_one_gave_up(publishers: Publishers, folder: Path) -> None:
    publishers.always("big.bin", "cut")
    with pytest.raises(SourceUnavailable, match="broke off"):
        download(folder)
    publishers.heal()
    assert holds(download(folder), BODY)
    assert statuses(publishers) == [200, 206, 206, 206, 206]


def test_a_killed_run_is_continued_by_the_next(publishers: Publishers, folder: Path, home: Path) -> None:
    """SIGKILL in the middle of a transfer: the piece and the version it is of lie beside the store, and nobody holds them."""
    publishers.fail("big.bin", "half_then_nothing")
    child = world.in_child(lambda: download(folder))
    end = time.monotonic() + 20
    while time.monotonic() < end and sum(path.stat().st_size for path in folder.parent.glob("partial/*.part")) < 100_000:
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert holds(download(folder), BODY)
    assert statuses(publishers) == [200, 206]
    assert folder.exists()


def test_a_server_that_hears_no_wish_for_a_piece_starts_over(publishers: Publishers, folder: Path) -> None:
    publishers.fail("big.bin", "cut", "no_ranges")
    assert holds(download(folder), BODY)
    assert statuses(publishers) == [200, 200]


def test_a_file_that_changed_meanwhile_is_fetched_whole(publishers: Publishers, folder: Path) -> None:
    """The piece is of another version: the publisher sends the new one from its start."""
    publishers.always("big.bin", "cut")
    with pytest.raises(SourceUnavailable):
        download(folder)
    publishers.heal()
    other = BODY[::-1]
    publishers.replace("big.bin", other)
    assert holds(download(folder), other)
    assert statuses(publishers) == [200, 206, 206, 206, 200], "one question, because it says which version the piece is of"


def test_a_piece_that_is_as_long_as_the_file_or_longer_starts_over(publishers: Publishers, folder: Path) -> None:
    """Killed between the last byte and the end, or the file got shorter under the same validator: 416 is no dead end."""
    with claim(folder.parent / "partial", f"{URL} None {{}}") as piece:
        piece.begin({"ETag": _etag(BODY)})
        piece.write(BODY)
    assert holds(download(folder), BODY)
    assert statuses(publishers) == [416, 200]


def test_a_piece_of_too_long_ago_is_thrown_away(publishers: Publishers, folder: Path) -> None:
    publishers.always("big.bin", "cut")
    with pytest.raises(SourceUnavailable):
        download(folder)
    publishers.heal()
    old = time.time() - KEPT_DAYS * 86400 - 1
    for path in left(folder):
        os.utime(path, (old, old))
    assert holds(download(folder), BODY)
    assert statuses(publishers)[-1] == 200


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"a"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, '"a"'),
        ({"ETag": 'W/"a"'}, ""),
        ({"Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, "Sun, 22 Nov 2026 10:00:00 GMT"),
        ({"Last-Modified": "Sun, 22 Nov 2026 11:59:59 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, ""),
        ({"Last-Modified": "yesterday", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, ""),
        ({}, ""),
    ],
)
def test_only_what_names_a_version_for_certain_continues_it(headers: dict[str, str], validator: str) -> None:
    assert partial._validator(headers) == validator


# Unchanged


def test_a_date_alone_says_that_a_file_is_unchanged(publishers: Publishers, folder: Path) -> None:
    """A publisher without ETags is asked by Last-Modified."""
    first = download(folder)
    modified = first.headers["last-modified"]
    assert Transport().download(URL, folder, modified=modified) is None
    earlier = format_datetime(clock.now().replace(year=2020), usegmt=True)
    assert Transport().download(URL, folder, modified=earlier) is not None
    assert statuses(publishers) == [200, 304, 200]


def test_both_validators_go_back_to_the_publisher_and_only_for_the_same_address(publishers: Publishers, partnership: Partnership) -> None:
    fetch(RESIDENTS, partnership, Transport())
    row = store.last(partnership, RESIDENTS)
    assert row is not None
    known = store.validators(partnership, row, row["url"])
    assert known["etag"].startswith('"')
    assert known["modified"].endswith("GMT")
    assert store.validators(partnership, row, row["url"] + "x") == {}
    store.path_of(partnership, row).unlink()
    assert store.validators(partnership, row, row["url"]) == {}, "bytes that are lost are fetched again"


def test_lost_bytes_are_fetched_again(publishers: Publishers, partnership: Partnership) -> None:
    (snapshot,) = fetch(RESIDENTS, partnership, Transport())
    shutil.rmtree(store.folder(partnership.home))
    assert [again.sha256 for again in fetch(RESIDENTS, partnership, Transport())] == [snapshot.sha256]
    assert (store.folder(partnership.home) / snapshot.file).is_file()


# Slow, endless, lying


def test_a_trickle_is_cut(publishers: Publishers, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends a few bytes before every time-out would hold us for weeks."""
    monkeypatch.setattr(transport, "SLOWEST_SECONDS", 0.3)
    publishers.always("big.bin", "trickle")
    with pytest.raises(SourceUnavailable, match=r"sent only [\d,]+ bytes in 0 seconds, 2 times"):
        download(folder)


def test_a_trickle_of_json_is_cut_too(publishers: Publishers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "SLOWEST_SECONDS", 0.3)
    publishers.replace("big.json", b"[" + b" " * 100_000 + b"]")
    publishers.always("big.json", "trickle")
    with pytest.raises(SourceUnavailable, match="sent only"):
        Transport().json("https://www.ircc.canada.ca/big.json")


def test_silence_in_the_middle_is_cut_and_the_rest_is_asked_for(
    publishers: Publishers, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SAMPLE_TIMEOUTS", (0.3, 0.3))
    publishers.fail("big.bin", "half_then_nothing")
    assert holds(download(folder), BODY)
    assert statuses(publishers) == [200, 206]


@pytest.mark.parametrize("fault", ["", "no_length"])
def test_an_answer_that_does_not_end_is_refused(fault: str, publishers: Publishers, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it announces its length or not; nothing of it stays, and it is asked for once."""
    monkeypatch.setattr(transport, "LARGEST_FILE", 200_000)
    if fault:
        publishers.fail("big.bin", fault)
    with pytest.raises(NotData, match="sends more than 200,000 bytes"):
        download(folder)
    assert left(folder) == []
    assert len(publishers.log) == 1


def test_a_length_that_promises_more_than_comes(publishers: Publishers, folder: Path) -> None:
    """Fewer bytes than announced are a broken transfer, never a short file."""
    publishers.fail("big.bin", "too_long")
    assert holds(download(folder), BODY)
    publishers.always("big.bin", "too_long")
    with pytest.raises(SourceUnavailable, match="4 times"):
        Transport().download(URL + "?again", folder)


def test_a_length_that_promises_less_than_comes_spoils_no_other_answer(publishers: Publishers, folder: Path) -> None:
    publishers.fail("big.bin", "too_short")
    polite = Transport()
    polite.download(URL, folder)
    again = polite.download(URL + "?again", folder)
    assert again is not None
    assert holds(again, BODY)


def test_an_answer_of_unknown_length_is_whole(publishers: Publishers, folder: Path) -> None:
    publishers.fail("big.bin", "no_length")
    assert holds(download(folder), BODY)


def test_a_page_in_the_place_of_the_rest_does_not_spoil_the_piece_or_the_store(publishers: Publishers, folder: Path) -> None:
    publishers.fail("big.bin", "cut", "html200")
    with pytest.raises(NotData, match="web page"):
        download(folder)
    assert left(folder) == []
    assert holds(download(folder), BODY)


def test_half_a_json_answer(publishers: Publishers, partnership: Partnership) -> None:
    publishers.fail("package_show", "truncate")
    with pytest.raises(NotData, match=r"package_show.* bytes that are not JSON\. Nothing was kept; try again later"):
        fetch(RESIDENTS, partnership, Transport())


def test_a_posted_form_is_never_continued(publishers: Publishers, folder: Path) -> None:
    publishers.fail("big.bin", "cut")
    received = Transport().download(URL, folder, form={"a": "1"})
    assert received is not None
    assert holds(received, BODY)
    assert [(seen.method, seen.status) for seen in publishers.log] == [("POST", 200), ("POST", 200)]


# Manners


def test_a_publisher_that_asks_for_a_long_pause_is_left_alone(
    publishers: Publishers, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LONGEST_ASKED_WAIT", 0.5)
    publishers.fail("big.bin", "429")
    with pytest.raises(SourceUnavailable, match=r"answered 429, 1 time\. The last good figures"):
        download(folder)
    assert len(publishers.log) == 1


def test_a_silent_host_is_left_alone_for_the_rest_of_the_run(environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two questions without any answer are enough for one run; another host is asked all the same."""
    environment.setenv("OPENLIP_PUBLISHERS", "http://127.0.0.1:9")
    monkeypatch.setattr("tasks.fetch.transport.time.sleep", lambda _seconds: None)
    run = Transport()
    for n in range(2):
        with pytest.raises(SourceUnavailable, match="could not be reached"):
            run.json(f"https://www150.statcan.gc.ca/{n}")
    with pytest.raises(SourceUnavailable, match=r"was not asked: www150\.statcan\.gc\.ca gave no answer to 2 questions of this run"):
        run.json("https://www150.statcan.gc.ca/2")
    with pytest.raises(SourceUnavailable, match="could not be reached"):
        run.json("https://open.canada.ca/")


def test_a_failure_is_remembered_as_well_as_an_answer(publishers: Publishers) -> None:
    """Forty tables that ask the same question ask it once, also when it fails; the next run asks again."""
    publishers.fail("package_show", "cloudflare403")
    run, url = Transport(), "https://open.canada.ca/data/api/3/action/package_show?id=x"
    for _ in range(3):
        with pytest.raises(NotData, match=r"answered 403: an error page\. It is a check for robots, which no script passes"):
            run.json(url, once=True)
    assert len(publishers.log) == 1
    with pytest.raises(NotData, match="answered 404"):
        Transport().json(url, once=True)


def test_a_proxy_gets_the_same_tls(environment: pytest.MonkeyPatch) -> None:
    """The certificates of `OPENLIP_CA_BUNDLE` and our ALPN list hold through a proxy too."""
    adapter = Transport().session.get_adapter("https://www150.statcan.gc.ca/")
    assert isinstance(adapter, transport._Adapter)
    assert adapter.proxy_manager_for("http://127.0.0.1:3128").connection_pool_kw["ssl_context"] is adapter._tls


# The disk


def test_a_full_disk_leaves_one_message_and_no_half_file(publishers: Publishers, folder: Path) -> None:
    """The kernel refuses to write on, here by the limit on the size of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(NotKept) as refused:
            download(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    told = f"{folder.parent / 'partial'}: what {URL} sends could not be kept: File too large. Nothing of it stays"
    assert str(refused.value).startswith(told)
    assert left(folder) == []
    assert holds(download(folder), BODY)


def test_a_file_for_which_there_is_no_room_is_not_begun(publishers: Publishers, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the publisher announces is held against what is free."""
    usage = shutil.disk_usage(folder.parent)
    monkeypatch.setattr("tasks.fetch.partial.shutil.disk_usage", lambda _path: usage._replace(free=300_000))
    with pytest.raises(NotKept, match="300,000 bytes are to come, and the disk has no room for them"):
        download(folder)
    assert left(folder) == []


def test_a_full_disk_is_not_the_publishers_fault(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table ends as one line that says what to do; the ledger says nothing of the publisher; the next run is well."""

    def full(*_: object) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Partial, "write", full)
        line = world.refresh(partnership, RESIDENTS.name)[RESIDENTS.name]
    assert line.outcome == "blocked"
    assert "No space left on device. Nothing of it stays, and the last good figures are in force. Make room on this disk" in line.message
    assert [path for path in left(store.folder(partnership.home)) if path.parent.name == "partial"] == []
    assert store.last(partnership, RESIDENTS) is None
    assert len(fetch(RESIDENTS, partnership, Transport())) == 1


def test_a_partners_file_for_which_there_is_no_room(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = partnership.home / "inbox" / "partner_metrics"
    folder.mkdir(parents=True)
    (folder / "p01.csv").write_bytes(BODY)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(NotKept, match=r"p01\.csv sends could not be kept: File too large"):
            fetch(read("partner_metrics"), partnership, Transport())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((partnership.home / "partial").iterdir()) == []


# Two runs at once


def test_a_file_that_another_run_is_fetching_is_fetched_beside_it(publishers: Publishers, folder: Path) -> None:
    with claim(folder.parent / "partial", f"{URL} None {{}}") as other:
        other.begin({"ETag": '"of the other run"'})
        other.write(b"of the other run")
        publishers.fail("big.bin", "cut")
        received = download(folder)
        assert holds(received, BODY)
        assert other.path.exists()
    assert statuses(publishers) == [200, 206]


def test_two_runs_at_once_keep_one_snapshot(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    children = [world.in_child(lambda: fetch(RESIDENTS, partnership, Transport())) for _ in range(3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert len(world.ask(partnership, "select distinct sha256, fetched_at from snapshot")) == 1
    assert sorted(row[0] for row in world.ask(partnership, "select outcome from sighting")) == ["new", "unchanged", "unchanged"]
    assert list((partnership.home / "partial").iterdir()) == []
