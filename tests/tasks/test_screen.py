"""The gate lets closed columns through and nothing else; what it says of a file never holds a word of it."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import expectations
from expectations import read
from expectations.partnership import Partnership
from tasks.fetch.store import folder
from tasks.findings import tell
from tasks.receive.parcel import SecretMissing, keyed
from tasks.screen import screen
from tasks.screen.columns import value
from tasks.screen.detect import _DATE, _is_date, detect, kind_of_heading, luhn
from tasks.screen.fold import smooth
from tasks.stage import stage
from tests.screening import HEADER, KEY, csv_of, parcel, places, quoted, refused, remarks, rows_of

GATE = Path(expectations.HERE).parent / "tasks" / "screen"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIP_SECRET_GATE_KEY", KEY)


def kept(partnership: Partnership, body: bytes, *, partner: str = "p01") -> str:
    """The kept copy of a file of one table that is let in."""
    screened = screen(parcel(body, partner=partner), partnership)
    assert not screened.is_refused, screened.findings
    (sheet,) = screened.sheets
    return (folder(partnership.home) / sheet.snapshot.file).read_text(encoding="utf-8")


# What is let in


def test_the_kept_copy_holds_our_columns_each_row_where_it_stood(partnership: Partnership) -> None:
    body = csv_of(["p01", "2026-Q3", "clients_served", 12], [], [], ["p01", "2026-Q3", "language_wait", "not collected"])
    screened = screen(parcel(body), partnership)
    (sheet,) = screened.sheets
    text = (folder(partnership.home) / sheet.snapshot.file).read_text(encoding="utf-8")
    assert text.splitlines() == [
        "partner,period,metric,value", "p01,2026-Q3,clients_served,12", "", "", "p01,2026-Q3,language_wait,not collected",
    ]  # fmt: skip
    assert (screened.form, screened.partner, screened.findings) == ("csv", "p01", ())
    assert (sheet.contract, sheet.sheet, sheet.header_row, sheet.periods) == ("partner_metrics", "", 1, ("2026-Q3",))
    assert sheet.letters == (("partner", "A"), ("period", "B"), ("metric", "C"), ("value", "D"))
    snapshot = sheet.snapshot
    assert (snapshot.part, snapshot.url, snapshot.sample) == ("p01", "inbox/p01/partner_metrics.csv", True)
    assert snapshot.facts == {"digest": screened.digest, "sheet": "", "header_row": 1, "letters": dict(sheet.letters)}


def test_columns_stand_in_any_order_under_labels_of_any_language_and_codes_under_their_names(partnership: Partnership) -> None:
    names = {row["metric"]: row for row in _register(partnership, "metrics")}
    header = ["Votre nombre", "CODE", "période", " Partenaire ", "Explication", "Ce qui est compté", "Période précédente"]
    row = ["7", names["clients_served"]["name_fr"], "T3 2026", "SAMPLE settlement agency", "Le financement a changé", "", "1204"]
    body = csv_of(row, header=header)
    assert kept(partnership, body).splitlines() == [
        "partner,period,metric,value,explanation", "p01,2026-Q3,clients_served,7,funding",
    ]  # fmt: skip
    screened = screen(parcel(body), partnership)
    assert screened.language == "fr"
    assert dict(screened.sheets[0].letters) == {"value": "A", "metric": "B", "period": "C", "partner": "D", "explanation": "E"}


def _register(partnership: Partnership, name: str) -> list[dict[str, str]]:
    return expectations.places.rows(partnership.home / "registers" / f"{name}.csv")


@pytest.mark.parametrize(
    ("written", "is_kept"),
    [("2026-Q3", "2026-Q3"), ("Q3 2026", "2026-Q3"), ("2026 q3", "2026-Q3"), ("T3-2026", "2026-Q3"), ("2026T3", "2026-Q3"),
     ("2026‑Q3", "2026-Q3"), ("2026–Q3", "2026-Q3"), ("２０２６-Q3", "2026-Q3"), ("2026-07", "2026-07"), ("2026-Q5", "2026-Q5"),
     ("2026", "2026"), ("", "")],
)  # fmt: skip
def test_periods_are_written_in_one_form(partnership: Partnership, written: str, is_kept: str) -> None:
    assert kept(partnership, csv_of(["p01", written, "clients_served", 12])).splitlines()[1] == f"p01,{is_kept},clients_served,12"


@pytest.mark.parametrize(
    ("written", "is_kept"),
    [("12", "12"), ("0", "0"), ("999999", "999999"), ("007", "7"), ("１２", "12"), ("1 204", "1 204"), ("1\u00a0204", "1 204"),
     ("1,240", "1,240"), ("-3", "-3"), ("−3", "-3"), ("2.5", "2.5"), ("TRUE", "TRUE"), ("vrai", "TRUE"), ("=SUM(A1:A9)", "="),
     ('=HYPERLINK("mailto:x")', "="), ("1.2e3", "1.2e3"), ("12 %", "12 %"), ("Not  Collected", "not collected"),
     ("NON RECUEILLI", "non recueilli"), ("-", "-"), ("#N/A", "#N/A"), ("$1,240", "$1,240"), ("<5", "<5"), ("", ""), ("\u200b\u00a0", ""),
     ("45*", "45*"), ("45²", "45^2"), ("45₂", "45^2"), ("④", "(4)"), ("45⑫", "45(12)"), ("≤1 204 ¹", "≤1 204 ^1"), ("⁴⁵", "^4^5")],
)  # fmt: skip
def test_numbers_and_harmless_forms_of_numbers_go_on(partnership: Partnership, written: str, is_kept: str) -> None:
    body = csv_of(["p01", "2026-Q3", "clients_served", written], ["p01", "2026-Q3", "language_wait", 1])
    line = kept(partnership, body).splitlines()[1]
    assert line.replace('"', "") == f"p01,2026-Q3,clients_served,{is_kept}"


def test_stage_reads_the_kept_copy_and_sets_the_odd_rows_aside(partnership: Partnership) -> None:
    odd = ["1 204", "-3", "2.5", "TRUE", "=1+1", ""]
    spans = ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"]
    lines = [["p01", span, "clients_served", cell] for span, cell in zip(spans, odd, strict=True)]
    body = b"\r\n\r\n" + csv_of(*lines, ["p01", "2026-Q5", "language_wait", 4], ["p01", "2026-Q3", "language_wait", 5])
    screened = screen(parcel(body), partnership)
    (sheet,) = screened.sheets
    assert sheet.header_row == 3
    staged = stage(sheet.snapshot, read("partner_metrics"), partnership)
    assert staged.refusal is None
    faults, facts = _staged(staged.path)
    assert faults == [(4, "integer"), (6, "decimals"), (7, "integer"), (8, "formula"), (9, "unanswered"), (10, "period")]
    assert facts == [(5, -3.0), (11, 5.0)]  # a negative whole number is a number to stage; the limits of the table refuse it


def _staged(path: str) -> tuple[list[tuple[int, str]], list[tuple[int, float]]]:
    with closing(sqlite3.connect(path)) as db:
        faults = db.execute("select row, rule from unread order by row").fetchall()
        return faults, db.execute("select row, value from facts order by row").fetchall()


@pytest.mark.parametrize("written", ["45*", "45²", "45 ¹", "45₂", "④", "²"])
def test_the_digit_of_a_footnote_never_grows_the_number(partnership: Partnership, written: str) -> None:
    """It is a row to mend, told as 45* is; the number beside it is read."""
    body = csv_of(["p01", "2026-Q3", "clients_served", written], ["p01", "2026-Q3", "language_wait", 5])
    staged = stage(screen(parcel(body), partnership).sheets[0].snapshot, read("partner_metrics"), partnership)
    assert staged.refusal is None
    assert _staged(staged.path) == ([(2, "integer")], [(3, 5.0)])


def test_a_table_is_told_by_its_headings_where_nothing_else_says_it(partnership: Partnership) -> None:
    body = csv_of(["p01", "2026-Q3", "welcome_passes", "library", 4], header=["partner", "period", "metric", "venue", "value"])
    screened = screen(parcel(body), partnership)
    assert [sheet.contract for sheet in screened.sheets] == ["partner_welcome_pass"]


def test_the_partner_is_the_one_in_the_rows_where_the_place_is_everybodys(partnership: Partnership) -> None:
    screened = screen(parcel(csv_of(["p06", "2026-Q3", "clients_served", 4]), partner=""), partnership)
    assert (screened.partner, screened.sheets[0].snapshot.part) == ("p06", "p06")
    assert screened.language == "fr"  # our own headings say no language: it is the partner's


def test_the_same_file_twice_is_kept_once(partnership: Partnership) -> None:
    body = csv_of(*rows_of(30))
    first, second = (screen(parcel(body), partnership) for _ in range(2))
    assert first.sheets[0].snapshot == second.sheets[0].snapshot
    assert len(list(folder(partnership.home).rglob("*.csv"))) == 1
    assert not list((partnership.home / "partial").iterdir())


# What is refused

NOTE = "Amira asked to be called"
MORE = [*HEADER, "Notes"]
REFUSED: list[tuple[str, bytes, list[tuple[str, str, tuple[int, ...], int]]]] = [
    ("a name in a code column", csv_of(["p01", "2026-Q3", "Amira Haddad", 1]), [("list", "C", (2,), 1)]),
    ("a column of notes", csv_of(["p01", "2026-Q3", "clients_served", 1, NOTE], header=MORE), [("column_free_text", "E", (1,), 1)]),
    ("dates of birth", csv_of(["p01", "2026-Q3", "clients_served", 1, "1990-03-04"], header=[*HEADER, "DOB"]),
     [("column_birth", "E", (1,), 1), ("date", "E", (2,), 1)]),
    ("names", csv_of(["p01", "2026-Q3", "clients_served", 1, "Amira"], header=[*HEADER, "Client's given name"]),
     [("column_name", "E", (1,), 1)]),
    ("identifiers", csv_of(["p01", "2026-Q3", "clients_served", 1, "1234-5678"], header=[*HEADER, "UCI"]),
     [("column_identifier", "E", (1,), 1), ("client_number", "E", (2,), 1)]),
    ("an identifier in a category", csv_of(["p01", "2026-Q3", "1234-5678", 1]), [("client_number", "C", (2,), 1)]),
    ("a heading that is itself a person", csv_of(["p01", "2026-Q3", "clients_served", 1, 1], header=[*HEADER, "amira@example.org"]),
     [("column_email", "E", (1,), 1)]),
    ("a strange column", csv_of(["p01", "2026-Q3", "clients_served", 1, 2], header=[*HEADER, "Quarterly total"]),
     [("column_other", "E", (1,), 1)]),
    ("a cell right of the last heading", csv_of(["p01", "2026-Q3", "clients_served", 1, "", NOTE]), [("beyond", "F", (2,), 1)]),
    ("a blank heading", csv_of(["p01", "2026-Q3", NOTE, "clients_served", 1], header=["partner", "period", "", "metric", "value"]),
     [("no_heading", "C", (2,), 1)]),
    ("a heading twice", csv_of(["p01", "2026-Q3", "clients_served", 1, 2], header=[*HEADER, "Your number"]), [("twice", "E", (1,), 1)]),
    ("an issued heading twice", csv_of(["p01", "2026-Q3", "clients_served", 1, 2, 2], header=[*HEADER, "last", "last"]),
     [("twice", "F", (1,), 1)]),
    ("a missing column", csv_of(["p01", "2026-Q3", "clients_served"], header=HEADER[:3]), [("missing", "", (1,), 1)]),
    ("something above the headings", csv_of(HEADER, ["p01", "2026-Q3", "clients_served", 1], header=["Prepared by Amira"]),
     [("above", "", (1,), 1)]),
    ("no headings", csv_of(["p01", "2026-Q3", "language_wait", 2], header=["p01", "2026-Q3", "clients_served", 1]),
     [("no_headings", "", (1,), 1)]),
    ("no headings and a person", csv_of(["p01", "2026-Q3", "705-555-0100", 2], header=["p01", "2026-Q3", "Amira", 1]),
     [("no_headings", "", (1,), 1), ("phone", "C", (2,), 1)]),
    ("a pasted table, of which nothing is said as a list", csv_of(*[["p01", "2026-Q3", "clients_served", n, n] for n in range(9)],
     header=[*HEADER, "Quarterly total"]), [("column_other", "E", (1,), 1)]),
    ("a table pasted beside itself", csv_of(*[["p01", "2026-Q3", "clients_served", n, n] for n in range(9)], header=[*HEADER, "value"]),
     [("twice", "E", (1,), 1)]),
    ("years for headings", csv_of(["p01", "language_wait", 2, 3], header=["Office", "What", "2024", "2025"]),
     [("column_other", "A", (1,), 1), ("column_other", "B", (1,), 1), ("column_other", "C", (1,), 1), ("column_other", "D", (1,), 1),
      ("missing", "", (1,), 4)]),
    ("a list of names", csv_of(*[["p01", "2026-Q3", "clients_served", n, "Amira"] for n in range(9)], header=[*HEADER, "Client"]),
     [("column_name", "E", (1,), 1), ("repeated", "", (2, 3, 4, 5, 6), 9)]),
    ("letters in a number", csv_of(["p01", "2026-Q3", "clients_served", "Amira"]), [("text", "D", (2,), 1)]),
    ("a telephone number", csv_of(["p01", "2026-Q3", "clients_served", "705-555-0100"]), [("phone", "D", (2,), 1)]),
    ("seven digits", csv_of(["p01", "2026-Q3", "clients_served", "1234567"]), [("long_number", "D", (2,), 1)]),
    ("seven digits with commas", csv_of(["p01", "2026-Q3", "clients_served", "1,234,567"]), [("long_number", "D", (2,), 1)]),
    ("a number as a spreadsheet spoils it", csv_of(["p01", "2026-Q3", "clients_served", "1.111+08"]), [("scientific", "D", (2,), 1)]),
    ("the same with E", csv_of(["p01", "2026-Q3", "clients_served", "1.11E+08"]), [("scientific", "D", (2,), 1)]),
    ("a date", csv_of(["p01", "2026-Q3", "clients_served", "2026-09-30"]), [("date", "D", (2,), 1)]),
    ("seven digits with a footnote", csv_of(["p01", "2026-Q3", "clients_served", "123456²"]), [("long_number", "D", (2,), 1)]),
    ("a telephone number in raised digits", csv_of(["p01", "2026-Q3", "clients_served", "705-555-⁰¹⁰⁰"]), [("phone", "D", (2,), 1)]),
    ("a name with a footnote", csv_of(["p01", "2026-Q3", "clients_served", "Amira²"]), [("text", "D", (2,), 1)]),
    ("digits of another script with a footnote", csv_of(["p01", "2026-Q3", "clients_served", "١٢²"]), [("digits", "D", (2,), 1)]),
    ("digits of another script", csv_of(["p01", "2026-Q3", "clients_served", "١٢"]), [("digits", "D", (2,), 1)]),
    ("digits of another script in a period", csv_of(["p01", "٢٠٢٦-Q3", "clients_served", 1]), [("digits", "B", (2,), 1)]),
    ("no period", csv_of(["p01", "last quarter", "clients_served", 1]), [("period", "B", (2,), 1)]),
    ("the number of a day", csv_of(["p01", "46204", "clients_served", 1]), [("serial", "B", (2,), 1)]),
    ("two years, which are no client number", csv_of(["p01", "2026-2028", "clients_served", 1]), [("period", "B", (2,), 1)]),
    ("a formula in a code column", csv_of(["p01", "2026-Q3", "=A1", 1]), [("list", "C", (2,), 1)]),
    ("an explanation of one's own", csv_of(["p01", "2026-Q3", "clients_served", 1, NOTE], header=[*HEADER, "explanation"]),
     [("list", "E", (2,), 1)]),
    ("a note in an issued column", csv_of(["p01", "2026-Q3", "clients_served", 1, NOTE], header=[*HEADER, "name"]),
     [("issued", "E", (2,), 1)]),
    ("a note beside last period's value", csv_of(["p01", "2026-Q3", "clients_served", 1, NOTE], header=[*HEADER, "last"]),
     [("text", "E", (2,), 1)]),
    ("rows of another partner", csv_of(["p01", "2026-Q3", "clients_served", 1], ["p02", "2026-Q3", "clients_served", 1]),
     [("partner", "A", (3,), 1)]),
    ("a partner nobody knows", csv_of(["p77", "2026-Q3", "clients_served", 1]), [("list", "A", (2,), 1)]),
    ("headings alone", csv_of(), [("no_rows", "", (), 1)]),
    ("an empty file", b"", [("empty", "", (), 1)]),
    ("blanks", b" \r\n\t\r\n", [("empty", "", (), 1)]),
    ("twelve clients", csv_of(*[["p01", "2026-Q3", "clients_served", age] for age in range(20, 32)]),
     [("repeated", "", (2, 3, 4, 5, 6), 12)]),
    ("five rows of one with a key twice", csv_of(*[[*row[:3], 1] for row in [*rows_of(4), rows_of(1)[0]]]), [("repeated", "", (2, 6), 2)]),
    ("1 in every row", csv_of(*[[*row[:3], 1] for row in rows_of(20)]), [("ones", "D", (), 20)]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_anything_else_refuses_the_file_whole(
    partnership: Partnership, body: bytes, expected: list[tuple[str, str, tuple[int, ...], int]]
) -> None:
    before = _files(partnership)
    screened = screen(parcel(body), partnership)
    assert places(screened) == expected
    assert screened.is_refused
    assert _files(partnership) == before
    assert quoted(["Amira", "Haddad", "1990", "1234", "example.org", "0100", "1.11E", "Quarterly total", NOTE], screened) == []


def _files(partnership: Partnership) -> dict[str, int]:
    """Every file of the home with its size: a refused file leaves all of them as they were."""
    return {str(path.relative_to(partnership.home)): path.stat().st_size for path in partnership.home.rglob("*") if path.is_file()}


def test_two_partners_where_the_place_is_everybodys(partnership: Partnership) -> None:
    rows = [["p02", "2026-Q3", "clients_served", 1], ["p02", "2026-Q3", "racism_reports", 1], ["p03", "2026-Q3", "clients_served", 1]]
    screened = screen(parcel(csv_of(*rows), partner=""), partnership)
    assert places(screened) == [("partners", "A", (4,), 1)]
    assert screened.partner == ""


def test_a_file_without_any_partner(partnership: Partnership) -> None:
    body = csv_of(["", "2026-Q3", "clients_served", 1])
    assert refused(screen(parcel(body, partner=""), partnership)) == {"no_partner"}
    assert screen(parcel(body), partnership).partner == "p01"  # the place says whose it is; `stage` sets the row aside


def test_repeated_rows_from_twenty_rows_on(partnership: Partnership) -> None:
    rows = rows_of(20)
    assert not screen(parcel(csv_of(*rows)), partnership).is_refused
    sixteen_keys = [*rows[:16], *rows[:4]]
    assert not screen(parcel(csv_of(*sixteen_keys)), partnership).is_refused  # 80 % of the keys differ: `check` tells of the pairs
    fifteen_keys = [*rows[:15], *rows[:5]]
    assert refused(screen(parcel(csv_of(*fifteen_keys)), partnership)) == {"repeated"}


def test_a_pair_of_rows_is_left_for_check(partnership: Partnership) -> None:
    rows = [["p01", "2026-Q3", "clients_served", 4], ["p01", "2026-Q3", "clients_served", 5], ["p01", "2026-Q3", "language_wait", 5]]
    assert remarks(screen(parcel(csv_of(*rows)), partnership)) == set()


def test_many_strange_columns_are_counted(partnership: Partnership) -> None:
    header = [*HEADER, *[f"x{place}" for place in range(50)]]
    screened = screen(parcel(csv_of(["p01", "2026-Q3", "clients_served", 1], header=header)), partnership)
    assert [place for place in places(screened) if place[0] == "columns"] == [("columns", "", (1,), 30)]
    assert len(screened.findings) == 21


def test_a_finding_counts_all_cells_and_names_five_rows(partnership: Partnership) -> None:
    rows = [["p01", "2026-Q3", f"Client {place}", place] for place in range(40)]
    assert places(screen(parcel(csv_of(*rows)), partnership)) == [("list", "C", (2, 3, 4, 5, 6), 40)]


def test_more_than_a_million_cells_beside_the_table_are_counted_and_told_in_seconds(partnership: Partnership) -> None:
    """Each was looked at by itself: five million took 21 seconds."""
    rows, columns = 14_000, 200
    body = csv_of(*[["p01", "2026-Q3", "clients_served", 1, *["1"] * (columns - 1), "705-555-0100"]] * rows)
    began = time.process_time()
    screened = screen(parcel(body), partnership)
    assert time.process_time() - began < 5
    first = (2, 3, 4, 5, 6)
    assert places(screened)[:2] == [("beyond", "E", first, rows), ("beyond", "F", first, rows)]
    assert [place for place in places(screened) if place[0] == "phone"] == [("phone", "GV", first, rows)]


# What it says


def test_a_finding_is_told_in_both_languages(partnership: Partnership) -> None:
    screened = screen(parcel(csv_of(["p01", "2026-Q3", "clients_served"], header=HEADER[:3])), partnership)
    (finding,) = screened.findings
    assert (finding.found, finding.tier) == ("no column Your number", "must_fix")
    assert tell(finding, "fr")[0] == "pas de colonne Votre nombre"


def test_every_rule_has_words_in_both_languages_and_every_word_a_rule() -> None:
    said = {language: expectations.words("gate", language)["detectors"] for language in ("en", "fr")}
    assert list(said["en"]) == list(said["fr"])
    assert list(expectations.words("gate", "en")["counts"]) == list(expectations.words("gate", "fr")["counts"])
    for rule, parts in said["en"].items():
        assert set(parts) == set(said["fr"][rule]) == {"found", "expected", "fix"}
        for part in parts:
            assert re.findall(r"\{\w+\}", parts[part]) == re.findall(r"\{\w+\}", said["fr"][rule][part]), rule
    code = "\n".join(path.read_text(encoding="utf-8") for path in GATE.rglob("*.py"))
    named = set(re.findall(r'"gate_(\w+)"', code))
    kinds = {"email", "phone", "postal_code", "sin", "health_card", "client_number", "document_number", "date", "address"}
    headings = {f"column_{kind}" for kind in ("name", "birth", "email", "phone", "address", "identifier", "free_text", "other")}
    assert named | kinds | headings == set(said["en"])


def test_the_digest_is_keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = keyed(b"the same file")
    monkeypatch.setenv("OPENLIP_SECRET_GATE_KEY", "another key")
    assert keyed(b"the same file") != first
    monkeypatch.delenv("OPENLIP_SECRET_GATE_KEY")
    with pytest.raises(SecretMissing, match="openlip-gate-key"):
        keyed(b"the same file")


# What personal data look like


@pytest.mark.parametrize(
    ("text", "kind"),
    [("130 692 544", "sin"), ("130692544", "sin"), ("130-692-544", "sin"), ("130692545", ""), ("030-692-544", ""),
     ("1234-567-897 AB", "health_card"), ("1234567897AB", "health_card"), ("1234-567-897", "health_card"), ("1234567897", ""),
     ("1234-567-898 AB", ""), ("0012-3456", "client_number"), ("11-2345-6789", "client_number"), ("1112345678", "client_number"),
     ("2026-2028", ""), ("1999-2001", ""), ("k9j 2y6", "postal_code"), ("K9J-2Y6", "postal_code"), ("k9j2y6", "postal_code"),
     ("D9J 2Y6", ""), ("XK9J 2Y6", ""), ("E123456789", "document_number"), ("ra1234567", "document_number"),
     ("AB123456", "document_number"), ("1990-03-04", "date"), ("04/03/1990", "date"), ("3/14/1990", "date"), ("14.3.1990", "date"),
     ("3 mars 1990", "date"),
     ("2026-07", ""), ("221 Romaine Street", "address"), ("12, rue Hunter", "address"), ("Census 2021: 1,300 recent immigrants", ""),
     ("705-555-0100", "phone"), ("(705) 555-0100", "phone"), ("+1 705 555 0100", "phone"), ("7055550100", "phone"), ("105-555-0100", ""),
     ("705‑555–0100", "phone"), ("705 555 0100", "phone"), ("７０５-555-0100", "phone"), ("+251 91 123 4567", "phone"),
     ("amira@example.org", "email"), ("@home", ""), ("2026-Q3", ""), ("1,300", "")],
)  # fmt: skip
def test_detectors_know_what_they_guard(text: str, kind: str) -> None:
    assert detect(text) == kind


@given(st.text(alphabet="ab1.@@, <é_", max_size=30))
def test_an_address_is_found_wherever_it_stands(text: str) -> None:
    """The plain pattern, which takes minutes for a long text, finds no other texts."""
    plain = re.search(r"[^\s@<>,;:()]+@[^\s@<>,;:()]+\.[^\W\d_]{2,}", smooth(text))
    assert (detect(text) == "email") == bool(plain)


@given(st.lists(st.sampled_from(["19", "20", "4", "12", "٢", "-", "/", " ", ",", ".", "mars", "May", "st", "a"]), max_size=12))
def test_no_date_is_without_its_year(parts: list[str]) -> None:
    text = smooth("".join(parts))
    assert _is_date(text) == bool(_DATE.search(text))


@given(st.one_of(st.text(alphabet="019kK@./ -+()asterud", max_size=7), st.text(alphabet="0123456789", max_size=9)))
def test_no_text_is_too_short_to_be_looked_at(text: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tasks.screen.detect.SHORTEST", 0)
        patched.setattr("tasks.screen.detect.SHORTEST_OF_DIGITS", 0)
        everything = detect(text)
    assert detect(text) == everything


@pytest.mark.parametrize("text", ["a", "a.", "a@", "@", "1 a ", "+1 ", "705-", "1a1", "1 a.b'c-", "é²", "2026-", "1990 mars "])
def test_a_long_text_takes_as_long_as_its_pieces(text: str) -> None:
    """Of 40,000 letters the pattern of an address took eight seconds."""
    began = time.process_time()
    detect(text * (40_000 // len(text)))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("First Name", "name"), ("client_name", "name"), ("Prénom", "name"), ("NOMBRE", "name"), ("Emergency contact", "name"),
     ("D.O.B.", "birth"),
     ("DOB", "birth"), ("Date de naissance", "birth"), ("E-mail", "email"), ("Courriel", "email"), ("WhatsApp", "phone"), ("Tél.", "phone"),
     ("Unit No", "address"), ("Adresse", "address"), ("clientId", "identifier"), ("IMM 5669", "identifier"), ("PR card", "identifier"),
     ("OEN", "identifier"), ("Notes", "free_text"), ("Récit", "free_text"), ("Remarks", "free_text"), ("Nomination", ""), ("Total", "")],
)  # fmt: skip
def test_headings_foretell_what_stands_under_them(heading: str, kind: str) -> None:
    assert kind_of_heading(heading) == kind


@given(st.integers(0, 999_999))
def test_no_count_looks_personal(number: int) -> None:
    assert detect(str(number)) == ""
    assert value(str(number), {}) == value(number, {}) == value(float(number), {}) == (str(number), "")


@given(st.text(alphabet="0123456789", min_size=1, max_size=12))
def test_a_digit_makes_any_number_pass_luhn_once(digits: str) -> None:
    assert sum(luhn(digits + last) for last in "0123456789") == 1


@given(st.text(max_size=40))
def test_no_text_passes_as_a_number_that_holds_a_letter_or_seven_digits(text: str) -> None:
    is_kept, rule = value(text, {})
    if not rule:
        assert len(re.findall(r"[0-9]", is_kept)) <= 6
        assert is_kept in ("TRUE", "FALSE", "=") or is_kept.startswith("#") or not re.search(r"[^\W\d_eE]", is_kept)
