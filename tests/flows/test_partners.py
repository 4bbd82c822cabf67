"""The round trip of the sample partners' files, sound and faulty: what is taken, what waits, what is refused, what each gets back."""

from __future__ import annotations

import csv
import email
import email.policy
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from demo.inbox import ARRIVES, EXPECTED, FIGURES, folder_of, write_inbox
from expectations import read
from expectations.partnership import Partnership
from flows.partners import Collected
from sql import submissions
from tasks import Misuse
from tasks.due import standings
from tasks.hand_out import hand_out
from tasks.remind import remind
from tests import world
from tests.world import later

METRICS = read("partner_metrics")
PHONE = "705-555-0100"
# Nine partners' files, and five more of those that send a CSV for each table.
SOUND = 14


def parts_of(collected: Collected) -> dict[str, list[str]]:
    """The states of what each partner sent."""
    found: dict[str, list[str]] = {}
    for one in collected.submissions:
        found.setdefault(one.partner, []).append(one.state)
    return {partner: sorted(states) for partner, states in found.items()}


def letters(home: Path) -> Iterator[EmailMessage]:
    for path in sorted((home / "outbox").glob("*.eml")):
        made = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(made, EmailMessage)
        yield made


@pytest.mark.parametrize("name", EXPECTED)
def test_a_faulty_file_has_exactly_the_findings_expected(partnership: Partnership, name: str) -> None:
    write_inbox(partnership.home / "inbox", clean=False)
    for path in (partnership.home / "inbox").rglob("*"):
        if path.is_file() and path.name != name:
            path.unlink()
    (submission,) = world.collect(partnership).submissions
    state, wanted = EXPECTED[name]
    found = [(finding.row or 0, finding.column, finding.rule) for finding in submission.findings if finding.tier != "information"]
    assert (submission.state, sorted(found)) == (state, sorted(wanted))
    assert all(finding.found and finding.expected and finding.fix for finding in submission.findings)


def test_every_file_has_its_answer_and_the_good_rows_arrive(warehouse: str, partnership: Partnership) -> None:
    """One collection of all files: nothing is lost, and nothing of a refused file is anywhere."""
    write_inbox(partnership.home / "inbox")
    before = {path: path.read_bytes() for path in (partnership.home / "inbox").rglob("*") if path.is_file()}
    collected = world.collect(partnership)
    assert len(collected.submissions) == SOUND + len(EXPECTED)
    assert not [line for line in collected.lines if line.outcome in ("failed", "not_checked", "unreachable")]
    rows = world.as_of(partnership, METRICS)
    arrived = [(r["partner"], r["period"], r["metric"], r["value"]) for r in rows if r["period"] == "2024-Q3" or r["partner"] == "p77"]
    assert sorted(arrived) == sorted(row for rows in ARRIVES.values() for row in rows)
    with FIGURES.open(encoding="utf-8", newline="") as declared:
        sent = sum(cell != "" for line in list(csv.reader(declared))[1:] for cell in line[2:])
    assert len(rows) == sent + len(arrived)
    # The files themselves lie where they lay; P02: what they say beyond counts is nowhere else.
    assert before == {path: path.read_bytes() for path in before}
    assert PHONE not in repr(world.dump(partnership))
    assert not [
        path for path in partnership.home.rglob("*") if path.is_file() and path not in before and PHONE.encode() in path.read_bytes()
    ]
    answers_lie_beside_the_files(partnership, collected)
    letters_are_whole(partnership, collected)


def answers_lie_beside_the_files(partnership: Partnership, collected: Collected) -> None:
    """A marked workbook of its own and a receipt in the partner's folder; of a refused file the receipt alone."""
    beside = list((partnership.home / "inbox" / "partners" / "p05" / "answers").iterdir())
    (partly,) = (one for one in collected.submissions if one.partner == "p05" and one.state == "partly_accepted")
    assert sorted(path.suffix for path in beside) == [".html", ".html", ".pdf", ".pdf", ".xlsx", ".xlsx"]
    refused = list((partnership.home / "inbox" / "partners" / "p04" / "answers").glob("refused*"))
    assert sorted(path.suffix for path in refused) == [".html", ".pdf"]
    marked = next(path for path in beside if path.suffix == ".xlsx" and f"no{partly.number}" in path.name)
    book = load_workbook(marked)
    said = [str(cell.value) for row in book["answer"].iter_rows() for cell in row if cell.value]
    assert any("1 204" in text for text in said)


