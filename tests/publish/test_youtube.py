"""A YouTube channel end to end against the sandbox: private first, public once, cuts survived, quota by the Pacific
day, what YouTube will not show said in Vietnamese."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from typing_extensions import override

from libs.common import models as m
from services.publish.adapters import youtube_drafts, youtube_upload
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
)
from services.publish.adapters.youtube import LOCKED, Youtube
from services.publish.adapters.youtube_api import next_pacific_day
from services.publish.adapters.youtube_drafts import SESSION, VIDEO
from services.publish.adapters.youtube_text import fitting_tags
from tests.publish.conformance.drafts import FILM as SHOWN
from tests.publish.conformance.drafts import plain, unconnected
from tests.publish.library import jpeg
from tests.publish.newsroom import API, Newsroom
from tests.publish.pictures import shelve
from tests.publish.stage import Stage
from tests.publish.test_images import movie

CHANNEL, CLIENT = "UCthanhpho00000000000035", "355020260001.apps.example"
SECRET, REFRESH = "GOCSPX-bi-mat-cua-thanh-pho", "1//0e-ma-lam-moi-cua-thanh-pho"
UNIT = 256 * 1024
FILM = movie(mdat=bytes(range(256)) * 4096)
"""A little over four units of 256 KiB."""


@dataclass
class Line(httpx.AsyncBaseTransport):
    """The way there, which breaks in the middle of an upload: `cuts` are bytes of the file, each once."""

    cuts: list[int] = field(default_factory=list)
    sent: int = 0
    """Bytes of files that went out."""
    probes: int = 0
    session_at: str = ""
    """Where an upload's session is said to be, instead of where it is."""
    asked: list[str] = field(default_factory=list)
    inner: httpx.AsyncHTTPTransport = field(default_factory=httpx.AsyncHTTPTransport)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        told = request.headers.get("content-range", "")
        self.probes += told.startswith("bytes */")
        if told.startswith("bytes ") and "*" not in told:
            start = int(told.removeprefix("bytes ").partition("-")[0])
            request = httpx.Request(
                request.method, request.url, headers=request.headers, content=self._through(request.stream, start)
            )
        answer = await self.inner.handle_async_request(request)
        if self.session_at and "location" in answer.headers:
            answer.headers["location"] = self.session_at
        return answer

    async def _through(self, pieces: Any, at: int) -> AsyncIterator[bytes]:
        async for piece in pieces:
            cut = next((one for one in self.cuts if at <= one < at + len(piece)), None)
            if cut is not None:
                self.cuts.remove(cut)
                self.sent += cut - at
                yield piece[: cut - at]
                raise httpx.WriteError("the line broke")
            at, self.sent = at + len(piece), self.sent + len(piece)
            yield piece


@dataclass
class Desk:
    newsroom: Newsroom
    stage: Stage
    channel: m.Channel
    line: Line = field(default_factory=Line)

    async def put(self, **changes: Any) -> None:
        told = {"id": CHANNEL, "client_id": CLIENT, "client_secret": SECRET, **changes.pop("options", {})}
        body = {"platform": "youtube", "handle": "thanhpho", "password": REFRESH, "options": told, **changes}
        await self.stage.put("/control/accounts", **body)

    async def fault(self, kind: str, operation: str, **more: Any) -> None:
        await self.stage.post("/control/faults", platform="youtube", operation=operation, kind=kind, **more)

    async def later(self, **step: float) -> None:
        self.newsroom.clock.advance(timedelta(**step))
        await self.stage.post("/control/clock/advance", seconds=timedelta(**step).total_seconds())

    async def posts(self) -> list[dict[str, Any]]:
        return [p for p in await self.stage.posts() if p["platform"] == "youtube"]

    async def entries(self, operation: str) -> list[dict[str, Any]]:
        told = (await self.stage.http.get("/control/ledger", params={"platform": "youtube"})).json()["entries"]
        return [e for e in told if e["operation"] == operation]

    async def used(self) -> dict[str, int]:
        return dict((await self.stage.http.get(f"/youtube/quota/{CLIENT}")).json())

    def open(self, refresh: str = REFRESH, **settings: Any) -> Youtube:
        """As the channel's own adapter, over the line that breaks."""
        tools = replace(self.newsroom.resources.tools, http=httpx.AsyncClient(transport=self.line), sessions={})
        secret = {"client_id": CLIENT, "client_secret": SECRET, "refresh_token": refresh}
        return Youtube(Account(self.channel.id, {**self.channel.settings, **settings}, secret), tools)

    def film(self, data: bytes = FILM, seconds: float = 12.5) -> Medium:
        self.newsroom.resources.files.put(data)
        file = Rendition(hashlib.sha256(data).hexdigest(), "video/mp4", len(data), 1920, 1080)
        return Medium("Nước lên ở cầu", (file,), duration_ms=int(seconds * 1000))

    def prepared(self, adapter: Youtube, data: bytes = FILM, **draft: Any) -> Prepared:
        payload = adapter.compose(plain(**{"media": (self.film(data),), **draft})).payload
        return adapter.prepare(payload, uuid4(), self.newsroom.clock.now())

    async def staged(self, adapter: Youtube, data: bytes = FILM, **draft: Any) -> Prepared:
        ready = await adapter.stage(self.prepared(adapter, data, **draft))
        assert isinstance(ready, Prepared), ready
        return ready


