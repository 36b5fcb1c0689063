"""Passing a case on: asked for by an officer, sent once, followed until it is closed there.

Guarantee: a transfer is armed in a transaction of its own before anything is sent, and an armed one is never sent again
by itself. Without a clear answer the other server is asked whether it has it; where that does not tell, a person does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.ids import new_id
from libs.common.models import FeedbackCase
from libs.common.models.enums import Role
from libs.common.models.transfers import CaseTransfer, TransferState
from services.ingest.feedback.data_requests import ERASED
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import Action
from services.ingest.feedback.officers import Officer, lock_case
from services.ingest.feedback.queries import tell_once
from services.ingest.feedback.settings import OtherServer
from services.ingest.feedback.steps import Step, record, require_locked
from services.ingest.transfers import queries
from services.ingest.transfers.client import Attempt, Outcome
from services.ingest.transfers.problems import AlreadyPassedOn, NothingToDecide, ServiceNotThere, TransferNotFound
from services.ingest.transfers.wire import Filed, Sending, Update

LEASE = timedelta(minutes=10)
"""Longer than any one step takes; an armed transfer that comes back after it had a process that died."""
MOST_LOOKS = 6
LOOK_AGAIN = timedelta(minutes=5)
FOLLOW_AGAIN = timedelta(minutes=30)
FOLLOW_FOR = timedelta(days=180)
UNSURE_FOR = timedelta(days=3)
MOST_SEEN = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """By which officer a case is passed on, and to whom."""

    case_id: UUID
    server: OtherServer
    by: Officer


async def request_transfer(session: AsyncSession, desk: FeedbackDesk, asked: Asked, *, now: datetime) -> CaseTransfer:
    case = await lock_case(session, asked.by, asked.case_id)
    code = asked.server.service_for(case.service_code)
    if code is None:
        raise ServiceNotThere("Chưa khai báo loại việc tương ứng ở hệ thống đó.")
    row = {
        "id": new_id(now),
        "case_id": case.id,
        "server": asked.server.name,
        "service_code": code,
        "state": TransferState.QUEUED,
        "requested_by": asked.by.id,
        "requested_at": now,
        "due_at": now,
        "updated_at": now,
    }
    transfer = await queries.add_once(session, row)
    if transfer is None:
        raise AlreadyPassedOn("Xem tình trạng ở danh sách các lượt chuyển.")
    note = f"Đã chuyển đến {asked.server.agency or asked.server.name} để xử lý."
    await record(session, desk, case, Step(Action.PASSED_ON, by=asked.by.id, public_note=note), now=now)
    return transfer


async def arm(session: AsyncSession, transfer: CaseTransfer, now: datetime) -> Sending | None:
    """What is to be sent; from here on it counts as sent. None where its words were erased meanwhile."""
    case = await session.get_one(FeedbackCase, transfer.case_id)
    transfer.state, transfer.armed_at, transfer.updated_at = TransferState.ARMED, now, now
    if case.body == ERASED:
        _move(transfer, TransferState.FAILED, now, "erased")
        await _audit(session, transfer, now)
        return None
    return Sending(transfer.service_code, case.reference, case.body, case.place, case.lat, case.lon)


async def settle(session: AsyncSession, transfer_id: UUID, attempt: Attempt, *, now: datetime) -> None:
    """What the one attempt came to."""
    transfer = await queries.lock(session, transfer_id)
    if transfer is None or transfer.state != TransferState.ARMED:
        return
    match attempt.outcome:
        case Outcome.TAKEN if attempt.filed is not None:
            _stands(transfer, attempt.filed, now)
        case Outcome.REFUSED:
            _move(transfer, TransferState.FAILED, now, attempt.trouble)
            await _tell(session, transfer, now)
        case _:
            _move(transfer, TransferState.UNKNOWN, now, attempt.trouble)
            transfer.due_at = now + timedelta(minutes=1)
    await _audit(session, transfer, now)


async def reconcile(session: AsyncSession, transfer_id: UUID, found: Sequence[str], *, now: datetime) -> None:
    """What the other server has under our mark: it, or not yet, or more than one (which a person looks at)."""
    transfer = await queries.lock(session, transfer_id)
    if transfer is None or transfer.state not in (TransferState.UNKNOWN, TransferState.ARMED):
        return
    if len(found) == 1:
        _stands(transfer, Filed(found[0], None), now)
        await _audit(session, transfer, now)
    elif found or transfer.looks + 1 >= MOST_LOOKS:
        _move(transfer, TransferState.UNDECIDED, now, "several_there" if found else "not_found_there")
        await _tell(session, transfer, now)
        await _audit(session, transfer, now)
    else:
        transfer.state, transfer.looks, transfer.due_at = TransferState.UNKNOWN, transfer.looks + 1, now + LOOK_AGAIN


async def could_not_ask(session: AsyncSession, transfer_id: UUID, *, now: datetime) -> None:
    """The other server is away; it is asked later, ever more seldom up to six hours. Where it is not even known whether
    it has the case, a person takes over after three days."""
    transfer = await queries.lock(session, transfer_id)
    if transfer is None:
        return
    transfer.looks = min(transfer.looks + 1, 12) if transfer.state == TransferState.SENT else transfer.looks
    transfer.due_at = now + min(LOOK_AGAIN * 2 ** min(transfer.looks, 6), timedelta(hours=6))
    is_unsure = transfer.state in (TransferState.UNKNOWN, TransferState.ARMED)
    if is_unsure and now - (transfer.armed_at or now) > UNSURE_FOR:
        _move(transfer, TransferState.UNDECIDED, now, "server_away")
        await _tell(session, transfer, now)
        await _audit(session, transfer, now)


async def learn_id(session: AsyncSession, transfer_id: UUID, remote_id: str | None, *, now: datetime) -> None:
    """What a token has become."""
    transfer = await queries.lock(session, transfer_id)
    if transfer is not None and transfer.state == TransferState.SENT:
        transfer.remote_id = transfer.remote_id or remote_id
        transfer.due_at = now + (timedelta(0) if remote_id else LOOK_AGAIN)
        transfer.updated_at = now


async def hear(
    session: AsyncSession, desk: FeedbackDesk, transfer_id: UUID, told: tuple[str, Sequence[Update]], *, now: datetime
) -> int:
    """Each new word of the other server (its name, what it says) becomes a public note of the case, once."""
    transfer = await queries.lock(session, transfer_id)
    if transfer is None or transfer.state != TransferState.SENT:
        return 0
    agency, updates = told
    case = await require_locked(session, transfer.case_id)
    fresh = [one for one in updates if one.id not in transfer.seen]
    for one in fresh:
        await record(session, desk, case, Step(Action.HEARD, public_note=_note(agency, one)), now=now)
    transfer.seen = [*transfer.seen, *(one.id for one in fresh)][-MOST_SEEN:]
    age = now - (transfer.armed_at or now)
    transfer.looks, transfer.due_at = 0, now + follow_again(age)
    is_closed = bool(updates) and updates[-1].is_closed
    if is_closed or age > FOLLOW_FOR:
        _move(transfer, TransferState.DONE, now, None if is_closed else "still_open_there")
        await _audit(session, transfer, now)
    return len(fresh)


def follow_again(age: timedelta) -> timedelta:
    """Every half hour in its first day, ever more seldom after, at least twice a day."""
    return min(max(FOLLOW_AGAIN, age / 48), timedelta(hours=12))


def _note(agency: str, update: Update) -> str:
    state = "đã xử lý xong" if update.is_closed else "đang xử lý"
    return f"{agency}: {state}." + (f" {update.text}" if update.text else "")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person found at the other server: its id there, or nothing."""

    case_id: UUID
    transfer_id: UUID
    remote_id: str | None
    by: Officer


