"""TLS as this machine speaks it: whose certificates are trusted, and which protocols a hello offers (ALPN)."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import certifi

from tasks import Misuse


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a server and we agreed on; `chosen` is empty when it names no protocol."""

    version: str
    chosen: str
    valid_until: datetime | None


def offered() -> list[str]:
    """The protocols a hello offers: `OPENLIP_TLS_ALPN` (`none` offers none), or HTTP/1.1, which is what we speak."""
    said = os.environ.get("OPENLIP_TLS_ALPN", "").strip()
    return [] if said == "none" else [name.strip() for name in said.split(",") if name.strip()] or ["http/1.1"]


class Context(ssl.SSLContext):
    """A TLS context that keeps its own ALPN list and remembers its last handshake.

    urllib3 offers `http/1.1` alone, and some networks before www150 let such a hello hang (seen 2026-09).
    """

    alpn: Sequence[str] = ("http/1.1",)
    handshake: Handshake | None = None

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        """Offer our own list, whatever a library asks for."""
        if self.alpn:
            super().set_alpn_protocols(list(self.alpn))

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """As ever, and note what was agreed."""
        made = super().wrap_socket(*args, **kwargs)
        until = str((made.getpeercert() or {}).get("notAfter", ""))
        end = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if until else None
        self.handshake = Handshake(made.version() or "", made.selected_alpn_protocol() or "", end)
        return made


def context(alpn: Sequence[str] | None = None) -> Context:
    """A context that checks certificates against `OPENLIP_CA_BUNDLE`, or certifi's; `Misuse` when the bundle cannot be read."""
    made = Context(ssl.PROTOCOL_TLS_CLIENT)
    made.alpn = offered() if alpn is None else alpn
    bundle = os.environ.get("OPENLIP_CA_BUNDLE") or certifi.where()
    try:
        made.load_verify_locations(cafile=bundle)
    except OSError as error:  # also what is no certificate: ssl.SSLError
        said = error.strerror or str(error)
        raise Misuse(f"OPENLIP_CA_BUNDLE: {bundle} cannot be read as certificates ({said}). Name a PEM file, or unset it.") from error
    return made


def said(error: BaseException) -> str:
    """The reason of a failed handshake in few words: of all the exceptions around it, the one that TLS itself gave."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return str(seen.verify_message)
        inner = [part for part in (*seen.args, getattr(seen, "reason", None)) if isinstance(part, BaseException)]
        seen = inner[0] if inner else seen.__cause__ or seen.__context__
    return type(error).__name__
