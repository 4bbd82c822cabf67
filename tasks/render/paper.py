"""The PDF of a draft: PDF/A-3a and PDF/UA-1 at once, from one shared set of fonts and styles per process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from tasks.compose.draft import Attachment, Draft
from tasks.render import page
from tasks.render.density import fit
from tasks.render.press import VARIANT, Press, RenderFault, lay, press, strictly, written

__all__ = ["VARIANT", "Printed", "RenderFault", "print_pdf"]


@dataclass(frozen=True, slots=True)
class Printed:
    """The bytes of a PDF, its number of pages, and the density of each sheet."""

    data: bytes
    pages: int
    densities: tuple[int, int]


def print_pdf(draft: Draft, attachments: tuple[Attachment, ...], *, start: tuple[int, int]) -> Printed:
    """The draft on two pages, with its attachments inside."""
    with strictly(f"{draft.name}.{draft.language}"):
        shared = _press()

        def laid(densities: tuple[int, int]) -> Any:
            return lay(page.printed(draft, densities=densities), shared)

        document, densities = fit(laid, language=draft.language, start=start)
        noon = datetime.combine(datetime.fromisoformat(draft.edition_date).date(), time(12), tzinfo=UTC)
        document.metadata.attachments = [_attached(attachment, noon) for attachment in attachments]
        data = written(document)
    return Printed(data, len(document.pages), densities)


def _press() -> Press:
    return press("page.css")


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
