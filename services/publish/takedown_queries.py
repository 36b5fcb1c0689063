"""The SQL of take-down cases and corrections: what stands where, what is not confirmed yet."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common import models as m
from libs.common.models.enums import ChannelState, DeliveryState, PublicationState, TakedownKind, TaskState
from libs.common.pagination import PageRequest

D = DeliveryState
BY_HAND = "correction_by_hand"


async def get_takedown(session: AsyncSession, takedown_id: UUID) -> m.Takedown | None:
    return await session.get(m.Takedown, takedown_id)


async def list_takedowns(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], is_open: bool | None
) -> Sequence[m.Takedown]:
    """Newest first, of the publications of these units."""
    query = (
        select(m.Takedown)
        .join(m.Publication, m.Publication.id == m.Takedown.publication_id)
        .where(m.Publication.unit_id.in_(list(units)))
        .order_by(m.Takedown.id.desc())
    )
    if is_open is not None:
        query = query.where(m.Takedown.closed_at.is_(None) if is_open else m.Takedown.closed_at.is_not(None))
    if page.after is not None:
        query = query.where(m.Takedown.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def lock_open(session: AsyncSession, publication_id: UUID) -> Sequence[m.Takedown]:
    query = select(m.Takedown).where(m.Takedown.publication_id == publication_id, m.Takedown.closed_at.is_(None))
    return (await session.scalars(query.order_by(m.Takedown.id).with_for_update())).all()


async def latest_correction_case(session: AsyncSession, publication_id: UUID) -> m.Takedown | None:
    query = select(m.Takedown).where(
        m.Takedown.publication_id == publication_id, m.Takedown.kind == TakedownKind.CORRECTION
    )
    return await session.scalar(query.order_by(m.Takedown.opened_at.desc(), m.Takedown.id.desc()).limit(1))


async def is_confirmed(session: AsyncSession, case: m.Takedown) -> bool:
    """Whether every channel of the case is; the trigger on takedowns judges the same."""
    if case.kind == TakedownKind.CORRECTION:
        return not await session.scalar(select(func.stands_uncorrected(case.publication_id, case.correction_id)))
    of_it = m.Delivery.publication_id == case.publication_id
    left = select(m.Delivery.id).where(of_it, m.Delivery.state != D.WITHDRAWN)
    return await session.scalar(left.limit(1)) is None


async def standing_channels(session: AsyncSession, publication_id: UUID) -> Sequence[UUID]:
    """Channels that can be used, on which the publication stands."""
    query = (
        select(m.Delivery.channel_id)
        .join(m.Channel, m.Channel.id == m.Delivery.channel_id)
        .where(
            m.Delivery.publication_id == publication_id,
            m.Delivery.state == D.PUBLISHED,
            m.Delivery.platform_id.is_not(None),
            m.Channel.state == ChannelState.ACTIVE,
        )
    )
    return (await session.scalars(query.order_by(m.Delivery.channel_id))).all()


async def list_uncovered(
    session: AsyncSession, original_id: UUID, correction_id: UUID, *, by_hand_counts: bool
) -> Sequence[m.Delivery]:
    """Posts of the original on channels where the correction does not go; without those that a person corrected."""
    goes = aliased(m.Delivery)
    is_there = select(goes.id).where(
        goes.publication_id == correction_id,
        goes.channel_id == m.Delivery.channel_id,
        goes.state != D.WITHDRAWN,
    )
    query = select(m.Delivery).where(
        m.Delivery.publication_id == original_id, m.Delivery.state == D.PUBLISHED, ~is_there.exists()
    )
    if by_hand_counts:
        done = select(m.Task.id).where(
            m.Task.delivery_id == m.Delivery.id, m.Task.kind == BY_HAND, m.Task.state == TaskState.DONE
        )
        query = query.where(~done.exists())
    return (await session.scalars(query.order_by(m.Delivery.id))).all()


async def standing_post(session: AsyncSession, publication_id: UUID, channel_id: UUID) -> m.Delivery | None:
    of_it = (m.Delivery.publication_id == publication_id) & (m.Delivery.channel_id == channel_id)
    return await session.scalar(select(m.Delivery).where(of_it, m.Delivery.state == D.PUBLISHED))


async def lock_unsent_corrections(session: AsyncSession, publication_id: UUID) -> Sequence[m.Publication]:
    """Corrections of it of which nothing is on its way; the newest first, as every lock of several."""
    p, state = m.Publication, PublicationState
    unsent = (state.DRAFT, state.IN_REVIEW, state.APPROVED, state.SCHEDULED)
    query = select(p).where(p.corrects_id == publication_id, p.state.in_(unsent)).order_by(p.id.desc())
    rows = await session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return rows.all()


async def lock_unsent_deliveries(session: AsyncSession, publication_id: UUID) -> Sequence[m.Delivery]:
    unsent = (D.PENDING, D.PREPARED, D.THROTTLED, D.AUTH_REQUIRED, D.REJECTED)
    query = select(m.Delivery).where(m.Delivery.publication_id == publication_id, m.Delivery.state.in_(unsent))
    return (await session.scalars(query.order_by(m.Delivery.id).with_for_update())).all()


def _same_post(delivery: m.Delivery) -> ColumnElement[bool]:
    return and_(
        m.Delivery.channel_id == delivery.channel_id,
        m.Delivery.platform_id == delivery.platform_id,
        m.Delivery.id != delivery.id,
        m.Delivery.state.in_((D.PUBLISHED, D.WITHDRAWING)),
    )


async def lock_with_sharers(session: AsyncSession, delivery: m.Delivery) -> dict[UUID, m.Publication]:
    """The delivery's publication and those that share its post (a correction that edited it), locked newest first."""
    sharing = await session.scalars(select(m.Delivery.publication_id).where(_same_post(delivery)))
    ids = sorted({delivery.publication_id, *sharing}, reverse=True)
    query = select(m.Publication).where(m.Publication.id.in_(ids)).order_by(m.Publication.id.desc())
    rows = await session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return {publication.id: publication for publication in rows}


