"""The Census Profile as a download: a zip of windows-1252 text with the figures of the sample, for the census of any year."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping

from demo.census import Census, Row

FIRST = ["CENSUS_YEAR", "DGUID", "ALT_GEO_CODE", "GEO_LEVEL", "GEO_NAME", "TNR_SF", "TNR_LF", "DATA_QUALITY_FLAG"]
ABOUT = ["CHARACTERISTIC_ID", "CHARACTERISTIC_NAME", "CHARACTERISTIC_NOTE"]
NUMBERS = ["C1_COUNT_TOTAL", "C2_COUNT_MEN+", "C3_COUNT_WOMEN+", "C10_RATE_TOTAL", "C11_RATE_MEN+", "C12_RATE_WOMEN+"]
HEADER = [*FIRST, *ABOUT, *(cell for name in NUMBERS for cell in (name, "SYMBOL"))]
# Areas of nobody here: their rows make the file what it is, and hold its accents.
STRANGERS = {"S0503462": "Montréal", "S0503421": "Québec", "A00052466058": "Côte-Saint-Luc"}
STAMP = (2023, 2, 1, 9, 0, 0)
META = "SAMPLE. Not a file of Statistics Canada.\r\nSymbols: .. not available, ... not applicable, x suppressed, F too unreliable\r\n"


def text(census: Census, year: int, areas: Iterable[str] | None = None, *, numbers: Mapping[str, str] | None = None) -> str:
    """The data file of these areas of the sample (all of them when none are named), as the census of a year would print it.

    `numbers` gives characteristics other ids, as another census may.
    """
    ours = {f"{year}{area[4:]}": (area, said["en"], said["level"]) for area, said in census.said["areas"].items()}
    kept = {code: told for code, told in ours.items() if areas is None or told[0] in areas}
    lines = [",".join(HEADER)]
    for code, name in [(f"{year}{stranger}", name) for stranger, name in STRANGERS.items()]:
        lines += [_line(year, code, name, "Other", row, "5", numbers) for row in census.rows]
    for code, (area, name, level) in kept.items():
        lines += [_line(year, code, name, level, row, row.figures[area], numbers) for row in census.rows]
    return "\r\n".join([*lines, ""])


def _line(year: int, code: str, name: str, level: str, row: Row, figure: str, numbers: Mapping[str, str] | None) -> str:
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)?(.*)", figure)
    value, symbol = (found[1] or "", found[2]) if found else ("", "")
    noted = re.fullmatch(r"(.*?)(?: \((\d+)\))?", row.name)
    printed, note = (noted[1], noted[2] or "") if noted else (row.name, "")
    cells = [value, f'"{symbol}"', *(["", '"..."'] * 5)]
    first = [str(year), f'"{code}"', f'"{code[9:]}"', f'"{level}"', f'"{name}"', "3.1", "2.9", '"00000"']
    return ",".join([*first, (numbers or {}).get(row.file, row.file), f'"{printed}"', note, *cells])


def zipped(year: int, files: Mapping[str, str | bytes], *, encoding: str = "windows-1252") -> bytes:
    """A zip of data files by region, with the starting rows of each and the notes beside them."""
    product = f"98-401-X{year}006"
    members: dict[str, str | bytes] = {}
    for region, body in files.items():
        members[f"{product}_English_CSV_data_{region}.csv"] = body if isinstance(body, bytes) else body.encode(encoding)
        members[f"{product}_Geo_starting_row_{region}.CSV"] = "Geo Code,Geo Name,Line Number\r\n"
    members |= {f"{product}_English_meta.txt": META, "README_meta.txt": META}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"SAMPLE: not a file of Statistics Canada"
        for name, body in members.items():
            info = zipfile.ZipInfo(name, STAMP)
            info.create_system, info.compress_type = 0, zipfile.ZIP_DEFLATED
            archive.writestr(info, body)
    return out.getvalue()


def bulk(census: Census, year: int) -> bytes:
    """The file that staff would download: all areas, of the census of a year."""
    return zipped(year, {"Ontario": text(census, year)})
