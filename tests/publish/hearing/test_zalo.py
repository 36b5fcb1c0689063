"""Zalo tells that somebody wrote: signed over the raw bytes with the account's own key, taken once, masked."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from libs.common import models as m
from libs.common.events.conversation import ConversationsReceived
from sandbox.platforms.zalo.hooks import SENDER, Signer
from services.publish.adapters.base import Account
from services.publish.hearing.base import Letter, Messaged
from services.publish.hearing.zalo import ZaloHook
from tests.publish.conformance.case import Seat, case_of
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.hearing.letters import delivered, everything, hook_of, of, rows

APP, SECRET = "3550202600001", "khoa-bi-mat-cua-oa"
MILLISECONDS = int(NOW.timestamp() * 1000)
WORDS = "Hẻm 12 ngập nửa mét"


def signed(body: bytes, at: object, secret: str = SECRET) -> str:
    """Written out from the page of the platform: SHA-256(app_id + raw body + timestamp + OA secret key)."""
    return hashlib.sha256(APP.encode() + body + str(at).encode() + secret.encode()).hexdigest()


def told(**changes: Any) -> bytes:
    said = {
        "app_id": APP,
        "event_name": "user_send_text",
        "timestamp": str(MILLISECONDS),
        "sender": {"id": SENDER},
        "recipient": {"id": "4000000000000000001"},
        "user_id_by_app": "77",
        "message": {"msg_id": "96d3cdf3af150460909", "text": WORDS},
    }
    return json.dumps({**said, **changes}).encode()


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    """An account whose key we were told, and whose app was told our address."""
    case = case_of("zalo")
    seat = case.seat(number := next_number(), "http://127.0.0.1:8110")

    def with_key(number: int, url: str) -> Seat:
        return replace(seat, secret=seat.secret | {"oa_secret": SECRET})

    made = await theatre.account(replace(case, seat=with_key), number)
    assert seat.control is not None
    options = seat.control["options"] | {"oa_secret": SECRET, "hook": (await hook_of(theatre.newsroom, made))["url"]}
    await theatre.put("accounts", **{**seat.control, "options": options})
    return made


@pytest.mark.mission("M16")
async def test_a_message_is_taken_once_and_who_wrote_it_is_kept_nowhere(theatre: Theatre, channel: m.Channel) -> None:
    """One comes twice, one after a forged copy, one late: its header tells another time than its body."""
    made = await theatre.newsroom.approved(channel, media_ids=[await theatre.picture()])
    theatre.newsroom.resources = theatre.resources()
    await theatre.newsroom.deliver()
    post = of(await theatre.newsroom.read(made))
    for fault in ("duplicate", "bad_signature", "delay"):
        await theatre.post("webhooks/plans", platform="zalo", kind=fault)
    said = f"{WORDS}, gọi tôi 0912 345 678, nhà số"
    replies = [{"text": f"{said} {n}", "author": "Trần Văn Giấu Tên"} for n in range(3)]
    await theatre.post("zalo/engage", post=post, replies=replies)
    answers = await delivered(theatre)
    theatre.advance(timedelta(seconds=60))
    answers += await delivered(theatre)
    assert [status for is_forged, status in answers if is_forged] == [403]
    assert [status for is_forged, status in answers if not is_forged] == [200] * 4
    assert len(await rows(theatre, m.PlatformEvent)) == 3, "each once"
    messages = await rows(theatre, m.Comment)
    assert sorted(str(one.body) for one in messages) == [
        f"{WORDS}, gọi tôi [số điện thoại], nhà số {n}" for n in range(3)
    ]
    assert {(one.delivery_id, one.is_ours, one.state) for one in messages} == {(None, False, "visible")}
    kept = await everything(theatre)
    assert not [told for told in (SENDER, SENDER[::-1], "0912", "Trần Văn Giấu Tên", SECRET) if told in kept]
    [ends] = {one.expires_at - theatre.newsroom.clock.now() for one in await rows(theatre, m.ReplyAddress)}
    assert ends == timedelta(days=7, seconds=-60)
    assert ConversationsReceived.subject not in kept, "a letter to the account is no part of what is listened to"


def test_only_these_bytes_signed_by_the_accounts_own_key_are_genuine() -> None:
    body, hook = told(), ZaloHook()
    account = Account(uuid4(), {"app_id": APP}, {"oa_secret": SECRET, "app_secret": "khoa-cua-ung-dung"})

    def letter(mac: str, at: object | None = MILLISECONDS, sent: bytes = body) -> Letter:
        headers = {"x-zevent-signature": mac} | ({} if at is None else {"x-zevent-timestamp": str(at)})
        return Letter(headers, sent, NOW)

    later, day = MILLISECONDS + 3_600_000, 86_400_000
    genuine = [
        letter(f"mac={signed(body, MILLISECONDS)}"),
        letter(signed(body, MILLISECONDS)),
        letter(f"mac={signed(body, MILLISECONDS)}", None),
        letter(f"mac={signed(body, later)}", later),
    ]
    assert all(hook.is_genuine(one, account, "") for one in genuine)
    refused = [
        letter(f"mac={signed(body, MILLISECONDS)}", later),
        letter(f"mac={signed(body, MILLISECONDS)}", sent=body + b" "),
        letter(f"mac={signed(body, MILLISECONDS, 'khoa-cua-ung-dung')}"),
        letter(f"mac={signed(body, MILLISECONDS - day)}", MILLISECONDS - day),
        letter(f"mac={signed(body, MILLISECONDS + day)}", MILLISECONDS + day),
        letter(f"mac={signed(body, '9' * 30)}", "9" * 30),
        letter(f"mac={signed(body, 'é')}", "é"),
        letter(f"mac={signed(b'{}', '')}", None, b"{}"),
        letter("mac=é"),
        letter(""),
        Letter({}, b"\xff", NOW),
        Letter({}, json.dumps({"timestamp": "\ud800"}).encode(), NOW),
    ]
    assert not [one for one in refused if hook.is_genuine(one, account, "")]
    keyless = Account(uuid4(), {"app_id": APP}, {})
    assert not hook.is_genuine(letter(f"mac={signed(body, MILLISECONDS, '')}"), keyless, ""), "no key is no signature"


def test_the_sandbox_signs_with_the_time_of_its_header() -> None:
    headers = Signer(APP, SecretStr(SECRET))(told(), NOW, False)
    assert headers == {
        "X-ZEvent-Signature": f"mac={signed(told(), MILLISECONDS)}",
        "X-ZEvent-Timestamp": str(MILLISECONDS),
    }


def test_what_is_read_has_no_writer_and_names_the_account() -> None:
    hook = ZaloHook()
    [heard] = hook.read(Letter({}, told(), NOW))
    assert isinstance(heard.event, Messaged)
    assert (heard.event.said.text, heard.event.said.at, heard.event.said.post_id) == (WORDS, NOW, "")
    assert SENDER not in repr(heard)
    assert heard.account == "4000000000000000001"
    assert hook.is_of(Account(uuid4(), {"oa_id": "4000000000000000001"}), "4000000000000000001")
    assert not hook.is_of(Account(uuid4(), {"oa_id": "4000000000000000002"}), "4000000000000000001")
    assert hook.is_of(Account(uuid4(), {}), "4000000000000000001"), "the only one of its app"
    [picture] = hook.read(Letter({}, told(event_name="user_send_image", message={"msg_id": "1"}), NOW))
    assert isinstance(picture.event, Messaged)
    assert picture.event.said.text == "[ảnh]"
    for other in ("user_seen_message", "follow", "something_new"):
        assert hook.read(Letter({}, told(event_name=other), NOW)) == []
