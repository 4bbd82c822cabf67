"""`python -m demo`: the main job on the sample partnership; `python -m demo serve`: the UI, on the sample or on OPENLIP_HOME."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".demo"
# The sample world stands still on this day, so that the demo gives the same documents in any year.
CLOCK = "2026-11-22T17:00:00+00:00"
IN_TIME = "2026-10-14T15:00:00+00:00"
LATE = "p04"
# The gate's key. The files of the sample are invented and lie in the open; a partnership has a key of its own, made by `openlip serve`.
SAMPLE_KEY = "the key of the sample, which hides nothing"


def main() -> int:
    """Run the demo, or serve."""
    if sys.argv[1:] == ["serve"]:
        return _serve()
    return _demo()


def _demo() -> int:
    started = time.monotonic()
    _say("OpenLIP: from publishers' and partners' files to a brief for a council, on the sample partnership.")
    home = _home(fresh=True)
    from flows.answers import published, refreshed
    from flows.partner_answers import collected
    from flows.serve import running_server

    with _world(home):
        _say("1 of 5  Starting Prefect on this machine ...")
        # What a run logs is shown here as it happens; the server goes when the demo ends, so nothing is sent to it at the last moment.
        os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
        with running_server(home, 0) as url:
            os.environ["PREFECT_API_URL"] = url
            from argparse import Namespace

            _say("2 of 5  refresh: public statistics, from a server that plays the publishers and from the inbox ...")
            print(_indented(refreshed(Namespace(only=[]))[2]))
            _say("3 of 5  collect: eight partners by mid-October; in November a late one, and files that cannot be taken as they are ...")
            _send(home, late=False)
            os.environ["OPENLIP_NOW"] = IN_TIME
            print(_indented(collected(Namespace(only=[]))[2]))
            _send(home, late=True)
            os.environ["OPENLIP_NOW"] = CLOCK
            print(_indented(collected(Namespace(only=[]))[2]))
            _say("4 of 5  publish: the brief for City Council, in English and French ...")
            made = published(Namespace(brief="council", office="", language=[], as_of=None))[1]
    _say(f"5 of 5  Done in {time.monotonic() - started:.0f} seconds. Nothing is left running.\n")
    for item in made:
        print(f"   {item['pdf']}")
    first = Path(made[0]["pdf"]).relative_to(Path.cwd()) if Path(made[0]["pdf"]).is_relative_to(Path.cwd()) else made[0]["pdf"]
    marked = next((home / "answers" / "p05").glob("2024-Q3-*.xlsx"))
    print(f"\n   What a partner gets back, marked:       {_short(marked)}")
    print(f"   Every number walks back to its bytes:  .venv/bin/openlip --home {_short(home)} show {first}")
    print("   To press the buttons yourself:         make serve   and open http://127.0.0.1:4200\n")
    return 0


def _serve() -> int:
    from flows.serve import serve

    given = os.environ.get("OPENLIP_HOME")
    if given:
        serve(Path(given).resolve(), port=4200)
        return 0
    home = _home(fresh=False)
    _say("No OPENLIP_HOME is set: this serves the sample partnership, whose clock stands at 22 November 2026.")
    with _world(home):
        serve(home, port=4200)
    return 0


@contextmanager
def _world(home: Path) -> Iterator[None]:
    """The sample world: its publishers on loopback, its clock, its home."""
    from demo.publishers import Publishers

    with Publishers() as publishers:
        os.environ |= {"OPENLIP_PUBLISHERS": publishers.url, "OPENLIP_NOW": CLOCK, "OPENLIP_HOME": str(home)}
        os.environ.setdefault("OPENLIP_SECRET_GATE_KEY", SAMPLE_KEY)
        yield


def _home(*, fresh: bool) -> Path:
    """The sample's home folder in the checkout; the demo begins from nothing each time."""
    from argparse import Namespace

    from demo.downloads import write_downloads
    from demo.inbox import write_inbox
    from flows.answers import init

    if fresh:
        shutil.rmtree(HOME, ignore_errors=True)
    if not (HOME / "partnership.yaml").exists():
        init(Namespace(folder=HOME, source="peterborough", sample=True))
        write_downloads(HOME / "inbox")
        if not fresh:
            write_inbox(HOME / "inbox")
    return HOME


def _send(home: Path, *, late: bool) -> None:
    """Partners put their files into their folders: the sound ones of all but one, or the rest and the faulty ones."""
    from demo.inbox import WHO, write_inbox

    write_inbox(home / "inbox", dirty=late, only=[LATE] if late else [partner for partner in WHO if partner != LATE])


def _say(text: str) -> None:
    print(text, flush=True)


def _indented(text: str) -> str:
    return "\n".join(f"        {line}" for line in text.splitlines())


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
