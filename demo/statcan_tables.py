"""Tables of Statistics Canada, built from a declaration: the metadata object and the full-table zips."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from demo.statcan_cells import Cell, coordinate, dated, over, read
from demo.statcan_draw import draw

TORONTO = ZoneInfo("America/Toronto")
FREQUENCY = {6: ("Monthly", "Mensuel"), 9: ("Quarterly", "Trimestriel"), 12: ("Annual", "Annuel")}
# Units of measure by the publisher's code.
UNITS = {
    81: ("Dollars", "Dollars"),
    160: ("Index", "Indice"),
    223: ("Number", "Nombre"),
    239: ("Percent", "Pourcent"),
    242: ("Percentage", "Pourcentage"),
    249: ("Persons", "Personnes"),
    257: ("Rate", "Taux"),
    265: ("Rate per 100,000 population", "Taux pour 100 000 personnes"),
    308: ("Years", "Années"),
}
SCALARS = {0: ("units", "unités"), 3: ("thousands", "milliers")}
BEFORE_DIMENSIONS = {"en": ["REF_DATE", "GEO", "DGUID"], "fr": ["PÉRIODE DE RÉFÉRENCE", "GÉO", "DGUID"]}
AFTER_DIMENSIONS = {
    "en": [
        *["UOM", "UOM_ID", "SCALAR_FACTOR", "SCALAR_ID", "VECTOR", "COORDINATE"],
        *["VALUE", "STATUS", "SYMBOL", "TERMINATED", "DECIMALS"],
    ],
    "fr": [
        *["UNITÉ DE MESURE", "IDENTIFICATEUR D'UNITÉ DE MESURE", "FACTEUR SCALAIRE", "IDENTIFICATEUR SCALAIRE"],
        *["VECTEUR", "COORDONNÉES", "VALEUR", "STATUT", "SYMBOLE", "TERMINÉ", "DÉCIMALES"],
    ],
}
HEADS = {
    "cube": "Cube Title,Product Id,CANSIM Id,URL,Cube Notes,Archive Status,Frequency,Start Reference Period,"
    "End Reference Period,Total number of dimensions",
    "dimension": "Dimension ID,Dimension name,Dimension Notes,Dimension Definitions",
    "member": "Dimension ID,Member Name,Classification Code,Member ID,Parent Member ID,Terminated,Member Notes,Member Definitions",
    "legend": "Description,Symbol",
    "survey": "Survey Code,Survey Name",
    "subject": "Subject Code,Subject Name",
    "note": "Note ID,Note",
    "correction": "Correction ID,Correction Date,Correction Note",
}
LEGEND = [
    ("not available for a specific reference period", ".."),
    ("use with caution", "E"),
    ("not applicable", "..."),
    ("preliminary", "p"),
    ("revised", "r"),
    ("suppressed to meet confidentiality requirements", "x"),
    ("terminated", "t"),
]


@dataclass(frozen=True)
class Table:
    """A declared table: what getCubeMetadata says of it and the zip of each language, made when they are first asked for."""

    declaration: Path
    said: dict[str, Any]

    def __deepcopy__(self, _: dict[int, Any]) -> Table:
        """Nothing of it changes."""
        return self

    @property
    def pid(self) -> str:
        return str(self.said["product"])

    @property
    def released(self) -> str:
        return str(self.said["released"])

    @property
    def changed_list(self) -> str:
        """Whether the list of the day's changes comes nested."""
        return str(self.said.get("changed_list", "flat"))

    @property
    def zip_built(self) -> datetime:
        return datetime.fromisoformat(self.said["zip_built"]).replace(tzinfo=TORONTO)

    @property
    def metadata(self) -> dict[str, Any]:
        """What getCubeMetadata gives as `object`."""
        return _metadata(self.said, _cells(self.declaration))

    @property
    def zips(self) -> dict[str, bytes]:
        """The zips of both languages."""
        return {language: self.zip(language) for language in ("en", "fr")}

    def zip(self, language: str) -> bytes:
        """The full-table zip in a language."""
        return _zipped(self.declaration, language)


def build(declaration: Path) -> Table:
    """The table that a `statcan_<pid>.yaml` and the CSV of the same name, if there is one, declare."""
    return Table(declaration, _said(declaration))


@lru_cache(maxsize=256)
def _said(declaration: Path) -> dict[str, Any]:
    return {"notes": [], "corrections": [], **_yaml(declaration.read_text(encoding="utf-8"))}


def _yaml(text: str) -> dict[str, Any]:
    """What a YAML text says. The loader written in C, where it is there, reads the same ten times as fast."""
    said: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader) if hasattr(yaml, "CSafeLoader") else yaml.safe_load(text)
    return said


