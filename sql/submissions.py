"""What partners sent: every submission with its versions, states and findings, and every message that was put out.

Part of the ledger, so append-only. `place` and `digest` are keyed digests: they tell one place or one content from another, and nobody
can guess from them what a file was called or held.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Connection, Index, Integer, String, Table, Text, UniqueConstraint, and_, func, select

from sql.ledger import metadata

# What becomes of a submission. `pending`: read, and waits for the office (its period is closed).
STATES = ("pending", "accepted", "accepted_with_remarks", "partly_accepted", "refused", "withdrawn")
# A submission in one of these answers what is owed: nobody is reminded of it any more.
ANSWERED = ("accepted", "accepted_with_remarks", "partly_accepted")

submission = Table(
    "submission",
    metadata,
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("partner", String(80), nullable=False),
    Column("received_at", String(20), nullable=False),
    Column("channel", String(12), nullable=False),
    Column("place", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("form", String(8), nullable=False),
    Column("language", String(8), nullable=False),
    Index("submission_by_place", "place", "submission"),
    comment="One file as it came. Of a refused file this row and its findings are all that is kept.",
)

submission_part = Table(
    "submission_part",
    metadata,
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("judgement", Integer, primary_key=True, autoincrement=False),
    Column("contract", String(80), primary_key=True),
    Column("period", String(12), primary_key=True),
    Column("partner", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", String(64), nullable=False),
    Column("same_as", Integer),
    Column("rows", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("due_on", String(10)),
    Column("is_on_time", Boolean),
    Column("let_in_by", Text),
    UniqueConstraint("partner", "contract", "period", "version", "judgement"),
    comment="The rows of one table and period in a submission: their version, how many were taken, how many wait. `judgement` is the "
    "number of the state they led to (a pending one is judged again); `sha256` is that of the kept copy, `content` that of these rows, "
    "`same_as` the earlier version that said the same, `let_in_by` the exception.",
)

submission_state = Table(
    "submission_state",
    metadata,
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True),
    Column("at", String(20), nullable=False),
    Column("state", String(24), nullable=False),
    Column("by", String(80), nullable=False),
    Column("why", Text, nullable=False),
    comment="The states of a submission, in order. The last one counts.",
)

submission_finding = Table(
    "submission_finding",
    metadata,
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("judgement", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True),
    Column("rule", String(120), nullable=False),
    Column("tier", String(12), nullable=False),
    Column("sheet", String(80), nullable=False),
    Column("column", String(80), nullable=False),
    Column("letter", String(8), nullable=False),
    Column("row", Integer),
    Column("rows", Integer, nullable=False),
    Column("more", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("values", Text, nullable=False),
    comment="What was told to the partner: place, rule and counts; of a refused file never a value, a header or a name.",
)

explained = Table(
    "explained",
    metadata,
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("judgement", Integer, primary_key=True, autoincrement=False),
    Column("contract", String(80), primary_key=True),
    Column("series", String(300), primary_key=True),
    Column("rule", String(120), primary_key=True),
    Column("period", String(12), primary_key=True),
    Column("partner", String(80), nullable=False),
    Column("explanation", String(80), nullable=False),
    Column("until_period", String(12), nullable=False),
    comment="Odd numbers that their partner explained: the same question is not asked again up to and including `until_period`.",
)

message = Table(
    "message",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("recipient", String(200), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("about", String(200), nullable=False),
    Column("file", Text, nullable=False),
    Column("put_at", String(20), nullable=False),
    comment="Every message put into the outbox, once: its key says to whom and about what.",
)


def punctual(connection: Connection, known_at: str | None = None) -> dict[tuple[str, str], bool]:
    """By partner and period whether something that was taken came on time, as known at a moment; periods without a due day are left out.

    Of each submission its newest judgement by then counts, and nothing of one that was withdrawn by then.
    """
    part, state = submission_part, submission_state
    judged = part.join(state, and_(state.c.submission == part.c.submission, state.c.number == part.c.judgement))
    until = [state.c.at <= known_at] if known_at is not None else []
    newest = select(part.c.submission, func.max(part.c.judgement).label("judgement")).select_from(judged).where(*until)
    last = newest.group_by(part.c.submission).subquery()
    gone = select(state.c.submission).where(state.c.state == "withdrawn", *until)
    query = (
        select(part.c.partner, part.c.period, part.c.is_on_time)
        .join(last, and_(last.c.submission == part.c.submission, last.c.judgement == part.c.judgement))
        .where(part.c.taken > 0, part.c.due_on.is_not(None), part.c.submission.not_in(gone))
    )
    found: dict[tuple[str, str], bool] = {}
    for partner, period, is_on_time in connection.execute(query).tuples():
        found[partner, period] = found.get((partner, period), False) or bool(is_on_time)
    return found
