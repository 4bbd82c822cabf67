"""Files in a folder: what is still is read as it is, what is not is left alone, and nothing leads out of the folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from expectations.partnership import Partnership, read_partnership
from tasks.fetch import SourceUnavailable, Transport
from tasks.receive import Received, receive, still
from tests.receiving import appending, as_stranger, channel, old, workbook

MODULE = import_module("tasks.receive.inbox")
GOOD = b"partner,period,metric,value\np03,2026-Q3,clients_served,231\n"


@pytest.fixture
def folder(home: Path, environment: pytest.MonkeyPatch) -> Path:
    """The empty folder of p03."""
    environment.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")
    found = home / "inbox" / "partners" / "p03"
    found.mkdir(parents=True, exist_ok=True)
    return found


def look(partnership: Partnership) -> Received:
    return receive(channel("inbox"), partnership, Transport())


def bodies(received: Received) -> list[bytes]:
    return sorted(parcel.body for parcel in received.parcels)


def causes(received: Received) -> list[str]:
    return [left.cause for left in received.left]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, in seconds."""
    made: list[float] = []
    monkeypatch.setattr(MODULE.time, "sleep", made.append)
    return made


def test_a_still_file_is_read_at_once(partnership: Partnership, folder: Path, pauses: list[float]) -> None:
    """The bytes, whose place, where an answer goes; nothing is moved, and a second look says the same place and digest."""
    path = old(_written(folder / "report.csv"))
    first, second = look(partnership), look(partnership)
    assert pauses == []
    [parcel] = first.parcels
    assert (parcel.body, parcel.partner, parcel.contract, parcel.channel, parcel.folder) == (GOOD, "p03", "", "inbox", folder)
    assert first.parcels == second.parcels
    assert first.left == ()
    assert parcel.digest != hashlib.sha256(GOOD).hexdigest()
    assert path.read_bytes() == GOOD


def test_the_folder_of_a_table_knows_the_table_but_not_the_partner(partnership: Partnership, folder: Path) -> None:
    there = partnership.home / "inbox" / "partner_metrics"
    there.mkdir(exist_ok=True)
    old(_written(there / "anybody.csv"))
    received = receive(channel("inbox", partner="", contract="partner_metrics"), partnership, Transport())
    found = {(parcel.partner, parcel.contract, parcel.folder) for parcel in received.parcels}
    assert found == {("", "partner_metrics", there)}


def test_a_folder_that_is_not_there_holds_nothing_and_is_not_made(partnership: Partnership, folder: Path) -> None:
    folder.rmdir()
    assert look(partnership) == Received()
    assert not folder.exists()


@pytest.mark.parametrize(
    "name",
    [".hidden.csv", "~$report.xlsx", ".~lock.report.xlsx#", "Thumbs.db", "desktop.ini", "Desktop.INI"]
    + [f"report.xlsx{suffix}" for suffix in (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".download", ".PART")],
)
def test_what_programs_put_beside_files_is_no_file(partnership: Partnership, folder: Path, name: str) -> None:
    old(_written(folder / name))
    assert look(partnership) == Received()


def test_folders_inside_are_never_looked_into(partnership: Partnership, folder: Path) -> None:
    (folder / "answers").mkdir()
    old(_written(folder / "answers" / "report.csv"))
    assert look(partnership) == Received()


# Being written


def test_a_file_that_is_being_written_is_left_until_it_is_still(partnership: Partnership, folder: Path) -> None:
    with appending(path := _written(folder / "growing.csv")):
        received = look(partnership)
    assert (bodies(received), causes(received)) == ([], ["being_written"])
    assert [parcel.body for parcel in look(partnership).parcels] == [path.read_bytes()]


def test_young_files_of_a_folder_share_one_pause(partnership: Partnership, folder: Path, pauses: list[float]) -> None:
    """200 files put there at once: all are read, after one second in all."""
    for number in range(200):
        (folder / f"report {number}.csv").write_bytes(GOOD + str(number).encode())
    received = look(partnership)
    assert len({parcel.place for parcel in received.parcels}) == len({parcel.digest for parcel in received.parcels}) == 200
    assert pauses == [still.PAUSE]


