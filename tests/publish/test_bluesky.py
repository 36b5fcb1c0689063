"""Bluesky end to end against the sandbox: post, read back, count, take down, and every way an answer goes missing."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common import models as m
from services.publish import jobs
from services.publish.adapters import bluesky as adapter
from services.publish.service import sending
from tests.publish.newsroom import API, Newsroom
from tests.publish.pictures import png, shelve
from tests.publish.stage import HANDLE, PASSWORD, PUT, Stage


def on(publication: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    return next(d for d in publication["deliveries"] if d["channel_id"] == str(channel.id))


async def leads_to(newsroom: Newsroom, link: str) -> str:
    """The page behind a short link of our own domain."""
    assert link.startswith("https://tin.example.vn/l/")
    answer = await newsroom.client.get(link.removeprefix("https://tin.example.vn"))
    return urlsplit(answer.headers["location"]).path


async def settle(newsroom: Newsroom, publication: dict[str, Any], rounds: int = 12) -> dict[str, Any]:
    """Let the loops and the clock run until nothing is in doubt any more."""
    for _ in range(rounds):
        newsroom.clock.advance(timedelta(minutes=2))
        await newsroom.look()
        await newsroom.deliver()
        await newsroom.take_down()
    return await newsroom.read(publication)


@pytest.mark.mission("M18")
async def test_a_post_with_its_link_reaches_the_platform(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    done = await newsroom.published(newsroom.bulletin, bluesky, title="Cầu Ô Chợ Dừa 🚧 thông xe")
    assert done["state"] == "published"
    [post] = await stage.posts()
    link = post["text"].rsplit("\n\n", 1)[-1]
    assert post["text"].startswith("Cầu Ô Chợ Dừa 🚧 thông xe")
    assert link in post["links"]
    assert await leads_to(newsroom, link) == f"/tin/{done['slug']}"
    delivery = on(done, bluesky)
    assert delivery["platform_id"].startswith("at://did:")
    assert delivery["platform_url"].startswith("https://bsky.app/profile/did:")
    assert delivery["platform_id"].endswith(adapter.tid(UUID(delivery["id"])))


@pytest.mark.mission("M29")
async def test_the_record_on_the_platform_is_the_preview(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    made = await newsroom.draft(newsroom.bulletin, bluesky)
    url = f"{API}/publications/{made['id']}/preview"
    previews = (await newsroom.client.get(url, headers=newsroom.editor)).json()["channels"]
    payload = next(p["payload"] for p in previews if p["kind"] == "bluesky")
    await newsroom.act("submit", made, newsroom.editor)
    await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    await newsroom.deliver()
    platform_id = on(await newsroom.read(made), bluesky)["platform_id"]
    did, _, key = platform_id.removeprefix("at://").split("/")
    query = {"repo": did, "collection": adapter.COLLECTION, "rkey": key}
    got = (await stage.http.get("/bluesky/xrpc/com.atproto.repo.getRecord", params=query)).json()
    record = dict(got["value"])
    assert record.pop("createdAt")
    assert record == payload


async def test_the_bulletin_goes_first(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    made = await newsroom.approved(newsroom.bulletin, bluesky)
    assert await jobs.deliver_due(newsroom.context) == 1
    now = await newsroom.read(made)
    assert on(now, newsroom.bulletin)["state"] == "published"
    assert on(now, bluesky)["state"] == "pending"
    assert now["state"] == "publishing"
    assert await stage.posts() == []


@pytest.mark.mission("M39")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "executed_response_lost"},
        {"kind": "not_executed_timeout", "seconds": 0.2},
        {"kind": "executed_twice_on_retry"},
        {"kind": "http_status", "status": 502},
        {"kind": "http_status", "status": 503, "executed": True},
        {"kind": "http_status", "status": 500, "times": 3},
        {"kind": "executed_response_lost", "times": 3},
        {"kind": "token_expired"},
        {"kind": "token_expired", "executed": False, "times": 2},
        {"kind": "throttle"},
    ],
    ids=lambda fault: "-".join(str(v) for v in fault.values()),
)
async def test_whatever_happens_to_the_answer_there_is_one_post(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage, fault: dict[str, Any]
) -> None:
    await stage.fault(**fault)
    made = await newsroom.approved(newsroom.bulletin, bluesky)
    await newsroom.deliver()
    first = on(await newsroom.read(made), bluesky)["state"]
    assert first in {"unknown", "published", "throttled", "pending", "auth_required"}
    if first == "auth_required":
        secret = {"identifier": HANDLE, "password": "abcd-efgh-ijkl-mnop"}
        url = f"{API}/channels/{bluesky.id}/credentials"
        await newsroom.client.put(url, json={"secret": secret}, headers=newsroom.admin)
    done = await settle(newsroom, made)
    assert on(done, bluesky)["state"] == "published"
    assert done["state"] == "published"
    assert len(await stage.posts()) == 1


async def test_an_unclear_answer_is_looked_for_and_not_sent_again(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    await stage.fault("executed_response_lost")
    made = await newsroom.approved(newsroom.bulletin, bluesky)
    await newsroom.deliver()
    unclear = on(await newsroom.read(made), bluesky)
    assert unclear["state"] == "unknown"
    assert "kiểm tra lại" in unclear["error"]
    newsroom.clock.advance(timedelta(minutes=1))
    assert await newsroom.look() == 1
    found = on(await newsroom.read(made), bluesky)
    assert (found["state"], found["attempt"]) == ("published", 1)


@pytest.mark.mission("M39")
async def test_a_crash_after_arming_is_settled_by_looking(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    """The process dies between the platform's yes and our record: the row says armed, the post is there."""
    made = await newsroom.published(newsroom.bulletin, bluesky)
    async with newsroom.db.transaction() as session:
        row = await session.scalar(select(m.Delivery).where(m.Delivery.channel_id == bluesky.id))
        assert row is not None
        publication = await session.get(m.Publication, row.publication_id)
        assert publication is not None
        publication.state = "publishing"
        await session.flush()  # the guard lets nothing be armed for a publication that is through
        row.state, row.platform_id, row.platform_url, row.confirmed_at = "armed", None, None, None
    assert await newsroom.deliver() == 0
    done = await settle(newsroom, made)
    assert (on(done, bluesky)["state"], done["state"]) == ("published", "published")
    assert len(await stage.posts()) == 1


