"""Refresh public statistics: every table that is due is fetched, staged, checked and loaded; then the views are built."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import pages
from flows.forms import Refresh, named, partnership
from flows.sentences import Line, refresh_tables
from flows.verbs import as_tasks

EVERYTHING = Refresh()


def _name() -> str:
    from prefect.runtime import flow_run

    order = flow_run.parameters.get("order") or {}
    tables = order.get("tables", []) if isinstance(order, dict) else order.tables
    return f"refresh {', '.join(tables) if tables else 'all public tables'}"


@flow(name="refresh", flow_run_name=_name, persist_result=False)
def refresh(order: Refresh = EVERYTHING) -> State[list[Line]]:
    """Fetch, check and load public statistics."""
    lines = refresh_tables(partnership(), [named("public", table) for table in order.tables], as_tasks())
    create_markdown_artifact(
        key="refresh", markdown=pages.of_lines("Public statistics", lines), description="What was loaded, what was refused and why"
    )
    bad = [line for line in lines if line.is_bad]
    if bad:
        return Failed(message=f"{pages.summary(lines)} {bad[0].contract}: {bad[0].message}", data=lines)
    return Completed(message=pages.summary(lines), data=lines)
