"""A report from its draft to its signature: versions, numbers, printers. Over HTTP and as the role lantoa_reports."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
import pytest
from docx import Document
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from services.reports.issuing import printers, queries
from services.reports.issuing.jobs import print_waiting_formats
from services.reports.main import SERVICE
from tests.reports.city import API

pytestmark = pytest.mark.mission("M33")
Json = dict[str, Any]


@pytest.fixture
async def chief(signed_in: Any) -> dict[str, str]:
    headers: dict[str, str] = await signed_in(Role.SPOKESPERSON)
    return headers


async def make(client: httpx.AsyncClient, who: dict[str, str]) -> Json:
    made = await client.post(f"{API}/reports", json={"kind": "daily"}, headers=who)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def edit(client: httpx.AsyncClient, who: dict[str, str], report: Json, body: Json) -> httpx.Response:
    return await client.put(f"{API}/reports/{report['id']}", json=body, headers=who)


async def sign(client: httpx.AsyncClient, who: dict[str, str], report: Json, **body: Any) -> httpx.Response:
    body = {"based_on": report["version"], "signer": "Nguyễn Văn Mẫu", **body}
    return await client.post(f"{API}/reports/{report['id']}/sign", json=body, headers=who)


async def content(client: httpx.AsyncClient, who: dict[str, str], report: Json, **params: Any) -> httpx.Response:
    return await client.get(f"{API}/reports/{report['id']}/content", params=params, headers=who)


# --- editing ------------------------------------------------------------------------------------------------


async def test_an_edit_is_a_new_version_and_the_figures_stay(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    report = await make(client, editor)
    drafted = report["text"]
    assert (report["version"], report["state"]) == (1, "draft")
    body = {
        "based_on": 1,
        "text": drafted + "\nNhận xét: cần theo dõi thêm.\n",
        "head": {"recipients": ["Chủ tịch UBND Thành phố", "Lưu: VT"]},
        "reason": "thêm nhận xét",
    }
    edited = (await edit(client, editor, report, body)).json()
    assert edited["version"] == 2
    assert edited["digest"] == report["digest"]
    assert edited["head"]["recipients"] == ["Chủ tịch UBND Thành phố", "Lưu: VT"]
    assert edited["head"]["agency"] == report["head"]["agency"]
    assert (await content(client, editor, report, format="md")).text.endswith("cần theo dõi thêm.\n")
    assert (await content(client, editor, report, format="md", version=1)).text == drafted
    assert (await content(client, editor, report, format="json")).json()["data"] == (
        await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=editor)
    ).json()["data"]
    versions = (await client.get(f"{API}/reports/{report['id']}/versions", headers=editor)).json()
    assert [(one["version"], one["reason"]) for one in versions] == [(1, None), (2, "thêm nhận xét")]
    assert versions[0]["text"] == drafted


async def test_two_people_who_edit_the_same_version_do_not_overwrite_each_other(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    report = await make(client, editor)
    both = await asyncio.gather(
        *(edit(client, editor, report, {"based_on": 1, "text": f"Bản của người {n}"}) for n in (1, 2))
    )
    assert sorted(one.status_code for one in both) == [200, 409]
    (refused,) = [one.json() for one in both if one.status_code == 409]
    assert refused["type"] == "urn:lantoa:problem:report-changed"
    assert "Bản mới nhất là 2" in refused["detail"]


# --- signing ------------------------------------------------------------------------------------------------


async def test_signing_gives_the_next_number_of_the_year_the_day_and_the_name(
    client: httpx.AsyncClient, editor: dict[str, str], chief: dict[str, str], db: Database
) -> None:
    first, second = await make(client, editor), await make(client, editor)
    signed = [(await sign(client, chief, report)).json() for report in (first, second)]
    assert [(one["number"], one["year"], one["state"]) for one in signed] == [(1, 2026, "signed"), (2, 2026, "signed")]
    head = signed[0]["head"]
    assert (head["number"], head["signer"]) == (1, "Nguyễn Văn Mẫu")
    assert head["date"].startswith("2026-")
    assert signed[0]["text"] == first["text"]
    async with db.transaction() as session:
        events = (await session.scalars(select(m.OutboxEvent).order_by(m.OutboxEvent.id))).all()
        actions = (await session.scalars(select(m.AuditEntry.action).order_by(m.AuditEntry.seq))).all()
    assert [one.payload["is_signed"] for one in events] == [False, False, True, True]
    assert list(actions) == ["report.made", "report.made", "report.signed", "report.signed"]


async def test_only_a_spokesperson_signs_and_only_what_was_read(
    client: httpx.AsyncClient, editor: dict[str, str], chief: dict[str, str]
) -> None:
    report = await make(client, editor)
    assert (await sign(client, editor, report)).status_code == 403
    assert (await edit(client, editor, report, {"based_on": 1, "text": "Bản khác"})).status_code == 200
    stale = await sign(client, chief, report)
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:lantoa:problem:report-changed")
    assert (await sign(client, chief, report, based_on=2)).status_code == 200


async def test_numbers_given_by_the_clerk_are_never_given_twice(
    client: httpx.AsyncClient, editor: dict[str, str], chief: dict[str, str]
) -> None:
    first, second, third = [await make(client, editor) for _ in range(3)]
    assert (await sign(client, chief, first, number=41)).json()["number"] == 41
    taken = await sign(client, chief, second, number=41)
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:lantoa:problem:number-taken")
    assert (await sign(client, chief, second)).json()["number"] == 42
    both = await asyncio.gather(sign(client, chief, third), sign(client, chief, third))
    assert sorted(one.status_code for one in both) == [200, 409]


async def test_what_was_signed_is_not_edited_and_is_declared_void_with_a_reason(
    client: httpx.AsyncClient, editor: dict[str, str], chief: dict[str, str]
) -> None:
    report = (await sign(client, chief, await make(client, editor))).json()
    refused = await edit(client, editor, report, {"based_on": report["version"], "text": "Khác"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:report-signed")
    path = f"{API}/reports/{report['id']}/void"
    voided = (await client.post(path, json={"reason": "Sai kỳ báo cáo"}, headers=chief)).json()
    assert (voided["state"], voided["void_reason"], voided["number"]) == ("void", "Sai kỳ báo cáo", report["number"])
    again = await client.post(path, json={"reason": "Lần nữa"}, headers=chief)
    assert (again.status_code, again.json()["type"]) == (409, "urn:lantoa:problem:report-void")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reports SET title = 'Khác'",
        "UPDATE reports SET signed_by = gen_random_uuid()",
        "UPDATE reports SET state = 'draft'",
        "UPDATE reports SET version = version + 1",
        "UPDATE reports SET snapshot_id = gen_random_uuid()",
        "DELETE FROM reports",
        "UPDATE report_versions SET text = 'Khác'",
        "DELETE FROM report_versions",
    ],
)
async def test_the_database_keeps_what_was_signed(
    client: httpx.AsyncClient,
    editor: dict[str, str],
    chief: dict[str, str],
    db_as: Callable[[str], Database],
    statement: str,
) -> None:
    assert (await sign(client, chief, await make(client, editor))).status_code == 200
    for role in ("reports", "owner"):
        with pytest.raises(DBAPIError, match=r"stays|keeps|is kept|append-only|permission denied"):
            async with db_as(role).transaction() as session:
                await session.execute(text(statement))


# --- printing -----------------------------------------------------------------------------------------------


async def test_the_printers_print_every_format_and_the_same_bytes_are_served_for_ever(
    client: httpx.AsyncClient, editor: dict[str, str], worker: JobContext[Any], files: FileStore
) -> None:
    report = await make(client, editor)
    assert {run["format"]: run["state"] for run in report["runs"]} == {
        "docx": "waiting",
        "json": "printed",
        "md": "printed",
        "pdf": "waiting",
        "xlsx": "waiting",
    }
    assert [await print_waiting_formats(worker) for _ in range(4)] == [1, 1, 1, 0]
    served = {wanted: (await content(client, editor, report, format=wanted)) for wanted in ("docx", "pdf", "xlsx")}
    assert {wanted: one.content[:4] for wanted, one in served.items()} == {
        "docx": b"PK\x03\x04",
        "pdf": b"%PDF",
        "xlsx": b"PK\x03\x04",
    }
    for path in files.root.rglob("objects/*/*"):
        path.unlink()
    again = {wanted: (await content(client, editor, report, format=wanted)) for wanted in served}
    assert {wanted: one.content for wanted, one in again.items()} == {w: one.content for w, one in served.items()}


async def test_who_asks_before_the_printers_came_gets_it_too(
    client: httpx.AsyncClient, editor: dict[str, str], worker: JobContext[Any]
) -> None:
    report = await make(client, editor)
    got = await content(client, editor, report, format="pdf")
    assert got.status_code == 200
    assert got.headers["content-type"] == "application/pdf"
    assert f"bao-cao-{report['id']}.pdf" in got.headers["content-disposition"]
    assert [await print_waiting_formats(worker) for _ in range(3)] == [1, 1, 0]


async def test_a_printer_that_dies_leaves_its_run_to_another(
    client: httpx.AsyncClient, editor: dict[str, str], worker: JobContext[Any], clock: FrozenClock
) -> None:
    """The claim is there and nobody records: what a killed process leaves behind."""
    report = await make(client, editor)
    async with worker.db.transaction() as session:
        claimed = await queries.claim_waiting_run(session, clock.now(), printers.LEASE)
    assert claimed is not None
    assert [await print_waiting_formats(worker) for _ in range(3)] == [1, 1, 0]
    clock.advance(printers.LEASE + timedelta(seconds=1))
    assert [await print_waiting_formats(worker) for _ in range(2)] == [1, 0]
    runs = (await client.get(f"{API}/reports/{report['id']}", headers=editor)).json()["runs"]
    assert {run["state"] for run in runs} == {"printed"}


async def test_a_format_that_cannot_be_printed_is_given_up_and_can_be_tried_again(
    client: httpx.AsyncClient,
    editor: dict[str, str],
    worker: JobContext[Any],
    clock: FrozenClock,
    db: Database,
    tmp_path: Any,
) -> None:
    """The city's form is gone from the disk when the printer comes."""
    report = await make(client, editor)
    head = {**report["head"], "form": str(tmp_path / "khong-co.yaml")}
    async with db.transaction() as session:
        await session.execute(text("ALTER TABLE report_versions DISABLE TRIGGER append_only"))
        await session.execute(update(m.ReportVersion).values(head=head))
        await session.execute(text("ALTER TABLE report_versions ENABLE TRIGGER append_only"))
    for _ in range(9):
        assert await print_waiting_formats(worker) == 1
    assert await print_waiting_formats(worker) == 0
    refused = await content(client, editor, report, format="pdf")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:lantoa:problem:printing-failed")
    assert (await content(client, editor, report, format="md")).status_code == 200
    (tmp_path / "khong-co.yaml").write_text("top_mm: 22\n")
    path = f"{API}/reports/{report['id']}/print"
    again = await client.post(path, params={"format": "pdf"}, headers=editor)
    assert (again.status_code, again.json()["state"]) == (200, "waiting")
    assert await print_waiting_formats(worker) == 1
    assert (await content(client, editor, report, format="pdf")).content.startswith(b"%PDF")


