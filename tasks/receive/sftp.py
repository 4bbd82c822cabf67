"""Files of an SFTP server whose key we know."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem
from paramiko.hostkeys import HostKeyEntry

from tasks import Misuse
from tasks.receive.remote import Login, Store

# Where known hosts are kept if the secret does not bring them: a file as OpenSSH writes it. Ours is asked, never that of whoever runs us.
KNOWN_HOSTS = "OPENLIP_KNOWN_HOSTS"
TIMES: dict[str, Any] = {"timeout": 10.0, "banner_timeout": 15.0, "auth_timeout": 20.0, "channel_timeout": 20.0}
SILENT = 60.0


class _Known(SFTPFileSystem):
    """fsspec's file system, but of a server that shows the key we know; fsspec's own takes any key by default."""

    cachable = False

    def __init__(self, host: str, known: paramiko.HostKeys, **login: Any) -> None:
        self.known = known
        super().__init__(host, **login)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        for name, keys in self.known.items():
            for kind, key in keys.items():
                self.client.get_host_keys().add(name, kind, key)
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self.client.connect(self.host, **self.ssh_kwargs, **TIMES)
        self.ftp = self.client.open_sftp()
        channel = self.ftp.get_channel()
        assert channel is not None
        channel.settimeout(SILENT)

    @staticmethod
    def _decode_stat(found: Any, parent_path: str | None = None) -> dict[str, Any]:
        """As fsspec says it, but a pipe or a device is no file: to open one would wait for ever."""
        info: dict[str, Any] = SFTPFileSystem._decode_stat(found, parent_path)
        if info["type"] == "file" and not stat.S_ISREG(found.st_mode):
            info["type"] = "other"
        return info


@contextmanager
def opened(url: str, login: Login) -> Iterator[Any]:
    """The file system of the server, closed afterwards. No key or agent of whoever runs us is offered to it."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 22
    known = known_hosts(login)
    if known.lookup(host if port == 22 else f"[{host}]:{port}") is None:
        raise Misuse(
            f"The key of the server {host} is not known. Ask its operator for it, and put the line (as `ssh-keyscan -p {port} {host}` "
            f"prints it) into the secret as known_hosts, or into the file that {KNOWN_HOSTS} names."
        )
    words = {"password": login["password"]} if "password" in login else {}
    key = {"pkey": _private_key(login)} if "private_key" in login else {}
    user = login.get("username") or login.get("user", "")
    system = _Known(host, known, port=port, username=user, allow_agent=False, look_for_keys=False, **words, **key)
    try:
        yield system
    finally:
        system.client.close()


def known_hosts(login: Login) -> paramiko.HostKeys:
    """The keys of servers that the secret brings, or else those of the file that the environment names."""
    text = login.get("known_hosts", "")
    if not text and (path := os.environ.get(KNOWN_HOSTS)):
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise Misuse(f"{KNOWN_HOSTS} names a file that cannot be read ({error.strerror}). Mend the setting.") from None
    found = paramiko.HostKeys()
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "@")):
            _add(found, line)
    return found


def _add(found: paramiko.HostKeys, line: str) -> None:
    try:
        entry = HostKeyEntry.from_line(line.strip())
    except paramiko.SSHException:
        entry = None
    if entry and entry.key:
        for name in entry.hostnames or ():
            found.add(name, entry.key.get_name(), entry.key)


def _private_key(login: Login) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(login["private_key"]), login.get("passphrase") or None)
        except (paramiko.SSHException, ValueError):
            continue
    raise Misuse("The private_key of an SFTP source is no key that can be read, or its passphrase is another. Put it in again, as JSON.")


def path(url: str) -> str:
    return unquote(urlsplit(url).path)


def said(error: Exception) -> str:
    """What went wrong, without the server's own words."""
    if isinstance(error, paramiko.BadHostKeyException):
        return "shows another key than the known one, so we said nothing to it. Ask its operator whether the key was changed"
    if isinstance(error, paramiko.AuthenticationException):
        return "does not let us in: the user, the password or the key was refused"
    if isinstance(error, FileNotFoundError):
        return "has no such folder"
    if isinstance(error, PermissionError):
        return "does not let us read the folder"
    return f"could not be reached or broke off ({type(error).__name__})"


STORE = Store(opened, path, (paramiko.SSHException, OSError, EOFError), said)
