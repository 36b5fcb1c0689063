"""The inbox: what readers wrote, each once; who answers for it, who looks at it now, and whether it needs no answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.enums import CaseState
from libs.common.notifications import add_notification
from libs.common.pagination import PageRequest
from services.publish.conversation import inbox_queries, queries, rules
from services.publish.conversation import problems as wrong
from services.publish.conversation.inbox_queries import Asked
from services.publish.conversation.queries import ANSWERS
from services.publish.hearing.problems import CommentNotFound


async def inbox(session: AsyncSession, asked: Asked, page: PageRequest) -> tuple[list[dict[str, Any]], bool]:
    """The page's comments as they are shown, and whether there are more."""
    found = await inbox_queries.list_comments(session, asked, page)
    shown = found[: page.limit]
    cases = await inbox_queries.cases_of(session, [row.Comment.id for row in shown])
    return [_shown(row, cases.get(row.Comment.id)) for row in shown], len(found) > page.limit


def _shown(row: Any, case: Any) -> dict[str, Any]:
    comment, talk = row.Comment, row.Conversation
    is_resolved = case is not None and case.state in rules.RESOLVED and not case.is_told
    offered = rules.OFFER.replace("{ma_phan_anh}", case.reference) if case is not None and is_resolved else None
    return {
        "comment_id": comment.id,
        "channel_id": comment.channel_id,
        "is_message": comment.delivery_id is None,
        "publication_id": row.publication_id,
        "publication_title": row.publication_title,
        "pseudonym": rules.pseudonym(comment.id),
        "body": comment.body,
        "state": comment.state,
        "posted_at": comment.posted_at,
        "seen_at": comment.seen_at,
        "answers_until": row.answers_until,
        "is_answered": row.is_answered,
        "is_closed": talk is not None and talk.closed_at is not None,
        "assigned_to": talk.assigned_to if talk else None,
        "held_by": talk.held_by if talk else None,
        "held_until": talk.held_until if talk else None,
        "reply_state": row.reply_state,
        "hiding_state": row.hiding_state,
        "is_escalated": case is not None,
        "case_reference": case.reference if case else None,
        "case_state": CaseState(case.state) if case is not None and case.state else None,
        "offered_reply": offered,
    }


async def posts(session: AsyncSession, units: set[UUID], page: PageRequest) -> Sequence[Any]:
    return await inbox_queries.list_posts(session, units, page)


async def require_comment(session: AsyncSession, comment_id: UUID, units: set[UUID]) -> m.Comment:
    """Locked against another's change; on a channel of one of these units."""
    query = (
        select(m.Comment)
        .join(m.Channel, m.Channel.id == m.Comment.channel_id)
        .where(m.Comment.id == comment_id, m.Channel.unit_id.in_(units))
    )
    found = (await session.scalars(query.with_for_update(of=m.Comment))).first()
    if found is None:
        raise CommentNotFound(f"Không có bình luận {comment_id} trên kênh của đơn vị bạn.")
    return found


async def hold(
    session: AsyncSession, comment_id: UUID, who: Principal, now: datetime, *, take_over: bool = False
) -> tuple[m.Conversation, UUID | None]:
    """Say that one looks at it now, for some minutes; who looked until now is named where it is taken over.

    Whoever it was taken from is told at once, and nothing of theirs goes through meanwhile.
    """
    await require_comment(session, comment_id, who.units(*ANSWERS))
    talk = await queries.get_conversation(session, comment_id, now)
    other = talk.held_by if rules.is_held(talk.held_by, talk.held_until, now) else None
    taken_from = other if other != who.person_id else None
    if taken_from is not None and not take_over:
        raise await _held(session, talk)
    talk.held_by, talk.held_until = who.person_id, now + rules.HELD
    if taken_from is not None:
        await record(session, "comment.taken_over", comment_id, who, now, {"from": str(taken_from)})
        await _tell_taken_over(session, comment_id, taken_from, who, now)
    await session.flush()
    return talk, taken_from


async def _tell_taken_over(
    session: AsyncSession, comment_id: UUID, taken_from: UUID, who: Principal, now: datetime
) -> None:
    """Them alone, by a role of theirs with which they answer for this page."""
    found = await queries.answering_role(session, taken_from, comment_id, now)
    if found is None:  # they hold it no more: it is not theirs to know
        return
    role, unit_id = found
    name = await session.scalar(select(m.Person.display_name).where(m.Person.id == who.person_id))
    told = {
        "id": new_id(now),
        "kind": "comment_taken_over",
        "role": role,
        "unit_id": unit_id,
        "person_id": taken_from,
        "object_type": "comment",
        "object_id": comment_id,
        "subject": f"{name} đã nhận thay một bình luận bạn đang xem",
        "body": f"{rules.pseudonym(comment_id)}: {name} đang xem và trả lời. Câu bạn đang soạn sẽ không gửi được.",
        "created_at": now,
        "sent_at": None,
    }
    await add_notification(session, told)


async def let_go(session: AsyncSession, comment_id: UUID, who: Principal, now: datetime) -> None:
    await require_comment(session, comment_id, who.units(*ANSWERS))
    talk = await queries.get_conversation(session, comment_id, now)
    if talk.held_by == who.person_id:
        talk.held_by = talk.held_until = None


async def require_free(session: AsyncSession, comment_id: UUID, who: Principal, now: datetime) -> m.Conversation:
    """Nobody else looks at it; raises HeldByAnother."""
    talk = await queries.get_conversation(session, comment_id, now)
    if rules.is_held(talk.held_by, talk.held_until, now) and talk.held_by != who.person_id:
        raise await _held(session, talk)
    return talk


async def _held(session: AsyncSession, talk: m.Conversation) -> wrong.HeldByAnother:
    name = await session.scalar(select(m.Person.display_name).where(m.Person.id == talk.held_by))
    until = talk.held_until.isoformat(timespec="seconds") if talk.held_until else ""
    return wrong.HeldByAnother(f"{name} đang xem, đến {until}. Muốn nhận thay, hãy gửi take_over = true.")


async def assign(
    session: AsyncSession, comment_id: UUID, person_id: UUID | None, who: Principal, now: datetime
) -> m.Conversation:
    await require_comment(session, comment_id, who.units(*ANSWERS))
    if person_id is not None and not await queries.may_answer(session, person_id, comment_id, now):
        raise wrong.NotAnOfficer("Chỉ giao cho cán bộ tiếp nhận hoặc người phát ngôn của đơn vị có trang này.")
    talk = await queries.get_conversation(session, comment_id, now)
    talk.assigned_to, talk.assigned_by = person_id, who.person_id
    talk.assigned_at = now if person_id is not None else None
    facts = {"to": str(person_id)} if person_id is not None else {}
    await record(session, "comment.assigned", comment_id, who, now, facts)
    await session.flush()
    return talk


async def close(session: AsyncSession, comment_id: UUID, who: Principal, now: datetime, *, is_closed: bool) -> None:
    """Needs no answer; or does after all."""
    await require_comment(session, comment_id, who.units(*ANSWERS))
    talk = await require_free(session, comment_id, who, now)
    talk.closed_by, talk.closed_at = (who.person_id, now) if is_closed else (None, None)
    await record(session, "comment.closed" if is_closed else "comment.reopened", comment_id, who, now)


async def record(
    session: AsyncSession,
    action: str,
    comment_id: UUID,
    who: Principal,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="comment",
        object_id=comment_id,
        now=now,
        facts=facts or {},
    )
