"""Tables of Statistics Canada, built from a declaration: the metadata object and the full-table zips."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from demo.statcan_cells import Cell, coordinate, read

TORONTO = ZoneInfo("America/Toronto")
FREQUENCY = {9: ("Quarterly", "Trimestriel"), 12: ("Annual", "Annuel")}
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


@dataclass(frozen=True, slots=True)
class Table:
    """A table as published: what getCubeMetadata says of it and the zip of each language."""

    pid: str
    metadata: dict[str, Any]
    zips: dict[str, bytes]
    zip_built: datetime
    released: str
    changed_list: str


def build(declaration: Path) -> Table:
    """The table that a `statcan_<pid>.yaml` and the CSV of the same name declare."""
    said = yaml.safe_load(declaration.read_text(encoding="utf-8"))
    cells = list(read(said, declaration.with_suffix(".csv")))
    metadata = _metadata(said, cells)
    built = datetime.fromisoformat(said["zip_built"]).replace(tzinfo=TORONTO)
    zips = {language: _zip(said, cells, metadata, language) for language in ("en", "fr")}
    return Table(str(said["product"]), metadata, zips, built, said["released"], said["changed_list"])


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
        "issueDate": said["issued"],
    }


def _first_day(period: str) -> str:
    return f"{period[:4]}-{period[5:7] if period[4] == '-' else '01'}-01"


def _dimension(position: int, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "dimensionPositionId": position,
        "dimensionNameEn": said["name"]["en"],
        "dimensionNameFr": said["name"]["fr"],
        "hasUom": "unit" in said,
        "member": [_member(m, said.get("unit")) for m in said["members"]],
    }


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
        "memberUomCode": unit,
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
    unit = ["Persons" if language == "en" else "Personnes", "249"]
    scalar = said["scalar_factor"] if language == "en" else said["scalar_factor"].replace("units", "unités")
    dimensions = [d["name"][language] for d in said["dimensions"][1:]]
    rows = [[*BEFORE_DIMENSIONS[language], *dimensions, *AFTER_DIMENSIONS[language]]]
    for cell in cells:
        place, *others = (name[m] for name, m in zip(names, cell.members, strict=True))
        head = [cell.period, place, dguids[cell.members[0]], *others, *unit, scalar, "0"]
        rows.append([*head, f"v{vectors[cell.members]}", coordinate(cell), *cell[2:], "0"])
    return _lines(said, ['"' + between.join(row) + '"' for row in rows])


def _vectors(said: dict[str, Any], cells: list[Cell]) -> dict[tuple[int, ...], int]:
    if isinstance(said["vectors"], dict):
        return {(member,): number for member, number in said["vectors"].items()}
    return {members: said["vectors"] + i for i, members in enumerate(sorted({cell.members for cell in cells}))}


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
    end = "\r\n" if said["line_ending"] == "crlf" else "\n"
    return end.join(lines) + end
