"""Make a brief: measure, protect, compose, render; then it waits for a second person's approval."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import pages
from flows.forms import Publish, named, partnership
from flows.sentences import Made, publish_brief
from flows.verbs import as_tasks
from tasks import Problem

NOTHING_CHOSEN = Publish()


def _name() -> str:
    from prefect.runtime import flow_run

    order = flow_run.parameters.get("order") or {}
    said = order if isinstance(order, dict) else order.model_dump()
    return f"brief {said.get('brief') or '?'} for {said.get('office') or '?'}"


@flow(name="publish", flow_run_name=_name, persist_result=False)
def publish(order: Publish = NOTHING_CHOSEN) -> State[list[Made]]:
    """Make a brief for an office, in the languages ticked."""
    home = partnership()
    languages = [code for code, ticked in (("en", order.english), ("fr", order.french)) if ticked]
    day = order.day if order.use_date else None
    try:
        made = publish_brief(home, named("brief", order.brief), named("office", order.office), as_tasks(), as_of=day, languages=languages)
    except Problem as error:
        create_markdown_artifact(key="publish", markdown=f"# The brief was not made\n\n{error}", description="Why no brief was made")
        return Failed(message=str(error))
    page = pages.of_documents(f"{order.brief} for {order.office}", made, home.home)
    create_markdown_artifact(key="publish", markdown=page, description="The documents and their digests")
    return Completed(message=f"{len(made)} documents wait for approval.", data=made)
