"""The push API over HTTP: rows judged one by one, stored in batches, masked, and refused when events wait."""

import asyncio
import gzip
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from libs.common import models as m
from libs.common.models.enums import Role
from services.ingest.settings import IntakeSettings
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk, ndjson

INGESTED = "lantoa.content.ingested.v1"


def row(n: int, **more: Any) -> dict[str, Any]:
    return {"url": f"https://tin.example/bai-{n}", "title": f"Bài {n}", "text": f"Nội dung bài {n}."} | more


def thousand_with_three_bad() -> list[Any]:
    rows: list[Any] = [row(n) for n in range(1000)]
    rows[7] = row(7, author="Nguyễn Văn A")
    rows[500] = "không phải đối tượng"
    rows[999] = row(999, url="ftp://tin.example/x")
    return rows


@pytest.mark.mission("M02")
async def test_of_a_thousand_rows_the_bad_three_are_told_and_the_rest_stored(desk: Desk) -> None:
    answer = await desk.push(thousand_with_three_bad())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["stored"], told["duplicates"], told["rejected"]) == (997, 0, 3)
    assert [one["index"] for one in told["results"]] == list(range(1000))
    bad = {one["index"]: one["problem"] for one in told["results"] if one["status"] == "rejected"}
    assert set(bad) == {7, 500, 999}
    assert all(problem["title"] == "Mục tin không được nhận" for problem in bad.values())
    assert bad[7]["errors"][0]["pointer"] == "/author"
    assert "không nhận thông tin người viết" in bad[7]["errors"][0]["message"]
    assert "Nguyễn Văn A" not in answer.text
    assert bad[500]["errors"][0]["message"] == "Mỗi mục phải là một đối tượng JSON."
    assert bad[999]["detail"] == "Địa chỉ (url) không phải địa chỉ web hợp lệ."
    assert await desk.count(m.Content) == 997

    events = await desk.events(INGESTED)
    assert [len(one["content_ids"]) for one in events] == [199, 200, 199, 200, 199]
    named = [content_id for one in events for content_id in one["content_ids"]]
    assert sorted(named) == sorted(str(one.id) for one in await desk.contents())


async def test_pushing_again_stores_nothing_and_says_what_is_known(desk: Desk) -> None:
    rows = [row(n) for n in range(300)]
    first = (await desk.push(rows)).json()
    again = (await desk.push([*rows, row(0, url="http://TIN.example/bai-0/?utm_source=x")])).json()
    assert (again["stored"], again["duplicates"]) == (0, 301)
    assert [one["content_id"] for one in again["results"][:300]] == [one["content_id"] for one in first["results"]]
    assert again["results"][300]["content_id"] == first["results"][0]["content_id"]
    assert await desk.count(m.Content) == 300
    assert len(await desk.events(INGESTED)) == 2


async def test_the_same_row_twice_in_one_push_is_stored_once(desk: Desk) -> None:
    told = (await desk.push([row(1), row(1), row(2), row(1)])).json()
    assert [one["status"] for one in told["results"]] == ["stored", "duplicate", "stored", "duplicate"]
    assert len({one["content_id"] for one in told["results"]}) == 2


async def test_a_changed_row_is_a_revision(desk: Desk) -> None:
    first = (await desk.push([row(1)])).json()
    told = (await desk.push([row(1, text="Nội dung đã sửa.")])).json()
    assert (told["stored"], told["results"][0]["content_id"]) == (1, first["results"][0]["content_id"])
    (kept,) = await desk.contents()
    (old,) = await desk.revisions()
    assert (kept.revision, kept.text, old.text) == (2, "Nội dung đã sửa.", "Nội dung bài 1.")


