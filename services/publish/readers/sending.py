"""Sending: claim → hand over outside of any transaction → record. A letter is handed over once.

Guarantees: what may be out is never queued again: an answer that was lost, and a worker that died with letters in hand,
leave `unclear`. What was withdrawn before a letter was claimed is not in it. An address is opened for one letter and
stands in no log and no error.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.mail import Mailer, MailFailed, MailRefused
from libs.common.models.readers import EndReason, SendState, SubscriptionState, SuppressionReason
from services.publish.credentials import CredentialsUnreadable, Vault
from services.publish.readers import letters, queries, rules, subscribing
from services.publish.readers.issues import issue_of
from services.publish.readers.letters import Issue, Sender

log = logging.getLogger("lantoa.publish")
BATCH = 5
"""So many times what is handed over side by side is claimed together."""


@dataclass(frozen=True)
class Ready:
    """A letter whose reader and words are known."""

    send_id: UUID
    subscription_id: UUID
    issue: Issue
    to: str = field(repr=False)


async def claim_letters(session: AsyncSession, sender: Sender, vault: Vault, now: datetime) -> list[Ready]:
    due, recent = await queries.due_letters(session, now)
    settings = sender.settings
    go, wait = rules.spread(due, recent, settings.per_domain, BATCH * settings.at_once)
    await queries.put_off(session, wait, now + timedelta(minutes=1))
    if not go:
        return []
    await queries.share_digests(session, go)
    claimed = await queries.claim(session, go, now)
    issues = {one.digest.id: await _issue(session, one) for one in claimed}
    return [ready for one in claimed if (ready := _ready(one, issues[one.digest.id], vault, now)) is not None]


async def _issue(session: AsyncSession, one: queries.Letter) -> Issue:
    return issue_of(one.channel, one.digest, await queries.content_of(session, one.digest.id))


def _ready(one: queries.Letter, issue: Issue, vault: Vault, now: datetime) -> Ready | None:
    """None where it is settled without being sent: everything it would say is withdrawn, or its address unreadable."""
    to, state = None, SendState.DROPPED
    try:
        to = subscribing.mailbox(one.subscription, vault)
    except CredentialsUnreadable:
        log.error("the address of subscription %s cannot be opened", one.subscription.id)
        state = SendState.REFUSED
    if to is None or not issue.items:
        one.send.state, one.send.updated_at = state, now
        return None
    return Ready(one.send.id, one.subscription.id, issue, to)


async def hand_over(mailer: Mailer, sender: Sender, ready: Sequence[Ready], now: datetime) -> list[MailFailed | None]:
    """Outside of any transaction; what went wrong with each, if anything did."""
    lanes = asyncio.Semaphore(sender.settings.at_once)

    async def one(letter: Ready) -> MailFailed | None:
        async with lanes:
            return await _hand_over(mailer, sender, letter, now)

    return await asyncio.gather(*(one(letter) for letter in ready))


async def _hand_over(mailer: Mailer, sender: Sender, ready: Ready, now: datetime) -> MailFailed | None:
    try:
        raw = await asyncio.to_thread(
            letters.written, ready.issue, sender, ready.send_id, ready.subscription_id, ready.to, now
        )
        await mailer.hand_over(raw, sender.return_path(ready.send_id), ready.to)
    except MailFailed as error:
        return error
    return None


async def record(session: AsyncSession, outcomes: Sequence[tuple[Ready, MailFailed | None]], now: datetime) -> None:
    for ready, error in outcomes:
        send = await queries.lock_send(session, ready.send_id)
        if send is None or send.state != SendState.SENDING:
            continue  # it took so long that it counts as unclear by now, or its return came back first
        send.updated_at = now
        if error is None:
            send.state, send.sent_at, send.code = SendState.HANDED_OVER, now, None
            continue
        await _not_taken(session, send, ready.issue, error, now)


async def _not_taken(session: AsyncSession, send: m.DigestSend, issue: Issue, error: MailFailed, now: datetime) -> None:
    found = rules.verdict(error, send.attempts, issue.closed_at, now)
    send.state, send.code = found.state, found.code
    send.not_before = found.not_before or send.not_before
    if isinstance(error, MailRefused):
        await mailbox_said_no(session, send, now)
    elif found.state == SendState.QUEUED:
        await _drop_if_ended(session, send)


async def _drop_if_ended(session: AsyncSession, send: m.DigestSend) -> None:
    """The reader left while the letter was in hand."""
    subscription = await session.get(m.MailSubscription, send.subscription_id, populate_existing=True)
    if subscription is None or subscription.state != SubscriptionState.CONFIRMED:
        send.state = SendState.DROPPED


async def mailbox_said_no(session: AsyncSession, send: m.DigestSend, now: datetime) -> None:
    """No such mailbox: never again, on no list. One that keeps refusing is left alone."""
    await session.flush()
    subscription = await queries.lock_subscription(session, send.subscription_id)
    if subscription is None or subscription.key_hash is None:
        return
    if rules.is_gone(send.code):
        await subscribing.end_everywhere(session, subscription.key_hash, SuppressionReason.BOUNCED, now)
        return
    last = await queries.last_codes(session, send.subscription_id, rules.STRIKES)
    if len(last) == rules.STRIKES and all(map(rules.is_strike, last)):
        await queries.end(session, send.subscription_id, EndReason.BOUNCED, now)
