"""Signing up, in two steps, and leaving, in one. Nothing of a reader is kept but an address, and that only meanwhile.

Guarantees: nobody is written to who did not say so from that mailbox; no answer tells whether an address is known; what
ends is erased, and leaves an HMAC behind only where we must never write again.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.mail import Letter, MailRefused, checked_address
from libs.common.models.readers import EndReason, SubscriptionState, SuppressionReason
from libs.common.web import Site
from services.publish.credentials import Vault
from services.publish.readers import queries, rules
from services.publish.readers.keys import ReadersKeys

MAILBOX = "mailbox"
LONGEST = 254
"""RFC 5321, with the angle brackets it allows for."""


class NoAddress(ValueError):
    """Not an address of mail that every server takes."""


def address_of(text: str) -> str:
    """As typed, without spaces around it. Raises NoAddress."""
    address = text.strip()
    try:
        checked_address(address)
    except MailRefused:
        raise NoAddress from None
    if len(address) > LONGEST or "." not in address.rpartition("@")[2]:
        raise NoAddress
    return address


async def ask(
    session: AsyncSession, channel_id: UUID, address: str, keys: ReadersKeys, vault: Vault, now: datetime
) -> None:
    """A letter that asks for confirmation becomes due, unless one was sent just now, or must never be."""
    key_hash = keys.hash_of(address)
    if await _is_suppressed(session, key_hash, now):
        return
    id_ = new_id(now)
    values: dict[str, Any] = {
        "id": id_,
        "channel_id": channel_id,
        "state": SubscriptionState.PENDING,
        "ciphertext": vault.seal(id_, {MAILBOX: address}),
        "key_id": vault.key_id,
        "key_hash": key_hash,
        "domain_hash": keys.domain_hash_of(address),
        "ask_at": now,
        "asked_at": now,
    }
    found = await queries.add_subscription(session, values)
    is_old = now - found.asked_at >= rules.ASK_AGAIN
    if found.state == SubscriptionState.PENDING and is_old and found.asks < rules.MOST_ASKS:
        found.ask_at, found.asked_at = now, now


async def _is_suppressed(session: AsyncSession, key_hash: bytes, now: datetime) -> bool:
    found = await queries.suppression_of(session, key_hash)
    if found is None:
        return False
    return found.reason == SuppressionReason.COMPLAINED or now - found.since < rules.REVIVED_AFTER


def asking_letter(
    subscription: m.MailSubscription, channel: m.Channel, keys: ReadersKeys, vault: Vault, site: Site, now: datetime
) -> Letter:
    """The only letter to an address that has confirmed nothing; a second one of the same day is the same letter."""
    url = site.url(f"/nhan-tin/xac-nhan/{keys.confirm_token(subscription.id, now)}")
    words = [
        f"Có người (có lẽ là bạn) vừa đăng ký nhận “{channel.name}” bằng địa chỉ này.",
        f"Nếu đúng là bạn, hãy mở địa chỉ sau trong 48 giờ và bấm “Xác nhận”:\n{url}",
        "Nếu không phải bạn, xin bỏ qua thư này: không có thư nào khác được gửi và địa chỉ sẽ được xóa.",
        "\n".join(filter(None, ["-- ", site.publisher, site.contact])),
    ]
    to = str(mailbox(subscription, vault))
    key = UUID(int=subscription.id.int ^ subscription.asks)
    return Letter(to, f"Xác nhận đăng ký nhận “{channel.name}”", "\n\n".join(words), key)


def mailbox(subscription: m.MailSubscription, vault: Vault) -> str | None:
    """The address, opened; None where it is erased. Raises CredentialsUnreadable."""
    if subscription.ciphertext is None:
        return None
    return str(vault.open(subscription.id, subscription.ciphertext)[MAILBOX])


async def confirm(session: AsyncSession, subscription_id: UUID, now: datetime) -> m.MailSubscription | None:
    """None where nothing waits for it any more; confirmed twice is confirmed."""
    found = await queries.lock_subscription(session, subscription_id)
    if found is None or found.state == SubscriptionState.ENDED or found.key_hash is None:
        return None
    if found.state == SubscriptionState.PENDING:
        found.state, found.confirmed_at, found.ask_at = SubscriptionState.CONFIRMED, now, None
        await queries.forget_suppression(session, found.key_hash)
    return found


async def unsubscribe(session: AsyncSession, subscription_id: UUID, now: datetime) -> None:
    """Erased at once; again is no error."""
    await queries.end(session, subscription_id, EndReason.UNSUBSCRIBED, now)


async def end_everywhere(session: AsyncSession, key_hash: bytes, reason: SuppressionReason, now: datetime) -> None:
    """Every list of this address, and no other is begun."""
    await queries.suppress(session, key_hash, reason, now)
    for found in await queries.with_hash(session, key_hash):
        await queries.end(session, found.id, EndReason(reason), now)
