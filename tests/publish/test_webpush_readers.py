"""Readers' browsers: signing up, changing, leaving; what is kept of them, and who cannot make us write where."""

import base64
import json
import re
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.publish.credentials import Vault
from services.publish.push.service import Browser
from services.publish.rotation import rotate
from tests.publish.newsroom import API, KEY, Newsroom
from tests.publish.pushing import ORIGIN, SECRET, TOPIC, PushRoom

SUBSCRIPTIONS = f"{API}/push/subscriptions"
ELSEWHERE = (
    "http://fcm.googleapis.com/fcm/send/x",
    "https://fcm.googleapis.com.ke-gian.example/x",
    "https://ke-gian.example/fcm.googleapis.com",
    "https://fcm.googleapis.com@ke-gian.example/x",
    "https://fcm.googleapis.com:8443/x",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/x",
    "https://fcm.googleapis.com/x#y",
    "https://fcm.googleapis.com\\@ke-gian.example/x",
    "http://127.0.0.1:5432/",
    "file:///etc/passwd",
    "//fcm.googleapis.com/x",
    "https://",
)
NO_KEYS: tuple[dict[str, str], ...] = (
    {"auth": "AAAA"},
    {"p256dh": base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).decode().rstrip("=")},
    {"p256dh": base64.urlsafe_b64encode(b"\x02" + b"\x01" * 32).decode().rstrip("=")},
    {"p256dh": "không phải base64"},
)


def auth_of(browser: dict[str, Any]) -> dict[str, str]:
    return {"endpoint": browser["endpoint"], "auth": browser["keys"]["auth"]}


async def test_a_browser_signs_up_changes_and_leaves(pushroom: PushRoom) -> None:
    browser = await pushroom.browser("may")
    unknown = await pushroom.ask("/show", **auth_of(browser))
    assert unknown.status_code == 404
    for _ in range(2):
        answer = await pushroom.ask("", subscription=browser, topics=[TOPIC])
        assert (answer.status_code, answer.json()) == (200, {"topics": [TOPIC]})
    assert len(await pushroom.subscriptions()) == 1
    assert (await pushroom.ask("/show", **auth_of(browser))).json() == {"topics": [TOPIC]}
    for _ in range(2):
        assert (await pushroom.ask("/leave", **auth_of(browser))).status_code == 204
    assert not await pushroom.subscriptions()


@pytest.mark.mission("M37")
async def test_nothing_of_a_reader_lies_open(pushroom: PushRoom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="lantoa")
    browser = await pushroom.browser("may")
    headers = ORIGIN | {"User-Agent": "Mozilla/5.0 (Tre Xanh 9)", "X-Forwarded-For": "203.0.113.77"}
    body = {"subscription": browser, "topics": [TOPIC]}
    assert (await pushroom.room.client.post(SUBSCRIPTIONS, json=body, headers=headers)).status_code == 200
    await pushroom.published(title="Tin KIN")
    await pushroom.fault("http_status", status=500)
    await pushroom.turn()
    said = [caplog.text, repr(pushroom.push), repr(pushroom.room.resources)]
    async with pushroom.room.db.transaction() as session:
        for table in ("push_subscriptions", "push_sends", "push_notices", "audit_log", "outbox", "deliveries"):
            said += list(await session.scalars(text(f"SELECT t::text FROM {table} t")))
    for secret in (SECRET, browser["keys"]["auth"], browser["keys"]["p256dh"], "Tre Xanh", "203.0.113.77"):
        assert not [words for words in said if secret in words]


async def test_a_browser_with_a_new_address_keeps_its_topics(pushroom: PushRoom) -> None:
    """`pushsubscriptionchange`: the push service gave it another endpoint."""
    await pushroom.subscribed("cu")
    old, new = await pushroom.browser("cu"), await pushroom.browser("moi")
    answer = await pushroom.ask("", subscription=new, replaces=auth_of(old))
    assert (answer.status_code, answer.json()) == (200, {"topics": [TOPIC]})
    assert (await pushroom.ask("/show", **auth_of(old))).status_code == 404
    assert len(await pushroom.subscriptions()) == 1
    nobody = await pushroom.browser("la")
    assert (await pushroom.ask("", subscription=nobody, replaces=auth_of(old))).status_code == 404


