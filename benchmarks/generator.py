"""A full-table zip in Statistics Canada's grammar, of any size: quirks as in the real files, values invented.

The same arguments give the same bytes. Vintage k is vintage k - 1 with a share of its cells revised; the others stay bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from expectations import Contract, parse

PID = "14109999"
NAME = "bench_labour_force"
FOLDER = Path(__file__).parent.parent / "build" / "bench"
FIRST_YEAR = 2001
VECTOR = 1_234_000_000
BLANK = {1: "x", 2: "..", 3: "F"}
CAUTION = 4

HEADER = [
    *["REF_DATE", "GEO", "DGUID", "Immigrant status", "Labour force characteristics", "Age group", "Gender"],
    *["UOM", "UOM_ID", "SCALAR_FACTOR", "SCALAR_ID", "VECTOR", "COORDINATE", "VALUE", "STATUS", "SYMBOL", "TERMINATED", "DECIMALS"],
]
PLACES = [
    ("Canada", "2021A000011124"),
    ("Quebec", "2021A000224"),
    ("Ontario", "2021A000235"),
    ("Peterborough, Ontario", "2021S0503529"),
    ("Montréal, Quebec", "2021S0503462"),
    ("Québec, Quebec", "2021S0503421"),
    ("Trois-Rivières, Quebec", "2021S0503442"),
    ("Ottawa-Gatineau, Ontario/Quebec", "2021S0503505"),
    ("Greater Sudbury / Grand Sudbury, Ontario", "2021S0503580"),
    ("Belleville - Quinte West, Ontario", "2021S0503522"),
    ("Kitchener-Cambridge-Waterloo, Ontario", "2021S0503541"),
    ("St. John's, Newfoundland and Labrador", "2021S0503001"),
]
STATUSES = [
    "Total population",
    "Landed immigrants",
    "Immigrants, landed 5 or less years earlier",
    "Immigrants, landed more than 5 to 10 years earlier",
    "Immigrants, landed more than 10 years earlier",
    "Born in Canada",
    "Non-permanent residents",
]
CHARACTERISTICS = ["Population", "Employment", "Unemployment rate", "Participation rate", "Employment rate"]
AGES = ["15 years and over", "25 to 54 years", "15 to 24 years", "55 years and over"]
GENDERS = ["Total - Gender", "Men+", "Women+"]
RATES = frozenset(CHARACTERISTICS[2:])

CONTRACT = f"""\
title: {{en: "Labour force characteristics, invented for speed", fr: "Caractéristiques de la population active, inventées"}}
publisher: Statistics Canada
licence: statcan-open
source: {{fetch: statcan, table: 14-10-9999-01, places: all}}
layout: {{kind: statcan}}
due: monthly
review_by: 2027-06-30
grain: [place, period, immigrant_status, characteristic, age_group, gender]
rows: [1, 20000000]
columns:
  place: {{source: DGUID, type: place}}
  period: {{source: REF_DATE, type: period, frequency: monthly}}
  immigrant_status: {{source: Immigrant status, one_of: {json.dumps(STATUSES)}}}
  characteristic: {{source: Labour force characteristics, one_of: {json.dumps(CHARACTERISTICS)}}}
  age_group: {{source: Age group, one_of: {json.dumps(AGES)}}}
  gender: {{source: Gender, one_of: {json.dumps(GENDERS)}}}
  persons_or_percent: {{source: VALUE, type: number, unit: persons or per cent, min: 0}}
