"""The public register: what anybody may see, without a token and without scripts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from lxml import html
from sqlalchemy import text

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.conversation import HouseGround
from libs.common.models.searching import SearchPurpose
from services.reports import labels
from tests.reports.city import AUTHOR, EMAIL, PHONE, City

pytestmark = pytest.mark.mission("M40")


async def open_register(city: City, clock: FrozenClock) -> None:
    """Sources, criticism answered and late, one correction; one label of a content moved away from criticism by two
    people, one of a case from complaint, and one that the second person refused."""
    source = await city.make.source(name="Báo Thủ đô")
    was_read = {"state": "gone", "last_ok_at": clock.now() - timedelta(days=400)}
    await city.make.source(name="Cổng thông tin quận cũ", group="portal", kind="page", **was_read)
    await city.make.source(name="Biểu mẫu <b>phản ánh</b>", group="citizen", kind="form", url=None)
    await city.item(source)
    late = clock.now() - timedelta(hours=1)
    await city.case("criticism", state="answered", answered_at=clock.now())
    await city.case("criticism", accept_due_at=late)
    await city.case("criticism", accepted_at=late, accept_due_at=late, state="accepted")
    await city.case("complaint", accepted_at=late, accept_due_at=late, due_at=late, state="in_progress")
    left = await city.case("complaint", state="closed", accept_due_at=late)
    await city.publication("Không có chuyện vỡ đê", kind="correction")
    content_id = new_id(clock.now())
    await label(city, content_id, "criticism", None)
    await label(city, content_id, "news", "criticism", two_people=True)
    for confirmed in (False, True):
        await relabelled(city, left, confirmed=confirmed)


async def relabelled(city: City, case: m.FeedbackCase, *, confirmed: bool) -> None:
    """Somebody proposed another kind for a case, and another person decided."""
    one, other = [(await city.make.person()).id for _ in range(2)]
    row = {
        "id": new_id(city.now), "case_id": case.id, "from_kind": "complaint", "to_kind": "question",
        "reason": "Người gửi chỉ hỏi thủ tục.", "proposed_by": one, "proposed_at": city.now, "decided_by": other,
        "decided_at": city.now, "is_confirmed": confirmed,
    }  # fmt: skip
    await city.make.add(m.CaseRelabelling(**row))


async def label(city: City, content_id: UUID, kind: str, left: str | None, *, two_people: bool = False) -> None:
    people = [(await city.make.person()).id for _ in range(2)] if two_people else [None, None]
    await city.make.add(
        m.LabelRecord(
            id=new_id(city.now),
            content_id=content_id,
            kind=kind,
            from_kind=left,
            labelled_by=people[0],
            second_by=people[1],
            reason="Bài báo thuật lại, không phải ý kiến của người dân." if two_people else None,
            labelled_at=city.now,
        )
    )


async def test_figures_of_the_register(client: httpx.AsyncClient, city: City, clock: FrozenClock) -> None:
    await open_register(city, clock)
    got = await client.get("/minh-bach.json")
    assert got.status_code == 200
    register = got.json()
    counts = {
        row["kind"]: [row[name]["value"] for name in ("received", "answered", "overdue")]
        for row in register["feedback"]
    }
    assert counts == {
        "criticism": [3, 1, 1],
        "complaint": [2, 1, 1],
        "opinion": [0, 0, 0],
        "report_of_problem": [0, 0, 0],
    }
    assert register["corrections"]["value"] == 1
    moved = {row["from_kind"]: row["times"]["value"] for row in register["relabellings"]}
    assert moved == {"complaint": 1, "criticism": 1, "opinion": 0}
    assert register["sources_watched"]["value"] == 2
    assert [source["name"] for source in register["sources"]] == [
        "Biểu mẫu <b>phản ánh</b>",
        "Cổng thông tin quận cũ",
        "Báo Thủ đô",
    ]


@pytest.mark.mission("M37")
async def test_kept_searches_are_counted_by_what_they_are_for_and_never_shown(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    now, person = clock.now(), (await city.make.person()).id
    kept = (("incident", 9, None), ("incident", 9, None), ("incident", 9, now), ("coverage", -1, None))
    for purpose, days, ended in kept:
        row = {
            "id": new_id(now), "name": "Tên riêng", "query": "điều được hỏi", "resolved": {}, "purpose_kind": purpose,
            "purpose": "Lý do được ghi lại", "unit_id": await city.make.city(), "owner_id": person, "is_alerting": True,
            "alert_role": "editor", "created_at": now - timedelta(days=30), "expires_at": now + timedelta(days=days),
            "ended_at": ended, "look_started_at": now, "candidates": "'hỏi'",
        }  # fmt: skip
        await city.make.add(m.SavedQuery(**row))
    answer = await client.get("/minh-bach.json")
    counts = {row["purpose"]: row["active"]["value"] for row in answer.json()["saved_queries"]}
    assert counts == dict.fromkeys(SearchPurpose, 0) | {"incident": 2}
    assert {row["active"]["as_of"] for row in answer.json()["saved_queries"]} == {"2026-11-24T05:00:00Z"}
    page = await client.get("/minh-bach")
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in html.fromstring(page.text).iter("tr")]
    assert ["Sự cố, tình huống khẩn cấp", "2", "12:00 24/11/2026"] in rows
    for shown in (answer.text, page.text):
        assert not any(word in shown for word in ("Tên riêng", "điều được hỏi", "Lý do được ghi lại", str(person)))


async def hidden(city: City, ground: str, *, shown: bool) -> None:
    """A comment was hidden by a rule of this ground; its officer, rule and thread are the desk's business, not ours."""
    now, channel, person = city.now, await city.make.channel(), await city.make.person()
    rule = await city.make.add(
        m.HouseRule(
            id=new_id(now), unit_id=await city.make.city(), ground=ground, title="Quy tắc ẩn", written_by=person.id,
            body="Bình luận dẫn đến trang lừa đảo thì bị ẩn.", written_at=now,
        )
    )  # fmt: skip
    comment = await city.make.add(
        m.Comment(
            id=new_id(now), channel_id=channel.id, digest=new_id(now).bytes * 2, body="Bấm vào đây", state="visible",
            seen_at=now, updated_at=now,
        )
    )  # fmt: skip
    row = {
        "id": new_id(now), "comment_id": comment.id, "rule_id": rule.id, "reason": "Liên kết đến trang giả",
        "hidden_by": person.id, "state": "shown" if shown else "hidden", "asked_at": now, "updated_at": now,
        "not_before": now, "hidden_at": now, "shown_at": now if shown else None,
        "shown_because": "protected" if shown else None,
    }  # fmt: skip
    async with city.db.transaction() as session:
        await session.execute(text("ALTER TABLE comment_hidings DISABLE TRIGGER USER"))
        session.add(m.CommentHiding(**row))
        await session.flush()
        await session.execute(text("ALTER TABLE comment_hidings ENABLE TRIGGER USER"))


