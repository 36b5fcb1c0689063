"""Rights of whoever sent a case over what is held about them: to see it, and to have it erased.

Law 91/2025/QH15 on personal data protection (articles on the rights of data subjects) and its decree; answered within
two working days. Nobody shows who they are: the follow-up code of the case proves it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.ids import new_id
from libs.common.models import DataRequest, FeedbackCase
from libs.common.models.feedback import DataRequestKind, DataRequestState
from services.ingest.feedback import intake, sender_queries, steps
from services.ingest.feedback.contacts import unsealed
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import Action
from services.ingest.feedback.notices import Notice, clock_time, tell
from services.ingest.feedback.officers import Officer, lock_case
from services.ingest.feedback.problems import DataRequestNotFound, NotPossibleNow
from services.ingest.feedback.steps import Step

ERASED = "[đã xóa theo yêu cầu của người gửi]"


async def request_data(
    session: AsyncSession, desk: FeedbackDesk, case_id: UUID, kind: DataRequestKind, *, now: datetime
) -> DataRequest:
    """Ask; asked twice, it is one request."""
    row: dict[str, object] = {
        "id": new_id(now),
        "case_id": case_id,
        "kind": kind,
        "state": DataRequestState.OPEN,
        "received_at": now,
        "due_at": desk.clocks.data_request_due(now),
    }
    made = await sender_queries.open_data_request_once(session, row)
    if made is not None:
        await _trail(session, "asked", None, made, now, kind)
        await _tell_desk(session, made, desk.clocks.data_request_due(now), now)
    all_of_case = await sender_queries.data_requests_of(session, case_id)
    return next(one for one in all_of_case if one.kind == kind and one.state == DataRequestState.OPEN)


async def _tell_desk(session: AsyncSession, request_id: UUID, due_at: datetime, now: datetime) -> None:
    """At once: two days are short."""
    notice = Notice(
        "data_request",
        request_id,
        None,
        subject="Có yêu cầu về dữ liệu cá nhân của người gửi phản ánh",
        body=f"Cần trả lời trước {clock_time(due_at)}.",
        dedupe=f"data-request:asked:{request_id}",
        object_type="data_request",
    )
    await tell(session, notice, now)


async def fulfil(
    session: AsyncSession, desk: FeedbackDesk, officer: Officer, request_id: UUID, *, now: datetime
) -> dict[str, Any]:
    """Erase, or give out what is held: then it is the answer, and the sender may fetch it with the code."""
    request, case = await _require_open(session, officer, request_id)
    _decide(request, DataRequestState.FULFILLED, officer, now)
    await session.flush()
    await _trail(session, "fulfilled", officer.id, request.id, now, request.kind)
    if request.kind == DataRequestKind.ERASURE:
        await _erase(session, desk, case, officer, now)
        return {}
    return await export(session, desk, case)


async def refuse(
    session: AsyncSession, desk: FeedbackDesk, officer: Officer, request_id: UUID, reason: str, *, now: datetime
) -> DataRequest:
    request, _ = await _require_open(session, officer, request_id)
    request.reason = desk.mask(reason)
    _decide(request, DataRequestState.REFUSED, officer, now)
    await session.flush()
    await _trail(session, "refused", officer.id, request.id, now, request.kind)
    return request


async def fetch(session: AsyncSession, desk: FeedbackDesk, case_id: UUID) -> dict[str, Any]:
    """For the sender, once a request to see it was granted."""
    requests = await sender_queries.data_requests_of(session, case_id)
    granted = [
        one for one in requests if one.kind == DataRequestKind.ACCESS and one.state == DataRequestState.FULFILLED
    ]
    if not granted:
        raise NotPossibleNow("Cán bộ phụ trách chưa trả lời yêu cầu xem dữ liệu.")
    return await export(session, desk, await steps.require_locked(session, case_id))


async def export(session: AsyncSession, desk: FeedbackDesk, case: FeedbackCase) -> dict[str, Any]:
    """All that is held about the sender of a case, as JSON would have it."""
    contact = await sender_queries.get_contact(session, case.id)
    requests = await sender_queries.data_requests_of(session, case.id)
    told = ("reference", "channel", "kind", "service_code", "subject", "body", "place", "place_told", "lat", "lon")
    return {
        "case": {name: getattr(case, name) for name in told}
        | {"media_urls": case.media_urls, "state": case.state, "received_at": case.received_at.isoformat()},
        "contact": await unsealed(session, desk, case.id),
        "contact_purged_at": contact.purge_at.isoformat() if contact and contact.purge_at else None,
        "steps": [
            {"state": one.state, "at": one.at.isoformat(), "note": one.note}
            for one in await intake.updates(session, case.id)
        ],
        "data_requests": [
            {"kind": one.kind, "state": one.state, "received_at": one.received_at.isoformat(), "reason": one.reason}
            for one in requests
        ],
    }


async def _erase(
    session: AsyncSession, desk: FeedbackDesk, case: FeedbackCase, officer: Officer, now: datetime
) -> None:
    """The case stays, and is counted; nothing of what was written, of where, or of who remains."""
    await sender_queries.delete_contact(session, case.id)
    await sender_queries.blank_notes(session, case.id)
    case.subject = case.body = ERASED
    case.place_told = case.lat = case.lon = None
    case.media_urls, case.ask_solved_at, case.updated_at = [], None, now
    await session.flush()
    note = "Dữ liệu cá nhân đã được xóa theo yêu cầu của người gửi."
    await steps.record(session, desk, case, Step(Action.ERASED, by=officer.id, public_note=note), now=now)


async def _require_open(session: AsyncSession, officer: Officer, request_id: UUID) -> tuple[DataRequest, FeedbackCase]:
    request = await sender_queries.lock_data_request(session, request_id)
    if request is None:
        raise DataRequestNotFound(f"Không có yêu cầu {request_id}.")
    case = await lock_case(session, officer, request.case_id)
    if request.state != DataRequestState.OPEN:
        raise NotPossibleNow(f"Yêu cầu đã được trả lời: {request.state}.")
    return request, case


def _decide(request: DataRequest, state: DataRequestState, officer: Officer, now: datetime) -> None:
    request.state, request.decided_by, request.decided_at = state, officer.id, now


async def _trail(session: AsyncSession, what: str, by: UUID | None, request_id: UUID, now: datetime, kind: str) -> None:
    await audit.append(
        session,
        service="ingest",
        action=f"data_request.{what}",
        actor_id=by,
        object_type="data_request",
        object_id=request_id,
        now=now,
        facts={"kind": str(kind)},
    )
