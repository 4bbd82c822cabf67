"""Submissions: every one kept, versions from the database, differences, closed periods, withdrawal."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from expectations import read
from expectations.partnership import Partnership
from sql import submissions
from tasks import Misuse
from tasks.admit import admit
from tasks.check import check
from tasks.conclude import Judged, Submission, answer_key, conclude, is_concluded
from tasks.due import standings
from tasks.load import load
from tasks.outbox import Letter, outbox
from tasks.receive.parcel import Parcel
from tasks.screen.screened import Screened, Sheet
from tasks.stage import stage
from tasks.withdraw import withdraw
from tests import world
from tests.world import later

Row = Sequence[object]
FIRST: list[Row] = [["p01", "2026-Q3", "clients_served", 517], ["p01", "2026-Q3", "job_placements", 47]]


def submit(
    partnership: Partnership, rows: Sequence[Row], *, place: str = "a", digest: str = "1", received: str = "2026-10-14T15:00:00Z"
) -> Submission:
    """What the flow does with a file that passed the gate."""
    contract = read("partner_metrics")
    snapshot = world.snapshot_of(world.partner_file(*rows), contract, partnership, part=str(rows[0][0]))
    sheet = Sheet("partner_metrics", "metrics", snapshot, 1, (("value", "D"),), tuple(sorted({str(row[1]) for row in rows})))
    screened = Screened(place, digest, str(rows[0][0]), "inbox", received, "csv", "en", (sheet,), ())
    staged = stage(snapshot, contract, partnership)
    windows = admit(staged, contract, partnership)
    verdict = check(staged, contract, partnership)
    load(verdict, contract, partnership)
    return conclude(screened, [Judged(sheet, verdict, windows)], partnership)


def parcel(place: str, digest: str) -> Parcel:
    return Parcel(place, digest, "p01", "", "inbox", "2026-10-14T15:00:00Z", b"")


def in_force(partnership: Partnership) -> dict[tuple[str, str], float | None]:
    rows = world.as_of(partnership, read("partner_metrics"))
    return {(str(row["period"]), str(row["metric"])): row["value"] for row in rows if row["partner"] == "p01"}


@pytest.fixture(autouse=True)
def _registers(warehouse: str, partnership: Partnership) -> None:
    world.refresh(partnership, "members", "metrics", "reporting")


def test_a_first_submission_and_its_receipt(partnership: Partnership) -> None:
    made = submit(partnership, FIRST)
    assert made.state in ("accepted", "accepted_with_remarks")
    (part,) = made.parts
    assert (part.version, part.rows, part.taken, part.waiting, part.due_on, part.is_on_time) == (1, 2, 2, 0, "2026-10-15", True)
    assert part.differences == ()


def test_a_resubmission_says_what_it_changes(partnership: Partnership) -> None:
    """C04, O11: every version is kept; the second says its differences and is on its own day, late."""
    submit(partnership, FIRST)
    second = submit(partnership, [["p01", "2026-Q3", "clients_served", 520]], digest="2", received="2026-11-20T15:00:00Z")
    (part,) = second.parts
    assert (part.version, part.is_on_time) == (2, False)
    assert {(d.series[-1], d.was, d.now) for d in part.differences} == {("clients_served", "517", "520"), ("job_placements", "47", "")}
    # What it does not mention stays as it was.
    assert in_force(partnership) == {("2026-Q3", "clients_served"): 520, ("2026-Q3", "job_placements"): 47}
    assert len(world.ask(partnership, "select * from submission")) == 2


def test_a_number_is_taken_back_by_not_collected(partnership: Partnership) -> None:
    submit(partnership, FIRST)
    submit(partnership, [["p01", "2026-Q3", "job_placements", "not collected"]], digest="2")
    assert in_force(partnership) == {("2026-Q3", "clients_served"): 517, ("2026-Q3", "job_placements"): None}


def test_the_same_numbers_again_are_a_version_that_says_so(partnership: Partnership) -> None:
    submit(partnership, FIRST)
    again = submit(partnership, list(reversed(FIRST)), place="b", digest="2")
    assert [(part.version, part.same_as, part.differences) for part in again.parts] == [(2, 1, ())]


def test_the_same_file_is_the_same_submission(partnership: Partnership) -> None:
    """A run that was killed before it answered goes through it again and changes nothing."""
    first = submit(partnership, FIRST)
    assert not is_concluded(partnership, parcel("a", "1"))
    assert submit(partnership, FIRST).number == first.number
    assert len(world.ask(partnership, "select * from submission_state")) == 1
    outbox(Letter(answer_key(first.number, first.state), "answer", "p01", "", "", ""), partnership)
    assert is_concluded(partnership, parcel("a", "1"))
    assert not is_concluded(partnership, parcel("a", "2"))
    assert not is_concluded(partnership, parcel("b", "1"))


def test_a_b_a_are_three_submissions(partnership: Partnership) -> None:
    numbers = [submit(partnership, FIRST, digest=digest).number for digest in ("1", "2", "1")]
    assert numbers == [1, 2, 3]


def test_two_in_the_same_second_are_both_kept(partnership: Partnership) -> None:
    """C04: two uploads of one period in the same second, at once."""
    made: list[Submission] = []
    failed: list[BaseException] = []

    def one(digest: str) -> None:
        try:
            made.append(submit(partnership, [["p01", "2026-Q3", "clients_served", 500 + int(digest)]], place=digest, digest=digest))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(str(n),)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted(part.version for submission in made for part in submission.parts) == [1, 2, 3, 4]


def test_a_closed_period_waits_and_an_exception_lets_it_in(partnership: Partnership, monkeypatch: Any) -> None:
    """O13: late data are let in by a named exception; until then they are kept and wait."""
    later(monkeypatch, "2027-01-10T12:00:00")
    waits = submit(partnership, FIRST, received="2027-01-10T12:00:00Z")
    assert (waits.state, [finding.rule for finding in waits.findings if finding.tier == "must_fix"]) == ("pending", ["closed", "closed"])
    assert in_force(partnership) == {}
    path = partnership.home / "registers" / "exceptions.csv"
    path.write_text("partner,period,until,by,on,why\np01,2026-Q3,2027-01-31,A. Staff,2027-01-11,flood\n", encoding="utf-8")
    later(monkeypatch, "2027-01-11T12:00:00")
    let_in = submit(partnership, FIRST, received="2027-01-10T12:00:00Z")
    assert let_in.number == waits.number
    assert let_in.state.startswith("accepted")
    assert [(part.version, part.taken, part.let_in_by) for part in let_in.parts] == [(1, 2, "A. Staff")]
    states = world.ask(partnership, "select number, state from submission_state order by number")
    assert [state for _, state in states] == ["pending", let_in.state]
    assert in_force(partnership) == {("2026-Q3", "clients_served"): 517, ("2026-Q3", "job_placements"): 47}


@pytest.mark.parametrize("told", ["2026-Q5", "2026", "2026-07", "2026-08", ""])
def test_a_row_whose_period_cannot_be_read_waits_too(told: str, partnership: Partnership) -> None:
    """It is of no period, so of no part; a month is no quarter, not even the first one of it."""
    made = submit(partnership, [*FIRST, ["p01", told, "language_wait", 26]])
    assert (made.state, made.rows, made.taken, made.waiting) == ("partly_accepted", 3, 2, 1)
    assert [(part.period, part.rows, part.waiting) for part in made.parts] == [("2026-Q3", 2, 0)]
    assert set(in_force(partnership)) == {("2026-Q3", "clients_served"), ("2026-Q3", "job_placements")}
    alone = submit(partnership, [["p01", told, "language_wait", 26]], place="b", digest="2")
    assert (alone.state, alone.rows, alone.taken, alone.parts) == ("refused", 1, 0, ())


def test_bad_rows_wait_and_good_ones_count(partnership: Partnership) -> None:
    made = submit(partnership, [*FIRST, ["p01", "2026-Q3", "language_wait", "1 204"]])
    assert made.state == "partly_accepted"
    assert [(part.rows, part.taken, part.waiting) for part in made.parts] == [(3, 2, 1)]


def test_an_empty_cell_is_no_answer_yet_and_stops_nothing(partnership: Partnership) -> None:
    """D12: zero, not collected and empty are three things; what is empty is still owed."""
    made = submit(partnership, [*FIRST, ["p01", "2026-Q3", "language_wait", ""], ["p01", "2026-Q3", "volunteer_mentors", 0]])
    assert made.state == "accepted_with_remarks"
    assert [(finding.rule, finding.row) for finding in made.findings if finding.tier == "note"] == [("unanswered", 4)]
    assert [(part.rows, part.taken, part.waiting) for part in made.parts] == [(3, 3, 0)]
    (one,) = [one for one in standings(partnership, "2026-Q3") if one.owed.partner == "p01"]
    assert "language_wait" in one.unanswered
    assert {"volunteer_mentors", "clients_served"} <= set(one.answered)


def test_nothing_right_is_refused_and_no_report(partnership: Partnership) -> None:
    """O01: a refused file does not count as a report."""
    made = submit(partnership, [["p01", "2026-Q3", "clients_served", "1 204"]])
    assert made.state == "refused"
    (one,) = [one for one in standings(partnership, "2026-Q3") if one.owed.partner == "p01"]
    assert (one.state, one.is_on_time, one.answered) == ("refused", False, ())


def test_a_withdrawn_report_no_longer_counts_and_can_be_sent_again(partnership: Partnership, monkeypatch: Any) -> None:
    submit(partnership, FIRST)
    before = world.as_of(partnership, read("partner_metrics"))
    later(monkeypatch, "2026-11-23T12:00:00")
    gone = withdraw(partnership, "p01", "2026-Q3", by="A. Staff", why="counted twice")
    assert gone.rows == 2
    assert in_force(partnership) == {}
    assert _by_metric(world.as_of(partnership, read("partner_metrics"), 1)) == _by_metric(before)
    (one,) = [one for one in standings(partnership, "2026-Q3") if one.owed.partner == "p01"]
    assert one.state == "withdrawn"
    assert one.unanswered == one.owed.metrics
    later(monkeypatch, "2026-11-24T12:00:00")
    again = submit(partnership, FIRST, digest="2")
    assert [(part.version, part.same_as) for part in again.parts] == [(2, 0)]
    assert len(in_force(partnership)) == 2
    with pytest.raises(Misuse, match="nothing to withdraw"):
        withdraw(partnership, "p02", "2026-Q3", by="A. Staff")
    with pytest.raises(Misuse, match="name of the person"):
        withdraw(partnership, "p01", "2026-Q3", by=" ")


def test_a_refused_file_leaves_its_finding_and_no_part(partnership: Partnership) -> None:
    screened = Screened("a", "1", "p01", "inbox", "2026-10-14T15:00:00Z", "xlsx", "en", (), ())
    made = conclude(screened, [], partnership)
    assert (made.state, made.parts) == ("refused", ())
    (one,) = [one for one in standings(partnership, "2026-Q3") if one.owed.partner == "p01"]
    assert one.state == "refused"
    assert set(submissions.STATES) >= {made.state}


def _by_metric(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {str(row["metric"]): row for row in rows}
