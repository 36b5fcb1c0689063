"""SQL of webhooks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from libs.common.models.webhooks import WebhookDeliveryState, WebhookState
from libs.common.pagination import PageRequest

S, D, A = m.WebhookSubscription, m.WebhookDelivery, m.WebhookAttempt


# --- subscriptions ------------------------------------------------------------------------------------------


async def get_subscription(
    session: AsyncSession, subscription_id: UUID, *, lock: bool = False
) -> m.WebhookSubscription | None:
    query = select(S).where(S.id == subscription_id).execution_options(populate_existing=True)
    return await session.scalar(query.with_for_update(key_share=True) if lock else query)


async def list_subscriptions(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID]
) -> Sequence[m.WebhookSubscription]:
    """Newest first, of these units."""
    query = select(S).where(S.unit_id.in_(list(units))).order_by(S.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(S.id < page.after.id)
    return (await session.scalars(query)).all()


async def lock_unit(session: AsyncSession, unit_id: UUID) -> int:
    """How many open subscriptions the unit has; no other is added to it until this transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"webhooks:{unit_id}", 0))))
    query = select(func.count()).where(S.unit_id == unit_id, S.state != WebhookState.ENDED)
    return int(await session.scalar(query) or 0)


async def subscriptions_to(session: AsyncSession, subject: str) -> Sequence[m.WebhookSubscription]:
    query = select(S).where(S.events.contains([subject]), S.state != WebhookState.ENDED).order_by(S.id)
    return (await session.scalars(query)).all()


async def change_subscription(session: AsyncSession, subscription_id: UUID, **values: Any) -> None:
    await session.execute(update(S).where(S.id == subscription_id).values(**values))


async def claim_sealed_by_others(
    session: AsyncSession, key_id: str, most: int, after: UUID
) -> Sequence[m.WebhookSubscription]:
    """Those that another key sealed, in the order of their ids, locked."""
    query = select(S).where(S.key_id != key_id, S.id > after).order_by(S.id).limit(most)
    return (await session.scalars(query.with_for_update(skip_locked=True))).all()


# --- events -------------------------------------------------------------------------------------------------


async def get_event(session: AsyncSession, event_id: UUID) -> m.OutboxEvent | None:
    return await session.get(m.OutboxEvent, event_id)


async def events_since(
    session: AsyncSession, since: datetime, subjects: Sequence[str], most: int
) -> Sequence[m.OutboxEvent]:
    """Oldest first."""
    event = m.OutboxEvent
    query = select(event).where(event.id >= floor_id(since), event.subject.in_(list(subjects)))
    return (await session.scalars(query.order_by(event.id).limit(most))).all()


