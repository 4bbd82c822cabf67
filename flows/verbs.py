"""The verbs as a flow runs them: plain functions, or Prefect tasks with names, and no stored results.

No task is retried: the transport is patient by itself, and what it could not get is asked for again at the next run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasks.accept import Accepted, accept
from tasks.build import Built, build
from tasks.check import Verdict, check
from tasks.compose import Draft, compose
from tasks.fetch import Snapshot, fetch
from tasks.load import Loaded, load
from tasks.measure import Figure, measure
from tasks.protect import ProtectedFigure, protect
from tasks.record import record
from tasks.render import Document, render
from tasks.stage import Staged, stage
from tasks.waiting import Waiting, waiting


@dataclass(frozen=True, slots=True)
class Verbs:
    """One callable per verb."""

    fetch: Callable[..., list[Snapshot]] = fetch
    stage: Callable[..., Staged] = stage
    check: Callable[..., Verdict] = check
    load: Callable[..., Loaded] = load
    build: Callable[..., list[Built]] = build
    measure: Callable[..., list[Figure]] = measure
    protect: Callable[..., list[ProtectedFigure]] = protect
    compose: Callable[..., list[Draft]] = compose
    render: Callable[..., Document] = render
    record: Callable[..., str] = record
    waiting: Callable[..., list[Waiting]] = waiting
    accept: Callable[..., Accepted] = accept


def as_tasks() -> Verbs:
    """The verbs as Prefect tasks. Nothing is cached or stored: receipts lie in the ledger, and results may hold small counts."""
    from prefect import task
    from prefect.cache_policies import NO_CACHE

    def wrapped(verb: Callable[..., Any], name: str, **more: Any) -> Callable[..., Any]:
        made: Callable[..., Any] = task(name=name, cache_policy=NO_CACHE, persist_result=False, **more)(verb)
        return made

    about = {
        "stage": "{contract.name}",
        "check": "{contract.name}",
        "load": "{contract.name}",
        "render": "{draft.language}",
        "record": "{draft.language}",
        "waiting": "{contract}",
        "accept": "{contract}",
    }
    names = ("stage", "check", "load", "build", "measure", "protect", "compose", "render", "record", "waiting", "accept")
    plain = Verbs()
    steps = {name: wrapped(getattr(plain, name), name, task_run_name=f"{name} {about.get(name, '')}".strip()) for name in names}
    return Verbs(fetch=wrapped(fetch, "fetch", task_run_name="fetch {contract.name}"), **steps)
