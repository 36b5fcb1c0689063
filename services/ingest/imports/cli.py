"""`lantoa imports check` and `lantoa imports run`: an exported file judged, or taken in, row by row."""

import asyncio
import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from libs.common.cli.files import open_output
from libs.common.cli.ops import OperatorSettings, database
from libs.common.clock import SystemClock
from libs.common.errors import Problem
from services.ingest.imports.rules import safe_cell
from services.ingest.imports.schemas import ImportOut, RowOut, Target
from services.ingest.imports.service import Order, Plan, plan_import, preview, run_import
from services.ingest.settings import IngestSettings

DataOption = Annotated[Path, typer.Option("--data", help="Tệp .csv hoặc .xlsx (file)", exists=True, dir_okay=False)]
MappingOption = Annotated[str, typer.Option("--mapping", help="Bộ ánh xạ cột (column mapping)")]
IntoOption = Annotated[Target, typer.Option("--into", help="Thành nội dung hay phản ánh (contents or cases)")]
OutOption = Annotated[str, typer.Option("--out", help="Kết quả từng dòng, .jsonl(.xz) hoặc - (row by row)")]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Kết quả từng dòng dạng CSV (for a spreadsheet)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Tóm tắt dạng JSON (summary as JSON)")]


class ImporterSettings(OperatorSettings, IngestSettings):
    """An operator's database and the desk's own rules."""


def register(group: typer.Typer) -> None:
    group.command("check")(check_file)
    group.command("run")(import_file)


def check_file(
    data: DataOption,
    into: IntoOption = Target.CASES,
    mapping: MappingOption = "ihanoi",
    out: OutOption = "-",
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xem trước: từng dòng của tệp có nhận được không; không lưu gì (judge the rows, store nothing)."""
    told = preview(_planned(data, Order(mapping, into, is_preview=True)))
    _finish(told, out, report, as_json)


def import_file(
    data: DataOption,
    into: IntoOption,
    mapping: MappingOption = "ihanoi",
    out: OutOption = "-",
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Nhập tệp; nhập lại thì mỗi phản ánh vẫn chỉ có một (import the file; again brings nothing twice)."""
    plan = _planned(data, Order(mapping, into))
    _finish(plan.summary(asyncio.run(_imported(plan, as_json))), out, report, as_json)


def _planned(data: Path, order: Order) -> Plan:
    try:
        return asyncio.run(plan_import(data.read_bytes(), order, SystemClock().now()))
    except Problem as problem:
        typer.echo(f"Lỗi (error): {problem.title_vi}. {problem.detail or ''}", err=True)
        raise typer.Exit(2) from None


async def _imported(plan: Plan, quiet: bool) -> list[RowOut]:
    settings, clock = ImporterSettings(), SystemClock()
    results: list[RowOut] = []
    async with database(settings) as db:
        with _progress(len(plan.rows), quiet) as progress:
            async for batch in run_import(db, plan, settings, by=None, clock=clock.now):
                results += batch
                progress.update(progress.task_ids[0], completed=len(results))
    return results


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Progress]:
    columns = (TextColumn("Nhập tệp"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as progress:
        progress.add_task("Nhập tệp", total=total)
        yield progress


def _finish(told: ImportOut, out: str, report: Path | None, as_json: bool) -> None:
    with open_output(out) as target:
        for row in told.results:
            target.write(row.model_dump_json(exclude_none=True) + "\n")
    if report is not None:
        _write_report(told, report)
    summary = told.model_dump(mode="json", exclude={"results"})
    line = (
        f"{told.rows} dòng ({told.form}): {told.stored} đã lưu, {told.duplicates} đã có, {told.skipped} bỏ qua, "
        f"{told.rejected} không nhận."
    )
    # With rows on stdout, the summary must not mix into them.
    typer.echo(json.dumps(summary, ensure_ascii=False) if as_json else line, err=out == "-")
    raise typer.Exit(1 if told.rejected else 0)


def _write_report(told: ImportOut, where: Path) -> None:
    with where.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Dòng", "Kết quả", "Mã phản ánh", "Lý do"])
        for row in told.results:
            cells = (row.status.value, row.reference or "", " ".join(row.reasons))
            writer.writerow([row.row, *map(safe_cell, cells)])
