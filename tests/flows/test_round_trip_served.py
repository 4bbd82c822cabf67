"""The partner round trip on a served home, started by a press of the button: collected, answered, handed out, reminded, nothing leaked."""

from __future__ import annotations

import email
import email.message
import email.policy
import io
import re
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.inbox import EXPECTED
from flows.secrets import GATE_KEY
from tasks.receive.parcel import PREFIX
from tests.flows.conftest import Served, programs_of
from tests.flows.test_partners import SOUND

pytestmark = pytest.mark.slow
Runs = dict[str, dict[str, Any]]
SENT = SOUND + len(EXPECTED)
# What the faulty file of p04 says in a note: a telephone number kept for fiction, and what stands around it.
PHONE = "705-555-0100"
PLANTED = (PHONE, "7055550100", "one learner asked")


def test_a_press_of_the_button_only_looks_and_says_how_to_collect(served: Served, runs: Runs) -> None:
    """All the files are there for the run after it: the look took none, answered none, and made no receipt."""
    run = runs["what lies there"]
    assert (run["state_type"], run["name"]) == ("COMPLETED", "Look at what partners sent")
    assert run["state"]["message"] == f"{SENT} new files lie there. Nothing was taken in: this only looked."
    assert list(served.artifacts(run["id"])) == ["collect"]
    page = served.artifact(run["id"])["data"]
    assert "\nTo collect them, run it again with *Only look* switched off.\n" in page
    assert "\n- Sample College, inbox: 3 of 3 new.\n" in page
    assert "0 of 9 partners reported" in page


def test_the_page_of_a_collection_says_what_came_and_who_owes(served: Served, runs: Runs) -> None:
    run = runs["collect"]
    assert (run["state_type"], run["name"]) == ("COMPLETED", "Collect what partners sent")
    assert run["state"]["message"] == f"{SENT} files: {SOUND} accepted, 1 accepted with remarks, 2 partly accepted, 6 refused."
    page = served.artifact(run["id"], "collect")["data"]
    assert page.count("[receipt](/v2/artifacts/artifact/") == SENT
    assert re.search(r"^- Sample Employment Centre: \*\*Partly accepted\*\*, submission \d+, \[receipt\]", page, re.M)
    assert "## July to September 2026\n\n8 of 9 partners reported, 0 on time. Due on October 15, 2026." in page
    # The refused file of 2024 does not hide that its partner's report is complete.
    assert "| Sample Adult Learning Centre | Accepted, late | nothing |" in page
    assert "| Sample Anti-Racism Committee | **Missing** | all 11 numbers |" in page


def test_every_partner_that_sent_something_has_its_receipt(served: Served, runs: Runs) -> None:
    pages = {key: one["data"] for key, one in served.artifacts(runs["collect"]["id"]).items() if key.startswith("receipt-")}
    assert sorted(pages) == sorted([*(f"receipt-p0{number}" for number in range(1, 10)), "receipt-unknown"])
    assert sum(page.count(": submission ") for page in pages.values()) == SENT
    assert "## Refused: submission" in pages["receipt-p04"]
    assert "Nothing of the file was kept." in pages["receipt-p04"]
    assert "- E2: a telephone number." in pages["receipt-p04"]
    assert "| July to September 2024, version 1 | 1 of 5 taken, 4 waiting |" in pages["receipt-p05"]
    assert "- row 5: two rows for one number." in pages["receipt-p05"]
    assert not [key for key, page in pages.items() if re.search(r"\.(csv|xlsx)\b", page)]  # a name of a file could name a person


def test_a_second_collection_finds_nothing_new(served: Served, runs: Runs) -> None:
    """The key of the gate is the same in every run: with another one every file would be a new one."""
    run = runs["collect again"]
    assert (run["state_type"], run["state"]["message"]) == ("COMPLETED", "Nothing new came.")
    assert list(served.artifacts(run["id"])) == ["collect"]
    page = served.artifact(run["id"])["data"]
    assert "receipt" not in page
    assert "8 of 9 partners reported" in page


def test_workbooks_are_made_first_and_sent_afterwards(served: Served, runs: Runs) -> None:
    looked, sent = runs["look"], runs["templates"]
    assert looked["name"] == sent["name"] == "Templates for 2026-Q3"
    assert looked["state"]["message"] == "9 workbooks made, 0 put into the outbox."
    assert sent["state"]["message"] == "9 workbooks made, 9 put into the outbox."
    page = served.artifact(looked["id"], "templates")["data"]
    assert "9 workbooks for July to September 2026, in the folder `templates/2026-Q3`.\n\nNothing was sent" in page
    assert re.search(r"\| Sample College \| \d+ \| would be sent \|", page)
    assert re.search(r"\| Sample College \| \d+ \| \*\*sent\*\* \|", served.artifact(sent["id"], "templates")["data"])
    assert len(list((served.home / "templates" / "2026-Q3").glob("*.xlsx"))) == 9


