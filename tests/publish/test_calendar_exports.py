"""The calendar outside of the console: a subscribed address, and DOCX, XLSX and ICS parsed back."""

import hashlib
import logging
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import httpx
import pytest
from docx import Document
from docx.shared import Mm, Pt
from icalendar import Calendar
from openpyxl import load_workbook
from sqlalchemy import text, update

from libs.common import logs
from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import PlanState, PublicationState, Role
from libs.common.testing.make import Make
from libs.common.web import Site
from services.publish.calendar_rules import ChannelTold, Entry
from services.publish.exports import document, ics, workbook
from services.publish.exports.contents import CampaignLine, Contents, TargetLine, ThemeLine
from tests.publish.newsroom import API, Newsroom

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
SITE = Site("https://tin.example.vn", "Bản tin", "Thành phố", "")
FORMULAS = ('=HYPERLINK("http://x";"bấm")', "+84 24 3825", "-1+1", "@SUM(A1)", " =1+1", "=1+1")


@dataclass
class Subscriber:
    """A calendar program that holds one address and nothing else."""

    room: Newsroom
    make: Make

    async def call(self, path: str, who: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        return await self.room.client.post(f"{API}{path}", json=body, headers=who or self.room.admin)

    async def address(self) -> str:
        opened = await self.call("/calendar/feeds")
        assert opened.status_code == 201, opened.text
        return str(opened.json()["url"]).removeprefix("https://tin.example.vn")

    async def read(self, path: str, **headers: str) -> httpx.Response:
        return await self.room.client.get(path, headers={n.replace("_", "-"): v for n, v in headers.items()})

    async def events(self, path: str) -> dict[str, Any]:
        answer = await self.read(path)
        assert answer.status_code == 200, answer.text
        return {str(event["UID"]): event for event in parsed(answer.content).walk("VEVENT")}

    async def at(self, hours: float, **more: Any) -> dict[str, Any]:
        return await self.room.draft(scheduled_at=(self.room.clock.now() + hours * HOUR).isoformat(), **more)


@pytest.fixture
def subscriber(newsroom: Newsroom, make: Make) -> Subscriber:
    return Subscriber(newsroom, make)


def parsed(data: bytes) -> Any:
    return Calendar.from_ical(data)


def problem(answer: httpx.Response) -> tuple[int, str]:
    document = answer.json()
    assert document["title"]
    return answer.status_code, str(document["type"]).rsplit(":", 1)[1]


# --- the address --------------------------------------------------------------------------------------------


@pytest.mark.mission("M12")
async def test_whoever_holds_the_address_reads_the_units_calendar(subscriber: Subscriber) -> None:
    planned = await subscriber.at(24, title="Chưa ai duyệt")
    url = await subscriber.address()
    assert re.fullmatch(r"/lich/[\w-]{43}\.ics", url)
    answer = await subscriber.read(url)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    calendar = parsed(answer.content)
    assert str(calendar["VERSION"]) == "2.0"
    assert str(calendar["X-WR-CALNAME"]) == "Lịch đăng tin · Thành phố Hà Nội"
    assert calendar["REFRESH-INTERVAL"].params["VALUE"] == "DURATION"
    assert calendar["REFRESH-INTERVAL"].to_ical() == b"PT1H"
    assert "METHOD" not in calendar
    [event] = calendar.walk("VEVENT")
    assert str(event["UID"]) == planned["id"]
    assert event["DTSTART"].to_ical() == b"20261125T050000Z"


async def test_only_the_hash_is_kept_and_the_address_is_told_once(subscriber: Subscriber) -> None:
    url = await subscriber.address()
    token = url.removeprefix("/lich/").removesuffix(".ics")
    async with subscriber.room.db.transaction() as session:
        kept = (await session.execute(text("SELECT token_hash FROM calendar_feeds"))).scalar_one()
        stored = str((await session.execute(text("SELECT * FROM audit_log"))).all())
    assert kept == hashlib.sha256(token.encode()).digest()
    assert token not in stored
    assert "calendar_feed.opened" in stored
    again = await subscriber.call("/calendar/feeds")
    assert problem(again) == (409, "calendar-feed-exists")
    listed = await subscriber.room.client.get(f"{API}/calendar/feeds", headers=subscriber.room.admin)
    assert token not in listed.text
    assert "token_hash" not in listed.text
    assert len(listed.json()["items"]) == 1


async def test_an_address_is_renewed_and_revoked(subscriber: Subscriber) -> None:
    first = await subscriber.address()
    [feed] = (await subscriber.room.client.get(f"{API}/calendar/feeds", headers=subscriber.room.admin)).json()["items"]
    renewed = (await subscriber.call(f"/calendar/feeds/{feed['id']}/renew")).json()
    second = renewed["url"].removeprefix("https://tin.example.vn")
    assert (await subscriber.read(first)).status_code == 404
    assert (await subscriber.read(second)).status_code == 200
    assert problem(await subscriber.call(f"/calendar/feeds/{feed['id']}/renew")) == (404, "calendar-feed-not-found")
    assert (await subscriber.call(f"/calendar/feeds/{renewed['id']}/revoke")).json()["revoked_at"] is not None
    unknown = await subscriber.read("/lich/khong-co-gi.ics")
    for answer in (await subscriber.read(second), await subscriber.read(f"/lich/{'x' * 5000}.ics")):
        assert (answer.status_code, answer.content) == (404, unknown.content), "revoked, odd or unknown: one answer"
    assert (await subscriber.call("/calendar/feeds")).status_code == 201


async def test_only_spokespersons_and_admins_of_the_unit_hand_addresses_out(
    subscriber: Subscriber, signed_in: Any
) -> None:
    assert (await subscriber.call("/calendar/feeds", subscriber.room.editor)).status_code == 403
    ward = await subscriber.make.unit()
    stranger = await signed_in(Role.ADMIN, unit_id=ward.id)
    opened = (await subscriber.call("/calendar/feeds")).json()
    mine = {"unit_id": opened["unit_id"]}
    assert problem(await subscriber.call("/calendar/feeds", stranger, **mine)) == (403, "not-planner-of-unit")
    for verb in ("renew", "revoke"):
        refused = await subscriber.call(f"/calendar/feeds/{opened['id']}/{verb}", stranger)
        assert problem(refused) == (404, "calendar-feed-not-found")
    assert (await subscriber.call("/calendar/feeds", subscriber.room.speaker, unit_id=str(ward.id))).status_code == 403


async def test_an_address_stands_in_no_log(subscriber: Subscriber, caplog: pytest.LogCaptureFixture) -> None:
    url = await subscriber.address()
    with caplog.at_level(logging.DEBUG):
        assert (await subscriber.read(url)).status_code == 200
        logging.getLogger("uvicorn.access").warning("GET https://tin.example.vn%s HTTP/1.1 200", url)
    token = url.removeprefix("/lich/").removesuffix(".ics")
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert ours
    written = "\n".join(logs.TextFormatter().format(record) for record in ours)
    assert token not in written
    assert f"/lich/{logs.SECRET}" in written


async def test_a_failure_does_not_quote_the_address(subscriber: Subscriber) -> None:
    url = await subscriber.address()
    async with subscriber.room.db.transaction() as session:
        await session.execute(text("ALTER TABLE calendar_feeds RENAME TO calendar_feeds_gone"))
    subscriber.room.client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    broken = await subscriber.read(url)
    assert problem(broken) == (500, "internal-error")
    assert url.removeprefix("/lich/").removesuffix(".ics") not in broken.text
    assert broken.json()["instance"] == "/lich/…"


@pytest.mark.mission("M12")
async def test_what_has_not_changed_is_not_sent_again(subscriber: Subscriber) -> None:
    draft = await subscriber.at(24)
    url = await subscriber.address()
    first = await subscriber.read(url)
    subscriber.room.clock.advance(HOUR)
    etag = first.headers["etag"]
    same = await subscriber.read(url, if_none_match=etag)
    assert (same.status_code, same.content) == (304, b"")
    head = await subscriber.room.client.head(url)
    assert (head.status_code, head.headers["etag"], head.content) == (200, etag, b"")
    await subscriber.room.client.patch(
        f"{API}/publications/{draft['id']}", json={"title": "Tên mới"}, headers=subscriber.room.editor
    )
    changed = await subscriber.read(url, if_none_match=f'W/"x", {etag}')
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


# --- what a subscriber sees ---------------------------------------------------------------------------------


@pytest.mark.mission("M12")
async def test_a_title_is_shown_once_it_is_approved_and_no_longer_when_it_is_taken_back(
    subscriber: Subscriber,
) -> None:
    room = subscriber.room
    draft = await subscriber.at(24, title="Bí mật một")
    waiting = await subscriber.at(25, title="Bí mật hai")
    await room.act("submit", waiting, room.editor)
    approved = await room.approved(title="Lịch tiêm chủng", scheduled_at=(room.clock.now() + 26 * HOUR).isoformat())
    out = await room.published(title="Đã đăng")
    gone = await room.published(title="Đăng nhầm")
    await room.act("withdraw", gone, room.speaker, reason="Đăng nhầm tài liệu nội bộ")
    killed = await subscriber.at(27, title="Không làm nữa")
    async with room.db.transaction() as session:
        await session.execute(
            update(m.Publication).where(m.Publication.id == UUID(killed["id"])).values(state="killed")
        )
    url = await subscriber.address()
    shown = await subscriber.events(url)
    told = {id_: (str(event["STATUS"]), str(event["SUMMARY"])) for id_, event in shown.items()}
    assert told == {
        draft["id"]: ("TENTATIVE", "Tin chưa duyệt (bản nháp)"),
        waiting["id"]: ("TENTATIVE", "Tin chưa duyệt (chờ duyệt)"),
        approved["id"]: ("CONFIRMED", "Lịch tiêm chủng"),
        out["id"]: ("CONFIRMED", "Đã đăng"),
        gone["id"]: ("CANCELLED", "Tin: đã rút"),
        killed["id"]: ("CANCELLED", "Tin: đã hủy"),
    }
    assert str(shown[out["id"]]["URL"]) == f"https://tin.example.vn/tin/{out['slug']}"
    assert "URL" not in shown[approved["id"]]
    file = (await subscriber.read(url)).text
    for word in ("Bí mật", "Không làm nữa", "Đăng nhầm", "Trần Quốc Hoàn", "Cán bộ"):
        assert word not in file.replace("\r\n ", "")


@pytest.mark.mission("M12")
async def test_an_item_keeps_its_uid_and_counts_its_revisions(subscriber: Subscriber) -> None:
    draft = await subscriber.at(24)
    url = await subscriber.address()
    before = (await subscriber.events(url))[draft["id"]]
    subscriber.room.clock.advance(HOUR)
    to = (subscriber.room.clock.now() + 48 * HOUR).isoformat()
    moved = await subscriber.call(f"/calendar/{draft['id']}/move", subscriber.room.editor, scheduled_at=to, revision=1)
    assert moved.status_code == 200, moved.text
    [after] = (await subscriber.events(url)).values()
    assert str(after["UID"]) == str(before["UID"]) == draft["id"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (2, 4)
    assert before["DTSTAMP"].dt == before["LAST-MODIFIED"].dt == NOON
    assert after["LAST-MODIFIED"].dt == NOON + HOUR
    assert after["DTSTART"].dt == NOON + 49 * HOUR


async def test_a_subscriber_sees_one_unit_a_month_back_and_a_year_ahead(subscriber: Subscriber, signed_in: Any) -> None:
    inside = await subscriber.at(24 * 360)
    await subscriber.at(24 * 400, title="Quá xa")
    await subscriber.room.draft(title="Không có giờ")
    url = await subscriber.address()
    assert list(await subscriber.events(url)) == [inside["id"]]
    ward = await subscriber.make.unit()
    admin = await signed_in(Role.ADMIN, unit_id=ward.id)
    theirs = (await subscriber.call("/calendar/feeds", admin)).json()["url"].removeprefix("https://tin.example.vn")
    assert await subscriber.events(theirs) == {}


# --- RFC 5545 -----------------------------------------------------------------------------------------------


def entry(title: str = "Tin", **more: Any) -> Entry:
    told: dict[str, Any] = {
        "publication_id": new_id(NOON),
        "unit_id": new_id(NOON),
        "title": title,
        "slug": "tin",
        "kind": "announcement",
        "state": PublicationState.SCHEDULED,
        "revision": 3,
        "is_urgent": False,
        "is_drill": False,
        "at": NOON,
        "scheduled_at": NOON,
        "published_at": None,
        "updated_at": NOON,
        "channels": (ChannelTold(new_id(NOON), "Bản tin", "own_site"),),
    }
    return Entry(**(told | more))


@pytest.mark.mission("M12")
@pytest.mark.parametrize("letter", ["ế", "Đ", "👩‍💻", "a", "ữ,"])
def test_lines_are_folded_at_75_octets_and_never_inside_a_letter(letter: str) -> None:
    """A letter of two to eleven octets lies across octets 74 to 76, at every offset."""
    for filler in range(58, 80):
        title = "x" * filler + letter * 12
        data = ics.subscription("Phường Thượng Cát", [entry(title)], SITE)
        lines = data.split(b"\r\n")
        assert lines.pop() == b""
        assert b"\n" not in b"".join(lines)
        assert b"\r" not in b"".join(lines)
        for line in lines:
            assert len(line) <= 75
            line.decode()  # raises where a letter was cut
        [event] = parsed(data).walk("VEVENT")
        assert str(event["SUMMARY"]) == title


@pytest.mark.mission("M12")
def test_what_would_end_a_line_or_a_value_is_escaped() -> None:
    title = 'Một; hai, ba\\n bốn\nEND:VEVENT\nBEGIN:VALARM "năm"'
    data = ics.subscription("Đơn vị\r\nX-EVIL:1", [entry(title)], SITE)
    assert b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n" in data
    assert data.count(b"\r\nBEGIN:V") == 1
    assert b"\r\nX-EVIL" not in data
    [event] = parsed(data).walk("VEVENT")
    assert str(event["SUMMARY"]) == title


@pytest.mark.mission("M12")
def test_every_event_has_what_the_standard_asks_for() -> None:
    data = ics.subscription("Đơn vị", [entry(), entry("Hai", state=PublicationState.WITHDRAWN)], SITE)
    head = data.decode().splitlines()
    assert head[0] == "BEGIN:VCALENDAR"
    assert {"VERSION:2.0", "CALSCALE:GREGORIAN", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"} <= set(head)
    for event in parsed(data).walk("VEVENT"):
        names = ("UID", "DTSTAMP", "DTSTART", "SEQUENCE", "LAST-MODIFIED", "STATUS", "SUMMARY")
        assert [name for name in names if name not in event] == []
        assert event["DTSTART"].dt.tzinfo is not None
        assert event["DTSTAMP"].to_ical().endswith(b"Z")
    assert ics.subscription("Đơn vị", [], SITE).endswith(b"END:VCALENDAR\r\n")


# --- files --------------------------------------------------------------------------------------------------


def contents(*titles: str, **more: Any) -> Contents:
    entries = [entry(title, at=NOON + n * 20 * DAY, revision=n + 1) for n, title in enumerate(titles)]
    target = TargetLine("likes", "Số lượt thích", 1500, None, None)
    reached = TargetLine("publications", "Số tin đã đăng", 12, 0, NOON)
    campaign = CampaignLine(
        id=str(new_id(NOON)),
        title="Dịch vụ công",
        goals="",
        audience="Người từ 60 tuổi",
        starts_on=date(2026, 11, 10),
        ends_on=date(2026, 12, 10),
        state=PlanState.RUNNING,
        channels=("Bản tin",),
        targets=(target, reached),
        publications=0,
        updated_at=NOON,
    )
    themes = (ThemeLine("Chuyển đổi số", date(2026, 11, 1), date(2026, 12, 31), (campaign,)),)
    told: dict[str, Any] = {
        "unit_name": "Phường Thượng Cát",
        "above": "Thành phố Hà Nội",
        "form": "Kế hoạch",
        "title": "Truyền thông năm 2026",
        "entries": entries,
        "as_of": NOON,
        "goals": "Dòng một\nDòng hai",
        "themes": themes,
        "is_plan": True,
    }
    return Contents(**(told | more))


def words_of(paper: Any) -> str:
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in paper.paragraphs), *cells])


