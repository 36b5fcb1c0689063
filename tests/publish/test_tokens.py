"""A refresh token that serves once: one renewer, what it stored is everybody's, and a lost answer is known as such."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.testing.make import Make
from services.publish import queries
from services.publish.adapters.base import Json, RenewalUnheard
from services.publish.credentials import Vault
from services.publish.tokens import LEASE, StoredTokens
from tests.publish.newsroom import KEY

FIRST = {"access": "a1", "refresh": "r1"}


class Office:
    """The platform's token office: each refresh token serves once."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool]] = []
        self.current = "r1"
        self.loses_answer = False

    async def refresh(self, secret: Json, unheard: bool) -> Json:
        self.calls.append((str(secret["refresh"]), unheard))
        await asyncio.sleep(0.05)
        if secret["refresh"] != self.current:
            raise PermissionError("the refresh token is dead")
        n = len(self.calls) + 1
        self.current = f"r{n}"
        if self.loses_answer:
            raise RenewalUnheard
        return {"access": f"a{n}", "refresh": self.current}


@pytest.fixture
async def channel_id(make: Make, db: Database, clock: FrozenClock, vault: Vault) -> UUID:
    channel = await make.channel("own_site", name="Kênh có mã làm mới")
    async with db.transaction() as session:
        await queries.store_credentials(session, channel.id, vault.seal(channel.id, FIRST), clock.now())
    return channel.id


@pytest.fixture
def vault() -> Vault:
    return Vault(SecretStr(KEY))


@pytest.fixture
def tokens(db_as: Callable[[str], Database], clock: FrozenClock, vault: Vault) -> StoredTokens:
    return StoredTokens(db_as("publish"), clock, vault)


async def test_ten_who_need_a_token_ask_once(tokens: StoredTokens, channel_id: UUID) -> None:
    office = Office()
    got = await asyncio.gather(*(tokens.renew(channel_id, FIRST, office.refresh) for _ in range(10)))
    assert office.calls == [("r1", False)]
    assert got == [{"access": "a2", "refresh": "r2"}] * 10


async def test_who_comes_with_an_old_token_gets_the_one_that_is_stored(tokens: StoredTokens, channel_id: UUID) -> None:
    office = Office()
    await tokens.renew(channel_id, FIRST, office.refresh)
    assert await tokens.renew(channel_id, FIRST, office.refresh) == {"access": "a2", "refresh": "r2"}
    assert len(office.calls) == 1


async def test_a_lost_answer_is_known_to_whoever_tries_next(
    tokens: StoredTokens, channel_id: UUID, clock: FrozenClock
) -> None:
    office = Office()
    office.loses_answer = True
    with pytest.raises(RenewalUnheard):
        await tokens.renew(channel_id, FIRST, office.refresh)
    clock.advance(LEASE + timedelta(seconds=1))
    with pytest.raises(PermissionError):
        await tokens.renew(channel_id, FIRST, office.refresh)
    assert office.calls == [("r1", False), ("r1", True)]


async def test_a_refusal_ends_the_renewal_and_the_next_may_try_at_once(tokens: StoredTokens, channel_id: UUID) -> None:
    office = Office()
    office.current = "another"
    for _ in range(2):
        with pytest.raises(PermissionError):
            await tokens.renew(channel_id, FIRST, office.refresh)
    assert office.calls == [("r1", False), ("r1", False)]
