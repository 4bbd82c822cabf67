"""What goes wrong between us and a publisher, and the pages that pretend to be data."""

from __future__ import annotations

from collections.abc import Iterator

from tasks import Problem, Refused, Unreachable


class SourceUnavailable(Unreachable):
    """The publisher could not be reached or did not answer with data; yesterday's figures stay."""


class NotYet(Problem):
    """The publisher says that the release is not out yet: nothing is wrong, ask again later."""


class NotData(Refused):
    """An answer that says OK but is not the data: an HTML page, an empty body. `status` is the HTTP status of a refused question."""

    status = 0


class NotKept(Problem):
    """What was sent could not be written on this machine: the disk is full, or may not be written."""


def refuse_page(head: bytes, url: str) -> None:
    """`NotData` when a body that should be data begins as a web page does."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml version")) or b"<html" in start[:400]:
        raise NotData(f"{url} answered with a web page, not with data. Nothing was kept; try again later.")


def first_of(blocks: Iterator[bytes], url: str) -> bytes:
    """The first bytes of a body, which is neither a web page nor empty."""
    head = b""
    for block in blocks:
        head += block
        if len(head) >= 512:
            break
    refuse_page(head[:512], url)
    if not head:
        raise NotData(f"{url} answered 0 bytes. Nothing was kept; try again later.")
    return head


def too_much(url: str, limit: int) -> NotData:
    """The answer of a server that does not stop."""
    return NotData(f"{url} sends more than {limit:,} bytes. Nothing was kept; look at the address in the contract.")


def not_json(url: str, size: int) -> NotData:
    return NotData(f"{url} answered {size} bytes that are not JSON. Nothing was kept; try again later.")


def not_kept(url: str, where: object, error: OSError) -> NotKept:
    return NotKept(
        f"{where}: what {url} sends could not be kept: {error.strerror or error}. Nothing of it stays, and the last good figures are in "
        "force. Make room on this disk (or mend its rights), then run again."
    )
