"""Comments under a video are asked for, thread by thread and reply by reply, and who wrote them is let go."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from libs.common import models as m
from services.publish.adapters.base import ChannelError, Published, ReadsComments
from services.publish.adapters.youtube import Youtube
from services.publish.hearing import jobs as hearing
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import Theatre, next_number

CASE = case_of("youtube")
READER = "Một Người Đọc Rất Kín"


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    channel = await theatre.account(CASE, next_number())
    theatre.newsroom.resources = theatre.resources()
    return channel


async def out(theatre: Theatre, channel: m.Channel) -> tuple[Youtube, str]:
    """A public video, and the adapter of its channel."""
    adapter = theatre.opened(channel)
    assert isinstance(adapter, Youtube)
    assert isinstance(adapter, ReadsComments)
    done = await adapter.commit((await theatre.armed(channel, title="Tin CO-BINH-LUAN")).prepared)
    assert isinstance(done, Published), done
    return adapter, done.id


async def say(theatre: Theatre, video: str, *words: str) -> None:
    replies = [{"text": each, "author": READER} for each in words]
    await theatre.post("youtube/engage", post=video, replies=replies)


async def test_threads_and_all_their_replies_are_read_without_who_wrote_them(
    theatre: Theatre, channel: m.Channel
) -> None:
    adapter, video = await out(theatre, channel)
    await say(theatre, video, "Đường nào tắc?", "Cảm ơn thành phố")
    first = next(one for one in await adapter.comments(video) if one.text == "Đường nào tắc?")
    for number in range(7):
        said = {"snippet": {"parentId": first.id, "textOriginal": f"Trả lời {number}"}}
        done = await adapter._api.call("POST", f"{adapter._api.service}/youtube/v3/comments?part=snippet", json=said)
        assert done.status_code == 200, done.text
    read = await adapter.comments(video)
    assert [one.text for one in read if one.parent_id is None] == ["Cảm ơn thành phố", "Đường nào tắc?"]
    below = [one for one in read if one.parent_id == first.id]
    assert [one.text for one in below] == [f"Trả lời {number}" for number in range(7)], "a thread carries only five"
    assert all(one.is_ours for one in below)
    assert not any(one.is_ours for one in read if one.parent_id is None)
    assert all(one.post_id == video and one.at is not None for one in read)
    assert READER not in repr(read)


async def test_more_comments_than_a_page_holds_are_read_page_by_page(theatre: Theatre, channel: m.Channel) -> None:
    adapter, video = await out(theatre, channel)
    await say(theatre, video, *(f"Bình luận {number}" for number in range(130)))
    assert len({one.id for one in await adapter.comments(video)}) == 130


async def test_a_video_that_is_gone_has_no_comments_and_trouble_is_told(theatre: Theatre, channel: m.Channel) -> None:
    adapter, video = await out(theatre, channel)
    await theatre.fault(CASE, "commentThreads.list", "http_status", status=503)
    with pytest.raises(ChannelError):
        await adapter.comments(video)
    _, seat = theatre.seats[channel.id]
    assert seat.control is not None
    await theatre.put("accounts", **seat.control | {"options": {**seat.control["options"], "comments": False}})
    assert await adapter.comments(video) == [], "turned off"
    await theatre.put("accounts", **seat.control)
    await theatre.post("youtube/remove", post=video)
    assert await adapter.comments(video) == []


async def test_the_worker_keeps_what_was_said_masked_and_forgets_what_was_taken_back(
    theatre: Theatre, channel: m.Channel
) -> None:
    room = theatre.newsroom
    made = await room.approved(channel, media_ids=[await theatre.film()])
    await room.deliver()
    async with room.db.transaction() as session:
        delivery = await session.scalar(select(m.Delivery).where(m.Delivery.publication_id == made["id"]))
    assert delivery is not None
    assert delivery.state == "published", delivery.error
    video = str(delivery.platform_id)
    await say(theatre, video, "Gọi tôi theo số 0912345678 nhé", "Ở lại")
    theatre.advance(timedelta(minutes=30))
    await hearing.hear(room.context)
    async with room.db.transaction() as session:
        rows = list(await session.scalars(text("SELECT c::text FROM comments c")))
        bodies = list(await session.scalars(text("SELECT body FROM comments ORDER BY body")))
    assert len(bodies) == 2
    assert "0912345678" not in "".join(rows)
    assert READER not in "".join(rows)
    assert bodies[1] == "Ở lại"

    adapter = theatre.opened(channel)
    assert isinstance(adapter, Youtube)
    [other] = [one.id for one in await adapter.comments(video) if "0912" in one.text]
    await theatre.post("youtube/remove", post=other)
    theatre.advance(timedelta(minutes=30))
    await hearing.hear(room.context)
    async with room.db.transaction() as session:
        left = list(await session.scalars(text("SELECT body FROM comments WHERE state = 'visible'")))
        assert left == ["Ở lại"]
        assert "Gọi tôi" not in "".join(await session.scalars(text("SELECT c::text FROM comments c")))