async def publications(session: AsyncSession, ids: Iterable[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """(code of the unit, kind) by id."""
    one, unit = m.Publication, m.OrganizationUnit
    query = select(one.id, unit.code, one.kind).join(unit, unit.id == one.unit_id).where(one.id.in_(list(ids)))
    return {row[0]: (row[1], row[2]) for row in await session.execute(query)}


# --- deliveries ---------------------------------------------------------------------------------------------


async def add_deliveries(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One for each subscription and event; what is there already stays as it is."""
    if rows:
        statement = insert(D).values([dict(row) for row in rows])
        await session.execute(statement.on_conflict_do_nothing(index_elements=["subscription_id", "event_id"]))


async def put_in_line(session: AsyncSession, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """As above, and what was brought to an end stands in the line again; how many are new or stand there again."""
    statement = insert(D).values([dict(row) for row in rows])
    again = {"state": WebhookDeliveryState.WAITING, "due_at": now, "tries": 0, "settled_at": None}
    statement = statement.on_conflict_do_update(
        index_elements=["subscription_id", "event_id"], set_=again, where=D.state != WebhookDeliveryState.WAITING
    )
    return len((await session.scalars(statement.returning(D.id))).all())


async def get_delivery(session: AsyncSession, delivery_id: UUID, *, lock: bool = False) -> m.WebhookDelivery | None:
    query = select(D).where(D.id == delivery_id).execution_options(populate_existing=True)
    return await session.scalar(query.with_for_update() if lock else query)


async def list_deliveries(
    session: AsyncSession, subscription_id: UUID, page: PageRequest, state: WebhookDeliveryState | None
) -> Sequence[m.WebhookDelivery]:
    """Newest first."""
    query = select(D).where(D.subscription_id == subscription_id).order_by(D.id.desc()).limit(page.limit + 1)
    if state is not None:
        query = query.where(D.state == state)
    if page.after is not None:
        query = query.where(D.id < page.after.id)
    return (await session.scalars(query)).all()


async def attempts_of(session: AsyncSession, delivery_id: UUID) -> Sequence[m.WebhookAttempt]:
    return (await session.scalars(select(A).where(A.delivery_id == delivery_id).order_by(A.number))).all()


async def drop_waiting(session: AsyncSession, subscription_id: UUID, now: datetime) -> None:
    values = {"state": WebhookDeliveryState.DROPPED, "settled_at": now}
    mine = (D.subscription_id == subscription_id, D.state == WebhookDeliveryState.WAITING)
    await session.execute(update(D).where(*mine).values(**values))


async def claim_due(
    session: AsyncSession, now: datetime, until: datetime, most: int, each: int, *, is_failing: bool
) -> Sequence[Row[m.WebhookDelivery, m.WebhookSubscription]]:
    """(delivery, subscription): the oldest that are due, no more than `each` of a subscription; nobody else takes them
    before `until`. The try counts before it is made. Tests go out whatever the subscription's state."""
    is_open = or_(S.state == WebhookState.ACTIVE, D.is_test)
    due = (
        select(D.id, D.due_at)
        .where(D.subscription_id == S.id, D.state == WebhookDeliveryState.WAITING, D.due_at <= now, is_open)
        .order_by(D.due_at, D.id)
        .limit(each)
        .with_for_update(of=D, skip_locked=True)
        .lateral()
    )
    line = select(due.c.id).select_from(S).join(due, true()).where(_is(is_failing)).order_by(due.c.due_at, due.c.id)
    ids = (await session.scalars(line.limit(most))).all()
    taken = update(D).where(D.id.in_(ids)).values(due_at=until, attempts=D.attempts + 1, tries=D.tries + 1)
    await session.execute(taken)
    query = select(D, S).join(S, S.id == D.subscription_id).where(D.id.in_(ids)).order_by(D.id)
    return (await session.execute(query.execution_options(populate_existing=True))).all()


async def count_failing(session: AsyncSession, since: datetime) -> int:
    """Open subscriptions that have taken nothing since then or longer."""
    found = select(func.count()).select_from(S).where(S.state == WebhookState.ACTIVE, S.failing_since <= since)
    return int(await session.scalar(found) or 0)


async def oldest_due(session: AsyncSession, now: datetime) -> datetime | None:
    """Since when an event has been due to who took all so far: what only our worker can keep waiting."""
    due = (D.state == WebhookDeliveryState.WAITING, D.due_at <= now)
    query = select(func.min(D.due_at)).join(S, S.id == D.subscription_id)
    found: datetime | None = await session.scalar(query.where(*due, S.state == WebhookState.ACTIVE, _is(failing=False)))
    return found


def _is(failing: bool) -> ColumnElement[bool]:
    return S.failing_since.is_not(None) if failing else S.failing_since.is_(None)


async def begin_attempts(session: AsyncSession, deliveries: Iterable[m.WebhookDelivery], now: datetime) -> None:
    rows = [{"delivery_id": each.id, "number": each.attempts, "started_at": now} for each in deliveries]
    if rows:
        await session.execute(insert(A).values(rows))


async def end_attempt(session: AsyncSession, delivery_id: UUID, number: int, **values: Any) -> None:
    await session.execute(update(A).where(A.delivery_id == delivery_id, A.number == number).values(**values))


async def forget_before(session: AsyncSession, before: datetime, most: int) -> int:
    """Deliveries of before, with their attempts, whatever became of them."""
    old = select(D.id).where(D.id < floor_id(before)).order_by(D.id).limit(most)
    gone = await session.scalars(delete(D).where(D.id.in_(old)).returning(D.id))
    return len(gone.all())
