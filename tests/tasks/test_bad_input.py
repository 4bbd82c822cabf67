"""Bad input of every kind, through the whole run: one clear message, nothing lost, and the others go on."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from demo.publishers import Publishers
from expectations.partnership import Partnership
from flows.sentences import Line
from tasks.fetch import transport
from tests import world
from tests.world import edition, member, zipped

TABLES = ("ircc_pr_cma", "statcan_population_quarterly")
ZIP, CSV, META = "17100009-eng.zip", "ODP-PR-PT_CMA.csv", "getCubeMetadata"


@dataclass(frozen=True)
class Case:
    """A fault of one of two publishers, what becomes of its table, and a piece of what is said."""

    table: str
    outcome: str
    said: str
    fault: tuple[str, str] = ("", "")
    change: Callable[[bytes], bytes] | None = None


def table(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """A change of the data file inside the zip."""
    return lambda body: zipped("17100009", change(member(body).decode()).encode())


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[bytes], bytes]:
    """A change of the lines of a monthly file."""
    return lambda body: "".join(change(body.decode().splitlines(keepends=True))).encode()


def no_table(body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "sorry")
    return out.getvalue()


POPULATION, RESIDENTS = TABLES[1], TABLES[0]
CASES = {
    "a zip cut in half": Case(POPULATION, "blocked", "a broken zip file", (ZIP, "truncate")),
    "a page with status 200 for a zip": Case(POPULATION, "blocked", "a web page, not with data", (ZIP, "html200")),
    "a page with status 200 for a list": Case(RESIDENTS, "blocked", "a web page, not with data", ("package_show", "html200")),
    "a connection that breaks off": Case(POPULATION, "unreachable", "broke off", (ZIP, "cut")),
    "a file that breaks off": Case(RESIDENTS, "unreachable", "broke off", (CSV, "cut")),
    "not released yet": Case(POPULATION, "not_yet", "not out yet", (META, "409")),
    "being published": Case(POPULATION, "not_yet", "being published right now", (META, "being_published")),
    "too many requests": Case(RESIDENTS, "unreachable", "answered 429, 4 times", (CSV, "429")),
    "a server error": Case(POPULATION, "unreachable", "answered 500, 4 times", (META, "500")),
    "a page with status 503": Case(POPULATION, "unreachable", "answered 503, 4 times", (META, "html503")),
    "a challenge": Case(RESIDENTS, "blocked", "answered 403", (CSV, "cloudflare403")),
    "a hang": Case(POPULATION, "unreachable", "no answer in time", (META, "hang")),
    "0 bytes": Case(RESIDENTS, "blocked", "answered 0 bytes", (CSV, "empty")),
    "a monthly file cut in half": Case(RESIDENTS, "blocked", "a last line that breaks off", (CSV, "truncate")),
    "a zip without a table": Case(POPULATION, "blocked", "the files readme.txt", change=no_table),
    "a missing column": Case(POPULATION, "blocked", "no column 'VALUE'", change=table(lambda t: t.replace('"VALUE"', '"WERT"', 1))),
    "a column more": Case(
        POPULATION, "blocked", "a column more: 'Sex'", change=table(lambda t: t.replace('"DECIMALS"', '"DECIMALS","Sex"', 1))
    ),
    "half of the rows": Case(
        POPULATION, "blocked", "as many rows as", change=table(lambda t: "".join(t.splitlines(keepends=True)[: t.count("\n") // 2]))
    ),
    "header only": Case(POPULATION, "blocked", "a header and no rows", change=table(lambda t: t.splitlines(keepends=True)[0])),
    "windows-1252": Case(RESIDENTS, "blocked", "bytes that are not utf-8", change=lambda body: body.decode().encode("cp1252", "replace")),
    "a value in words": Case(POPULATION, "held", "found abc", change=table(lambda t: t.replace('"16124116"', '"abc"', 1))),
    "month 13": Case(POPULATION, "blocked", "no calendar has", change=table(lambda t: t.replace('"2024-07"', '"2024-13"', 1))),
    "month 13 of a monthly file": Case(
        RESIDENTS, "blocked", "no calendar has", change=lines(lambda t: [*t[:-1], t[-1].replace(t[-1].split("\t")[2], "13")])
    ),
    "a blank value without a reason": Case(POPULATION, "held", "an empty cell", change=table(lambda t: t.replace('"16124116"', '""', 1))),
    "a row twice": Case(POPULATION, "blocked", "keys that stand twice", change=table(lambda t: t + t.splitlines(keepends=True)[-1])),
    "an odd total": Case(
        RESIDENTS,
        "held",
        "a multiple of 5",
        change=lines(lambda t: [t[0], *[one[:-3] + "7\r\n" if "\tOshawa\t" in one else one for one in t[1:]]]),
    ),
    "places under other names": Case(
        RESIDENTS,
        "blocked",
        "partnership's places",
        change=lines(
            lambda t: [
                one.replace("Peterborough", "P.").replace("Oshawa", "O.").replace("Kingston", "K.").replace("Quinte", "Q.") for one in t
            ]
        ),
    ),
}


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hang lasts a moment, and so does every wait between two tries."""
    monkeypatch.setattr(transport, "SAMPLE_TIMEOUTS", (0.3, 0.3))
    monkeypatch.setattr(transport, "LONGEST_WAIT", 0.01)


