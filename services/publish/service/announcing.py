"""What other systems are told: of what is real, never of a drill (the database refuses the row, too)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import outbox
from libs.common.events.base import Event
from services.publish import queries


async def tell_outside(session: AsyncSession, publication_id: UUID, event: Event, now: datetime) -> None:
    publication = await queries.get_publication(session, publication_id)
    if publication is None or not publication.is_drill:
        await outbox.emit(session, event, now=now, source="publish")
