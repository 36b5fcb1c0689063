"""The register at work: files are looked at and loaded, lead units report, evidence links itself, the late are told."""

import asyncio
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import docx
import httpx
import openpyxl
import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.seed import seed
from libs.common.testing.make import Make
from libs.common.testing.plugin import NOON, SettingsFor
from services.publish import notify_jobs
from services.publish.resources import open_resources
from services.publish.settings import PublishSettings
from services.reports.programmes.jobs import tell_due_assignments
from tests.common.letterbox import running_letterbox
from tests.reports.city import API, City
from tests.reports.programmes.annexes import as_docx, as_xlsx, lines_of, shipped

Headers = dict[str, str]
LATE = """\
number: 7/QĐ-THU
title: Chương trình thử
issued_on: 2026-01-01
period: {from: 2026-01-01, to: 2026-12-31}
owner_unit: HN-VPUB
state: running
source: Thử nghiệm
sections:
  - number: I
    title: Việc
    rows:
      - {number: 1, text: Việc một, lead: Sở TT&TT, partners: [Sở Y tế, Tổ dân phố], period: Quý II/2026}
      - {number: 2, text: Việc hai, lead: Tổ chưa rõ, period: Trước ngày 1/12/2026}
      - {number: 3, text: Việc ba, lead: Sở Y tế, period: Thường xuyên}
"""


@pytest.fixture(autouse=True)
async def seeded(db: Database, clock: FrozenClock) -> None:
    async with db.transaction() as session:
        await seed(session, clock.now())


class Register:
    def __init__(self, client: httpx.AsyncClient, db: Database, signed_in: Any) -> None:
        self.client, self.db, self.signed_in = client, db, signed_in

    async def unit(self, code: str) -> UUID:
        async with self.db.transaction() as session:
            found = await session.scalar(select(m.OrganizationUnit.id).where(m.OrganizationUnit.code == code))
        assert found is not None
        return found

    async def of(self, code: str, role: Role = Role.EDITOR) -> Headers:
        headers: Headers = await self.signed_in(role, unit_id=await self.unit(code))
        return headers

    async def send(self, what: str, data: bytes, who: Headers, **query: Any) -> httpx.Response:
        return await self.client.post(f"{API}/programmes/{what}", params=query, content=data, headers=who)

    async def load(self, text: str = LATE) -> dict[str, Any]:
        got = await self.send("imports", text.encode(), await self.of("HN-VPUB"))
        assert got.status_code == 201, got.text
        made: dict[str, Any] = got.json()
        return made | {"by_no": {row["row_no"]: row["id"] for row in made["rows"]}}

    async def get(self, path: str, who: Headers, **query: Any) -> Any:
        got = await self.client.get(f"{API}/{path}", params=query, headers=who)
        assert got.status_code == 200, got.text
        return got.json()

    async def post(self, path: str, body: dict[str, Any], who: Headers) -> httpx.Response:
        return await self.client.post(f"{API}/{path}", json=body, headers=who)


@pytest.fixture
def register(client: httpx.AsyncClient, db: Database, signed_in: Any) -> Register:
    return Register(client, db, signed_in)


# --- loading ------------------------------------------------------------------------------------------------


@pytest.mark.mission("M32")
async def test_a_file_is_looked_at_before_it_is_loaded(register: Register, db: Database) -> None:
    keeper = await register.of("HN-SKHCN")
    files = {"docx": as_docx(lines_of(shipped())), "xlsx": as_xlsx(lines_of(shipped()))}
    number = {"owner_unit": "HN-STTTT", "number": "9/QĐ-THU"}
    shown = {}
    for form, data in files.items():
        got = await register.send("import-previews", data, keeper, **number)
        assert got.status_code == 200, got.text
        shown[form] = got.json()
    assert [row["result"] for row in shown["docx"]["rows"]] == ["new"] * 4
    without_place = [[{**row, "where": None} for row in each["rows"]] for each in shown.values()]
    assert without_place[0] == without_place[1]
    first = shown["docx"]["rows"][0]
    assert (first["where"], first["starts_on"], first["due_on"]) == ("bảng 1, dòng 3", "2022-01-01", "2025-12-31")
    assert [(unit["code"], unit["how"]) for unit in first["lead_units"]] == [("HN-SKHCN", "successor")]
    assert shown["docx"]["can_be_stored"] is True
    async with db.transaction() as session:
        assert await session.scalar(select(m.Programme).where(m.Programme.number == "9/QĐ-THU")) is None
    loaded = await register.send("imports", files["docx"], keeper, **number)
    assert loaded.status_code == 201, loaded.text
    again = (await register.send("import-previews", files["xlsx"], keeper, **number)).json()
    assert (again["is_known"], {row["result"] for row in again["rows"]}) == (True, {"unchanged"})


