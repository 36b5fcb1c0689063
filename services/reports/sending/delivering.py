"""Sending: claim → hand over outside of any transaction → record. A letter is handed over once.

Guarantees: what may be out is never queued again (the database refuses it): an answer that was lost, and a worker that
died with a letter in hand, leave `unknown` for a person. One recipient's trouble holds up no other. What was declared
void before a letter was claimed does not leave.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.files import FileStore
from libs.common.mail import AddressRefused, Mailer, MailFailed, message_id
from libs.common.models import Report, ReportSending, ReportVersion
from libs.common.models.sending import RecipientState, SendingState
from libs.common.settings import MailSettings
from services.reports.issuing import printers
from services.reports.sending import letters, queries, telling
from services.reports.sending.letters import Ready
from services.reports.sending.return_paths import ReturnPaths
from services.reports.sending.rules import LEASE, Verdict, put_off, trouble_of, verdict
from services.reports.service import SOURCE

log = logging.getLogger("lantoa.reports")
AT_ONCE = 5
DIED = "Tiến trình gửi dừng giữa chừng, không rõ thư đã đi chưa"
NO_DOCUMENT = "Không đọc được tệp của báo cáo"


@dataclass(frozen=True)
class PostRoom:
    """What sending needs: the mail server, who letters are from, and where they come back to."""

    mailer: Mailer
    settings: MailSettings
    paths: ReturnPaths

    def return_path(self, sending_id: UUID) -> str:
        return self.paths.of(sending_id) or self.settings.sender


@dataclass(frozen=True)
class Taken:
    answer: str


@dataclass(frozen=True)
class NotRead:
    """The document could not be read: nothing left the house."""


Told = Taken | NotRead | MailFailed


async def claim_letters(session: AsyncSession, room: PostRoom, now: datetime) -> list[Ready]:
    claimed = await queries.claim_due(session, now, now + LEASE, AT_ONCE)
    return [await _ready(session, room, sending) for sending in claimed]


async def _ready(session: AsyncSession, room: PostRoom, sending: ReportSending) -> Ready:
    sending.message_id = message_id(sending.id, room.settings)
    report = await session.get_one(Report, sending.report_id)
    return letters.ready(sending, report, await session.get_one(ReportVersion, (report.id, sending.version)))


async def hand_over(db: Database, files: FileStore, room: PostRoom, ready: Ready, clock: Clock) -> Told:
    """Never raises for what a file or a mail server did."""
    try:
        async with db.transaction() as session:
            document = await printers.report_content(session, files, ready.report_id, ready.version, ready.form)
    except Exception as failure:
        log.error("the document of sending %s cannot be read: %s", ready.sending_id, describe(failure))
        return NotRead()
    try:
        whole = await asyncio.to_thread(letters.written, ready, document, room.settings, clock)
        answer = await room.mailer.hand_over(whole, room.return_path(ready.sending_id), ready.letter.to)
    except MailFailed as error:
        return error
    return Taken(answer)


async def record(session: AsyncSession, sending_id: UUID, told: Told, now: datetime) -> None:
    sending = await queries.lock_sending(session, sending_id)
    if sending is None:
        return
    if isinstance(told, Taken) and sending.state in (SendingState.SENDING, SendingState.UNKNOWN):
        await _taken(session, sending, told, now)
    elif not isinstance(told, Taken) and sending.state == SendingState.SENDING:
        await _not_taken(session, sending, told, now)


async def _taken(session: AsyncSession, sending: ReportSending, told: Taken, now: datetime) -> None:
    sending.state, sending.sent_at, sending.answer = SendingState.SENT.value, now, told.answer
    sending.trouble, sending.claimed_until, sending.updated_at = None, None, now
    await session.flush()
    await note(session, sending, "report.sent", None, now)


async def _not_taken(session: AsyncSession, sending: ReportSending, told: NotRead | MailFailed, now: datetime) -> None:
    found = _verdict(told, sending.attempts, now)
    sending.state, sending.trouble = found.state.value, found.trouble
    sending.not_before = found.not_before or sending.not_before
    sending.claimed_until, sending.updated_at = None, now
    await session.flush()
    if isinstance(told, AddressRefused):
        await flag(session, sending, trouble_of(told), now)
    if found.state is not SendingState.QUEUED:
        await telling.tell_not_sent(session, sending, now)


def _verdict(told: NotRead | MailFailed, attempts: int, now: datetime) -> Verdict:
    return put_off(NO_DOCUMENT, attempts, now) if isinstance(told, NotRead) else verdict(told, attempts, now)


async def settle(session: AsyncSession, now: datetime) -> None:
    """What a dead worker had in hand is unknown; what is void waits no longer; what cannot be printed is told."""
    for sending in await queries.mark_stale(session, DIED, now):
        await telling.tell_not_sent(session, sending, now)
    await queries.drop_void(session, now)
    for run_id, report_id, form, why in await queries.unprinted(session):
        await telling.tell_not_printed(session, run_id, report_id, form, why, now)


async def came_back(
    session: AsyncSession, sending: ReportSending, trouble: str, by: UUID | None, now: datetime
) -> None:
    """A letter that was out did not arrive: its recipient is flagged, and a person is told."""
    sending.state, sending.trouble = SendingState.BOUNCED.value, trouble
    sending.claimed_until, sending.updated_at = None, now
    await session.flush()
    await flag(session, sending, trouble, now)
    await note(session, sending, "report.bounced", by, now)
    await telling.tell_not_sent(session, sending, now)


async def flag(session: AsyncSession, sending: ReportSending, trouble: str, now: datetime) -> None:
    """Nothing more is sent to the address; one that was corrected meanwhile is another."""
    recipient = await queries.lock_recipient(session, sending.recipient_id)
    if recipient is None or recipient.state != RecipientState.ACTIVE or recipient.email != sending.email:
        return
    recipient.state, recipient.trouble, recipient.updated_at = RecipientState.FLAGGED.value, trouble, now
    await session.flush()


async def note(session: AsyncSession, sending: ReportSending, action: str, by: UUID | None, now: datetime) -> None:
    await audit.append(
        session,
        service=SOURCE,
        action=action,
        actor_id=by,
        object_type="report",
        object_id=sending.report_id,
        now=now,
        facts={
            "sending_id": str(sending.id),
            "recipient_id": str(sending.recipient_id),
            "version": sending.version,
            "turn": sending.turn,
            "form": sending.form,
            "document": sending.digest.hex() if sending.digest else None,
        },
    )
