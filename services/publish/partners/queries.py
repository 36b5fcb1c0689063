"""Every SQL statement of choices, partners and kits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.enums import TaskOutcome, TaskState
from libs.common.models.partners import ChoiceState, PartnerState, SelectionState
from libs.common.pagination import PageRequest

RECHECK = "partner_recheck"


# --- the official channel ----------------------------------------------------------------------------


async def lock_choice(session: AsyncSession, choice_id: UUID) -> m.ChannelChoice | None:
    return await session.get(m.ChannelChoice, choice_id, with_for_update=True)


async def list_choices(
    session: AsyncSession, page: PageRequest, units: set[UUID]
) -> Sequence[tuple[m.ChannelChoice, str]]:
    query = (
        select(m.ChannelChoice, m.Channel.name)
        .join(m.Channel, m.Channel.id == m.ChannelChoice.channel_id)
        .where(m.ChannelChoice.unit_id.in_(units))
        .order_by(m.ChannelChoice.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        query = query.where(m.ChannelChoice.id < page.after.id)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def standing_choices(session: AsyncSession) -> Sequence[tuple[m.ChannelChoice, str]]:
    """The signed records, each with the name of its channel now."""
    query = (
        select(m.ChannelChoice, m.Channel.name)
        .join(m.Channel, m.Channel.id == m.ChannelChoice.channel_id)
        .where(m.ChannelChoice.state == ChoiceState.SIGNED)
        .order_by(m.ChannelChoice.signed_at.desc())
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def lock_channel(session: AsyncSession, channel_id: UUID) -> m.Channel | None:
    return await session.get(m.Channel, channel_id, with_for_update=True)


async def official_channel(session: AsyncSession, programme_id: UUID | None) -> m.Channel | None:
    query = select(m.Channel).where(
        m.Channel.is_city_official, m.Channel.programme_id.is_not_distinct_from(programme_id)
    )
    return (await session.scalars(query)).first()


async def person_name(session: AsyncSession, person_id: UUID) -> str:
    name = await session.scalar(select(m.Person.display_name).where(m.Person.id == person_id))
    assert name is not None
    return name


# --- partners ----------------------------------------------------------------------------------------


async def lock_selection(session: AsyncSession, selection_id: UUID) -> m.PartnerSelection | None:
    return await session.get(m.PartnerSelection, selection_id, with_for_update=True)


async def list_selections(session: AsyncSession, page: PageRequest, units: set[UUID]) -> Sequence[m.PartnerSelection]:
    query = select(m.PartnerSelection).where(m.PartnerSelection.unit_id.in_(units))
    if page.after is not None:
        query = query.where(m.PartnerSelection.id < page.after.id)
    return (await session.scalars(query.order_by(m.PartnerSelection.id.desc()).limit(page.limit + 1))).all()


async def partners_of(session: AsyncSession, selection_id: UUID) -> Sequence[m.Partner]:
    query = select(m.Partner).where(m.Partner.selection_id == selection_id).order_by(m.Partner.id)
    return (await session.scalars(query)).all()


async def latest_proofs(session: AsyncSession, partner_ids: Sequence[UUID]) -> dict[UUID, m.PartnerProof]:
    query = (
        select(m.PartnerProof)
        .where(m.PartnerProof.partner_id.in_(partner_ids))
        .ext(distinct_on(m.PartnerProof.partner_id))
        .order_by(m.PartnerProof.partner_id, m.PartnerProof.measured_at.desc(), m.PartnerProof.id.desc())
    )
    return {proof.partner_id: proof for proof in await session.scalars(query)}


async def list_proofs(session: AsyncSession, partner_id: UUID) -> Sequence[m.PartnerProof]:
    query = select(m.PartnerProof).where(m.PartnerProof.partner_id == partner_id)
    return (await session.scalars(query.order_by(m.PartnerProof.measured_at.desc(), m.PartnerProof.id.desc()))).all()


async def partner_with_selection(
    session: AsyncSession, partner_id: UUID
) -> tuple[m.Partner, m.PartnerSelection] | None:
    query = (
        select(m.Partner, m.PartnerSelection)
        .join(m.PartnerSelection, m.PartnerSelection.id == m.Partner.selection_id)
        .where(m.Partner.id == partner_id)
    )
    found = (await session.execute(query)).first()
    return (found[0], found[1]) if found is not None else None


async def count_selected(session: AsyncSession, selection_id: UUID) -> int:
    query = select(func.count()).where(m.Partner.selection_id == selection_id, m.Partner.state == PartnerState.SELECTED)
    return await session.scalar(query) or 0


async def has_medium(session: AsyncSession, medium_id: UUID, unit_id: UUID) -> bool:
    """Whether the picture is in the unit's own library."""
    query = select(m.Medium.id).where(m.Medium.id == medium_id, m.Medium.unit_id == unit_id)
    return await session.scalar(query) is not None