@pytest.mark.mission("M32")
async def test_who_may_load_and_what_is_refused(register: Register) -> None:
    owner, other = await register.of("HN-VPUB"), await register.of("HN-SYT")
    city = await register.of("01", Role.ADMIN)
    assert (await register.send("imports", LATE.encode(), other)).json()["type"].endswith("not-programme-keeper")
    assert (await register.send("imports", LATE.encode(), owner)).status_code == 201
    assert (await register.send("imports", LATE.encode(), owner)).json()["type"].endswith("programme-exists")
    stolen = LATE.replace("HN-VPUB", "HN-SYT").encode()
    refused = await register.send("imports", stolen, other, replace=True)
    assert refused.json()["type"].endswith("not-programme-keeper")
    assert (await register.send("imports", LATE.encode(), city, replace=True)).status_code == 201
    wrong = await register.send("imports", LATE.replace("running", "chạy").encode(), owner, replace=True)
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "dòng 6")
    assert (await register.send("imports", b"PK\x03\x04rac", owner)).json()["type"].endswith("annex-not-readable")
    assert (await register.send("imports", b"x" * (9 * 1024**2), owner)).status_code == 413


@pytest.mark.mission("M32")
async def test_a_row_that_a_later_file_lacks_is_kept_where_it_has_a_history(register: Register) -> None:
    made, owner = await register.load(), await register.of("HN-VPUB")
    told = {"state": "in_progress", "percent": 40, "note": "Đã khảo sát"}
    row = made["by_no"]["I.1"]
    assert (await register.post(f"assignments/{row}/progress", told, await register.of("HN-SKHCN"))).status_code == 201
    lines = LATE.splitlines(keepends=True)
    shorter = "".join(line for line in lines if "Việc một" not in line and "Việc hai" not in line)
    previewed = (await register.send("import-previews", shorter.encode(), owner)).json()
    assert {row["row_no"]: row["result"] for row in previewed["rows"]} == {
        "I.1": "left_out", "I.2": "left_out", "I.3": "unchanged",
    }  # fmt: skip
    kept = (await register.send("imports", shorter.encode(), owner, replace=True)).json()
    rows = {row["row_no"]: row for row in kept["rows"]}
    assert {number: row["is_withdrawn"] for number, row in rows.items()} == {"I.1": True, "I.3": False}
    assert (rows["I.1"]["percent"], rows["I.1"]["is_overdue"]) == (40, False)


# --- progress -----------------------------------------------------------------------------------------------


@pytest.mark.mission("M32")
async def test_the_lead_unit_of_today_says_how_far_a_row_is(register: Register, db: Database) -> None:
    """Sở TT&TT has ended: what follows it answers for its rows. Of an unknown lead, the owner does."""
    made = await register.load()
    first, second = made["by_no"]["I.1"], made["by_no"]["I.2"]
    leads = {row["row_no"]: [unit["code"] for unit in row["lead_units"]] for row in made["rows"]}
    assert leads == {"I.1": ["HN-SKHCN"], "I.2": [], "I.3": ["HN-SYT"]}
    assert [unit["code"] for unit in made["rows"][0]["partner_units"]] == ["HN-SYT"]
    lead, owner = await register.of("HN-SKHCN"), await register.of("HN-VPUB")
    told = {"state": "in_progress", "percent": 40, "note": "Đã khảo sát"}
    assert (await register.post(f"assignments/{first}/progress", told, owner)).json()["type"].endswith("of-lead-unit")
    assert (await register.post(f"assignments/{second}/progress", told, lead)).status_code == 403
    assert (await register.post(f"assignments/{second}/progress", told, owner)).status_code == 201
    for body in (told, {"state": "done", "note": "Xong", "version": 1}):
        assert (await register.post(f"assignments/{first}/progress", body, lead)).status_code == 201
    stale = await register.post(f"assignments/{first}/progress", {**told, "version": 1}, lead)
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:lantoa:problem:progress-changed")
    for wrong in ({"state": "done", "percent": 50, "note": "x"}, {"state": "open", "percent": 5, "note": "x"}):
        assert (await register.post(f"assignments/{first}/progress", wrong, lead)).status_code == 422
    history = (await register.get(f"assignments/{first}/progress", lead))["items"]
    assert [(one["version"], one["state"], one["percent"]) for one in history] == [
        (2, "done", 100), (1, "in_progress", 40),
    ]  # fmt: skip
    async with db.transaction() as session:
        actions = (await session.scalars(select(m.AuditEntry.action).order_by(m.AuditEntry.seq))).all()
    assert list(actions) == ["programme.imported", *["assignment.progress"] * 3]


