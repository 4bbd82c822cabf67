"""The outbox: messages as .eml files, each put there once for its key; whoever sends mail takes them from the folder."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from sqlalchemy import func, inspect, select

from expectations.partnership import Partnership
from sql import clock, schema, submissions, warehouse

XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
TYPES = {".xlsx": XLSX, ".pdf": ("application", "pdf"), ".csv": ("text", "csv"), ".html": ("text", "html")}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a message."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message before it is put out. `key` says to whom and about what: the same key is never put out twice.

    `text` is the whole message in plain words; `html` the same as a page without anything from elsewhere.
    """

    key: str
    kind: str
    about: str
    recipient: str
    subject: str
    text: str
    html: str = ""
    attached: Sequence[Attached] = ()


def outbox(letter: Letter, partnership: Partnership) -> bool:
    """Put a message into `outbox/`; False when one with its key was put there before.

    The file has a name of its key alone and is whole or not there; a crash in between leaves a file that the next run writes again.
    Without a recipient it is noted that the message was due, and no file is written.
    """
    folder = partnership.home / "outbox"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{letter.kind}-{hashlib.sha256(letter.key.encode()).hexdigest()[:20]}.eml"
    table = submissions.message
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        warehouse.lock(connection, "outbox")
        if connection.scalar(select(func.count()).select_from(table).where(table.c.key == letter.key)):
            return False
        if letter.recipient:
            write_whole(folder / name, _message(letter, partnership).as_bytes(policy=SMTP))
        row = {"key": letter.key, "recipient": letter.recipient, "kind": letter.kind, "about": letter.about}
        connection.execute(table.insert(), row | {"file": f"outbox/{name}" if letter.recipient else "", "put_at": clock.stamp()})
    return True


def was_put(partnership: Partnership, key: str) -> bool:
    """True when a message with this key is in the outbox, or was."""
    if not warehouse.is_begun(partnership.home):
        return False
    table = submissions.message
    with warehouse.reader(partnership.home).connect() as connection:
        if not inspect(connection).has_table(table.name):
            return False
        return bool(connection.scalar(select(func.count()).select_from(table).where(table.c.key == key)))


def _message(letter: Letter, partnership: Partnership) -> EmailMessage:
    """The message in the form of e-mail: plain text first, then the page, then the files; its id is made of its key."""
    made = EmailMessage()
    sender = partnership.reporting.sender
    if sender:
        made["From"] = sender
    made["To"] = letter.recipient
    made["Subject"] = letter.subject
    made["Date"] = datetime.fromisoformat(clock.stamp())
    made["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}@openlip.invalid>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    if letter.html:
        made.add_alternative(letter.html, subtype="html")
    for file in letter.attached:
        kind, subtype = TYPES.get(Path(file.name).suffix, ("application", "octet-stream"))
        made.add_attachment(file.data, maintype=kind, subtype=subtype, filename=file.name)
    return made


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
