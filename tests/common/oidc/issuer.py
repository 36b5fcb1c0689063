"""A small identity provider on real sockets: it serves discovery and keys, counts who asks, and can be made to fail."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

Signing = RSAKey | ECKey | OKPKey


def new_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", auto_kid=True)


class Issuer:
    """`published` is what the next answer holds; `answer` may take the place of any page."""

    def __init__(self) -> None:
        self.published: list[Signing] = [new_key()]
        self.asked: list[str] = []
        self.open_now = self.most_open = 0
        self.delay = 0.0
        self.pages: dict[str, Callable[[], tuple[int, bytes]]] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def fetches(self) -> int:
        return self.asked.count("/.well-known/openid-configuration")

    def token(self, key: Signing | None = None, algorithm: str = "Ed25519", **changes: Any) -> str:
        key, now = key or self.published[0], int(datetime.now(UTC).timestamp())
        told = {"iss": self.url, "aud": "lantoa", "sub": "can-bo-1", "iat": now, "exp": now + 600} | changes
        return jwt.encode({"alg": algorithm, "kid": key.kid}, told, key, algorithms=[algorithm])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readline()).split(b" ")[1].decode()
            while (await reader.readline()).strip():
                pass
            status, body = await self._answer(path)
            head = (
                f"HTTP/1.1 {status} X",
                f"Content-Length: {len(body)}",
                "Connection: close",
                f"Location: {self.url}/keys",
            )
            writer.write("\r\n".join((*head, "", "")).encode() + body)
            await writer.drain()
        except (IndexError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            page = self.pages.get(path, self.discovery if "openid" in path else self.keys)()
            await asyncio.sleep(self.delay)  # an answer on its way may be older than what is published meanwhile
        finally:
            self.open_now -= 1
        return page

    def discovery(self, **changes: Any) -> tuple[int, bytes]:
        return 200, json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | changes).encode()

    def keys(self) -> tuple[int, bytes]:
        return 200, json.dumps({"keys": [key.as_dict(private=False) for key in self.published]}).encode()


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    await issuer.start()
    try:
        yield issuer
    finally:
        await issuer.stop()
