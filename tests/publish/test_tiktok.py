"""TikTok end to end on the sandbox: chunks, what the creator may, moderation, drafts, the rotating token, and the hand
that takes a post down."""

import hashlib
import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.common import models as m
from libs.common.testing.make import Make
from sandbox.counting import utf16_units
from services.publish.adapters import tiktok_upload
from services.publish.adapters.base import (
    Accepted,
    Account,
    Deleted,
    Found,
    Json,
    Medium,
    NotFound,
    NotPostable,
    Prepared,
    Published,
    Rejected,
    Rendition,
    StillLive,
    Throttled,
    Undecidable,
    Unknown,
)
from services.publish.adapters.tiktok import Tiktok
from services.publish.adapters.tiktok_status import State, progress_of
from tests.publish.conformance.drafts import PICTURE, plain, unconnected
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.creators import CASE, asked, entries, film, line_of, on_the_stage, opened, posts, prepared, ready
from tests.publish.newsroom import API, Newsroom
from tests.publish.pictures import shelve
from tests.publish.stage import Stage
from tests.publish.test_images import movie


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


# --- the arithmetic of chunks ---

MEGABYTE = 1_000_000


@given(size=st.integers(1, 4_000 * MEGABYTE))
@example(size=1)
@example(size=5 * MEGABYTE - 1)
@example(size=5 * MEGABYTE)
@example(size=64 * MEGABYTE)
@example(size=64 * MEGABYTE + 1)
@example(size=4_000 * MEGABYTE)
def test_chunks_are_as_the_documentation_counts_them(size: int) -> None:
    """Its rule, in its own words: 5 to 64 MB each; their number is the size divided by theirs, rounded down; what is
    left over goes with the last, which has at most 128 MB; under 5 MB the whole is one; at most 1,000."""
    plan = tiktok_upload.chunks(size)
    if size < 5 * MEGABYTE:
        assert (plan.chunk, plan.count) == (size, 1)
    else:
        assert 5 * MEGABYTE <= plan.chunk <= 64 * MEGABYTE
        assert plan.count * plan.chunk <= size < (plan.count + 1) * plan.chunk
    assert 1 <= plan.count <= 1_000
    lengths, at = [], 0
    while length := plan.length(at):
        lengths.append(length)
        at += length
    assert (sum(lengths), len(lengths)) == (size, plan.count)
    assert all(length == plan.chunk for length in lengths[:-1])
    assert lengths[-1] <= 128 * MEGABYTE
    assert plan.last == size - lengths[-1]


def test_the_documented_example() -> None:
    plan = tiktok_upload.chunks(50_000_123)
    assert (plan.chunk, plan.count, plan.length(plan.last)) == (10_000_000, 5, 10_000_123)
    assert [plan.length(at) for at in (1, 9_999_999, 50_000_123)] == [0, 0, 0], "chunks begin where chunks end"


# --- what can be posted ---


def moving(**changes: Any) -> Medium:
    file = Rendition("cd" * 32, "video/mp4", 3_000_000, changes.pop("width", 1080), changes.pop("height", 1920))
    return Medium("Nước lên", (file,), duration_ms=changes.pop("duration_ms", 30_000))


def composed(*media: Medium, settings: Json | None = None, **more: Any) -> Any:
    adapter: Any = unconnected("tiktok")
    if settings is not None:
        account = adapter._account
        adapter = Tiktok(Account(account.channel_id, {**account.settings, **settings}, {}), adapter._tools)
    return adapter.compose(plain(media=media, **more))


def test_text_alone_is_refused_with_the_way_out() -> None:
    with pytest.raises(NotPostable) as refused:
        composed()
    assert "thêm một video hoặc ít nhất một ảnh" in refused.value.reason.vi
    assert "bỏ kênh" in refused.value.reason.vi


@pytest.mark.parametrize(
    ("media", "words"),
    [
        ((PICTURE,) * 36, "tối đa 35"),
        ((PICTURE, moving()), "ảnh và video trong cùng một bài"),
        ((moving(duration_ms=600_001),), "tối đa 600 giây"),
        ((moving(width=320, height=240),), "cạnh từ 360"),
        ((replace(PICTURE, files=(Rendition("aa" * 32, "image/png", 9_000, 640, 480),)),), "JPEG, WEBP"),
    ],
    ids=["too many", "mixed", "too long", "too small", "png"],
)
def test_what_tiktok_takes_no_part_of_is_refused_in_words(media: tuple[Medium, ...], words: str) -> None:
    with pytest.raises(NotPostable) as refused:
        composed(*media)
    assert words in refused.value.reason.vi


