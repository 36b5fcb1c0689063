"""The newsroom with a fact-check desk."""

import pytest

from libs.common.testing.make import Make
from tests.publish.corrections.factcheck import FactCheck
from tests.publish.newsroom import Newsroom


@pytest.fixture
def desk(newsroom: Newsroom, make: Make) -> FactCheck:
    return FactCheck(newsroom, make)
