"""Fetching from addresses that strangers choose.

Guarantees: only http and https, to hosts whose every resolved address passes the address rule; the
connection goes to the very address that was checked (a second DNS answer cannot redirect it) and serves
one request, also over HTTP/2; every hop of a redirect is checked again; the body is bounded while it
streams, as sent, once unpacked and in the ratio of the two; one deadline covers the whole fetch. Messages
carry a host, never a path, a query, a header or a password.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from types import TracebackType
from typing import IO, Self, cast

import brotli  # type: ignore[import-untyped]
import httpx
import zstandard

from libs.common import telemetry
from libs.common.tls import trust

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
Admit = Callable[[httpx.URL], Awaitable[None]]

# --- what may be reached: pure -----------------------------------------------------------------------

_CLOSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Which addresses a request may reach. `networks` opens named private ranges (an operator's list)."""

    public: bool = True
    loopback: bool = False
    networks: tuple[Network, ...] = ()


PUBLIC_ONLY = AddressRule()
LOOPBACK_ONLY = AddressRule(public=False, loopback=True)


def allow_networks(blocks: Sequence[str]) -> AddressRule:
    """Public addresses and the listed ranges, for subscribers inside the city's own networks."""
    return AddressRule(networks=tuple(ip_network(block) for block in blocks))


def unwrap_address(address: Address) -> Address:
    """The IPv4 address an IPv6 form stands for (mapped or NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public_address(address: Address) -> bool:
    """True for addresses of the open internet only; told from explicit lists, not from `is_global`."""
    address = unwrap_address(address)
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _CLOSED_V4)
    return address in _GLOBAL_V6 and not any(address in block for block in _CLOSED_V6)


def is_address_allowed(address: Address, rule: AddressRule) -> bool:
    """Pure decision of the whole policy; replay opens loopback and nothing else."""
    if isinstance(address, IPv6Address) and address.scope_id:
        return False
    inner = unwrap_address(address)
    if any(inner.version == block.version and inner in block for block in rule.networks):
        return True
    return (rule.loopback and inner.is_loopback) or (rule.public and is_public_address(inner))


# --- what can go wrong: typed ------------------------------------------------------------------------


class FetchError(Exception):
    """A fetch that gave no usable answer. `outcome` is the word stored; `vi` and `en` are for people."""

    outcome = "error"

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} ({en})")
        self.vi = vi
        self.en = en


class FetchRefused(FetchError):
    """The address itself is not allowed: no request was sent to it."""

    outcome = "refused"


class BodyTooLarge(FetchError):
    """The answer passed the size limit, as sent or once unpacked."""

    outcome = "too_large"


class TooManyRedirects(FetchError):
    """More hops than the limit, or a loop."""


class FetchTimeout(FetchError):
    """The whole fetch did not end within its deadline."""

    outcome = "timeout"


class FetchFailed(FetchError):
    """The name does not resolve, nobody answers, or the answer breaks the protocol."""


# --- limits and results ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch."""

    max_bytes: int = 8 * 1024 * 1024
    max_ratio: int = 250
    """Unpacked to received, once a megabyte has been unpacked; feeds and pages stay well under 50."""
    deadline_s: float = 20.0
    connect_s: float = 5.0
    max_redirects: int = 5
    ports: frozenset[int] = frozenset({80, 443, 8080, 8443})


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer, with its body unpacked. `moved_to` is set when every hop was a permanent redirect."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    received: int = 0
    moved_to: str | None = None
    hops: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    @property
    def content_type(self) -> str | None:
        return self.headers.get("content-type")


Turn = Callable[[httpx.URL], AbstractAsyncContextManager[Callable[[Fetched], None]]]
"""A turn at the host of an address: entered before a request, told its answer, left when the request is over."""


# --- names to addresses ------------------------------------------------------------------------------


