"""Documents: two pages, accessible, the same bytes everywhere, nothing fetched, nothing missing in silence."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tasks import Misuse, Problem, Refused
from tasks.compose.draft import Ask, Asks, Attachment, BlockRow, Draft, Figure, Prose, Sheet
from tasks.render import Document, finisher, page, paper, render
from tasks.render.density import DoesNotFit
from tasks.render.inline import UnsafeText, inline, plain
from tasks.render.page import WORDS, MissingWords, printed, twin
from tasks.render.paper import RenderFault
from tests.samples.draft import LINK, sample_draft
from tests.verapdf import verapdf

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("en", "fr")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def documents(folder: Path) -> dict[str, Document]:
    return {language: render(sample_draft(language), folder=folder) for language in LANGUAGES}


@pytest.fixture(scope="module")
def english(folder: Path, documents: dict[str, Document]) -> Path:
    return folder / documents["en"].pdf


@pytest.fixture(scope="module")
def inside(english: Path) -> bytes:
    return _inflated(english.read_bytes())


def _tool(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _inflated(pdf: bytes) -> bytes:
    """Every stream of a PDF in plain text, after the file itself."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            parts.append(zlib.decompress(found[1]))
        except zlib.error:
            parts.append(found[1])
    return b"\n".join(parts)


def _elements(inside: bytes, kind: str) -> list[bytes]:
    """The structure elements of a kind, each from its kind to the next element's."""
    parts = re.split(rb"/StructElem", inside)
    return [part for part in parts if re.search(rb"/S /" + kind.encode() + rb"\b", part)]


def _with(draft: Draft, block: Any, *, sheet: int = 0) -> Draft:
    """The draft with one more row on a sheet."""
    row = BlockRow("full", ((block,),))
    sheets = list(draft.sheets)
    sheets[sheet] = Sheet((*sheets[sheet].rows, row))
    return replace(draft, sheets=(sheets[0], sheets[1]))


def _prose(words: str, times: int = 1) -> Prose:
    return Prose("More", (words,) * times)


# --- the document and its files


def test_importing_the_renderer_does_not_load_weasyprint() -> None:
    code = "import sys, tasks.render; sys.exit('weasyprint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_two_pages_and_its_receipt_is_true(language: str, folder: Path, documents: dict[str, Document]) -> None:
    document = documents[language]
    assert document.pages == 2
    assert "Pages:           2" in _tool("pdfinfo", folder / document.pdf)
    assert {document.pdf, document.html, document.csv, document.json} == set(document.sha256)
    for name, digest in document.sha256.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert json.loads(json.dumps(document.sha256)) == document.sha256
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")], "a temporary file was left"


def test_two_processes_far_apart_write_the_same_bytes(tmp_path: Path, documents: dict[str, Document]) -> None:
    code = (
        "import sys, json; from pathlib import Path; from tasks.render import render;"
        "from tests.samples.draft import sample_draft;"
        "print(json.dumps(render(sample_draft('en'), folder=Path(sys.argv[1])).sha256))"
    )
    worlds = (
        {"PYTHONHASHSEED": "1", "TZ": "America/St_Johns", "LANG": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    )
    running = []
    for index, world in enumerate(worlds):
        place = tmp_path / f"place {index} é"
        place.mkdir()
        environment = {**os.environ, **world, "TMPDIR": str(place), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code, str(place / "out")]
        running.append(subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True))
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert answers[0] == answers[1] == documents["en"].sha256


def test_recorded_densities_give_the_same_bytes_again(tmp_path: Path) -> None:
    draft = _with(sample_draft(), _prose("Many more words stand here than one page can hold. " * 4, 4), sheet=1)
    first = render(draft, folder=tmp_path / "first")
    again = render(draft, folder=tmp_path / "again", densities=first.densities)
    assert first.densities > (0, 0)
    assert first.sha256 == again.sha256


