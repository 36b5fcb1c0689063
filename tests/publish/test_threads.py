"""Threads end to end on the sandbox: letters, cards, carousels, replies as corrections, limits and the token."""

import json
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.common import models as m
from libs.common.testing.make import Make
from sandbox.counting import threads_units
from services.publish import measure
from services.publish.adapters import versions
from services.publish.adapters.base import (
    Channel,
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
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import NOW, plain, unconnected
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.newsroom import Newsroom

CASE = case_of("threads")


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


async def entries(theatre: Theatre, kind: str, effect: str = "created") -> list[dict[str, Any]]:
    told = (await theatre.control.get("/control/ledger", params={"platform": "threads"})).json()["entries"]
    return [entry for entry in told if (entry["kind"], entry["effect"]) == (kind, effect)]


async def on_the_stage(theatre: Theatre, channel: m.Channel, **more: Any) -> None:
    _, seat = theatre.seats[channel.id]
    assert seat.control is not None
    options = {**seat.control["options"], **more.pop("options", {})}
    await theatre.put("accounts", **{**seat.control, **more, "options": options})


async def ready(theatre: Theatre, adapter: Channel, **more: Any) -> Prepared:
    payload = adapter.compose(plain(**more)).payload
    staged = await adapter.stage(adapter.prepare(payload, theatre.newsroom.bulletin.id, theatre.newsroom.clock.now()))
    assert isinstance(staged, Prepared), staged
    return staged


async def posted(theatre: Theatre, adapter: Channel, **more: Any) -> Published:
    done = await adapter.commit(await ready(theatre, adapter, **more))
    assert isinstance(done, Published), done
    return done


def films(*mimes: str, milliseconds: int = 20_000) -> tuple[Medium, ...]:
    return tuple(
        Medium(f"Phim {n}", (Rendition(f"{n:02x}" * 32, mime, 9_000, 640, 480),), duration_ms=milliseconds)
        for n, mime in enumerate(mimes, 1)
    )


# --- how it counts ---


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("đường phố", 9),
        (unicodedata.normalize("NFC", "Hội nghị"), 8),
        ("👍", 4),
        ("🇻🇳", 8),
        ("👨‍👩‍👧‍👦", 25),
        ("1️⃣", 7),
        ("❤️ Hà Nội", 13),
        ("5 # *", 5),
    ],
)
def test_an_emoji_counts_its_bytes_and_a_letter_one(text: str, units: int) -> None:
    assert measure.threads_units(text) == units
    assert threads_units(text) == units, "the sandbox counts by itself"


@pytest.mark.parametrize("letter", ["ệ", "e\u0323\u0302", "👍", "👨‍👩‍👧‍👦 ", "🇻🇳"])
def test_the_text_leaves_room_and_keeps_its_link(letter: str) -> None:
    made = unconnected("threads").compose(plain(summary=letter * 800))
    assert 400 < threads_units(made.text) <= 480
    assert made.text.endswith("https://tin.example.vn/tin/xe-buyt-32")
    assert any("rút gọn" in note for note in made.notes)


# --- what can be posted ---


def test_words_alone_carry_a_card_and_pictures_do_not() -> None:
    adapter = unconnected("threads")
    assert adapter.compose(plain()).payload["link"] == "https://tin.example.vn/tin/xe-buyt-32"
    shown = Medium("Ảnh", (Rendition("aa" * 32, "image/png", 9_000, 640, 480),))
    assert "link" not in adapter.compose(plain(media=(shown,))).payload


def test_more_than_five_links_are_refused_with_the_way_out() -> None:
    told = " ".join(f"https://a{n}.example/" for n in range(5))
    with pytest.raises(NotPostable, match="6 links") as refused:
        unconnected("threads").compose(plain(summary=told))
    assert "hãy bỏ bớt" in refused.value.reason.vi


def test_media_outside_its_rules_are_refused() -> None:
    adapter = unconnected("threads")
    with pytest.raises(NotPostable, match="21 media"):
        adapter.compose(plain(media=films(*["video/mp4"] * 21)))
    with pytest.raises(NotPostable):
        adapter.compose(plain(media=films("video/mp4", milliseconds=300_001)))
    narrow = Medium("Cột", (Rendition("aa" * 32, "image/png", 9_000, 100, 1_001),))
    with pytest.raises(NotPostable):
        adapter.compose(plain(media=(narrow,)))
    assert len(adapter.compose(plain(media=films(*["video/quicktime"] * 20))).payload["media"]) == 20


# --- on the stage ---


