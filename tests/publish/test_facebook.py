"""A Facebook page end to end against the sandbox: once, edited, gone by a second read, errors by code, minutes."""

import hashlib
import logging
import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from libs.common import models as m
from services.publish import jobs, measure
from services.publish.adapters.base import (
    Accepted,
    Account,
    AuthRequired,
    ChannelError,
    Corrected,
    Deleted,
    Found,
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
from services.publish.adapters.facebook import Facebook
from services.publish.adapters.graph import Graph, Meaning, Refused, Usage, meaning_of
from tests.publish.conformance.drafts import NOW, plain
from tests.publish.library import jpeg, upload
from tests.publish.newsroom import API, Newsroom
from tests.publish.pictures import png, shelve
from tests.publish.stage import Stage
from tests.publish.test_images import movie

PAGE, APP, TOKEN, SECRET = "100000000003550", "355020260000001", "EAAB-ma-cua-trang-thanh-pho", "bi-mat-ung-dung-0123"


@dataclass
class Desk:
    newsroom: Newsroom
    stage: Stage
    channel: m.Channel

    async def put(self, **changes: Any) -> None:
        options = {"page_id": PAGE, "app_id": APP, "app_secret": SECRET, **changes.pop("options", {})}
        body = {"platform": "facebook", "handle": "thanhpho", "password": TOKEN, "options": options, **changes}
        await self.stage.put("/control/accounts", **body)

    async def fault(self, kind: str, operation: str = "feed.create", **more: Any) -> None:
        await self.stage.post("/control/faults", platform="facebook", operation=operation, kind=kind, **more)

    async def later(self, **step: float) -> None:
        self.newsroom.clock.advance(timedelta(**step))
        await self.stage.post("/control/clock/advance", seconds=timedelta(**step).total_seconds())

    async def posts(self) -> list[dict[str, Any]]:
        return [p for p in await self.stage.posts() if p["platform"] == "facebook"]

    async def entries(self, operation: str = "feed.create") -> list[dict[str, Any]]:
        told = (await self.stage.http.get("/control/ledger", params={"platform": "facebook"})).json()["entries"]
        return [e for e in told if e["operation"] == operation]

    def open(self, token: str = TOKEN, **settings: Any) -> Facebook:
        self.newsroom.resources.tools.sessions.clear()
        service = f"{self.stage.url}/facebook"
        whole = {"page": PAGE, "app_id": APP, "service": service, "web": service, **settings}
        secret = {"access_token": token, "app_secret": SECRET}
        return Facebook(Account(uuid4(), whole, secret), self.newsroom.resources.tools)

    async def prepared(self, adapter: Facebook, **draft: Any) -> Prepared:
        payload = adapter.compose(plain(**draft)).payload
        staged = await adapter.stage(adapter.prepare(payload, uuid4(), self.newsroom.clock.now()))
        assert isinstance(staged, Prepared), staged
        return staged

    def film(self, data: bytes, width: int, height: int, seconds: float) -> Medium:
        self.newsroom.resources.files.put(data)
        file = Rendition(hashlib.sha256(data).hexdigest(), "video/mp4", len(data), width, height)
        return Medium("Nước lên ở cầu", (file,), duration_ms=int(seconds * 1000))


@pytest.fixture
async def desk(newsroom: Newsroom, stage: Stage) -> Desk:
    desk = Desk(newsroom, stage, newsroom.bulletin)
    await desk.put()
    service = f"{stage.url}/facebook"
    body = {
        "kind": "facebook",
        "name": "Trang của thành phố",
        "address": "thanhpho",
        "settings": {"page": PAGE, "app_id": APP, "service": service, "web": service},
        "secret": {"access_token": TOKEN, "app_secret": SECRET},
    }
    made = await newsroom.client.post(f"{API}/channels", json=body, headers=newsroom.admin)
    assert made.status_code == 201, made.text
    async with newsroom.db.transaction() as session:
        channel = await session.get(m.Channel, UUID(made.json()["id"]))
    assert channel is not None
    return replace(desk, channel=channel)


def on(publication: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    return next(d for d in publication["deliveries"] if d["channel_id"] == str(channel.id))


# --- through the newsroom ---


@pytest.mark.mission("M13")
async def test_what_was_approved_is_posted_once_and_read_back(newsroom: Newsroom, desk: Desk) -> None:
    done = await newsroom.published(newsroom.bulletin, desk.channel, title="Cầu Ô Chợ Dừa 🚧 thông xe")
    delivery = on(done, desk.channel)
    assert (done["state"], delivery["state"]) == ("published", "published")
    [post] = await desk.posts()
    assert post["text"].startswith("Cầu Ô Chợ Dừa 🚧 thông xe\n\nTừ ngày 1/12")
    assert "• Vé tháng vẫn dùng được." in post["text"]
    assert delivery["platform_id"] == post["id"]
    assert (await desk.stage.http.get(delivery["platform_url"])).status_code == 200
    [entry] = await desk.entries()
    assert entry["data"]["link"].startswith("https://tin.example.vn/")


@pytest.mark.mission("M13")
async def test_pictures_go_up_unpublished_and_out_in_one_post(newsroom: Newsroom, desk: Desk) -> None:
    files = [jpeg(colour=(n, 90, 60)) for n in (10, 20)]
    media = [(await upload(newsroom, data, alt=f"Ảnh {n}"))["id"] for n, data in enumerate(files)]
    done = await newsroom.published(newsroom.bulletin, desk.channel, media_ids=media)
    assert on(done, desk.channel)["state"] == "published"
    [entry] = await desk.entries()
    assert len(entry["data"]["media_sha256"]) == 2
    photos = await desk.entries("photos.create")
    assert [photo["data"]["alt"] for photo in photos] == ["Ảnh 0", "Ảnh 1"]
    assert entry["data"]["link"] == ""
    assert "https://tin.example.vn/" in entry["data"]["message"], "a link beside photos stands in the text"


@pytest.mark.mission("M13")
@pytest.mark.mission("M30")
async def test_a_correction_edits_the_post_and_a_withdrawal_takes_it_down(newsroom: Newsroom, desk: Desk) -> None:
    first = await newsroom.published(newsroom.bulletin, desk.channel)
    fixed = await newsroom.draft(
        newsroom.bulletin, desk.channel, kind="correction", corrects_id=first["id"], title="Tuyến 32 đổi từ 2/12"
    )
    await newsroom.act("submit", fixed, newsroom.editor)
    for who in (newsroom.speaker, newsroom.second_speaker):
        assert (await newsroom.act("approve", fixed, who, content_hash=fixed["content_hash"])).is_success
    await newsroom.deliver()
    [post] = await desk.posts()
    assert post["text"].startswith("Đính chính: Tuyến 32 đổi từ 2/12")
    corrected = await newsroom.read(fixed)
    assert on(corrected, desk.channel)["platform_id"] == on(first, desk.channel)["platform_id"]
    assert (await newsroom.act("withdraw", fixed, newsroom.speaker, reason="Sai")).is_success
    await newsroom.take_down()
    assert on(await newsroom.read(fixed), desk.channel)["state"] == "withdrawn"
    assert await desk.posts() == []


@pytest.mark.mission("M13")
async def test_a_dead_token_asks_a_person_at_once_and_is_not_tried_again(newsroom: Newsroom, desk: Desk) -> None:
    await desk.put(status="password_changed")
    made = await newsroom.published(newsroom.bulletin, desk.channel)
    delivery = on(made, desk.channel)
    assert delivery["state"] == "auth_required"
    assert "đổi mật khẩu" in delivery["error"]
    channels = (await newsroom.client.get(f"{API}/channels", headers=newsroom.admin)).json()["items"]
    assert next(c for c in channels if c["id"] == str(desk.channel.id))["state"] == "needs_reconnect"
    await desk.put()
    await desk.later(hours=1)
    await newsroom.deliver()
    assert await desk.posts() == [], "nothing before a person has connected it again"
    address = f"{API}/channels/{desk.channel.id}/credentials"
    secret = {"access_token": TOKEN, "app_secret": SECRET}
    assert (await newsroom.client.put(address, json={"secret": secret}, headers=newsroom.admin)).is_success
    await newsroom.deliver()
    assert on(await newsroom.read(made), desk.channel)["state"] == "published"


@pytest.mark.mission("M13")
async def test_a_throttle_that_is_http_400_waits_its_minutes(newsroom: Newsroom, desk: Desk) -> None:
    await desk.fault("throttle", seconds=600)
    made = await newsroom.published(newsroom.bulletin, desk.channel)
    assert on(made, desk.channel)["state"] == "throttled"
    await desk.later(minutes=9)
    await newsroom.deliver()
    assert await desk.posts() == []
    await desk.later(minutes=2)
    await newsroom.deliver()
    assert on(await newsroom.read(made), desk.channel)["state"] == "published"
    assert len(await desk.posts()) == 1


@pytest.mark.mission("M13")
@pytest.mark.parametrize("lag", [0, 100])
async def test_a_lost_answer_is_looked_for_and_never_sent_again(newsroom: Newsroom, desk: Desk, lag: int) -> None:
    await desk.stage.put("/control/lag", platform="facebook", seconds=lag)
    await desk.fault("executed_response_lost")
    made = await newsroom.published(newsroom.bulletin, desk.channel)
    assert on(made, desk.channel)["state"] == "unknown"
    for _ in range(8):
        await desk.later(seconds=40)
        await newsroom.look()
        await newsroom.deliver()
    assert on(await newsroom.read(made), desk.channel)["state"] == "published"
    assert len(await desk.posts()) == 1
    assert len(await desk.entries()) == 1


async def test_what_was_never_done_is_given_to_a_person(newsroom: Newsroom, desk: Desk) -> None:
    await desk.fault("http_status", status=500)
    made = await newsroom.published(newsroom.bulletin, desk.channel)
    for _ in range(12):
        await desk.later(minutes=2)
        await newsroom.look()
        await newsroom.deliver()
    assert on(await newsroom.read(made), desk.channel)["state"] == "manual"
    assert await desk.entries() == []


# --- videos and reels ---


@pytest.mark.mission("M13")
async def test_a_video_is_uploaded_under_a_handle_and_out_when_processed(desk: Desk) -> None:
    adapter, data = desk.open(), movie(mdat=bytes(3_000_000))
    sent = await desk.prepared(adapter, media=(desk.film(data, 1920, 1080, 12.5),))
    told = await adapter.commit(sent)
    assert isinstance(told, Accepted), told
    waiting = await adapter.reconcile(told.handle)
    assert isinstance(waiting, Undecidable)
    assert not waiting.is_final
    assert await desk.posts() == []
    await desk.later(seconds=30)
    found = await adapter.reconcile(told.handle)
    assert isinstance(found, Found), found
    [post] = await desk.posts()
    assert (post["id"], found.proof["listed"]) == (found.id, True)
    [film] = await desk.entries("videos.create")
    assert film["data"]["sha256"] == hashlib.sha256(data).hexdigest()
    edit = adapter.compose(plain(kind="correction", corrects=Corrected(found.id, found.url), title="Sửa giờ")).payload
    changed = await adapter.commit(adapter.prepare(edit, uuid4(), desk.newsroom.clock.now()))
    assert isinstance(changed, Published), changed
    assert (await desk.posts())[0]["text"].startswith("Đính chính: Sửa giờ")
    assert isinstance(await adapter.delete(found.id), Deleted)
    assert await desk.posts() == []


@pytest.mark.mission("M13")
async def test_an_upload_that_is_cut_goes_on_where_the_platform_stands(desk: Desk) -> None:
    await desk.fault("executed_response_lost", "uploads.transfer")
    adapter = desk.open()
    sent = await desk.prepared(adapter, media=(desk.film(movie(mdat=b"\1" * 500_000), 1280, 720, 12.5),))
    assert sent.staged["uploaded"]
    assert isinstance(await adapter.commit(sent), Accepted)


@pytest.mark.mission("M13")
async def test_a_tall_short_video_is_a_reel_and_its_id_finds_it(desk: Desk) -> None:
    adapter, data = desk.open(), movie(turned=True)
    tall = data.replace(
        (1920 << 16).to_bytes(4, "big") + (1080 << 16).to_bytes(4, "big"), bytes.fromhex("0438000007800000")
    )
    sent = await desk.prepared(adapter, media=(desk.film(tall, 1080, 1920, 12.5),))
    assert sent.payload["kind"] == "reel"
    await desk.fault("executed_response_lost", "video_reels")
    told = await adapter.commit(sent)
    assert isinstance(told, Unknown), told
    await desk.later(seconds=30)
    found = await adapter.reconcile(told.handle)
    assert isinstance(found, Found), found
    assert found.id == next(v for k, v in sent.staged.items() if len(k) == 64)
    assert "/reel/" in found.url
    assert len(await desk.posts()) == 1
    again = await adapter.commit(sent)
    assert isinstance(again, Accepted), "finish twice is one reel"
    await desk.later(seconds=30)
    assert len(await desk.posts()) == 1
    assert desk.open(reels=False).compose(plain(media=(desk.film(tall, 1080, 1920, 12.5),))).payload["kind"] == "video"


async def test_a_reel_that_was_never_finished_is_not_there(desk: Desk) -> None:
    adapter = desk.open()
    data = movie(turned=True)
    tall = data.replace(
        (1920 << 16).to_bytes(4, "big") + (1080 << 16).to_bytes(4, "big"), bytes.fromhex("0438000007800000")
    )
    sent = await desk.prepared(adapter, media=(desk.film(tall, 1080, 1920, 12.5),))
    assert isinstance(await adapter.reconcile(sent.as_handle()), Undecidable), "it may still arrive"
    await desk.later(minutes=3)
    assert isinstance(await adapter.reconcile(sent.as_handle()), NotFound)


async def test_a_broken_video_is_a_persons_at_once(desk: Desk) -> None:
    adapter = desk.open()
    sent = await desk.prepared(adapter, media=(desk.film(movie()[:-20], 1280, 720, 12.5),))
    told = await adapter.commit(sent)
    assert isinstance(told, Accepted)
    await desk.later(seconds=30)
    found = await adapter.reconcile(told.handle)
    assert isinstance(found, Undecidable)
    assert found.is_final


async def test_the_token_goes_to_meta_alone(desk: Desk) -> None:
    adapter = desk.open()
    assert adapter._own_address("https://rupload.facebook.com/video-upload/v26.0/1")
    for told in (
        "https://rupload.facebook.com.attacker.example/x",
        "http://rupload.facebook.com/x",
        "",
        "https://a@b/x",
    ):
        with pytest.raises(ChannelError):
            adapter._own_address(told)


# --- every way to fail ---


@pytest.mark.mission("M13")
@pytest.mark.parametrize(
    ("code", "subcode", "transient", "status", "meaning"),
    [
        (190, 460, False, 400, Meaning.TOKEN),
        (190, None, True, 400, Meaning.UNCLEAR),
        (102, None, False, 400, Meaning.TOKEN),
        (200, None, False, 403, Meaning.PERMISSION),
        (10, None, False, 400, Meaning.PERMISSION),
        (100, 4854002, False, 400, Meaning.PERMISSION),
        (80001, None, False, 400, Meaning.THROTTLED),
        (32, None, False, 400, Meaning.THROTTLED),
        (613, 1996, False, 500, Meaning.THROTTLED),
        (1, None, False, 400, Meaning.UNCLEAR),
        (2, None, False, 200, Meaning.UNCLEAR),
        (506, None, False, 400, Meaning.DUPLICATE),
        (368, 1390008, False, 400, Meaning.POLICY),
        (100, 33, False, 400, Meaning.GONE),
        (100, None, False, 400, Meaning.REFUSED),
    ],
)
def test_an_error_is_told_by_its_code(
    code: int, subcode: int | None, transient: bool, status: int, meaning: Meaning
) -> None:
    assert meaning_of(code, subcode, transient, status) is meaning


@pytest.mark.parametrize(
    "status", ["password_changed", "expired", "app_removed", "permission_lost", "data_access_ended"]
)
async def test_every_death_of_a_token_needs_a_person(desk: Desk, status: str) -> None:
    adapter = desk.open()
    sent = await desk.prepared(adapter)
    await desk.put(status=status)
    assert isinstance(await desk.open().commit(sent), AuthRequired)


async def test_a_post_the_token_may_not_see_is_not_gone(desk: Desk) -> None:
    """100/33 is the answer for both."""
    adapter = desk.open()
    done = await adapter.commit(await desk.prepared(adapter))
    assert isinstance(done, Published)
    await desk.put(status="permission_lost")
    gone = await adapter.delete(done.id)
    assert isinstance(gone, StillLive), gone
    assert gone.needs_reconnect
    with pytest.raises(ChannelError):
        await adapter.status(done.id)
    assert isinstance(await adapter.reconcile({**(await _sent(desk)), "id": done.id}), Undecidable)


async def _sent(desk: Desk) -> dict[str, Any]:
    adapter = desk.open()
    return adapter.prepare(adapter.compose(plain()).payload, uuid4(), desk.newsroom.clock.now()).as_handle()


async def test_a_duplicate_is_looked_for_first(desk: Desk) -> None:
    adapter = desk.open()
    first = await adapter.commit(await desk.prepared(adapter))
    told = await adapter.commit(await desk.prepared(adapter))
    assert isinstance(first, Published)
    assert isinstance(told, Unknown), "506 says that it may be there"
    found = await adapter.reconcile(told.handle)
    assert isinstance(found, Found)
    assert found.id == first.id
    await desk.later(minutes=30)
    old = await adapter.reconcile({**(await _sent(desk))})
    assert not isinstance(old, Found), "an older post of the same words is not this one"


async def test_the_policy_blocks_the_post_and_rests_the_account(desk: Desk) -> None:
    adapter = desk.open()
    sent = await desk.prepared(adapter)
    await desk.put(status="policy_blocked")
    told = await adapter.commit(sent)
    assert isinstance(told, Rejected)
    assert told.permanent
    assert "chính sách" in told.reason.vi
    waits = await adapter.commit(sent)
    assert isinstance(waits, Throttled)
    assert waits.until - desk.newsroom.clock.now() == timedelta(minutes=60)


@pytest.mark.mission("M13")
async def test_publishing_is_held_back_before_the_account_is_blocked(desk: Desk) -> None:
    await desk.put(options={"quota": 20})
    adapter = desk.open()
    sent = await desk.prepared(adapter)
    for _ in range(18):
        await adapter.list_posts()
    told = await adapter.commit(sent)
    assert isinstance(told, Throttled), told
    assert told.until - desk.newsroom.clock.now() == timedelta(minutes=5)
    assert await adapter.list_posts() == [], "looking is still allowed"
    assert await desk.posts() == []


async def test_nothing_is_asked_while_blocked(desk: Desk) -> None:
    await desk.put(options={"quota": 3})
    adapter = desk.open()
    for _ in range(3):
        await adapter.list_posts()
    before = adapter._graph.usage.blocked_until
    assert before is not None, "at 100 percent"
    with pytest.raises(ChannelError):
        await adapter.list_posts()
    gone = await adapter.delete(f"{PAGE}_1")
    assert isinstance(gone, StillLive)
    assert gone.retry_at == before
    assert isinstance(await adapter.reconcile(await _sent(desk)), (Undecidable, NotFound))


def test_usage_is_in_percent_and_minutes() -> None:
    usage = Usage()
    case = (
        '{"1":[{"type":"pages","call_count":%d,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":%d}]}'
    )
    usage.learn({"x-business-use-case-usage": case % (96, 0)}, NOW, 90)
    assert (usage.slowed_until, usage.blocked_until) == (NOW + timedelta(minutes=30), None)
    usage.learn({"x-business-use-case-usage": case % (100, 7)}, NOW, 90)
    assert usage.blocked_until == NOW + timedelta(minutes=7)
    usage.learn({"x-business-use-case-usage": case % (20, 0)}, NOW, 90)
    assert usage.slowed_until is None
    for broken in ("", "{", "[]", '{"1":{}}', '{"1":[{"call_count":"x"}]}', '{"1":[{"call_count":true}]}'):
        usage.learn({"x-business-use-case-usage": broken}, NOW, 90)
    usage.learn({"x-app-usage": '{"call_count":91,"total_time":25,"total_cputime":25}'}, NOW, 90)
    assert usage.slowed_until == NOW + timedelta(minutes=5)


# --- the account ---


async def test_health_knows_when_the_data_access_ends(desk: Desk) -> None:
    ends = desk.newsroom.clock.now() + timedelta(days=40)
    await desk.put(options={"data_access_until": ends.isoformat()})
    health = await desk.open().health()
    assert health.problem is None
    assert health.credentials_end_at == ends.replace(microsecond=0)
    await desk.put(options={"scopes": ["pages_show_list", "pages_read_engagement"]})
    lacking = (await desk.open().health()).problem
    assert lacking is not None
    assert "pages_manage_posts" in lacking.vi
    await desk.put(status="expired")
    dead = (await desk.open().health()).problem
    assert dead is not None
    assert "hết hạn" in dead.vi


async def test_another_version_in_the_answer_is_noted(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    await desk.open(version="v20.0").list_posts()
    assert "v20.0 was asked and v23.0 answered" in caplog.text
    assert isinstance(await desk.open(version="v25.0").list_posts(), list)


async def test_no_secret_in_log_or_error(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    adapter = desk.open()
    await adapter.health()
    await adapter.list_posts()
    proof = adapter._graph._proof()["appsecret_proof"]
    assert "debug_token?input_token=…" in caplog.text
    for secret in (TOKEN, SECRET, proof):
        assert secret not in caplog.text
        assert secret not in repr(adapter._graph)
    told = {"error": {"message": f"Malformed access token {TOKEN}", "code": 190, "error_user_msg": f"{SECRET}"}}
    with pytest.raises(Refused) as refused:
        adapter._graph._read(httpx.Response(400, json=told))
    assert TOKEN not in f"{refused.value} {refused.value.reason} {refused.value.message}"
    assert SECRET not in f"{refused.value} {refused.value.reason}"
    assert isinstance(adapter._graph, Graph)


async def test_figures_are_counted_and_a_missing_one_is_not_nought(desk: Desk) -> None:
    adapter = desk.open()
    done = await adapter.commit(await desk.prepared(adapter))
    assert isinstance(done, Published)
    replies = [{"text": "Cảm ơn"}]
    await desk.stage.post("/control/facebook/engage", post=done.id, likes=3, reposts=2, replies=replies)
    told = {one.name: one.value for one in (await adapter.metrics([done.id]))[done.id]}
    assert told == {"reactions": 3, "comments": 1, "shares": 2, "views": None}


# --- texts ---


def test_both_forms_of_vietnamese_and_emoji_fit(desk: Desk) -> None:
    adapter = desk.open()
    for form in ("NFC", "NFD"):
        body = unicodedata.normalize(form, "Nước ngập ở phường Ô Chợ Dừa. " * 3000)
        made = adapter.compose(plain(body=body, summary=None))
        assert unicodedata.is_normalized("NFC", made.text)
        assert measure.utf16_units(made.text) <= 63_206
        assert made.notes
    family = adapter.compose(plain(body="👨‍👩‍👧‍👦" * 9000, summary=None))
    assert 50_000 < measure.utf16_units(family.text) <= 63_206
    assert "\ud83d" not in family.text.encode("utf-16-le", "strict").decode("utf-16-le")


def test_what_the_page_does_not_take_is_refused_in_vietnamese(desk: Desk) -> None:
    adapter = desk.open()
    heavy = Medium("Ảnh", (Rendition("a" * 64, "image/jpeg", 4_000_000, 10, 10),))
    with pytest.raises(NotPostable, match="MB") as refused:
        adapter.compose(plain(media=(heavy,)))
    assert "tối đa" in refused.value.reason.vi
    with pytest.raises(NotPostable):
        adapter.compose(plain(media=tuple(replace(heavy, files=(replace(heavy.files[0], size=9),)) for _ in range(11))))


async def test_a_photo_that_went_up_is_used_again(newsroom: Newsroom, desk: Desk) -> None:
    picture = str(await shelve(newsroom, png()))
    await desk.fault("throttle", seconds=60)
    made = await newsroom.published(newsroom.bulletin, desk.channel, media_ids=[picture])
    assert on(made, desk.channel)["state"] == "throttled"
    await desk.later(minutes=3)
    await newsroom.deliver()
    assert on(await newsroom.read(made), desk.channel)["state"] == "published"
    assert len(await desk.entries("photos.create")) == 1
    assert await jobs.look_again(newsroom.context) >= 0
