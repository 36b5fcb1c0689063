"""Letters become cases, each once.

Guarantee: a letter's case and the note that it was dealt with are one transaction, so whatever dies in between, it is
read again or not at all. Where the mailbox counts its letters anew, a letter is known again by what it is.
An address reaches the sealed contact of the case and the one answer to it, and nothing else.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.clock import HANOI, Clock
from libs.common.db import Database
from libs.common.errors import Problem
from libs.common.ids import new_id
from libs.common.mail import Letter, Mailer, MailFailed
from libs.common.models.feedback import ReportChannel
from services.ingest.adapters.base import NotParsable
from services.ingest.feedback.desk import FeedbackDesk, desk_of
from services.ingest.feedback.intake import Contact, NewReport, Opened, open_report
from services.ingest.mailbox import queries
from services.ingest.mailbox.imap import Mailbox
from services.ingest.mailbox.reading import Reported, Unwanted, read_letter
from services.ingest.mailbox.settings import MailboxSettings
from services.ingest.resources import Resources
from services.ingest.settings import IngestSettings

log = logging.getLogger("lantoa.ingest.mailbox")
AT_ONCE = 20
FIRST_TIME = 1000
"""Unread letters that are taken from a mailbox that was never read; older ones stay as they are."""


def box_hash(told: MailboxSettings) -> bytes:
    """Of the server, the login and the folder: another of them is another mailbox."""
    return hashlib.sha256("\x00".join((told.host, str(told.port), told.username, told.folder)).encode()).digest()


@dataclass(frozen=True)
class Reader:
    """Reads one mailbox with what the process holds."""

    db: Database
    clock: Clock
    held: Resources

    @property
    def settings(self) -> IngestSettings:
        return self.held.settings

    async def read(self) -> int:
        """Deal with the next letters; how many those were. Raises MailboxAway."""
        key = box_hash(self.settings.mailbox)
        async with Mailbox(self.settings.mailbox) as box:
            async with self.db.transaction() as session:
                position = await queries.get_position(session, key)
            if position is None or position.uid_validity != box.uid_validity:
                return await self._begin(box, key)
            uids = await box.uids_after(position.last_uid, AT_ONCE)
            for uid in uids:
                await self._take(box, uid, key)
            await box.mark_read(uids)
            return len(uids)

    async def _begin(self, box: Mailbox, key: bytes) -> int:
        """A mailbox that is new to us, or counts anew: what is unread, then whatever comes."""
        newest = await box.newest_uid()
        uids = [uid for uid in await box.unread_uids() if uid <= newest][:FIRST_TIME]
        for uid in uids:
            await self._take(box, uid, None)
        async with self.db.transaction() as session:
            await queries.set_position(session, key, box.uid_validity, newest, self.clock.now())
        await box.mark_read(uids)
        return len(uids)

    async def _take(self, box: Mailbox, uid: int, key: bytes | None) -> None:
        data = await box.letter(uid)
        told = await self._read(data) if data is not None else Reported(Unwanted.EMPTY)
        async with self.db.transaction() as session:
            if key is not None and not await _is_next(session, key, box.uid_validity, uid):
                return  # another worker was faster
            opened = await self._open(session, told)
            if key is not None:
                await queries.set_position(session, key, box.uid_validity, uid, self.clock.now())
        telemetry.count("lantoa.mail.letters", outcome=told.unwanted or ("taken" if opened else "refused"))
        if opened is not None and opened.is_new:
            await self._acknowledge(told, opened)

    async def _read(self, data: bytes) -> Reported:
        """In a parser's process: what a stranger writes can hold up or break no more than that."""
        try:
            return await self.held.parsers.run(partial(read_letter, data, self.settings.mail.sender))
        except NotParsable:
            return Reported(Unwanted.UNREADABLE)

    async def _open(self, session: AsyncSession, told: Reported) -> Opened | None:
        """The case of a letter; None for one that reports nothing."""
        if told.unwanted is not None:
            return None
        desk = desk_of(self.settings)
        report = NewReport(
            title=told.subject,
            description=told.text,
            channel=ReportChannel.MAIL,
            contact=_contact(told, desk),
            external_id=told.digest,
        )
        try:
            async with session.begin_nested():
                return await open_report(session, desk, report, now=self.clock.now())
        except Problem as problem:
            log.warning("a letter was not taken: %s", type(problem).__name__)
            return None

    async def _acknowledge(self, told: Reported, opened: Opened) -> None:
        """At most once, and never a second time on one day: better no answer than a loop of them."""
        mailer, today = Mailer(self.settings.mail, self.clock), self.clock.now().astimezone(HANOI).date()
        if not (self.settings.mailbox.acknowledge and mailer.is_on and told.address):
            return
        if not self.held.replies.allow(told.address, today):
            return
        key: UUID = new_id(self.clock.now())
        try:
            await mailer.send(Letter(told.address, *_answer(opened, self.settings.public_url), key))
        except MailFailed as error:
            log.warning("an acknowledgement could not be sent: %s", error)


async def _is_next(session: AsyncSession, key: bytes, uid_validity: int, uid: int) -> bool:
    position = await queries.lock_position(session, key)
    return position is not None and position.uid_validity == uid_validity and position.last_uid < uid


def _contact(told: Reported, desk: FeedbackDesk) -> Contact | None:
    """Sealed, or not kept at all."""
    return Contact(name=told.name, email=told.address) if told.address and desk.keys is not None else None


def _answer(opened: Opened, public_url: str) -> tuple[str, str]:
    """Subject and text; of what was written nothing is repeated, so that nobody can send words through us."""
    lines: Sequence[str] = (
        "Chúng tôi đã nhận được phản ánh của bạn.",
        "",
        f"Mã phản ánh: {opened.reference}",
        *((f"Mã theo dõi (xin giữ kín): {opened.code}",) if opened.code else ()),
        f"Theo dõi tại: {public_url.rstrip('/')}/gui-phan-anh/theo-doi",
        "",
        "Thư này được gửi tự động; mỗi địa chỉ nhận nhiều nhất một thư như vậy trong một ngày.",
    )
    return f"Đã nhận phản ánh {opened.reference}", "\n".join(lines)
