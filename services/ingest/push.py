"""Pushed items to stored contents: each row is checked by itself, masked where citizens speak, and keyed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pydantic_core
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import REASONS
from libs.common.events.content import BATCH_LIMIT
from libs.common.models import Source
from libs.common.models.enums import DateProvenance, SourceState
from services.ingest import queries, service
from services.ingest.addresses import canonical_url, url_hash, without_author
from services.ingest.domain import Verdict, believable_date, content_hash, form_of, is_citizens_text, item_hash
from services.ingest.markup import clean, one_line
from services.ingest.problems import IntakeOverloaded, ItemRejected
from services.ingest.queries import NewContent
from services.ingest.schemas import BulkOut, PushItem, PushOut
from services.ingest.settings import IntakeSettings

_UNKNOWN_FIELD = "Trường này không được nhận: Lan Tỏa chỉ nhận nội dung, không nhận thông tin người viết."


def _as_it_is(given: Any) -> Any:
    return given


UNREADABLE = object()
"""Stands for a line that is no JSON at all."""


@dataclass(frozen=True)
class Bulk:
    """The rows of a request as they came: each a dictionary, or something that is none, or `UNREADABLE`.

    `read` makes a row of what is held, a few at a time, so that a long body of lines is never all objects at once.
    """

    rows: Sequence[Any]
    read: Callable[[Any], Any] = _as_it_is

    @classmethod
    def of_lines(cls, body: bytes) -> "Bulk":
        """One row for each line that is not blank; one that is no JSON is a bad row, not a bad body."""
        return cls([line for line in body.split(b"\n") if line.strip()], _row_of)

    @property
    def size(self) -> int:
        return len(self.rows)

    def batches(self, size: int) -> Iterator[tuple[int, list[Any]]]:
        """The index of the first row of each batch, and its rows."""
        for start in range(0, self.size, size):
            yield start, [self.read(row) for row in self.rows[start : start + size]]


def _row_of(line: bytes) -> Any:
    try:
        return pydantic_core.from_json(line)
    except ValueError:
        return UNREADABLE


TRIES = 5
"""Of storing a bulk that another sender's bulk of the same items, in another order, stood in the way of."""
_DEADLOCK = "40P01"


async def push_items(session: AsyncSession, bulk: Bulk, *, limits: IntakeSettings, now: datetime) -> BulkOut:
    """Store what can be stored and say for each row what became of it; all of it in the caller's transaction.

    Raises IntakeOverloaded where others push the same items at the same time, again and again.
    """
    for _ in range(TRIES):
        try:
            async with session.begin_nested():
                return _summary(await _push_batches(session, bulk, limits, now))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                raise
    raise IntakeOverloaded("Nơi khác đang gửi cùng các mục này.", retry_after=limits.retry_after)


async def _push_batches(session: AsyncSession, bulk: Bulk, limits: IntakeSettings, now: datetime) -> list[PushOut]:
    """Batch by batch, so that the objects made of a large body are never all there at once."""
    desk = _Desk(session, limits, now)
    results: list[PushOut] = []
    for start, rows in bulk.batches(BATCH_LIMIT):
        results += await desk.push(start, rows)
    return results


