"""Verbs: one module, one public function of the same name, in the order a number walks through them."""

from __future__ import annotations


class Problem(Exception):
    """What stops a piece of work: one message that says what, where and what to do. Children live with their verb."""


class Refused(Problem):
    """The data or the document does not meet its contract (exit code 1)."""


class Misuse(Problem):
    """Wrong usage, content or configuration (exit code 2)."""


class Unreachable(Problem):
    """A source or service could not be reached, now (exit code 3)."""
