"""What we send, opened by code of others; and what others send, taken by the push service of the sandbox."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.publish.push.encryption import MOST_PLAINTEXT, BrowserKeys, encrypt
from services.publish.push.endpoints import PushServices
from services.publish.push.vapid import unb64
from tests.publish.pushing import SUBJECT, TOPIC, VAPID_KEY, PushRoom
from tests.sandbox import npm

PACKAGES = ("http_ece@1.2.1", "jws@4.0.1", "web-push@3.6.7")
HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


async def packages() -> Path:
    return await npm.installed("web-push-3.6.7-http-ece-1.2.1-jws-4.0.1", *PACKAGES)


class Receiver:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 20)
        assert line, "the receiver ended"
        return dict(json.loads(line))


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    pipe = asyncio.subprocess.PIPE
    command = (npm.program("node"), str(HERE / "push_receiver.mjs"), str(await packages()))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield Receiver(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 10)
        process._transport.close()  # type: ignore[attr-defined]  # else its end is noticed after the loop has gone


async def test_an_independent_receiver_opens_what_we_send(pushroom: PushRoom) -> None:
    async with receiving() as receiver:
        subscription = await receiver.next()
        origin = subscription["endpoint"].removesuffix("/send/mot")
        pushroom.push.services = PushServices((origin,))
        answer = await pushroom.ask("", subscription=subscription, topics=[TOPIC])
        assert answer.status_code == 200, answer.text
        made = await pushroom.published(title="Đường Láng ngập sâu, ô tô không qua được")
        assert await pushroom.turn() == 1
        told = await receiver.next()
        assert told["signed"] is True
        assert (told["claims"]["aud"], told["claims"]["sub"]) == (origin, SUBJECT)
        assert told["key"] == pushroom.push.vapid.public_text
        shown = json.loads(told["opened"])["notification"]
        assert shown["title"] == "Đường Láng ngập sâu, ô tô không qua được"
        assert told["headers"]["topic"] == shown["tag"]
        assert 0 < int(told["headers"]["ttl"]) <= 86_400
        await pushroom.withdraw(made)
        assert await pushroom.turn() == 1
        instead = json.loads((await receiver.next())["opened"])["notification"]
        assert (instead["title"], instead["tag"]) == ("Thông báo đã được gỡ", shown["tag"])


async def test_it_opens_the_longest_message_and_the_shortest(pushroom: PushRoom) -> None:
    async with receiving() as receiver:
        subscription = await receiver.next()
        keys = BrowserKeys(unb64(subscription["keys"]["p256dh"]), unb64(subscription["keys"]["auth"]))
        token = pushroom.push.vapid.authorization("https://push.example", pushroom.room.clock.now())
        for text in ("", "ệ", "x" * MOST_PLAINTEXT):
            body = encrypt(text.encode(), keys)
            answer = await pushroom.http.post(subscription["endpoint"], content=body, headers={"Authorization": token})
            assert answer.status_code == 201
            assert (await receiver.next())["opened"] == text


async def test_what_others_send_is_taken_by_the_sandbox(pushroom: PushRoom) -> None:
    """The sandbox is held against a client that others wrote for the real push services."""
    subscription = await pushroom.browser("may")
    words = {"title": "Chào", "body": "Thử", "navigate": "https://tin.example.vn/", "tag": "t"}
    public = pushroom.push.vapid.public_text
    given = {
        "subscription": subscription,
        "vapid": {"subject": SUBJECT, "publicKey": public, "privateKey": VAPID_KEY},
        "payload": json.dumps({"web_push": 8030, "notification": words}, ensure_ascii=False),
        "options": {"TTL": 60, "urgency": "high", "topic": "chu-de"},
    }
    root = await packages()
    script = str(HERE / "push_sender.mjs")
    printed = await npm.run(npm.program("node"), script, str(root), json.dumps(given), cwd=root)
    made = json.loads(printed)
    headers = {name: str(value) for name, value in made["headers"].items() if name != "Content-Length"}
    # Its token is of the real time, to which the sandbox's clock is set.
    await pushroom.http.post("/control/reset")
    await pushroom.browser("may")
    answer = await pushroom.http.post(subscription["endpoint"], content=base64.b64decode(made["body"]), headers=headers)
    assert answer.status_code == 201, answer.text
    assert await pushroom.screens() == {"may": "Chào\n\nThử"}
