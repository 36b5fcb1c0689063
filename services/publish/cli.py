"""Verbs of the publish service in the `lantoa` command."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from libs.common.cli.main import group
from services.publish import adapters


def register(app: typer.Typer) -> None:
    group(app, "channels").command("kinds")(list_kinds)


def list_kinds(as_json: Annotated[bool, typer.Option("--json", help="In ra JSON.")] = False) -> None:
    """Các loại kênh có thể đăng, và điều mỗi loại cần."""
    kinds = [(name, adapters.CHANNELS.get(name)) for name in adapters.CHANNELS.names()]
    rows = [
        {"kind": name, "name": k.name_vi, "settings": list(k.needs_settings), "secret": list(k.needs_secret)}
        for name, k in kinds
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("loại", "tên", "cần khai báo", "cần thông tin đăng nhập")
    for row in rows:
        table.add_row(str(row["kind"]), str(row["name"]), ", ".join(row["settings"]), ", ".join(row["secret"]))
    Console().print(table)
