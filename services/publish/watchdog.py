"""The watchdog: `python -m services.publish.watchdog`, a process apart from the workers and from NATS.

It reads Postgres as publish's role, and tells people directly, by mail and by a signed webhook: a post that is due and
was not seen on its platform, a take-down that stays open, an urgent approval that waits, and Postgres itself away.
Guarantees: each thing is told once by each way, and once when it is over; a way that failed is tried again; at least
once, so a crash between telling and recording may tell twice, by the same Message-ID and webhook-id.
"""

import argparse
import asyncio
import logging
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from libs.common import logs, telemetry
from libs.common import models as m
from libs.common.bus import pause
from libs.common.clock import Clock, SystemClock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.mail import MailFailed
from libs.common.models.enums import Role
from libs.common.webhook import Poster, PostFailed
from libs.common.withheld import withhold_settings
from services.publish import watchdog_queries as queries
from services.publish.settings import PublishSettings, WatchdogSettings
from services.publish.watchdog_rules import (
    AlertKind,
    Finding,
    at_hanoi,
    finding_of,
    is_overdue,
    spoken,
    subject_of,
    text_of,
)
from services.publish.watchdog_ways import Notice, Way, ways_of

log = logging.getLogger("lantoa.watchdog")
NAMESPACE = UUID("6f0a4c1e-3a5e-5f0b-9d0c-6c616e746f61")
AGENT = "LanToaWatchdog/1"
MOST_ITEMS = 200
"""Of one message; its `count` says how many there are."""


@dataclass
class Line:
    """One way with what this process remembers of it."""

    way: Way
    told: set[tuple[UUID, datetime]] = field(default_factory=set)
    """Told, and perhaps not recorded yet: Postgres may have gone in between."""
    ended: set[tuple[UUID, datetime]] = field(default_factory=set)
    failures: int = 0
    not_before: float = 0.0
    outage_told: float | None = None

    def is_ready(self) -> bool:
        return time.monotonic() >= self.not_before


def _name(alert: m.WatchdogAlert) -> tuple[UUID, datetime]:
    """An alert that was over and begins anew is another one."""
    return alert.id, alert.first_seen_at


@dataclass(frozen=True)
class Seen:
    """What one look at Postgres showed: alerts that hold, each with what it is about, and alerts that are over."""

    holding: Sequence[tuple[m.WatchdogAlert, Finding]]
    over: Sequence[m.WatchdogAlert]
    endings: Mapping[UUID, Mapping[str, Any]]


