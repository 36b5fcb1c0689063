"""`lantoa up` and `lantoa replay`: start everything on this machine, do the main job, and stay up until Ctrl-C."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from libs.common.auth.dev import dev_token
from libs.common.local import catalogue, installation, paths
from libs.common.local.addresses import Addresses
from libs.common.local.day import Day
from libs.common.local.desk import Desk
from libs.common.local.paths import LocalPaths
from libs.common.local.people import ADMIN, CHECKER, EDITOR, SECOND, SPOKESPERSON
from libs.common.local.process import StartFailed
from libs.common.local.report import show_addresses, show_day, show_sources
from libs.common.local.supervisor import Supervisor
from libs.common.local.topology import Setup

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
_USAGE, _FAILED = 2, 1


@dataclass(frozen=True)
class Wanted:
    """What one run is for."""

    addresses: Addresses
    press: Mapping[str, str]
    data: Path | None = None
    """Where this run's data lives; None for the checkout's own place."""
    live: bool = False
    once: bool = False
    as_json: bool = False


Data = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu riêng cho lần chạy này.")]
OriginPort = Annotated[int, typer.Option("--port", envvar="PORT", help="Cổng của địa chỉ chung.")]
FirstPort = Annotated[int, typer.Option("--first-port", envvar="FIRST_PORT", help="Cổng đầu tiên của các dịch vụ.")]
Once = Annotated[bool, typer.Option("--once", help="Làm xong việc chính thì dừng, không chờ Ctrl-C.")]
AsJson = Annotated[bool, typer.Option("--json", help="In kết quả bằng JSON.")]


def up(
    port: OriginPort = 8080,
    first_port: FirstPort = 8101,
    live: Annotated[bool, typer.Option("--live", help="Đọc nguồn thật đã khai báo; không mở ngày mẫu.")] = False,
    data: Data = None,
    once: Once = False,
    as_json: AsJson = False,
) -> None:
    """Khởi động mọi thứ trên máy này và chạy trọn vòng việc với ngày mẫu (hư cấu)."""
    press = {} if live else {"MODE": "sample"}
    _start(Wanted(Addresses(port, first_port), press, data or _own("live" if live else None), live, once, as_json))


def replay(
    directory: Annotated[Path | None, typer.Argument(help="Thư mục (hay .tar.xz) có tệp feed và trang HTML.")] = None,
    articles: Annotated[Path | None, typer.Option(help="Tệp JSON Lines (.jsonl, .jsonl.xz) các bài báo.")] = None,
    port: OriginPort = 8080,
    first_port: FirstPort = 8101,
    data: Data = None,
    once: Once = False,
    as_json: AsJson = False,
) -> None:
    """Chạy trọn vòng việc trên feed và bài báo của chính bạn; chỉ lấy dữ liệu từ máy này."""
    if (directory is None) == (articles is None):
        err.print("Cần đúng một trong hai: DIR hoặc --articles TỆP. / Give either DIR or --articles FILE.")
        raise typer.Exit(_USAGE)
    given = directory or articles
    assert given is not None
    source = given.expanduser().resolve()
    press = {"MODE": "dir" if directory else "articles", "PATH": str(source)}
    _refuse_unusable(press)
    name = hashlib.sha256(str(source).encode()).hexdigest()[:12]
    _start(Wanted(Addresses(port, first_port), press, data or _own(f"replay-{name}"), False, once, as_json))


def _own(name: str | None) -> Path | None:
    """A directory of its own below the checkout's data, so that the sample day and other runs are not mixed."""
    return paths.data_root(paths.checkout()) / name if name else None


