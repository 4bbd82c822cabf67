"""The model of a contract: what a YAML file under `expectations/` may say, and what it means."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from expectations.corrections import FETCHED_ONLY, Correction, refuse_strange

HERE = Path(__file__).parent
CAVEATS = frozenset(yaml.safe_load((HERE / "caveats.yaml").read_text(encoding="utf-8")))
LICENCES: dict[str, dict[str, str]] = yaml.safe_load((HERE / "licences.yaml").read_text(encoding="utf-8"))

PLACE_CODE = r"[0-9]{4}[AS][0-9]{4}[0-9A-Z.]+|[a-z]{2}/[a-z_]+:[0-9a-z-]+"

Frequency = Literal["monthly", "quarterly", "annual", "span", "none"]
ColumnType = Literal["place", "period", "text", "integer", "number", "date"]
STATCAN_MARKS = ("..", "...", "x", "F", "0s", "<LOD")


class ContractBroken(Exception):
    """A contract file that cannot be used: the message names the file, the key and what to write instead."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where the bytes come from. `places` keeps only the rows of the partnership's places, by code, after all checks.

    `statcan`: `table` and the `language` of the full-table zip. `census_profile`: the `dataflow` of the Census Profile service
    (SDMX), asked for the partnership's places of that geography and the members of the contract. `ckan`: a `package` on `host` and the
    file name of its `resource` (`*` stands for any text: the newest match is taken). `cmhc`: the export form, with `query` as its
    fields. `inbox`: a file that staff or a partner put into `inbox/<contract>/` or `inbox/partners/<partner>/`.

    What partners give by another way comes so: `link` is an address that anyone who knows it may read (a sheet exported as CSV, a
    share), `kobo` and `odk` a form on a server of KoboToolbox (`form` is its asset) or ODK Central (`form` is PROJECT/FORM), `remote`
    files of an SFTP server or an S3 bucket (`url` names them, with `*`). `secret` is the name under which the address, token or password
    is kept outside all files; `partner` the one whose data it is, where the data do not say so themselves.
    """

    fetch: Literal["statcan", "census_profile", "ckan", "cmhc", "download", "inbox", "register", "link", "kobo", "odk", "remote"]
    form: str = ""
    secret: str = ""
    partner: str = ""
    table: str = ""
    language: Literal["en", "fr"] = "en"
    dataflow: str = ""
    host: str = "open.canada.ca"
    package: str = ""
    resource: str = ""
    query: dict[str, str] = Field(default_factory=dict)
    url: str = ""
    file: str = ""
    places: Literal["all", "partnership"] = "all"

    @model_validator(mode="after")
    def _complete(self) -> Source:
        needs = {
            "statcan": ["table"],
            "census_profile": ["dataflow"],
            "ckan": ["package", "resource"],
            "cmhc": ["query"],
            "download": ["url"],
            "register": ["file"],
            "link": ["secret"],
            "kobo": ["url", "form", "secret"],
            "odk": ["url", "form", "secret"],
            "remote": ["url"],
        }
        missing = [key for key in needs.get(self.fetch, []) if not getattr(self, key)]
        if missing:
            raise ValueError(f"fetch {self.fetch} needs {' and '.join(missing)}")
        if self.table and not re.fullmatch(r"\d{2}-\d{2}-\d{4}-01", self.table):
            raise ValueError(f"table is written like 17-10-0009-01, found {self.table}")
        return self


class Layout(_Strict):
    """The grammar of the file.

    `statcan` is the full-table zip, English or French; `census_wide` the same of a 98-10 table, a column for each member of its last
    dimension; `census_profile` the answer of the Census Profile service (SDMX-JSON); `census_bulk` the windows-1252 zip of the Census
    Profile; `delimited` any text table; `pivot` IRCC's workbooks, months across the sheet; `cmhc` the export of CMHC's portal,
    whose title line names the table as `sheet` does; `wide` a table, CSV or XLSX, in which the members of one dimension have a column
    each; `sheet` a plain table, CSV or XLSX. `header` names the columns of a delimited file that has no header row.
    """

    kind: Literal["statcan", "census_wide", "census_profile", "census_bulk", "delimited", "pivot", "cmhc", "wide", "sheet"]
    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str = ""
    header: list[str] = Field(default_factory=list)


class Column(_Strict):
    """One column of ours. `source` names the publisher's column (or year and month columns); `unit` marks the measure.

    `labels` says whose names the place column carries (a publisher in the register of place labels); without it the
    column carries codes. `constant` stands for a column that the file does not print, such as the place of a file about one place.
    `members` are codes with the names the publisher prints for them, asserted together: rows of other codes are not kept, a known
    code under another name refuses the file. In a `wide` table they are codes with the columns that hold the measure, and a period
    without a column is what the groups of its `pattern` find in the name of the file. `area` makes the code of a place from the
    beginning of a longer one, a `?` for each character: `2021A0003????` counts the dissemination area 35150123 at its census division.
    """

    source: str | list[str] = ""
    type: ColumnType = "text"
    unit: str = ""
    min: float | None = None
    max: float | None = None
    one_of: list[str] | None = None
    of_register: str = ""
    frequency: Frequency = "none"
    starts: int = 1
    labels: str = ""
    constant: str = ""
    area: str = ""
    members: dict[str, str] = Field(default_factory=dict)
    required: bool = True
    pattern: str = ""


class NonValue(_Strict):
    """A mark that stands where a number is not printed; `lower` and `upper` bound the number behind it."""

    status: Literal["suppressed", "not_collected", "not_applicable", "unreliable", "not_available", "rounds_to_zero"]
    lower: float | None = None
    upper: float | None = None


class Jump(_Strict):
    """Warn when the last period is beyond `factor` times the largest of the `window` periods before it."""

    factor: float
    window: int = 12
    least: float = 20


class Revision(_Strict):
    """How much of its past a publisher may change before a person looks.

    A cell is material when it moved by more than `percent` of itself and by more than `least` units, or turned from a number into a
    mark or back. More than `cells` material or vanished cells make the new vintage wait; cells of the last `open_periods` periods never
    count (preliminary figures are expected to change). `accept: always` records and goes on.
    """

    percent: float = Field(default=1.0, ge=0)
    least: float = Field(default=0, ge=0)
    cells: int = Field(default=0, ge=0)
    open_periods: int = Field(default=0, ge=0)
    accept: Literal["staff", "always"] = "staff"


class Total(_Strict):
    """In `column`, the member `total` is the sum of `parts`, for every period and every other member.

    `tolerance` is for each part in units; without it half of what the table is rounded to, so a total of n rounded parts may be off by
    n + 1 halves. A hidden cell counts with its bounds; one without bounds leaves the comparison of its period out.
    """

    column: str
    total: str
    parts: list[str] = Field(min_length=1)
    tolerance: float | None = Field(default=None, ge=0)
    severity: Literal["critical", "warning"] = "critical"


class Limit(_Strict):
    """Least and most of the measure where `column` says `member`: for a table that mixes units, such as persons and rates."""

    column: str
    member: str
    min: float | None = None
    max: float | None = None


class History(_Strict):
    """What may be missing of the file in force.

    `may_leave` names, by column, members or places that the publisher dropped on purpose; `may_end_earlier` takes a file whose last
    period is older than the last in force. More than `marks_factor` times the share of cells without a number, and more than
    `marks_share` of all cells beyond it, are told.
    """

    may_leave: dict[str, list[str]] = Field(default_factory=dict)
    may_end_earlier: bool = False
    marks_factor: float = Field(default=2, ge=1)
    marks_share: float = Field(default=0.05, ge=0, le=1)


class Break(_Strict):
    """From `period` on, the series is not to be compared with what was before; `why` is printed."""

    period: str
    why: dict[str, str]


class Rule(_Strict):
    """A Great Expectations rule in its own words, run over the table's rows under our column names."""

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"] = "critical"
    meta: dict[str, str] = Field(default_factory=dict)


