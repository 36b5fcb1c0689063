from pathlib import Path
from typing import Any

import pytest

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import AYEAR, Theatre, next_number
from tests.publish.conversation.desk import Desk
from tests.publish.hearing.letters import deliver
from tests.publish.newsroom import Newsroom
from tests.publish.officers import Officer


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


@pytest.fixture
async def desk(theatre: Theatre, page: m.Channel, post: dict[str, Any], make: Make, issuer: Path) -> Desk:
    """Two officers and two spokespersons of the page's unit, in front of its inbox."""

    async def sign_in(role: Role, **values: Any) -> Officer:
        person = await make.person(role, **values)
        token = dev_token(issuer, person.subject, theatre.newsroom.clock.now(), AYEAR)
        return Officer(person, {"Authorization": f"Bearer {token}"})

    officer, other = await sign_in(Role.FEEDBACK_OFFICER), await sign_in(Role.FEEDBACK_OFFICER)
    speaker, second = await sign_in(Role.SPOKESPERSON), await sign_in(Role.SPOKESPERSON)
    return Desk(theatre, page, post, make, officer, other, speaker, second, sign_in)
