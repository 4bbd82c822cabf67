"""Two names that nobody bears, in every place where a partner's file can hold one: no word of them is written anywhere."""

from __future__ import annotations

import base64
import logging
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from contextlib import closing
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from expectations.partnership import Partnership
from flows import partner_pages
from flows.serve import running_server
from flows.server_api import ServerApi
from tests import world
from tests.marking import CALLED, MIDDLES, NAMED, WORDS, broken, write_marked, write_sound
from tests.screening import packed
from tests.searching import Witness, found_in, holding, witness

ROOT = Path(__file__).parents[2]
REFUSED = "refused"
# Every verb fails once on a sound file, then all the files are collected.
DRIVER = """
import sys
from pathlib import Path
from flows.collect import collect
from flows.forms import Collect
from tests.marking import MIDDLES, NAMED, broken, write_marked, write_sound
inbox = Path(sys.argv[1])
all_of_it = Collect(dry_run=False)
collect(all_of_it)
write_sound(inbox)
for name in MIDDLES:
    with broken(name):
        print(name, collect(all_of_it, return_state=True).type.value)
write_marked(inbox, NAMED)
print("everything", collect(all_of_it, return_state=True).type.value)
"""


@pytest.fixture(scope="module")
def watch() -> Witness:
    """One witness for all tests: it cannot be taken away again."""
    return witness()


@pytest.fixture
def temporary(tmp_path: Path, environment: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of this test and of what it starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment.setenv("TMPDIR", str(folder))
    environment.setattr(tempfile, "tempdir", str(folder))
    return folder


PDF = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>> endobj
4 0 obj <</Length 0/Filter/FlateDecode>> stream
packed
endstream endobj
trailer <</Root 1 0 R>>
%%EOF
"""


def test_the_search_finds_the_names_wherever_they_are(tmp_path: Path, watch: Witness) -> None:
    """A workbook in a letter, a packed stream of a PDF, a row of a database, base64, other encodings, names, what was removed."""
    letter = EmailMessage()
    letter["Subject"] = "Hello"
    letter.add_attachment(packed({"a.xml": CALLED}), maintype="application", subtype="octet-stream", filename="x.xlsx")
    bodies = {
        "letter": letter.as_bytes(policy=SMTP),
        "pdf": PDF.replace(b"packed", zlib.compress(NAMED.encode())),
        "base64": base64.b64encode(f"xy{NAMED}z".encode()),
        "wide": CALLED.encode("utf-16-le"),
        "member": packed({f"{NAMED}.txt": "x"}),
    }
    assert {name for name, body in bodies.items() if not holding(body)} == set()
    assert holding(b"Nobody at 705-555-0100") == set()
    (tmp_path / f"{NAMED}.csv").touch()
    with closing(sqlite3.connect(tmp_path / "some.db")) as database, database:
        database.execute("create table said (text)")
        database.execute("insert into said values (?)", ("x" * 5000 + CALLED + "x" * 9000,))
    assert {path.name for path in found_in(tmp_path, besides=set())} == {f"{NAMED}.csv", "some.db"}
    with watch.awake():
        (tmp_path / "gone").write_text(CALLED, encoding="utf-8")
        (tmp_path / "gone").unlink()
    assert list(watch.hits) == [str(tmp_path / "gone")]
    watch.hits.clear()


@pytest.mark.slow
def test_no_word_of_a_planted_name_is_written_anywhere(
    partnership: Partnership,
    temporary: Path,
    watch: Witness,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The home, temporary files that are gone again, logs to the last detail, what was printed, and what the run gave back."""
    written = write_marked(partnership.home / "inbox", CALLED)
    caplog.set_level(0)
    for name in ("great_expectations", "sqlalchemy", "sqlalchemy.engine", "openpyxl"):
        caplog.set_level(logging.DEBUG, logger=name)
    with watch.awake():
        collected = world.collect(partnership)
    told = repr(collected) + caplog.text + str([record.__dict__ for record in caplog.records]) + str(capfd.readouterr())
    pages = [partner_pages.of_collected(collected, partnership), *partner_pages.receipts(collected, partnership).values()]
    assert len(collected.submissions) == len(written)
    assert sum(one.state != REFUSED for one in collected.submissions) == sum(written.values())
    assert not [line for line in collected.lines if line.outcome in ("failed", "not_checked", "unreachable")]
    assert holding("".join([told, *pages]).encode()) == set()
    assert found_in(partnership.home.parent, besides=set(written)) == {}
    assert (watch.hits, watch.removed > len(written), len(watch.opened) > len(written)) == ({}, True, True)
    # They were logged, and the search would have found them.
    assert len(caplog.records) > 1000
    assert set().union(*(holding(path.read_bytes()) for path in written if path.suffix != ".pdf")) == set(WORDS) - {"7055550142"}


@pytest.mark.slow
@pytest.mark.parametrize("name", MIDDLES)
def test_a_verb_that_fails_tells_where_and_nothing_of_the_file(
    partnership: Partnership, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a library says of its failure can repeat what stood in the file, and so can its cause."""
    world.collect(partnership)  # the registers, which go through some of the same verbs
    path = write_sound(partnership.home / "inbox")
    caplog.set_level(0)
    with broken(name):
        collected = world.collect(partnership)
    bad = [line for line in collected.lines if line.is_bad]
    assert {line.outcome for line in bad} == {"failed"}
    assert [line.message for line in bad if not re.fullmatch(rf"ValueError at marking\.py:\d+, in {name}\.", line.message)] == []
    told = repr(collected) + partner_pages.of_collected(collected, partnership) + caplog.text + str(capfd.readouterr())
    assert holding(told.encode()) == set()
    assert found_in(partnership.home.parent, besides={path}) == {}
    after = world.collect(partnership)
    assert ([one.partner for one in after.submissions], [line for line in after.lines if line.is_bad]) == (["p09"], [])


@pytest.mark.slow
def test_prefect_writes_no_word_of_it_either(home: Path, tmp_path: Path, temporary: Path) -> None:
    """Its database, logs, artifacts and results, and what its engine prints, with all details on; verbs that fail among it."""
    loud = {"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_LOGGING_ROOT_LEVEL": "DEBUG", "PREFECT_LOGGING_TO_API_ENABLED": "true"}
    more = {"PREFECT_LOGGING_EXTRA_LOGGERS": "flows,tasks,sql,great_expectations,openpyxl", "PYTHONPATH": str(ROOT)}
    with running_server(home) as url:
        command = [sys.executable, "-c", DRIVER, str(home / "inbox")]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | loud | more, capture_output=True, text=True, check=True)
        logs = ServerApi(int(url.split(":")[2].split("/")[0])).ask("POST", "/logs/filter", {"limit": 200})
    states = dict(line.split(" ") for line in done.stdout.splitlines() if line.split(" ")[0] in {*MIDDLES, "everything"})
    assert states == dict.fromkeys(MIDDLES, "FAILED") | {"everything": "COMPLETED"}
    assert len(logs) == 200
    assert holding((done.stdout + done.stderr).encode()) == set()
    inputs = {path for path in (home / "inbox").rglob("*") if path.is_file() and "answers" not in path.parts}
    assert found_in(tmp_path, besides=inputs) == {}
    prefect = (home / "prefect" / "prefect.db").read_bytes()
    assert b"ValueError at marking.py" in prefect
