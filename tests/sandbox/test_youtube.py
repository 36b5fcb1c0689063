"""The sandbox's YouTube against its oracles: Google's discovery document, and Google's own client driving it."""

import io
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.platforms.youtube import discovery
from sandbox.platforms.youtube.discovery import Invalid
from tests.publish.test_images import movie

CHANNEL, CLIENT, SECRET, REFRESH = "UCthanhpho00000000000000", "ung-dung.example", "bi-mat-0123", "1//ma-lam-moi"
UNIT = 256 * 1024
FILM = movie(mdat=bytes(3 * UNIT))
VIDEOS, UPLOADS = "youtube/v3/videos", "upload/youtube/v3/videos"
SAID = {"title": "Tuyến 32", "description": "Đổi đường.", "categoryId": "25"}


@dataclass
class Tube:
    http: httpx.AsyncClient
    token: str = ""

    async def settle(self, **options: Any) -> "Tube":
        told = {"id": CHANNEL, "client_id": CLIENT, "client_secret": SECRET, **options}
        body = {"platform": "youtube", "handle": "thanhpho", "password": REFRESH, "options": told}
        assert (await self.http.put("/control/accounts", json=body)).is_success
        self.token = (await self.grant()).json()["access_token"]
        return self

    async def grant(self, **changes: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}
        return await self.http.post("/youtube/token", data={**form, **changes})

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.http.request(method, f"/youtube/{path}", headers=headers, **more)

    async def open(self, size: int = len(FILM), **body: Any) -> httpx.Response:
        headers = {"X-Upload-Content-Length": str(size), "X-Upload-Content-Type": "video/mp4"}
        query = {"uploadType": "resumable", "part": "snippet,status"}
        whole = {"snippet": SAID, "status": {"privacyStatus": "private"}, **body}
        return await self.call("POST", UPLOADS, params=query, json=whole, headers=headers)

    async def send(self, session: str, data: bytes, start: int = 0, total: int = len(FILM)) -> httpx.Response:
        told = f"bytes {start}-{start + len(data) - 1}/{total}" if data else f"bytes */{total}"
        return await self.http.put(session, content=data, headers={"Content-Range": told})

    async def upload(self, **body: Any) -> dict[str, Any]:
        opened = await self.open(**body)
        assert opened.status_code == 200, opened.text
        done = await self.send(opened.headers["location"], FILM)
        assert done.status_code == 200, done.text
        return dict(done.json())

    async def read(self, video_id: str, part: str = "snippet,status") -> dict[str, Any]:
        [video] = (await self.call("GET", VIDEOS, params={"part": part, "id": video_id})).json()["items"]
        return dict(video)


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


@pytest.fixture
async def tube(build: Any) -> Tube:
    return await Tube((await build()).http).settle()


# --- the document ---


def test_the_document_is_read_without_its_library() -> None:
    said = "import sys, sandbox.main as m; m.app(); from sandbox.platforms.youtube import discovery as d; d.load()"
    check = f"{said}; assert 'googleapiclient' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)


async def test_without_the_document_the_platform_says_what_to_install(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "FILE", "khong-co.json")
    discovery.load.cache_clear()
    try:
        http = (await build()).http
        told = await http.get(f"/youtube/{VIDEOS}", params={"part": "snippet", "id": "x"})
        assert told.status_code == 501
        assert "google-api-python-client" in told.json()["error"]["message"]
        assert (await http.get("/")).status_code == 200, "the other platforms are played"
    finally:
        discovery.load.cache_clear()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("Video", {"snippet": {"titel": "x"}}),
        ("Video", {"status": {"privacyStatus": "secret"}}),
        ("Video", {"status": {"publishAt": "mai"}}),
        ("Video", {"status": {"embeddable": "true"}}),
        ("Video", {"snippet": {"tags": "x"}}),
        ("Video", {"statistics": {"viewCount": 5}}),
        ("Video", {"statistics": {"viewCount": "-5"}}),
        ("Video", []),
    ],
)
def test_what_the_document_does_not_allow_is_found(schema: str, value: Any) -> None:
    with pytest.raises(Invalid):
        discovery.load().require(schema, value)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"id": "x"}, "required"),
        ({"part": "snippet,comments", "id": "x"}, "not a valid part"),
        ({"part": "snippet", "id": "x", "ids": "y"}, "Unknown name"),
        ({"part": "snippet", "id": "x", "maxResults": "51"}, "range"),
        ({"part": "snippet", "id": "x", "myRating": "best"}, "Invalid value"),
    ],
)
async def test_queries_are_held_against_the_document_and_cost_all_the_same(
    tube: Tube, query: dict[str, str], why: str
) -> None:
    told = await tube.call("GET", VIDEOS, params=query)
    assert told.status_code == 400
    assert why in told.json()["error"]["message"]
    assert (await tube.http.get(f"/youtube/quota/{CLIENT}")).json() == {"inserts": 0, "units": 1}


