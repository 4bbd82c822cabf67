"""Processes of ours: each in a session of its own, logged to a file, stopped in order, none left behind."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MARK = "OPENLIP_SERVED_BY"


@dataclass(frozen=True, slots=True)
class Child:
    """A process, what people call it, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, for a message."""
        said = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in said[-lines:] if line.strip())


def start(name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> Child:
    """Start a process that a Ctrl-C in the terminal does not reach: whoever started it stops it, in order."""
    # A program started with & from a script inherits "ignore Ctrl-C", and Prefect's worker then ignores every request to stop.
    reset = ["env", "--default-signal=INT,TERM"] if sys.platform == "linux" else []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*reset, *command], env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return Child(name, process, log)


def stop(child: Child, *, grace: float = 20) -> None:
    """Ask it to end; after `grace` seconds end it and its process group."""
    if child.is_alive:
        child.process.terminate()
        try:
            child.process.wait(grace)
        except subprocess.TimeoutExpired:
            _kill(child.process.pid, group=True)
    child.process.wait()


def sweep(mark: str, *, keep: int = 0, grace: float = 5) -> None:
    """End every process that still carries the mark (each run has a session of its own), but not `keep`."""
    for pid in marked(mark, keep):
        _kill(pid, signal.SIGTERM)
    end = time.monotonic() + grace
    while (left := marked(mark, keep)) and time.monotonic() < end:
        time.sleep(0.1)
    for pid in left:
        _kill(pid)


def marked(mark: str, keep: int = 0) -> list[int]:
    """The living processes whose environment holds the mark, but this one and `keep` (Linux; elsewhere none is found)."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            holds = wanted in entry.read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile, or is another user's
            continue
        if holds and int(entry.parent.name) not in (os.getpid(), keep):
            found.append(int(entry.parent.name))
    return found


@contextmanager
def alone(folder: Path, mark: str) -> Iterator[bool]:
    """Gives False when another program holds the folder; else holds it, and ends what a holder that was killed left running."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "held-by").open("a+", encoding="ascii") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        held.seek(0)
        if left := held.read().strip():
            sweep(left)
        held.truncate(0)
        held.write(mark)
        held.flush()
        yield True


def is_free(port: int) -> bool:
    """True when nothing on this machine listens at the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _kill(pid: int, number: int = signal.SIGKILL, *, group: bool = False) -> None:
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return