async def test_a_city_may_have_its_own_template_which_sees_the_figures_alone(
    client_for: Any, editor: dict[str, str], tmp_path: Any
) -> None:
    (tmp_path / "daily.md").write_text("# Bản tin riêng\n\nTổng số: {{ items.total|value }}.")
    client = await client_for(SERVICE, reports={"paper": {"templates": str(tmp_path)}})
    report = await make(client, editor)
    assert report["text"] == "# Bản tin riêng\n\nTổng số: 0.\n"
    (tmp_path / "daily.md").write_text("{{ ''.__class__.__mro__ }}")
    refused = await client.post(f"{API}/reports", json={"kind": "daily"}, headers=editor)
    assert (refused.status_code, refused.json()["type"]) == (500, "urn:lantoa:problem:template-broken")
    assert "unsafe" in refused.json()["detail"]


async def test_a_paper_is_printed_again_in_the_form_it_had(
    client_for: Any, editor: dict[str, str], tmp_path: Any
) -> None:
    """The city changes its file, the printed files are lost, a process that never saw the old form prints anew."""
    form = tmp_path / "the-thuc.yaml"
    form.write_text("left_mm: 35\n")
    client = await client_for(SERVICE, reports={"paper": {"form": str(form)}})
    report = await make(client, editor)
    before = (await content(client, editor, report, format="docx")).content
    form.write_text("left_mm: 31\n")
    for path in client._transport.app.state.resources.files.root.rglob("objects/*/*"):
        path.unlink()
    assert (await content(client, editor, report, format="docx")).content == before
    later = (await content(client, editor, await make(client, editor), format="docx")).content
    margins = [round(Document(BytesIO(made)).sections[0].left_margin.mm) for made in (before, later)]
    assert margins == [35, 31]
    form.write_text("left_mm: 12\n")
    refused = await client.post(f"{API}/reports", json={"kind": "daily"}, headers=editor)
    assert (refused.status_code, refused.json()["type"]) == (500, "urn:lantoa:problem:form-broken")
    assert "Lề trái" in refused.json()["detail"]


