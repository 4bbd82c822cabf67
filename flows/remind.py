"""Send reminders: to partners that still owe something of a period; a dry run first."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import partner_pages
from flows.forms import Remind, named, only_looks, partnership, period_meant, run_name
from flows.partners import remind_partners
from flows.verbs import as_tasks
from tasks import Problem
from tasks.remind import Reminder


def _name() -> str:
    return run_name("Reminders for {period}", nothing="the last quarter")


DRY = Remind()


@flow(name="remind", flow_run_name=_name, persist_result=False)
def remind(order: Remind = DRY) -> State[list[Reminder]]:
    """Remind partners of what they owe, and put the letters into the outbox."""
    home = partnership()
    dry_run = only_looks(order.dry_run)
    chosen = [named("member", partner) for partner in order.partners]
    try:
        said = remind_partners(home, period_meant(order.period), chosen, as_tasks(), dry_run=dry_run)
    except Problem as error:
        create_markdown_artifact(key="reminders", markdown=f"# Nobody was reminded\n\n{error}", description="Why nobody was reminded")
        return Failed(message=str(error), data=error)
    page = partner_pages.of_reminders(said, home, dry_run=dry_run)
    create_markdown_artifact(key="reminders", markdown=page, description="Who is reminded of what, and who is not and why")
    put = partner_pages.many(sum(item.is_put for item in said), "reminder")
    return Completed(message=f"{put} put into the outbox.", data=said)
