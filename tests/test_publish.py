"""The main job from beginning to end: documents that conform, are the same bytes everywhere, and answer as of any day."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select
from syrupy.assertion import SnapshotAssertion

import briefs
import expectations
import sql
from demo.publishers import Publishers
from expectations.partnership import Partnership
from flows.sentences import Made, look_at_revisions, office_of, publish_brief, refresh_tables
from flows.verbs import Verbs
from sql import ledger, warehouse
from tasks import Misuse, Refused
from tasks.show import show
from tests.sample import close, copy_to, published_home, twin_text
from tests.verapdf import verapdf

ROOT = Path(__file__).parents[1]
EDITION = "2026-11-22-council-city_council"
LANGUAGES = ("en", "fr")
FILES = {f"council.city_council.2026-11-22.{code}.{kind}" for code in LANGUAGES for kind in ("pdf", "html", "data.csv", "provenance.json")}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def edition() -> Path:
    return published_home() / "editions" / EDITION


@pytest.fixture
def changing(tmp_path: Path, environment: pytest.MonkeyPatch) -> Iterator[Partnership]:
    """A copy of the loaded sample home, for a test that changes it."""
    made = copy_to(tmp_path / "home")
    environment.setenv("OPENLIP_HOME", str(made.home))
    yield made
    close(made.home)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def pdf(folder: Path, code: str) -> Path:
    return next(folder.glob(f"*.{code}.pdf"))


def said(*command: str | Path) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, encoding="utf-8").stdout


def figures(folder: Path) -> dict[str, Any]:
    return dict(json.loads(next(folder.glob("*.en.provenance.json")).read_text(encoding="utf-8"))["figures"])


# The documents


def test_an_edition_is_two_documents_with_their_web_pages_and_files(edition: Path) -> None:
    assert {path.name for path in edition.iterdir()} == FILES


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_document_is_two_pages_of_letter(edition: Path, code: str) -> None:
    told = said("pdfinfo", "-l", "9", pdf(edition, code))
    assert re.search(r"^Pages: +2$", told, re.MULTILINE)
    assert re.findall(r"^Page +\d size: +([\d.]+) x ([\d.]+) pts", told, re.MULTILINE) == [("612", "792")] * 2


def test_a_document_conforms_to_both_profiles(edition: Path) -> None:
    verdicts = verapdf(*(pdf(edition, code) for code in LANGUAGES))
    assert len(verdicts) == 4
    assert [(verdict.file.name, verdict.flavour, verdict.failed) for verdict in verdicts if not verdict.compliant] == []


@pytest.mark.parametrize(("code", "words"), [("en", ("SAMPLE.", "DRAFT.")), ("fr", ("EXEMPLE.", "ÉBAUCHE."))])
def test_every_page_says_what_it_is(edition: Path, code: str, words: tuple[str, str]) -> None:
    for page in ("1", "2"):
        text = said("pdftotext", "-f", page, "-l", page, pdf(edition, code), "-")
        assert all(word in text for word in words)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_document_prints_no_nan_and_no_none(edition: Path, code: str) -> None:
    """O14."""
    text = said("pdftotext", pdf(edition, code), "-") + twin_text(next(edition.glob(f"*.{code}.html")))
    assert not re.search(r"\b(nan|none|null|inf)\b|\{\{|\[\[|\*\*", text, re.IGNORECASE)


def test_the_ledger_holds_every_number_of_every_document() -> None:
    with warehouse._engine(f"sqlite:///{published_home() / 'warehouse.db'}", False).connect() as connection:
        documents = {row["language"]: dict(row) for row in connection.execute(select(ledger.document)).mappings()}
        document = ledger.printed.c.document
        counts = dict(connection.execute(select(document, func.count()).group_by(document)).tuples().all())
    close(published_home())
    folder = published_home() / "editions" / EDITION
    assert set(documents) == set(LANGUAGES)
    for code, row in documents.items():
        assert row["sha256"] == hashlib.sha256(pdf(folder, code).read_bytes()).hexdigest()
        claims = json.loads(next(folder.glob(f"*.{code}.provenance.json")).read_text(encoding="utf-8"))["claims"]
        assert counts[row["sha256"]] == len(claims) > 60


# The same bytes


def test_a_fresh_process_elsewhere_makes_the_same_bytes(edition: Path, changing: Partnership, tmp_path: Path) -> None:
    """Other hash seed, time zone, locale, folder of work and home: nothing of the machine is in the documents."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings = {"PYTHONHASHSEED": "4242", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "flows", "publish", "council", "--for", "city_council", "--json"]
    done = subprocess.run(command, cwd=elsewhere, env=os.environ | settings, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert {item["language"]: item["pages"] for item in json.loads(done.stdout)} == {"en": 2, "fr": 2}
    assert digests(changing.home / "editions" / EDITION) == digests(edition)


def test_made_twice_is_the_same_bytes_and_one_entry(changing: Partnership, edition: Path) -> None:
    made = [publish_brief(changing, "council", "city_council", Verbs()) for _ in range(2)]
    assert made[0] == made[1]
    assert digests(changing.home / "editions" / EDITION) == digests(edition)
    with warehouse.reader(changing.home).connect() as connection:
        assert connection.scalar(select(func.count()).select_from(ledger.document)) == 2


def test_one_language_alone_is_the_same_document(changing: Partnership, edition: Path) -> None:
    (made,) = publish_brief(changing, "council", "city_council", Verbs(), languages=["fr"])
    assert made.sha256 == digests(edition)[Path(made.pdf).name]


# As of a day


def test_a_day_that_is_past_says_what_was_known_then(
    changing: Partnership, edition: Path, publishers: Publishers, environment: pytest.MonkeyPatch
) -> None:
    """S09, O16: a restated month is a new vintage that a person sees first, with the editions that print it.

    Once it is accepted, the edition of the day before is the same to the byte, and today's is not.
    """
    released = publish_brief(changing, "council", "city_council", Verbs())
    publishers.restate()
    environment.setenv("OPENLIP_NOW", "2026-11-23T17:00:00+00:00")
    (line,) = refresh_tables(changing, ["ircc_pr_cma"], Verbs())
    assert (line.outcome, line.changed) == ("waits", 1)
    (waits,) = look_at_revisions(changing, "ircc_pr_cma", Verbs()).waiting
    assert [touched.sha256 for touched in waits.editions] == [made.sha256 for made in released]
    look_at_revisions(changing, "ircc_pr_cma", Verbs(), release=waits.release, by="A. Person", accepts=True)

    then = publish_brief(changing, "council", "city_council", Verbs(), as_of=date(2026, 11, 22))
    assert digests(Path(then[0].pdf).parent) == digests(edition)

    now = publish_brief(changing, "council", "city_council", Verbs())
    today = Path(now[0].pdf).parent
    assert today.name == "2026-11-23-council-city_council"
    before, after = figures(edition), figures(today)
    assert set(before) == set(after)
    differ = {key for key in before if before[key]["value"] != after[key]["value"]}
    assert differ, "the restated month stands in a sum of the brief"
    assert {key.split("@")[0] for key in differ} == {"pr_admissions_12_months"}
    told = {release["release"] for key in differ for release in after[key]["rows"]}
    assert told == {1, 2}, "one row of the new release among those of the old"


def test_an_office_is_addressed_only_while_its_place_was_there(changing: Partnership) -> None:
    """C11: the riding of the 2023 order began on 2024-04-23."""
    with pytest.raises(Misuse, match="mp_peterborough"):
        office_of(changing, "mp_peterborough", date(2024, 4, 22))
    assert office_of(changing, "mp_peterborough", date(2024, 4, 23)).office == "mp_peterborough"


def test_a_day_before_anything_was_known_has_no_brief(changing: Partnership) -> None:
    with pytest.raises(Refused, match=r"council\.en\.md line \d+, headline: the warehouse has nothing for language_wait"):
        publish_brief(changing, "council", "city_council", Verbs(), as_of=date(2026, 11, 21))


def test_a_day_to_come_is_refused(changing: Partnership) -> None:
    with pytest.raises(Misuse, match="2026-11-23 is to come; today is 2026-11-22"):
        publish_brief(changing, "council", "city_council", Verbs(), as_of=date(2026, 11, 23))


# Walking a document back


def made_of(partnership: Partnership) -> Made:
    return publish_brief(partnership, "council", "city_council", Verbs(), languages=["en"])[0]


def test_a_document_is_known_by_its_file_its_name_and_its_digest(changing: Partnership) -> None:
    made = made_of(changing)
    walks = [show(what, changing) for what in (made.pdf, Path(made.pdf).name, made.sha256)]
    assert walks[0] == walks[1] == walks[2]
    assert len(walks[0]["numbers"]) == made.numbers
    number = next(number for number in walks[0]["numbers"] if number["figure"].startswith("pgwp_year"))
    assert len(number["rows"]) == 12
    assert number["snapshots"][0]["url"].endswith("ODP-WP-PGWP-Province-CMA.csv")


def test_a_document_of_which_a_byte_changed_is_refused(changing: Partnership) -> None:
    """O05."""
    made = made_of(changing)
    path = Path(made.pdf)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(Refused, match="these bytes are not the document recorded"):
        show(made.pdf, changing)


def test_a_making_that_was_replaced_is_not_told_by_the_numbers_of_another(changing: Partnership) -> None:
    made = made_of(changing)
    Path(made.pdf).write_bytes(b"%PDF another making")
    with pytest.raises(Refused, match="holds another making of it or none"):
        show(made.sha256, changing)


# The shape of the system: a change here is a decision that a reviewer sees


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_text_of_the_council_brief(edition: Path, code: str, snapshot: SnapshotAssertion) -> None:
    lines = [re.sub(r"\s+", " ", line).strip() for line in twin_text(next(edition.glob(f"*.{code}.html"))).splitlines()]
    assert "\n".join(line for line in lines if line) == snapshot


def test_the_shape_of_the_system(snapshot: SnapshotAssertion) -> None:
    prefect = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    shape = {
        "deployments": {item["name"]: item["entrypoint"] for item in prefect["deployments"]},
        "contracts": expectations.names(),
        "queries": [f"{query.folder}/{query.name} reads {', '.join(sorted(query.reads))}" for query in sql.in_order(sql.read_all())],
        "briefs": briefs.names(),
    }
    assert yaml.safe_dump(shape, sort_keys=True, allow_unicode=True, width=140) == snapshot
