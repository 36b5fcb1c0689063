"""The SQL of corrections: claims and where they were seen (classify's tables, read), chains, and who carries what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common import models as m
from libs.common.models.corrections import CorrectionStep, PublicVerdict
from libs.common.models.enums import ChannelState, DeliveryState, MatchState, PublicationState, TaskState
from libs.common.pagination import PageRequest
from services.publish.corrections.rules import Evidence, Link, Place, Review
from services.publish.takedown_queries import BY_HAND

ELSEWHERE = "correction_elsewhere"
MOST_PLACES = 500
P = PublicationState
TRACKED = (P.APPROVED, P.SCHEDULED, P.PUBLISHING, P.PUBLISHED, P.PARTLY_PUBLISHED, P.FAILED)
"""Released, and not followed, withdrawn or killed."""


async def get_claim(session: AsyncSession, claim_id: UUID) -> m.Claim | None:
    return await session.get(m.Claim, claim_id, populate_existing=True)


async def lock_claim(session: AsyncSession, claim_id: UUID) -> None:
    """Whoever begins a chain for a claim is alone with it until the transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"chain {claim_id}"})


async def places_of(session: AsyncSession, claim_id: UUID) -> list[Place]:
    """Where the claim was seen, by what people confirmed alone; the earliest first."""
    at = func.coalesce(m.ClaimMatch.seen_at, m.ClaimMatch.created_at)
    urls = func.array_agg(m.ClaimMatch.url.distinct()).filter(m.ClaimMatch.url.is_not(None))
    query = (
        select(m.Source, func.count(), func.min(at), urls)
        .join(m.ClaimMatch, m.ClaimMatch.source_id == m.Source.id)
        .where(m.ClaimMatch.claim_id == claim_id, m.ClaimMatch.state == MatchState.CONFIRMED)
        .group_by(m.Source.id)
        .order_by(func.min(at), m.Source.id)
        .limit(MOST_PLACES)
    )
    return [
        Place(source.id, source.name, source.kind, source.group, _addresses(source, found), items, first_at)
        for source, items, first_at, found in await session.execute(query)
    ]


def _addresses(source: m.Source, urls: Sequence[str | None] | None) -> tuple[str, ...]:
    return tuple(url for url in (source.url, source.homepage, *(urls or ())) if url)


async def first_seen_at(session: AsyncSession, claim_id: UUID) -> datetime | None:
    """Also of contents whose source is not known any more."""
    at = func.coalesce(m.ClaimMatch.seen_at, m.ClaimMatch.created_at)
    confirmed = (m.ClaimMatch.claim_id == claim_id, m.ClaimMatch.state == MatchState.CONFIRMED)
    return await session.scalar(select(func.min(at)).where(*confirmed))


async def channels_for(session: AsyncSession, unit_id: UUID) -> Sequence[m.Channel]:
    """The unit's own that are not given up, and the bulletin; the bulletin first."""
    c = m.Channel
    ours = or_(c.unit_id == unit_id, c.kind == "own_site")
    query = select(c).where(ours, c.state != ChannelState.RETIRED, c.is_drill.is_(False))
    return (await session.scalars(query.order_by(c.kind != "own_site", c.kind, c.id))).all()


async def get_correction(session: AsyncSession, publication_id: UUID) -> m.Correction | None:
    return await session.get(m.Correction, publication_id)


async def review_of(session: AsyncSession, publication_id: UUID) -> Review | None:
    row = await get_correction(session, publication_id)
    return None if row is None else as_review(row)


def as_review(row: m.Correction) -> Review:
    return Review(
        step=CorrectionStep(row.step),
        verdict=PublicVerdict(row.verdict),
        claim_id=row.claim_id,
        chain_id=row.chain_id,
        claim_text=row.claim_text,
        evidence=tuple(Evidence(str(one["title"]), str(one["url"])) for one in row.evidence),
        reason=row.reason,
        reference_ids=tuple(row.reference_ids),
        first_seen_at=row.first_seen_at,
    )


