"""The product's own Bluesky channel on a real network, through the whole service: drafted, approved, sent, confirmed,
counted, corrected and taken down, with the protocol's own servers to tell what is there."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common import models as m
from services.publish import jobs
from services.publish.adapters import atproto as wire
from services.publish.adapters.base import Prepared, Published
from services.publish.service import outcomes, sending
from tests.publish.network.people import POST, Network, Person
from tests.publish.newsroom import Newsroom
from tests.publish.pictures import png, shelve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
async def city(atproto: Network) -> Person:
    return await atproto.join("thanhpho")


@pytest.fixture
async def channel(newsroom: Newsroom, atproto: Network, city: Person) -> m.Channel:
    return await newsroom.register_bluesky(atproto.pds, city.handle, city.app_password)


def on(publication: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    return next(d for d in publication["deliveries"] if d["channel_id"] == str(channel.id))


async def until(read: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """The first answer that is something: readers' apps are behind the repositories."""
    for _ in range(int(seconds / 0.2)):
        if found := await read():
            return found
        await asyncio.sleep(0.2)
    pytest.fail(f"nothing was seen within {seconds} s")


async def leads_to(newsroom: Newsroom, link: str) -> str:
    """The page behind a short link of our own domain."""
    answer = await newsroom.client.get(link.removeprefix("https://tin.example.vn"))
    return urlsplit(answer.headers["location"]).path


async def view(network: Network, uri: str) -> Any:
    posts = (await network.seen("app.bsky.feed.getPosts", uris=[uri])).json()["posts"]
    return posts[0] if posts else None


async def opened(newsroom: Newsroom, channel: m.Channel) -> Any:
    async with newsroom.db.transaction() as session:
        row = await session.get(m.Channel, channel.id)
        assert row is not None
        return await sending.open_account(session, row, newsroom.resources)


@pytest.mark.mission("M18")
@pytest.mark.mission("M29")
async def test_vietnamese_words_links_and_a_picture_arrive_whole(
    newsroom: Newsroom, channel: m.Channel, atproto: Network, city: Person
) -> None:
    picture, title = png(colour=(7, 90, 40)), "Cầu vượt Ô Chợ Dừa 🚧 thông xe #HàNội"
    media = [str(await shelve(newsroom, picture, alt="Cầu vượt nhìn từ phố Xã Đàn"))]
    done = await newsroom.published(newsroom.bulletin, channel, title=title, media_ids=media)
    delivery = on(done, channel)
    assert (done["state"], delivery["state"]) == ("published", "published")
    assert delivery["platform_id"] == f"at://{city.did}/{POST}/{wire.tid(UUID(delivery['id']))}"

    kept = await atproto.record(delivery["platform_id"])
    assert kept
    raw = kept["value"]["text"].encode()
    words = [raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in kept["value"]["facets"]]
    assert words == ["#HàNội", kept["value"]["text"].rsplit("\n\n", 1)[-1]]
    assert await leads_to(newsroom, words[1]) == f"/tin/{done['slug']}"
    blob = kept["value"]["embed"]["images"][0]["image"]
    got = await atproto.read("com.atproto.sync.getBlob", did=city.did, cid=blob["ref"]["$link"])
    assert hashlib.sha256(got.content).digest() == hashlib.sha256(picture).digest()

    seen = await until(lambda: view(atproto, delivery["platform_id"]))
    assert seen["embed"]["$type"] == "app.bsky.embed.images#view"
    assert seen["embed"]["images"][0]["alt"] == "Cầu vượt nhìn từ phố Xã Đàn"
    assert seen["embed"]["images"][0]["aspectRatio"] == {"width": 64, "height": 48}
    assert seen["record"]["text"].startswith(title)


@pytest.mark.mission("M18")
async def test_a_link_is_shown_as_a_card(newsroom: Newsroom, channel: m.Channel, atproto: Network) -> None:
    done = await newsroom.published(newsroom.bulletin, channel)
    seen = await until(lambda: view(atproto, on(done, channel)["platform_id"]))
    card = seen["embed"]["external"]
    assert await leads_to(newsroom, card["uri"]) == f"/tin/{done['slug']}"
    assert card["title"] == done["title"]


@pytest.mark.mission("M18")
@pytest.mark.mission("M31")
async def test_what_others_do_with_it_is_read_back_as_figures(
    newsroom: Newsroom, channel: m.Channel, atproto: Network
) -> None:
    reader = await atproto.join("nguoidoc")
    done = await newsroom.published(newsroom.bulletin, channel)
    uri = on(done, channel)["platform_id"]
    kept = await atproto.record(uri)
    assert kept
    ref = {"uri": uri, "cid": kept["cid"]}
    await atproto.write(reader, "app.bsky.feed.like", subject=ref)
    await atproto.write(reader, "app.bsky.feed.repost", subject=ref)
    await atproto.write(reader, POST, text="Cảm ơn, đường đã thoáng", reply={"root": ref, "parent": ref})
    quote = {"$type": "app.bsky.embed.record", "record": ref}
    await atproto.write(reader, POST, text="Tin vui", embed=quote)

    async def figures() -> dict[str, Any] | None:
        newsroom.clock.advance(timedelta(minutes=20))
        await jobs.collect_engagement(newsroom.context)
        newest = {e["metric"]: e["value"] for e in (await newsroom.read(done))["engagement"]}
        return newest if newest.get("replies") and newest.get("quotes") and newest.get("likes") else None

    assert await until(figures) == {"likes": 1, "reposts": 1, "replies": 1, "quotes": 1, "views": None}