class Contract(_Strict):
    """One table: source, grammar, columns, grain, limits, licence, caveats, and who looks at it again when.

    `least_share`: a publisher's file with fewer rows than this share of the file in force is not taken, because it may be cut
    short; where the publisher left years out on purpose, lower it for that one release. `geography` is the year of the boundaries
    the table is on. `gaps`: what a period missing between two others does. `corrections` come from the files beside the contract.
    `issued` are columns of a partner's template that the office fills in: they are not read, but nothing else may stand in them (`label`
    the name of the row's metric, `number` a whole number or a mark).
    """

    name: str
    title: dict[str, str]
    short: dict[str, str] = Field(default_factory=dict)
    publisher: str
    licence: str
    source: Source
    layout: Layout
    due: Literal["monthly", "quarterly", "annual", "census", "as_needed"]
    review_by: date
    grain: list[str]
    rows: tuple[int, int]
    least_share: float = Field(default=0.9, ge=0, le=1)
    columns: dict[str, Column]
    ignore: list[str] = Field(default_factory=list)
    issued: dict[str, Literal["label", "number"]] = Field(default_factory=dict)
    non_values: dict[str, NonValue] = Field(default_factory=dict)
    rounding: int = 0
    absent: Literal["missing", "zero"] = "missing"
    jump: Jump | None = None
    geography: int | None = None
    breaks: list[Break] = Field(default_factory=list)
    revision: Revision = Field(default_factory=Revision)
    totals: list[Total] = Field(default_factory=list)
    limits: list[Limit] = Field(default_factory=list)
    history: History = Field(default_factory=History)
    gaps: Literal["allow", "warn", "refuse"] = "warn"
    caveats: list[str] = Field(default_factory=list)
    also: list[Rule] = Field(default_factory=list)
    corrections: tuple[Correction, ...] = ()
    digest: str = ""

    def name_in(self, language: str) -> str:
        """What a source line calls the table: its short name, or its title."""
        return self.short.get(language) or self.title[language]

    @property
    def measure(self) -> str | None:
        """The column that holds the statistic, or None in a register."""
        return next((name for name, column in self.columns.items() if column.unit), None)

    @property
    def dimensions(self) -> list[str]:
        """The grain without the period: what makes a series."""
        return [name for name in self.grain if self.columns[name].type != "period"]

    @property
    def period(self) -> str | None:
        """The period column, or None in a register."""
        return next((name for name, column in self.columns.items() if column.type == "period"), None)

    @property
    def has_file_per_period(self) -> bool:
        """True where the name of a file says its one period: such a file says nothing of other periods, so it withdraws nothing."""
        return not self.is_register and bool(self.period and self.columns[self.period].pattern)

    @property
    def is_partner(self) -> bool:
        """True for what partners report; what else comes by the inbox was published by somebody."""
        return self.licence == "partner-agreement"

    @property
    def may_republish(self) -> bool:
        """False for a table whose licence forbids to print its figures again."""
        return LICENCES[self.licence].get("republish") != "no"

    @property
    def is_register(self) -> bool:
        return self.source.fetch == "register"

    @model_validator(mode="after")
    def _whole(self) -> Contract:
        unknown = [name for name in self.grain if name not in self.columns]
        if unknown:
            raise ValueError(f"grain names {unknown}, which are not columns")
        if not self.is_register and (self.measure is None or self.period is None):
            raise ValueError("a statistical table has one column with a unit and one of type period")
        if self.licence not in LICENCES:
            raise ValueError(f"licence {self.licence!r} is not one of {sorted(LICENCES)}")
        if strangers := sorted(set(self.caveats) - CAVEATS):
            raise ValueError(f"caveats {strangers} are not in expectations/caveats.yaml")
        named = {
            "totals": [total.column for total in self.totals],
            "limits": [limit.column for limit in self.limits],
            "history.may_leave": list(self.history.may_leave),
        }
        for key, columns in named.items():
            if strangers := [column for column in columns if column not in self.dimensions]:
                raise ValueError(f"{key} name {strangers}, which are not dimensions of the table")
        if self.corrections and self.source.fetch in ("register", "inbox"):
            raise ValueError(FETCHED_ONLY)
        refuse_strange(self.corrections, self.grain, self._marks)
        if set(self.title) != {"en", "fr"} or set(self.short) not in ({"en", "fr"}, set()):
            raise ValueError("title needs en and fr, and so does short where it is given")
        self._refuse_bare_places()
        return self

    @property
    def _marks(self) -> list[str]:
        """What may stand in a cell of the table in the place of a number."""
        statcan = STATCAN_MARKS if self.layout.kind in ("statcan", "census_wide") else ()
        return [*self.non_values, *statcan, *(["absent"] if self.absent == "zero" else [])]

    def _refuse_bare_places(self) -> None:
        for name, column in self.columns.items():
            if column.type != "place" or column.labels:
                continue
            bare = [value for value in [*(column.one_of or []), column.constant] if value and not is_place_code(value)]
            if bare:
                raise ValueError(
                    f"column {name} names places as {bare}; places are codes (such as 2021S0503529), "
                    "because one name stands for a city, a census division, a metropolitan area and two ridings"
                )


def is_place_code(text: str) -> bool:
    """True for a DGUID (2021S0503529) or an Open Civic Data district id (on/ed:86-2015).

    >>> is_place_code("2021S0503529"), is_place_code("Peterborough")
    (True, False)
    """
    return bool(re.fullmatch(PLACE_CODE, text))
