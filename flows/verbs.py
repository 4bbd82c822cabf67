"""The verbs as a flow runs them: plain functions, or Prefect tasks with names, and no stored results.

No task is retried: the transport is patient by itself, and what it could not get is asked for again at the next run.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from expectations import Contract
from tasks import Problem
from tasks.accept import Accepted, accept
from tasks.admit import admit
from tasks.answer import Answered, answer
from tasks.build import Built, build
from tasks.check import Verdict, check
from tasks.compose import Draft, compose
from tasks.conclude import Submission, conclude
from tasks.due import Window
from tasks.fetch import Snapshot, fetch
from tasks.hand_out import HandedOut, hand_out
from tasks.load import Loaded, load
from tasks.measure import Figure, measure
from tasks.protect import ProtectedFigure, protect
from tasks.receive import Channel, Received, channels, receive
from tasks.record import record
from tasks.remind import Reminder, remind
from tasks.render import Document, render
from tasks.screen import Screened, screen
from tasks.stage import Staged, stage
from tasks.waiting import Waiting, waiting


class Sealed(Problem):
    """A fault of ours while a partner's file was worked on: it says where in our code, and nothing of the file."""


def sealed(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The verb; while it works on a partner's file, an unforeseen error says its kind and place only.

    The message of an error, and the traceback that Prefect logs, could repeat what stood in the file.
    """

    @wraps(verb)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return verb(*args, **kwargs)
        except Problem:
            raise
        except Exception as error:
            if any(isinstance(given, Contract) and not given.is_partner for given in (*args, *kwargs.values())):
                raise
            where = traceback.extract_tb(error.__traceback__)[-1]
            raise Sealed(f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}, in {verb.__name__}.") from None

    return run


_receive, _screen, _stage, _admit = sealed(receive), sealed(screen), sealed(stage), sealed(admit)
_check, _load, _conclude, _answer = sealed(check), sealed(load), sealed(conclude), sealed(answer)


@dataclass(frozen=True, slots=True)
class Verbs:
    """One callable per verb."""

    fetch: Callable[..., list[Snapshot]] = fetch
    channels: Callable[..., list[Channel]] = channels
    receive: Callable[..., Received] = _receive
    screen: Callable[..., Screened] = _screen
    stage: Callable[..., Staged] = _stage
    admit: Callable[..., dict[str, Window]] = _admit
    check: Callable[..., Verdict] = _check
    load: Callable[..., Loaded] = _load
    conclude: Callable[..., Submission] = _conclude
    answer: Callable[..., Answered] = _answer
    hand_out: Callable[..., list[HandedOut]] = hand_out
    remind: Callable[..., list[Reminder]] = remind
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
        "receive": "{channel.name}",
        "screen": "{parcel.channel}",
        "admit": "{contract.name}",
        "conclude": "{screened.partner}",
        "answer": "{submission.partner}",
        "hand_out": "{period}",
        "remind": "{period}",
        "stage": "{contract.name}",
        "check": "{contract.name}",
        "load": "{contract.name}",
        "render": "{draft.language}",
        "record": "{draft.language}",
        "waiting": "{contract}",
        "accept": "{contract}",
    }
    partners = ("receive", "screen", "admit", "conclude", "answer", "hand_out", "remind")
    names = (*partners, "stage", "check", "load", "build", "measure", "protect", "compose", "render", "record", "waiting", "accept")
    plain = Verbs()
    steps = {name: wrapped(getattr(plain, name), name, task_run_name=f"{name} {about.get(name, '')}".strip()) for name in names}
    return Verbs(fetch=wrapped(fetch, "fetch", task_run_name="fetch {contract.name}"), **steps)
