"""The sandbox's push service by the RFCs: what it refuses, what waits, what is replaced, what runs out."""

import base64
import hashlib
import hmac
import json
import os
from datetime import datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.sandbox.city import City

SECRET = "mot-trinh-duyet-o-san-tap"
PLACE = f"/push/send/{SECRET}"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return hmac.new(hmac.new(salt, secret, hashlib.sha256).digest(), info + b"\x01", hashlib.sha256).digest()[:length]


class Sender:
    """An application server, as small as can be."""

    def __init__(self, city: City, subscription: dict[str, Any], now: float) -> None:
        self._city, self._now = city, now
        self._p256dh, self._auth = (self._read(subscription["keys"][name]) for name in ("p256dh", "auth"))
        self.key = ec.generate_private_key(ec.SECP256R1())

    @staticmethod
    def _read(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def token(self, **changes: Any) -> str:
        claims = {"aud": "http://sandbox", "exp": int(self._now + 3600), "sub": "mailto:a@b.vn"} | changes
        signed = f"{b64(json.dumps({'alg': 'ES256'}).encode())}.{b64(json.dumps(claims).encode())}"
        r, s = utils.decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"vapid t={signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={b64(point(self.key))}"

    def body(self, title: str, tag: str = "t") -> bytes:
        told = {"web_push": 8030, "notification": {"title": title, "navigate": "https://a.vn/", "tag": tag}}
        ours, salt = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self._p256dh)
        info = b"WebPush: info\x00" + self._p256dh + point(ours)
        mixed = hkdf(self._auth, ours.exchange(ec.ECDH(), theirs), info, 32)
        key = hkdf(salt, mixed, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = hkdf(salt, mixed, b"Content-Encoding: nonce\x00", 12)
        sealed = AESGCM(key).encrypt(nonce, json.dumps(told).encode() + b"\x02", None)
        return salt + (4096).to_bytes(4, "big") + bytes([65]) + point(ours) + sealed

    async def send(self, body: bytes, place: str = PLACE, **headers: str | None) -> httpx.Response:
        told: dict[str, str | None] = {"TTL": "60", "Content-Encoding": "aes128gcm", "Authorization": self.token()}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in told.items() if value is not None}
        return await self._city.http.post(place, content=body, headers=sent)


async def browser(city: City, status: str = "active", **options: Any) -> dict[str, Any]:
    body = {"platform": "push", "handle": "may", "password": SECRET, "status": status, "options": options}
    answer = await city.http.put("/control/accounts", json=body)
    assert answer.is_success, answer.text
    return dict(answer.json()["subscription"])


async def screens(city: City) -> list[str]:
    posts = (await city.http.get("/control/ledger", params={"platform": "push"})).json()["posts"]
    return [post["author"] for post in posts]


@pytest.fixture
async def sender(city: City) -> Sender:
    now = (await city.http.get("/control/clock")).json()["now"]
    return Sender(city, await browser(city), datetime.fromisoformat(now.replace("Z", "+00:00")).timestamp())


async def test_taken_and_shown(city: City, sender: Sender) -> None:
    answer = await sender.send(sender.body("Chào"))
    assert answer.status_code == 201
    assert answer.headers["location"]
    assert await screens(city) == ["Chào"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"TTL": None}, 400),
        ({"TTL": "mai"}, 400),
        ({"Topic": "x" * 33}, 400),
        ({"Topic": "a/b"}, 400),
        ({"Urgency": "now"}, 400),
        ({"Content_Encoding": "aesgcm"}, 400),
        ({"Authorization": None}, 401),
        ({"Authorization": "vapid t=a.b.c, k=AAAA"}, 401),
    ],
)
async def test_what_is_refused_unopened(sender: Sender, headers: dict[str, Any], status: int) -> None:
    assert (await sender.send(sender.body("x"), **headers)).status_code == status


async def test_tokens_are_checked(sender: Sender) -> None:
    now = sender._now
    for wrong in ({"aud": "https://other"}, {"exp": now - 1}, {"exp": now + 90_000}, {"sub": "a@b.vn"}, {"exp": None}):
        answer = await sender.send(sender.body("x"), Authorization=sender.token(**wrong))
        assert answer.status_code == 403, wrong
    assert (await sender.send(sender.body("x"))).status_code == 201
    sender.key = ec.generate_private_key(ec.SECP256R1())
    assert (await sender.send(sender.body("x"))).status_code == 403, "made for another key"


async def test_too_long_gone_and_unknown(city: City, sender: Sender) -> None:
    assert (await sender.send(b"x" * 4097)).status_code == 413
    assert (await sender.send(sender.body("x"), "/push/send/khong-co-trinh-duyet-nay")).status_code == 404
    await browser(city, "expired")
    assert (await sender.send(sender.body("x"))).status_code == 410


async def test_what_waits_is_replaced_by_topic_and_runs_out(city: City, sender: Sender) -> None:
    await browser(city, online=False)
    for title in ("cũ", "mới"):
        await sender.send(sender.body(title, tag=title), Topic="mot")
    await sender.send(sender.body("khác", tag="khác"), TTL="5")
    assert await screens(city) == []
    await city.http.post("/control/clock/advance", json={"seconds": 30})
    await browser(city, online=True)
    assert await screens(city) == ["mới"]


async def test_what_stands_is_replaced_by_tag_and_what_cannot_be_opened_is_dropped(city: City, sender: Sender) -> None:
    for title in ("một", "hai"):
        await sender.send(sender.body(title))
    assert (await sender.send(b"x" * 200)).status_code == 201, "the push service cannot know"
    assert await screens(city) == ["hai"]
    entries = (await city.http.get("/control/ledger", params={"platform": "push"})).json()["entries"]
    assert [one["operation"] for one in entries].count("unreadable") == 1
    assert SECRET not in json.dumps(entries)
