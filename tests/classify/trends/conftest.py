"""The counting desk as the service's own role, against a real Postgres."""

from collections.abc import Callable

import pytest

from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.testing.make import Make
from services.classify.trends.settings import TrendSettings
from tests.classify.trends.counter import Counter


@pytest.fixture
async def counter(make: Make, db: Database, db_as: Callable[[str], Database], clock: FrozenClock) -> Counter:
    source = await make.source(kind="feed", group="press")
    return Counter(db, db_as("classify"), clock, source.id, TrendSettings())
