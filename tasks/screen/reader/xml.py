"""Read the XML of a workbook part by part as it streams by: no document type, no entities, no namespaces to trip over."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from .faults import Stop

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]
# A part is read in pieces of this size.
PIECE = 1 << 16


def local(name: str) -> str:
    """The name of an element or attribute without its namespace: the strict and the usual form of a workbook differ in nothing else."""
    return name.rpartition(" ")[2]


def parse(part: IO[bytes], start: Start, end: End | None = None, text: Text | None = None) -> None:
    """Call `start` with the bare name and attributes of each element, `end` with its name, `text` with what stands between."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    names: dict[str, str] = {}

    def begin(name: str, attributes: dict[str, str]) -> None:
        bare = names.get(name) or names.setdefault(name, local(name))
        start(bare, attributes)

    parser.StartElementHandler = begin
    if end:
        finish = end
        parser.EndElementHandler = lambda name: finish(names[name])
    if text:
        parser.CharacterDataHandler = text
    while piece := part.read(PIECE):
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _refuse(*_declared: object) -> None:
    """A document type may declare entities that grow without end; no spreadsheet program writes one."""
    raise Stop("gate_damaged")


def attribute(attributes: dict[str, str], name: str) -> str:
    """An attribute by its bare name, such as the `id` of `r:id`."""
    return next((value for key, value in attributes.items() if local(key) == name), "")
