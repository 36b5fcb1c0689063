"""Every SQL statement about conversations; a comment is looked for by where and when it stands, never by a writer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common import models as m
from libs.common.models.conversation import LIVE_HIDINGS, HidingState, ReplyState
from libs.common.models.enums import CaseState, Role, TaskState
from libs.common.models.hearing import CommentState
from libs.common.pagination import PageRequest

ANSWERS = (Role.FEEDBACK_OFFICER, Role.SPOKESPERSON)
"""Who answers as the page and hides; the database holds the same (`answers_for`)."""
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


async def get_conversation(session: AsyncSession, comment_id: UUID, now: datetime) -> m.Conversation:
    """Locked; made where there was none."""
    await session.execute(insert(m.Conversation).values(comment_id=comment_id).on_conflict_do_nothing())
    query = select(m.Conversation).where(m.Conversation.comment_id == comment_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def answering_role(
    session: AsyncSession, person_id: UUID, comment_id: UUID, now: datetime
) -> tuple[str, UUID] | None:
    """By which role, in which unit, they answer under the comment's channel; None where they do not."""
    query = (
        select(m.RoleGrant.role, m.RoleGrant.unit_id)
        .join(m.Channel, m.Channel.unit_id == m.RoleGrant.unit_id)
        .join(m.Comment, m.Comment.channel_id == m.Channel.id)
        .where(m.Comment.id == comment_id, m.RoleGrant.person_id == person_id, m.RoleGrant.role.in_(ANSWERS))
        .where(m.RoleGrant.valid_from <= now, or_(m.RoleGrant.valid_to.is_(None), m.RoleGrant.valid_to > now))
        .order_by(m.RoleGrant.role)
    )
    row = (await session.execute(query.limit(1))).first()
    return (row.role, row.unit_id) if row is not None else None


async def may_answer(session: AsyncSession, person_id: UUID, comment_id: UUID, now: datetime) -> bool:
    return bool(await session.scalar(select(func.answers_for(person_id, comment_id, now))))


async def address_of(session: AsyncSession, comment_id: UUID) -> m.ReplyAddress | None:
    return await session.get(m.ReplyAddress, comment_id, populate_existing=True)


# --- replies ---


