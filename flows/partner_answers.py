"""What the commands about partners answer: an exit code, plain data for --json, and a page of text."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from flows import partner_pages, partners
from flows.answers import Answer, has_server, of_lines, through_prefect
from flows.forms import Collect, partnership
from flows.secrets import GATE_KEY, secrets_of
from flows.verbs import Verbs
from tasks import Misuse
from tasks.claims import claims
from tasks.due import current_period, standings
from tasks.hand_out import page_of
from tasks.receive.parcel import secret
from tasks.survey import survey
from tasks.withdraw import withdraw


def collected(options: argparse.Namespace) -> Answer:
    """openlip collect."""
    home, dry_run = partnership(), bool(getattr(options, "look", False))
    missing = secrets_of(home)
    if GATE_KEY in missing:
        secret(GATE_KEY)  # says what to do
    found = through_prefect("collect", Collect(partners=options.only, dry_run=dry_run)) if has_server() else None
    found = found or partners.collect_partners(home, options.only, Verbs(), dry_run=dry_run)
    code, _, told = of_lines(list(found.lines))
    # A file that was refused is the partner's work, and told; the command did its own.
    states = [f"{item.partner or 'unknown'}: {item.state}, submission {item.number}" for item in found.submissions]
    return code, asdict(found), "\n".join([told, *states])


def templated(options: argparse.Namespace) -> Answer:
    """openlip template."""
    made = partners.hand_out_workbooks(
        partnership(), options.period, options.partner, Verbs(), dry_run=not options.send, again=options.again
    )
    told = [f"{item.file}: {item.metrics} numbers{', put into the outbox' if item.is_put else ''}" for item in made]
    return 0, [asdict(item) for item in made], "\n".join(told) or "Nobody owes anything of that period."


def given_back(options: argparse.Namespace) -> Answer:
    """openlip give-back."""
    home, period = partnership(), options.period or current_period()
    made = page_of(home, options.partner, period)
    if not made:
        return 1, {"page": ""}, f"{options.partner} has reported nothing up to {period}: there is nothing to give back yet."
    path = home.home / "answers" / options.partner / made[0].name
    return 0, {"page": str(path)}, f"{path}\nFor {options.partner} alone."


def reminded(options: argparse.Namespace) -> Answer:
    """openlip remind."""
    said = partners.remind_partners(partnership(), options.period, options.partner, Verbs(), dry_run=not options.send)
    told = [f"{item.partner:8} {item.state:22} {'reminded' if item.is_put else item.why_not or 'would be reminded'}" for item in said]
    return 0, [asdict(item) for item in said], "\n".join(told) or "Nobody owes anything of that period."


def standing(options: argparse.Namespace) -> Answer:
    """openlip partners: who owes what."""
    home = partnership()
    found = standings(home, options.period or current_period())
    page = "\n".join(partner_pages.of_standings(found, options.period or current_period(), home))
    return 0, [asdict(one) for one in found], page.replace("**", "")


def withdrawn(options: argparse.Namespace) -> Answer:
    """openlip withdraw."""
    taken = withdraw(partnership(), options.partner, options.period, by=options.by, why=options.why)
    Verbs().build(partnership())
    return 0, asdict(taken), f"{taken.rows} rows of {taken.partner} for {taken.period} no longer count; every version is kept."


def surveyed(options: argparse.Namespace) -> Answer:
    """openlip survey FILE --survey NAME."""
    if not options.file.is_file():
        raise Misuse(f"{options.file}: there is no such file.")
    home = partnership()
    found = survey(options.file.read_bytes(), options.survey, home, dry_run=options.look)
    told = [f"{finding.tier}: {finding.sentence().strip(': ')}" for finding in found.findings]
    if found.counts:
        share = f"{100 * found.completed / found.begun:.1f} %" if found.begun else "none"
        told.append(f"{found.survey}: {found.begun} begun, {found.completed} completed ({share}), {len(found.counts)} counts.")
    if found.is_written:
        told.append("The counts are in registers/survey_counts.csv; openlip refresh --only survey_counts loads them.")
    return (0 if found.counts else 1), asdict(found), "\n".join(told)


def claimed(_options: argparse.Namespace) -> Answer:
    """openlip claims."""
    found = claims(partnership())
    told = [
        f"{item.verdict:10} {item.document}: says {item.says}"
        f"{f', the figures say {item.computed}' if item.computed else ''}{f' ({item.base})' if item.base else ''}; {item.about}"
        for item in found
    ]
    return (1 if any(item.verdict == "conflicts" for item in found) else 0), [asdict(item) for item in found], "\n".join(told)