async def test_nobody_changes_or_ends_what_is_anothers(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    browser, thief = await pushroom.browser("may"), await pushroom.browser("ke-gian")
    stolen = browser | {"keys": thief["keys"]}
    assert (await pushroom.ask("", subscription=stolen, topics=[TOPIC])).status_code == 403
    assert (await pushroom.ask("/leave", **auth_of(stolen))).status_code == 204
    assert (await pushroom.ask("/show", **auth_of(stolen))).status_code == 404
    [row] = await pushroom.subscriptions()
    kept = Browser.of(pushroom.push.vault.open(row.id, row.ciphertext))
    assert kept.endpoint == browser["endpoint"]


async def test_an_endpoint_leads_to_push_services_alone(pushroom: PushRoom) -> None:
    browser = await pushroom.browser("may")
    for endpoint in ELSEWHERE:
        answer = await pushroom.ask("", subscription=browser | {"endpoint": endpoint}, topics=[TOPIC])
        assert answer.status_code == 422, endpoint
    assert not await pushroom.subscriptions()


async def test_keys_have_to_be_keys(pushroom: PushRoom) -> None:
    """A point that is not on the curve would give our own key away bit by bit."""
    browser = await pushroom.browser("may")
    for changes in NO_KEYS:
        wrong = browser | {"keys": browser["keys"] | changes}
        answer = await pushroom.ask("", subscription=wrong, topics=[TOPIC])
        assert answer.status_code == 422, changes


async def test_other_sites_cannot_sign_their_visitors_up(pushroom: PushRoom) -> None:
    body = {"subscription": await pushroom.browser("may"), "topics": [TOPIC]}
    for headers in (
        {"Origin": "https://ke-gian.example"},
        {"Origin": "https://tin.example.vn", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ):
        answer = await pushroom.room.client.post(SUBSCRIPTIONS, json=body, headers=headers)
        assert answer.status_code == 403, headers
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = ORIGIN | {"Content-Type": kind}
        answer = await pushroom.room.client.post(SUBSCRIPTIONS, content=json.dumps(body), headers=headers)
        assert answer.status_code == 403, kind
        assert "access-control-allow-origin" not in answer.headers
    assert not await pushroom.subscriptions()


async def test_topics_are_those_that_the_page_offers(pushroom: PushRoom) -> None:
    browser = await pushroom.browser("may")
    for topics in (["khong-co"], [TOPIC, "khong-co"], [], ["x" * 50]):
        answer = await pushroom.ask("", subscription=browser, topics=topics)
        assert answer.status_code == 422, topics


async def test_one_address_signs_up_only_so_many(pushroom: PushRoom) -> None:
    pushroom.push.settings.asks_per_hour = 3
    browser = await pushroom.browser("may")
    answers = [(await pushroom.ask("", subscription=browser, topics=[TOPIC])).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]


async def test_there_is_room_for_so_many_and_no_more(pushroom: PushRoom) -> None:
    pushroom.push.settings.most = 1
    await pushroom.subscribed("mot")
    other = await pushroom.browser("hai")
    assert (await pushroom.ask("", subscription=other, topics=[TOPIC])).status_code == 503
    again = await pushroom.browser("mot")
    assert (await pushroom.ask("", subscription=again, topics=[TOPIC])).status_code == 200


async def test_endpoints_are_sealed_anew_with_the_key_that_takes_over(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    vault = Vault(SecretStr("khoa-moi-" * 5), [SecretStr(KEY)])
    done = await rotate(pushroom.room.db, vault)
    assert (done.rotated, done.remaining) == (1, 0)
    [row] = await pushroom.subscriptions()
    assert row.key_id == vault.key_id
    alone = Vault(SecretStr("khoa-moi-" * 5))
    assert Browser.of(alone.open(row.id, row.ciphertext)).endpoint.endswith("may")


# --- the page ---


async def test_the_page_runs_our_own_scripts_and_nothing_else(pushroom: PushRoom) -> None:
    client = pushroom.room.client
    there = await client.get("/thong-bao")
    assert (there.status_code, there.headers["location"]) == (308, "/thong-bao/")
    page = await client.get("/thong-bao/")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "default-src 'none'" in policy
    assert pushroom.push.vapid.public_text in page.text
    assert "Tin khẩn" in page.text
    assert not re.search(r"<script(?![^>]*src=\"/thong-bao/)[^>]*>|\son\w+=|javascript:|style=", page.text)
    assert "set-cookie" not in page.headers
    for name in ("dang-ky.js", "sw.js"):
        script = await client.get(f"/thong-bao/{name}")
        assert script.headers["content-type"].startswith("text/javascript")
        assert script.headers["cache-control"] == "no-cache"
        assert not re.search(r"https?://|importScripts|eval\(|innerHTML", script.text)
    manifest = (await client.get("/thong-bao/manifest.webmanifest")).json()
    icon = await client.get(manifest["icons"][0]["src"])
    assert icon.content.startswith(b"\x89PNG")
    assert (await client.get("/thong-bao/khong-co")).status_code == 404


async def test_without_a_key_pair_nobody_can_sign_up(newsroom: Newsroom) -> None:
    page = await newsroom.client.get("/thong-bao/")
    assert page.status_code == 200
    assert "chưa gửi thông báo" in page.text
    assert "<script" not in page.text
    answer = await newsroom.client.post(
        f"{SUBSCRIPTIONS}/leave", json={"endpoint": "https://x", "auth": "AA"}, headers=ORIGIN
    )
    assert answer.status_code == 404
