"""The parts of a workbook beside its cells, in which words travel unseen: names, properties, comments, drawings, headers."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from zipfile import ZipFile

from .faults import Fault, Stop
from .xml import attribute, local, parse

MOST_TEXT = 2_000

# A name that means cells, as print areas and filters do; anything else (a text, a number, a formula) is a place to keep words in.
_AREA = r"\s*(?:'(?:[^']|'')*'|[^'\"!,(){}=&]*)!(?:\$?[A-Z]{0,3}\$?\d*(?::\$?[A-Z]{0,3}\$?\d*)?|#REF!)\s*"
_MEANS_CELLS = re.compile(rf"(?:{_AREA}(?:,{_AREA})*|#REF!|)")
# What LibreOffice (the first line) and SharePoint (the others) put into the properties of every workbook that goes through them.
_KNOWN_PROPERTY = re.compile(
    r"AppVersion|DocSecurity|HyperlinksChanged|LinksUpToDate|ScaleCrop|ShareDoc|KSOProductBuildVer|ICV"
    r"|ContentTypeId|MediaServiceImageTags|ComplianceAssetId|_ExtendedDescription|TriggerFlowInfo|Order|_dlc_DocIdItemGuid"
    r"|xd_ProgID|TemplateUrl|_SourceUrl|_SharedFileIndex|MSIP_Label_[0-9a-f-]{36}_(?:Enabled|SetDate|Method|SiteId|ActionId|ContentBits|Tag)"
)
_PLAIN_PROPERTY = re.compile(r"[0-9A-Fa-fx.,:{}TZ+ -]*|true|false|Standard|Privileged")
# SharePoint's own items of custom XML: they describe the library, and their values are empty or ids.
_KNOWN_ITEM = re.compile(
    r"http://schemas\.microsoft\.com/(office/2006/metadata/(properties|contentType|customXsn|longProperties)"
    r"|sharepoint/(v3/contenttype/forms(/url)?|events))|http://schemas\.openxmlformats\.org/officeDocument/2006/customXml"
)
_PLAIN_ITEM = re.compile(r"DocumentLibraryForm|DocumentLibrary|[0-9a-fA-F{}|;,# -]*|false|true")
# The codes of a header or footer (&C, &12, &"Arial,Bold", &K000000), and the words that LibreOffice writes into every one.
_CODES = re.compile(r'&"[^"]*"|&K[0-9A-Fa-f]{6}|&K\d\d[+-]\d{3}|&\d+|&[A-Za-z&]')
_PAGE = re.compile(r"[\s\d/()-]*((page|seite|p\.|of|de|sur|total)[\s\d/()-]*)*", re.IGNORECASE)


@dataclass(slots=True)
class SheetPart:
    """A sheet as the workbook lists it."""

    name: str
    path: str
    is_hidden: bool


@dataclass(slots=True)
class Workbook:
    """What the workbook part says: its sheets, and whether a name of it holds anything but cells."""

    sheets: list[SheetPart] = field(default_factory=list)
    names: int = 0


Relations = dict[str, tuple[str, str, bool]]


def relations(book: ZipFile, part: str) -> Relations:
    """Id to (kind, target, whether it lies outside the workbook) of a part."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", name + ".rels")
    found: Relations = {}

    def start(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship":
            outside = given.get("TargetMode") == "External"
            target = given.get("Target", "")
            inside = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[given.get("Id", "")] = (given.get("Type", "").rpartition("/")[2], "" if outside else inside, outside)

    if path in book.namelist():
        with book.open(path) as file:
            parse(file, start)
    return found


def read_workbook(book: ZipFile) -> Workbook:
    """The sheets in their order, wherever the container keeps the workbook part."""
    path = next((target for kind, target, _ in relations(book, "").values() if kind == "officeDocument"), "xl/workbook.xml")
    links = relations(book, path)
    found = Workbook()
    inside: list[str] = []

    def start(tag: str, given: dict[str, str]) -> None:
        inside.clear()
        if tag == "sheet":
            kind, target, _ = links.get(attribute(given, "id"), ("", "", True))
            if kind == "worksheet":
                found.sheets.append(SheetPart(given.get("name", ""), target, given.get("state", "visible") != "visible"))
        elif tag == "definedName":
            inside.append("")
            found.names += bool(given.get("comment") or given.get("description") or given.get("help"))

    def text(words: str) -> None:
        if inside:
            inside[0] += words

    def end(tag: str) -> None:
        if tag == "definedName" and inside:
            found.names += not _MEANS_CELLS.fullmatch(inside[0])
            inside.clear()

    with book.open(path) as file:
        parse(file, start, end, text)
    return found


def refuse_parts(book: ZipFile) -> list[Fault]:
    """Faults of the parts that every workbook may have, but with nothing of the partner's in them."""
    return [Fault(rule) for name in book.namelist() if (rule := _rule(book, name, name.lower()))]


def _rule(book: ZipFile, name: str, low: str) -> str:
    if low == "[content_types].xml":
        return "gate_macro" if b"macroenabled" in book.read(name).lower() else ""
    if low == "docprops/custom.xml":
        return "" if _is_known_properties(book, name) else "gate_property"
    if re.fullmatch(r"customxml/[^/]+\.xml", low):
        return "" if _is_known_item(book, name) else "gate_custom_xml"
    if re.fullmatch(r"xl/drawings/[^/]+\.xml", low):
        return "" if _is_empty_drawing(book, name) else "gate_drawing"
    if low.endswith(".vml"):
        return "" if _is_notes(book, name) else "gate_drawing"
    return "gate_external_link" if low.endswith(".rels") and _leads_outside(book, name) else ""


def _walk(book: ZipFile, name: str) -> tuple[list[tuple[str, dict[str, str]]], list[str], str]:
    """The elements of a small part with their attributes, its texts, and the namespace of its root."""
    elements: list[tuple[str, dict[str, str]]] = []
    texts: list[str] = []
    with book.open(name) as file:
        parse(file, lambda tag, given: elements.append((tag, given)), text=lambda words: texts.append(words.strip()))
    space = re.search(rb"xmlns(?::\w+)?=[\"']([^\"']+)", book.read(name)[:4_000])
    return elements, [text for text in texts if text], space[1].decode("ascii", "replace") if space else ""


def _is_known_properties(book: ZipFile, name: str) -> bool:
    elements, texts, _ = _walk(book, name)
    known = all(_KNOWN_PROPERTY.fullmatch(given.get("name", "")) for tag, given in elements if tag == "property")
    return known and all(_PLAIN_PROPERTY.fullmatch(text) for text in texts)


def _is_known_item(book: ZipFile, name: str) -> bool:
    _, texts, space = _walk(book, name)
    return bool(_KNOWN_ITEM.fullmatch(space)) and all(_PLAIN_ITEM.fullmatch(text) for text in texts)


def _is_empty_drawing(book: ZipFile, name: str) -> bool:
    """Google Sheets writes a drawing without anything in it for every sheet."""
    return len(_walk(book, name)[0]) <= 1


def _is_notes(book: ZipFile, name: str) -> bool:
    """The drawing of comments has a box for each, in which nothing is written; other boxes hold text or pictures."""
    drawn = book.read(name).decode("utf-8", "replace")
    kinds = set(re.findall(r"ObjectType=[\"'](\w+)", drawn))
    boxes = re.findall(r"<v:textbox[^>]*>(.*?)</v:textbox>", drawn, re.DOTALL)
    return kinds <= {"Note"} and "imagedata" not in drawn and not any(re.sub(r"<[^>]*>|\s", "", box) for box in boxes)


def _leads_outside(book: ZipFile, name: str) -> bool:
    found: list[bool] = []

    def start(tag: str, given: dict[str, str]) -> None:
        outside = tag == "Relationship" and given.get("TargetMode") == "External"
        found.append(outside and not given.get("Type", "").endswith("/hyperlink"))

    with book.open(name) as file:
        parse(file, start)
    return any(found)


def read_comments(book: ZipFile, path: str) -> list[tuple[str, str, str]]:
    """(cell, author, text) of the comments of a sheet."""
    authors: list[str] = []
    found: list[list[str]] = []
    into: list[str] = []

    def start(tag: str, given: dict[str, str]) -> None:
        if tag == "author":
            authors.append("")
        elif tag == "comment":
            who = given.get("authorId", "")
            found.append([given.get("ref", ""), authors[int(who)] if who.isdecimal() and int(who) < len(authors) else "", ""])
        if tag in ("author", "t"):
            into.append(tag)

    def text(words: str) -> None:
        if into and into[-1] == "author":
            authors[-1] += words
        elif into and found and len(found[-1][2]) < MOST_TEXT:
            found[-1][2] += words

    def end(tag: str) -> None:
        if into and tag == into[-1]:
            into.pop()

    with book.open(path) as file:
        parse(file, start, end, text)
    return [(cell, author, words) for cell, author, words in found]


def is_page_number(text: str) -> bool:
    """True for a header or footer with nothing but codes and the number of the page, as LibreOffice writes it."""
    return len(text) < MOST_TEXT and bool(_PAGE.fullmatch(_CODES.sub(" ", text)))


def refuse_root(tag: str) -> None:
    """A sheet is a worksheet: a sheet of macros or dialogs is told as such."""
    if local(tag) != "worksheet":
        raise Stop("gate_damaged")
