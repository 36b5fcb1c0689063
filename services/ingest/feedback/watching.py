"""What time does to cases: limits that pass are told, senders are asked whether it was solved, answered cases close,
contacts are deleted. Each of it once."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.envelope import RowUnreadable
from libs.common.mail import Letter
from libs.common.models import FeedbackCase
from services.ingest.feedback import sender_queries, steps, watch_queries
from services.ingest.feedback.contacts import unsealed
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.lifecycle import Action, is_unaccepted_too_long, is_undone_too_long
from services.ingest.feedback.notices import Notice, clock_time, tell
from services.ingest.feedback.problems import ContactLost
from services.ingest.feedback.steps import Step, standing

AT_ONCE = 100
LETTERS_AT_ONCE = 10
TRY_AGAIN, TRIES_FOR = timedelta(hours=1), timedelta(days=3)
_NAMESPACE = UUID("5f0c2b0e-6f0b-4a7e-9d0c-2a0d5f1f7c11")


# --- limits that passed -------------------------------------------------------------------------------------


async def tell_overdue(session: AsyncSession, now: datetime) -> int:
    """The unit that has a case, and above it the city's duty desk: once for each limit, each round and each unit."""
    told = 0
    for case in await watch_queries.list_overdue_untold(session, now, AT_ONCE):
        if is_unaccepted_too_long(standing(case), now):
            told += await _tell(session, case, "unaccepted", case.accept_due_at, now)
        if is_undone_too_long(standing(case), now) and case.due_at is not None:
            told += await _tell(session, case, "undone", case.due_at, now)
    return told


_SAID = {
    "unaccepted": "Quá hạn tiếp nhận",
    "undone": "Quá hạn xử lý",
}


async def _tell(session: AsyncSession, case: FeedbackCase, what: str, due: datetime, now: datetime) -> int:
    told = 0
    for level, unit_id in [(0, case.unit_id), (1, None)][0 if case.unit_id else 1 :]:
        notice = Notice(
            f"feedback_{what}",
            case.id,
            unit_id,
            subject=f"{_SAID[what]}: phản ánh {case.reference}",
            body=f"Hạn {clock_time(due)} đã qua.",
            dedupe=watch_queries.told_key(case, what, level),
            level=level,
        )
        told += await tell(session, notice, now)
    if told:
        telemetry.count("lantoa.feedback.overdue", kind=what)
    return told


async def tell_late_requests(session: AsyncSession, now: datetime) -> int:
    """Requests about personal data that were not answered in their two working days: the city's duty desk."""
    told = 0
    for request, reference in await watch_queries.list_late_requests(session, now, AT_ONCE):
        notice = Notice(
            "data_request_late",
            request.id,
            None,
            subject=f"Quá hạn trả lời yêu cầu về dữ liệu cá nhân: phản ánh {reference}",
            body=f"Hạn {clock_time(request.due_at)} đã qua.",
            dedupe=watch_queries.late_key(request.id),
            level=1,
            object_type="data_request",
        )
        told += await tell(session, notice, now)
    return told


# --- was it solved? -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    case_id: UUID
    letter: Letter = field(repr=False)
    give_up_at: datetime


async def claim_asks(session: AsyncSession, desk: FeedbackDesk, now: datetime, *, by_mail: bool) -> list[Asked]:
    """Letters to write now. Where nobody left an address, or no mail goes out, the status page asks; it always does.

    A claimed one is not claimed again: a worker that dies with it in hand never makes it two letters.
    """
    letters = []
    for case in await watch_queries.claim_asks(session, now, LETTERS_AT_ONCE):
        since, case.ask_solved_at = case.ask_solved_at or now, None
        contact = await _contact(session, desk, case.id) if by_mail else {}
        if address := contact.get("email"):
            first = (case.answered_at or since) + timedelta(days=desk.clocks.limits.ask_solved_days)
            letters.append(Asked(case.id, _letter(case, desk, address), first + TRIES_FOR))
    return letters


async def _contact(session: AsyncSession, desk: FeedbackDesk, case_id: UUID) -> dict[str, str]:
    try:
        return await unsealed(session, desk, case_id)
    except ContactLost:
        return {}


def _letter(case: FeedbackCase, desk: FeedbackDesk, address: str) -> Letter:
    """Without a word of what was reported, and without the code: the page asks for it."""
    page = f"{desk.public_url.rstrip('/')}/gui-phan-anh/theo-doi"
    text = (
        f"Kính gửi Ông/Bà,\n\nPhản ánh {case.reference} của Ông/Bà đã được trả lời. Việc đã được giải quyết chưa?\n\n"
        f"Xin mở trang theo dõi, nhập mã phản ánh và mã theo dõi đã được cấp khi gửi, rồi chọn “Đã giải quyết” hoặc "
        f"“Chưa giải quyết”. Nếu chưa, Ông/Bà có thể đề nghị xử lý lại tại cùng trang đó.\n\n{page}\n\n"
        "Thư này được gửi một lần. Địa chỉ của Ông/Bà chỉ dùng cho phản ánh này và sẽ được xóa khi hết hạn lưu.\n"
    )
    subject = f"Phản ánh {case.reference}: việc đã được giải quyết chưa?"
    return Letter(address, subject, text, key=uuid5(_NAMESPACE, f"{case.id}:{case.reopened}"))


async def record_asked(session: AsyncSession, desk: FeedbackDesk, case_id: UUID, now: datetime) -> None:
    case = await steps.require_locked(session, case_id)
    await steps.record(session, desk, case, Step(Action.ASKED), now=now)


async def ask_again(session: AsyncSession, asked: Asked, now: datetime) -> None:
    """The mail server did not take it now: once more in an hour, for three days, unless it was said meanwhile."""
    case = await steps.require_locked(session, asked.case_id)
    if now + TRY_AGAIN < asked.give_up_at and case.is_solved is None and case.state in watch_queries.ASKED_STATES:
        case.ask_solved_at = now + TRY_AGAIN


# --- the end ------------------------------------------------------------------------------------------------


async def close_answered(session: AsyncSession, desk: FeedbackDesk, now: datetime) -> int:
    """Answered long ago, and its sender said nothing, or that it was not solved and did not reopen it."""
    before = now - timedelta(days=desk.clocks.limits.close_days)
    due = await watch_queries.claim_to_close(session, before, AT_ONCE)
    for case in due:
        await steps.take(session, desk, case, Step(Action.CLOSED), now=now)
    return len(due)


async def purge_contacts(session: AsyncSession, now: datetime) -> int:
    return len(await sender_queries.purge_contacts(session, now))


async def reseal_contacts(session: AsyncSession, desk: FeedbackDesk) -> int:
    """Under the key that counts now, so that one of before can go. What no key opens stays as it is."""
    if desk.keys is None:
        return 0
    vault, done = desk.keys.vault, 0
    for row in await sender_queries.claim_sealed_by_others(session, vault.key_id, AT_ONCE):
        with suppress(RowUnreadable):
            row.ciphertext, row.key_id = vault.seal(row.case_id, vault.open(row.case_id, row.ciphertext)), vault.key_id
            done += 1
    return done
