"""The briefs: one brief, one language, one Markdown file with a header; the words of the interface per language.

The header names title, audience, plan, objectives, asks, approver, languages and due. In the body numbers stand only as
`{{ indicator }}`; `***` begins the second page; `## Heading {main}` places a block (main, side, left, right, or the full width).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, ValidationError

HERE = Path(__file__).parent
# What a header says alike in every language.
SAME = ("audience", "objectives", "asks", "languages", "due")
PLACES = ("full", "main", "side", "left", "right")


class BriefBroken(Exception):
    """A brief that cannot be made: the message names the file, the line and what to write."""


class Header(BaseModel):
    """The head of a brief file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    audience: str
    plan: str
    objectives: list[str]
    asks: list[str]
    approver: str
    languages: list[str]
    due: Literal["monthly", "quarterly", "annual", "as_needed"]
    review_by: date


@dataclass(frozen=True, slots=True)
class Part:
    """One block of the body: its heading, where it stands, and either paragraphs or a fenced block of YAML."""

    line: int
    title: str
    subtitle: str
    place: str
    kind: str
    text: tuple[str, ...]
    data: Any


@dataclass(frozen=True, slots=True)
class Brief:
    """One brief in one language, as written. `lines` are those of the headline and of the paragraph under it."""

    name: str
    language: str
    file: str
    header: Header
    headline: str
    lede: str
    sheets: tuple[tuple[Part, ...], ...]
    source: str
    lines: tuple[int, int]

    @property
    def parts(self) -> list[Part]:
        return [part for sheet in self.sheets for part in sheet]


def names(overlay: Path | None = None) -> dict[str, list[str]]:
    """Every brief and the languages it has files for."""
    found: dict[str, list[str]] = {}
    for path in _files(overlay).values():
        name, language = path.name.removesuffix(".md").rsplit(".", 1)
        found.setdefault(name, []).append(language)
    return {name: sorted(found[name]) for name in sorted(found)}


def _files(overlay: Path | None) -> dict[str, Path]:
    roots = [HERE, *([overlay] if overlay and overlay.is_dir() else [])]
    return {path.name: path for root in roots for path in sorted(root.glob("*.*.md"))}


def read(name: str, overlay: Path | None = None) -> dict[str, Brief]:
    """A brief in all its languages; they are released together or not at all, so a missing or unequal one is `BriefBroken`."""
    files = _files(overlay)
    languages = names(overlay).get(name)
    if not languages:
        raise BriefBroken(f"There is no brief {name!r}. There are: {', '.join(names(overlay)) or 'none'}.")
    briefs = {language: parse(files[f"{name}.{language}.md"]) for language in languages}
    _parity(name, briefs)
    return briefs


