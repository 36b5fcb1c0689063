"""TikTok tells what became of a post: signed over the time and the raw bytes, each once; who waits looks at once."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from libs.common import models as m
from sandbox.platforms.tiktok.hooks import Signer
from services.publish.adapters.base import Account
from services.publish.hearing.base import Letter
from services.publish.hearing.tiktok import TiktokHook
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.creators import CASE, on_the_stage

SECRET = "bi-mat-cua-ung-dung-tiktok"
HOOK = {"hook": "http://127.0.0.1:1/hooks"}
"""An address that nobody fetches from: the test carries the letters."""


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    channel = await theatre.account(CASE, next_number())
    await on_the_stage(theatre, channel, options=HOOK)
    theatre.newsroom.resources = theatre.resources()
    return channel


def letters(theatre: Theatre) -> Iterator[tuple[bytes, dict[str, str]]]:
    """What the sandbox would send now, signed by itself; each is taken as acknowledged."""
    webhooks = theatre.app.state.world.webhooks
    while (letter := webhooks._look()) is not None:
        yield letter.body, dict(letter.endpoint.sign(letter.body, theatre.newsroom.clock.now(), False))
        webhooks._finish(letter)


async def carried(theatre: Theatre, channel: m.Channel) -> list[str]:
    """The events that arrived, by name; every letter comes twice, as TikTok may send it."""
    told = []
    for body, headers in letters(theatre):
        for _ in range(2):
            answer = await theatre.newsroom.client.post(f"/hooks/tiktok/{channel.id}", content=body, headers=headers)
            assert answer.status_code == 200, answer.text
        told.append(json.loads(body)["event"])
    return told


async def delivery_of(theatre: Theatre, made: dict[str, Any]) -> m.Delivery:
    async with theatre.newsroom.db.transaction() as session:
        found = await session.scalar(select(m.Delivery).where(m.Delivery.publication_id == made["id"]))
    assert found is not None
    return found


async def test_what_waits_for_moderation_is_looked_at_when_it_is_out(theatre: Theatre, channel: m.Channel) -> None:
    theatre.app.state.world.settings.tiktok.moderation_seconds = 7_200.0
    room = theatre.newsroom
    made = await room.approved(channel, media_ids=[await theatre.picture()])
    await room.deliver()
    assert await carried(theatre, channel) == ["post.publish.complete"]
    for _ in range(6):
        theatre.advance(max((await delivery_of(theatre, made)).not_before - room.clock.now(), timedelta()))
        await room.look()
    waiting = await delivery_of(theatre, made)
    assert (waiting.state, waiting.not_before > room.clock.now() + timedelta(minutes=10)) == ("accepted", True)

    assert waiting.committed_at is not None
    theatre.advance(timedelta(seconds=7_200) - (room.clock.now() - waiting.committed_at))
    assert await carried(theatre, channel) == ["post.publish.publicly_available"]
    woken = await delivery_of(theatre, made)
    assert woken.not_before <= room.clock.now()
    await room.look()
    assert (await delivery_of(theatre, made)).state == "published"
    async with room.db.transaction() as session:
        assert len(list(await session.scalars(select(m.PlatformEvent)))) == 2, "each once"


async def test_a_post_that_is_no_longer_there_is_looked_at_again(theatre: Theatre, channel: m.Channel) -> None:
    room = theatre.newsroom
    made = await room.published(channel, media_ids=[await theatre.picture()])
    await carried(theatre, channel)
    async with room.db.transaction() as session:
        delivery = await session.get(m.Delivery, (await delivery_of(theatre, made)).id)
        assert delivery is not None
        delivery.handle = {**delivery.handle, "looked_again": "2026-01-01T00:00:00+00:00"}
    await theatre.post("tiktok/remove", post=made["deliveries"][0]["platform_id"])
    assert await carried(theatre, channel) == ["post.publish.no_longer_publicaly_available"]
    assert "looked_again" not in (await delivery_of(theatre, made)).handle


async def test_a_permission_taken_back_closes_the_channel(theatre: Theatre, channel: m.Channel) -> None:
    await theatre.post("tiktok/tokens", account=channel.address.removeprefix("@"), revoke=True)
    assert await carried(theatre, channel) == ["authorization.removed"]
    async with theatre.newsroom.db.transaction() as session:
        after = await session.get(m.Channel, channel.id)
        tasks = list(await session.scalars(select(m.Task).where(m.Task.channel_id == channel.id)))
    assert after is not None
    assert after.state == "needs_reconnect"
    [task] = tasks
    assert "bị gỡ" in task.title


# --- the signature, and whose it is ---


def test_only_these_bytes_at_about_this_time_are_genuine() -> None:
    now, body = NOW, b'{"event":"post.publish.complete"}'
    account = Account(uuid4(), {}, {"client_secret": SECRET})

    def letter(at: Any, signed_by: str = SECRET, sent: bytes = body) -> Letter:
        signed = hmac.new(signed_by.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return Letter({"tiktok-signature": f"t={at},s={signed}"}, sent, now)

    hook, seconds = TiktokHook(), int(now.timestamp())
    assert hook.is_genuine(letter(seconds), account, "")
    assert hook.is_genuine(letter(seconds - 299), account, "")
    stranger = Account(uuid4(), {}, {})
    refused = [
        letter(seconds - 301),
        letter(seconds + 301),
        letter("9" * 30),
        letter(""),
        letter(seconds, "somebody-else"),
        letter(seconds, "", body),
        letter(seconds, sent=body + b" "),
        Letter({}, body, now),
        Letter({"tiktok-signature": "t=é,s=é"}, body, now),
    ]
    assert not [one for one in refused if hook.is_genuine(one, account, "")]
    assert not hook.is_genuine(letter(seconds, ""), stranger, ""), "no secret is no signature"


def test_the_sandbox_signs_as_the_documentation_says() -> None:
    """Written out by hand: HMAC-SHA256(secret, t + "." + body)."""
    told = Signer(SecretStr(SECRET))(b"{}", NOW, False)["TikTok-Signature"]
    text = f"{int(NOW.timestamp())}." + "{}"
    assert told == f"t={int(NOW.timestamp())},s={hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def test_an_account_is_known_by_its_open_id() -> None:
    hook, channel_id = TiktokHook(), uuid4()
    told = {"event": "post.publish.complete", "user_openid": "-000a", "content": '{"publish_id":"p_pub_url~1"}'}
    [heard] = hook.read(Letter({}, json.dumps(told).encode(), NOW))
    assert heard.account == "-000a"
    assert hook.is_of(Account(channel_id, {"open_id": "-000a"}), "-000a")
    assert not hook.is_of(Account(channel_id, {"open_id": "-000b"}), "-000a")
    assert hook.is_of(Account(channel_id, {}), "-000a"), "the only one of its app"
    assert hook.read(Letter({}, b'{"event":"something.new","user_openid":"x","content":"{}"}', NOW)) == []
