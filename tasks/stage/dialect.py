"""The columns of a full-table file, English or French: ours by name, the publisher's technical ones, what may come or go, and what not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from expectations import Contract
from tasks.stage.cells import sources
from tasks.stage.staging import ShapeChanged

BEFORE = ("REF_DATE", "GEO", "DGUID")
AFTER = ("UOM", "UOM_ID", "SCALAR_FACTOR", "SCALAR_ID", "VECTOR", "COORDINATE", "VALUE", "STATUS", "SYMBOL", "TERMINATED", "DECIMALS")
NEEDED = ("COORDINATE", "VALUE", "STATUS", "SCALAR_ID")
# Files of all years have these; a file without one says less, and nothing else in it means something else.
USUAL = ("SCALAR_FACTOR", "VECTOR", "SYMBOL", "TERMINATED", "DECIMALS")
FRENCH = {
    "PÉRIODE DE RÉFÉRENCE": "REF_DATE",
    "GÉO": "GEO",
    "UNITÉ DE MESURE": "UOM",
    "IDENTIFICATEUR D'UNITÉ DE MESURE": "UOM_ID",
    "FACTEUR SCALAIRE": "SCALAR_FACTOR",
    "IDENTIFICATEUR SCALAIRE": "SCALAR_ID",
    "VECTEUR": "VECTOR",
    "COORDONNÉES": "COORDINATE",
    "COORDONNÉE": "COORDINATE",
    "VALEUR": "VALUE",
    "STATUT": "STATUS",
    "SYMBOLE": "SYMBOL",
    "TERMINÉ": "TERMINATED",
    "DÉCIMALES": "DECIMALS",
}
DELIMITERS = {"en": ",", "fr": ";"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file writes its table: its columns, the printed name of each that is read (by our `source` or the English technical name), the
    delimiter, the decimal comma, and remarks on what came or went."""

    header: tuple[str, ...]
    columns: dict[str, str]
    delimiter: str
    comma: bool
    remarks: tuple[str, ...] = ()


def dialect_of(header: list[str], contract: Contract) -> Dialect:
    """The dialect of a file with this header; `ShapeChanged` when a column is missing, twice there, or nobody knows it."""
    language = contract.source.language
    technical = _technical(header, contract)
    wanted = [source for group in sources(contract).values() for source in group]
    there = {**technical, **{name.strip(): name for name in header if name.strip() not in technical}}
    columns = {}
    for source in [*wanted, *NEEDED, "SYMBOL", "TERMINATED"]:
        name = source if source in there else _plain(source, language) or source
        if name in there:
            columns[source] = there[name]
    _refuse(header, contract, columns, wanted)
    return Dialect(tuple(header), columns, DELIMITERS[language], language == "fr", tuple(_remarks(header, technical, contract)))


def _technical(header: list[str], contract: Contract) -> dict[str, str]:
    """English technical name to the name that is printed."""
    found: dict[str, str] = {}
    for name in header:
        if plain := _plain(name, contract.source.language):
            found.setdefault(plain, name)
    return found


def _plain(name: str, language: str) -> str | None:
    """The English technical name of a column, whatever its capitals."""
    folded = " ".join(name.replace("\u2019", "'").split()).upper()
    if folded in BEFORE or folded in AFTER:
        return folded
    return FRENCH.get(folded) if language == "fr" else None


def _refuse(header: list[str], contract: Contract, columns: dict[str, str], wanted: list[str]) -> None:
    plain = {name: _plain(name, contract.source.language) for name in header}
    counts = Counter(plain[name] or name.strip() for name in header)
    twice = sorted(name for name, count in counts.items() if count > 1)
    missing = [name for name in dict.fromkeys([*wanted, *NEEDED]) if name not in columns]
    known = set(columns.values())
    strange = [name for name in header if not plain[name] and name not in known and name.strip() not in contract.ignore]
    parts = [
        f"{word} {', '.join(repr(name) for name in names)}"
        for word, names in (("no column", missing), ("a column more:", strange), ("twice the column", twice))
        if names
    ]
    if parts:
        mend = f"The publisher changed the file: look at it, then mend the contract {contract.name}."
        raise ShapeChanged("; ".join(parts), f"the columns {', '.join(wanted)}", mend)


def _remarks(header: list[str], technical: dict[str, str], contract: Contract) -> list[str]:
    language = contract.source.language
    expected = {_plain(name, language) for group in sources(contract).values() for name in group}
    expected |= {_plain(name, language) for name in contract.ignore}
    said = [f"no column {name}" for name in USUAL if name not in technical]
    said += [f"a column {name}" for name in technical if name in (*BEFORE, *AFTER[:2]) and name not in expected]
    french = {plain: printed for printed, plain in FRENCH.items()} if language == "fr" else {}
    spelt = {name: printed.strip() for name, printed in technical.items()}
    said += [f"the column {printed} for {name}" for name, printed in spelt.items() if printed.upper() != printed and not french]
    order = [name for name in (_plain(name, language) for name in header) if name in AFTER]
    if order != sorted(order, key=AFTER.index):
        said.append("its technical columns in another order")
    return said
