"""SQL of corrected places and of the names that people gave to places."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models import Annotation, LabelCorrection, PlaceAlias
from libs.common.models.enums import AliasState
from libs.common.pagination import PageRequest
from libs.common.units import PlaceName

ALIVE = PlaceAlias.state.in_((AliasState.PROPOSED, AliasState.CONFIRMED))


async def set_places(session: AsyncSession, content_id: UUID, places: Sequence[str], now: datetime) -> None:
    by_person: Any = Annotation.model_versions
    values = {
        "places": list(places),
        "model_versions": by_person.op("||")(func.jsonb_build_object("places", "person")),
        "annotated_at": now,
    }
    query = update(Annotation).where(Annotation.content_id == content_id).values(values)
    await session.execute(query.execution_options(synchronize_session=False))


async def list_corrections(session: AsyncSession, content_id: UUID) -> Sequence[LabelCorrection]:
    """What people put right of a content, the newest first."""
    kept = LabelCorrection
    query = select(kept).where(kept.content_id == content_id).order_by(kept.id.desc()).limit(100)
    return (await session.scalars(query)).all()


# --- names --------------------------------------------------------------------------------------------------


async def propose_once(session: AsyncSession, row: dict[str, Any]) -> bool:
    """False where this name of this place waits already, or is in use."""
    query = insert(PlaceAlias).values(row).on_conflict_do_nothing().returning(PlaceAlias.id)
    return await session.scalar(query) is not None


async def is_taken(session: AsyncSession, name_folded: str) -> bool:
    query = select(PlaceAlias.id).where(PlaceAlias.name_folded == name_folded, ALIVE).limit(1)
    return await session.scalar(query) is not None


async def lock_alias(session: AsyncSession, alias_id: UUID) -> PlaceAlias | None:
    return await session.get(PlaceAlias, alias_id, with_for_update=True)


async def list_aliases(session: AsyncSession, state: AliasState | None, page: PageRequest) -> Sequence[PlaceAlias]:
    query = select(PlaceAlias).order_by(PlaceAlias.id.desc()).limit(page.limit + 1)
    if state is not None:
        query = query.where(PlaceAlias.state == state)
    if page.after:
        query = query.where(PlaceAlias.id < page.after.id)
    return (await session.scalars(query)).all()


async def confirmed_names(session: AsyncSession) -> list[PlaceName]:
    """The names in use."""
    alias = PlaceAlias
    query = select(alias.name, alias.unit_code).where(alias.state == AliasState.CONFIRMED).order_by(alias.id)
    return [PlaceName(*row) for row in await session.execute(query)]


async def codes_named(session: AsyncSession, name_folded: str) -> list[str]:
    """The places that people call so."""
    alias = PlaceAlias
    query = select(alias.unit_code).where(alias.name_folded == name_folded, alias.state == AliasState.CONFIRMED)
    return list(await session.scalars(query.order_by(alias.unit_code)))