async def list_corrections(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], *, only_tracked: bool
) -> Sequence[tuple[m.Correction, m.Publication]]:
    """Newest first, of these units."""
    query = _with_publications().where(m.Publication.unit_id.in_(list(units)))
    if only_tracked:
        query = query.where(m.Publication.state.in_(TRACKED))
    if page.after is not None:
        query = query.where(m.Correction.publication_id < page.after.id)
    query = query.order_by(m.Correction.publication_id.desc()).limit(page.limit + 1)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def list_alerts(
    session: AsyncSession, units: Iterable[UUID], since: datetime, most: int
) -> Sequence[tuple[m.Correction, m.Publication]]:
    """What began chains since then, newest first; not what was killed."""
    query = _with_publications().where(
        m.Publication.unit_id.in_(list(units)),
        m.Publication.state != P.KILLED,
        m.Correction.step == CorrectionStep.ALERT,
        m.Correction.created_at >= since,
    )
    rows = await session.execute(query.order_by(m.Correction.publication_id.desc()).limit(most))
    return [(row[0], row[1]) for row in rows]


async def chain_of(session: AsyncSession, chain_id: UUID) -> Sequence[tuple[m.Correction, m.Publication]]:
    """In order, also what was killed."""
    depth = func.cardinality(m.Correction.reference_ids)
    query = _with_publications().where(m.Correction.chain_id == chain_id)
    rows = await session.execute(query.order_by(depth, m.Correction.publication_id))
    return [(row[0], row[1]) for row in rows]


async def chains_of_claim(session: AsyncSession, claim_id: UUID) -> Sequence[tuple[m.Correction, m.Publication]]:
    query = _with_publications().where(m.Correction.claim_id == claim_id, m.Publication.state != P.KILLED)
    rows = await session.execute(query.order_by(m.Correction.publication_id.desc()))
    return [(row[0], row[1]) for row in rows]


def _with_publications() -> Any:
    return select(m.Correction, m.Publication).join(m.Publication, m.Publication.id == m.Correction.publication_id)


def link_of(correction: m.Correction, publication: m.Publication) -> Link:
    step, references = CorrectionStep(correction.step), tuple(correction.reference_ids)
    return Link(correction.publication_id, step, references, publication.state == P.KILLED)


# --- who carries what ---


async def targets_of(session: AsyncSession, publication_id: UUID) -> Sequence[m.CorrectionTarget]:
    query = select(m.CorrectionTarget).where(m.CorrectionTarget.publication_id == publication_id)
    return (await session.scalars(query.order_by(m.CorrectionTarget.channel_id))).all()


async def covered_by_hand(session: AsyncSession, publication: m.Publication) -> frozenset[UUID]:
    """Channels where what it corrects stands: a person is asked there for that post (service/correcting.py)."""
    if publication.corrects_id is None:
        return frozenset()
    d = m.Delivery
    query = select(d.channel_id).where(d.publication_id == publication.corrects_id, d.state == DeliveryState.PUBLISHED)
    return frozenset(await session.scalars(query))


@dataclass(frozen=True)
class Carrier:
    """A channel of a correction: why it is one, what was sent there, and what a person put there instead."""

    publication_id: UUID
    channel: m.Channel
    reason: str | None
    source_ids: tuple[UUID, ...]
    delivery: m.Delivery | None
    task: m.Task | None
    """Of whoever has to put it there, or has."""

    @property
    def carried_at(self) -> datetime | None:
        if self.delivery is not None and self.delivery.state == DeliveryState.PUBLISHED:
            return self.delivery.confirmed_at
        is_shown = self.task is not None and self.task.state == TaskState.DONE and self.task.evidence_url is not None
        return self.task.done_at if is_shown and self.task is not None else None

    @property
    def url(self) -> str | None:
        if self.delivery is not None and self.delivery.state == DeliveryState.PUBLISHED:
            return self.delivery.platform_url
        return self.task.evidence_url if self.carried_at is not None and self.task is not None else None


