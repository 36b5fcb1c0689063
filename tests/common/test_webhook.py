"""What another program is told: signed so that the published standard verifies it, and only where it may go."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from libs.common.clock import FrozenClock
from libs.common.http import Address
from libs.common.local.paths import checkout
from libs.common.webhook import Poster, PostFailed, PostRefused, secret_bytes, signature
from tests.common.hook import running_hook

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = SecretStr("whsec_" + base64.b64encode(KEY).decode())
ID = UUID("01933b1e-0000-7000-8000-000000000001")
DOCUMENT = {"type": "watchdog.overdue", "message": "Đến giờ mà chưa thấy bài", "count": 1}
TOKEN = "7012345678:AAHd-khong-ai-duoc-thay"


def poster(resolves_to: str | None = None, **more: Any) -> Poster:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address(resolves_to or host)]

    return Poster(user_agent="LanToaTest/1", resolve=resolve, timeout_seconds=2, **more)


async def test_a_document_arrives_signed_over_its_bytes_and_its_instant(clock: FrozenClock) -> None:
    async with running_hook() as hook, poster() as out:
        await out.post(SecretStr(hook.url()), SECRET, DOCUMENT, ID, clock.now())
    [call] = hook.calls
    assert (call.method, call.path, call.document) == ("POST", "/bao-dong", DOCUMENT)
    assert call.headers["content-type"] == "application/json"
    assert call.headers["webhook-id"] == str(ID)
    assert call.headers["webhook-timestamp"] == str(int(clock.now().timestamp()))
    assert call.is_signed_by(KEY)
    assert not call.is_signed_by(b"x" * 32)
    assert "Đến giờ".encode() in call.body


def test_the_signature_is_the_one_of_the_standard() -> None:
    """The example of the specification's reference libraries (standard-webhooks, tests of every language)."""
    key = secret_bytes(SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    body = b'{"test": 2432232314}'
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert expected == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(key, ID, 1614265330, body) != expected


async def test_the_receivers_code_of_the_documentation_verifies_it() -> None:
    page = (checkout() / "docs" / "how-to" / "watchdog.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    async with running_hook() as hook, poster() as out:
        await out.post(SecretStr(hook.url()), SECRET, DOCUMENT, ID, datetime.now(UTC))
        await out.post(SecretStr(hook.url()), SECRET, DOCUMENT, ID, datetime.now(UTC) - timedelta(hours=1))
    fresh, stale = hook.calls
    assert names["is_ours"](fresh.headers, fresh.body, KEY)
    assert not names["is_ours"](fresh.headers, fresh.body + b" ", KEY)
    assert not names["is_ours"](fresh.headers, fresh.body, b"x" * 32)
    assert not names["is_ours"](stale.headers, stale.body, KEY)


@pytest.mark.parametrize("secret", ["short", "whsec_" + "!" * 40, "whsec_YWJj", ""])
def test_a_weak_or_broken_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        secret_bytes(SecretStr(secret))


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 429, 500, 503])
async def test_only_a_yes_is_a_yes_and_nothing_is_followed(clock: FrozenClock, status: int) -> None:
    async with running_hook() as hook, poster() as out:
        hook.status, hook.headers = status, {"Location": hook.url("/elsewhere")}
        with pytest.raises(PostFailed, match=f"127.0.0.1 answered {status}"):
            await out.post(SecretStr(hook.url()), SECRET, DOCUMENT, ID, clock.now())
    assert [call.path for call in hook.calls] == ["/bao-dong"]


async def test_one_that_keeps_silent_and_one_that_is_away(clock: FrozenClock) -> None:
    async with running_hook() as hook, Poster(user_agent="LanToaTest/1", timeout_seconds=0.3) as out:
        hook.silent = True
        began = time.monotonic()
        with pytest.raises(PostFailed, match=r"127\.0\.0\.1 did not"):
            await out.post(SecretStr(hook.url(f"/bot{TOKEN}/x")), SECRET, DOCUMENT, ID, clock.now())
        assert time.monotonic() - began < 3
    async with poster() as out:
        with pytest.raises(PostFailed, match="Could not connect"):
            await out.post(SecretStr(hook.url()), SECRET, DOCUMENT, ID, clock.now())


@pytest.mark.parametrize(
    ("url", "resolves_to", "networks"),
    [
        ("http://city.example/x", "1.1.1.1", []),
        ("http://10.1.2.3/x", None, []),
        ("https://10.1.2.3/x", None, []),
        ("https://city.example/x", "192.168.1.1", []),
        ("https://city.example/x", "169.254.169.254", ["10.0.0.0/8"]),
        ("http://city.example/x", "192.168.1.1", ["10.0.0.0/8"]),
        ("ftp://city.example/x", "1.1.1.1", []),
        ("https://user:pass@city.example/x", "1.1.1.1", []),
        ("not an address", None, []),
    ],
)
async def test_where_nothing_may_go(clock: FrozenClock, url: str, resolves_to: str | None, networks: list[str]) -> None:
    async with poster(resolves_to, networks=networks) as out:
        with pytest.raises(PostRefused) as raised:
            await out.post(SecretStr(url + f"?token={TOKEN}"), SECRET, DOCUMENT, ID, clock.now())
    assert TOKEN not in str(raised.value)
    assert "pass" not in str(raised.value)


async def test_an_administrator_opens_a_private_network(clock: FrozenClock) -> None:
    """The address is reached for, and refused by no rule of ours: nobody listens there."""
    async with poster("127.0.0.2", networks=["127.0.0.0/8"]) as out:
        with pytest.raises(PostFailed, match=r"(?i)connect") as raised:
            await out.post(SecretStr("http://so-tttt.example:9/x"), SECRET, DOCUMENT, ID, clock.now())
    assert not isinstance(raised.value, PostRefused)
