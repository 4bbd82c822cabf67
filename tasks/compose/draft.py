"""The page model: everything a brief prints, already in words, and nothing behind it that may not be printed.

Every `str` named `html` or called inline below is safe HTML that holds text, `<strong>`, `<em>`, `<bdi>`, `<sup class="quality">` and
`<span class="figure" id="cN">` only (`id` is that of the claim; the class `figure said` is a clause that may go over two lines); every
other `str` is plain text and is escaped by the renderer.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks.draw import ChartData


@dataclass(frozen=True, slots=True)
class Masthead:
    """Who speaks to whom: organisation, serial line ("Policy brief · topic · version · date"), office, plan line."""

    organisation: str
    serial: str
    addressee: str
    supports: str


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """A box of page one: the number, its unit, what it counts, and a comparison (all inline HTML). `worse` turns it rust."""

    number: str
    unit: str
    label: str
    comparison: str
    worse: bool = False


@dataclass(frozen=True, slots=True)
class KeyNumbers:
    items: tuple[KeyNumber, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its heading, subtitle and source line (inline HTML)."""

    title: str
    subtitle: str
    chart: ChartData
    source: str


@dataclass(frozen=True, slots=True)
class Prose:
    """A heading and paragraphs (inline HTML)."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One ask: the decision (inline HTML) and under it instrument, date and cost."""

    decision: str
    terms: str


@dataclass(frozen=True, slots=True)
class Asks:
    """The asks of the side column; `link` is the address behind the QR code and `link_text` what is printed for it."""

    title: str
    items: tuple[Ask, ...]
    contact: str
    link: str
    link_text: str


@dataclass(frozen=True, slots=True)
class Multiple:
    """One small multiple: the last value in bold, then its name."""

    number: str
    name: str
    chart: ChartData


@dataclass(frozen=True, slots=True)
class Multiples:
    title: str
    subtitle: str
    items: tuple[Multiple, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell (inline HTML). `bar` is the share 0..1 of the longest bar, `note` the words beside a mark such as `--`."""

    text: str
    numeric: bool = False
    bar: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A table row whose first cell is its header; `focus` tints it, `rule` draws a line above it."""

    cells: tuple[Cell, ...]
    focus: bool = False
    rule: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a heading; `columns` are its column headers, `bars` says whether the second column carries a bar."""

    title: str
    subtitle: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of "what changed": the lead in bold, then the rest (inline HTML)."""

    lead: str
    text: str


@dataclass(frozen=True, slots=True)
class Changes:
    title: str
    subtitle: str
    items: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Grade:
    """A row of "About these numbers": measure, source, period, a letter A to F and the words that say the same."""

    measure: str
    source: str
    period: str
    letter: str
    words: str


@dataclass(frozen=True, slots=True)
class About:
    """The grey box that closes page two."""

    title: str
    columns: tuple[str, str, str, str]
    grades: tuple[Grade, ...]
    paragraphs: tuple[str, ...]


Block = KeyNumbers | Figure | Prose | Asks | Multiples | Table | Changes | About


@dataclass(frozen=True, slots=True)
class Sheet:
    """One printed page: rows of blocks. A row of two blocks is laid out `main-side` (118 + 60 mm) or `halves` (89 + 89 mm)."""

    rows: tuple[BlockRow, ...]


@dataclass(frozen=True, slots=True)
class BlockRow:
    """Blocks side by side. `layout` is `full`, `main-side` or `halves`; each column holds blocks from top to bottom."""

    layout: str
    columns: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to the PDF and laid beside it; `relationship` is `Data` or `Source` (PDF/A-3)."""

    name: str
    description: str
    text: str
    relationship: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One printed number: where (`id` as in the HTML), the text printed, and the figure it is bound to."""

    id: str
    shown: str
    figure: str
    place: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A brief for one office in one language, ready to be laid out.

    `name` is the stem of its files; `edition_date` (YYYY-MM-DD) is the only date in the file's metadata; `flags` are the bands
    (SAMPLE, DRAFT) that stand on every page; `words` are the interface words in the document's language; `text_sha256` is that of
    the brief as written, so that an edition of the same text may begin from the densities of the one before.
    """

    name: str
    language: str
    edition_date: str
    flags: tuple[str, ...]
    masthead: Masthead
    title: str
    lede: str
    sheets: tuple[Sheet, Sheet]
    footer: str
    words: dict[str, str]
    claims: tuple[Claim, ...]
    attachments: tuple[Attachment, ...]
    text_sha256: str = ""
