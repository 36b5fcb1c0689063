"""Letters that come back: the return address names the sending, and of the report only its code is read."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.mail_returns import MOST_BYTES, addressed_to, failed_for_good, parts_of
from services.reports.sending import delivering, queries
from services.reports.sending.return_paths import ReturnPaths
from services.reports.sending.rules import MAY_BOUNCE


@dataclass(frozen=True)
class Return:
    sending_id: UUID
    status: str


def read(raw: bytes, paths: ReturnPaths, recipient: str = "") -> Return | None:
    """What a message says, by its structure alone; None where it says nothing to us. `recipient`: of the envelope."""
    try:
        message = message_from_bytes(raw[:MOST_BYTES])
        sending_id = paths.named_in(addressed_to(message, recipient))
        status = failed_for_good(parts_of(message))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # a hostile message is no message
        return None
    return Return(sending_id, status) if sending_id is not None and status is not None else None


async def record(session: AsyncSession, told: Return, now: datetime) -> None:
    sending = await queries.lock_sending(session, told.sending_id)
    if sending is not None and sending.state in MAY_BOUNCE:
        await delivering.came_back(session, sending, f"Thư bị trả về ({told.status})", None, now)
