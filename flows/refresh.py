"""Refresh public statistics: every table that is due is fetched, staged, checked and loaded; then the views are built."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import pages
from flows.forms import Refresh, named, partnership, run_name
from flows.sentences import Line, refresh_tables
from flows.verbs import as_tasks

EVERYTHING = Refresh()


def _name() -> str:
    return run_name("Refresh {tables}", nothing="all public tables")


@flow(name="refresh", flow_run_name=_name, persist_result=False)
def refresh(order: Refresh = EVERYTHING) -> State[list[Line]]:
    """Fetch, check and load public statistics."""
    home = partnership()
    lines = refresh_tables(home, [named("public", table) for table in order.tables], as_tasks())
    titles = {contract.name: contract.title["en"] for contract in home.contracts()}
    page = pages.of_lines("Public statistics", lines, titles)
    create_markdown_artifact(key="refresh", markdown=page, description="What was loaded, what was refused and why")
    # A source that is down for a week is told once: a run that is red every day is soon read by nobody.
    bad = [line for line in lines if line.is_bad and line.is_news]
    if bad:
        return Failed(message=f"{pages.summary(lines)} {pages.what_failed(bad)}", data=lines)
    return Completed(message=pages.summary(lines), data=lines)
