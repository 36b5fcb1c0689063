"""A YouTube channel read by its API, against the sandbox that is held to Google's discovery document."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from services.ingest.adapters.base import NotParsable
from services.ingest.adapters.youtube import YoutubeChannel
from services.ingest.platforms import PlatformSettings
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk
from tests.ingest.played import Played, running_platforms
from tests.ingest.site import Answer, Site
from tests.publish.test_images import movie

CHANNEL, KEY, WHO = "UCkenhthanhpho0000000000", "AIza-khoa-doc-cong-khai", "Nguyễn Thị Bí Mật"
ADDRESS = f"https://www.youtube.com/channel/{CHANNEL}"
FILM = movie(mdat=bytes(1000))


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with running_platforms() as played:
        yield played


def account(played: Played) -> dict[str, str]:
    played.put_account(
        "youtube", "kenhthanhpho", "1//lam-moi", id=CHANNEL, client_id="app", client_secret="kin", api_key=KEY
    )
    form = {"grant_type": "refresh_token", "client_id": "app", "client_secret": "kin", "refresh_token": "1//lam-moi"}
    token = played.http.post("/youtube/token", data=form).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def upload(played: Played, who: dict[str, str], title: str, privacy: str = "public") -> str:
    told = {"snippet": {"title": title, "description": f"Về {title}."}, "status": {"privacyStatus": privacy}}
    opened = played.http.post(
        "/youtube/upload/youtube/v3/videos",
        params={"uploadType": "resumable", "part": "snippet,status"},
        json=told,
        headers=who | {"X-Upload-Content-Length": str(len(FILM)), "X-Upload-Content-Type": "video/mp4"},
    )
    span = {"Content-Range": f"bytes 0-{len(FILM) - 1}/{len(FILM)}"}
    return str(played.http.put(opened.headers["location"], content=FILM, headers=span).json()["id"])


async def channel(desk_with: DeskWith, played: Played, **more: Any) -> Desk:
    told = {"youtube_key": SecretStr(KEY), "youtube_url": f"{played.address}/youtube"} | more
    desk: Desk = await desk_with(platforms=PlatformSettings(**told))
    await desk.register(ADDRESS, "youtube", "official", name="Kênh YouTube thành phố")
    return desk


@pytest.mark.mission("M01", "M37")
async def test_public_videos_are_read_without_anybodys_name_and_without_the_key_in_an_address(
    desk_with: DeskWith, played: Played, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    who = account(played)
    shown, _ = upload(played, who, "Tuyến 32 đổi lộ trình"), upload(played, who, "Bản nháp", "private")
    desk = await channel(desk_with, played)
    assert await desk.poll() == 1
    (kept,) = await desk.contents()
    assert (kept.title, kept.text) == ("Tuyến 32 đổi lộ trình", "Về Tuyến 32 đổi lộ trình.")
    assert (kept.url, kept.kind) == (f"https://www.youtube.com/watch?v={shown}", "release")
    assert kept.published_at is not None
    assert (kept.published_at.replace(microsecond=0), kept.published_from) == (desk.clock.now(), "feed")
    (fetch,) = await desk.fetches()
    assert (fetch.outcome, fetch.status, fetch.items_new) == ("ok", 200, 1)
    assert "playlistItems" in fetch.url
    assert WHO not in played.http.get(fetch.url, headers={"X-Goog-Api-Key": KEY}).text
    assert KEY not in fetch.url + caplog.text

    upload(played, who, "Cầu mới")
    await desk.later(hours=8)
    await desk.later(hours=8)
    assert [one.title for one in await desk.contents()] == ["Tuyến 32 đổi lộ trình", "Cầu mới"]
    assert await desk.revisions() == []


async def test_a_key_that_opens_nothing_and_one_that_is_missing_are_told(desk_with: DeskWith, played: Played) -> None:
    account(played)
    desk = await channel(desk_with, played, youtube_key=SecretStr("khac"))
    await desk.poll()
    assert [one.status for one in await desk.fetches()] == [400]
    without = await desk_with(platforms=PlatformSettings())
    await without.later(days=2)
    (fetch, *_) = (await without.fetches())[::-1]
    assert (fetch.outcome, "không quan sát được" in (fetch.error or "")) == ("not_parsable", True)
    assert await desk.contents() == []


@pytest.mark.parametrize(
    "address",
    ["https://www.youtube.com/@thanhpho", "https://evil.example/channel/" + CHANNEL, ADDRESS + "/../x", "x"],
)
def test_only_the_address_of_a_channel_is_asked_for(address: str) -> None:
    with pytest.raises(NotParsable):
        YoutubeChannel.api_call(address, PlatformSettings(youtube_key=SecretStr(KEY)))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"items": {}}', b"[" * 50_000, b"\xff"])
def test_what_is_no_answer_is_not_parsable(data: bytes) -> None:
    with pytest.raises(NotParsable):
        YoutubeChannel.parse(data)


def test_odd_items_are_left_out() -> None:
    odd = b'{"items": [1, null, {}, {"contentDetails": {"videoId": 5}}, {"contentDetails": {"videoId": "a/b"}},'
    good = b'{"contentDetails": {"videoId": "abc"}, "snippet": {"title": 7, "publishedAt": "x"}}]}'
    (entry,) = YoutubeChannel.parse(odd + good).entries
    assert (entry.link, entry.title, entry.published_at) == ("https://www.youtube.com/watch?v=abc", None, None)


@pytest.mark.parametrize(
    ("status", "reason", "seconds"),
    [(403, "quotaExceeded", 3 * 3600 + 60), (403, "forbidden", None), (200, "quotaExceeded", None)],
)
def test_a_used_up_quota_is_waited_for_until_midnight_on_the_pacific(
    status: int, reason: str, seconds: int | None
) -> None:
    body = f'{{"error": {{"errors": [{{"reason": "{reason}"}}]}}}}'.encode()
    assert YoutubeChannel.rest_seconds(status, {}, body, datetime(2026, 11, 24, 5, 0, tzinfo=UTC)) == seconds


async def answered_by(site: Site, desk_with: DeskWith, answer: Answer) -> tuple[Desk, str]:
    told = PlatformSettings(youtube_key=SecretStr(KEY), youtube_url=site.url(""))
    call = YoutubeChannel.api_call(ADDRESS, told)
    path = call.url.removeprefix(site.url(""))
    site.routes[path] = answer
    desk: Desk = await desk_with(platforms=told)
    await desk.register(ADDRESS, "youtube", "official")
    return desk, path


async def test_a_used_up_quota_is_asked_for_no_more_that_day(desk_with: DeskWith, site: Site) -> None:
    used_up = Answer(b'{"error": {"errors": [{"reason": "quotaExceeded"}]}}', 403)
    desk, path = await answered_by(site, desk_with, used_up)
    await desk.poll()
    assert await desk.later(hours=2, minutes=55) == 0
    assert await desk.later(minutes=30) == 1
    assert site.paths() == [path, path], "an API is asked by its own rules, not by robots.txt"
    assert {request.headers["x-goog-api-key"] for request in site.log} == {KEY}


async def test_an_api_that_leads_elsewhere_is_not_followed(desk_with: DeskWith, site: Site) -> None:
    """What lets us in would go along."""
    away = Answer(b"", 302, {"Location": f"http://localhost:{site.port}/nghe-len"})
    desk, path = await answered_by(site, desk_with, away)
    await desk.poll()
    assert site.paths() == [path]
    (fetch,) = await desk.fetches()
    assert fetch.outcome == "refused"


def test_a_key_goes_to_no_open_address() -> None:
    with pytest.raises(ValidationError) as refused:
        PlatformSettings(youtube_key=SecretStr(KEY), youtube_url="http://googleapis.example")
    assert KEY not in str(refused.value)
    assert KEY not in repr(YoutubeChannel.api_call(ADDRESS, PlatformSettings(youtube_key=SecretStr(KEY))))
