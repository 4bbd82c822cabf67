"""The house rules: what holds for every contract, query, indicator, brief and module."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlglot
import yaml

import briefs
import expectations
import sql
from expectations import CAVEATS, LICENCES
from tasks.doctor import DUE_DAYS
from tasks.protect import classes

ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "tasks", "expectations", "sql", "briefs")
TODAY = date(2026, 11, 22)
LONGEST_MODULE = 350
CONTRACTS = {contract.name: contract for contract in expectations.read_all()}
QUERIES = sql.read_all()
INDICATORS = {name: query.indicator for name, query in QUERIES.items() if query.is_indicator}
BRIEFS = {f"{name}.{language}": brief for name in briefs.names() for language, brief in briefs.read(name).items()}
OBJECTIVE = re.compile(CONTRACTS["metrics"].columns["objective"].pattern)


def modules(*packages: str) -> list[Path]:
    return [path for package in packages or PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


each_module = pytest.mark.parametrize("path", modules(), ids=dotted)


# Rooms


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_the_one_of_this_checkout(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__
    assert Path(module.__file__).resolve() == ROOT / package / "__init__.py"


# Content


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_says_licence_due_review_and_title(name: str) -> None:
    contract = CONTRACTS[name]
    assert contract.licence in LICENCES
    assert contract.due in DUE_DAYS
    assert contract.review_by > TODAY, f"{name}: look at it again, then set a new date"
    assert all(contract.title[language].strip() for language in ("en", "fr"))
    assert contract.publisher
    assert set(contract.caveats) <= CAVEATS


@pytest.mark.parametrize("name", LICENCES)
def test_a_licence_has_a_line_in_each_language(name: str) -> None:
    assert {"name", "url", "en", "fr"} <= set(LICENCES[name]) <= {"name", "url", "en", "fr", "republish"}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_says_what_it_is_and_who_looks_again(name: str) -> None:
    header = QUERIES[name].header
    assert set(header.title) == {"en", "fr"}
    assert all(text.strip() for text in [*header.title.values(), header.why, header.author, header.checked_by])
    assert header.review_by > TODAY, f"{name}: look at it again, then set a new date"


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_one_lower_case_select_of_named_tables(name: str) -> None:
    query = QUERIES[name]
    words = set(re.findall(r"\b[A-Z]{2,}\b", re.sub(r"'[^']*'|--.*", "", query.text)))
    assert not words, f"{name}: {words}"
    assert query.reads <= {*CONTRACTS, *QUERIES, "period", "partnership"}
    assert "*" not in re.sub(r"count\(\*\)", "", query.text.split("from")[0]), "columns are named one by one"
    assert len(query.text.splitlines()) <= 50


@pytest.mark.parametrize("name", INDICATORS)
def test_an_indicator_says_unit_direction_class_objectives_and_caveats(name: str) -> None:
    header = INDICATORS[name]
    assert header.unit
    assert header.better in ("up", "down", "context")
    assert header.class_ in classes()
    assert header.serves
    assert all(OBJECTIVE.fullmatch(objective) for objective in header.serves)
    assert set(header.caveats) <= CAVEATS
    assert header.fresh_days > 0


@pytest.mark.parametrize("name", [name for name, header in INDICATORS.items() if classes()[header.class_].contributors > 1])
def test_an_indicator_of_people_says_how_many_partners_stand_behind_it(name: str) -> None:
    columns = sqlglot.parse_one(QUERIES[name].text, dialect="postgres").named_selects
    assert {"reporters", "expected", "contributors"} <= set(columns)


@pytest.mark.parametrize("name", [name for name, header in INDICATORS.items() if header.interval])
def test_an_indicator_with_an_interval_selects_its_bounds(name: str) -> None:
    assert {"lower", "upper"} <= set(sqlglot.parse_one(QUERIES[name].text, dialect="postgres").named_selects)


@pytest.mark.parametrize("name", BRIEFS)
def test_a_brief_has_an_approver_and_all_its_languages(name: str) -> None:
    brief = BRIEFS[name]
    assert brief.header.approver
    assert {f"{brief.name}.{language}" for language in brief.header.languages} <= set(BRIEFS)
    assert brief.header.asks
    assert all(OBJECTIVE.fullmatch(objective) for objective in brief.header.objectives)
    assert brief.header.review_by > TODAY


def test_what_starts_by_itself_is_named_by_dotted_entrypoints() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    for deployment in deployments:
        module, _, flow = deployment["entrypoint"].rpartition(".")
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        assert flow in [node.name for node in tree(path).body if isinstance(node, ast.FunctionDef)], deployment["entrypoint"]


# Modules


@pytest.mark.parametrize("path", modules("tasks", "sql", "expectations", "briefs"), ids=dotted)
def test_only_flows_know_prefect(path: Path) -> None:
    assert not [name for name in imported(path) if name.split(".")[0] == "prefect"]


@each_module
def test_nothing_is_caught_in_general_outside_flows(path: Path) -> None:
    """`except Exception` hides faults; only a flow's edge gathers them."""
    if path.relative_to(ROOT).parts[0] == "flows":
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            # What is caught to tidy up or to pick out one kind goes on its way.
            raises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
            assert raises or caught not in ("everything", "Exception", "BaseException"), f"line {node.lineno}: except {caught}"


@each_module
def test_a_module_says_what_it_is(path: Path) -> None:
    assert (ast.get_docstring(tree(path)) or "").strip()


@each_module
def test_a_module_is_no_longer_than_a_reader_can_hold(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE, f"{dotted(path)}: make a folder of the same name"


def test_sizes_are_told() -> None:
    """Information for who reads the output (`pytest -s`): how the modules and functions of the house read."""
    lengths = sorted((len(path.read_text(encoding="utf-8").splitlines()), dotted(path)) for path in modules())
    functions = sorted(
        ((node.end_lineno or 0) - node.lineno + 1, f"{dotted(path)}.{node.name}")
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    )
    assert lengths
    assert functions
    print(f"\n{len(lengths)} modules, half of them under {lengths[len(lengths) // 2][0]} lines; the longest: {lengths[-3:]}")
    print(f"{len(functions)} functions, half of them under {functions[len(functions) // 2][0]} lines; the longest: {functions[-3:]}")


@pytest.mark.parametrize("package", ["sql", "tasks", "expectations"])
def test_examples_in_docstrings_are_true(package: str) -> None:
    results = [doctest.testmod(importlib.import_module(dotted(path))) for path in modules(package) if path.name != "__main__.py"]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 0
