"""The two files over HTTP, as the role lantoa_reports: filled from what runs, for the city's people, naming nobody."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libs.common import audit, personal_data
from libs.common.backup import BACKED_UP, OPERATOR
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.reports.filings.gathering import COUNTED
from services.reports.kinds import KINDS
from tests.reports.city import API, AUTHOR, EMAIL, PHONE, City
from tests.reports.desk import ORIGIN, Json, ask, data_of, figures, make, pages_of, printed
from tests.reports.filings.town import november, requested, town

pytestmark = pytest.mark.mission("M37")
FILES = ("personal_data_impact", "security_level")


async def boss(city: City, signed_in: Any) -> dict[str, str]:
    headers: dict[str, str] = await signed_in(Role.ADMIN, unit_id=await city.make.city())
    return headers


async def test_the_assessment_tells_what_is_held_of_whom_and_who_reads_it(
    client: httpx.AsyncClient, signed_in: Any, city: City, clock: FrozenClock, db: Database
) -> None:
    await town(city)
    await requested(city, november(20), november(24, 17, 30), november(23))
    person = await city.make.person(Role.EDITOR, display_name=AUTHOR, email=EMAIL)
    async with db.transaction() as session:
        await session.execute(text("ANALYZE people, case_contacts"))
    clock.advance(timedelta(days=91))
    who = await boss(city, signed_in)
    report = await make(
        client, who, "personal_data_impact", **{"from": "2026-11-10T00:00:00+07:00", "to": "2026-12-10T00:00:00+07:00"}
    )
    data = await data_of(client, who, report)
    rows = {(row["table"], row["columns"][0]): row for group in data["held"]["groups"] for row in group["rows"]}
    assert len(rows) == len(personal_data.load().held)
    assert rows["people", "subject"]["rows"]["value"] == 2
    assert rows["case_contacts", "ciphertext"]["rows"]["value"] == 0
    assert rows["case_contacts", "ciphertext"]["keep_days"] == 60
    assert [name for (name, _), row in rows.items() if row["is_exceeded"]] == ["contents"]
    tables = {one["table"]: one for one in data["held"]["tables"]}
    assert tables["case_contacts"] == {
        "table": "case_contacts",
        "readers": "tiếp nhận",
        "is_hidden": True,
        "oldest_at": None,
    }
    assert (tables["people"]["readers"], tables["people"]["oldest_at"][:10]) == ("mọi dịch vụ", "2026-11-24")
    assert {one["kind"]: one["sources"]["value"] for one in data["sources"]} == {"feed": 1, "page": 1}
    assert {one["kind"]: one["abroad"] for one in data["channels"]} == {
        "facebook": "Có",
        "mastodon": "cần đối chiếu",
        "own_site": "Không",
    }
    assert data["recipients"]["count"]["value"] == 1
    assert data["recipients"]["systems"][0]["organisation"] == "Trung tâm dữ liệu thành phố"
    assert {one["role"]: one["people"]["value"] for one in data["roles"]} == {
        "admin": 1, "editor": 1, "feedback_officer": 1,
        **dict.fromkeys(("spokesperson", "fact_checker", "viewer", "integrator", "auditor"), 0),
    }  # fmt: skip
    assert (data["incidents"]["dead"]["value"], data["requests"]["all"]["in_time"]["value"]) == (1, 1)
    everything = json.dumps(data, ensure_ascii=False) + (await printed(client, who, report, "md")).decode()
    for planted in (AUTHOR, EMAIL, PHONE, str(person.id), person.subject):
        assert planted not in everything
    assert "Đang giữ quá hạn" in everything


async def test_the_level_file_says_what_is_met_by_what_the_database_says(
    client: httpx.AsyncClient, signed_in: Any, city: City, clock: FrozenClock, db: Database
) -> None:
    who = await boss(city, signed_in)
    async with db.transaction() as session:
        facts = {"service": OPERATOR, "action": BACKED_UP, "actor_id": None, "object_type": "backup"}
        await audit.append(session, **facts, object_id=new_id(clock.now()), now=clock.now())
        await session.execute(text(f"ANALYZE {', '.join(COUNTED)}"))
    data = await data_of(client, who, await make(client, who, "security_level"))
    states = {one["name"]: one["state"] for group in data["groups"] for one in group["measures"]}
    for name in (
        "Mỗi dịch vụ chỉ có quyền đã khai trên dữ liệu",
        "Không tin, bài nào được đăng mà không có hai người",
        "Phê bình, ý kiến không vào được hàng chờ rủi ro pháp lý",
        "Vai trò do người khác là quản trị trao, có lý do",
        "Nhật ký kiểm toán chỉ thêm, nối chuỗi băm, mỗi dịch vụ một chuỗi",
        "Liên hệ của người dân được mã hóa, chỉ dịch vụ phụ trách đọc được",
        "Sao lưu trong 7 ngày gần nhất",
        "Dịch vụ không chạy bằng tài khoản quản trị cơ sở dữ liệu",
    ):
        assert states[name] == "đạt", name
    assert states["Xác thực tập trung"] == "chưa đạt"
    assert (data["people"]["level"], data["people"]["count"]["value"]) == (2, 1)
    assert data["backed_up_at"] == "2026-11-24T05:00:00Z"
    versions = {one["name"]: one["version"] for one in data["versions"]}
    assert versions["Lược đồ dữ liệu"].isdigit()
    assert versions["lantoa"]
    addresses = [one["address"] for one in data["endpoints"]]
    assert "tin.example.vn" in addresses
    assert not any("@" in address for address in addresses)


async def test_a_rule_that_was_switched_off_is_found(
    client: httpx.AsyncClient, signed_in: Any, city: City, db: Database
) -> None:
    """The database as it is, not as it was migrated."""
    who = await boss(city, signed_in)
    async with db.transaction() as session:
        await session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER append_only"))
        await session.execute(text("GRANT DELETE ON people TO lantoa_classify"))
    try:
        data = await data_of(client, who, await make(client, who, "security_level"))
    finally:
        async with db.transaction() as session:
            await session.execute(text("ALTER TABLE audit_log ENABLE TRIGGER append_only"))
            await session.execute(text("REVOKE DELETE ON people FROM lantoa_classify"))
    told = {
        one["name"]: one["evidence"]
        for group in data["groups"]
        for one in group["measures"]
        if one["state"] == "chưa đạt"
    }
    assert (
        told["Nhật ký kiểm toán chỉ thêm, nối chuỗi băm, mỗi dịch vụ một chuỗi"]
        == "Thiếu ràng buộc audit_log.append_only"
    )
    assert told["Mỗi dịch vụ chỉ có quyền đã khai trên dữ liệu"] == "Thừa 1 quyền: lantoa_classify DELETE people"


@pytest.mark.parametrize("kind", FILES)
async def test_a_file_is_for_those_who_answer_for_the_whole_city(
    client: httpx.AsyncClient, signed_in: Any, city: City, editor: dict[str, str], kind: str
) -> None:
    ward = await city.make.unit()
    report = await make(client, await boss(city, signed_in), kind)
    path = f"{API}/reports/{report['id']}"
    for who in (editor, await signed_in(Role.ADMIN, unit_id=ward.id), await signed_in(Role.VIEWER)):
        assert (await ask(client, who, kind)).status_code == 403
        assert (await client.get(path, headers=who)).status_code == 403
        assert (await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=who)).status_code == 403
    assert (await client.get(path, headers=await signed_in(Role.SPOKESPERSON))).status_code == 200
    listed = (await client.get(f"{API}/reports", headers=editor)).json()["items"]
    assert report["id"] not in [one["id"] for one in listed]
    assert (await ask(client, await boss(city, signed_in), kind, about="1")).status_code == 422


@pytest.mark.parametrize("kind", FILES)
async def test_a_file_is_a_paper_of_its_own_that_is_finished_by_hand_and_signed(
    client: httpx.AsyncClient, signed_in: Any, city: City, kind: str
) -> None:
    await town(city)
    who = await boss(city, signed_in)
    report = await make(client, who, kind)
    for one in figures(await data_of(client, who, report)):
        assert set(one) == ORIGIN
        assert all(one[part] for part in ORIGIN - {"value"})
    edited = {"based_on": 1, "text": report["text"].replace("cần đối chiếu", "đã ghi", 1)}
    assert (await client.put(f"{API}/reports/{report['id']}", json=edited, headers=who)).status_code == 200
    sign: Json = {"based_on": 2, "signer": "Nguyễn Văn Ký"}
    speaker = await signed_in(Role.SPOKESPERSON)
    signed = await client.post(f"{API}/reports/{report['id']}/sign", json=sign, headers=speaker)
    assert signed.status_code == 200, signed.text
    pages = pages_of(await printed(client, who, report, "pdf"))
    first = " ".join(pages[0].split())
    assert "HỒ SƠ" in first
    assert "BÁO CÁO" not in first
    assert KINDS.get(kind)().subject({}, None) in first  # type: ignore[arg-type]
    assert "cần đối chiếu" in " ".join(" ".join(pages).split())
    assert (await printed(client, who, report, "docx")).startswith(b"PK")
