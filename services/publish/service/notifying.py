"""People are told by mail what waits for them: one letter to each who holds the role in the unit, those on duty first.

At least once: a letter is claimed, handed over outside of any transaction, and recorded; after a crash in between it
goes again, with the same Message-ID. A notification is done when every letter of it was taken or given up, and at once
where nobody has an address.
"""

import logging
from datetime import datetime, timedelta
from uuid import uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.mail import Letter, Mailer, MailFailed, MailRefused
from services.publish import domain, notify_queries
from services.publish.notify_queries import Due

log = logging.getLogger("lantoa.publish")
LEASE = timedelta(minutes=2)
"""Longer than a batch of letters may take."""
MAX_ATTEMPTS = 12
"""With the pauses between them some eight hours."""
TOO_OLD = timedelta(days=1)
"""What is so old when mail is switched on is read in the list of notifications, and not mailed any more."""
BATCH = 50
AT_ONCE = 10
PAGES = {
    "publication": "publications",
    "takedown": "takedowns",
    "situation": "situations",
    "playbook": "playbooks",
    "agenda_event": "agenda/events",
    "agenda_calendar": "agenda/calendars",
}
FOOTER = "Thư tự động của Lan Tỏa, xin đừng trả lời."


async def address_notifications(session: AsyncSession, now: datetime) -> int:
    """Make a letter for each person who is to be told; how many notifications were looked at."""
    untold = await notify_queries.claim_untold(session, BATCH)
    closed = []
    for notification in untold:
        is_fresh = now - notification.created_at < TOO_OLD
        people = await notify_queries.holders(session, notification.role, notification.unit_id, now) if is_fresh else {}
        rows = [
            {"notification_id": notification.id, "person_id": person, "not_before": now + _after(is_on_duty)}
            for person, is_on_duty in people.items()
            if notification.person_id in (None, person)
        ]
        await notify_queries.add_mails(session, rows)
        if not rows:
            closed.append(notification.id)
    await notify_queries.close(session, closed, now)
    return len(untold)


def _after(is_on_duty: bool) -> timedelta:
    return timedelta(0) if is_on_duty else timedelta(seconds=1)


async def claim_letters(session: AsyncSession, now: datetime) -> list[Due]:
    return await notify_queries.claim_due(session, now, LEASE, MAX_ATTEMPTS, AT_ONCE)


async def hand_over(mailer: Mailer, due: Due, origin: str) -> MailFailed | None:
    """Outside of any transaction; what went wrong, if anything did."""
    if due.email is None:
        return MailRefused("no address any more")
    key = uuid5(due.notification_id, str(due.person_id))
    try:
        await mailer.send(Letter(due.email, due.subject, words_of(due, origin), key))
    except MailFailed as error:
        return error
    return None


def words_of(due: Due, origin: str) -> str:
    page = PAGES.get(due.object_type)
    where = f"{origin}/api/publish/v1/{page}/{due.object_id}" if page else f"{origin}/api/publish/v1/notifications"
    return f"{due.body}\n\n{where}\n\n-- \n{FOOTER}"


async def record_letters(session: AsyncSession, outcomes: list[tuple[Due, MailFailed | None]], now: datetime) -> None:
    for due, error in outcomes:
        if error is None:
            await notify_queries.record(session, due, sent_at=now, error=None)
        elif isinstance(error, MailRefused):
            log.warning("letter of notification %s given up: %s", due.notification_id, error)
            await notify_queries.record(session, due, attempts=MAX_ATTEMPTS, error=str(error))
        else:
            wait = domain.backoff(due.attempts)
            await notify_queries.record(session, due, not_before=now + wait, error=str(error))
    await notify_queries.finish(session, {due.notification_id for due, _ in outcomes}, MAX_ATTEMPTS, now)
