"""What we tell another program: a JSON document by POST, signed as Standard Webhooks has it (standardwebhooks.com, v1).

    webhook-id: <the document's id, the same when it is sent again>
    webhook-timestamp: <seconds since 1970>
    webhook-signature: v1,<base64 of HMAC-SHA256 over `id.timestamp.body`, the body as raw bytes>, and once more for
                       each further secret, by spaces, while one is exchanged for another

Guarantees: https to public addresses, plain http to this machine alone, and to neither where the sender says so;
private networks only where an administrator listed them; no redirect is followed; one deadline. An error names the
host, never a path, which can hold a token.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from pydantic import SecretStr

from libs.common.http import (
    AddressRule,
    FetchError,
    FetchLimits,
    FetchRefused,
    PublicFetcher,
    Resolve,
    allow_networks,
    check_url,
    resolve_host,
)
from libs.common.withheld import withhold, withhold_address

PREFIX = "whsec_"
MIN_SECRET = 24
"""Bytes of a secret, as the standard asks."""
ANSWER_BYTES = 4096


class PostFailed(Exception):
    """The document was not taken, or nobody knows; sent again, it has the same id. In English; `vi` for people."""

    def __init__(self, en: str, vi: str) -> None:
        super().__init__(en)
        self.vi = vi


class PostRefused(PostFailed):
    """The address may not be reached: no request was sent."""


def secret_bytes(secret: SecretStr) -> bytes:
    """`whsec_` and base64, or any other text as its UTF-8. Raises ValueError where it is too short or broken."""
    written = secret.get_secret_value()
    try:
        key = (
            base64.b64decode(written[len(PREFIX) :], validate=True) if written.startswith(PREFIX) else written.encode()
        )
    except binascii.Error:
        raise ValueError("a webhook's secret after whsec_ is base64") from None
    if len(key) < MIN_SECRET:
        raise ValueError(f"a webhook's secret has at least {MIN_SECRET} bytes")
    return key


def signature(key: bytes, event_id: UUID, at: int, body: bytes) -> str:
    """The value of `webhook-signature`; `at` in seconds since 1970."""
    signed = b".".join((str(event_id).encode(), str(at).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other program said. `text`: the beginning of the body; what is no UTF-8 in it is replaced.
    `retry_after`: the header of that name, as it came."""

    status: int
    text: str
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Poster:
    """Sends signed documents. `public`: https to the open internet; `loopback`: this machine; `networks`: CIDR of
    private networks that an administrator listed; `ports`: elsewhere than where this machine is open, these alone."""

    def __init__(
        self,
        *,
        user_agent: str,
        networks: Sequence[str] = (),
        public: bool = True,
        loopback: bool = True,
        ports: Iterable[int] = (443,),
        timeout_seconds: float = 10.0,
        resolve: Resolve = resolve_host,
    ) -> None:
        listed = allow_networks(networks).networks
        limits = FetchLimits(
            deadline_s=timeout_seconds, connect_s=timeout_seconds, max_redirects=0, ports=frozenset(ports)
        )
        rules = {
            "https": AddressRule(public=public, loopback=loopback, networks=listed),
            "http": AddressRule(public=False, loopback=loopback, networks=listed),
        }
        self._ways: Mapping[str, PublicFetcher] = {
            scheme: PublicFetcher(user_agent=user_agent, limits=limits, rule=rule, resolve=resolve)
            for scheme, rule in rules.items()
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for way in self._ways.values():
            await way.aclose()

    async def post(
        self, url: SecretStr, secret: SecretStr, document: Mapping[str, Any], event_id: UUID, now: datetime
    ) -> None:
        """Until it was answered with 2xx. Raises PostRefused or PostFailed, which name the host alone."""
        answer = await self.send(url, [secret], document, event_id, now)
        if not answer.ok:
            host = check_url(url.get_secret_value(), None).host
            raise PostFailed(f"{host} answered {answer.status}", f"{host} trả lời {answer.status}")

    async def send(
        self,
        url: SecretStr,
        secrets: Sequence[SecretStr],
        document: Mapping[str, Any],
        event_id: UUID,
        now: datetime,
        media_type: str = "application/json",
    ) -> Answer:
        """What was answered, a yes or not; each of the secrets signs. Raises PostRefused or PostFailed."""
        withhold(*(each.get_secret_value() for each in secrets))
        withhold_address(url.get_secret_value())
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        at = int(now.timestamp())
        headers = {
            "Content-Type": media_type,
            "Accept-Encoding": "identity",
            "webhook-id": str(event_id),
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(signature(secret_bytes(each), event_id, at, body) for each in secrets),
        }
        return await self._send(url.get_secret_value(), body, headers)

    def host_of(self, url: str) -> str:
        """Of an address that may be reached as far as it can be told without its name. Raises PostRefused."""
        try:
            target = self._ways[check_url(url, None).scheme].check(url)
        except FetchRefused:
            raise _not_open(url) from None
        return target.netloc.decode("ascii")

    async def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            target = check_url(url, None)
            answer = await self._ways[target.scheme].post(url, body, headers=headers, max_bytes=ANSWER_BYTES)
        except FetchRefused:
            raise _not_open(url) from None
        except FetchError as error:
            raise PostFailed(error.en, error.vi) from None
        return Answer(answer.status, answer.body.decode("utf-8", "replace"), answer.headers.get("retry-after"))


def _not_open(url: str) -> PostRefused:
    try:
        host = check_url(url, None).host
    except FetchError:
        return PostRefused("the webhook's address is not valid", "Địa chỉ nhận không hợp lệ.")
    return PostRefused(
        f"{host} may not be reached: https to a public address, http to this machine, or a network that is listed",
        f"Không được gọi {host}: chỉ nhận https tới địa chỉ công khai, hoặc mạng nội bộ có trong danh sách cho phép.",
    )
