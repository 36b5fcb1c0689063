"""From what the editors wrote to what each channel will carry, and the hash that binds both."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import PublicationKind
from services.publish import domain, queries
from services.publish.adapters.base import Composed, Draft, NotPostable
from services.publish.corrections import queries as correction_queries
from services.publish.corrections.rules import Review
from services.publish.crisis.problems import DrillStaysInside
from services.publish.problems import ChannelNotFound, ChannelOfAnotherUnit, MediumNotFound, NotPostableHere
from services.publish.resources import PublishResources
from services.publish.service import links


@dataclass(frozen=True)
class Fitted:
    """What each channel would be sent, and the SHA-256 of each file shown, in order."""

    variants: Mapping[UUID, Composed]
    media: tuple[str, ...] = ()


async def compose(
    session: AsyncSession,
    publication: m.Publication,
    channels: Mapping[UUID, m.Channel],
    res: PublishResources,
    media_ids: Sequence[UUID] | None = None,
    review: Review | None = None,
) -> Fitted:
    """What each channel would be sent, exactly (only the time of sending and the platform's own names of uploads are
    missing). `media_ids`: what it will show, where that is being changed; `review`: what it will say of a claim."""
    on_bulletin = any(channel.kind == "own_site" for channel in channels.values())
    shown = await queries.media_shown(session, publication.id) if media_ids is None else media_ids
    media = await queries.media_files(session, shown)
    corrected = await queries.corrected_posts(session, publication.corrects_id)
    labels = dict.fromkeys(label for label in (publication.ai_label, *(medium.ai_label for medium in media)) if label)
    if review is None and publication.kind == PublicationKind.CORRECTION:
        review = await correction_queries.review_of(session, publication.id)
    draft = Draft(
        title=publication.title,
        body=publication.body,
        summary=publication.summary or None,
        link=None,
        language=publication.language,
        kind=publication.kind,
        slug=publication.slug,
        affects_rights=publication.affects_rights,
        source_note=publication.source_note,
        ai_label="; ".join(labels) or None,
        unit_name=await queries.unit_name(session, publication.unit_id),
        media=tuple(media),
        is_urgent=publication.is_urgent,
        review=review,
    )
    fitted = {}
    for channel in channels.values():
        link = links.link_for(res.site, publication, channel) if on_bulletin else None
        fitted[channel.id] = _fit(res, channel, replace(draft, link=link, corrects=corrected.get(channel.id)))
    return Fitted(fitted, tuple(await queries.media_hashes(session, shown)))


def _fit(res: PublishResources, channel: m.Channel, draft: Draft) -> Composed:
    try:
        return res.open(channel).compose(draft)
    except NotPostable as error:
        raise NotPostableHere(f"{channel.name}: {error.reason.vi}.") from error


def hash_of(publication: m.Publication, fitted: Fitted) -> bytes:
    variants = tuple(domain.HashedVariant(c, f.text, f.link, f.payload) for c, f in fitted.variants.items())
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
            media=fitted.media,
            is_ai_made=publication.is_ai_made,
            is_urgent=publication.is_urgent,
            urgent_reason=publication.urgent_reason,
            corrects_id=publication.corrects_id,
        )
    )


async def chosen_channels(
    session: AsyncSession, ids: Iterable[UUID], unit_id: UUID, *, is_drill: bool = False
) -> dict[UUID, m.Channel]:
    """The channels by id; a unit posts through its own, and on the city's bulletin; a drill in the sandbox alone."""
    wanted = list(dict.fromkeys(ids))
    found = await queries.channels_by_id(session, wanted)
    for channel_id in wanted:
        channel = found.get(channel_id)
        if channel is None:
            raise ChannelNotFound(f"Không có kênh {channel_id}.")
        if channel.unit_id != unit_id and channel.kind != "own_site":
            raise ChannelOfAnotherUnit(f"“{channel.name}” không thuộc đơn vị của tin này.")
        if channel.is_drill != is_drill:
            only = "Tin diễn tập chỉ đăng ở kênh diễn tập" if is_drill else "Kênh diễn tập chỉ nhận tin diễn tập"
            raise DrillStaysInside(f"{only}: “{channel.name}”.")
    return found


async def chosen_media(
    session: AsyncSession, ids: Iterable[UUID], unit_id: UUID, shown: Container[UUID] = ()
) -> list[UUID]:
    """The media in order, each once; a unit shows what is in its own library, and keeps what it has `shown`."""
    wanted = list(dict.fromkeys(ids))
    found = await queries.media_by_id(session, wanted)
    for medium_id in wanted:
        medium = found.get(medium_id)
        if medium is None or medium.unit_id != unit_id:
            raise MediumNotFound(f"Không có ảnh hay video {medium_id} trong thư viện của đơn vị.")
        if medium.archived_at is not None and medium_id not in shown:
            raise NotPostableHere(f"“{medium.alt[:60]}” đã được cất khỏi thư viện; hãy chọn ảnh khác.")
    return wanted


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
        for channel_id, composed in fitted.variants.items()
    ]
    await queries.replace_variants(session, publication.id, rows)
    channels = await queries.channels_by_id(session, fitted.variants)
    await links.store_links(session, publication, fitted.variants, channels, now)