@lru_cache(maxsize=256)
def _cells(declaration: Path) -> list[Cell]:
    said, figures = _said(declaration), declaration.with_suffix(".csv")
    spelled = list(read(said, figures)) if figures.is_file() else []
    return list(dated(said, over(draw(said), spelled) if "draw" in said else spelled))


@lru_cache(maxsize=256)
def _zipped(declaration: Path, language: str) -> bytes:
    said, cells = _said(declaration), _cells(declaration)
    return _zip(said, cells, _metadata(said, cells), language)


def _dguid(member: dict[str, Any]) -> str:
    """Vintage, kind and schema, code: 2021S0503529; empty for an area that is no standard one."""
    if "code" not in member:
        return ""
    kind = "S" if member["level"] >= 500 else "A"
    return f"{member['vintage']}{kind}{member['level']:04d}{member['code']}"


def _metadata(said: dict[str, Any], cells: list[Cell]) -> dict[str, Any]:
    """The object that getCubeMetadata gives; a footnote comes once per link, releaseTime has no zone."""
    return {
        "responseStatusCode": 0,
        "productId": said["product"],
        "cansimId": None,
        "cubeTitleEn": said["title"]["en"],
        "cubeTitleFr": said["title"]["fr"],
        "cubeStartDate": _first_day(cells[0].period),
        "cubeEndDate": _first_day(cells[-1].period),
        "frequencyCode": said["frequency"],
        "nbSeriesCube": len({cell.members for cell in cells}),
        "nbDatapointsCube": len(cells),
        "releaseTime": said["released"],
        "archiveStatusCode": "2",
        "archiveStatusEn": "CURRENT - a cube available to the public and that is current",
        "archiveStatusFr": "ACTIF - un cube qui est disponible au public et qui est toujours mise a jour",
        "subjectCode": said["subjects"],
        "surveyCode": said["surveys"],
        "dimension": [_dimension(i, d) for i, d in enumerate(said["dimensions"], 1)],
        "footnote": [note for i, n in enumerate(said["notes"], 1) for note in _footnotes(i, n)],
        "correctionFootnote": [],
        "geoAttribute": [],
        "correction": [_correction(c) for c in said["corrections"]],
        "issueDate": said.get("issued", str(said["released"])[:10]),
    }


def _first_day(period: str) -> str:
    return f"{period[:4]}-{period[5:7] if period[4:5] == '-' else '01'}-01"


def _dimension(position: int, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "dimensionPositionId": position,
        "dimensionNameEn": said["name"]["en"],
        "dimensionNameFr": said["name"]["fr"],
        "hasUom": _has_unit(said),
        "member": [_member(m, said.get("unit")) for m in said["members"]],
    }


def _has_unit(said: dict[str, Any]) -> bool:
    """True of the dimension whose members carry the unit of measure."""
    return "unit" in said or any("unit" in member for member in said["members"])


def _member(said: dict[str, Any], unit: int | None) -> dict[str, Any]:
    return {
        "memberId": said["id"],
        "parentMemberId": said.get("parent"),
        "memberNameEn": said["en"],
        "memberNameFr": said["fr"],
        "classificationCode": said.get("code"),
        "classificationTypeCode": "1" if "code" in said else None,
        "geoLevel": said.get("level"),
        "vintage": said.get("vintage"),
        "terminated": int(said.get("terminated", False)),
        "memberUomCode": said.get("unit", unit),
    }


