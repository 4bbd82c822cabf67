"""Count the answers of a survey: what each questionnaire said is read in memory, counted, and gone; only the counts are kept."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from expectations import Column, Contract, places
from expectations.contract import Layout, Source
from expectations.partnership import Partnership
from tasks import Misuse
from tasks.findings import Finding
from tasks.outbox import write_whole
from tasks.screen.faults import Faults
from tasks.screen.fold import fold
from tasks.screen.judge import Judged, judge
from tasks.screen.opened import opened
from tasks.screen.table import Table

MAIN, STATUS = "main", "status"
# What a questionnaire can be: sent in to the end, or left half way. Both were begun.
STATES = {"completed": "completed", "partial": "partial"}
HEADER = ("survey", "branch", "language", "question", "answer", "answers")
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Tallied:
    """The counts of a survey: by branch, language, question and answer; `status` counts questionnaires begun and completed.

    With `findings` nothing was counted: they say where the file holds what is on no list, without repeating it.
    """

    survey: str
    begun: int
    completed: int
    counts: tuple[tuple[Key, int], ...]
    findings: tuple[Finding, ...]
    is_written: bool


def survey(body: bytes, name: str, partnership: Partnership, *, dry_run: bool = False) -> Tallied:
    """Count a file of answers (CSV or XLSX, a row for each questionnaire) and put the counts into registers/survey_counts.csv.

    Columns: `language`, `status` (completed or partial), for each branch but the main one `<branch>_status` (empty for those who were
    not led into it), and a column for each question of registers/survey_questions.csv, with the code of the answer or its name in any
    language. Anything else, a name, a time, an address of a computer, a free text, refuses the file. The base of a branch is those who
    were led into it. Earlier counts of the survey are replaced.
    """
    questions = _questions(name, partnership)
    contract = _contract(name, questions, partnership)
    faults = Faults()
    _, tables = opened(body, frozenset(fold(column) for column in contract.columns), faults)
    judged = _judged(tables, contract, questions, partnership, faults)
    if judged is None:
        return Tallied(name, 0, 0, (), faults.findings(), False)
    counts = _counted(judged, questions)
    begun, completed = (
        sum(n for key, n in counts.items() if key[0] == MAIN and key[2:] == (STATUS, word)) for word in ("started", "completed")
    )
    told = tuple(sorted(counts.items()))
    if not dry_run:
        _write(name, counts, partnership)
    return Tallied(name, begun, completed, told, faults.findings(), not dry_run)


@dataclass(frozen=True, slots=True)
class _Question:
    """A question: its branch, and the codes of its answers with every name they have."""

    branch: str
    answers: tuple[str, ...]
    called: Mapping[str, str]


def _questions(name: str, partnership: Partnership) -> dict[str, _Question]:
    registers = partnership.home / "registers"
    there = [row["survey"] for row in places.rows(registers / "surveys.csv", "survey")]
    if name not in there:
        raise Misuse(f"There is no survey {name!r} in registers/surveys.csv. There are: {', '.join(there) or 'none'}.")
    found: dict[str, _Question] = {}
    for row in places.rows(registers / "survey_questions.csv", "survey", "branch", "question", "answer"):
        if row["survey"] != name:
            continue
        before = found.get(row["question"], _Question(row["branch"], (), {}))
        names = [text for column, text in row.items() if column.startswith("name_") and text]
        called = {**before.called, **{fold(text): row["answer"] for text in (row["answer"], *names)}}
        found[row["question"]] = _Question(row["branch"], (*before.answers, row["answer"]), called)
    return found


def _contract(name: str, questions: Mapping[str, _Question], partnership: Partnership) -> Contract:
    """The closed columns and lists of this survey, as the gate reads them."""
    languages = next(
        row["languages"].split() for row in places.rows(partnership.home / "registers" / "surveys.csv") if row["survey"] == name
    )
    branches = sorted({question.branch for question in questions.values()} - {MAIN})
    columns = {"language": Column(one_of=languages), STATUS: Column(one_of=list(STATES))}
    columns |= {f"{branch}_{STATUS}": Column(one_of=list(STATES), required=False) for branch in branches}
    columns |= {code: Column(one_of=list(question.answers), required=False) for code, question in questions.items()}
    return Contract(
        name=f"survey_{name}",
        title={"en": name, "fr": name},
        publisher="The partnership",
        licence="own",
        source=Source(fetch="register", file="none"),
        layout=Layout(kind="sheet"),
        due="as_needed",
        review_by=date.max,
        grain=[STATUS],
        rows=(1, 1_000_000),
        columns=columns,
    )


def _judged(
    tables: list[Table], contract: Contract, questions: Mapping[str, _Question], partnership: Partnership, faults: Faults
) -> Judged | None:
    """The answers as codes, or None when the gate refuses them."""
    filled = [table for table in tables if table.rows]
    if not faults.refuses and len(filled) != 1:
        faults.add("gate_no_rows" if not filled else "gate_sheet", count=len(filled))
    if faults.refuses:
        return None
    judged = judge(_in_codes(filled[0], questions), contract, partnership, sheet=filled[0].name and "1", faults=faults)
    if not faults.refuses and not judged.rows:
        faults.add("gate_no_rows")
    return None if faults.refuses else judged


def _in_codes(table: Table, questions: Mapping[str, _Question]) -> Table:
    """The table with the names of answers, in any language, as their codes; what is none of them is left for the gate to judge."""
    if not table.rows:
        return table
    (top, header), *rows = table.rows
    asked = {place: questions[fold(str(cell))] for place, cell in header.items() if fold(str(cell)) in questions}
    coded = [
        (row, {place: asked[place].called.get(fold(str(cell)), cell) if place in asked else cell for place, cell in cells.items()})
        for row, cells in rows
    ]
    return replace(table, rows=[(top, header), *coded])


def _counted(judged: Judged, questions: Mapping[str, _Question]) -> Counter[Key]:
    counts: Counter[Key] = Counter()
    for row in judged.rows.values():
        language = row["language"]
        for column, state in row.items():
            if column == STATUS or column.endswith(f"_{STATUS}"):
                branch = MAIN if column == STATUS else column.removesuffix(f"_{STATUS}")
                counts[branch, language, STATUS, "started"] += 1
                counts[branch, language, STATUS, "completed"] += state == "completed"
            elif column in questions:
                counts[questions[column].branch, language, column, state] += 1
    return counts


def _write(name: str, counts: Mapping[Key, int], partnership: Partnership) -> None:
    path = partnership.home / "registers" / "survey_counts.csv"
    others = [row for row in places.rows(path, *HEADER) if row["survey"] != name]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([row[column] for column in HEADER] for row in others)
    writer.writerows([name, *key, count] for key, count in sorted(counts.items()))
    write_whole(path, out.getvalue().encode())
