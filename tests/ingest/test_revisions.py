"""What an edit changed: told once by an event, with the figures that are given otherwise, and shown to editors."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from libs.common import models as m
from libs.common.events.content import ContentsRevised
from libs.common.masking import mask_personal_data
from libs.common.models.enums import Role
from services.ingest.queries import NewContent
from services.ingest.revisions.rules import Version, compare, without_loss
from services.ingest.storing import store_contents
from tests.ingest.desk import Desk

REVISED, INGESTED = "lantoa.content.revised.v1", "lantoa.content.ingested.v1"
FIRE = (
    "Chiều 28/11, một vụ cháy xảy ra tại phường Khương Đình làm 12 người chết và 37 người bị thương. "
    "Thiệt hại ước tính 2,5 tỷ đồng. Lực lượng chức năng đã có mặt tại hiện trường."
)


def changed(before: str, after: str) -> list[tuple[str, str]] | None:
    found = compare(Version("Tiêu đề", None, before), Version("Tiêu đề", None, after), mask_personal_data)
    return None if found is None else [(one.before, one.after) for one in found.figures]


@pytest.mark.parametrize(
    ("before", "after", "figures"),
    [
        ("Vụ cháy làm 12 người chết.", "Vụ cháy làm 14 người chết.", [("12 người chết", "14 người chết")]),
        ("Có ba người bị thương.", "Có bốn người bị thương.", [("ba người", "bốn người")]),
        ("Có ba người bị thương.", "Có 4 người bị thương.", [("ba người", "4 người")]),
        ("Thiệt hại 2,5 tỷ đồng.", "Thiệt hại 3,1 tỷ đồng.", [("2,5 tỷ đồng", "3,1 tỷ đồng")]),
        ("Giá tăng 30% so với năm ngoái.", "Giá tăng 35 % so với năm ngoái.", [("30%", "35 %")]),
        ("Khai mạc ngày 12/12/2026.", "Khai mạc ngày 13/12/2026.", [("ngày 12/12/2026", "ngày 13/12/2026")]),
        ("Bắt đầu lúc 8h30 tại Mỹ Đình.", "Bắt đầu lúc 9h00 tại Mỹ Đình.", [("lúc 8h30", "lúc 9h00")]),
        ("Thu ngân sách 1.234 tỷ đồng.", "Thu ngân sách 1.324 tỷ đồng.", [("1.234 tỷ đồng", "1.324 tỷ đồng")]),
        ("Phạt theo Điều 5 nghị định.", "Phạt theo Điều 6 nghị định.", [("Điều 5", "Điều 6")]),
        ("Ba người chết.", "Bốn người chết.", [("Ba người chết", "Bốn người chết")]),
        ("Có 5 người, 2 xe.", "Có 7 người, 3 xe.", [("5 người", "7 người"), ("2 xe", "3 xe")]),
        ("Cầu dài 300 m.", "Cầu mới dài 300 m, đẹp.", []),
        ("Ông Ba đến thăm.", "Ông Năm đến thăm.", []),
        ("Cây đổ.", "Cây đổ, 2 người bị thương.", []),
    ],
)
def test_figures_that_an_edit_changed(before: str, after: str, figures: list[tuple[str, str]]) -> None:
    assert changed(before, after) == figures


@pytest.mark.parametrize(
    "after",
    [
        FIRE.replace(". ", ".  \n"),
        FIRE.upper(),
        FIRE.replace(", ", " – "),
        FIRE.replace("hiện trường", "hiện trường").replace("thương", "thu\u031bo\u031bng"),
        "Cập nhật lúc 10:30 29/11/2026\n" + FIRE,
        FIRE + "\n(Cập nhật lần cuối: 11h45, ngày 30/11/2026)",
        FIRE + " Cập nhật: Thứ Hai, 30/11/2026 - 08:15 (GMT+7).",
        "Chủ nhật, 29/11/2026 | 10:30\n" + FIRE + "\n1.234 lượt xem\n12 bình luận\nChia sẻ",
        "2 giờ trước\n" + FIRE + "\nXem thêm: Thông xe cầu vượt Mai Dịch",
        "Lưu bài viết thành công Bạn có thể xem lại bài viết đã lưu ở trang Tin bài đã lưu\n" + FIRE,
    ],
)
def test_what_a_page_says_of_itself_is_no_revision(after: str) -> None:
    assert changed(FIRE, after) is None
    assert changed(after, FIRE) is None


@pytest.mark.parametrize(
    "after",
    [
        FIRE.replace("đã có mặt", "chưa có mặt"),
        FIRE + " Vụ việc được cập nhật trong bản tin tối.",
        FIRE + " Video về vụ cháy có 1.234 lượt xem trên mạng.",
        FIRE.replace(" Thiệt hại ước tính 2,5 tỷ đồng.", ""),
        FIRE.replace("2,5", "25"),
    ],
)
def test_what_is_said_of_the_subject_is(after: str) -> None:
    found = compare(Version("a", None, FIRE), Version("a", None, after))
    assert found is not None
    assert (found.title_changed, found.text_changed) == (False, True)
    assert 0.8 < found.similarity < 1


def test_hunks_hold_the_sentences_that_changed_and_no_others() -> None:
    after = FIRE.replace("2,5 tỷ", "3,1 tỷ") + " Nguyên nhân đang được điều tra."
    found = compare(Version("a", None, FIRE), Version("a", None, after))
    assert found is not None
    assert [(one.before, one.after) for one in found.hunks] == [
        (("Thiệt hại ước tính 2,5 tỷ đồng.",), ("Thiệt hại ước tính 3,1 tỷ đồng.",)),
        ((), ("Nguyên nhân đang được điều tra.",)),
    ]


def test_personal_numbers_are_hidden_in_what_is_told() -> None:
    before = "Liên hệ 0912 345 678, thưởng 5 triệu đồng cho ai báo tin."
    found = compare(
        Version("a", None, before),
        Version("a", None, before.replace("0912 345 678", "0987 654 321").replace("5 triệu", "6 triệu")),
        mask_personal_data,
    )
    assert found is not None
    assert [(one.before, one.after) for one in found.figures] == [("5 triệu đồng", "6 triệu đồng")]
    assert "0987" not in str(found.figures)
    assert len(found.figures[0].context) <= 60


def test_a_feed_that_lost_the_page_loses_no_text() -> None:
    whole = Version("Cháy lớn", "Tóm tắt", FIRE)
    for text in ("Tóm tắt", "", "Cháy lớn"):
        assert without_loss(whole, Version("Cháy lớn", "Tóm tắt", text)).text == FIRE
    withdrawn = Version("Cháy lớn", "Tóm tắt", "Bài viết đã được gỡ.")
    assert without_loss(whole, withdrawn) == withdrawn


HOSTILE = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(["a.\n", "1 ", "1/1 ", "ngày ", "cập nhật ", "12:30 ", "b. ", "ba ", "(", "TP. "]), max_size=300
    ).map("".join),
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE)
def test_any_two_texts_can_be_compared(before: str, after: str) -> None:
    assert changed(before, before) is None
    there, back = changed(before, after), changed(after, before)
    assert (there is None) == (back is None)


def test_texts_made_to_be_slow_are_compared_at_once() -> None:
    """Cubic time would take hours for these."""
    pairs = [
        ("a.\n" * 6_000, "a.\nb.\n" * 3_000),
        ("a x. " * 4_000, "a y. a z. " * 2_000),
        ("1 2 " * 5_000, "2 1 " * 5_000),
    ]
    for before, after in pairs:
        assert compare(Version("a", None, before), Version("a", None, after)) is not None


# --- stored -------------------------------------------------------------------------------------------------


def row(**more: Any) -> dict[str, Any]:
    known = {
        "url": "https://bao.vn/chay.html",
        "title": "Cháy chung cư, 12 người chết",
        "text": FIRE,
        "summary": "Tin cháy",
    }
    return {**known, "source": "Báo", **more}


@pytest.fixture
async def press(desk: Desk) -> Desk:
    await desk.register(None, kind="push", name="Báo")
    return desk


async def push(desk: Desk, **more: Any) -> str:
    answer = await desk.push([row(**more)])
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["results"][0]["content_id"]
    return found


async def test_a_revision_is_told_once_with_what_changed(press: Desk) -> None:
    content_id = await push(press)
    edit = {"title": "Cháy chung cư, 14 người chết", "text": FIRE.replace("12 người", "14 người")}
    assert await push(press, **edit) == content_id
    assert await push(press, **edit) == content_id
    [event] = await press.events(REVISED)
    [item] = ContentsRevised.model_validate(event).items
    assert str(item.content_id) == content_id
    assert (item.revision, item.title_changed, item.summary_changed, item.text_changed) == (2, True, False, True)
    assert 0.9 < item.similarity < 1
    [number] = item.numbers
    assert (number.before, number.after) == ("12 người chết", "14 người chết")
    assert "14 người chết" in number.context
    # Read again by those who read every content: told so once for the first version, once for the second.
    assert [event["content_ids"] for event in await press.events(INGESTED)] == [[content_id], [content_id]]


async def test_a_stamp_or_another_summary_is_no_revision(press: Desk) -> None:
    content_id = await push(press)
    await push(press, text="Cập nhật lúc 10:30 29/11/2026\n" + FIRE)
    await push(press, summary="Tóm tắt khác")
    await push(press, title="CHÁY CHUNG CƯ: 12 người chết", summary="Tóm tắt khác")
    assert await press.events(REVISED) == []
    assert len(await press.events(INGESTED)) == 1
    [content] = await press.contents()
    assert (content.revision, content.summary, content.text) == (1, "Tóm tắt khác", FIRE)
    assert content.title == "CHÁY CHUNG CƯ: 12 người chết"
    answer = await press.ask("GET", f"/contents/{content_id}/revisions")
    assert [one["revision"] for one in answer.json()["items"]] == [1]


async def test_editors_read_versions_side_by_side(press: Desk) -> None:
    content_id = await push(press)
    first = press.clock.now()
    press.clock.advance(timedelta(seconds=30))
    await push(press, text=FIRE.replace("12 người", "14 người"))
    press.clock.advance(timedelta(seconds=30))
    await push(press, title="Cháy chung cư mini", text=FIRE.replace("12 người", "14 người"))
    answer = await press.ask("GET", f"/contents/{content_id}/revisions")
    assert answer.status_code == 200, answer.text
    third, second, original = answer.json()["items"]
    assert [one["revision"] for one in (third, second, original)] == [3, 2, 1]
    assert original["seen_at"].startswith(f"{first:%Y-%m-%dT%H:%M:%S}")
    assert second["seen_at"].startswith(f"{first + timedelta(seconds=30):%Y-%m-%dT%H:%M:%S}")
    assert second["title_before"] is None
    [change] = second["changes"]
    assert change["before"][0].replace("12", "14") == change["after"][0]
    assert second["numbers"][0]["after"] == "14 người chết"
    assert third["title_before"] == "Cháy chung cư, 12 người chết"
    assert third["changes"] == []
    assert original["changes"] == []
    pages, path = [], f"/contents/{content_id}/revisions?limit=1"
    while path:
        page = (await press.ask("GET", path)).json()
        pages += page["items"]
        path = f"/contents/{content_id}/revisions?limit=1&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert pages == [third, second, original]
    assert (await press.ask("GET", f"/contents/{UUID(int=7)}/revisions")).status_code == 404


async def test_the_corpus_is_not_for_integrators(press: Desk, signed_in: Any) -> None:
    content_id = await push(press)
    who = await signed_in(Role.INTEGRATOR)
    for path in ("revisions", "copies"):
        assert (await press.ask("GET", f"/contents/{content_id}/{path}", who=who)).status_code == 403


async def test_one_edit_that_comes_by_two_polls_at_once_is_one_revision(press: Desk) -> None:
    await push(press)
    [content] = await press.contents()
    async with press.db.transaction() as session:
        key = (await session.scalars(select(m.ContentKey.url_hash))).one()
    edited = FIRE.replace("12 người", "14 người")
    item = NewContent(
        key=key, source_id=content.source_id, kind="article", url=content.url, title=content.title, summary=None,
        text=edited, language="vi", published_at=None, published_from="none", content_hash=b"e" * 32,
    )  # fmt: skip

    async def store() -> None:
        async with press.worker_db.transaction() as session:
            await store_contents(session, [item], now=press.clock.now(), keep=timedelta(days=90))

    await asyncio.gather(*(store() for _ in range(4)))
    assert len(await press.events(REVISED)) == 1
    assert [one.revision for one in await press.contents()] == [2]
    assert [one.revision for one in await press.revisions()] == [1]
