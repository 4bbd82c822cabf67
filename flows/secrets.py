"""Secrets from Prefect blocks into the environment of a run, where the verbs look for them; none is ever written or logged."""

from __future__ import annotations

import os
import secrets
from datetime import date
from typing import Any

from expectations import places
from expectations.partnership import Partnership
from tasks.receive.parcel import PREFIX

GATE_KEY = "gate_key"


def secrets_of(partnership: Partnership) -> list[str]:
    """Put every secret that this partnership's sources name into the environment, unless it is there; gives the names that are nowhere.

    Without a server only the environment is looked into.
    """
    missing = []
    for name in sorted(names_of(partnership)):
        variable = PREFIX + name.upper()
        if os.environ.get(variable):
            continue
        found = _block(name) if os.environ.get("PREFECT_API_URL") else ""
        if found:
            os.environ[variable] = found
        else:
            missing.append(name)
    return missing


def names_of(partnership: Partnership) -> set[str]:
    """The names of the secrets that the gate, the register of channels and the contracts of partners use."""
    found = {GATE_KEY} | {contract.source.secret for contract in partnership.contracts() if contract.source.secret}
    path = partnership.home / "registers" / "channels.csv"
    if path.is_file():
        today = date.today().isoformat()
        rows = places.rows(path, "secret", "to")
        found |= {row["secret"] for row in rows if row["secret"] and (not row["to"] or row["to"] >= today)}
    return found


def make_gate_key() -> bool:
    """Make the key of the gate, once, as a Prefect block of type Secret; True when it was made now."""
    from prefect.blocks.system import Secret

    if os.environ.get(PREFIX + GATE_KEY.upper()) or _block(GATE_KEY):
        return False
    Secret(value=secrets.token_hex(32)).save(_name(GATE_KEY))
    return True


def _name(name: str) -> str:
    return f"openlip-{name.replace('_', '-')}"


def _block(name: str) -> str:
    """What the block of type Secret holds, or nothing where there is none."""
    from prefect.blocks.system import Secret

    try:
        block: Any = Secret.load(_name(name))
        return str(block.get())
    except ValueError:  # Prefect says so of a block that is not there
        return ""


if __name__ == "__main__":
    make_gate_key()
