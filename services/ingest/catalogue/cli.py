"""`lantoa sources`: the catalogue in and out, feeds of a site, and how every source is."""

import asyncio
import json
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from libs.common.cli.ops import OperatorSettings, database
from libs.common.clock import SystemClock
from libs.common.errors import Problem
from libs.common.local.sources import catalogue_lines, clock_words, is_resting, sources_table
from libs.common.models.enums import SourceGroup
from libs.common.pagination import MAX_LIMIT, Cursor, PageRequest
from services.ingest import queries
from services.ingest import service as sources
from services.ingest.catalogue import finding, service
from services.ingest.catalogue.files import shipped_yaml
from services.ingest.catalogue.rules import Wish
from services.ingest.catalogue.schemas import Action, ImportOut
from services.ingest.resources import open_resources
from services.ingest.settings import IngestSettings

File = Annotated[
    str | None, typer.Argument(help="Tệp YAML hoặc OPML, - là đầu vào chuẩn; bỏ trống: danh mục kèm theo.")
]
RetireMissing = Annotated[bool, typer.Option("--retire-missing", help="Cho ngừng nguồn không có trong tệp.")]
DefaultGroup = Annotated[SourceGroup, typer.Option(help="Nhóm của nguồn OPML không ở thư mục nào quen.")]
AsJson = Annotated[bool, typer.Option("--json", help="In ra JSON.")]
out, err = Console(highlight=False), Console(stderr=True, highlight=False)
_ACTIONS = {
    Action.ADDED: "[green]thêm[/]",
    Action.CHANGED: "[yellow]đổi[/]",
    Action.RETIRED: "[red]cho ngừng[/]",
    Action.REJECTED: "[bold red]không nhận[/]",
}


class SourcesSettings(OperatorSettings, IngestSettings):
    """What the operator's verbs about sources need: the database, and how the outside is read."""


def register(group: typer.Typer) -> None:
    group.command("list")(list_sources)
    group.command("import")(import_sources)
    group.command("export")(export_sources)
    group.command("discover")(discover_sources)


# --- list ----------------------------------------------------------------------------------------------------


