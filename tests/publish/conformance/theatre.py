"""The newsroom and the sandbox in one process: no sockets, and one clock for both sides that only the test moves."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select, text
from typing_extensions import override

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish import jobs, queries
from services.publish.adapters.base import Channel, Draft, Prepared, Press
from services.publish.resources import PublishResources
from services.publish.tokens import StoredTokens
from tests.publish.conformance.case import ChannelCase, Json, Seat
from tests.publish.conformance.hall import hall
from tests.publish.newsroom import Newsroom
from tests.publish.pictures import jpg, shelve
from tests.publish.test_images import movie

URL = "http://127.0.0.1:8110"
AYEAR = timedelta(days=366)
Hook = Callable[[str], Awaitable[None]]


async def nothing(point: str) -> None:
    """Where nobody wants to interfere."""


@dataclass(frozen=True)
class Heard:
    """A request and what came back, as the platform counts them: `who` is the account's token, or its address."""

    at: datetime
    path: str
    who: str
    status: int


class Wire(httpx.AsyncBaseTransport):
    """The way to the platforms: `hook` is called before each request leaves and after it was done."""

    def __init__(self, app: FastAPI, hook: Hook = nothing, heard: list[Heard] | None = None) -> None:
        self._inner, self._hook, self._heard = httpx.ASGITransport(app=app), hook, [] if heard is None else heard
        self._clock = app.state.world.clock

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._hook("asking")
        answer = await self._inner.handle_async_request(request)
        who = request.headers.get("authorization", "")
        self._heard.append(Heard(self._clock.now(), request.url.path, who, answer.status_code))
        await self._hook("asked")
        return answer


@dataclass
class OurPress:
    """The bulletin's press, with the same hook: our own house can lose its power as well."""

    press: Press
    hook: Hook
    printed: list[str]

    async def publish(self, slug: str) -> None:
        await self.hook("printing")
        await self.press.publish(slug)
        self.printed.append(slug)
        await self.hook("printed")

    def shown_digest(self, slug: str) -> str | None:
        return self.press.shown_digest(slug)


class Stopped(BaseException):
    """The worker went as far as it was wanted to."""


@dataclass(frozen=True)
class StopAt:
    point: str

    async def __call__(self, point: str) -> None:
        if point == self.point:
            raise Stopped(point)


@dataclass(frozen=True)
class Armed:
    publication: Json
    delivery: m.Delivery
    prepared: Prepared


