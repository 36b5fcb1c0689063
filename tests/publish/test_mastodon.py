"""Mastodon end to end against the sandbox: post, edit, take down, media, late lists, twins, and lost answers."""

import hashlib
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.common import models as m
from libs.common.ids import new_id
from services.publish import jobs, wording
from services.publish.adapters import mastodon as adapter
from services.publish.adapters.base import (
    Account,
    AuthRequired,
    Channel,
    Corrected,
    Deleted,
    Draft,
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
from tests.publish.newsroom import API, Newsroom
from tests.publish.pictures import shelve
from tests.publish.stage import Stage

USERNAME, TOKEN = "thanhpho", "ma-truy-cap-mastodon"
CREATE, DELETE, UPLOAD, LIST = "statuses.create", "statuses.delete", "media.create", "accounts.statuses"
AT = datetime(2026, 11, 24, 5, tzinfo=UTC)


@dataclass
class Masto:
    """The city's account on the sandbox's instance, its channel, and an adapter opened for it."""

    stage: Stage
    newsroom: Newsroom
    channel: m.Channel

    async def fault(self, kind: str, operation: str = CREATE, **more: Any) -> None:
        await self.stage.post("/control/faults", platform="mastodon", operation=operation, kind=kind, **more)

    async def lag(self, seconds: float, mode: str = "steady") -> None:
        await self.stage.put("/control/lag", platform="mastodon", seconds=seconds, mode=mode)

    async def account(self, **more: Any) -> None:
        body = {"platform": "mastodon", "handle": USERNAME, "password": TOKEN, "display_name": "Thành phố"}
        await self.stage.put("/control/accounts", **{**body, **more})

    async def posts(self) -> list[dict[str, Any]]:
        return [post for post in await self.stage.posts() if post["platform"] == "mastodon"]

    async def entries(self, kind: str = "status") -> list[dict[str, Any]]:
        told = (await self.stage.http.get("/control/ledger?platform=mastodon")).json()["entries"]
        return [entry for entry in told if entry["kind"] == kind]

    async def later(self, seconds: float) -> None:
        """Both clocks: the instance's and ours."""
        await self.stage.post("/control/clock/advance", seconds=seconds)
        self.newsroom.clock.advance(timedelta(seconds=seconds))

    @property
    def open(self) -> Channel:
        return self.newsroom.resources.open(self.channel, {"access_token": TOKEN})

    def stored(self, data: bytes, mime: str = "image/png", width: int = 8, height: int = 6) -> Rendition:
        self.newsroom.resources.files.put(data)
        return Rendition(hashlib.sha256(data).hexdigest(), mime, len(data), width, height)

    async def sent(self, draft: Draft, delivery_id: UUID | None = None) -> tuple[Prepared, Any]:
        """Composed, staged and committed, as the core does it."""
        payload = self.open.compose(draft).payload
        ready = self.open.prepare(payload, delivery_id or new_id(AT), self.newsroom.clock.now())
        staged = await self.open.stage(ready)
        assert isinstance(staged, Prepared), staged
        return staged, await self.open.commit(staged)


@pytest.fixture
async def masto(newsroom: Newsroom, stage: Stage) -> Masto:
    made = Masto(stage, newsroom, m.Channel())
    await made.account()
    body = {
        "kind": "mastodon",
        "name": "Mastodon của thành phố",
        "address": f"{USERNAME}@mastodon.test",
        "settings": {"service": f"{stage.url}/mastodon"},
        "secret": {"access_token": TOKEN},
    }
    answer = await newsroom.client.post(f"{API}/channels", json=body, headers=newsroom.admin)
    assert answer.status_code == 201, answer.text
    async with newsroom.db.transaction() as session:
        channel = await session.get(m.Channel, UUID(answer.json()["id"]))
    assert channel is not None
    return replace(made, channel=channel)


def draft(title: str = "Ngập ở Ô Chợ Dừa", **more: Any) -> Draft:
    fields: dict[str, Any] = {"body": "Tránh đường Tôn Đức Thắng.", "summary": None, "link": None, "slug": "ngap"}
    return Draft(**{"title": title, "language": "vi", "kind": "news", **fields, **more})


def on(publication: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    return next(d for d in publication["deliveries"] if d["channel_id"] == str(channel.id))


async def settle(masto: Masto, publication: dict[str, Any], rounds: int = 12) -> dict[str, Any]:
    for _ in range(rounds):
        await masto.later(120)
        await masto.newsroom.look()
        await masto.newsroom.deliver()
        await masto.newsroom.take_down()
    return await masto.newsroom.read(publication)


def png(shade: int = 0, width: int = 8, height: int = 6) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes([shade]) * 3 * width for _ in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def mp4(whole: bool = True) -> bytes:
    def box(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data) + 8) + name + data

    track = box(b"tkhd", b"\0" * 76 + struct.pack(">II", 640 << 16, 360 << 16))
    made = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + box(b"moov", box(b"trak", track))
    return made + box(b"mdat", b"\0" * 32) if whole else made[:-10]


# --- through the newsroom ---


@pytest.mark.mission("M18")
async def test_a_post_reaches_the_instance_and_is_read_back(newsroom: Newsroom, masto: Masto) -> None:
    done = await newsroom.published(newsroom.bulletin, masto.channel, title="Cầu Ô Chợ Dừa 🚧 thông xe")
    assert done["state"] == "published"
    [post] = await masto.posts()
    assert post["text"].startswith("Cầu Ô Chợ Dừa 🚧 thông xe\n\n")
    [link] = post["links"]
    assert link.startswith("https://tin.example.vn/")
    assert post["text"].endswith(link)
    delivery = on(done, masto.channel)
    assert delivery["platform_id"] == post["id"]
    assert delivery["platform_url"] == f"{masto.stage.url}/mastodon/@{USERNAME}/{post['id']}"
    [entry] = await masto.entries()
    assert entry["data"]["idempotency_key"] == f"lantoa-{UUID(delivery['id']).hex}"


@pytest.mark.mission("M29")
async def test_what_is_sent_is_the_preview(newsroom: Newsroom, masto: Masto) -> None:
    made = await newsroom.draft(newsroom.bulletin, masto.channel)
    url = f"{API}/publications/{made['id']}/preview"
    previews = (await newsroom.client.get(url, headers=newsroom.editor)).json()["channels"]
    payload = next(p["payload"] for p in previews if p["kind"] == "mastodon")
    await newsroom.act("submit", made, newsroom.editor)
    await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    await newsroom.deliver()
    [entry] = await masto.entries()
    sent = entry["data"]
    assert payload == {
        "status": sent["text"], "language": sent["language"], "visibility": sent["visibility"], "media": []
    }  # fmt: skip


@pytest.mark.mission("M18")
async def test_pictures_arrive_as_they_are_with_what_they_show(newsroom: Newsroom, masto: Masto) -> None:
    files = [png(n) for n in (10, 20)]
    media = [str(await shelve(newsroom, data, alt=f"Ảnh {n}", size=(8, 6))) for n, data in enumerate(files, 1)]
    done = await newsroom.published(newsroom.bulletin, masto.channel, media_ids=media)
    assert on(done, masto.channel)["state"] == "published"
    [entry] = await masto.entries()
    assert entry["data"]["media_sha256"] == [hashlib.sha256(data).hexdigest() for data in files]
    page = (await masto.stage.http.get((await masto.posts())[0]["page"])).text
    assert page.index('alt="Ảnh 1"') < page.index('alt="Ảnh 2"')


@pytest.mark.mission("M30")
async def test_a_correction_stands_in_the_post_it_corrects(newsroom: Newsroom, masto: Masto) -> None:
    first = await newsroom.published(newsroom.bulletin, masto.channel)
    fixed = await newsroom.draft(
        newsroom.bulletin, masto.channel, kind="correction", corrects_id=first["id"], title="Xe buýt 32 đổi từ 2/12"
    )
    await newsroom.act("submit", fixed, newsroom.editor)
    for speaker in (newsroom.speaker, newsroom.second_speaker):
        agreed = await newsroom.act("approve", fixed, speaker, content_hash=fixed["content_hash"])
        assert agreed.status_code == 200, agreed.text
    await newsroom.deliver()
    [post] = await masto.posts()
    assert post["text"].startswith("Đính chính: Xe buýt 32 đổi từ 2/12")
    told = on(await newsroom.read(fixed), masto.channel)
    assert (told["state"], told["platform_id"]) == ("published", on(first, masto.channel)["platform_id"])


@pytest.mark.mission("M39")
@pytest.mark.parametrize("lag", [0, 110])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "executed_response_lost"},
        {"kind": "executed_response_lost", "times": 3},
        {"kind": "not_executed_timeout", "seconds": 0.2},
        {"kind": "executed_twice_on_retry"},
        {"kind": "http_status", "status": 502},
        {"kind": "http_status", "status": 503, "executed": True},
        {"kind": "http_status", "status": 500, "times": 3},
        {"kind": "token_expired"},
        {"kind": "throttle"},
    ],
    ids=lambda fault: "-".join(str(v) for v in fault.values()),
)
async def test_whatever_happens_to_the_answer_there_is_one_post(
    newsroom: Newsroom, masto: Masto, fault: dict[str, Any], lag: int
) -> None:
    await masto.fault(**fault)
    await masto.lag(lag, "missed_once")
    made = await newsroom.approved(newsroom.bulletin, masto.channel)
    await newsroom.deliver()
    first = on(await newsroom.read(made), masto.channel)["state"]
    assert first in {"unknown", "published", "throttled", "pending", "auth_required"}
    if first == "auth_required":
        url = f"{API}/channels/{masto.channel.id}/credentials"
        await newsroom.client.put(url, json={"secret": {"access_token": TOKEN}}, headers=newsroom.admin)
    done = await settle(masto, made)
    assert on(done, masto.channel)["state"] == "published"
    assert len(await masto.posts()) == 1


