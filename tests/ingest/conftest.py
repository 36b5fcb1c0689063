"""The intake desk: the service over HTTP as its own role, its worker's polls against a real site on loopback."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from libs.common.auth.dev import dev_token
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.ingest.main import SERVICE
from services.ingest.settings import IngestSettings, PollSettings
from tests.ingest.casework import FEEDBACK, Casework
from tests.ingest.desk import Desk
from tests.ingest.site import Site, running_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        yield site


DeskWith = Callable[..., Any]


def in_process(poll: PollSettings) -> PollSettings:
    return poll if "parsers" in poll.model_fields_set else poll.model_copy(update={"parsers": 0})


@pytest.fixture
def desk_with(
    client_for: Any,
    signed_in: Any,
    settings_for: Any,
    make: Make,
    db: Database,
    db_as: Callable[[str], Database],
    clock: FrozenClock,
) -> DeskWith:
    """A desk under these settings; replay is on, so that only this machine is ever asked."""

    async def build(**more: Any) -> Desk:
        options = {"replay": True} | more
        # A test that is not about parser processes need not start any.
        options["poll"] = in_process(more.get("poll", PollSettings()))
        return Desk(
            client=await client_for(SERVICE, **options),
            settings=settings_for(IngestSettings, "ingest", **options),
            editor=await signed_in(Role.EDITOR),
            db=db,
            worker_db=db_as("ingest"),
            make=make,
            clock=clock,
        )

    return build


@pytest.fixture
async def desk(desk_with: DeskWith) -> Desk:
    found: Desk = await desk_with()
    return found


@pytest.fixture
async def casework(desk_with: DeskWith, signed_in: Any, make: Make, issuer: Path, clock: FrozenClock) -> Casework:
    """A feedback desk that may keep contacts and give out codes, and an officer of the city."""
    officer = await make.person(Role.FEEDBACK_OFFICER)
    desk = await desk_with(feedback=FEEDBACK)
    return Casework(desk, lambda: dev_token(issuer, officer.subject, clock.now()), signed_in)
