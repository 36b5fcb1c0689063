"""Platforms that a person posts to: a card, an address of the site as proof; and platforms that are no more."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from tests.publish.newsroom import API, Newsroom
from tests.publish.test_media import upload

SITE = "https://www.otofun.net"
THREAD = "https://www.otofun.net/threads/1970001/"


async def register(newsroom: Newsroom, kind: str = "manual", **changes: Any) -> Any:
    body = {
        "kind": kind,
        "name": f"Kênh {kind}",
        "address": f"thanhpho-{kind}",
        "settings": {"platform": "Otofun", "site": SITE} if kind == "manual" else {},
    }
    return await newsroom.client.post(f"{API}/channels", json={**body, **changes}, headers=newsroom.admin)


@pytest.fixture
async def forum(newsroom: Newsroom) -> m.Channel:
    made = await register(newsroom)
    assert made.status_code == 201, made.text
    async with newsroom.db.transaction() as session:
        channel = await session.get(m.Channel, UUID(made.json()["id"]))
    assert channel is not None
    return channel


async def tasks(newsroom: Newsroom, state: str = "open") -> list[dict[str, Any]]:
    found = await newsroom.client.get(f"{API}/tasks?state={state}", headers=newsroom.speaker)
    return [task for task in found.json()["items"] if task["kind"] == "post_by_hand"]


async def finish(newsroom: Newsroom, task: dict[str, Any], outcome: str, address: str | None = None) -> Any:
    body = {"outcome": outcome, "evidence_url": address}
    return await newsroom.client.post(f"{API}/tasks/{task['id']}/done", json=body, headers=newsroom.editor)


def on(publication: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    [found] = [d for d in publication["deliveries"] if d["channel_id"] == str(channel.id)]
    return dict(found)


@pytest.mark.mission("M19")
async def test_the_card_carries_what_was_approved_word_for_word(newsroom: Newsroom, forum: m.Channel) -> None:
    medium = await upload(newsroom)
    done = await newsroom.published(newsroom.bulletin, forum, media_ids=[medium["id"]])
    assert on(done, forum)["state"] == "manual"
    [task] = await tasks(newsroom)
    assert task["link"] == SITE
    card = (await newsroom.client.get(f"{API}/tasks/{task['id']}/card", headers=newsroom.editor)).json()
    [variant] = [v for v in done["variants"] if v["channel_id"] == str(forum.id)]
    assert card["text"] == variant["text"]
    assert card["link"] in card["text"]
    assert "• Vé tháng vẫn dùng được." in card["text"]
    assert (card["platform"], card["site"], card["corrects_url"]) == ("Otofun", SITE, None)
    [file] = card["files"]
    assert file["alt"] == medium["alt"]
    got = await newsroom.client.get(file["url"])
    assert got.headers["content-type"] == file["mime"]


@pytest.mark.mission("M19")
async def test_it_is_published_only_with_an_address_of_the_site(newsroom: Newsroom, forum: m.Channel) -> None:
    made = await newsroom.published(newsroom.bulletin, forum)
    [task] = await tasks(newsroom)
    for wrong in (None, "", "otofun.net/threads/1", "https://otofun.net.lua-dao.vn/t/1", "https://beatvn.net/1"):
        assert (await finish(newsroom, task, "posted", wrong)).status_code in (409, 422), wrong
    assert (await finish(newsroom, task, "done", THREAD)).status_code == 422
    assert on(await newsroom.read(made), forum)["state"] == "manual"
    assert (await finish(newsroom, task, "posted", THREAD)).status_code == 200
    now = await newsroom.read(made)
    assert (now["state"], on(now, forum)["state"]) == ("published", "published")
    assert on(now, forum)["platform_url"] == on(now, forum)["proof"]["evidence_url"] == THREAD
    card = await newsroom.client.get(f"{API}/tasks/{task['id']}/card", headers=newsroom.editor)
    assert card.status_code == 409


@pytest.mark.mission("M19")
async def test_what_nobody_could_post_is_left_out_in_plain_sight(newsroom: Newsroom, forum: m.Channel) -> None:
    made = await newsroom.published(newsroom.bulletin, forum)
    [task] = await tasks(newsroom)
    assert (await finish(newsroom, task, "not_posted")).status_code == 200
    now = await newsroom.read(made)
    assert (now["state"], on(now, forum)["state"]) == ("partly_published", "rejected")
    assert "không đăng" in on(now, forum)["error"]


@pytest.mark.mission("M30")
@pytest.mark.parametrize(
    ("outcome", "address", "after"), [("not_posted", None, "withdrawn"), ("posted", THREAD, "withdrawing")]
)
async def test_of_what_is_withdrawn_meanwhile_the_person_is_asked(
    newsroom: Newsroom, forum: m.Channel, outcome: str, address: str | None, after: str
) -> None:
    made = await newsroom.published(newsroom.bulletin, forum)
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Số liệu sai")
    await newsroom.look()
    [task] = await tasks(newsroom)
    assert "đừng đăng nữa" in task["title"]
    card = await newsroom.client.get(f"{API}/tasks/{task['id']}/card", headers=newsroom.editor)
    assert card.status_code == 409
    assert (await finish(newsroom, task, outcome, address)).status_code == 200
    assert on(await newsroom.read(made), forum)["state"] == after
    await newsroom.take_down()
    cases = (await newsroom.client.get(f"{API}/takedowns", headers=newsroom.speaker)).json()["items"]
    assert [bool(case["closed_at"]) for case in cases] == [after == "withdrawn"]


async def test_posted_by_hand_it_comes_down_by_hand(newsroom: Newsroom, forum: m.Channel) -> None:
    made = await newsroom.published(newsroom.bulletin, forum)
    [task] = await tasks(newsroom)
    await finish(newsroom, task, "posted", THREAD)
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Số liệu sai")
    await newsroom.take_down()
    found = await newsroom.client.get(f"{API}/tasks?state=open", headers=newsroom.speaker)
    [asked] = [task for task in found.json()["items"] if task["kind"] == "takedown_failed"]
    assert asked["link"] == THREAD
    assert (await finish(newsroom, asked, "removed", THREAD)).status_code == 200
    assert on(await newsroom.read(made), forum)["state"] == "withdrawn"


class Dies(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("point", ["claimed", "staged", "allowed", "armed", "committed", "confirmed"])
async def test_wherever_the_worker_dies_there_is_one_card_and_no_post(
    newsroom: Newsroom, forum: m.Channel, point: str
) -> None:
    alive = newsroom.resources

    async def dies(name: str) -> None:
        await asyncio.sleep(0)
        if name == point:
            raise Dies

    made = await newsroom.approved(forum)
    newsroom.resources = replace(alive, checkpoint=dies)
    with pytest.raises(Dies):
        await newsroom.deliver()
    newsroom.resources = alive
    for _ in range(4):
        newsroom.clock.advance(timedelta(minutes=2))
        await newsroom.deliver()
        await newsroom.look()
    assert len(await tasks(newsroom)) == 1
    now = await newsroom.read(made)
    assert on(now, forum)["state"] == "manual"
    assert now["published_at"] is None


@pytest.mark.parametrize("settings", [{}, {"platform": "Otofun"}, {"platform": "Otofun", "site": "http://otofun.net"}])
async def test_a_channel_by_hand_names_platform_and_site(newsroom: Newsroom, settings: dict[str, str]) -> None:
    assert (await register(newsroom, settings=settings)).status_code == 422


@pytest.mark.mission("M19")
@pytest.mark.parametrize(("kind", "since"), [("gapo", "8/2023"), ("lotus", "2023")])
async def test_a_retired_platform_is_history_and_says_why(newsroom: Newsroom, kind: str, since: str) -> None:
    made = await register(newsroom, kind)
    assert (made.status_code, made.json()["state"]) == (201, "retired")
    body = {"title": "Tin", "body": "Nội dung", "channel_ids": [made.json()["id"]]}
    refused = await newsroom.client.post(f"{API}/publications", json=body, headers=newsroom.editor)
    assert refused.status_code == 409
    assert since in refused.json()["detail"]
    assert "hãy chọn Zalo" in refused.json()["detail"]


@pytest.mark.mission("M19")
async def test_what_waited_for_a_platform_that_has_ended_is_refused_with_the_reason(
    newsroom: Newsroom, forum: m.Channel
) -> None:
    """The platform ended between the approval and the time of posting."""
    later = (newsroom.clock.now() + timedelta(hours=1)).isoformat()
    made = await newsroom.approved(newsroom.bulletin, forum, scheduled_at=later)
    async with newsroom.db.transaction() as session:
        held = await session.get(m.Channel, forum.id)
        assert held is not None
        held.kind, held.state = "gapo", "retired"
    newsroom.clock.advance(timedelta(hours=2))
    await newsroom.deliver()
    now = await newsroom.read(made)
    assert (now["state"], on(now, forum)["state"]) == ("partly_published", "rejected")
    assert "8/2023" in on(now, forum)["error"]
