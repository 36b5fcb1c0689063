"""The ways to newsrooms: one version to one partner, by a signed POST or by mail. An error names hosts and numbers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from libs.common.clock import Clock
from libs.common.mail import Mailer, MailFailed, MailRefused
from libs.common.models.press import PressWay
from libs.common.settings import MailSettings
from libs.common.webhook import Poster, PostFailed
from services.publish.presskit import letters, ninjs
from services.publish.presskit.edition import Edition
from services.publish.presskit.partners import Partner

LEASE = timedelta(minutes=2)
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""Pauses after each try that failed; after the last it has failed for good."""
GONE = "the partner is no longer in the channel, or not by this way"


@dataclass(frozen=True)
class Taken:
    pass


@dataclass(frozen=True)
class NotTaken:
    """`is_final`: no later try can do better."""

    trouble: str
    is_final: bool = False


Told = Taken | NotTaken


class PressSender:
    def __init__(self, settings: MailSettings, mailer: Mailer, poster: Poster, clock: Clock) -> None:
        self._settings, self._mailer, self._poster, self._clock = settings, mailer, poster, clock

    async def send(self, edition: Edition, version_id: UUID, partner: Partner | None, way: PressWay) -> Told:
        """Never raises for what a partner's server did."""
        if partner is None or way not in partner.sends:
            return NotTaken(GONE, is_final=True)
        key = uuid5(version_id, f"{partner.id}/{way}")
        try:
            await (self._post(edition, partner, key) if way is PressWay.POST else self._mail(edition, partner, key))
        except MailRefused as error:
            return NotTaken(str(error), is_final=True)
        except (PostFailed, MailFailed) as error:
            return NotTaken(str(error))
        return Taken()

    async def _post(self, edition: Edition, partner: Partner, key: UUID) -> None:
        assert partner.url is not None
        assert partner.key is not None
        await self._poster.post(partner.url, partner.key, ninjs.written(edition), key, self._clock.now())

    async def _mail(self, edition: Edition, partner: Partner, key: UUID) -> None:
        assert partner.mail is not None
        message = letters.message(edition, partner.mail, key, self._settings, self._clock)
        await self._mailer.hand_over(message, self._settings.sender, partner.mail)


def next_try(attempts: int, now: datetime) -> datetime | None:
    """None after the last."""
    return now + RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


@asynccontextmanager
async def open_sender(settings: MailSettings, mailer: Mailer, clock: Clock) -> AsyncIterator[PressSender]:
    async with Poster(user_agent="lantoa-press/1") as poster:
        yield PressSender(settings, mailer, poster, clock)
