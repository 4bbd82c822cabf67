"""Loading: every release is kept, the same bytes change nothing, and both warehouses hold the same."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path

import pytest

from demo.inbox import write_inbox, write_resubmission
from demo.publishers import Publishers
from expectations import Contract, read
from expectations.partnership import Partnership, read_partnership
from tasks import Misuse
from tasks.load import load
from tests import world
from tests.world import as_of, ask, dump, ircc_file, ircc_row, judged, loaded, partner_file

RESIDENTS = read("ircc_pr_cma")
METRICS = read("partner_metrics")
# What may differ between two runs over the same bytes: the log of questions.
LOG = "sighting"


def monthly(totals: dict[str, str], place: str = "Peterborough") -> bytes:
    """One year of a place; a month that is left out has no row. Oshawa is always there, so every month is whole."""
    rows = [ircc_row(2025, month, place, total) for month, total in totals.items()]
    return ircc_file([*rows, *(ircc_row(2025, month, "Oshawa", "100") for month in world.MONTHS[:6])])


def series(partnership: Partnership, release: int | None = None, place: str = world.PETERBOROUGH) -> dict[str, float | None]:
    return {row["period"]: row["persons"] for row in as_of(partnership, RESIDENTS, release) if row["place"] == place}


def releases(partnership: Partnership, contract: Contract) -> list[tuple[int, int, int, int, int]]:
    query = "select release, n_rows, n_new, n_changed, n_gone from release where contract = :c order by release"
    return [(release, rows, new, changed, gone) for release, rows, new, changed, gone in ask(partnership, query, c=contract.name)]


def without_log(found: world.Dump) -> world.Dump:
    return {name: rows for name, rows in found.items() if name != LOG}


def small_inbox(partnership: Partnership) -> Path:
    """Some of the sample partners' files, two dirty ones among them."""
    inbox = partnership.home / "inbox"
    write_inbox(inbox)
    kept = ("p01_metrics.xlsx", "p08_metrics.csv", "p05_2024-Q3_bad_values.csv", "p03_2024-Q3_formula.xlsx", "p07_2024-Q3_empty.csv")
    for path in inbox.rglob("*"):
        if path.is_file() and path.name not in kept:
            path.unlink()
    return inbox


ALL = {"Jan": "5", "Feb": "10", "Mar": "15", "Apr": "20", "May": "25", "Jun": "30"}


# The same again


