"""What WeasyPrint 70 leaves out of a PDF: the PDF/UA claim, /Scope, texts of glyphs, /ActualText and /Lang.

Most of this leans on private names (`Stream.marked`, `Stream._tags`, `box.mark`), so the version is pinned and
tests/tasks/test_render.py fails when one of them changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from tasks import Problem

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufefc]")
_TO_UNICODE = b"/CIDInit /ProcSet findresource begin"

# PDF/A admits no property whose schema is not declared in the same file (ISO 19005-3, 6.6.2.3).
_CLAIM = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Which part of ISO 14289 the file conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""


class UnexpectedPdf(Problem):
    """WeasyPrint built a PDF in another shape than the finisher knows."""


def finish(document: Any, pdf: Any) -> None:
    """Complete a PDF after WeasyPrint has built it and before it is written."""
    _claim_accessibility(pdf)
    _scope_headers(document)
    _mend_glyph_texts(pdf)
    _name_runs(document, pdf)


@lru_cache(maxsize=1)
def watch_runs() -> None:
    """From now on every drawn text remembers its words and language under its marked-content number."""
    from weasyprint.pdf.stream import Stream

    original = Stream.marked

    def marked(self: Any, box: Any, tag: str) -> AbstractContextManager[None]:
        if self._tags is not None and hasattr(box, "text"):
            runs = self.__dict__.setdefault("openlip_runs", {})
            runs[len(self._tags)] = (box.text, box.style["lang"])
        context: AbstractContextManager[None] = original(self, box, tag)
        return context

    Stream.marked = marked


def _claim_accessibility(pdf: Any) -> None:
    """Put the PDF/UA claim into the one rdf:RDF, uncompressed, because archives search it as text."""
    stream = _resolve(pdf, pdf.catalog["Metadata"])
    text = b"".join(_bytes(chunk) for chunk in stream.stream)
    head, end, tail = text.partition(b"</rdf:RDF>")
    if not end or end in tail or b"pdfuaid" in text:
        raise UnexpectedPdf("the XMP metadata has not exactly one rdf:RDF without PDF/UA claim")
    stream.stream = [head + _CLAIM + end + tail]
    stream.compress = False


def _scope_headers(document: Any) -> None:
    """Kozea/WeasyPrint#2508: headers get their /Scope."""
    for page in document.pages:
        for box in page._page_box.descendants():
            mark = getattr(box, "mark", None)
            if mark is not None and box.element_tag == "th":
                mark["A"]["Scope"] = "/Row" if box.element.get("scope") == "row" else "/Column"


def _mend_glyph_texts(pdf: Any) -> None:
    """Right-to-left clusters leave glyphs with empty text, which is malformed: give them a zero-width space."""
    for item in pdf.objects:
        chunks = getattr(item, "stream", None)
        if chunks and _bytes(chunks[0]) == _TO_UNICODE:
            item.stream = [re.sub(rb"> <>$", b"> <200b>", _bytes(chunk), flags=re.M) for chunk in chunks]


def _name_runs(document: Any, pdf: Any) -> None:
    """Right-to-left text gets its words, text in another language its language, on the structure element."""
    for element, text, language in _runs(pdf):
        if element["S"] != "/Span":
            continue
        if _RIGHT_TO_LEFT.search(text):
            element["ActualText"] = _string(text)
        if language and language != document.metadata.lang:
            element["Lang"] = _string(language)


def _runs(pdf: Any) -> Iterator[tuple[Any, str, str | None]]:
    """Each noted run of text with the structure element it belongs to, through the tree of parents."""
    root = _resolve(pdf, pdf.catalog["StructTreeRoot"])
    numbers = _resolve(pdf, root["ParentTree"])["Nums"]
    for index, page in enumerate(pdf.page_references):
        stream = _resolve(pdf, _resolve(pdf, page)["Contents"])
        elements = numbers[2 * index + 1]
        for number, (text, language) in stream.__dict__.get("openlip_runs", {}).items():
            yield _resolve(pdf, elements[number]), text, language


def _resolve(pdf: Any, reference: Any) -> Any:
    text = reference.decode() if isinstance(reference, bytes) else str(reference)
    return pdf.objects[int(text.split()[0])]


def _bytes(chunk: Any) -> bytes:
    return chunk if isinstance(chunk, bytes) else chunk.encode() if isinstance(chunk, str) else chunk.data


def _string(text: str) -> Any:
    import pydyf

    return pydyf.String(text)