async def test_what_is_printed_is_read_without_waiting_for_who_prints(
    client: httpx.AsyncClient, editor: dict[str, str], db: Database
) -> None:
    report = await make(client, editor)
    async with db.transaction() as session:
        await session.execute(select(m.ReportRun).with_for_update())
        got = await asyncio.wait_for(content(client, editor, report, format="md"), timeout=5)
    assert got.status_code == 200


async def test_what_a_report_needs_is_told(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    unknown = await client.post(f"{API}/reports", json={"kind": "tuần"}, headers=editor)
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["message"].startswith("các loại báo cáo: campaign, correction, daily")
    pointless = await client.post(f"{API}/reports", json={"kind": "daily", "about": "x"}, headers=editor)
    assert (pointless.status_code, pointless.json()["type"]) == (422, "urn:lantoa:problem:about-what")
    missing = await client.get(f"{API}/reports/{UUID(int=1)}/content", headers=editor)
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:lantoa:problem:report-not-found")


async def test_pictures_have_addresses_of_their_own_and_words(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    week = {"from": "2026-11-17T12:00:00+07:00", "to": "2026-11-24T12:00:00+07:00"}
    made = await client.post(f"{API}/reports", json={"kind": "feedback", **week}, headers=editor)
    address = f"{API}/reports/{made.json()['id']}"
    [told] = (await client.get(f"{address}/pictures", headers=editor)).json()
    assert (told["name"], told["svg"], told["png"]) == (
        "volume",
        f"{address}/pictures/volume.svg",
        f"{address}/pictures/volume.png",
    )
    assert told["alt"].startswith("Số phản ánh mỗi ngày")
    svg, png = [await client.get(told[form], headers=editor) for form in ("svg", "png")]
    assert (svg.headers["content-type"], png.headers["content-type"]) == ("image/svg+xml", "image/png")
    assert "sandbox" in svg.headers["content-security-policy"]
    assert f"<title>{told['alt']}</title>" in svg.text
    assert png.content.startswith(b"\x89PNG")
    assert (await client.get(told["svg"], headers=editor)).content == svg.content
    document = json.loads((await content(client, editor, made.json(), format="json")).content)
    assert document["pictures"] == [
        {"name": "volume", "alt": told["alt"], "svg": "pictures/volume.svg", "png": "pictures/volume.png"}
    ]
    missing = await client.get(f"{address}/pictures/wards.svg", headers=editor)
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:lantoa:problem:picture-not-found")
    assert (await client.get(f"{address}/pictures/volume.gif", headers=editor)).status_code == 422
    assert (await client.get(told["svg"])).status_code == 401