async def carriers_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Carrier]]:
    """Every channel that has to carry each, and every other that was sent it."""
    t, d, before, own_task, hand = m.CorrectionTarget, m.Delivery, aliased(m.Delivery), m.Task, aliased(m.Task)
    has_to = (
        select(t.publication_id, t, m.Channel, d, own_task, hand)
        .join(m.Publication, m.Publication.id == t.publication_id)
        .join(m.Channel, m.Channel.id == t.channel_id)
        .outerjoin(d, and_(d.publication_id == t.publication_id, d.channel_id == t.channel_id))
        .outerjoin(own_task, own_task.id == t.task_id)
        .outerjoin(before, and_(before.publication_id == m.Publication.corrects_id, before.channel_id == t.channel_id))
        .outerjoin(hand, and_(hand.delivery_id == before.id, hand.kind == BY_HAND))
        .where(t.publication_id.in_(ids))
        .order_by(t.publication_id, m.Channel.kind, m.Channel.id)
    )
    found: dict[UUID, list[Carrier]] = {one: [] for one in ids}
    for id_, target, channel, delivery, task, by_hand in await session.execute(has_to):
        told = (channel, target.reason, tuple(target.source_ids), delivery, task or by_hand)
        found[id_].append(Carrier(id_, *told))
    others = (
        select(d, m.Channel)
        .join(m.Channel, m.Channel.id == d.channel_id)
        .outerjoin(t, and_(t.publication_id == d.publication_id, t.channel_id == d.channel_id))
        .where(d.publication_id.in_(ids), t.channel_id.is_(None))
        .order_by(d.publication_id, m.Channel.kind, m.Channel.id)
    )
    for delivery, channel in await session.execute(others):
        found[delivery.publication_id].append(Carrier(delivery.publication_id, channel, None, (), delivery, None))
    return found


async def approved_at_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the last of those who agreed to the released revision did."""
    a, p = m.Approval, m.Publication
    query = (
        select(a.publication_id, func.max(a.approved_at))
        .join(p, and_(p.id == a.publication_id, p.revision == a.revision, p.content_hash == a.content_hash))
        .where(p.id.in_(ids), p.state.not_in((P.DRAFT, P.IN_REVIEW, P.KILLED)))
        .group_by(a.publication_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


# --- what stood before, on the bulletin ---


@dataclass(frozen=True)
class Earlier:
    """A message that a later one refers to, as the bulletin shows it."""

    publication_id: UUID
    slug: str
    is_urgent: bool
    at: datetime


LATER = text("""
    WITH RECURSIVE later AS (
        SELECT p.corrects_id AS first, p.id, 1 AS depth FROM publications p WHERE p.corrects_id = ANY(:ids)
        UNION ALL
        SELECT later.first, p.id, later.depth + 1 FROM later JOIN publications p ON p.corrects_id = later.id
        WHERE later.depth < 1000
    )
    SELECT first, id FROM later
""").bindparams(bindparam("ids", type_=ARRAY(Uuid())))


async def later_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """Everything that follows each: what corrects it, what corrects that, and so on."""
    found: dict[UUID, set[UUID]] = {}
    for first, id_ in await session.execute(LATER, {"ids": list(ids)}):
        found.setdefault(first, set()).add(id_)
    return found


EARLIER = text("""
    WITH RECURSIVE chain AS (
        SELECT p.id AS newest, p.corrects_id AS id, 1 AS back FROM publications p
        WHERE p.id = ANY(:ids) AND p.corrects_id IS NOT NULL
        UNION ALL
        SELECT chain.newest, p.corrects_id, chain.back + 1 FROM chain JOIN publications p ON p.id = chain.id
        WHERE p.corrects_id IS NOT NULL AND chain.back < 1000
    )
    SELECT chain.newest, p.id, p.slug, p.is_urgent, d.committed_at
    FROM chain JOIN publications p ON p.id = chain.id
    JOIN deliveries d ON d.publication_id = p.id JOIN channels c ON c.id = d.channel_id AND c.kind = 'own_site'
    WHERE d.committed_at IS NOT NULL
    ORDER BY chain.newest, chain.back DESC
""").bindparams(bindparam("ids", type_=ARRAY(Uuid())))


async def earlier_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, tuple[Earlier, ...]]:
    """Everything that each corrects, and what that corrected, back to the first; the oldest first."""
    found: dict[UUID, tuple[Earlier, ...]] = {}
    for newest, id_, slug, is_urgent, at in await session.execute(EARLIER, {"ids": list(ids)}):
        found[newest] = (*found.get(newest, ()), Earlier(id_, slug, is_urgent, at))
    return found
