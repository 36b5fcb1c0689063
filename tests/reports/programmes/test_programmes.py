"""The register of programmes over HTTP and in the `lantoa` command."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.programme_file import PROGRAMMES_DIR
from libs.common.seed import seed
from libs.common.testing.plugin import TestServer
from services.reports import cli
from tests.reports.city import API
from tests.reports.programmes.annexes import as_docx, lines_of, shipped

LATE = """\
number: 7/QĐ-THU
title: Chương trình thử đã qua hạn
issued_on: 2026-01-01
period: {from: 2026-01-01, to: 2026-06-30}
owner_unit: HN-SKHCN
state: running
is_fictional: true
source: Thử nghiệm
sections:
  - number: I
    title: Việc
    rows:
      - {number: 1, text: Việc một, lead: Tổ một, period: Quý II}
      - {number: 2, text: Việc hai, lead: Tổ hai, period: Quý II}
"""


@pytest.fixture
async def seeded(db: Database, clock: FrozenClock) -> None:
    async with db.transaction() as session:
        await seed(session, clock.now())


async def programmes(client: httpx.AsyncClient, who: dict[str, str]) -> dict[str, dict[str, Any]]:
    got = await client.get(f"{API}/programmes", headers=who)
    assert got.status_code == 200, got.text
    return {one["number"]: one for one in got.json()["items"]}


@pytest.mark.mission("M32")
@pytest.mark.usefixtures("seeded")
async def test_the_shipped_decision_is_there_as_its_annex_has_it(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    listed = (await programmes(client, editor))["3550/QĐ-UBND"]
    got = (await client.get(f"{API}/programmes/{listed['id']}", headers=editor)).json()
    assert (got["state"], got["is_fictional"], got["issued_on"]) == ("ended", False, "2022-09-29")
    assert (got["period_from"][:4], got["period_to"][:4]) == ("2022", "2025")
    rows = {row["row_no"]: row for row in got["rows"]}
    assert list(rows) == ["I.1", "I.2", "I.3", "II.1"]
    for number in ("I.1", "I.2", "I.3"):
        row = rows[number]
        assert (row["lead"], row["period"]) == ("Sở Thông tin và Truyền thông", "Thường xuyên 2022-2025")
        assert row["source_state"] == "whole"
        assert row["text"]
        assert row["partners"]
    assert rows["I.1"]["partners"] == [
        "Các cơ quan báo chí Hà Nội",
        "Các doanh nghiệp sở hữu trang thông tin điện tử tổng hợp",
    ]
    broken = rows["II.1"]
    assert broken["source_state"] == "incomplete_in_source"
    assert (broken["text"], broken["lead"], broken["partners"], broken["period"]) == (None, None, [], None)
    assert broken["section"] == "II. Xây dựng hệ thống kênh truyền thông chủ động"


@pytest.mark.mission("M32")
@pytest.mark.usefixtures("seeded")
async def test_an_ended_programme_raises_nothing_and_a_running_one_does(
    client: httpx.AsyncClient, editor: dict[str, str], lantoa: "Lantoa", tmp_path: Path, db: Database
) -> None:
    file = tmp_path / "late.yaml"
    file.write_text(LATE, encoding="utf-8")
    assert lantoa("programmes", "import", str(file)).exit_code == 0
    async with db.transaction() as session:
        done = await session.scalar(select(m.Assignment).where(m.Assignment.text == "Việc hai"))
        assert done is not None
        done.state = "done"
    found = await programmes(client, editor)
    late = {}
    for number, one in found.items():
        rows = (await client.get(f"{API}/programmes/{one['id']}", headers=editor)).json()["rows"]
        late[number] = [row["row_no"] for row in rows if row["is_overdue"]]
    assert late == {"01/QĐ-HC": [], "3550/QĐ-UBND": [], "7/QĐ-THU": ["I.1"]}


@pytest.mark.mission("M35")
@pytest.mark.usefixtures("seeded")
async def test_the_owner_is_data_and_may_have_ended(
    client: httpx.AsyncClient, editor: dict[str, str], lantoa: "Lantoa", tmp_path: Path
) -> None:
    listed = await programmes(client, editor)
    assert listed["3550/QĐ-UBND"]["owner"] == {
        "code": "HN-STTTT",
        "name": "Sở Thông tin và Truyền thông",
        "valid_to": "2025-02-28",
    }
    moved = (PROGRAMMES_DIR / "3550-qd-ubnd-2022.yaml").read_text(encoding="utf-8").replace("HN-STTTT", "HN-SKHCN")
    file = tmp_path / "moved.yaml"
    file.write_text(moved, encoding="utf-8")
    lantoa("programmes", "import", str(file))
    assert (await programmes(client, editor))["3550/QĐ-UBND"]["owner"]["code"] == "HN-STTTT"
    lantoa("programmes", "import", str(file), "--replace")
    assert (await programmes(client, editor))["3550/QĐ-UBND"]["owner"]["name"] == "Sở Khoa học và Công nghệ"


@pytest.mark.usefixtures("seeded")
async def test_the_current_programme_of_a_trial_says_that_it_is_made_up(
    client: httpx.AsyncClient, signed_in: Any
) -> None:
    listed = await programmes(client, await signed_in(Role.INTEGRATOR))
    one = listed["01/QĐ-HC"]
    assert (one["state"], one["is_fictional"]) == ("running", True)
    assert "hư cấu" in one["title"]
    assert "hư cấu" in one["source"]
    assert date.fromisoformat(one["period_to"]) > date(2026, 11, 24)


@pytest.mark.usefixtures("seeded")
async def test_programmes_come_in_pages(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    first = (await client.get(f"{API}/programmes?limit=1", headers=editor)).json()
    second = await client.get(f"{API}/programmes", params={"cursor": first["next_cursor"]}, headers=editor)
    assert [one["number"] for one in first["items"] + second.json()["items"]] == ["01/QĐ-HC", "3550/QĐ-UBND"]
    assert second.json()["next_cursor"] is None


# --- the command --------------------------------------------------------------------------------------------


class Lantoa:
    """The verbs of this service, with settings in the environment; in a thread, for their own event loop."""

    def __init__(self, url: str) -> None:
        self.environment = {"LANTOA_DB__URL": url, "COLUMNS": "200"}
        self.app = typer.Typer()
        cli.register(self.app)

    def __call__(self, *words: str) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(CliRunner().invoke, self.app, list(words), env=self.environment).result()


@pytest.fixture
def lantoa(postgres: TestServer, database: str) -> Lantoa:
    return Lantoa(postgres.url(database))


@pytest.mark.usefixtures("seeded")
async def test_the_command_lists_what_is_there(lantoa: Lantoa) -> None:
    rows = json.loads(lantoa("programmes", "list", "--json").stdout)
    assert [(r["number"], r["state"], r["rows"], r["incomplete_in_source"], r["overdue"]) for r in rows] == [
        ("01/QĐ-HC", "running", 4, 0, 0),
        ("3550/QĐ-UBND", "ended", 4, 1, 0),
    ]
    table = lantoa("programmes", "list").stdout
    assert "3550/QĐ-UBND" in table
    assert "Đã kết thúc" in table


@pytest.mark.usefixtures("seeded")
async def test_an_import_is_audited_and_done_twice_changes_nothing(
    lantoa: Lantoa, tmp_path: Path, db: Database
) -> None:
    file = tmp_path / "late.yaml"
    file.write_text(LATE, encoding="utf-8")
    first = lantoa("programmes", "import", str(file), "--json")
    again = lantoa("programmes", "import", str(file), "--json")
    assert json.loads(first.stdout) == {"number": "7/QĐ-THU", "rows": 2, "imported": True}
    assert json.loads(again.stdout) == {"number": "7/QĐ-THU", "rows": 2, "imported": False}
    async with db.transaction() as session:
        (entry,) = (await session.scalars(select(m.AuditEntry))).all()
    assert (entry.service, entry.action) == ("reports", "programme.imported")


@pytest.mark.usefixtures("seeded")
async def test_a_wrong_file_is_refused_with_its_lines_and_nothing_is_stored(
    lantoa: Lantoa, tmp_path: Path, db: Database
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(LATE.replace("state: running", "state: chạy").replace("lead: Tổ hai, ", ""), encoding="utf-8")
    refused = lantoa("programmes", "import", str(file))
    assert refused.exit_code == 2
    assert "dòng 6: state" in refused.stderr
    assert "dòng 2 thiếu lead" in refused.stderr
    file.write_text(LATE.replace("HN-SKHCN", "HN-KHONG-CO"), encoding="utf-8")
    unknown = lantoa("programmes", "import", str(file))
    assert (unknown.exit_code, "HN-KHONG-CO" in unknown.stderr) == (2, True)
    async with db.transaction() as session:
        assert await session.scalar(select(m.Programme).where(m.Programme.number == "7/QĐ-THU")) is None


@pytest.mark.mission("M32")
@pytest.mark.usefixtures("seeded")
async def test_the_command_shows_and_loads_the_annex_of_a_word_file(lantoa: Lantoa, tmp_path: Path) -> None:
    file = tmp_path / "phu-luc.docx"
    file.write_bytes(as_docx(lines_of(shipped())))
    words = ("programmes", "import", str(file), "--owner-unit", "HN-SKHCN", "--number", "9/QĐ-THU")
    shown = lantoa(*words, "--preview")
    assert (shown.exit_code, "Có thể nạp." in shown.stdout) == (0, True)
    assert "bảng 1, dòng 3" in shown.stdout
    found = json.loads(lantoa(*words, "--preview", "--json").stdout)
    assert [row["result"] for row in found["rows"]] == ["new"] * 4
    assert json.loads(lantoa(*words, "--json").stdout) == {"number": "9/QĐ-THU", "rows": 4, "imported": True}
    without = lantoa("programmes", "import", str(file))
    assert (without.exit_code, "tham số owner_unit" in without.stderr) == (2, True)
