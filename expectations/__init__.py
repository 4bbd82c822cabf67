"""What we expect of each table, from whom, under which licence: the contracts, as data.

A contract is one YAML file; its name is the file's stem. `read` gives one, `names` lists all; a partnership's own
`expectations/` folder is laid over the shipped one.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

HERE = Path(__file__).parent
KINDS = ("register", "public", "partner")
CAVEATS = frozenset(yaml.safe_load((HERE / "caveats.yaml").read_text(encoding="utf-8")))
LICENCES: dict[str, dict[str, str]] = yaml.safe_load((HERE / "licences.yaml").read_text(encoding="utf-8"))

PLACE_CODE = r"[0-9]{4}[AS][0-9]{4}[0-9A-Z.]+|[a-z]{2}/[a-z_]+:[0-9a-z-]+"

Frequency = Literal["monthly", "quarterly", "annual", "span", "none"]
ColumnType = Literal["place", "period", "text", "integer", "number", "date"]


class ContractBroken(Exception):
    """A contract file that cannot be used: the message names the file, the key and what to write instead."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where the bytes come from. `places` keeps only the rows of the partnership's places, by code, after all checks."""

    fetch: Literal["statcan", "ckan", "download", "inbox", "register"]
    table: str = ""
    package: str = ""
    resource: str = ""
    url: str = ""
    file: str = ""
    places: Literal["all", "partnership"] = "all"

    @model_validator(mode="after")
    def _complete(self) -> Source:
        needs = {"statcan": ["table"], "ckan": ["package", "resource"], "download": ["url"], "register": ["file"]}
        missing = [key for key in needs.get(self.fetch, []) if not getattr(self, key)]
        if missing:
            raise ValueError(f"fetch {self.fetch} needs {' and '.join(missing)}")
        if self.table and not re.fullmatch(r"\d{2}-\d{2}-\d{4}-01", self.table):
            raise ValueError(f"table is written like 17-10-0009-01, found {self.table}")
        return self


class Layout(_Strict):
    """The grammar of the file. `statcan` is the full-table zip; `delimited` any text table; `sheet` our own CSV or XLSX."""

    kind: Literal["statcan", "delimited", "sheet"]
    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str = ""


class Column(_Strict):
    """One column of ours. `source` names the publisher's column (or year and month columns); `unit` marks the measure.

    `labels` says whose names the place column carries (a publisher in the register of place labels); without it the
    column carries codes.
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


class Rule(_Strict):
    """A Great Expectations rule in its own words, run over the table's rows under our column names."""

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"] = "critical"
    meta: dict[str, str] = Field(default_factory=dict)


class Contract(_Strict):
    """One table: source, grammar, columns, grain, limits, licence, caveats, and who looks at it again when.

    `least_share`: a publisher's file with fewer rows than this share of the file in force is not taken, because it may be cut
    short; where the publisher left years out on purpose, lower it for that one release.
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
    non_values: dict[str, NonValue] = Field(default_factory=dict)
    rounding: int = 0
    absent: Literal["missing", "zero"] = "missing"
    jump: Jump | None = None
    caveats: list[str] = Field(default_factory=list)
    also: list[Rule] = Field(default_factory=list)
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
        if set(self.title) != {"en", "fr"} or set(self.short) not in ({"en", "fr"}, set()):
            raise ValueError("title needs en and fr, and so does short where it is given")
        self._refuse_bare_places()
        return self

    def _refuse_bare_places(self) -> None:
        for name, column in self.columns.items():
            if column.type != "place" or column.labels:
                continue
            bare = [value for value in column.one_of or [] if not is_place_code(value)]
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


class _UniqueKeys(yaml.SafeLoader):
    """A YAML loader that refuses a key written twice, which PyYAML would drop in silence."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise ContractBroken(f"{node.start_mark.name} line {node.start_mark.line + 1}: key {twice} is written twice")
    return loader.construct_mapping(node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_yaml(text: str, where: str) -> Any:
    """Read YAML in which no key stands twice; `where` is the file for the message."""
    loader = _UniqueKeys(text)
    loader.name = where
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def parse(text: str, *, name: str, where: str = "") -> Contract:
    """Read a contract from its YAML text; `ContractBroken` tells which key is wrong and why."""
    where = where or name
    try:
        data = load_yaml(text, where)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Contract(name=name, digest=digest, **data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "contract"
        found = f", found {first['input']!r}" if isinstance(first["input"], str | int | float) else ""
        raise ContractBroken(f"{where}: {key}: {first['msg']}{found}. Mend the key in this file.") from error
    except (yaml.YAMLError, TypeError) as error:
        raise ContractBroken(f"{where}: is not a contract in YAML: {error}") from error


def _files(overlay: Path | None) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for root in [HERE, *([overlay] if overlay and overlay.is_dir() else [])]:
        for kind in KINDS:
            for path in sorted((root / kind).glob("*.yaml")):
                files[path.stem] = path
    return files


@lru_cache(maxsize=256)
def _read(path: Path, _stamp: int) -> Contract:
    return parse(path.read_text(encoding="utf-8"), name=path.stem, where=str(path))


def names(overlay: Path | None = None) -> list[str]:
    """Names of all contracts: registers first, then public tables, then partners' tables."""
    files = _files(overlay)
    return sorted(files, key=lambda name: (KINDS.index(files[name].parent.name), name))


def read(name: str, overlay: Path | None = None) -> Contract:
    """The contract of that name. An unknown name is `ContractBroken` with the names there are."""
    files = _files(overlay)
    if name not in files:
        raise ContractBroken(f"There is no contract {name!r}. There are: {', '.join(names(overlay))}.")
    path = files[name]
    return _read(path, path.stat().st_mtime_ns)


def read_all(overlay: Path | None = None) -> list[Contract]:
    """Every contract, in the order of `names`."""
    return [read(name, overlay) for name in names(overlay)]
