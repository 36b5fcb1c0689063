"""An export for an inspection: whole days, the same bytes each time, verified by who has nothing of ours."""

import asyncio
import csv
import hashlib
import io
import json
import runpy
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.jobs import JobContext
from libs.common.local.paths import checkout
from libs.common.models.enums import Role
from services.reports.audit_views import exporting
from services.reports.audit_views.jobs import check_audit_log, make_waiting_audit_exports
from tests.reports.audit_views.conftest import LOG, Ledger

pytestmark = pytest.mark.mission("M28")
SCRIPT = checkout() / "docs" / "examples" / "verify_audit.py"
PERIOD = {"day_from": "2026-11-22", "day_to": "2026-11-23"}
Json = dict[str, Any]


@pytest.fixture
async def sealed(ledger: Ledger, worker: JobContext[Any]) -> None:
    """Three sealed days of three entries each."""
    await ledger.days(3)
    await check_audit_log(worker)


async def requested(client: httpx.AsyncClient, who: dict[str, str], body: Json = PERIOD) -> Json:
    answer = await client.post(f"{LOG}/exports", json=body, headers=who)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def shown(client: httpx.AsyncClient, who: dict[str, str], export: Json) -> Json:
    return dict((await client.get(f"{LOG}/exports/{export['id']}", headers=who)).json())


async def taken(client: httpx.AsyncClient, who: dict[str, str], export: Json) -> bytes:
    answer = await client.get(f"{LOG}/exports/{export['id']}/file", headers=who)
    assert answer.status_code == 200, answer.text
    return answer.content


async def made(client: httpx.AsyncClient, who: dict[str, str], worker: JobContext[Any], body: Json = PERIOD) -> bytes:
    export = await requested(client, who, body)
    assert await make_waiting_audit_exports(worker) == 1
    return await taken(client, who, export)


def verify(path: Path, *more: str) -> tuple[int, str]:
    """By another Python process without anything of ours."""
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path), *more], capture_output=True, text=True, encoding="utf-8"
    )
    return done.returncode, done.stdout + done.stderr


