"""The voluntary share kit: ready texts with the source line for everybody, and nothing that could name a sharer."""

import logging
import re
from html import unescape

import pytest
from sqlalchemy import func, select

from libs.common import events
from libs.common.events.base import Event
from libs.common.instruments import ATTRIBUTES, COUNTERS
from libs.common.models.base import Base
from services.publish.adapters.base import Draft
from services.publish.main import SERVICE
from services.publish.sharing import texts
from tests.publish.newsroom import API, Newsroom

SHARER = re.compile(
    r"shar(?:er|ed_by|es?_by|ing_by)|re(?:share|post)(?:er|ed_by)|forwarded_by|passed_on_by|spread_by|clicked_by|"
    r"followed_by|visitor|fingerprint|user_agent|remote_addr|client_ip|(?:^|_)ip(?:_|$)|peer_address|cookie|referr?er|"
    r"session_id|student|(?:^|_)staff(?:_|$)|employee"
)
"""What a column, a field or a metric would be called that tells who passed something on."""
pytestmark = pytest.mark.mission("M26")


async def test_the_page_gives_texts_with_the_source_line_and_the_official_link(newsroom: Newsroom) -> None:
    done = await newsroom.published(source_note="Thông báo số 12/TB-SGTVT")
    item = await newsroom.client.get(f"/tin/{done['slug']}")
    assert f'href="https://tin.example.vn/chia-se/{done["slug"]}"' in item.text, "the item leads there"
    page = await newsroom.client.get(f"/chia-se/{done['slug']}")
    assert page.status_code == 200
    assert 'lang="vi"' in page.text
    assert "<script" not in page.text
    assert "<form" not in page.text
    assert "set-cookie" not in page.headers
    link = f"https://tin.example.vn/tin/{done['slug']}"
    boxes = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.S)
    assert len(boxes) == 3
    for box in boxes:
        assert f"Nguồn: Thành phố Hà Nội, Thành phố Hà Nội\n{link}" in unescape(box)
        assert done["title"] in unescape(box)
    assert "Thông báo số 12/TB-SGTVT" in unescape(boxes[0])
    assert "/l/" not in page.text
    assert "utm_" not in page.text, "one address for everybody"


async def test_everybody_gets_the_same_page_and_nothing_is_written_or_logged(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    done = await newsroom.published()
    before = await rows(newsroom)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the client of the test
    pages = set()
    for name in ("an", "binh"):
        headers = {
            "user-agent": f"Máy của {name}".encode().hex(),
            "cookie": f"who={name}",
            "referer": f"https://{name}.example",
        }
        answer = await newsroom.client.get(f"/chia-se/{done['slug']}?ai={name}", headers=headers | newsroom.editor)
        pages.add(answer.content)
        assert "vary" not in answer.headers
    assert len(pages) == 1
    assert await rows(newsroom) == before
    said = [record.getMessage() for record in caplog.records if record.name.startswith(("lantoa", "uvicorn"))]
    assert said == []


async def rows(newsroom: Newsroom) -> dict[str, int]:
    async with newsroom.db.transaction() as session:
        return {
            name: await session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


async def test_what_was_taken_back_or_corrected_is_not_passed_on(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    body = {"reason": "Số liệu trong tin bị sai"}
    assert (await newsroom.act("withdraw", done, newsroom.speaker, **body)).is_success
    gone = await newsroom.client.get(f"/chia-se/{done['slug']}")
    assert (gone.status_code, done["title"] in gone.text, "<textarea" in gone.text) == (410, False, False)
    assert body["reason"] in gone.text
    assert (await newsroom.client.get("/chia-se/khong-co")).status_code == 404
    assert (await newsroom.client.get("/chia-se/KHONG_CO")).status_code == 404
    draft = await newsroom.draft(title="Tin chưa duyệt")
    assert (await newsroom.client.get(f"/chia-se/{draft['slug']}")).status_code == 404


async def test_of_a_corrected_page_the_correction_is_passed_on(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    made = await newsroom.draft(kind="correction", title="Cải chính lộ trình", corrects_id=done["id"])
    await newsroom.act("submit", made, newsroom.editor)
    for who in (newsroom.speaker, newsroom.second_speaker):
        assert (await newsroom.act("approve", made, who, content_hash=made["content_hash"])).is_success
    await newsroom.deliver()
    page = await newsroom.client.get(f"/chia-se/{done['slug']}")
    assert "<textarea" not in page.text
    assert f"/chia-se/{made['slug']}" in page.text
    assert "<textarea" in (await newsroom.client.get(f"/chia-se/{made['slug']}")).text


@pytest.mark.parametrize("letters", [0, 40, 260, 900])
@pytest.mark.parametrize("ai", [None, "Ảnh minh họa do AI tạo"])
def test_a_text_keeps_its_source_line_and_its_length_however_long_it_is(letters: int, ai: str | None) -> None:
    title = ("Điều chỉnh lộ trình " * 50)[: max(letters // 2, 12)]
    draft = Draft(
        title, "Nội dung " * letters + "hết", "Tóm tắt " * (letters // 8) or None, None, "vi", "announcement", "x"
    )
    draft = Draft(**{**vars(draft), "ai_label": ai})
    source = "Nguồn: Thành phố Hà Nội\nhttps://tin.example.vn/tin/" + "a" * 60
    for form in texts.FORMS:
        text = texts._fitted(form, draft, source)
        assert text.endswith(source)
        assert form.most is None or form.count(text) <= form.most
        assert ai is None or "AI" in text or "trí tuệ nhân tạo" in text


# --- nothing can name a sharer ---


def test_no_table_and_no_column_can_name_a_sharer() -> None:
    tables = Base.metadata.tables
    named = [f"{t}.{c.name}" for t, table in tables.items() for c in table.columns if SHARER.search(c.name)]
    assert named == []
    assert [
        name for name in tables if SHARER.search(name) or re.search(r"(?:^|_)shar(?:e|es|ing|ings)(?:_|$)", name)
    ] == []
    counted = {column.name for column in tables["link_clicks"].columns}
    assert counted == {"code", "day", "clicks"}, "clicks are a number of a day"
    people = {
        f"{name}.{column.name}"
        for name in ("short_links", "link_clicks", "kit_posts", "partner_kits")
        for column in tables[name].columns
        if any(key.column.table.name == "people" for key in column.foreign_keys)
    }
    assert people == {"partner_kits.created_by"}, "the official who gave a kit"


def test_no_event_no_metric_and_no_route_can_name_a_sharer() -> None:
    assert events.__name__
    fields = {f"{each.__name__}.{name}" for each in everything(Event) for name in each.model_fields}
    assert len(fields) > 20
    assert [field for field in fields if SHARER.search(field.lower())] == []
    assert [name for name in (*ATTRIBUTES, *COUNTERS) if SHARER.search(name) or "share" in name] == []
    shown = {route.path for router in SERVICE.routers for route in router.routes}  # type: ignore[attr-defined]
    assert [path for path in shown if "chia-se" in path] == ["/chia-se/{slug}"], "read, and nothing else"
    assert not [path for path in shown if path.startswith(API) and "shar" in path]


def everything(base: type[Event]) -> set[type[Event]]:
    return {each for sub in base.__subclasses__() for each in (sub, *everything(sub))}
