"""Tables 98-10 of the census, drawn from a declaration: a column of numbers for each member of the last dimension."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from demo.statcan_tables import TORONTO

Row = dict[str, tuple[int, dict[str, Any]]]  # by dimension, the id and the declaration of its member
Counts = list[int | None]
# Statuses and periods that are sums or remainders of others, by their ids.
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
    across = said[said["across"]]
    columns = [f"{across['heading'][language]}:{member[language]}[{at}]" for at, member in enumerate(across["members"], 1)]
    symbols = [cell for column in columns for cell in (column, SYMBOL[language])]
    headings = [said[name]["heading"][language] for name in said["dimensions"]]
    lines = [[*HEADS[language], *headings, COORDINATE[language], *symbols], *_rows(said, language)]
    return "".join('"' + between.join(line) + '"\n' for line in lines)


def _rows(said: dict[str, Any], language: str) -> Iterator[list[str]]:
    counts_of = ACROSS[said["across"]]
    numbered = [list(enumerate(said[name]["members"], 1)) for name in said["dimensions"]]
    for place, area in enumerate(said["areas"], 1):
        for row in product(*numbered):
            names = [member[language] for _, member in row]
            counts = counts_of(said, area, dict(zip(said["dimensions"], row, strict=True)))
            cells = [cell for count in counts for cell in (str(count) if count is not None else "", "" if count is not None else "x")]
            coordinate = ".".join(str(at) for at in (place, *(at for at, _ in row)))
            yield [str(said["census"]), area[language], area["dguid"], *names, coordinate, *cells]


def _by_birth(said: dict[str, Any], area: dict[str, Any], row: Row) -> Counts:
    """Statuses across; who was born in one country and came never, or in numbers too small to tell, is hidden."""
    at, birth = row["births"]
    found = _by_status(said, area, row["ages"][1]["share"] * row["genders"][1]["share"] * birth["share"], is_all=at == 1)
    return [count if count or at == 1 else None for count in found]


def _by_need(said: dict[str, Any], area: dict[str, Any], row: Row) -> Counts:
    """Core housing need across: all who were examined, those in need, the others. Sums are of the printed parts."""
    people = _by_status(said, area, row["ages"][1]["share"] * row["genders"][1]["share"] * row["minorities"][1]["share"], is_all=True)
    if row["statuses"][0] in area.get("hidden", ()):
        return [None] * 3
    examined = needy = 0
    for status in _parts(*row["statuses"]):
        group = said["statuses"]["members"][status - 1].get("group", "came")
        for ratio in _parts(*row["ratios"]):
            member = said["ratios"]["members"][ratio - 1]
            some = _five(people[status - 1] * member[group] * row["statistics"][1]["share"])
            examined, needy = examined + some, needy + _five(some * member["need"])
    return [examined, needy, examined - needy]


ACROSS: dict[str, Callable[[dict[str, Any], dict[str, Any], Row], Counts]] = {"statuses": _by_birth, "needs": _by_need}


def _parts(at: int, member: dict[str, Any]) -> list[int]:
    """The members that a sum is of, or the member itself."""
    return list(member.get("of", [at]))


def _by_status(said: dict[str, Any], area: dict[str, Any], share: float, *, is_all: bool) -> list[int]:
    """People by status and period, multiples of five; of those born in one country abroad nobody is a non-immigrant."""
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
    return [found[at] for at in range(1, len(members) + 1)]


def _five(number: float) -> int:
    return int(5 * round(number / 5))
