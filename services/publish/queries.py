"""Every SQL statement of the publish service about publications, channels and approvals."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import ChannelState, DeliveryState, PublicationState, SourceGroup, TaskState
from libs.common.pagination import PageRequest
from services.publish.adapters.base import Corrected, Medium, Rendition
from services.publish.credentials import key_id_of

PUBLIC_STATES = ("published", "partly_published", "corrected", "withdrawn")


async def get_publication(session: AsyncSession, publication_id: UUID) -> m.Publication | None:
    return await session.get(m.Publication, publication_id)


async def lock_publication(session: AsyncSession, publication_id: UUID) -> m.Publication | None:
    """The row, locked: deliveries of a publication are only changed by whoever holds it."""
    query = select(m.Publication).where(m.Publication.id == publication_id).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def list_publications(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], state: PublicationState | None
) -> Sequence[m.Publication]:
    """Newest first: all of one's own units, and what is public of the others."""
    seen = or_(m.Publication.unit_id.in_(list(units)), m.Publication.state.in_(PUBLIC_STATES))
    query = select(m.Publication).where(seen).order_by(m.Publication.id.desc()).limit(page.limit + 1)
    if state is not None:
        query = query.where(m.Publication.state == state)
    if page.after is not None:
        query = query.where(m.Publication.id < page.after.id)
    return (await session.scalars(query)).all()


async def is_slug_taken(session: AsyncSession, slug: str) -> bool:
    return await session.scalar(select(m.Publication.id).where(m.Publication.slug == slug)) is not None


async def editors_of(session: AsyncSession, publication: m.Publication) -> frozenset[UUID]:
    """Everybody who touched any revision, and who began it."""
    query = select(m.PublicationRevision.edited_by).where(m.PublicationRevision.publication_id == publication.id)
    return frozenset({publication.created_by, *(await session.scalars(query))})


async def variants_of(session: AsyncSession, publication_id: UUID) -> Sequence[m.Variant]:
    query = select(m.Variant).where(m.Variant.publication_id == publication_id).order_by(m.Variant.channel_id)
    return (await session.scalars(query)).all()


async def replace_variants(session: AsyncSession, publication_id: UUID, variants: list[dict[str, Any]]) -> None:
    await session.execute(delete(m.Variant).where(m.Variant.publication_id == publication_id))
    if variants:
        await session.execute(insert(m.Variant).values(variants))


async def press_addresses(session: AsyncSession) -> Sequence[str]:
    """Where the press that is watched publishes."""
    query = select(m.Source.url, m.Source.homepage).where(m.Source.group == SourceGroup.PRESS)
    return [address for row in await session.execute(query) for address in row if address]


async def media_shown(session: AsyncSession, publication_id: UUID) -> Sequence[UUID]:
    """The media of a publication, in order."""
    query = select(m.PublicationMedium.medium_id).where(m.PublicationMedium.publication_id == publication_id)
    return (await session.scalars(query.order_by(m.PublicationMedium.position))).all()


async def media_files(session: AsyncSession, ids: Sequence[UUID]) -> list[Medium]:
    """The media with the files of each (largest first), in the order asked."""
    query = (
        select(m.Medium, m.MediaFile)
        .join(m.MediaFile, m.MediaFile.medium_id == m.Medium.id)
        .where(m.Medium.id.in_(ids))
        .order_by(m.Medium.id, m.MediaFile.size.desc(), m.MediaFile.role)
    )
    rows = [(medium, file) for medium, file in await session.execute(query)]
    found = {id_: _medium(list(group)) for id_, group in groupby(rows, key=lambda row: row[0].id)}
    return [found[id_] for id_ in ids if id_ in found]


def _medium(rows: list[tuple[m.Medium, m.MediaFile]]) -> Medium:
    kept = rows[0][0]
    files = tuple(Rendition(f.sha256.hex(), f.mime, f.size, f.width, f.height) for _, f in rows)
    return Medium(kept.alt, files, kept.duration_ms, kept.ai_label if kept.is_ai_made else None, kept.credit)


async def media_hashes(session: AsyncSession, ids: Sequence[UUID]) -> list[str]:
    """The SHA-256 (hex) of each, in the order asked."""
    known = await media_by_id(session, ids)
    return [known[id_].sha256.hex() for id_ in ids if id_ in known]


async def replace_media(session: AsyncSession, publication_id: UUID, media: Sequence[UUID]) -> None:
    await session.execute(delete(m.PublicationMedium).where(m.PublicationMedium.publication_id == publication_id))
    rows = [{"publication_id": publication_id, "medium_id": id_, "position": at} for at, id_ in enumerate(media)]
    if rows:
        await session.execute(insert(m.PublicationMedium).values(rows))


async def media_by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, m.Medium]:
    rows = await session.scalars(select(m.Medium).where(m.Medium.id.in_(list(ids))))
    return {medium.id: medium for medium in rows}


