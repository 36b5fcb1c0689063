"""Verbs of the register of programmes in the `lantoa` command."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.cli.main import group
from libs.common.db import Database
from libs.common.pagination import MAX_LIMIT, PageRequest
from libs.common.programme_file import ProgrammeFile, ProgrammeFileError, read_programme
from libs.common.programme_store import UnknownUnit
from libs.common.settings import CommonSettings
from services.reports import labels
from services.reports.programmes import queries, service

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
    views = [await service.require_programme(session, programme.id, now) for programme, _ in found]
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
            "incomplete_in_source": sum(row.source_state != "whole" for row, _ in view.rows),
            "overdue": sum(late for _, late in view.rows),
        }
        for view in views
    ]


def import_programme(
    file: Annotated[Path, typer.Argument(help="Tệp YAML của chương trình.", exists=True, dir_okay=False)],
    replace: Annotated[bool, typer.Option(help="Thay nội dung chương trình cùng số hiệu; giữ tiến độ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Nạp một chương trình (quyết định và phụ lục phân công) từ tệp YAML."""
    try:
        spec = read_programme(file)
        is_new = _in_transaction(lambda session: _import(session, spec, replace))
    except (ProgrammeFileError, UnknownUnit) as error:
        typer.echo(f"{file}: không nạp được\n{error}", err=True)
        raise typer.Exit(2) from error
    done = {"number": spec.number, "rows": len(list(spec.numbered_rows())), "imported": is_new or replace}
    if as_json:
        typer.echo(json.dumps(done, ensure_ascii=False))
    elif done["imported"]:
        typer.echo(f"Đã nạp {spec.number}: {done['rows']} dòng.")
    else:
        typer.echo(f"{spec.number} đã có, để nguyên; thêm --replace để thay nội dung.")


async def _import(session: AsyncSession, spec: ProgrammeFile, replace: bool) -> bool:
    """Whether the programme was not there before."""
    is_new = not await queries.is_programme_known(session, spec.number)
    if is_new or replace:
        await service.import_programme(session, spec, replace=replace, now=datetime.now(UTC))
    return is_new