def letters_are_whole(partnership: Partnership, collected: Collected) -> None:
    """O03: plain text first, files attached; C06: one letter for each change of state."""
    sent = list(letters(partnership.home))
    known = [one for one in collected.submissions if one.partner]
    assert len(sent) == len(known)
    for letter in sent:
        plain = letter.get_body(("plain",))
        assert plain is not None
        assert "http" not in plain.get_content()
        assert any(str(part.get_filename()).endswith("receipt.pdf") for part in letter.iter_attachments())
    french = [letter for letter in sent if letter["To"] == "data@p06.example"]
    assert french
    assert all("Bonjour" in str(letter.get_body(("plain",))) for letter in french)


def test_a_second_run_says_nothing_new(partnership: Partnership) -> None:
    write_inbox(partnership.home / "inbox")
    world.collect(partnership)
    before = world.dump(partnership)
    again = world.collect(partnership)
    assert (again.submissions, [line for line in again.lines if line.is_bad]) == ((), [])
    after = world.dump(partnership)
    # The log of what was asked grows by the registers; nothing else moves.
    assert {name for name in after if after[name] != before[name]} <= {"sighting"}


def test_a_mended_file_is_a_new_version_and_a_new_letter(partnership: Partnership) -> None:
    """The same place, other bytes: the row that waited counts now, and the receipt says what changed."""
    folder = folder_of(partnership.home / "inbox", "p05")
    row = ["p05", "2026-Q3", "clients_served"]
    (folder / "a.csv").write_bytes(world.partner_file([*row, "1 204"], ["p05", "2026-Q3", "job_placements", 43]))
    (first,) = world.collect(partnership).submissions
    (folder / "a.csv").write_bytes(world.partner_file([*row, 1204], ["p05", "2026-Q3", "job_placements", 43]))
    (second,) = world.collect(partnership).submissions
    assert first.state == "partly_accepted"
    assert second.state.startswith("accepted")
    assert [(part.version, [(d.series[-1], d.was, d.now) for d in part.differences]) for part in second.parts] == [
        (2, [("clients_served", "1 204", "1204")])
    ]
    assert len(list(letters(partnership.home))) == 2


def test_a_run_that_died_before_the_answer_gives_it_the_next_time(partnership: Partnership, monkeypatch: Any) -> None:
    """C05: killed between the load and the answer, the next run answers, once."""
    folder = folder_of(partnership.home / "inbox", "p05")
    (folder / "a.csv").write_bytes(world.partner_file(["p05", "2026-Q3", "clients_served", 1204]))
    with monkeypatch.context() as patch:
        patch.setattr("tasks.answer.receipt", lambda *_a, **_k: (_ for _ in ()).throw(MemoryError("no room: Zaynab")))
        (line,) = [line for line in world.collect(partnership).lines if line.contract == "partners"]
    assert line.outcome == "failed"
    assert "Zaynab" not in line.message
    assert not (partnership.home / "outbox").exists()
    collected = world.collect(partnership)
    assert [one.number for one in collected.submissions] == [1]
    assert len(list(letters(partnership.home))) == 1
    assert not world.collect(partnership).submissions


def test_reminders_stop_when_accepted_and_never_go_out_twice(partnership: Partnership, monkeypatch: Any) -> None:
    """C03, O01: a refused file does not stop the reminder; one that explained, or was given time, is not reminded."""
    later(monkeypatch, "2026-10-20T14:00:00")
    for debt in standings(partnership, "2026-Q3"):
        folder = folder_of(partnership.home / "inbox", debt.owed.partner)
        if debt.owed.partner == "p01":
            rows = [["p01", "2026-Q3", metric, 20] for metric in debt.owed.metrics]
            (folder / "a.csv").write_bytes(world.partner_file(*rows))
        if debt.owed.partner == "p02":
            (folder / "a.csv").write_bytes(world.partner_file(["p02", "2026-Q3", "clients_served", "Zaynab Example"]))
    path = partnership.home / "registers" / "exceptions.csv"
    path.write_text("partner,period,until,by,on,why\np03,2026-Q3,2027-01-31,A. Staff,2026-10-16,flood\n", encoding="utf-8")
    world.collect(partnership)
    looked = {item.partner: item for item in remind(partnership, "2026-Q3", dry_run=True)}
    assert not any(item.is_put for item in looked.values())
    (alone,) = remind(partnership, "2026-Q3", partners=["p05"], dry_run=False)
    assert (alone.partner, alone.is_put) == ("p05", True)
    with pytest.raises(Misuse, match=r"nobody owes nothing of 2026-Q3\. There are: p01, p02"):
        remind(partnership, "2026-Q3", partners=["nobody"], dry_run=True)
    first = {item.partner: item for item in remind(partnership, "2026-Q3", dry_run=False)}
    assert (first["p02"].state, first["p02"].offset, first["p02"].is_put) == ("refused", 2, True)
    assert "time until 2027-01-31" in first["p03"].why_not
    assert first["p04"].is_put
    assert first["p05"].why_not == "it was reminded already"
    if not first["p01"].is_put:
        assert first["p01"].why_not == "everything is accepted"
    assert not any(item.is_put for item in remind(partnership, "2026-Q3", dry_run=False))
    later(monkeypatch, "2026-10-26T14:00:00")
    third = {item.partner: item for item in remind(partnership, "2026-Q3", dry_run=False)}
    assert (third["p04"].offset, third["p04"].is_put) == (9, True)
    sent = [letter for letter in letters(partnership.home) if "was due" in str(letter["Subject"])]
    assert {letter["To"] for letter in sent} >= {"data@p02.example", "data@p04.example"}
    assert len({letter["Message-ID"] for letter in sent}) == len(sent)


