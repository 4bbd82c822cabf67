"""The `openlip` command as an operator or a script meets it: exit codes, one message per error, JSON alone on stdout."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.inbox import folder_of, write_inbox, write_resubmission
from demo.publishers import Publishers
from expectations.partnership import Partnership
from flows import answers
from flows.__main__ import main
from sql import warehouse as engines
from tests.flows.test_partners import SOUND
from tests.sample import HERE, close, copy_to

ROOT = Path(__file__).parents[2]
FIELDS = {
    "indicator",
    "place",
    "period",
    "value",
    "lower",
    "upper",
    "status",
    "mark",
    "unit",
    "reporters",
    "expected",
    "on_time",
    "matched",
    "vintage",
    "quality",
    "boundaries",
    "breaks",
    "caveats",
    "snapshots",
}
DONE, REFUSED, WRONG, UNREACHABLE, FAULT = 0, 1, 2, 3, 70


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def openlip(*arguments: str | Path, **env: str) -> Said:
    """Run the command as a program of its own."""
    command = [sys.executable, "-m", "flows", *map(str, arguments)]
    settings = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"} | env
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=settings, timeout=300)
    return Said(done.returncode, done.stdout, done.stderr)


Here = Callable[..., Said]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    """Run the command in this process, which is faster; the streams are the same two."""

    def run(*arguments: str | Path) -> Said:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the loaded sample home that the questions below share."""
    made = copy_to(tmp_path_factory.mktemp("cli") / "home")
    yield made.home
    close(made.home)


@pytest.fixture
def loaded(folder: Path, environment: pytest.MonkeyPatch) -> Path:
    environment.setenv("OPENLIP_HOME", str(folder))
    return folder


def one_message(said: Said) -> None:
    """An error is one message, without a traceback."""
    assert "Traceback" not in said.out + said.err
    assert len((said.out + said.err).strip().splitlines()) == 1, said


# From nothing to a document, each as a program of its own


