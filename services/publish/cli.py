"""Verbs of the publish service in the `lantoa` command: the kinds of channels, the channels there are, what fits."""

import asyncio
import json
import lzma
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import IO, Annotated, Any
from uuid import UUID

import httpx
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from libs.common.cli.main import group
from libs.common.cli.ops import OperatorSettings, database
from libs.common.clock import SystemClock
from libs.common.db import Database
from services.publish import adapters, measure, queries
from services.publish.adapters.base import Account, Channel, Composed, Draft, Json, NotPostable, Refresh, Tools
from services.publish.adapters.by_hand import KIND as BY_HAND
from services.publish.adapters.retired import PLATFORMS as RETIRED
from services.publish.credentials import Vault
from services.publish.push import vapid
from services.publish.rotation import Rotation, rotate
from services.publish.settings import PublishGroup

AsJson = Annotated[bool, typer.Option("--json", help="In ra JSON.")]
NOBODY = UUID(int=0)


def register(app: typer.Typer) -> None:
    channels = group(app, "channels")
    channels.command("kinds")(list_kinds)
    channels.command("list")(list_channels)
    channels.command("fit")(fit)
    channels.command("rotate-key")(rotate_key)
    group(app, "push").command("new-key")(new_push_key)


def list_kinds(as_json: AsJson = False) -> None:
    """Các loại kênh có thể đăng, và điều mỗi loại cần."""
    kinds = [(name, adapters.CHANNELS.get(name)) for name in adapters.CHANNELS.names()]
    rows = [
        {
            "kind": name,
            "name": k.name_vi,
            "posting": _posting(name),
            "settings": list(k.needs_settings),
            "secret": list(k.needs_secret),
        }
        for name, k in kinds
    ]
    _print(rows, ("loại", "tên", "đăng", "cần khai báo", "cần thông tin đăng nhập"), as_json)


def new_push_key(as_json: AsJson = False) -> None:
    """Tạo cặp khóa VAPID cho thông báo đẩy; một lần cho mãi mãi, vì đổi khóa là mất mọi đăng ký."""
    private = vapid.new_private_key()
    told = {"private": private, "public": vapid.Vapid.of(SecretStr(private), "").public_text}
    words = f"LANTOA_PUBLISH__PUSH__VAPID_PRIVATE_KEY={private}\n# khóa công khai: {told['public']}"
    typer.echo(json.dumps(told) if as_json else words)


def _posting(kind: str) -> str:
    if kind in RETIRED:
        return "đã dừng"
    return "người đăng" if kind == BY_HAND else "tự động"


def list_channels(as_json: AsJson = False) -> None:
    """Các kênh đã khai báo, trạng thái, và số bài đang chờ trên mỗi kênh."""
    rows = asyncio.run(_read_channels())
    _print(rows, ("mã", "loại", "tên", "địa chỉ", "trạng thái", "đang chờ"), as_json)


async def _read_channels() -> list[dict[str, Any]]:
    db = Database(OperatorSettings().db.url.get_secret_value(), pool_size=1)
    try:
        async with db.transaction() as session:
            return await queries.channels_at_work(session)
    finally:
        await db.dispose()


class RotationSettings(OperatorSettings):
    publish: PublishGroup = PublishGroup()


def rotate_key(as_json: AsJson = False) -> None:
    """Niêm phong lại thông tin đăng nhập của mọi kênh bằng khóa hiện tại; chạy lại bao nhiêu lần cũng được."""
    settings = RotationSettings()
    if settings.publish.credentials_key is None:
        raise typer.BadParameter("hãy đặt LANTOA_PUBLISH__CREDENTIALS_KEY (và _KEYS_OLD: khóa cũ, danh sách JSON)")
    try:
        vault = Vault(settings.publish.credentials_key, settings.publish.old_keys)
    except ValueError as error:
        raise typer.BadParameter(f"khóa không dùng được: {error}") from None
    done = asyncio.run(_rotate(settings, vault, as_json))
    if as_json:
        typer.echo(json.dumps(asdict(done), default=str))
    else:
        out = Console()
        out.print(f"Khóa hiện tại {done.key_id}: đã niêm phong lại {done.rotated} kênh.")
        out.print(f"Còn dưới khóa cũ: {done.remaining} kênh.")
        for channel_id in done.unreadable:
            out.print(f"[red]Không mở được[/] {channel_id}: thiếu khóa cũ, hoặc cần nhập lại thông tin đăng nhập.")
    raise typer.Exit(1 if done.remaining else 0)