def test_workbooks_are_handed_out_once(partnership: Partnership) -> None:
    looked = hand_out(partnership, "2026-Q3", dry_run=True)
    assert looked
    assert not any(item.is_put for item in looked)
    assert all(Path(item.file).is_file() for item in looked)
    sent = hand_out(partnership, "2026-Q3", dry_run=False)
    assert all(item.is_put for item in sent)
    assert not any(item.is_put for item in hand_out(partnership, "2026-Q3", dry_run=False))
    (again,) = hand_out(partnership, "2026-Q3", partners=["p01"], dry_run=False, again="2026-11-23")
    assert again.is_put
    with pytest.raises(Misuse, match="nobody owes nothing"):
        hand_out(partnership, "2026-Q3", partners=["nobody"], dry_run=True)


def test_a_workbook_filled_in_is_taken(partnership: Partnership) -> None:
    """Out and back: the template of the quarter, its cells filled, is accepted whole."""
    (made,) = hand_out(partnership, "2026-Q3", partners=["p07"], dry_run=True)
    book = load_workbook(made.file)
    for sheet in book.worksheets:
        header = [str(cell.value) for cell in sheet[1]]
        if "Your number" in header:
            for row in range(2, sheet.max_row + 1):
                sheet.cell(row, header.index("Your number") + 1).value = 20
    target = folder_of(partnership.home / "inbox", "p07") / "filled.xlsx"
    book.save(target)
    (submission,) = world.collect(partnership).submissions
    assert submission.state.startswith("accepted"), submission.findings
    (one,) = [one for one in standings(partnership, "2026-Q3") if one.owed.partner == "p07"]
    assert (one.unanswered, one.is_on_time) == ((), False)
    assert one.state in submissions.ANSWERED


