"""What a person decides about a letter: to send it once more, or what became of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Principal
from libs.common.models import Report, ReportSending
from libs.common.models.enums import ReportState
from libs.common.models.sending import RecipientState, SendingState
from services.reports.sending import delivering, queries
from services.reports.sending import problems as wrong
from services.reports.sending.queueing import sending_of
from services.reports.sending.rules import OPEN
from services.reports.sending.schedules import require_keeper

NOT_ARRIVED = "Người phụ trách xác nhận thư chưa tới"


async def send_again(
    session: AsyncSession, sending_id: UUID, *, reason: str, who: Principal, now: datetime
) -> ReportSending:
    """One more letter of the report to the recipient's address of today.

    Raises SendingNotFound, NotScheduleKeeper, ReportNotSigned, SendingUnderWay, RecipientFlagged, RecipientGone.
    """
    sending = await _require(session, sending_id, who)
    recipient = await queries.lock_recipient(session, sending.recipient_id)
    schedule = await queries.schedule_of_sending(session, sending_id)
    assert recipient is not None
    assert schedule is not None
    if recipient.state == RecipientState.REMOVED:
        raise wrong.RecipientGone(f"Nơi nhận: {recipient.name}.")
    if recipient.state == RecipientState.FLAGGED:
        raise wrong.RecipientFlagged(f"{recipient.name}: {recipient.trouble}. Hãy sửa địa chỉ hoặc bỏ đánh dấu trước.")
    report = await session.get_one(Report, sending.report_id)
    if report.state != ReportState.SIGNED:
        raise wrong.ReportNotSigned(f"Mã báo cáo: {report.id}.")
    last = await queries.last_turn(session, report.id, recipient.id)
    if last.state in OPEN:
        raise wrong.SendingUnderWay(f"Mã lượt gửi: {last.id}.")
    again = sending_of(report, schedule, recipient, now, turn=last.turn + 1, asked_by=who.person_id, reason=reason)
    session.add(again)
    await session.flush()
    await delivering.note(session, again, "report.sent_again", who.person_id, now)
    return again


async def settle(
    session: AsyncSession, sending_id: UUID, *, has_arrived: bool, reason: str, who: Principal, now: datetime
) -> ReportSending:
    """Nobody knew, and somebody asked; or a letter that was taken did not arrive, and its recipient is flagged.

    Raises SendingNotFound, NotScheduleKeeper, NothingToSettle.
    """
    sending = await _require(session, sending_id, who)
    match SendingState(sending.state), has_arrived:
        case SendingState.UNKNOWN, True:
            sending.state, sending.settled_by = SendingState.CONFIRMED.value, who.person_id
            sending.settled_why, sending.updated_at = reason, now
            await session.flush()
            await delivering.note(session, sending, "report.confirmed", who.person_id, now)
        case SendingState.UNKNOWN, False:
            sending.state, sending.trouble, sending.updated_at = SendingState.FAILED.value, NOT_ARRIVED, now
            await session.flush()
            await delivering.note(session, sending, "report.not_arrived", who.person_id, now)
        case SendingState.SENT, False:
            await delivering.came_back(session, sending, NOT_ARRIVED, who.person_id, now)
        case _:
            raise wrong.NothingToSettle(f"Trạng thái của lượt gửi: {sending.state}.")
    return sending


async def _require(session: AsyncSession, sending_id: UUID, who: Principal) -> ReportSending:
    schedule = await queries.schedule_of_sending(session, sending_id)
    sending = await queries.lock_sending(session, sending_id)
    if schedule is None or sending is None:
        raise wrong.SendingNotFound(f"Mã lượt gửi: {sending_id}.")
    require_keeper(schedule.unit_id, who)
    return sending