ignore: [GEO, UOM, UOM_ID]
"""


def contract() -> Contract:
    """The contract of the table, in which all five dimensions are columns and every place is kept."""
    return parse(CONTRACT, name=NAME)


@dataclass(frozen=True)
class Shape:
    """How many series and periods a table of about `rows` rows has."""

    asked: int

    @cached_property
    def members(self) -> tuple[int, int, int, int, int]:
        """Members of the five dimensions."""
        if self.asked <= 200_000:
            return 25, 5, 4, 2, 2
        return (41, 7, 4, 2, 2) if self.asked <= 2_000_000 else (160, 7, 5, 4, 2)

    @property
    def series(self) -> int:
        return int(np.prod(self.members))

    @property
    def periods(self) -> int:
        return max(1, round(self.asked / self.series))

    @property
    def rows(self) -> int:
        """The rows there really are: whole periods only."""
        return self.series * self.periods

    @property
    def months(self) -> list[str]:
        return [f"{FIRST_YEAR + month // 12}-{month % 12 + 1:02}" for month in range(self.periods)]


def cached(rows: int, *, vintage: int = 0, revise: float = 0.01, seed: int = 1) -> Path:
    """The zip with these settings in a folder of its own, made when it is not there yet."""
    stamp = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    path = FOLDER / f"{rows}-{vintage}-{revise:g}-{seed}-{stamp}" / f"{PID}-eng.zip"
    if not path.exists():
        write_table(path, rows=rows, vintage=vintage, revise=revise, seed=seed)
    return path


def write_table(path: Path, *, rows: int, vintage: int = 0, revise: float = 0.01, seed: int = 1) -> Shape:
    """Write the zip; `rows` is rounded to whole periods. Returns the shape of what was written."""
    shape = Shape(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.comment = b"SAMPLE: not a file of Statistics Canada"
        # From 2 GB on a member has the headers of ZIP64, as the publisher's largest tables do.
        with archive.open(_entry(f"{PID}.csv"), "w", force_zip64=rows > 5_000_000) as data:
            data.write(b"\xef\xbb\xbf" + (",".join(f'"{name}"' for name in HEADER) + "\r\n").encode())
            _write_rows(data, shape, vintage, revise, seed)
        archive.writestr(_entry(f"{PID}_MetaData.csv"), b"\xef\xbb\xbf" + _description(shape).encode())
    temporary.replace(path)
    return shape


def metadata(rows: int, *, vintage: int = 0) -> dict[str, Any]:
    """The object that getCubeMetadata gives for the table of `write_table` with the same arguments."""
    shape = Shape(rows)
    return {
        "responseStatusCode": 0,
        "productId": PID,
        "cansimId": None,
        "cubeTitleEn": "Labour force characteristics by immigrant status, invented for speed",
        "cubeTitleFr": "Caractéristiques de la population active selon le statut d'immigrant, inventées",
        "cubeStartDate": f"{shape.months[0]}-01",
        "cubeEndDate": f"{shape.months[-1]}-01",
        "frequencyCode": 6,
        "nbSeriesCube": shape.series,
        "nbDatapointsCube": shape.rows,
        "releaseTime": f"2026-11-{6 + vintage:02}T08:30",
        "archiveStatusCode": "2",
        "archiveStatusEn": "CURRENT - a cube available to the public and that is current",
        "archiveStatusFr": "ACTIF - un cube qui est disponible au public et qui est toujours mise a jour",
        "subjectCode": ["14"],
        "surveyCode": ["3701"],
        "dimension": [
            {
                "dimensionPositionId": position,
                "dimensionNameEn": name,
                "dimensionNameFr": name,
                "hasUom": position == 3,
                "member": [
                    {
                        "memberId": number,
                        "parentMemberId": None if number == 1 else 1,
                        "memberNameEn": label,
                        "memberNameFr": label,
                        "terminated": 0,
                    }
                    for number, label in enumerate(labels, 1)
                ],
            }
            for position, (name, labels) in enumerate(_dimensions(shape), 1)
        ],
        "footnote": [],
        "correctionFootnote": [],
        "geoAttribute": [],
        "correction": [],
        "issueDate": "2026-11-06",
    }


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2026, 11, 6, 1, 0, 0))
    info.create_system, info.compress_type = 0, zipfile.ZIP_DEFLATED
    return info


def _places(count: int) -> list[tuple[str, str]]:
    named = PLACES[:count]
    more = range(1, count - len(named) + 1)
    return [*named, *((f"Census division {number:03}, Ontario", f"2021A000336{number:03}") for number in more)]


def _dimensions(shape: Shape) -> list[tuple[str, list[str]]]:
    labels = [[name for name, _ in _places(shape.members[0])], STATUSES, CHARACTERISTICS, AGES, GENDERS]
    names = ["Geography", *HEADER[3:7]]
    return [(name, label[:count]) for name, label, count in zip(names, labels, shape.members, strict=True)]


# Rows


def _values(shape: Shape, vintage: int, revise: float, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Tenths of the printed value and the mark of each cell, by period and series."""
    draw = np.random.default_rng(seed)
    level = np.exp(draw.normal(3, 1.5, shape.series))
    drift = 1.05 + 0.004 * np.cumsum(draw.normal(0, 1, shape.periods))
    tenths = np.maximum(np.rint(10 * drift[:, None] * level[None, :]), 0).astype(np.int64)
    uniform = draw.random((shape.periods, shape.series))
    marks = np.searchsorted([0.03, 0.06, 0.08, 0.11], uniform, side="right")
    marks = np.where(marks == 4, 0, marks + 1)
    for step in range(1, vintage + 1):
        revised = np.random.default_rng([seed, step]).random(tenths.shape) < revise
        tenths = np.where(revised, np.rint(tenths * 1.01 + 1).astype(np.int64), tenths)
    return tenths, marks


