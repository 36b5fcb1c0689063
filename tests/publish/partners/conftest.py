"""A selection of partners by the rule of the programme, open and empty."""

from pathlib import Path

import pytest

from libs.common.testing.make import Make
from tests.publish.conformance.theatre import sign_in_for_long
from tests.publish.newsroom import Newsroom
from tests.publish.partners.shortlist import Shortlist, open_shortlist


@pytest.fixture
async def shortlist(newsroom: Newsroom, make: Make, issuer: Path) -> Shortlist:
    """Officials stay signed in, however far the clock goes."""
    await sign_in_for_long(newsroom, make, issuer)
    return await open_shortlist(newsroom, make)