@pytest.mark.mission("M30")
async def test_what_is_withdrawn_is_gone_from_the_repository_and_from_readers_apps(
    newsroom: Newsroom, channel: m.Channel, atproto: Network
) -> None:
    media = [str(await shelve(newsroom, png(colour=(1, 2, 3))))]
    done = await newsroom.published(newsroom.bulletin, channel, media_ids=media)
    uri = on(done, channel)["platform_id"]
    await until(lambda: view(atproto, uri))
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai số liệu")
    await newsroom.take_down()
    after = await newsroom.read(done)
    assert [d["state"] for d in after["deliveries"]] == ["withdrawn", "withdrawn"]
    assert await atproto.record(uri) is None

    async def gone() -> bool:
        return await view(atproto, uri) is None

    assert await until(gone)
    assert (await (await opened(newsroom, channel)).status(uri)).is_live is False


@pytest.mark.mission("M30")
async def test_a_correction_stands_below_what_it_corrects(
    newsroom: Newsroom, channel: m.Channel, atproto: Network
) -> None:
    first = await newsroom.published(newsroom.bulletin, channel)
    fixed = await newsroom.draft(
        newsroom.bulletin, channel, kind="correction", corrects_id=first["id"], title="Xe buýt 32 đổi từ 2/12"
    )
    await newsroom.act("submit", fixed, newsroom.editor)
    for speaker in (newsroom.speaker, newsroom.second_speaker):
        await newsroom.act("approve", fixed, speaker, content_hash=fixed["content_hash"])
    await newsroom.deliver()
    uri = on(first, channel)["platform_id"]

    async def answers() -> Any:
        thread = (await atproto.seen("app.bsky.feed.getPostThread", uri=uri)).json().get("thread", {})
        return [reply["post"] for reply in thread.get("replies", [])]

    [answer] = await until(answers)
    assert answer["record"]["text"].startswith("Đính chính: Xe buýt 32")
    assert answer["uri"] == on(await newsroom.read(fixed), channel)["platform_id"] != uri
    assert answer["record"]["reply"]["root"]["uri"] == uri


async def test_a_changed_record_is_what_readers_apps_show(atproto: Network, city: Person) -> None:
    """Not what the product does, which answers the original instead: the sandbox's rule is held against this."""
    first = await atproto.write(city, POST, text="Bài cũ")
    await until(lambda: view(atproto, first["uri"]))
    record = {"$type": POST, "text": "Bài mới", "createdAt": first_time(await atproto.record(first["uri"]))}
    body = {"repo": city.did, "collection": POST, "rkey": first["uri"].rsplit("/", 1)[-1], "record": record}
    changed = await atproto.call("com.atproto.repo.putRecord", city.token, **body)
    assert changed.is_success, changed.text

    async def text() -> bool:
        seen = await view(atproto, first["uri"])
        return bool(seen["record"]["text"] == "Bài mới" and seen["cid"] == changed.json()["cid"])

    assert await until(text)


def first_time(kept: dict[str, Any] | None) -> str:
    assert kept
    return str(kept["value"]["createdAt"])


@pytest.mark.mission("M18")
async def test_sending_again_leaves_one_post(newsroom: Newsroom, channel: m.Channel, atproto: Network) -> None:
    """The answer was lost and the same sending is made again, pictures and all."""
    media = [str(await shelve(newsroom, png(colour=(9, 9, 9))))]
    done = await newsroom.published(channel, media_ids=media)
    async with newsroom.db.transaction() as session:
        row = await session.scalar(select(m.Delivery).where(m.Delivery.channel_id == channel.id))
        assert row is not None
    adapted = await opened(newsroom, channel)
    prepared = Prepared.from_handle(outcomes.sending_of(row))
    again = await adapted.commit(await adapted.stage(replace(prepared, staged={})))
    assert isinstance(again, Published)
    assert again.id == on(done, channel)["platform_id"]
    assert [post.id for post in await adapted.list_posts()] == [again.id]


async def test_a_login_that_is_no_longer_good_is_opened_again_and_a_withdrawn_password_needs_a_person(
    newsroom: Newsroom, channel: m.Channel, atproto: Network, city: Person
) -> None:
    sessions = newsroom.resources.tools.sessions
    sessions[channel.id] = wire.Session(city.did, "khong-phai-ma", "cung-khong")
    done = await newsroom.published(channel, title="Tin thứ nhất")
    assert on(done, channel)["state"] == "published"
    assert (await (await opened(newsroom, channel)).health()).problem is None
    revoked = await atproto.call("com.atproto.server.revokeAppPassword", city.token, name="lantoa")
    assert revoked.is_success, revoked.text
    sessions.clear()
    stopped = await newsroom.published(channel, title="Tin thứ hai")
    assert on(stopped, channel)["state"] == "auth_required"
    problem = (await (await opened(newsroom, channel)).health()).problem
    assert problem
    assert "kết nối lại" in problem.vi
