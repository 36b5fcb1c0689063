"""Meta's API versions side by side: an older one publishes as the newest does, and its end is told in time."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.testing.make import Make
from services.publish import jobs
from services.publish.adapters.base import Deleted, Found, Prepared, Published
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import plain
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.newsroom import Newsroom


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


async def channel_of(theatre: Theatre, kind: str, **settings: str) -> m.Channel:
    channel = await theatre.account(case_of(kind), next_number())
    async with theatre.newsroom.db.transaction() as session:
        kept = await session.get(m.Channel, channel.id)
        assert kept is not None
        kept.settings = {**kept.settings, **settings}
    return kept


@pytest.mark.parametrize("kind", ["facebook", "instagram"])
@pytest.mark.parametrize("version", ["v23.0", "v26.0"])
async def test_a_post_lives_its_life_by_each_version(theatre: Theatre, kind: str, version: str) -> None:
    channel = await channel_of(theatre, kind, version=version)
    adapter, draft = theatre.opened(channel), await theatre.shown(case_of(kind), plain())
    health = await adapter.health()
    assert (health.problem, health.notice) == (None, None)
    staged = await adapter.stage(
        adapter.prepare(adapter.compose(draft).payload, channel.id, theatre.newsroom.clock.now())
    )
    assert isinstance(staged, Prepared), staged
    done = await adapter.commit(staged)
    assert isinstance(done, Published), done
    assert isinstance(await adapter.reconcile(staged.as_handle()), Found)
    assert isinstance(await adapter.delete(done.id), Deleted)


@pytest.mark.parametrize("kind", ["facebook", "instagram", "threads"])
async def test_a_version_near_its_end_is_a_persons_task_and_the_channel_serves_on(theatre: Theatre, kind: str) -> None:
    soon = (theatre.newsroom.clock.now() + timedelta(days=60)).date()
    channel = await channel_of(theatre, kind, version_ends_on=soon.isoformat())
    theatre.newsroom.resources = theatre.resources()
    await jobs.check_accounts(theatre.newsroom.context)
    async with theatre.newsroom.db.transaction() as session:
        [task] = await session.scalars(select(m.Task).where(m.Task.channel_id == channel.id))
        kept = await session.get(m.Channel, channel.id)
    assert kept is not None
    assert kept.state == "active"
    assert task.kind == "channel_expiring"
    assert f"sắp hết hạn ({soon:%d/%m/%Y})" in task.title
