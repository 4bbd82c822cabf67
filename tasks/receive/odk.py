"""A form of ODK Central, read through its OData service."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from expectations.partnership import Partnership
from tasks import Misuse
from tasks.fetch.transport import SourceUnavailable, Transport
from tasks.receive.channels import Channel
from tasks.receive.forms import Submission, gathered, moment
from tasks.receive.pages import pages, submissions_of
from tasks.receive.parcel import Received, secret


def odk(channel: Channel, partnership: Partnership, transport: Transport) -> Received:
    """The submissions of the form PROJECT/FORM on the server `url`, as files.

    GET {url}/v1/projects/{project}/forms/{form}.svc/Submissions answers `{value: [...]}`, groups as objects; with `$expand=*` (since
    Central 1.2) repeated groups are lists inside, with `$count=true` it says how many there are, and `@odata.nextLink` names a next page
    (docs.getodk.org/central-api-odata-endpoints). Users sign in with HTTPS Basic, or a session's bearer token, which lasts a day
    (docs.getodk.org/central-api-authentication). Tried against a server that replays these answers.
    """
    source = channel.source
    named = re.fullmatch(r"([0-9]+)/(.+)", source.form)
    if not named:
        raise Misuse(f"{channel.name}: form is written PROJECT/FORM, such as 7/quarterly. Mend the row or the contract.")
    door = f"{source.url.rstrip('/')}/v1/projects/{named[1]}/forms/{quote(named[2], safe='')}.svc/Submissions"
    headers = {"Authorization": _authorization(secret(source.secret).strip())}
    found: list[dict[str, Any]] = []
    expected = 0
    for page in pages(transport, door, "$expand=*&$count=true", headers=headers, following="@odata.nextLink"):
        found += submissions_of(page, "value", channel.name)
        expected = expected or int(page.get("@odata.count") or 0)
    if len(found) < expected:
        raise SourceUnavailable(
            f"{channel.name}: the server gave {len(found)} of {expected} submissions. It is asked again at the next run."
        )
    return gathered(channel, partnership, [_submission(one, channel.name) for one in found])


def _authorization(kept: str) -> str:
    """The secret is `user:password`, the same as JSON, or a session's token (which holds no colon)."""
    if kept.startswith("{"):
        try:
            login = json.loads(kept)
            kept = f"{login.get('user') or login['email']}:{login['password']}"
        except (ValueError, KeyError):
            raise Misuse('The secret of an ODK form is user:password, or JSON such as {"user": "...", "password": "..."}.') from None
    return f"Basic {base64.b64encode(kept.encode()).decode()}" if ":" in kept else f"Bearer {kept}"


def _submission(one: Mapping[str, Any], whose: str) -> Submission:
    system = one.get("__system")
    system = system if isinstance(system, Mapping) else {}
    return Submission(moment(system.get("submissionDate"), whose), one, system.get("reviewState") == "rejected")