def rewritten(export: bytes, path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The export with other contents, and a manifest that fits them: as a forger would."""
    with zipfile.ZipFile(io.BytesIO(export)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != "SHA256SUMS"}
    change(files)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in [*files.items(), ("SHA256SUMS", sums.encode())]:
            archive.writestr(name, content)
    return path


# --- made ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sealed")
async def test_an_export_is_asked_for_made_signed_and_taken_and_each_step_is_in_the_log(
    client: httpx.AsyncClient, auditor: dict[str, str], worker: JobContext[Any], db: Database
) -> None:
    export = await requested(client, auditor)
    assert (export["state"], export["entries"], export["done"], export["digest"]) == ("waiting", 6, 0, None)
    early = await client.get(f"{LOG}/exports/{export['id']}/file", headers=auditor)
    assert (early.status_code, early.json()["type"]) == (409, "urn:lantoa:problem:export-not-made")
    assert (await client.post(f"{LOG}/exports/{export['id']}/sign", headers=auditor)).status_code == 409
    assert await make_waiting_audit_exports(worker) == 1
    assert await make_waiting_audit_exports(worker) == 0
    ready = await shown(client, auditor, export)
    assert (ready["state"], ready["done"], ready["broken"]) == ("made", 6, 0)
    content = await taken(client, auditor, export)
    assert (ready["digest"], ready["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    signed = await client.post(f"{LOG}/exports/{export['id']}/sign", headers=auditor)
    assert (signed.status_code, signed.json()["signed_at"] is not None) == (200, True)
    again = await client.post(f"{LOG}/exports/{export['id']}/sign", headers=auditor)
    assert (again.status_code, again.json()["type"]) == (409, "urn:lantoa:problem:export-already-signed")
    async with db.transaction() as session:
        rows = await session.execute(
            select(m.AuditEntry.action, m.AuditEntry.facts)
            .where(m.AuditEntry.object_type == "audit_export")
            .order_by(m.AuditEntry.seq)
        )
        steps = [(action, facts) for action, facts in rows]
    assert steps == [
        ("audit_export.requested", {"from": "2026-11-22", "to": "2026-11-23"}),
        ("audit_export.taken", {"package": ready["digest"]}),
        ("audit_export.signed", {"package": ready["digest"]}),
    ]
    listed = (await client.get(f"{LOG}/exports", headers=auditor)).json()["items"]
    assert [each["id"] for each in listed] == [export["id"]]


@pytest.mark.usefixtures("sealed")
async def test_it_holds_every_entry_twice_the_days_and_what_the_check_found(
    client: httpx.AsyncClient, auditor: dict[str, str], worker: JobContext[Any]
) -> None:
    with zipfile.ZipFile(io.BytesIO(await made(client, auditor, worker))) as archive:
        assert sorted(archive.namelist()) == [
            *("HUONG-DAN.txt", "SHA256SUMS", "days.json", "entries.csv", "entries.jsonl", "verification.json"),
        ]
        lines = [json.loads(line) for line in archive.read("entries.jsonl").splitlines()]
        table = list(csv.DictReader(io.StringIO(archive.read("entries.csv").decode("utf-8-sig"))))
        days = json.loads(archive.read("days.json"))
        found = json.loads(archive.read("verification.json"))
    assert [(each["day"], each["service"], each["seq"]) for each in lines] == [
        (day, *of) for day in ("2026-11-22", "2026-11-23") for of in (("ingest", 1), ("publish", 1), ("publish", 2))
    ]
    assert [each["id"] for each in table] == [each["id"] for each in lines]
    assert (table[0]["class"], table[0]["act"]) == ("Đã xem", "Xem thông tin liên hệ của người phản ánh")
    assert table[0]["at_local"] == "22/11/2026 12:00:00"
    assert [each["day"] for each in days] == ["2026-11-22", "2026-11-23"]
    assert (found["is_sound"], found["entries"], found["breaks"]) == (True, 6, [])
    assert len(found["chains"]) == 4


@pytest.mark.usefixtures("sealed")
async def test_the_same_days_give_the_same_bytes_later_too(
    client: httpx.AsyncClient, signed_in: Any, worker: JobContext[Any], ledger: Ledger, clock: FrozenClock
) -> None:
    first = await made(client, await signed_in(Role.AUDITOR), worker)
    await ledger.write()
    clock.advance(timedelta(days=2))
    await check_audit_log(worker)
    assert await made(client, await signed_in(Role.AUDITOR), worker) == first


@pytest.mark.usefixtures("sealed")
async def test_only_sealed_days_are_exported(client: httpx.AsyncClient, auditor: dict[str, str], db: Database) -> None:
    cases = [
        ({"day_from": "2026-11-22", "day_to": "2026-11-24"}, 409, "Đã niêm phong đến hết ngày 23/11/2026."),
        ({"day_from": "2026-11-20", "day_to": "2026-11-23"}, 409, "Đã niêm phong đến hết ngày 23/11/2026."),
        ({"day_from": "2026-11-23", "day_to": "2026-11-22"}, 422, "Ngày đầu không được sau ngày cuối"),
        ({"day_from": "2024-11-22", "day_to": "2026-11-22"}, 422, "nhiều nhất 366 ngày"),
        ({"day_from": "hôm qua", "day_to": "2026-11-22"}, 422, "lỗi"),
        ({**PERIOD, "by": "me"}, 422, "lỗi"),
    ]
    for body, status, why in cases:
        refused = await client.post(f"{LOG}/exports", json=body, headers=auditor)
        assert (refused.status_code, why in refused.json()["detail"]) == (status, True), (body, refused.text)
    async with db.transaction() as session:
        assert (await session.scalars(select(m.AuditExport.id))).all() == []


@pytest.mark.usefixtures("sealed")
async def test_nobody_but_an_auditor_takes_it(
    client: httpx.AsyncClient, auditor: dict[str, str], worker: JobContext[Any], signed_in: Any
) -> None:
    others = await signed_in(*(role for role in Role if role is not Role.AUDITOR))
    export = await requested(client, auditor)
    await make_waiting_audit_exports(worker)
    path = f"{LOG}/exports/{export['id']}"
    for answer in (
        await client.get(path, headers=others),
        await client.get(f"{path}/file", headers=others),
        await client.post(f"{path}/sign", headers=others),
        await client.post(f"{LOG}/exports", json=PERIOD, headers=others),
    ):
        assert answer.status_code == 403
    unknown = await client.get(f"{LOG}/exports/{uuid4()}", headers=auditor)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:lantoa:problem:export-not-found")


# --- failing ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sealed")
async def test_a_worker_that_died_leaves_it_to_another_and_progress_keeps_the_claim(
    client: httpx.AsyncClient,
    auditor: dict[str, str],
    worker: JobContext[Any],
    db: Database,
    clock: FrozenClock,
) -> None:
    export = await requested(client, auditor)
    async with worker.db.transaction() as session:
        claimed = await exporting.queries.claim_export(session, clock.now(), exporting.LEASE)
    assert claimed is not None
    assert await make_waiting_audit_exports(worker) == 0
    clock.advance(exporting.LEASE)
    async with worker.db.transaction() as session:
        await exporting.queries.keep_claim(session, claimed.id, 3, clock.now() + exporting.LEASE)
    clock.advance(timedelta(minutes=1))
    assert await make_waiting_audit_exports(worker) == 0
    assert (await shown(client, auditor, export))["done"] == 3
    clock.advance(exporting.LEASE)
    assert await make_waiting_audit_exports(worker) == 1
    assert (await shown(client, auditor, export))["state"] == "made"


@pytest.mark.usefixtures("sealed")
async def test_one_that_cannot_be_made_is_given_up_and_says_why(
    client: httpx.AsyncClient, auditor: dict[str, str], worker: JobContext[Any], files: FileStore
) -> None:
    export = await requested(client, auditor)
    files.root.mkdir(parents=True, exist_ok=True)
    (files.root / "objects").write_text("no folder")
    for _ in range(3):
        assert await make_waiting_audit_exports(worker) == 1
    failed = await shown(client, auditor, export)
    assert failed["state"] == "failed"
    assert "FileExistsError" in failed["error"]
    assert await make_waiting_audit_exports(worker) == 0
    refused = await client.get(f"{LOG}/exports/{export['id']}/file", headers=auditor)
    assert (refused.status_code, "Không làm được" in refused.json()["detail"]) == (409, True)


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("harm", ["lost", "changed"])
async def test_a_file_that_is_lost_or_changed_is_not_handed_out(
    client: httpx.AsyncClient,
    auditor: dict[str, str],
    worker: JobContext[Any],
    db: Database,
    files: FileStore,
    harm: str,
) -> None:
    export = await requested(client, auditor)
    await make_waiting_audit_exports(worker)
    async with db.transaction() as session:
        key = (await session.scalars(select(m.AuditExport.file_key))).one()
    assert key is not None
    files.delete(key) if harm == "lost" else files.write(key, b"other")
    answer = await client.get(f"{LOG}/exports/{export['id']}/file", headers=auditor)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:lantoa:problem:export-file-lost")


@pytest.mark.usefixtures("sealed")
async def test_two_who_sign_at_once_make_one_signature(
    client: httpx.AsyncClient, auditor: dict[str, str], worker: JobContext[Any]
) -> None:
    export = await requested(client, auditor)
    await make_waiting_audit_exports(worker)
    both = await asyncio.gather(*(client.post(f"{LOG}/exports/{export['id']}/sign", headers=auditor) for _ in range(2)))
    assert sorted(each.status_code for each in both) == [200, 409]


# --- verified by somebody else ------------------------------------------------------------------------------


@pytest.mark.usefixtures("sealed")
async def test_an_inspector_verifies_it_with_nothing_of_ours(
    client: httpx.AsyncClient, auditor: dict[str, str], worker: JobContext[Any], db: Database, tmp_path: Path
) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(await made(client, auditor, worker))
    async with db.transaction() as session:
        digests = list(await session.scalars(select(m.AuditDay.digest).order_by(m.AuditDay.day)))
    status, told = verify(path)
    assert (status, f"(2026-11-23): {digests[-1].hex()}" in told) == (0, True), told
    assert verify(path, "--last-digest", digests[-1].hex())[0] == 0
    status, told = verify(path, "--last-digest", digests[0].hex())
    assert (status, "không phải mã niêm phong đã được ghi lại từ trước" in told) == (1, True)
    (tmp_path / "no.zip").write_text("x")
    assert verify(tmp_path / "no.zip")[0] == 2


def _line(change: Callable[[list[Json]], None]) -> Callable[[dict[str, bytes]], None]:
    def changed(files: dict[str, bytes]) -> None:
        lines = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
        change(lines)
        files["entries.jsonl"] = "".join(json.dumps(each) + "\n" for each in lines).encode()

    return changed


def _days(change: Callable[[list[Json]], None]) -> Callable[[dict[str, bytes]], None]:
    def changed(files: dict[str, bytes]) -> None:
        days = json.loads(files["days.json"])
        change(days)
        files["days.json"] = json.dumps(days).encode()

    return changed


def _table(files: dict[str, bytes]) -> None:
    files["entries.csv"] = files["entries.csv"].replace(b"publication.published", b"publication.withdrawn", 1)


FORGERIES: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "another actor": (_line(lambda e: e[1].update(actor_id=str(uuid4()))), "publish 2026-11-22 dòng 1"),
    "another fact": (_line(lambda e: e[1]["facts"].update(revision=9)), "publish 2026-11-22 dòng 1"),
    "another time": (_line(lambda e: e[5].update(at="2026-11-23T05:01:01+00:00")), "publish 2026-11-23 dòng 2"),
    "a row less": (_line(lambda e: e.pop(1)), "publish 2026-11-22 dòng 2"),
    "the last row": (_line(lambda e: e.pop(5)), "publish 2026-11-23 dòng 2: đã bị xóa"),
    "a chain less": (_line(lambda e: e.pop(3)), "ingest 2026-11-23 dòng 1: đã bị xóa"),
    "a seal": (_days(lambda d: d[1]["chains"].pop(0)), "ngày 2026-11-23: niêm phong đã bị sửa"),
    "a day less": (_days(lambda d: d.pop(0)), "ingest 2026-11-22 dòng 1: chuỗi không có trong niêm phong"),
    "the table": (_table, "entries.csv dòng 3, cột action"),
}


@pytest.mark.usefixtures("sealed")
async def test_whatever_was_changed_is_named(
    client: httpx.AsyncClient, auditor: dict[str, str], worker: JobContext[Any], tmp_path: Path
) -> None:
    export = await made(client, auditor, worker)
    script = runpy.run_path(str(SCRIPT))
    for name, (change, named) in FORGERIES.items():
        with zipfile.ZipFile(rewritten(export, tmp_path / "forged.zip", change)) as archive:
            found = list(script["verify"](archive))
        assert any(named in line for line in found), (name, found)
    unlisted = tmp_path / "unlisted.zip"
    with zipfile.ZipFile(io.BytesIO(export)) as source, zipfile.ZipFile(unlisted, "w") as to:
        for member in source.namelist():
            to.writestr(member, source.read(member) + (b" " if member == "HUONG-DAN.txt" else b""))
    assert verify(unlisted) == (1, "SAI  HUONG-DAN.txt: không khớp SHA256SUMS\n1 chỗ sai\n")


async def test_an_export_of_a_log_that_was_tampered_with_says_so_in_both_ways(
    client: httpx.AsyncClient,
    auditor: dict[str, str],
    worker: JobContext[Any],
    ledger: Ledger,
    db: Database,
    tmp_path: Path,
) -> None:
    await ledger.days(3)
    await check_audit_log(worker)
    await ledger.tamper(
        "UPDATE audit_log SET actor_id = gen_random_uuid() WHERE service = 'publish' AND seq = 2 AND day = '2026-11-22'"
    )
    path = tmp_path / "export.zip"
    path.write_bytes(await made(client, auditor, worker))
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("verification.json"))
    assert (found["is_sound"], [(each["day"], each["seq"]) for each in found["breaks"]]) == (False, [("2026-11-22", 2)])
    assert (await client.get(f"{LOG}/exports", headers=auditor)).json()["items"][0]["broken"] == 1
    status, told = verify(path)
    assert (status, "publish 2026-11-22 dòng 2" in told) == (1, True)
