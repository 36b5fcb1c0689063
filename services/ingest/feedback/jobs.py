"""The loops of feedback: overdue limits, the question to senders, cases that close by themselves, contacts purged."""

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from libs.common.mail import Mailer, MailFailed, MailRefused, MailUnclear
from services.ingest.feedback import watching
from services.ingest.feedback.desk import FeedbackDesk, desk_of
from services.ingest.feedback.watching import Asked
from services.ingest.resources import Resources

jobs = Jobs()
Context = JobContext[Resources]


@jobs.every(seconds=30)
async def watch_limits(ctx: Context) -> int:
    """Limits of cases and of requests about personal data; what passed is told once, and is work only once."""
    async with ctx.db.transaction() as session:
        now = ctx.clock.now()
        return await watching.tell_overdue(session, now) + await watching.tell_late_requests(session, now)


@jobs.every(seconds=60)
async def ask_senders(ctx: Context) -> int:
    """Claim → hand over outside the transaction → record."""
    desk, mailer = desk_of(ctx.resources.settings), Mailer(ctx.resources.settings.mail, ctx.clock)
    async with ctx.db.transaction() as session:
        due = await watching.claim_asks(session, desk, ctx.clock.now(), by_mail=mailer.is_on)
    for asked in due:
        await _ask(ctx, desk, mailer, asked)
    return len(due)


async def _ask(ctx: Context, desk: FeedbackDesk, mailer: Mailer, asked: Asked) -> None:
    outcome, is_again = "taken", False
    try:
        await mailer.send(asked.letter)
    except (MailRefused, MailUnclear) as error:
        outcome = type(error).__name__
    except MailFailed as error:
        outcome, is_again = type(error).__name__, True
    telemetry.count("lantoa.feedback.asked", outcome=outcome)
    async with ctx.db.transaction() as session:
        if is_again:
            await watching.ask_again(session, asked, ctx.clock.now())
        elif outcome == "taken":
            await watching.record_asked(session, desk, asked.case_id, ctx.clock.now())


@jobs.every(seconds=300)
async def close_answered(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await watching.close_answered(session, desk_of(ctx.resources.settings), ctx.clock.now())


@jobs.every(seconds=300)
async def purge_contacts(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        return await watching.purge_contacts(session, ctx.clock.now())


@jobs.every(seconds=3600)
async def reseal_contacts(ctx: Context) -> int:
    """After the key was changed; none is left when it says 0."""
    async with ctx.db.transaction() as session:
        return await watching.reseal_contacts(session, desk_of(ctx.resources.settings))
