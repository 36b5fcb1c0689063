"""Use cases: the rate of a publication on each of its channels, and advice for a channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.engagement import FORMULAS, Formula, Rate, rate_of
from services.publish import queries as desk
from services.publish.engagement import queries
from services.publish.engagement.advice import Post, Suggestion, Unsaid, advise, form_of
from services.publish.problems import ChannelNotFound
from services.publish.service import publications

LOOKS_BACK = timedelta(days=180)
SETTLED, LAST = timedelta(days=2), timedelta(days=8)
"""Posts are compared by the last figures read at this age: younger ones still grow, and old ones had longer."""


@dataclass(frozen=True)
class ChannelRate:
    delivery: m.Delivery
    channel: m.Channel
    rate: Rate | None


async def rates_of(session: AsyncSession, publication_id: UUID, who: Principal) -> list[ChannelRate]:
    await publications.require_visible(session, publication_id, who)
    rows = await queries.deliveries_with_channels(session, publication_id)
    figures = await queries.figures_of(session, [delivery.id for delivery, _ in rows])
    return [ChannelRate(d, channel, rate_of(channel.kind, figures.get(d.id, []))) for d, channel in rows]


@dataclass(frozen=True)
class Advice:
    channel: m.Channel
    formula: Formula | None
    measure: str | None
    since: datetime
    as_of: datetime
    posts: int
    without_figures: int
    """Posts left out, because a figure of the formula is unknown."""
    suggestions: Sequence[Suggestion]
    unsaid: Sequence[Unsaid]


async def advise_channel(session: AsyncSession, channel_id: UUID, who: Principal, now: datetime) -> Advice:
    """Of the channels of one's own units."""
    channel = (await desk.channels_by_id(session, [channel_id])).get(channel_id)
    if channel is None or channel.unit_id not in who.units(*publications.SEES):
        raise ChannelNotFound(f"Không có kênh {channel_id} trong đơn vị của bạn.")
    formula, since = FORMULAS.get(channel.kind), now - LOOKS_BACK
    if formula is None:
        return Advice(channel, None, None, since, now, 0, 0, [], [])
    rows = await queries.posts_of(session, channel_id, since, now - SETTLED)
    figures = await queries.figures_of(session, [row[0] for row in rows], (SETTLED, LAST))
    posts = []
    for delivery_id, publication_id, posted_at, mimes in rows:
        rate = rate_of(channel.kind, figures.get(delivery_id, []))
        value = None if rate is None else rate.percent if formula.denominator else rate.interactions
        if value is not None:
            posts.append(Post(publication_id, posted_at, form_of(mimes or ()), float(value)))
    suggestions, unsaid = advise(posts)
    measure = "tỷ lệ tương tác (%)" if formula.denominator else "số tương tác"
    return Advice(channel, formula, measure, since, now, len(posts), len(rows) - len(posts), suggestions, unsaid)