class Watchdog:
    def __init__(
        self, db: Database, clock: Clock, settings: WatchdogSettings, ways: Sequence[Way], origin: str
    ) -> None:
        self._db, self._clock, self._settings, self._origin = db, clock, settings, origin
        self._lines = [Line(way) for way in ways]
        self._away_since: datetime | None = None
        self.turned_at = time.monotonic()

    async def run(self, stopping: asyncio.Event) -> None:
        """Look and tell until the stop; a message on its way is finished, at most one time-out long."""
        while not stopping.is_set():
            await self.turn()
            await pause(self._settings.interval_seconds, stopping)

    async def turn(self) -> None:
        try:
            async with asyncio.timeout(self._settings.database_seconds):
                seen = await self._look()
        except Exception as error:
            log.warning("the database cannot be read: %s", describe(error))
            await self._without_database()
        else:
            await self._with_database(seen)
        self.turned_at = time.monotonic()
        telemetry.count("lantoa.watchdog.turns")

    # --- looking ---

    async def _look(self) -> Seen:
        now = self._clock.now()
        async with self._db.transaction() as session:
            found = [
                *(finding_of(p) for p in await queries.list_expected(session, now) if self._is_overdue(p, now)),
                *await queries.list_open_takedowns(session, self._settings.windows, now),
                *await queries.list_waiting_approvals(session, self._settings.windows, now),
            ]
            await queries.raise_alerts(session, found, now)
            alerts = await queries.list_open_alerts(session)
            by_name = {(finding.kind.value, finding.object_id): finding for finding in found}
            holding = [(a, by_name[a.kind, a.object_id]) for a in alerts if (a.kind, a.object_id) in by_name]
            over = [a for a in alerts if (a.kind, a.object_id) not in by_name]
            endings = await queries.list_endings(session, [a.id for a in over]) if over else []
            if not self._lines:
                await queries.keep_as_notifications(session, holding, Role.SPOKESPERSON, now)
        for kind in AlertKind:
            telemetry.gauge("lantoa.watchdog.open", sum(f.kind is kind for f in found), kind=kind)
        return Seen(holding, over, {ending["alert_id"]: ending for ending in endings})

    def _is_overdue(self, post: Any, now: datetime) -> bool:
        return is_overdue(post, self._settings.windows, now)

    # --- telling ---

    async def _with_database(self, seen: Seen) -> None:
        await asyncio.gather(*(self._tell_by(line, seen) for line in self._lines))
        await self._record(seen)
        if self._away_since is not None and all(line.outage_told is None for line in self._lines):
            self._away_since = None

    async def _tell_by(self, line: Line, seen: Seen) -> None:
        if not line.is_ready():
            return
        now, column = self._clock.now(), line.way.column
        if line.outage_told is not None and await self._told(line, self._back(now)):
            line.outage_told = None
        fresh = [(a, f) for a, f in seen.holding if getattr(a, column) is None and _name(a) not in line.told]
        if fresh and await self._told(line, self._raised(fresh, now)):
            line.told |= {_name(a) for a, _ in fresh}
            for _, finding in fresh:
                telemetry.count("lantoa.watchdog.alerts", kind=finding.kind)
        ended = [a for a in seen.over if self._was_told(line, a) and _name(a) not in line.ended]
        if ended and await self._told(line, self._cleared(ended, seen.endings)):
            line.ended |= {_name(a) for a in ended}

    def _was_told(self, line: Line, alert: m.WatchdogAlert) -> bool:
        return getattr(alert, line.way.column) is not None or _name(alert) in line.told

    async def _told(self, line: Line, notice: Notice) -> bool:
        """Whether it went out; a way that fails rests for a while, longer each time."""
        try:
            await line.way.tell(notice, self._clock.now())
        except (MailFailed, PostFailed) as error:
            line.failures += 1
            wait = min(self._settings.retry_seconds * 2 ** (line.failures - 1), 300.0)
            line.not_before = time.monotonic() + wait
            log.warning("not told by %s, again in %.0f s: %s", line.way.name, wait, error)
            return False
        line.failures, line.not_before = 0, 0.0
        return True

    async def _record(self, seen: Seen) -> None:
        """What was told is written down; until that succeeds it is remembered, and not told again."""
        now = self._clock.now()
        done = [a.id for a in seen.over if all(_name(a) in x.ended or not self._was_told(x, a) for x in self._lines)]
        marks = {
            line.way.column: [
                a.id
                for a in (*(a for a, _ in seen.holding), *seen.over)
                if _name(a) in line.told and getattr(a, line.way.column) is None
            ]
            for line in self._lines
        }
        if not done and not any(marks.values()):
            return
        try:
            async with asyncio.timeout(self._settings.database_seconds), self._db.transaction() as session:
                for column, ids in marks.items():
                    await queries.mark_told(session, ids, column, now)
                await queries.clear_alerts(session, done, now)
        except Exception as error:
            log.warning("what was told could not be recorded yet: %s", describe(error))
            return
        for line in self._lines:
            line.told -= {name for name in line.told if name[0] in marks[line.way.column]}
            line.ended -= {_name(a) for a in seen.over if a.id in done}

    # --- Postgres itself ---

    async def _without_database(self) -> None:
        now = self._clock.now()
        self._away_since = self._away_since or now
        if now - self._away_since < timedelta(seconds=self._settings.outage_seconds):
            return
        await asyncio.gather(*(self._tell_outage(line, now) for line in self._lines))

    async def _tell_outage(self, line: Line, now: datetime) -> None:
        told = line.outage_told
        if not line.is_ready() or (told is not None and time.monotonic() - told < self._settings.outage_repeat_seconds):
            return
        if await self._told(line, self._away(now)):
            line.outage_told = time.monotonic()
            telemetry.count("lantoa.watchdog.alerts", kind="database_away")

    # --- words ---

    def _raised(self, fresh: Sequence[tuple[m.WatchdogAlert, Finding]], now: datetime) -> Notice:
        findings = [finding for _, finding in fresh]
        subject = subject_of(findings)
        items = [_document_of(finding) for finding in findings[:MOST_ITEMS]]
        return Notice(
            _key("raised", (_name(a) for a, _ in fresh)),
            subject,
            text_of(findings, now, self._origin),
            {"type": "watchdog.raised", "summary": subject, "count": len(findings), "alerts": items},
        )

    def _cleared(self, ended: Sequence[m.WatchdogAlert], endings: Mapping[UUID, Mapping[str, Any]]) -> Notice:
        subject = f"Lan Tỏa: {len(ended)} việc đã báo nay đã xong"
        shown = ended[:MOST_ITEMS]
        told = [endings[a.id] for a in shown]
        items = [{"kind": a.kind, "object_id": str(a.object_id), "outcome": _outcome(endings[a.id])} for a in shown]
        return Notice(
            _key("cleared", (_name(a) for a in ended)),
            subject,
            "\n".join(f"- “{e['title'] or 'bài đã sửa lại'}”{_where(e)}: {OUTCOMES[_outcome(e)]}" for e in told),
            {"type": "watchdog.cleared", "summary": subject, "count": len(ended), "alerts": items},
        )

    def _away(self, now: datetime) -> Notice:
        assert self._away_since is not None
        subject = "Lan Tỏa KHẨN: không đọc được cơ sở dữ liệu"
        since = f"từ {at_hanoi(self._away_since)}, đã {spoken(now - self._away_since)}"
        return Notice(
            uuid5(NAMESPACE, f"away:{now.isoformat()}"),
            subject,
            f"Không đọc được cơ sở dữ liệu {since}.\nKhông bài nào được gửi, và không ai thấy bài nào đến giờ.",
            {"type": "watchdog.database_away", "summary": subject, "since": self._away_since.isoformat()},
        )

    def _back(self, now: datetime) -> Notice:
        assert self._away_since is not None
        subject = "Lan Tỏa: đã đọc lại được cơ sở dữ liệu"
        return Notice(
            uuid5(NAMESPACE, f"back:{self._away_since.isoformat()}"),
            subject,
            f"Đọc lại được lúc {at_hanoi(now)}, sau {spoken(now - self._away_since)}.",
            {"type": "watchdog.database_back", "summary": subject, "since": self._away_since.isoformat()},
        )


