"""Exported files become contents or cases: whatever their encoding, each row once, and nobody's name outside a seal."""

import asyncio
import csv
import io
import json
import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select, text
from typer.testing import CliRunner

from libs.common import models as m
from libs.common.cli.main import build
from libs.common.models.enums import Role
from services.ingest.imports import reading
from services.ingest.imports.problems import FileNotReadable
from services.ingest.imports.reading import read_sheet
from services.ingest.imports.rules import safe_cell, sent_date
from services.ingest.imports.schemas import Target
from services.ingest.imports.service import Order, plan_import
from services.ingest.isolation import Parsers
from services.ingest.legacy import TCVN_HIGH
from services.ingest.settings import FeedbackSettings
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk

HEADER = ["STT", "Mã phản ánh", "Tiêu đề", "Nội dung", "Lĩnh vực", "Địa chỉ", "Ngày gửi", "Trạng thái",
          "Đơn vị xử lý", "Họ tên", "SĐT", "Email"]  # fmt: skip
NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def row(n: int, **more: Any) -> list[Any]:
    told: dict[str, Any] = {
        "STT": n,
        "Mã phản ánh": f"PA{n:05d}",
        "Tiêu đề": f"Hố sâu trên đường số {n}",
        "Nội dung": f"Trước nhà số {n} có hố sâu, gọi tôi 0912 345 678.",
        "Lĩnh vực": "Giao thông",
        "Địa chỉ": f"Số {n} phố Huế",
        "Ngày gửi": "24/11/2026 08:30",
        "Trạng thái": "Mới tiếp nhận",
        "Đơn vị xử lý": "Sở Xây dựng",
        "Họ tên": "Nguyễn Thị Bí Mật",
        "SĐT": "0987654321",
        "Email": "bimat@example.com",
    } | more
    return [told[name] for name in HEADER]


def as_csv(rows: list[list[Any]], encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([HEADER, *rows])
    return out.getvalue().encode(encoding)


def as_xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for one in [HEADER, *rows]:
        sheet.append(one)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def in_tcvn3(text: str) -> bytes:
    """By the table of the standard, read the other way; composed letters only."""
    table = {letter: 0x80 + at for at, letter in enumerate(TCVN_HIGH) if letter.isalpha() and len(letter) == 1}
    return bytes(table.get(letter, ord(letter) if ord(letter) < 128 else ord("?")) for letter in text)


async def send(desk: Desk, data: bytes, who: dict[str, str], **query: Any) -> Any:
    return await desk.ask("POST", "/imports", content=data, params={"into": "contents"} | query, who=who)


@pytest.fixture
async def officer(signed_in: Any) -> dict[str, str]:
    found: dict[str, str] = await signed_in(Role.FEEDBACK_OFFICER)
    return found


# --- reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (as_csv([row(1)]), "csv utf-8-sig ,"),
        (as_csv([row(1)], "utf-8", ";"), "csv utf-8 ;"),
        (as_csv([row(1)], "utf-16", "\t"), "csv utf-16 tab"),
        (in_tcvn3(as_csv([row(1)], "utf-8").decode()), "csv legacy ,"),
        (as_xlsx([row(1)]), "xlsx"),
    ],
    ids=["excel", "semicolon", "unicode text", "tcvn3", "workbook"],
)
def test_a_file_is_read_whatever_it_was_written_by(data: bytes, form: str) -> None:
    sheet = read_sheet(data)
    assert (sheet.form, sheet.header) == (form, HEADER)
    assert sheet.rows == [(2, [str(cell) for cell in row(1)])]


def test_windows_1258_is_read() -> None:
    text = "Mã phản ánh,Nội dung\nPA1,Nước thải chảy ra đường\n"
    sheet = read_sheet(in_1258(text))
    assert (sheet.form, sheet.header) == ("csv windows-1258 ,", ["Mã phản ánh", "Nội dung"])
    assert sheet.rows == [(2, ["PA1", "Nước thải chảy ra đường"])]


def in_1258(text: str) -> bytes:
    """A letter with its quality, then its tone, as the code page has them."""
    out = bytearray()
    for letter in unicodedata.normalize("NFC", text):
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            marks = unicodedata.normalize("NFD", letter)
            tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
            rest = "".join(mark for mark in marks if mark not in tones)
            out += unicodedata.normalize("NFC", rest).encode("cp1258") + "".join(tones).encode("cp1258")
    return bytes(out)


