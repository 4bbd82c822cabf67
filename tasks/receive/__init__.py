"""Receive what partners put where they put files anyway: a channel in, parcels out. Only reads; nothing is kept, moved or deleted."""

from __future__ import annotations

from expectations.partnership import Partnership
from tasks.fetch.transport import SourceUnavailable, Transport
from tasks.receive.channels import Channel, channels
from tasks.receive.inbox import inbox
from tasks.receive.kobo import kobo
from tasks.receive.link import link
from tasks.receive.odk import odk
from tasks.receive.parcel import Left, Parcel, Received, SecretMissing, keyed, secret
from tasks.receive.remote import remote

__all__ = ["Channel", "Left", "Parcel", "Received", "SecretMissing", "SourceUnavailable", "channels", "keyed", "receive", "secret"]

KINDS = {"inbox": inbox, "link": link, "kobo": kobo, "odk": odk, "remote": remote}


def receive(channel: Channel, partnership: Partnership, transport: Transport) -> Received:
    """What lies at a channel now, in memory, and what was left alone there.

    `SourceUnavailable` when it cannot be reached or does not give a file, `Misuse` when a secret or a setting is missing: one message
    each, without address, token or name of a file.
    """
    return KINDS[channel.fetch](channel, partnership, transport)
