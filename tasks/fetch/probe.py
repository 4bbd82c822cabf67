"""Ask publishers' hosts one short question each, all at once: who answers, how fast, and over which TLS."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tasks import Problem
from tasks.fetch import tls
from tasks.fetch.transport import Transport, rewrite, said

# How long one question may take.
SECONDS = 4.0
# What else to offer when a host hangs at our hello, and the setting that makes it so.
OTHER_OFFERS = {"none": (), "http/1.1,h2": ("http/1.1", "h2")}


@dataclass(frozen=True, slots=True)
class Probe:
    """What a host did. `status` is 0 when it gave no answer, and `said` tells why; `cure` is an ALPN setting with which it answers."""

    host: str
    status: int = 0
    milliseconds: int = 0
    said: str = ""
    is_silent: bool = False
    is_plain: bool = False
    offered: tuple[str, ...] = ()
    handshake: tls.Handshake | None = None
    cure: str = ""


def probe(hosts: Iterable[str]) -> list[Probe]:
    """All hosts at once; each has so many seconds, and those that hang as many again for the other offers."""
    found: dict[str, Probe] = {}
    seconds = SECONDS

    def ask(host: str) -> None:
        found[host] = _with_cure(_ask(host, tls.offered(), seconds), seconds)

    names = sorted(set(hosts))
    # Threads that nobody waits for at the end: a name server that keeps silent hears of no time-out.
    threads = [threading.Thread(target=ask, args=(host,), daemon=True) for host in names]
    end = time.monotonic() + 2.5 * seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    silent = f"gave no answer within {2.5 * seconds:.0f} seconds, perhaps because its name is not known here"
    return [found.get(host) or Probe(host, said=silent) for host in names]


def _ask(host: str, offer: Sequence[str], seconds: float) -> Probe:
    """One question, for the front page: any answer at all will do."""
    url = rewrite(f"https://{host}/")
    began = time.monotonic()
    made = Probe(host, is_plain=url.startswith("http://"), offered=tuple(offer))
    try:
        context = tls.context(offer)
        with Transport(context).session.get(url, timeout=seconds, stream=True, allow_redirects=False) as response:
            status = response.status_code
    except Problem as error:
        return replace(made, said=str(error))
    except OSError as error:  # every error of requests is one
        return replace(made, said=said(error), is_silent="Timeout" in type(error).__name__)
    return replace(made, status=status, milliseconds=round((time.monotonic() - began) * 1000), handshake=context.handshake)


def _with_cure(found: Probe, seconds: float) -> Probe:
    """Where a host hung, the first other offer with which it answers."""
    if not found.is_silent or found.is_plain:
        return found
    others = {name: offer for name, offer in OTHER_OFFERS.items() if offer != found.offered}
    answers: dict[str, Probe] = {}

    def ask(name: str) -> None:
        answers[name] = _ask(found.host, others[name], seconds)

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(1.2 * seconds)
    return replace(found, cure=next((name for name in others if name in answers and answers[name].status), ""))
