"""The SQL of the catalogue: the sources as its files speak of them, written row by row or not at all."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from services.ingest.catalogue.rules import COLUMNS, Known
from services.ingest.schemas import SourceOptions

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('ingest:catalogue', 0))")


async def lock(session: AsyncSession) -> None:
    """One import at a time: what it planned must still be so when it writes."""
    await session.execute(_LOCK)


async def list_known(session: AsyncSession) -> list[Known]:
    """Every source, by name."""
    columns = [getattr(m.Source, name) for name in COLUMNS]
    rows = await session.execute(select(m.Source.id, *columns).order_by(m.Source.name))
    return [_known(row._mapping) for row in rows]


def _known(row: Mapping[Any, Any]) -> Known:
    columns = {name: row[name] for name in COLUMNS}
    own = {name: value for name, value in columns["settings"].items() if name in SourceOptions.model_fields}
    columns["settings"] = SourceOptions.model_validate(own).model_dump(mode="json")
    return Known(row["id"], columns)


async def known_urls(session: AsyncSession, urls: Collection[str]) -> set[str]:
    found = await session.scalars(select(m.Source.url).where(m.Source.url.in_(urls)))
    return {url for url in found if url}


async def add_sources(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await session.execute(insert(m.Source), list(rows))


async def change_source(session: AsyncSession, source_id: UUID, values: Mapping[str, Any]) -> None:
    """Settings are laid over those that are there: a source may have some that no file speaks of."""
    changed = dict(values)
    if "settings" in changed:
        changed["settings"] = m.Source.settings.op("||")(changed["settings"])
    await session.execute(update(m.Source).where(m.Source.id == source_id).values(changed))
