"""The verb that fills the totals of days that were never counted."""

import asyncio
import json
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from libs.common.cli.main import group
from libs.common.clock import SystemClock
from libs.common.db import Database
from services.reports.settings import ReportsSettings
from services.reports.totals import counting
from services.reports.totals.counting import Plan

screen = Console(stderr=True)


class TotalsSettings(ReportsSettings):
    """The verb needs the database, how long contents are kept, and nothing else."""

    nats: Any = None
    auth: Any = None
    files: Any = None


def register(app: typer.Typer) -> None:
    group(app, "reports").command("totals")(fill_totals)


def fill_totals(
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Từ ngày này (giờ Hà Nội).")] = None,
    again: Annotated[bool, typer.Option(help="Đếm lại cả những ngày đã đếm mà nội dung còn trong hạn lưu.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="In ra JSON.")] = False,
) -> None:
    """Đếm các ngày đã qua vào bảng tổng theo ngày. Dừng giữa chừng thì chạy lại, ngày đã đếm được bỏ qua."""
    plan = asyncio.run(_fill(TotalsSettings(), since.date() if since else None, again))
    if as_json:
        typer.echo(json.dumps({"counted": len(plan.days), "already": plan.already, "gone": plan.gone}))
        return
    typer.echo(f"Đã đếm {len(plan.days)} ngày; {plan.already} ngày có từ trước.")
    if plan.gone:
        typer.echo(f"{plan.gone} ngày không còn đủ dữ liệu gốc nên không đếm được; báo cáo sẽ ghi là thiếu.")


async def _fill(settings: TotalsSettings, since: date | None, again: bool) -> Plan:
    db, clock = Database(settings.db.url.get_secret_value(), pool_size=1), SystemClock()
    kept_for = timedelta(days=settings.reports.retention.contents_days)
    try:
        async with db.transaction() as session:
            plan = await counting.plan_days(session, kept_for, clock.now(), since=since, again=again)
        with Progress(console=screen) as progress:
            bar = progress.add_task("đếm từng ngày", total=len(plan.days))
            async for _ in counting.count_days(db, plan.days, kept_for, clock):
                progress.advance(bar)
    finally:
        await db.dispose()
    return plan
