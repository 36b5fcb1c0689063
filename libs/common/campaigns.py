"""How far a campaign has come: its publications by state, and what the platforms told against its targets.

One rule for the desk and for reports. What was never told is None, and is never taken for 0.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.enums import DeliveryState, PublicationState
from libs.common.models.plans import CampaignTarget
from libs.common.models.publish import Channel, Delivery, EngagementPoint, Publication

PUBLICATIONS = "publications"
"""The one metric that is counted here: publications of the campaign that are out."""
OUT = (PublicationState.PUBLISHED, PublicationState.PARTLY_PUBLISHED, PublicationState.CORRECTED)


@dataclass(frozen=True)
class Reading:
    """One metric summed over a campaign's posts on one channel, those withdrawn since as well.

    `posts` had a figure, `posts_out` of them are still there; `as_of` is the oldest reading within.
    """

    campaign_id: UUID
    metric: str
    channel_id: UUID
    channel_name: str
    definition: str
    value: int
    posts: int
    posts_out: int
    as_of: datetime


@dataclass(frozen=True)
class TargetProgress:
    """A figure against its target."""

    metric: str
    target: int
    definition: str
    value: int | None
    as_of: datetime | None
    posts_without_figure: int | None
    channels: list[Reading]

    @property
    def percent(self) -> float | None:
        if self.value is None or self.target == 0:
            return None
        return round(100 * self.value / self.target, 1)


@dataclass(frozen=True)
class Progress:
    campaign_id: UUID
    as_of: datetime
    publications: dict[PublicationState, int]
    targets: list[TargetProgress]

    @property
    def total(self) -> int:
        return sum(self.publications.values())


async def progress_of(session: AsyncSession, campaign_ids: Sequence[UUID], now: datetime) -> dict[UUID, Progress]:
    """Of several campaigns, in four statements."""
    counted = await _publications_by_state(session, campaign_ids)
    targets = await targets_of(session, campaign_ids)
    out = await _posts_out(session, campaign_ids)
    told: dict[tuple[UUID, str], list[Reading]] = defaultdict(list)
    for reading in await _readings_of(session, campaign_ids):
        told[reading.campaign_id, reading.metric].append(reading)
    return {
        campaign_id: _progress(
            campaign_id,
            now,
            {state: counted.get(campaign_id, {}).get(state, 0) for state in PublicationState},
            [(target, told[campaign_id, target.metric]) for target in targets.get(campaign_id, [])],
            out.get(campaign_id, 0),
        )
        for campaign_id in campaign_ids
    }


def _progress(
    campaign_id: UUID,
    now: datetime,
    counted: dict[PublicationState, int],
    targets: list[tuple[CampaignTarget, list[Reading]]],
    out: int,
) -> Progress:
    published = sum(counted[state] for state in OUT)
    shown = [_counted(t, published, now) if t.metric == PUBLICATIONS else _reached(t, told, out) for t, told in targets]
    return Progress(campaign_id, now, counted, shown)


def _counted(target: CampaignTarget, published: int, now: datetime) -> TargetProgress:
    """Our own count is known at every instant, and may be 0."""
    return TargetProgress(target.metric, target.target, target.definition, published, now, None, [])


def _reached(target: CampaignTarget, told: list[Reading], out: int) -> TargetProgress:
    value = sum(reading.value for reading in told) if told else None
    as_of = min((reading.as_of for reading in told), default=None)
    missing = out - sum(reading.posts_out for reading in told)
    return TargetProgress(target.metric, target.target, target.definition, value, as_of, missing, told)


# --- what it is read from -----------------------------------------------------------------------------------


async def targets_of(session: AsyncSession, campaign_ids: Iterable[UUID]) -> dict[UUID, list[CampaignTarget]]:
    query = select(CampaignTarget).where(CampaignTarget.campaign_id.in_(list(campaign_ids)))
    found: dict[UUID, list[CampaignTarget]] = {}
    for target in await session.scalars(query.order_by(CampaignTarget.id)):
        found.setdefault(target.campaign_id, []).append(target)
    return found


async def _publications_by_state(session: AsyncSession, campaign_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    query = (
        select(Publication.campaign_id, Publication.state, func.count())
        .where(Publication.campaign_id.in_(list(campaign_ids)))
        .group_by(Publication.campaign_id, Publication.state)
    )
    found: dict[UUID, dict[str, int]] = {}
    for campaign_id, state, count in await session.execute(query):
        if campaign_id is not None:
            found.setdefault(campaign_id, {})[state] = count
    return found


async def _readings_of(session: AsyncSession, campaign_ids: Iterable[UUID]) -> list[Reading]:
    """From the newest figure of each post and metric; where a platform tells nothing there is no reading."""
    newest = _newest_figures(campaign_ids).subquery()
    by = (newest.c.campaign_id, newest.c.metric, newest.c.channel_id, newest.c.name)
    query = select(
        *by,
        func.min(newest.c.definition),
        func.sum(newest.c.value),
        func.count(),
        func.count().filter(newest.c.state == DeliveryState.PUBLISHED),
        func.min(newest.c.as_of),
    ).group_by(*by)
    rows = await session.execute(query.order_by(newest.c.metric, newest.c.name, newest.c.channel_id))
    return [
        Reading(campaign, metric, channel, name, definition, int(value), posts, out, as_of)
        for campaign, metric, channel, name, definition, value, posts, out, as_of in rows
    ]


def _newest_figures(campaign_ids: Iterable[UUID]) -> Select[*tuple[Any, ...]]:
    point = EngagementPoint
    return (
        select(
            Publication.campaign_id,
            point.metric,
            point.value,
            point.definition,
            point.as_of,
            Delivery.channel_id,
            Delivery.state,
            Channel.name,
        )
        .join(Delivery, Delivery.id == point.delivery_id)
        .join(Publication, Publication.id == Delivery.publication_id)
        .join(Channel, Channel.id == Delivery.channel_id)
        .where(Publication.campaign_id.in_(list(campaign_ids)), point.value.is_not(None))
        .ext(distinct_on(point.delivery_id, point.metric))
        .order_by(point.delivery_id, point.metric, point.as_of.desc(), point.id.desc())
    )


async def _posts_out(session: AsyncSession, campaign_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many posts of each campaign were seen on their platform and are still there."""
    query = (
        select(Publication.campaign_id, func.count())
        .join(Delivery, Delivery.publication_id == Publication.id)
        .where(Publication.campaign_id.in_(list(campaign_ids)), Delivery.state == DeliveryState.PUBLISHED)
        .group_by(Publication.campaign_id)
    )
    rows = (await session.execute(query)).all()
    return {campaign_id: count for campaign_id, count in rows if campaign_id is not None}
