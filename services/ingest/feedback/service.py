"""Use cases of feedback cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events.content import ClassifiedItem, FeedbackOpened
from libs.common.ids import new_id
from libs.common.models import Content
from libs.common.models.enums import CaseState, Urgency
from libs.common.outbox import emit
from services.ingest.feedback import queries
from services.ingest.feedback.problems import FeedbackNotFound
from services.ingest.feedback.rules import HANOI, case_reference, case_subject, due_times, is_urgent, opens_case
from services.ingest.service import Masker


async def open_feedback_cases(
    session: AsyncSession, items: Sequence[ClassifiedItem], *, now: datetime, mask: Masker
) -> int:
    """Open a case for each citizen's criticism, complaint or report of a problem; once for each content."""
    kinds = {item.content_id: item.kind for item in items}
    found = [
        (content, places or [])
        for content, group, places in await queries.texts_without_case(session, list(kinds))
        if opens_case(kinds[content.id], group, content.kind)
    ]
    codes = {code for _, places in found for code in places}
    units = await queries.units_by_code(session, codes, now.astimezone(HANOI).date())
    opened = 0
    for content, places in found:
        case = NewCase(content, kinds[content.id], next((units[code] for code in places if code in units), None))
        opened += await _open_case(session, case, now, mask)
    return opened


@dataclass(frozen=True, slots=True)
class NewCase:
    """A text that becomes a case, and the first unit of today that it names: (id, name)."""

    content: Content
    kind: str
    unit: tuple[UUID, str] | None


async def _open_case(session: AsyncSession, case: NewCase, now: datetime, mask: Masker) -> bool:
    row = _case_row(case, await queries.next_reference_number(session), now, mask)
    if not await queries.insert_case_once(session, row):
        return False
    await emit(session, FeedbackOpened(case_id=row["id"], reference=row["reference"]), now=now, source="ingest")
    return True


def _case_row(case: NewCase, number: int, now: datetime, mask: Masker) -> dict[str, Any]:
    content = case.content
    title, body = mask(content.title), mask(content.text)
    unit_id, place = case.unit or (None, None)
    urgent = is_urgent(f"{title} {body}")
    due = due_times(now, urgent=urgent)
    return {
        "id": new_id(now),
        "reference": case_reference(now.astimezone(HANOI).year, number),
        "source_id": content.source_id,
        "content_id": content.id,
        "kind": case.kind,
        "unit_id": unit_id,
        "place": place,
        "subject": case_subject(title, body),
        "body": body or title,
        "urgency": Urgency.URGENT if urgent else Urgency.NORMAL,
        "state": CaseState.RECEIVED,
        "received_at": now,
        "accept_due_at": due.accept_by,
        "due_at": due.handle_by,
        "updated_at": now,
    }


async def require_case_status(session: AsyncSession, reference: str) -> Row[Any]:
    """Found by its reference as people type it: in any case of letters, with spaces around."""
    found = await queries.get_case_status(session, reference.strip().upper())
    if found is None:
        raise FeedbackNotFound("Xin kiểm tra lại mã phản ánh, ví dụ PA-2026-000123.")
    return found
