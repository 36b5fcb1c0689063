"""The database's side of hearing; everything by keyed digests, nothing by a person."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, and_, any_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.conversation import ReplyState
from libs.common.models.enums import ChannelState, DeliveryState
from libs.common.models.hearing import CommentState
from libs.common.pagination import PageRequest

STANDING = (DeliveryState.PUBLISHED, DeliveryState.WITHDRAWING)
MOST_ERASED = 5_000
SENT = (ReplyState.ARMED, ReplyState.COMMITTED, ReplyState.UNKNOWN, ReplyState.MANUAL, ReplyState.CONFIRMED)
WAITING = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.WITHDRAWING)


async def channels_of_kind(session: AsyncSession, kind: str) -> Sequence[m.Channel]:
    return (await session.scalars(select(m.Channel).where(m.Channel.kind == kind))).all()


async def take_event(session: AsyncSession, digests: Sequence[bytes], channel_id: UUID, now: datetime) -> bool:
    """Whether it is the first time that this event comes; two that bring it at once wait for each other."""
    if await session.scalar(select(m.PlatformEvent.digest).where(m.PlatformEvent.digest.in_(digests[1:]))):
        return False
    values = {"digest": digests[0], "channel_id": channel_id, "received_at": now}
    query = insert(m.PlatformEvent).values(values).on_conflict_do_nothing().returning(m.PlatformEvent.digest)
    return await session.scalar(query) is not None


async def delivery_of_post(session: AsyncSession, channel_id: UUID, post_id: str) -> m.Delivery | None:
    """The delivery that stands there under this id; of an album under that of any part."""
    parts = func.string_to_array(func.rtrim(m.Delivery.platform_id, "m"), ",")
    is_it = or_(m.Delivery.platform_id == post_id, any_(parts) == post_id)
    query = select(m.Delivery).where(m.Delivery.channel_id == channel_id, m.Delivery.state.in_(STANDING), is_it)
    return (await session.scalars(query.order_by(m.Delivery.id).limit(1))).first()


async def delivery_of_comment(session: AsyncSession, channel_id: UUID, digests: Iterable[bytes]) -> m.Delivery | None:
    """The one whose post this comment is under."""
    known = (m.Comment.channel_id == channel_id) & m.Comment.digest.in_(list(digests))
    query = select(m.Delivery).join(m.Comment, m.Comment.delivery_id == m.Delivery.id).where(known)
    return (await session.scalars(query.limit(1))).first()


async def find_comment(session: AsyncSession, channel_id: UUID, digests: Iterable[bytes]) -> m.Comment | None:
    query = select(m.Comment).where(m.Comment.channel_id == channel_id, m.Comment.digest.in_(list(digests)))
    return (await session.scalars(query.with_for_update().limit(1))).first()


async def name_anew(session: AsyncSession, channel_id: UUID, digests: Sequence[bytes]) -> None:
    """After a rotation of the key: a comment, and what answers it, go by the newest, as an older one is not known for
    ever and what stands below a comment has to stay known."""
    newest, older = digests[0], digests[1:]
    if not older:
        return
    mine = m.Comment.channel_id == channel_id
    await session.execute(update(m.Comment).where(mine, m.Comment.digest.in_(older)).values(digest=newest))
    await session.execute(
        update(m.Comment).where(mine, m.Comment.parent_digest.in_(older)).values(parent_digest=newest)
    )


async def add_comment(session: AsyncSession, values: dict[str, Any]) -> UUID | None:
    """None where somebody added it in the meantime."""
    query = insert(m.Comment).values(values).on_conflict_do_nothing(index_elements=["channel_id", "digest"])
    return await session.scalar(query.returning(m.Comment.id))


async def own_answers(session: AsyncSession, delivery_id: UUID, since: datetime) -> Sequence[m.CommentReply]:
    """Answers from here under the post that stand there, or may, sent since then."""
    query = (
        select(m.CommentReply)
        .join(m.Comment, m.Comment.id == m.CommentReply.comment_id)
        .where(m.Comment.delivery_id == delivery_id, m.CommentReply.state.in_(SENT), m.CommentReply.armed_at >= since)
        .order_by(m.CommentReply.id)
    )
    return (await session.scalars(query)).all()


async def name_answer(session: AsyncSession, reply_id: UUID, platform_id: str) -> None:
    """By what a person told of without its id, so that no other words are taken for it."""
    it = (m.CommentReply.id == reply_id) & m.CommentReply.platform_id.is_(None)
    await session.execute(update(m.CommentReply).where(it).values(platform_id=platform_id))


async def erase_comments(session: AsyncSession, ids: Collection[UUID], now: datetime) -> None:
    """Gone on the platform: the words and the way to answer go too; that there was one stays."""
    if not ids:
        return
    gone = {"state": CommentState.REMOVED, "body": None, "updated_at": now}
    await session.execute(update(m.Comment).where(m.Comment.id.in_(ids)).values(gone))
    await session.execute(delete(m.ReplyAddress).where(m.ReplyAddress.comment_id.in_(ids)))


async def visible_of(session: AsyncSession, delivery_id: UUID, before: datetime) -> Sequence[m.Comment]:
    """Comments under the post that changed last before then and that everybody sees, by what we know."""
    query = select(m.Comment).where(
        m.Comment.delivery_id == delivery_id, m.Comment.state == CommentState.VISIBLE, m.Comment.updated_at < before
    )
    return (await session.scalars(query)).all()


async def keep_address(session: AsyncSession, comment_id: UUID, sealed: bytes, key_id: str, until: datetime) -> None:
    values = {"comment_id": comment_id, "ciphertext": sealed, "key_id": key_id, "expires_at": until}
    query = insert(m.ReplyAddress).values(values)
    await session.execute(query.on_conflict_do_update(index_elements=["comment_id"], set_=values))


async def wake(session: AsyncSession, channel_id: UUID, post_id: str, is_new: bool, now: datetime) -> None:
    """Whatever waits for this post looks at once; what stands is looked at once more, unless the post `is_new`.

    Only what it names: looking counts, and one that nothing was heard of is not to be given up sooner.
    """
    handle, mine = m.Delivery.handle, m.Delivery.channel_id == channel_id
    named = or_(m.Delivery.platform_id == post_id, handle["sending"].astext.contains(post_id, autoescape=True))
    waits = update(m.Delivery).where(mine, m.Delivery.state.in_(WAITING), named).values(not_before=now)
    await session.execute(waits)
    if is_new:
        return
    stands = and_(mine, m.Delivery.state == DeliveryState.PUBLISHED, m.Delivery.platform_id == post_id)
    again = update(m.Delivery).where(stands).values(handle=handle.op("-")("looked_again"), not_before=now)
    await session.execute(again)


async def claim_to_read(
    session: AsyncSession, kinds: Collection[str], now: datetime, young: timedelta, limit: int = 20
) -> Sequence[m.Delivery]:
    """Posts whose comments are due to be read; the longest waiting first, and held until they were."""
    due = func.coalesce(m.CommentReading.due_at, func.coalesce(m.Delivery.confirmed_at, now))
    query = (
        select(m.Delivery)
        .join(m.Channel, m.Channel.id == m.Delivery.channel_id)
        .outerjoin(m.CommentReading, m.CommentReading.delivery_id == m.Delivery.id)
        .where(m.Channel.kind.in_(kinds), m.Channel.state == ChannelState.ACTIVE, m.Channel.is_drill.is_(False))
        .where(m.Delivery.state == DeliveryState.PUBLISHED, m.Delivery.platform_id.is_not(None))
        .where(m.Delivery.confirmed_at > now - young, due <= now)
        .order_by(due)
        .limit(limit)
        .with_for_update(of=m.Delivery, skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def read_again_at(session: AsyncSession, delivery_id: UUID, due_at: datetime) -> None:
    values = {"delivery_id": delivery_id, "due_at": due_at}
    query = insert(m.CommentReading).values(values)
    await session.execute(query.on_conflict_do_update(index_elements=["delivery_id"], set_={"due_at": due_at}))


async def count_comments(session: AsyncSession, publication_id: UUID) -> Sequence[tuple[UUID, str, bool, int]]:
    """How many there are on each channel, in each state, by readers and by ourselves."""
    key = (m.Comment.channel_id, m.Comment.state, m.Comment.is_ours)
    query = select(*key, func.count()).join(m.Delivery, m.Delivery.id == m.Comment.delivery_id)
    query = query.where(m.Delivery.publication_id == publication_id).group_by(*key).order_by(*key)
    return [(at, state, ours, count) for at, state, ours, count in await session.execute(query)]


async def count_under(session: AsyncSession, delivery_id: UUID) -> int:
    return await session.scalar(select(func.count()).where(m.Comment.delivery_id == delivery_id)) or 0


async def forget(session: AsyncSession, events_before: datetime, messages_before: datetime, now: datetime) -> int:
    """Events so old that no platform sends them again, addresses that may no longer be answered, and the words of
    messages that had their time."""
    it = (m.Comment.delivery_id.is_(None), m.Comment.body.is_not(None), m.Comment.seen_at < messages_before)
    await erase_comments(
        session, (await session.scalars(select(m.Comment.id).where(*it).limit(MOST_ERASED))).all(), now
    )
    old = await session.execute(delete(m.PlatformEvent).where(m.PlatformEvent.received_at < events_before))
    ended = await session.execute(delete(m.ReplyAddress).where(m.ReplyAddress.expires_at <= now))
    return sum(each.rowcount for each in (old, ended) if isinstance(each, CursorResult))


async def cases_of(session: AsyncSession, comment_ids: Collection[UUID]) -> dict[UUID, tuple[str | None, str | None]]:
    """Reference and state of the cases that officers made of these comments; None while intake has not opened it."""
    query = (
        select(m.CommentCase.comment_id, m.FeedbackCase.reference, m.FeedbackCase.state)
        .outerjoin(m.ConversationCase, m.ConversationCase.comment_id == m.CommentCase.comment_id)
        .outerjoin(m.FeedbackCase, m.FeedbackCase.id == m.ConversationCase.case_id)
        .where(m.CommentCase.comment_id.in_(comment_ids))
    )
    return {row.comment_id: (row.reference, row.state) for row in await session.execute(query)}


async def list_comments(session: AsyncSession, publication_id: UUID, page: PageRequest) -> Sequence[m.Comment]:
    """Newest first, of all channels of the publication."""
    query = (
        select(m.Comment)
        .join(m.Delivery, m.Delivery.id == m.Comment.delivery_id)
        .where(m.Delivery.publication_id == publication_id)
        .order_by(m.Comment.id.desc())
    )
    if page.after is not None:
        query = query.where(m.Comment.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()
