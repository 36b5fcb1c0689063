"""The schema holds the rules, not only the code: as each service's own role."""

from libs.common.migrate import differences
from libs.common.testing.plugin import TEMPLATE, TestServer


async def test_models_and_migrations_agree(postgres: TestServer) -> None:
    assert await differences(postgres.url(TEMPLATE)) == []
