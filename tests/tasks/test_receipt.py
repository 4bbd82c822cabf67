"""Receipts: what came, when, by which way, its version and its fate, in the partner's language, and nothing of a refused file."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import expectations
from expectations.partnership import Partnership
from sql.submissions import STATES
from tasks import Misuse
from tasks.answer.receipt import MOST_DIFFERENCES, MOST_FINDINGS, MOST_PARTS, Receipt, receipt
from tasks.conclude import Difference, Part, Submission
from tasks.findings import TIERS, Finding, tell
from tests.sample import twin_text
from tests.verapdf import verapdf

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("en", "fr")
OF = {"en": "p08", "fr": "p06"}
DIGEST = "a3f09c1b" + "0" * 56


def finding(severity: str = "critical", row: int | None = 3, **more: Any) -> Finding:
    said = {"rule": "integer", "column": "value", "found": "1 204", "expected": "a whole number", "fix": "Write 1204."}
    return Finding(**{**said, "severity": severity, "file": "", "row": row, "sheet": "metrics", "letter": "G", **more})


def part(period: str = "2026-Q3", **more: Any) -> Part:
    return Part(**{"contract": "partner_metrics", "version": 1, "rows": 5, "taken": 5, "waiting": 0, "period": period, **more})


def submission(state: str = "accepted", **more: Any) -> Submission:
    said = {
        "number": 12,
        "partner": "p08",
        "received_at": "2026-10-14T15:58:31Z",
        "concluded_at": "2026-11-22T17:00:05Z",
        "channel": "inbox",
        "form": "xlsx",
        "language": "en",
        "digest": DIGEST,
        "why": "",
        "parts": (part(),),
        "findings": (),
        "is_sample": True,
    }
    return Submission(**{**said, "state": state, **more})


PARTLY = submission(
    "partly_accepted",
    number=13,
    parts=(
        part(
            version=2,
            taken=3,
            waiting=2,
            due_on="2026-10-15",
            is_on_time=False,
            let_in_by="Office, 2026-11-20",
            differences=(
                Difference("partner_metrics", "2026-Q3", ("p08", "clients_served"), "79", "1284"),
                Difference("partner_metrics", "2026-Q3", ("p08", "racism_reports"), "", "non recueilli"),
                Difference("partner_metrics", "2026-Q3", ("p08", "job_placements"), "47", ""),
            ),
        ),
        part("2026-Q2", version=3, same_as=2),
    ),
    findings=(
        finding("warning", 6),
        finding("critical", 3, values=(("period", "2026-Q3"),)),
        finding("confirm", 5, rows=9, more=(7, 8)),
        finding("info", 7),
    ),
)
# As the gate tells it: detector, place, count and rows.
REFUSED = submission(
    "refused",
    number=14,
    form="csv",
    why="gate",
    parts=(),
    findings=(
        finding(rule="gate_phone", column="", found="", expected="", fix="", letter="H", rows=7, more=(5, 9)),
        finding(rule="gate_email", column="", found="", expected="", fix="", row=None, letter="I", rows=2),
    ),
)
LONG = submission(
    "partly_accepted",
    parts=tuple(
        part(f"{1990 + n // 4}-Q{n % 4 + 1}", differences=(Difference("partner_metrics", "2026-Q3", ("clients_served",), "1", "2"),) * 2)
        for n in range(50)
    ),
    findings=tuple(finding(("critical", "confirm", "warning", "info")[n % 4], n + 2) for n in range(100)),
)
# Every receipt that is looked at by the validator.
EVERY = {"accepted": submission(), "partly": PARTLY, "refused": REFUSED, "long": LONG}


def made(one: Submission, partnership: Partnership, language: str = "") -> Receipt:
    return receipt(replace(one, partner=OF[language]) if language else one, partnership, tell=tell)


def pdf_text(pdf: bytes, *options: str) -> str:
    done = subprocess.run(["pdftotext", "-raw", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def web_text(html: str, folder: Path) -> str:
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    return " ".join(twin_text(path).split())


def texts(slip: Receipt, folder: Path) -> Iterator[str]:
    """What is read of both forms."""
    yield pdf_text(slip.pdf)
    yield web_text(slip.html, folder)


def words(language: str) -> dict[str, Any]:
    return expectations.words("receipt", language)


# What an auditor takes


def test_it_says_who_what_when_by_which_way_and_which_version(partnership: Partnership, tmp_path: Path) -> None:
    slip = made(submission(parts=(part(due_on="2026-10-15", is_on_time=True),)), partnership)
    for text in texts(slip, tmp_path):
        for told in (
            "July to September 2026: Accepted",
            "Peterborough Immigration Partnership",
            "Sample Community Health Centre (p08)",
            "No. 12",
            "14 October 2026, 11:58:31 EDT (UTC−04:00)",
            "22 November 2026, 12:00:05 EST (UTC−05:00)",
            "the partner's folder, an Excel workbook (.xlsx)",
            "All rows were taken and count.",
            "a3f0 9c1b 0000 0000",
            "Shared metrics reported by partners",
            "15 October 2026",
            "Community Development Worker",
        ):
            assert told in text, told
    assert re.search(r"Jul–Sep 2026 1 5 5 0 15 October 2026 yes", pdf_text(slip.pdf))
    assert slip.name == "receipt-12-p08-accepted"


def test_every_page_has_number_date_version_proof_and_sample(partnership: Partnership) -> None:
    slip = made(LONG, partnership)
    [pages] = map(int, re.findall(r"Pages:\s+(\d+)", _info(slip.pdf)))
    assert pages > 1
    for number in range(1, pages + 1):
        text = pdf_text(slip.pdf, "-f", str(number), "-l", str(number))
        assert f"Page {number} / {pages}" in text
        assert "Receipt of submission 12 · p08 · 1990-Q1: version 1, 1990-Q2: version 1, further periods: 48 · 22 November 2026" in text
        assert "proof a3f0 9c1b 0000 0000" in text
        assert "SAMPLE. Made from the sample partnership" in text


def test_a_receipt_that_is_no_sample_does_not_say_so(partnership: Partnership, tmp_path: Path) -> None:
    for text in texts(made(submission(is_sample=False), partnership), tmp_path):
        assert "SAMPLE" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_name_its_meaning_and_what_to_do(state: str, language: str, partnership: Partnership, tmp_path: Path) -> None:
    name = expectations.words("workbook", language)["states"][state]
    for text in texts(made(submission(state), partnership, language), tmp_path):
        for told in (name, words(language)["meaning"][state], words(language)["next"][state]):
            assert told in text.replace("\u00a0", " "), told


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_the_language_of_the_partner(language: str, partnership: Partnership) -> None:
    """p06 writes French, whatever the headings of its file were."""
    slip = made(PARTLY, partnership, language)
    assert f'<html lang="{language}">' in slip.html
    text = pdf_text(slip.pdf)
    assert ("Nouveaux arrivants servis" in text) == (language == "fr")
    assert ("14 octobre 2026, 11:58:31 HAE" in text) == (language == "fr")


def test_an_unknown_partner_is_answered_in_the_language_of_its_file(partnership: Partnership) -> None:
    slip = made(replace(REFUSED, partner="", language="fr"), partnership)
    assert '<html lang="fr">' in slip.html
    assert "inconnu" in pdf_text(slip.pdf)
    assert slip.name == "receipt-14-refused"
    assert '<html lang="en">' in made(replace(REFUSED, partner="x99", language="de"), partnership).html


def test_a_partner_that_is_no_code_names_no_file(partnership: Partnership) -> None:
    with pytest.raises(Misuse, match="submission 12"):
        made(submission(partner="../x"), partnership)


# Rows, versions, differences


def test_rows_that_wait_and_late_ones_that_were_let_in_are_told(partnership: Partnership, tmp_path: Path) -> None:
    for text in texts(made(PARTLY, partnership), tmp_path):
        for told in (
            "8 Rows taken of 10 that we read",
            "2 Rows that wait for you",
            "3 Points to look at 1 to correct, 1 to confirm, 1 to note",
            "Let in after the period was closed, by Office, 2026-11-20",
            "Says the same as version 2",
            "no, late",
            "no due day",
            "not asked",
        ):
            assert told in text, told


def test_rows_of_a_closed_period_wait_for_the_office(partnership: Partnership) -> None:
    text = pdf_text(made(submission("pending", parts=(part(taken=0, waiting=5),)), partnership).pdf)
    assert "5 Rows that wait for the office until it lets in the closed period" in text


def test_differences_name_the_metric_and_both_values(partnership: Partnership, tmp_path: Path) -> None:
    for text in texts(made(PARTLY, partnership), tmp_path):
        assert re.search(r"Newcomers served by a partner \(not unique across partners\) Jul–Sep 2026 79 1,284", text)
        assert re.search(r"Incidents of racism reported to a partner \(not verified\) Jul–Sep 2026 \(not there\) not collected", text)
        # What a file does not mention stays in force, and is not shown as if it were gone.
        assert re.search(r"Jul–Sep 2026 47 \(stays as it was\)", text)


def test_what_is_not_listed_is_counted(partnership: Partnership) -> None:
    slip = made(LONG, partnership)
    assert slip.html.count("<td>Jul–Sep 2026</td>") == MOST_DIFFERENCES
    assert "Further numbers that are otherwise: 80. All are in the returned workbook." in slip.html
    assert "Further findings: 70. All are in the returned workbook." in slip.html
    assert "Further tables and periods, not listed here: 38." in slip.html
    assert slip.html.count(">metrics, cell G") == MOST_FINDINGS
    assert slip.html.count(">Shared metrics reported by partners") == MOST_PARTS


# Findings


def test_findings_stand_by_tier_with_where_first(partnership: Partnership, tmp_path: Path) -> None:
    tiers = [words("en")["findings"][tier] for tier in TIERS.values()]
    for text in texts(made(PARTLY, partnership), tmp_path):
        start = text.index("What we found")
        places = [text.index(f" {tier} Where", start) for tier in tiers]
        assert places == sorted(places)
        assert "metrics, cell G3 Jul–Sep 2026 1 204 a whole number in digits" in text
        assert "metrics, cell G5 rows 7, 8 9 rows in all" in text


def test_what_must_be_mended_is_listed_before_what_is_only_told(partnership: Partnership) -> None:
    many = (*(finding("info", n) for n in range(2, 60)), finding("critical", 777))
    assert "cell G777" in made(submission(findings=many), partnership).html


def test_what_a_partner_wrote_is_text_and_never_too_long(partnership: Partnership) -> None:
    nasty = finding(found="<img src=x onerror=alert(1)> \N{GRINNING FACE}\u202e" + "9" * 5000)
    slip = made(submission(findings=(nasty,)), partnership)
    assert "<img" not in slip.html
    assert "&lt;img src=x onerror=alert(1)&gt;" in slip.html
    assert "\u202e" not in slip.html
    assert "9" * 200 not in slip.html
    assert "[U+1F600]" in pdf_text(slip.pdf)


# A refused file


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_refused_file_it_says_detector_place_and_count_and_that_nothing_was_kept(
    language: str, partnership: Partnership, tmp_path: Path
) -> None:
    detector = expectations.words("gate", language)["detectors"]["phone"]["found"]
    place = {"en": "metrics, cell H3 rows 5, 9 7 rows in all", "fr": "metrics, cellule H3 lignes 5, 9 7 lignes en tout"}[language]
    for text in texts(made(REFUSED, partnership, language), tmp_path):
        told = text.replace("\u00a0", " ")
        assert words(language)["nothing_kept"] in told
        assert place in told
        assert detector.split("{")[0] in told


@pytest.mark.parametrize(
    ("rule", "more", "told"),
    [
        ("other_sheet", {"rows": 43}, {"en": "43 cells in all", "fr": "43 cellules en tout"}),
        ("comment", {"rows": 3}, {"en": "3 comments or notes in all", "fr": "3 commentaires ou notes en tout"}),
        ("link", {"rows": 1_200}, {"en": "1,200 links in all", "fr": "1 200 liens en tout"}),
        ("ones", {"rows": 20, "letter": "D"}, {"en": "20 rows in all", "fr": "20 lignes en tout"}),
        ("columns", {"rows": 30, "row": 1}, {"en": "30 columns in all", "fr": "30 colonnes en tout"}),
        ("missing", {"rows": 4, "row": 1}, {"en": "", "fr": ""}),
        ("drawing", {"rows": 2}, {"en": "", "fr": ""}),
        ("list", {"rows": 9, "row": 2, "letter": "C"}, {"en": "9 rows in all", "fr": "9 lignes en tout"}),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_calls_what_a_finding_counts_by_its_name(
    rule: str, more: dict[str, Any], told: dict[str, str], language: str, partnership: Partnership
) -> None:
    filled = dict.fromkeys(["sheet", "columns_en", "columns_fr"], "1")
    said = {"row": None, "letter": "", "column": "", "sheet": "", **more, "rule": f"gate_{rule}", "values": tuple(filled.items())}
    html = made(replace(REFUSED, findings=(finding(**said),)), partnership, language).html
    text = re.sub(r"[\s\u00a0\u202f]+", " ", html)
    counts = [match.strip(" >") for match in re.findall(r">[\s]*([\d, ]+ [^<>\d]+ (?:in all|en tout))[\s]*<", text)]
    assert counts == ([told[language]] if told[language] else [])
    number = f"{more['rows']:,}"
    sentence = finding(**said).sentence()
    assert sentence.endswith(")") == bool(told["en"])
    assert f"({told['en'].removesuffix(' in all').replace(number, str(more['rows']))})" in sentence or not told["en"]


def test_no_heading_and_no_value_of_a_refused_file_is_told(partnership: Partnership) -> None:
    """Even where a finding held them against its law."""
    bad = finding(
        rule="gate_phone", column="Maria Lopez 705-555-0100", found="705-555-0100", expected="", fix="", values=(("period", "MARKER"),)
    )
    slip = made(replace(REFUSED, findings=(bad, replace(bad, letter="", row=None))), partnership)
    for marker in ("Maria", "705-555", "MARKER"):
        assert marker not in slip.html
        assert marker not in pdf_text(slip.pdf)


def test_a_file_refused_for_its_rows_was_kept(partnership: Partnership) -> None:
    """Its copy waits in quarantine, so the sentence would not be true."""
    text = pdf_text(made(submission("refused", parts=(part(taken=0, waiting=5),)), partnership).pdf)
    assert words("en")["nothing_kept"] not in text
    assert "5 Rows that wait for you" in text


# Words, bytes, tags


def test_both_languages_have_the_same_words() -> None:
    def keys(value: Any) -> Any:
        return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else set(re.findall(r"\{\w+\}", str(value)))

    assert keys(words("en")) == keys(words("fr"))
    assert set(words("en")["meaning"]) == set(words("en")["next"]) == set(STATES)


def test_verapdf_finds_no_fault(partnership: Partnership, tmp_path: Path) -> None:
    files = []
    for name, one in EVERY.items():
        for language in LANGUAGES:
            files.append(tmp_path / f"{name}.{language}.pdf")
            files[-1].write_bytes(made(one, partnership, language).pdf)
    verdicts = verapdf(*files)
    assert len(verdicts) == 16
    assert [(v.file.name, v.flavour, v.failed) for v in verdicts if not v.compliant] == []


def test_the_same_submission_gives_the_same_bytes_in_another_process(partnership: Partnership, tmp_path: Path) -> None:
    code = (
        "import sys, hashlib; from pathlib import Path; from expectations.partnership import read_partnership;"
        "from tests.tasks.test_receipt import PARTLY, made;"
        "slip = made(PARTLY, read_partnership(Path(sys.argv[1])));"
        "sys.stdout.write(hashlib.sha256(slip.pdf + slip.html.encode()).hexdigest())"
    )
    world = {"PYTHONHASHSEED": "3", "TZ": "Asia/Tokyo", "LANG": "C", "PYTHONPATH": str(ROOT), "OPENLIP_NOW": "2027-03-01T00:00:00+00:00"}
    command = [sys.executable, "-c", code, str(partnership.home)]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | world, capture_output=True, text=True, check=True)
    here = made(PARTLY, partnership)
    assert done.stdout == hashlib.sha256(here.pdf + here.html.encode()).hexdigest()


def _info(pdf: bytes) -> str:
    return subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
