"""Silence for libraries whose log lines hold what nobody may read: addresses that are keys, names of files, signed headers."""

from __future__ import annotations

import logging

# urllib3 writes addresses at DEBUG and, of a malformed answer, at WARNING; paramiko and s3fs write names of files, botocore headers.
CHATTY = ("urllib3", "requests", "paramiko", "fsspec", "s3fs", "botocore", "aiobotocore", "aiohttp")


def hush() -> None:
    """From here on these libraries write nothing in this process, whatever level somebody gave them: what fails reaches us as an error."""
    for name in [*CHATTY, *(name for name in logging.root.manager.loggerDict if name.startswith(tuple(f"{one}." for one in CHATTY)))]:
        logger = logging.getLogger(name)
        if logger.level < logging.CRITICAL and (logger.level or name in CHATTY):
            logger.setLevel(logging.CRITICAL)
