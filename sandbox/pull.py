"""Media that a platform fetches itself from an address it was given.

The fetch is real and every one is on the ledger (`Effect.CALLED`, without the query, which may be a signature).
Nothing leaves the machine: loopback is fetched from, and hosts named in `LANTOA_SANDBOX_REACHABLE_HOSTS`. What does not
come whole, in time, and of the wanted type is a `PullFailed` in the puller's own words; each platform says it in its.
"""

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx

from sandbox.ledger import Act, Effect, Ledger

KIND = "fetch"
_REDIRECTS = (301, 302, 303, 307, 308)


class Trouble(StrEnum):
    ADDRESS = "address"
    """Not http(s), or a host that the sandbox does not go to."""
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    STATUS = "status"
    REDIRECT = "redirect"
    TOO_LARGE = "too_large"
    TYPE = "type"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class PullPolicy:
    """How a platform fetches; `types` are beginnings of media types, none means any; `seconds` of real time for all."""

    max_bytes: int
    seconds: float = 10.0
    redirects: int = 0
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pulled:
    body: bytes
    mime: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class PullFailed(Exception):
    def __init__(self, trouble: Trouble, detail: str = "", status: int | None = None) -> None:
        super().__init__(f"{trouble.value}: {detail}" if detail else trouble.value)
        self.trouble, self.status = trouble, status


class Puller:
    """`way`: how it goes there, where that is not the network (a test without sockets)."""

    def __init__(
        self, ledger: Ledger, hosts: Collection[str] = (), way: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._ledger, self._hosts, self._way = ledger, frozenset(host.lower() for host in hosts), way

    async def pull(self, platform: str, account: str, url: str, policy: PullPolicy) -> Pulled:
        """The bytes at `url`; raises PullFailed. Either way the ledger has one more entry."""
        try:
            async with asyncio.timeout(policy.seconds):
                pulled = await self._follow(url, policy)
        except PullFailed as failed:
            self._record(platform, account, url, {"trouble": failed.trouble.value, "status": failed.status})
            raise
        except TimeoutError:
            self._record(platform, account, url, {"trouble": Trouble.SLOW.value, "status": None})
            raise PullFailed(Trouble.SLOW, f"not whole after {policy.seconds:g} s") from None
        facts = {"status": 200, "size": len(pulled.body), "mime": pulled.mime, "sha256": pulled.sha256}
        self._record(platform, account, url, facts)
        return pulled

    async def _follow(self, url: str, policy: PullPolicy) -> Pulled:
        async with httpx.AsyncClient(
            verify=_tls(), timeout=policy.seconds, trust_env=False, transport=self._way
        ) as http:
            for _ in range(policy.redirects + 1):
                require_reachable(url, self._hosts)
                found = await _fetch(http, url, policy)
                if isinstance(found, Pulled):
                    return found
                url = urljoin(url, found)
        raise PullFailed(Trouble.REDIRECT, f"more than {policy.redirects} redirects")

    def _record(self, platform: str, account: str, url: str, facts: dict[str, object]) -> None:
        self._ledger.record(Act(platform, "pull", account, KIND, without_query(url), Effect.CALLED, facts))


async def _fetch(http: httpx.AsyncClient, url: str, policy: PullPolicy) -> Pulled | str:
    """The file, or the address it moved to."""
    try:
        async with http.stream("GET", url) as answer:
            if answer.status_code in _REDIRECTS and "location" in answer.headers:
                return answer.headers["location"]
            if answer.status_code != 200:
                raise PullFailed(Trouble.STATUS, str(answer.status_code), answer.status_code)
            mime = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            if policy.types and not mime.startswith(policy.types):
                raise PullFailed(Trouble.TYPE, mime, 200)
            return Pulled(await _limited(answer, policy.max_bytes), mime)
    except httpx.TimeoutException:
        raise PullFailed(Trouble.SLOW) from None
    except httpx.HTTPError as error:
        raise PullFailed(Trouble.UNREACHABLE, type(error).__name__) from None


async def _limited(answer: httpx.Response, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > most:
            raise PullFailed(Trouble.TOO_LARGE, f"more than {most} bytes", 200)
        parts.append(part)
    if not size:
        raise PullFailed(Trouble.EMPTY, status=200)
    return b"".join(parts)


def require_reachable(url: str, hosts: Collection[str]) -> None:
    """The sandbox speaks to this machine, and to hosts it was told of; raises PullFailed for others."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise PullFailed(Trouble.ADDRESS, "unreadable") from None
    if parts.scheme not in ("http", "https") or not host:
        raise PullFailed(Trouble.ADDRESS, "not http(s)")
    if host not in hosts and not is_loopback(host):
        raise PullFailed(Trouble.ADDRESS, f"the sandbox does not go to {host}")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_query(url: str) -> str:
    """An address that may be written down: the query can be a signature, the user part a password."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "(unreadable)"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
