"""The inbox's reading: a comment is looked for by where and when it stands, never by a writer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common import models as m
from libs.common.models.conversation import ReplyState
from libs.common.models.enums import CaseState
from libs.common.models.hearing import CommentState
from libs.common.pagination import PageRequest

_Own = aliased(m.Comment)


@dataclass(frozen=True)
class Asked:
    """Which comments; there is nothing here by which a person could be looked for."""

    units: Collection[UUID]
    channel_id: UUID | None = None
    delivery_id: UUID | None = None
    state: CommentState | None = None
    is_unanswered: bool | None = None
    assigned_to: UUID | None = None
    seen_before: datetime | None = None
    is_resolved: bool = False
    is_message: bool | None = None


def _answered() -> ColumnElement[bool]:
    """By a reply from here that was seen there, or by the page itself under it."""
    replied = select(m.CommentReply.id).where(
        m.CommentReply.comment_id == m.Comment.id, m.CommentReply.state == ReplyState.CONFIRMED
    )
    own = select(_Own.id).where(
        _Own.is_ours, _Own.channel_id == m.Comment.channel_id, _Own.parent_digest == m.Comment.digest
    )
    return or_(replied.exists(), own.exists())


def _waits() -> ColumnElement[bool]:
    return and_(~_answered(), m.Conversation.closed_at.is_(None), m.Comment.state != CommentState.REMOVED)


def _newest_reply() -> Any:
    of_it = m.CommentReply.comment_id == m.Comment.id
    return select(m.CommentReply.state).where(of_it).order_by(m.CommentReply.id.desc()).limit(1).scalar_subquery()


def _newest_hiding() -> Any:
    of_it = m.CommentHiding.comment_id == m.Comment.id
    return select(m.CommentHiding.state).where(of_it).order_by(m.CommentHiding.id.desc()).limit(1).scalar_subquery()


def _comments(asked: Asked) -> Select[Any]:
    """Of readers, under posts on channels of these units or to these accounts alone."""
    query = (
        select(
            m.Comment,
            m.Conversation,
            m.Publication.id.label("publication_id"),
            m.Publication.title.label("publication_title"),
            m.ReplyAddress.expires_at.label("answers_until"),
            _answered().label("is_answered"),
            _newest_reply().label("reply_state"),
            _newest_hiding().label("hiding_state"),
        )
        .join(m.Channel, m.Channel.id == m.Comment.channel_id)
        .outerjoin(m.Delivery, m.Delivery.id == m.Comment.delivery_id)
        .outerjoin(m.Publication, m.Publication.id == m.Delivery.publication_id)
        .outerjoin(m.Conversation, m.Conversation.comment_id == m.Comment.id)
        .outerjoin(m.ReplyAddress, m.ReplyAddress.comment_id == m.Comment.id)
        .where(m.Channel.unit_id.in_(asked.units), m.Comment.is_ours.is_(False))
    )
    if asked.channel_id is not None:
        query = query.where(m.Comment.channel_id == asked.channel_id)
    if asked.delivery_id is not None:
        query = query.where(m.Comment.delivery_id == asked.delivery_id)
    if asked.is_message is not None:
        query = query.where(m.Comment.delivery_id.is_(None) if asked.is_message else m.Comment.delivery_id.is_not(None))
    if asked.state is not None:
        query = query.where(m.Comment.state == asked.state)
    if asked.is_unanswered is not None:
        query = query.where(_waits() if asked.is_unanswered else ~_waits())
    if asked.assigned_to is not None:
        query = query.where(m.Conversation.assigned_to == asked.assigned_to)
    if asked.seen_before is not None:
        query = query.where(m.Comment.seen_at <= asked.seen_before)
    if asked.is_resolved:
        query = query.where(
            select(m.FeedbackCase.id)
            .join(m.ConversationCase, m.ConversationCase.case_id == m.FeedbackCase.id)
            .where(m.ConversationCase.comment_id == m.Comment.id)
            .where(m.FeedbackCase.state.in_([CaseState.ANSWERED, CaseState.CLOSED]))
            .exists()
        )
    return query


async def list_comments(session: AsyncSession, asked: Asked, page: PageRequest) -> Sequence[Any]:
    """Newest first, each once."""
    query = _comments(asked).order_by(m.Comment.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(m.Comment.id < page.after.id)
    found: Sequence[Any] = (await session.execute(query)).all()
    return found


async def list_posts(session: AsyncSession, units: Collection[UUID], page: PageRequest) -> Sequence[Any]:
    """Posts with comments under them, newest post first, with how many and how long they wait."""
    has_any = select(m.Comment.id).where(m.Comment.delivery_id == m.Delivery.id, m.Comment.is_ours.is_(False))
    posts = (
        select(m.Delivery.id)
        .join(m.Channel, m.Channel.id == m.Delivery.channel_id)
        .where(m.Channel.unit_id.in_(units), has_any.exists())
        .order_by(m.Delivery.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        posts = posts.where(m.Delivery.id < page.after.id)
    waiting = func.count().filter(_waits())
    query = (
        select(
            m.Delivery.id.label("delivery_id"),
            m.Delivery.channel_id,
            m.Publication.id.label("publication_id"),
            m.Publication.title.label("publication_title"),
            func.count().label("comments"),
            waiting.label("unanswered"),
            func.max(m.Comment.seen_at).label("newest_at"),
            func.min(m.Comment.seen_at).filter(_waits()).label("oldest_unanswered_at"),
        )
        .join(m.Comment, m.Comment.delivery_id == m.Delivery.id)
        .join(m.Publication, m.Publication.id == m.Delivery.publication_id)
        .outerjoin(m.Conversation, m.Conversation.comment_id == m.Comment.id)
        .where(m.Delivery.id.in_(posts), m.Comment.is_ours.is_(False))
        .group_by(m.Delivery.id, m.Delivery.channel_id, m.Publication.id, m.Publication.title)
        .order_by(m.Delivery.id.desc())
    )
    return (await session.execute(query)).all()


async def cases_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Of those that officers made a case of: its reference and state, and whether its end was told since."""
    told = select(m.CommentReply.id).where(
        m.CommentReply.comment_id == m.CommentCase.comment_id,
        m.CommentReply.state.not_in([ReplyState.REJECTED, ReplyState.CANCELLED]),
        m.CommentReply.created_at >= m.FeedbackCase.answered_at,
    )
    query = (
        select(m.CommentCase.comment_id, m.FeedbackCase.reference, m.FeedbackCase.state, told.exists().label("is_told"))
        .outerjoin(m.ConversationCase, m.ConversationCase.comment_id == m.CommentCase.comment_id)
        .outerjoin(m.FeedbackCase, m.FeedbackCase.id == m.ConversationCase.case_id)
        .where(m.CommentCase.comment_id.in_(ids))
    )
    return {row.comment_id: row for row in await session.execute(query)}
