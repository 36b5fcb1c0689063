"""Accounts on the real network, and what they do there by the protocol itself."""

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx

from libs.common.clock import SystemClock

_numbers = count(1)
POST = "app.bsky.feed.post"


@dataclass(frozen=True)
class Person:
    did: str
    handle: str
    token: str
    app_password: str


@dataclass(frozen=True)
class Network:
    pds: str
    appview: str
    http: httpx.AsyncClient | None = field(default=None, repr=False)

    def with_connection(self, http: httpx.AsyncClient) -> "Network":
        return replace(self, http=http)

    async def call(self, nsid: str, token: str | None = None, **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self._http.post(f"/xrpc/{nsid}", json=body or None, headers=headers)

    async def read(self, nsid: str, token: str | None = None, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self._http.get(f"/xrpc/{nsid}", params=params, headers=headers)

    async def seen(self, nsid: str, **params: Any) -> httpx.Response:
        """As readers' apps see it: asked of the AppView, without a login."""
        return await self._http.get(f"{self.appview}/xrpc/{nsid}", params=params)

    async def join(self, name: str) -> Person:
        """A new account, with an app password for programs."""
        n = next(_numbers)
        handle = f"{name}{n}.test"
        body = {"handle": handle, "email": f"{name}{n}@example.vn", "password": "mat-khau-chinh"}
        made = _whole(await self.call("com.atproto.server.createAccount", **body))
        app = _whole(await self.call("com.atproto.server.createAppPassword", made["accessJwt"], name="lantoa"))
        return Person(made["did"], handle, made["accessJwt"], app["password"])

    async def write(self, who: Person, collection: str, **record: Any) -> dict[str, Any]:
        record = {"$type": collection, "createdAt": SystemClock().now().isoformat(), **record}
        body = {"repo": who.did, "collection": collection, "record": record}
        return _whole(await self.call("com.atproto.repo.createRecord", who.token, **body))

    async def record(self, uri: str) -> dict[str, Any] | None:
        """From the repository; None where it is not there."""
        repo, collection, key = uri.removeprefix("at://").split("/")
        got = await self.read("com.atproto.repo.getRecord", repo=repo, collection=collection, rkey=key)
        return _whole(got) if got.is_success else None

    @property
    def _http(self) -> httpx.AsyncClient:
        assert self.http is not None
        return self.http


def _whole(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return dict(answer.json())