@pytest.mark.parametrize("form", ["object", "array", "lines"])
async def test_a_bulk_is_an_object_an_array_or_lines(desk: Desk, form: str) -> None:
    rows = [row(1), row(2)]
    match form:
        case "object":
            answer = await desk.push(rows)
        case "array":
            answer = await desk.ask("POST", "/contents/bulk", json=rows)
        case _:
            answer = await desk.ask(
                "POST",
                "/contents/bulk",
                content=ndjson(["", *rows, '{"title": "đứt']),
                headers={"Content-Type": "application/x-ndjson; charset=utf-8"},
            )
    told = answer.json()
    assert told["stored"] == 2, answer.text
    if form == "lines":
        assert told["results"][2]["problem"]["detail"] == "Dòng này không phải JSON hợp lệ (UTF-8)."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "không phải JSON"),
        (b"\xff\xfe", "không phải JSON"),
        (b'{"rows": []}', "danh sách"),
        (b"[]", "từ 1 đến 10000"),
        (b"[" + b"1," * 10_000 + b"1]", "đang có 10001"),
        (b"[" * 100_000, "không phải JSON"),
    ],
)
async def test_a_body_that_is_no_bulk_is_refused_whole(desk: Desk, body: bytes, words: str) -> None:
    answer = await desk.ask("POST", "/contents/bulk", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["title"], words in answer.json()["detail"]) == ("Gói tin gửi hàng loạt không hợp lệ", True)


async def test_a_body_over_the_limit_is_refused_as_it_arrives(desk_with: DeskWith) -> None:
    desk: Desk = await desk_with(intake=IntakeSettings(body_bytes=1024**2))
    answer = await desk.push([row(1, text="x" * 1024**2)])
    assert (answer.status_code, answer.json()["title"]) == (413, "Gói tin gửi lên quá lớn")
    packed = gzip.compress(b" " * 50 * 1024**2)
    answer = await desk.ask("POST", "/contents", content=packed, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 422
    assert await desk.count(m.Content) == 0


@pytest.mark.parametrize("path", ["/contents", "/contents/bulk"])
async def test_who_may_push(desk: Desk, signed_in: Any, path: str) -> None:
    body = row(1) if path == "/contents" else [row(1)]
    for role in (Role.VIEWER, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER):
        refused = await desk.ask("POST", path, json=body, who=await signed_in(role))
        assert (refused.status_code, refused.json()["title"]) == (403, "Không có quyền thực hiện")
    assert (await desk.ask("POST", path, json=body, who={})).status_code == 401
    assert await desk.count(m.Content) == 0
    integrator = await signed_in(Role.INTEGRATOR)
    assert (await desk.ask("POST", path, json=body, who=integrator)).is_success
    assert (await desk.ask("GET", "/contents", who=integrator)).status_code == 403


@pytest.mark.parametrize(("late", "limit"), [(False, 3), (True, 2000)])
async def test_while_events_wait_nothing_is_taken_and_the_sender_is_asked_to_wait(
    desk_with: DeskWith, late: bool, limit: int
) -> None:
    desk: Desk = await desk_with(intake=IntakeSettings(pending_events=limit, pending_seconds=120, retry_after=9))
    for n in range(3):
        assert (await desk.push([row(n)])).status_code == 200
    if late:
        desk.clock.advance(timedelta(seconds=121))
    for path, body in (("/contents", row(9)), ("/contents/bulk", [row(9)])):
        answer = await desk.ask("POST", path, json=body)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "9")
        assert answer.json()["title"] == "Hệ thống đang quá tải, xin thử lại sau"
    assert (await desk.count(m.Content), len(await desk.events(INGESTED))) == (3, 3)
    async with desk.db.transaction() as session:
        await session.execute(update(m.OutboxEvent).values(published_at=desk.clock.now()))
    assert (await desk.push([row(9)])).json()["stored"] == 1


async def test_one_item_is_answered_by_itself(desk: Desk) -> None:
    answer = await desk.ask("POST", "/contents", json=row(1, published_at="2026-11-24T10:15:00+07:00", kind="article"))
    assert answer.status_code == 201
    seen = (await desk.ask("GET", f"/contents/{answer.json()['content_id']}")).json()
    assert (seen["published_from"], seen["published_at"]) == ("push", "2026-11-24T03:15:00Z")
    bad = await desk.ask("POST", "/contents", json={"title": "Thiếu"})
    assert (bad.status_code, bad.json()["errors"][0]["message"]) == (422, "Thiếu trường bắt buộc.")
    empty = await desk.ask("POST", "/contents", json={"title": " ", "text": ""})
    assert empty.json()["detail"] == "Mục tin cần có tiêu đề hoặc nội dung."
    unzoned = await desk.ask("POST", "/contents", json=row(2, published_at="2026-11-24T10:15:00"))
    assert "múi giờ" in unzoned.json()["errors"][0]["message"]