@pytest.mark.usefixtures("_quick")
def test_bad_input_says_so_and_loses_nothing(
    warehouse: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S15 to S17, S27 and the thirty broken files: after a good refresh, each fault in turn, as of its own day.

    The table it is about gets one message that names it and what to do; the other is refreshed; the figures before stay in
    force; when the fault is over the next run loads what came.
    """
    assert {line.outcome for line in world.refresh(partnership, "place_labels", *TABLES).values()} == {"loaded"}
    good = {CSV: edition(publishers, CSV), ZIP: edition(publishers, "17100009")}
    cube = dict(publishers._statcan.metadata["17100009"])
    before = figures(partnership)
    for day, (name, case) in enumerate(CASES.items(), start=1):
        # Both publishers have something new every day: a release time, and bytes that differ by their order.
        world.later(monkeypatch, f"2026-12-{day:02}T17:00:00")
        publishers.metadata("17100009", cube | {"releaseTime": f"2026-12-{day:02}T08:30"})
        publishers.replace(CSV, reordered(good[CSV], day))
        publishers.replace(ZIP, zipped("17100009", reordered(member(good[ZIP]), day)))
        if case.change:
            file = ZIP if case.table == POPULATION else CSV
            publishers.replace(file, case.change(publishers._replaced[file]))
        else:
            publishers.always(*case.fault)
        lines = world.refresh(partnership, *TABLES)
        publishers.heal()
        is_as_told(name, case, lines[case.table])
        other = next(table for table in TABLES if table != case.table)
        assert (lines[other].outcome, lines[other].new, lines[other].changed, lines[other].gone) == ("loaded", 0, 0, 0), name
        assert figures(partnership) == before, name
        kept_for_good(partnership)


def reordered(body: bytes, day: int) -> bytes:
    """The same rows in another order."""
    head, *rows = body.splitlines(keepends=True)
    return b"".join([head, *rows[day:], *rows[:day]])


def figures(partnership: Partnership) -> dict[str, object]:
    """What queries read of the two tables."""
    return {
        contract.name: sorted((row["place"], row["period"], row["persons"], row["status"]) for row in world.as_of(partnership, contract))
        for contract in partnership.contracts()
        if contract.name in TABLES
    }


def is_as_told(name: str, case: Case, line: Line) -> None:
    assert line.outcome == case.outcome, (name, line)
    assert case.said in line.message, (name, line.message)
    assert "\n" not in line.message, name
    assert line.message.rstrip(".)").strip(), name
    assert "Error:" not in line.message, name
    told = line.message + " ".join(finding.fix for finding in line.findings)
    assert any(word in told.lower() for word in ("again", "look", "check", "stay", "wait", "ask")), (name, told)


def kept_for_good(partnership: Partnership) -> None:
    """Every snapshot of the ledger is in the store."""
    for (file,) in world.ask(partnership, "select file from snapshot"):
        assert (partnership.home / "snapshots" / file).is_file()


def test_a_refused_file_is_fetched_again(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """A zip that came broken is not "unchanged" at the next run: it is downloaded again, and loaded when it is whole."""
    publishers.fail(ZIP, "truncate")
    assert world.refresh(partnership, POPULATION)[POPULATION].outcome == "blocked"
    assert world.refresh(partnership, POPULATION)[POPULATION].outcome == "loaded"
    publishers.fail(CSV, "truncate")
    assert world.refresh(partnership, "place_labels", RESIDENTS)[RESIDENTS].outcome == "blocked"
    assert world.refresh(partnership, RESIDENTS)[RESIDENTS].outcome == "loaded"


def test_one_bad_file_of_a_partner_stops_no_other(warehouse: str, partnership: Partnership) -> None:
    """Every file of the inbox is a submission of its own, with its own answer; what is refused stays where it lies."""
    folder = partnership.home / "inbox" / "partner_metrics"
    folder.mkdir(parents=True)
    for name, body in {
        "a.csv": b"",
        "b.xlsx": b"PK\x03\x04 not a workbook",
        "c.csv": world.partner_file(["p01", "2026-Q3", "clients_served", 5]),
        "d.csv": world.partner_file(["p01", "2026-Q3", "job_placements", "many"]),
        "e.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "f.csv": world.partner_file(["p02", "2026-Q3", "clients_served", 6]),
    }.items():
        (folder / name).write_bytes(body)
        if name == "b.xlsx":  # a fresh zip that breaks off may still be on its way
            os.utime(folder / name, (0, 0))
    found = world.collect(partnership).submissions
    assert [one.state.split("_")[0] for one in found] == ["refused", "refused", "accepted", "refused", "refused", "accepted"]
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == ["a.csv", "b.xlsx", "c.csv", "d.csv", "e.xls", "f.csv"]