async def corrected_posts(session: AsyncSession, publication_id: UUID | None) -> dict[UUID, Corrected]:
    """Where the publication that is corrected stands now, by channel."""
    if publication_id is None:
        return {}
    rows = await session.scalars(
        select(m.Delivery).where(m.Delivery.publication_id == publication_id, m.Delivery.state == "published")
    )
    return {d.channel_id: Corrected(d.platform_id, d.platform_url or "") for d in rows if d.platform_id}


async def approvals_of(session: AsyncSession, publication: m.Publication) -> Sequence[m.Approval]:
    """The approvals that count: of the present revision and hash."""
    query = (
        select(m.Approval)
        .where(
            m.Approval.publication_id == publication.id,
            m.Approval.revision == publication.revision,
            m.Approval.content_hash == publication.content_hash,
        )
        .order_by(m.Approval.id)
    )
    return (await session.scalars(query)).all()


async def deliveries_of(session: AsyncSession, publication_id: UUID) -> Sequence[m.Delivery]:
    query = select(m.Delivery).where(m.Delivery.publication_id == publication_id).order_by(m.Delivery.id)
    return (await session.scalars(query)).all()


async def list_deliveries(session: AsyncSession, publication_id: UUID, page: PageRequest) -> Sequence[m.Delivery]:
    query = select(m.Delivery).where(m.Delivery.publication_id == publication_id).order_by(m.Delivery.id)
    if page.after is not None:
        query = query.where(m.Delivery.id > page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def drop_deliveries(session: AsyncSession, publication_id: UUID) -> None:
    """Of a publication that goes back to its editors: nothing of it has been sent."""
    gone = select(m.Delivery.id).where(m.Delivery.publication_id == publication_id)
    await session.execute(update(m.Task).where(m.Task.delivery_id.in_(gone)).values(delivery_id=None))
    await session.execute(delete(m.Delivery).where(m.Delivery.publication_id == publication_id))


async def delivery_states(session: AsyncSession, publication_id: UUID) -> list[DeliveryState]:
    query = select(m.Delivery.state).where(m.Delivery.publication_id == publication_id)
    return [DeliveryState(state) for state in await session.scalars(query)]


async def latest_engagement(session: AsyncSession, publication_id: UUID) -> Sequence[m.EngagementPoint]:
    """The newest point of each metric of each delivery."""
    query = (
        select(m.EngagementPoint)
        .join(m.Delivery, m.Delivery.id == m.EngagementPoint.delivery_id)
        .where(m.Delivery.publication_id == publication_id)
        .ext(distinct_on(m.EngagementPoint.delivery_id, m.EngagementPoint.metric))
        .order_by(m.EngagementPoint.delivery_id, m.EngagementPoint.metric, m.EngagementPoint.as_of.desc())
    )
    return (await session.scalars(query)).all()


async def list_engagement(
    session: AsyncSession, publication_id: UUID, page: PageRequest
) -> Sequence[m.EngagementPoint]:
    """Every point of every delivery, newest first."""
    query = (
        select(m.EngagementPoint)
        .join(m.Delivery, m.Delivery.id == m.EngagementPoint.delivery_id)
        .where(m.Delivery.publication_id == publication_id)
        .order_by(m.EngagementPoint.id.desc())
    )
    if page.after is not None:
        query = query.where(m.EngagementPoint.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def ask_for_figures(session: AsyncSession, publication_id: UUID, now: datetime) -> int:
    """Make the reading of what is out due at once; of how many deliveries."""
    out = (m.Delivery.publication_id == publication_id) & (m.Delivery.state == DeliveryState.PUBLISHED)
    out &= m.Delivery.platform_id.is_not(None)  # of what a person posted by hand no figures can be asked for
    asked = await session.scalars(update(m.Delivery).where(out).values(collect_at=now).returning(m.Delivery.id))
    return len(asked.all())


async def is_paused(session: AsyncSession, publication_id: UUID) -> bool:
    query = select(text("is_paused(publications)")).select_from(m.Publication).where(m.Publication.id == publication_id)
    return bool(await session.scalar(query))


async def get_channel(session: AsyncSession, channel_id: UUID) -> m.Channel | None:
    return await session.get(m.Channel, channel_id)


async def close_for_reconnect(session: AsyncSession, channel_id: UUID) -> None:
    """The account does not let us in: nothing more is sent through it until a person connects it again."""
    channel = await get_channel(session, channel_id)
    if channel is not None and channel.state == ChannelState.ACTIVE:
        channel.state = ChannelState.NEEDS_RECONNECT


async def channels_by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, m.Channel]:
    rows = await session.scalars(select(m.Channel).where(m.Channel.id.in_(list(ids))))
    return {channel.id: channel for channel in rows}


async def list_channels(session: AsyncSession, page: PageRequest) -> Sequence[m.Channel]:
    query = select(m.Channel).order_by(m.Channel.id).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(m.Channel.id > page.after.id)
    return (await session.scalars(query)).all()


async def channels_at_work(session: AsyncSession) -> list[dict[str, Any]]:
    """Every channel with how many deliveries wait for it or are in doubt."""
    settled = ("published", "withdrawn", "rejected")
    waiting = func.count(m.Delivery.id).filter(m.Delivery.state.not_in(settled)).label("waiting")
    shown = (m.Channel.id, m.Channel.kind, m.Channel.name, m.Channel.address, m.Channel.state)
    query = select(*shown, waiting).outerjoin(m.Delivery, m.Delivery.channel_id == m.Channel.id)
    rows = await session.execute(query.group_by(*shown).order_by(m.Channel.kind, m.Channel.name, m.Channel.id))
    return [dict(row) for row in rows.mappings()]


async def store_credentials(session: AsyncSession, channel_id: UUID, ciphertext: bytes, now: datetime) -> None:
    changed = {"ciphertext": ciphertext, "key_id": key_id_of(ciphertext), "updated_at": now}
    query = insert(m.ChannelCredential).values({"channel_id": channel_id, **changed})
    await session.execute(query.on_conflict_do_update(index_elements=["channel_id"], set_=changed))


async def get_credentials(session: AsyncSession, channel_id: UUID) -> bytes | None:
    query = select(m.ChannelCredential.ciphertext).where(m.ChannelCredential.channel_id == channel_id)
    return await session.scalar(query)


async def resume_deliveries(session: AsyncSession, channel_id: UUID, now: datetime) -> None:
    """After a reconnect, what waited for it is due again."""
    await session.execute(
        update(m.Delivery)
        .where(m.Delivery.channel_id == channel_id, m.Delivery.state == DeliveryState.AUTH_REQUIRED)
        .values(state=DeliveryState.PENDING, attempt=0, not_before=now, updated_at=now)
    )


async def unit_name(session: AsyncSession, unit_id: UUID) -> str | None:
    return await session.scalar(select(m.OrganizationUnit.name).where(m.OrganizationUnit.id == unit_id))


async def get_task(session: AsyncSession, task_id: UUID) -> m.Task | None:
    return await session.get(m.Task, task_id, with_for_update=True)


async def list_tasks(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], state: TaskState | None
) -> Sequence[m.Task]:
    query = select(m.Task).where(m.Task.unit_id.in_(list(units))).order_by(m.Task.id.desc())
    if state is not None:
        query = query.where(m.Task.state == state)
    if page.after is not None:
        query = query.where(m.Task.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def add_task(session: AsyncSession, values: dict[str, Any]) -> UUID | None:
    """One task for each kind and delivery: its id where it is open now and was not before."""
    again = {name: values[name] for name in ("title", "link", "state", "created_at")}
    again |= {"outcome": None, "evidence_url": None, "done_by": None, "done_at": None}
    query = insert(m.Task).values(values)
    query = query.on_conflict_do_update(
        index_elements=["kind", "delivery_id"], set_=again, where=m.Task.state == TaskState.DONE
    )
    return await session.scalar(query.returning(m.Task.id))


async def retitle_task(session: AsyncSession, kind: str, delivery_id: UUID, title: str) -> None:
    query = update(m.Task).where(m.Task.kind == kind, m.Task.delivery_id == delivery_id, m.Task.state == TaskState.OPEN)
    await session.execute(query.values(title=title))


async def add_channel_task(session: AsyncSession, values: dict[str, Any]) -> bool:
    """One open task for each kind and channel; whether this one is new."""
    query = insert(m.Task).values(values)
    query = query.on_conflict_do_nothing(index_elements=["kind", "channel_id"], index_where=text("state = 'open'"))
    return (await session.execute(query.returning(m.Task.id))).first() is not None


async def has_open_task_about(session: AsyncSession, kind: str, unit_id: UUID, link: str) -> bool:
    query = select(m.Task.id).where(
        m.Task.kind == kind, m.Task.unit_id == unit_id, m.Task.link == link, m.Task.state == TaskState.OPEN
    )
    return await session.scalar(query.limit(1)) is not None


async def get_story(session: AsyncSession, story_id: UUID) -> m.Story | None:
    return await session.get(m.Story, story_id)


async def story_sources(session: AsyncSession, story_id: UUID, limit: int = 12) -> list[dict[str, Any]]:
    """The earliest item of each press, portal or official source: never what citizens or forums wrote."""
    told = (
        select(
            m.Source.name.label("source"),
            m.Content.title,
            m.Content.summary,
            m.Content.url,
            func.coalesce(m.Content.published_at, m.Content.first_seen_at).label("at"),
        )
        .join(m.StoryItem, m.StoryItem.content_id == m.Content.id)
        .join(m.Source, m.Source.id == m.Content.source_id)
        .where(
            m.StoryItem.story_id == story_id,
            m.Source.group.in_(("press", "portal", "aggregator", "official")),
            m.Content.kind.in_(("article", "release")),
            m.Content.url.is_not(None),
        )
        .ext(distinct_on(m.Source.id))
        .order_by(m.Source.id, m.Content.published_at, m.Content.id)
        .subquery()
    )
    rows = await session.execute(select(told).order_by(told.c.at).limit(limit))
    return [dict(row) for row in rows.mappings()]