HOSTILE_ROWS = [
    '{"title": "a\\u0000b", "text": "c\\u0000d"}',
    '{"title": "a", "text": "\\ud800"}',
    '{"title": "a", "text": "b", "source": "x\\u0000"}',
    '{"title": "a", "text": "b", "external_id": "\\u0000"}',
    '{"title": "a", "text": "b", "url": "http://a\\u0000b.vn/"}',
    '{"title": "a", "text": "b", "url": "http://a.vn/\\udfff"}',
    '{"title": "a", "text": "b", "published_at": 1e300}',
    '{"title": "a", "text": "b", "published_at": "9999-12-31T23:59:59-23:59"}',
    '{"title": NaN, "text": 5}',
    '{"title": "a", "text": "b", "source": "không có nguồn này"}',
    "[" * 5000,
]


async def test_no_row_takes_its_neighbours_down(desk: Desk) -> None:
    body = ndjson([*HOSTILE_ROWS, row(1)])
    answer = await desk.ask("POST", "/contents/bulk", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    told = answer.json()["results"]
    assert len(told) == len(HOSTILE_ROWS) + 1
    assert told[-1]["status"] == "stored"
    assert told[9]["problem"]["detail"] == "Không có nguồn tin nào tên hoặc mã là “không có nguồn này”."
    assert (await desk.contents())[0].title.isprintable()


@pytest.mark.mission("M37")
async def test_what_identifies_a_citizen_is_masked_before_it_is_stored_and_hotlines_stay(desk_with: DeskWith) -> None:
    desk: Desk = await desk_with(intake=IntakeSettings(hotlines=["02438253636"]))
    official = await desk.register(None, "push", "official", name="Trang của thành phố")
    await desk.register(None, "push", "press", name="Báo")
    text = "Gọi 0912 345 678, mail an.nv@gmail.com, CCCD 001099012345; tổng đài 1022 và 02438253636."
    masked = "Gọi [số điện thoại], mail [email], CCCD [số giấy tờ]; tổng đài 1022 và 02438253636."
    rows = [
        {"external_id": "1", "title": "SĐT 0912345678", "text": text, "summary": text},
        {"external_id": "2", "title": "Bình luận", "text": text, "source": official["id"], "kind": "post"},
        {"external_id": "3", "title": "Thông cáo", "text": text, "source": official["name"]},
        {"external_id": "4", "title": "Bài báo", "text": text, "source": "Báo"},
    ]
    assert (await desk.push(rows)).json()["stored"] == 4
    kept = {one.title: one for one in await desk.contents()}
    citizen = kept["SĐT [số điện thoại]"]
    assert (citizen.text, citizen.summary, citizen.kind) == (masked, masked, "post")
    assert kept["Bình luận"].text == masked
    assert (kept["Thông cáo"].text, kept["Thông cáo"].kind) == (text, "release")
    assert kept["Bài báo"].text == text


async def test_a_post_is_kept_without_its_authors_name_in_the_address(desk: Desk) -> None:
    await desk.push([row(1, url="https://www.facebook.com/nguyenvana/posts/123")])
    (kept,) = await desk.contents()
    assert kept.url == "https://www.facebook.com/posts/123"


async def test_a_paused_source_takes_no_rows(desk: Desk) -> None:
    source = await desk.register(None, "push", "citizen", name="iHanoi")
    await desk.ask("PATCH", f"/sources/{source['id']}", json={"state": "paused"})
    told = (await desk.push([row(1, source="iHanoi")])).json()
    assert told["results"][0]["problem"]["detail"] == "Nguồn tin “iHanoi” đang tạm dừng."


async def test_two_senders_of_the_same_rows_store_each_once(desk: Desk) -> None:
    rows = [row(n) for n in range(200)]
    answers = await asyncio.gather(desk.push(rows), desk.push(rows[::-1]), desk.push(rows))
    told = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert sum(one["stored"] for one in told) == 200
    assert await desk.count(m.Content) == 200
