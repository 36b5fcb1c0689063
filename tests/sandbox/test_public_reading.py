"""What anybody reads of YouTube and Facebook through their APIs, as the sandbox plays it."""

from typing import Any

import httpx
import pytest

from tests.sandbox.test_facebook import PAGE, TOKEN, Book
from tests.sandbox.test_youtube import CHANNEL, Tube

KEY, PLAYLIST = "AIza-khoa", f"UU{CHANNEL[2:]}"
ITEMS = "youtube/v3/playlistItems"
NAME = "Nguyễn Thị Bí Mật"


@pytest.fixture
async def http(build: Any) -> httpx.AsyncClient:
    found: httpx.AsyncClient = (await build()).http
    return found


async def tube_of(http: httpx.AsyncClient) -> Tube:
    tube = await Tube(http).settle(api_key=KEY)
    await tube.upload(status={"privacyStatus": "public"})
    await tube.upload()
    return tube


async def listed(http: httpx.AsyncClient, **more: str) -> httpx.Response:
    query = {"part": "snippet,contentDetails,status", "playlistId": PLAYLIST} | more
    return await http.get(f"/youtube/{ITEMS}", params=query, headers={"X-Goog-Api-Key": KEY})


async def test_a_key_opens_what_is_public_and_costs_its_project_a_unit(http: httpx.AsyncClient) -> None:
    tube = await tube_of(http)
    mine = await tube.call("GET", ITEMS, params={"part": "status", "playlistId": PLAYLIST})
    before = (await http.get("/youtube/quota/ung-dung.example")).json()["units"]
    shown = (await listed(http)).json()["items"]
    assert (len(mine.json()["items"]), [one["status"]["privacyStatus"] for one in shown]) == (2, ["public"])
    assert (await http.get("/youtube/quota/ung-dung.example")).json()["units"] == before + 1
    wrong = await http.get(f"/youtube/{ITEMS}?part=snippet&playlistId={PLAYLIST}&key=khac")
    assert (wrong.status_code, wrong.json()["error"]["errors"][0]["reason"]) == (400, "badRequest")
    written = await http.delete("/youtube/youtube/v3/videos?id=x", headers={"X-Goog-Api-Key": KEY})
    assert written.status_code == 401


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ("items(snippet(title))", {"items": [{"snippet": {"title": "Tuyến 32"}}]}),
        ("items/snippet/title", {"items": [{"snippet": {"title": "Tuyến 32"}}]}),
        ("kind,items(snippet(title,nothing))", {"kind": "youtube#playlistItemListResponse",
         "items": [{"snippet": {"title": "Tuyến 32"}}]}),
    ],
)  # fmt: skip
async def test_of_an_answer_only_the_fields_that_were_named(
    http: httpx.AsyncClient, fields: str, kept: dict[str, Any]
) -> None:
    await tube_of(http)
    assert (await listed(http, fields=fields)).json() == kept
    assert "channelTitle" in (await listed(http)).text


@pytest.mark.parametrize("fields", ["items(", "items(snippet))", "items snippet", ",", "items/"])
async def test_what_names_no_fields_is_refused(http: httpx.AsyncClient, fields: str) -> None:
    await tube_of(http)
    assert (await listed(http, fields=fields)).status_code == 400


async def test_another_page_is_read_by_an_app_that_was_granted_it(build: Any) -> None:
    book = Book(await build())
    await book.put()
    assert (await book.post(f"{PAGE}/feed", message="Xin chào")).is_success
    asked = "/facebook/v26.0/thanhpho/published_posts?fields=message"
    said = []
    for scopes in (["pages_show_list"], ["page_public_content_access"]):
        options = {"page_id": "100000000001111", "scopes": scopes}
        told = {"platform": "facebook", "handle": "khac", "password": "EAAB-khac", "options": options}
        await book.city.control("PUT", "accounts", **told)
        answer = await book.http.get(asked, headers={"Authorization": "Bearer EAAB-khac"})
        said.append((answer.status_code, [one["message"] for one in answer.json().get("data", [])]))
        assert TOKEN not in answer.text
    assert said == [(400, []), (200, ["Xin chào"])]