# --- sessions ---


async def test_a_session_takes_units_in_order_and_says_how_far_it_is(tube: Tube) -> None:
    session = (await tube.open()).headers["location"]
    nothing = await tube.send(session, b"")
    assert (nothing.status_code, "range" in nothing.headers) == (308, False)
    assert (await tube.send(session, FILM[: UNIT + 1])).status_code == 400, "not a multiple of 256 KiB"
    first = await tube.send(session, FILM[:UNIT])
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert (await tube.send(session, FILM[:UNIT])).status_code == 400, "out of step"
    assert (await tube.send(session, b"", total=5)).status_code == 400, "another file's length"
    done = await tube.send(session, FILM[UNIT:], UNIT)
    assert done.status_code == 200
    again = await tube.send(session, b"")
    assert (again.status_code, again.json()["id"]) == (200, done.json()["id"])
    await tube.http.post("/control/clock/advance", json={"seconds": timedelta(days=8).total_seconds()})
    assert (await tube.send(session, b"")).status_code == 404


@pytest.mark.parametrize("size", [0, 1 << 39])
async def test_a_file_of_an_impossible_size_is_refused(tube: Tube, size: int) -> None:
    assert (await tube.open(size)).status_code == 400


# --- videos ---


async def test_what_says_no_privacy_is_public(tube: Tube) -> None:
    made = await tube.upload(status={"selfDeclaredMadeForKids": False})
    assert made["status"]["privacyStatus"] == "public"


async def test_an_update_replaces_its_parts_whole(tube: Tube) -> None:
    made = await tube.upload(snippet={**SAID, "tags": ["a"]})
    changed = {"id": made["id"], "snippet": {"title": "Khác", "categoryId": "22"}}
    assert (await tube.call("PUT", VIDEOS, params={"part": "snippet"}, json=changed)).status_code == 200
    shown = (await tube.read(made["id"]))["snippet"]
    assert (shown["title"], shown["description"], "tags" in shown) == ("Khác", "", False)
    for lacking, why in (("title", "invalidTitle"), ("categoryId", "invalidCategoryId")):
        body = {"id": made["id"], "snippet": {k: v for k, v in SAID.items() if k != lacking}}
        assert error(await tube.call("PUT", VIDEOS, params={"part": "snippet"}, json=body)) == (400, why)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"title": "x" * 101}, "invalidTitle"),
        ({"title": "a < b"}, "invalidTitle"),
        ({"description": "đ" * 2501}, "invalidDescription"),
        ({"tags": ["x y" * 100, "z" * 201]}, "invalidTags"),
        ({"categoryId": "18"}, "invalidCategoryId"),
    ],
)
async def test_words_past_their_bounds_are_refused_before_a_byte_is_sent(
    tube: Tube, changed: dict[str, Any], why: str
) -> None:
    assert error(await tube.open(snippet={**SAID, **changed})) == (400, why)
    assert (await tube.open(snippet={**SAID, "description": "đ" * 2500, "title": "x" * 100})).status_code == 200


async def test_a_schedule_is_kept_by_the_clock_and_only_for_a_private_video(tube: Tube) -> None:
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    assert error(await tube.open(status={"privacyStatus": "public", "publishAt": at})) == (400, "invalidPublishAt")
    made = await tube.upload(status={"privacyStatus": "private", "publishAt": at})
    assert (await tube.read(made["id"]))["status"]["publishAt"] == at
    await tube.http.post("/control/clock/advance", json={"seconds": 7300})
    await tube.settle()
    status = (await tube.read(made["id"]))["status"]
    assert (status["privacyStatus"], "publishAt" in status) == ("public", False)
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    body = {"id": made["id"], "status": {"privacyStatus": "private", "publishAt": later}}
    assert error(await tube.call("PUT", VIDEOS, params={"part": "status"}, json=body)) == (400, "invalidPublishAt")


