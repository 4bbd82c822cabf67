"""A leaf: a short page for one reader, as an archival, accessible PDF and as a web page, in the look of the briefs.

Its template in `briefs/` gives what stands in the body, the same for print and web; `leaf.css` comes over the style of either. A leaf may
hold what a partner wrote, and has to arrive whatever that is: letters that cannot be printed are written by their number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tasks import Misuse
from tasks.render.density import LAST, DoesNotFit
from tasks.render.fonts import letters
from tasks.render.page import FOLDER, environment
from tasks.render.press import lay, press, strictly, written


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf by its name (without suffix), as a self-contained web page and as a PDF."""

    name: str
    html: str
    pdf: bytes


def print_leaf(html: str, *, title: str, language: str, day: str, author: str = "", most: int = 0) -> bytes:
    """The PDF of what stands in the body of a leaf: PDF/A-3a and PDF/UA-1, the same bytes for the same words and day.

    `day` (such as 2026-11-22) is its only date. With `most` a leaf of more pages is `DoesNotFit`.
    """
    page = _spelled(_page(html, title=title, language=language, day=day, author=author), _is_printed)
    with strictly(title):
        document = lay(page, press("page.css", "leaf.css"))
        if most and len(document.pages) > most:
            raise DoesNotFit(f"{title!r} in {language!r} takes {len(document.pages)} pages in place of {most}: shorten its text")
        return written(document)


def make_leaf(
    template: str, *, name: str, title: str, language: str, day: str, author: str, most: int, must_fit: bool = False, **values: Any
) -> Leaf:
    """The leaf that a template of `briefs/` makes of `values`, set tighter where it takes more than `most` pages.

    At the tightest it takes the pages it needs; with `must_fit` it is `DoesNotFit`.
    """
    density = 0
    while True:
        body = environment().get_template(template).render(title=title, language=language, day=day, density=density, **values)
        allowed = most if must_fit or density < LAST else 0
        try:
            pdf = print_leaf(body, title=title, language=language, day=day, author=author, most=allowed)
            break
        except DoesNotFit:
            if density == LAST:
                raise
            # What must fit is set no tighter than it needs; the rest is laid out twice at most.
            density = density + 1 if must_fit else LAST
    css = "\n".join((FOLDER / style).read_text("utf-8") for style in ("web.css", "leaf.css"))
    page = _page(body, title=title, language=language, day=day, author=author, css=css)
    return Leaf(name, _spelled(page, _is_text), pdf)


def _page(html: str, *, title: str, language: str, day: str, author: str, css: str = "") -> str:
    """The whole page around a body; with `css` it needs no other file."""
    _check_day(day)
    return environment().get_template("leaf.html").render(body=html, title=title, language=language, day=day, author=author, css=css)


def _check_day(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise Misuse(f"{day!r} is no day such as 2026-11-22: a leaf carries the day it was made for") from error


def _spelled(text: str, fits: Callable[[str], bool]) -> str:
    """The text with every letter that does not fit written by its number, such as [U+1F600]."""
    strange = {ord(letter): f"[U+{ord(letter):04X}]" for letter in set(text) if not fits(letter)}
    return text.translate(strange) if strange else text


def _is_text(letter: str) -> bool:
    """False for what has no shape of its own and may turn the text around it: control and format characters, halves of pairs."""
    return letter in "\t\n\r" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Cn")


def _is_printed(letter: str) -> bool:
    return letter in "\t\n\r" or (ord(letter) in letters() and _is_text(letter))
