"""LibreOffice for the tests: convert a workbook as somebody's spreadsheet program would; skipped where it is not installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def converted(body: bytes, to: str, folder: Path, *, name: str = "book") -> bytes:
    """A workbook (.xlsx), opened and saved by LibreOffice as `to`: xlsx, pdf, or csv of the sheet that is shown first."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("no soffice: install libreoffice-calc to see what LibreOffice makes of our workbooks")
    given, made = folder / "given", folder / "made"
    given.mkdir(parents=True, exist_ok=True)
    made.mkdir(parents=True, exist_ok=True)
    path = given / f"{name}.xlsx"
    path.write_bytes(body)
    # A profile of its own, so that two tests at once do not wait for each other.
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--norestore", "--convert-to", to, "--outdir", str(made), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    result = made / f"{name}.{to.partition(':')[0]}"
    assert result.is_file(), done.stdout + done.stderr
    return result.read_bytes()


def text_of(pdf: bytes, folder: Path) -> str:
    """The text of a PDF."""
    path = folder / "pages.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