class _Desk:
    """Takes the batches of one request; what it has looked up once serves them all."""

    def __init__(self, session: AsyncSession, limits: IntakeSettings, now: datetime) -> None:
        self._session, self._now = session, now
        self._keep = timedelta(days=limits.keep_days)
        self._mask = service.masker(limits)
        self._sources: dict[UUID | str | None, Source | None] = {}

    async def push(self, start: int, rows: Sequence[Any]) -> list[PushOut]:
        results: dict[int, PushOut] = {}
        items: dict[int, PushItem] = {}
        for index, row in enumerate(rows, start):
            if row is UNREADABLE:
                results[index] = _rejected(index, ItemRejected("Dòng này không phải JSON hợp lệ (UTF-8)."))
                continue
            try:
                items[index] = PushItem.model_validate(row)
            except ValidationError as error:
                results[index] = _rejected(index, _invalid(error))
        await self._look_up({item.source for item in items.values()} - self._sources.keys())
        ready = self._prepared(items, results)
        stored = await service.store_contents(
            self._session, [content for _, content in ready], now=self._now, keep=self._keep
        )
        for (index, _), one in zip(ready, stored, strict=True):
            status = "duplicate" if one.verdict is Verdict.DUPLICATE else "stored"
            results[index] = PushOut(index=index, status=status, content_id=one.content_id)
        return [results[index] for index in range(start, start + len(rows))]

    def _prepared(self, items: dict[int, PushItem], results: dict[int, PushOut]) -> list[tuple[int, NewContent]]:
        """What can be stored; why the rest cannot goes into the results."""
        ready: list[tuple[int, NewContent]] = []
        for index, item in items.items():
            try:
                ready.append((index, prepare(item, self._source_of(item), now=self._now, mask=self._mask)))
            except ItemRejected as problem:
                results[index] = _rejected(index, problem)
        return ready

    async def _look_up(self, wanted: set[UUID | str | None]) -> None:
        ids = {one for one in wanted if isinstance(one, UUID)}
        names = {one for one in wanted if isinstance(one, str)}
        self._sources |= dict.fromkeys(wanted)
        for source in await queries.sources_by_reference(self._session, ids, names):
            self._sources[source.id] = self._sources[source.name] = source
        if None in wanted:
            self._sources[None] = await service.default_source(self._session, self._now)

    def _source_of(self, item: PushItem) -> Source:
        source = self._sources[item.source]
        if source is None:
            named = self._mask(str(item.source))  # an answer is kept for a day
            raise ItemRejected(f"Không có nguồn tin nào tên hoặc mã là “{named}”.")
        if source.state == SourceState.PAUSED:
            raise ItemRejected(f"Nguồn tin “{source.name}” đang tạm dừng.")
        return source


def _summary(results: list[PushOut]) -> BulkOut:
    count = {status: sum(one.status == status for one in results) for status in ("stored", "duplicate", "rejected")}
    return BulkOut(stored=count["stored"], duplicates=count["duplicate"], rejected=count["rejected"], results=results)


def _rejected(index: int, problem: ItemRejected) -> PushOut:
    return PushOut(index=index, status="rejected", problem=problem.document())


def _invalid(error: ValidationError) -> ItemRejected:
    errors = [
        {
            "pointer": "/" + "/".join(str(part) for part in one["loc"]),
            "type": one["type"],
            "message": _UNKNOWN_FIELD if one["type"] == "extra_forbidden" else REASONS.get(one["type"], one["msg"]),
        }
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    named = ", ".join(dict.fromkeys(one["pointer"].lstrip("/").split("/")[0] or "mục tin" for one in errors))
    return ItemRejected(f"Trường không hợp lệ: {named}.", errors=errors)


# --- one item -----------------------------------------------------------------------------------------------


def prepare(item: PushItem, source: Source, *, now: datetime, mask: Callable[[str], str]) -> NewContent:
    """The item as it is stored. What citizens write is masked before it is hashed, keyed or kept."""
    form = item.kind or form_of(source.group)
    hide = mask if is_citizens_text(source.group, form) else _as_it_is
    title, text = hide(one_line(item.title)), hide(clean(item.text).strip())
    if not title and not text:
        raise ItemRejected("Mục tin cần có tiêu đề hoặc nội dung.")
    address = _address(item)
    hashed = content_hash(title, text)
    published = believable_date(item.published_at, now)
    return NewContent(
        key=url_hash(address) if address else item_hash(source.id, item.external_id or hashed.hex()),
        source_id=source.id,
        kind=form,
        url=address,
        title=title,
        summary=hide(one_line(item.summary)) if item.summary else None,
        text=text,
        language=item.language or source.language,
        published_at=published,
        published_from=DateProvenance.PUSH if published else DateProvenance.NONE,
        content_hash=hashed,
    )


def _address(item: PushItem) -> str | None:
    if item.url is None:
        return None
    address = canonical_url(item.url)
    if address is None:
        raise ItemRejected("Địa chỉ (url) không phải địa chỉ web hợp lệ.")
    return without_author(address)
