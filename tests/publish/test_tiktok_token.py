"""TikTok's refresh token serves once: one renewer, its successor kept, and a lost answer told as such."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from libs.common import models as m
from libs.common.testing.make import Make
from sandbox.main import create
from sandbox.settings import SandboxSettings
from services.publish.adapters.base import AuthRequired, Published
from tests.publish.conformance.drafts import plain
from tests.publish.conformance.theatre import URL, Theatre, next_number
from tests.publish.creators import CASE, asked, opened, posts, prepared, ready
from tests.publish.newsroom import Newsroom


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


async def test_a_refresh_token_serves_once_and_its_successor_is_kept(theatre: Theatre, channel: m.Channel) -> None:
    theatre.heard.clear()
    for hours in (0, 1, 3, 3):
        theatre.advance(timedelta(hours=hours))
        assert (await opened(theatre, channel).health()).problem is None
    assert asked(theatre).count("/tiktok/v2/oauth/token/") == 3, "not within its two hours"
    ends = (await opened(theatre, channel).health()).credentials_end_at
    assert ends == theatre.newsroom.clock.now() + timedelta(days=180)
    assert not [one for one in theatre.heard if one.status == 401], "renewed before it ended"


async def test_ten_at_once_renew_once(theatre: Theatre, channel: m.Channel) -> None:
    theatre.heard.clear()
    await asyncio.gather(*(opened(theatre, channel).health() for _ in range(10)))
    assert asked(theatre).count("/tiktok/v2/oauth/token/") == 1


async def test_a_renewal_that_was_not_done_is_done_at_once(theatre: Theatre, channel: m.Channel) -> None:
    for kind, status in (("not_executed_timeout", 503), ("http_status", 502)):
        await theatre.fault(CASE, "token.refresh", kind, status=status)
        assert (await opened(theatre, channel).health()).problem is None
        theatre.advance(timedelta(hours=3))


async def test_a_renewal_whose_answer_was_lost_needs_a_person_and_says_why(
    theatre: Theatre, channel: m.Channel
) -> None:
    await theatre.fault(CASE, "token.refresh", "executed_response_lost")
    adapter = opened(theatre, channel)
    told = await adapter.stage(await prepared(theatre, adapter, await theatre.shown(CASE, plain())))
    assert isinstance(told, AuthRequired), told
    assert "kết nối lại" in told.reason.vi
    assert "đã mất" in told.reason.vi
    await theatre.reconnect(channel)
    assert (await opened(theatre, channel).health()).problem is None


async def test_a_token_that_died_early_is_renewed_and_the_call_made_again(theatre: Theatre, channel: m.Channel) -> None:
    adapter = opened(theatre, channel)
    sent = await ready(theatre, adapter)
    await theatre.post("tiktok/tokens", account=channel.address.removeprefix("@"), which="access")
    done = await adapter.commit(sent)
    assert isinstance(done, Published), done
    assert len(await posts(theatre)) == 1


async def test_a_wrong_app_is_told_as_such(theatre: Theatre, channel: m.Channel) -> None:
    problem = (await opened(theatre, channel, client_key="aw-khac").health()).problem
    assert problem is not None
    assert "client_key" in problem.vi


async def test_after_a_restart_the_sandbox_still_knows_the_last_token(tmp_path: Path) -> None:
    """The one-machine installation stops and starts, and nobody connects the account again."""
    settings = SandboxSettings.model_validate(
        {"data_dir": tmp_path, "tiktok": {"accounts": "thanhpho=aw355:bi-mat-cua-ung-dung:rft.lan-dau"}}
    )
    form = {"client_key": "aw355", "client_secret": "bi-mat-cua-ung-dung", "grant_type": "refresh_token"}
    token = "rft.lan-dau"
    for _ in range(3):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=create(settings)), base_url=URL) as http:
            for _ in range(2):
                answer = await http.post("/tiktok/v2/oauth/token/", data={**form, "refresh_token": token})
                assert answer.status_code == 200, answer.text
                used, token = token, answer.json()["refresh_token"]
                again = await http.post("/tiktok/v2/oauth/token/", data={**form, "refresh_token": used})
                assert again.json()["error"] == "invalid_grant", "the one used is dead"