@pytest.mark.mission("M39")
async def test_a_twin_made_by_the_instance_becomes_a_task(newsroom: Newsroom, masto: Masto) -> None:
    await masto.fault("executed_twice")
    done = await newsroom.published(newsroom.bulletin, masto.channel)
    assert on(done, masto.channel)["state"] == "published"
    pages = {f"{masto.stage.url}{post['page']}" for post in await masto.posts()}
    assert len(pages) == 2
    tasks = (await newsroom.client.get(f"{API}/tasks?state=open", headers=newsroom.editor)).json()["items"]
    twin = next(t for t in tasks if t["kind"] == "duplicate_post")
    assert {twin["link"], on(done, masto.channel)["platform_url"]} == pages


@pytest.mark.mission("M39")
async def test_a_twin_that_the_list_shows_only_at_the_second_reading_becomes_a_task_too(
    newsroom: Newsroom, masto: Masto
) -> None:
    await masto.lag(120, "missed_once")
    await masto.fault("executed_twice")
    await newsroom.published(newsroom.bulletin, masto.channel)
    seen: list[list[str]] = []
    for wait in (240, 4200):
        await masto.later(wait)
        await jobs.look_again(newsroom.context)
        tasks = (await newsroom.client.get(f"{API}/tasks?state=open", headers=newsroom.editor)).json()["items"]
        seen.append([task["kind"] for task in tasks])
    assert seen == [[], ["duplicate_post"]]