@pytest.fixture
async def desk(newsroom: Newsroom, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(youtube_drafts, "LOOKS", (0.0, 0.0))
    monkeypatch.setattr(youtube_upload, "PAUSES", (0.05, 0.05, 0.05, 0.05))
    desk = Desk(newsroom, stage, newsroom.bulletin)
    await desk.put()
    service = f"{stage.url}/youtube"
    body = {
        "kind": "youtube",
        "name": "YouTube của thành phố",
        "address": "@thanhpho",
        "settings": {"channel_id": CHANNEL, "service": service, "oauth": service, "web": service, "tags": ["Hà Nội"]},
        "secret": {"client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH},
    }
    made = await newsroom.client.post(f"{API}/channels", json=body, headers=newsroom.admin)
    assert made.status_code == 201, made.text
    async with newsroom.db.transaction() as session:
        channel = await session.get(m.Channel, UUID(made.json()["id"]))
    assert channel is not None
    desk.channel = channel
    yield desk
    await desk.line.inner.aclose()


def on(publication: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    return next(d for d in publication["deliveries"] if d["channel_id"] == str(channel.id))


# --- through the newsroom ---


@pytest.mark.mission("M14")
async def test_a_video_is_private_until_its_words_are_approved_and_then_public_at_once(
    newsroom: Newsroom, desk: Desk
) -> None:
    media = [
        str(await shelve(newsroom, FILM, alt="Xe buýt ra bến", mime="video/mp4")),
        str(await shelve(newsroom, jpeg(), alt="Bìa", mime="image/jpeg")),
    ]
    done = await newsroom.published(newsroom.bulletin, desk.channel, media_ids=media, title="Tuyến 32 <đổi> đường")
    delivery = on(done, desk.channel)
    assert (done["state"], delivery["state"]) == ("published", "published")
    [uploaded], [changed] = await desk.entries("videos.insert"), await desk.entries("videos.update")
    assert uploaded["data"]["status"]["privacyStatus"] == "private"
    assert "chưa công khai" in uploaded["data"]["snippet"]["description"]
    assert uploaded["data"]["sha256"] == hashlib.sha256(FILM).hexdigest()
    status, snippet = changed["data"]["status"], changed["data"]["snippet"]
    assert (status["privacyStatus"], status["selfDeclaredMadeForKids"], status["containsSyntheticMedia"]) == (
        "public",
        False,
        False,
    )
    assert snippet["title"] == "Tuyến 32 ‹đổi› đường"
    assert "• Vé tháng vẫn dùng được." in snippet["description"]
    assert "https://tin.example.vn/" in snippet["description"]
    assert snippet["tags"][0] == "Hà Nội"
    assert changed["data"]["thumbnail"] == hashlib.sha256(jpeg()).hexdigest()
    assert (await desk.stage.http.get(delivery["platform_url"])).status_code == 200
    assert len(await desk.posts()) == 1


@pytest.mark.mission("M14")
async def test_an_empty_bucket_moves_the_job_past_midnight_in_california(newsroom: Newsroom, desk: Desk) -> None:
    """The hundred uploads of the project are used up by somebody else."""
    other = desk.open()
    for _ in range(100):
        await other._drafts._open(desk.prepared(other), {"size": 1000, "mime": "video/mp4"})
    film = str(await shelve(newsroom, FILM, alt="Xe buýt", mime="video/mp4"))
    made = await newsroom.approved(newsroom.bulletin, desk.channel, media_ids=[film])
    await newsroom.deliver()
    waiting = on(await newsroom.read(made), desk.channel)
    assert waiting["state"] == "throttled"
    assert await desk.used() == {"inserts": 100, "units": 2}
    midnight = next_pacific_day(newsroom.clock.now())
    await desk.later(seconds=(midnight - newsroom.clock.now()).total_seconds() - 60)
    assert await newsroom.deliver() == 0
    await desk.later(minutes=2)
    await newsroom.deliver()
    assert on(await newsroom.read(made), desk.channel)["state"] == "published"
    assert (await desk.used())["inserts"] == 1


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-11-24T05:00+00:00", "2026-11-24T08:00+00:00"),
        ("2026-11-24T08:00+00:00", "2026-11-25T08:00+00:00"),
        ("2026-07-01T06:59+00:00", "2026-07-01T07:00+00:00"),
        ("2026-11-01T12:00+00:00", "2026-11-02T08:00+00:00"),
        ("2027-03-14T09:30+00:00", "2027-03-15T07:00+00:00"),
    ],
)
def test_the_day_of_the_quota_ends_in_california_whatever_the_season(now: str, midnight: str) -> None:
    assert next_pacific_day(datetime.fromisoformat(now)) == datetime.fromisoformat(midnight).astimezone(UTC)


@pytest.mark.mission("M14")
async def test_a_large_file_keeps_its_session_before_its_first_byte(
    newsroom: Newsroom, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that dies in the middle leaves what another one goes on from; nobody is told the session's address."""
    caplog.set_level(logging.DEBUG)
    async with newsroom.db.transaction() as session:
        channel = await session.get(m.Channel, desk.channel.id)
        assert channel is not None
        channel.settings = {**channel.settings, "chunk": UNIT}
    film = str(await shelve(newsroom, FILM, alt="Xe buýt", mime="video/mp4"))
    made = await newsroom.approved(newsroom.bulletin, desk.channel, media_ids=[film])
    await newsroom.deliver()
    assert await desk.entries("videos.insert") == []
    kept = (await _handle(newsroom, made, desk.channel))["sending"]["staged"]
    upload_id = kept[SESSION].rpartition("upload_id=")[2]
    assert len(upload_id) >= 32
    await desk.later(seconds=10)
    await newsroom.deliver()
    done = await newsroom.read(made)
    assert on(done, desk.channel)["state"] == "published"
    assert SESSION not in (await _handle(newsroom, made, desk.channel))["sending"]["staged"]
    assert (await desk.used())["inserts"] == 1
    assert upload_id not in caplog.text
    assert upload_id not in str(done)


async def _handle(newsroom: Newsroom, made: dict[str, Any], channel: m.Channel) -> dict[str, Any]:
    async with newsroom.db.transaction() as session:
        delivery = await session.get(m.Delivery, UUID(on(await newsroom.read(made), channel)["id"]))
        assert delivery is not None
        return dict(delivery.handle)


# --- cuts ---


@pytest.mark.mission("M14")
@pytest.mark.parametrize("at", [0, UNIT - 1, UNIT, 3 * UNIT + 7, len(FILM) - 1])
async def test_an_upload_that_is_cut_goes_on_from_the_last_byte_that_arrived(desk: Desk, at: int) -> None:
    desk.line.cuts = [at]
    staged = await desk.staged(desk.open())
    assert desk.line.cuts == []
    [video] = await desk.entries("videos.insert")
    assert (video["subject"], video["data"]["sha256"]) == (staged.staged[VIDEO], hashlib.sha256(FILM).hexdigest())
    assert desk.line.probes == 1
    assert desk.line.sent <= len(FILM) + UNIT, "what had arrived was sent again"
    assert (await desk.used())["inserts"] == 1


async def test_many_cuts_in_one_upload_are_survived_as_long_as_it_gets_on(desk: Desk) -> None:
    desk.line.cuts = [UNIT + 9, 2 * UNIT + 9, 3 * UNIT + 9, 4 * UNIT + 9]
    adapter = desk.open()
    await desk.staged(adapter)
    [video] = await desk.entries("videos.insert")
    assert video["data"]["sha256"] == hashlib.sha256(FILM).hexdigest()
    assert desk.line.probes == 4


async def test_an_upload_that_stays_cut_is_left_to_a_later_try_which_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(youtube_upload, "PAUSES", (0.0, 0.0))
    adapter = desk.open()
    desk.line.cuts = [2 * UNIT + n for n in range(5, 25)]
    sent = desk.prepared(adapter)
    told = await adapter.stage(sent)
    assert isinstance(told, Rejected), told
    assert not told.permanent
    assert told.so_far is not None
    desk.line.cuts.clear()
    await asyncio.sleep(0.3)  # the server hears of the last cut
    before = desk.line.sent
    again = await desk.open().stage(Prepared.from_handle(told.so_far.as_handle()))
    assert isinstance(again, Prepared), again
    assert desk.line.sent - before == len(FILM) - 2 * UNIT, "what had arrived was sent again, or more"
    [video] = await desk.entries("videos.insert")
    assert video["data"]["sha256"] == hashlib.sha256(FILM).hexdigest()


async def test_the_last_answer_lost_is_asked_of_the_session(desk: Desk) -> None:
    await desk.fault("executed_response_lost", "videos.upload")
    staged = await desk.staged(desk.open())
    [video] = await desk.entries("videos.insert")
    assert video["subject"] == staged.staged[VIDEO]


async def test_a_session_that_is_gone_is_begun_anew(desk: Desk) -> None:
    adapter = desk.open(chunk=UNIT)
    sent = desk.prepared(adapter)
    opened = await adapter.stage(sent)
    assert isinstance(opened, Rejected)
    assert opened.so_far is not None
    await desk.later(days=8)
    gone = await adapter.stage(opened.so_far)
    assert isinstance(gone, Rejected), gone
    assert not gone.permanent
    assert gone.so_far is not None
    assert gone.so_far.staged == {}
    assert isinstance(await desk.open().stage(gone.so_far), Prepared)
    assert len(await desk.entries("videos.insert")) == 1


async def test_an_upload_nobody_heard_of_is_found_by_its_key_and_not_made_twice(desk: Desk) -> None:
    """The worker died after the last byte, before anything was kept."""
    adapter = desk.open()
    sent = desk.prepared(adapter)
    first, again = await adapter.stage(sent), await desk.open().stage(sent)
    assert isinstance(first, Prepared)
    assert isinstance(again, Prepared)
    assert again.staged[VIDEO] == first.staged[VIDEO]
    assert len(await desk.entries("videos.insert")) == 1
    other = await desk.staged(desk.open())
    assert other.staged[VIDEO] != first.staged[VIDEO]


async def test_a_token_that_ends_in_the_middle_is_renewed_and_the_upload_goes_on(desk: Desk) -> None:
    await desk.fault("token_expired", "videos.upload")
    await desk.staged(desk.open())
    assert len(await desk.entries("videos.insert")) == 1


async def test_the_token_goes_to_no_other_upload_service(desk: Desk) -> None:
    desk.line.session_at = "https://la.example/upload?upload_id=khong-phai-cua-youtube-0123"
    told = await desk.open().stage(desk.prepared(desk.open()))
    assert isinstance(told, Rejected)
    assert not told.permanent
    assert "la.example" not in desk.line.asked


# --- what YouTube makes of it ---


@pytest.mark.mission("M14")
async def test_a_project_that_was_not_audited_is_noticed_and_said(newsroom: Newsroom, desk: Desk) -> None:
    await desk.put(options={"audited": False})
    film = str(await shelve(newsroom, FILM, alt="Xe buýt", mime="video/mp4"))
    done = await newsroom.published(newsroom.bulletin, desk.channel, media_ids=[film])
    delivery = on(done, desk.channel)
    assert (done["state"], delivery["state"]) == ("partly_published", "rejected")
    assert delivery["error"] == LOCKED.vi
    assert await desk.posts() == []


async def test_a_video_in_processing_is_out_when_it_can_be_seen(desk: Desk) -> None:
    await desk.put(options={"processing_seconds": 600})
    adapter = desk.open()
    staged = await desk.staged(adapter)
    told = await adapter.commit(staged)
    assert isinstance(told, Accepted), told
    waiting = await adapter.reconcile(told.handle)
    assert isinstance(waiting, Undecidable)
    assert not waiting.is_final
    await desk.later(minutes=11)
    found = await adapter.reconcile(told.handle)
    assert isinstance(found, Found), found
    assert found.id == staged.staged[VIDEO]


@pytest.mark.parametrize(("verdict", "words"), [("failed:codec", "mã hóa"), ("rejected:duplicate", "trùng")])
async def test_what_youtube_will_not_show_is_never_made_public(desk: Desk, verdict: str, words: str) -> None:
    await desk.put(options={"verdict": verdict})
    adapter = desk.open()
    told = await adapter.stage(desk.prepared(adapter))
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert words in told.reason.vi
    assert await desk.entries("videos.update") == []


async def test_what_fails_after_it_was_made_public_is_not_out_and_the_reason_is_told(desk: Desk) -> None:
    await desk.put(options={"processing_seconds": 600, "verdict": "failed:codec"})
    adapter = desk.open()
    staged = await desk.staged(adapter)
    told = await adapter.commit(staged)
    assert isinstance(told, Accepted), told
    await desk.later(minutes=11)
    assert isinstance(await adapter.reconcile(told.handle), NotFound)
    again = await adapter.stage(staged)
    assert isinstance(again, Rejected)
    assert again.permanent
    assert "mã hóa" in again.reason.vi


async def test_what_is_no_video_fails_there(desk: Desk) -> None:
    adapter = desk.open()
    told = await adapter.stage(desk.prepared(adapter, b"khong phai video" * 99))
    assert isinstance(told, Rejected), told
    assert told.permanent


async def test_a_staged_video_that_somebody_deleted_is_uploaded_again(desk: Desk) -> None:
    adapter = desk.open()
    staged = await desk.staged(adapter)
    await desk.stage.post("/control/youtube/remove", post=staged.staged[VIDEO])
    told = await adapter.commit(staged)
    assert isinstance(told, Rejected), told
    assert not told.permanent
    again = await adapter.stage(staged)
    assert isinstance(again, Prepared), again
    assert isinstance(await adapter.commit(again), Published)
    assert len(await desk.posts()) == 1


async def test_a_thumbnail_that_is_not_allowed_keeps_no_video_back(desk: Desk) -> None:
    await desk.fault("http_status", "thumbnails.set", status=403)
    data = jpeg()
    desk.newsroom.resources.files.put(data)
    picture = Medium("Bìa", (Rendition(hashlib.sha256(data).hexdigest(), "image/jpeg", len(data), 640, 400),))
    await desk.staged(desk.open(), media=(desk.film(), picture))


# --- words ---


def test_the_title_has_a_hundred_units_and_the_description_five_thousand_bytes() -> None:
    title = "Điều chỉnh tổ chức giao thông " * 6
    draft = plain(title=title, body="Ngập nước. " * 900, media=(SHOWN,), ai_label="Ảnh")
    composed = unconnected("youtube").compose(draft)
    payload = composed.payload
    assert len(payload["title"].encode("utf-16-le")) // 2 <= 100
    assert payload["title"].endswith("…")
    description = payload["description"]
    assert 4_900 <= len(description.encode()) <= 5_000
    assert description.startswith(" ".join(title.split()))
    assert description.endswith("https://tin.example.vn/tin/xe-buyt-32")
    assert "trí tuệ nhân tạo" in description
    assert payload["synthetic"] is True
    assert any("Tiêu đề đã rút gọn" in note for note in composed.notes)


def test_a_draft_without_a_video_is_refused_with_the_way_out() -> None:
    with pytest.raises(NotPostable) as refused:
        unconnected("youtube").compose(plain())
    assert "thêm một video" in refused.value.reason.vi


def test_a_channel_that_was_not_verified_takes_a_quarter_of_an_hour() -> None:
    adapter = unconnected("youtube")
    assert isinstance(adapter, Youtube)
    long = replace(SHOWN, duration_ms=16 * 60_000)
    assert adapter.compose(plain(media=(long,))).payload["media"]
    unverified = Youtube(Account(UUID(int=1), {}, {}, {"long_uploads": "eligible"}), adapter._tools)
    with pytest.raises(NotPostable) as refused:
        unverified.compose(plain(media=(long,)))
    assert "900 giây" in refused.value.reason.vi


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        (["Hà Nội", "<b>", "a,b"], ["Hà Nội", "‹b›", "a b"]),
        (["x" * 250, "y" * 249, "z"], ["x" * 250, "y" * 249]),
        (["x" * 250, "y " * 123 + "yy"], ["x" * 250]),
    ],
)
def test_tags_have_five_hundred_characters_as_youtube_counts(tags: list[str], kept: list[str]) -> None:
    assert fitting_tags(tags) == kept