def bomb(size: int) -> bytes:
    """A workbook whose sheet unpacks to very much."""
    out = io.BytesIO(as_xlsx([row(1)]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"\x00" * size)
    return out.getvalue()


def entity_bomb() -> bytes:
    xml = '<!DOCTYPE s [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + "<sst>&b;</sst>"
    good = zipfile.ZipFile(io.BytesIO(as_xlsx([row(1)])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in good.namelist():
            archive.writestr(name, xml if name == "xl/workbook.xml" else good.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "dòng tiêu đề"),
        (b"PK\x03\x04" + b"\x00" * 40, "XLSX"),
        (bomb(20 * 1024**2), "bung ra quá lớn"),
        (entity_bomb(), "XLSX"),
        (as_csv([]), "ít nhất một dòng"),
        (b"a,b\n" + b'"' + b"x" * 200_000 + b'",1\n', "CSV"),
        (b"Noi dung\n" + b"x\n" * 10_001, "nhiều nhất 10000"),
        (b"Noi dung\n" + b"\n" * 30_000 + b"x\n", "nhiều nhất"),
    ],
    ids=["empty", "no workbook", "bomb", "entities", "header alone", "endless cell", "rows", "blank rows"],
)
def test_what_is_no_table_or_too_much_of_one_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(FileNotReadable, match=words):
        read_sheet(data)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(st.binary(max_size=400), st.binary(max_size=200).map(lambda data: reading._ZIP + data)))
def test_no_bytes_are_more_than_a_problem(data: bytes) -> None:
    try:
        read_sheet(data)
    except FileNotReadable:
        return


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=8))
def test_a_broken_workbook_is_no_more_than_a_problem(at: int, junk: bytes) -> None:
    data = bytearray(WHOLE)
    data[at : at + len(junk)] = junk
    try:
        read_sheet(bytes(data))
    except FileNotReadable:
        return


WHOLE = as_xlsx([row(1)])


@pytest.mark.slow
async def test_a_file_is_read_in_a_process_apart_and_its_faults_are_told_all_the_same() -> None:
    order = Order("ihanoi", Target.CASES)
    parsers = Parsers(processes=1, megabytes=512)
    try:
        plan = await plan_import(WHOLE, order, NOW, parsers)
        assert [one.number for one in plan.rows] == [2]
        with pytest.raises(FileNotReadable, match="không có cột"):
            await plan_import(b"a,b\n1,2\n", order, NOW, parsers)
    finally:
        await parsers.aclose()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("24/11/2026", "2026-11-23T17:00:00+00:00"),
        ("5/3/2026 14:05", "2026-03-05T07:05:00+00:00"),
        ("08:30 24-11-2026", "2026-11-24T01:30:00+00:00"),
        ("24/11/26 08:30:15", "2026-11-24T01:30:15+00:00"),
        ("2026-11-24T08:30:00", "2026-11-24T01:30:00+00:00"),
        ("46350", "2026-11-23T17:00:00+00:00"),
        ("46350.5", "2026-11-24T05:00:00+00:00"),
        ("31/02/2026", None),
        ("24/11/2029", None),
        ("hôm qua", None),
        ("", None),
    ],
)
def test_dates_are_read_day_first_and_as_spreadsheets_count_them(written: str, found: str | None) -> None:
    at = sent_date(written, NOW)
    assert (at.isoformat() if at else None) == found


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_that_is_written_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(f"a{text}") == f"a{text}"


# --- contents -----------------------------------------------------------------------------------------------


