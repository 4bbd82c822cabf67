"""The validator's harness itself: it loads all rules, passes what conforms, fails what does not by the right rule."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from weasyprint import HTML

from . import Verdict, verapdf


def _page(body: str, *, title: str = "<title>A brief</title>", style: str = "") -> str:
    return f'<html lang="en"><head>{title}<style>{style}</style></head><body><h1>Newcomers</h1>{body}</body></html>'


def _raster() -> str:
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), "teal").save(stream, "PNG")
    return f'<img alt="A teal square" src="data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}">'


WORDS = "<p>Some words.</p>"
# no MarkInfo, no structure tree, no metadata, no display of the title, content outside tags; no /ID, no output intent
UNTAGGED_UA = {"6.2-1", "7.1-3", "7.1-8", "7.1-10", "7.1-11"}
UNTAGGED_3A = {"6.1.3-1", "6.2.4.3-2", "6.6.2.1-1", "6.7.2.2-1", "6.7.3.3-1"}
# name: variant, html, then the rules that fail for PDF/UA-1 and for PDF/A-3a (None: some, whichever they are)
CASES: dict[str, tuple[str | None, str, set[str] | None, set[str] | None]] = {
    "good-ua ملخص": ("pdf/ua-1", _page(WORDS), set(), None),
    "good-3a résumé": ("pdf/a-3a", _page(WORDS), {"5-1"}, set()),
    "untagged": (None, _page(WORDS), UNTAGGED_UA, UNTAGGED_3A),
    "no-title": ("pdf/ua-1", _page(WORDS, title=""), {"7.1-9"}, None),
    "opacity": ("pdf/ua-1", _page(WORDS, style="p { opacity: 0.5 }"), {"7.1-3"}, None),
    "no-alternative": ("pdf/ua-1", _page(_raster().replace("alt=", "id=")), {"7.3-1"}, None),
    "smoothed-raster": ("pdf/a-3a", _page(_raster()), {"5-1"}, {"6.2.8-3"}),
    "crisp-raster": ("pdf/a-3a", _page(_raster(), style="img { image-rendering: crisp-edges }"), {"5-1"}, set()),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Verdict]:
    """All cases by name and flavour, from one JVM."""
    folder = tmp_path_factory.mktemp("verapdf")
    files = [folder / f"{name}.pdf" for name in CASES]
    for file, (variant, html, _, _) in zip(files, CASES.values(), strict=True):
        HTML(string=html).write_pdf(file, pdf_variant=variant)
    found = verapdf(*files)
    assert [(v.file, v.flavour) for v in found] == [(file, flavour) for file in files for flavour in ("ua1", "3a")]
    return {(v.file.stem, v.flavour): v for v in found}


def test_every_rule_is_loaded(verdicts: dict[tuple[str, str], Verdict]) -> None:
    assert {(v.flavour, v.rules) for v in verdicts.values()} == {("ua1", 106), ("3a", 155)}
    assert min(v.assertions for v in verdicts.values()) > 50


@pytest.mark.parametrize("flavour", ["ua1", "3a"])
@pytest.mark.parametrize("name", CASES)
def test_the_right_rules_fail(verdicts: dict[tuple[str, str], Verdict], name: str, flavour: str) -> None:
    verdict = verdicts[name, flavour]
    expected = CASES[name][2 if flavour == "ua1" else 3]
    rules = {item.rule for item in verdict.failed}
    assert verdict.compliant == (not rules)
    assert all(item.count >= 1 and item.message and item.place for item in verdict.failed)
    assert rules if expected is None else rules == expected, verdict.failed


def test_what_is_no_pdf_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    text, missing = tmp_path / "text.pdf", tmp_path / "missing.pdf"
    text.write_text("not a PDF")
    with pytest.raises(RuntimeError, match=r"text\.pdf \(ua1\).*missing\.pdf \(ua1\)"):
        verapdf(text, missing, flavours=("ua1",))


def test_nothing_to_check_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one file"):
        verapdf()


def test_a_missing_java_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="openjdk-17-jdk-headless"):
        verapdf(tmp_path / "any.pdf")


def test_a_missing_jar_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(RuntimeError, match="uv sync"):
        verapdf(tmp_path / "any.pdf")
