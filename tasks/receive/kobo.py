"""A form of KoboToolbox, read through its API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from expectations.partnership import Partnership
from tasks import Misuse
from tasks.fetch.transport import SourceUnavailable, Transport
from tasks.receive.channels import Channel
from tasks.receive.forms import Submission, gathered, moment
from tasks.receive.pages import pages, submissions_of
from tasks.receive.parcel import Received, secret

# The most that one page may hold since 2026-03-09 (community.kobotoolbox.org/t/74610); without a limit it is 100.
PAGE = 1000


def kobo(channel: Channel, partnership: Partnership, transport: Transport) -> Received:
    """The submissions of the asset `form` on the server `url`, as files.

    GET {url}/api/v2/assets/{form}/data.json with the header `Authorization: Token ...` answers `{count, next, previous, results}`;
    `next` is the address of the next page (support.kobotoolbox.org, "Getting started with the API", and the note of 2026 on limits).
    Questions are named GROUP/QUESTION, a repeated group is a list. Tried against a server that replays these answers.
    """
    source = channel.source
    if not re.fullmatch(r"[A-Za-z0-9_-]+", source.form):
        raise Misuse(
            f"{channel.name}: form is the asset's letters and digits, such as aGAcvhamUDuDTtbkyeikbD. Mend the row or the contract."
        )
    door = f"{source.url.rstrip('/')}/api/v2/assets/{source.form}/data.json"
    headers = {"Authorization": f"Token {secret(source.secret).strip()}"}
    found: list[dict[str, Any]] = []
    expected = 0
    for page in pages(transport, door, f"limit={PAGE}", headers=headers, following="next"):
        found += submissions_of(page, "results", channel.name)
        expected = expected or int(page.get("count") or 0)
    if len(found) < expected:
        raise SourceUnavailable(
            f"{channel.name}: the server gave {len(found)} of {expected} submissions. It is asked again at the next run."
        )
    return gathered(channel, partnership, [_submission(one, channel.name) for one in found])


def _submission(one: Mapping[str, Any], whose: str) -> Submission:
    said = one.get("_validation_status")
    rejected = isinstance(said, Mapping) and said.get("uid") == "validation_status_not_approved"
    return Submission(moment(one.get("_submission_time"), whose), one, rejected)