# --- afterwards ---


async def test_a_correction_changes_the_words_and_nothing_else(desk: Desk) -> None:
    adapter = desk.open()
    done = await adapter.commit(await desk.staged(adapter, ai_label="Video do AI tạo"))
    assert isinstance(done, Published)
    edit = adapter.compose(plain(kind="correction", title="Sửa giờ", corrects=Corrected(done.id, done.url)))
    sent = adapter.prepare(edit.payload, uuid4(), desk.newsroom.clock.now())
    assert await adapter.stage(sent) == sent
    changed = await adapter.commit(sent)
    assert isinstance(changed, Published), changed
    before, after = await desk.entries("videos.update")
    assert after["data"]["snippet"]["title"] == "Đính chính: Sửa giờ"
    for name in ("tags", "categoryId", "defaultLanguage"):
        assert after["data"]["snippet"][name] == before["data"]["snippet"][name]
    assert after["data"]["status"] == before["data"]["status"]
    assert after["data"]["status"]["containsSyntheticMedia"] is True
    assert isinstance(await adapter.reconcile(sent.as_handle()), Found)
    assert isinstance(await adapter.delete(done.id), Deleted)
    gone = await adapter.commit(sent)
    assert isinstance(gone, Rejected)
    assert gone.permanent


async def test_figures_are_read_and_a_private_video_is_no_post(desk: Desk) -> None:
    adapter = desk.open()
    done = await adapter.commit(await desk.staged(adapter))
    assert isinstance(done, Published)
    hidden = await desk.staged(adapter)
    await desk.stage.post(
        "/control/youtube/engage", post=done.id, likes=3, reposts=2, replies=[{"text": "Cảm ơn", "author": "Một người"}]
    )
    told = await adapter.metrics([done.id, hidden.staged[VIDEO], "aaaaaaaaaaa"])
    assert {one.name: one.value for one in told[done.id]} == {"views": 5, "likes": 3, "comments": 1, "shares": None}
    assert "aaaaaaaaaaa" not in told
    assert [post.id for post in await adapter.list_posts() or []] == [done.id]
    standing = await adapter.status(hidden.staged[VIDEO])
    assert standing.is_live is False


