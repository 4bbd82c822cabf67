"""A partner's file as it came: in memory, and nowhere else until `screen` has let it through."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from tasks import Misuse

PREFIX = "OPENLIP_SECRET_"
# A partner's workbook has about 50 kB; what is larger than this is something else. And so much is held in memory of one channel.
LARGEST = 20 << 20
LARGEST_CHANNEL = 20 * LARGEST

WHY = {
    "being_written": "It was still being written. It is read at the next run, once it is still.",
    "open": "It is open in a spreadsheet program. It is read once it is closed there, or a day after it was opened.",
    "too_large": f"It is larger than {LARGEST >> 20} MB, which no report of a partner is. Put the right file here and take this one away.",
    "too_many": f"More than {LARGEST_CHANNEL >> 20} MB lie here, and the newest files came first. Take away what is done with.",
    "unreadable": "This account may not read it. Give the account that runs OpenLIP the right to read it.",
    "link": "It is a link to another place, and links are not followed. Put the file itself here.",
    "not_a_file": "It is no ordinary file (a pipe, a socket or a device). Take it away.",
    "failed": "It could not be read from the disk or the server. It is tried again at the next run.",
    "rejected": "It was marked as rejected on the server where it was collected, so it is not taken.",
}


class SecretMissing(Misuse):
    """A secret that a source or the gate needs is neither in the environment nor in a Prefect block."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """The bytes of one file, and where they came from without its name.

    `place` is the keyed digest of where the file lay, `digest` that of its bytes. `partner` is whose place it was (empty where the
    place is everybody's), `contract` the table the place is for (empty where the sheets say it). `channel` is the kind of the channel.
    An answer is put into `folder`, if any. `changed_at` says when the file was last
    written, where that is known.
    """

    place: str
    digest: str
    partner: str
    contract: str
    channel: str
    received_at: str
    body: bytes = field(repr=False)
    folder: Path | None = field(default=None, repr=False)
    changed_at: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """A file that was left alone: where it lies (keyed digest, as in a parcel), the cause as one of `WHY`, and why in plain words."""

    place: str
    partner: str
    contract: str
    channel: str
    cause: str
    why: str


@dataclass(frozen=True, slots=True)
class Received:
    """What a channel gave at one look. What was taken and answered before is given again: its `digest` says that it is the same."""

    parcels: tuple[Parcel, ...] = ()
    left: tuple[Left, ...] = ()


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
