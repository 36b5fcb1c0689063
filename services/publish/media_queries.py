"""Every SQL statement of the publish service about media, short links and their clicks."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import TaskOutcome, TaskState
from libs.common.pagination import PageRequest

DEAD_LINK = "dead_link"


async def get_medium(session: AsyncSession, medium_id: UUID, *, lock: bool = False) -> m.Medium | None:
    return await session.get(m.Medium, medium_id, with_for_update=lock or None)


async def medium_of(session: AsyncSession, unit_id: UUID, sha256: bytes) -> m.Medium | None:
    query = select(m.Medium).where(m.Medium.unit_id == unit_id, m.Medium.sha256 == sha256).with_for_update()
    return await session.scalar(query)


async def add_medium(session: AsyncSession, medium: dict[str, Any], files: Sequence[dict[str, Any]]) -> bool:
    """Whether it is new in its unit."""
    query = insert(m.Medium).values(medium).on_conflict_do_nothing(index_elements=["unit_id", "sha256"])
    if (await session.execute(query.returning(m.Medium.id))).first() is None:
        return False
    await session.execute(insert(m.MediaFile).values([{**file, "medium_id": medium["id"]} for file in files]))
    return True


async def list_media(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], *, archived: bool
) -> Sequence[m.Medium]:
    """Newest first, of one's own units."""
    kept = m.Medium.archived_at.is_not(None) if archived else m.Medium.archived_at.is_(None)
    query = select(m.Medium).where(m.Medium.unit_id.in_(list(units)), kept).order_by(m.Medium.id.desc())
    if page.after is not None:
        query = query.where(m.Medium.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def files_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[m.MediaFile]]:
    """The files of each medium, largest first."""
    query = select(m.MediaFile).where(m.MediaFile.medium_id.in_(list(ids)))
    found: dict[UUID, list[m.MediaFile]] = {}
    for file in await session.scalars(query.order_by(m.MediaFile.size.desc(), m.MediaFile.role)):
        found.setdefault(file.medium_id, []).append(file)
    return found


async def get_file(session: AsyncSession, medium_id: UUID, role: str) -> m.MediaFile | None:
    return await session.get(m.MediaFile, (medium_id, role))


async def uses_of(session: AsyncSession, medium_id: UUID) -> Sequence[tuple[UUID, str, str]]:
    """Publications that show it: id, title and state, newest first."""
    query = (
        select(m.Publication.id, m.Publication.title, m.Publication.state)
        .join(m.PublicationMedium, m.PublicationMedium.publication_id == m.Publication.id)
        .where(m.PublicationMedium.medium_id == medium_id)
        .order_by(m.Publication.id.desc())
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


# --- short links -------------------------------------------------------------------------------------


async def campaign_title(session: AsyncSession, campaign_id: UUID | None) -> str | None:
    if campaign_id is None:
        return None
    return await session.scalar(select(m.Campaign.title).where(m.Campaign.id == campaign_id))


async def store_link(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Kept once for each publication and channel, with its newest target; False where the code is another's."""
    query = insert(m.ShortLink).values(values)
    same = (m.ShortLink.publication_id == values["publication_id"]) & (m.ShortLink.channel_id == values["channel_id"])
    query = query.on_conflict_do_update(index_elements=["code"], set_={"target": values["target"]}, where=same)
    return (await session.execute(query.returning(m.ShortLink.code))).first() is not None


async def leads_to(session: AsyncSession, code: str) -> tuple[str, str, str | None, bool] | None:
    """The slug of the page, the kind of the channel (or the partner's platform), the title of the campaign, and
    whether the link is of a partner's kit, as they are now."""
    source = func.coalesce(m.Channel.kind, m.Partner.platform)
    query = (
        select(m.Publication.slug, source, m.Campaign.title, m.ShortLink.kit_id.is_not(None))
        .select_from(m.ShortLink)
        .join(m.Publication, m.Publication.id == m.ShortLink.publication_id)
        .outerjoin(m.Channel, m.Channel.id == m.ShortLink.channel_id)
        .outerjoin(m.PartnerKit, m.PartnerKit.id == m.ShortLink.kit_id)
        .outerjoin(m.Partner, m.Partner.id == m.PartnerKit.partner_id)
        .outerjoin(m.Campaign, m.Campaign.id == m.Publication.campaign_id)
        .where(m.ShortLink.code == code)
    )
    found = (await session.execute(query)).first()
    return (found[0], found[1], found[2], found[3]) if found is not None else None


async def codes_of(session: AsyncSession, publication_ids: Sequence[UUID]) -> Sequence[str]:
    query = select(m.ShortLink.code).where(m.ShortLink.publication_id.in_(publication_ids))
    return (await session.scalars(query.order_by(m.ShortLink.code))).all()


async def count_click(session: AsyncSession, code: str, day: date) -> None:
    query = insert(m.LinkClicks).values(code=code, day=day, clicks=1)
    more = {"clicks": m.LinkClicks.clicks + 1}
    await session.execute(query.on_conflict_do_update(index_elements=["code", "day"], set_=more))


async def links_of(session: AsyncSession, publication_id: UUID) -> Sequence[tuple[m.ShortLink, m.Channel]]:
    """The links of a publication with their channels."""
    query = (
        select(m.ShortLink, m.Channel)
        .join(m.Channel, m.Channel.id == m.ShortLink.channel_id)
        .where(m.ShortLink.publication_id == publication_id)
        .order_by(m.Channel.id)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def clicks_of(session: AsyncSession, codes: Iterable[str]) -> Sequence[m.LinkClicks]:
    query = select(m.LinkClicks).where(m.LinkClicks.code.in_(list(codes))).order_by(m.LinkClicks.code, m.LinkClicks.day)
    return (await session.scalars(query)).all()


# --- dead links --------------------------------------------------------------------------------------


async def dead_links(session: AsyncSession, publication_id: UUID, *, and_settled: bool = False) -> dict[str, UUID]:
    """The addresses last found dead and not settled since (or ever found dead), each with its task."""
    query = select(m.Task.link, m.Task.id).where(m.Task.publication_id == publication_id, m.Task.kind == DEAD_LINK)
    if not and_settled:
        query = query.where(m.Task.state == TaskState.OPEN)
    return {str(row[0]): row[1] for row in await session.execute(query)}


async def add_tasks(session: AsyncSession, tasks: Sequence[dict[str, Any]]) -> None:
    if tasks:
        await session.execute(insert(m.Task).values(list(tasks)))


async def settle_tasks(session: AsyncSession, ids: Sequence[UUID], by: UUID, now: datetime) -> None:
    """Seen to be alive again, or no longer in the text."""
    settled = {"state": TaskState.DONE, "outcome": TaskOutcome.DONE, "done_by": by, "done_at": now}
    await session.execute(update(m.Task).where(m.Task.id.in_(ids)).values(settled))


async def fresh_drafts(session: AsyncSession, since: datetime) -> Sequence[m.Publication]:
    """Drafts and what waits for approval, changed since then."""
    waiting = m.Publication.state.in_(("draft", "in_review")) & (m.Publication.updated_at >= since)
    has_address = (m.Publication.body + m.Publication.summary + func.coalesce(m.Publication.source_note, "")).contains(
        "://"
    )
    query = select(m.Publication).where(waiting, has_address).order_by(m.Publication.updated_at, m.Publication.id)
    return (await session.scalars(query.limit(200))).all()
