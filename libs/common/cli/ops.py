"""Operational verbs: migrate, token, events, dead letters, audit. They work on the settings of the environment,
and where it has none on those of this machine's own installation (`make run`)."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy
from pydantic import Field
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource
from rich.console import Console
from rich.markup import escape
from typing_extensions import override

from libs.common import audit, audit_days, deadletters
from libs.common.auth.dev import dev_token
from libs.common.bus import HEADER_ID, HEADER_TIME, HEADER_TYPE, BusRefused, connect, disconnect, ensure_stream
from libs.common.db import Database
from libs.common.local.paths import LocalPaths, checkout, data_root
from libs.common.migrate import differences, migrate
from libs.common.models.enums import Role
from libs.common.outbox import pending_events
from libs.common.replay import ReplayStuck, replay_events
from libs.common.seed import UnknownUnitCode, seed, seed_person
from libs.common.settings import CommonSettings, DatabaseSettings, NatsSettings
from libs.common.subscribers import ensure_lines, list_subscribers
from libs.common.units import CITY_CODE

out, err = Console(), Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="In ra JSON.")]
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_since(text: str, now: datetime) -> datetime:
    """`90m`, `24h`, `7d`, or an ISO 8601 instant with its zone."""
    if match := re.fullmatch(r"(\d+)([mhd])", text):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"không hiểu “{text}”; hãy viết 90m, 24h, 7d hoặc một thời điểm ISO 8601") from error
    if at.tzinfo is None:
        raise typer.BadParameter("thời điểm cần có múi giờ, ví dụ 2026-11-24T07:00:00+07:00")
    return at


class OperatorSettings(CommonSettings):
    """The part of the settings that an operator's verbs need."""

    auth: Any = None
    files: Any = None
    db: DatabaseSettings
    nats: NatsSettings
    patience: float = Field(default=10.0, gt=0, description="seconds an operator's verb waits for NATS")

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, and below it what this machine's own installation wrote down for its operator."""
        written = DotEnvSettingsSource(settings_cls, env_file=LocalPaths(data_root(checkout())).operator)
        return init_settings, env_settings, written


class NatsAway(RuntimeError):
    """An operator is told at once; only services wait for ever."""


@asynccontextmanager
async def database(settings: OperatorSettings | None = None) -> AsyncIterator[Database]:
    """For verbs that must work while NATS is away."""
    db = Database((settings or OperatorSettings()).db.url.get_secret_value(), pool_size=2)
    try:
        yield db
    finally:
        await db.dispose()


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[OperatorSettings, Database, JetStreamContext]]:
    settings = OperatorSettings()
    try:
        client = await asyncio.wait_for(connect(settings.nats, "lantoa-cli"), settings.patience)
    except TimeoutError as error:
        raise NatsAway(f"NATS không trả lời ở {settings.nats.url} / NATS does not answer") from error
    try:
        async with database(settings) as db:
            yield settings, db, client.jetstream()
    finally:
        await disconnect(client)


def _run(work: Callable[[], Awaitable[int]]) -> None:
    async def awaited() -> int:
        return await work()

    try:
        code = asyncio.run(awaited())
    except (BusRefused, NatsAway, ReplayStuck) as error:
        err.print(f"[red]{escape(str(error))}[/]")
        code = 1
    except OSError as error:
        err.print(f"[red]Không kết nối được cơ sở dữ liệu / the database does not answer:[/] {escape(str(error))}")
        code = 1
    raise typer.Exit(code)


def migrate_command(
    check: Annotated[bool, typer.Option("--check", help="Chỉ so mô hình với cơ sở dữ liệu.")] = False,
) -> None:
    """Đưa lược đồ cơ sở dữ liệu lên bản mới nhất và khai báo luồng sự kiện."""

    async def work() -> int:
        if check:
            found = await differences(OperatorSettings().db.url.get_secret_value())
            for difference in found:
                err.print(escape(str(difference)))
            return 1 if found else 0
        async with opened() as (settings, db, js):
            await migrate(settings.db.url.get_secret_value())
            await ensure_stream(js, settings.nats)
            async with db.transaction() as session:
                readers = await list_subscribers(session)
            await ensure_lines(js, settings.nats.stream, readers)
        out.print("Lược đồ và luồng sự kiện đã sẵn sàng.")
        return 0

    _run(work)


