"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from docs.tables import README, readme

ROOT = README.parent


def test_the_tables_of_the_readme_are_those_of_the_content() -> None:
    """A contract or an indicator that is added stands in the README (`python -m docs.tables`)."""
    text = README.read_text(encoding="utf-8")
    assert readme(text) == text


def test_every_file_the_docs_link_to_is_there() -> None:
    """A link in the README and the handbook leads somewhere."""
    for page in [README, *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_of_the_readme_is_in_the_makefile() -> None:
    """`make X` in the README or the handbook is a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in [README, *ROOT.glob("docs/handbook/*.md")]:
        for said in re.findall(r"(?:`|^|\n| )make (demo\b|serve\b|test\b|check\b|bench\b|[a-z]+`)", page.read_text(encoding="utf-8")):
            assert said.rstrip("`") in targets, f"{page.name}: make {said}"


def test_the_readme_shows_a_picture_of_the_brief() -> None:
    """The picture is a PNG of some size."""
    picture = Path(ROOT / "docs/images/council-en-1.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000