@pytest.mark.mission("M32")
async def test_two_who_report_at_once_both_stand_in_the_history(register: Register) -> None:
    row, lead = (await register.load())["by_no"]["I.1"], await register.of("HN-SKHCN")
    bodies = [{"state": "in_progress", "percent": n, "note": f"Lần {n}"} for n in (10, 20, 30)]
    answers = await asyncio.gather(*(register.post(f"assignments/{row}/progress", body, lead) for body in bodies))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert [one["version"] for one in (await register.get(f"assignments/{row}/progress", lead))["items"]] == [3, 2, 1]


# --- evidence -----------------------------------------------------------------------------------------------


RULES = [{"kind": "publication", "words": ["xe buýt"]}, {"kind": "publication", "units": ["HN-SYT"]}]


@pytest.mark.mission("M32")
async def test_evidence_links_itself_and_a_person_may_add_or_take_off_one(
    register: Register, city: City, clock: FrozenClock
) -> None:
    made, owner, lead = await register.load(), await register.of("HN-VPUB"), await register.of("HN-SKHCN")
    row = made["by_no"]["I.1"]
    put = await register.client.put(f"{API}/assignments/{row}/evidence-rules", json={"evidence": RULES}, headers=owner)
    assert put.status_code == 200, put.text
    health = await register.unit("HN-SYT")
    both = await city.publication("Thêm xe buyt tới bệnh viện", unit_id=health)
    await city.publication("Tin khác")
    early = await city.publication("Xe buýt trước khi việc này bắt đầu")
    await city.change(m.Publication, early.id, published_at=datetime(2026, 3, 1, tzinfo=UTC))
    await city.publication("Xe buýt, bản nháp", state="draft")
    clock.advance(timedelta(minutes=5))
    bus = await city.publication("Điều chỉnh XE BUÝT số 32")
    clock.advance(timedelta(minutes=5))

    async def titles() -> list[str]:
        return [one["title"] for one in (await register.get(f"assignments/{row}/evidence", owner))["items"]]

    found = (await register.get(f"assignments/{row}/evidence", owner))["items"]
    assert [one["title"] for one in found] == [bus.title, both.title]
    assert found[0]["url"] == f"https://tin.example.vn/tin/{bus.slug}"
    off = {"kind": "publication", "object_id": str(bus.id), "is_linked": False, "reason": "Tin này của dòng khác"}
    assert (await register.post(f"assignments/{row}/evidence", off, owner)).status_code == 403
    assert (await register.post(f"assignments/{row}/evidence", off, lead)).status_code == 201
    assert await titles() == [both.title]
    page = {
        "kind": "link",
        "url": "https://baochi.example/bai",
        "title": "Báo viết về tuyến mới",
        "happened_at": "2026-11-20T08:00:00+07:00",
        "reason": "Báo của thành phố đưa tin",
    }
    assert (await register.post(f"assignments/{row}/evidence", page, lead)).status_code == 201
    assert await titles() == [both.title, page["title"]]
    assert (await register.post(f"assignments/{row}/evidence", {**off, "is_linked": True}, lead)).status_code == 201
    assert await titles() == [bus.title, both.title, page["title"]]
    choices = (await register.get(f"assignments/{row}/evidence-choices", lead))["items"]
    assert [one["is_linked"] for one in choices] == [True, True, False]
    unknown = await register.post(f"assignments/{row}/evidence", {**off, "object_id": str(uuid4())}, lead)
    assert unknown.json()["type"].endswith("evidence-not-found")
    first = await register.get(f"assignments/{row}/evidence", owner, limit=1)
    rest = await register.get(f"assignments/{row}/evidence", owner, cursor=first["next_cursor"])
    assert [one["title"] for one in first["items"] + rest["items"]] == await titles()
    await city.change(
        m.Publication, both.id, state="withdrawn", withdrawn_at=clock.now(), withdrawn_reason="Sai số liệu"
    )
    assert both.title not in await titles()


