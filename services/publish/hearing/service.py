"""What was heard becomes comments, wakes what waits, or closes an account: each event once, in one transaction.

Guarantee: words are masked before they are stored, and nothing that was stored, logged or sent on says who wrote them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common import telemetry
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.models.hearing import CommentState
from libs.common.text import nfc
from services.publish import queries as publish_queries
from services.publish.adapters.base import Account, Said
from services.publish.credentials import CredentialsUnreadable
from services.publish.hearing import queries
from services.publish.hearing.base import Commented, Ended, Heard, HearingKeys, Hook, Letter, Touched, Uncommented
from services.publish.resources import PublishResources
from services.publish.service.tasks import open_channel_task

MOST_LETTERS = 5_000
ANSWERABLE = timedelta(days=30)
"""How long a comment may be answered from here, as nobody expects an answer later."""
SETTLED = timedelta(minutes=10)
"""How long after it was seen a comment that a list does not show may still be on its way into the list."""


@dataclass(frozen=True)
class Ear:
    """What hearing needs of the process; `keys` are never those that seal."""

    keys: HearingKeys
    res: PublishResources


def ear_of(res: PublishResources) -> Ear | None:
    """None where no key is set: nothing could be told apart or sealed."""
    return Ear(res.hearing, res) if res.hearing is not None else None


async def account_of(session: AsyncSession, channel: m.Channel, res: PublishResources) -> Account | None:
    """With its secret; None where that cannot be opened."""
    sealed = await publish_queries.get_credentials(session, channel.id)
    if sealed is None or res.vault is None:
        return Account(channel.id, channel.settings)
    try:
        return Account(channel.id, channel.settings, res.vault.open(channel.id, sealed))
    except CredentialsUnreadable:
        return None


async def is_genuine(session: AsyncSession, channel: m.Channel, hook: Hook, letter: Letter, ear: Ear) -> bool:
    account = await account_of(session, channel, ear.res)
    words = ear.keys.words(channel.id)
    return account is not None and any(hook.is_genuine(letter, account, word) for word in words)


async def take_letter(session: AsyncSession, channel: m.Channel, hook: Hook, letter: Letter, ear: Ear) -> int:
    """Of a genuine letter to this channel, what is new; an app's callback also brings what is of its other accounts,
    which counts only where their own secret signed it. How many events were taken."""
    taken = 0
    for heard in hook.read(letter):
        whose = await _channel_of(session, channel, hook, heard, letter, ear)
        if whose is None:
            continue
        digests = ear.keys.digests(channel.kind, str(whose.id), heard.key)
        if await queries.take_event(session, digests, whose.id, letter.at):
            await take(session, whose, heard, letter.at, ear)
            taken += 1
    return taken


async def _channel_of(
    session: AsyncSession, channel: m.Channel, hook: Hook, heard: Heard, letter: Letter, ear: Ear
) -> m.Channel | None:
    if heard.account is None or hook.is_of(Account(channel.id, channel.settings), heard.account):
        return channel
    for other in await queries.channels_of_kind(session, channel.kind):
        if hook.is_of(Account(other.id, other.settings), heard.account):
            return other if await is_genuine(session, other, hook, letter, ear) else None
    return None


async def take(session: AsyncSession, channel: m.Channel, heard: Heard, now: datetime, ear: Ear) -> None:
    telemetry.count("lantoa.hearing.events", kind=channel.kind, event=type(heard.event).__name__)
    match heard.event:
        case Commented(said):
            delivery = await queries.delivery_of_post(session, channel.id, said.post_id)
            if delivery is not None:
                await store(session, delivery, said, now, ear)
        case Uncommented(comment_id):
            known = await queries.find_comment(session, channel.id, _names(channel.id, comment_id, ear))
            await queries.erase_comments(session, [known.id] if known else [], now)
        case Touched(post_id):
            await queries.wake(session, channel.id, post_id, now)
        case Ended(reason):
            await publish_queries.close_for_reconnect(session, channel.id)
            title = f"Cần kết nối lại kênh “{channel.name}”: {reason.vi}"
            await open_channel_task(session, "channel_reconnect", channel, title, now)


async def store(session: AsyncSession, delivery: m.Delivery, said: Said, now: datetime, ear: Ear) -> UUID | None:
    """One row for each comment, by whichever way and however often it comes; its words as they are now."""
    digests, body = _names(delivery.channel_id, said.id, ear), masked(said.text)
    if not body:
        return None
    known = await queries.find_comment(session, delivery.channel_id, digests)
    if known is not None:
        if known.state == CommentState.VISIBLE and known.body != body:
            known.body = body
        known.updated_at = now
        return known.id
    values = {
        "id": new_id(now),
        "channel_id": delivery.channel_id,
        "delivery_id": delivery.id,
        "digest": digests[0],
        "parent_digest": _names(delivery.channel_id, said.parent_id, ear)[0] if said.parent_id else None,
        "body": body,
        "is_ours": said.is_ours,
        "state": CommentState.VISIBLE,
        "posted_at": said.at,
        "seen_at": now,
        "updated_at": now,
    }
    added = await queries.add_comment(session, values)
    if added is not None and not said.is_ours and ear.res.vault is not None:
        sealed = ear.res.vault.seal(added, {"identifier": said.id})
        await queries.keep_address(session, added, sealed, now + ANSWERABLE)
    return added


async def store_list(
    session: AsyncSession, delivery: m.Delivery, said: Sequence[Said], is_whole: bool, now: datetime, ear: Ear
) -> None:
    """What the platform shows under a post. `is_whole`: what it does not show is gone, and erased here too."""
    shown = {await store(session, delivery, each, now, ear) for each in said}
    if is_whole:
        known = await queries.visible_of(session, delivery.id, now - SETTLED)
        await queries.erase_comments(session, [each.id for each in known if each.id not in shown], now)


def masked(text: str) -> str:
    return mask_personal_data(nfc(text).replace("\x00", "").strip())[:MOST_LETTERS]


def _names(channel_id: UUID, comment_id: str, ear: Ear) -> list[bytes]:
    return ear.keys.digests("comment", str(channel_id), comment_id)