def test_the_only_date_is_that_of_the_edition(english: Path, inside: bytes) -> None:
    dates = set(re.findall(rb"D:\d{14}[Z+-]?", inside))
    assert dates == {b"D:20261122120000Z"}
    assert b"2026-11-22T12:00:00Z</xmp:CreateDate>" in inside
    assert "Title:           One in nine Town Ward residents" in _tool("pdfinfo", english)
    assert "Author:          Otonabee Immigration Partnership" in _tool("pdfinfo", english)


def test_another_edition_date_is_another_file(tmp_path: Path, documents: dict[str, Document]) -> None:
    later = render(replace(sample_draft(), edition_date="2026-11-23"), folder=tmp_path)
    assert later.sha256[later.pdf] != documents["en"].sha256[later.pdf]


# --- what is printed


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_claim_is_in_the_text_of_the_pdf_and_once_in_the_page(language: str, folder: Path, documents: dict[str, Document]) -> None:
    draft, document = sample_draft(language), documents[language]
    # -raw, because poppler's other orders join a lone digit and the sign after it ("7 %" becomes "7%")
    text = _tool("pdftotext", "-raw", folder / document.pdf, "-").replace("\u00a0", " ")
    web_page = (folder / document.html).read_text("utf-8")
    assert len(draft.claims) > 20
    for claim in draft.claims:
        assert claim.shown.replace("\u00a0", " ") in text, claim
        assert web_page.count(f'id="{claim.id}">{claim.shown}</span>') == 1, claim


@pytest.mark.parametrize("language", LANGUAGES)
def test_flags_and_footer_stand_on_every_page(language: str, folder: Path, documents: dict[str, Document]) -> None:
    draft = sample_draft(language)
    for number in ("1", "2"):
        text = _tool("pdftotext", "-layout", "-f", number, "-l", number, folder / documents[language].pdf, "-")
        for flag in draft.flags:
            assert draft.words[f"flag_{flag.lower()}"] in text
        assert draft.footer in text
        assert f"Page {number} / 2" in text
    twin_text = (folder / documents[language].html).read_text("utf-8")
    assert draft.words["flag_draft"] in twin_text


def test_a_released_brief_has_no_band(tmp_path: Path) -> None:
    document = render(replace(sample_draft(), flags=()), folder=tmp_path)
    text = _tool("pdftotext", tmp_path / document.pdf, "-")
    assert document.pages == 2
    assert "SAMPLE." not in text
    assert "DRAFT." not in text


def test_a_hidden_value_is_a_mark_and_words(english: Path) -> None:
    lines = _tool("pdftotext", "-layout", english, "-").splitlines()
    rows = [line for line in lines if line.strip().startswith(("Otonabee  ", "Lakefield  "))]
    assert len(rows) == 2
    assert all("--" in row and "hidden (privacy)" in row for row in rows)


# --- accessibility


def test_verapdf_finds_no_fault_in_pdf_ua_1_and_pdf_a_3a(folder: Path, documents: dict[str, Document]) -> None:
    verdicts = verapdf(*(folder / documents[language].pdf for language in LANGUAGES))
    assert [(v.file.name, v.flavour, v.failed) for v in verdicts if not v.compliant] == []
    assert len(verdicts) == 4


def test_the_tag_tree_has_headings_lists_tables_and_figures(english: Path, inside: bytes) -> None:
    tree = _tool("pdfinfo", "-struct-text", english)
    words = [line.strip().split(" ")[0].rstrip(":") for line in tree.splitlines()]
    assert words.count("H1") == 1
    assert words.count("H2") == 10
    assert words.count("Table") == 3
    assert {"TH", "TD", "L", "LI", "LBody", "P"} <= set(words)
    figures = _elements(inside, "Figure")
    assert len(figures) == 7, "two charts, four multiples, one QR code"
    assert all(b"/Alt" in figure for figure in figures)
    # the tree has each list once: a list drawn as a table would repeat itself
    assert words.count("L") == 4