def _refuse_unusable(press: Mapping[str, str]) -> None:
    """Ask the newsstand whether it could serve this, before anything is started."""
    command = [sys.executable, "-m", "sandbox.newsstand", "--mode", press["MODE"], "--path", press["PATH"], "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        err.print(done.stderr.strip(), markup=False)
        raise typer.Exit(_USAGE)


def _start(wanted: Wanted) -> None:
    try:
        done = asyncio.run(_run(wanted))
    except KeyboardInterrupt:
        err.print("Đã dừng.")
        raise typer.Exit(130) from None
    except StartFailed as error:
        err.print(f"[bold red]Không chạy được:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(_FAILED) from None
    raise typer.Exit(0 if done else _FAILED)


async def _run(wanted: Wanted) -> bool:
    began = time.monotonic()
    place = paths.ensure(wanted.data)
    screen = err if wanted.as_json else out
    stopping = _stop_on_signal()

    def told(line: str) -> None:
        screen.print(f"[green]✓[/] {line} [dim]({time.monotonic() - began:.1f} s)[/]")

    with installation.held(place):
        installation.refuse_taken_ports(wanted.addresses)
        press = _dated(place, wanted.press)
        async with installation.running(place, wanted.addresses, told, press=press, replay=not wanted.live) as (
            setup,
            supervisor,
        ):
            screen.print(f"[bold]Sẵn sàng[/] sau {time.monotonic() - began:.1f} giây: {wanted.addresses.origin}")
            done = await _work(wanted, setup, screen, stopping)
            if not (wanted.once or stopping.is_set()):
                await _stay(screen, supervisor, stopping)
            screen.print("Đang dừng các tiến trình…")
    screen.print("Đã dừng gọn gàng.")
    return done


async def _work(wanted: Wanted, setup: Setup, screen: Console, stopping: asyncio.Event) -> bool:
    """The main job; False when it did not come to its end."""
    if wanted.live:
        await _open_catalogue(setup, screen)
        show_addresses(screen, setup, live=True)
        return True
    desks = (EDITOR, SPOKESPERSON, SECOND, ADMIN, CHECKER)
    tokens = {who: dev_token(setup.paths.secrets, who, datetime.now(UTC)) for who in desks}
    day = Day(setup, tokens, screen)
    work = asyncio.create_task(day.run())
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not work.done():
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        return False
    found = await work
    if wanted.as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        show_day(screen, found)
        show_addresses(screen, setup)
    return found.is_whole


async def _open_catalogue(setup: Setup, screen: Console) -> None:
    """The shipped catalogue is there from the first live run on; what is active in it is read from now on."""
    token = dev_token(setup.paths.secrets, ADMIN, datetime.now(UTC))
    async with httpx.AsyncClient(base_url=setup.addresses.origin, timeout=60, trust_env=False) as http:
        admin = Desk(http, token)
        added = await catalogue.take_in(admin)
        screen.print(f"[green]✓[/] danh mục nguồn tin: thêm {added} nguồn")
        show_sources(screen, await catalogue.read_all(admin), datetime.now(UTC))


async def _stay(screen: Console, supervisor: Supervisor, stopping: asyncio.Event) -> None:
    screen.print("Ctrl-C để dừng. / Press Ctrl-C to stop.")
    restarts: dict[str, int] = {}
    while not stopping.is_set():
        for process in supervisor.processes:
            if process.restarts > restarts.get(process.command.name, 0):
                restarts[process.command.name] = process.restarts
                screen.print(f"[yellow]![/] {process.command.name} đã được khởi động lại; nhật ký: {process.log}")
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 2)


def _stop_on_signal() -> asyncio.Event:
    """Ctrl-C and SIGTERM end the run in order; a second Ctrl-C ends it at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(130)
        stopping.set()

    for sig in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sig, stop)
    return stopping


def _dated(place: LocalPaths, press: Mapping[str, str]) -> dict[str, str]:
    """The day keeps the end it had when it was first opened, so that a second run shows the same day."""
    if not press:
        return {}
    mark = place.root / "day-ends-at"
    if not mark.exists():
        mark.write_text(datetime.now(UTC).isoformat(timespec="seconds"), encoding="utf-8")
    return {**press, "ENDS_AT": mark.read_text(encoding="utf-8").strip()}


def clean_data() -> None:
    """Xoá toàn bộ dữ liệu của máy này (cơ sở dữ liệu, luồng sự kiện, tệp); không xoá mã nguồn."""
    root = paths.data_root(paths.checkout())
    if not root.exists():
        out.print("Không có dữ liệu nào.")
        return
    place = LocalPaths(root)
    try:
        with installation.held(place):
            paths.remove(root)
    except StartFailed as error:
        err.print(str(error))
        raise typer.Exit(_FAILED) from None
    out.print(f"Đã xoá {root}")


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("replay")(replay)
    app.command("clean-data")(clean_data)
