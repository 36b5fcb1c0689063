"""Instagram's comments: told with who wrote them, read in pages with the answers below them."""

from typing import Any

import pytest

from libs.common import models as m
from services.publish.hearing.base import Commented, Letter
from services.publish.hearing.instagram import InstagramHook
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.hearing.letters import comments, deliver, delivered, everything, hook_of, listen, of, rows

CASE = case_of("instagram")
SECRET = "bi-mat-cua-ung-dung-instagram"
AUTHOR = "lan.giau.ten"


@pytest.fixture
async def account(theatre: Theatre) -> m.Channel:
    """Its app was told our address, and its secret is here."""
    channel = await theatre.account(CASE, next_number())
    _, seat = theatre.seats[channel.id]
    assert seat.control is not None
    hook = await hook_of(theatre.newsroom, channel)
    options = {**seat.control["options"], "hook": hook["url"], "app_secret": SECRET}
    await theatre.put("accounts", **{**seat.control, "options": options})
    seat.secret["app_secret"] = SECRET
    await theatre.connect(channel, seat)
    return channel


@pytest.fixture
async def post(theatre: Theatre, account: m.Channel) -> dict[str, Any]:
    made = await theatre.newsroom.approved(account, media_ids=[await theatre.medium(CASE)])
    for _ in range(3):
        await deliver(theatre)
        await theatre.newsroom.look()
    return await theatre.newsroom.read(made)


async def say(theatre: Theatre, post_id: str, *words: str) -> list[str]:
    await theatre.post("instagram/engage", post=post_id, replies=[{"text": one, "author": AUTHOR} for one in words])
    items = theatre.app.state.world.ledger.current.of("instagram", "comment")
    return [item.subject for item in items[-len(words) :]]


async def test_told_and_read_each_is_there_once_however_many_there_are(theatre: Theatre, post: dict[str, Any]) -> None:
    """More than a page of comments, and more answers below one than come with it."""
    top = [f"Bình luận {number}" for number in range(60)]
    first, *_ = await say(theatre, of(post), *top)
    below = [f"Trả lời {number}" for number in range(5)]
    await say(theatre, first, *below)
    assert await delivered(theatre) == [(False, 200)] * 65
    told = {each.body for each in await rows(theatre, m.Comment)}
    assert told == {*top, *below}
    assert await listen(theatre) == 1
    found = await rows(theatre, m.Comment)
    assert sorted(each.body for each in found) == sorted(told)
    assert len({each.parent_digest for each in found}) == 2
    assert AUTHOR not in await everything(theatre)


async def test_read_alone_they_are_the_same(theatre: Theatre, post: dict[str, Any]) -> None:
    """Nobody was told: what is read makes the same rows, and knows the answers."""
    first, *_ = await say(theatre, of(post), *(f"Bình luận {number}" for number in range(52)))
    await say(theatre, first, *(f"Trả lời {number}" for number in range(5)))
    await listen(theatre)
    found = await rows(theatre, m.Comment)
    assert len(found) == 57
    [above] = [each for each in found if each.body == "Bình luận 0"]
    assert sum(each.parent_digest == above.digest for each in found) == 5
    await delivered(theatre)
    assert len(await comments(theatre.newsroom, post)) == 50  # a page
    assert len(await rows(theatre, m.Comment)) == 57


def test_our_own_words_are_ours_and_other_fields_are_left() -> None:
    hook = InstagramHook()

    def read(field: str, writer: str) -> list[Any]:
        value = f'{{"id":"5","text":"Cảm ơn","from":{{"id":"{writer}","username":"x"}},"media":{{"id":"7"}}}}'
        change = f'{{"field":"{field}","value":{value}}}'
        body = f'{{"object":"instagram","entry":[{{"id":"17","time":1,"changes":[{change}]}}]}}'
        return [one.event for one in hook.read(Letter({}, body.encode(), NOW))]

    [ours], [theirs] = read("comments", "17"), read("comments", "18")
    assert isinstance(ours, Commented)
    assert (ours.said.is_ours, theirs.said.is_ours) == (True, False)
    assert read("story_insights", "18") == []
