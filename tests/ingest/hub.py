"""A hub on loopback (W3C WebSub) that keeps what it was asked, and signs what it is told to push."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit


@dataclass
class PlayedHub:
    """`status` is what it answers; `asked` the forms that came."""

    port: int = 0
    status: int = 202
    location: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hub"

    @property
    def last(self) -> dict[str, str]:
        return self.asked[-1]

    @property
    def callback(self) -> str:
        """The path of the address it was given."""
        return urlsplit(self.last["hub.callback"]).path

    def sign(self, body: bytes, method: str = "sha256") -> dict[str, str]:
        secret = next(form["hub.secret"] for form in reversed(self.asked) if "hub.secret" in form)
        return {"X-Hub-Signature": f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(int(line.split(":")[1]) for line in head.lower().split("\r\n") if "content-length" in line)
            self.paths.append(head.split(" ")[1])
            status, location = self.status, self.location
            if status not in (307, 308):
                self.asked.append(dict(parse_qsl((await reader.readexactly(length)).decode())))
            else:
                self.status = 202
            more = f"Location: {location}\r\n" if location else ""
            writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n{more}\r\n".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, StopIteration):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def played_hub() -> AsyncIterator[PlayedHub]:
    hub = PlayedHub()
    server = await asyncio.start_server(hub.serve, "127.0.0.1", 0)
    hub.port = server.sockets[0].getsockname()[1]
    try:
        yield hub
    finally:
        server.close()