async def test_hidden_comments_and_requests_about_personal_data_are_counted(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    await hidden(city, "scam_link", shown=False)
    await hidden(city, "scam_link", shown=True)
    case, now = await city.case(), clock.now()
    late, soon = now - timedelta(hours=1), now + timedelta(days=1)
    for kind, due, decided in (("access", late, None), ("access", late, now), ("erasure", soon, now)):
        row = {
            "id": new_id(now), "case_id": case.id, "kind": kind, "state": "fulfilled" if decided else "open",
            "received_at": now, "due_at": due, "decided_at": decided,
            "decided_by": (await city.make.person()).id if decided else None,
        }  # fmt: skip
        await city.make.add(m.DataRequest(**row))
    register = (await client.get("/minh-bach.json")).json()
    counts = {row["ground"]: (row["hidden"]["value"], row["still"]["value"]) for row in register["hidden_comments"]}
    assert counts == dict.fromkeys(HouseGround, (0, 0)) | {"scam_link": (2, 1)}
    assert {name: one["value"] for name, one in register["data_requests"].items()} == {
        "received": 3,
        "decided": 2,
        "late": 2,
    }
    page = html.fromstring((await client.get("/minh-bach")).text)
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.iter("tr")]
    assert ["Liên kết lừa đảo", "2", "1", "12:00 24/11/2026"] in rows
    assert ["Yêu cầu về dữ liệu cá nhân: trễ hạn", "2", "12:00 24/11/2026"] in rows