async def decide(session: AsyncSession, decision: Decision, *, now: datetime) -> CaseTransfer:
    await lock_case(session, decision.by, decision.case_id)
    transfer = await queries.lock(session, decision.transfer_id)
    if transfer is None or transfer.case_id != decision.case_id:
        raise TransferNotFound("Xin kiểm tra lại mã lượt chuyển.")
    if transfer.state != TransferState.UNDECIDED:
        raise NothingToDecide(f"Tình trạng hiện tại: {transfer.state}.")
    if decision.remote_id:
        _stands(transfer, Filed(decision.remote_id.strip(), None), now)
    else:
        _move(transfer, TransferState.FAILED, now, "never_arrived")
    await _audit(session, transfer, now, decision.by.id)
    return transfer


def _stands(transfer: CaseTransfer, filed: Filed, now: datetime) -> None:
    _move(transfer, TransferState.SENT, now, None)
    transfer.remote_id, transfer.token = filed.remote_id, filed.token
    transfer.due_at = now + (FOLLOW_AGAIN if filed.remote_id else LOOK_AGAIN)


def _move(transfer: CaseTransfer, state: TransferState, now: datetime, trouble: str | None) -> None:
    transfer.state, transfer.trouble, transfer.looks, transfer.updated_at = state, trouble, 0, now


_TOLD = {
    TransferState.FAILED: "Hệ thống nhận đã từ chối; phản ánh vẫn ở đơn vị đang giữ.",
    TransferState.UNDECIDED: "Không rõ hệ thống nhận đã có phản ánh hay chưa. Xin xem ở đó rồi ghi lại kết quả.",
}


async def _tell(session: AsyncSession, transfer: CaseTransfer, now: datetime) -> None:
    """The officers of the case's unit: from here on it is for a person."""
    case = await session.get_one(FeedbackCase, transfer.case_id)
    notice = {
        "id": new_id(now),
        "kind": "feedback_transfer",
        "role": Role.FEEDBACK_OFFICER,
        "unit_id": case.unit_id,
        "object_type": "feedback_case",
        "object_id": case.id,
        "subject": f"Chuyển phản ánh {case.reference} sang hệ thống khác chưa xong",
        "body": _TOLD[TransferState(transfer.state)],
        "level": 0,
        "dedupe": f"feedback:transfer:{transfer.id}:{transfer.state}",
        "created_at": now,
        "sent_at": None,
    }
    await tell_once(session, notice)


async def _audit(session: AsyncSession, transfer: CaseTransfer, now: datetime, by: UUID | None = None) -> None:
    await audit.append(
        session,
        service="ingest",
        action=f"feedback.transfer_{transfer.state}",
        actor_id=by,
        object_type="case_transfer",
        object_id=transfer.id,
        now=now,
        facts={"case_id": str(transfer.case_id), "server": transfer.server},
    )
