"""SQL that reads what is stored for a test run of a rule. It writes nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import floor_id
from services.classify.alerts.conditions import (
    BurstCondition,
    ClaimSeen,
    FirstAppearance,
    SavedQueryHit,
    Scope,
    SourceQuiet,
)
from services.classify.alerts.sweep_queries import told_again
from services.classify.searching.lexemes import whatever_marks
from services.classify.searching.plans import as_tsquery


async def _all(session: AsyncSession, query: Any) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


def _scoped(query: Any, scope: Scope) -> Any:
    a = m.Annotation
    for column, wanted in ((a.field, scope.fields), (a.kind, scope.kinds), (a.tone, scope.tones)):
        if wanted:
            query = query.where(column.in_([str(one) for one in wanted]))
    if scope.source_groups:
        query = query.where(m.Source.group.in_([str(one) for one in scope.source_groups]))
    return query.where(a.places.overlap(list(scope.places))) if scope.places else query


async def items(session: AsyncSession, scope: Scope, since: datetime, most: int) -> Sequence[Row[Any]]:
    """The newest of what a rule may count, with what it counts by."""
    a = m.Annotation
    query = select(a.content_id, a.field, a.kind, a.tone, a.places, m.Source.group.label("source_group"))
    query = query.join(m.Source, m.Source.id == a.source_id).where(a.content_id >= floor_id(since))
    return await _all(session, _scoped(query, scope).order_by(a.content_id.desc()).limit(most))


async def story_items(session: AsyncSession, fields: Sequence[str], since: datetime, most: int) -> Sequence[Row[Any]]:
    i = m.StoryItem
    query = select(i.story_id, i.content_id).where(i.content_id >= floor_id(since))
    if fields:
        query = query.join(m.Story, m.Story.id == i.story_id).where(m.Story.field.in_([str(one) for one in fields]))
    return await _all(session, query.order_by(i.content_id.desc()).limit(most))


async def oldest_content(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(m.Content.first_seen_at).order_by(m.Content.id).limit(1))


async def saying(session: AsyncSession, phrase: str, scope: FirstAppearance, since: datetime) -> Sequence[UUID]:
    """By the index: marks do not count here, so that it may show a few too many, never too few."""
    d, a = m.SearchDocument, m.Annotation
    asked = as_tsquery(whatever_marks(phrase))
    query = select(d.content_id).join(a, a.content_id == d.content_id).join(m.Source, m.Source.id == a.source_id)
    query = query.where(d.tsv.op("@@")(asked), d.content_id >= floor_id(since), a.content_id >= floor_id(since))
    return (await session.scalars(_scoped(query, scope).order_by(d.content_id).limit(10_000))).all()


async def bursts(session: AsyncSession, wanted: BurstCondition, since: datetime) -> Sequence[Row[Any]]:
    b, s = m.Burst, m.Series
    query = select(s.key, b.detected_at, b.seen).join(s, s.id == b.series_id)
    query = query.where(b.detected_at >= since, s.dimension.in_(wanted.dimensions))
    query = query.where(b.seen >= wanted.min_seen, b.surprise >= wanted.min_surprise)
    return await _all(session, query.where(s.key.in_(wanted.keys)) if wanted.keys else query)


async def silences(session: AsyncSession, wanted: SourceQuiet, since: datetime) -> Sequence[Row[Any]]:
    e, s = m.SourceEvent, m.Source
    query = select(s.name, e.happened_at).join(s, s.id == e.source_id)
    query = query.where(e.happened_at >= since, e.health.in_(wanted.healths), e.was.not_in(wanted.healths))
    if wanted.source_groups:
        query = query.where(s.group.in_([str(one) for one in wanted.source_groups]))
    return await _all(session, query)


async def matches(session: AsyncSession, wanted: ClaimSeen, since: datetime) -> Sequence[Row[Any]]:
    c, x = m.Claim, m.ClaimMatch
    counts, at = told_again(wanted)
    query = select(c.id, at.label("at")).join(x, x.claim_id == c.id)
    return await _all(session, query.where(counts, at >= since, x.content_id >= floor_id(since)).limit(50_000))


async def hits(session: AsyncSession, wanted: SavedQueryHit, since: datetime) -> Sequence[Row[Any]]:
    h = m.SavedQueryHit
    query = select(h.saved_query_id.label("id"), h.found_at.label("at"))
    return await _all(
        session, query.where(h.saved_query_id.in_(wanted.query_ids), h.is_new, h.found_at >= since).limit(50_000)
    )
