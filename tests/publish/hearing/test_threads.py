"""Threads tells of replies and of what becomes of our posts: signed with its own app's secret, each once, no writer."""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import pytest

from libs.common import models as m
from services.publish.adapters.base import Account
from services.publish.hearing.base import UNREADABLE, Commented, Letter, Touched
from services.publish.hearing.threads import ThreadsHook
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.hearing.letters import deliver, delivered, everything, hook_of, listen, of, rows

CASE = case_of("threads")
SECRET = "bi-mat-cua-ung-dung-threads"
AUTHOR = "minh.giau.ten"


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
    made = await theatre.newsroom.approved(account)
    for _ in range(3):
        await deliver(theatre)
        await theatre.newsroom.look()
    return await theatre.newsroom.read(made)


async def say(theatre: Theatre, post_id: str, *words: str) -> list[str]:
    await theatre.post("threads/engage", post=post_id, replies=[{"text": one, "author": AUTHOR} for one in words])
    items = theatre.app.state.world.ledger.current.of("threads", "reply")
    return [item.subject for item in items[-len(words) :]]


@pytest.mark.mission("M19")
async def test_told_and_read_each_is_there_once_without_who_wrote(theatre: Theatre, post: dict[str, Any]) -> None:
    """More than a page of replies, and answers to one of them."""
    assert await delivered(theatre) == [(False, 200)], "that it was published"
    first, *_ = await say(theatre, of(post), *(f"Bình luận {number} 🚧" for number in range(52)))
    await say(theatre, first, *(f"Trả lời {number}" for number in range(3)))
    assert await delivered(theatre) == [(False, 200)] * 55
    told = sorted(each.body for each in await rows(theatre, m.Comment))
    assert len(told) == 55
    assert await listen(theatre) == 1
    found = await rows(theatre, m.Comment)
    assert sorted(each.body for each in found) == told
    [above] = [each for each in found if each.body == "Bình luận 0 🚧"]
    assert sum(each.parent_digest == above.digest for each in found) == 3
    assert AUTHOR not in await everything(theatre)


async def test_what_is_hidden_there_is_hidden_here(theatre: Theatre, account: m.Channel, post: dict[str, Any]) -> None:
    first, _ = await say(theatre, of(post), "Bình luận", "Bình luận khác")
    headers = {"Authorization": f"Bearer {theatre.seats[account.id][1].secret['access_token']}"}
    hidden = await theatre.control.post(f"/threads/v1.0/{first}/manage_reply", data={"hide": "true"}, headers=headers)
    assert hidden.json() == {"success": True}
    await listen(theatre)
    found = {each.body: each.state for each in await rows(theatre, m.Comment)}
    assert found == {"Bình luận": "hidden", "Bình luận khác": "visible"}


async def test_a_forged_letter_changes_nothing(theatre: Theatre, post: dict[str, Any]) -> None:
    await delivered(theatre)
    await theatre.post("webhooks/plans", platform="threads", kind="bad_signature")
    await say(theatre, of(post), "Không phải Threads nói")
    answers = await delivered(theatre)
    assert (True, 200) not in answers
    assert answers[0][0], "the first was forged"


# --- the letter itself ---


def letter(**values: Any) -> Letter:
    told = {"app_id": "1", "topic": "moderate", "target_id": "5", "time": 9, "values": values}
    return Letter({}, json.dumps(told).encode(), NOW)


def test_only_these_bytes_are_genuine() -> None:
    body = b'{"values":{"field":"replies"},"text":"\\u0110\\u01b0\\u1eddng\\/"}'
    account = Account(UUID(int=1), {}, {"app_secret": SECRET})
    signed = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    hook = ThreadsHook()
    assert hook.is_genuine(Letter({"x-hub-signature-256": signed}, body, NOW), account, "")
    again = json.dumps(json.loads(body)).encode()
    assert not hook.is_genuine(Letter({"x-hub-signature-256": signed}, again, NOW), account, "")
    assert not hook.is_genuine(Letter({"x-hub-signature-256": signed}, body, NOW), Account(UUID(int=1), {}, {}), "")


def test_each_field_is_what_it_says() -> None:
    hook = ThreadsHook()
    root = {"id": "7", "owner_id": "17", "username": "thanhpho"}
    reply = {"id": "8", "text": "Cảm ơn", "username": "thanhpho", "replied_to": {"id": "9"}, "root_post": root}
    [ours] = hook.read(letter(field="replies", value=reply))
    assert isinstance(ours.event, Commented)
    assert (ours.account, ours.event.said.is_ours, ours.event.said.post_id, ours.event.said.parent_id) == (
        "17", True, "7", "9",
    )  # fmt: skip
    [theirs] = hook.read(letter(field="replies", value={**reply, "username": "khac", "replied_to": {"id": "7"}}))
    assert isinstance(theirs.event, Commented)
    assert (theirs.event.said.is_ours, theirs.event.said.parent_id) == (False, None)
    [gone] = hook.read(letter(field="delete", value={"id": "7"}))
    assert (gone.event, gone.account) == (Touched("7"), None)
    [out] = hook.read(letter(field="publish", value={"id": "7"}))
    assert out.event == Touched("7", is_new=True)
    assert hook.read(letter(field="mentions", value={"id": "7", "text": "x"})) == []
    with pytest.raises(UNREADABLE):
        hook.read(Letter({}, b'{"entry":[]}', NOW))