@pytest.mark.mission("M12")
def test_the_document_has_the_form_of_an_office_paper() -> None:
    paper = Document(BytesIO(document.render(contents("Tin một", "Tin hai"))))
    section = paper.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert 20 <= round(section.top_margin.mm) <= 25
    assert 20 <= round(section.bottom_margin.mm) <= 25
    assert 30 <= round(section.left_margin.mm) <= 35
    assert 15 <= round(section.right_margin.mm) <= 20
    assert paper.styles["Normal"].font.name == "Times New Roman"
    assert paper.styles["Normal"].font.size == Pt(14)
    left, right = (cell.text for cell in paper.tables[0].rows[0].cells)
    assert left.splitlines()[:2] == ["THÀNH PHỐ HÀ NỘI", "PHƯỜNG THƯỢNG CÁT"]
    assert right.splitlines()[:2] == ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]
    text_ = words_of(paper)
    for wanted in ("KẾ HOẠCH", "Truyền thông năm 2026", "Tháng 11/2026", "Tháng 12/2026", "Tin một", "Dòng hai"):
        assert wanted in text_
    for footer in (section.footer, section.first_page_footer):
        assert "Số liệu tính đến 12:00 ngày 24/11/2026" in footer.paragraphs[0].text
    assert "PAGE" in section.header._element.xml
    assert section.different_first_page_header_footer is True, "no number on the first page"
    assert paper.core_properties.author == "Phường Thượng Cát"