@pytest.mark.parametrize("letter", ["ệ", "e\u0323\u0302", "👨‍👩‍👧‍👦"])
def test_captions_and_descriptions_keep_to_their_units_and_their_link(letter: str) -> None:
    caption = composed(moving(), body=letter * 5_000).payload["title"]
    assert 2_000 < utf16_units(caption) <= 2_200
    photo = composed(PICTURE, title=letter * 95, body=letter * 5_000).payload
    assert utf16_units(photo["title"]) <= 90
    assert 3_800 < utf16_units(photo["description"]) <= 4_000
    for text in (caption, photo["description"]):
        assert text.endswith("https://tin.example.vn/tin/xe-buyt-32")


def test_a_heading_that_the_title_cannot_hold_begins_the_description() -> None:
    short, long = composed(PICTURE), composed(PICTURE, title="Điều chỉnh " * 12)
    assert not short.payload["description"].startswith(short.payload["title"])
    assert long.payload["description"].startswith(("Điều chỉnh " * 12).strip())


def test_an_app_that_was_not_audited_posts_to_its_maker_alone_and_says_so() -> None:
    made = composed(PICTURE, settings={"audited": False, "privacy_level": "PUBLIC_TO_EVERYONE"})
    assert made.payload["privacy_level"] == "SELF_ONLY"
    assert any("chưa được duyệt" in note for note in made.notes)
    assert composed(PICTURE).payload["privacy_level"] == "PUBLIC_TO_EVERYONE"
    with pytest.raises(NotPostable, match="unknown privacy"):
        composed(PICTURE, settings={"privacy_level": "EVERYBODY"})


def test_a_video_made_by_a_model_carries_the_platforms_own_flag() -> None:
    assert composed(moving(), ai_label="Video do AI tạo").payload["is_aigc"] is True
    assert composed(moving()).payload["is_aigc"] is False
    assert "is_aigc" not in composed(PICTURE, ai_label="Ảnh do AI tạo").payload, "photos have no such flag"


# --- pictures ---


@pytest.mark.mission("M15")
async def test_pictures_are_fetched_published_and_read_back(theatre: Theatre, channel: m.Channel) -> None:
    pictures = [await theatre.new_medium(CASE) for _ in range(3)]
    done = await theatre.newsroom.approved(channel, title="Cầu Ô Chợ Dừa 🚧", media_ids=pictures)
    theatre.newsroom.resources = theatre.resources()
    await theatre.newsroom.deliver()
    read = await theatre.newsroom.read(done)
    [delivery] = read["deliveries"]
    assert (read["state"], delivery["state"]) == ("published", "published"), delivery
    assert delivery["platform_url"].startswith("http://127.0.0.1:8110/tiktok/@thanhpho")
    assert "?" not in delivery["platform_url"], "without what TikTok counts visitors by"
    [post] = await entries(theatre, "post")
    assert post["data"]["media_sha256"] == [one["data"]["sha256"] for one in await entries(theatre, "fetch")]
    assert post["data"]["info"]["auto_add_music"] is False
    assert post["data"]["info"]["brand_content_toggle"] is False
    ways = asked(theatre)
    assert ways.index("creator_info/query/") < ways.index("content/init/"), "asked before"
    assert "Cầu Ô Chợ Dừa 🚧" in (await theatre.control.get(delivery["platform_url"])).text


async def test_a_picture_that_cannot_be_fetched_posts_nothing_and_is_tried_again(
    theatre: Theatre, channel: m.Channel
) -> None:
    adapter, picture = opened(theatre, channel), await theatre.new_medium(CASE)
    armed = await theatre.armed(channel, media_ids=[picture])
    files, key = theatre.newsroom.resources.files, armed.prepared.payload["media"][0]["sha256"]
    files.delete(f"objects/{key[:2]}/{key}")
    told = await adapter.commit(armed.prepared)
    assert isinstance(told, Rejected), told
    assert not told.permanent
    assert "không tải được ảnh" in told.reason.vi
    assert not await posts(theatre)


