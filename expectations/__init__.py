"""What we expect of each table, from whom, under which licence: the contracts, as data.

A contract is one YAML file; its name is the file's stem. `read` gives one, `names` lists all; a partnership's own
`expectations/` folder is laid over the shipped one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from expectations.contract import (
    CAVEATS,
    HERE,
    LICENCES,
    PLACE_CODE,
    Break,
    Column,
    Contract,
    ContractBroken,
    History,
    Limit,
    Revision,
    Total,
    is_place_code,
)
from expectations.corrections import SUFFIX, Correction, entries

__all__ = [
    "CAVEATS",
    "HERE",
    "KINDS",
    "LICENCES",
    "PLACE_CODE",
    "Break",
    "Column",
    "Contract",
    "ContractBroken",
    "Correction",
    "History",
    "Limit",
    "Revision",
    "Total",
    "is_place_code",
    "load_yaml",
    "names",
    "parse",
    "read",
    "read_all",
    "words",
]

KINDS = ("register", "public", "partner")


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


def parse(text: str, *, name: str, where: str = "", corrections: Mapping[str, str] | None = None) -> Contract:
    """Read a contract from its YAML text; `ContractBroken` tells which key is wrong and why.

    `corrections` are the texts of its corrections files by name; they belong to the digest.
    """
    where = where or name
    beside = corrections or {}
    known = tuple(correction for file, body in beside.items() for correction in _entries(body, file))
    try:
        data = load_yaml(text, where)
        digest = hashlib.sha256("\0".join([text, *beside.values()]).encode()).hexdigest()
        return Contract(name=name, digest=digest, corrections=known, **data)
    except ValidationError as error:
        raise ContractBroken(_first(error, where, "contract")) from error
    except (yaml.YAMLError, TypeError) as error:
        raise ContractBroken(f"{where}: is not a contract in YAML: {error}") from error


def _entries(body: str, file: str) -> list[Correction]:
    where = file
    try:
        found = []
        for entry in entries(load_yaml(body, file), file):
            where = entry["where"]
            found.append(Correction(**entry))
        return found
    except ValidationError as error:
        raise ContractBroken(_first(error, where, "entry")) from error
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise ContractBroken(f"{file}: is not a list of corrections in YAML: {error}") from error


def _first(error: ValidationError, where: str, what: str) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or what
    found = f", found {first['input']!r}" if isinstance(first["input"], str | int | float) else ""
    return f"{where}: {key}: {first['msg']}{found}. Mend the key in this file."


def _roots(overlay: Path | None) -> list[Path]:
    return [HERE, *([overlay] if overlay and overlay.is_dir() else [])]


def _files(overlay: Path | None) -> dict[str, Path]:
    """The contract files by name; a partnership's own stands before the shipped one."""
    found = _listed(overlay)
    files = {path.stem: path for path in found if not path.name.endswith(SUFFIX)}
    for path in found:
        if path.name.endswith(SUFFIX) and path.name.removesuffix(SUFFIX) not in files:
            raise ContractBroken(f"{path}: there is no contract of that name to correct. Rename the file or remove it.")
    return files


def _listed(overlay: Path | None) -> list[Path]:
    """Every YAML file of the kinds: the shipped ones, then the partnership's."""
    folders = [root / kind for root in _roots(overlay) for kind in KINDS]
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.yaml"))]


def _corrections(name: str, files: list[Path]) -> tuple[tuple[str, Path, int], ...]:
    """The corrections files of a contract, shipped and of the partnership: what each is called, where it lies, its stamp."""
    own = [path for path in files if path.name == name + SUFFIX]
    return tuple((f"expectations/{path.parent.name}/{path.name}", path, path.stat().st_mtime_ns) for path in own)


@lru_cache(maxsize=256)
def _read(path: Path, _stamp: int, corrections: tuple[tuple[str, Path, int], ...]) -> Contract:
    beside = {called: file.read_text(encoding="utf-8") for called, file, _ in corrections}
    return parse(path.read_text(encoding="utf-8"), name=path.stem, where=str(path), corrections=beside)


def names(overlay: Path | None = None) -> list[str]:
    """Names of all contracts: registers first, then public tables, then partners' tables."""
    files = _files(overlay)
    return sorted(files, key=lambda name: (KINDS.index(files[name].parent.name), name))


def read(name: str, overlay: Path | None = None) -> Contract:
    """The contract of that name. An unknown name is `ContractBroken` with the names there are."""
    files = _files(overlay)
    if name not in files:
        raise ContractBroken(f"There is no contract {name!r}. There are: {', '.join(names(overlay))}.")
    return _one(name, files[name], _listed(overlay))


def read_all(overlay: Path | None = None) -> list[Contract]:
    """Every contract, in the order of `names`."""
    files, listed = _files(overlay), _listed(overlay)
    return [_one(name, files[name], listed) for name in names(overlay)]


def _one(name: str, path: Path, listed: list[Path]) -> Contract:
    return _read(path, path.stat().st_mtime_ns, _corrections(name, listed))


@lru_cache(maxsize=64)
def words(section: str, language: str) -> dict[str, Any]:
    """The words of one part of what partners read, such as `workbook`, in a language (`expectations/words/<section>.<language>.yaml`)."""
    path = HERE / "words" / f"{section}.{language}.yaml"
    if not path.is_file():
        there = sorted(file.suffixes[0][1:] for file in path.parent.glob(f"{section}.*.yaml"))
        raise ContractBroken(f"There are no words in {language!r} for {section}: write {path}. There are: {', '.join(there) or 'none'}.")
    data: dict[str, Any] = load_yaml(path.read_text(encoding="utf-8"), str(path))
    return data