def test_every_header_has_a_scope(inside: bytes) -> None:
    headers = _elements(inside, "TH")
    rows = [header for header in headers if b"/Scope /Row" in header]
    columns = [header for header in headers if b"/Scope /Column" in header]
    assert len(rows) == 7 + 3 + 3
    assert len(columns) == 4 + 3 + 4
    assert len(headers) == len(rows) + len(columns)


def test_there_is_one_pdf_ua_claim_in_one_readable_rdf(english: Path) -> None:
    raw = english.read_bytes()
    assert raw.count(b'pdfuaid:part="1"') == 1
    assert raw.count(b"</rdf:RDF>") == 1
    assert raw.count(b"<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>") == 1


def test_a_run_in_another_language_says_so(folder: Path, documents: dict[str, Document]) -> None:
    spans = _elements(_inflated((folder / documents["fr"].pdf).read_bytes()), "Span")
    named = [span for span in spans if b"/Lang" in span]
    assert len(named) == 1
    assert b"/Lang (en)" in named[0]


def test_right_to_left_runs_carry_their_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Arabic font is shipped, so the French word for evening plays the right-to-left run."""
    monkeypatch.setattr(finisher, "_RIGHT_TO_LEFT", re.compile("soirée"))
    document = render(sample_draft("fr"), folder=tmp_path)
    spans = _elements(_inflated((tmp_path / document.pdf).read_bytes()), "Span")
    assert len([span for span in spans if b"/ActualText" in span]) == 1


def test_the_private_names_the_finisher_leans_on_are_there(inside: bytes) -> None:
    from weasyprint.pdf.stream import Stream

    paper.print_pdf(sample_draft(), (), start=(0, 0))
    assert Stream.marked.__module__ == "tasks.render.finisher"
    assert inside.count(b"\n/CIDInit /ProcSet findresource begin") >= 3, "one per font: the first line of ToUnicode"
    assert not re.search(rb"> <>\s*$", inside, re.M)


class _Stream:
    def __init__(self, *chunks: bytes) -> None:
        self.stream: list[Any] = list(chunks)


class _Pdf:
    def __init__(self, *objects: object) -> None:
        self.objects = objects
        self.catalog: dict[str, str] = {}


def test_an_empty_glyph_text_becomes_a_zero_width_space() -> None:
    glyphs = _Stream(b"/CIDInit /ProcSet findresource begin", b"<0003> <>", b"<0004> <0041>")
    other = _Stream(b"<0003> <>")
    finisher._mend_glyph_texts(_Pdf(object(), glyphs, other))
    assert glyphs.stream[1:] == [b"<0003> <200b>", b"<0004> <0041>"]
    assert other.stream == [b"<0003> <>"]


def test_metadata_in_another_shape_stops_the_work() -> None:
    pdf = _Pdf(None, _Stream(b"<rdf:RDF></rdf:RDF><rdf:RDF></rdf:RDF>"))
    pdf.catalog = {"Metadata": "1 0 R"}
    with pytest.raises(finisher.UnexpectedPdf, match="rdf:RDF"):
        finisher._claim_accessibility(pdf)


# --- attachments


def test_attachments_are_inside_with_their_relationship(english: Path, inside: bytes, tmp_path: Path) -> None:
    assert "2 embedded files" in _tool("pdfdetach", "-list", english)
    relations = re.findall(rb"/F \((sample-town\.en\.\w+)\).{0,400}?/AFRelationship /(\w+)", inside, re.S)
    assert dict(relations) == {b"sample-town.en.csv": b"Data", b"sample-town.en.json": b"Source"}
    _tool("pdfdetach", "-saveall", "-o", tmp_path, english)
    for attachment in sample_draft().attachments:
        assert (tmp_path / attachment.name).read_text("utf-8") == attachment.text
        assert (english.parent / attachment.name).read_text("utf-8") == attachment.text


@pytest.mark.parametrize(
    ("attachments", "message"),
    [
        ((Attachment("../evil.csv", "", "a", "Data"),), "plain file name"),
        ((Attachment("a.csv", "", "a", "Data"), Attachment("a.csv", "", "b", "Data")), "same name"),
        ((Attachment("a.csv", "", "a", "Data"), Attachment("b.csv", "", "a", "Source")), "same content"),
    ],
)
def test_attachments_that_would_be_mistaken_are_refused(attachments: tuple[Attachment, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=message):
        render(replace(sample_draft(), attachments=attachments), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- density


@pytest.mark.parametrize("sheet", [0, 1])
def test_a_sheet_that_is_a_little_long_is_tightened_alone(sheet: int, tmp_path: Path) -> None:
    lines = (2, 7)[sheet]
    draft = _with(sample_draft(), _prose("A line that makes the sheet a little longer than its page.", lines), sheet=sheet)
    document = render(draft, folder=tmp_path)
    assert document.pages == 2
    assert document.densities[sheet] > 0
    assert document.densities[1 - sheet] == 0


@pytest.mark.parametrize("sheet", [0, 1])
def test_a_sheet_that_cannot_fit_is_refused_by_name(sheet: int, tmp_path: Path) -> None:
    draft = _with(sample_draft("fr"), _prose("Beaucoup trop de mots pour une seule page. " * 30, 6), sheet=sheet)
    with pytest.raises(DoesNotFit, match=rf"'fr': sheet {sheet + 1} does not fit.*\(") as refused:
        render(draft, folder=tmp_path)
    assert isinstance(refused.value, Refused)
    assert list(tmp_path.iterdir()) == []


# --- strictness


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9/x.png", "https://example.org/x.png", "file:///etc/hostname", "data:text/html,x", "ftp://a/b"],
)
def test_nothing_is_fetched(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = page.printed

    def leaking(draft: Draft, *, densities: tuple[int, int]) -> str:
        return real(draft, densities=densities).replace("</h1>", f'</h1><img alt="x" src="{address}">', 1)

    monkeypatch.setattr(page, "printed", leaking)
    with pytest.raises(RenderFault, match="fetches nothing"):
        render(sample_draft(), folder=tmp_path)


def test_a_file_of_the_server_cannot_be_attached_to_an_anchor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = page.printed
    link = '</h1><p><a rel="attachment" href="file:///etc/hostname">x</a></p>'
    monkeypatch.setattr(page, "printed", lambda d, densities: real(d, densities=densities).replace("</h1>", link))
    with pytest.raises(RenderFault, match="fetches nothing"):
        render(sample_draft(), folder=tmp_path)


def test_a_file_of_the_server_cannot_be_attached_to_the_document(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", "utf-8")
    real = page.printed
    link = f'<link rel="attachment" href="{secret.as_uri()}"></head>'
    monkeypatch.setattr(page, "printed", lambda d, densities: real(d, densities=densities).replace("</head>", link))
    document = render(sample_draft(), folder=tmp_path / "out")
    embedded = _tool("pdfdetach", "-list", tmp_path / "out" / document.pdf)
    assert "2 embedded files" in embedded
    assert "secret" not in embedded


@pytest.mark.parametrize("words", ["مرحبا", "smile \U0001f600", "漢字"])
def test_a_glyph_no_font_of_ours_has_is_a_fault(words: str, tmp_path: Path) -> None:
    with pytest.raises(RenderFault, match="notdef"):
        render(_with(sample_draft(), _prose(words)), folder=tmp_path)


def test_css_that_is_not_understood_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = page.printed
    style = '<h1 style="colour:red">'
    monkeypatch.setattr(page, "printed", lambda d, densities: real(d, densities=densities).replace("<h1>", style))
    with pytest.raises(RenderFault, match="colour"):
        render(sample_draft(), folder=tmp_path)


@pytest.mark.parametrize("key", [*WORDS, "flag_sample", "flag_draft"])
def test_a_missing_word_is_one_clear_error(key: str) -> None:
    draft = sample_draft()
    words = {name: word for name, word in draft.words.items() if name != key}
    with pytest.raises(MissingWords, match=rf"'en' lack {key}:"):
        printed(replace(draft, words=words), densities=(0, 0))


def test_an_address_a_phone_cannot_open_is_refused() -> None:
    asks = Asks("Asks", (Ask("Do it", "now"),), "Us", "javascript:alert(1)", "here")
    with pytest.raises(Misuse, match="web address"):
        printed(_with(sample_draft(), asks), densities=(0, 0))


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", '<span class="figure">1</span>', '<em onclick="x">a</em>', "<strong>open", "a</em>",
     "<em><strong>x</em></strong>", '<bdi style="x">a</bdi>', "<!-- c -->", '<a href="x">y</a>'],
)  # fmt: skip
def test_unsafe_inline_text_is_refused(text: str) -> None:
    with pytest.raises(UnsafeText):
        inline(text)


def test_safe_inline_text_passes_and_loose_signs_are_escaped() -> None:
    good = 'A <strong>bold</strong> <bdi dir="ltr" lang="en">x</bdi> <span class="figure said" id="c1">5&nbsp;%</span>'
    assert inline(good) == good
    assert inline("R&D for < 10 & more") == "R&amp;D for &lt; 10 &amp; more"
    assert plain(good) == "A bold x 5\u00a0%"


def test_plain_fields_are_escaped() -> None:
    draft = replace(sample_draft(), footer='<b>&"')
    assert 'data-footer="&lt;b&gt;&amp;&#34;"' in printed(draft, densities=(0, 0))


# --- the web page


class _Page(HTMLParser):
    """What a page would load, where it leads, and its landmarks."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.titles = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "background", "poster", "data", "action", "xlink:href"):
                self.loaded.append(value or "")
            if name == "href":
                self.links.append(value or "") if tag == "a" else self.loaded.append(value or "")


