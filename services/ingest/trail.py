"""The audit entries about sources: one form, whoever or whatever changed them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit


async def record(
    session: AsyncSession,
    action: str,
    source_id: UUID,
    now: datetime,
    *,
    by: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """`by`: the person who did it; None where the service did it by itself."""
    await audit.append(
        session,
        service="ingest",
        action=action,
        actor_id=by,
        object_type="source",
        object_id=source_id,
        now=now,
        facts=facts,
    )