@pytest.mark.mission("M30")
async def test_taking_down_is_proved_by_reading_again(newsroom: Newsroom, masto: Masto) -> None:
    done = await newsroom.published(newsroom.bulletin, masto.channel)
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai")
    await newsroom.take_down()
    assert on(await newsroom.read(done), masto.channel)["state"] == "withdrawn"
    assert await masto.posts() == []


@pytest.mark.mission("M30")
async def test_a_post_withdrawn_while_in_doubt_comes_down_too(newsroom: Newsroom, masto: Masto) -> None:
    await masto.fault("executed_response_lost")
    await masto.lag(60)
    made = await newsroom.approved(newsroom.bulletin, masto.channel)
    await newsroom.deliver()
    assert len(await masto.posts()) == 1
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Sai")
    done = await settle(masto, made)
    assert on(done, masto.channel)["state"] == "withdrawn"
    assert await masto.posts() == []


@pytest.mark.mission("M31")
async def test_figures_are_what_readers_did(newsroom: Newsroom, masto: Masto) -> None:
    done = await newsroom.published(newsroom.bulletin, masto.channel)
    post = on(done, masto.channel)["platform_id"]
    await masto.stage.post("/control/mastodon/engage", post=post, likes=7, reposts=2, replies=[{"text": "Cảm ơn"}])
    figures = await masto.open.metrics([post, "1"])
    assert {metric.name: metric.value for metric in figures[post]} == {
        "likes": 7, "reposts": 2, "replies": 1, "quotes": 0, "views": None
    }  # fmt: skip
    assert "1" not in figures


# --- the adapter: text ---


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("đường", 5),
        ("e\u0302\u0301", 1),
        ("https://hanoi.gov.vn/" + "a" * 300, 23),
        ("xem https://a.vn.", 28),
        ("http://127.0.0.1:8080/tin/" + "a" * 40, 66),
        ("https://tin.test/" + "a" * 40, 57),
        ("http://localhost", 23),
        ("@ban@mastodon.social xin", 8),
        ("👨‍👩‍👧‍👦🇻🇳", 2),
    ],
)
def test_a_link_counts_23_and_one_in_doubt_never_less(text: str, counted: int) -> None:
    assert adapter.length(text, 23) == counted


