"""Collect what partners sent, a look first: each file is screened, checked, loaded and answered; a refused one stays where it lies."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from expectations.partnership import Partnership
from flows import pages, partner_pages
from flows.forms import Collect, asked, named, only_looks, partnership, run_name
from flows.partners import Collected, collect_partners
from flows.secrets import secrets_of
from flows.verbs import as_tasks

LOOK = Collect()


def _name() -> str:
    looks = only_looks(Collect.model_validate(asked()).dry_run)
    return run_name(f"{'Look at' if looks else 'Collect'} {{partners}}", nothing="what partners sent")


@flow(name="collect", flow_run_name=_name, persist_result=False)
def collect(order: Collect = LOOK) -> State[Collected]:
    """Read, check, load and answer partners' files."""
    home = partnership()
    secrets_of(home)
    chosen = [named("member", partner) for partner in order.partners]
    dry_run = only_looks(order.dry_run)
    found = collect_partners(home, chosen, as_tasks(), dry_run=dry_run)
    _show(found, home, dry_run=dry_run)
    # A partner's file with mistakes is everyday work: the run did it. Our own faults are failures, and what cannot be reached once.
    ours = [line for line in found.lines if line.outcome in ("failed", "not_checked", "unreachable") and line.is_news]
    summary = partner_pages.summary(found, dry_run=dry_run)
    if ours:
        return Failed(message=f"{summary} {pages.what_failed(ours)}", data=found)
    return Completed(message=summary, data=found)


def _show(found: Collected, home: Partnership, *, dry_run: bool) -> None:
    """The receipts first, so that the page of the collection can link to them."""
    about = partner_pages.about_receipts(found, home)
    made = {
        # Called from a function that is no coroutine, it gives no coroutine.
        key: cast(UUID, create_markdown_artifact(key=key, markdown=receipt, description=about[key]))
        for key, receipt in partner_pages.receipts(found, home).items()
    }
    page = partner_pages.of_collected(found, home, dry_run=dry_run, artifacts=made)
    create_markdown_artifact(key="collect", markdown=page, description="All partners: what came, and who owes what")