def list_sources(
    everything: Annotated[bool, typer.Option("--all", help="Cả nguồn tạm dừng và đã ngừng.")] = False,
    watch: Annotated[float, typer.Option(min=0, help="Xem liên tục, đọc lại sau chừng này giây.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Danh mục nguồn tin: sức khỏe, số mục mới hôm nay, lần đọc tiếp theo."""
    rows = _run(_read_sources())
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    elif watch:
        _watch(everything, watch)
    else:
        out.print(_shown(rows, everything))
        for name, words in catalogue_lines(rows):
            out.print(f"[bold]{name:<16}[/] {words}")


def _watch(everything: bool, seconds: float) -> None:
    with Live(console=out, screen=True, auto_refresh=False) as live:
        while True:
            live.update(_shown(_run(_read_sources()), everything), refresh=True)
            time.sleep(seconds)


def _shown(rows: list[dict[str, Any]], everything: bool) -> Table:
    now = SystemClock().now()
    chosen = [row for row in rows if everything or not is_resting(row)]
    return sources_table(chosen, now, title=f"Nguồn tin lúc {clock_words(now)}")


async def _read_sources() -> list[dict[str, Any]]:
    now, found = SystemClock().now(), []
    after: Cursor | None = None
    async with database(OperatorSettings()) as db, db.transaction() as session:
        while True:
            page = await queries.list_sources(session, PageRequest(limit=MAX_LIMIT, after=after))
            for one in await sources.read_health(session, page[:MAX_LIMIT], now):
                found.append(one.model_dump(mode="json"))
            if len(page) <= MAX_LIMIT:
                return found
            after = Cursor(page[MAX_LIMIT - 1].name, page[MAX_LIMIT - 1].id)


# --- import and export ---------------------------------------------------------------------------------------


def import_sources(
    file: File = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ cho biết sẽ đổi gì.")] = False,
    only_new: Annotated[bool, typer.Option("--only-new", help="Không đổi nguồn đã có.")] = False,
    retire_missing: RetireMissing = False,
    group: DefaultGroup = SourceGroup.PRESS,
    as_json: AsJson = False,
) -> None:
    """Nhập danh mục nguồn tin từ tệp; không bao giờ tự xóa nguồn nào."""
    data = shipped_yaml() if file is None else _read(file)
    done = _run(_import(data, Wish(only_new, retire_missing), group, dry_run))
    if as_json:
        typer.echo(done.model_dump_json())
    else:
        _show_import(done)
    raise typer.Exit(1 if done.rejected else 0)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"không đọc được {file}: {error.strerror}") from None


async def _import(data: bytes, wish: Wish, group: SourceGroup, dry_run: bool) -> ImportOut:
    settings = OperatorSettings()
    rows = service.read_file(data, "", group)
    async with database(settings) as db, db.transaction() as session:
        taken = Wish(wish.only_new, wish.retire_missing, settings.replay)
        return await service.import_rows(session, rows, taken, by=None, dry_run=dry_run, now=SystemClock().now())


def _show_import(done: ImportOut) -> None:
    for row in done.rows:
        if row.action is Action.UNCHANGED:
            continue
        what = row.problem or ", ".join(change.field for change in row.changes if row.action is Action.CHANGED)
        out.print(f"{_ACTIONS[row.action]} {escape(row.name or f'dòng {row.index}')} [dim]{escape(what)}[/]")
    title = "Sẽ (chưa ghi gì): " if done.dry_run else ""
    out.print(
        f"{title}thêm {done.added}, đổi {done.changed}, cho ngừng {done.retired}, giữ nguyên {done.unchanged}, "
        f"không nhận {done.rejected}; {done.not_in_file} nguồn không có trong tệp được giữ."
    )


def export_sources(
    file: Annotated[str, typer.Argument(help="Tệp .yaml hoặc .opml; - là đầu ra chuẩn (YAML).")] = "-",
    group: Annotated[SourceGroup | None, typer.Option(help="Chỉ một nhóm.")] = None,
    as_json: AsJson = False,
) -> None:
    """Xuất danh mục nguồn tin ra tệp."""
    form = "opml" if file.lower().endswith((".opml", ".xml")) else "yaml"
    data, count = _run(_export(form, group))
    if file == "-":
        sys.stdout.buffer.write(data)
        return
    Path(file).write_bytes(data)
    told = {"file": file, "format": form, "sources": count}
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else f"{count} nguồn → {file}")


async def _export(form: str, group: SourceGroup | None) -> tuple[bytes, int]:
    async with database(OperatorSettings()) as db, db.transaction() as session:
        entries = await service.export_entries(session, group)
    return service.written(entries, form, SystemClock().now()), len(entries)


# --- discover ------------------------------------------------------------------------------------------------


def discover_sources(
    site: Annotated[str, typer.Argument(help="Địa chỉ trang, ví dụ https://hanoi.gov.vn")], as_json: AsJson = False
) -> None:
    """Tìm nguồn tin (RSS, Atom, JSON Feed, sơ đồ trang) của một trang; chỉ tìm, không đăng ký."""
    found = _run(_discover(site))
    if as_json:
        typer.echo(found.model_dump_json())
        raise typer.Exit(0 if found.candidates else 1)
    table = Table("Địa chỉ", "Loại", "Tên", "Số mục", "Mới nhất", "Tìm thấy qua")
    for one in found.candidates:
        newest = "" if one.newest_at is None else clock_words(one.newest_at)
        known = " [dim](đang đọc)[/]" if one.is_known else ""
        table.add_row(
            escape(one.url) + known, one.kind, escape(one.title or ""), str(one.entries), newest, one.found_by
        )
    out.print(table if found.candidates else f"Không tìm thấy nguồn tin nào ở {escape(site)}.")
    for problem in found.problems:
        err.print(f"[dim]{escape(problem)}[/]")
    raise typer.Exit(0 if found.candidates else 1)


async def _discover(site: str) -> Any:
    settings = SourcesSettings()
    async with database(settings) as db, open_resources(settings, db, SystemClock()) as held:
        return await finding.discover_feeds(db, held, site)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it; what is wrong with a file, a site or the database is told in its own words."""
    try:
        return asyncio.run(work)
    except Problem as error:
        err.print(f"[red]{escape(error.title_vi)}[/]: {escape(str(error.detail or ''))}")
    except OSError as error:
        err.print(f"[red]Không kết nối được cơ sở dữ liệu / the database does not answer:[/] {escape(str(error))}")
    raise typer.Exit(1)
