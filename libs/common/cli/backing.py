"""`lantoa backup` and `lantoa restore`, on the settings of the environment or of this machine's installation."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from libs.common.backup import BackupFailed, Manifest, Told, back_up, restore
from libs.common.cli.ops import OperatorSettings
from libs.common.settings import FilesSettings

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
AsJson = Annotated[bool, typer.Option("--json", help="In kết quả bằng JSON.")]


class BackupSettings(OperatorSettings):
    """An operator's settings, and where the files are."""

    files: FilesSettings


def backup_command(
    target: Annotated[Path, typer.Argument(help="Tệp sẽ ghi, ví dụ lantoa-2026-11-24.tar.")], as_json: AsJson = False
) -> None:
    """Sao lưu cơ sở dữ liệu và kho tệp vào một tệp."""
    settings = BackupSettings()
    url, files = settings.db.url.get_secret_value(), settings.files.root
    if not target.parent.is_dir():
        raise typer.BadParameter(f"không có thư mục {target.parent}")
    with _progress() as progress:
        made = _done(back_up(url, files, target, datetime.now(UTC), _teller(progress)))
    _show(made, f"Đã sao lưu vào {target}", as_json)


def restore_command(
    source: Annotated[Path, typer.Argument(help="Tệp sao lưu.")],
    replace: Annotated[bool, typer.Option("--replace", help="Thay toàn bộ dữ liệu đang có.")] = False,
    as_json: AsJson = False,
) -> None:
    """Phục hồi từ một tệp sao lưu; hãy dừng các dịch vụ trước."""
    settings = BackupSettings()
    url, files = settings.db.url.get_secret_value(), settings.files.root
    with _progress() as progress:
        made = _done(restore(url, files, source, replace=replace, told=_teller(progress)))
    _show(made, f"Đã phục hồi từ {source}", as_json)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TimeElapsedColumn(), console=err
    )


def _teller(progress: Progress) -> Told:
    tasks = {}

    def told(what: str, size: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=None)
        progress.update(tasks[what], completed=size)

    return told


def _done(work: Awaitable[Manifest]) -> Manifest:
    async def waited() -> Manifest:
        return await work

    try:
        return asyncio.run(waited())
    except BackupFailed as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from None


def _show(made: Manifest, words: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(json.loads(made.as_json())))
    else:
        out.print(f"{words}: lược đồ {made.schema}, {made.files} tệp, lúc {made.made_at.isoformat(timespec='seconds')}")


def register(app: typer.Typer) -> None:
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)
