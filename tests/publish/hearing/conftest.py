from pathlib import Path
from typing import Any

import pytest

from libs.common import models as m
from libs.common.testing.make import Make
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.hearing.letters import deliver
from tests.publish.newsroom import Newsroom


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@pytest.fixture
async def page(theatre: Theatre) -> m.Channel:
    return await theatre.account(case_of("facebook"), next_number())


@pytest.fixture
async def post(theatre: Theatre, page: m.Channel) -> dict[str, Any]:
    made = await theatre.newsroom.approved(page)
    await deliver(theatre)
    return await theatre.newsroom.read(made)
