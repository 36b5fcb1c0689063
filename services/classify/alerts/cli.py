"""`lantoa alerts list` and `lantoa alerts rules`: the newest alerts, and the rules that raise them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.cli.main import group
from libs.common.cli.ops import database
from libs.common.models.alerts import AlertState
from libs.common.pagination import MAX_LIMIT, PageRequest
from services.classify.alerts import keep_queries
from services.classify.alerts.schemas import AlertOut, RuleOut
from services.classify.alerts.sentences import SEVERITY_NAMES, at_hanoi

AsJson = Annotated[bool, typer.Option("--json", help="In ra JSON (as JSON)")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=MAX_LIMIT, help="Số dòng (rows)")]


def register(app: typer.Typer) -> None:
    alerts = group(app, "alerts")
    alerts.command("list")(list_alerts)
    alerts.command("rules")(list_rules)


def list_alerts(
    state: Annotated[AlertState | None, typer.Option("--state", help="Chỉ trạng thái này (only this state)")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Các cảnh báo mới nhất (the newest alerts)."""
    wanted = keep_queries.AlertFilter(state)
    rows = _read(lambda session: keep_queries.list_alerts(session, wanted, PageRequest(limit, None)))
    alerts = [AlertOut.model_validate(row) for row in rows[:limit]]
    if as_json:
        _dump([one.model_dump(mode="json") for one in alerts])
        return
    lines = [(at_hanoi(a.raised_at), SEVERITY_NAMES[a.severity], a.state.value, str(a.count), a.title) for a in alerts]
    _print(("lúc", "mức", "trạng thái", "số lượt", "việc gì"), lines)


def list_rules(limit: Limit = MAX_LIMIT, as_json: AsJson = False) -> None:
    """Các quy tắc cảnh báo (the rules that raise alerts)."""
    rows = _read(lambda session: keep_queries.list_rules(session, PageRequest(limit, None)))
    rules = [RuleOut.model_validate(row) for row in rows[:limit]]
    if as_json:
        _dump([one.model_dump(mode="json") for one in rules])
        return
    lines = [(r.name, r.kind.value, SEVERITY_NAMES[r.severity], r.role.value, _use(r)) for r in rules]
    _print(("quy tắc", "loại", "mức", "báo cho", "đang dùng"), lines)


def _use(rule: RuleOut) -> str:
    if not rule.is_enabled:
        return "tắt"
    is_muted = rule.mute_until is not None and rule.mute_until > datetime.now(UTC)
    return f"tắt tiếng đến {at_hanoi(rule.mute_until)}" if is_muted and rule.mute_until else "bật"


def _read(ask: Callable[[AsyncSession], Awaitable[Sequence[Any]]]) -> Sequence[Any]:
    async def work() -> Sequence[Any]:
        async with database() as db, db.transaction() as session:
            return await ask(session)

    return asyncio.run(work())


def _dump(rows: list[dict[str, Any]]) -> None:
    typer.echo(json.dumps(rows, ensure_ascii=False))


def _print(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    table = Table(*columns)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
