"""Make a brief: measure, protect, compose, render; then it waits for a second person's approval."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from briefs import BriefBroken
from flows import pages
from flows.forms import Publish, called, named, partnership, run_name
from flows.sentences import Made, publish_brief
from flows.verbs import as_tasks
from sql import QueryBroken
from tasks import Misuse, Problem


def _name() -> str:
    return run_name("{brief}, for {office}", nothing="?")


@flow(name="publish", flow_run_name=_name, persist_result=False)
def publish(order: Publish) -> State[list[Made]]:
    """Make a brief for an office, in the languages chosen."""
    try:
        made = _made(order)
    except (Problem, BriefBroken, QueryBroken) as error:
        create_markdown_artifact(key="publish", markdown=f"# The brief was not made\n\n{error}", description="Why no brief was made")
        return Failed(message=str(error), data=error)
    title = f"{called('brief', order.brief)}, for {called('office', order.office)}"
    page = pages.of_documents(title, made, partnership().home)
    create_markdown_artifact(key="publish", markdown=page, description="The documents and their digests")
    return Completed(message=f"{len(made)} documents wait for approval.", data=made)


def _made(order: Publish) -> list[Made]:
    if order.use_date and not order.day:
        raise Misuse('"As known on an earlier day" is on, but no day is chosen. Choose the day, or switch it off.')
    languages = [named("language", language) for language in order.languages]
    brief, office = named("brief", order.brief), named("office", order.office)
    return publish_brief(partnership(), brief, office, as_tasks(), as_of=order.day if order.use_date else None, languages=languages)
