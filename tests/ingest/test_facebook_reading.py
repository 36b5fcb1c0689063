"""A public Facebook page read by the Graph API, against the sandbox: fields that are named, and nobody's name."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from services.ingest.adapters.base import NotParsable
from services.ingest.adapters.facebook_page import FacebookPage
from services.ingest.platforms import PlatformSettings
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk
from tests.ingest.played import Played, running_platforms

READER, PAGE = "EAAB-ung-dung-doc", "100000000007777"


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with running_platforms() as played:
        played.put_account("facebook", "phuong.abc", "EAAB-cua-trang", page_id=PAGE)
        yield played


def reader(played: Played, *scopes: str) -> None:
    """The token of another page, whose app was granted these."""
    played.put_account("facebook", "nguoidoc", READER, page_id="100000000001111", scopes=["pages_show_list", *scopes])


def say(played: Played, message: str, post: str | None = None) -> str:
    at, who = f"{PAGE}/feed" if post is None else post, {"Authorization": "Bearer EAAB-cua-trang"}
    answer = played.http.post(f"/facebook/v26.0/{at}", data={"message": message}, headers=who)
    assert answer.is_success, answer.text
    return str(answer.json().get("id", post))


async def page(desk_with: DeskWith, played: Played, address: str = "https://www.facebook.com/phuong.abc") -> Desk:
    told: dict[str, Any] = {"facebook_token": SecretStr(READER), "facebook_url": f"{played.address}/facebook/v26.0"}
    desk: Desk = await desk_with(platforms=PlatformSettings(**told))
    await desk.register(address, "facebook_page", "official", name="Trang phường")
    return desk


@pytest.mark.mission("M01", "M37")
async def test_posts_of_a_page_are_read_and_an_edit_is_a_revision(
    desk_with: DeskWith, played: Played, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reader(played, "page_public_content_access")
    post = say(played, "Phường thông báo cắt nước từ 8 giờ ngày mai.")
    desk = await page(desk_with, played)
    assert await desk.poll() == 1
    (kept,) = await desk.contents()
    assert (kept.text, kept.kind) == ("Phường thông báo cắt nước từ 8 giờ ngày mai.", "release")
    (fetch,) = await desk.fetches()
    assert (fetch.outcome, fetch.items_new) == ("ok", 1)
    assert READER not in fetch.url + caplog.text
    assert "from" not in fetch.url.partition("?")[2]

    say(played, "Phường thông báo cắt nước từ 9 giờ ngày mai, xin bà con trữ nước.", post)
    await desk.later(hours=8)
    await desk.later(hours=8)
    (kept,) = await desk.contents()
    assert (kept.text, kept.revision) == ("Phường thông báo cắt nước từ 9 giờ ngày mai, xin bà con trữ nước.", 2)


async def test_without_the_feature_a_page_is_not_observable_and_that_is_told(
    desk_with: DeskWith, played: Played
) -> None:
    reader(played)
    desk = await page(desk_with, played, "https://facebook.com/100000000007777/")
    await desk.poll()
    (fetch,) = await desk.fetches()
    assert (fetch.outcome, fetch.items_seen) == ("error", 0)
    assert await desk.contents() == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-app-usage": '{"call_count": 95}'}, 3600),
        ({"x-app-usage": '{"call_count": 20, "total_time": 5}'}, None),
        ({"x-business-use-case-usage": '{"1": [{"estimated_time_to_regain_access": 19, "call_count": 100}]}'}, 1140),
        ({"x-business-use-case-usage": '{"1": [3, {"call_count": "x"}], "2": 5}'}, None),
        ({"x-app-usage": "[[[["}, None),
        ({}, None),
    ],
)
def test_what_is_left_of_the_limits_is_kept_to(headers: dict[str, str], seconds: int | None) -> None:
    assert FacebookPage.rest_seconds(200, headers, b"", datetime(2026, 11, 24, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    "address",
    ["https://www.facebook.com/groups/123", "https://www.facebook.com/groups", "https://evil.example/phuong", "x"],
)
def test_only_the_address_of_a_page_is_asked_for(address: str) -> None:
    with pytest.raises(NotParsable):
        FacebookPage.api_call(address, PlatformSettings(facebook_token=SecretStr(READER)))


def test_odd_posts_are_left_out_and_an_address_keeps_no_author() -> None:
    data = (
        b'{"data": [1, {"id": "1_2"}, {"id": "x", "message": "a"}, {"id": "3_4", "message": "c", '
        b'"from": {"name": "Nguyen Van A"}, "permalink_url": "javascript:alert(1)", "created_time": 5}]}'
    )
    (entry,) = FacebookPage.parse(data).entries
    assert (entry.id, entry.content, entry.link, entry.published_at) == ("3_4", "c", None, None)
    assert "Nguyen" not in repr(entry)
