"""The loops of readers' mail; without a mail server and a signature nothing is claimed, and all stays as it is."""

from libs.common import telemetry
from libs.common.jobs import JobContext, Jobs
from libs.common.mail import MailFailed, MailRefused, MailUnclear
from services.publish.credentials import CredentialsUnreadable
from services.publish.readers import issues, queries, rules, sending, subscribing
from services.publish.readers.letters import Sender
from services.publish.resources import PublishResources

jobs = Jobs()
Context = JobContext[PublishResources]
AT_ONCE = 10
MOST_TRIES = 5
"""Of the letter that asks for confirmation."""


@jobs.every(seconds=5)
async def close_issues(ctx: Context) -> int:
    sender = _able(ctx)
    if sender is None:
        return 0
    async with ctx.db.transaction() as session:
        lists = [channel.id for channel in await queries.list_lists(session)]
    done = 0
    for channel_id in lists:
        for urgent in (True, False):
            async with ctx.db.transaction() as session:
                now = ctx.clock.now()
                done += await issues.close_issue(session, channel_id, sender, now, urgent=urgent) is not None
    return done


@jobs.every(seconds=2)
async def send_letters(ctx: Context) -> int:
    sender, vault = _able(ctx), ctx.resources.vault
    if sender is None or vault is None:
        return 0
    async with ctx.db.transaction() as session:
        ready = await sending.claim_letters(session, sender, vault, ctx.clock.now())
    await ctx.resources.checkpoint("letters_claimed")
    errors = await sending.hand_over(ctx.resources.mailer, sender, ready, ctx.clock.now())
    await ctx.resources.checkpoint("letters_out")
    if ready:
        async with ctx.db.transaction() as session:
            await sending.record(session, list(zip(ready, errors, strict=True)), ctx.clock.now())
    for error in errors:
        telemetry.count("lantoa.digest.letters", outcome="taken" if error is None else type(error).__name__)
    return len(ready)


@jobs.every(seconds=30)
async def settle_letters(ctx: Context) -> int:
    """What a dead worker had in hand is unclear; issues whose letters are all settled are finished."""
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        await queries.mark_stale(session, now - rules.LEASE, now)
        await issues.finish_issues(session, now)
        await issues.tell_stuck(session, now)
    return 0


@jobs.every(seconds=3)
async def ask_readers(ctx: Context) -> int:
    """The letters that ask whether it was really them."""
    sender, vault = ctx.resources.sender, ctx.resources.vault
    if sender is None or vault is None or not ctx.resources.mailer.is_on:
        return 0
    now = ctx.clock.now()
    async with ctx.db.transaction() as session:
        due = await queries.claim_asks(session, now, AT_ONCE)
    for subscription, channel in due:
        try:
            letter = subscribing.asking_letter(subscription, channel, sender.keys, vault, sender.site, now)
            await ctx.resources.mailer.send(letter)
        except (MailRefused, MailUnclear, CredentialsUnreadable):
            continue  # asked once more only if the reader asks once more
        except MailFailed:
            async with ctx.db.transaction() as session:
                held = await queries.lock_subscription(session, subscription.id)
                if held is not None and held.asks < MOST_TRIES and held.state == "pending":
                    held.ask_at = now + rules.BACKOFF[0]
    return len(due)


@jobs.every(seconds=3600)
async def forget_unconfirmed(ctx: Context) -> int:
    async with ctx.db.transaction() as session:
        await queries.forget_unconfirmed(session, ctx.clock.now() - rules.UNCONFIRMED_KEPT)
    return 0


def _able(ctx: Context) -> Sender | None:
    sender = ctx.resources.sender
    return sender if sender is not None and sender.may_send else None
