"""The press: fonts, styles and fetcher shared in a process, and what turns HTML into an archival, accessible PDF with them."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tasks import Problem
from tasks.render.fonts import configuration
from tasks.render.page import FOLDER

VARIANT = "pdf/a-3a"


class RenderFault(Problem):
    """WeasyPrint complained: a glyph no font of ours has, CSS it does not know, an address it may not fetch."""


@dataclass(frozen=True, slots=True)
class Press:
    """What renders of one process share: fonts, parsed CSS, fetcher."""

    fonts: Any
    css: Any
    fetcher: Any


@lru_cache(maxsize=4)
def press(*styles: str) -> Press:
    """The press with these style sheets of `briefs/`, a later one over an earlier one; made once in a process."""
    fonts = _fonts()
    from weasyprint import CSS

    from tasks.render.fetcher import StrictFetcher
    from tasks.render.finisher import watch_runs

    watch_runs()
    fetcher = StrictFetcher()
    text = "\n".join((FOLDER / style).read_text("utf-8") for style in styles)
    return Press(fonts, CSS(string=text, font_config=fonts, url_fetcher=fetcher), fetcher)


@lru_cache(maxsize=1)
def _fonts() -> Any:
    return configuration()


def lay(html: str, shared: Press) -> Any:
    """The HTML laid out on pages."""
    from weasyprint import HTML

    source = HTML(string=html, url_fetcher=shared.fetcher)
    return source.render(font_config=shared.fonts, stylesheets=[shared.css], pdf_variant=VARIANT)


def written(document: Any) -> bytes:
    """The bytes of laid-out pages: PDF/A-3a and PDF/UA-1 at once."""
    from tasks.render.finisher import finish

    with warnings.catch_warnings():
        # WeasyPrint opens its colour profile and leaves the closing to the garbage collector.
        warnings.filterwarnings("ignore", r"unclosed file .*sRGB2014\.icc", ResourceWarning)
        data: bytes = document.write_pdf(pdf_variant=VARIANT, finisher=finish)
    return data


@contextmanager
def strictly(name: str) -> Iterator[None]:
    """Any warning of WeasyPrint is a fault: it logs missing glyphs, bad CSS and broken SVG, and goes on."""
    complaints = _Complaints()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(complaints)
    try:
        with _no_fatal_fetch(name):
            yield
    finally:
        logger.removeHandler(complaints)
    if complaints.messages:
        said = "; ".join(dict.fromkeys(complaints.messages))
        raise RenderFault(f"{name}: {said}: mend the text, the CSS or the fonts")


@contextmanager
def _no_fatal_fetch(name: str) -> Iterator[None]:
    """FatalURLFetchingError is a BaseException: left alone it would look like a crash of the worker."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "FatalURLFetchingError":
            raise
        raise RenderFault(f"{name}: {error}: a brief fetches nothing from outside") from error


class _Complaints(logging.Handler):
    """Collects what WeasyPrint says in this thread, from warnings up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread = threading.get_ident()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.messages.append(record.getMessage())
