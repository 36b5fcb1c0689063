from pathlib import Path

import pytest

from libs.common.testing.make import Make
from tests.publish.conformance.theatre import Theatre
from tests.publish.newsroom import Newsroom


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)
