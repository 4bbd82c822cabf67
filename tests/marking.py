"""Two names that nobody bears, put wherever a partner's file can hold a name, and the search for them in all that was written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from demo.inbox import folder_of
from flows.verbs import Verbs
from tests.screening import HEADER, RELATIONS, book_of, csv_of, packed, parts_of, planted, saved

# One with a telephone number kept for fiction, one without a digit.
CALLED, NAMED = "Zelmira Quonst 705-555-0142", "Yolvanda Brixtemme"
WORDS = ("Zelmira", "Quonst", "555-0142", "7055550142", "Yolvanda", "Brixtemme")
Change = Callable[[Workbook, Worksheet, str], None]
# The sound file that verbs fail on, and what its partner gets.
SOUND = ("p09", "report.csv")
# What each verb uses in the middle of its work.
MIDDLES = {
    "receive": "KINDS",
    "screen": "_filled",
    "stage": "LAYOUTS",
    "admit": "closing",
    "check": "_findings",
    "load": "_write_verdict",
    "conclude": "_write",
    "answer": "answer_letter",
}


# Files


def row_of(partner: str) -> list[object]:
    """A row that is sound for every partner."""
    return [partner, "2026-Q3", "clients_served", 40]


def write_marked(inbox: Path, marker: str) -> dict[Path, bool]:
    """Write every file into the folders of the sample partners, which take turns; with each, whether it is let in."""
    written = {}
    for number, (name, body, is_let_in) in enumerate(_files(marker)):
        partner = f"p0{number % 8 + 1}"
        path = folder_of(inbox, partner) / name
        path.write_bytes(body(partner))
        # A workbook that ends early is left alone while it is young: it could be half of a copy.
        os.utime(path, (path.stat().st_mtime - 600,) * 2)
        written[path] = is_let_in
    return written


def write_sound(inbox: Path) -> Path:
    """A file without any fault but its name."""
    partner, name = SOUND
    path = folder_of(inbox, partner) / f"{NAMED} {name}"
    path.write_bytes(csv_of(row_of(partner)))
    return path


def _files(marker: str) -> Iterator[tuple[str, Callable[[str], bytes], bool]]:
    for name, change in CHANGES.items():
        yield f"{name}.xlsx", _changing(change, marker), name in HARMLESS
    for name, (part, text) in PARTS.items():
        yield f"{name}.xlsx", _with_part(part, text.format(marker)), name in HARMLESS
    for name, make in WHOLE.items():
        yield name, _whole(make, marker), False
    yield f"{marker}.csv", lambda partner: csv_of(row_of(partner)), True
    for number, word in enumerate((CALLED, NAMED)):
        for place in range(len(HEADER)):
            yield f"cell-{place}-{number}.csv", _cell(place, word, ".csv"), False
            yield f"cell-{place}-{number}.xlsx", _cell(place, word, ".xlsx"), False


def _changing(change: Change, marker: str) -> Callable[[str], bytes]:
    def body(partner: str) -> bytes:
        book = book_of(row_of(partner))
        change(book, book.worksheets[0], marker)
        return saved(book)

    return body


def _with_part(name: str, text: str) -> Callable[[str], bytes]:
    return lambda partner: planted(saved(book_of(row_of(partner))), {name: text})


def _whole(make: Callable[[str, str], bytes], marker: str) -> Callable[[str], bytes]:
    return lambda partner: make(partner, marker)


def _cell(place: int, marker: str, suffix: str) -> Callable[[str], bytes]:
    def body(partner: str) -> bytes:
        row = row_of(partner)
        row[place] = marker
        return csv_of(row) if suffix == ".csv" else saved(book_of(row))

    return body


def _heading(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["E1"] = marker


def _heading_of_ours(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["D1"] = marker


def _above(_book: Workbook, page: Worksheet, marker: str) -> None:
    page.insert_rows(1)
    page["A1"] = marker


def _explanation(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["E1"], page["E2"] = "explanation", marker


def _issued(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["E1"], page["E2"] = "name", marker


def _last(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["E1"], page["E2"] = "last", marker


def _right(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["H2"] = marker


def _below(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["A9"] = marker


def _other_sheet(book: Workbook, _page: Worksheet, marker: str) -> None:
    book.create_sheet("notes")["B7"] = marker


def _hidden_sheet(book: Workbook, _page: Worksheet, marker: str) -> None:
    sheet = book.create_sheet("lists")
    sheet["A1"], sheet.sheet_state = marker, "veryHidden"


def _hidden_column(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["F2"] = marker
    page.column_dimensions["F"].hidden = True


def _sheet_name(_book: Workbook, page: Worksheet, marker: str) -> None:
    page.title = marker


def _empty_sheet(book: Workbook, _page: Worksheet, marker: str) -> None:
    book.create_sheet(marker)


def _help(book: Workbook, _page: Worksheet, marker: str) -> None:
    book.create_sheet("help")["A1"] = f"{marker}, 705-555-0142"


def _comment(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["D2"].comment = Comment(marker, "A colleague")


def _author(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["D2"].comment = Comment("Look", marker)


def _defined(book: Workbook, _page: Worksheet, marker: str) -> None:
    book.defined_names["note"] = DefinedName("note", attr_text=f'"{marker}"')


def _defined_name(book: Workbook, _page: Worksheet, marker: str) -> None:
    name = re.sub(r"\W", "_", marker)
    book.defined_names[name] = DefinedName(name, attr_text="metrics!$A$1")


def _properties(book: Workbook, _page: Worksheet, marker: str) -> None:
    """What every spreadsheet program writes of whoever uses it: no reason to refuse the file."""
    about = book.properties
    about.creator = about.lastModifiedBy = about.title = about.subject = about.description = about.keywords = about.category = marker


def _custom_property(book: Any, _page: Worksheet, marker: str) -> None:
    book.custom_doc_props.append(StringProperty(name="Client", value=marker))


def _header(_book: Workbook, page: Worksheet, marker: str) -> None:
    assert page.oddHeader is not None
    page.oddHeader.center.text = marker


def _prompt(_book: Workbook, page: Worksheet, marker: str) -> None:
    rule = DataValidation(type="whole", operator="greaterThan", formula1="0", prompt=marker, promptTitle=marker[:30], error=marker)
    rule.add("D2")
    page.add_data_validation(rule)


def _choice(_book: Workbook, page: Worksheet, marker: str) -> None:
    rule = DataValidation(type="list", formula1=f'"{marker}"')
    rule.add("D2")
    page.add_data_validation(rule)


def _link(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["C2"].hyperlink = f"mailto:{marker.replace(' ', '.')}@example.org"


def _formula(_book: Workbook, page: Worksheet, marker: str) -> None:
    page.append([*row_of(str(page["A2"].value))[:2], "job_placements", f'=LEN("{marker}")'])


def _format(_book: Workbook, page: Worksheet, marker: str) -> None:
    page["D2"].number_format = f'0" {marker}"'


CHANGES: dict[str, Change] = {
    change.__name__.strip("_"): change
    for change in (
        *(_heading, _heading_of_ours, _above, _explanation, _issued, _last, _right, _below, _other_sheet, _hidden_sheet, _hidden_column),
        *(_sheet_name, _empty_sheet, _help, _comment, _author, _defined, _defined_name, _properties, _custom_property, _header, _prompt),
        *(_choice, _link, _formula, _format),
    )
}  # fmt: skip
# What is never read and never kept, and stands in most workbooks or in none of the cells: no reason to refuse the file.
HARMLESS = {"sheet_name", "empty_sheet", "defined_name", "properties", "prompt", "choice", "formula", "format", "persons"}
PARTS = {
    "pivot": ("xl/pivotCache/pivotCacheRecords1.xml", "<x>{}</x>"),
    "external": ("xl/externalLinks/externalLink1.xml", "<x>{}</x>"),
    "target": (
        "xl/externalLinks/_rels/externalLink1.xml.rels",
        f'<Relationships><Relationship Id="r1" Type="{RELATIONS}/externalLinkPath" Target="{{}}" TargetMode="External"/></Relationships>',
    ),
    "custom-xml": ("customXml/item1.xml", "<x>{}</x>"),
    "embedded": ("xl/embeddings/oleObject1.bin", "{}"),
    "text": ("notes.txt", "{}"),
    "thread": ("xl/threadedComments/threadedComment1.xml", "<x>{}</x>"),
    "persons": ("xl/persons/person.xml", '<personList><person displayName="{}"/></personList>'),
    "macro": ("xl/vbaProject.bin", "{}"),
}


def _csv(partner: str, marker: str) -> bytes:
    return csv_of([*row_of(partner), marker], header=[*HEADER, f"notes of {marker}"])


def _pdf(_partner: str, marker: str) -> bytes:
    return b"%PDF-1.7\n1 0 obj <</Title (" + marker.encode() + b")>> endobj\n%%EOF\n"


def _old(_partner: str, marker: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + marker.encode("utf-16-le") + marker.encode()


def _member(partner: str, marker: str) -> bytes:
    return packed({**parts_of(saved(book_of(row_of(partner)))), f"xl/{marker}.xml": "<x/>"})


WHOLE: dict[str, Callable[[str, str], bytes]] = {
    "utf-8.csv": _csv,
    "utf-16.csv": lambda partner, marker: _csv(partner, marker).decode().encode("utf-16"),
    "windows-1252.csv": lambda partner, marker: _csv(partner, f"é {marker}").decode().encode("windows-1252"),
    "broken-quotes.csv": lambda partner, marker: _csv(partner, marker) + f'"{marker}'.encode(),
    "report.pdf": _pdf,
    "old.xls": _old,
    "truncated.xlsx": lambda partner, marker: (body := packed({"notes.txt": marker, "big": os.urandom(3000)}, method=0))[: len(body) // 2],
    "member.xlsx": _member,
    "archive.zip": lambda partner, marker: packed({f"{marker}.csv": _csv(partner, marker)}),
    "marker.txt": lambda _partner, marker: marker.encode(),
}


# Verbs that fail


def failing(*_: Any, **__: Any) -> Any:
    """Fail as a library might, with what stood in the file in the message and in its cause."""
    said = f"{CALLED}, {NAMED}"
    raise ValueError(f"cannot convert {said}") from KeyError(said)


@contextmanager
def broken(name: str) -> Iterator[None]:
    """The verb fails in the middle of its work."""
    world = getattr(Verbs(), name).__wrapped__.__globals__
    middle = MIDDLES[name]
    before = world[middle]
    world[middle] = dict.fromkeys(before, failing) if isinstance(before, dict) else failing
    try:
        yield
    finally:
        world[middle] = before