@pytest.mark.mission("M39")
async def test_a_crash_before_sending_is_sent_once(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    """The process dies after arming and before the call: nothing is there, and a repeat cannot double it."""
    await stage.fault("not_executed_timeout", seconds=0.1)
    made = await newsroom.approved(newsroom.bulletin, bluesky)
    await newsroom.deliver()
    async with newsroom.db.transaction() as session:
        row = await session.scalar(select(m.Delivery).where(m.Delivery.channel_id == bluesky.id))
        assert row is not None
        row.state = "armed"
    done = await settle(newsroom, made)
    assert on(done, bluesky)["state"] == "published"
    assert len(await stage.posts()) == 1


@pytest.mark.mission("M30")
async def test_taking_down_deletes_everywhere_and_proves_it(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    done = await newsroom.published(newsroom.bulletin, bluesky)
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai")
    await newsroom.take_down()
    now = await newsroom.read(done)
    assert [d["state"] for d in now["deliveries"]] == ["withdrawn", "withdrawn"]
    assert await stage.posts() == []


@pytest.mark.mission("M30")
async def test_a_failed_take_down_stays_open_and_asks_a_person(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    done = await newsroom.published(newsroom.bulletin, bluesky)
    await stage.fault("http_status", "com.atproto.repo.deleteRecord", status=500, times=3)
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai")
    for _ in range(3):
        await newsroom.take_down()
        newsroom.clock.advance(timedelta(minutes=2))
    open_one = on(await newsroom.read(done), bluesky)
    assert open_one["state"] == "withdrawing"
    assert len(await stage.posts()) == 1
    tasks = (await newsroom.client.get(f"{API}/tasks?state=open", headers=newsroom.editor)).json()["items"]
    assert [(t["kind"], t["link"]) for t in tasks] == [("takedown_failed", open_one["platform_url"])]
    after = await settle(newsroom, done)
    assert on(after, bluesky)["state"] == "withdrawn"
    assert await stage.posts() == []


@pytest.mark.mission("M30")
async def test_a_post_withdrawn_while_in_doubt_comes_down_too(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    await stage.fault("executed_response_lost")
    made = await newsroom.approved(newsroom.bulletin, bluesky)
    await newsroom.deliver()
    assert len(await stage.posts()) == 1
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Sai")
    done = await settle(newsroom, made)
    assert [d["state"] for d in done["deliveries"]] == ["withdrawn", "withdrawn"]
    assert await stage.posts() == []


@pytest.mark.mission("M31")
async def test_figures_are_those_of_the_platform_and_views_are_blank(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    done = await newsroom.published(newsroom.bulletin, bluesky)
    post = (await stage.posts())[0]["id"]
    await stage.post("/control/bluesky/engage", post=post, likes=7, reposts=2, replies=[{"text": "Cảm ơn"}])
    await stage.post("/control/clock/advance", seconds=60)
    newsroom.clock.advance(timedelta(minutes=6))
    await jobs.collect_engagement(newsroom.context)
    found = {e["metric"]: e for e in (await newsroom.read(done))["engagement"]}
    assert {name: e["value"] for name, e in found.items()} == {
        "likes": 7,
        "reposts": 2,
        "replies": 1,
        "quotes": 0,
        "views": None,
    }
    assert "không cung cấp lượt xem" in found["views"]["definition"]
    assert all(e["as_of"] for e in found.values())


async def test_a_wrong_password_asks_for_a_reconnect_and_stops_trying(newsroom: Newsroom, stage: Stage) -> None:
    channel = await newsroom.register_bluesky(f"{stage.url}/bluesky", HANDLE, "sai-mat-khau")
    made = await newsroom.approved(newsroom.bulletin, channel)
    await newsroom.deliver()
    stopped = on(await newsroom.read(made), channel)
    assert (stopped["state"], stopped["attempt"]) == ("auth_required", 1)
    assert "kết nối lại" in stopped["error"]
    listed = (await newsroom.client.get(f"{API}/channels", headers=newsroom.editor)).json()["items"]
    assert {c["id"]: c["state"] for c in listed}[str(channel.id)] == "needs_reconnect"
    newsroom.clock.advance(timedelta(hours=1))
    assert await newsroom.deliver() == 0
    secret = {"identifier": HANDLE, "password": "abcd-efgh-ijkl-mnop"}
    url = f"{API}/channels/{channel.id}/credentials"
    await newsroom.client.put(url, json={"secret": secret}, headers=newsroom.admin)
    await newsroom.deliver()
    assert (await newsroom.read(made))["state"] == "published"


async def test_a_server_that_is_not_there_is_tried_again_later(newsroom: Newsroom, stage: Stage) -> None:
    channel = await newsroom.register_bluesky("http://127.0.0.1:9/bluesky", HANDLE, "x")
    made = await newsroom.approved(newsroom.bulletin, channel)
    await newsroom.deliver()
    waiting = on(await newsroom.read(made), channel)
    assert (waiting["state"], waiting["error"]) == ("pending", "Không kết nối được máy chủ Bluesky")
    done = await settle(newsroom, made, rounds=2)
    assert on(done, channel)["attempt"] >= 2


async def test_one_channel_keeps_its_order(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    await stage.fault("throttle")
    first = await newsroom.approved(bluesky, title="Tin thứ nhất")
    second = await newsroom.approved(bluesky, title="Tin thứ hai")
    await newsroom.deliver()
    assert await stage.posts() == []
    await settle(newsroom, first, rounds=4)
    assert (await newsroom.read(second))["state"] == "published"
    assert [post["text"].split("\n")[0] for post in reversed(await stage.posts())] == ["Tin thứ nhất", "Tin thứ hai"]


async def test_no_secret_reaches_the_log(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await stage.fault("http_status", PUT, status=500)
    await newsroom.approved(newsroom.bulletin, bluesky)
    await newsroom.deliver()
    assert "abcd-efgh" not in caplog.text
    assert "eyJ" not in caplog.text


@pytest.mark.mission("M30")
async def test_what_was_given_up_as_undecidable_is_looked_for_when_it_is_withdrawn(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    """It stands there, nobody could see it, a person was asked; a withdrawal must not leave it standing."""
    await stage.fault("executed_response_lost")
    await stage.fault("http_status", "com.atproto.repo.listRecords", status=503, times=10)
    made = await newsroom.approved(newsroom.bulletin, bluesky)
    await newsroom.deliver()
    for _ in range(10):
        newsroom.clock.advance(timedelta(hours=1))
        await newsroom.look()
    assert on(await newsroom.read(made), bluesky)["state"] == "manual"
    assert len(await stage.posts()) == 1
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Sai")
    done = await settle(newsroom, made)
    assert [d["state"] for d in done["deliveries"]] == ["withdrawn", "withdrawn"]
    assert await stage.posts() == []


# --- pictures ---

UPLOAD = "com.atproto.repo.uploadBlob"


async def made(stage: Stage) -> list[dict[str, Any]]:
    """What was created on the platform, oldest first: the data of the ledger's entries of posts."""
    entries = (await stage.http.get("/control/ledger?platform=bluesky")).json()["entries"]
    return [e["data"] for e in entries if e["kind"] == adapter.COLLECTION and e["effect"] == "created"]


@pytest.mark.mission("M18")
async def test_pictures_arrive_as_they_are_with_what_they_show(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    files = [png(colour=(n, 80, 80)) for n in (10, 20)]
    media = [str(await shelve(newsroom, data, alt=f"Ảnh {n}")) for n, data in enumerate(files, 1)]
    done = await newsroom.published(newsroom.bulletin, bluesky, media_ids=media)
    assert on(done, bluesky)["state"] == "published"
    [post] = await made(stage)
    assert post["media_sha256"] == [hashlib.sha256(data).hexdigest() for data in files]
    images = post["record"]["embed"]["images"]
    assert [image["alt"] for image in images] == ["Ảnh 1", "Ảnh 2"]
    assert {image["aspectRatio"]["width"] for image in images} == {64}
    assert "media" not in post["record"]
    page = (await stage.http.get((await stage.posts())[0]["page"])).text
    assert 'alt="Ảnh 1"' in page


@pytest.mark.mission("M29")
async def test_the_preview_names_the_pictures_that_are_sent(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    made_here = await newsroom.draft(bluesky, media_ids=[str(await shelve(newsroom, png()))])
    url = f"{API}/publications/{made_here['id']}/preview"
    [preview] = (await newsroom.client.get(url, headers=newsroom.editor)).json()["channels"]
    await newsroom.act("submit", made_here, newsroom.editor)
    await newsroom.act("approve", made_here, newsroom.speaker, content_hash=made_here["content_hash"])
    await newsroom.deliver()
    [post] = await made(stage)
    shown = preview["payload"].pop("media")
    assert [medium["sha256"] for medium in shown] == post["media_sha256"]
    record = {name: value for name, value in post["record"].items() if name not in ("createdAt", "embed")}
    assert record == preview["payload"]


@pytest.mark.mission("M39")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "executed_response_lost"},
        {"kind": "http_status", "status": 502},
        {"kind": "token_expired"},
        {"kind": "throttle"},
        {"kind": "not_executed_timeout", "seconds": 0.1},
    ],
    ids=lambda fault: str(fault["kind"]),
)
async def test_an_upload_that_goes_wrong_is_made_again_and_posts_nothing(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage, fault: dict[str, Any]
) -> None:
    media = [str(await shelve(newsroom, png(colour=(n, 1, 1)))) for n in range(3)]
    await stage.fault(**fault, operation=UPLOAD, after=1)
    made_here = await newsroom.approved(bluesky, media_ids=media)
    await newsroom.deliver()
    if fault["kind"] != "token_expired":
        assert on(await newsroom.read(made_here), bluesky)["state"] in {"pending", "throttled"}
        assert await stage.posts() == []
    done = await settle(newsroom, made_here)
    assert on(done, bluesky)["state"] == "published"
    assert [len(post["media_sha256"]) for post in await made(stage)] == [3]


async def test_an_upload_the_platform_forgot_is_made_again(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    """The post that named the same picture goes away between uploading and sending: the upload goes with it."""
    picture = str(await shelve(newsroom, png()))
    first = await newsroom.published(bluesky, media_ids=[picture])
    await stage.fault("throttle", seconds=60)
    second = await newsroom.approved(bluesky, media_ids=[picture], title="Tin thứ hai")
    await newsroom.deliver()
    assert on(await newsroom.read(second), bluesky)["state"] == "throttled"
    await newsroom.act("withdraw", first, newsroom.speaker, reason="Sai")
    await newsroom.take_down()
    newsroom.clock.advance(timedelta(minutes=2))
    await newsroom.deliver()
    assert on(await newsroom.read(second), bluesky)["state"] == "published"
    assert [len(post["media_sha256"]) for post in await made(stage)] == [1, 1]


async def test_a_picture_the_channel_cannot_show_is_refused_at_the_desk(newsroom: Newsroom, bluesky: m.Channel) -> None:
    heavy = str(await shelve(newsroom, png().ljust(2_000_001, b".")))
    body = {"title": "Ngập", "body": "Ngập sâu.", "channel_ids": [str(bluesky.id)], "media_ids": [heavy]}
    refused = await newsroom.client.post(f"{API}/publications", json=body, headers=newsroom.editor)
    assert refused.status_code in (409, 422)
    assert "tối đa 2.0 MB" in refused.json()["detail"]


# --- corrections ---


@pytest.mark.mission("M30")
async def test_a_correction_answers_the_post_it_corrects(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    first = await newsroom.published(newsroom.bulletin, bluesky)
    fixed = await newsroom.draft(
        newsroom.bulletin, bluesky, kind="correction", corrects_id=first["id"], title="Xe buýt 32 đổi từ 2/12"
    )
    await newsroom.act("submit", fixed, newsroom.editor)
    for speaker in (newsroom.speaker, newsroom.second_speaker):
        agreed = await newsroom.act("approve", fixed, speaker, content_hash=fixed["content_hash"])
        assert agreed.status_code == 200, agreed.text
    await newsroom.deliver()
    original, correction = await made(stage)
    here = {"uri": on(first, bluesky)["platform_id"], "cid": original["cid"]}
    assert correction["record"]["reply"] == {"root": here, "parent": here}
    assert correction["record"]["text"].startswith("Đính chính: Xe buýt 32")
    assert on(await newsroom.read(fixed), bluesky)["platform_id"] != here["uri"], "a post of its own, under its own key"
    await stage.post("/control/clock/advance", seconds=2)
    query = {"uri": here["uri"]}
    thread = (await stage.http.get("/bluesky/xrpc/app.bsky.feed.getPostThread", params=query)).json()["thread"]
    assert [r["post"]["record"]["text"] for r in thread["replies"]] == [correction["record"]["text"]]


# --- the account ---


async def opened(newsroom: Newsroom, channel: m.Channel) -> Any:
    async with newsroom.db.transaction() as session:
        sealed = await session.get(m.Channel, channel.id)
        assert sealed is not None
        return await sending.open_account(session, sealed, newsroom.resources)


@pytest.mark.parametrize(("status", "words"), [("active", None), ("takendown", "cần kết nối lại")])
async def test_the_account_says_whether_it_is_open(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage, status: str, words: str | None
) -> None:
    await stage.put("/control/accounts", platform="bluesky", handle=HANDLE, password=PASSWORD, status=status)
    health = await (await opened(newsroom, bluesky)).health()
    assert (health.problem is None) if words is None else (words in health.problem.vi)
    assert health.credentials_end_at is None


async def test_what_the_account_can_do_is_asked_at_run_time(newsroom: Newsroom, bluesky: m.Channel) -> None:
    facts = await (await opened(newsroom, bluesky)).fetch_capabilities()
    assert (facts["handle"], facts["active"]) == (HANDLE, True)
    assert facts["did"].startswith("did:plc:")


@pytest.mark.mission("M39")
async def test_a_login_withdrawn_half_way_is_opened_again(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    await newsroom.published(bluesky)
    await stage.post("/control/bluesky/tokens", account=HANDLE, revoke=True)
    done = await newsroom.published(bluesky, title="Tin thứ hai")
    assert on(done, bluesky)["state"] == "published"


async def test_own_posts_are_listed_newest_first(newsroom: Newsroom, bluesky: m.Channel) -> None:
    for title in ("Tin thứ nhất", "Tin thứ hai"):
        await newsroom.published(bluesky, title=title)
        newsroom.clock.advance(timedelta(minutes=1))
    channel = await opened(newsroom, bluesky)
    listed = await channel.list_posts()
    assert [post.text.split("\n")[0] for post in listed] == ["Tin thứ hai", "Tin thứ nhất"]
    assert all(post.created_at for post in listed)
    assert len(await channel.list_posts(limit=1)) == 1


@pytest.mark.mission("M30")
async def test_a_post_that_somebody_deleted_is_known_to_be_gone(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    done = await newsroom.published(bluesky)
    channel, platform_id = await opened(newsroom, bluesky), on(done, bluesky)["platform_id"]
    assert (await channel.status(platform_id)).is_live is True
    assert (await channel.delete(platform_id)).proof == {"read": platform_id, "found": False}
    assert (await channel.status(platform_id)).is_live is False


@pytest.mark.mission("M39")
async def test_a_twin_made_by_the_platform_is_noticed_and_asked_about(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    await stage.fault("executed_twice")
    done = await newsroom.published(newsroom.bulletin, bluesky)
    assert on(done, bluesky)["state"] == "published"
    assert len(await stage.posts()) == 2
    tasks = (await newsroom.client.get(f"{API}/tasks?state=open", headers=newsroom.editor)).json()["items"]
    assert [t["kind"] for t in tasks] == ["duplicate_post"]
