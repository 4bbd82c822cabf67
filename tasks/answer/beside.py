"""Put an answer beside the file that is answered: into `answers`, in a folder that may be anybody's to write into."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tasks.outbox import Attached
from tasks.receive.inbox import ANSWERS

# No link is followed: whoever may put one into the folder would choose where we write.
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def put_beside(folder: Path, files: Sequence[Attached]) -> None:
    """Write the files into `answers` in the folder, each whole or not at all; `OSError` where that cannot be done."""
    outer = os.open(folder, FOLDER)
    try:
        with suppress(FileExistsError):
            os.mkdir(ANSWERS, 0o777, dir_fd=outer)
        inner = os.open(ANSWERS, FOLDER, dir_fd=outer)
        try:
            for file in files:
                _put(inner, file)
        finally:
            os.close(inner)
    finally:
        os.close(outer)


def _put(folder: int, file: Attached) -> None:
    temporary = f".{file.name}.{os.getpid()}-{threading.get_ident()}.part"
    try:
        with os.fdopen(os.open(temporary, FILE, 0o666, dir_fd=folder), "wb") as made:
            made.write(file.data)
            made.flush()
            os.fsync(made.fileno())
        os.replace(temporary, file.name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
