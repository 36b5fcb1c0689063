"""Sources over HTTP: who keeps them, what is refused, and how they are seen to be."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.pagination import Cursor
from services.ingest.health import Health, Pulse, health_of
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk, Item, rss
from tests.ingest.site import Answer, Site

FEED = {"kind": "feed", "name": "Báo A", "url": "https://bao-a.example/rss", "group": "press"}
VIETNAMESE = re.compile("[àáảãạăâđèéêìíòóôơùúưỳýấầẩẫậắằặếềểễệốồổỗộớờởỡợứừửữựịọụỏẻ]")
STAFF = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)


async def test_a_source_from_its_registration_to_its_retirement(desk: Desk) -> None:
    made = (await desk.ask("POST", "/sources", json=FEED)).json()
    assert (made["state"], made["poll_seconds"], made["language"], made["failures"]) == ("active", 900, "vi", 0)
    assert made["next_poll_at"] is not None
    path = f"/sources/{made['id']}"
    assert (await desk.health(made["id"]))["health"] == "new"
    changed = await desk.ask("PATCH", path, json={"name": "Báo A mới", "poll_seconds": 60, "state": "paused"})
    assert (changed.json()["name"], changed.json()["poll_seconds"]) == ("Báo A mới", 60)
    assert await desk.poll() == 0, "a paused source is not read"
    assert (await desk.health(made["id"]))["health"] == "paused"
    refused = await desk.ask("POST", f"{path}/poll")
    assert (refused.status_code, refused.json()["title"]) == (409, "Nguồn tin này không thể đọc định kỳ")
    assert (await desk.ask("PATCH", path, json={"state": "active"})).json()["state"] == "active"
    retired = await desk.ask("DELETE", path)
    assert (retired.status_code, retired.content) == (204, b"")
    assert (await desk.health(made["id"]))["health"] == "gone"
    assert await desk.poll() == 0
    async with desk.db.transaction() as session:
        actions = list(await session.scalars(select(m.AuditEntry.action).order_by(m.AuditEntry.seq)))
    assert actions == ["source.created", "source.changed", "source.changed", "source.retired"]


async def test_a_source_carries_what_is_known_of_it_and_why_it_rests(desk: Desk) -> None:
    known = {
        "owner": "Tòa soạn A", "homepage": "https://bao-a.example/", "terms": "Dẫn nguồn.", "tags": ["Hà Nội"],
        "place": "01", "audience": {"value": 5, "unit": "lượt", "as_of": "2026-01-02", "source": "Báo cáo"},
    }  # fmt: skip
    made = (await desk.ask("POST", "/sources", json=FEED | known)).json()
    assert {name: made[name] for name in known} == known
    path = f"/sources/{made['id']}"
    rests = {"state": "paused", "state_reason": "Chờ tòa soạn."}
    assert (await desk.ask("PATCH", path, json=rests)).json()["state_reason"] == "Chờ tòa soạn."
    again = (await desk.ask("PATCH", path, json={"state": "active"})).json()
    assert (again["state_reason"], again["owner"]) == (None, "Tòa soạn A")
    for wrong in ({"audience": {"value": 5}}, {"tags": ["x"] * 21}, {"audience": {"value": None}}):
        assert (await desk.ask("PATCH", path, json=wrong)).status_code == 422


async def test_registering_twice_is_a_conflict_and_changes_nothing(desk: Desk) -> None:
    assert (await desk.ask("POST", "/sources", json=FEED)).status_code == 201
    for again in (FEED, FEED | {"name": "Tên khác"}, FEED | {"url": "https://khac.example/rss"}):
        answer = await desk.ask("POST", "/sources", json=again)
        assert (answer.status_code, answer.json()["title"]) == (409, "Đã có nguồn tin trùng tên hoặc địa chỉ")
    other = (await desk.ask("POST", "/sources", json=FEED | {"name": "B", "url": "https://b.example/rss"})).json()
    moved = await desk.ask("PATCH", f"/sources/{other['id']}", json={"url": FEED["url"]})
    assert moved.status_code == 409
    assert await desk.count(m.Source) == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"url": "http://127.0.0.1/rss"}, 422),
        ({"url": "http://[::1]:8080/rss"}, 422),
        ({"url": "http://169.254.169.254/latest"}, 422),
        ({"url": "http://10.1.2.3/rss"}, 422),
        ({"url": "ftp://a.example/rss"}, 422),
        ({"url": "https://user:secret@a.example/rss"}, 422),
        ({"url": None}, 422),
        ({"url": "x"}, 422),
        ({"kind": "twitter"}, 422),
        ({"group": "hostile"}, 422),
        ({"poll_seconds": 1}, 422),
        ({"name": "  "}, 422),
        ({"name": "a\x00b"}, 422),
        ({"author": "ai đó"}, 422),
        ({"settings": {"article_hosts": ["a"] * 21}}, 422),
    ],
)
async def test_what_no_source_may_be(desk_with: DeskWith, change: dict[str, Any], status: int) -> None:
    desk: Desk = await desk_with(replay=False)
    answer = await desk.ask("POST", "/sources", json=FEED | change)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["title"] in ("Địa chỉ nguồn tin không được chấp nhận", "Dữ liệu gửi lên không hợp lệ")
    assert "secret" not in answer.text
    assert all(VIETNAMESE.search(one["message"]) for one in answer.json().get("errors", [])), answer.text
    assert await desk.count(m.Source) == 0


async def test_who_may_keep_and_who_may_look(desk: Desk, signed_in: Any) -> None:
    made = (await desk.ask("POST", "/sources", json=FEED)).json()
    changes = [
        ("POST", "/sources", FEED | {"name": "C", "url": "https://c.example/rss"}),
        ("PATCH", f"/sources/{made['id']}", {"name": "D"}),
        ("POST", f"/sources/{made['id']}/poll", None),
        ("DELETE", f"/sources/{made['id']}", None),
    ]
    looks = ["/sources", f"/sources/{made['id']}", "/fetches", "/contents"]
    for role in Role:
        who = await signed_in(role)
        if role not in (Role.EDITOR, Role.ADMIN):
            for method, path, body in changes:
                assert (await desk.ask(method, path, json=body, who=who)).status_code == 403, (role, path)
        for path in looks:
            assert (await desk.ask("GET", path, who=who)).status_code == (200 if role in STAFF else 403), (role, path)
    assert await desk.count(m.Source) == 1


async def test_what_is_not_there_is_said_so(desk: Desk) -> None:
    nowhere = "/sources/00000000-0000-7000-8000-000000000000"
    for method, path in (("GET", nowhere), ("DELETE", nowhere), ("POST", nowhere + "/poll")):
        answer = await desk.ask(method, path)
        assert (answer.status_code, answer.json()["title"]) == (404, "Không tìm thấy nguồn tin")
    assert (await desk.ask("PATCH", nowhere, json={"name": "x"})).status_code == 404


async def test_poll_now_makes_a_waiting_source_due(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss(Item(site.url("/a"), "Tin")))
    source = await desk.register(site.url("/rss"), settings={"full_text": False})
    assert (await desk.poll(), await desk.poll()) == (1, 0)
    assert (await desk.ask("POST", f"/sources/{source['id']}/poll")).status_code == 202
    assert await desk.poll() == 1
    page = (await desk.ask("GET", "/fetches", params={"source_id": source["id"], "limit": 1})).json()
    assert (page["items"][0]["outcome"], page["items"][0]["items_seen"]) == ("ok", 1)
    rest = (await desk.ask("GET", "/fetches", params={"cursor": page["next_cursor"]})).json()
    assert (len(rest["items"]), rest["items"][0]["items_new"], rest["next_cursor"]) == (1, 1, None)


async def test_sources_are_listed_page_by_page_with_their_health(desk: Desk, site: Site, signed_in: Any) -> None:
    site.routes["/rss"] = Answer(rss(Item(site.url("/a"), "Tin")))
    for name, path in (("Tốt", "/rss"), ("Hỏng", "/khong-co"), ("An", "/cung-khong")):
        await desk.register(site.url(path), name=name, settings={"full_text": False})
    await desk.register(None, "push", "citizen", name="Chưa gửi")
    await desk.poll()
    found: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    while True:
        page = (await desk.ask("GET", "/sources", params={"limit": 3, **cursor})).json()
        found |= {one["name"]: one for one in page["items"]}
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert {name: one["health"] for name, one in found.items()} == {
        "Tốt": "ok", "Hỏng": "failing", "An": "failing", "Chưa gửi": "new",
    }  # fmt: skip
    assert found["Tốt"]["last_item_at"] == found["Tốt"]["last_ok_at"] is not None
    assert found["Hỏng"]["last_error"].startswith("Máy chủ trả lời 404")
    desk.clock.advance(timedelta(days=4))
    assert await desk.poll() == 3
    viewer = await signed_in(Role.VIEWER)  # the editor's token has run out meanwhile
    seen = (await desk.ask("GET", f"/sources/{found['Tốt']['id']}", who=viewer)).json()
    assert seen["health"] == "silent"


async def test_a_cursor_of_another_list_breaks_nothing(desk: Desk) -> None:
    for key in (None, 5, 1.5, "x"):
        answer = await desk.ask("GET", "/sources", params={"cursor": Cursor(key, uuid4()).encode()})
        assert answer.status_code == 200, key


@pytest.mark.parametrize(
    ("state", "failures", "ok_days", "item_days", "health"),
    [
        ("active", 0, None, None, Health.NEW),
        ("active", 1, None, None, Health.FAILING),
        ("active", 2, 1, 1, Health.FAILING),
        ("active", 0, 0, 0, Health.OK),
        ("active", 0, 0, 4, Health.SILENT),
        ("active", 0, 0, None, Health.SILENT),
        ("active", 0, None, 1, Health.OK),
        ("paused", 3, 0, 0, Health.PAUSED),
        ("gone", 1, 0, 0, Health.GONE),
    ],
)
def test_how_a_source_is(
    clock: Any, state: str, failures: int, ok_days: int | None, item_days: int | None, health: Health
) -> None:
    now = clock.now()
    ago = [None if days is None else now - timedelta(days=days) for days in (ok_days, item_days)]
    assert health_of(Pulse(state, failures, now - timedelta(days=30), *ago), now) is health
