"""Pictures that go along with what the city hands on: each unit gets them into its own library, with their words.

The file lies once in the file store, by its hash; description, credit and the mark of a model are the unit's own from
then on, and what it has already is not written over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from services.publish import media_queries, queries

WORDS = ("mime", "size", "width", "height", "duration_ms", "alt", "credit", "is_ai_made", "ai_label")
FILE = ("role", "sha256", "key", "mime", "size", "width", "height")


async def carry(session: AsyncSession, source_id: UUID, unit_id: UUID, who: Principal, now: datetime) -> list[UUID]:
    """The unit's own media of what a publication shows, in its order."""
    shown = await queries.media_shown(session, source_id)
    known = await queries.media_by_id(session, shown)
    files = await media_queries.files_of(session, shown)
    return [await _own(session, known[id_], files[id_], unit_id, who, now) for id_ in shown]


async def _own(
    session: AsyncSession,
    medium: m.Medium,
    files: Sequence[m.MediaFile],
    unit_id: UUID,
    who: Principal,
    now: datetime,
) -> UUID:
    made: dict[str, Any] = {name: getattr(medium, name) for name in WORDS}
    made |= {"id": new_id(now), "unit_id": unit_id, "sha256": medium.sha256}
    made |= {"created_by": who.person_id, "created_at": now}
    rows = [{name: getattr(file, name) for name in FILE} for file in files]
    if await media_queries.add_medium(session, made, rows):
        await _record(session, made["id"], medium, "medium.added", who, now)
        return UUID(str(made["id"]))
    own = await media_queries.medium_of(session, unit_id, medium.sha256)
    assert own is not None
    await _take_out(session, own, medium, who, now)
    return own.id


async def _take_out(session: AsyncSession, own: m.Medium, medium: m.Medium, who: Principal, now: datetime) -> None:
    """Back in the library if it was put away, and marked if the city knows that a model made it."""
    if own.archived_at is not None:
        own.archived_at = None
        await _record(session, own.id, medium, "medium.restored", who, now)
    if medium.is_ai_made and not own.is_ai_made:
        own.is_ai_made, own.ai_label = True, medium.ai_label
        await _record(session, own.id, medium, "medium.changed", who, now)
    await session.flush()


async def _record(
    session: AsyncSession, id_: UUID, medium: m.Medium, action: str, who: Principal, now: datetime
) -> None:
    facts = {"sha256": medium.sha256.hex(), "mime": medium.mime, "is_ai_made": medium.is_ai_made}
    facts |= {"copy_of": str(medium.id)}
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="medium",
        object_id=id_,
        now=now,
        facts=facts,
    )
