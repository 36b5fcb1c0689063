"""A try that was never heard of, and was repeated: whatever becomes of the repeat, the first may still show."""

from typing import Any

import pytest

from tests.publish.newsroom import Newsroom
from tests.publish.test_mastodon import Masto, masto, on, settle  # noqa: F401 - fixture

LATE = 120


@pytest.fixture
async def repeated(newsroom: Newsroom, masto: Masto) -> dict[str, Any]:  # noqa: F811
    """Executed, its answer lost, its post listed late; not seen twice, so it waits to be sent again."""
    await masto.fault("executed_response_lost")
    await masto.lag(LATE)
    made = await newsroom.approved(newsroom.bulletin, masto.channel)
    await newsroom.deliver()
    for _ in range(2):
        await masto.later(31)
        await newsroom.look()
    assert on(await newsroom.read(made), masto.channel)["state"] == "pending"
    return made


@pytest.mark.mission("M30")
async def test_withdrawn_between_two_tries_it_is_looked_for_and_comes_down(
    newsroom: Newsroom,
    masto: Masto,  # noqa: F811
    repeated: dict[str, Any],
) -> None:
    await newsroom.act("withdraw", repeated, newsroom.speaker, reason="Số liệu sai, rút ngay")
    done = await settle(masto, repeated)
    assert on(done, masto.channel)["state"] == "withdrawn"
    assert on(done, masto.channel)["withdrawal_proof"]
    assert await masto.posts() == []


async def test_a_repeat_that_is_refused_is_no_proof_that_nothing_stands(
    newsroom: Newsroom,
    masto: Masto,  # noqa: F811
    repeated: dict[str, Any],
) -> None:
    await masto.fault("http_status", status=422)
    done = await settle(masto, repeated)
    assert on(done, masto.channel)["state"] == "published"
    assert len(await masto.posts()) == 1


async def test_a_repeat_that_is_refused_and_never_shows_was_rejected(newsroom: Newsroom, masto: Masto) -> None:  # noqa: F811
    await masto.fault("http_status", status=503)
    await masto.fault("http_status", status=422, times=9)
    made = await newsroom.approved(newsroom.bulletin, masto.channel)
    await newsroom.deliver()
    done = await settle(masto, made)
    assert on(done, masto.channel)["state"] == "rejected"
    assert await masto.posts() == []