@pytest.mark.mission("M12")
def test_every_table_of_the_document_fits_its_page_and_repeats_its_head() -> None:
    paper = Document(BytesIO(document.render(contents("Tin"))))
    section = paper.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    for table in paper.tables:
        assert sum(column.width for column in table.columns) <= room + Mm(0.1)
    for table in paper.tables[1:-1]:
        assert "w:tblHeader" in table.rows[0]._tr.xml
        lines = [line for row in table.rows for cell in row.cells for line in cell.paragraphs]
        sizes = {run.font.size or line.style.font.size for line in lines for run in line.runs}
        assert sizes == {Pt(13)}


@pytest.mark.mission("M12")
def test_a_figure_that_nobody_told_is_blank_in_every_file() -> None:
    told = contents("Tin")
    table = Document(BytesIO(document.render(told))).tables[1]
    assert [cell.text for cell in table.columns[4].cells] == ["Đạt được", "", "0\n(lúc 12:00 ngày 24/11/2026)"]
    sheet = load_workbook(BytesIO(workbook.render(told)))["Chiến dịch"]
    rows = [{cell.column_letter: cell.value for cell in row} for row in sheet.iter_rows(min_row=2)]
    assert [(row["M"], row["N"]) for row in rows] == [(1500, None), (12, 0)]


