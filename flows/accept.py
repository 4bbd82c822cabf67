"""Accept a revision: a person looks at what a publisher changed of the past, and puts it in force."""

from __future__ import annotations

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed

from flows import pages
from flows.forms import Accept, named, partnership, run_name
from flows.sentences import Review, in_words, look_at_revisions
from flows.verbs import as_tasks
from tasks import Problem


def _name() -> str:
    return run_name("Revision of {table}", nothing="?")


@flow(name="accept", flow_run_name=_name, persist_result=False)
def accept(order: Accept) -> State[Review]:
    """Look at the waiting release of a public table, or accept it."""
    home = partnership()
    try:
        review = look_at_revisions(
            home, named("public", order.table), as_tasks(), release=order.release, by=order.by, why=order.why, accepts=order.accept
        )
    except Problem as error:
        create_markdown_artifact(key="accept", markdown=f"# Nothing was accepted\n\n{error}", description="Why nothing was accepted")
        return Failed(message=str(error), data=error)
    create_markdown_artifact(key="accept", markdown=pages.of_review(review, in_words(home)), description="What changed of the past")
    if review.lines:
        return Failed(message=pages.what_failed(review.lines), data=review)
    if review.accepted:
        return Completed(message=f"Release {review.accepted.release} is in force.", data=review)
    return Completed(message=f"{len(review.waiting)} waiting. Nothing was changed.", data=review)