def _write_rows(data: Any, shape: Shape, vintage: int, revise: float, seed: int) -> None:
    write_cells(data, shape, *_values(shape, vintage, revise, seed))


def write_cells(data: Any, shape: Shape, tenths: np.ndarray[Any, Any], marks: np.ndarray[Any, Any]) -> None:
    """The lines of the data file for tenths of the printed value and marks, by period and series."""
    before, after = _fixed(shape)
    suffix = ["", *BLANK.values(), "E"]
    for month, cells, kinds in zip(shape.months, tenths.tolist(), marks.tolist(), strict=False):
        lines = [
            f'"{month}{head}{"" if kind in BLANK else f"{cell // 10}.{cell % 10}"}","{suffix[kind]}{tail}'
            for head, cell, kind, tail in zip(before, cells, kinds, after, strict=True)
        ]
        data.write("".join(lines).encode())


def _fixed(shape: Shape) -> tuple[list[str], list[str]]:
    """What stands in every row of a series between its period and its value, and after its status."""
    places = _places(shape.members[0])
    before, after = [], []
    for number, ids in enumerate(product(*(range(count) for count in shape.members))):
        place, status, what, age, gender = ids
        name, code = places[place]
        unit = ["Percent", "239", "units ", "0"] if CHARACTERISTICS[what] in RATES else ["Persons", "249", "thousands", "3"]
        labels = [name, code, STATUSES[status], CHARACTERISTICS[what], AGES[age], GENDERS[gender]]
        coordinate = ".".join(str(member + 1) for member in ids)
        before.append('","' + '","'.join([*labels, *unit, f"v{VECTOR + number}", coordinate]) + '","')
        after.append(f'","","{"t" if number % 97 == 96 else ""}","1"\r\n')
    return before, after


# The other member of the zip


def _description(shape: Shape) -> str:
    """The MetaData file: blocks with blank lines between, mixed quoting, spare commas, and notes that are not valid CSV."""
    members = [
        f'"{position}","{label}",,"{number}",{"" if number == 1 else chr(34) + "1" + chr(34)},,,'
        for position, (_, labels) in enumerate(_dimensions(shape), 1)
        for number, label in enumerate(labels, 1)
    ]
    blocks = [
        [
            "Cube Title,Product Id,CANSIM Id,URL,Cube Notes,Archive Status,Frequency,Start Reference Period,End Reference Period,"
            "Total number of dimensions",
            f'"Labour force characteristics, invented for speed","{PID}","","https://www150.statcan.gc.ca/t1/tbl1/en/tv.action?pid={PID}01"'
            ',"1;2","CURRENT - a cube available to the public and that is current","Monthly",'
            f'"{shape.months[0]}-01","{shape.months[-1]}-01",5,',
        ],
        [
            "Dimension ID,Dimension name,Dimension Notes,Dimension Definitions",
            *(f'"{position}","{name}","",""' for position, (name, _) in enumerate(_dimensions(shape), 1)),
        ],
        ["Dimension ID,Member Name,Classification Code,Member ID,Parent Member ID,Terminated,Member Notes,Member Definitions", *members],
        ['"Symbol Legend"', "Description,Symbol", '"not available for a specific reference period",..,', '"use with caution",E,', ""],
        ["Survey Code,Survey Name", '"3701","Labour Force Survey"'],
        ["Subject Code,Subject Name", '"14","Labour"'],
        [
            "Note ID,Note",
            '1,"Those "landed" earlier are counted: see <a href="https://www.statcan.gc.ca">the guide</a>."',
            '2,"The first line of a note.',
            "",
            'The same note goes on after a blank line."',
        ],
        ["Correction ID,Correction Date,Correction Note", ""],
    ]
    return "\r\n\r\n".join("\r\n".join(block) for block in blocks) + "\r\n"


if __name__ == "__main__":
    print(cached(int(sys.argv[1]), vintage=int(sys.argv[2])))