@pytest.mark.mission("M29")
async def test_a_long_text_is_cut_to_the_instances_limit_and_the_link_is_whole(masto: Masto) -> None:
    link = "https://tin.example.vn/tin/" + "a" * 150
    long = draft(summary="Nước ngập đến đầu gối ở nhiều tuyến phố. " * 40, link=link, ai_label="Ảnh do AI vẽ")
    composed = masto.open.compose(long)
    assert composed.text.endswith(f"…\n\n{wording.AI_MARK}\n\n{link}")
    assert 450 < adapter.length(composed.text, 23) <= 500
    assert "500 ký tự" in composed.notes[0]
    _, outcome = await masto.sent(long)
    assert isinstance(outcome, Published)
    masto.channel.capabilities = {"max_characters": 1000, "characters_reserved_per_url": 30}
    longer = masto.open.compose(long).text
    assert 900 < adapter.length(longer, 30) <= 1000


async def test_both_sides_count_alike_to_the_last_letter(masto: Masto) -> None:
    """Cut to exactly the limit, with every kind of link, and never refused."""
    for n, link in enumerate(
        ["https://a.vn/b", "http://127.0.0.1:9/" + "c" * 40, "https://x.example/?q=ế&r=1#đ", None]
    ):
        for size in (440, 470, 480, 500, 520):
            text = ("Ngập nặng ở phường Ô Chợ Dừa 🌧️ " * 30)[:size]
            _, outcome = await masto.sent(draft(f"Tin {n} {size}", summary=text, link=link))
            assert isinstance(outcome, Published), outcome


async def test_what_a_post_says_of_itself(masto: Masto) -> None:
    urgent = masto.open.compose(draft(is_urgent=True)).text
    assert urgent.startswith("KHẨN: Ngập ở Ô Chợ Dừa\n\n")
    new = masto.open.compose(draft(kind="correction"))
    assert new.text.startswith("Đính chính: Ngập")
    assert "edits" not in new.payload
    edit = masto.open.compose(draft("Đính chính: lộ trình", kind="correction", corrects=Corrected("77", "https://x")))
    assert edit.text.startswith("Đính chính: lộ trình")
    assert edit.payload["edits"] == "77"
    with pytest.raises(NotPostable):
        masto.open.compose(draft(link="http://127.0.0.1/" + "a" * 600))


# --- the adapter: media ---


@pytest.mark.mission("M29")
async def test_the_bytes_that_arrive_are_those_approved(masto: Masto) -> None:
    files = [masto.stored(png(shade)) for shade in (10, 200)]
    media = tuple(Medium(f"Phố “ngập” {n}", (file,)) for n, file in enumerate(files))
    prepared, outcome = await masto.sent(draft(media=media))
    assert isinstance(outcome, Published)
    [entry] = await masto.entries()
    assert entry["data"]["media_sha256"] == [file.sha256 for file in files]
    uploads = [e["data"] for e in await masto.entries("media")]
    assert [(u["sha256"], u["description"]) for u in uploads] == [
        (file.sha256, f"Phố “ngập” {n}") for n, file in enumerate(files)
    ]
    assert list(prepared.staged) == [file.sha256 for file in files]