def test_a_file_that_is_written_while_it_is_read_is_left(partnership: Partnership, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was old when we looked and when we opened it; then somebody appends to it."""
    path = old(_written(folder / "report.csv"))
    _while_read(monkeypatch, lambda: path.write_bytes(GOOD + b"p03,2026-Q3,job_placements,4\n"))
    assert (bodies(received := look(partnership)), causes(received)) == ([], ["being_written"])


@pytest.mark.parametrize("same_size", [True, False])
def test_a_file_that_is_replaced_while_it_is_read_is_left(
    partnership: Partnership, folder: Path, monkeypatch: pytest.MonkeyPatch, same_size: bool
) -> None:
    """By a rename over it, with the same time: neither half is taken for the whole."""
    path = old(_written(folder / "report.csv"))
    other = old(_written(folder.parent / "other.csv", GOOD.replace(b"231", b"999" if same_size else b"99")))
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    _while_read(monkeypatch, lambda: os.replace(other, path))
    assert (bodies(received := look(partnership)), causes(received)) == ([], ["being_written"])


def test_no_half_is_ever_taken_while_others_write(partnership: Partnership, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that replaces and rewrites a file as fast as it can, with a rest now and then: what is read is a whole version.

    Unless the disk held the writer up for longer than our pause in the middle of a file: then it looks finished.
    """
    monkeypatch.setattr(MODULE, "PAUSE", 0.1)
    path, stop = folder / "report.csv", threading.Event()
    versions = [GOOD * (number + 1) for number in range(40)]

    held_up = 0.0

    def write() -> None:
        nonlocal held_up
        number = 0
        while not stop.is_set():
            number += 1
            began = time.monotonic()
            version = versions[number % len(versions)]
            if number % 3:
                path.write_bytes(version)
                old(path, 600 + number)
            else:
                other = folder.parent / "new.csv"
                other.write_bytes(version)
                old(other, 600 + number)
                os.replace(other, path)
            held_up = max(held_up, time.monotonic() - began)
            if not number % 20:
                stop.wait(MODULE.PAUSE * 3)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = Counter[bytes]()
        for _ in range(50):
            seen.update(bodies(look(partnership)))
    finally:
        stop.set()
        writer.join()
    assert set(seen) <= set(versions) or held_up >= MODULE.PAUSE
    assert seen


def test_a_file_that_is_taken_away_meanwhile_is_nothing(partnership: Partnership, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old(_written(folder / "report.csv"))
    _before_reading(monkeypatch, path.unlink)
    assert look(partnership) == Received()


def test_a_workbook_that_ends_early_waits_for_its_end(partnership: Partnership, folder: Path) -> None:
    """A copy that stopped for a moment looks still; after two minutes it is a broken file, which the gate is to see."""
    path = old(_written(folder / "report.xlsx", workbook()[:3000]), 30)
    assert causes(look(partnership)) == ["being_written"]
    old(path, 130)
    assert bodies(look(partnership)) == [workbook()[:3000]]
    old(_written(path, workbook()), 30)
    assert bodies(look(partnership)) == [workbook()]


def test_a_time_in_the_future_does_not_leave_a_file_for_ever(partnership: Partnership, folder: Path) -> None:
    old(_written(folder / "report.csv"), -86_400)
    assert bodies(look(partnership)) == [GOOD]


# Open in a spreadsheet program


@pytest.mark.parametrize("lock", ["~$report.xlsx", "~$port.xlsx", ".~lock.report.xlsx#"])
def test_a_file_that_is_open_is_left_until_it_is_closed(partnership: Partnership, folder: Path, lock: str) -> None:
    old(_written(folder / "report.xlsx", workbook()))
    old(_written(folder / "other.csv"))
    old(_written(folder / lock, b"Somebody,SOMEBODY"), 3600)
    received = look(partnership)
    assert (bodies(received), causes(received)) == ([GOOD], ["open"])
    (folder / lock).unlink()
    assert bodies(look(partnership)) == sorted([workbook(), GOOD])


def test_a_lock_that_a_crash_left_behind_ends_after_a_day(partnership: Partnership, folder: Path) -> None:
    old(_written(folder / "report.csv"))
    old(_written(folder / ".~lock.report.csv#", b""), 86_500)
    assert bodies(look(partnership)) == [GOOD]


# What is no file of a partner


def test_no_link_is_followed(partnership: Partnership, folder: Path, tmp_path: Path) -> None:
    """Out of the inbox, or to another partner's file: the same."""
    outside = old(_written(tmp_path / "outside.csv"))
    (folder.parent / "p05").mkdir(exist_ok=True)
    neighbour = old(_written(folder.parent / "p05" / "its.csv"))
    (folder / "a.csv").symlink_to(outside)
    (folder / "b.csv").symlink_to(neighbour)
    (folder / "c.csv").symlink_to(folder / "nowhere")
    (folder / "d").symlink_to(tmp_path)
    received = look(partnership)
    assert (bodies(received), causes(received)) == ([], ["link"] * 4)


def test_a_folder_that_leads_out_of_the_inbox_is_not_read(partnership: Partnership, folder: Path, tmp_path: Path) -> None:
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir()
    old(_written(tmp_path / "elsewhere" / "report.csv"))
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceUnavailable, match="is a link"):
        look(partnership)


def test_a_folder_that_is_a_link_to_another_partners_is_not_read(partnership: Partnership, folder: Path) -> None:
    """Else its files would be taken for this partner's, and be answered there."""
    neighbour = folder.parent / "p05"
    neighbour.mkdir(exist_ok=True)
    old(_written(neighbour / "report.csv"))
    folder.rmdir()
    folder.symlink_to(neighbour)
    with pytest.raises(SourceUnavailable, match="is a link"):
        look(partnership)


def test_the_inbox_itself_may_be_a_link(partnership: Partnership, folder: Path, tmp_path: Path) -> None:
    """Whoever runs the office put it there."""
    old(_written(folder / "report.csv"))
    inbox = partnership.home / "inbox"
    inbox.rename(tmp_path / "synced")
    inbox.symlink_to(tmp_path / "synced")
    assert len(look(partnership).parcels) == 1


def test_a_pipe_or_a_socket_is_never_opened(partnership: Partnership, folder: Path, pauses: list[float]) -> None:
    """To open a pipe that nobody writes to would wait for ever."""
    os.mkfifo(folder / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(folder)
        try:
            listener.bind("listener.csv")
        finally:
            os.chdir(Path(__file__).parents[2])
        assert causes(look(partnership)) == ["not_a_file"] * 2
        assert pauses == []


def test_a_file_that_became_a_pipe_is_not_waited_for(partnership: Partnership, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old(_written(folder / "report.csv"))

    def swap() -> None:
        path.unlink()
        os.mkfifo(path)

    _before_reading(monkeypatch, swap)
    assert causes(look(partnership)) == ["being_written"]


def test_a_huge_file_is_told_and_not_read(partnership: Partnership, folder: Path) -> None:
    """Sparse, so that only its size is large."""
    with (folder / "huge.csv").open("wb") as file:
        file.truncate(50 << 30)
    old(folder / "huge.csv")
    [left] = look(partnership).left
    assert (left.cause, left.partner, left.channel) == ("too_large", "p03", "inbox")
    assert "larger than 20 MB" in left.why


def test_of_too_much_the_newest_is_read(partnership: Partnership, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still, "LARGEST_CHANNEL", 2 * len(GOOD))
    for age in (3000, 1000, 2000):
        old(_written(folder / f"{age}.csv", GOOD.replace(b"231", f"{age // 10}".encode())), age)
    received = look(partnership)
    assert [parcel.body.split(b",")[-1] for parcel in received.parcels] == [b"200\n", b"100\n"]
    assert causes(received) == ["too_many"]


def test_a_file_we_may_not_read_is_told(home: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        shutil.copytree(home, Path(name) / "home")
        folder = Path(name) / "home" / "inbox" / "partners" / "p03"
        folder.mkdir(parents=True)
        old(_written(folder / "open.csv"))
        old(_written(folder / "closed.csv")).chmod(0)
        partnership = read_partnership(Path(name) / "home")
        received = as_stranger(lambda: look(partnership))
        assert (bodies(received), causes(received)) == ([GOOD], ["unreadable"])
        folder.chmod(0)
        with pytest.raises(SourceUnavailable, match=r"cannot be read \(Permission denied\)"):
            as_stranger(lambda: look(partnership))
        folder.chmod(0o755)


def test_nothing_that_is_told_holds_the_name_of_a_file(partnership: Partnership, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    old(_written(folder / "Jane Marker.csv"))
    (folder / "Joan Marker.csv").symlink_to("/etc/passwd")
    received = look(partnership)
    assert len(received.parcels) == len(received.left) == 1
    assert "Marker" not in repr(received) + caplog.text
    assert "clients_served" not in repr(received)


def _written(path: Path, body: bytes = GOOD) -> Path:
    path.write_bytes(body)
    return path


def _while_read(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen once, after the file was opened and its bytes were read, before anybody looks whether it is the same."""
    real = os.fdopen
    done: list[object] = []

    class Slow:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Slow:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def read(self, size: int) -> bytes:
            body: bytes = self.file.read(size)
            if not done:
                done.append(happens())
            return body

    monkeypatch.setattr(os, "fdopen", lambda *arguments, **named: Slow(real(*arguments, **named)))


def _before_reading(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen after the folder was looked at and before any file is opened."""
    real = MODULE.sorted_out

    def sorted_out(*arguments: object) -> object:
        happens()
        return real(*arguments)

    monkeypatch.setattr(MODULE, "sorted_out", sorted_out)
