"""The places that are looked into, and that nothing of what is received is written anywhere or shown."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from expectations import ContractBroken
from expectations.partnership import Partnership
from tasks.fetch import SourceUnavailable, Transport
from tasks.receive import Channel, channels, receive
from tests.receiving import Web, channel, old
from tests.world import in_child

KEY = "aMarkerThatNobodyMaySee42"
HEAD = "partner,fetch,url,form,secret,from,to\n"
LINK = """\
title: {en: Kitchen, fr: Cuisine}
publisher: Partners
licence: partner-agreement
source: {fetch: link, secret: kitchen_sheet, partner: p05}
layout: {kind: sheet, sheet: kitchen}
due: quarterly
review_by: 2027-06-01
grain: [partner, period]
rows: [1, 20000]
columns:
  partner: {of_register: members}
  period: {type: period, frequency: quarterly}
  meals: {type: integer, unit: meals, min: 0, max: 999999}
"""


@pytest.fixture
def web(environment: pytest.MonkeyPatch) -> Iterator[Web]:
    server = Web()
    environment.setenv("OPENLIP_PUBLISHERS", server.url)
    environment.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")
    yield server
    server.stop()


def register(home: Path, *rows: str) -> None:
    (home / "registers" / "channels.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def named(partnership: Partnership) -> dict[str, Channel]:
    return {one.name: one for one in channels(partnership)}


def test_every_member_has_a_folder_and_every_table_of_partners(partnership: Partnership) -> None:
    """A member that left long ago (m20, in 2024) has none. Nothing is made."""
    before = sorted(partnership.home.rglob("*"))
    found = named(partnership)
    assert {"p01, inbox", "p09, inbox", "m21, inbox", "inbox of partner_metrics"} <= set(found)
    assert "m20, inbox" not in found
    assert (found["p03, inbox"].partner, found["p03, inbox"].contract, found["p03, inbox"].fetch) == ("p03", "", "inbox")
    assert (found["inbox of partner_metrics"].partner, found["inbox of partner_metrics"].contract) == ("", "partner_metrics")
    assert sorted(partnership.home.rglob("*")) == before


def test_a_member_that_left_lately_may_still_report(partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENLIP_NOW", "2025-03-01T12:00:00+00:00")
    assert {"m20, inbox", "m21, inbox"} <= set(named(partnership))
    assert "p09, inbox" not in named(partnership)


def test_rows_of_the_register_count_on_their_days(partnership: Partnership) -> None:
    register(
        partnership.home,
        "p03,link,,,p03_sheet,2026-01-01,",
        "p04,link,,,p04_sheet,2026-01-01,2026-11-22",
        "p05,link,,,p05_sheet,2026-01-01,2026-11-21",
        "p06,link,,,p06_sheet,2026-11-23,",
        "p07,kobo,https://kf.kobotoolbox.org,aGAcvhamUDuDTtbkyeikbD,p07_token,2026-01-01,",
        "p08,odk,https://odk.example.org,7/quarterly,p08_login,2026-01-01,",
        "p09,remote,sftp://files.example.org/upload/*.xlsx,,p09_login,2026-01-01,",
    )
    found = {name: one.source.fetch for name, one in named(partnership).items() if "inbox" not in name}
    assert found == {
        "p03, link p03_sheet": "link",
        "p04, link p04_sheet": "link",
        "p07, kobo p07_token": "kobo",
        "p08, odk p08_login": "odk",
        "p09, remote p09_login": "remote",
    }


def test_a_table_may_name_its_own_source(partnership: Partnership) -> None:
    folder = partnership.home / "expectations" / "partner"
    folder.mkdir(parents=True)
    (folder / "partner_kitchen.yaml").write_text(LINK, encoding="utf-8")
    one = named(partnership)["p05, link kitchen_sheet"]
    assert (one.partner, one.contract, one.fetch) == ("p05", "partner_kitchen", "link")
    assert "inbox of partner_kitchen" not in named(partnership)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("p03,ftp,,,p03_sheet,2026-01-01,", "fetch is one of"),
        ("p03,inbox,,,,2026-01-01,", "fetch is one of"),
        ("p03,link,,,,2026-01-01,", "needs secret"),
        ("p03,kobo,https://kf.kobotoolbox.org,,token,2026-01-01,", "needs form"),
        ("p03,remote,sftp://p03:hidden@files.example.org/x,,login,2026-01-01,", "Keep them as a secret"),
        ("p03,link,,,https://files.example.org/hidden,2026-01-01,", "never the secret itself"),
        ("p03,link,,,p03_sheet,01/01/2026,", "2026-11-22"),
    ],
)
def test_a_row_that_is_wrong_is_named(partnership: Partnership, row: str, told: str) -> None:
    register(partnership.home, "p01,link,,,p01_sheet,2026-01-01,", row)
    with pytest.raises(ContractBroken, match=rf"row 3.*{told}") as caught:
        channels(partnership)
    assert "hidden" not in repr(caught.value)


def test_a_members_code_leads_nowhere_else(partnership: Partnership) -> None:
    path = partnership.home / "registers" / "members.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("p01,", "../../p01,", 1), encoding="utf-8")
    with pytest.raises(ContractBroken, match="its folder bears it"):
        channels(partnership)


def test_one_bad_channel_leaves_the_others(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENLIP_SECRET_SHEET", f"https://files.example.org/{KEY}")
    folder = partnership.home / "inbox" / "partners" / "p03"
    folder.mkdir(parents=True)
    (folder / "report.csv").write_text("partner\n")
    old(folder / "report.csv")
    transport = Transport()
    with pytest.raises(SourceUnavailable):
        receive(channel("link", secret="sheet"), partnership, transport)
    assert len(receive(channel("inbox"), partnership, transport).parcels) == 1


def test_a_traceback_and_every_file_are_without_the_key(
    web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The address is the key, and so is the token; the body is not ours to keep: all of them are nowhere afterwards."""
    caplog.set_level(0)
    environment.setenv("OPENLIP_SECRET_SHEET", f"https://files.example.org/{KEY}")
    environment.setenv("OPENLIP_SECRET_TOKEN", KEY)
    kobo = channel("kobo", url="https://kf.kobotoolbox.org", form="a1", secret="token")
    web.answers[f"files.example.org/{KEY}"] = (200, {"ETag": KEY}, f"partner,note\np03,{KEY}\n".encode())
    web.answers["kf.kobotoolbox.org/api/v2/assets/a1/data.json"] = (400, {}, f"bad token {KEY}".encode())
    received = receive(channel("link", secret="sheet"), partnership, Transport())
    with pytest.raises(SourceUnavailable) as caught:
        receive(kobo, partnership, Transport())
    shown = "".join(traceback.format_exception(caught.value)) + repr(received) + repr(kobo) + caplog.text
    assert KEY not in shown
    assert KEY.encode() in received.parcels[0].body
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_two_runs_at_once_receive_the_same(web: Web, partnership: Partnership) -> None:
    folder = partnership.home / "inbox" / "partners" / "p03"
    folder.mkdir(parents=True)
    for number in range(50):
        (folder / f"{number}.csv").write_text(f"partner\n{number}\n")
    found: list[object] = []
    runs = [threading.Thread(target=lambda: found.append(receive(channel("inbox"), partnership, Transport()))) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)


def test_a_run_that_is_killed_leaves_everything_as_it_was(web: Web, partnership: Partnership) -> None:
    """In the middle of the pause for a young file; the next run receives it."""
    folder = partnership.home / "inbox" / "partners" / "p03"
    folder.mkdir(parents=True)
    (folder / "report.csv").write_text("partner\n")
    before = {path: path.stat().st_mtime_ns for path in partnership.home.rglob("*")}
    child = in_child(lambda: receive(channel("inbox"), partnership, Transport()))
    time.sleep(0.3)
    os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert {path: path.stat().st_mtime_ns for path in partnership.home.rglob("*")} == before
    assert len(receive(channel("inbox"), partnership, Transport()).parcels) == 1
