"""Verbs of the register of programmes in the `lantoa` command."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.cli.main import group
from libs.common.db import Database
from libs.common.errors import Problem
from libs.common.models.enums import ProgrammeState
from libs.common.pagination import MAX_LIMIT, PageRequest
from libs.common.programme_file import ProgrammeFile
from libs.common.settings import CommonSettings
from services.reports import labels
from services.reports.programmes import queries, service, views
from services.reports.programmes.import_schemas import PreviewOut
from services.reports.programmes.importing.grid import Severity
from services.reports.programmes.importing.reading import Given
from services.reports.programmes.previewing import preview_import
from services.reports.programmes.wording import ROW_RESULTS

AsJson = Annotated[bool, typer.Option("--json", help="In ra JSON.")]
T = TypeVar("T")


class ProgrammeSettings(CommonSettings):
    """These verbs need the database and nothing else."""

    nats: Any = None
    auth: Any = None
    files: Any = None


def register(app: typer.Typer) -> None:
    programmes = group(app, "programmes")
    programmes.command("list")(list_programmes)
    programmes.command("import")(import_programme)


def _in_transaction(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async def run() -> T:
        db = Database(ProgrammeSettings().db.url.get_secret_value(), pool_size=1)
        try:
            async with db.transaction() as session:
                return await work(session)
        finally:
            await db.dispose()

    return asyncio.run(run())


def list_programmes(as_json: AsJson = False) -> None:
    """Các chương trình đã nạp, số dòng nhiệm vụ và số dòng quá hạn."""
    rows = _in_transaction(_listed)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("số hiệu", "tên", "thời gian", "trạng thái", "dòng", "thiếu trong nguồn", "quá hạn")
    for row in rows:
        name = f"{row['title']} (hư cấu)" if row["is_fictional"] and "hư cấu" not in row["title"] else row["title"]
        counts = (str(row[key]) for key in ("rows", "incomplete_in_source", "overdue"))
        period = f"{row['period_from']} – {row['period_to']}"
        table.add_row(row["number"], name, period, labels.PROGRAMME_STATES[row["state"]], *counts)
    Console().print(table if rows else "Chưa có chương trình nào.")


async def _listed(session: AsyncSession) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    found = await queries.list_programmes(session, PageRequest(MAX_LIMIT, None))
    shown = [await views.require_programme(session, programme.id, now) for programme, _ in found]
    return [
        {
            "id": str(view.programme.id),
            "number": view.programme.number,
            "title": view.programme.title,
            "period_from": str(view.programme.period_from),
            "period_to": str(view.programme.period_to),
            "state": view.programme.state,
            "is_fictional": view.programme.is_fictional,
            "owner": view.owner.name if view.owner else None,
            "rows": len(view.rows),
            "incomplete_in_source": sum(each.row.source_state != "whole" for each in view.rows),
            "overdue": sum(each.standing.is_overdue for each in view.rows),
        }
        for view in shown
    ]


def import_programme(
    file: Annotated[Path, typer.Argument(help="Tệp YAML, DOCX hoặc XLSX.", exists=True, dir_okay=False)],
    replace: Annotated[bool, typer.Option(help="Thay nội dung chương trình cùng số hiệu; giữ tiến độ.")] = False,
    preview: Annotated[bool, typer.Option(help="Chỉ xem trước, không lưu gì.")] = False,
    owner_unit: Annotated[str | None, typer.Option(help="Mã đơn vị chủ quản (DOCX, XLSX).")] = None,
    number: Annotated[str | None, typer.Option(help="Số hiệu văn bản, khi tệp không ghi.")] = None,
    title: Annotated[str | None, typer.Option(help="Tên chương trình, khi tệp không ghi.")] = None,
    issued_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Ngày ban hành.")] = None,
    period_from: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Ngày bắt đầu.")] = None,
    period_to: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Ngày kết thúc.")] = None,
    state: Annotated[ProgrammeState | None, typer.Option(help="Trạng thái.")] = None,
    as_json: AsJson = False,
) -> None:
    """Nạp một chương trình (quyết định và phụ lục phân công) từ tệp YAML, DOCX hoặc XLSX."""
    first, last, issued = (_day(each) for each in (period_from, period_to, issued_on))
    given = Given(number, title, issued, first, last, owner_unit, state)
    try:
        read = asyncio.run(service.read_apart(file.read_bytes(), given, datetime.now(UTC)))
        if preview:
            shown = PreviewOut.of(_in_transaction(lambda session: preview_import(session, read, datetime.now(UTC))))
            _show(shown, as_json)
            return
        spec = service.require_whole(read)
        is_new = _in_transaction(lambda session: _import(session, spec, replace))
    except Problem as error:
        typer.echo(f"{file}: không nạp được\n{error}", err=True)
        for each in error.errors or []:
            typer.echo(f"{each['where']}: {each['detail']}", err=True)
        raise typer.Exit(2) from error
    done = {"number": spec.number, "rows": len(list(spec.numbered_rows())), "imported": is_new or replace}
    if as_json:
        typer.echo(json.dumps(done, ensure_ascii=False))
    elif done["imported"]:
        typer.echo(f"Đã nạp {spec.number}: {done['rows']} dòng.")
    else:
        typer.echo(f"{spec.number} đã có, để nguyên; thêm --replace để thay nội dung.")


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _show(preview: PreviewOut, as_json: bool) -> None:
    if as_json:
        typer.echo(preview.model_dump_json())
        return
    table = Table("dòng", "kết quả", "nhiệm vụ", "chủ trì", "thời gian", "hạn", "ở đâu", title="Xem trước, chưa lưu gì")
    for row in preview.rows:
        text = " ".join((row.text or "").split())[:60]
        due = f"{row.due_on:%d/%m/%Y}" if row.due_on else "không đọc được"
        told = (ROW_RESULTS[row.result], text, row.lead or "", row.period or "", due, row.where or "")
        table.add_row(row.row_no, *told)
    Console().print(table)
    for each in preview.remarks:
        mark = "LỖI" if each.severity is Severity.ERROR else "lưu ý"
        typer.echo(f"{mark}: {each.where}: {each.text}")
    typer.echo("Có thể nạp." if preview.can_be_stored else "Chưa nạp được.")


async def _import(session: AsyncSession, spec: ProgrammeFile, replace: bool) -> bool:
    """Whether the programme was not there before."""
    is_new = await queries.programme_of_number(session, spec.number) is None
    if is_new or replace:
        await service.import_programme(session, spec, replace=replace, now=datetime.now(UTC))
    return is_new
