"""What people decide here leaves a row in the audit log."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit


async def record(
    session: AsyncSession,
    action: str,
    by: UUID,
    about: tuple[Literal["claim", "content", "legal_risk_case", "model", "place_alias", "story"], UUID],
    now: datetime,
    facts: dict[str, Any],
) -> None:
    object_type, object_id = about
    await audit.append(
        session,
        service="classify",
        action=action,
        actor_id=by,
        object_type=object_type,
        object_id=object_id,
        now=now,
        facts=facts,
    )