async def lock_sharers(session: AsyncSession, delivery: m.Delivery) -> Sequence[m.Delivery]:
    query = select(m.Delivery).where(_same_post(delivery)).order_by(m.Delivery.id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def open_tasks_of(session: AsyncSession, deliveries: Iterable[UUID]) -> Sequence[m.Task]:
    query = select(m.Task).where(m.Task.delivery_id.in_(list(deliveries)), m.Task.state == TaskState.OPEN)
    return (await session.scalars(query.order_by(m.Task.id))).all()


async def corrected_by_hand(session: AsyncSession, deliveries: Iterable[UUID]) -> dict[UUID, m.Task]:
    """Where a person put a correction and showed it, by the delivery of the original."""
    query = select(m.Task).where(
        m.Task.delivery_id.in_(list(deliveries)),
        m.Task.kind == BY_HAND,
        m.Task.state == TaskState.DONE,
        m.Task.evidence_url.is_not(None),
    )
    return {task.delivery_id: task for task in await session.scalars(query) if task.delivery_id is not None}


async def drop_open_task(session: AsyncSession, kind: str, delivery_id: UUID) -> m.Task | None:
    """Takes a task off the list that nobody needs to do any more; None where there was none."""
    query = select(m.Task).where(m.Task.kind == kind, m.Task.delivery_id == delivery_id, m.Task.state == TaskState.OPEN)
    task = await session.scalar(query.with_for_update())
    if task is not None:
        await session.delete(task)
    return task


async def finish_tasks_of(
    session: AsyncSession, publication_id: UUID, kind: str, outcome: str, by: UUID, now: datetime
) -> None:
    of_it = (m.Task.publication_id == publication_id) & (m.Task.kind == kind) & (m.Task.state == TaskState.OPEN)
    values: dict[str, Any] = {"state": TaskState.DONE, "outcome": outcome, "done_by": by, "done_at": now}
    await session.execute(update(m.Task).where(of_it).values(values))


async def has_open_task(session: AsyncSession, publication_id: UUID, kind: str) -> bool:
    query = select(m.Task.id).where(
        m.Task.publication_id == publication_id, m.Task.kind == kind, m.Task.state == TaskState.OPEN
    )
    return await session.scalar(query.limit(1)) is not None