async def claim_replies(
    session: AsyncSession, states: Collection[ReplyState], now: datetime, until: datetime, limit: int
) -> Sequence[m.CommentReply]:
    """Those due, the longest waiting first; held until then, so that no other worker turns to them meanwhile."""
    query = (
        select(m.CommentReply)
        .where(m.CommentReply.state.in_(states), m.CommentReply.not_before <= now)
        .order_by(m.CommentReply.not_before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = (await session.scalars(query)).all()
    for reply in found:
        reply.not_before = until
    return found


async def lock_reply(session: AsyncSession, reply_id: UUID) -> m.CommentReply | None:
    query = select(m.CommentReply).where(m.CommentReply.id == reply_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).first()


async def is_anothers(session: AsyncSession, reply: m.CommentReply, platform_id: str) -> bool:
    """Whether what was found there is another answer of the same channel."""
    channel = select(m.Comment.channel_id).where(m.Comment.id == reply.comment_id).scalar_subquery()
    query = (
        select(m.CommentReply.id)
        .join(m.Comment, m.Comment.id == m.CommentReply.comment_id)
        .where(m.CommentReply.platform_id == platform_id, m.CommentReply.id != reply.id)
        .where(m.Comment.channel_id == channel)
    )
    return await session.scalar(query.limit(1)) is not None


async def replies_of(session: AsyncSession, comment_id: UUID) -> Sequence[m.CommentReply]:
    query = select(m.CommentReply).where(m.CommentReply.comment_id == comment_id).order_by(m.CommentReply.id)
    return (await session.scalars(query.limit(100))).all()


async def is_paused(session: AsyncSession, comment_id: UUID) -> bool:
    """Whether a pause holds back what answers it; the database holds the same (0025_rules.sql)."""
    return bool(await session.scalar(select(func.is_reply_paused(comment_id))))


async def publication_of(session: AsyncSession, comment_id: UUID) -> m.Publication | None:
    """None of a message to the account."""
    query = (
        select(m.Publication)
        .join(m.Delivery, m.Delivery.publication_id == m.Publication.id)
        .join(m.Comment, m.Comment.delivery_id == m.Delivery.id)
        .where(m.Comment.id == comment_id)
    )
    return (await session.scalars(query)).first()


async def close_unclear(
    session: AsyncSession, channel_id: UUID, publication_id: UUID | None, kind: str, by: UUID, now: datetime
) -> None:
    """The task is done once no reply under the publication, or to a message to the account, waits for a person."""
    waits = (
        select(m.CommentReply.id)
        .join(m.Comment, m.Comment.id == m.CommentReply.comment_id)
        .outerjoin(m.Delivery, m.Delivery.id == m.Comment.delivery_id)
        .where(m.CommentReply.state == ReplyState.MANUAL)
    )
    if publication_id is None:
        waits = waits.where(m.Comment.channel_id == channel_id, m.Comment.delivery_id.is_(None))
        whose = m.Task.channel_id == channel_id
    else:
        waits = waits.where(m.Delivery.publication_id == publication_id)
        whose = m.Task.publication_id == publication_id
    done = {"state": TaskState.DONE, "outcome": "done", "done_by": by, "done_at": now}
    it = and_(whose, m.Task.kind == kind, m.Task.state == TaskState.OPEN)
    await session.execute(update(m.Task).where(it, ~waits.exists()).values(done))


async def mark_ours(session: AsyncSession, comment_id: UUID) -> None:
    await session.execute(update(m.Comment).where(m.Comment.id == comment_id).values(is_ours=True))
    await session.execute(delete(m.ReplyAddress).where(m.ReplyAddress.comment_id == comment_id))


# --- hiding ---


async def lock_label(session: AsyncSession, comment_id: UUID) -> None:
    """Before any row of the hiding: a label of these words that is just being written is waited for."""
    locked = "SELECT pg_advisory_xact_lock(hashtextextended('label:' || c, 0)) FROM content_of_comment(:id) c"
    await session.execute(text(f"{locked} WHERE c IS NOT NULL"), {"id": comment_id})


async def is_protected(session: AsyncSession, comment_id: UUID) -> bool:
    return bool(await session.scalar(select(func.is_protected_comment(comment_id))))


async def is_labelled(session: AsyncSession, comment_id: UUID) -> bool:
    return bool(await session.scalar(select(func.is_labelled_comment(comment_id))))


async def live_hiding(session: AsyncSession, comment_id: UUID) -> m.CommentHiding | None:
    query = select(m.CommentHiding).where(
        m.CommentHiding.comment_id == comment_id, m.CommentHiding.state.in_(LIVE_HIDINGS)
    )
    return (await session.scalars(query.with_for_update())).first()


async def lock_hiding(session: AsyncSession, hiding_id: UUID) -> m.CommentHiding:
    query = select(m.CommentHiding).where(m.CommentHiding.id == hiding_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def claim_hidings(session: AsyncSession, now: datetime, until: datetime, limit: int) -> Sequence[m.CommentHiding]:
    due = m.CommentHiding.state.in_([HidingState.TO_HIDE, HidingState.ARMED, HidingState.TO_SHOW])
    query = (
        select(m.CommentHiding)
        .where(due, m.CommentHiding.not_before <= now)
        .order_by(m.CommentHiding.not_before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = (await session.scalars(query)).all()
    for hiding in found:
        if hiding.state == HidingState.TO_SHOW:  # the others are held where they are armed, under their label's lock
            hiding.not_before = until
    return found


async def hidden_but_protected(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Hidings whose comment is, or has become, what is never hidden."""
    states = [HidingState.TO_HIDE, HidingState.ARMED, HidingState.HIDDEN]
    query = select(m.CommentHiding.id).where(
        m.CommentHiding.state.in_(states), func.is_protected_comment(m.CommentHiding.comment_id)
    )
    return (await session.scalars(query.order_by(m.CommentHiding.id).limit(limit))).all()


# --- templates and house rules ---


async def list_templates(session: AsyncSession, units: Collection[UUID]) -> Sequence[Any]:
    query = (
        select(m.ReplyTemplate, m.ReplyTemplateVersion.body)
        .join(
            m.ReplyTemplateVersion,
            and_(
                m.ReplyTemplateVersion.template_id == m.ReplyTemplate.id,
                m.ReplyTemplateVersion.version == m.ReplyTemplate.version,
            ),
        )
        .where(m.ReplyTemplate.unit_id.in_(units))
        .order_by(m.ReplyTemplate.name)
        .limit(200)
    )
    return (await session.execute(query)).all()


async def lock_template(session: AsyncSession, template_id: UUID) -> m.ReplyTemplate | None:
    query = select(m.ReplyTemplate).where(m.ReplyTemplate.id == template_id).with_for_update()
    return (await session.scalars(query)).first()


async def list_house_rules(session: AsyncSession, units: Collection[UUID]) -> Sequence[m.HouseRule]:
    """Of these units, and of the city, which hold for every page."""
    query = (
        select(m.HouseRule)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.HouseRule.unit_id)
        .where(or_(m.HouseRule.unit_id.in_(units), m.OrganizationUnit.kind == "city"))
        .order_by(m.HouseRule.id)
        .limit(200)
    )
    return (await session.scalars(query)).all()


async def lock_house_rule(session: AsyncSession, rule_id: UUID) -> m.HouseRule | None:
    query = select(m.HouseRule).where(m.HouseRule.id == rule_id).with_for_update()
    return (await session.scalars(query)).first()


async def public_rules(session: AsyncSession) -> Sequence[Any]:
    """Each rule that is, or was, in force, with how often it hid something; failed ones hid nothing."""
    hid = m.CommentHiding.hidden_at.is_not(None)
    query = (
        select(
            m.HouseRule,
            func.count(m.CommentHiding.id).filter(hid).label("hidden"),
            func.count(m.CommentHiding.id).filter(hid, m.CommentHiding.state == HidingState.SHOWN).label("shown_again"),
        )
        .outerjoin(m.CommentHiding, m.CommentHiding.rule_id == m.HouseRule.id)
        .where(m.HouseRule.in_force_at.is_not(None))
        .group_by(m.HouseRule.id)
        .order_by(m.HouseRule.in_force_at, m.HouseRule.id)
    )
    return (await session.execute(query)).all()


async def hidden_elsewhere(session: AsyncSession) -> int:
    """Hidden on a platform by no act of ours: it is counted too, as somebody of the city may have done it there."""
    ours = select(m.CommentHiding.id).where(
        m.CommentHiding.comment_id == m.Comment.id, m.CommentHiding.state.in_(LIVE_HIDINGS)
    )
    query = select(func.count()).select_from(m.Comment).where(m.Comment.state == CommentState.HIDDEN, ~ours.exists())
    return await session.scalar(query) or 0
