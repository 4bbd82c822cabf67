"""The `openlip` command: every flow and a few questions, for operators, scripts and tests.

With `PREFECT_API_URL` set a flow runs on that server and shows in its UI; without it the same sentence runs in this process.
Exit codes: 0 done; 1 the data or the document was refused; 2 wrong usage or configuration; 3 a source or service could not be
reached; 70 a fault of ours.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

from briefs import BriefBroken
from expectations import ContractBroken
from flows import answers, partner_answers
from sql import QueryBroken
from tasks import Misuse, Problem, Unreachable

DONE, REFUSED, WRONG, UNREACHABLE, FAULT = 0, 1, 2, 3, 70


def run() -> None:
    """Entry point of `openlip`."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    # No run tells anyone that it ran.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    if options.debug:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("openlip").setLevel(logging.DEBUG)
    if options.home:
        os.environ["OPENLIP_HOME"] = str(Path(options.home).resolve())
    try:
        code, answer, page = options.run(options)
    except Exception as error:
        return _told(error, options)
    text = json.dumps(answer, ensure_ascii=False, default=_plain, indent=1) if options.json else page
    try:
        print(text, end="\n" if text else "", flush=True)
    except BrokenPipeError:  # who reads has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(code)


def _told(error: Exception, options: argparse.Namespace) -> int:
    """One message: what, where, what to do; a traceback only with --debug."""
    if options.debug:
        traceback.print_exc()
    code = FAULT
    if isinstance(error, Unreachable):
        code = UNREACHABLE
    elif isinstance(error, Misuse | ContractBroken | QueryBroken):
        code = WRONG
    elif isinstance(error, Problem | BriefBroken):
        code = REFUSED
    text = (
        str(error)
        if code != FAULT
        else f"A fault of ours ({type(error).__name__}: {error}). Run again with --debug and send what it prints."
    )
    if options.json:
        print(json.dumps({"refused" if code == REFUSED else "error": text}, ensure_ascii=False))
    print(text, file=sys.stdout if code == REFUSED and not options.json else sys.stderr)
    return code


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-22") from None


def _quarter(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-Q[1-4]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a quarter such as 2026-Q3")
    return text


Command = Callable[[argparse.Namespace], tuple[int, Any, str]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="openlip", description="Partner and public data on immigration, checked, kept, and made into policy briefs."
    )
    # Taken before the command and after it: a default of the inner parser would undo what was said before.
    shared = argparse.ArgumentParser(add_help=False)
    for taken, absent in ((parser, ""), (shared, argparse.SUPPRESS)):
        taken.add_argument("--home", default=absent, help="the partnership's folder (or OPENLIP_HOME)")
        taken.add_argument("--json", action="store_true", default=absent or False, help="print one JSON object")
        taken.add_argument("--debug", action="store_true", default=absent or False, help="print a traceback when something fails")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, help_: str, run_: Command) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_, parents=[shared])
        made.set_defaults(run=run_)
        return made

    init = command("init", "make a home folder for a partnership", answers.init)
    init.add_argument("folder", type=Path)
    init.add_argument("--from", dest="source", default="peterborough", help="the partnership to begin from")
    init.add_argument(
        "--sample", action="store_true", help="with invented members and partners' files; everything made from it is marked SAMPLE"
    )
    doctor = command("doctor", "look at versions, content, warehouse and sources", answers.health)
    doctor.add_argument("--offline", action="store_true", help="ask no source")
    refresh = command("refresh", "fetch, check and load public statistics", answers.refreshed)
    refresh.add_argument("--only", nargs="+", default=[], metavar="TABLE")
    _partner_commands(command)
    build = command("build", "make the views of the warehouse anew", answers.built)
    build.add_argument("--as-of", type=_day, default=None, metavar="DAY", help="as known at the end of that day")
    accept = command("accept", "tell which revisions wait, or accept one", answers.accepted)
    accept.add_argument("table", nargs="?", default="")
    accept.add_argument("--release", type=int, default=0, metavar="N", help="the release that was looked at")
    accept.add_argument("--by", default="", metavar="PERSON", help="who looked at it; without it nothing is accepted")
    accept.add_argument("--why", default="", help="what the publisher says of the change")
    check = command("check", "check one file against its contract, loading nothing", answers.checked)
    check.add_argument("file", type=Path)
    check.add_argument("--contract", required=True)
    figures = command("figures", "protected values, as a brief would print them", answers.figures)
    figures.add_argument("indicator", nargs="?", default="")
    figures.add_argument("--place", default="")
    figures.add_argument("--period", default="")
    figures.add_argument("--as-of", type=_day, default=None)
    publish = command("publish", "make a brief for an office", answers.published)
    publish.add_argument("brief")
    publish.add_argument("--for", dest="office", default="")
    publish.add_argument("--language", action="append", default=[])
    publish.add_argument("--as-of", type=_day, default=None)
    show = command("show", "walk a document, figure or snapshot back to its source", answers.shown)
    show.add_argument("what")
    serve = command("serve", "Prefect server, worker and deployments on this machine", answers.served)
    serve.add_argument("--port", type=int, default=4200)
    return parser


def _partner_commands(command: Callable[[str, str, Command], argparse.ArgumentParser]) -> None:
    collect = command("collect", "read, check and load what partners sent", partner_answers.collected)
    collect.add_argument("--only", nargs="+", default=[], metavar="PARTNER")
    collect.add_argument("--look", action="store_true", help="only tell which new files lie where")
    template = command("template", "make partners' workbooks of a period, and send them", partner_answers.templated)
    template.add_argument("--partner", action="append", default=[], metavar="PARTNER", help="whose; without it all who owe something")
    last = "such as 2026-Q3; without it the last quarter that is over"
    template.add_argument("--period", type=_quarter, default=None, metavar="PERIOD", help=last)
    template.add_argument("--send", action="store_true", help="put them into the outbox")
    template.add_argument("--again", action="store_true", help="also to those who got theirs already")
    give = command("give-back", "a partner's own numbers over time, on a page for it alone", partner_answers.given_back)
    give.add_argument("partner")
    give.add_argument("--period", default="", metavar="PERIOD", help="the last quarter on it; without it the last one that is over")
    remind = command("remind", "tell who is to be reminded of a period, and send the reminders", partner_answers.reminded)
    remind.add_argument("--partner", action="append", default=[], metavar="PARTNER", help="whom; without it all who owe something")
    remind.add_argument("--period", type=_quarter, default=None, metavar="PERIOD", help=last)
    remind.add_argument("--send", action="store_true", help="put them into the outbox")
    partners = command("partners", "who owes what of a period, and where each stands", partner_answers.standing)
    partners.add_argument("--period", type=_quarter, default=None, metavar="PERIOD", help=last)
    survey = command("survey", "count the answers of a survey, keeping the counts alone", partner_answers.surveyed)
    survey.add_argument("file", type=Path)
    survey.add_argument("--survey", required=True, metavar="NAME", help="a survey of registers/surveys.csv")
    survey.add_argument("--look", action="store_true", help="count, and write nothing")
    command("claims", "what documents state in numbers, against the figures", partner_answers.claimed)
    withdraw = command("withdraw", "take back what a partner reported of a period", partner_answers.withdrawn)
    withdraw.add_argument("partner")
    withdraw.add_argument("--period", type=_quarter, required=True, metavar="PERIOD")
    withdraw.add_argument("--by", required=True, metavar="PERSON", help="who asked for it")
    withdraw.add_argument("--why", default="")


if __name__ == "__main__":
    run()
