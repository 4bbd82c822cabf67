"""What people filled in on a form, as a partner's file: one CSV of the contract's columns for each partner."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from expectations.partnership import Partnership
from tasks.fetch.transport import SourceUnavailable
from tasks.receive.channels import Channel
from tasks.receive.parcel import Received

# What the servers and their apps add to the answers: about the device, the person, the place and the submission. None of it is kept.
# KoboToolbox names: KoboToolbox's own data.json; XLSForm's metadata questions (xlsform.org); ODK Central's OData documents.
KOBO = (
    *(
        "_id",
        "_uuid",
        "_xform_id_string",
        "_attachments",
        "_status",
        "_geolocation",
        "_submission_time",
        "_submitted_by",
        "_tags",
        "_notes",
    ),
    *("_validation_status", "_version_", "__version__", "_bamboo_dataset_id", "_supplementalDetails", "_index", "_parent_index", "formhub"),
)
XLSFORM = ("start", "end", "today", "username", "deviceid", "simserial", "subscriberid", "imei", "audit", "background-audio", "geolocation")
ODK = ("meta", "instanceID", "instanceName", "deprecatedID", "rootUuid", "KEY", "__id", "__system")
ADDED = frozenset([*KOBO, *XLSFORM, *ODK])
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Submission:
    """One filled-in form: when it came, its answers as the server gives them, and whether the office rejected it there."""

    at: datetime
    answers: Mapping[str, Any]
    is_rejected: bool = False


def moment(text: object, whose: str) -> datetime:
    """The time of a submission; without a zone it is UTC, as KoboToolbox writes it."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise SourceUnavailable(f"{whose}: a submission has no time that can be read. Look whether the server was updated.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def gathered(channel: Channel, partnership: Partnership, submissions: Iterable[Submission]) -> Received:
    """The submissions as a parcel for each partner. Of one key (partner, metric, period) only the newest submission counts.

    Questions named as a column of the contract (or GROUP/column) become that column, and what the server adds is dropped by name. Any
    other question stays a column of its own, so that the gate sees and refuses it.
    """
    known, grain = _columns(channel, partnership)
    by_time = sorted(submissions, key=lambda one: one.at)
    left = tuple(channel.left(channel.place("rejected", str(n)), "rejected") for n, one in enumerate(by_time) if one.is_rejected)
    rows = [(number, row) for number, one in enumerate(by_time) if not one.is_rejected for row in _rows(one.answers, known)]
    members = partnership.register_codes("members", "partner")
    parted: dict[str, list[Row]] = {}
    for row in _newest(rows, grain):
        said = row.get("partner", "")
        whole = row if said or not channel.partner else row | {"partner": channel.partner}
        parted.setdefault(channel.partner or (said if said in members else ""), []).append(whole)
    parcels = (channel.parcel(_csv(rows, known), channel.place(partner), partner=partner) for partner, rows in sorted(parted.items()))
    return Received(tuple(parcels), left)


def _columns(channel: Channel, partnership: Partnership) -> tuple[list[str], list[str]]:
    """The columns a question may be named as, and those of them that make the key; of all partners' contracts where none is named."""
    contracts = [one for one in partnership.contracts() if one.name == channel.contract or (one.is_partner and not channel.contract)]
    known = dict.fromkeys(name for one in contracts for name in [*one.columns, *one.issued])
    return list(known), list(dict.fromkeys(name for one in contracts for name in one.grain))


def _rows(answers: Mapping[str, Any], known: Sequence[str]) -> list[Row]:
    """One row, or one for each repetition of a repeated group, with the answers around it."""
    row: Row = {}
    repeated: list[Row] = []
    for path, value in _leaves(answers, ""):
        if isinstance(value, list):
            repeated += [part for one in value for part in _rows(_within(path, one), known)]
            continue
        last = path.rsplit("/", 1)[-1]
        # A second question of the same column keeps its whole name: it must not hide the first.
        row[last if last in known and last not in row else path] = _text(value)
    return [row | one for one in repeated] or [row]


def _within(path: str, one: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answers of a repetition: KoboToolbox names them with their whole path, ODK Central inside their group."""
    return one if all("/" in key for key in one) else {path: one}


def _leaves(node: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in node.items():
        whole = f"{path}/{key}" if path else key
        if _is_added(key):
            continue
        if isinstance(value, Mapping):
            found += _leaves(value, whole)
        elif isinstance(value, list) and not all(isinstance(one, Mapping) for one in value):
            found.append((whole, json.dumps(value)))
        else:
            found.append((whole, value))
    return found


def _is_added(key: str) -> bool:
    parts = key.split("/")
    return bool(ADDED.intersection(parts)) or "@odata." in key or key.startswith("__Submissions")


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _newest(rows: Sequence[tuple[int, Row]], grain: Sequence[str]) -> list[Row]:
    """The rows of the newest submission that speaks of their key. Rows of one submission never hide each other."""
    newest: dict[tuple[str, ...], int] = {}
    for number, row in rows:
        newest[_key(row, grain)] = number
    return [row for number, row in rows if newest[_key(row, grain)] == number]


def _key(row: Row, grain: Sequence[str]) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in grain)


def _csv(rows: Sequence[Row], known: Sequence[str]) -> bytes:
    """The same answers give the same bytes: the contract's columns in its order, then any others by name."""
    there = {name for row in rows for name in row}
    header = [*(name for name in known if name in there), *sorted(there.difference(known))]
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