# --- the account ---


async def test_a_refresh_token_that_was_withdrawn_needs_a_person_and_is_not_asked_again(desk: Desk) -> None:
    adapter = desk.open()
    done = await adapter.commit(await desk.staged(adapter))
    assert isinstance(done, Published)
    await desk.stage.post("/control/youtube/tokens", account="thanhpho", which="all", revoke=True)
    told = await desk.open().stage(desk.prepared(adapter))
    assert isinstance(told, AuthRequired), told
    assert "thu hồi" in told.reason.vi
    kept = await desk.open().delete(done.id)
    assert isinstance(kept, StillLive)
    assert kept.needs_reconnect
    problem = (await desk.open().health()).problem
    assert problem is not None


async def test_a_client_in_testing_is_warned_of_before_its_week_ends(desk: Desk) -> None:
    await desk.put(options={"testing": True})
    health = await desk.open().health()
    assert health.problem is None
    assert health.credentials_end_at is not None
    assert abs(health.credentials_end_at - desk.newsroom.clock.now() - timedelta(days=7)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changed", "settings", "words"),
    [
        ({}, {"channel_id": "UCkhac000000000000000000"}, "kênh YouTube khác"),
        ({"status": "no_channel"}, {}, "chưa có kênh"),
    ],
)
async def test_an_account_of_another_channel_or_of_none_is_named(
    desk: Desk, changed: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    await desk.put(**changed)
    problem = (await desk.open(**settings).health()).problem
    assert problem is not None
    assert words in problem.vi


@pytest.mark.parametrize(("operation", "status"), [("videos.insert", 403), ("videos.upload", 403)])
async def test_a_permission_that_is_missing_asks_for_a_person(desk: Desk, operation: str, status: int) -> None:
    await desk.fault("http_status", operation, status=status)
    assert isinstance(await desk.open().stage(desk.prepared(desk.open())), AuthRequired)


async def test_the_channels_own_cap_of_a_day_is_waited_for(desk: Desk) -> None:
    await desk.put(options={"uploads_a_day": 0})
    told = await desk.open().stage(desk.prepared(desk.open()))
    assert isinstance(told, Throttled)
    assert told.until == desk.newsroom.clock.now() + timedelta(days=1)


async def test_a_token_door_that_is_down_is_a_passing_trouble(desk: Desk) -> None:
    await desk.fault("http_status", "oauth.token", status=503, times=2)
    told = await desk.open().stage(desk.prepared(desk.open()))
    assert isinstance(told, Rejected), told
    assert not told.permanent
    with pytest.raises(ChannelError, match="not connected"):
        await desk.open().health()
