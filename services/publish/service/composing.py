"""From what the editors wrote to what each channel will carry, and the hash that binds both."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from services.publish import domain, queries
from services.publish.adapters.base import Composed, Draft, NotPostable
from services.publish.problems import ChannelNotFound, ChannelOfAnotherUnit, NotPostableHere
from services.publish.resources import PublishResources

Fitted = dict[UUID, Composed]


async def compose(
    session: AsyncSession, publication: m.Publication, channels: Mapping[UUID, m.Channel], res: PublishResources
) -> Fitted:
    """What each channel would be sent, exactly (only the time of sending is missing)."""
    on_bulletin = any(channel.kind == "own_site" for channel in channels.values())
    draft = Draft(
        title=publication.title,
        body=publication.body,
        summary=publication.summary or None,
        link=res.site.url(f"/tin/{publication.slug}") if on_bulletin else None,
        language=publication.language,
        kind=publication.kind,
        slug=publication.slug,
        affects_rights=publication.affects_rights,
        source_note=publication.source_note,
        ai_label=publication.ai_label,
        unit_name=await queries.unit_name(session, publication.unit_id),
    )
    return {channel.id: _fit(res, channel, draft) for channel in channels.values()}


def _fit(res: PublishResources, channel: m.Channel, draft: Draft) -> Composed:
    try:
        return res.open(channel).compose(draft)
    except NotPostable as error:
        raise NotPostableHere(f"{channel.name}: {error.reason.vi}.") from error


def hash_of(publication: m.Publication, fitted: Fitted) -> bytes:
    variants = tuple(domain.HashedVariant(c, f.text, f.link, f.payload) for c, f in fitted.items())
    return domain.content_hash(
        domain.Hashed(
            unit_id=publication.unit_id,
            kind=publication.kind,
            title=publication.title,
            body=publication.body,
            summary=publication.summary,
            slug=publication.slug,
            language=publication.language,
            affects_rights=publication.affects_rights,
            source_note=publication.source_note,
            ai_label=publication.ai_label,
            scheduled_at=publication.scheduled_at,
            variants=variants,
        )
    )


async def chosen_channels(session: AsyncSession, ids: Iterable[UUID], unit_id: UUID) -> dict[UUID, m.Channel]:
    """The channels by id; a unit posts through its own, and on the city's bulletin."""
    wanted = list(dict.fromkeys(ids))
    found = await queries.channels_by_id(session, wanted)
    for channel_id in wanted:
        channel = found.get(channel_id)
        if channel is None:
            raise ChannelNotFound(f"Không có kênh {channel_id}.")
        if channel.unit_id != unit_id and channel.kind != "own_site":
            raise ChannelOfAnotherUnit(f"“{channel.name}” không thuộc đơn vị của tin này.")
    return found


async def store_variants(session: AsyncSession, publication: m.Publication, fitted: Fitted, now: datetime) -> None:
    rows = [
        {
            "id": new_id(now),
            "publication_id": publication.id,
            "channel_id": channel_id,
            "revision": publication.revision,
            "text": composed.text,
            "link": composed.link,
        }
        for channel_id, composed in fitted.items()
    ]
    await queries.replace_variants(session, publication.id, rows)
