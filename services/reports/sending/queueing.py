"""What signing a scheduled report leads to: a letter to each recipient, recorded in the signature's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import new_id
from libs.common.models import Report, ReportRecipient, ReportSchedule, ReportSending
from libs.common.models.sending import RecipientState, SendingState
from services.reports.sending import queries, telling
from services.reports.sending.problems import RecipientsChanged, RecipientsOfSchedule
from services.reports.sending.rules import printed_recipients


async def head_of_schedule(session: AsyncSession, report_id: UUID, head: Mapping[str, Any]) -> Mapping[str, Any]:
    """A change of a paper's head, with the recipients of the schedule that made the report, as they are now.

    Raises RecipientsOfSchedule where the change names others.
    """
    schedule = await queries.share_schedule_of(session, report_id)
    if schedule is None:
        return head
    printed = printed_recipients(await queries.recipients_of(session, schedule.id), schedule.filing)
    if head.get("recipients", printed) != printed:
        raise RecipientsOfSchedule(f"Lịch “{schedule.title}” gửi cho: {'; '.join(printed)}.")
    return {**head, "recipients": printed}


async def queue_sendings(session: AsyncSession, report: Report, printed: list[str], now: datetime) -> None:
    """A letter to each recipient of the report's schedule; none where no schedule made it. To a flagged one it is held.

    printed: whom the signed version names. Raises RecipientsChanged where the schedule has others by now.
    """
    schedule = await queries.share_schedule_of(session, report.id)
    if schedule is None:
        return
    recipients = await queries.recipients_of(session, schedule.id)
    current = printed_recipients(recipients, schedule.filing)
    if printed != current:
        raise RecipientsChanged(f"Hãy lưu lại bản dự thảo, xem và ký bản mới. Nơi nhận hiện nay: {'; '.join(current)}.")
    sendings = [sending_of(report, schedule, recipient, now) for recipient in recipients]
    session.add_all(sendings)
    await session.flush()
    for held in sendings:
        if held.state == SendingState.HELD:
            await telling.tell_not_sent(session, held, now)


def sending_of(
    report: Report,
    schedule: ReportSchedule,
    recipient: ReportRecipient,
    now: datetime,
    *,
    turn: int = 0,
    asked_by: UUID | None = None,
    reason: str | None = None,
) -> ReportSending:
    is_held = recipient.state == RecipientState.FLAGGED
    return ReportSending(
        id=new_id(now),
        report_id=report.id,
        version=report.version,
        recipient_id=recipient.id,
        turn=turn,
        form=schedule.form,
        name=recipient.name,
        email=recipient.email,
        state=(SendingState.HELD if is_held else SendingState.QUEUED).value,
        attempts=0,
        not_before=now,
        trouble=recipient.trouble,
        asked_by=asked_by,
        reason=reason,
        created_at=now,
        updated_at=now,
    )
