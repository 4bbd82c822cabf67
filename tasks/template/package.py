"""A workbook as bytes that depend on its content alone: no clock, no name of a person, no trace of the machine."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from tasks.template.coat import FONT

# The earliest time that a zip archive can write.
EPOCH = (1980, 1, 1, 0, 0, 0)
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def package(
    book: Workbook, *, creator: str, title: str, moment: datetime, change: Mapping[str, Callable[[bytes], bytes]] | None = None
) -> bytes:
    """The bytes of a workbook, its properties ours and its times fixed. `change` rewrites parts of the package by name."""
    # Widths are counted in digits of this font: with one that is everywhere they are the same everywhere.
    inside: Any = book  # its list of fonts is not among the names it gives out
    inside._fonts[0] = Font(name=FONT, size=10)
    book.properties.creator, book.properties.title = creator, title
    book.properties.lastModifiedBy = creator
    book.properties.created = book.properties.modified = moment
    saved = io.BytesIO()
    book.save(saved)
    out = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                # The library writes the time of saving.
                part = MODIFIED.sub(rb"\g<1>" + moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + rb"\g<2>", part)
            if change and name in change:
                part = change[name](part)
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system, info.compress_type = 0, zipfile.ZIP_DEFLATED
            new.writestr(info, part)
    return out.getvalue()
