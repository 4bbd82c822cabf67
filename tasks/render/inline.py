"""Inline HTML, checked before it meets the page: text, strong, em, bdi, figure spans and raised letters, and nothing else."""

from __future__ import annotations

import re
from html import unescape

from markupsafe import Markup

from tasks import Misuse

_TAG = re.compile(r"<(/?)([A-Za-z!?][^>\s/]*)([^>]*)>")
_RAISED = re.compile(r"<sup[^>]*>[^<]*</sup>")
_LOOSE = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]*|#\d+|#x[0-9A-Fa-f]+);)")
_ID = r'\s+id="[A-Za-z][\w.-]*"'
_ATTRIBUTES = {
    "strong": re.compile(""),
    "em": re.compile(""),
    "sup": re.compile(r'\s+class="quality"'),
    "bdi": re.compile(r'(?:\s+dir="(?:ltr|rtl|auto)"|\s+lang="[A-Za-z]+(?:-[A-Za-z0-9]+)*")*'),
    "span": re.compile(rf'\s+class="figure(?: said)?"{_ID}|{_ID}\s+class="figure(?: said)?"'),
}


class UnsafeText(Misuse):
    """A draft holds HTML that is not text, strong, em, bdi, a figure span or raised letters."""


def inline(text: str) -> Markup:
    """The text as safe HTML: the five inline elements pass, other tags are refused, loose `&` and `<` are escaped."""
    parts: list[str] = []
    opened: list[str] = []
    position = 0
    for tag in _TAG.finditer(text):
        _admit(tag, opened, text)
        parts += [_escaped(text[position : tag.start()]), tag.group()]
        position = tag.end()
    if opened:
        raise UnsafeText(f"<{opened[-1]}> is never closed in {text[:80]!r}")
    return Markup("".join([*parts, _escaped(text[position:])]))


def plain(text: str) -> str:
    """The text without its tags and entities, and without the letters raised behind its numbers."""
    return unescape(_TAG.sub("", _RAISED.sub("", inline(text))))


def _admit(tag: re.Match[str], opened: list[str], text: str) -> None:
    closing, name, attributes = tag.groups()
    allowed = _ATTRIBUTES.get(name)
    if allowed is None or not (attributes == "" if closing else allowed.fullmatch(attributes)):
        raise UnsafeText(f"{tag.group()} in {text[:80]!r}: inline text holds strong, em, bdi and figure spans only")
    if not closing:
        opened.append(name)
    elif not opened or opened.pop() != name:
        raise UnsafeText(f"{tag.group()} in {text[:80]!r} closes nothing that is open")


def _escaped(text: str) -> str:
    return _LOOSE.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