async def test_a_lost_answer_is_looked_for_in_the_list_and_never_sent_again(
    theatre: Theatre, channel: m.Channel
) -> None:
    adapter = opened(theatre, channel)
    there = await ready(theatre, adapter, title="Tin CO-THAT")
    await theatre.fault(CASE, "content.init", "executed_response_lost")
    lost = await adapter.commit(there)
    assert isinstance(lost, Unknown), lost
    await theatre.put("lag", platform="tiktok", seconds=90, mode="steady")
    assert isinstance(await adapter.reconcile(lost.handle), Undecidable), "not listed yet is no no"
    theatre.advance(timedelta(seconds=95))
    assert isinstance(await adapter.reconcile(lost.handle), Found)

    never = await ready(theatre, adapter, title="Tin KHONG-CO")
    await theatre.fault(CASE, "content.init", "not_executed_timeout")
    lost = await adapter.commit(never)
    assert isinstance(lost, Unknown), lost
    theatre.advance(timedelta(hours=2))
    assert isinstance(await adapter.reconcile(lost.handle), Undecidable), "it may still be under moderation"
    theatre.advance(timedelta(hours=2))
    assert isinstance(await adapter.reconcile(lost.handle), NotFound)
    assert adapter.capabilities().repeatable_for is None
    assert len(await posts(theatre)) == 1


async def test_what_the_platform_posts_twice_is_seen(theatre: Theatre, channel: m.Channel) -> None:
    adapter = opened(theatre, channel)
    sent = await ready(theatre, adapter)
    await theatre.fault(CASE, "content.init", "executed_twice")
    done = await adapter.commit(sent)
    assert isinstance(done, Published), done
    found = await adapter.reconcile({**sent.as_handle(), "id": done.id})
    assert isinstance(found, Found), found
    assert len(found.duplicates) == 1


# --- videos ---


@pytest.mark.mission("M15")
async def test_a_video_longer_than_the_creator_may_is_refused_before_a_byte(
    theatre: Theatre, channel: m.Channel
) -> None:
    """The account's own limit, asked before the post; the one known when it was written may have been another."""
    await on_the_stage(theatre, channel, options={"longest": 12})
    adapter = opened(theatre, channel)
    told = await adapter.stage(await prepared(theatre, adapter, plain(media=(film(theatre),))))
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert "tối đa 12 giây" in told.reason.vi
    assert asked(theatre)[-1:] == ["creator_info/query/"], "nothing was begun"
    assert not [way for way in asked(theatre) if "init" in way]
    channel.capabilities = json.loads(json.dumps(await adapter.fetch_capabilities()))
    with pytest.raises(NotPostable) as refused:
        opened(theatre, channel).compose(plain(media=(film(theatre),)))
    assert "tối đa 12 giây" in refused.value.reason.vi, "and the next time when it is written"


async def test_a_video_goes_up_in_chunks_and_is_out_with_the_last(theatre: Theatre, channel: m.Channel) -> None:
    line = line_of(theatre)
    adapter = opened(theatre, channel, line)
    medium = film(theatre, 35_000_000)
    size = medium.files[0].size
    sent = await ready(theatre, adapter, medium, ai_label="Video do AI tạo")
    assert line.ranges == [f"bytes 0-9999999/{size}", f"bytes 10000000-19999999/{size}"]
    assert not await entries(theatre, "post"), "staged, and nothing is out"
    done = await adapter.commit(sent)
    assert isinstance(done, Published), done
    assert line.ranges[2:] == [f"bytes 20000000-{size - 1}/{size}"]
    [post] = await entries(theatre, "post")
    assert post["data"]["media_sha256"] == [medium.files[0].sha256]
    assert post["data"]["info"]["is_aigc"] is True


