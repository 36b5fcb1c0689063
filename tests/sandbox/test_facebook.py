"""The sandbox's Facebook: shapes and errors of the Graph API, counters, tokens and their deaths, signed webhooks."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.city import City
from tests.sandbox.toots import mp4, png

PAGE, APP, TOKEN, SECRET = "100000000003550", "355020260000001", "EAAB-token-for-tests", "app-secret-for-tests"


def proof(token: str = TOKEN) -> str:
    return hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


@dataclass
class Book:
    city: City

    @property
    def http(self) -> httpx.AsyncClient:
        return self.city.http

    async def put(self, **changes: Any) -> dict[str, Any]:
        options = {"page_id": PAGE, "app_id": APP, "app_secret": SECRET, **changes.pop("options", {})}
        body = {"platform": "facebook", "handle": "thanhpho", "password": TOKEN, "options": options, **changes}
        return dict(await self.city.control("PUT", "accounts", **body))

    async def get(self, path: str, token: str = TOKEN, **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.get(
            f"/facebook/v26.0/{path}", params={"appsecret_proof": proof(token), **query}, headers=headers
        )

    async def post(self, path: str, files: Any = None, **form: Any) -> httpx.Response:
        headers, data = {"Authorization": f"OAuth {TOKEN}"}, {"appsecret_proof": proof(), **form}
        return await self.http.post(f"/facebook/v26.0/{path}", data=data, files=files, headers=headers)

    async def delete(self, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return await self.http.delete(f"/facebook/v26.0/{path}", params={"appsecret_proof": proof()}, headers=headers)

    async def send(self, path: str, data: bytes, **headers: str) -> httpx.Response:
        return await self.http.post(path, content=data, headers={"Authorization": f"OAuth {TOKEN}", **headers})

    async def photo(self, data: bytes | None = None, **form: Any) -> httpx.Response:
        files = {"source": ("a.png", png() if data is None else data, "image/png")}
        return await self.post(f"{PAGE}/photos", files, **{"published": "false", **form})

    async def posts(self) -> list[dict[str, Any]]:
        return [post for post in await self.city.posts() if post["platform"] == "facebook"]


@pytest.fixture
async def book(build: Any) -> Book:
    made = Book(await build())
    await made.put()
    return made


def error(answer: httpx.Response) -> tuple[int, int, int | None]:
    told = answer.json()["error"]
    assert {"message", "type", "code", "is_transient", "fbtrace_id"} <= set(told)
    return answer.status_code, told["code"], told.get("error_subcode")


@pytest.mark.mission("M13")
async def test_a_post_is_made_read_edited_and_gone(book: Book) -> None:
    made = await book.post(
        f"{PAGE}/feed", message="Xin chào", link="https://tin.example.vn/a", fields="id,permalink_url"
    )
    told = made.json()
    assert set(told) == {"id", "permalink_url"}
    assert told["id"].startswith(f"{PAGE}_")
    read = (await book.get(told["id"], fields="message,created_time,attachments{url}")).json()
    assert read["message"] == "Xin chào"
    assert read["created_time"].endswith("+0000")
    assert read["attachments"]["data"][0]["unshimmed_url"] == "https://tin.example.vn/a"
    assert (await book.post(told["id"], message="Đính chính")).json() == {"success": True}
    assert [post["text"] for post in await book.posts()] == ["Đính chính"]
    assert (await book.delete(told["id"])).json() == {"success": True}
    assert error(await book.get(told["id"])) == (400, 100, 33)
    assert error(await book.delete(told["id"])) == (400, 100, 33)
    assert await book.posts() == []


@pytest.mark.parametrize(
    ("form", "code", "subcode"),
    [
        ({}, 100, None),
        ({"message": "x" * 63_207}, 100, None),
        ({"message": "👍" * 31_604}, 100, None),
        ({"message": "a", "la": "1"}, 100, None),
        ({"message": "a", "link": "https://trang.invalid/"}, 100, 1609005),
        ({"message": "a", "link": "https://www.facebook.com/x"}, 100, 1609008),
        ({"message": "a", "unpublished_content_type": "LATER", "published": "false"}, 100, None),
        ({"message": "a", "published": "maybe"}, 100, None),
        ({"message": "a", "attached_media": "[{}]"}, 100, None),
        ({"message": "a", "attached_media": '[{"media_fbid":"1"}]'}, 100, None),
        ({"message": "a", "fields": "secret"}, 100, None),
    ],
)
async def test_what_is_wrong_is_refused(book: Book, form: dict[str, str], code: int, subcode: int | None) -> None:
    assert error(await book.post(f"{PAGE}/feed", **form)) == (400, code, subcode)


async def test_exactly_as_long_as_it_may_be(book: Book) -> None:
    assert (await book.post(f"{PAGE}/feed", message="👍" * 31_603)).is_success


async def test_the_same_again_is_506_for_an_hour(book: Book) -> None:
    first = (await book.post(f"{PAGE}/feed", message="Một")).json()["id"]
    assert error(await book.post(f"{PAGE}/feed", message="Một"))[1] == 506
    await book.delete(first)
    assert (await book.post(f"{PAGE}/feed", message="Một")).is_success
    await book.city.later(3600)
    assert (await book.post(f"{PAGE}/feed", message="Một")).is_success


async def test_a_post_waits_for_its_time(book: Book) -> None:
    now = await book.city.control("GET", "clock")
    at = datetime.fromisoformat(now["now"]) + timedelta(minutes=20)
    soon = await book.post(
        f"{PAGE}/feed", message="Sớm", published="false", scheduled_publish_time=str(int(at.timestamp()) - 900)
    )
    assert error(soon)[1] == 100
    made = await book.post(f"{PAGE}/feed", message="Hẹn", published="false", scheduled_publish_time=at.isoformat())
    assert made.is_success
    assert len((await book.get(f"{PAGE}/scheduled_posts")).json()["data"]) == 1
    assert await book.posts() == []
    await book.city.later(1201)
    assert [post["text"] for post in await book.posts()] == ["Hẹn"]
    assert (await book.get(f"{PAGE}/scheduled_posts")).json()["data"] == []


async def test_photos_wait_for_a_post_and_are_in_one(book: Book) -> None:
    ids = [(await book.photo(alt_text_custom=f"Ảnh {n}")).json() for n in (1, 2)]
    assert all(set(one) == {"id"} for one in ids)
    attached = json.dumps([{"media_fbid": one["id"]} for one in ids])
    made = (await book.post(f"{PAGE}/feed", message="Ảnh", attached_media=attached)).json()["id"]
    told = (await book.get(made, fields="attachments")).json()["attachments"]["data"][0]
    assert [p["target"]["id"] for p in told["subattachments"]["data"]] == [one["id"] for one in ids]
    again = await book.post(
        f"{PAGE}/feed", message="Nữa", **{"attached_media[0]": json.dumps({"media_fbid": ids[0]["id"]})}
    )
    assert error(again) == (400, 100, 1366051)
    published = (await book.photo(published="true", message="Một ảnh")).json()
    assert set(published) == {"id", "post_id"}
    for bad in (b"x" * 40, png()[:-10], mp4()):
        assert error(await book.photo(bad)) == (400, 100, 1366046)
    old = (await book.photo()).json()["id"]
    await book.city.later(86_400)
    late = await book.post(f"{PAGE}/feed", message="Muộn", attached_media=json.dumps([{"media_fbid": old}]))
    assert error(late)[1] == 100


async def test_a_video_under_a_handle_and_the_place_it_stands_at(book: Book) -> None:
    data = mp4()
    opened = (
        await book.post(f"{APP}/uploads", file_name="a.mp4", file_length=str(len(data)), file_type="video/mp4")
    ).json()
    path = f"/facebook/v26.0/{opened['id']}"
    half = (await book.send(path, data[:50], file_offset="0")).json()
    assert half["file_offset"] == 50
    assert (await book.get(opened["id"])).json()["file_offset"] == 50
    assert error(await book.send(path, data[50:], file_offset="0"))[1] == 100
    handle = (await book.send(path, data[50:], file_offset="50")).json()["h"]
    video = (await book.post(f"{PAGE}/videos", fbuploader_video_file_chunk=handle, description="Phim")).json()
    assert set(video) == {"id"}
    status = (await book.get(video["id"], fields="status")).json()["status"]
    assert (status["video_status"], status["publishing_phase"]["status"]) == ("processing", "not_started")
    await book.city.later(21)
    status = (await book.get(video["id"], fields="status,permalink_url")).json()["status"]
    assert (status["video_status"], status["publishing_phase"]["publish_status"]) == ("ready", "published")
    [post] = await book.posts()
    assert (post["id"], post["text"]) == (video["id"], "Phim")
    await book.city.control("POST", "facebook/remove", post=video["id"])
    assert await book.posts() == [], "deleted by hand, its post goes along"


async def test_reels_are_held_to_their_shape_and_their_day(build: Any) -> None:
    book = Book(await build())
    await book.put()

    async def reel(data: bytes) -> tuple[str, httpx.Response]:
        started = (await book.post(f"{PAGE}/video_reels", upload_phase="start")).json()
        path = urlsplit(started["upload_url"]).path
        done = await book.send(path, data, offset="0", file_size=str(len(data)))
        assert done.json() == {"success": True}
        return started["video_id"], await finish(started["video_id"])

    async def finish(video: str, state: str = "PUBLISHED") -> httpx.Response:
        return await book.post(f"{PAGE}/video_reels", upload_phase="finish", video_id=video, video_state=state)

    assert error((await reel(mp4(1280, 720)))[1])[1] == 100
    assert error((await reel(mp4(270, 480)))[1])[1] == 100
    video, done = await reel(mp4(1080, 1920))
    assert done.json() == {"success": True}
    assert (await finish(video)).json() == {"success": True}
    assert error(await finish(video, "OUT"))[1] == 100
    await book.city.later(21)
    assert len(await book.posts()) == 1
    for _ in range(29):
        assert (await reel(mp4(1080, 1920)))[1].is_success
    assert error((await reel(mp4(1080, 1920)))[1])[1] == 613
    await book.city.later(86_400)
    assert (await reel(mp4(1080, 1920)))[1].is_success


@pytest.mark.mission("M13")
@pytest.mark.parametrize(
    ("status", "subcode"), [("password_changed", 460), ("expired", 463), ("app_removed", 458), ("checkpoint", 459)]
)
async def test_the_deaths_of_a_token_are_http_400(book: Book, status: str, subcode: int) -> None:
    await book.put(status=status)
    assert error(await book.get(PAGE)) == (400, 190, subcode)
    told = (await book.get("debug_token", f"{APP}|{SECRET}", input_token=TOKEN)).json()["data"]
    assert (told["is_valid"], told["error"]["subcode"]) == (False, subcode)


async def test_tokens_proofs_and_introspection(book: Book) -> None:
    assert error(await book.get(PAGE, "EAAB-other"))[1] == 190
    assert error(await book.get(PAGE, appsecret_proof=proof("other")))[1] == 100
    assert error(await book.http.get(f"/facebook/v26.0/{PAGE}"))[1] == 104
    in_query = await book.http.get(
        f"/facebook/v26.0/{PAGE}", params={"access_token": TOKEN, "appsecret_proof": proof()}
    )
    assert in_query.json()["id"] == PAGE
    told = (await book.get("debug_token", f"{APP}|{SECRET}", input_token=TOKEN)).json()["data"]
    assert (told["is_valid"], told["expires_at"], told["profile_id"], told["type"]) == (True, 0, PAGE, "PAGE")
    assert "pages_manage_posts" in told["scopes"]
    assert error(await book.get("debug_token", f"{APP}|sai", input_token=TOKEN))[1] == 190
    assert await book.city.control("POST", "facebook/tokens", account="thanhpho") == {"ended": 1}
    assert error(await book.get(PAGE)) == (400, 190, 463)


async def test_without_the_permission_a_post_looks_gone(book: Book) -> None:
    made = (await book.post(f"{PAGE}/feed", message="Còn")).json()["id"]
    await book.put(status="permission_lost")
    assert error(await book.get(made)) == (400, 100, 33)
    assert error(await book.get(f"{PAGE}/published_posts"))[1] == 200
    assert len(await book.posts()) == 1


@pytest.mark.mission("M13")
async def test_calls_are_counted_in_percent_and_the_wait_in_minutes(book: Book) -> None:
    await book.put(options={"quota": 10})
    shown = []
    for _ in range(12):
        answer = await book.get(PAGE)
        [case] = json.loads(answer.headers["x-business-use-case-usage"])[PAGE]
        shown.append((answer.status_code, case["call_count"], case["estimated_time_to_regain_access"]))
        assert case["type"] == "pages"
    assert shown[0] == (200, 10, 0)
    assert shown[9] == (200, 100, 0)
    assert shown[10][0] == 400
    assert shown[10][2] == 1440
    assert error(answer)[1] == 80001
    await book.city.later(86_400)
    assert (await book.get(PAGE)).is_success


async def test_the_version_is_told_and_an_expired_one_served_as_the_oldest(book: Book) -> None:
    assert (await book.get(PAGE)).headers["facebook-api-version"] == "v26.0"
    old = await book.http.get(f"/facebook/v20.0/{PAGE}", params={"access_token": TOKEN, "appsecret_proof": proof()})
    assert (old.status_code, old.headers["facebook-api-version"]) == (200, "v23.0")


@pytest.mark.parametrize("mode", ["steady", "missed_once", "out_of_order"])
async def test_the_list_is_late(book: Book, mode: str) -> None:
    await book.city.control("PUT", "lag", platform="facebook", seconds=60, mode=mode)
    made = (await book.post(f"{PAGE}/feed", message="Mới")).json()["id"]
    assert (await book.get(f"{PAGE}/published_posts")).json()["data"] == []
    assert (await book.get(made)).is_success
    await book.city.later(61)
    seen = [len((await book.get(f"{PAGE}/published_posts")).json()["data"]) for _ in range(2)]
    assert seen == ([0, 1] if mode == "missed_once" else [1, 1])


async def test_pages_of_the_list_lead_on(book: Book) -> None:
    for n in range(5):
        await book.post(f"{PAGE}/feed", message=f"Tin {n}")
        await book.city.later(1)
    first = (await book.get(f"{PAGE}/published_posts", limit="2", fields="message")).json()
    assert [post["message"] for post in first["data"]] == ["Tin 4", "Tin 3"]
    after = first["paging"]["cursors"]["after"]
    assert "access_token" not in first["paging"]["next"]
    then = (await book.get(f"{PAGE}/published_posts", limit="3", fields="message", after=after)).json()
    assert [post["message"] for post in then["data"]] == ["Tin 2", "Tin 1", "Tin 0"]
    assert "next" not in then["paging"]


async def test_no_token_on_the_ledger(book: Book) -> None:
    await book.post(f"{PAGE}/feed", message="Một")
    told = json.dumps(await book.city.control("GET", "ledger"))
    assert TOKEN not in told
    assert SECRET not in told


# --- webhooks ---


@dataclass
class Callback:
    """What an app's address sees: the challenge, and raw bodies."""

    token: str = "xac-minh"
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def callback() -> Iterator[Callback]:
    seen = Callback()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            is_ours = (query.get("hub.mode"), query.get("hub.verify_token")) == ("subscribe", seen.token)
            self._say(query["hub.challenge"].encode() if is_ours else b"no", 200 if is_ours else 403)

        def do_POST(self) -> None:
            seen.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self._say(b"", 200)

        def _say(self, body: bytes, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen.address = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield seen
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.mark.mission("M39")
async def test_the_feed_is_told_signed_and_escaped(book: Book, callback: Callback) -> None:
    app = {"access_token": f"{APP}|{SECRET}", "object": "page", "fields": "feed", "callback_url": callback.address}
    path = f"/facebook/v26.0/{APP}/subscriptions"
    assert error(await book.http.post(path, data={**app, "verify_token": "sai"}))[1] == 2200
    assert (await book.http.post(path, data={**app, "verify_token": callback.token})).json() == {"success": True}
    assert (await book.post(f"{PAGE}/subscribed_apps", subscribed_fields="feed")).json() == {"success": True}
    made = (await book.post(f"{PAGE}/feed", message="Nước ngập / phường Ô Chợ Dừa")).json()["id"]
    await book.city.control("POST", "facebook/engage", post=made, replies=[{"text": "Cảm ơn", "author": "Lan"}])
    await book.city.control("POST", "webhooks/deliver")
    assert len(callback.got) == 2
    for headers, raw in callback.got:
        signed = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={signed}"
        assert raw.isascii()
        assert json.dumps(json.loads(raw), ensure_ascii=False).encode() != raw, "written anew it is another body"
    values = [json.loads(raw)["entry"][0]["changes"][0] for _, raw in callback.got]
    assert [value["field"] for value in values] == ["feed", "feed"]
    assert (values[0]["value"]["verb"], values[0]["value"]["post_id"]) == ("add", made)
    assert (values[1]["value"]["item"], values[1]["value"]["message"]) == ("comment", "Cảm ơn")
    [comment] = (await book.get(f"{made}/comments")).json()["data"]
    assert comment["message"] == "Cảm ơn"
    assert "from" not in comment