async def resolve_host(host: str, port: int) -> Sequence[Address]:
    """Every address of a host, by the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(info[4][0])) for info in found))


def _refused(host: str, vi: str, en: str) -> FetchRefused:
    return FetchRefused(f"Từ chối truy cập {host}: {vi}.", f"Refused {host}: {en}.")


def check_url(url: str, ports: frozenset[int] | None) -> httpx.URL:
    """Parse an address and refuse what no fetch may carry; `ports=None` leaves the port open."""
    try:
        parsed = httpx.URL(url.strip())
        host = parsed.host
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise FetchRefused("Địa chỉ không hợp lệ.", "The address is not valid.") from error
    if parsed.scheme not in ("http", "https"):
        raise _refused(host or "—", "chỉ nhận http và https", "only http and https are allowed")
    if not host:
        raise FetchRefused("Địa chỉ không có tên máy chủ.", "The address names no host.")
    if parsed.userinfo:
        raise _refused(host, "địa chỉ chứa tên và mật khẩu", "the address carries credentials")
    port = effective_port(parsed)
    if ports is not None and port not in ports:
        raise _refused(host, f"cổng {port} không được phép", f"port {port} is not allowed")
    return parsed.copy_with(fragment=None)


def effective_port(url: httpx.URL) -> int:
    """The port a request to this address uses."""
    return url.port or (443 if url.scheme == "https" else 80)


# --- bodies ------------------------------------------------------------------------------------------


class _Inflate:
    """Unpacks gzip and deflate in bounded steps, so that a bomb is met by the limit, not by memory."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(47)  # gzip or zlib by its header
        self._raw_tried = False

    def feed(self, data: bytes, room: int) -> bytes:
        try:
            return self._zlib.decompress(self._zlib.unconsumed_tail + data, room)
        except zlib.error:
            if self._raw_tried:
                raise
            self._raw_tried = True  # some servers call a raw stream "deflate"
            self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._zlib.decompress(data, room)


class _Brotli:
    def __init__(self) -> None:
        self._brotli = brotli.Decompressor()

    def feed(self, data: bytes, room: int) -> bytes:
        out: bytes = self._brotli.process(data, output_buffer_limit=room)
        while len(out) < room and not self._brotli.can_accept_more_data():
            more: bytes = self._brotli.process(b"", output_buffer_limit=room - len(out))
            if not more:
                break
            out += more
        return out


class _Full(Exception):
    """No room is left for what would be unpacked."""


class _Zstd:
    """Unpacks into a sink that stops it; a window past 8 MB is refused, as RFC 9659 has it."""

    def __init__(self) -> None:
        unpacker = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024)
        self._writer = unpacker.stream_writer(cast(IO[bytes], self), write_size=65536, closefd=False)
        self._out, self._room = bytearray(), 0

    def write(self, unpacked: bytes) -> int:
        self._out += unpacked[: self._room - len(self._out)]
        if len(self._out) >= self._room:
            raise _Full
        return len(unpacked)

    def feed(self, data: bytes, room: int) -> bytes:
        self._out, self._room = bytearray(), room
        with suppress(_Full):
            self._writer.write(data)
        return bytes(self._out)


class _Plain:
    def feed(self, data: bytes, room: int) -> bytes:
        return data[:room]


def _decoder(encoding: str) -> _Inflate | _Brotli | _Zstd | _Plain:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip" | "deflate":
            return _Inflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
        case _:
            raise FetchFailed("Cách nén không hỗ trợ.", "The answer uses an unsupported compression.")


def _too_large(host: str, limit: int) -> BodyTooLarge:
    size = f"{limit / 1048576:.0f} MB" if limit >= 1048576 else f"{limit} byte"
    return BodyTooLarge(f"Nội dung từ {host} vượt quá {size}.", f"The answer of {host} is over {size}.")


_ANY_RATIO = 1024 * 1024
"""What is unpacked up to here is small, whatever it was packed from."""


def _too_dense(host: str, ratio: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"Nội dung từ {host} khi giải nén vượt quá {ratio} lần cỡ đã gửi.",
        f"The answer of {host} unpacks to over {ratio} times what was sent.",
    )


async def _read_body(
    response: httpx.Response, host: str, limit: int, ratio: int, *, truncate: bool
) -> tuple[bytes, int]:
    """The unpacked body and the bytes received; stops at the limit whichever of the two reaches it."""
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit and not truncate:
        raise _too_large(host, limit)
    decoder = _decoder(response.headers.get("content-encoding", ""))
    body = bytearray()
    received = 0
    stream = cast(AsyncGenerator[bytes, None], response.aiter_raw(65536))
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            received += len(chunk)
            most = min(limit, max(_ANY_RATIO, received * ratio))
            body += decoder.feed(chunk, most + 1 - len(body))
            if len(body) > most or received > limit:
                if truncate:
                    return bytes(body[:limit]), received
                raise _too_large(host, limit) if most == limit else _too_dense(host, ratio)
    return bytes(body), received