async def _rotate(settings: RotationSettings, vault: Vault, quiet: bool) -> Rotation:
    async with database(settings) as db:
        with _progress(quiet) as progress:
            task = progress.add_task("Niêm phong lại, còn", total=None)
            return await rotate(db, vault, lambda left: progress.update(task, completed=left))


def fit(
    kind: Annotated[str, typer.Option(help="Loại kênh, xem `lantoa channels kinds`.")],
    data: Annotated[str, typer.Option(help="Tệp JSONL {id, title, body, summary?, link?}; .xz hoặc - cũng được.")],
    out: Annotated[str, typer.Option(help="Tệp kết quả JSONL; .xz hoặc - cũng được.")],
    as_json: AsJson = False,
) -> None:
    """Soạn tin cho một loại kênh, đếm độ dài như nền tảng đếm; không gửi đi đâu."""
    if kind not in adapters.CHANNELS.names():
        raise typer.BadParameter(f"không có loại kênh {kind}; hiện có: {', '.join(adapters.CHANNELS.names())}")
    channel = _unopened(kind)
    done = refused = 0
    with _opened(data, "rt") as source, _opened(out, "wt") as target, _progress(as_json) as progress:
        task = progress.add_task("Soạn tin", total=None)
        for line in source:
            if line.strip():
                row = fitted(channel, json.loads(line))
                target.write(json.dumps(row, ensure_ascii=False) + "\n")
                done, refused = done + 1, refused + (not row["ok"])
                progress.advance(task)
    if as_json:
        typer.echo(json.dumps({"rows": done, "refused": refused}), err=out == "-")


def fitted(channel: Channel, row: dict[str, Any]) -> dict[str, Any]:
    """What the channel would carry of one row, or why it cannot."""
    title = str(row["title"])
    draft = Draft(
        title=title,
        body=str(row["body"]),
        summary=row.get("summary") or None,
        link=row.get("link") or None,
        language=row.get("language", "vi"),
        kind=row.get("kind", "announcement"),
        slug=row.get("slug", "tin"),
    )
    try:
        return {"id": row.get("id"), "ok": True, "error": None, **_measured(channel.compose(draft))}
    except NotPostable as refusal:
        return {"id": row.get("id"), "ok": False, "error": refusal.reason.vi}


def _measured(composed: Composed) -> dict[str, Any]:
    return {
        "text": composed.text,
        "graphemes": measure.graphemes(composed.text),
        "utf8_bytes": measure.utf8_bytes(composed.text),
        "utf16_units": measure.utf16_units(composed.text),
        "payload": composed.payload,
        "notes": list(composed.notes),
    }


class _NoMedia:
    def link(self, sha256: str, mime: str, lasts: timedelta) -> str:
        raise NotImplementedError("offline")

    async def read(self, sha256: str) -> bytes:
        raise NotImplementedError("offline")

    def stream(self, sha256: str, chunk: int = 1 << 20, start: int = 0) -> AsyncIterator[bytes]:
        raise NotImplementedError("offline")


class _NoTokens:
    async def renew(self, channel_id: UUID, stale: Json, refresh: Refresh) -> Json:
        raise NotImplementedError("offline")


class _NoPress:
    async def publish(self, slug: str) -> None:
        raise NotImplementedError("offline")

    def shown_digest(self, slug: str) -> str | None:
        return None


def _unopened(kind: str) -> Channel:
    """An adapter without an account: it can compose and cannot send."""
    tools = Tools(
        http=httpx.AsyncClient(),
        clock=SystemClock(),
        press=_NoPress(),
        public_url="http://127.0.0.1",
        media=_NoMedia(),
        tokens=_NoTokens(),
    )
    return adapters.CHANNELS.get(kind)(Account(NOBODY), tools)


@contextmanager
def _opened(name: str, mode: str) -> Iterator[IO[Any]]:
    if name == "-":
        yield sys.stdout if mode == "wt" else sys.stdin
    elif name.endswith(".xz"):
        with lzma.open(name, mode, encoding="utf-8") as packed:
            yield packed
    else:
        with Path(name).open(mode, encoding="utf-8") as plain:
            yield plain


def _progress(quiet: bool) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet)


def _print(rows: Sequence[dict[str, Any]], titles: Sequence[str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    table = Table(*titles)
    for row in rows:
        table.add_row(*(", ".join(v) if isinstance(v, list) else str(v) for v in row.values()))
    Console().print(table)
