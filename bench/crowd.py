"""A crowd of sources on this machine, a tenth of them slow or hostile, on one server that keeps its own log.

Every host is an address of 127.0.0.0/8; some hosts have several sources. The server's log is the witness of what each
host was asked, and when.
"""

import asyncio
import gzip
import itertools
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HOSTILE = ("tarpit", "silent", "busy", "broken", "garbage", "bomb", "loop")
SHARED, TOGETHER = 200, 4
"""Among the first sources, so many share a host."""
_CHANGES = 0.3
"""Share of polls of a healthy source that find something new; the others are answered with 304."""


@dataclass(frozen=True)
class Member:
    """One source of the crowd."""

    number: int
    kind: str
    host: str

    @property
    def is_healthy(self) -> bool:
        return self.kind == "healthy"

    def url(self, port: int) -> str:
        return f"http://{self.host}:{port}/{self.kind}/{self.number}"


def crowd(count: int) -> list[Member]:
    """Every tenth is hostile, one kind after another; a hostile source has its host for itself."""
    made = []
    for number in range(count):
        is_hostile = number % 10 == 9
        kind = HOSTILE[number // 10 % len(HOSTILE)] if is_hostile else "healthy"
        place = number // TOGETHER if number < SHARED and not is_hostile else SHARED + number
        made.append(Member(number, kind, f"127.1.{place // 250}.{place % 250 + 1}"))
    return made


@dataclass
class Visit:
    """One request as the server saw it, in seconds of its own clock."""

    path: str
    began: float
    ended: float = float("inf")


Writer = asyncio.StreamWriter


@dataclass
class CrowdServer:
    """Answers for every host at once."""

    chance: random.Random
    port: int = 0
    log: dict[str, list[Visit]] = field(default_factory=lambda: defaultdict(list))
    since: float = field(default_factory=time.monotonic)
    _issues: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _garbage: bytes = b""
    _bomb: bytes = b""

    def __post_init__(self) -> None:
        self._garbage = self.chance.randbytes(200_000)
        self._bomb = gzip.compress(b" " * 50_000_000)

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.close()
            return
        path = head.split(" ")[1]
        host = writer.get_extra_info("sockname")[0]
        visit = Visit(path, time.monotonic())
        self.log[host].append(visit)
        try:
            await self._answer(path, head, reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the crowd goes home
        finally:
            visit.ended = time.monotonic()
            writer.close()

    async def _answer(self, path: str, head: str, reader: asyncio.StreamReader, writer: Writer) -> None:
        kind = path.strip("/").partition("/")[0]
        ways: dict[str, Callable[[Writer], Awaitable[None]]] = {
            "healthy": lambda w: self._feed(path, head, w),
            "tarpit": self._drip,
            "silent": lambda _: _until_left(reader),
            "busy": lambda w: self.send(w, 429, b"", "Retry-After: 45\r\n"),
            "broken": lambda w: self.send(w, 500, b"sorry"),
            "garbage": lambda w: self.send(w, 200, self._garbage),
            "bomb": lambda w: self.send(w, 200, self._bomb, "Content-Encoding: gzip\r\n"),
            "loop": lambda w: self.send(w, 302, b"", f"Location: {path}\r\n"),
        }
        if kind in ways:
            await ways[kind](writer)
        else:
            await self.send(writer, 404, b"")

    async def _feed(self, path: str, head: str, writer: Writer) -> None:
        await asyncio.sleep(self.chance.uniform(0.005, 0.05))
        if "if-none-match" in head.lower() and self.chance.random() > _CHANGES:
            await self.send(writer, 304, b"")
            return
        self._issues[path] += 1
        newest = self._issues[path]
        items = "".join(
            f"<item><guid>{path}/{n}</guid><link>http://127.0.0.1/tin{path}/{n}</link><title>Tin {n} của{path}</title>"
            f"<description>Bài thứ {n}: chuyện của một khu phố trong buổi sáng nay.</description></item>"
            for n in range(newest, newest + 20)
        )
        body = f"<rss version='2.0'><channel><title>Báo</title>{items}</channel></rss>".encode()
        await self.send(writer, 200, body, f'ETag: "{newest}"\r\n')

    async def _drip(self, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        for _ in range(600):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.2)

    async def send(self, writer: Writer, status: int, body: bytes, more: str = "") -> None:
        head = f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    # --- the witness ----------------------------------------------------------------------------------------

    def too_soon(self, pause: float, slack: float = 0.02) -> int:
        """Requests that came while another to the same host was under way, or within the pause after it."""
        found = 0
        for visits in self.log.values():
            for before, after in itertools.pairwise(visits):
                found += after.began < before.ended + pause - slack
        return found

    @property
    def requests(self) -> int:
        return sum(map(len, self.log.values()))


async def _until_left(reader: asyncio.StreamReader) -> None:
    while await reader.read(1024):
        pass


@asynccontextmanager
async def running_crowd(made: CrowdServer | None = None) -> AsyncIterator[CrowdServer]:
    made = made or CrowdServer(random.Random(1))  # noqa: S311 - the same crowd in every run
    server = await asyncio.start_server(made.serve, "0.0.0.0", 0, backlog=1024)  # noqa: S104 - all of 127.0.0.0/8
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
