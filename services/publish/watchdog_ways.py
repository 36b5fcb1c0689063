"""How the watchdog reaches people: directly, by mail and by a signed webhook."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

from libs.common.clock import Clock
from libs.common.mail import Letter, Mailer, MailFailed
from libs.common.webhook import Poster
from services.publish.settings import PublishSettings, WatchdogSettings

log = logging.getLogger("lantoa.watchdog")


@dataclass(frozen=True)
class Notice:
    """One message. `key` is the same when it is told again; `document` is what a webhook carries: no title, ids."""

    key: UUID
    subject: str
    text: str
    document: Mapping[str, Any]


class Way(Protocol):
    """How somebody is told, by its name for people. `column` of watchdog_alerts says that it was."""

    name: str
    column: str

    async def tell(self, notice: Notice, now: datetime) -> None:
        """Raises MailFailed or PostFailed where nobody was told."""


class ByMail:
    name, column = "mail", "mailed_at"

    def __init__(self, mailer: Mailer, recipients: Sequence[str]) -> None:
        self._mailer, self._recipients = mailer, recipients
        self._reached: dict[UUID, set[str]] = {}

    async def tell(self, notice: Notice, now: datetime) -> None:
        """To each of them; those who have it already do not get it again when the others are tried again."""
        reached, failed = self._reached.setdefault(notice.key, set()), None
        for number, to in enumerate(self._recipients):
            if to in reached:
                continue
            try:
                await self._mailer.send(Letter(to, notice.subject, notice.text, uuid5(notice.key, str(number))))
                reached.add(to)
            except MailFailed as error:
                failed = error
        if failed is not None:
            raise failed
        self._reached.pop(notice.key)


class ByWebhook:
    name, column = "webhook", "posted_at"

    def __init__(self, poster: Poster, settings: WatchdogSettings) -> None:
        self._poster, self._settings = poster, settings

    async def tell(self, notice: Notice, now: datetime) -> None:
        told = self._settings
        assert told.webhook_url is not None
        assert told.webhook_secret is not None
        await self._poster.post(told.webhook_url, told.webhook_secret, notice.document, notice.key, now)


def ways_of(settings: PublishSettings, clock: Clock, poster: Poster) -> list[Way]:
    told, mailer = settings.publish.watchdog, Mailer(settings.mail, clock)
    ways: list[Way] = []
    if told.mail_to:
        mailer.say_if_off()
        if mailer.is_on:
            ways.append(ByMail(mailer, told.mail_to))
    if told.webhook_url is not None:
        ways.append(ByWebhook(poster, told))
    if not ways:
        log.warning(
            "nobody is told directly: set LANTOA_PUBLISH__WATCHDOG__MAIL_TO (with LANTOA_MAIL__HOST) or "
            "LANTOA_PUBLISH__WATCHDOG__WEBHOOK_URL; alerts are kept as notifications"
        )
    return ways