@pytest.mark.mission("M32")
async def test_decisions_reports_corrections_and_plans_are_found_each_by_its_rule(
    register: Register, make: Make, city: City, clock: FrozenClock
) -> None:
    made, owner = await register.load(), await register.of("HN-VPUB")
    unit = await register.unit("HN-VPUB")
    person, other = await make.person(Role.EDITOR, unit_id=unit), await make.person(Role.SPOKESPERSON, unit_id=unit)
    by: dict[str, Any] = {"unit_id": unit, "created_by": person.id, "created_at": NOON}
    for title, programme in (("Kênh của chương trình", UUID(made["id"])), ("Kênh khác", None)):
        channel = await make.channel(unit_id=unit)
        values = {"criteria": [{"key": "a"}], "candidates": [{"channel_id": str(channel.id)}]}
        told = {**by, **values, "channel_id": channel.id, "decision": "Kênh đông người theo dõi nhất"}
        choice = m.ChannelChoice(id=new_id(NOON), programme_id=programme, title=title, state="draft", **told)
        await make.add(choice)
        signed = {"state": "signed", "signed_by": other.id, "signatory": "Người phát ngôn", "signed_at": NOON}
        await city.change(m.ChannelChoice, choice.id, **signed)
    plan = {"year": 2026, "title": "Kế hoạch năm", "state": "running", "updated_at": NOON}
    await make.add(m.Plan(id=new_id(NOON), programme_id=UUID(made["id"]), **plan, **by))
    period = {"as_of": NOON, "period_from": NOON, "period_to": NOON, "created_at": NOON}
    snapshot = await make.add(m.Snapshot(id=new_id(NOON), kind="daily", data={}, digest=b"d" * 32, **period))
    for kind, about in (("daily", None), ("legal_case", str(uuid4()))):
        paper = {"snapshot_id": snapshot.id, "state": "draft", "version": 1, "symbol": "BC", "created_at": NOON}
        await make.add(m.Report(id=new_id(NOON), kind=kind, about=about, title=f"Bản {kind}", **paper))
    await city.publication("Đính chính tin đồn", unit_id=unit, kind="correction")
    clock.advance(timedelta(minutes=5))
    wanted: dict[str, tuple[dict[str, Any], list[str]]] = {
        "partner_decision": ({"of_programme": True}, ["Kênh của chương trình"]),
        "plan": ({"of_programme": True}, ["Kế hoạch năm"]),
        "report": ({}, ["Bản daily"]),
        "correction": ({"units": ["HN-VPUB"]}, ["Đính chính tin đồn"]),
        "agenda": ({}, []),
    }
    for kind, (rule, titles) in wanted.items():
        address = f"assignments/{made['by_no']['I.1']}"
        body = {"evidence": [{"kind": kind, **rule}]}
        put = await register.client.put(f"{API}/{address}/evidence-rules", json=body, headers=owner)
        assert put.status_code == 200, put.text
        found = (await register.get(f"{address}/evidence", owner))["items"]
        assert [(one["kind"], one["title"]) for one in found] == [(kind, title) for title in titles]


# --- telling ------------------------------------------------------------------------------------------------


