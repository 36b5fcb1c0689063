"""Our hub and our own intake, over real connections: the intake finds the hub in the feed, subscribes, is verified, and
takes in what the hub tells it, as it would from any other city."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.models.rhythm import SubscriptionState
from libs.common.testing.make import Make
from services.ingest.main import SERVICE as INTAKE
from services.ingest.resources import open_resources
from services.ingest.settings import IngestSettings, IntakeSettings, PollSettings, WebSubSettings
from services.ingest.websub.jobs import ask_hubs
from services.publish.hub import jobs
from services.publish.main import SERVICE
from services.publish.settings import PublishGroup
from tests.ingest.desk import Desk
from tests.publish.conformance.theatre import sign_in_for_long
from tests.publish.newsroom import KEY, Newsroom
from tests.publish.test_webpush_browser import served


def door() -> tuple[socket.socket, str]:
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    return found, f"http://127.0.0.1:{found.getsockname()[1]}"


@pytest.mark.mission("M36")
async def test_the_intake_is_told_by_the_hub(
    newsroom: Newsroom,
    client_for: Any,
    settings_for: Any,
    signed_in: Any,
    make: Make,
    db: Database,
    db_as: Callable[[str], Database],
    issuer: Path,
) -> None:
    await sign_in_for_long(newsroom, make, issuer)
    (hub_door, hub_url), (intake_door, intake_url) = door(), door()
    group = PublishGroup(credentials_key=SecretStr(KEY))
    bulletin = await client_for(SERVICE, public_url=hub_url, publish=group, replay=True)
    room = replace(newsroom, client=bulletin, resources=bulletin._transport.app.state.resources)
    options: dict[str, Any] = {"public_url": intake_url, "replay": True, "poll": PollSettings(parsers=0)}
    options |= {"websub": WebSubSettings(key=SecretStr("k" * 40)), "intake": IntakeSettings(pending_seconds=10**6)}
    intake = await client_for(INTAKE, **options)
    desk = Desk(
        client=intake,
        settings=settings_for(IngestSettings, "ingest", **options),
        editor=await signed_in(Role.EDITOR),
        db=db,
        worker_db=db_as("ingest"),
        make=make,
        clock=newsroom.clock,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(bulletin._transport.app, hub_door))
        await stack.enter_async_context(served(intake._transport.app, intake_door))
        await room.published(title="Tin có trước khi đăng ký")
        source = await desk.register(f"{hub_url}/feed.atom", settings={"full_text": False})
        await desk.poll()
        held = await stack.enter_async_context(open_resources(desk.settings, desk.worker_db, desk.clock))
        assert await ask_hubs(JobContext(desk.worker_db, desk.clock, held, asyncio.Event())) == 1
        assert await jobs.verify_hub_wishes(room.context) == 1
        told = (await desk.ask("GET", f"/sources/{source['id']}/websub")).json()
        assert told["state"] == SubscriptionState.ACTIVE
        await room.published(title="Tin mới do hub báo")
        assert await jobs.tell_hub_subscribers(room.context) == 1
        titles = [content.title for content in await desk.contents()]
        assert sorted(titles) == ["Tin có trước khi đăng ký", "Tin mới do hub báo"]
        assert await jobs.tell_hub_subscribers(room.context) == 0, "taken"
