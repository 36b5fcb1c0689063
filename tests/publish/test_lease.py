"""Long uploads: the worker that is at one keeps it, and one that died gives it up."""

import asyncio
from typing import Any

import pytest

from services.publish import domain, jobs
from tests.publish.newsroom import Newsroom


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is renewed every hundredth of a second."""
    monkeypatch.setattr(jobs, "HELD_EVERY", 0.01)


@pytest.mark.usefixtures("hurried")
async def test_an_upload_longer_than_the_lease_is_not_begun_by_another(newsroom: Newsroom, pages: Any) -> None:
    channel, page = await pages("dai")
    page.uploaded.clear()
    made = await newsroom.approved(channel)
    sending = asyncio.create_task(newsroom.deliver())
    for _ in range(5):
        newsroom.clock.advance(domain.STEP_LEASE / 2)
        await asyncio.sleep(0.1)
        assert await jobs.deliver_due(newsroom.context) == 0
    page.uploaded.set()
    assert await sending == 1
    assert page.stagings == 1
    assert len(page.posts) == 1
    assert (await newsroom.read(made))["state"] == "published"


@pytest.mark.usefixtures("hurried")
async def test_the_upload_of_a_worker_that_died_is_taken_over(newsroom: Newsroom, pages: Any) -> None:
    channel, page = await pages("dut")
    page.uploaded.clear()
    made = await newsroom.approved(channel)
    sending = asyncio.create_task(newsroom.deliver())
    while not page.stagings:
        await asyncio.sleep(0.01)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    page.uploaded.set()
    newsroom.clock.advance(domain.STEP_LEASE)
    assert await newsroom.deliver() == 1
    assert (page.stagings, len(page.posts)) == (2, 1)
    assert (await newsroom.read(made))["state"] == "published"
