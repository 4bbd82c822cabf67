"""The PDF of a draft: PDF/A-3a and PDF/UA-1 at once, from one shared set of fonts and styles per process."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any

from tasks import Problem
from tasks.compose.draft import Attachment, Draft
from tasks.render import page
from tasks.render.density import fit
from tasks.render.fonts import configuration

VARIANT = "pdf/a-3a"


class RenderFault(Problem):
    """WeasyPrint complained: a glyph no font of ours has, CSS it does not know, an address it may not fetch."""


@dataclass(frozen=True, slots=True)
class Printed:
    """The bytes of a PDF, its number of pages, and the density of each sheet."""

    data: bytes
    pages: int
    densities: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Press:
    """What renders of one process share: fonts, parsed CSS, fetcher."""

    fonts: Any
    css: Any
    fetcher: Any


def print_pdf(draft: Draft, attachments: tuple[Attachment, ...], *, start: tuple[int, int]) -> Printed:
    """The draft on two pages, with its attachments inside."""
    from tasks.render.finisher import finish

    with _strictly(f"{draft.name}.{draft.language}"):
        press = _press()

        def lay(densities: tuple[int, int]) -> Any:
            return _laid(page.printed(draft, densities=densities), press)

        document, densities = fit(lay, language=draft.language, start=start)
        noon = datetime.combine(datetime.fromisoformat(draft.edition_date).date(), time(12), tzinfo=UTC)
        document.metadata.attachments = [_attached(attachment, noon) for attachment in attachments]
        with warnings.catch_warnings():
            # WeasyPrint opens its colour profile and leaves the closing to the garbage collector.
            warnings.filterwarnings("ignore", r"unclosed file .*sRGB2014\.icc", ResourceWarning)
            data = document.write_pdf(pdf_variant=VARIANT, finisher=finish)
    return Printed(data, len(document.pages), densities)


def _laid(html: str, press: _Press) -> Any:
    from weasyprint import HTML

    source = HTML(string=html, url_fetcher=press.fetcher)
    return source.render(font_config=press.fonts, stylesheets=[press.css], pdf_variant=VARIANT)


def _attached(attachment: Attachment, noon: datetime) -> Any:
    """An embedded file with the edition's date: without one WeasyPrint takes the clock's."""
    from weasyprint import Attachment as Embedded

    return Embedded(
        string=attachment.text,
        name=attachment.name,
        description=attachment.description,
        created=noon,
        modified=noon,
        relationship=attachment.relationship,
    )


@lru_cache(maxsize=1)
def _press() -> _Press:
    fonts = configuration()
    from weasyprint import CSS

    from tasks.render.fetcher import StrictFetcher
    from tasks.render.finisher import watch_runs

    watch_runs()
    fetcher = StrictFetcher()
    text = (page.FOLDER / "page.css").read_text("utf-8")
    return _Press(fonts, CSS(string=text, font_config=fonts, url_fetcher=fetcher), fetcher)


@contextmanager
def _strictly(name: str) -> Iterator[None]:
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
