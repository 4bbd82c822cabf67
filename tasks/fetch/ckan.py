"""Open-data portals that run CKAN: what a package lists, and the file behind it."""

from __future__ import annotations

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock
from tasks.fetch.files import one_file
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, Transport

CKAN = "https://{}/data/api/3/action"


def ckan(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    source = contract.source
    answer = transport.json(f"{CKAN.format(source.host)}/package_show?id={source.package}", once=True)
    listed = isinstance(answer, dict) and answer.get("success")
    resources = (answer.get("result") or {}).get("resources", []) if listed else []
    matches = [item for item in resources if item.get("url", "").rsplit("/", 1)[-1] == source.resource]
    if not matches:
        raise NotData(f"{contract.name}: package {source.package} lists no file {source.resource}. Check `resource` in the contract.")
    published = matches[0].get("last_modified")
    when = clock.from_publisher(published + "+00:00" if "+" not in published and "Z" not in published else published) if published else None
    return one_file(contract, partnership, transport, matches[0]["url"], when)