def seed_command(
    admin: Annotated[str | None, typer.Option(help="`sub` của người quản trị đầu tiên trong mã truy cập.")] = None,
    name: Annotated[str, typer.Option(help="Họ và tên người ấy.")] = "Quản trị viên",
    unit: Annotated[str, typer.Option(help="Mã đơn vị mà người ấy quản trị; mặc định là thành phố.")] = CITY_CODE,
    as_json: AsJson = False,
) -> None:
    """Nạp đơn vị, tên gọi và chương trình đi kèm; thêm người quản trị đầu tiên nếu được nêu. Chạy lại không sao."""

    async def work() -> int:
        now, made = datetime.now(UTC), False
        async with database() as db:
            async with db.transaction() as session:
                seeded = await seed(session, now)
            if admin:
                try:
                    async with db.transaction() as session:
                        made = await seed_person(session, admin, name, (Role.ADMIN,), now, unit)
                except UnknownUnitCode:
                    err.print(f"Không có đơn vị mang mã {escape(unit)}. / No unit has this code.", style="red")
                    return 1
        told = {"units": seeded.units, "names": seeded.aliases, "programmes": seeded.programmes, "admin_made": made}
        if as_json:
            typer.echo(json.dumps(told))
        else:
            out.print(f"{seeded.units} đơn vị, {seeded.aliases} tên gọi, {seeded.programmes} chương trình.")
            if admin:
                out.print(f"Quản trị {admin}: {'đã thêm' if made else 'đã có từ trước'}.")
        return 0

    _run(work)


def token_command(
    subject: Annotated[str, typer.Option("--as", help="Tên đăng nhập của người dùng thử.")] = "bien-tap",
    keys: Annotated[Path | None, typer.Option(help="Thư mục khoá của bộ cấp mã thử.")] = None,
    as_json: AsJson = False,
) -> None:
    """Cấp một mã truy cập thử (chỉ máy này tin)."""
    from libs.common.local.paths import ensure

    token = dev_token(keys or ensure().secrets, subject, datetime.now(UTC))
    typer.echo(json.dumps({"token": token, "subject": subject}) if as_json else token)


def events_tail(
    count: Annotated[int, typer.Option(help="Dừng sau từng này sự kiện; 0 là không dừng.")] = 0,
    since: Annotated[str | None, typer.Option(help="Bắt đầu từ: 90m, 24h, hoặc một thời điểm.")] = None,
    as_json: AsJson = False,
) -> None:
    """Xem sự kiện đang chạy qua luồng."""

    async def work() -> int:
        async with opened() as (settings, _, js):
            config = ConsumerConfig(deliver_policy=DeliverPolicy.NEW)
            if since:
                start = parse_since(since, datetime.now(UTC))
                config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=start)
            seen = 0
            pull = await js.subscribe("lantoa.>", ordered_consumer=True, config=config, stream=settings.nats.stream)
            async for message in pull.messages:
                _show(message, as_json)
                seen += 1
                if count and seen >= count:
                    break
        return 0

    _run(work)


def _show(message: Msg, as_json: bool) -> None:
    headers = message.headers or {}
    payload = _payload(message.data)
    if as_json:
        row = {"id": headers.get(HEADER_ID), "type": headers.get(HEADER_TYPE), "subject": message.subject}
        typer.echo(json.dumps(row | {"data": payload}, ensure_ascii=False))
    else:
        text = json.dumps(payload, ensure_ascii=False)
        time = headers.get(HEADER_TIME, "")
        out.print(f"[dim]{time}[/] [bold]{message.subject}[/] {escape(text[:160])}", highlight=False)


