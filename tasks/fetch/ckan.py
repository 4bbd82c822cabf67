"""Open-data portals that run CKAN: what a package lists, and the file behind it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock
from tasks.fetch.files import one_file
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, SourceUnavailable, Transport

# Where a portal answers, unless it is where CKAN itself puts it.
ACTIONS = {"open.canada.ca": "/data/api/3/action"}
ACTION = "/api/3/action"
# What finds the packages among which a publisher of this portal moves its files.
SIBLINGS = {"open.canada.ca": 'title:"Monthly IRCC Updates"'}


def ckan(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    """The file of the contract's `resource`, found by the name in its address: what a portal calls it is no file name.

    A `*` in it stands for any text, and the newest match is taken. A file that its package does not list any more is looked for in the
    publisher's other packages, so that the message can say where it went; it is not fetched from there, because another package may
    mean another table.
    """
    source = contract.source
    try:
        answer = transport.json(f"{_action(contract)}/package_show?id={source.package}", once=True)
    except NotData as error:
        if " answered 404: " in str(error) and (moved := _moved(contract, transport)):
            raise NotData(f"{error} {moved}") from error
        raise
    listed = isinstance(answer, dict) and answer.get("success")
    found = _newest((answer.get("result") or {}).get("resources", []), source.resource) if listed else None
    if found is None:
        moved = _moved(contract, transport) or "Check `resource` in the contract."
        raise NotData(f"{contract.name}: package {source.package} lists no file {source.resource}. {moved}")
    return one_file(contract, partnership, transport, found["url"], _published(found))


def _action(contract: Contract) -> str:
    host = contract.source.host
    return f"https://{host}{ACTIONS.get(host, ACTION)}"


def _newest(resources: list[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    """The resource of that file name; of several, the one changed last."""
    pattern = re.compile(".*".join(map(re.escape, wanted.split("*"))))
    matches = [item for item in resources if pattern.fullmatch(_file_name(item))]
    return max(matches, key=lambda item: (item.get("last_modified") or "", _file_name(item)), default=None)


def _file_name(resource: dict[str, Any]) -> str:
    return unquote(urlsplit(resource.get("url") or "").path.rsplit("/", 1)[-1])


def _published(resource: dict[str, Any]) -> str | None:
    """When the portal says the file changed; CKAN writes UTC without a zone."""
    said = resource.get("last_modified")
    try:
        return clock.from_publisher(said if not said or "+" in said or "Z" in said else f"{said}+00:00") if said else None
    except ValueError:
        return None


def _moved(contract: Contract, transport: Transport) -> str:
    """In which other package the file is now, as a sentence, or nothing. The portal is searched once a run."""
    source = contract.source
    if source.host not in SIBLINGS:
        return ""
    try:
        answer = transport.json(f"{_action(contract)}/package_search?q={SIBLINGS[source.host]}&rows=50", once=True)
    except (NotData, SourceUnavailable):
        return ""
    packages = (answer.get("result") or {}).get("results", []) if isinstance(answer, dict) else []
    for package in packages:
        if package.get("id") != source.package and _newest(package.get("resources", []), source.resource):
            return (
                f"The file is now in package {package['id']} ({package.get('title', 'without a title')}): "
                f"mend `package` in the contract {contract.name}."
            )
    return ""