@pytest.mark.mission("D04", "M37")
@pytest.mark.parametrize("write", [as_csv, as_xlsx])
async def test_rows_become_masked_reports_once(desk: Desk, officer: dict[str, str], write: Any) -> None:
    rows = [row(1), row(2, **{"Nội dung": "", "Tiêu đề": ""}), row(3, **{"Ngày gửi": "hôm qua", "Lĩnh vực": "Khác lạ"})]
    told = (await send(desk, write(rows), officer)).json()
    assert (told["rows"], told["stored"], told["rejected"], told["ignored_columns"]) == (3, 2, 1, 1)
    assert [(one["row"], one["status"]) for one in told["results"]] == [(2, "stored"), (3, "rejected"), (4, "stored")]
    assert told["results"][1]["reasons"] == ["Thiếu nội dung phản ánh."]
    assert len(told["results"][2]["reasons"]) == 2
    first = (await desk.contents())[0]
    assert first.text == "Trước nhà số 1 có hố sâu, gọi tôi [số điện thoại].\nĐịa điểm: Số 1 phố Huế"
    assert (first.kind, first.published_at) == ("report", datetime(2026, 11, 24, 1, 30, tzinfo=UTC))
    again = (await send(desk, write(rows), officer)).json()
    assert (again["stored"], again["duplicates"], await desk.count(m.Content)) == (0, 2, 2)
    held = " ".join(f"{one.title} {one.text} {one.summary}" for one in await desk.contents())
    assert not any(planted in held for planted in ("Bí Mật", "0987654321", "bimat", "0912"))


async def test_a_preview_stores_nothing(desk: Desk, officer: dict[str, str]) -> None:
    rows = [row(1), row(2, **{"Nội dung": "", "Tiêu đề": ""}), row(3, **{"Trạng thái": "ĐÃ XỬ LÝ"})]
    told = (await send(desk, as_csv(rows), officer, into="cases", preview="true")).json()
    assert [one["status"] for one in told["results"]] == ["ready", "rejected", "skipped"]
    assert {"text", "title", "external_id", "sent_at", "contact_phone"} <= set(told["columns"])
    assert (await desk.count(m.Content), await desk.count(m.FeedbackCase), await desk.count(m.Source)) == (0, 0, 0)


async def test_a_form_a_raw_body_and_rows_as_they_go(desk: Desk, officer: dict[str, str]) -> None:
    data = as_csv([row(n) for n in range(250)])
    form = await desk.ask(
        "POST", "/imports?into=contents", files={"file": ("ihanoi.csv", data, "text/csv")}, who=officer
    )
    assert (form.status_code, form.json()["stored"]) == (200, 250)
    lines = await desk.ask(
        "POST", "/imports?into=contents", content=data, who=officer, headers={"Accept": "application/x-ndjson"}
    )
    told = [json.loads(line) for line in lines.text.splitlines()]
    assert (len(told), told[0]["row"], told[-1]["summary"]["duplicates"]) == (251, 2, 250)
    async with desk.db.transaction() as session:
        query = select(m.AuditEntry.facts).where(m.AuditEntry.action == "import.finished").order_by(m.AuditEntry.id)
        facts = list(await session.scalars(query))
    assert facts == [{"rows": 250, "stored": n, "into": "contents"} for n in (250, 0)]


@pytest.mark.parametrize(
    ("query", "data", "status"),
    [
        ({}, b"\x00" * 17 * 1024**2, 413),
        ({}, b"Ngay,Gio\n1,2\n", 422),
        ({"mapping": "khac"}, as_csv([row(1)]), 422),
        ({"into": "people"}, as_csv([row(1)]), 422),
    ],
    ids=["too big", "no text column", "no mapping", "no target"],
)
async def test_what_cannot_be_imported_is_told(
    desk: Desk, officer: dict[str, str], query: dict[str, str], data: bytes, status: int
) -> None:
    answer = await send(desk, data, officer, **query)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_who_may_import(desk: Desk, signed_in: Any) -> None:
    for role in (Role.VIEWER, Role.EDITOR, Role.INTEGRATOR):
        assert (await send(desk, as_csv([row(1)]), await signed_in(role))).status_code == 403
    assert (await send(desk, as_csv([row(1)]), await signed_in(Role.ADMIN))).status_code == 200


# --- cases --------------------------------------------------------------------------------------------------