async def test_models_stand_with_their_card_and_measured_error(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    figures = {"macro_f1": 0.863, "accuracy_where_said": 0.8986, "coverage": 0.9184, "labels": {"y_te": {}}}
    card = {
        "title": "Mô hình <nhãn>", "date": "2026-11-20", "data": "Văn bản tự viết", "licence": "Apache-2.0",
        "limits": "Ngắn", "split": "Khóa trước", "frozen": {"field": figures},
        "outside": {"bao": {"texts": 9, "accuracy": 0.7}},
    }  # fmt: skip
    for version, current, told in (("new", True, card), ("old", False, {"title": "Mô hình cũ"})):
        row = {"name": "linear", "version": version, "card": told, "is_current": current, "installed_at": clock.now()}
        await city.make.add(m.InstalledModel(**row))
    new, old = (await client.get("/minh-bach.json")).json()["models"]
    assert [(one["head"], one["measured_on"], one["measure"], one["value"]) for one in new["measures"]] == [
        ("Lĩnh vực", "văn bản thử đã khóa", "macro-F1", 0.863),
        ("Lĩnh vực", "văn bản thử đã khóa", "sai khi nói", 0.1014),
        ("Lĩnh vực", "văn bản thử đã khóa", "bỏ trống", 0.0816),
        ("Lĩnh vực", "báo thật, không học: bao", "sai, kể cả bỏ trống", 0.3),
    ]
    assert (old["measures"], old["date"]) == ([], None)
    page = html.fromstring((await client.get("/minh-bach")).text)
    told = page.get_element_by_id("mo-hinh").getparent().text_content()
    for shown in ("Mô hình <nhãn>", "Đang dùng", "10,1%", "Apache-2.0", "Thẻ của mô hình này không ghi số đo nào."):
        assert shown in told


async def test_the_register_in_english_says_the_same(client: httpx.AsyncClient, city: City, clock: FrozenClock) -> None:
    await open_register(city, clock)
    page = html.fromstring((await client.get("/en/minh-bach")).text)
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.iter("tr")]
    assert page.get("lang") == "en"
    assert ["Criticism", "3", "1", "1", "12:00 24/11/2026"] in rows
    assert ["Báo Thủ đô", "Press", "Feed (RSS, Atom)", "Watched", ""] in rows
    assert len(rows) == len(list(html.fromstring((await client.get("/minh-bach")).text).iter("tr")))


