"""What answering and hiding read and write, and the house rules; the inbox itself is read in `inbox_queries.py`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.conversation import LIVE_HIDINGS, HidingState, ReplyState
from libs.common.models.enums import Role, TaskState
from libs.common.models.hearing import CommentState

ANSWERS = (Role.FEEDBACK_OFFICER, Role.SPOKESPERSON)
"""Who answers as the page and hides; the database holds the same (`answers_for`)."""


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
    """Before any row of the hiding: a label of these words, or of answers below them, that is just being written is
    waited for."""
    await session.execute(select(func.lock_labels_of_thread(comment_id)))


async def is_protected(session: AsyncSession, comment_id: UUID) -> bool:
    return bool(await session.scalar(select(func.is_protected_comment(comment_id))))


async def is_labelled(session: AsyncSession, comment_id: UUID) -> bool:
    return bool(await session.scalar(select(func.is_labelled_comment(comment_id))))


async def is_protected_thread(session: AsyncSession, comment_id: UUID) -> bool:
    """Whether its own words, or an answer below it that would go out of sight with it, are never hidden."""
    return bool(await session.scalar(select(func.is_protected_thread(comment_id))))


async def is_labelled_below(session: AsyncSession, comment_id: UUID) -> bool:
    return bool(await session.scalar(select(func.is_labelled_below(comment_id))))


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
    """Hidings whose comment is, or has become, what is never hidden, or has such an answer below it."""
    states = [HidingState.TO_HIDE, HidingState.ARMED, HidingState.HIDDEN]
    query = select(m.CommentHiding.id).where(
        m.CommentHiding.state.in_(states), func.is_protected_thread(m.CommentHiding.comment_id)
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
