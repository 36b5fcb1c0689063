"""People are told what waits for them: a draft to edit and sign, and what could not be made, printed or sent.

Each thing once by its key, however many workers ask; publish brings notifications to people by mail.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models import Report, ReportSchedule, ReportSending
from libs.common.models.enums import Role
from libs.common.notifications import add_notification
from services.reports.sending import queries
from services.reports.sending.rules import Due

KEEPERS = (Role.EDITOR, Role.SPOKESPERSON)


async def tell_drafted(
    session: AsyncSession, schedule: ReportSchedule, report: Report, subject: str, due: Due, now: datetime
) -> None:
    """Editors edit it, a spokesperson signs it; nothing is sent before."""
    late = ""
    if due.is_late:
        late = f"\n\nBáo cáo này được lập bù: kỳ kết thúc lúc {_local(due.period.end)}, khi đó hệ thống không chạy."
    if due.skipped_from is not None:
        until = _local(due.period.start)
        late += f"\nCác kỳ từ {_local(due.skipped_from)} đến {until} không được lập; cần thì lập tay theo ngày."
    body = (
        f"Lịch “{schedule.title}” vừa lập dự thảo: {subject}.\n\n"
        f"Biên tập viên xem và sửa; người phát ngôn ký. Chỉ bản đã ký mới được gửi tới nơi nhận.{late}\n\n"
        f"Mã báo cáo: {report.id}"
    )
    for role in KEEPERS:
        title = f"{'Cần ký' if role is Role.SPOKESPERSON else 'Cần biên tập'}: {report.title} – {subject}"
        await _tell(session, "report_drafted", role, schedule, ("report", report.id), title, body, now)


async def tell_not_made(session: AsyncSession, schedule: ReportSchedule, due: Due, why: str, now: datetime) -> None:
    title = f"Chưa lập được báo cáo theo lịch “{schedule.title}”"
    body = f"Kỳ kết thúc lúc {_local(due.period.end)}. {why}\n\nHệ thống vẫn thử lại mỗi phút cho tới khi lập được."
    of = ("report_schedule", schedule.id)
    await _tell(session, f"report_not_made:{due.period.end:%Y%m%d%H%M}", Role.EDITOR, schedule, of, title, body, now)


async def tell_not_sent(session: AsyncSession, sending: ReportSending, now: datetime) -> None:
    """Of one letter: refused, come back, given up, or nobody knows."""
    schedule = await queries.schedule_of_sending(session, sending.id)
    assert schedule is not None
    title = f"Báo cáo theo lịch “{schedule.title}” chưa tới “{sending.name}”"
    body = (
        f"{sending.trouble}.\n\nNhững nơi nhận khác không bị ảnh hưởng. Hệ thống không tự gửi lại: hãy hỏi nơi nhận, "
        f"sửa địa chỉ hoặc bỏ đánh dấu, rồi gửi lại có ghi lý do.\n\nMã lượt gửi: {sending.id}"
    )
    kind = f"report_not_sent:{sending.state}"
    await _tell(session, kind, Role.EDITOR, schedule, ("report_sending", sending.id), title, body, now)


async def tell_not_printed(
    session: AsyncSession, run_id: UUID, report_id: UUID, form: str, why: str | None, now: datetime
) -> None:
    schedule = await queries.share_schedule_of(session, report_id)
    assert schedule is not None
    title = f"Báo cáo theo lịch “{schedule.title}” chưa gửi được vì chưa in được bản {form}"
    body = f"Máy in báo: {why}\n\nSửa nguyên nhân rồi in lại; thư sẽ tự đi.\n\nMã báo cáo: {report_id}"
    await _tell(session, "report_not_printed", Role.EDITOR, schedule, ("report_run", run_id), title, body, now)


async def _tell(
    session: AsyncSession,
    kind: str,
    role: Role,
    schedule: ReportSchedule,
    of: tuple[str, UUID],
    subject: str,
    body: str,
    now: datetime,
) -> None:
    values = {
        "id": new_id(now),
        "kind": kind.partition(":")[0],
        "role": role.value,
        "unit_id": schedule.unit_id,
        "object_type": of[0],
        "object_id": of[1],
        "subject": subject,
        "body": body,
        "level": 0,
        "dedupe": f"{kind}:{of[1]}:{role.value}",
        "created_at": now,
        "sent_at": None,
    }
    await add_notification(session, values)


def _local(at: datetime) -> str:
    return f"{at.astimezone(HANOI):%H:%M %d/%m/%Y}"