@pytest.mark.mission("M32")
async def test_who_is_late_gets_one_letter_however_many_workers_there_are_and_an_ended_programme_sends_none(
    register: Register,
    make: Make,
    db: Database,
    db_as: Callable[[str], Database],
    clock: FrozenClock,
    worker: JobContext[Any],
    settings_for: SettingsFor,
) -> None:
    made = await register.load()
    for code, name in (("HN-SKHCN", "khcn"), ("HN-VPUB", "vpub"), ("HN-SYT", "syt")):
        await make.person(Role.EDITOR, unit_id=await register.unit(code), email=f"{name}@hanoi.example")
    for _ in range(3):
        await asyncio.gather(*(tell_due_assignments(worker) for _ in range(4)))
        clock.advance(timedelta(hours=1))
    async with running_letterbox() as box:
        settings = settings_for(PublishSettings, "publish", mail=box.settings(), public_url="https://tin.example.vn")
        own = db_as("publish")
        async with open_resources(settings, own, clock) as resources:
            context = JobContext(own, clock, resources, asyncio.Event())
            for _ in range(2):
                for loop in (notify_jobs.address_notifications, notify_jobs.send_letters):
                    while await loop(context):
                        pass
                clock.advance(timedelta(seconds=2))
        letters = sorted(zip(box.to, box.subjects, strict=True))
    assert letters == [
        ("khcn@hanoi.example", "Quá hạn từ 30/06/2026: dòng I.1, 7/QĐ-THU"),
        ("vpub@hanoi.example", "Quá hạn từ 30/06/2026: dòng I.1, 7/QĐ-THU"),
        ("vpub@hanoi.example", "Đến hạn ngày 30/11/2026, còn 6 ngày: dòng I.2, 7/QĐ-THU"),
    ]
    owner = await register.of("HN-VPUB")
    address = f"{API}/programmes/{made['id']}/state"
    assert (await register.client.put(address, json={"state": "ended"}, headers=owner)).status_code == 200
    clock.advance(timedelta(days=200))
    await tell_due_assignments(worker)
    async with db.transaction() as session:
        kinds = (await session.scalars(select(m.Notification.kind).order_by(m.Notification.kind))).all()
    assert list(kinds) == ["assignment_due", "assignment_overdue", "assignment_overdue"]


# --- the table ----------------------------------------------------------------------------------------------


@pytest.mark.mission("M32")
async def test_progress_is_shown_in_the_annexs_own_table_in_every_form(
    register: Register, city: City, clock: FrozenClock
) -> None:
    made, owner = await register.load(), await register.of("HN-VPUB")
    row, address = made["by_no"]["I.3"], f"programmes/{made['id']}/progress"
    await register.client.put(f"{API}/assignments/{row}/evidence-rules", json={"evidence": RULES}, headers=owner)
    await city.publication("Thêm xe buýt")
    clock.advance(timedelta(minutes=5))
    told = {"state": "in_progress", "percent": 60, "note": "Đã tiêm 60 phường"}
    assert (await register.post(f"assignments/{row}/progress", told, await register.of("HN-SYT"))).status_code == 201
    table = await register.get(address, owner)
    assert table["counts"] == {"rows": 3, "done": 0, "in_progress": 1, "open": 2, "overdue": 1, "incomplete": 0}
    third = table["rows"][2]
    assert (third["note"], third["evidence_count"]) == (told["note"], 1)
    assert third["newest_evidence"][0]["title"] == "Thêm xe buýt"
    got = {}
    for form in ("docx", "pdf", "xlsx"):
        answer = await register.client.get(f"{API}/{address}?format={form}", headers=owner)
        assert answer.status_code == 200, answer.text
        got[form] = answer.content
    assert got["pdf"].startswith(b"%PDF-")
    grid = [[cell.text for cell in line.cells] for line in docx.Document(io.BytesIO(got["docx"])).tables[-1].rows]
    cells = [cell for line in grid for cell in line]
    sheets = openpyxl.load_workbook(io.BytesIO(got["xlsx"])).worksheets
    values = [str(cell) for sheet in sheets for line in sheet.iter_rows(values_only=True) for cell in line if cell]
    for words in ("Stt", "Sở TT&TT", "nay: Sở Khoa học và Công nghệ", "quá hạn từ 30/06/2026", "60 %", "Thêm xe buýt"):
        assert any(words in cell for cell in cells), (words, grid)
        assert any(words in value for value in values), words


@pytest.mark.mission("M32")
async def test_the_shipped_programmes_stand_side_by_side(register: Register, editor: Headers) -> None:
    found = {one["number"]: one["id"] for one in (await register.get("programmes", editor))["items"]}
    ended = await register.get(f"programmes/{found['3550/QĐ-UBND']}/progress", editor)
    assert ended["counts"] == {"rows": 4, "done": 0, "in_progress": 0, "open": 4, "overdue": 0, "incomplete": 1}
    rows = {row["row_no"]: row for row in ended["rows"]}
    assert (rows["I.1"]["starts_on"], rows["I.1"]["due_on"]) == ("2022-01-01", "2025-12-31")
    assert [unit["name"] for unit in rows["I.1"]["lead_units"]] == ["Sở Khoa học và Công nghệ"]
    current = await register.get(f"programmes/{found['01/QĐ-HC']}/progress", editor)
    assert (current["counts"]["overdue"], current["rows"][0]["due_on"]) == (0, "2030-12-31")
    assert date.fromisoformat(current["programme"]["period_to"]) == date(2030, 12, 31)
