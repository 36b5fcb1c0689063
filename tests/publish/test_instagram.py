"""Instagram end to end on the sandbox: containers, carousels, reels, the token, the limit, and lost answers."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.common import models as m
from libs.common.testing.make import Make
from sandbox.counting import utf16_units
from services.publish.adapters.base import (
    AuthRequired,
    Channel,
    Found,
    Medium,
    NotFound,
    NotPostable,
    Prepared,
    Published,
    Rejected,
    Rendition,
    Throttled,
    Undecidable,
    Unknown,
)
from tests.publish.conformance.case import case_of
from tests.publish.conformance.drafts import PICTURE, plain, unconnected
from tests.publish.conformance.theatre import Theatre, next_number
from tests.publish.newsroom import Newsroom
from tests.publish.pictures import png, shelve

CASE = case_of("instagram")


@pytest.fixture
async def theatre(newsroom: Newsroom, make: Make, issuer: Path) -> Theatre:
    return await Theatre.build(newsroom, make, issuer)


@pytest.fixture
async def channel(theatre: Theatre) -> m.Channel:
    return await theatre.account(CASE, next_number())


def pictured(*sizes: tuple[int, int], **more: Any) -> Any:
    media = tuple(
        Medium(f"Ảnh {n}", (Rendition(f"{n:02x}" * 32, "image/jpeg", 9_000, *size),)) for n, size in enumerate(sizes, 1)
    )
    return plain(media=media, **more)


async def entries(theatre: Theatre, kind: str) -> list[dict[str, Any]]:
    told = (await theatre.control.get("/control/ledger", params={"platform": "instagram"})).json()["entries"]
    return [entry for entry in told if entry["kind"] == kind]


async def on_the_stage(theatre: Theatre, channel: m.Channel, **more: Any) -> None:
    _, seat = theatre.seats[channel.id]
    assert seat.control is not None
    options = {**seat.control["options"], **more.pop("options", {})}
    await theatre.put("accounts", **{**seat.control, **more, "options": options})


async def ready(theatre: Theatre, adapter: Channel, **more: Any) -> Prepared:
    draft = await theatre.shown(CASE, plain(**more))
    payload = adapter.compose(draft).payload
    staged = await adapter.stage(adapter.prepare(payload, theatre.newsroom.bulletin.id, theatre.newsroom.clock.now()))
    assert isinstance(staged, Prepared), staged
    return staged


# --- what can be posted ---


def test_text_alone_is_refused_with_the_way_out() -> None:
    with pytest.raises(NotPostable, match="no media") as refused:
        unconnected("instagram").compose(plain())
    assert "thêm ít nhất một ảnh" in refused.value.reason.vi
    assert "bỏ kênh" in refused.value.reason.vi


@pytest.mark.parametrize(
    ("size", "fits"), [((800, 1000), True), ((1910, 1000), True), ((700, 1000), False), ((2000, 1000), False)]
)
def test_only_pictures_of_its_shapes(size: tuple[int, int], fits: bool) -> None:
    if fits:
        assert unconnected("instagram").compose(pictured(size)).payload["media"]
        return
    with pytest.raises(NotPostable) as refused:
        unconnected("instagram").compose(pictured(size))
    assert "hãy cắt lại" in refused.value.reason.vi


def test_a_png_is_shown_by_its_jpeg() -> None:
    files = (Rendition("aa" * 32, "image/png", 90_000, 640, 480), Rendition("bb" * 32, "image/jpeg", 9_000, 640, 480))
    [one] = unconnected("instagram").compose(plain(media=(replace(PICTURE, files=files),))).payload["media"]
    assert (one["sha256"], one["mime"]) == ("bb" * 32, "image/jpeg")


def test_no_more_than_ten_and_thirty_hashtags() -> None:
    with pytest.raises(NotPostable, match="11 media"):
        unconnected("instagram").compose(pictured(*[(640, 480)] * 11))
    with pytest.raises(NotPostable, match="31 over 30"):
        unconnected("instagram").compose(pictured((640, 480), body=" ".join(f"#the{n}" for n in range(31))))


@pytest.mark.parametrize("letter", ["ệ", "e\u0323\u0302", "👨‍👩‍👧‍👦"])
def test_the_caption_keeps_to_its_units_and_its_link(letter: str) -> None:
    made = unconnected("instagram").compose(pictured((640, 480), body=letter * 3_000))
    assert 2_100 < utf16_units(made.text) <= 2_200
    assert made.text.endswith("https://tin.example.vn/tin/xe-buyt-32")
    assert any("không bấm được" in note for note in made.notes)


# --- on the stage ---


@pytest.mark.mission("M17")
async def test_a_picture_is_fetched_and_published_and_read_back(theatre: Theatre, channel: m.Channel) -> None:
    picture = await theatre.new_medium(CASE)
    done = await theatre.newsroom.approved(channel, title="Cầu Ô Chợ Dừa 🚧", media_ids=[picture])
    theatre.newsroom.resources = theatre.resources()
    await theatre.newsroom.deliver()
    read = await theatre.newsroom.read(done)
    [delivery] = read["deliveries"]
    assert (read["state"], delivery["state"]) == ("published", "published"), delivery
    assert delivery["platform_url"].startswith("http://127.0.0.1:8110/instagram/p/")
    [post] = await entries(theatre, "media")
    assert post["data"]["alts"] == ["Bản đồ lộ trình mới"]
    [fetched] = await entries(theatre, "fetch")
    assert fetched["data"]["sha256"] == post["data"]["media_sha256"][0]
    page = await theatre.control.get(delivery["platform_url"])
    assert 'alt="Bản đồ lộ trình mới"' in page.text


@pytest.mark.mission("M17")
async def test_a_carousel_is_one_post_in_order(theatre: Theatre, channel: m.Channel) -> None:
    armed = await theatre.armed(channel, media_ids=[await theatre.new_medium(CASE) for _ in range(3)])
    done = await theatre.opened(channel).commit(armed.prepared)
    assert isinstance(done, Published), done
    [post] = await entries(theatre, "media")
    assert post["data"]["type"] == "CAROUSEL"
    wanted = [one["sha256"] for one in armed.prepared.payload["media"]]
    assert post["data"]["media_sha256"] == wanted
    containers = [one for one in await entries(theatre, "container") if one["effect"] == "created"]
    assert len(containers) == 4


async def test_what_is_in_progress_is_gone_on_with_later(
    theatre: Theatre, channel: m.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.publish.adapters.containers.LOOKS", ())
    theatre.app.state.world.settings.instagram.image_processing_seconds = 60.0
    adapter, draft = theatre.opened(channel), await theatre.shown(CASE, plain())
    fresh = adapter.prepare(adapter.compose(draft).payload, channel.id, theatre.newsroom.clock.now())
    waits = await adapter.stage(fresh)
    assert isinstance(waits, Rejected), waits
    assert not waits.permanent
    assert waits.so_far is not None
    theatre.advance(timedelta(seconds=61))
    staged = await adapter.stage(waits.so_far)
    assert isinstance(staged, Prepared), staged
    assert staged.staged["post"] == waits.so_far.staged["post"], "the same container"
    assert len(await entries(theatre, "fetch")) == 1


async def test_a_file_that_cannot_be_fetched_posts_nothing_and_is_tried_again(
    theatre: Theatre, channel: m.Channel
) -> None:
    armed = await theatre.armed(channel, media_ids=[await theatre.new_medium(CASE)])
    files, key = theatre.newsroom.resources.files, armed.prepared.payload["media"][0]["sha256"]
    files.delete(f"objects/{key[:2]}/{key}")
    told = await theatre.opened(channel).stage(replace(armed.prepared, staged={}))
    assert isinstance(told, Rejected), told
    assert not told.permanent
    assert "không tải được" in told.reason.vi


async def test_an_expired_container_is_made_anew(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    first = await ready(theatre, adapter)
    theatre.advance(timedelta(hours=24, minutes=1))
    again = await adapter.stage(first)
    assert isinstance(again, Prepared), again
    assert again.staged["post"] != first.staged["post"]
    assert isinstance(await adapter.commit(again), Published)
    assert len(await entries(theatre, "media")) == 1


async def test_a_container_of_other_words_is_not_taken(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    first, other = await ready(theatre, adapter), await ready(theatre, adapter, title="Tin khác")
    mixed = await adapter.stage(replace(other, staged=first.staged))
    assert isinstance(mixed, Prepared), mixed
    assert mixed.staged["post"] != first.staged["post"]


@pytest.mark.mission("M18")
async def test_a_second_publishing_makes_no_second_post(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    prepared = await ready(theatre, adapter)
    await theatre.fault(CASE, "media.publish", "executed_response_lost")
    lost = await adapter.commit(prepared)
    assert isinstance(lost, Unknown), lost
    again = await adapter.commit(prepared)
    assert isinstance(again, Published), again
    assert len(await entries(theatre, "media")) == 1
    refused = [one for one in await entries(theatre, "container") if one["effect"] == "unchanged"]
    assert len(refused) == 1, "the attempt is counted"


async def test_published_and_not_listed_yet_is_no_no(theatre: Theatre, channel: m.Channel) -> None:
    """By the container it is out: nothing that follows may send it again."""
    adapter = theatre.opened(channel)
    prepared = await ready(theatre, adapter)
    await theatre.put("lag", platform="instagram", seconds=90, mode="steady")
    await theatre.fault(CASE, "media.publish", "executed_response_lost")
    lost = await adapter.commit(prepared)
    assert isinstance(lost, Unknown)
    assert isinstance(await adapter.reconcile(lost.handle), Undecidable)
    assert isinstance(await adapter.commit(prepared), Unknown)
    theatre.advance(timedelta(seconds=95))
    assert isinstance(await adapter.reconcile(lost.handle), Found)
    assert len(await entries(theatre, "media")) == 1


async def test_the_day_limit_is_told_and_kept(theatre: Theatre, channel: m.Channel) -> None:
    await on_the_stage(theatre, channel, options={"posts_a_day": 7})
    facts = json.loads(json.dumps(await theatre.opened(channel).fetch_capabilities()))
    assert (facts["quota_usage"], facts["quota_total"]) == (0, 7)
    channel.capabilities, channel.capabilities_at = facts, theatre.newsroom.clock.now()
    assert {limit.name: limit.points for limit in theatre.opened(channel).limits}["posts"] == 7
    await on_the_stage(theatre, channel, options={"posts_a_day": 0})
    told = await theatre.opened(channel).commit(await ready(theatre, theatre.opened(channel)))
    assert isinstance(told, Throttled), told


@pytest.mark.parametrize("status", ["spam_blocked", "restricted"])
async def test_spam_and_restriction_are_a_persons_matter(theatre: Theatre, channel: m.Channel, status: str) -> None:
    adapter = theatre.opened(channel)
    prepared = await ready(theatre, adapter)
    await on_the_stage(theatre, channel, status=status)
    told = await adapter.commit(prepared)
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert "người" in told.reason.vi
    assert isinstance(await adapter.reconcile(prepared.as_handle()), NotFound), "reads are not blocked by it"


async def test_without_the_scope_a_deletion_needs_a_person(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    done = await adapter.commit(await ready(theatre, adapter))
    assert isinstance(done, Published)
    scopes = ["instagram_business_basic", "instagram_business_content_publish"]
    await on_the_stage(theatre, channel, options={"scopes": scopes})
    gone: Any = await adapter.delete(done.id)
    assert gone.needs_reconnect


# --- the token and the figures ---


async def test_the_token_is_renewed_before_its_60_days(theatre: Theatre, channel: m.Channel) -> None:
    start, adapter = theatre.newsroom.clock.now(), theatre.opened(channel)
    assert (await adapter.health()).credentials_end_at == start + timedelta(days=60)
    channel.capabilities = json.loads(json.dumps(await adapter.fetch_capabilities()))
    theatre.advance(timedelta(hours=25))
    ends = (await theatre.opened(channel).health()).credentials_end_at
    assert ends == theatre.newsroom.clock.now() + timedelta(days=60)


async def test_a_token_too_young_to_be_renewed_is_no_trouble(theatre: Theatre, channel: m.Channel) -> None:
    seen = {"is": "another", "seen_at": (theatre.newsroom.clock.now() - timedelta(days=2)).isoformat()}
    channel.capabilities = {"token": seen}
    assert (await theatre.opened(channel).health()).problem is None


async def test_an_ended_token_needs_a_person(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    prepared = await ready(theatre, adapter)
    theatre.advance(timedelta(days=61))
    assert isinstance(await adapter.commit(prepared), AuthRequired)
    assert (await adapter.health()).problem is not None


async def test_a_figure_that_is_not_there_is_blank_and_not_zero(theatre: Theatre, channel: m.Channel) -> None:
    adapter = theatre.opened(channel)
    done = await adapter.commit(await ready(theatre, adapter))
    assert isinstance(done, Published)
    before = {one.name: one.value for one in (await adapter.metrics([done.id]))[done.id]}
    assert (before["views"], before["reach"], before["likes"]) == (None, None, 0)
    await theatre.post("instagram/engage", post=done.id, likes=5, replies=[{"text": "Hay"}])
    after = {one.name: one.value for one in (await adapter.metrics([done.id]))[done.id]}
    assert (after["views"], after["likes"], after["comments"]) == (6, 5, 1)
    assert await adapter.metrics(["17900000000000042"]) == {}


# --- the sandbox is strict ---


@pytest.mark.parametrize(
    ("form", "code", "subcode"),
    [
        ({"caption": "chỉ chữ"}, 100, None),
        ({"image_url": "http://127.0.0.1:1/anh.jpg"}, 9004, 2207052),
        ({"media_type": "STORIES", "video_url": "http://127.0.0.1:1/a.mp4"}, 100, 2207023),
        ({"image_url": "http://127.0.0.1:1/anh.jpg", "caption": "ệ" * 2_201}, 36004, 2207010),
        ({"image_url": "http://127.0.0.1:1/anh.jpg", "captoin": "sai"}, 100, None),
        ({"media_type": "CAROUSEL", "children": "1"}, 100, 33),
    ],
)
async def test_a_container_is_refused_in_its_own_words(
    theatre: Theatre, channel: m.Channel, form: dict[str, str], code: int, subcode: int | None
) -> None:
    theatre.app.state.world.puller._way = None
    _, seat = theatre.seats[channel.id]
    url = f"/instagram/v26.0/{seat.settings['account_id']}/media"
    headers = {"Authorization": f"Bearer {seat.secret['access_token']}"}
    answer = await theatre.control.post(url, data=form, headers=headers)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error.get("error_subcode")) == (code, subcode)


async def test_a_picture_of_another_type_is_refused(theatre: Theatre, channel: m.Channel) -> None:
    adapter, room = theatre.opened(channel), theatre.newsroom
    await shelve(room, png(), mime="image/jpeg")  # says it is one
    prepared = await ready(theatre, adapter)
    digest = hashlib.sha256(png()).hexdigest()
    lie = replace(prepared, staged={}, payload=json.loads(json.dumps(prepared.payload)))
    lie.payload["media"][0]["sha256"] = digest
    told = await adapter.stage(lie)
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert "JPEG" in told.reason.vi