async def test_a_cut_within_a_chunk_is_gone_on_with_from_that_chunk(theatre: Theatre, channel: m.Channel) -> None:
    line = line_of(theatre, 13_000_000)
    medium = film(theatre, 35_000_000, 1)
    adapter = opened(theatre, channel, line)
    cut = await adapter.stage(await prepared(theatre, adapter, plain(media=(medium,))))
    assert isinstance(cut, Rejected), cut
    assert not cut.permanent
    assert cut.so_far is not None
    kept = Prepared.from_handle(json.loads(json.dumps(cut.so_far.as_handle())))
    other = opened(theatre, channel, line)  # another worker, with what was recorded
    staged = await other.stage(kept)
    assert isinstance(staged, Prepared), staged
    assert [told.partition("-")[0] for told in line.ranges] == ["bytes 0", "bytes 10000000", "bytes 10000000"]
    assert isinstance(await other.commit(staged), Published)
    assert asked(theatre).count("video/init/") == 0, "by the line"
    assert len(await entries(theatre, "post")) == 1
    assert len([one for one in await entries(theatre, "task") if one["effect"] == "created"]) == 1


LOST: tuple[tuple[str, Json], ...] = (
    ("executed_response_lost", {}),
    ("not_executed_timeout", {}),
    ("executed_twice_on_retry", {}),
    ("http_status", {"status": 503, "executed": True}),
    ("http_status", {"status": 500, "executed": False}),
)


async def test_a_lost_answer_to_the_last_chunk_leaves_one_post(theatre: Theatre, channel: m.Channel) -> None:
    adapter = opened(theatre, channel)
    for n, (kind, more) in enumerate(LOST, 1):
        sent = await ready(theatre, adapter, film(theatre, number=n))
        await theatre.fault(CASE, "video.upload", kind, **more)
        done = await adapter.commit(sent)
        assert isinstance(done, Published), (kind, done)
        assert isinstance(await adapter.commit(sent), Published), "and again, the same upload"
        assert len(await posts(theatre)) == n, kind


async def test_an_upload_that_stays_silent_is_finished_later_and_never_twice(
    theatre: Theatre, channel: m.Channel
) -> None:
    adapter = opened(theatre, channel)
    sent = await ready(theatre, adapter, film(theatre))
    await theatre.fault(CASE, "video.upload", "not_executed_timeout", times=3)
    lost = await adapter.commit(sent)
    assert isinstance(lost, Unknown), lost
    assert await adapter.reconcile(lost.handle) == NotFound(may_repeat=True)
    theatre.advance(timedelta(minutes=55))
    waits = await adapter.stage(sent)
    assert isinstance(waits, Rejected), "what was lost may still arrive while its address lives"
    assert not waits.permanent
    theatre.advance(timedelta(minutes=11))
    late = await adapter.commit(sent)
    assert isinstance(late, Rejected), late
    assert not late.permanent
    again = await adapter.stage(sent)
    assert isinstance(again, Prepared), again
    assert again.staged["publish_id"] != sent.staged["publish_id"], "begun anew"
    assert isinstance(await adapter.commit(again), Published)
    assert len(await posts(theatre)) == 1


async def test_a_worker_that_died_before_the_last_chunk_needs_nobody(theatre: Theatre, channel: m.Channel) -> None:
    """Through the loops: what was armed and never sent is found missing, and sent once."""
    armed = await theatre.armed(channel, media_ids=[await theatre.film()])
    room = theatre.newsroom
    room.resources = theatre.resources()
    for _ in range(6):
        theatre.advance(timedelta(minutes=2))
        await room.look()
        await room.deliver()
    [delivery] = (await room.read(armed.publication))["deliveries"]
    assert delivery["state"] == "published", delivery
    assert len(await posts(theatre)) == 1


async def test_what_fails_is_refused_at_once_or_told_with_its_reason(theatre: Theatre, channel: m.Channel) -> None:
    data = b"khong phai video" * 40
    theatre.newsroom.resources.files.put(data)
    file = Rendition(hashlib.sha256(data).hexdigest(), "video/mp4", len(data), 1920, 1080)
    adapter = opened(theatre, channel)
    told = await adapter.commit(await ready(theatre, adapter, Medium("Sai", (file,), duration_ms=1_000)))
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert "định dạng" in told.reason.vi

    theatre.app.state.world.settings.tiktok.processing_seconds = 20.0
    sent = await ready(theatre, adapter, film(theatre))
    await on_the_stage(theatre, channel, options={"longest": 5})  # changed meanwhile
    taken = await adapter.commit(sent)
    assert isinstance(taken, Accepted), taken
    theatre.advance(timedelta(minutes=1))
    seen = await adapter.reconcile(taken.handle)
    assert isinstance(seen, Undecidable), seen
    assert seen.is_final
    assert "duration_check_failed" in seen.reason.vi


