"""Tables 98-10 of the census, drawn from a declaration: a column of numbers for each member of the last dimension."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from demo.statcan_tables import TORONTO

# Members of the last dimension that are sums or remainders of others, by their ids.
TOTAL, NEVER, CAME, LAST_TEN, FIRST_FIVE, LAST_FIVE = 1, 2, 3, 8, 9, 10
HEADS = {"en": ["REF_DATE", "GEO", "DGUID"], "fr": ["PÉRIODE DE RÉFÉRENCE", "GÉO", "DGUID"]}
COORDINATE = {"en": "Coordinate", "fr": "Coordonnées"}
SYMBOL = {"en": "Symbol", "fr": "Symbole"}


@dataclass(frozen=True)
class Wide:
    """A declared table, with what the publishers ask of a table: its metadata and its zips, made when they are first asked for."""

    declaration: Path
    changed_list = "flat"

    def __deepcopy__(self, _: dict[int, Any]) -> Wide:
        """Nothing of it changes."""
        return self

    @property
    def said(self) -> dict[str, Any]:
        return _said(self.declaration)

    @property
    def pid(self) -> str:
        return str(self.said["product"])

    @property
    def released(self) -> str:
        return str(self.said["released"])

    @property
    def zip_built(self) -> datetime:
        return _built(self.said).replace(tzinfo=TORONTO)

    @property
    def metadata(self) -> dict[str, Any]:
        """What getCubeMetadata gives as `object`, as far as anybody here asks."""
        return {
            "responseStatusCode": 0,
            "productId": int(self.pid),
            "cubeTitleEn": self.said["title"]["en"],
            "cubeTitleFr": self.said["title"]["fr"],
            "cubeStartDate": f"{self.said['census']}-01-01",
            "cubeEndDate": f"{self.said['census']}-01-01",
            "nbDatapointsCube": None,
            "frequencyCode": 16,
            "releaseTime": self.released,
            "dimension": [],
        }

    @property
    def zips(self) -> dict[str, bytes]:
        return {language: self.zip(language) for language in ("en", "fr")}

    def zip(self, language: str) -> bytes:
        """The full-table zip in a language."""
        return _zipped(self.declaration, language)


@lru_cache(maxsize=8)
def _said(declaration: Path) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(declaration.read_text(encoding="utf-8"))
    return said


def _built(said: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(said["zip_built"])


@lru_cache(maxsize=8)
def _zipped(declaration: Path, language: str) -> bytes:
    said = _said(declaration)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"SAMPLE: not a file of Statistics Canada"
        for name, text in (("", data(said, language)), ("_MetaData", "SAMPLE\n")):
            info = zipfile.ZipInfo(f"{said['product']}{name}.csv", _built(said).timetuple()[:6])
            info.create_system, info.compress_type = 0, zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode("utf-8-sig"), compresslevel=6)
    return out.getvalue()


def data(said: dict[str, Any], language: str) -> str:
    """The data file: every field quoted, semicolons in the French one."""
    between = '"' + ("," if language == "en" else ";") + '"'
    heading = said["statuses"]["heading"][language]
    columns = [f"{heading}:{member[language]}[{at}]" for at, member in enumerate(said["statuses"]["members"], 1)]
    symbols = [cell for column in columns for cell in (column, SYMBOL[language])]
    headings = [said[name]["heading"][language] for name in ("ages", "genders", "births")]
    lines = [[*HEADS[language], *headings, COORDINATE[language], *symbols], *_rows(said, language)]
    return "".join('"' + between.join(line) + '"\n' for line in lines)


def _rows(said: dict[str, Any], language: str) -> Iterator[list[str]]:
    for place, area in enumerate(said["areas"], 1):
        for a, age in enumerate(said["ages"]["members"], 1):
            for g, gender in enumerate(said["genders"]["members"], 1):
                for b, birth in enumerate(said["births"]["members"], 1):
                    names = [member[language] for member in (age, gender, birth)]
                    counts = _counts(said, area, age["share"] * gender["share"] * birth["share"], is_all=b == 1)
                    cells = [
                        cell for count in counts for cell in (str(count) if count is not None else "", "" if count is not None else "x")
                    ]
                    yield [str(said["census"]), area[language], area["dguid"], *names, f"{place}.{a}.{g}.{b}", *cells]


def _counts(said: dict[str, Any], area: dict[str, Any], share: float, *, is_all: bool) -> list[int | None]:
    """One row of numbers, multiples of five; who was born in one country and came never, or in numbers too small to tell, is hidden."""
    recent = _five(area["recent"] * share)
    came = _five(area["persons"] * area["born"] * share)
    before = _five(recent * 0.6)
    earlier = max(0, came - recent - before)
    members = said["statuses"]["members"]
    found: dict[int, int] = {at: _five(earlier * one.get("share", 0)) for at, one in enumerate(members, 1)}
    found |= {LAST_FIVE: recent, FIRST_FIVE: before, LAST_TEN: recent + before}
    found[CAME] = sum(found[at] for at in (4, 5, 6, 7)) + found[LAST_TEN]
    found[NEVER] = _five(area["persons"] * share) - found[CAME] - found[len(members)] if is_all else 0
    found[TOTAL] = found[NEVER] + found[CAME] + found[len(members)]
    return [found[at] if found[at] or is_all else None for at in range(1, len(members) + 1)]


def _five(number: float) -> int:
    return int(5 * round(number / 5))
