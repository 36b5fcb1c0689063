"""A real HTTP server for tests: a site whose answers a test writes, and whose log it reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Stream = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One request as the server saw it."""

    path: str
    headers: Mapping[str, str]


@dataclass
class Answer:
    """A scripted answer; `stream` writes the body itself, for as long as the client listens."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stream: Stream | None = None


Handler = Callable[[Request], Answer]


@dataclass
class Site:
    """Routes by path; anything else is 404. `log` keeps every request that arrived."""

    port: int = 0
    routes: dict[str, Answer | Handler] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)
    sent: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        return [request.path for request in self.log]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            self.log.append(request)
            await self._answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        route = self.routes.get(request.path, Answer(b"not here", 404))
        answer = route if isinstance(route, Answer) else route(request)
        headers = {"Connection": "close", **answer.headers}
        if answer.stream is None:
            headers.setdefault("Content-Length", str(len(answer.body)))
        head = f"HTTP/1.1 {answer.status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        writer.write(head.encode() + b"\r\n" + (b"" if answer.status == 304 else answer.body))
        await writer.drain()
        if answer.stream is not None:
            await answer.stream(writer)

    async def pour(self, writer: asyncio.StreamWriter, chunk: bytes, times: int) -> None:
        """Write a chunk over and over; stops when the client goes away."""
        for _ in range(times):
            writer.write(chunk)
            await writer.drain()
            self.sent += len(chunk)


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    path = head[0].split(" ")[1]
    pairs = (line.partition(":") for line in head[1:] if ":" in line)
    return Request(path, {name.strip().lower(): value.strip() for name, _, value in pairs})


@asynccontextmanager
async def running_site(**routes: Answer | Handler) -> AsyncIterator[Site]:
    """A site on a free loopback port, for one test."""
    site = Site(routes=dict(routes))
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