OUTCOMES = {
    "seen": "đã thấy trên kênh",
    "withdrawn": "đã gỡ",
    "closed": "đã xong trên mọi kênh",
    "approved": "không còn chờ duyệt",
    "dealt_with": "không còn chờ (đã sửa, tạm dừng, hoãn hoặc có người xử lý)",
}


def _outcome(ending: Mapping[str, Any]) -> str:
    match AlertKind(ending["kind"]):
        case AlertKind.TAKEDOWN_OPEN:
            return "closed"
        case AlertKind.APPROVAL_WAITS:
            return "approved"
        case AlertKind.NOT_SEEN:
            if ending["state"] in ("withdrawn", "withdrawing"):
                return "withdrawn"
            return "seen" if ending["confirmed_at"] is not None else "dealt_with"


def _where(ending: Mapping[str, Any]) -> str:
    return f", {ending['channel']}" if ending["channel"] else ""


def _document_of(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "object_id": str(finding.object_id),
        "publication_id": str(finding.publication_id),
        "unit_id": str(finding.unit_id),
        "about": finding.about,
        "since": finding.since.isoformat(),
        "urgent": finding.is_urgent,
    }


def _key(what: str, names: Any) -> UUID:
    return uuid5(NAMESPACE, what + "".join(sorted(f"{i}@{at.isoformat()}" for i, at in names)))


# --- the process --------------------------------------------------------------------------------------


async def serve_health(watchdog: Watchdog, host: str, port: int, stale_after: float) -> asyncio.Server:
    """200 while it turns, 503 when it stands still. Answers whatever is asked for, and closes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            is_well = time.monotonic() - watchdog.turned_at < stale_after
            status, body = ("200 OK", b'{"status":"ok"}') if is_well else ("503 X", b'{"status":"stuck"}')
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port)


async def try_out() -> int:
    """Tell everybody once that this is a test; says what became of it, and ends with 1 where a way failed."""
    settings, clock = PublishSettings(), SystemClock()
    withhold_settings(settings)
    subject = "Lan Tỏa: thử chuông báo động"
    text = f"Thư thử lúc {at_hanoi(clock.now())}; không có việc gì cần làm."
    notice = Notice(uuid4(), subject, text, {"type": "watchdog.test", "summary": subject})
    failed = False
    async with Poster(user_agent=AGENT, networks=settings.publish.watchdog.webhook_networks) as poster:
        ways = ways_of(settings, clock, poster)
        for way in ways:
            try:
                await way.tell(notice, clock.now())
                log.info("told: %s", way.name)
            except (MailFailed, PostFailed) as error:
                log.error("not told: %s: %s", way.name, error)
                failed = True
    return int(failed or not ways)


async def main(host: str, port: int | None) -> None:
    settings, clock, stopping = PublishSettings(), SystemClock(), asyncio.Event()
    telemetry.start("publish-watchdog", settings.telemetry)
    withhold_settings(settings)
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, stopping.set)
    told = settings.publish.watchdog
    async with AsyncExitStack() as stack:
        poster = await stack.enter_async_context(Poster(user_agent=AGENT, networks=told.webhook_networks))
        db = Database(settings.db.url.get_secret_value(), pool_size=2)
        stack.push_async_callback(db.dispose)
        watchdog = Watchdog(db, clock, told, ways_of(settings, clock, poster), settings.public_url)
        if port is not None:
            server = await serve_health(watchdog, host, port, told.stale_seconds)
            stack.callback(server.close)
        log.info("watchdog is running")
        await _until(watchdog.run(stopping), stopping)


async def _until(work: Any, stopping: asyncio.Event, grace: float = 5.0) -> None:
    """The stop ends what waits; a message under way has the grace to arrive."""
    running, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        await asyncio.wait({running}, timeout=grace)
    for task in (running, stop):
        task.cancel()
    await asyncio.wait({running, stop})
    if not running.cancelled():
        running.result()


if __name__ == "__main__":
    logs.configure()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where its health can be asked")
    parser.add_argument("--port", type=int, help="without it nobody can ask")
    parser.add_argument("--try", action="store_true", dest="trying", help="tell everybody once that this is a test")
    given = parser.parse_args()
    try:
        if given.trying:
            sys.exit(asyncio.run(try_out()))
        asyncio.run(main(given.host, given.port))
    except Exception as failure:
        sys.exit(describe(failure))