def parse(path: Path) -> Brief:
    """Read one file (once for each version of it)."""
    return _parse(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _parse(path: Path, _stamp: int) -> Brief:
    name, language = path.name.removesuffix(".md").rsplit(".", 1)
    source = path.read_text(encoding="utf-8")
    if not source.startswith("---\n") or "\n---\n" not in source[4:]:
        raise BriefBroken(f"{path.name} line 1: begins with no header between two lines of ---")
    head, body = source[4:].split("\n---\n", 1)
    try:
        header = Header(**yaml.safe_load(head))
    except ValidationError as error:
        first = error.errors()[0]
        raise BriefBroken(f"{path.name}: header: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError) as error:
        raise BriefBroken(f"{path.name}: the header is not YAML: {error}") from error
    reader = _body(path.name, body, offset=head.count("\n") + 3)
    return Brief(
        name, language, path.name, header, reader.headline, reader.lede, reader.result(), source, (reader.lines[0], reader.lines[1])
    )


def _body(file: str, body: str, offset: int) -> _Reader:
    reader = _Reader(file, offset)
    tokens = MarkdownIt("commonmark").parse(body)
    for index, token in enumerate(tokens):
        line = offset + (token.map[0] if token.map else 0) + 1
        if token.type == "heading_open":
            reader.heading(line, token.tag, tokens[index + 1].content)
        elif token.type == "paragraph_open":
            reader.paragraph(line, tokens[index + 1].content.replace("\n", " "))
        elif token.type == "fence":
            reader.fence(line, token.info.strip(), token.content)
        elif token.type == "hr":
            reader.page()
        elif token.type not in ("heading_close", "paragraph_close", "inline"):
            raise BriefBroken(
                f"{file} line {line}: {token.type.removesuffix('_open')} is not known here; write a paragraph or a fenced block"
            )
    return reader


class _Reader:
    """Gathers the blocks of one file."""

    def __init__(self, file: str, offset: int) -> None:
        self.file, self.offset = file, offset
        self.headline = self.lede = ""
        self.lines = [1, 1]
        self.sheets: list[list[Part]] = [[]]
        self.open: tuple[int, str, str, str] | None = None
        self.text: list[str] = []
        self.done = False

    def heading(self, line: int, tag: str, content: str) -> None:
        if tag == "h3" and self.open and not self.text:
            self.open = (*self.open[:2], content, self.open[3])
            return
        self._close()
        if tag == "h1":
            self.headline, self.lines[0] = content, line
        elif tag == "h2":
            title, _, place = content.partition(" {")
            place = place.rstrip("}") or "full"
            if place not in PLACES:
                raise BriefBroken(f"{self.file} line {line}: {{{place}}} is no place; write one of {', '.join(PLACES)}")
            self.open = (line, title.strip(), "", place)
        else:
            raise BriefBroken(f"{self.file} line {line}: headings are #, ## and ### (a subtitle under ##)")

    def paragraph(self, line: int, content: str) -> None:
        if self.open:
            self.text.append(content)
        elif self.headline and not self.lede:
            self.lede, self.lines[1] = content, line
        else:
            raise BriefBroken(f"{self.file} line {line}: this paragraph stands under no heading")

    def fence(self, line: int, kind: str, content: str) -> None:
        try:
            data = yaml.safe_load(content)
        except yaml.YAMLError as error:
            raise BriefBroken(f"{self.file} line {line}: the block {kind} is not YAML: {error}") from error
        where = self.open or (line, "", "", "full")
        if self.text and self.open:
            # The paragraphs keep their heading; the block follows them in the same column.
            where = (line, "", "", self.open[3] if kind != "about" else "full")
            self._close()
        self.sheets[-1].append(Part(line, where[1], where[2], where[3], kind, (), data))
        self.open = None

    def page(self) -> None:
        self._close()
        self.sheets.append([])

    def _close(self) -> None:
        if self.open and self.text:
            line, title, subtitle, place = self.open
            self.sheets[-1].append(Part(line, title, subtitle, place, "prose", tuple(self.text), None))
        elif self.open:
            raise BriefBroken(f"{self.file} line {self.open[0]}: nothing stands under {self.open[1]!r}")
        self.open, self.text = None, []

    def result(self) -> tuple[tuple[Part, ...], ...]:
        self._close()
        if not self.headline or not self.lede:
            raise BriefBroken(f"{self.file}: begins with a headline (#) and a paragraph that says what follows from it")
        if len(self.sheets) != 2:
            raise BriefBroken(f"{self.file}: has {len(self.sheets)} pages; a brief has two, divided by ***")
        return tuple(tuple(sheet) for sheet in self.sheets)


def _parity(name: str, briefs: dict[str, Brief]) -> None:
    """All languages say the same: same blocks in the same order, from the same header."""
    for brief in briefs.values():
        missing = [language for language in brief.header.languages if language not in briefs]
        if missing:
            raise BriefBroken(f"{name}: no file {name}.{missing[0]}.md; all languages of a brief leave together or not at all")
    first = next(iter(briefs.values()))
    for other in briefs.values():
        for key in SAME:
            if getattr(other.header, key) != getattr(first.header, key):
                raise BriefBroken(f"{other.file}: header: {key} is not that of {first.file}; only words are translated")
        for mine, theirs in zip(first.parts, other.parts, strict=False):
            if (mine.kind, mine.place) != (theirs.kind, theirs.place):
                raise BriefBroken(
                    f"{other.file} line {theirs.line}: {theirs.kind} {{{theirs.place}}} stands where {first.file} line {mine.line} "
                    f"has {mine.kind} {{{mine.place}}}; translate block by block"
                )
        if len(first.parts) != len(other.parts):
            more, fewer = (first, other) if len(first.parts) > len(other.parts) else (other, first)
            part = more.parts[len(fewer.parts)]
            raise BriefBroken(f"{fewer.file}: no translation of {more.file} line {part.line} ({part.title or part.kind})")


def words(language: str, overlay: Path | None = None) -> dict[str, Any]:
    """The interface words of a language; `BriefBroken` when the file is missing or lacks a key that English has."""
    texts = _words(language, overlay)
    english = _words("en", overlay)
    for key, value in english.items():
        missing = (
            [f"{key}.{inner}" for inner in value if inner not in texts.get(key, {})] if isinstance(value, dict) else [key][key in texts :]
        )
        if missing:
            raise BriefBroken(f"briefs/words/{language}.yaml: no word for {missing[0]}; it is in en.yaml")
    return texts


def _words(language: str, overlay: Path | None) -> dict[str, Any]:
    for root in [*([overlay] if overlay else []), HERE]:
        path = root / "words" / f"{language}.yaml"
        if path.is_file():
            data = _yaml(path, path.stat().st_mtime_ns)
            return dict(data)
    raise BriefBroken(f"There is no briefs/words/{language}.yaml: write it to add the language.")


@lru_cache(maxsize=32)
def _yaml(path: Path, _stamp: int) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