async def test_the_address_of_an_upload_is_not_logged(
    theatre: Theatre, channel: m.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    adapter = opened(theatre, channel)
    sent = await ready(theatre, adapter, film(theatre))
    await adapter.commit(sent)
    token = sent.staged["upload_url"].rpartition("upload_token=")[2]
    assert "upload_token=…" in caplog.text
    assert token not in caplog.text


# --- what the creator may ---


async def test_what_the_creator_switched_off_stays_off(theatre: Theatre, channel: m.Channel) -> None:
    await on_the_stage(theatre, channel, options={"switched_off": ["comment", "stitch"]})
    adapter = opened(theatre, channel, disable_duet=True)
    for media in ((), (film(theatre),)):
        assert isinstance(await adapter.commit(await ready(theatre, adapter, *media)), Published)
    photo, video = (one["data"]["info"] for one in await entries(theatre, "post"))
    assert photo["disable_comment"] is True
    assert [video[f"disable_{what}"] for what in ("comment", "duet", "stitch")] == [True, True, True]


NOT_ALLOWED: tuple[tuple[Json, tuple[str, ...]], ...] = (
    ({"options": {"private": True}}, ("“mọi người”", "người theo dõi")),  # and what can be chosen
    ({"options": {"audited": False}}, ("SELF_ONLY", "riêng tư")),
    ({"options": {"verified": ["hanoi.example"]}}, ("xác minh tên miền",)),
    ({"status": "banned"}, ("cấm",)),
)


async def test_what_the_creator_or_the_app_may_not_is_said_in_words_and_never_bent(
    theatre: Theatre, channel: m.Channel
) -> None:
    for told, words in NOT_ALLOWED:
        await on_the_stage(theatre, channel, **told)
        adapter = opened(theatre, channel)
        done: Any = await adapter.stage(await prepared(theatre, adapter, await theatre.shown(CASE, plain())))
        if isinstance(done, Prepared):
            done = await adapter.commit(done)
        assert isinstance(done, Rejected), done
        assert done.permanent
        assert not [word for word in words if word not in done.reason.vi], done.reason.vi
    problem = (await opened(theatre, channel).health()).problem
    assert problem is not None
    assert "cấm" in problem.vi
    assert not await posts(theatre)


async def test_a_post_for_its_maker_alone_is_a_persons_to_look_at(theatre: Theatre, channel: m.Channel) -> None:
    """TikTok never tells its public number, so that nobody says that it is published."""
    await on_the_stage(theatre, channel, options={"audited": False, "private": True})
    adapter = opened(theatre, channel, audited=False)
    taken = await adapter.commit(await ready(theatre, adapter))
    assert isinstance(taken, Accepted), taken
    seen = await adapter.reconcile(taken.handle)
    assert isinstance(seen, Undecidable), seen
    assert seen.is_final
    assert "chỉ mình tôi" in seen.reason.vi
    assert not await posts(theatre)


async def test_the_days_cap_is_heard_whatever_the_status(theatre: Theatre, channel: m.Channel) -> None:
    await on_the_stage(theatre, channel, options={"posts_a_day": 0})
    adapter = opened(theatre, channel)
    told = await adapter.stage(await prepared(theatre, adapter, await theatre.shown(CASE, plain())))
    assert isinstance(told, Throttled), told
    assert theatre.heard[-1].status == 200
    assert (await adapter.health()).problem is None, "a cap is no fault of the account"


def test_what_we_keep_is_under_what_the_platform_keeps() -> None:
    points = {limit.name: (limit.points, limit.window) for limit in Tiktok.limits}
    assert points == {"posts": (15, timedelta(hours=24)), "started": (6, timedelta(minutes=1))}
    seat = CASE.seat(1, "http://127.0.0.1:1")
    tools: Any = unconnected("tiktok")
    drafts = Tiktok(Account(uuid4(), {**seat.settings, "mode": "inbox"}, {}), tools._tools)
    assert {limit.name: limit.points for limit in drafts.limits}["posts"] == 5


# --- moderation and drafts ---


def test_the_number_is_read_as_the_platform_spells_it() -> None:
    told = {"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": [7_512_345_678_901_234_567]}
    assert progress_of(told).posts == ("7512345678901234567",)
    assert progress_of({"status": "PUBLISH_COMPLETE", "publicly_available_post_id": [1]}).posts == ("1",)
    assert progress_of({"status": "PUBLISH_COMPLETE"}).posts == ()
    assert progress_of({"status": "SOMETHING_NEW"}).state is None
    assert progress_of({"status": "FAILED", "fail_reason": "spam_risk_text"}).state is State.FAILED


async def test_complete_is_not_published_before_moderation(theatre: Theatre, channel: m.Channel) -> None:
    theatre.app.state.world.settings.tiktok.processing_seconds = 20.0
    theatre.app.state.world.settings.tiktok.moderation_seconds = 3_600.0
    adapter = opened(theatre, channel)
    sent = [await ready(theatre, adapter), await ready(theatre, adapter, film(theatre), title="Phim")]
    handles = []
    for one in sent:
        taken = await adapter.commit(one)
        assert isinstance(taken, Accepted), taken
        handles.append(json.loads(json.dumps(taken.handle)))
        assert isinstance(await adapter.reconcile(handles[-1]), Undecidable)
    theatre.advance(timedelta(minutes=1))
    for handle in handles:
        seen = await adapter.reconcile(handle)
        assert isinstance(seen, Undecidable), seen
        assert not seen.is_final
        assert "kiểm duyệt" in seen.reason.vi
    theatre.advance(timedelta(hours=1))
    texts = {post["id"]: post["text"] for post in await posts(theatre)}
    for handle in handles:
        found = await adapter.reconcile(handle)
        assert isinstance(found, Found), found
        assert texts[found.id].startswith(handle["payload"]["title"])
        assert found.proof["publish_id"] == handle["staged"]["publish_id"]


@pytest.mark.mission("M15")
async def test_a_draft_never_counts_as_published(theatre: Theatre, channel: m.Channel) -> None:
    adapter = opened(theatre, channel, mode="inbox")
    for media in ((), (film(theatre),)):
        taken = await adapter.commit(await ready(theatre, adapter, *media))
        assert isinstance(taken, Accepted), taken
        seen = await adapter.reconcile(taken.handle)
        assert isinstance(seen, Undecidable), seen
        assert seen.is_final
        assert "hộp thư" in seen.reason.vi
    assert not await posts(theatre)


# --- taking down ---


@pytest.mark.mission("M15")
async def test_taking_down_is_a_persons_work_with_the_link_and_is_looked_at(newsroom: Newsroom, stage: Stage) -> None:
    """Through the doors of people: the task, a word said too early, the removal in the app, the closed case."""
    room, seat = newsroom, CASE.seat(next_number(), stage.url)
    await stage.put("/control/accounts", **(seat.control or {}))
    body = {"kind": "tiktok", "name": "TikTok", "address": seat.address, "settings": seat.settings}
    made = await room.client.post(f"{API}/channels", json={**body, "secret": seat.secret}, headers=room.admin)
    assert made.status_code == 201, made.text
    shown = [str(await shelve(room, movie(), mime="video/mp4", size=(1920, 1080)))]
    ids = {"channel_ids": [made.json()["id"]], "media_ids": shown}
    done = await room.published(**ids)
    [delivery] = done["deliveries"]
    assert delivery["state"] == "published", delivery
    assert (await room.act("withdraw", done, room.speaker, reason="Sai thông tin")).status_code == 200
    await room.take_down()
    [task] = (await room.client.get(f"{API}/tasks", headers=room.speaker)).json()["items"]
    assert (task["kind"], task["link"]) == ("takedown_failed", delivery["platform_url"])
    assert "TikTok không cho ứng dụng gỡ bài" in task["title"]
    room.clock.advance(timedelta(hours=6))
    assert await room.take_down() == 0, "what TikTok will never do is not asked again"

    told = {"outcome": "removed", "evidence_url": delivery["platform_url"]}
    address = f"{API}/tasks/{task['id']}/done"
    early = await room.client.post(address, json=told, headers=room.speaker)
    assert early.status_code == 409, "it stands there still"
    await stage.post("/control/tiktok/remove", post=delivery["platform_id"])
    closed = await room.client.post(address, json=told, headers=room.speaker)
    assert closed.status_code == 200, closed.text
    [after] = (await room.read(done))["deliveries"]
    assert after["state"] == "withdrawn"
    cases = (await room.client.get(f"{API}/takedowns", headers=room.speaker)).json()["items"]
    assert [case["closed_at"] is not None for case in cases] == [True]


async def test_nothing_is_claimed_to_be_gone_that_was_not_seen_to_be(theatre: Theatre, channel: m.Channel) -> None:
    adapter = opened(theatre, channel)
    done = await adapter.commit(await ready(theatre, adapter))
    assert isinstance(done, Published)
    told = await adapter.delete(done.id)
    assert isinstance(told, StillLive), told
    assert told.needs_person
    assert done.url in told.reason.vi
    await on_the_stage(theatre, channel, options={"scopes": ["video.publish"]})
    standing = await adapter.status(done.id)
    assert (standing.is_live, standing.url is not None) == (None, True), "the account lets nobody see its videos"
    problem = (await adapter.health()).problem
    assert problem is not None
    assert "quyền" in problem.vi, "and that is said before a post waits in vain to be seen"
    told = await adapter.delete(done.id)
    assert isinstance(told, StillLive), told
    assert told.needs_person
    await on_the_stage(theatre, channel)
    await theatre.post("tiktok/remove", post=done.id)
    assert isinstance(await adapter.delete(done.id), Deleted)


# --- figures and lists ---


async def test_lists_are_read_page_by_page_and_figures_by_number(theatre: Theatre, channel: m.Channel) -> None:
    theatre.app.state.world.settings.tiktok.limits = False
    adapter = opened(theatre, channel)
    sent: list[str] = []
    for n in range(22):
        done = await adapter.commit(await ready(theatre, adapter, title=f"Tin {n}"))
        assert isinstance(done, Published), done
        sent.append(done.id)
        theatre.advance(timedelta(seconds=1))
    listed = await adapter.list_posts(50)
    assert [post.id for post in listed or []] == sent[::-1]
    assert len(await adapter.list_posts(5) or []) == 5
    await theatre.post("tiktok/engage", post=sent[0], likes=5, replies=[{"text": "Hay"}])
    read = await adapter.metrics([*sent, "7500000000000000042"])
    assert {one.name: one.value for one in read[sent[0]]} == {"views": 5, "likes": 5, "comments": 1, "shares": 0}
    assert set(read) == set(sent)


# --- the sandbox is strict ---

CHUNKED = (
    ((50_000_123, 10_000_000, 5), True),
    ((50_000_123, 10_000_000, 6), False),
    ((4_000_000, 4_000_000, 1), True),
    ((4_000_000, 2_000_000, 2), False),
    ((70_000_000, 70_000_000, 1), False),
    ((4_000_000_001, 64_000_000, 62), False),
)
REFUSED: tuple[tuple[str, Json, str], ...] = (
    ("content/init/", {"media_type": "PHOTO", "post_mode": "DIRECT_POST"}, "invalid_param"),
    ("status/fetch/", {"publish_id": "p_pub_url~v2-1.1"}, "invalid_publish_id"),
    ("creator_info/query/", {"who": "me"}, "invalid_param"),
    ("video/delete/", {}, "invalid_params"),
)


async def test_the_sandbox_counts_chunks_by_itself_and_refuses_in_the_platforms_words(
    theatre: Theatre, channel: m.Channel
) -> None:
    theatre.app.state.world.settings.tiktok.limits = False
    adapter = opened(theatre, channel)
    await adapter.fetch_capabilities()
    headers = {"Authorization": f"Bearer {adapter._api.secret['access_token']}"}

    async def answered(path: str, body: Json) -> str:
        answer = await theatre.control.post(f"/tiktok/v2/post/publish/{path}", json=body, headers=headers)
        return str(answer.json()["error"]["code"])

    info = {"title": "Thử", "privacy_level": "SELF_ONLY", "brand_content_toggle": False}
    for (size, chunk, count), is_taken in CHUNKED:
        source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": count}
        told = await answered("video/init/", {"post_info": info, "source_info": source})
        assert told == ("ok" if is_taken else "invalid_param"), (size, chunk, count)
    for path, body, code in REFUSED:
        assert await answered(path, body) == code, path
