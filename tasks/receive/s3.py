"""Objects of an S3 bucket, Amazon's or another's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import s3fs
from botocore.exceptions import BotoCoreError, ClientError

from tasks import Misuse
from tasks.receive.remote import Login, Store

# Both botocore and s3fs would try again, each several times: at a server that hangs that is a quarter of an hour.
TIMES = {"connect_timeout": 10, "read_timeout": 20, "retries": {"total_max_attempts": 1, "mode": "standard"}}
ATTEMPTS = 2


@contextmanager
def opened(_url: str, login: Login) -> Iterator[Any]:
    """The file system of the account in the secret; no other login of this machine is tried."""
    key, word = login.get("key") or login.get("username", ""), login.get("secret") or login.get("password", "")
    if not key or not word:
        raise Misuse('The secret of an S3 source is key:secret, or JSON such as {"key": "...", "secret": "...", "endpoint_url": "..."}.')
    if "endpoint_url" in login and not _is_safe(login["endpoint_url"]):
        raise Misuse("The endpoint_url of an S3 source begins with https://. Mend it in the secret.")
    system = s3fs.S3FileSystem(
        key=key,
        secret=word,
        token=login.get("token"),
        endpoint_url=login.get("endpoint_url"),
        client_kwargs={"region_name": login["region"]} if "region" in login else {},
        config_kwargs=TIMES,
        use_listings_cache=False,
        skip_instance_cache=True,
        # Nothing is read ahead, and an object that is replaced while it is read is an error (If-Match).
        default_cache_type="none",
    )
    system.retries = ATTEMPTS
    yield system


def _is_safe(endpoint: str) -> bool:
    """Over TLS, or to a server on this machine itself."""
    parts = urlsplit(endpoint)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost")


def path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{unquote(parts.path)}"


def said(error: Exception) -> str:
    """What went wrong, without the server's own words."""
    if isinstance(error, PermissionError):
        return "does not let us in: the key was refused, or may not list or read the bucket"
    if isinstance(error, FileNotFoundError):
        return "has no such bucket or folder"
    return f"could not be reached or broke off ({type(error).__name__})"


STORE = Store(opened, path, (BotoCoreError, ClientError, OSError), said)
