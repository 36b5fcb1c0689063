"""What officers of feedback are told; publish sends it by mail. References and limits, never a case's words."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.ingest.feedback import queries


@dataclass(frozen=True, slots=True)
class Notice:
    """`unit_id` None: the city's own officers. `dedupe`: told once, however often it is asked for."""

    kind: str
    object_id: UUID
    unit_id: UUID | None
    subject: str
    body: str
    dedupe: str
    level: int = 0
    object_type: str = "feedback_case"


async def tell(session: AsyncSession, notice: Notice, now: datetime) -> bool:
    """True when nobody was told of it before."""
    values = {
        "id": new_id(now),
        "kind": notice.kind,
        "role": Role.FEEDBACK_OFFICER,
        "unit_id": notice.unit_id,
        "object_type": notice.object_type,
        "object_id": notice.object_id,
        "subject": notice.subject,
        "body": notice.body,
        "level": notice.level,
        "dedupe": notice.dedupe,
        "created_at": now,
        "sent_at": None,
    }
    return await queries.tell_once(session, values)


def clock_time(at: datetime) -> str:
    return f"{at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
