"""Seconds from the approval of one publication until it was seen on each of ten channels, with real processes.

Caps are off on both sides: the sandbox counts none, and what our own side counted is forgotten between two
publications. Telegram confirms by its own answer (no discussion group, whose receipts take the platform a second).
Baseline: the same ten channels one after another, each with a publication of its own.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

import httpx
from rich.progress import Progress
from sqlalchemy import text

from bench.stage import Stage, screen, stage
from libs.common.auth.dev import dev_token
from libs.common.local.people import ADMIN, EDITOR, SPOKESPERSON

PROCESSES = ("publish-api", "publish-worker")
API = "/api/publish/v1"
KINDS = ("own_site", *(("bluesky", "mastodon", "telegram") * 3))
WARM, ROUNDS_APART = 3, 3
LIMITS_OFF = {f"LANTOA_SANDBOX_{name}__LIMITS": "false" for name in ("BLUESKY", "MASTODON", "TELEGRAM")}
SEEN = text(
    """
    SELECT extract(epoch FROM max(d.confirmed_at) - (SELECT max(approved_at) FROM approvals a WHERE
      a.publication_id = d.publication_id)) AS seconds,
      bool_and(d.state = 'published') AS is_out, bool_or(d.state IN ('rejected', 'manual', 'auth_required')) AS is_bad
    FROM deliveries d WHERE d.publication_id = :id GROUP BY d.publication_id
    """
)


@dataclass(frozen=True)
class Figures:
    """Seconds: of the publications to all channels at once, and of the ten channels one after another."""

    together: Sequence[float]
    apart: float

    @property
    def p50(self) -> float:
        return median(self.together)

    @property
    def p99(self) -> float:
        return sorted(self.together)[max(0, round(len(self.together) * 0.99) - 1)]


@dataclass(frozen=True)
class Desk:
    """The people of the newsroom at the API's door."""

    stage: Stage
    http: httpx.AsyncClient

    def _as(self, person: str) -> dict[str, str]:
        token = dev_token(self.stage.setup.paths.secrets, person, datetime.now(UTC))
        return {"Authorization": f"Bearer {token}"}

    async def _post(self, path: str, person: str, body: Any) -> dict[str, Any]:
        answer = await self.http.post(f"{API}/{path}", json=body, headers=self._as(person))
        answer.raise_for_status()
        return dict(answer.json())

    async def register(self, number: int, kind: str, sandbox: str) -> str:
        made = await self._post("channels", ADMIN, await account(self.http, number, kind, sandbox))
        return str(made["id"])

    async def publish(self, number: int, channels: Sequence[str]) -> float:
        """Seconds from the approval until it was seen on the last of them."""
        async with self.stage.db.transaction() as session:
            await session.execute(text("DELETE FROM channel_limits"))
        body = {
            "title": f"Điều chỉnh lộ trình xe buýt, tin thứ {number}",
            "summary": "Từ 1/12, tuyến 32 đi đường Trần Quốc Hoàn; vé tháng vẫn dùng được.",
            "body": "Từ ngày 1/12, tuyến 32 đi đường Trần Quốc Hoàn.\n\n- Vé tháng vẫn dùng được.",
            "channel_ids": list(channels),
        }
        made = await self._post("publications", EDITOR, body)
        await self._post(f"publications/{made['id']}/submit", EDITOR, {})
        seen = {"content_hash": made["content_hash"]}
        await self._post(f"publications/{made['id']}/approve", SPOKESPERSON, seen)
        return await self._seen(str(made["id"]))

    async def _seen(self, publication_id: str) -> float:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            async with self.stage.db.transaction() as session:
                row = (await session.execute(SEEN, {"id": publication_id})).one()
            if row.is_bad:
                break
            if row.is_out:
                return float(row.seconds)
            await asyncio.sleep(0.05)
        raise RuntimeError(f"publication {publication_id} did not get out")


async def account(http: httpx.AsyncClient, number: int, kind: str, sandbox: str) -> dict[str, Any]:
    """An account on the sandbox, as the body that registers it as a channel."""
    name, secret = f"thanhpho_{number}", f"ma-{number:04d}"
    told: dict[str, Any] = {"kind": kind, "name": f"{kind} {number}", "address": name, "settings": {}, "secret": {}}
    control = {"platform": kind, "handle": name, "password": secret}
    match kind:
        case "bluesky":
            control |= {"handle": f"thanhpho-{number}.test"}
            told["settings"] = {"service": f"{sandbox}/bluesky"}
            told["secret"] = {"identifier": control["handle"], "password": secret}
        case "mastodon":
            told["settings"] = {"service": f"{sandbox}/mastodon"}
            told["secret"] = {"access_token": secret}
        case "telegram":
            control |= {"password": f"{1000 + number}:{secret}"}
            told["settings"] = {"chat": f"@{name}", "service": f"{sandbox}/telegram"}
            told["secret"] = {"token": control["password"]}
        case _:
            return told
    (await http.put(f"{sandbox}/control/accounts", json=control)).raise_for_status()
    return told


@asynccontextmanager
async def unlimited_sandbox(http: httpx.AsyncClient, port: int) -> AsyncIterator[str]:
    """The platforms in a process of their own, without their caps."""
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "uvicorn", "--factory", "sandbox.main:app", "--port", str(port)]
    quiet = ["--no-access-log", "--log-level", "warning"]
    process = await asyncio.create_subprocess_exec(*argv, *quiet, env={**os.environ, **LIMITS_OFF})
    try:
        for _ in range(300):
            try:
                if (await http.get(f"{url}/health/ready")).is_success:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def bench(count: int) -> Figures:
    async with stage(PROCESSES) as made, httpx.AsyncClient(timeout=30, trust_env=False) as plain:
        base = made.setup.addresses.service("publish")
        async with (
            httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http,
            unlimited_sandbox(plain, made.setup.addresses.sandbox_port) as sandbox,
        ):
            desk = Desk(made, http)
            channels = [await desk.register(n, kind, sandbox) for n, kind in enumerate(KINDS, 1)]
            for n in range(WARM):
                await desk.publish(-n, channels)
            together = await _timed(desk, channels, count)
            apart = [await _one_after_another(desk, channels, 1000 * n) for n in range(1, ROUNDS_APART + 1)]
            return Figures(together, median(apart))


async def _one_after_another(desk: Desk, channels: Sequence[str], first: int) -> float:
    return sum([await desk.publish(first + n, [one]) for n, one in enumerate(channels)])


async def _timed(desk: Desk, channels: Sequence[str], count: int) -> list[float]:
    found = []
    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task(f"{count} tin, mỗi tin {len(channels)} kênh", total=count)
        for n in range(count):
            found.append(await desk.publish(n, channels))
            progress.advance(task)
    return found
