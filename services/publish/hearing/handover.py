"""What is said under our posts goes to those who listen and who answer: by ids alone, never by its words.

Words stay in `comments`, where whoever is told reads them as they are then: what was taken back in the meantime is not
said on, and what is told twice, late or in another order changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.events.content import BATCH_LIMIT
from libs.common.events.conversation import ConversationEscalated, ConversationsReceived
from libs.common.models.enums import Role
from libs.common.models.hearing import CommentState
from libs.common.outbox import emit, emit_all
from services.publish.hearing import problems as wrong

ESCALATES = (Role.FEEDBACK_OFFICER, Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)


async def hand_over(session: AsyncSession, comment_ids: Sequence[UUID], now: datetime) -> None:
    """Tell of comments by readers that are new, changed or gone."""
    ids = sorted(set(comment_ids))
    events = [
        ConversationsReceived(comment_ids=ids[start : start + BATCH_LIMIT]) for start in range(0, len(ids), BATCH_LIMIT)
    ]
    if events:
        await emit_all(session, events, now=now, source="publish")


async def hand_over_changed(session: AsyncSession, delivery_id: UUID, now: datetime) -> None:
    """The same for all under one post that this transaction has changed: it wrote its own instant to them."""
    changed = (m.Comment.delivery_id == delivery_id, m.Comment.updated_at == now, m.Comment.is_ours.is_(False))
    await hand_over(session, (await session.scalars(select(m.Comment.id).where(*changed))).all(), now)


async def escalate_comment(session: AsyncSession, comment_id: UUID, by: Principal, now: datetime) -> m.CommentCase:
    """Make a case of a comment under a post of the officer's unit, or of a message to its account; the second time
    changes nothing.

    Raises CommentNotFound, and NothingToEscalate for our own words and for those that were taken back.
    """
    found = await _require_comment(session, comment_id, by)
    if found.is_ours or found.state == CommentState.REMOVED:
        raise wrong.NothingToEscalate("Bình luận của chính trang, hoặc đã bị gỡ trên nền tảng.")
    values = {"comment_id": comment_id, "escalated_at": now}
    query = insert(m.CommentCase).values(values).on_conflict_do_nothing().returning(m.CommentCase.comment_id)
    if await session.scalar(query) is not None:
        await emit(session, ConversationEscalated(comment_id=comment_id), now=now, source="publish")
        await _audit(session, comment_id, by, now)
    kept = await session.get(m.CommentCase, comment_id)
    assert kept is not None
    return kept


async def _require_comment(session: AsyncSession, comment_id: UUID, by: Principal) -> m.Comment:
    query = (
        select(m.Comment)
        .join(m.Channel, m.Channel.id == m.Comment.channel_id)
        .outerjoin(m.Delivery, m.Delivery.id == m.Comment.delivery_id)
        .outerjoin(m.Publication, m.Publication.id == m.Delivery.publication_id)
        .where(m.Comment.id == comment_id)
        .where(func.coalesce(m.Publication.unit_id, m.Channel.unit_id).in_(by.units(*ESCALATES)))
    )
    found = (await session.scalars(query)).first()
    if found is None:
        raise wrong.CommentNotFound(f"Không có bình luận {comment_id} dưới tin hay trong hộp thư của đơn vị bạn.")
    return found


async def _audit(session: AsyncSession, comment_id: UUID, by: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action="comment.escalated",
        actor_id=by.person_id,
        object_type="comment",
        object_id=comment_id,
        now=now,
    )
