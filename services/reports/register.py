"""The public transparency register: what is watched, which classes exist, how long data lives, what was answered."""

import asyncio
import json
import logging
from datetime import datetime, timedelta
from typing import Any

from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.files import FileStore
from libs.common.label_names import GROUPS, KINDS, SOURCE_KINDS
from libs.common.models.enums import PROTECTED_KINDS, SourceGroup, SourceKind, SourceState, TextKind
from services.reports import labels, queries, register_queries
from services.reports.domain import figure, is_kept_too_long, iso
from services.reports.open_data.cards import measures_of
from services.reports.open_data.shelving import REGISTER
from services.reports.problems import RegisterAway
from services.reports.settings import RetentionSettings

log = logging.getLogger("lantoa.reports")

Data = dict[str, Any]
CITIZENS_KINDS = (TextKind.CRITICISM, TextKind.COMPLAINT, TextKind.OPINION, TextKind.REPORT_OF_PROBLEM)

COUNTED = timedelta(days=30)
"""How far back the items of a source are counted."""

COUNT_SECONDS = 10.0
"""How long counting may take before what was counted last is shown."""


class PublicRegister:
    """The register as it was counted last, counted anew when that is too old: one reading serves a rush of readers.

    While the database is away it stands as it was counted last, here or by the worker; it says of when it is.
    """

    def __init__(
        self, db: Database, clock: Clock, files: FileStore, retention: RetentionSettings, fresh: timedelta
    ) -> None:
        self._db, self._clock, self._files, self._retention, self._fresh = db, clock, files, retention, fresh
        self._counting = asyncio.Lock()
        self._counted: tuple[datetime, Data] | None = None

    async def read(self) -> Data:
        """Raises RegisterAway where it was never counted."""
        async with self._counting:
            now = self._clock.now()
            if self._counted is None or now - self._counted[0] >= self._fresh:
                self._counted = now, await self._count(now)
            return self._counted[1]

    async def keep(self) -> None:
        """Count it for the time when nobody can."""
        data = await self.read()
        await asyncio.to_thread(self._files.write, REGISTER, json.dumps(data, ensure_ascii=False).encode())

    async def _count(self, now: datetime) -> Data:
        try:
            async with asyncio.timeout(COUNT_SECONDS), self._db.transaction() as session:
                _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                return await build(session, now, self._retention)
        except (SQLAlchemyError, PostgresError, OSError) as error:  # a TimeoutError is an OSError
            log.warning("the register without the database: %s", describe(error))
            return await self._kept()

    async def _kept(self) -> Data:
        """The newer of what this process and the worker counted last."""
        stored = await asyncio.to_thread(self._files.read, REGISTER)
        known = [self._counted[1]] if self._counted is not None else []
        known += [json.loads(stored)] if stored is not None else []
        if not known:
            raise RegisterAway(retry_after=30)
        return max(known, key=lambda data: str(data["as_of"]))


async def build(session: AsyncSession, as_of: datetime, retention: RetentionSettings) -> Data:
    watched = await register_queries.watched_sources(session)
    items = await queries.items_by_source(session, as_of - COUNTED)
    return {
        "as_of": iso(as_of),
        "feedback": await _feedback(session, as_of),
        "relabellings": await _relabellings(session, as_of),
        "corrections": figure(
            await queries.corrections(session),
            as_of=as_of,
            source="publications",
            formula="số bản đính chính đã đăng từ trước đến nay",
            unit="bản đính chính",
        ),
        "hidden_comments": await _hidden_comments(session, as_of),
        "data_requests": await _data_requests(session, as_of),
        "saved_queries": await _saved_queries(session, as_of),
        "sources": [_source(source, items.get(source.id), as_of) for source in watched],
        "sources_watched": figure(
            sum(source.state == SourceState.ACTIVE for source in watched),
            as_of=as_of,
            source="sources",
            formula="số nguồn đang theo dõi",
            unit="nguồn",
        ),
        "classes": [_classes(one) for one in labels.CLASSES],
        "models": [_model(one) for one in await register_queries.models(session)],
        "retention": await _retention(session, as_of, retention),
    }


def _source(source: m.Source, items: int | None, as_of: datetime) -> Data:
    """Its count is blank while nothing of it was ever counted, and 0 where it was read and brought nothing."""
    return {
        "name": source.name,
        "owner": source.owner,
        "terms": source.terms,
        "group": source.group,
        "group_name": GROUPS[SourceGroup(source.group)],
        "kind": source.kind,
        "kind_name": SOURCE_KINDS[SourceKind(source.kind)],
        "state": source.state,
        "state_name": labels.SOURCE_STATES[SourceState(source.state)],
        "items": figure(
            0 if items is None and source.last_item_at is not None else items,
            as_of=as_of,
            source="source_hours",
            formula=f"số mục tin mới trong {COUNTED.days} ngày",
            unit="mục tin",
        ),
    }


def _classes(one: labels.ClosedList) -> Data:
    members = [{"code": str(code), "name": name} for code, name in one.members]
    return {"list": one.code, "name": one.name, "purpose": one.purpose, "members": members}


async def _feedback(session: AsyncSession, as_of: datetime) -> list[Data]:
    counts = await queries.feedback_of_all_time(session, as_of)
    shown = [*CITIZENS_KINDS, *(kind for kind in TextKind if kind in counts and kind not in CITIZENS_KINDS)]
    return [_answered(kind, counts.get(kind.value, (0, 0, 0)), as_of) for kind in shown]


