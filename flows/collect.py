"""Collect what partners sent: every file in the inboxes is staged, checked and loaded; a refused file waits where it lies."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import pages
from flows.forms import Collect, named, partnership, run_name
from flows.sentences import Line, collect_files
from flows.verbs import as_tasks

EVERYTHING = Collect()


def _name() -> str:
    return run_name("Collect {tables}", nothing="what partners sent")


@flow(name="collect", flow_run_name=_name, persist_result=False)
def collect(order: Collect = EVERYTHING) -> State[list[Line]]:
    """Read, check and load partners' files."""
    home = partnership()
    lines = collect_files(home, [named("partner", table) for table in order.tables], as_tasks())
    titles = {contract.name: contract.title["en"] for contract in home.contracts()}
    page = pages.of_lines("Partner data", lines, titles)
    create_markdown_artifact(key="collect", markdown=page, description="What arrived, what was refused and why")
    # A partner's file with mistakes is everyday work: the run did it. Our own faults are failures.
    ours = [line for line in lines if line.outcome in ("failed", "not_checked", "unreachable")]
    if ours:
        return Failed(message=f"{pages.summary(lines)} {pages.what_failed(ours)}", data=lines)
    return Completed(message=pages.summary(lines), data=lines)