def _payload(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def events_pending(as_json: AsJson = False) -> None:
    """Còn bao nhiêu sự kiện chờ chuyển đi, và sự kiện cũ nhất đã chờ bao lâu."""

    async def work() -> int:
        async with database() as db, db.transaction() as session:
            count, since = await pending_events(session, 1_000_000)
        waited = None if since is None else round((datetime.now(UTC) - since).total_seconds(), 1)
        if as_json:
            typer.echo(json.dumps({"pending": count, "oldest_seconds": waited}))
        else:
            out.print(f"{count} sự kiện đang chờ" + (f", cũ nhất {waited} giây." if waited is not None else "."))
        return 0

    _run(work)


def events_replay(
    since: Annotated[str, typer.Option(help="Từ lúc nào: 90m, 24h, 7d, hoặc một thời điểm ISO 8601.")],
    durable: Annotated[list[str] | None, typer.Option(help="Chỉ cho bộ nhận này; mặc định là mọi bộ nội bộ.")] = None,
    as_json: AsJson = False,
) -> None:
    """Nạp lại luồng sự kiện từ cơ sở dữ liệu; việc đã làm sẽ không làm lại, bên ngoài chỉ nhận khi nêu tên bộ nhận."""

    async def work() -> int:
        now = datetime.now(UTC)
        start, names, sent = parse_since(since, now), durable or [], 0
        async with opened() as (settings, db, js):
            await ensure_stream(js, settings.nats)
            with err.status("Đang nạp lại…") as status:
                async for sent in replay_events(db, js, start, now, names):
                    status.update(f"Đã nạp lại {sent} sự kiện")
        row = {"replayed": sent, "since": start.isoformat(), "durables": names or None}
        typer.echo(json.dumps(row) if as_json else f"Đã nạp lại {sent} sự kiện.")
        return 0

    _run(work)


def deadletters_list(as_json: AsJson = False) -> None:
    """Các sự kiện không xử lý được, kèm lỗi."""

    async def work() -> int:
        async with database() as db, db.transaction() as session:
            rows = await deadletters.list_open(session)
        if as_json:
            shown = [{"id": str(r.id), "consumer": r.consumer, "event_id": str(r.event_id)} | _facts(r) for r in rows]
            typer.echo(json.dumps(shown, ensure_ascii=False))
            return 0
        for row in rows:
            out.print(f"[bold]{row.id}[/] {row.consumer}, {row.tries} lần thử, {row.dead_at:%Y-%m-%d %H:%M:%S} UTC")
            out.print(f"  {escape(row.error)}", soft_wrap=True, highlight=False)
        if not rows:
            out.print("Không có sự kiện nào bị kẹt.")
        return 0

    _run(work)


def _facts(row: Any) -> dict[str, Any]:
    return {"subject": row.subject, "tries": row.tries, "error": row.error, "dead_at": row.dead_at.isoformat()}


def deadletters_retry(
    letter_id: Annotated[str, typer.Argument(help="id của một sự kiện bị kẹt, hoặc `all`.")],
    as_json: AsJson = False,
) -> None:
    """Thử lại một sự kiện bị kẹt, hay tất cả. Mã thoát 1 khi có sự kiện không gửi lại được."""
    only = None if letter_id == "all" else _uuid(letter_id)

    async def work() -> int:
        asked = sent = 0
        async with opened() as (_, db, js):
            async for ids in _open_letters(db, only):
                async with db.transaction() as session:
                    asked += len(ids)
                    sent += len(await deadletters.retry(session, js, ids, datetime.now(UTC)))
        row = {"asked": asked, "retried": sent}
        typer.echo(json.dumps(row) if as_json else f"Đã gửi lại {sent}/{asked} sự kiện.")
        return 0 if sent == asked else 1

    _run(work)


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise typer.BadParameter(f"“{value}” không phải là một id") from error


async def _open_letters(db: Database, only: UUID | None) -> AsyncIterator[list[UUID]]:
    """Ids of open letters, page by page in order: one that dies again at once is not taken twice."""
    if only is not None:
        yield [only]
        return
    after = None
    while True:
        async with db.transaction() as session:
            rows = await deadletters.list_open(session, after=after)
        if not rows:
            return
        after = rows[-1].id
        yield [row.id for row in rows]


def audit_verify(as_json: AsJson = False) -> None:
    """Kiểm tra chuỗi băm của nhật ký; chỉ ra dòng bị sửa nếu có. Mã thoát 1 khi chuỗi đứt."""

    async def work() -> int:
        broken, chains = [], 0
        async with database() as db, db.transaction() as session:
            _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            broken += [found async for found in audit_days.verify_days(session)]
            async for found in audit_days.verify_log(session):
                if isinstance(found, audit.Break):
                    broken.append(found)
                else:
                    chains += 1
        if as_json:
            rows = [
                {"service": b.service, "day": str(b.day), "seq": b.seq, "fault": b.fault, "why": b.why} for b in broken
            ]
            typer.echo(json.dumps({"chains_ok": chains, "broken": rows}))
        for b in () if as_json else broken:
            what = f"{b.service} {b.day} dòng {b.seq} ({b.entry_id})" if b.service else f"ngày niêm phong {b.day}"
            err.print(f"[red]Đứt:[/] {what}: {b.why}")
        if not as_json:
            out.print(f"{chains} chuỗi nguyên vẹn, {len(broken)} chuỗi bị sửa.")
        return 1 if broken else 0

    _run(work)


def register(app: typer.Typer) -> None:
    app.command("migrate")(migrate_command)
    app.command("seed")(seed_command)
    app.command("token")(token_command)
    events = typer.Typer(help="Sự kiện.", no_args_is_help=True)
    events.command("tail")(events_tail)
    events.command("pending")(events_pending)
    events.command("replay")(events_replay)
    letters = typer.Typer(help="Sự kiện bị kẹt (dead letters).", no_args_is_help=True)
    letters.command("list")(deadletters_list)
    letters.command("retry")(deadletters_retry)
    chain = typer.Typer(help="Nhật ký kiểm toán.", no_args_is_help=True)
    chain.command("verify")(audit_verify)
    app.add_typer(events, name="events")
    app.add_typer(letters, name="deadletters")
    app.add_typer(chain, name="audit")
