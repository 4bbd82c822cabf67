"""The partner round trip: one file of twenty thousand rows, and thirty files in one run, from the folder to the answer."""

from __future__ import annotations

import csv
import io
import os
import random
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured, Settings, fresh_home, seconds

ROWS, FILES = 20_000, 30
FIRST_YEAR, METRICS = 1970, 100
MORNING = "2026-11-22T17:00:00+00:00"


def partners(settings: Settings) -> Measured:
    """Seconds from the file in its folder to the marked workbook and the receipt in the outbox, in a process that did it before.

    `seconds` is one partner's CSV of 20,000 rows until it is answered; the views of the warehouse are built after that (`build` in
    `steps`, where the time of the large one goes). `many` is thirty partners' workbooks of ten rows each, the whole run. Every file is
    taken whole: a refusal would be faster.
    """
    from flows.partners import collect_partners
    from flows.verbs import Verbs

    os.environ |= {"OPENLIP_NOW": MORNING, "OPENLIP_SECRET_GATE_KEY": "bench"}
    home = fresh_home(settings, sample=True)
    _registers(home.home)
    collect_partners(home, [], Verbs())
    _workbook(home.home, "b01", value=10)
    _taken(collect_partners(home, [], Verbs()), 1)
    steps: dict[str, float] = {}
    large = []
    for turn in range(settings.repeat):
        _large(home.home, turn)
        before = steps.get("build", 0.0)
        took = seconds(lambda: _taken(collect_partners(home, [], _timed(steps)), 1))
        large.append(took - (steps["build"] - before))
    many = []
    for turn in range(settings.repeat):
        for number in range(1, FILES + 1):
            _workbook(home.home, f"b{number:02}", value=20 + turn)
        many.append(seconds(lambda: _taken(collect_partners(home, [], Verbs()), FILES)))
    middle = settings.repeat // 2
    return {
        "seconds": sorted(large)[middle],
        "many": sorted(many)[middle],
        "steps": {name: took / settings.repeat for name, took in steps.items()},
        "all": {"large": large, "many": many},
    }


def _taken(collected: Any, files: int) -> None:
    states = [one.state for one in collected.submissions]
    assert len(states) == files, (states, collected.lines)
    told = [finding.sentence() for one in collected.submissions for finding in one.findings[:3]]
    assert all(state.startswith(("accepted", "partly")) for state in states), (states, told)


def _timed(steps: dict[str, float]) -> Any:
    """The verbs, whose seconds are added up by name."""
    from dataclasses import fields, replace

    from flows.verbs import Verbs

    def timed(name: str, verb: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            answer: list[Any] = []
            steps[name] = steps.get(name, 0.0) + seconds(lambda: answer.append(verb(*args, **kwargs)))
            return answer[0]

        return run

    plain = Verbs()
    return replace(plain, **{field.name: timed(field.name, getattr(plain, field.name)) for field in fields(plain)})


def _registers(home: Path) -> None:
    """A hundred metrics more, thirty partners more, each of whom owes all of them."""
    registers = home / "registers"
    metrics = _rows(registers / "metrics.csv")
    like = next(row for row in metrics if row["metric"] == "clients_served")
    named = [{"metric": f"bench_{n:03}", "name_en": f"Bench {n}", "name_fr": f"Banc {n}"} for n in range(METRICS)]
    made = [like | name | {"valid_from": f"{FIRST_YEAR}-01-01"} for name in named]
    _write(registers / "metrics.csv", [*metrics, *made])
    members = _rows(registers / "members.csv")
    first = f"{FIRST_YEAR}-01-01"
    own = [
        members[0] | {"partner": f"b{n:02}", "name_en": f"Bench {n}", "name_fr": f"Banc {n}", "joined": first} for n in range(1, FILES + 1)
    ]
    _write(registers / "members.csv", [*members, *own])
    owed = [
        {"partner": row["partner"], "metric": one["metric"], "from": first if row["partner"] == "b01" else "2026-07-01", "to": ""}
        for row in own
        for one in made
    ]
    _write(registers / "reporting.csv", [*_rows(registers / "reporting.csv"), *owed])


def _large(home: Path, turn: int) -> None:
    """A hundred metrics over two hundred quarters, each number near the one before it."""
    draw = random.Random(turn)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["partner", "period", "metric", "value"])
    values = [draw.randint(200, 400) for _ in range(METRICS)]
    for quarter in range(ROWS // METRICS):
        code = f"{FIRST_YEAR + quarter // 4}-Q{quarter % 4 + 1}"
        for number in range(METRICS):
            values[number] = max(50, values[number] + draw.randint(-9, 9))
            writer.writerow(["b01", code, f"bench_{number:03}", values[number]])
    folder = home / "inbox" / "partners" / "b01"
    folder.mkdir(parents=True, exist_ok=True)
    _still(folder / "large.csv", out.getvalue().encode())


def _workbook(home: Path, partner: str, *, value: int) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "metrics"
    sheet.append(["partner", "period", "metric", "value"])
    for number in range(10):
        sheet.append([partner, "2026-Q3", f"bench_{number:03}", value + number])
    out = io.BytesIO()
    book.save(out)
    folder = home / "inbox" / "partners" / partner
    folder.mkdir(parents=True, exist_ok=True)
    _still(folder / "report.xlsx", out.getvalue())


def _still(path: Path, body: bytes) -> None:
    """A file that has lain there for a minute, so that nobody waits whether it still grows."""
    path.write_bytes(body)
    old = path.stat().st_mtime - 60
    os.utime(path, (old, old))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