@pytest.mark.mission("M17")
async def test_words_are_published_once_and_read_back(theatre: Theatre, channel: m.Channel) -> None:
    done = await theatre.newsroom.approved(channel, title="Cầu Ô Chợ Dừa 🚧 thông xe")
    theatre.newsroom.resources = theatre.resources()
    await theatre.newsroom.deliver()
    read = await theatre.newsroom.read(done)
    [delivery] = read["deliveries"]
    assert (read["state"], delivery["state"]) == ("published", "published"), delivery
    [post] = await entries(theatre, "post")
    assert post["data"]["text"].startswith("Cầu Ô Chợ Dừa 🚧 thông xe\n\n")
    page = await theatre.control.get(delivery["platform_url"])
    assert "Cầu Ô Chợ Dừa 🚧 thông xe" in page.text


@pytest.mark.mission("M17")
async def test_a_carousel_is_one_post_in_order_with_what_it_shows(theatre: Theatre, channel: m.Channel) -> None:
    theatre.app.state.world.settings.threads.video_processing_seconds = 0.0
    pictures = [await theatre.new_medium(CASE), await theatre.new_medium(CASE)]
    armed = await theatre.armed(channel, media_ids=[*pictures, await theatre.film()])
    done = await theatre.opened(channel).commit(armed.prepared)
    assert isinstance(done, Published), done
    [post] = await entries(theatre, "post")
    assert post["data"]["type"] == "CAROUSEL"
    assert post["data"]["media_sha256"] == [one["sha256"] for one in armed.prepared.payload["media"]]
    assert post["data"]["alts"] == ["Bản đồ lộ trình mới"] * 3, "videos say what they show too"
    assert len(await entries(theatre, "container")) == 4


