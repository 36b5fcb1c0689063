"""A subscriber of a hub on loopback, written from the standard alone (W3C WebSub, 5 and 7)."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

SECRET = "bi-mat-cua-nguoi-nghe"


@dataclass
class Subscriber:
    """`agrees`: whether it says that it asked; `status`: what it answers a push."""

    port: int = 0
    agrees: bool = True
    status: int = 204
    asked: list[dict[str, str]] = field(default_factory=list)
    pushes: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def callback(self, path: str = "/nhan?so=1") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def wants(self, topic: str, mode: str = "subscribe", **more: str) -> dict[str, str]:
        return {"hub.mode": mode, "hub.topic": topic, "hub.callback": self.callback(), **more}

    def is_signed(self, push: tuple[dict[str, str], bytes]) -> bool:
        headers, body = push
        method, _, given = headers["x-hub-signature"].partition("=")
        return given == hmac.new(SECRET.encode(), body, getattr(hashlib, method)).hexdigest()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        method, target, _ = first.split(" ")
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if method == "GET":
            told = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
            self.asked.append(told)
            answer, status = (told["hub.challenge"], 200) if self.agrees else ("no", 404)
        else:
            self.pushes.append((headers, body))
            answer, status = "", self.status
        said = f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len(answer)}\r\n\r\n{answer}"
        writer.write(said.encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Subscriber]:
    subscriber = Subscriber()
    server = await asyncio.start_server(subscriber.serve, "127.0.0.1", 0)
    subscriber.port = server.sockets[0].getsockname()[1]
    try:
        yield subscriber
    finally:
        server.close()
        await server.wait_closed()