def test_reminders_are_looked_at_first_and_sent_by_the_schedule(served: Served, runs: Runs) -> None:
    """O01: whoever reported everything is not reminded, though a file of 2024 was refused on the same day."""
    looked, sent = runs["whom"], runs["reminders"]
    assert looked["state"]["message"] == "0 reminders put into the outbox."
    assert sent["state"]["message"] == "1 reminder put into the outbox."
    page = served.artifact(looked["id"], "reminders")["data"]
    assert "| Sample Anti-Racism Committee | **Missing** | would be reminded |" in page
    assert page.count("no: everything is accepted") == 8
    assert "| Sample Anti-Racism Committee | **Missing** | **reminded** |" in served.artifact(sent["id"], "reminders")["data"]


def test_the_outbox_holds_one_letter_for_each_thing_to_say(served: Served, runs: Runs) -> None:
    paths = list((served.home / "outbox").glob("*.eml"))
    # Nobody knows whom to write to about the file of an unknown partner.
    assert Counter(path.name.split("-")[0] for path in paths) == {"answer": SENT - 1, "template": 9, "reminder": 1}
    letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
    assert {str(letter["To"]) for letter in letters} == {f"data@p0{number}.example" for number in range(1, 10)}


def test_what_one_person_wrote_is_nowhere(served: Served, runs: Runs) -> None:
    """Everything that OpenLIP and Prefect wrote, databases and logs among it; only the partner's own file says it still."""
    origin = served.home / "inbox" / "partners" / "p04" / "p04_2024-Q3_extra_column.csv"
    assert PHONE.encode() in origin.read_bytes()
    for word in PLANTED:
        assert set(_files_with(served.home, word)) <= {origin}, word
    texts = _texts(served.home / "warehouse.db") + _texts(served.home / "prefect" / "prefect.db")
    assert len(texts) > 1000
    assert any("a telephone number" in text for text in texts), "the finding itself is told"
    assert not [text for text in texts if any(word in text for word in PLANTED)]


def test_the_gates_key_is_made_once_and_written_nowhere(served: Served, runs: Runs) -> None:
    (block,) = served.api.ask("POST", "/block_documents/filter", {"include_secrets": True})
    assert (block["name"], block["block_type"]["name"]) == ("openlip-gate-key", "Secret")
    key = block["data"]["value"]
    assert re.fullmatch(r"[0-9a-f]{64}", key)
    assert _files_with(served.home, key) == []
    (hidden,) = served.api.ask("POST", "/block_documents/filter", {})
    assert key not in str(hidden)
    logs = served.api.ask("POST", "/logs/filter", {"limit": 200})
    assert logs
    assert key not in str(logs)
    variable = f"{PREFIX}{GATE_KEY.upper()}".encode()
    pids = programs_of(served.home)
    assert pids
    assert not [pid for pid in pids if variable in Path(f"/proc/{pid}/environ").read_bytes()]


def _files_with(folder: Path, word: str) -> list[Path]:
    """The files that hold a word, in a workbook or in what is attached to a letter too."""
    return [path for path in folder.rglob("*") if path.is_file() and any(word.encode() in body for body in _opened(path.read_bytes()))]


def _opened(body: bytes) -> Iterator[bytes]:
    yield body
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    elif b"\nMIME-Version:" in body[:5000]:
        for part in email.message_from_bytes(body, policy=email.policy.default).walk():
            if not part.is_multipart():
                yield from _opened(_body(part))


def _body(part: email.message.Message) -> bytes:
    held = part.get_payload(decode=True)
    assert isinstance(held, bytes)
    return held


def test_a_word_is_found_wherever_it_can_be(tmp_path: Path) -> None:
    """What looks for the planted words finds them in a plain file, a workbook, a letter and a workbook in a letter."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", PHONE)
    for name, attached in {"b.eml": PHONE.encode(), "c.eml": (tmp_path / "a.xlsx").read_bytes()}.items():
        letter = email.message.EmailMessage()
        letter.set_content("Hello")
        letter.add_attachment(attached, maintype="application", subtype="octet-stream", filename="x")
        (tmp_path / name).write_bytes(letter.as_bytes())
        assert PHONE.encode() not in letter.as_bytes()
    (tmp_path / "d.log").write_text(f"called {PHONE}", encoding="utf-8")
    (tmp_path / "e.log").write_text("called nobody", encoding="utf-8")
    assert sorted(path.name for path in _files_with(tmp_path, PHONE)) == ["a.xlsx", "b.eml", "c.eml", "d.log"]


def _texts(database: Path) -> list[str]:
    """Every text of a SQLite database, JSON and bytes too; what lies in its write-ahead log counts."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return [
            value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            for name in names
            for row in connection.execute(f'select * from "{name}"')
            for value in row
            if isinstance(value, str | bytes)
        ]
