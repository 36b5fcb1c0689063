"""SQL of the public register: what is watched, how long it is kept, how often criticism was called something else."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import PROTECTED_KINDS, SourceState

MOST_MODELS = 50


async def watched_sources(session: AsyncSession) -> Sequence[m.Source]:
    """Those that are read or ever were: an entry of the catalogue that waits for its address watches nobody."""
    was_read = or_(m.Source.last_ok_at.is_not(None), m.Source.last_item_at.is_not(None))
    query = select(m.Source).where(or_(m.Source.state == SourceState.ACTIVE, was_read))
    return (await session.scalars(query.order_by(m.Source.group, m.Source.name))).all()


async def oldest_content(session: AsyncSession) -> datetime | None:
    query = select(m.Content.first_seen_at).order_by(m.Content.id).limit(1)
    return await session.scalar(query)


async def oldest_event(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(m.OutboxEvent.created_at).order_by(m.OutboxEvent.id).limit(1))


async def saved_queries(session: AsyncSession, as_of: datetime) -> dict[str, int]:
    """What search queries are kept for → how many are asked now. Numbers only: what they ask is nobody's business."""
    kept = m.SavedQuery
    query = select(kept.purpose_kind, func.count()).where(kept.ended_at.is_(None), kept.expires_at > as_of)
    rows = await session.execute(query.group_by(kept.purpose_kind))
    return {str(purpose): count for purpose, count in rows}


async def relabellings(session: AsyncSession) -> dict[str, int]:
    """Kind that was left → how often, for moves of contents and of cases away from criticism, opinion and complaint."""
    label, case = m.LabelRecord, m.CaseRelabelling
    of_contents = select(label.from_kind, func.count()).where(
        label.from_kind.in_(PROTECTED_KINDS), label.kind.not_in(PROTECTED_KINDS)
    )
    of_cases = select(case.from_kind, func.count()).where(
        case.is_confirmed.is_(True), case.from_kind.in_(PROTECTED_KINDS), case.to_kind.not_in(PROTECTED_KINDS)
    )
    found = Counter[str]()
    for query in (of_contents.group_by(label.from_kind), of_cases.group_by(case.from_kind)):
        found.update({str(kind): count for kind, count in await session.execute(query)})
    return dict(found)


async def models(session: AsyncSession) -> Sequence[m.InstalledModel]:
    """Those that were in use here, the present one first."""
    model = m.InstalledModel
    query = select(model).order_by(model.is_current.desc(), model.installed_at.desc(), model.version).limit(MOST_MODELS)
    return (await session.scalars(query)).all()


async def hidings(session: AsyncSession) -> dict[str, tuple[int, int]]:
    """Ground of the house rule → (comments that were hidden, of these hidden still)."""
    hiding, rule = m.CommentHiding, m.HouseRule
    still = func.count().filter(hiding.shown_at.is_(None))
    query = (
        select(rule.ground, func.count(), still)
        .join(rule, rule.id == hiding.rule_id)
        .where(hiding.hidden_at.is_not(None))
        .group_by(rule.ground)
    )
    return {str(ground): (all_, now) for ground, all_, now in await session.execute(query)}


async def data_requests(session: AsyncSession, as_of: datetime) -> tuple[int, int, int]:
    """(received, decided, late): late ones were decided after their time, or wait past it."""
    one = m.DataRequest
    late = or_(one.decided_at > one.due_at, one.decided_at.is_(None) & (one.due_at < as_of))
    counts = select(func.count(), func.count(one.decided_at), func.count().filter(late)).select_from(one)
    received, decided, overdue = (await session.execute(counts)).one()
    return received, decided, overdue
