"""What platforms send by themselves: believed only where they signed these very bytes, and each once."""

import hashlib
import hmac
import json
import logging
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select, text

from libs.common import models as m
from libs.common.models import Base
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from sandbox.platforms import meta
from services.publish.hearing import jobs as hearing_jobs
from services.publish.hearing.api import UNREADABLE
from services.publish.hearing.base import HOOKS, HearingKeys, Letter
from services.publish.hearing.kinds import HOOKS as KNOWN
from services.publish.hearing.service import masked
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.newsroom import API, Newsroom

WHO = "Nguyễn Thị Bí Mật"
WHO_ID = "990011223344556"


async def hook_of(newsroom: Newsroom, channel: m.Channel) -> dict[str, str]:
    got = await newsroom.client.get(f"{API}/channels/{channel.id}/hook", headers=newsroom.admin)
    assert got.status_code == 200, got.text
    return dict(got.json())


async def comments(newsroom: Newsroom, made: dict[str, Any], who: dict[str, str] | None = None) -> list[dict[str, Any]]:
    got = await newsroom.client.get(f"{API}/publications/{made['id']}/comments", headers=who or newsroom.editor)
    assert got.status_code == 200, got.text
    return list(got.json()["items"])


@pytest.fixture
async def page(theatre: Theatre) -> m.Channel:
    return await theatre.account(case_of("facebook"), next_number())


@pytest.fixture
async def post(theatre: Theatre, page: m.Channel) -> dict[str, Any]:
    made = await theatre.newsroom.approved(page)
    await _deliver(theatre)
    return await theatre.newsroom.read(made)


async def _deliver(theatre: Theatre) -> None:
    theatre.newsroom.resources = theatre.resources()
    await theatre.newsroom.deliver()


def of(made: dict[str, Any]) -> str:
    [delivery] = made["deliveries"]
    assert delivery["state"] == "published", delivery
    return str(delivery["platform_id"])


def body_of(theatre: Theatre, page: m.Channel, post_id: str, **value: Any) -> bytes:
    """As the sandbox writes it: ASCII, slashes escaped."""
    said = {
        "item": "comment",
        "verb": "add",
        "post_id": post_id,
        "comment_id": f"{post_id.partition('_')[2]}_77",
        "parent_id": post_id,
        "from": {"id": WHO_ID, "name": WHO},
        "message": "Đường / ngập quá, gọi tôi 0912 345 678",
        "created_time": 1_700_000_000,
    }
    change = {"field": "feed", "value": {**said, **value}}
    return meta.event("page", str(page.settings["page"]), theatre.newsroom.clock.now(), [change])


def signed(theatre: Theatre, page: m.Channel, body: bytes) -> dict[str, str]:
    secret = str(theatre.seats[page.id][1].secret["app_secret"])
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def send(theatre: Theatre, page: m.Channel, body: bytes, headers: dict[str, str] | None = None) -> int:
    url = f"/hooks/facebook/{page.id}"
    told = signed(theatre, page, body) if headers is None else headers
    return (await theatre.newsroom.client.post(url, content=body, headers=told)).status_code


async def rows(theatre: Theatre, table: type[Base]) -> list[Any]:
    async with theatre.newsroom.db.transaction() as session:
        return list(await session.scalars(select(table)))


async def everything(theatre: Theatre) -> str:
    """All that our database holds, whoever wrote it."""
    async with theatre.newsroom.db.transaction() as session:
        tables = [table.name for table in Base.metadata.sorted_tables]
        found = [list(await session.execute(text(f'SELECT t::text FROM "{name}" t'))) for name in tables]
    return "\n".join(str(row) for of_table in found for row in of_table)


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
    assert [await send(theatre, page, body) for _ in range(3)] == [200] * 3
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
    await _deliver(theatre)
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


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"entry": 5}', b'{"entry": [{"id": 1, "changes": [7]}]}', b"\xff"]
)
async def test_a_genuine_letter_that_nobody_understands_is_no_error(
    theatre: Theatre, page: m.Channel, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """An error would make the platform repeat it, and at last switch the hook off."""
    assert await send(theatre, page, body) == 200
    assert "could not be read" in caplog.text


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


@pytest.mark.parametrize("kind", ["facebook", "instagram", "mastodon", "bluesky"])
async def test_comments_are_read_where_nobody_tells_us(theatre: Theatre, kind: str) -> None:
    channel = await theatre.account(case_of(kind), next_number())
    needed = await theatre.medium(case_of(kind))
    made = await theatre.newsroom.approved(channel, **({"media_ids": [needed]} if needed else {}))
    for _ in range(3):
        await _deliver(theatre)
        await theatre.newsroom.look()
        theatre.advance(hearing_jobs.RETRY)
    post_id = of(await theatre.newsroom.read(made))
    replies = [{"text": "Cảm ơn, số tôi 0912345678", "author": "bimat"}, {"text": "Khi nào xong?", "author": "bimat"}]
    await theatre.post(f"{kind}/engage", post=post_id, replies=replies)
    for _ in range(2):
        theatre.advance(hearing_jobs.RETRY)
        theatre.newsroom.resources = theatre.resources()
        assert await hearing_jobs.hear(theatre.newsroom.context) == 1
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
    theatre.newsroom.resources = theatre.resources()
    theatre.advance(hearing_jobs.RETRY)
    assert await hearing_jobs.hear(theatre.newsroom.context) == 1
    [comment] = await comments(theatre.newsroom, post)
    assert (comment["state"], comment["body"]) == ("removed", None)


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


def test_what_was_stored_before_a_rotation_is_known_again() -> None:
    old, new = SecretStr("a" * 40), SecretStr("b" * 40)
    before, after = HearingKeys.of(old), HearingKeys.of(new, [old])
    assert before.digests("x")[0] == after.digests("x")[1] != after.digests("x")[0]
    channel = uuid4()
    assert before.word(channel) in after.words(channel)


def test_words_are_masked_and_cut() -> None:
    assert masked("  Gọi 0912 345 678\x00 ") == "Gọi [số điện thoại]"
    assert len(masked("á" * 6_000)) == 5_000