def _answered(kind: TextKind, counts: tuple[int, int, int], as_of: datetime) -> Data:
    formulas = {
        "received": "số đã nhận từ trước đến nay",
        "answered": "trong đó đã trả lời hoặc khép lại",
        "overdue": "chưa trả lời và đã quá hạn tiếp nhận hoặc quá hạn xử lý",
    }
    figures = {
        name: figure(count, as_of=as_of, source="feedback_cases", formula=formula, unit="phản ánh")
        for (name, formula), count in zip(formulas.items(), counts, strict=True)
    }
    return {"kind": kind.value, "name": KINDS[kind], **figures}


async def _relabellings(session: AsyncSession, as_of: datetime) -> list[Data]:
    counts = await register_queries.relabellings(session)
    formula = "số lần đổi nhãn ra khỏi phê bình, ý kiến, khiếu nại; mỗi lần cần hai người và một lý do"
    source = "label_history, case_relabellings"
    return [
        {
            "from_kind": kind.value,
            "name": KINDS[kind],
            "times": figure(counts.get(kind.value, 0), as_of=as_of, source=source, formula=formula, unit="lần"),
        }
        for kind in sorted(PROTECTED_KINDS)
    ]


async def _hidden_comments(session: AsyncSession, as_of: datetime) -> list[Data]:
    counts = await register_queries.hidings(session)
    formulas = {
        "hidden": "số bình luận từng bị ẩn trên kênh của thành phố theo quy tắc công khai; phê bình không bị ẩn",
        "still": "trong đó hiện vẫn đang ẩn",
    }
    return [
        {
            "ground": ground.value,
            "name": name,
            **{
                part: figure(count, as_of=as_of, source="comment_hidings", formula=formula, unit="bình luận")
                for (part, formula), count in zip(formulas.items(), counts.get(ground, (0, 0)), strict=True)
            },
        }
        for ground, name in labels.HOUSE_GROUNDS.items()
    ]


async def _data_requests(session: AsyncSession, as_of: datetime) -> Data:
    formulas = {
        "received": "số yêu cầu xem hoặc xóa dữ liệu cá nhân đã nhận từ trước đến nay",
        "decided": "trong đó đã giải quyết",
        "late": "giải quyết sau hạn hai ngày làm việc, hoặc chưa giải quyết và đã quá hạn",
    }
    counts = await register_queries.data_requests(session, as_of)
    return {
        name: figure(count, as_of=as_of, source="data_requests", formula=formula, unit="yêu cầu")
        for (name, formula), count in zip(formulas.items(), counts, strict=True)
    }


def _model(one: m.InstalledModel) -> Data:
    """As its card tells of it; each annotation carries the version that made it."""
    told = {name: one.card.get(name) for name in ("title", "date", "data", "licence", "limits", "split")}
    return {
        "name": one.name,
        "version": one.version,
        "is_current": one.is_current,
        "installed_at": iso(one.installed_at),
        **told,
        "measures": measures_of(one.card),
        "source": "models",
    }


async def _saved_queries(session: AsyncSession, as_of: datetime) -> list[Data]:
    counts = await register_queries.saved_queries(session, as_of)
    formula = "số câu hỏi tìm kiếm đang được lưu; mỗi câu có mục đích, có hạn, và không được hỏi về một người"
    return [
        {
            "purpose": purpose.value,
            "name": name,
            "active": figure(
                counts.get(purpose.value, 0), as_of=as_of, source="saved_queries", formula=formula, unit="câu hỏi"
            ),
        }
        for purpose, name in labels.SEARCH_PURPOSES.items()
    ]


def limits_of(limits: RetentionSettings) -> dict[str, int]:
    """Table → days its rows are kept, where a limit is set."""
    return {"contents": limits.contents_days, "outbox": limits.outbox_days}


async def _retention(session: AsyncSession, as_of: datetime, limits: RetentionSettings) -> list[Data]:
    """The limit that was set beside the oldest row there is: what is promised, and what is so."""
    days = limits_of(limits)
    contents, events = await register_queries.oldest_content(session), await register_queries.oldest_event(session)
    rows: list[tuple[str, int | None, datetime | None, str, str | None]] = [
        ("Toàn văn bài viết thu nhận", days["contents"], contents, "contents", None),
        ("Sự kiện nội bộ (chỉ có mã số)", days["outbox"], events, "outbox", None),
        ("Nhật ký kiểm toán (chỉ có mã số, không có dữ liệu cá nhân)", None, None, "audit_log", "giữ lâu dài"),
        ("Bản chụp số liệu và báo cáo (không có dữ liệu cá nhân)", None, None, "snapshots", "giữ lâu dài"),
        ("Phản ánh đã tiếp nhận", None, None, "feedback_cases", "chưa đặt hạn xóa"),
        (
            "Liên hệ của người gửi phản ánh (mã hóa, để riêng)",
            None,
            None,
            "case_contacts",
            "xóa sau khi phản ánh kết thúc một số ngày, hoặc ngay khi người gửi yêu cầu",
        ),
    ]
    return [
        {
            "what": what,
            "days": kept,
            "note": note,
            "oldest_at": iso(oldest),
            "is_exceeded": is_kept_too_long(oldest, kept, as_of),
            "as_of": iso(as_of),
            "source": source,
        }
        for what, kept, oldest, source, note in rows
    ]