# --- the fetcher -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked of every hop of one fetch."""

    headers: Mapping[str, str]
    limit: int
    truncate: bool
    body: bytes | None = None
    admit: Admit | None = None
    turn: Turn | None = None
    timeout: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))

    @contextmanager
    def not_counted(self) -> Iterator[None]:
        """The deadline is the server's: it stands still while we make ourselves wait (robots, a turn)."""
        loop, until = asyncio.get_running_loop(), self.timeout.when()
        left = None if until is None else until - loop.time()
        self.timeout.reschedule(None)
        try:
            yield
        finally:
            self.timeout.reschedule(None if left is None else loop.time() + left)


class PublicFetcher:
    """An HTTP client for addresses chosen by strangers; see the top of this module for its promises."""

    def __init__(
        self,
        *,
        user_agent: str,
        limits: FetchLimits | None = None,
        allow_loopback: bool = False,
        resolve: Resolve = resolve_host,
        rule: AddressRule | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rule = rule or (LOOPBACK_ONLY if allow_loopback else PUBLIC_ONLY)
        self._ports = None if self._rule.loopback else (limits or FetchLimits()).ports
        self._limits = limits or FetchLimits()
        self._resolve = resolve
        self._tls = tls or trust()
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br, zstd"}
        timeout = httpx.Timeout(self._limits.deadline_s, connect=self._limits.connect_s)
        self._timeouts = timeout.as_dict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def check(self, url: str) -> httpx.URL:
        """The address, parsed. Raises FetchRefused where it can't be reached, whatever its name resolves to."""
        target = check_url(url, self._ports)
        is_open = self._rule.public or self._rule.loopback or self._rule.networks
        if not is_open or not all(is_address_allowed(one, self._rule) for one in _written(target)):
            raise _refused(target.host, "địa chỉ nội bộ hoặc dành riêng", "a private or reserved network address")
        return target

    async def aclose(self) -> None:
        """Nothing is kept open between two requests; the name stays for whoever holds a fetcher."""

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        admit: Admit | None = None,
        turn: Turn | None = None,
        max_bytes: int | None = None,
        truncate: bool = False,
    ) -> Fetched:
        """GET an address. Before every hop `admit` is asked (robots rules; it refuses by raising) and `turn` is
        waited for; neither counts towards the deadline."""
        target = check_url(url, self._ports)
        limit = max_bytes if max_bytes is not None else self._limits.max_bytes
        wanted = _Wanted(
            dict(headers or {}), limit, truncate, None, admit, turn, asyncio.timeout(self._limits.deadline_s)
        )
        try:
            async with wanted.timeout:
                with telemetry.step("fetch"):
                    return await self._follow(target, wanted)
        except TimeoutError as error:
            raise _too_slow(target.host, self._limits.deadline_s) from error

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        max_bytes: int = 65536,
        turn: Turn | None = None,
    ) -> Fetched:
        """POST to an address. Nothing is followed: an answer that leads elsewhere is the answer; a long one is cut."""
        target = check_url(url, self._ports)
        wanted = _Wanted(
            dict(headers), max_bytes, True, body, turn=turn, timeout=asyncio.timeout(self._limits.deadline_s)
        )
        try:
            async with wanted.timeout:
                with telemetry.step("post"):
                    return await self._hop(target, wanted)
        except TimeoutError as error:
            raise _too_slow(target.host, self._limits.deadline_s) from error

    async def _follow(self, url: httpx.URL, wanted: _Wanted) -> Fetched:
        hops: list[str] = []
        permanent = True
        while True:
            answer = await self._hop(url, wanted)
            location = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                moved = answer.url if hops and permanent else None
                return replace(answer, moved_to=moved, hops=tuple(hops))
            permanent = permanent and answer.status in (301, 308)
            hops.append(answer.url)
            url = self._next_hop(url, location, len(hops))

    def _next_hop(self, url: httpx.URL, location: str, count: int) -> httpx.URL:
        if count > self._limits.max_redirects:
            raise TooManyRedirects(
                f"{url.host} chuyển hướng quá {self._limits.max_redirects} lần.",
                f"{url.host} redirects more than {self._limits.max_redirects} times.",
            )
        try:
            target = str(url.join(location))
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise FetchRefused("Địa chỉ chuyển hướng không hợp lệ.", "The redirect is not valid.") from error
        return check_url(target, self._ports)

    async def _hop(self, url: httpx.URL, wanted: _Wanted) -> Fetched:
        async with AsyncExitStack() as stack:
            told = None
            with wanted.not_counted():
                if wanted.admit is not None:
                    await wanted.admit(url)
                if wanted.turn is not None:
                    told = await stack.enter_async_context(wanted.turn(url))
            answer = await self._ask(url, wanted)
            if told is not None:
                told(answer)
            return answer

    async def _ask(self, url: httpx.URL, wanted: _Wanted) -> Fetched:
        addresses = await self._checked_addresses(url)
        failure: Exception | None = None
        for address in addresses[:4]:
            try:
                return await self._request(url, address, wanted)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
            except (httpx.HTTPError, zlib.error, brotli.error, zstandard.ZstdError) as error:
                raise _broken(url.host, error) from error
        raise _broken(url.host, failure) from failure

    async def _checked_addresses(self, url: httpx.URL) -> list[Address]:
        try:
            addresses = list(await self._resolve(url.host.strip("[]"), effective_port(url)))
        except (OSError, UnicodeError, ValueError) as error:
            raise FetchFailed(
                f"Không phân giải được tên miền {url.host}.",
                f"The name {url.host} does not resolve.",
            ) from error
        if not addresses or not all(is_address_allowed(one, self._rule) for one in addresses):
            if self._rule.loopback and not self._rule.public:
                raise _refused(
                    url.host,
                    "chế độ phát lại chỉ truy cập máy này",
                    "replay only reaches this machine",
                )
            raise _refused(
                url.host,
                "địa chỉ nội bộ hoặc dành riêng",
                "a private or reserved network address",
            )
        return sorted(addresses, key=lambda one: one.version)

    async def _request(self, url: httpx.URL, address: Address, wanted: _Wanted) -> Fetched:
        """GET, or POST where there is something to send, over a connection of its own: it was checked for one name
        and belongs to that name alone, so that no other name is served over it, nor a cookie kept."""
        request = httpx.Request(
            "GET" if wanted.body is None else "POST",
            url.copy_with(host=str(address)),
            headers={**self._headers, **wanted.headers, "Host": _host_header(url)},
            content=wanted.body,
            extensions={"timeout": self._timeouts, "sni_hostname": url.raw_host.decode("ascii")},
        )
        async with httpx.AsyncHTTPTransport(verify=self._tls, http2=True, trust_env=False, limits=_ONE) as way:
            response = await way.handle_async_request(request)
            async with aclosing(response):
                return await self._answer(url, response, wanted)

    async def _answer(self, url: httpx.URL, response: httpx.Response, wanted: _Wanted) -> Fetched:
        body, received = b"", 0
        if response.status_code not in (204, 304) and not response.has_redirect_location:
            body, received = await _read_body(
                response, url.host, wanted.limit, self._limits.max_ratio, truncate=wanted.truncate
            )
        return Fetched(str(url), response.status_code, dict(response.headers.items()), body, received)


def _written(url: httpx.URL) -> list[Address]:
    """The address that stands in the place of a name, where one does."""
    try:
        return [ip_address(url.host.strip("[]"))]
    except ValueError:
        return []


_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=0)


def _host_header(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


def _too_slow(host: str, seconds: float) -> FetchTimeout:
    return FetchTimeout(
        f"{host} không trả lời xong trong {seconds:g} giây.",
        f"{host} did not finish within {seconds:g} s.",
    )


def _broken(host: str, error: Exception | None) -> FetchError:
    if isinstance(error, httpx.TimeoutException):
        return FetchTimeout(f"{host} không trả lời kịp.", f"{host} did not answer in time.")
    if isinstance(error, httpx.ConnectError):
        return FetchFailed(f"Không kết nối được tới {host}.", f"Could not connect to {host}.")
    return FetchFailed(f"{host} trả lời sai giao thức.", f"{host} broke the protocol.")