@pytest.mark.mission("M34")
async def test_every_figure_of_the_register_is_dated_and_sourced(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    await open_register(city, clock)
    register = (await client.get("/minh-bach.json")).json()
    shown = [register["corrections"], register["sources_watched"], *(r["times"] for r in register["relabellings"])]
    shown += [row[name] for row in register["feedback"] for name in ("received", "answered", "overdue")]
    shown += [row[name] for row in register["hidden_comments"] for name in ("hidden", "still")]
    shown += [*register["data_requests"].values(), *(row["active"] for row in register["saved_queries"])]
    assert {each["as_of"] for each in shown} == {"2026-11-24T05:00:00Z"}
    assert all(each["source"] and each["formula"] and each["unit"] for each in shown)


async def test_page_lists_sources_classes_retention_and_counts(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    await open_register(city, clock)
    got = await client.get("/minh-bach")
    assert (got.status_code, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = html.fromstring(got.text)
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.iter("tr")]
    as_of = "12:00 24/11/2026"
    assert ["Phê bình, góp ý", "3", "1", "1", as_of] in rows
    assert ["Báo Thủ đô", "Báo chí", "Nguồn cấp tin (RSS, Atom)", "Đang theo dõi", ""] in rows, "not counted is blank"
    assert ["Toàn văn bài viết thu nhận", "90 ngày", as_of, as_of] in rows
    assert any(row[:3] == ["Bản đính chính đã đăng", "1", as_of] for row in rows)
    assert any(row[:3] == ["Đổi nhãn khỏi “Phê bình, góp ý”", "1", as_of] for row in rows)
    names = {tag.text_content() for tag in page.find_class("tag")}
    assert names == {name for one in labels.CLASSES for _, name in one.members}


async def test_each_source_shows_what_it_brought_and_the_rest_of_the_catalogue_is_not_watched(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    now = clock.now()
    told = await city.make.source(name="Báo A", owner="Tòa soạn A", last_ok_at=now, last_item_at=now)
    await city.make.source(name="Báo B", last_ok_at=now, last_item_at=now - timedelta(days=40))
    await city.make.source(name="Báo C", state="paused", last_ok_at=now)
    await city.make.source(name="Trang chờ địa chỉ", state="paused", url=None)
    await city.make.source(name="Chưa từng đọc, đã đóng", state="gone", url=None)
    for days, items in ((1, 20), (29, 3), (31, 500)):
        await city.make.add(m.SourceHour(source_id=told.id, hour=now - timedelta(days=days), items=items))
    register = (await client.get("/minh-bach.json")).json()
    counts = {one["name"]: one["items"]["value"] for one in register["sources"]}
    assert counts == {"Báo A": 23, "Báo B": 0, "Báo C": None}
    assert {one["items"]["formula"] for one in register["sources"]} == {"số mục tin mới trong 30 ngày"}
    page = html.fromstring((await client.get("/minh-bach")).text)
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.iter("tr")]
    assert ["Báo A (Tòa soạn A)", "Báo chí", "Nguồn cấp tin (RSS, Atom)", "Đang theo dõi", "23"] in rows


async def test_page_works_without_scripts_and_escapes_names(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    await open_register(city, clock)
    got = await client.get("/minh-bach")
    page = html.fromstring(got.text)
    assert not list(page.iter("script", "iframe", "img", "link[@rel='stylesheet']"))
    assert "script-src" not in got.headers["content-security-policy"]
    assert got.headers["content-security-policy"].startswith("default-src 'none'")
    assert "Biểu mẫu &lt;b&gt;phản ánh&lt;/b&gt;" in got.text
    assert len(list(page.iter("h1"))) == 1
    assert page.get("lang") == "vi"
    current = [a.text_content() for a in page.iter("a") if a.get("aria-current") == "page"]
    assert current == ["Minh bạch"]
    assert all(th.get("scope") for th in page.iter("th"))


async def test_nothing_about_people_is_in_the_register(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    await open_register(city, clock)
    for path in ("/minh-bach", "/minh-bach.json"):
        text = (await client.get(path)).text
        assert not [planted for planted in (AUTHOR, PHONE, EMAIL) if planted in text]


async def test_an_empty_city_has_a_register_too(client: httpx.AsyncClient) -> None:
    page = await client.get("/minh-bach")
    assert "Chưa theo dõi nguồn nào." in page.text
    assert (await client.head("/minh-bach")).status_code == 200


async def test_many_readers_are_served_from_one_count(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    before = (await client.get("/minh-bach.json")).json()
    await city.case("criticism")
    clock.advance(timedelta(seconds=59))
    assert (await client.get("/minh-bach.json")).json() == before
    clock.advance(timedelta(seconds=1))
    after = (await client.get("/minh-bach.json")).json()
    received: dict[str, Any] = after["feedback"][0]["received"]
    assert (received["value"], received["as_of"]) == (1, "2026-11-24T05:01:00Z")


async def test_what_is_kept_longer_than_promised_is_said(
    client: httpx.AsyncClient, city: City, clock: FrozenClock
) -> None:
    await city.item(await city.make.source())
    clock.advance(timedelta(days=90))
    assert "Quá hạn giữ" not in (await client.get("/minh-bach")).text
    clock.advance(timedelta(days=1))
    assert "Quá hạn giữ" in (await client.get("/minh-bach")).text
    held = {row["source"]: row["is_exceeded"] for row in (await client.get("/minh-bach.json")).json()["retention"]}
    assert (held["contents"], held["outbox"]) == (True, False)
