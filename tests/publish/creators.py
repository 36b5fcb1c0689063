"""A TikTok account on the sandbox as tests use it: films, a line that breaks, and what the platform was asked."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx
from typing_extensions import override

from libs.common import models as m
from services.publish.adapters.base import Account, Channel, Draft, Medium, Prepared, Rendition
from services.publish.adapters.tiktok import Tiktok
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import plain
from tests.publish.conformance.theatre import Theatre
from tests.publish.test_images import movie

CASE = case_of("tiktok")
SECONDS = 12.5
"""Of the film that tests are shown."""


@dataclass
class Line(httpx.AsyncBaseTransport):
    """The way there, which breaks after so many bytes of a body; each number once."""

    inner: httpx.AsyncBaseTransport
    cuts: list[int] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if told := request.headers.get("content-range"):
            self.ranges.append(told)
            first = int(told.removeprefix("bytes ").partition("-")[0])
            last = int(told.partition("-")[2].partition("/")[0])
            cut = next((one for one in self.cuts if first <= one <= last), None)
            if cut is not None:
                self.cuts.remove(cut)
                stream: Any = request.stream
                broken = self._broken(stream, cut - first)
                request = httpx.Request(request.method, request.url, headers=request.headers, content=broken)
        return await self.inner.handle_async_request(request)

    async def _broken(self, pieces: AsyncIterator[bytes], left: int) -> AsyncIterator[bytes]:
        async for piece in pieces:
            if len(piece) >= left:
                yield piece[:left]
                raise httpx.WriteError("the line broke")
            left -= len(piece)
            yield piece


def film(theatre: Theatre, size: int = 0, number: int = 0) -> Medium:
    """Of the library; about so many bytes."""
    data = movie(mdat=number.to_bytes(64, "big") + bytes(max(0, size - 600)))
    theatre.newsroom.resources.files.put(data)
    file = Rendition(hashlib.sha256(data).hexdigest(), "video/mp4", len(data), 1920, 1080)
    return Medium("Nước lên ở cầu", (file,), duration_ms=int(SECONDS * 1000))


def opened(theatre: Theatre, channel: m.Channel, line: Line | None = None, **settings: Any) -> Tiktok:
    """As a worker opens it; with other settings, or by a way that breaks."""
    _, seat = theatre.seats[channel.id]
    tools = theatre.resources().tools
    if line is not None:
        tools = replace(tools, http=httpx.AsyncClient(transport=line))
    facts = channel.capabilities or None
    return Tiktok(Account(channel.id, {**seat.settings, **settings}, dict(seat.secret), facts), tools)


def line_of(theatre: Theatre, *cuts: int) -> Line:
    return Line(httpx.ASGITransport(app=theatre.app), list(cuts))


async def prepared(theatre: Theatre, adapter: Channel, draft: Draft) -> Prepared:
    return adapter.prepare(adapter.compose(draft).payload, uuid4(), theatre.newsroom.clock.now())


async def ready(theatre: Theatre, adapter: Channel, *media: Medium, **more: Any) -> Prepared:
    draft = plain(media=media, **more) if media else await theatre.shown(CASE, plain(**more))
    staged = await adapter.stage(await prepared(theatre, adapter, draft))
    assert isinstance(staged, Prepared), staged
    return staged


async def on_the_stage(theatre: Theatre, channel: m.Channel, **more: Any) -> None:
    _, seat = theatre.seats[channel.id]
    assert seat.control is not None
    options = {**seat.control["options"], **more.pop("options", {})}
    await theatre.put("accounts", **{**seat.control, **more, "options": options})


async def entries(theatre: Theatre, kind: str) -> list[dict[str, Any]]:
    told = (await theatre.control.get("/control/ledger", params={"platform": "tiktok"})).json()["entries"]
    return [entry for entry in told if entry["kind"] == kind]


async def posts(theatre: Theatre) -> list[dict[str, Any]]:
    return list((await theatre.control.get("/control/ledger", params={"platform": "tiktok"})).json()["posts"])


def asked(theatre: Theatre) -> list[str]:
    return [one.path.removeprefix("/tiktok/v2/post/publish/") for one in theatre.heard]
