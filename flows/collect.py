"""Collect what partners sent: every file is screened, checked, loaded and answered; a refused one stays where it lies."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import pages, partner_pages
from flows.forms import Collect, named, partnership, run_name
from flows.partners import Collected, collect_partners
from flows.secrets import secrets_of
from flows.verbs import as_tasks

EVERYTHING = Collect()


def _name() -> str:
    return run_name("Collect {partners}", nothing="what partners sent")


@flow(name="collect", flow_run_name=_name, persist_result=False)
def collect(order: Collect = EVERYTHING) -> State[Collected]:
    """Read, check, load and answer partners' files."""
    home = partnership()
    secrets_of(home)
    chosen = [named("member", partner) for partner in order.partners]
    found = collect_partners(home, chosen, as_tasks(), dry_run=order.dry_run)
    page = partner_pages.of_collected(found, home, dry_run=order.dry_run)
    create_markdown_artifact(key="collect", markdown=page, description="What arrived, what became of it, and who still owes what")
    for key, receipt in partner_pages.receipts(found, home).items():
        create_markdown_artifact(key=key, markdown=receipt, description="What was received, and what became of it")
    # A partner's file with mistakes is everyday work: the run did it. Our own faults are failures, and what cannot be reached once.
    ours = [line for line in found.lines if line.outcome in ("failed", "not_checked", "unreachable") and line.is_news]
    summary = partner_pages.summary(found, dry_run=order.dry_run)
    if ours:
        return Failed(message=f"{summary} {pages.what_failed(ours)}", data=found)
    return Completed(message=summary, data=found)