@dataclass
class Theatre:
    newsroom: Newsroom
    make: Make
    app: FastAPI
    control: httpx.AsyncClient
    files: Path
    hook: Hook = nothing
    seats: dict[Any, tuple[ChannelCase, Seat]] = field(default_factory=dict)
    """Of each channel, by its id."""
    shelf: list[str] = field(default_factory=list)
    films: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    """The pages of the bulletin, in the order in which they were printed."""

    @classmethod
    async def build(cls, newsroom: Newsroom, make: Make, issuer: Path) -> "Theatre":
        """Empty."""
        await sign_in_for_long(newsroom, make, issuer)
        # Platforms that fetch our files themselves come in through the newsroom's own door.
        app = hall(newsroom.client._transport)
        control = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL)
        made = cls(newsroom, make, app, control, newsroom.resources.files.root / "bulletin" / "tin")
        await made.reset()
        return made

    # --- the clock ---

    async def reset(self) -> None:
        """An empty sandbox; its clock stands where ours stands."""
        now = self.newsroom.clock.now()
        await self.post("reset", at=now.isoformat())
        self.app.state.world.clock.freeze(now)  # to the microsecond: the sandbox has walked on since
        self.newsroom.resources.tools.sessions.clear()

    def advance(self, step: timedelta) -> None:
        self.newsroom.clock.advance(step)
        self.app.state.world.clock.advance(step)

    # --- the sandbox, from behind ---

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.control.post(f"/control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def put(self, path: str, **body: Any) -> Any:
        answer = await self.control.put(f"/control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def fault(self, case: ChannelCase, operation: str, kind: str, **more: Any) -> None:
        await self.post("faults", platform=case.platform, operation=operation, kind=kind, **more)

    async def posts(self, case: ChannelCase, marker: str) -> list[Json]:
        """What readers see of one message: the truth that our own records are held against."""
        if case.stands is not None:
            async with self.newsroom.db.transaction() as session:
                rows = (await session.execute(text(case.stands))).mappings()
                return [dict(row) for row in rows if marker in row["text"]]
        if case.platform is None:
            pages = [page for page in self.files.glob("*.html") if marker in page.read_text("utf-8")]
            return [{"id": page.stem, "text": page.read_text("utf-8")} for page in pages]
        read = await self.control.get("/control/ledger", params={"platform": case.platform, "after": 1 << 30})
        return [post for post in read.json()["posts"] if marker in post["text"]]

    def holds(self, platform: str, operation: str) -> bool:
        return bool(self._held(platform, operation))

    async def do_held(self, platform: str, operation: str) -> None:
        """What the network still held of an operation arrives now, by itself."""
        for held in self.app.state.world.faults.release(platform, operation):
            parts = iter([{"type": "http.request", "body": held.body, "more_body": False}])

            async def receive(parts: Iterator[Json] = parts) -> Json:
                return next(parts, {"type": "http.disconnect"})

            with suppress(httpx.HTTPError):  # its sender has gone: a fault of the answer is heard by nobody
                await self.app(dict(held.scope), receive, _unheard)

    def _held(self, platform: str, operation: str) -> Any:
        return self.app.state.world.faults._held.get((platform, operation))

    # --- accounts and workers ---

    async def picture(self) -> str:
        """The id of a picture in the library, the same one each time."""
        if not self.shelf:
            self.shelf.append(str(await self._shelved(jpg())))
        return self.shelf[0]

    async def film(self) -> str:
        """The id of a video in the library, the same one each time."""
        if not self.films:
            self.films.append(str(await self._shelved(movie(), "video/mp4")))
        return self.films[0]

    async def medium(self, case: ChannelCase) -> str | None:
        """What the channel posts nothing without; None where it needs neither picture nor video."""
        if case.needs_video:
            return await self.film()
        return await self.picture() if case.needs_image else None

    async def new_medium(self, case: ChannelCase) -> str:
        """A picture nobody has seen; a video, where the channel needs one."""
        number = next_number()
        if case.needs_video:
            return str(await self._shelved(movie(mdat=number.to_bytes(64, "big")), "video/mp4"))
        return str(await self._shelved(jpg(number)))

    async def shown(self, case: ChannelCase, draft: Draft) -> Draft:
        """With the picture or video, where the channel posts nothing without one."""
        needed = await self.medium(case)
        if needed is None:
            return draft
        async with self.newsroom.db.transaction() as session:
            return replace(draft, media=tuple(await queries.media_files(session, [UUID(needed)])))

    async def _shelved(self, data: bytes, mime: str = "image/jpeg") -> UUID:
        size = (1920, 1080) if mime.startswith("video/") else (64, 48)
        return await shelve(self.newsroom, data, alt="Bản đồ lộ trình mới", mime=mime, size=size)

    async def account(self, case: ChannelCase, number: int) -> m.Channel:
        """A fresh account on the sandbox, and our channel for it."""
        seat = case.seat(number, URL)
        answer = await self.put("accounts", **seat.control) if seat.control is not None else {}
        settings, name = seat.told(answer), f"{case.kind} {number}"
        channel = await self.make.channel(case.kind, name=name, address=seat.address, settings=settings)
        await self.connect(channel, seat)
        self.seats[channel.id] = (case, seat)
        return channel

    async def connect(self, channel: m.Channel, seat: Seat) -> None:
        vault, now = self.newsroom.resources.vault, self.newsroom.clock.now()
        assert vault is not None
        if seat.secret:
            async with self.newsroom.worker_db.transaction() as session:
                await queries.store_credentials(session, channel.id, vault.seal(channel.id, seat.secret), now)

    async def reconnect(self, channel: m.Channel) -> None:
        """A person brings the account back to life, there and here."""
        _, seat = self.seats[channel.id]
        if seat.control is not None:
            await self.put("accounts", **seat.control)
        address = f"/api/publish/v1/channels/{channel.id}/credentials"
        done = await self.newsroom.client.put(address, json={"secret": seat.secret}, headers=self.newsroom.admin)
        assert done.is_success, done.text

    async def armed(self, channel: m.Channel, **changes: Any) -> Armed:
        """An approved message, taken by a worker as far as the moment before it is sent, and no further."""
        needed = await self.medium(self.seats[channel.id][0])
        if needed is not None:
            changes.setdefault("media_ids", [needed])
        made = await self.newsroom.approved(channel, **changes)
        hook, self.hook = self.hook, StopAt("armed")
        worker = JobContext(self.newsroom.worker_db, self.newsroom.clock, self.resources(), asyncio.Event())
        self.hook = hook
        with suppress(Stopped):
            await jobs.deliver_due(worker)
        async with self.newsroom.db.transaction() as session:
            query = select(m.Delivery).where(m.Delivery.publication_id == UUID(made["id"]))
            delivery = (await session.scalars(query)).one()
        assert delivery.state == "armed", (delivery.state, delivery.error)
        return Armed(made, delivery, Prepared.from_handle(delivery.handle["sending"]))

    def resources(self) -> PublishResources:
        """A fresh process: no logins kept, its way to the platforms and its steps under the hook."""
        ours = self.newsroom.resources
        http = httpx.AsyncClient(transport=Wire(self.app, self.hook, self.heard))
        press = OurPress(ours.tools.press, self.hook, self.printed)
        # Our clock stands still: however long one waits for another's renewal, its lease does not end by that.
        tokens = StoredTokens(self.newsroom.worker_db, self.newsroom.clock, ours.vault, looks=4)
        tools = replace(ours.tools, http=http, press=press, tokens=tokens, sessions={})
        return replace(ours, tools=tools, checkpoint=self.hook)

    def opened(self, channel: m.Channel) -> Channel:
        """The adapter as a worker opens it."""
        _, seat = self.seats[channel.id]
        return self.resources().open(channel, dict(seat.secret))


async def sign_in_for_long(newsroom: Newsroom, make: Make, issuer: Path) -> None:
    """People whose sign-in outlasts every jump of the clock."""
    for name, role in _STAFF.items():
        person = await make.person(role)
        token = dev_token(issuer, person.subject, newsroom.clock.now(), AYEAR)
        setattr(newsroom, name, {"Authorization": f"Bearer {token}"})


_STAFF = {"editor": Role.EDITOR, "speaker": Role.SPOKESPERSON, "second_speaker": Role.SPOKESPERSON, "admin": Role.ADMIN}
_numbers = itertools.count(1)


async def _unheard(message: Any) -> None:
    pass


def next_number() -> int:
    return next(_numbers)