@pytest.fixture(scope="module", params=LANGUAGES)
def web(request: pytest.FixtureRequest, folder: Path, documents: dict[str, Document]) -> str:
    return (folder / documents[request.param].html).read_text("utf-8")


def test_the_web_page_loads_nothing_and_runs_nothing(web: str) -> None:
    seen = _Page(web)
    assert seen.loaded == []
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(seen.tags)
    assert "default-src 'none'" in web
    assert not re.search(r"url\(|@import|@font-face", web)
    outside = [link for link in seen.links if not link.startswith(LINK)]
    assert outside == [link for link in outside if re.fullmatch(r"sample-town\.\w\w\.(pdf|csv|json)", link)]
    assert len(outside) == 3


def test_the_web_page_has_landmarks_and_the_charts_their_alternatives(web: str) -> None:
    seen = _Page(web)
    assert [seen.tags.count(tag) for tag in ("main", "header", "footer", "h1")] == [1, 1, 1, 1]
    assert web.count("<svg ") == web.count("</title>") - 1 == 7
    assert 'name="viewport"' in web


def test_the_web_page_is_small_enough_for_a_letter(web: str) -> None:
    assert len(web.encode()) < 100_000


def test_print_and_web_hold_the_same_words() -> None:
    draft = sample_draft()
    for html in (printed(draft, densities=(0, 0)), twin(draft, files=("a.pdf",))):
        text = re.sub(r"<[^>]+>", " ", html)
        figure = next(b for row in draft.sheets[0].rows for c in row.columns for b in c if isinstance(b, Figure))
        assert plain(figure.title) in text
        assert draft.masthead.addressee in text


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", ["#FFFFFF", "#F2F6F8", "#FDF3EC"])
@pytest.mark.parametrize("name", ["ink", "muted", "focus", "ask"])
def test_text_colours_of_the_web_page_meet_aa_on_every_ground(name: str, ground: str) -> None:
    css = (ROOT / "briefs" / "web.css").read_text("utf-8")
    (colour,) = re.findall(rf"--{name}: (#\w{{6}})", css)
    light, dark = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_faults_are_problems_of_ours() -> None:
    for kind in (RenderFault, DoesNotFit, MissingWords, UnsafeText, finisher.UnexpectedPdf):
        assert issubclass(kind, Problem)