async def test_a_private_video_is_there_for_its_own_channel_alone(tube: Tube) -> None:
    made = await tube.upload()
    other = {"id": "UCkhac000000000000000000", "client_id": CLIENT, "client_secret": SECRET}
    body = {"platform": "youtube", "handle": "khac", "password": "1//ma-khac", "options": other}
    await tube.http.put("/control/accounts", json=body)
    stranger = Tube(tube.http, (await tube.grant(refresh_token="1//ma-khac")).json()["access_token"])
    told = await stranger.call("GET", VIDEOS, params={"part": "status", "id": made["id"]})
    assert told.json()["items"] == []
    assert error(await stranger.call("DELETE", VIDEOS, params={"id": made["id"]})) == (404, "videoNotFound")
    assert (await tube.http.get(f"/youtube/watch?v={made['id']}")).status_code == 404


async def test_a_refresh_token_serves_again_and_again_until_it_ends(tube: Tube) -> None:
    assert (await tube.grant()).json()["access_token"] != (await tube.grant()).json()["access_token"]
    assert (await tube.grant(client_secret="khac")).json()["error"] == "invalid_client"
    await tube.settle(testing=True)
    assert (await tube.grant()).json()["refresh_token_expires_in"] <= 7 * 86_400
    await tube.http.post("/control/clock/advance", json={"seconds": 7 * 86_400})
    assert (await tube.grant()).json()["error"] == "invalid_grant"


# --- Google's own client ---


@pytest.mark.mission("M14")
def test_googles_own_client_uploads_in_chunks_changes_and_deletes(sandbox_address: str) -> None:
    """The official library knows nothing of us: what it says and what it understands is the contract."""
    import google.oauth2.credentials
    import google_auth_httplib2
    from googleapiclient.discovery import build_from_document
    from googleapiclient.http import MediaIoBaseUpload, build_http

    httpx.post(f"{sandbox_address}/control/reset")
    options = {"id": CHANNEL, "client_id": CLIENT, "client_secret": SECRET}
    body = {"platform": "youtube", "handle": "thanhpho", "password": REFRESH, "options": options}
    assert httpx.put(f"{sandbox_address}/control/accounts", json=body).is_success
    form = {"grant_type": "refresh_token", "client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}
    token = httpx.post(f"{sandbox_address}/youtube/token", data=form).json()["access_token"]
    document = {**_document(), "rootUrl": f"{sandbox_address}/youtube/"}
    http = google_auth_httplib2.AuthorizedHttp(google.oauth2.credentials.Credentials(token=token), http=build_http())
    with build_from_document(document, http=http) as service:
        media = MediaIoBaseUpload(io.BytesIO(FILM), "video/mp4", chunksize=UNIT, resumable=True)
        said = {"snippet": SAID, "status": {"privacyStatus": "private"}}
        request, done, steps = service.videos().insert(part="snippet,status", body=said, media_body=media), None, 0
        while done is None:
            _, done = request.next_chunk()
            steps += 1
        assert steps == 4
        public = {"id": done["id"], "snippet": SAID, "status": {"privacyStatus": "public"}}
        service.videos().update(part="snippet,status", body=public).execute()
        shown = service.videos().list(part="snippet,status,processingDetails,statistics", id=done["id"]).execute()
        [video] = shown["items"]
        assert (video["status"]["privacyStatus"], video["status"]["uploadStatus"]) == ("public", "processed")
        own = service.playlistItems().list(part="snippet,status", playlistId="UU" + CHANNEL[2:]).execute()
        assert [one["snippet"]["resourceId"]["videoId"] for one in own["items"]] == [done["id"]]
        service.videos().delete(id=done["id"]).execute()
        assert service.videos().list(part="status", id=done["id"]).execute()["items"] == []


def _document() -> dict[str, Any]:
    import json
    from importlib.util import find_spec
    from pathlib import Path

    found = find_spec("googleapiclient")
    assert found is not None
    assert found.submodule_search_locations
    text = (Path(found.submodule_search_locations[0]) / discovery.FILE).read_text("utf-8")
    return dict(json.loads(text))
