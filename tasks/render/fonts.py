"""The fonts of the house and no others: a fontconfig file that names one folder.

With the system's fonts in reach a missing glyph would be borrowed in silence and the bytes would depend on the machine;
without them WeasyPrint logs it, and `render` stops. Fontconfig reads its file when the library is loaded and when a
configuration is made, so the environment variable is set around both and put back, and nothing stays on the disk.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import briefs

FOLDER = Path(briefs.__file__).parent.resolve() / "fonts"


def configuration() -> Any:
    """A WeasyPrint font configuration that knows the fonts of `briefs/fonts` only."""
    with pinned():
        from weasyprint.text.fonts import FontConfiguration

        return FontConfiguration()


@lru_cache(maxsize=1)
def letters() -> frozenset[int]:
    """The code points that every cut of our fonts has."""
    from fontTools.ttLib import TTFont

    found = []
    for path in sorted(FOLDER.glob("*.ttf")):
        with TTFont(path, lazy=True) as font:
            found.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*found)


@contextmanager
def pinned() -> Iterator[None]:
    """The environment in which fontconfig sees our folder alone."""
    with tempfile.TemporaryDirectory(prefix="openlip-fonts-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "fonts.conf"
        file.write_text(_text(cache=Path(folder) / "cache"), "utf-8")
        before = os.environ.get("FONTCONFIG_FILE")
        os.environ["FONTCONFIG_FILE"] = str(file)
        try:
            yield
        finally:
            os.environ.pop("FONTCONFIG_FILE")
            if before is not None:
                os.environ["FONTCONFIG_FILE"] = before


def _text(*, cache: Path) -> str:
    template = (FOLDER / "fonts.conf.in").read_text("utf-8")
    return template.replace("@FONTS@", escape(str(FOLDER))).replace("@CACHE@", escape(str(cache)))
