"""What the flows do with partners, said once: collect their files, hand out workbooks, remind.

A file is worked on in memory until the gate has let it through. What goes wrong with one leaves the others their turn, and is told
without anything that the file said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from expectations.partnership import Partnership
from flows.sentences import Line, lay_views, registers_first
from flows.verbs import Sealed, Verbs
from sql import clock, ledger, schema, warehouse
from tasks import Misuse, Problem
from tasks.answer import Answered
from tasks.conclude import Judged, Submission, is_concluded
from tasks.due import Standing, current_period, standings
from tasks.fetch import Transport
from tasks.fetch.transport import SourceUnavailable
from tasks.hand_out import HandedOut
from tasks.receive import Channel
from tasks.receive.parcel import Parcel
from tasks.remind import Reminder

# Under this name the ledger notes how a channel answered, so that a source that is down is told once.
CHANNELS = "partners"


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of collecting: a line for each file and source that has news, the submissions, and where the period stands."""

    lines: tuple[Line, ...]
    submissions: tuple[Submission, ...]
    period: str
    standings: tuple[Standing, ...]


def collect_partners(partnership: Partnership, only: Sequence[str], verbs: Verbs, *, dry_run: bool = False) -> Collected:
    """What partners sent (or those named): registers first, since they say who partners are; then every channel; then the views.

    A dry run tells which new files lie where; none is judged, kept or answered.
    """
    lines = registers_first(partnership, verbs)
    _refuse_strangers(partnership, only)
    transport = Transport(about=["partners"])
    made: list[Submission] = []
    for channel in verbs.channels(partnership):
        if only and channel.partner and channel.partner not in only:
            continue
        if dry_run:
            lines += _look(channel, partnership, transport, verbs)
            continue
        found, submissions = _channel(channel, partnership, transport, verbs, only)
        lines += found
        made += submissions
    if made:
        lines += lay_views(partnership, verbs)
    period = current_period()
    return Collected(tuple(lines), tuple(made), period, tuple(standings(partnership, period)))


def hand_out_workbooks(
    partnership: Partnership, period: str, partners: Sequence[str], verbs: Verbs, *, dry_run: bool, again: bool
) -> list[HandedOut]:
    """The workbooks of a period for the partners named, or for all that owe something."""
    word = clock.today().isoformat() if again else ""
    made: list[HandedOut] = verbs.hand_out(partnership, period or current_period(), partners=partners, dry_run=dry_run, again=word)
    return made


def remind_partners(partnership: Partnership, period: str, partners: Sequence[str], verbs: Verbs, *, dry_run: bool) -> list[Reminder]:
    """The reminders of a period that are due today, for the partners named, or for all that owe something."""
    said: list[Reminder] = verbs.remind(partnership, period or current_period(), partners=partners, dry_run=dry_run)
    return said


def _refuse_strangers(partnership: Partnership, only: Sequence[str]) -> None:
    there = partnership.register_codes("members", "partner")
    if strangers := sorted(set(only) - there):
        raise Misuse(
            f"There is no partner {', '.join(strangers)} in registers/members.csv. There are: {', '.join(sorted(there)) or 'none'}."
        )


def _channel(
    channel: Channel, partnership: Partnership, transport: Transport, verbs: Verbs, only: Sequence[str]
) -> tuple[list[Line], list[Submission]]:
    """Every file of one channel; a channel that cannot be reached is a line, and news only when it answered the last time."""
    try:
        received = verbs.receive(channel, partnership, transport)
    except Problem as error:
        outcome = _outcome(error)
        return [Line(CHANNELS, channel.name, outcome, message=str(error), is_news=_note(partnership, channel.name, outcome))], []
    except Exception as error:  # the edge of the flow
        return [Line(CHANNELS, channel.name, "failed", message=type(error).__name__)], []
    _note(partnership, channel.name, "unchanged")
    lines = [Line(CHANNELS, channel.name, "left", message=left.why) for left in received.left]
    made = []
    for parcel in received.parcels:
        if is_concluded(partnership, parcel):
            continue
        found, submission = _parcel(parcel, channel, partnership, verbs, only)
        lines += found
        made += [submission] if submission else []
    return lines, made


def _look(channel: Channel, partnership: Partnership, transport: Transport, verbs: Verbs) -> list[Line]:
    try:
        received = verbs.receive(channel, partnership, transport)
    except Problem as error:
        return [Line(CHANNELS, channel.name, _outcome(error), message=str(error))]
    new = sum(not is_concluded(partnership, parcel) for parcel in received.parcels)
    told = [Line(CHANNELS, channel.name, "left", message=left.why) for left in received.left]
    if received.parcels:
        told.append(Line(CHANNELS, channel.name, "there", new=new, message=f"{new} of {len(received.parcels)} new."))
    return told


def _outcome(error: Problem) -> str:
    """A fault of ours, a source that is not there, or something that somebody has to mend."""
    return "failed" if isinstance(error, Sealed) else "unreachable" if isinstance(error, SourceUnavailable) else "blocked"


def _note(partnership: Partnership, channel: str, outcome: str) -> bool:
    """Note how a channel answered; True when that is another way than the last time."""
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        before = ledger.latest(connection, ledger.sighting, CHANNELS, channel, "id")
        was = before["outcome"] if before else "unchanged"
        if was != outcome:
            ledger.see(connection, CHANNELS, channel, outcome, None)
    return bool(was != outcome)


def _parcel(
    parcel: Parcel, channel: Channel, partnership: Partnership, verbs: Verbs, only: Sequence[str]
) -> tuple[list[Line], Submission | None]:
    """One file: screened, and then each of its tables staged, admitted, checked and loaded; concluded; answered."""
    try:
        screened = verbs.screen(parcel, partnership)
        if only and screened.partner not in only:
            return [], None
        judged, lines = [], []
        for sheet in screened.sheets:
            contract = next(contract for contract in partnership.contracts() if contract.name == sheet.contract)
            staged = verbs.stage(sheet.snapshot, contract, partnership)
            windows = verbs.admit(staged, contract, partnership)
            verdict = verbs.check(staged, contract, partnership)
            loaded = verbs.load(verdict, contract, partnership)
            judged.append(Judged(sheet, verdict, windows))
            counts = (loaded.rows, loaded.new, loaded.changed, loaded.gone, verdict.rows_held)
            outcome = "loaded" if loaded.outcome == "passed" else loaded.outcome
            lines.append(Line(contract.name, screened.partner, outcome, *counts))
        submission: Submission = verbs.conclude(screened, judged, partnership)
        answered: Answered = verbs.answer(parcel, screened, submission, partnership)
    except Problem as error:
        return [Line(CHANNELS, channel.name, _outcome(error), message=str(error))], None
    except Exception as error:  # the edge of the flow: not even its message, which could repeat what stood in the file
        return [Line(CHANNELS, channel.name, "failed", message=type(error).__name__)], None
    if screened.is_refused:
        lines = [Line(CHANNELS, screened.partner or channel.name, "blocked")]
    lines[0] = replace(lines[0], findings=submission.findings)
    lines = [replace(line, state=submission.state, submission=submission.number) for line in lines]
    if answered.not_beside:
        lines.append(Line(CHANNELS, channel.name, "not_beside", message=answered.not_beside))
    return lines, submission
