"""Look at the container before anything in it is opened: what it is, how large it would grow, and which parts it may not have."""

from __future__ import annotations

import re
from zipfile import ZipFile

from .faults import Fault, Stop

MOST_PARTS = 500
# 20,000 rows of ten columns are some 12 MB unpacked.
MOST_BYTES = 80_000_000
# Beyond this size a workbook that is packed tighter than any sheet of codes and counts is a bomb.
SUSPECT_BYTES, MOST_PACKED = 8_000_000, 120

# The parts that say what another kind of file is.
_KINDS = [
    (r"mimetype|content\.xml|meta-inf/.*", "gate_open_document"),
    (r"xl/workbook\.bin", "gate_binary_workbook"),
    (r"(word|ppt|visio)/.*", "gate_document"),
    (r"index/.*|.*\.iwa", "gate_numbers"),
]
# The parts that no file of ours has, each with its own message. The first that fits is told.
_FORBIDDEN = [
    (r"xl/(vba.*|macrosheets/.*|intlmacrosheets/.*)|.*\.vba", "gate_macro"),
    (r"xl/(activex|ctrlprops)/.*", "gate_control"),
    (r"xl/externallinks/.*", "gate_external_link"),
    (r"xl/(pivot.*|slicer.*|timeline.*|model)/.*", "gate_pivot"),
    (r"xl/(embeddings|oleobjects)/.*|.*\.(zip|xlsx|xlsm|xlsb|docx|pdf|msg|eml|exe|ole)", "gate_embedded"),
    (r"xl/(media|charts|chartsheets|diagrams|chartex|ink)/.*|.*\.(png|jpe?g|gif|bmp|emf|wmf|tiff?|svg)", "gate_drawing"),
    (r"xl/threadedcomments/.*", "gate_comment"),
    (r"xl/(connections\.xml|querytables/.*)|xl/customdata/.*", "gate_connection"),
    (r"xl/webextensions/.*|xl/dialogsheets/.*|customui/.*", "gate_part"),
    (r"xl/(revisions|userdata)/.*", "gate_history"),
]
# What Excel, LibreOffice and Google Sheets write into every workbook; what of it may hold words is looked at by itself.
_ALLOWED = re.compile(
    r"\[content_types\]\.xml|(.*/)?_rels/[^/]*\.rels|docprops/(core|app|custom)\.xml|docprops/thumbnail\.[a-z]+|docmetadata/labelinfo\.xml"
    r"|customxml/[^/]+\.xml|xl/(workbook|styles|sharedstrings|calcchain|metadata|comments)\d*\.xml|xl/worksheets/[^/]+\.xml"
    r"|xl/(theme|tables|persons|comments|richdata|featurepropertybag)/[^/]+\.xml|xl/drawings/[^/]+\.(xml|vml)|xl/printersettings/[^/]+\.bin"
    r"|xl/worksheets/printersettings/[^/]+\.bin|xl/worksheets/|xl/|.*/"
)


def refuse_container(book: ZipFile) -> list[Fault]:
    """`Stop` for what is not to be opened at all; the faults of its parts for a workbook that is."""
    parts = book.infolist()
    names = [part.filename.lower() for part in parts]
    if len(parts) > MOST_PARTS:
        raise Stop("gate_bomb")
    _refuse_bomb(sum(part.file_size for part in parts), sum(part.compress_size for part in parts))
    if any(part.flag_bits & 1 for part in parts):
        raise Stop("gate_encrypted")
    if len(set(names)) != len(names):
        raise Stop("gate_damaged")
    for pattern, rule in _KINDS:
        if any(re.fullmatch(pattern, name) for name in names):
            raise Stop(rule)
    if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise Stop("gate_format")
    return _parts(names)


def _refuse_bomb(unpacked: int, packed: int) -> None:
    if unpacked > MOST_BYTES or (unpacked > SUSPECT_BYTES and unpacked > MOST_PACKED * max(packed, 1)):
        raise Stop("gate_bomb")


def _parts(names: list[str]) -> list[Fault]:
    found: dict[str, int] = {}
    for name in names:
        rule = next((rule for pattern, rule in _FORBIDDEN if re.fullmatch(pattern, name)), "")
        if name.startswith("docprops/thumbnail."):  # a picture of the first page, which is never kept
            rule = ""
        if not rule and not _ALLOWED.fullmatch(name):
            rule = "gate_part"
        if rule:
            found[rule] = found.get(rule, 0) + 1
    return [Fault(rule, count=count) for rule, count in found.items()]