def test_the_same_bytes_twice_change_no_row(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """A second refresh and a second collection leave every table as it was, but for the log of what was asked.

    No release lacks its counts: one whose counts are empty would be one that was not finished.
    """
    small_inbox(partnership)
    world.refresh(partnership)
    world.collect(partnership)
    before = without_log(dump(partnership))
    assert len(before["release"]) == 26
    assert all(count is not None for row in before["release"] for count in row[-4:])
    assert {line.outcome for line in world.refresh(partnership).values()} == {"unchanged"}
    assert not world.collect(partnership).submissions
    assert without_log(dump(partnership)) == before


def test_the_same_release_loaded_by_hand_twice(warehouse: str, partnership: Partnership) -> None:
    """Load itself knows its bytes, whoever calls it."""
    first = loaded(monthly(ALL), RESIDENTS, partnership)
    before = dump(partnership)
    again = loaded(monthly(ALL), RESIDENTS, partnership)
    assert (first.outcome, first.changed_rows) == ("passed", 12)
    assert (again.outcome, again.release, again.changed_rows) == ("unchanged", 1, 0)
    assert without_log(dump(partnership)) == without_log(before)


def test_both_warehouses_hold_the_same(
    postgres: str, publishers: Publishers, partnership: Partnership, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh, a collection of dirty files, a revision and a resubmission: table by table, row by row, SQLite and PostgreSQL."""
    twin = tmp_path / "twin"
    shutil.copytree(partnership.home, twin)
    other = read_partnership(twin)
    first_edition = world.edition(publishers, "ODP-PR-PT_CMA.csv")
    dumps = []
    for one, url in ((partnership, ""), (other, postgres)):
        if url:
            monkeypatch.setenv("OPENLIP_WAREHOUSE", url)
            publishers.replace("ODP-PR-PT_CMA.csv", first_edition)
        inbox = small_inbox(one)
        world.later(monkeypatch, "2026-11-22T17:00:00")
        world.refresh(one)
        world.collect(one)
        publishers._replaced.clear()
        publishers.restate()
        write_resubmission(inbox)
        world.later(monkeypatch, "2026-11-23T17:00:00")
        world.refresh(one, "ircc_pr_cma")
        world.collect(one)
        dumps.append(dump(one, without=["headers", "published_at", "released_at"]))
    assert dumps[0].keys() == dumps[1].keys()
    for name in dumps[0]:
        assert dumps[0][name] == dumps[1][name], name
    assert len(dumps[0]["ircc_pr_cma__history"]) == 1
    assert len(dumps[0]["partner_metrics__history"]) == 1


# Revisions


def test_a_restated_month_is_a_new_release_with_one_changed_row(
    warehouse: str, publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S09: the old value goes to the history and answers whoever asks as of the day before."""
    world.refresh(partnership)
    old = series(partnership)
    rows = dump(partnership)["ircc_pr_cma__facts"]
    publishers.restate()
    world.later(monkeypatch, "2026-11-23T17:00:00")
    line = world.refresh(partnership)["ircc_pr_cma"]
    assert (line.outcome, line.new, line.changed, line.gone) == ("waits", 0, 1, 0)
    assert series(partnership) == old | {"2026-03": 55.0}
    assert old["2026-03"] != 55.0
    assert series(partnership, 1) == old
    after = dump(partnership)
    assert len(set(after["ircc_pr_cma__facts"]) - set(rows)) == 1
    ((*_, since, _, until),) = after["ircc_pr_cma__history"]
    assert (since, until) == (1, 2)
    assert releases(partnership, RESIDENTS) == [(1, 372, 372, 0, 0), (2, 372, 0, 1, 0)]


def test_a_withdrawn_row_is_closed_and_may_come_back(warehouse: str, partnership: Partnership) -> None:
    """A row that the publisher took back is gone from now and there for whoever asks as of then; it may return."""
    contract = world.changed("ircc_pr_cma", ("absent: zero", "absent: missing"))
    fewer = {month: total for month, total in ALL.items() if month != "Feb"}
    for body in (monthly(ALL), monthly(fewer), monthly(ALL)):
        loaded(body, contract, partnership)
    assert releases(partnership, contract) == [(1, 12, 12, 0, 0), (2, 11, 0, 0, 1), (3, 12, 1, 0, 0)]
    there = [series(partnership, release).get("2025-02") for release in (1, 2, 3, None)]
    assert there == [10.0, None, 10.0, 10.0]
    assert "2025-02" not in series(partnership, 2)
    assert len(dump(partnership)["ircc_pr_cma__history"]) == 1


def test_a_b_a_is_three_releases(warehouse: str, partnership: Partnership) -> None:
    """Bytes are compared with the latest release, not with any earlier one."""
    other = ALL | {"Feb": "100"}
    for body in (monthly(ALL), monthly(other), monthly(ALL)):
        assert loaded(body, RESIDENTS, partnership).outcome == "passed"
    assert releases(partnership, RESIDENTS) == [(1, 12, 12, 0, 0), (2, 12, 0, 1, 0), (3, 12, 0, 1, 0)]
    assert [series(partnership, release)["2025-02"] for release in (1, 2, 3)] == [10.0, 100.0, 10.0]


def test_a_hidden_count_that_is_shown_later_is_a_change(warehouse: str, partnership: Partnership) -> None:
    """S07, S08: hidden, absent and 5 are three things, also to the history."""
    for total in ("--", "5"):
        loaded(monthly(ALL | {"Feb": total}), RESIDENTS, partnership)
    loaded(monthly({month: total for month, total in ALL.items() if month != "Feb"}), RESIDENTS, partnership)
    found = [
        next(
            (r["persons"], r["lower"], r["upper"], r["status"])
            for r in as_of(partnership, RESIDENTS, n)
            if (r["place"], r["period"]) == key
        )
        for key in [(world.PETERBOROUGH, "2025-02")]
        for n in (1, 2, 3)
    ]
    assert found == [(None, 0.0, 5.0, "--"), (5.0, 2.5, 7.5, ""), (0.0, 0.0, 0.0, "absent")]
    assert [counts[3] for counts in releases(partnership, RESIDENTS)] == [0, 1, 1]


def test_a_renamed_row_number_is_no_change(warehouse: str, partnership: Partnership) -> None:
    """The publisher shuffled the file: new bytes, a release, and not one row that changed; each row still tells where it came from."""
    head, *lines = monthly(ALL).decode().splitlines(keepends=True)
    loaded("".join([head, *lines]).encode(), RESIDENTS, partnership)
    before = dump(partnership)["ircc_pr_cma__facts"]
    loaded("".join([head, *lines[::-1]]).encode(), RESIDENTS, partnership)
    assert releases(partnership, RESIDENTS) == [(1, 12, 12, 0, 0), (2, 12, 0, 0, 0)]
    assert dump(partnership)["ircc_pr_cma__facts"] == before


# Rows that are held


@pytest.mark.parametrize("bad", ["7", "abc"])
def test_a_held_row_leaves_the_figure_before_it_in_force(bad: str, warehouse: str, partnership: Partnership) -> None:
    """A figure that nobody trusts yet does not take away the one that was printed: readable or not, the old one stays."""
    loaded(monthly(ALL), RESIDENTS, partnership)
    made = loaded(monthly(ALL | {"Feb": bad, "Mar": "100"}), RESIDENTS, partnership)
    assert (made.outcome, made.changed, made.gone) == ("held", 1, 0)
    assert series(partnership) == series(partnership, 1) | {"2025-03": 100.0}
    assert [row for row, _ in world.quarantined(partnership, RESIDENTS.name)] == [3]


def test_a_blocked_file_leaves_every_figure_in_force(warehouse: str, partnership: Partnership) -> None:
    loaded(monthly(ALL), RESIDENTS, partnership)
    before = dump(partnership)
    for body in (b"", monthly({}, "Peterburgh").replace(b"Oshawa", b"Osh"), monthly(ALL).replace(b"TOTAL", b"Total")):
        made = loaded(body, RESIDENTS, partnership)
        assert (made.outcome, made.release, made.changed_rows) == ("blocked", 1, 0)
    after = dump(partnership)
    for name in ("ircc_pr_cma__facts", "ircc_pr_cma__history", "ircc_pr_cma__series", "release"):
        assert after[name] == before[name]
    assert len(after["verdict"]) == 4


def test_a_file_that_lost_rows_is_not_taken(warehouse: str, partnership: Partnership) -> None:
    """A monthly file that ends early, at the end of a line, looks whole: its missing rows are neither zeros nor withdrawn."""
    loaded(monthly(ALL), RESIDENTS, partnership)
    before = series(partnership)
    head, *lines = monthly(ALL).decode().splitlines(keepends=True)
    half = "".join([head, *lines[3:9]]).encode()
    verdict = judged(half, RESIDENTS, partnership)
    assert [(finding.rule, finding.row, finding.found) for finding in verdict.findings] == [("shrink", None, "6 rows")]
    assert "at least 10 rows, 90% of the 12 in force" in verdict.findings[0].sentence()
    assert load(verdict, RESIDENTS, partnership).outcome == "blocked"
    assert series(partnership) == before
    on_purpose = world.changed("ircc_pr_cma", ("rows: [1, 200000]", "rows: [1, 200000]\nleast_share: 0.5"))
    assert loaded(half, on_purpose, partnership).outcome == "passed"


def test_a_register_with_a_held_row_keeps_the_row_before(warehouse: str, partnership: Partnership) -> None:
    """A place whose code was mistyped is still the place it was."""
    path = partnership.home / "registers" / "place_labels.csv"
    contract = read("place_labels")
    loaded(path.read_bytes(), contract, partnership)
    made = loaded(path.read_bytes().replace(b"ircc,Oshawa,2021S0503532", b"ircc,Oshawa,Oshawa"), contract, partnership)
    assert (made.outcome, made.gone) == ("held", 0)
    assert ("ircc", "Oshawa", "2021S0503532") in [(r["publisher"], r["label"], r["place"]) for r in as_of(partnership, contract)]


def test_a_register_row_that_is_taken_out_is_closed(warehouse: str, partnership: Partnership) -> None:
    """D23: who asks as of then still finds it."""
    path = partnership.home / "registers" / "place_labels.csv"
    contract = read("place_labels")
    loaded(path.read_bytes(), contract, partnership)
    made = loaded(path.read_bytes().replace(b"ircc,Oshawa,2021S0503532\n", b""), contract, partnership)
    assert (made.outcome, made.new, made.changed, made.gone) == ("passed", 0, 0, 1)
    before = len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert [len(as_of(partnership, contract, release)) for release in (1, 2, None)] == [before, before - 1, before - 1]


@pytest.mark.parametrize("text", ["a\\b", "a\tb", 'a"b', "a\nb", "\\N", "é – ’", "%s :x", "a'b", "\\", "\r"])
def test_any_text_of_a_register_arrives_as_it_was(text: str, warehouse: str, partnership: Partnership) -> None:
    """Backslashes, tabs, quotes and line ends are text in both warehouses."""
    out = io.StringIO()
    rows = [
        ["partner", "name_en", "name_fr", "sector", "joined", "left", "successor", "language", "contact"],
        ["p01", f"x{text}y", "b", "c", "2020-01-01", "", "", "en", ""],
    ]
    csv.writer(out).writerows(rows)
    contract = read("members")
    assert loaded(out.getvalue().encode(), contract, partnership).outcome == "passed"
    ((row),) = as_of(partnership, contract)
    assert (row["name_en"], row["left_on"]) == (f"x{text}y", None)
    loaded(out.getvalue().replace("c,2020", "d,2020").encode(), contract, partnership)
    assert [row["name_en"] for row in as_of(partnership, contract)] == [f"x{text}y"]
    assert releases(partnership, contract)[1] == (2, 1, 0, 1, 0)


# Partners


def test_a_resubmission_changes_its_own_rows_and_withdraws_nothing(
    warehouse: str, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partner sends a quarter again: one figure changes; its other quarters and the other partners stay."""
    inbox = small_inbox(partnership)
    world.collect(partnership)

    def figures() -> dict[tuple[str, str, str], float | None]:
        return {(row["partner"], row["period"], row["metric"]): row["value"] for row in as_of(partnership, METRICS)}

    before = figures()
    world.later(monkeypatch, "2026-11-23T17:00:00")
    write_resubmission(inbox)
    lines = [line for line in world.collect(partnership).lines if line.submission]
    assert [(line.part, line.new, line.changed, line.gone) for line in lines] == [("p08", 0, 1, 0)]
    assert figures() == before | {("p08", "2026-Q3", "clients_served"): 84.0}
    assert before["p08", "2026-Q3", "clients_served"] == 79.0


def test_not_collected_is_neither_zero_nor_nothing(warehouse: str, partnership: Partnership) -> None:
    """D12: five different things, typed."""
    body = partner_file(["p01", "2026-Q3", "clients_served", "not collected"], ["p02", "2026-Q3", "clients_served", 0])
    loaded(body, METRICS, partnership)
    assert {row["partner"]: (row["value"], row["status"]) for row in as_of(partnership, METRICS)} == {
        "p01": (None, "not collected"),
        "p02": (0.0, ""),
    }


def test_two_partners_number_their_rows_apart(warehouse: str, partnership: Partnership) -> None:
    """Series keep their numbers whichever file names them first."""
    one: list[tuple[str, str, str, int]] = [("p01", "2026-Q3", "clients_served", 1), ("p01", "2026-Q3", "job_placements", 2)]
    two = [("p01", "2026-Q2", "job_placements", 3), ("p02", "2026-Q3", "clients_served", 4)]
    loaded(partner_file(*one), METRICS, partnership, part="one.csv")
    loaded(partner_file(*two), METRICS, partnership, part="two.csv")
    assert [row[0] for row in dump(partnership)["partner_metrics__series"]] == [1, 2, 3]
    found = {(row["partner"], row["metric"], row["period"]): row["value"] for row in as_of(partnership, METRICS)}
    assert found == {(p, m, q): float(v) for p, q, m, v in [*one, *two]}


# The ledger


def test_a_fault_in_the_middle_leaves_the_last_good_state(
    warehouse: str, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verdict, findings, quarantine, release and rows are one transaction."""
    loaded(monthly(ALL), RESIDENTS, partnership)
    verdict = judged(monthly(ALL | {"Feb": "100"}), RESIDENTS, partnership)
    before = dump(partnership)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("tasks.load.rows.Rows._count", broken)
    with pytest.raises(RuntimeError, match="the disk is full"):
        load(verdict, RESIDENTS, partnership)
    assert dump(partnership) == before
    monkeypatch.undo()
    world.later(monkeypatch, "2026-11-22T17:00:00")


def test_a_contract_with_other_columns_needs_another_name(warehouse: str, partnership: Partnership) -> None:
    """What was printed from the old table stays: a register of other columns is another table."""
    contract = read("members")
    body = (partnership.home / "registers" / "members.csv").read_bytes()
    loaded(body, contract, partnership)
    wider = world.changed("members", ("  sector: {}", "  sector: {}\n  size: {required: false}"))
    verdict = judged(body.replace(b"sector,", b"sector,size,", 1).replace(b",settlement,", b",settlement,,"), wider, partnership)
    with pytest.raises(Misuse, match=r"members__facts has the columns .* give the new contract a new name"):
        load(verdict, wider, partnership)


def test_four_processes_load_one_release_once(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """Whoever comes first loads; the others find it done. No staging file of one is trodden on by another."""
    judged(monthly(ALL), RESIDENTS, partnership)  # what is imported here need not be imported four times

    def work() -> None:
        line = world.refresh(partnership, "ircc_pr_cma")["ircc_pr_cma"]
        assert line.outcome in ("loaded", "unchanged"), line

    children = [world.in_child(work) for _ in range(4)]
    codes = [os.waitpid(child, 0)[1] for child in children]
    assert codes == [0] * 4
    assert ask(partnership, "select release, n_rows from release where contract = 'ircc_pr_cma'") == [(1, 372)]
    assert ask(partnership, "select count(*) from ircc_pr_cma__facts") == [(372,)]
    assert list((partnership.home / "staged").glob(f"*{RESIDENTS.digest[:8]}-[!{os.getpid()}]*.part")) == []
