"""A partner's file as it came: in memory, and nowhere else until `screen` has let it through."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from tasks import Misuse

PREFIX = "OPENLIP_SECRET_"


class SecretMissing(Misuse):
    """A secret that a source or the gate needs is neither in the environment nor in a Prefect block."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """The bytes of one file, and where they came from without its name.

    `place` is the keyed digest of where the file lay, `digest` that of its bytes. `partner` is whose place it was (empty where the
    place is everybody's), `contract` the table the place is for (empty where the sheets say it). An answer is put into `folder`, if any.
    """

    place: str
    digest: str
    partner: str
    contract: str
    channel: str
    received_at: str
    body: bytes = field(repr=False)
    folder: Path | None = field(default=None, repr=False)


def secret(name: str) -> str:
    """The secret of that name: `OPENLIP_SECRET_<NAME>`, where a flow puts what the Prefect block openlip-<name> holds."""
    variable = PREFIX + name.upper()
    if not (found := os.environ.get(variable, "")):
        raise SecretMissing(
            f"The secret {name} is not set. Put it into the Prefect block openlip-{name.replace('_', '-')} (type Secret), "
            f"or into the environment as {variable}; never into a file of the partnership."
        )
    return found


def keyed(content: bytes) -> str:
    """The digest of content under the partnership's own key (HMAC-SHA256, hexadecimal): of a small file a bare digest can be guessed."""
    return hmac.new(secret("gate_key").encode(), content, hashlib.sha256).hexdigest()
