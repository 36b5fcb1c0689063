"""What platforms send by themselves: believed only where they signed these very bytes, and each once."""

import asyncio
import json
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.credentials import Vault
from services.publish.delivery_queries import store_limit
from services.publish.hearing import jobs as hearing_jobs
from services.publish.hearing.api import UNREADABLE
from services.publish.hearing.base import HOOKS, HearingKeys, Letter
from services.publish.hearing.kinds import HOOKS as KNOWN
from services.publish.hearing.queries import erase_comments
from services.publish.hearing.service import masked
from services.publish.limits import Limit
from services.publish.rotation import rotate
from services.publish.service.limiting import BLOCKED
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.hearing.letters import (
    WHO,
    WHO_ID,
    body_of,
    comments,
    deliver,
    everything,
    hook_of,
    listen,
    of,
    rows,
    send,
    signed,
)
from tests.publish.newsroom import API, KEY


@pytest.mark.mission("M37")
async def test_a_comment_is_kept_masked_and_without_its_writer(
    theatre: Theatre, page: m.Channel, post: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = body_of(theatre, page, of(post))
    assert await send(theatre, page, body) == 200
    [comment] = await comments(theatre.newsroom, post)
    assert comment["body"] == "Đường / ngập quá, gọi tôi [số điện thoại]"
    assert (comment["state"], comment["is_ours"]) == ("visible", False)
    held = await everything(theatre) + caplog.text
    for planted in (WHO, WHO_ID, "0912 345 678", "_77"):
        assert planted not in held
    [address] = await rows(theatre, m.ReplyAddress)
    vault = theatre.newsroom.resources.vault
    assert vault is not None
    assert vault.open(address.comment_id, address.ciphertext)["identifier"].endswith("_77")


async def test_what_the_platform_did_not_sign_leaves_nothing(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    body = body_of(theatre, page, of(post))
    good = signed(theatre, page, body)
    again = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
    assert json.loads(again) == json.loads(body)
    for sent, headers in (
        (body, {}),
        (body, {"X-Hub-Signature-256": "sha256=" + "0" * 64}),
        (body[:-1] + b" ", good),
        (body.replace(b"add", b"adm"), good),
        (again, good),
    ):
        assert await send(theatre, page, sent, headers) == 403
    assert await comments(theatre.newsroom, post) == []
    assert await rows(theatre, m.PlatformEvent) == []


async def test_sent_again_it_is_once_and_an_edit_replaces_the_words(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    body = body_of(theatre, page, of(post))
    assert list(await asyncio.gather(*(send(theatre, page, body) for _ in range(3)))) == [200] * 3
    assert len(await rows(theatre, m.PlatformEvent)) == 1
    edited = body_of(theatre, page, of(post), verb="edited", message="Đã hết ngập")
    await send(theatre, page, edited)
    [comment] = await comments(theatre.newsroom, post)
    assert comment["body"] == "Đã hết ngập"
    await send(theatre, page, body)
    assert [each["body"] for each in await comments(theatre.newsroom, post)] == ["Đã hết ngập"]


async def test_a_removed_comment_loses_its_words_and_stays_removed(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    await send(theatre, page, body_of(theatre, page, of(post), verb="remove", message=None))
    [comment] = await comments(theatre.newsroom, post)
    assert (comment["state"], comment["body"]) == ("removed", None)
    assert await rows(theatre, m.ReplyAddress) == []
    await send(theatre, page, body_of(theatre, page, of(post), created_time=1_700_000_001))
    [comment] = await comments(theatre.newsroom, post)
    assert comment["body"] is None, "one that arrives late brings nothing back"


async def test_an_edit_that_overtook_its_comment_is_the_later_word(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    await send(theatre, page, body_of(theatre, page, of(post), verb="edited", message="Đã hết ngập"))
    await send(theatre, page, body_of(theatre, page, of(post)))
    assert [each["body"] for each in await comments(theatre.newsroom, post)] == ["Đã hết ngập"]


async def test_what_our_own_people_hide_there_keeps_its_words_here(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    """Criticism that somebody hid is known to have been hidden."""
    for verb, state in (("add", "visible"), ("hide", "hidden"), ("unhide", "visible"), ("hide", "hidden")):
        theatre.advance(timedelta(seconds=5))
        await send(theatre, page, body_of(theatre, page, of(post), verb=verb))
        [comment] = await comments(theatre.newsroom, post)
        assert (comment["state"], bool(comment["body"])) == (state, True)
    url = f"{API}/publications/{post['id']}/comments/counts"
    got = await theatre.newsroom.client.get(url, headers=theatre.newsroom.editor)
    assert got.json() == [{"channel_id": str(page.id), "state": "hidden", "is_ours": False, "count": 1}]


async def test_a_crash_before_the_end_leaves_nothing_and_the_next_time_does(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    """The database fails after the event was taken: the platform is not told that all is well, and comes again."""
    body, database = body_of(theatre, page, of(post)), theatre.newsroom.db
    async with database.transaction() as session:
        fails = "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''off''; END'"
        await session.execute(text(fails))
        await session.execute(text("CREATE TRIGGER t BEFORE INSERT ON comments EXECUTE FUNCTION fails()"))
    with pytest.raises(DBAPIError):
        await send(theatre, page, body)
    assert await rows(theatre, m.PlatformEvent) == []
    async with database.transaction() as session:
        await session.execute(text("DROP TRIGGER t ON comments"))
    assert await send(theatre, page, body) == 200
    assert len(await comments(theatre.newsroom, post)) == 1


async def test_what_is_not_under_a_post_of_ours_is_not_kept(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    assert await send(theatre, page, body_of(theatre, page, "1_2")) == 200
    assert await rows(theatre, m.Comment) == []


async def test_one_callback_of_an_app_brings_what_is_of_its_pages_and_of_no_other(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    """Another page of the same app is believed by the same signature; one of another app is not."""
    other = await theatre.account(case_of("facebook"), next_number())
    made = await theatre.newsroom.approved(other)
    await deliver(theatre)
    theirs = await theatre.newsroom.read(made)
    body = body_of(theatre, other, of(theirs))
    assert await send(theatre, page, body, signed(theatre, page, body)) == 200
    assert await comments(theatre.newsroom, theirs) == [], "signed by another app"
    await theatre.connect(other, theatre.seats[page.id][1])
    assert await send(theatre, page, body, signed(theatre, page, body)) == 200
    assert len(await comments(theatre.newsroom, theirs)) == 1


async def test_a_post_that_was_removed_there_is_looked_at_again(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    async with theatre.newsroom.db.transaction() as session:
        delivery = await session.get(m.Delivery, UUID(post["deliveries"][0]["id"]))
        assert delivery is not None
        delivery.handle = {**delivery.handle, "looked_again": "2026-01-01T00:00:00+00:00"}
    await send(theatre, page, body_of(theatre, page, of(post), item="status", verb="remove"))
    async with theatre.newsroom.db.transaction() as session:
        delivery = await session.get(m.Delivery, UUID(post["deliveries"][0]["id"]))
        assert delivery is not None
        assert "looked_again" not in delivery.handle
        assert delivery.not_before == theatre.newsroom.clock.now()


async def test_the_challenge_is_answered_to_whoever_was_told_the_word(theatre: Theatre, page: m.Channel) -> None:
    hook = await hook_of(theatre.newsroom, page)
    client, path = theatre.newsroom.client, f"/hooks/facebook/{page.id}"
    assert hook["url"].endswith(path)
    asked = {"hub.mode": "subscribe", "hub.verify_token": hook["word"], "hub.challenge": "1158201444"}
    good = await client.get(path, params=asked)
    assert (good.status_code, good.text) == (200, "1158201444")
    assert good.headers["content-type"].startswith("text/plain")
    for wrong in ({"hub.verify_token": "sai"}, {"hub.challenge": "<script>"}, {"hub.mode": "x"}):
        assert (await client.get(path, params={**asked, **wrong})).status_code == 403
    refused = await client.get(f"{API}/channels/{page.id}/hook", headers=theatre.newsroom.editor)
    assert refused.status_code == 403


async def test_strangers_doors_are_not_there(theatre: Theatre, page: m.Channel) -> None:
    client = theatre.newsroom.client
    for path in (f"/hooks/facebook/{uuid4()}", f"/hooks/instagram/{page.id}", f"/hooks/la/{page.id}"):
        assert (await client.post(path, content=b"{}")).status_code == 404
    assert (await client.post(f"/hooks/facebook/{page.id}", content=b"x" * 1_000_001)).status_code == 413


async def test_a_genuine_letter_that_nobody_understands_is_no_error(
    theatre: Theatre, page: m.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    """An error would make the platform repeat it, and at last switch the hook off."""
    bodies = (b"", b"[]", b"{", b'{"entry": 5}', b'{"entry": [{"id": 1, "changes": [7]}]}', b"\xff")
    for body in bodies:
        assert await send(theatre, page, body) == 200
    assert caplog.text.count("could not be read") == len(bodies)


async def test_letters_that_no_database_holds_are_left_out(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    broken = "\x00\ud800"
    for value in ({"post_id": broken}, {"comment_id": broken}, {"post_id": broken, "item": "photo"}):
        assert await send(theatre, page, body_of(theatre, page, **{"post_id": of(post), **value})) == 200
    assert await rows(theatre, m.Comment) == []
    assert await send(theatre, page, body_of(theatre, page, of(post), message=f"Ngập{broken} quá")) == 200
    assert [each["body"] for each in await comments(theatre.newsroom, post)] == ["Ngập quá"]


NAMES = ("entry", "changes", "value", "id", "message", "chat", "field", "event", "content", "from", "reply_to_message")
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", KNOWN.names())
@given(body=st.binary(max_size=200) | TREES.map(lambda told: json.dumps(told).encode()))
def test_no_letter_breaks_a_reader(kind: str, body: bytes) -> None:
    with suppress(*UNREADABLE):
        HOOKS.get(kind).read(Letter({}, body, NOW))


@pytest.mark.parametrize("kind", hearing_jobs.readable_kinds())
async def test_comments_are_read_where_nobody_tells_us(theatre: Theatre, kind: str) -> None:
    channel = await theatre.account(case_of(kind), next_number())
    needed = await theatre.medium(case_of(kind))
    made = await theatre.newsroom.approved(channel, **({"media_ids": [needed]} if needed else {}))
    for _ in range(3):
        await deliver(theatre)
        await theatre.newsroom.look()
        theatre.advance(hearing_jobs.RETRY)
    post_id = of(await theatre.newsroom.read(made))
    replies = [{"text": "Cảm ơn, số tôi 0912345678", "author": "bimat"}, {"text": "Khi nào xong?", "author": "bimat"}]
    await theatre.post(f"{kind}/engage", post=post_id, replies=replies)
    for _ in range(2):
        assert await listen(theatre) == 1
    found = await comments(theatre.newsroom, made)
    assert sorted(str(each["body"]) for each in found) == ["Cảm ơn, số tôi [số điện thoại]", "Khi nào xong?"]
    held = await everything(theatre)
    assert "bimat" not in held
    if kind == "bluesky":
        told = (await theatre.control.get("/control/ledger")).json()["entries"]
        dids = {one["account"] for one in told if one["operation"] == "engage"}
        assert dids
        assert not [did for did in dids if did in held]


async def test_what_a_list_no_longer_shows_is_erased(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    assert await listen(theatre) == 1
    [comment] = await comments(theatre.newsroom, post)
    assert (comment["state"], comment["body"]) == ("removed", None)


async def test_what_a_list_shows_again_is_there_again(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    """A list that was empty for a while erases nothing for good."""
    await theatre.post("facebook/engage", post=of(post), replies=[{"text": "Nước ngập", "author": WHO}])
    await listen(theatre)
    async with theatre.newsroom.db.transaction() as session:
        [known] = await session.scalars(select(m.Comment))
        await erase_comments(session, [known.id], theatre.newsroom.clock.now())
    await listen(theatre)
    [comment] = await comments(theatre.newsroom, post)
    assert (comment["state"], comment["body"]) == ("visible", "Nước ngập")
    assert len(await rows(theatre, m.ReplyAddress)) == 1


def test_reading_spends_a_part_of_each_cap_and_no_cap_of_sending() -> None:
    day = timedelta(days=1)
    [mine] = hearing_jobs.shares([Limit("calls", 4800, day, costs={"publish": 8, "read": 1}), Limit("posts", 9, day)])
    assert (mine.points, mine.window, mine.cost("read"), mine.cost("publish")) == (1200, day, 1, 0)
    [own] = hearing_jobs.shares([Limit("posts", 9, day)])
    assert (own.cost("read"), own.cost("publish")) == (1, 0)


async def test_what_is_over_the_share_waits(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    """Nothing is asked of the platform, and sending is as free as before."""
    now, name = theatre.newsroom.clock.now() + hearing_jobs.RETRY, "heard_calls"
    async with theatre.newsroom.db.transaction() as session:
        await store_limit(session, page.id, name, [[now.isoformat(), 1200]], None, now)
    asked = len(theatre.heard)
    await listen(theatre)
    assert len(theatre.heard) == asked
    made = await theatre.newsroom.approved(page, title="Đường Trần Quốc Hoàn thông xe")
    await deliver(theatre)
    assert (await theatre.newsroom.read(made))["deliveries"][0]["state"] == "published"


async def test_a_platform_that_wants_to_be_left_alone_is(
    theatre: Theatre, page: m.Channel, post: dict[str, Any]
) -> None:
    await theatre.fault(case_of("facebook"), "comments", "throttle", seconds=3_600)
    await listen(theatre)
    asked = len(theatre.heard)
    await listen(theatre)
    assert len(theatre.heard) == asked
    async with theatre.newsroom.db.transaction() as session:
        known = await session.get(m.ChannelLimit, (page.id, BLOCKED))
    assert known is not None
    assert known.blocked_until is not None
    assert known.blocked_until > theatre.newsroom.clock.now()


async def test_comments_of_another_unit_are_not_there(
    theatre: Theatre, post: dict[str, Any], signed_in: Any, make: Make
) -> None:
    stranger = await signed_in(Role.EDITOR, unit_id=(await make.unit()).id)
    theirs = await theatre.newsroom.client.get(f"{API}/publications/{post['id']}/comments", headers=stranger)
    assert theirs.status_code == 404


async def test_old_events_and_addresses_are_forgotten(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    theatre.advance(hearing_jobs.READ_FOR)
    await hearing_jobs.forget(theatre.newsroom.context)
    assert await rows(theatre, m.PlatformEvent) == []
    assert await rows(theatre, m.ReplyAddress) == []


async def test_addresses_follow_the_key(theatre: Theatre, page: m.Channel, post: dict[str, Any]) -> None:
    await send(theatre, page, body_of(theatre, page, of(post)))
    vault = Vault(SecretStr("k" * 40), [SecretStr(KEY)])
    done = await rotate(theatre.newsroom.worker_db, vault)
    assert (done.remaining, done.unreadable) == (0, [])
    [address] = await rows(theatre, m.ReplyAddress)
    fresh = Vault(SecretStr("k" * 40))
    assert fresh.open(address.comment_id, address.ciphertext)["identifier"].endswith("_77")


def test_what_was_stored_before_a_rotation_is_known_again() -> None:
    old, new = SecretStr("a" * 40), SecretStr("b" * 40)
    before, after = HearingKeys.of(old), HearingKeys.of(new, [old])
    assert before.digests("x")[0] == after.digests("x")[1] != after.digests("x")[0]
    channel = uuid4()
    assert before.word(channel) in after.words(channel)


def test_words_are_masked_and_cut() -> None:
    assert masked("  Gọi 0912 345 678\x00 ") == "Gọi [số điện thoại]"
    assert len(masked("á" * 6_000)) == 5_000