async def claim_to_recheck(session: AsyncSession, now: datetime, most: int = 50) -> list[tuple[m.Partner, UUID]]:
    """Partners whose last proof is as old as their selection's quarter, and about whom nobody was asked since; each
    with the unit that chose it."""
    measured = (
        select(func.max(m.PartnerProof.measured_at)).where(m.PartnerProof.partner_id == m.Partner.id).scalar_subquery()
    )
    quarter = m.PartnerSelection.recheck_days * timedelta(days=1)
    query = (
        select(m.Partner, m.PartnerSelection.unit_id)
        .join(m.PartnerSelection, m.PartnerSelection.id == m.Partner.selection_id)
        .where(
            m.Partner.state == PartnerState.SELECTED,
            m.PartnerSelection.state == SelectionState.DECIDED,
            measured + quarter <= now,
            or_(
                m.Partner.recheck_asked_at.is_(None),
                m.Partner.recheck_asked_at < measured,
                m.Partner.recheck_asked_at + quarter <= now,
            ),
        )
        .order_by(m.Partner.id)
        .limit(most)
        .with_for_update(of=m.Partner, skip_locked=True)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def settle_rechecks(session: AsyncSession, link: str, unit_id: UUID, by: UUID, now: datetime) -> None:
    """The size was measured: nobody has to look any more."""
    query = update(m.Task).where(
        m.Task.kind == RECHECK, m.Task.link == link, m.Task.unit_id == unit_id, m.Task.state == TaskState.OPEN
    )
    done = {"state": TaskState.DONE, "outcome": TaskOutcome.DONE, "done_by": by, "done_at": now}
    await session.execute(query.values(**done))


# --- kits --------------------------------------------------------------------------------------------


async def publication_with_page(session: AsyncSession, publication_id: UUID) -> tuple[m.Publication, bool] | None:
    """The publication, and whether the bulletin is among its channels."""
    publication = await session.get(m.Publication, publication_id)
    if publication is None:
        return None
    query = (
        select(m.Variant.id)
        .join(m.Channel, m.Channel.id == m.Variant.channel_id)
        .where(m.Variant.publication_id == publication_id, m.Channel.kind == "own_site")
        .limit(1)
    )
    return publication, await session.scalar(query) is not None


async def store_kit_link(session: AsyncSession, values: dict[str, Any]) -> bool:
    """False where the code is another's."""
    query = insert(m.ShortLink).values(values).on_conflict_do_nothing(index_elements=["code"])
    return await session.scalar(query.returning(m.ShortLink.code)) is not None


async def kit_by_hash(session: AsyncSession, token_hash: bytes, *, lock: bool = False) -> m.PartnerKit | None:
    """Found by the hash of what was shown: how long it takes tells nothing of the token itself."""
    query = select(m.PartnerKit).where(m.PartnerKit.token_hash == token_hash)
    return await session.scalar(query.with_for_update() if lock else query)


async def lock_kit(session: AsyncSession, kit_id: UUID) -> m.PartnerKit | None:
    return await session.get(m.PartnerKit, kit_id, with_for_update=True)


async def kit_code(session: AsyncSession, kit_id: UUID) -> str:
    code = await session.scalar(select(m.ShortLink.code).where(m.ShortLink.kit_id == kit_id))
    assert code is not None
    return code


async def kits_of(session: AsyncSession, publication_id: UUID) -> Sequence[tuple[m.PartnerKit, m.Partner, str]]:
    query = (
        select(m.PartnerKit, m.Partner, m.ShortLink.code)
        .join(m.Partner, m.Partner.id == m.PartnerKit.partner_id)
        .join(m.ShortLink, m.ShortLink.kit_id == m.PartnerKit.id)
        .where(m.PartnerKit.publication_id == publication_id)
        .order_by(m.PartnerKit.id)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def posts_of(session: AsyncSession, kit_ids: Sequence[UUID]) -> Sequence[m.KitPost]:
    query = select(m.KitPost).where(m.KitPost.kit_id.in_(kit_ids)).order_by(m.KitPost.reported_at, m.KitPost.id)
    return (await session.scalars(query)).all()


async def add_post(session: AsyncSession, values: dict[str, Any]) -> None:
    """The same address twice is one."""
    await session.execute(insert(m.KitPost).values(values).on_conflict_do_nothing(index_elements=["kit_id", "url"]))


async def revoke_kits(session: AsyncSession, partner_id: UUID, now: datetime) -> None:
    """All that a partner holds."""
    query = update(m.PartnerKit).where(m.PartnerKit.partner_id == partner_id, m.PartnerKit.revoked_at.is_(None))
    await session.execute(query.values(revoked_at=now))
