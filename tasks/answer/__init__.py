"""Answer a partner: its own workbook with marked cells, a receipt, and one message for each change of state."""

from __future__ import annotations

import os
from dataclasses import dataclass

from expectations.partnership import Partnership
from sql import periods
from tasks.answer.beside import put_beside
from tasks.answer.marked import mark
from tasks.answer.receipt import receipt
from tasks.conclude import Submission
from tasks.due import Member, current_period, members
from tasks.findings import tell
from tasks.letters import answer_letter
from tasks.outbox import Attached, outbox, write_whole
from tasks.receive.parcel import Parcel
from tasks.screen.screened import Screened


@dataclass(frozen=True, slots=True)
class Answered:
    """What was given back: the files in `answers/` of the home, whether a message was put out, and why nothing lies beside the file."""

    submission: int
    files: tuple[str, ...]
    is_put: bool
    not_beside: str = ""


def answer(parcel: Parcel, screened: Screened, submission: Submission, partnership: Partnership) -> Answered:
    """Write the marked workbook (not of a refused file) and the receipt, beside the file and in `answers/<partner>/`; put the message out.

    The same submission in the same state is answered with the same files and no second message.
    """
    slip = receipt(submission, partnership, tell=tell)
    stem = name_of(submission)
    files = [Attached(f"{stem}-receipt.pdf", slip.pdf)]
    if not screened.is_refused:
        files.insert(0, Attached(f"{stem}.xlsx", mark(parcel, screened, submission, partnership, tell=tell)))
    page = Attached(f"{stem}-receipt.html", slip.html.encode())
    own = partnership.home / "answers" / (submission.partner or "unknown")
    for file in (*files, page):
        write_whole(own / file.name, file.data)
    member = _member(submission, partnership)
    is_put = outbox(answer_letter(submission, member, partnership, files, slip.html), partnership)
    not_beside = ""
    if parcel.folder:
        try:
            put_beside(parcel.folder, (*files, page))
        except OSError as error:
            # Not the whole error: it could hold a name that is a person's.
            where = f"answers/{own.name}"
            not_beside = (
                f"The answer to submission {submission.number} could not be put beside the file ({os.strerror(error.errno or 0)}). It lies "
                f"in {where} of the home. Make the folder of answers there an ordinary one that this account may write to."
            )
    return Answered(submission.number, tuple(str(own / file.name) for file in (*files, page)), is_put, not_beside)


def name_of(submission: Submission) -> str:
    """What the files of an answer are called: the last period, its version, and the number of the submission."""
    last = max(submission.parts, key=lambda part: part.period, default=None)
    return f"{last.period}-v{last.version}-no{submission.number}" if last else f"refused-no{submission.number}"


def _member(submission: Submission, partnership: Partnership) -> Member | None:
    return members(partnership, periods.parse(current_period())).get(submission.partner)
