"""Send templates: each partner's workbook of a period, made and put into the outbox; a dry run first."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import partner_pages
from flows.forms import HandOut, named, partnership, period_meant, run_name
from flows.partners import hand_out_workbooks
from flows.verbs import as_tasks
from tasks import Problem
from tasks.hand_out import HandedOut


def _name() -> str:
    return run_name("Templates for {period}", nothing="the last quarter")


DRY = HandOut()


@flow(name="hand_out", flow_run_name=_name, persist_result=False)
def hand_out(order: HandOut = DRY) -> State[list[HandedOut]]:
    """Make the workbooks of a period, and put them into the outbox."""
    home = partnership()
    chosen = [named("member", partner) for partner in order.partners]
    try:
        made = hand_out_workbooks(home, period_meant(order.period), chosen, as_tasks(), dry_run=order.dry_run, again=order.again)
    except Problem as error:
        create_markdown_artifact(key="templates", markdown=f"# Nothing was sent\n\n{error}", description="Why nothing was sent")
        return Failed(message=str(error), data=error)
    page = partner_pages.of_handed_out(made, home, dry_run=order.dry_run)
    create_markdown_artifact(key="templates", markdown=page, description="Which workbooks were made, and which were put into the outbox")
    put = sum(item.is_put for item in made)
    return Completed(message=f"{partner_pages.many(len(made), 'workbook')} made, {put} put into the outbox.", data=made)
