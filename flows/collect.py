"""Collect what partners sent: every file in the inboxes is staged, checked and loaded; a refused file waits where it lies."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import pages
from flows.forms import Collect, named, partnership
from flows.sentences import Line, collect_files
from flows.verbs import as_tasks

EVERYTHING = Collect()


@flow(name="collect", flow_run_name="collect what partners sent", persist_result=False)
def collect(order: Collect = EVERYTHING) -> State[list[Line]]:
    """Read, check and load partners' files."""
    lines = collect_files(partnership(), [named("partner", table) for table in order.tables], as_tasks())
    create_markdown_artifact(
        key="collect", markdown=pages.of_lines("Partner data", lines), description="What arrived, what was refused and why"
    )
    # A partner's file with mistakes is everyday work: the run did it. Our own faults are failures.
    ours = [line for line in lines if line.outcome in ("failed", "not_checked", "unreachable")]
    if ours:
        return Failed(message=f"{pages.summary(lines)} {ours[0].contract}: {ours[0].message}", data=lines)
    return Completed(message=pages.summary(lines), data=lines)