@pytest.mark.slow
def test_the_whole_walk(tmp_path: Path, publishers: Publishers, environment: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    made = openlip("init", home, "--sample", "--json")
    assert (made.code, made.json) == (DONE, {"home": str(home), "sample": True})
    environment.setenv("OPENLIP_HOME", str(home))

    sick = openlip("doctor", "--offline")
    assert sick.code == REFUSED
    assert "LOOK  warehouse: " in sick.out
    assert "Run: openlip build" in sick.out

    refreshed = openlip("refresh", "--json")
    assert (refreshed.code, refreshed.err) == (DONE, "")
    assert {line["contract"]: line["outcome"] for line in refreshed.json}["ircc_pgwp_cma"] == "loaded"

    write_inbox(home / "inbox")
    looked = openlip("collect", "--look", "--json")
    assert (looked.code, looked.json["submissions"]) == (DONE, [])
    assert {line["outcome"] for line in looked.json["lines"]} == {"there"}
    collected = openlip("collect", "--json")
    assert collected.code == REFUSED
    states = [(one["partner"], one["state"]) for one in collected.json["submissions"]]
    assert Counter(state for _, state in states) == {"accepted": SOUND, "accepted_with_remarks": 1, "partly_accepted": 2, "refused": 6}
    assert ("p04", "refused") in states
    assert "705-555-0100" not in collected.out + collected.err
    again = openlip("collect", "--json")
    assert (again.code, again.json["submissions"]) == (DONE, [])

    published = openlip("publish", "council", "--for", "city_council", "--json")
    assert (published.code, published.err) == (DONE, "")
    assert {item["language"] for item in published.json} == {"en", "fr"}

    well = openlip("doctor", "--offline", "--json")
    assert (well.code, [look["what"] for look in well.json if not look["ok"]]) == (DONE, [])


def test_init_tells_what_to_do_next(here: Here, tmp_path: Path) -> None:
    said = here("init", tmp_path / "new")
    assert (said.code, said.out) == (DONE, f"{tmp_path / 'new'} is ready. Next: openlip refresh --home {tmp_path / 'new'}\n")
    assert not (tmp_path / "new" / "sample").exists()
    assert (tmp_path / "new" / "registers" / "members.csv").read_text(encoding="utf-8").count("\n") == 1
    again = here("init", tmp_path / "new")
    assert again.code == WRONG
    one_message(again)
    assert "is a home already; choose another folder" in again.err


def test_init_from_a_partnership_there_is_not(here: Here, tmp_path: Path) -> None:
    said = here("init", tmp_path / "new", "--from", "atlantis")
    assert said.code == WRONG
    one_message(said)
    assert "There is no partnership 'atlantis' to begin from. There are: peterborough" in said.err
    assert not (tmp_path / "new").exists()


# Figures


def test_figures_have_exactly_these_fields(loaded: Path) -> None:
    said = openlip("figures", "pgwp_year", "--place", HERE, "--period", "2025", "--json")
    assert (said.code, said.err) == (DONE, "")
    (figure,) = said.json
    assert set(figure) == FIELDS | {"place_name"}
    assert (figure["value"], figure["lower"], figure["upper"], figure["status"]) == (1100, 1070, 1130, "shown")
    assert (figure["vintage"], len(figure["snapshots"]), figure["unit"]) == ("2026-03-27T13:40:00Z", 1, "persons")


def test_figures_are_protected(here: Here, loaded: Path) -> None:
    found = here("figures", "racism_reports", "--json").json
    assert all(figure["value"] is None or figure["value"] % 10 == 0 for figure in found)
    assert {"shown", "hidden"} & {figure["status"] for figure in found}
    (figure,) = [f for f in here("figures", "clients_served", "--json").json if f["period"] == "2026-Q3"]
    assert (figure["value"], figure["lower"], figure["upper"], figure["reporters"], figure["expected"]) == (1440, 1438, 1442, 8, 9)


def test_figures_for_people(here: Here, loaded: Path) -> None:
    said = here("figures", "clients_served", "--period", "2026-Q3")
    assert (said.code, said.err) == (DONE, "")
    found = " ".join(said.out.split())
    assert found == (
        f"clients_served {HERE} Peterborough CMA 2026-Q3 1,440 [1438 to 1442] from 8 of 9 partners, 0 on time caveats service_contacts; "
        "since 2026-Q2 withheld (contributors), 2025-Q3 withheld (contributors)"
    )


def test_figures_say_what_they_are_read_with(here: Here, loaded: Path) -> None:
    said = here("figures", "immigrants_year", "--place", HERE, "--period", "2024/2025")
    assert said.out.strip().endswith("quality p; boundaries 2021; caveats estimate contains_first_nations not_whole_area")
    (figure,) = here("figures", "immigrants_year", "--place", HERE, "--period", "2024/2025", "--json").json
    assert (figure["place_name"], figure["quality"], figure["boundaries"], figure["breaks"]) == ("Peterborough CMA", "p", [2021], [])


def test_a_place_may_be_asked_by_any_of_its_codes_and_by_no_name(here: Here, loaded: Path) -> None:
    """C11, S40."""
    by_code = here("figures", "pgwp_year", "--place", "35529", "--json").json
    assert by_code == here("figures", "pgwp_year", "--place", HERE, "--json").json != []
    said = here("figures", "pgwp_year", "--place", "Peterborough")
    assert said.code == WRONG
    one_message(said)
    assert "'Peterborough' is a name, and several places may bear it" in said.err


def test_every_indicator_is_told_without_a_name(here: Here, loaded: Path) -> None:
    told = {figure["indicator"] for figure in here("figures", "--json").json}
    assert {"clients_served", "pgwp_year", "member_organisations", "partners_reporting"} <= told


def test_no_such_figure_is_said(here: Here, loaded: Path) -> None:
    assert here("figures", "pgwp_year", "--period", "1950").out.startswith("There is no such figure.")
    assert here("figures", "pgwp_year", "--period", "1950", "--json").json == []
    assert here("figures", "pgwp_year", "--as-of", "2026-11-21", "--json").json == []


def test_an_unknown_indicator_is_wrong_usage(here: Here, loaded: Path) -> None:
    said = here("figures", "happiness")
    assert said.code == WRONG
    one_message(said)
    assert "There is no indicator happiness. There are: anti_racism_share, asylum_claimants_12_months, " in said.err


# Build, check, show


def test_build_tells_each_view(here: Here, loaded: Path) -> None:
    assert "indicators/pgwp_year: 44 rows" in here("build").out
    views = here("build", "--json").json
    assert {"name": "pgwp_year", "folder": "indicators", "rows": 44} in views


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_inbox(folder)
    return folder


def count(home: Path, table: str) -> int:
    with engines.reader(home).connect() as connection:
        return int(connection.exec_driver_sql(f"select count(*) from {table}").scalar() or 0)


def test_a_clean_file_passes(here: Here, loaded: Path, files: Path) -> None:
    said = here("check", folder_of(files, "p01") / "p01_metrics.xlsx", "--contract", "partner_metrics")
    assert (said.code, said.out) == (DONE, "p01_metrics.xlsx: passed. 80 rows read, 80 go on, 0 held back.\n")
    told = here("check", folder_of(files, "p01") / "p01_metrics.xlsx", "--contract", "partner_metrics", "--json")
    assert told.json == {"outcome": "passed", "rows_read": 80, "rows_kept": 80, "rows_held": 0, "findings": []}


def test_a_dirty_file_is_refused_with_its_findings_on_stdout(here: Here, loaded: Path, files: Path) -> None:
    said = here("check", folder_of(files, "p05") / "p05_2024-Q3_bad_values.csv", "--contract", "partner_metrics", "--json")
    assert (said.code, said.err) == (REFUSED, "")
    assert (said.json["outcome"], said.json["rows_held"]) == ("held", 5)
    assert {(finding["row"], finding["column"]) for finding in said.json["findings"]} == {
        (3, "value"),
        (4, "value"),
        (5, ""),
        (6, ""),
        (7, "period"),
    }
    assert all(finding["fix"] for finding in said.json["findings"])


def test_a_public_file_is_judged_against_the_file_in_force(here: Here, loaded: Path, tmp_path: Path) -> None:
    """A publisher's file is checked as if it had come: whole it passes, cut to a tenth it is refused."""
    kept = next(path for path in loaded.glob("snapshots/**/*.csv") if path.read_bytes().startswith(b"EN_YEAR"))
    contract = "ircc_pgwp_cma" if b"PROVINCE_TERRITORY\tFR_PROVINCE_TERRITOIRE\tEN_CENSUS" in kept.read_bytes()[:400] else "ircc_pr_cma"
    assert here("check", kept, "--contract", contract).code == DONE
    lines = kept.read_bytes().splitlines(keepends=True)
    (tmp_path / "cut.csv").write_bytes(b"".join(lines[: len(lines) // 10]))
    said = here("check", tmp_path / "cut.csv", "--contract", contract, "--json")
    assert said.code == REFUSED
    assert "shrink" in {finding["rule"] for finding in said.json["findings"]}


def test_a_public_file_is_checked_before_anything_was_loaded(here: Here, home: Path, loaded: Path) -> None:
    """On a home without a warehouse there is nothing to compare with, and no warehouse is made by asking."""
    kept = next(path for path in loaded.glob("snapshots/**/*.zip"))
    contract = "statcan_population_quarterly" if kept.stat().st_size < 40_000 else "statcan_components_cma"
    said = here("check", kept, "--contract", contract, "--home", home)
    assert said.code == DONE, said.out
    assert not (home / "warehouse.db").exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_checked_file_leaves_no_trace(
    kind: str, here: Here, home: Path, files: Path, environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if kind == "postgres":
        environment.setenv("OPENLIP_WAREHOUSE", request.getfixturevalue("postgres"))
    assert here("build").code == DONE
    for name in ("p01_metrics.xlsx", "p05_2024-Q3_bad_values.csv", "p04_2024-Q3_extra_column.csv"):
        assert here("check", folder_of(files, name[:3]) / name, "--contract", "partner_metrics").out.count(name) > 0
    assert [count(home, table) for table in ("snapshot", "sighting", "verdict", "finding", "quarantine", "release")] == [0] * 6
    assert not [path for path in home.glob("snapshots/**/*") if path.is_file()]
    assert not [path for path in home.glob("staged/**/*") if path.is_file()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere.csv", "--contract", "partner_metrics"], "nowhere.csv: there is no such file."),
        (["check", str(ROOT / "pyproject.toml"), "--contract", "nothing"], "There is no contract 'nothing'. There are: channels, "),
    ],
)
def test_check_of_nothing_is_wrong_usage(here: Here, loaded: Path, arguments: list[str], message: str) -> None:
    said = here(*arguments)
    assert said.code == WRONG
    one_message(said)
    assert message in said.err


def test_a_figure_is_walked_to_its_rows_and_bytes(here: Here, loaded: Path) -> None:
    said = here("show", f"pgwp_year@{HERE}@2025", "--json")
    assert said.code == DONE
    assert set(said.json["figure"]) == FIELDS
    assert len(said.json["rows"]) == 12
    (snapshot,) = said.json["snapshots"]
    assert snapshot["url"].endswith("ODP-WP-PGWP-Province-CMA.csv")
    again = here("show", snapshot["sha256"], "--json")
    assert again.json == snapshot
    assert f"sha256: {snapshot['sha256']}" in here("show", snapshot["sha256"]).out
    assert "'row': " in here("show", f"pgwp_year@{HERE}@2025").out


def test_a_home_without_a_warehouse_knows_nothing_yet(here: Here, home: Path) -> None:
    for command in (["show", "nobody.pdf"], ["show", f"pgwp_year@{HERE}@2025"]):
        said = here(*command)
        assert said.code == WRONG
        one_message(said)
    assert here("figures", "--json").json == []


@pytest.mark.parametrize("what", ["nobody.pdf", "0" * 64, f"pgwp_year@{HERE}@1950", "happiness@here@2025"])
def test_what_is_not_known_is_wrong_usage(here: Here, loaded: Path, what: str) -> None:
    said = here("show", what)
    assert said.code == WRONG
    one_message(said)


def test_a_published_document_is_told_and_walked(here: Here, loaded: Path) -> None:
    published = here("publish", "council", "--for", "city_council", "--language", "en")
    assert published.code == DONE
    assert "2 pages, " in published.out
    assert "Drafts: they wait for a second person's approval." in published.out
    walked = here("show", "council.city_council.2026-11-22.en.pdf").out
    assert f"1,100  pgwp_year@{HERE}@2025  (council.en.md line " in walked
    assert "rows: ircc_pgwp_cma release 1: 655, " in walked
    assert "ODP-WP-PGWP-Province-CMA.csv fetched 2026-11-22T17:00:00Z" in walked


# Partners


@pytest.fixture
def own(tmp_path: Path, environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the loaded sample home for a test that changes it."""
    made = copy_to(tmp_path / "own").home
    environment.setenv("OPENLIP_HOME", str(made))
    yield made
    close(made)


def test_only_the_partner_asked_for_is_collected(here: Here, own: Path) -> None:
    """A look changes nothing; what another partner sent waits for its own turn."""
    write_resubmission(own / "inbox")
    extra = folder_of(own / "inbox", "p05") / "more.csv"
    extra.write_text("partner,period,metric,value\np05,2024-Q3,job_placements,43\n", encoding="utf-8")
    before = count(own, "submission")
    looked = here("collect", "--only", "p08", "--look", "--json")
    told = {line["part"]: line["message"] for line in looked.json["lines"]}
    assert (looked.code, told["p08, inbox"]) == (DONE, "1 of 3 new.")
    assert "p05, inbox" not in told
    assert count(own, "submission") == before
    said = here("collect", "--only", "p08", "--json")
    (one,) = said.json["submissions"]
    assert (said.code, one["partner"]) == (DONE, "p08")
    assert one["state"].startswith("accepted")
    (part,) = one["parts"]
    assert (part["period"], part["version"], [(d["was"], d["now"]) for d in part["differences"]]) == ("2026-Q3", 2, [("79", "84")])
    later = here("collect")
    assert later.code == DONE
    assert "p05: accepted" in later.out
    assert "p08" not in later.out


def test_a_refused_file_is_1_and_says_nothing_of_what_it_held(here: Here, own: Path) -> None:
    bad = folder_of(own / "inbox", "p04") / "Zaynab Example.csv"
    bad.write_text("partner,period,metric,value,notes\np04,2024-Q3,clients_served,61,call 705-555-0100\n", encoding="utf-8")
    said = here("collect", "--only", "p04")
    assert said.code == REFUSED
    assert "p04: refused, submission " in said.out
    assert not [word for word in ("705", "Zaynab", "call ") if word in said.out + said.err]
    assert here("collect", "--only", "p04").code == DONE, "told once"


def test_without_the_key_of_the_gate_nothing_is_collected(here: Here, own: Path, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("OPENLIP_SECRET_GATE_KEY")
    for arguments in (["collect"], ["collect", "--look"]):
        said = here(*arguments)
        assert (said.code, said.out) == (WRONG, "")
        one_message(said)
        assert "OPENLIP_SECRET_GATE_KEY" in said.err


def test_templates_are_made_and_then_sent_once(here: Here, own: Path) -> None:
    looked = here("template", "--partner", "p03", "--partner", "p06", "--json")
    assert (looked.code, [(one["partner"], one["period"], one["is_put"]) for one in looked.json]) == (
        DONE,
        [("p03", "2026-Q3", False), ("p06", "2026-Q3", False)],
    )
    assert all(Path(one["file"]).is_file() for one in looked.json)
    sent = here("template", "--partner", "p03", "--send")
    assert sent.code == DONE
    assert sent.out.endswith(f"{looked.json[0]['metrics']} numbers, put into the outbox\n")
    assert [one["why_not"] for one in here("template", "--partner", "p03", "--send", "--json").json] == ["it was sent already"]
    assert [one["is_put"] for one in here("template", "--partner", "p03", "--send", "--again", "--json").json] == [True]
    assert len(here("template", "--period", "2026-Q4", "--json").json) == 9
    assert here("template", "--period", "2010-Q1").out == "Nobody owes anything of that period.\n"


def test_reminders_go_to_those_who_owe_something_once(here: Here, own: Path) -> None:
    looked = here("remind", "--json")
    assert looked.code == DONE
    assert {one["partner"]: one["why_not"] for one in looked.json if one["partner"] in ("p05", "p06")} == {
        "p05": "everything is accepted",
        "p06": "",
    }
    assert not list((own / "outbox").glob("reminder-*.eml"))
    assert here("remind", "--send").out.count(" reminded\n") == 1
    assert len(list((own / "outbox").glob("reminder-*.eml"))) == 1
    assert "it was reminded already" in here("remind", "--send").out


def test_a_complete_report_is_not_reminded_when_another_file_is_refused(here: Here, own: Path) -> None:
    """O01: a refused file is no report, before the good one or after it."""
    for partner in ("p05", "p06"):
        bad = folder_of(own / "inbox", partner) / "bad.csv"
        bad.write_text(f"partner,period,metric,value,notes\n{partner},2026-Q3,clients_served,61,x\n", encoding="utf-8")
    assert here("collect").code == REFUSED
    told = {one["partner"]: (one["state"], one["why_not"]) for one in here("remind", "--json").json}
    assert told["p05"] == ("accepted", "everything is accepted")
    assert told["p06"] == ("refused", "")


def test_who_owes_what_is_one_table(here: Here, own: Path) -> None:
    said = here("partners")
    assert said.code == DONE
    assert "8 of 9 partners reported, 0 on time. Due on October 15, 2026." in said.out
    assert "| Sample Anti-Racism Committee | Missing | all 11 numbers |" in said.out
    told = {one["owed"]["partner"]: one for one in here("partners", "--json").json}
    assert (told["p06"]["state"], len(told["p06"]["unanswered"])) == ("missing", 11)
    assert (told["p05"]["state"], told["p05"]["unanswered"]) == ("accepted", [])
    assert {one["state"] for one in here("partners", "--period", "2026-Q4", "--json").json} == {"awaited"}


def test_what_is_withdrawn_counts_no_more_and_is_owed_again(here: Here, own: Path) -> None:
    said = here("withdraw", "p05", "--period", "2026-Q3", "--by", "A. Staff", "--why", "counted twice", "--json")
    assert (said.code, said.json["rows"], said.json["by"]) == (DONE, 7, "A. Staff")
    (one,) = [one for one in here("partners", "--json").json if one["owed"]["partner"] == "p05"]
    assert (one["state"], len(one["unanswered"])) == ("withdrawn", 7)
    (figure,) = [f for f in here("figures", "clients_served", "--json").json if f["period"] == "2026-Q3"]
    assert (figure["reporters"], figure["expected"]) == (7, 9)
    for arguments in (["p05", "--period", "2026-Q3"], ["nobody", "--period", "2026-Q3"]):
        again = here("withdraw", *arguments, "--by", "A. Staff")
        assert again.code == WRONG
        one_message(again)
        assert "has reported nothing of 2026-Q3, so there is nothing to withdraw." in again.err
    assert here("withdraw", "p01", "--period", "2026-Q3").err.startswith("usage: openlip")


def test_a_survey_is_counted_and_its_answers_are_kept_nowhere(here: Here, own: Path, tmp_path: Path) -> None:
    registers = own / "registers"
    with (registers / "surveys.csv").open("a", encoding="utf-8") as file:
        file.write("later,Later,Plus tard,2026,plan,en,x\n")
    with (registers / "survey_questions.csv").open("a", encoding="utf-8") as file:
        file.write("later,main,belonging,strong,Strong,Fort,,\nlater,main,belonging,weak,Weak,Faible,,\n")
    answers_file = tmp_path / "answers.csv"
    answers_file.write_text("language,status,belonging\nen,completed,Strong\nen,partial,weak\n", encoding="utf-8")
    before = (registers / "survey_counts.csv").read_bytes()
    looked = here("survey", answers_file, "--survey", "later", "--look", "--json")
    assert (looked.code, looked.json["begun"], looked.json["completed"], looked.json["is_written"]) == (DONE, 2, 1, False)
    assert (registers / "survey_counts.csv").read_bytes() == before
    said = here("survey", answers_file, "--survey", "later")
    assert (said.code, said.out.splitlines()[0]) == (DONE, "later: 2 begun, 1 completed (50.0 %), 4 counts.")
    assert "later,main,en,belonging,strong,1" in (registers / "survey_counts.csv").read_text(encoding="utf-8")
    answers_file.write_text("language,status,belonging,name\nen,completed,Strong,Zaynab Example\n", encoding="utf-8")
    refused = here("survey", answers_file, "--survey", "later")
    assert refused.code == REFUSED
    assert "Zaynab" not in refused.out + refused.err
    for arguments in (["nowhere.csv", "--survey", "later"], [answers_file, "--survey", "nothing"]):
        wrong = here("survey", *arguments)
        assert wrong.code == WRONG
        one_message(wrong)


def test_claims_conflict_until_the_document_is_mended(here: Here, own: Path) -> None:
    """207 of 314 is 66 %, and fourteen sessions are no thirteen; exactly these two, and the code says that there are any."""
    said = here("claims", "--json")
    assert said.code == REFUSED
    assert {one["claim"] for one in said.json if one["verdict"] == "conflicts"} == {"survey_completion", "focus_groups"}
    assert "says 67%, the figures say 66 (207 of 314 = 65.9 %)" in here("claims").out
    path = own / "registers" / "claims.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",67%,", ",66%,").replace(",thirteen,", ",fourteen,"), encoding="utf-8")
    assert here("claims").code == DONE


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["publish", "nobody"], "There is no brief 'nobody'. There are: council."),
        (["publish", "council", "--for", "nobody"], "There is no office 'nobody' in registers/offices.csv. There are: "),
        (["publish", "council", "--language", "de"], "The brief council has no language de; it has en, fr."),
        (["publish", "council", "--as-of", "2027-01-01"], "2027-01-01 is to come; today is 2026-11-22."),
        (["figures", "--as-of", "2027-01-01"], "2027-01-01 is to come; today is 2026-11-22."),
        (["refresh", "--only", "nothing"], "There is no table nothing here. There are: channels, "),
        (["refresh", "--only", "partner_metrics"], "There is no table partner_metrics here."),
        (["template", "--partner", "m10"], "m10 owes nothing of 2026-Q3. There are: p01, p02, "),
        (["remind", "--partner", "m10", "--partner", "m11"], "m10, m11 owe nothing of 2026-Q3. There are: p01, p02, "),
        (["withdraw", "p01", "--period", "2026-Q3", "--by", " "], "Who asked for it?"),
        (["collect", "--only", "ircc_pr_cma"], "There is no partner ircc_pr_cma in registers/members.csv. There are: m10, "),
    ],
)
def test_wrong_usage_is_one_message_and_2(here: Here, loaded: Path, arguments: list[str], message: str) -> None:
    said = here(*arguments)
    assert said.code == WRONG
    assert said.out == ""
    one_message(said)
    assert message in said.err
    told = here(*arguments, "--json")
    assert told.json == {"error": said.err.strip()}


@pytest.mark.parametrize("arguments", [[], ["dance"], ["publish"], ["figures", "--as-of", "yesterday"], ["serve", "--port", "x"]])
def test_an_unknown_word_is_wrong_usage(here: Here, arguments: list[str]) -> None:
    said = here(*arguments)
    assert (said.code, said.out) == (WRONG, "")
    assert said.err.startswith("usage: openlip")
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["template", "--period", "2026-Q9"],
        ["remind", "--period", "soon"],
        ["partners", "--period", ""],
        ["withdraw", "p01", "--by", "A. Staff", "--period", "2026"],
    ],
)
def test_what_is_no_quarter_is_wrong_usage(here: Here, loaded: Path, arguments: list[str]) -> None:
    said = here(*arguments)
    assert (said.code, said.out) == (WRONG, "")
    assert f"{arguments[-1]!r} is not a quarter such as 2026-Q3" in said.err
    assert "Traceback" not in said.err


def test_a_home_that_is_none_says_how_to_make_one(here: Here, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("OPENLIP_HOME", str(tmp_path))
    said = here("figures")
    assert said.code == WRONG
    one_message(said)
    assert f"{tmp_path} holds no partnership.yaml. Make a home with: openlip init {tmp_path}" in said.err


def test_a_home_may_be_named(environment: pytest.MonkeyPatch, folder: Path, tmp_path: Path) -> None:
    environment.setenv("OPENLIP_HOME", str(tmp_path))
    said = openlip("figures", "pgwp_year", "--home", folder, "--json")
    assert (said.code, len(said.json)) == (DONE, 44)


def test_refused_data_is_1_with_the_reason_on_stdout(here: Here, home: Path) -> None:
    said = here("publish", "council", "--for", "city_council")
    assert (said.code, said.err) == (REFUSED, "")
    one_message(said)
    assert "council.en.md line 12, headline: the warehouse has nothing for language_wait" in said.out
    told = here("publish", "council", "--for", "city_council", "--json")
    assert told.code == REFUSED
    assert told.json == {"refused": said.out.strip()}


def test_a_broken_query_is_wrong_configuration(here: Here, home: Path) -> None:
    queries = home / "sql" / "indicators"
    queries.mkdir(parents=True)
    text = (ROOT / "sql" / "indicators" / "clients_served.sql").read_text(encoding="utf-8")
    (queries / "broken.sql").write_text(text.replace("from partner_total", "from partner_totals"), encoding="utf-8")
    said = here("build")
    assert said.code == WRONG
    one_message(said)
    assert "sql/indicators/broken.sql reads partner_totals, which is neither a contract" in said.err
    (queries / "broken.sql").write_text(text + "; drop table release", encoding="utf-8")
    said = here("build")
    assert said.code == WRONG
    assert "sql/indicators/broken.sql: holds 2 statements" in said.err


def test_two_rows_for_one_place_and_period_are_refused(here: Here, home: Path) -> None:
    queries = home / "sql" / "indicators"
    queries.mkdir(parents=True)
    text = (ROOT / "sql" / "indicators" / "clients_served.sql").read_text(encoding="utf-8")
    head = text.split("*/")[0] + "*/\n"
    (queries / "twice.sql").write_text(
        head + "select 'p' as place, '2025' as period, 1 as value union all select 'p', '2025', 2", encoding="utf-8"
    )
    said = here("build")
    assert (said.code, said.err) == (REFUSED, "")
    assert "sql/indicators/twice.sql gives more than one row for p in 2025." in said.out


def test_a_publisher_that_cannot_be_reached_is_3(here: Here, home: Path, environment: pytest.MonkeyPatch) -> None:
    """The registers are loaded all the same, and what was not reached is named."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment.setenv("OPENLIP_PUBLISHERS", f"http://127.0.0.1:{port}")
    said = here("refresh", "--only", "members", "ircc_pr_cma", "--json")
    assert said.code == UNREACHABLE
    assert "Traceback" not in said.err
    told = {line["contract"]: line for line in said.json}
    assert (told["members"]["outcome"], told["ircc_pr_cma"]["outcome"]) == ("loaded", "unreachable")
    assert told["ircc_pr_cma"]["message"]


def test_a_fault_of_ours_is_70_without_a_traceback(here: Here, loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> list[object]:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(answers, "measure", fails)
    said = here("figures")
    assert said.code == FAULT
    one_message(said)
    assert "A fault of ours (ZeroDivisionError: division by zero). Run again with --debug" in said.err
    assert "Traceback" in here("figures", "--debug").err


def test_a_reader_that_goes_away_is_no_fault(loaded: Path) -> None:
    """`openlip figures | head -1`: what is printed is longer than a pipe holds, and nobody reads the rest."""
    command = [sys.executable, "-m", "flows", "figures", "--json", "--home", str(loaded)]
    settings = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings, encoding="utf-8") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == "[\n"
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(60) == DONE


def test_the_partnership_of_a_home_is_the_one_asked(partnership: Partnership, here: Here) -> None:
    assert here("doctor", "--offline", "--json").code == REFUSED, "nothing was fetched yet"
    assert partnership.sample