async def test_a_video_takes_its_time_and_stays_one_container(
    theatre: Theatre, channel: m.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.publish.adapters.containers.LOOKS", ())
    theatre.app.state.world.settings.threads.video_processing_seconds = 60.0
    armed = await theatre.armed(channel)
    shown = replace(armed.prepared, payload={**armed.prepared.payload, "media": await film(theatre)}, staged={})
    adapter = theatre.opened(channel)
    waits = await adapter.stage(shown)
    assert isinstance(waits, Rejected), waits
    assert not waits.permanent
    assert waits.so_far is not None
    theatre.advance(timedelta(seconds=61))
    staged = await adapter.stage(waits.so_far)
    assert isinstance(staged, Prepared), staged
    assert isinstance(await adapter.commit(staged), Published)
    assert len(await entries(theatre, "fetch", "called")) == 1


async def film(theatre: Theatre) -> list[dict[str, Any]]:
    media = await theatre.shown(replace(CASE, needs_video=True), plain())
    payload: list[dict[str, Any]] = unconnected("threads").compose(media).payload["media"]
    return payload


async def test_what_cannot_be_fetched_is_told_in_words_and_tried_again(theatre: Theatre, channel: m.Channel) -> None:
    armed = await theatre.armed(channel, media_ids=[await theatre.new_medium(CASE)])
    files, key = theatre.newsroom.resources.files, armed.prepared.payload["media"][0]["sha256"]
    files.delete(f"objects/{key[:2]}/{key}")
    told = await theatre.opened(channel).stage(replace(armed.prepared, staged={}))
    assert isinstance(told, Rejected), told
    assert not told.permanent
    assert "could not be fetched" in told.reason.en


@pytest.mark.mission("M18")
async def test_a_second_publishing_makes_no_second_post(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    prepared = await ready(theatre, adapter)
    await theatre.fault(CASE, "threads.publish", "executed_response_lost")
    assert isinstance(await adapter.commit(prepared), Unknown)
    assert isinstance(await adapter.commit(prepared), Published)
    [post] = await entries(theatre, "post")
    assert post["data"]["link"] == "https://tin.example.vn/tin/xe-buyt-32", "the card"
    assert len(await entries(theatre, "container", "unchanged")) == 1, "the attempt is counted"


# --- corrections are replies ---


async def test_a_correction_answers_the_post_and_is_found_below_it(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    first = await posted(theatre, adapter)
    await theatre.post("threads/engage", post=first.id, replies=[{"text": f"Ý kiến {n}"} for n in range(60)])
    prepared = await ready(theatre, adapter, title="Giờ xe chạy", corrects=Corrected(first.id, first.url))
    await theatre.fault(CASE, "threads.publish", "executed_response_lost")
    lost = await adapter.commit(prepared)
    assert isinstance(lost, Unknown), lost
    await theatre.post("threads/engage", post=first.id, replies=[{"text": f"Hỏi lại {n}"} for n in range(60)])
    found = await adapter.reconcile(lost.handle)
    assert isinstance(found, Found), found
    assert found.duplicates == ()
    _, reply = await entries(theatre, "post")
    assert (reply["data"]["reply_to"], reply["data"]["text"][:21]) == (first.id, "Đính chính: Giờ xe ch")
    assert [one.id for one in await adapter.list_posts() or []] == [first.id], "replies are no posts of the list"
    assert isinstance(await adapter.delete(found.id), Deleted)


async def test_a_reply_not_listed_yet_is_no_no(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    first = await posted(theatre, adapter)
    prepared = await ready(theatre, adapter, title="Giờ xe chạy", corrects=Corrected(first.id, first.url))
    await theatre.put("lag", platform="threads", seconds=90, mode="steady")
    await theatre.fault(CASE, "threads.publish", "executed_response_lost")
    lost = await adapter.commit(prepared)
    assert isinstance(lost, Unknown), lost
    assert isinstance(await adapter.reconcile(lost.handle), Undecidable)
    theatre.advance(timedelta(seconds=95))
    assert isinstance(await adapter.reconcile(lost.handle), Found)


async def test_a_correction_of_what_is_gone_is_a_persons(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    first = await posted(theatre, adapter)
    assert isinstance(await adapter.delete(first.id), Deleted)
    payload = adapter.compose(plain(corrects=Corrected(first.id, first.url))).payload
    told = await adapter.stage(adapter.prepare(payload, channel.id, theatre.newsroom.clock.now()))
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert "không còn trên Threads" in told.reason.vi


# --- its limits ---


async def test_the_days_limits_are_told_and_kept(theatre: Theatre, channel: m.Channel) -> None:
    theatre.app.state.world.settings.threads.deletes_a_day = 3
    await on_the_stage(theatre, channel, options={"posts_a_day": 7})
    facts = json.loads(json.dumps(await theatre.opened(channel).fetch_capabilities()))
    assert (facts["quota_usage"], facts["quota_total"], facts["reply_quota_total"]) == (0, 7, 1_000)
    channel.capabilities, channel.capabilities_at = facts, theatre.newsroom.clock.now()
    adapter = theatre.opened(channel)
    assert {limit.name: limit.points for limit in adapter.limits} == {"posts": 7, "replies": 1_000, "deletes": 3}
    documented = {"posts": 250, "replies": 1_000, "deletes": 100}
    assert {limit.name: limit.points for limit in type(adapter).limits} == documented


async def test_a_used_up_day_waits_though_no_number_says_so(theatre: Theatre, channel: m.Channel) -> None:
    await on_the_stage(theatre, channel, options={"posts_a_day": 1})
    adapter = theatre.opened(channel)
    first = await posted(theatre, adapter)
    assert isinstance(await adapter.commit(await ready(theatre, adapter, title="Tin sau")), Throttled)
    answer = await ready(theatre, adapter, title="Giờ", corrects=Corrected(first.id, first.url))
    assert isinstance(await adapter.commit(answer), Published), "replies have a day of their own"
    theatre.advance(timedelta(hours=24, seconds=1))
    assert isinstance(await adapter.commit(await ready(theatre, adapter, title="Tin hôm sau")), Published)


async def test_a_used_up_day_of_deletions_is_tried_again(theatre: Theatre, channel: m.Channel) -> None:
    theatre.app.state.world.settings.threads.deletes_a_day = 1
    adapter = theatre.opened(channel)
    first, second = await posted(theatre, adapter), await posted(theatre, adapter, title="Tin sau")
    assert isinstance(await adapter.delete(first.id), Deleted)
    told = await adapter.delete(second.id)
    assert isinstance(told, StillLive), told
    assert told.retry_at is not None
    assert "hạn mức gỡ" in told.reason.vi
    theatre.advance(timedelta(hours=24, seconds=1))
    assert isinstance(await adapter.delete(second.id), Deleted)


@pytest.mark.parametrize("status", ["spam_blocked", "restricted"])
async def test_spam_and_restriction_are_a_persons_matter(theatre: Theatre, channel: m.Channel, status: str) -> None:
    adapter = theatre.opened(channel)
    prepared = await ready(theatre, adapter)
    await on_the_stage(theatre, channel, status=status)
    told = await adapter.commit(prepared)
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert "người" in told.reason.vi
    assert isinstance(await adapter.reconcile(prepared.as_handle()), NotFound)


# --- the account, the token and the version ---


async def test_another_accounts_token_is_told(theatre: Theatre, channel: m.Channel) -> None:
    channel.settings = {**channel.settings, "account_id": "17842500009999999"}
    problem = (await theatre.opened(channel).health()).problem
    assert problem is not None
    assert "account_id" in problem.vi


async def test_the_token_is_renewed_before_its_60_days(theatre: Theatre, channel: m.Channel) -> None:
    start, adapter = theatre.newsroom.clock.now(), theatre.opened(channel)
    assert (await adapter.health()).credentials_end_at == start + timedelta(days=60)
    channel.capabilities = json.loads(json.dumps(await adapter.fetch_capabilities()))
    theatre.advance(timedelta(hours=25))
    ends = (await theatre.opened(channel).health()).credentials_end_at
    assert ends == theatre.newsroom.clock.now() + timedelta(days=60)


async def test_an_announced_end_of_the_version_is_told_in_time(theatre: Theatre, channel: m.Channel) -> None:
    assert (await theatre.opened(channel).health()).notice is None
    soon = (theatre.newsroom.clock.now() + timedelta(days=30)).date()
    channel.settings = {**channel.settings, "version_ends_on": soon.isoformat()}
    health = await theatre.opened(channel).health()
    assert health.problem is None
    assert health.notice is not None
    assert f"{soon:%d/%m/%Y}" in health.notice.vi


@pytest.mark.parametrize(
    ("version", "days_before", "told"),
    [("v23.0", 91, None), ("v23.0", 89, "sắp hết hạn"), ("v23.0", -1, "đã hết hạn"), ("v99.0", 0, None)],
)
def test_a_version_near_its_end_names_the_one_to_take(version: str, days_before: int, told: str | None) -> None:
    now = NOW.replace(year=2027, month=10, day=1) - timedelta(days=days_before)
    notice = versions.notice(versions.GRAPH, version, {}, now)
    assert (notice is None) == (told is None)
    assert notice is None or (told in notice.vi and "v26.0" in notice.vi)  # type: ignore[operator]


def test_the_newest_version_has_no_known_end_until_one_is_set() -> None:
    assert versions.notice(versions.GRAPH, "v26.0", {}, NOW) is None
    told = versions.notice(
        versions.GRAPH, "v26.0", {"version_ends_on": (NOW.date() + timedelta(days=1)).isoformat()}, NOW
    )
    assert told is not None
    assert versions.GRAPH["v25.0"].ends == date(2028, 7, 1)


async def test_figures_and_what_is_said_below(theatre: Theatre, channel: m.Channel) -> None:
    adapter: Any = theatre.opened(channel)
    done = await posted(theatre, adapter)
    before = {one.name: one.value for one in (await adapter.metrics([done.id]))[done.id]}
    assert (before["views"], before["likes"]) == (None, 0)
    await theatre.post("threads/engage", post=done.id, likes=3, replies=[{"text": "Hay", "author": "chi.lan"}])
    after = {one.name: one.value for one in (await adapter.metrics([done.id]))[done.id]}
    assert (after["views"], after["likes"], after["replies"]) == (4, 3, 1)
    answer = await posted(theatre, adapter, title="Giờ", corrects=Corrected(done.id, done.url))
    await theatre.post("threads/engage", post=answer.id, replies=[{"text": "Cảm ơn", "author": "anh.ba"}])
    said = {one.text: one for one in await adapter.comments(done.id)}
    assert len(said) == 3
    assert (said["Hay"].is_ours, said["Hay"].parent_id) == (False, None)
    assert said["Cảm ơn"].parent_id == answer.id
    assert [one.is_ours for one in said.values() if one.id == answer.id] == [True]
    assert "chi.lan" not in repr(said)


# --- the sandbox is strict ---


@pytest.mark.parametrize(
    ("form", "code", "words"),
    [
        ({"media_type": "TEXT", "text": "👍" * 126}, 100, "at most 500 characters"),
        ({"media_type": "TEXT"}, 100, "text is required"),
        ({"text": "không nói loại"}, 100, "media_type"),
        ({"media_type": "TEXT", "text": "x", "auto_publish_text": "true"}, 100, "auto_publish_text"),
        ({"media_type": "TEXT", "text": "x", "reply_to_id": "42"}, 100, "does not exist"),
        ({"media_type": "IMAGE", "image_url": "http://127.0.0.1:1/a.jpg"}, 100, "could not be fetched"),
        ({"media_type": "IMAGE", "image_url": "x", "link_attachment": "https://a.example/"}, 100, "text posts only"),
        ({"media_type": "TEXT", "txt": "sai"}, 100, "txt"),
    ],
)
async def test_a_container_is_refused_in_its_own_words(
    theatre: Theatre, channel: m.Channel, form: dict[str, str], code: int, words: str
) -> None:
    theatre.app.state.world.puller._way = None
    _, seat = theatre.seats[channel.id]
    headers = {"Authorization": f"Bearer {seat.secret['access_token']}"}
    answer = await theatre.control.post("/threads/v1.0/me/threads", data=form, headers=headers)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == code
    assert words in error["message"]
