"""`lantoa retain`: what is past its time goes. Run once a night, with the owner's settings."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from libs.common import retention
from libs.common.cli.ops import OperatorSettings

out = Console(highlight=False)
REGISTER = "LANTOA_REPORTS__RETENTION__"
"""The limits are those that the public register prints."""


def retain_command(
    contents_days: Annotated[
        int, typer.Option(min=1, envvar=f"{REGISTER}CONTENTS_DAYS", help="Số ngày giữ nội dung đã thu thập.")
    ] = retention.CONTENTS_DAYS,
    outbox_days: Annotated[
        int, typer.Option(min=1, envvar=f"{REGISTER}OUTBOX_DAYS", help="Số ngày giữ sự kiện nội bộ.")
    ] = retention.OUTBOX_DAYS,
    as_json: Annotated[bool, typer.Option("--json", help="In ra JSON.")] = False,
) -> None:
    """Xóa các phần dữ liệu đã quá hạn lưu giữ và tạo trước phần mới; chạy mỗi đêm một lần."""
    url = OperatorSettings().db.url.get_secret_value()
    held = retention.limits(contents_days, outbox_days)
    done = asyncio.run(retention.retire(url, held, datetime.now(UTC)))
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    out.print(f"Xóa {len(done.dropped)} phần, {done.deleted} dòng lẻ; tạo trước {done.made} phần.")
    for name, why in done.kept.items():
        reason = "còn sự kiện chưa chuyển đi" if why == "unsent" else "bảng đang bận, đêm sau sẽ xóa"
        out.print(f"Giữ lại {name}: {reason}.")


def register(app: typer.Typer) -> None:
    app.command("retain")(retain_command)
