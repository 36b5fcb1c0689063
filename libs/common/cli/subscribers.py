"""`lantoa subscribers`: who else reads our events. Postgres knows them; from there come the users of nats-server and
the line of events that each has. Whatever failed half-way is made good by `lantoa subscribers apply`."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from rich.markup import escape
from rich.table import Table
from sqlalchemy.exc import IntegrityError

from libs.common import models as m
from libs.common import subscribers as use
from libs.common.bus import BusRefused, connect, disconnect
from libs.common.cli.ops import AsJson, NatsAway, OperatorSettings, database, err, out, parse_since
from libs.common.events.outside import OUTSIDE
from libs.common.local.nats import take_users
from libs.common.local.process import write_private

Name = Annotated[str, typer.Argument(help="Tên đăng nhập: chữ thường, số, gạch nối.")]
_NAME = re.compile(r"[a-z][a-z0-9-]{2,39}")


class SubscriberSettings(OperatorSettings):
    """Where a nats-server of this machine reads its users; without it, `config` prints them."""

    nats_users_file: Path | None = None
    nats_pid_file: Path | None = None


def add_command(
    name: Name,
    organisation: Annotated[str, typer.Option("--organisation", help="Cơ quan, đơn vị nhận sự kiện.")],
    purpose: Annotated[str, typer.Option("--purpose", help="Nhận để làm gì (từ 10 chữ cái).")],
    event: Annotated[list[str], typer.Option("--event", help="publication, correction.published, alert.raised…")],
    save: Annotated[Path | None, typer.Option("--save", help="Ghi mật khẩu vào tệp (0600) thay vì in ra.")] = None,
    as_json: AsJson = False,
) -> None:
    """Thêm một bên nhận sự kiện; mật khẩu chỉ hiện một lần."""
    if not _NAME.fullmatch(name) or name == use.SERVICES_USER:
        raise typer.BadParameter(f"“{name}” không dùng được làm tên / not a usable name")
    try:
        subjects = use.granted_by(event)
    except use.UnknownEvent as error:
        listed = ", ".join(subject.removeprefix("lantoa.").removesuffix(".v1") for subject in OUTSIDE)
        raise typer.BadParameter(
            f"“{error}” không có trong danh sách đóng / is not on the closed list: {listed}"
        ) from error
    if save is not None and save.exists():
        raise typer.BadParameter(f"{save} đã có / exists")

    async def work(settings: SubscriberSettings) -> int:
        try:
            async with database(settings) as db, db.transaction() as session:
                password = await use.add_subscriber(session, name, organisation, purpose, subjects, datetime.now(UTC))
        except use.NameTaken:
            err.print(f"Tên {escape(name)} đã dùng, kể cả khi đã thu hồi. / The name was used before.", style="red")
            return 1
        except IntegrityError:
            err.print("Tên cơ quan hay mục đích quá ngắn, hoặc có email, số điện thoại. / See the page.", style="red")
            return 1
        if save is not None:
            write_private(save, password + "\n")
        _show_new(name, subjects, None if save else password, as_json)
        return await _apply(settings)

    _run(work)


def _show_new(name: str, subjects: Sequence[str], password: str | None, as_json: bool) -> None:
    told = {"name": name, "subjects": list(subjects), "line": use.line_of(name)}
    if as_json:
        typer.echo(json.dumps(told | ({"password": password} if password else {})))
        return
    out.print(f"Đã thêm {name}; lắng nghe ở {use.line_of(name)} ({len(subjects)} loại sự kiện).")
    if password:
        out.print("Mật khẩu, chỉ hiện lần này / the password, shown this once:")
        typer.echo(password)


def list_command(as_json: AsJson = False) -> None:
    """Ai đang nhận sự kiện, loại nào, từ khi nào."""

    async def work(settings: SubscriberSettings) -> int:
        async with database(settings) as db, db.transaction() as session:
            rows = await use.list_subscribers(session)
        if as_json:
            typer.echo(json.dumps([_facts(row) for row in rows], ensure_ascii=False))
            return 0
        table = Table("Tên", "Cơ quan", "Mục đích", "Sự kiện", "Từ", "Thu hồi")
        for row in rows:
            since, ended = f"{row.created_at:%d/%m/%Y}", f"{row.revoked_at:%d/%m/%Y}" if row.revoked_at else ""
            events = "\n".join(subject.removeprefix("lantoa.") for subject in row.subjects)
            table.add_row(*map(escape, (row.name, row.organisation, row.purpose, events, since, ended)))
        out.print(table)
        return 0

    _run(work)


def _facts(row: m.EventSubscriber) -> dict[str, object]:
    return {
        "name": row.name,
        "organisation": row.organisation,
        "purpose": row.purpose,
        "subjects": row.subjects,
        "created_at": row.created_at.isoformat(),
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }


def revoke_command(name: Name, as_json: AsJson = False) -> None:
    """Thu hồi: bên nhận bị ngắt ngay, tên không dùng lại."""

    async def work(settings: SubscriberSettings) -> int:
        async with database(settings) as db, db.transaction() as session:
            done = await use.revoke_subscriber(session, name, datetime.now(UTC))
        if not done:
            err.print(f"Không có bên nhận {escape(name)} còn hiệu lực. / No such subscriber.", style="red")
            return 1
        if as_json:
            typer.echo(json.dumps({"revoked": name}))
        else:
            out.print(f"Đã thu hồi {name}.")
        return await _apply(settings)

    _run(work)


def rewind_command(
    name: Name,
    since: Annotated[str, typer.Option(help="Gửi lại từ lúc nào: 90m, 24h, 7d, hoặc một thời điểm ISO 8601.")],
) -> None:
    """Gửi lại cho một bên nhận những gì luồng còn giữ (nhiều nhất 8 ngày)."""

    async def work(settings: SubscriberSettings) -> int:
        async with database(settings) as db, db.transaction() as session:
            found = {row.name: row for row in await use.list_subscribers(session) if row.revoked_at is None}
        if name not in found:
            err.print(f"Không có bên nhận {escape(name)} còn hiệu lực. / No such subscriber.", style="red")
            return 1
        client = await asyncio.wait_for(connect(settings.nats, "lantoa-cli"), settings.patience)
        try:
            start = parse_since(since, datetime.now(UTC))
            await use.rewind(client.jetstream(), settings.nats.stream, found[name], start)
        finally:
            await disconnect(client)
        out.print(f"{name} nhận lại từ {start.isoformat(timespec='seconds')}.")
        return 0

    _run(work)


def config_command() -> None:
    """In phần người dùng của cấu hình nats-server (không có bí mật nào), cho nơi máy chủ NATS không ở máy này."""

    async def work(settings: SubscriberSettings) -> int:
        async with database(settings) as db, db.transaction() as session:
            typer.echo(use.users_file(await use.list_subscribers(session)), nl=False)
        return 0

    _run(work)


def apply_command() -> None:
    """Đưa danh sách trong cơ sở dữ liệu ra nats-server: người dùng và dòng sự kiện của từng bên."""
    _run(_apply)


async def _apply(settings: SubscriberSettings) -> int:
    async with database(settings) as db, db.transaction() as session:
        rows = await use.list_subscribers(session)
    client = await asyncio.wait_for(connect(settings.nats, "lantoa-cli"), settings.patience)
    try:
        await use.ensure_lines(client.jetstream(), settings.nats.stream, rows)
    finally:
        await disconnect(client)
    if settings.nats_users_file is None or settings.nats_pid_file is None:
        err.print("Máy chủ NATS ở nơi khác: hãy đưa `lantoa subscribers config` vào cấu hình của nó rồi nạp lại.")
    else:
        take_users(settings.nats_users_file, settings.nats_pid_file, use.users_file(rows))
    return 0


def _run(work: Callable[[SubscriberSettings], Awaitable[int]]) -> None:
    async def awaited() -> int:
        return await work(SubscriberSettings())

    try:
        code = asyncio.run(awaited())
    except (BusRefused, NatsAway, NatsError, TimeoutError) as error:
        err.print(f"[red]NATS không nhận / NATS is away or refuses:[/] {escape(str(error) or 'timeout')}")
        err.print("Khi NATS chạy lại, hãy dùng `lantoa subscribers apply`.")
        code = 1
    except OSError as error:
        err.print(f"[red]Không kết nối được cơ sở dữ liệu / the database does not answer:[/] {escape(str(error))}")
        code = 1
    raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Bên ngoài nhận sự kiện qua NATS.", no_args_is_help=True)
    group.command("add")(add_command)
    group.command("list")(list_command)
    group.command("revoke")(revoke_command)
    group.command("rewind")(rewind_command)
    group.command("config")(config_command)
    group.command("apply")(apply_command)
    app.add_typer(group, name="subscribers")
