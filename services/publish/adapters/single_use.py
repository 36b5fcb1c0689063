"""Accounts whose refresh token serves once: each renewal kills the token it was made with and brings the next pair.

The pair is stored before its access token is used, by one renewer at a time (`TokenStore`). A lost answer is asked for
once more at once: where the first was not done it is done now, where it was the refusal says so, and the new pair is
lost: only a person can connect the account again.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from libs.common.withheld import withhold
from services.publish.adapters.base import Account, ChannelError, Json, Reason, RenewalUnheard, Tools
from services.publish.adapters.reading import instant

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Refusal(ChannelError):
    """The platform answered with an error."""


class NotSent(ChannelError):
    """The request was never sent: no connection, or no token to send it with."""

    name: ClassVar[str]

    def __init__(self, why: str, vi: str | None = None) -> None:
        super().__init__(Reason(vi or f"Không kết nối được máy chủ {self.name}", f"not sent: {why}"))


class AnswerLost(ChannelError):
    """The request may have arrived; no usable answer came back."""

    name: ClassVar[str]

    def __init__(self, why: str) -> None:
        super().__init__(Reason(f"Không nhận được trả lời của {self.name}", f"answer lost: {why}"))


@dataclass
class Client:
    """Calls as one account. `early`: how long before its end the access token is renewed, as clocks differ and a call
    takes its time."""

    tools: Tools
    account: Account
    _secret: Json = field(init=False, repr=False)

    name: ClassVar[str]
    early: ClassVar[timedelta]
    not_sent: ClassVar[type[NotSent]]
    answer_lost: ClassVar[type[AnswerLost]]

    def __post_init__(self) -> None:
        self._secret = dict(self.account.secret)

    async def _exchanged(self, secret: Json, *, lost: bool) -> Json:
        """What changes of the secret: `access_token`, `access_expires_at`, `refresh_token`. `lost`: an earlier answer
        was. Raises NotSent, AnswerLost, a Refusal that passes, or whatever says that a person is needed."""
        raise NotImplementedError

    @property
    def secret(self) -> Json:
        """As it is now: renewing changes it."""
        return self._secret

    async def _token(self) -> str:
        """One that lives on for a while; raises NotSent, or that a person is needed."""
        for _ in range(2):  # what another renewed may have ended by now as well
            if self._serves():
                break
            await self._renew()
        return str(self._secret["access_token"])

    def _serves(self) -> bool:
        ends = instant(self._secret.get("access_expires_at"))
        return bool(self._secret.get("access_token")) and ends is not None and ends - self.early > self._now()

    def _now(self) -> datetime:
        return self.tools.clock.now()

    async def _renew(self) -> None:
        try:
            renewed = await self.tools.tokens.renew(self.account.channel_id, self._secret, self._refreshed)
        except RenewalUnheard:
            unheard = f"Chưa nhận được mã truy cập mới của {self.name}, sẽ thử lại"
            raise self.not_sent("renewal unheard", unheard) from None
        except Refusal as refused:
            raise self.not_sent(refused.reason.en, refused.reason.vi) from None
        if renewed == self._secret:
            waits = f"Một tiến trình khác đang đổi mã truy cập {self.name}, sẽ thử lại"
            raise self.not_sent("renewed by another", waits)
        self._secret = dict(renewed)

    async def _refreshed(self, secret: Json, unheard: bool) -> Json:
        withhold(str(secret["refresh_token"]))
        try:
            return await self._exchanged(secret, lost=unheard)
        except AnswerLost:
            pass
        try:
            return await self._exchanged(secret, lost=True)
        except AnswerLost:
            raise RenewalUnheard from None

    async def _sent(self, method: str, url: str, **request: Any) -> httpx.Response:
        """Once; raises NotSent or AnswerLost."""
        try:
            return await self.tools.http.request(method, url, **request)
        except NEVER_SENT as error:
            raise self.not_sent(type(error).__name__) from None
        except httpx.InvalidURL:
            raise self.not_sent("InvalidURL") from None
        except httpx.HTTPError as error:
            raise self.answer_lost(type(error).__name__) from None