@pytest.mark.mission("M12")
def test_the_workbook_has_real_dates_filters_and_a_head_that_stays() -> None:
    book = load_workbook(BytesIO(workbook.render(contents("Tin một", "Tin hai"))))
    assert book.sheetnames == ["Chiến dịch", "Lịch đăng", "Ghi chú"]
    sheet = book["Lịch đăng"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:J3"
    assert "giờ Hà Nội, UTC+7" in sheet["B1"].value
    assert sheet["B2"].is_date
    assert sheet["B2"].value == datetime(2026, 11, 24, 12, 0)
    assert sheet["B2"].number_format == "dd/mm/yyyy hh:mm"
    assert book["Chiến dịch"]["D2"].value == datetime(2026, 11, 10)
    widths = [sheet.column_dimensions[letter].width for letter in "ABCDEFGHIJ"]
    assert min(widths) >= 6
    assert max(widths) <= 60
    notes = {row[0].value: row[1].value for row in book["Ghi chú"].iter_rows()}
    assert "12:00 ngày 24/11/2026" in notes["Số liệu tính đến"]
    assert "UTC+7" in notes["Múi giờ"]


@pytest.mark.mission("M12")
def test_no_text_of_the_workbook_is_a_formula() -> None:
    told = contents(*FORMULAS, title="=1+1", goals="@x", unit_name="-1")
    data = workbook.render(told)
    book = load_workbook(BytesIO(data))
    for sheet in book.worksheets:
        assert [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []
    shown = [row[3] for row in book["Lịch đăng"].iter_rows(min_row=2)]
    assert [cell.value for cell in shown] == list(FORMULAS)
    assert all(cell.quotePrefix for cell in shown), "still a text when somebody edits the cell"
    with ZipFile(BytesIO(data)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert all(b"<f>" not in part and b"<f " not in part for part in sheets)


def test_signs_that_xml_cannot_carry_do_not_break_a_file() -> None:
    told = contents("a\x00b\x0bc\ufffe", goals="\ud800x\x1f")
    told = replace(told, themes=())
    assert "abc" in words_of(Document(BytesIO(document.render(told))))
    assert load_workbook(BytesIO(workbook.render(told)))["Lịch đăng"]["D2"].value == "abc"
    assert b"SUMMARY:abc" in ics.file_of(told, SITE)


# --- files through the door ---------------------------------------------------------------------------------


@pytest.mark.mission("M12")
@pytest.mark.parametrize("kind", ["docx", "xlsx", "ics"])
async def test_a_plan_and_a_range_are_taken_away_as_files(subscriber: Subscriber, kind: str) -> None:
    room, editor = subscriber.room, subscriber.room.editor

    async def made(path: str, **body: Any) -> dict[str, Any]:
        answer = await room.client.post(f"{API}{path}", json=body, headers=editor)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    plan = await made("/plans", year=2026, title="Truyền thông năm 2026", goals="Nói trước, nói đúng.")
    dates = {"starts_on": "2026-11-01", "ends_on": "2026-12-31"}
    theme = await made(f"/plans/{plan['id']}/themes", title="Giao thông", **dates)
    targets = [{"metric": "likes", "target": 10, "definition": "Số lượt thích"}]
    campaign = await made(f"/themes/{theme['id']}/campaigns", title="Xe buýt mới", targets=targets, **dates)
    inside, outside = await subscriber.at(24, title="Tuyến 32"), await subscriber.at(25, title="Ngoài kế hoạch")
    assigned = {"campaign_id": campaign["id"]}
    await room.client.put(f"{API}/publications/{inside['id']}/campaign", json=assigned, headers=editor)

    async def words(path: str, **query: Any) -> str:
        answer = await room.client.get(f"{API}{path}", params={"format": kind, **query}, headers=editor)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].endswith(f".{kind}")
        return _words(kind, answer.content)

    whole = await words(f"/plans/{plan['id']}/export")
    for wanted in ("Truyền thông năm 2026", "Xe buýt mới", "Giao thông", "Tuyến 32"):
        assert wanted in whole
    assert "Ngoài kế hoạch" not in whole
    times = {"from": "2026-11-25T00:00:00+07:00", "to": "2026-11-26T00:00:00+07:00"}
    day = await words("/calendar/export", **times)
    assert "Tuyến 32" in day
    assert outside["title"] in day
    assert "25/11/2026 đến ngày 25/11/2026" in day, "the day that is not included is not told"


def _words(kind: str, data: bytes) -> str:
    if kind == "docx":
        return words_of(Document(BytesIO(data)))
    if kind == "ics":
        calendar = parsed(data)
        lines = [str(calendar["X-WR-CALNAME"])]
        return "\n".join(lines + [f"{e['SUMMARY']} {e['DESCRIPTION']}" for e in calendar.walk("VEVENT")])
    sheets = load_workbook(BytesIO(data)).worksheets
    return "\n".join(str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row)


async def test_files_are_for_those_who_may_read(subscriber: Subscriber, signed_in: Any) -> None:
    made = await subscriber.call("/plans", subscriber.room.editor, year=2026, title="K")
    path = f"{API}/plans/{made.json()['id']}/export"
    ward = await subscriber.make.unit()
    stranger = await signed_in(Role.EDITOR, unit_id=ward.id)
    assert problem(await subscriber.room.client.get(path, headers=stranger)) == (404, "plan-not-found")
    assert (await subscriber.room.client.get(path)).status_code == 401
    odd = await subscriber.room.client.get(path, params={"format": "pdf"}, headers=subscriber.room.editor)
    assert problem(odd) == (422, "invalid-payload")
