"""The archive finds a report by its kind, period, number, state, signatory, and words with and without marks."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.lexemes import lexemes_of
from libs.common.models.enums import Role
from services.reports import domain
from tests.reports.sending.desk import PARTY, UNIT, Desk

pytestmark = pytest.mark.mission("M33")
Json = dict[str, Any]


async def made(desk: Desk, subject: str, words: str, **values: Any) -> m.Report:
    """A report as the service keeps it, of the day before now."""
    now = desk.clock.now()
    data: Json = {"of": subject}
    snapshot = await desk.make.add(
        m.Snapshot(
            id=new_id(now),
            kind=values.get("kind", "daily"),
            as_of=now,
            period_from=now - timedelta(days=1),
            period_to=now,
            data=data,
            digest=domain.digest(data),
            created_at=now,
        )
    )
    told: Json = {"kind": "daily", "state": "draft", "version": 1, "symbol": "BC-SVHTT", **values}
    signer = told.pop("signer", None)
    report = await desk.make.add(
        m.Report(id=new_id(now), snapshot_id=snapshot.id, title="Tin nhanh trong ngày", created_at=now, **told)
    )
    await desk.make.add(
        m.ReportVersion(
            report_id=report.id,
            version=report.version,
            text=words,
            head={"subject": subject, "signer": signer},
            created_at=now,
            digest=domain.digest({"words": words}),
            lexemes=lexemes_of(subject, words),
        )
    )
    desk.clock.advance(timedelta(days=1))
    return report


async def found(desk: Desk, role: Role = Role.VIEWER, **params: Any) -> list[str]:
    return [one["subject"] for one in (await desk.done("GET", "archive", role, params=params))["items"]]


async def test_words_with_marks_find_what_is_written_so_and_words_without_find_either(desk: Desk) -> None:
    await made(desk, "Ứng phó bão số 3", "Thành phố hoà giải, thông báo cho dân.")
    await made(desk, "Báo cáo giao thông", "Đường Láng tắc nghẽn.")
    assert await found(desk, q="bão") == ["Ứng phó bão số 3"]
    assert await found(desk, q="bao") == ["Báo cáo giao thông", "Ứng phó bão số 3"]
    assert await found(desk, q="BÃO hòa giải") == ["Ứng phó bão số 3"]
    assert await found(desk, q="duong lang") == ["Báo cáo giao thông"]
    assert await found(desk, q="đường nghẽn") == ["Báo cáo giao thông"]
    assert await found(desk, q="lụt") == []
    assert len(await found(desk, q="")) == 2


async def test_a_report_is_found_by_its_number_year_state_signatory_kind_and_period(desk: Desk) -> None:
    person, now = new_id(desk.clock.now()), desk.clock.now()
    signed = {"state": "signed", "signed_by": person, "signed_at": now, "year": 2026}
    await made(desk, "Một", "a", number=41, signer="Nguyễn Thị Ánh", **signed)
    await made(desk, "Hai", "b", number=42, signer="Trần Văn Bình", **signed)
    await made(desk, "Ba", "c", kind="weekly")
    cases: list[tuple[Json, list[str]]] = [
        ({"number": 42}, ["Hai"]),
        ({"number": 42, "year": 2025}, []),
        ({"state": "signed"}, ["Hai", "Một"]),
        ({"state": "draft"}, ["Ba"]),
        ({"kind": "weekly"}, ["Ba"]),
        ({"signatory": "ánh"}, ["Một"]),
        ({"signatory": "van binh"}, ["Hai"]),
        ({"signatory": "%"}, []),
        ({"from": "2026-11-25T06:00:00Z"}, ["Ba"]),
        ({"to": "2026-11-23T06:00:00Z"}, ["Một"]),
        ({"q": "hai", "state": "draft"}, []),
    ]
    for asked, expected in cases:
        assert await found(desk, **asked) == expected, asked


async def test_the_archive_is_read_page_by_page(desk: Desk) -> None:
    for number in range(5):
        await made(desk, f"Số {number}", "x")
    seen, cursor = [], None
    while True:
        page = await desk.done("GET", "archive", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [one["subject"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Số {number}" for number in (4, 3, 2, 1, 0)]


async def test_what_is_for_some_eyes_only_is_not_in_it(desk: Desk) -> None:
    for kind in ("situation", "legal_case"):
        await made(desk, f"Chuyện kín {kind}", "kín", kind=kind, about="x")
    assert await found(desk, Role.ADMIN) == await found(desk, Role.ADMIN, q="kín") == []


async def test_each_report_says_how_its_letters_went(desk: Desk) -> None:
    schedule = await desk.schedule(UNIT, PARTY)
    desk.box.answers = {UNIT: "550 5.1.1 no such user"}
    report = await desk.signed()
    await desk.send()
    [one] = (await desk.done("GET", "archive", params={"q": "khong gian mạng"}))["items"]
    assert one["id"] == report["id"]
    assert (one["schedule_id"], one["signer"], one["number"]) == (schedule["id"], "Nguyễn Văn Mẫu", 1)
    assert one["sendings"] == {"sent": 1, "refused": 1}
    assert one["subject"] == report["head"]["subject"]


async def test_who_does_not_work_here_reads_no_archive(desk: Desk) -> None:
    assert (await desk.ask("GET", "archive", Role.INTEGRATOR)).status_code == 403
    assert (await desk.client.get("/api/reports/v1/archive")).status_code == 401
    assert (await desk.ask("GET", "archive", params={"kind": "không có"})).status_code == 422
