"""Leaves: short pages for one reader, archival and accessible, the same bytes everywhere, whatever stands in them."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks import Misuse, Refused
from tasks.render.density import DoesNotFit
from tasks.render.fonts import letters
from tasks.render.leaf import Leaf, make_leaf, print_leaf
from tasks.render.press import RenderFault
from tests.verapdf import verapdf

ROOT = Path(__file__).resolve().parents[2]
BODY = '<div class="leaf" data-footer="The house" data-page="Page" data-flag=""><h1>Ten rows</h1><p>They were taken.</p></div>'
LONG = BODY.replace("</p>", "</p>" + "<h2>More</h2><p>One line more.</p>" * 50)
SAMPLE = LONG.replace('class="leaf"', 'class="leaf sample"').replace('data-flag=""', 'data-flag="SAMPLE. Not for use."')


def printed(body: str = BODY, *, day: str = "2026-11-22", language: str = "en", most: int = 0) -> bytes:
    return print_leaf(body, title="A leaf", language=language, day=day, author="The house", most=most)


def text_of(pdf: bytes, *options: str) -> str:
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def info_of(pdf: bytes) -> str:
    return subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def inflated(pdf: bytes) -> bytes:
    """Every stream of a PDF in plain text."""
    return b"\n".join(zlib.decompress(found) for found in re.findall(rb"/FlateDecode[^>]*>>\nstream\n(.*?)\nendstream", pdf, re.S))


def said(text: str) -> str:
    """What is read of a leaf that holds a text."""
    return " ".join(text_of(printed(BODY.replace("They were taken.", text))).split())


def test_importing_it_does_not_load_weasyprint() -> None:
    code = "import sys, tasks.render.leaf; sys.exit('weasyprint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_verapdf_finds_no_fault_on_one_page_or_several(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.pdf" for name in ("short", "long", "sample")]
    for file, body in zip(files, (BODY, LONG, SAMPLE), strict=True):
        file.write_bytes(printed(body))
    verdicts = verapdf(*files)
    assert len(verdicts) == 6
    assert [(v.file.name, v.flavour, v.failed) for v in verdicts if not v.compliant] == []


def test_another_process_far_away_writes_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys, hashlib; from tests.tasks.test_leaf import printed, SAMPLE;print(hashlib.sha256(printed(SAMPLE)).hexdigest(), end='')"
    )
    world = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LANG": "C", "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | world, capture_output=True, text=True, check=True)
    assert done.stdout == hashlib.sha256(printed(SAMPLE)).hexdigest()


def test_two_at_once_write_the_same_bytes_as_one_alone() -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(printed, [BODY, LONG, BODY, LONG]))
    assert found == [printed(BODY), printed(LONG)] * 2


def test_the_only_date_is_the_day_and_title_language_and_author_are_told() -> None:
    info = info_of(printed(language="fr"))
    assert "Title:           A leaf" in info
    assert "Author:          The house" in info
    assert set(re.findall(rb"D:\d{14}", inflated(printed()) + printed())) == {b"D:20261122120000"}
    assert b"/Lang (fr)" in inflated(printed(language="fr"))
    assert printed(day="2026-11-23") != printed()


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(Misuse, match=r"'22 November' is no day such as 2026-11-22"):
        printed(day="22 November")


def test_every_page_has_its_number_the_footer_and_the_band() -> None:
    pdf = printed(SAMPLE)
    assert "Pages:           3" in info_of(pdf)
    for number in ("2", "3"):
        page = text_of(pdf, "-f", number, "-l", number)
        assert "SAMPLE. Not for use." in page
        assert "The house" in page
        assert f"Page {number} / 3" in page
    assert "SAMPLE" not in text_of(printed(LONG))


def test_more_pages_than_allowed_are_refused() -> None:
    assert printed(LONG, most=3)
    with pytest.raises(DoesNotFit, match=r"'A leaf' in 'en' takes 3 pages in place of 2: shorten") as refused:
        printed(LONG, most=2)
    assert isinstance(refused.value, Refused)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 \N{GRINNING FACE} rows", "12 [U+1F600] rows"),
        ("اسم", "[U+0627][U+0633][U+0645]"),
        ("a\x00b\x07c", "a[U+0000]b[U+0007]c"),
        ("pay \u202e021 now", "pay [U+202E]021 now"),
        ("half \ud83d", "half [U+D83D]"),
        ("no\u200bwhere", "no[U+200B]where"),
        ("Œuvre déjà − 5 %", "Œuvre déjà − 5 %"),
    ],
)
def test_a_letter_that_cannot_be_printed_is_written_by_its_number(text: str, expected: str) -> None:
    assert expected in said(text)


def test_the_letters_are_those_of_every_cut() -> None:
    assert {ord(letter) for letter in "aéŒ−…ß"} <= letters()
    assert ord("ا") not in letters()


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x.png", "file:///etc/hostname", "data:text/html,x"])
def test_nothing_is_fetched(address: str) -> None:
    with pytest.raises(RenderFault, match="fetches nothing"):
        printed(BODY.replace("<p>", f'<img alt="x" src="{address}"><p>'))


# Made from a template


def made(*, lines: int, most: int, must_fit: bool = False) -> Leaf:
    """A give back of so many metrics, through the template as it is."""
    row = {"name": "Meals served", "own": ["1", "2"], "line": "", "group": [], "told": [], "marks": [], "whys": []}
    words = {
        "table": {key: key for key in ("title", "metric", "whose", "line", "you", "group", "no_total")},
        "legend": {"title": "How to read it"},
    }
    head = {key: key for key in ("organisation", "serial", "addressee", "aside", "footer", "page")} | {"flag": ""}
    return make_leaf(
        "give_back.html",
        name="leaf",
        title="Numbers <b>",
        language="en",
        day="2026-11-22",
        author="The house",
        most=most,
        must_fit=must_fit,
        words=words,
        head=head,
        thanks=["Thank you."],
        quarters=["2026 Q2", "2026 Q3"],
        subtitle="",
        rows=[row] * lines,
        legend=["\N{GRINNING FACE}"],
        named="",
        questions="",
    )


def test_a_leaf_is_set_tighter_only_where_it_must_be() -> None:
    assert 'class="leaf back d0"' in made(lines=3, most=1).html
    tight = made(lines=22, most=1)
    assert 'class="leaf back d0"' not in tight.html
    assert "Pages:           1" in info_of(tight.pdf)


def test_at_the_tightest_it_takes_the_pages_it_needs_or_is_refused() -> None:
    assert "Pages:           2" in info_of(made(lines=40, most=1).pdf)
    with pytest.raises(DoesNotFit, match="in place of 1"):
        made(lines=40, most=1, must_fit=True)


def test_the_web_page_needs_no_other_file_and_escapes_what_it_is_given() -> None:
    page = made(lines=2, most=1).html
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>Numbers &lt;b&gt;</title>" in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:link|script|img)\b|@import|url\(", page)
    assert "\N{GRINNING FACE}" in page, "a browser has letters that our fonts lack"
