"""Many files at once, and a file that is replaced while it is collected: none is lost, and none is taken by halves."""

from __future__ import annotations

import csv
import os
import resource
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from demo.inbox import folder_of
from expectations import read
from expectations.partnership import Partnership
from flows.partners import Collected
from tasks.fetch.store import folder as store
from tests import world
from tests.screening import book_of, csv_of, saved

METRICS = read("partner_metrics")
# The slots that one partner's files turn through: each file has numbers of its own, for a quarter and two metrics.
SLOTS = ("clients_served", "job_placements", "public_events_attendance", "language_wait", "training_participants")
# What 200 files may add to the memory of the process: they have 1 MB in all.
MOST_MEMORY = 300 << 20


def join(partnership: Partnership, count: int) -> list[str]:
    """So many more members that report these metrics, in the registers of the home."""
    names = [f"m{number:03d}" for number in range(count)]
    registers = partnership.home / "registers"
    with (registers / "members.csv").open("a", encoding="utf-8") as file:
        file.writelines(
            f"{name},Sample Member {name},Membre {name} (exemple),settlement,2016-04-01,,,en,data@{name}.example\n" for name in names
        )
    with (registers / "reporting.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{name},{metric},2024-07-01,\n" for name in names for metric in SLOTS)
    return names


@pytest.mark.slow
def test_two_hundred_files_are_collected_in_one_run_and_none_is_lost(
    partnership: Partnership, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook and a CSV of each of a hundred partners: each has its submission and its answer, and memory stays within bounds."""
    inbox, sent = partnership.home / "inbox", {}
    for number, name in enumerate(join(partnership, 100)):
        for place, quarter in enumerate(("2026-Q2", "2026-Q3")):
            value = 20 + 2 * number + place
            row: list[object] = [name, quarter, SLOTS[number % len(SLOTS)], value]
            body = saved(book_of(row)) if place else csv_of(row)
            (folder_of(inbox, name) / f"report.{'xlsx' if place else 'csv'}").write_bytes(body)
            sent[tuple(row)] = value
    world.collect(partnership, "p01")  # everything is imported, and the registers are read
    before, began = peak(), time.monotonic()
    collected = world.collect(partnership)
    grown, seconds = peak() - before, time.monotonic() - began
    with capsys.disabled():
        print(f"\n200 files in {seconds:.0f} s; the peak of memory grew by {grown >> 20} MB to {peak() >> 20} MB")
    assert [line for line in collected.lines if line.is_bad] == []
    assert sorted(one.number for one in collected.submissions) == list(range(1, 201))
    assert Counter(one.partner for one in collected.submissions) == {key[0]: 2 for key in sent}
    arrived = {(r["partner"], r["period"], r["metric"], r["value"]) for r in world.as_of(partnership, METRICS)}
    assert arrived == set(sent)
    every_file_has_its_answer(partnership, collected)
    assert grown < MOST_MEMORY
    assert world.collect(partnership).submissions == ()


def every_file_has_its_answer(partnership: Partnership, collected: Collected) -> None:
    """A letter for each, and receipt and marked workbook beside the file."""
    assert len(list((partnership.home / "outbox").glob("*.eml"))) == len(collected.submissions)
    for one in collected.submissions:
        beside = partnership.home / "inbox" / "partners" / one.partner / "answers"
        assert {path.suffix for path in beside.glob(f"*no{one.number}[-.]*")} == {".html", ".pdf", ".xlsx"}, one.number


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


@pytest.mark.slow
def test_a_file_that_is_replaced_meanwhile_is_judged_whole_and_its_last_content_counts(partnership: Partnership) -> None:
    """Somebody puts new versions over the file, by a rename and by writing into it, as long as three collections last.

    Every row of a version says its number, so that a mixture of two, or a half, shows. Only when the disk holds the writer up for longer
    than our pause in the midst of a file can half of it look finished.
    """
    folder = folder_of(partnership.home / "inbox", "p03")
    writer = Replacing(folder / "report.csv", partnership.home / "new.csv")
    writer.start()
    try:
        for _ in range(3):
            world.collect(partnership)
    finally:
        last = writer.end()
    world.collect(partnership)
    wholes = {tuple(version(number)) for number in range(1, last + 1)}
    judged = [tuple(kept(path)) for path in sorted(store(partnership.home).rglob("*")) if is_ours(path)]
    assert judged
    assert [rows for rows in judged if rows not in wholes] == [] or writer.held_up >= 1
    now = {(r["period"], int(r["value"])) for r in world.as_of(partnership, METRICS)}
    final = {(row[1], int(row[3])) for row in version(last)}
    assert final <= now, last
    # Quarters that the last version does not mention stay as the one before it said that did.
    before = {(row[1], int(row[3])) for rows in judged for row in rows}
    assert {quarter for quarter, _ in now - final}.isdisjoint(quarter for quarter, _ in final)
    assert now - final <= before
    assert {quarter for quarter, _ in now} == {quarter for quarter, _ in before}


def version(number: int) -> list[tuple[str, ...]]:
    """The rows of a version: all say its number, and there are one to eight of them."""
    quarters = [f"{year}-Q{quarter}" for year in (2025, 2024) for quarter in (4, 3, 2, 1)]
    return [("p03", quarter, "clients_served", str(1000 + number)) for quarter in quarters[: number % 4 + 1]]


def is_ours(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"partner,period,metric,value\n")


def kept(path: Path) -> list[tuple[str, ...]]:
    """The rows of a kept copy."""
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in list(csv.reader(file))[1:]]


class Replacing:
    """Replaces a file again and again until it is told to end; then it has written one version more, which stays."""

    def __init__(self, path: Path, aside: Path) -> None:
        self.path, self.aside, self.number, self.held_up = path, aside, 0, 0.0
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._run)

    def start(self) -> None:
        """Write the first version, and go on beside the test."""
        self._write()
        self._thread.start()

    def end(self) -> int:
        """The number of the last version."""
        self._stop.set()
        self._thread.join()
        self._write()
        return self.number

    def _run(self) -> None:
        # Still for longer than our pause now and then, so that some versions are taken.
        while not self._stop.wait(1.7 if self.number % 5 == 0 else 0.03):
            self._write()

    def _write(self) -> None:
        number = self.number + 1
        body, began = csv_of(*version(number)), time.monotonic()
        if number % 2:
            self.path.write_bytes(body)
        else:
            self.aside.write_bytes(body)
            os.replace(self.aside, self.path)
        self.held_up = max(self.held_up, time.monotonic() - began)
        self.number = number