def _footnotes(number: int, said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for position, member in said.get("members", [[0, 0]]):
        link = {"footnoteId": number, "dimensionPositionId": position, "memberId": member}
        yield {"footnoteId": number, "footnotesEn": said["en"], "footnotesFr": said["fr"], "link": link}


def _correction(said: dict[str, str]) -> dict[str, str]:
    notes = {"correctionNoteEn": said["en"], "correctionNoteFr": said["fr"]}
    return {"correctionId": said["id"], "correctionDate": said["date"], **notes}


def _zip(said: dict[str, Any], cells: list[Cell], metadata: dict[str, Any], language: str) -> bytes:
    """The zip as built in the night before release; its comment says SAMPLE."""
    stamp = datetime.fromisoformat(said["zip_built"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"SAMPLE: not a file of Statistics Canada"
        for name, text in (("", _data(said, cells, language)), ("_MetaData", _description(said, metadata, language))):
            info = zipfile.ZipInfo(f"{said['product']}{name}.csv", stamp.timetuple()[:6])
            info.create_system, info.compress_type = 0, zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode("utf-8-sig"), compresslevel=6)
    return out.getvalue()


def _data(said: dict[str, Any], cells: list[Cell], language: str) -> str:
    """The data file: every field quoted, a semicolon between the fields of the French one."""
    between = '"' + ("," if language == "en" else ";") + '"'
    names = [{m["id"]: m[language] for m in d["members"]} for d in said["dimensions"]]
    dguids = {m["id"]: _dguid(m) for m in said["dimensions"][0]["members"]}
    vectors = _vectors(said, cells)
    measured, measures = _measures(said)
    dimensions = [d["name"][language] for d in said["dimensions"][1:]]
    rows = [[*BEFORE_DIMENSIONS[language], *dimensions, *AFTER_DIMENSIONS[language]]]
    for cell in cells:
        place, *others = (name[m] for name, m in zip(names, cell.members, strict=True))
        head = [cell.period, place, dguids[cell.members[0]], *others]
        unit, scalar, decimals = measures[cell.members[measured]]
        head += [UNITS[unit][0 if language == "en" else 1], str(unit), _scalar(said, scalar, language), str(scalar)]
        value = cell.value if language == "en" else cell.value.replace(".", ",")
        rows.append([*head, f"v{vectors[cell.members]}", coordinate(cell), value, *cell[3:], str(decimals)])
    return _lines(said, ['"' + between.join(row) + '"' for row in rows])


def _measures(said: dict[str, Any]) -> tuple[int, dict[int, tuple[int, int, int]]]:
    """The dimension that carries the units, and of each of its members the unit, the power of ten and the decimals."""
    index = next((i for i, dimension in enumerate(said["dimensions"]) if _has_unit(dimension)), 0)
    dimension = said["dimensions"][index]
    whole = said.get("draw", {}).get("measure", {})
    of_table = {"unit": dimension.get("unit", 249), "scalar": whole.get("scalar", 0), "decimals": whole.get("decimals", 0)}
    said_of = [(member["id"], of_table | member) for member in dimension["members"]]
    return index, {number: (member["unit"], member["scalar"], member["decimals"]) for number, member in said_of}


def _scalar(said: dict[str, Any], power: int, language: str) -> str:
    """The word for a power of ten; `scalar_factor` spells that of ones as the publisher did in some years, with a blank."""
    if power:
        return SCALARS[power][0 if language == "en" else 1]
    ones = str(said.get("scalar_factor", SCALARS[0][0]))
    return ones if language == "en" else ones.replace(*SCALARS[0])


def _vectors(said: dict[str, Any], cells: list[Cell]) -> dict[tuple[int, ...], int]:
    if isinstance(said.get("vectors"), dict):
        return {(member,): number for member, number in said["vectors"].items()}
    first = said.get("vectors", int(said["product"]) * 100 + 1)
    return {members: first + i for i, members in enumerate(sorted({cell.members for cell in cells}))}


def _description(said: dict[str, Any], metadata: dict[str, Any], language: str) -> str:
    """The MetaData file, in blocks; a spare comma ends the cube and the legend, and quotes inside a note stay bare."""
    en = language == "en"
    pid, title = said["product"], said["title"][language]
    table = f"https://www150.statcan.gc.ca/t1/tbl1/{language}/tv.action?pid={pid}01"
    status = metadata["archiveStatusEn" if en else "archiveStatusFr"]
    frequency = FREQUENCY[said["frequency"]][0 if en else 1]
    cube = [title, pid, "", table, "1", status, frequency, metadata["cubeStartDate"], metadata["cubeEndDate"]]
    dimensions = list(enumerate(said["dimensions"], 1))
    blocks = {
        "cube": [[*cube, len(dimensions), None]],
        "dimension": [[i, d["name"][language], "", ""] for i, d in dimensions],
        "member": [_member_row(i, m, language) for i, d in dimensions for m in d["members"]],
        "legend": [[*row, None] for row in LEGEND],
        "survey": [[code, ""] for code in said["surveys"]],
        "subject": [[code, ""] for code in said["subjects"]],
        "note": [[i, note[language]] for i, note in enumerate(said["notes"], 1)],
        "correction": [[c["id"], c["date"], c[language]] for c in said["corrections"]],
    }
    lines = []
    for name, rows in blocks.items():
        lines += ['"Symbol Legend"'] if name == "legend" else []
        lines += [_quoted(HEADS[name].split(",")), *map(_quoted, rows), ""]
    return _lines(said, lines)


def _member_row(position: int, member: dict[str, Any], language: str) -> list[Any]:
    code = f"[{member['code']}]" if "code" in member else ""
    ended = "t" if member.get("terminated") else ""
    return [position, member[language], code, member["id"], member.get("parent", ""), ended, "", ""]


def _quoted(row: list[Any]) -> str:
    return ",".join("" if field is None else f'"{field}"' for field in row)


def _lines(said: dict[str, Any], lines: list[str]) -> str:
    end = "\r\n" if said.get("line_ending") == "crlf" else "\n"
    return end.join(lines) + end
