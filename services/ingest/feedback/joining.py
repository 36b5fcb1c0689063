"""A sender who says that theirs is the same matter as one under way: both are dealt with as one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.enums import CaseState
from services.ingest.feedback import queries, steps
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import OPEN, Action
from services.ingest.feedback.steps import Step


async def join(session: AsyncSession, desk: FeedbackDesk, case_id: UUID, reference: str, *, now: datetime) -> bool:
    """Whether the case is now dealt with under the other; not where that was finished meanwhile, and never undone."""
    main = await queries.get_by_reference(session, reference)
    if main is None or main.id == case_id:
        return False
    locked = {one: await steps.require_locked(session, one) for one in sorted({case_id, main.id})}
    case, main = locked[case_id], locked[main.id]
    if CaseState(main.state) not in OPEN or CaseState(case.state) not in OPEN:
        return False
    note = f"Xử lý chung với phản ánh {main.reference}, theo lựa chọn của người gửi."
    await steps.take(session, desk, case, Step(Action.MERGED, public_note=note, into=main.id), now=now)
    return True
