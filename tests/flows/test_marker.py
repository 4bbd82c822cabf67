"""Two names that nobody bears, in every place where a partner's file can hold one: no word of them is written anywhere."""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from demo.inbox import folder_of
from expectations import read
from expectations.partnership import Partnership
from flows import partner_pages
from flows.partners import Collected
from flows.serve import running_server
from sql import ledger
from tasks.fetch.store import folder as store
from tests import world
from tests.conftest import _sample_home  # noqa: F401 - the fixture is used by name
from tests.marking import (
    CALLED,
    HARMLESS,
    MIDDLES,
    NAMED,
    WORDS,
    broken,
    failing,
    found_in,
    holding,
    witness,
    write_marked,
    write_sound,
)
from tests.screening import book_of, csv_of, saved

ROOT = Path(__file__).parents[2]
METRICS = read("partner_metrics")