def test_two_runs_at_once_answer_once(warehouse: str, partnership: Partnership) -> None:
    """A run by hand beside the scheduled one: one submission, one letter."""
    import threading

    folder = folder_of(partnership.home / "inbox", "p05")
    (folder / "a.csv").write_bytes(world.partner_file(["p05", "2026-Q3", "clients_served", 1204]))
    found: list[Collected] = []
    threads = [threading.Thread(target=lambda: found.append(world.collect(partnership))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert {one.number for collected in found for one in collected.submissions} == {1}, [
        line for one in found for line in one.lines if line.message
    ]
    assert len(list(letters(partnership.home))) == 1


def _laid(path: Path, value: int, *, hours_ago: float) -> Path:
    path.write_bytes(world.partner_file(["p05", "2026-Q3", "clients_served", value]))
    then = datetime.fromisoformat("2026-11-22T17:00:00+00:00").timestamp() - hours_ago * 3600
    os.utime(path, (then, then))
    return path


def test_the_file_that_changed_last_counts_whatever_it_is_called(partnership: Partnership) -> None:
    folder = folder_of(partnership.home / "inbox", "p05")
    _laid(folder / "z.csv", 70, hours_ago=3)
    _laid(folder / "a.csv", 75, hours_ago=2)
    world.collect(partnership)
    assert _clients(partnership) == 75


def test_an_old_file_under_another_name_does_not_come_back(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one before is kept as a backup: at once, and when its correction has come. Saved anew it is sent again."""
    folder = folder_of(partnership.home / "inbox", "p05")
    first = _laid(folder / "r.csv", 61, hours_ago=3)
    world.collect(partnership)
    first.rename(folder / "r_before.csv")
    _laid(folder / "r.csv", 66, hours_ago=1)
    world.collect(partnership)
    assert _clients(partnership) == 66
    later(monkeypatch, "2026-11-23T17:00:00")
    (folder / "r_before.csv").rename(folder / "r of the spring.csv")
    assert world.collect(partnership).submissions == ()
    assert _clients(partnership) == 66
    _laid(folder / "r anew.csv", 61, hours_ago=-48)
    (submission,) = world.collect(partnership).submissions
    assert (submission.state.startswith("accepted"), _clients(partnership)) == (True, 61)


def test_an_old_file_of_one_partner_in_the_folder_of_another_is_not_passed_over(partnership: Partnership) -> None:
    """It is refused there, as any file that speaks of somebody else."""
    folder = folder_of(partnership.home / "inbox", "p05")
    _laid(folder / "r.csv", 61, hours_ago=3)
    world.collect(partnership)
    _laid(folder / "r.csv", 66, hours_ago=2)
    world.collect(partnership)
    _laid(folder_of(partnership.home / "inbox", "p08") / "r.csv", 61, hours_ago=3)
    assert [(one.partner, one.state) for one in world.collect(partnership).submissions] == [("p08", "refused")]


def _clients(partnership: Partnership) -> float | None:
    (row,) = [row for row in world.as_of(partnership, read("partner_metrics")) if row["partner"] == "p05"]
    value: float | None = row["value"]
    return value


@pytest.mark.parametrize("what", ["a file", "a link to a folder", "a link to nothing", "a folder where the file should be"])
def test_where_no_answer_can_be_put_beside_the_file(what: str, partnership: Partnership, tmp_path: Path) -> None:
    """It goes out by mail and into the home all the same, and nothing is written anywhere else; the operator is told, once."""
    folder = folder_of(partnership.home / "inbox", "p05")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    _laid(folder / "a.csv", 61, hours_ago=1)
    beside = folder / "answers"
    if what == "a file":
        beside.write_bytes(b"")
    elif what == "a link to a folder":
        beside.symlink_to(elsewhere)
    elif what == "a link to nothing":
        beside.symlink_to(elsewhere / "nothing")
    else:
        (beside / "2026-Q3-v1-no1.xlsx").mkdir(parents=True)
    collected = world.collect(partnership)
    (submission,) = [one for one in collected.submissions if one.partner == "p05"]
    assert submission.state.startswith("accepted")
    (line,) = [line for line in collected.lines if line.outcome == "not_beside"]
    assert line.part == "p05, inbox"
    assert line.message.startswith("The answer to submission 1 could not be put beside the file")
    assert "answers/p05" in line.message
    assert list(elsewhere.iterdir()) == []
    assert len(list(letters(partnership.home))) == len(collected.submissions)
    assert sorted(path.suffix for path in (partnership.home / "answers" / "p05").glob("*-no1*")) == [".html", ".pdf", ".xlsx"]
    assert not [line for line in world.collect(partnership).lines if line.outcome == "not_beside"]


def test_the_folder_of_answers_is_never_collected(partnership: Partnership) -> None:
    folder = folder_of(partnership.home / "inbox", "p05")
    (folder / "a.csv").write_bytes(world.partner_file(["p05", "2026-Q3", "clients_served", 1204]))
    world.collect(partnership)
    (marked,) = (folder / "answers").glob("*.xlsx")
    assert not world.collect(partnership).submissions
    # Sent back as it is, the marked workbook is read like any other.
    shutil.copyfile(marked, folder / "again.xlsx")
    (again,) = world.collect(partnership).submissions
    assert (again.state.startswith("accepted"), again.parts[0].same_as) == (True, 1)


def test_an_unknown_partner_is_told(partnership: Partnership) -> None:
    with pytest.raises(Misuse, match="There is no partner p99"):
        world.collect(partnership, "p99")


def test_who_reported_gets_its_own_page_with_the_next_workbook(partnership: Partnership) -> None:
    """Whoever reports gets something back: its own numbers over time, for it alone."""
    write_inbox(partnership.home / "inbox", dirty=False, only=["p01"])
    world.collect(partnership)
    sent = {item.partner: item for item in hand_out(partnership, "2026-Q3", partners=["p01", "p02"], dry_run=False)}
    assert Path(sent["p01"].page).read_bytes().startswith(b"%PDF")
    assert sent["p02"].page == ""
    names = {letter["To"]: [part.get_filename() for part in letter.iter_attachments()] for letter in letters(partnership.home)}
    assert names["data@p01.example"] == ["p01-2026-Q3.xlsx", "give-back-p01-2026-Q2.pdf"]
    assert len(names["data@p02.example"]) == 1
