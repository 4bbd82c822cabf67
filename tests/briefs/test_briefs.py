"""Brief files: their shape, the parity of languages, and the words of the interface."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import briefs
from briefs import BriefBroken
from tests.samples.brief import HEADER

BODY = """# A headline

What follows from it.

## Why {main}

A paragraph.

***

## More

Another.

```about
{}
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, body: str = BODY, *, header: str = HEADER, language: str = "en", name: str = "topic") -> Path:
    path = folder / f"{name}.{language}.md"
    path.write_text(header + body, encoding="utf-8")
    return path


def refused(path: Path, match: str) -> None:
    with pytest.raises(BriefBroken, match=match):
        briefs.parse(path)


# One file


def test_a_brief_is_read_with_the_lines_of_its_parts(folder: Path) -> None:
    brief = briefs.parse(write(folder))
    assert (brief.name, brief.language, brief.headline, brief.lede) == ("topic", "en", "A headline", "What follows from it.")
    assert brief.lines == (12, 14)
    assert [(part.line, part.kind, part.place, part.title) for part in brief.parts] == [
        (16, "prose", "main", "Why"),
        (22, "prose", "full", "More"),
        (26, "about", "full", ""),
    ]


def test_a_subtitle_stands_under_a_heading(folder: Path) -> None:
    brief = briefs.parse(write(folder, BODY.replace("## More\n", "## More\n### In short\n")))
    assert brief.parts[1].subtitle == "In short"


def test_paragraphs_before_a_block_are_not_lost(folder: Path) -> None:
    brief = briefs.parse(write(folder, BODY.replace("A paragraph.\n", "A paragraph.\n\n```table\n{}\n```\n")))
    assert [(part.line, part.kind, part.place, part.title, part.text) for part in brief.parts[:2]] == [
        (16, "prose", "main", "Why", ("A paragraph.",)),
        (20, "table", "main", "", ()),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(("# A headline\n\n", ""), r"topic\.en\.md line 12: this paragraph stands under no heading", id="no headline"),
        pytest.param(("What follows from it.\n\n", ""), r"topic\.en\.md: begins with a headline \(#\) and a paragraph", id="no lede"),
        pytest.param(("***\n\n", ""), r"topic\.en\.md: has 1 pages; a brief has two", id="one page"),
        pytest.param(("Another.\n", "Another.\n\n***\n"), r"topic\.en\.md: has 3 pages", id="three pages"),
        pytest.param(("{main}", "{top}"), r"topic\.en\.md line 16: \{top\} is no place; write one of full, main, side", id="no such place"),
        pytest.param(("A paragraph.", "- a list"), r"topic\.en\.md line 18: bullet_list is not known here", id="a list"),
        pytest.param(("A paragraph.", "<b>bold</b>\n"), r"topic\.en\.md line 18: (html_block|inline)", id="html"),
        pytest.param(("A paragraph.\n\n", ""), r"topic\.en\.md line 16: nothing stands under 'Why'", id="an empty heading"),
        pytest.param(("## More", "#### More"), r"topic\.en\.md line 22: headings are #, ## and ###", id="a fourth heading"),
        pytest.param(("```about\n{}", "```about\n{a: [}"), r"topic\.en\.md line 26: the block about is not YAML", id="broken YAML"),
    ],
)
def test_a_broken_body_names_file_and_line(folder: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in BODY
    path = write(folder, BODY.replace(*change))
    if "<b>" in change[1]:
        # Inline HTML is text here, and is escaped when it is composed.
        assert briefs.parse(path).parts[0].text == ("<b>bold</b>",)
        return
    refused(path, message)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", r"topic\.en\.md line 1: begins with no header"),
        (HEADER.replace("due: quarterly\n", ""), r"topic\.en\.md: header: due: Field required"),
        (HEADER.replace("quarterly", "sometimes"), r"topic\.en\.md: header: due: Input should be 'monthly'"),
        (HEADER.replace("plan: A plan", "plan: A plan\nmood: good"), r"topic\.en\.md: header: mood: Extra inputs are not permitted"),
        (HEADER.replace("title: A topic", "title: [A topic"), r"topic\.en\.md: the header is not YAML"),
        ("---\n- a list\n---\n", r"topic\.en\.md: the header is not YAML"),
    ],
)
def test_a_broken_header_names_its_key(folder: Path, header: str, message: str) -> None:
    refused(write(folder, header=header), message)


# All languages of a brief


def pair(folder: Path, french: str = BODY, *, header: str = HEADER) -> Path:
    write(folder)
    write(folder, french, header=header, language="fr")
    return folder


def test_languages_that_say_the_same_are_read_together(folder: Path) -> None:
    assert set(briefs.read("topic", pair(folder))) == {"en", "fr"}


def test_a_missing_language_holds_all(folder: Path) -> None:
    write(folder)
    with pytest.raises(BriefBroken, match=r"topic: no file topic\.fr\.md; all languages of a brief leave together or not at all"):
        briefs.read("topic", folder)


def test_a_block_missing_in_one_language_is_named(folder: Path) -> None:
    pair(folder, BODY.replace("## More\n\nAnother.\n\n", ""))
    with pytest.raises(BriefBroken, match=r"topic\.fr\.md line 22: about \{full\} stands where topic\.en\.md line 22 has prose"):
        briefs.read("topic", folder)


def test_a_last_block_missing_in_one_language_is_named(folder: Path) -> None:
    pair(folder, BODY.replace("```about\n{}\n```\n", ""))
    with pytest.raises(BriefBroken, match=r"topic\.fr\.md: no translation of topic\.en\.md line 26 \(about\)"):
        briefs.read("topic", folder)


def test_a_block_in_another_place_is_named(folder: Path) -> None:
    pair(folder, BODY.replace("{main}", "{side}"))
    with pytest.raises(BriefBroken, match=r"topic\.fr\.md line 16: prose \{side\} stands where topic\.en\.md line 16 has prose \{main\}"):
        briefs.read("topic", folder)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("objectives", ('["3.1"]', '["3.2"]')),
        ("asks", ("one-ask", "another-ask")),
        ("audience", ("city_council", "county_council")),
        ("languages", ("[en, fr]", "[fr, en]")),
        ("due", ("quarterly", "annual")),
    ],
)
def test_only_words_are_translated_in_a_header(folder: Path, key: str, change: tuple[str, str]) -> None:
    pair(folder, header=HEADER.replace(*change))
    with pytest.raises(BriefBroken, match=rf"topic\.fr\.md: header: {key} is not that of topic\.en\.md"):
        briefs.read("topic", folder)


def test_an_unknown_brief_lists_those_there_are() -> None:
    with pytest.raises(BriefBroken, match=r"There is no brief 'nobody'\. There are: .*council"):
        briefs.read("nobody")


def test_a_partnerships_brief_lies_over_the_shipped_one(folder: Path) -> None:
    for language in ("en", "fr"):
        write(folder, name="council", language=language)
    assert briefs.read("council", folder)["en"].headline == "A headline"
    assert briefs.read("council")["en"].headline != "A headline"


def test_every_shipped_brief_is_whole() -> None:
    for name in briefs.names():
        found = briefs.read(name)
        assert set(next(iter(found.values())).header.languages) == set(found)
        assert all(brief.parts[-1].kind == "about" for brief in found.values())


# Words


def flat(words: dict[str, Any]) -> dict[str, str]:
    nested = {f"{key}.{inner}": text for key, value in words.items() if isinstance(value, dict) for inner, text in value.items()}
    return nested | {key: value for key, value in words.items() if isinstance(value, str)}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_words_of_a_language_are_those_of_english(language: str) -> None:
    english, own = flat(briefs.words("en")), flat(briefs.words(language))
    assert set(own) == set(english), "no word more, none less"
    for key, said in english.items():
        assert set(re.findall(r"\{(\w+)\}", own[key])) == set(re.findall(r"\{(\w+)\}", said)), key


def test_every_caveat_is_worded() -> None:
    from expectations import CAVEATS

    for language in ("en", "fr"):
        assert set(briefs.words(language)["caveats"]) == set(CAVEATS)


@pytest.mark.parametrize("key", ["range", "about.legend", "caveats.estimate", "marks"])
def test_a_word_missing_in_french_is_named(folder: Path, key: str) -> None:
    words = folder / "words"
    words.mkdir()
    data: dict[str, Any] = yaml.safe_load((briefs.HERE / "words" / "fr.yaml").read_text(encoding="utf-8"))
    outer, _, inner = key.partition(".")
    if inner:
        del data[outer][inner]
    else:
        del data[outer]
    (words / "fr.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BriefBroken, match=rf"briefs/words/fr\.yaml: no word for {re.escape(key)}.*; it is in en\.yaml"):
        briefs.words("fr", folder)


def test_a_language_without_words_says_what_to_write() -> None:
    with pytest.raises(BriefBroken, match=r"There is no briefs/words/xx\.yaml: write it to add the language"):
        briefs.words("xx")


def test_words_of_a_partnership_lie_over_the_shipped_ones(folder: Path) -> None:
    shutil.copytree(briefs.HERE / "words", folder / "words")
    path = folder / "words" / "en.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("Measure", "What is counted"), encoding="utf-8")
    assert briefs.words("en", folder)["about"]["measure"] == "What is counted"
