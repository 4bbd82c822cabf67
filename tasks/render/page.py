"""The page of a draft: one template, filled for print or for the web. Pure: same draft and densities, same text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import jinja2
import segno
from markupsafe import Markup

import briefs
from tasks import Misuse
from tasks.compose.draft import Draft
from tasks.render import layout
from tasks.render.inline import inline, plain

FOLDER = Path(briefs.__file__).parent
WORDS = ("page", "files")
"""The interface words every draft brings, besides `flag_<flag>` for each of its flags."""

_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


class MissingWords(Misuse):
    """The interface words of a language are incomplete."""


class BadLink(Misuse):
    """An address that a phone could not open."""


def printed(draft: Draft, *, densities: tuple[int, int]) -> str:
    """The HTML of the two printed sheets; its CSS is a file of its own."""
    return _filled(draft, densities=densities, web=False)


def twin(draft: Draft, *, files: Sequence[str]) -> str:
    """The same brief as one self-contained web page; `files` are the names of the files laid beside it."""
    css = (FOLDER / "web.css").read_text("utf-8")
    return _filled(draft, densities=(0, 0), web=True, css=css, files=files)


def _filled(draft: Draft, *, densities: tuple[int, int], web: bool, css: str = "", files: Sequence[str] = ()) -> str:
    direction = "rtl" if draft.language.split("-")[0] in _RIGHT_TO_LEFT else "ltr"
    template = environment().get_template("page.html")
    return template.render(
        draft=draft,
        words=_words(draft),
        direction=direction,
        layout=layout.Layout(web, direction, _thousands(draft.language)),
        densities=densities,
        web=web,
        css=css,
        files=files,
    )


def _thousands(language: str) -> str:
    """As Babel's locales of the house part thousands: a comma in English and Arabic, else a no-break space."""
    return "," if language.split("-", maxsplit=1)[0] in ("en", "ar") else "\u00a0"


def _words(draft: Draft) -> dict[str, str]:
    needed = [*WORDS, *(f"flag_{flag.lower()}" for flag in draft.flags)]
    missing = [key for key in needed if not draft.words.get(key, "").strip()]
    if missing:
        raise MissingWords(f"words of language {draft.language!r} lack {', '.join(missing)}: add them in briefs/words")
    return draft.words


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates of `briefs/`: all text is escaped, and a name that nobody gave is an error."""
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False)
    made.filters |= {
        "inline": inline,
        "plain": plain,
        "kind": lambda block: type(block).__name__,
        "qr": _code,
        "address": _address,
        "numeric": layout.numeric,
        "barred": layout.barred,
        "percent": layout.percent,
        "room": layout.room,
        "across": layout.across,
        "share": layout.share,
        "height": layout.height,
    }
    return made


def _address(link: str) -> str:
    if not link.startswith(("https://", "http://")):
        raise BadLink(f"{link!r} is no web address: give it with https://")
    return link


def _code(link: str) -> Markup:
    """The QR code of an address, at error level M, titled with the address."""
    code = segno.make(_address(link), error="m", micro=False, boost_error=False)
    return Markup(code.svg_inline(border=2, dark="#14213D", light="#fff", omitsize=True, title=link, svgclass=None))
