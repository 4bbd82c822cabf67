"""CSV files as spreadsheets, editors and accidents write them: read, or refused with a sentence that says which accident it was."""

from __future__ import annotations

import pytest

from expectations.partnership import Partnership
from tasks.fetch.store import folder
from tasks.screen import screen
from tests.screening import HEADER, KEY, csv_of, packed, parcel, refused, remarks, rows_of

ROWS: list[list[object]] = [["p01", "2026-Q3", "clients_served", 12], ["p01", "2026-Q3", "language_wait", "non recueilli"]]
COPY = "partner,period,metric,value\np01,2026-Q3,clients_served,12\np01,2026-Q3,language_wait,non recueilli\n"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIP_SECRET_GATE_KEY", KEY)


def kept(partnership: Partnership, body: bytes) -> tuple[str, set[str]]:
    """The kept copy of a file that is let in, and the remarks on it."""
    screened = screen(parcel(body), partnership)
    told = remarks(screened)
    return (folder(partnership.home) / screened.sheets[0].snapshot.file).read_text(encoding="utf-8"), told


COMMA, SEMICOLON, TAB = (csv_of(*ROWS, delimiter=delimiter) for delimiter in ",;\t")
FRENCH = "Partenaire;Période;Code;Votre nombre\r\np01;2026-Q3;clients_served;12\r\np01;2026-Q3;language_wait;non recueilli\r\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (COMMA, set()),
        (b"\xef\xbb\xbf" + COMMA, set()),
        (COMMA.replace(b"\r\n", b"\n"), set()),
        (COMMA.replace(b"\r\n", b"\r"), set()),
        (COMMA.rstrip(), set()),
        (COMMA + b",,,\r\n,,,\r\n", set()),
        (COMMA.replace(b"value", b"value,,,").replace(b"12", b"12,,,"), set()),
        (SEMICOLON, {"semicolons"}),
        (TAB, {"tabs"}),
        (FRENCH.encode(), {"semicolons"}),
        (FRENCH.encode("cp1252"), {"semicolons", "windows_1252"}),
        (COMMA.replace(b"clients_served", b'"clients_served"'), set()),
    ],
    ids=["plain", "mark", "LF", "CR", "cut end", "blank rows", "blank columns", "semicolons", "tabs", "French", "windows-1252", "quotes"],
)
def test_any_usual_form_gives_the_same_copy(partnership: Partnership, body: bytes, told: set[str]) -> None:
    assert kept(partnership, body) == (COPY, told)


@pytest.mark.parametrize("first", [b"sep=;\r\n", b'"sep=;"\r\n', b"SEP=;\r\n"])
def test_the_first_line_of_excel_names_the_delimiter(partnership: Partnership, first: bytes) -> None:
    assert kept(partnership, first + SEMICOLON) == ("\n" + COPY, {"semicolons"})


def test_a_semicolon_file_with_decimal_commas_and_commas_in_names(partnership: Partnership) -> None:
    body = csv_of(["p01", "2026-Q3", "clients_served", 12, "Yes, this is right"], header=[*HEADER, "explanation"], delimiter=";")
    assert kept(partnership, body)[0].splitlines()[1] == "p01,2026-Q3,clients_served,12,confirmed"


def test_a_short_row_is_filled_with_blanks(partnership: Partnership) -> None:
    text, _ = kept(partnership, COMMA + b"p01,2026-Q3\r\n")
    assert text.splitlines()[-1] == "p01,2026-Q3,,"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (COMMA.decode().encode("utf-16"), "utf_16"),
        (COMMA.decode().encode("utf-16-le"), "utf_16"),
        (COMMA.decode().encode("utf-16-be"), "utf_16"),
        (COMMA + b"\0", "format"),
        (COMMA.replace(b"clients", b"cli\x81nts"), "encoding"),
        (COMMA + b'"p01,2026-Q3\r\n', "quotes"),
        (COMMA.replace(b"clients_served", b'"clients"_served'), "quotes"),
        (COMMA + b'p01,2026-Q3,"' + b"x" * 140_000 + b'",1\r\n', "quotes"),
        (b"<html><table><tr><td>partner</td></tr></table></html>", "web_page"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "web_page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "web_page"),
        (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"GIF89a\x01\x00", "image"),
        (b"\x00\x00\x00\x18ftypheic", "image"),
        (b"{\\rtf1 ", "document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00", "old_workbook"),
        (b"\x1f\x8b\x08\x00\x00", "archive"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"PK\x05\x06" + b"\0" * 18, "archive"),
        (bytes(range(256)) * 4, "format"),
        (b"," * 300 + b"\r\n", "empty"),
        (COMMA + b"," * 300 + b"1\r\n", "far_cell"),
        (csv_of(*ROWS, delimiter="|"), "delimiter"),
        (csv_of(*ROWS, delimiter=":"), "delimiter"),
        (b"sep=|\r\n" + csv_of(*ROWS, delimiter="|"), "delimiter"),
        (csv_of(*ROWS, delimiter="|").replace(b"12", b"12,5;7"), "delimiter"),
        (FRENCH.encode().decode("cp1252").encode(), "accents"),
        (FRENCH.encode("mac-roman"), "accents"),
        (FRENCH.replace("é", "\ufffd").encode(), "accents"),
        (FRENCH.replace("é", "?").encode(), "accents"),
        ("Our answer to your file,,\r\np01 · 2026-Q3,,\r\nReceived,2026-11-22,705\r\n".encode(), "our_page"),
        ("Notre réponse à votre fichier;;\r\n\r\nRésultat;2026-11-22;\r\n".encode(), "our_page"),
        (COMMA + b"\r\n" * 100_000 + b"1\r\n", "far_cell"),
    ],
)
def test_any_other_form_is_refused_for_what_it_is(partnership: Partnership, body: bytes, rule: str) -> None:
    screened = screen(parcel(body), partnership)
    assert refused(screened) == {rule}
    assert screened.sheets == ()


def test_of_a_file_with_broken_accents_nothing_says_that_it_was_read(partnership: Partnership) -> None:
    screened = screen(parcel(FRENCH.encode("mac-roman")), partnership)
    assert [finding.rule for finding in screened.findings] == ["gate_accents"]


def test_a_text_that_begins_like_another_kind_of_file_is_a_text(partnership: Partnership) -> None:
    screened = screen(parcel(b"BMI,period\r\n1,2\r\n"), partnership)
    assert "image" not in refused(screened)


def test_a_csv_of_ten_million_cells_is_too_large(partnership: Partnership) -> None:
    body = csv_of(*rows_of(8)) + b"p01,2026-Q3,clients_served,1\r\n" * 500_000
    assert refused(screen(parcel(body), partnership)) == {"large"}
    assert refused(screen(parcel(b"1," * 5_000_000), partnership)) == {"far_cell"}


@pytest.mark.parametrize("name", ["word/document.xml", "ppt/presentation.xml"])
def test_other_documents_that_are_zips(partnership: Partnership, name: str) -> None:
    assert refused(screen(parcel(packed({"[Content_Types].xml": "<Types/>", name: "<x/>"})), partnership)) == {"document"}


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}, "open_document"),
        ({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": "x"}, "binary_workbook"),
        ({"Index/Document.iwa": "x"}, "numbers"),
        ({"clients.csv": "x"}, "format"),
        ({"[Content_Types].xml": "<Types/>", "xl/styles.xml": "<x/>"}, "damaged"),
    ],
)
def test_other_zips(partnership: Partnership, parts: dict[str, str], rule: str) -> None:
    assert refused(screen(parcel(packed(parts)), partnership)) == {rule}
