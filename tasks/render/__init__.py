"""Render a draft into its document: an archival, accessible PDF, the same brief as a web page, the files beside them.

The same draft and densities give the same bytes in every process: the only date is the edition's, all fonts are ours.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tasks import Misuse
from tasks.compose.draft import Attachment, Draft

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Document:
    """The receipt of a rendered draft: file names within its folder, their sha256, and what a second making needs."""

    name: str
    language: str
    edition_date: str
    flags: tuple[str, ...]
    pages: int
    densities: tuple[int, int]
    pdf: str
    html: str
    attachments: tuple[str, ...]
    sha256: dict[str, str]

    @property
    def csv(self) -> str:
        """The name of the attached table, or nothing."""
        return next((name for name in self.attachments if name.endswith(".csv")), "")

    @property
    def json(self) -> str:
        """The name of the attached provenance, or nothing."""
        return next((name for name in self.attachments if name.endswith(".json")), "")


def render(draft: Draft, *, folder: Path, densities: tuple[int, int] | None = None) -> Document:
    """Write the PDF, the web page and the attachments of a draft into `folder`, and say what was written.

    `densities` are those of an earlier making; without them each sheet starts at the widest setting.
    """
    from tasks.render import page, paper

    stem = f"{draft.name}.{draft.language}"
    attachments = tuple(sorted(draft.attachments, key=lambda attachment: attachment.name))
    _check_names(f"{stem}.pdf", f"{stem}.html", attachments)
    printed = paper.print_pdf(draft, attachments, start=densities or (0, 0))
    names = [f"{stem}.pdf", *(attachment.name for attachment in attachments)]
    contents = {f"{stem}.pdf": printed.data, f"{stem}.html": page.twin(draft, files=names).encode()}
    contents |= {attachment.name: attachment.text.encode() for attachment in attachments}
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        _write(folder / name, data)
    return Document(
        name=draft.name,
        language=draft.language,
        edition_date=draft.edition_date,
        flags=draft.flags,
        pages=printed.pages,
        densities=printed.densities,
        pdf=f"{stem}.pdf",
        html=f"{stem}.html",
        attachments=tuple(attachment.name for attachment in attachments),
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    )


def _check_names(pdf: str, html: str, attachments: tuple[Attachment, ...]) -> None:
    """Every file has a plain name of its own; WeasyPrint tells attachments apart by their content alone."""
    names = [pdf, html, *(attachment.name for attachment in attachments)]
    bad = [name for name in names if not _NAME.fullmatch(name)]
    if bad:
        raise Misuse(f"{bad[0]!r} is no plain file name: use letters, digits, dots and dashes")
    if len(set(names)) < len(names):
        raise Misuse(f"two files of one brief have the same name: {', '.join(names)}")
    if len({attachment.text for attachment in attachments}) < len(attachments):
        raise Misuse(f"two attachments of {pdf} have the same content: attach it once")


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