@pytest.mark.mission("D04", "M37")
async def test_rows_become_cases_and_their_senders_lie_under_seal(desk_with: DeskWith, officer: dict[str, str]) -> None:
    desk: Desk = await desk_with(feedback=FeedbackSettings(key=SecretStr("k" * 40)))
    rows = [row(1), row(2, **{"Trạng thái": "Đã trả lời"}), row(3)]
    told = (await send(desk, as_xlsx(rows), officer, into="cases")).json()
    assert [one["status"] for one in told["results"]] == ["stored", "skipped", "stored"], told
    cases = await desk.cases()
    assert [case.reference for case in cases] == [one["reference"] for one in told["results"] if one.get("reference")]
    assert {(case.channel, case.topic) for case in cases} == {("import", "giao_thong")}
    assert not any("Bí Mật" in f"{case.subject} {case.body}" or "0912" in case.body for case in cases)
    assert await desk.count(m.CaseContact) == 2
    async with desk.db.transaction() as session:
        tables = [table.name for table in m.Base.metadata.sorted_tables]
        held = [str(list(await session.scalars(text(f'SELECT t::text FROM "{name}" t')))) for name in tables]
    assert not any(planted in rows for rows in held for planted in ("Bí Mật", "0987654321", "bimat@", "0912 345"))
    again = (await send(desk, as_csv(rows), officer, into="cases")).json()
    assert (again["stored"], again["duplicates"], await desk.count(m.FeedbackCase)) == (0, 2, 2)


@pytest.mark.slow
async def test_without_a_key_senders_are_dropped_and_each_report_is_there_once(
    desk: Desk, officer: dict[str, str]
) -> None:
    for told in ((1, 0), (0, 1)):
        answer = (await send(desk, as_csv([row(1)]), officer, into="cases")).json()
        assert (answer["stored"], answer["duplicates"]) == told
    assert await desk.count(m.CaseContact) == 0


@pytest.mark.slow
async def test_a_report_is_taken_whatever_its_sender_is_said_to_be(
    desk_with: DeskWith, officer: dict[str, str]
) -> None:
    desk: Desk = await desk_with(feedback=FeedbackSettings(key=SecretStr("k" * 40)))
    odd = {"Họ tên": "A" * 900, "SĐT": "không rõ " * 40, "Email": "không có"}
    told = (await send(desk, as_csv([row(1, **odd)]), officer, into="cases")).json()
    assert (told["stored"], told["results"][0]["reasons"]) == (1, ["Địa chỉ thư điện tử chưa đúng, không giữ."])


# --- the verb -----------------------------------------------------------------------------------------------


def test_the_verb_judges_a_file_and_writes_what_a_spreadsheet_opens(tmp_path: Path) -> None:
    file, out, report = tmp_path / "ihanoi.csv", tmp_path / "rows.jsonl", tmp_path / "rows.csv"
    file.write_bytes(as_csv([row(1), row(2, **{"Nội dung": "", "Tiêu đề": ""})]))
    told = CliRunner().invoke(
        build(), ["imports", "check", "--data", str(file), "--out", str(out), "--report", str(report), "--json"]
    )
    assert told.exit_code == 1, told.output
    assert json.loads(told.stdout)["rejected"] == 1
    assert [json.loads(line)["status"] for line in out.read_text().splitlines()] == ["ready", "rejected"]
    assert report.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "Thiếu nội dung phản ánh." in report.read_text(encoding="utf-8-sig")


def test_the_verb_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "khac.csv"
    file.write_bytes(b"a,b\n1,2\n")
    told = CliRunner().invoke(build(), ["imports", "check", "--data", str(file)])
    assert (told.exit_code, "không có cột" in told.output) == (2, True)


@pytest.mark.slow
async def test_ten_thousand_rows_are_imported_within_bounds(desk: Desk, officer: dict[str, str]) -> None:
    data = await asyncio.to_thread(as_xlsx, [row(n) for n in range(10_000)])
    told = (await send(desk, data, officer)).json()
    assert (told["stored"], told["rejected"], await desk.count(m.Content)) == (10_000, 0, 10_000)


async def test_an_import_that_broke_off_is_taken_up_by_sending_the_file_again(
    desk: Desk, officer: dict[str, str]
) -> None:
    data = as_csv([row(n) for n in range(250)])
    async with desk.db.transaction() as session:
        rule = "ALTER TABLE contents ADD CONSTRAINT later CHECK (title <> 'Hố sâu trên đường số 230') NOT VALID"
        await session.execute(text(rule))
    assert (await send(desk, data, officer)).status_code == 500
    assert await desk.count(m.Content) == 200
    async with desk.db.transaction() as session:
        await session.execute(text("ALTER TABLE contents DROP CONSTRAINT later"))
    told = (await send(desk, data, officer)).json()
    assert (told["stored"], told["duplicates"], await desk.count(m.Content)) == (50, 200, 250)