async def test_staging_again_uploads_nothing_twice_and_keeps_the_description(masto: Masto) -> None:
    file = masto.stored(png())
    payload = masto.open.compose(draft(media=(Medium("Ảnh một", (file,)),))).payload
    first = await masto.open.stage(masto.open.prepare(payload, new_id(AT), AT))
    assert isinstance(first, Prepared)
    assert await masto.open.stage(first) == first
    payload["media"][0]["alt"] = "Ảnh hai"
    assert await masto.open.stage(first) == first
    effects = [(e["effect"], e["data"]["description"]) for e in await masto.entries("media")]
    assert effects == [("created", "Ảnh một"), ("updated", "Ảnh hai")]
    taken = await masto.stage.http.request(
        "DELETE", f"/mastodon/api/v1/media/{first.staged[file.sha256]}", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert taken.is_success
    again = await masto.open.stage(first)
    assert isinstance(again, Prepared)
    assert again.staged != first.staged


async def test_a_video_still_processed_is_sent_later(masto: Masto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PROCESSING_LOOKS", (0.0,))
    await masto.stage.post("/control/clock/freeze")
    video = Medium("Nước lên", (masto.stored(mp4(), "video/mp4", 640, 360),), duration_ms=1000)
    prepared, outcome = await masto.sent(draft(media=(video,)))
    assert isinstance(outcome, Rejected)
    assert not outcome.permanent
    assert "xử lý" in outcome.reason.vi
    await masto.later(20)
    ready = await masto.open.stage(prepared)
    assert ready == prepared
    assert isinstance(await masto.open.commit(prepared), Published)
    [entry] = await masto.entries()
    assert entry["data"]["media_sha256"] == [video.files[0].sha256]


async def test_an_upload_lost_between_the_steps_is_made_anew(masto: Masto) -> None:
    """The instance forgets what is not attached; its 422 is not the last word."""
    file = masto.stored(png())
    payload = masto.open.compose(draft(media=(Medium("Ảnh", (file,)),))).payload
    ready = await masto.open.stage(masto.open.prepare(payload, new_id(AT), masto.newsroom.clock.now()))
    assert isinstance(ready, Prepared)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"/mastodon/api/v1/media/{ready.staged[file.sha256]}"
    assert (await masto.stage.http.delete(url, headers=headers)).is_success
    refused = await masto.open.commit(ready)
    assert isinstance(refused, Rejected)
    assert not refused.permanent
    again = await masto.open.stage(ready)
    assert isinstance(again, Prepared)
    assert isinstance(await masto.open.commit(again), Published)


async def test_a_file_the_instance_cannot_read_is_refused_for_good(
    masto: Masto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PROCESSING_LOOKS", (0.0,))
    await masto.stage.post("/control/clock/freeze")
    broken = Medium("Ảnh hỏng", (masto.stored(png()[:40]),))
    ready = masto.open.prepare(masto.open.compose(draft(media=(broken,))).payload, new_id(AT), AT)
    refused = await masto.open.stage(ready)
    assert isinstance(refused, Rejected)
    assert refused.permanent
    video = Medium("Video hỏng", (masto.stored(mp4(whole=False), "video/mp4", 640, 360),))
    prepared, outcome = await masto.sent(draft(media=(video,)))
    assert isinstance(outcome, Rejected)
    await masto.later(20)
    failed = await masto.open.stage(prepared)
    assert isinstance(failed, Rejected)
    assert failed.permanent
    assert await masto.posts() == []


@pytest.mark.mission("M39")
@pytest.mark.parametrize("kind", ["executed_response_lost", "not_executed_timeout", "executed_twice", "http_status"])
async def test_trouble_with_an_upload_never_leaves_a_post_in_doubt(masto: Masto, kind: str) -> None:
    await masto.fault(kind, UPLOAD, seconds=0.2)
    medium = Medium("Ảnh", (masto.stored(png()),))
    ready = masto.open.prepare(masto.open.compose(draft(media=(medium,))).payload, new_id(AT), AT)
    first = await masto.open.stage(ready)
    if not isinstance(first, Prepared):
        assert isinstance(first, Rejected)
        assert not first.permanent
    assert await masto.posts() == []
    _, outcome = await masto.sent(draft(media=(medium,)))
    assert isinstance(outcome, Published)
    [entry] = await masto.entries()
    assert entry["data"]["media_sha256"] == [medium.files[0].sha256]


async def test_too_many_uploads_wait_for_the_instances_own_hour(masto: Masto) -> None:
    media = tuple(Medium(f"Ảnh {n}", (masto.stored(png(n)),)) for n in range(4))
    ready = masto.open.prepare(masto.open.compose(draft(media=media)).payload, new_id(AT), AT)
    for _ in range(7):
        assert isinstance(await masto.open.stage(ready), Prepared)
    throttled = await masto.open.stage(ready)
    assert isinstance(throttled, Throttled)
    assert timedelta() < throttled.until - masto.newsroom.clock.now() <= timedelta(minutes=31)


@pytest.mark.mission("M29")
async def test_media_are_chosen_by_what_the_instance_says(masto: Masto) -> None:
    large, small = masto.stored(png(1), width=4000, height=3000), masto.stored(png(2), width=800, height=600)
    masto.channel.capabilities = {"image_matrix_limit": 1_000_000, "max_media_attachments": 2}
    payload = masto.open.compose(draft(media=(Medium("Ảnh", (large, small)),))).payload
    assert [medium["sha256"] for medium in payload["media"]] == [small.sha256]
    with pytest.raises(NotPostable, match="pixels"):
        masto.open.compose(draft(media=(Medium("Ảnh", (large,)),)))
    with pytest.raises(NotPostable, match="at most 2"):
        masto.open.compose(draft(media=(Medium("Ảnh", (small,)),) * 3))
    with pytest.raises(NotPostable):
        masto.open.compose(draft(media=(Medium("á" * 1501, (small,)),)))


# --- the adapter: what the instance says ---


async def test_the_instances_own_limits_are_read(masto: Masto) -> None:
    facts = await masto.open.fetch_capabilities()
    assert (facts["max_characters"], facts["characters_reserved_per_url"]) == (500, 23)
    assert facts["account_id"].isdecimal()
    masto.channel.capabilities, masto.channel.capabilities_at = facts | {"max_characters": 700}, AT
    can = masto.open.capabilities()
    assert (can.text.graphemes, can.fetched_at) == (700, AT)
    assert (can.media.images, can.media.image_size, can.repeatable_for) == (4, 16_777_215, timedelta(hours=1))
    assert "image/png" in can.media.image_mimes


async def test_a_dead_token_needs_a_person(masto: Masto) -> None:
    assert (await masto.open.health()).problem is None
    done = (await masto.sent(draft()))[1]
    await masto.account(status="revoked")
    told = await masto.open.health()
    assert told.problem is not None
    assert "kết nối lại" in told.problem.vi
    assert isinstance((await masto.sent(draft()))[1], AuthRequired)
    removal = await masto.open.delete(done.id)
    assert isinstance(removal, StillLive)
    assert removal.needs_reconnect
    assert (await masto.open.status(done.id)).is_live, "anybody can read it"
    await masto.account(options={"scopes": ["read"]})
    assert isinstance((await masto.sent(draft()))[1], AuthRequired)


async def test_a_throttle_says_until_when(masto: Masto) -> None:
    await masto.fault("throttle", seconds=90)
    throttled = (await masto.sent(draft()))[1]
    assert isinstance(throttled, Throttled)
    assert timedelta(seconds=80) < throttled.until - masto.newsroom.clock.now() < timedelta(seconds=100)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (422, {}, Rejected),
        (400, {}, Rejected),
        (404, {}, Rejected),
        (401, {}, AuthRequired),
        (403, {}, AuthRequired),
        (408, {}, Unknown),
        (500, {}, Unknown),
        (502, {}, Unknown),
        (504, {}, Unknown),
        (429, {"X-RateLimit-Reset": "khong-phai-gio"}, Throttled),
        (429, {}, Throttled),
        (200, {}, Unknown),
        (301, {"Location": "https://elsewhere.example"}, Rejected),
    ],
)
async def test_every_answer_has_its_meaning(
    masto: Masto, status: int, headers: dict[str, str], expected: type[object]
) -> None:
    """Answers of a stranger, word for word; none of them is believed to be a post."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, text="<html>nginx</html>")

    http, opened = opened_on(masto, answer)
    async with http:
        prepared = opened.prepare(opened.compose(draft()).payload, new_id(AT), AT)
        assert isinstance(await opened.commit(prepared), expected)


def opened_on(masto: Masto, answer: Any) -> tuple[httpx.AsyncClient, adapter.Mastodon]:
    """The adapter before a stranger who answers as told."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    account = Account(masto.channel.id, masto.channel.settings, {"access_token": TOKEN}, {"account_id": "1"})
    return http, adapter.Mastodon(account, replace(masto.newsroom.resources.tools, http=http))


@pytest.mark.mission("M30")
async def test_a_yes_to_a_delete_is_not_believed(masto: Masto) -> None:
    post = {"id": "77", "url": "https://mastodon.test/@thanhpho/77", "content": "<p>Sai</p>"}
    http, opened = opened_on(masto, lambda request: httpx.Response(200, json=post))
    async with http:
        removal = await opened.delete("77")
    assert isinstance(removal, StillLive)
    assert "vẫn còn" in removal.reason.vi


async def test_a_post_that_shows_other_words_than_approved_is_for_a_person(masto: Masto) -> None:
    post = {"id": "77", "url": "https://mastodon.test/@thanhpho/77", "content": "<p>Lời khác</p>"}
    http, opened = opened_on(masto, lambda request: httpx.Response(200, json=post))
    async with http:
        ready = opened.prepare(opened.compose(draft()).payload, new_id(AT), AT)
        seen = await opened.reconcile(replace(ready, id="77").as_handle())
    assert isinstance(seen, Undecidable)
    assert "khác bản đã duyệt" in seen.reason.vi


async def test_no_connection_means_not_sent(masto: Masto) -> None:
    masto.channel.settings = {"service": "http://127.0.0.1:9"}
    prepared = masto.open.prepare(masto.open.compose(draft()).payload, new_id(AT), AT)
    refused = await masto.open.commit(prepared)
    assert isinstance(refused, Rejected)
    assert not refused.permanent
    assert isinstance(await masto.open.reconcile(prepared.as_handle()), Undecidable)


# --- the adapter: looking, editing, taking down ---


@pytest.mark.mission("M39")
async def test_a_late_list_does_not_hide_what_has_a_number(masto: Masto) -> None:
    await masto.lag(100)
    prepared, outcome = await masto.sent(draft())
    assert isinstance(outcome, Published)
    seen = await masto.open.reconcile(replace(prepared, id=outcome.id).as_handle())
    assert isinstance(seen, Found)
    assert (seen.id, seen.proof["listed"]) == (outcome.id, False)
    assert await masto.open.reconcile(prepared.as_handle()) == NotFound(), "without its number it cannot be seen yet"
    await masto.later(100)
    found = await masto.open.reconcile(prepared.as_handle())
    assert isinstance(found, Found)
    assert (found.id, found.url, found.duplicates) == (outcome.id, outcome.url, ())


@pytest.mark.mission("M39")
async def test_twins_are_told_in_whatever_order_the_list_is(masto: Masto) -> None:
    for n in range(6):
        await masto.sent(draft(f"Tin khác {n}"))
    await masto.fault("executed_twice")
    prepared, outcome = await masto.sent(draft())
    for n in range(6):
        await masto.sent(draft(f"Tin sau {n}"))
    await masto.lag(0, "out_of_order")
    assert isinstance(outcome, Published)
    for handle in (prepared.as_handle(), replace(prepared, id=outcome.id).as_handle()):
        seen = await masto.open.reconcile(handle)
        assert isinstance(seen, Found)
        assert seen.id == outcome.id
        [twin] = seen.duplicates
        assert twin.startswith(masto.stage.url)
        assert twin != seen.url
    newest = await masto.open.list_posts(5)
    assert newest is not None
    assert [post.text.splitlines()[0] for post in newest] == [f"Tin sau {n}" for n in range(5, 0, -1)]


async def test_a_long_list_is_read_page_by_page(masto: Masto) -> None:
    for n in range(45):
        await masto.sent(draft(f"Tin {n}"))
    posts = await masto.open.list_posts(50)
    assert posts is not None
    assert [post.text.splitlines()[0] for post in posts] == [f"Tin {n}" for n in range(44, -1, -1)]
    assert posts[0].created_at is not None
    assert abs(posts[0].created_at - masto.newsroom.clock.now()) < timedelta(minutes=2)


@pytest.mark.mission("M39")
async def test_a_twin_behind_a_late_list_is_seen_at_a_later_look(masto: Masto) -> None:
    await masto.lag(60)
    await masto.fault("executed_twice")
    prepared, outcome = await masto.sent(draft())
    assert isinstance(outcome, Published)
    handle = replace(prepared, id=outcome.id).as_handle()
    early = await masto.open.reconcile(handle)
    assert isinstance(early, Found)
    assert (early.duplicates, early.proof["listed"]) == ((), False)
    await masto.later(60)
    later = await masto.open.reconcile(handle)
    assert isinstance(later, Found)
    assert (len(later.duplicates), later.proof["listed"]) == (1, True)


@pytest.mark.mission("M39")
async def test_the_same_text_of_an_earlier_day_is_not_this_post(masto: Masto) -> None:
    await masto.sent(draft())
    await masto.later(3600)
    prepared = masto.open.prepare(masto.open.compose(draft()).payload, new_id(AT), masto.newsroom.clock.now())
    assert await masto.open.reconcile(prepared.as_handle()) == NotFound()
    _, outcome = await masto.sent(draft())
    assert isinstance(outcome, Published)
    seen = await masto.open.reconcile(replace(prepared, id=outcome.id).as_handle())
    assert isinstance(seen, Found)
    assert seen.duplicates == ()


@pytest.mark.mission("M39")
async def test_what_was_taken_down_is_not_found_in_a_late_list(masto: Masto) -> None:
    """The same message, withdrawn and sent again: the list still shows the first one."""
    _, first = await masto.sent(draft())
    await masto.later(60)
    await masto.lag(60)
    assert await masto.open.list_posts() != []
    await masto.open.delete(first.id)
    await masto.fault("not_executed_timeout", seconds=0.2)
    prepared, outcome = await masto.sent(draft())
    assert isinstance(outcome, Unknown)
    shown = await masto.open.list_posts()
    assert shown is not None
    assert [post.id for post in shown] == [first.id]
    assert await masto.open.reconcile(prepared.as_handle()) == NotFound()


@pytest.mark.parametrize(
    "text",
    [
        "Giá <5.000đ & >3.000đ “rẻ”, xem https://hanoi.gov.vn/tin/rat-dai-dai-dai-dai-dai-dai-dai?a=1&b=2 #HàNội",
        "Cùng @thanhpho và @ban@mastodon.social xem\n\n\nba dòng  trắng\n'hết'",
    ],
)
async def test_our_own_words_are_known_again_in_the_instances_html(masto: Masto, text: str) -> None:
    prepared, outcome = await masto.sent(draft(summary=text))
    assert isinstance(outcome, Published)
    assert isinstance(await masto.open.reconcile(prepared.as_handle()), Found)


@pytest.mark.mission("M30")
async def test_a_correction_edits_the_post_and_is_seen_to(masto: Masto) -> None:
    _, first = await masto.sent(draft())
    corrects = Corrected(first.id, first.url)
    fixed = draft("Hết ngập ở Ô Chợ Dừa", kind="correction", corrects=corrects)
    pending = masto.open.prepare(masto.open.compose(fixed).payload, new_id(AT), masto.newsroom.clock.now())
    assert await masto.open.reconcile(pending.as_handle()) == NotFound()
    await masto.fault("executed_response_lost", "statuses.update")
    prepared, lost = await masto.sent(fixed)
    assert isinstance(lost, Unknown)
    seen = await masto.open.reconcile(prepared.as_handle())
    assert isinstance(seen, Found)
    assert seen.id == first.id
    assert seen.proof["edited_at"]
    assert isinstance(await masto.open.commit(prepared), Published), "editing again changes nothing"
    [post] = await masto.posts()
    assert post["text"].startswith("Đính chính: Hết ngập")
    await masto.open.delete(first.id)
    gone = (await masto.sent(fixed))[1]
    assert isinstance(gone, Rejected)
    assert gone.permanent
    assert "không còn" in gone.reason.vi


@pytest.mark.mission("M30")
@pytest.mark.parametrize(
    ("fault", "is_gone"),
    [
        (None, True),
        ({"kind": "executed_response_lost"}, True),
        ({"kind": "http_status", "status": 503, "executed": True}, True),
        ({"kind": "http_status", "status": 503}, False),
        ({"kind": "throttle", "seconds": 90}, False),
    ],
)
async def test_deleted_means_read_again_and_gone(masto: Masto, fault: dict[str, Any] | None, is_gone: bool) -> None:
    medium = Medium("Ảnh", (masto.stored(png()),))
    _, outcome = await masto.sent(draft(media=(medium,)))
    if fault:
        await masto.fault(operation=DELETE, **fault)
    removal = await masto.open.delete(outcome.id)
    assert isinstance(removal, Deleted) == is_gone
    if isinstance(removal, Deleted):
        assert removal.proof == {"read": outcome.id, "found": False}
        assert [e["effect"] for e in await masto.entries("media")] == ["created", "deleted"], "the file goes along"
        assert (await masto.open.status(outcome.id)).is_live is False
        assert isinstance(await masto.open.delete(outcome.id), Deleted), "deleting again finds it gone"
    else:
        assert (removal.retry_at is not None) == (fault is not None and fault["kind"] == "throttle")
        assert len(await masto.posts()) == 1


async def test_a_key_whose_post_was_removed_is_told_as_such(masto: Masto) -> None:
    delivery = new_id(AT)
    _, outcome = await masto.sent(draft(), delivery)
    await masto.open.delete(outcome.id)
    again = (await masto.sent(draft(), delivery))[1]
    assert isinstance(again, Rejected)
    assert again.permanent


async def test_no_token_is_in_what_is_told(masto: Masto) -> None:
    await masto.account(status="revoked")
    told = [await masto.open.health(), (await masto.sent(draft()))[1], await masto.open.delete("1"), masto.open]
    assert TOKEN not in repr(told)
