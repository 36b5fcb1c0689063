"""Pushed items to stored contents: each row is checked by itself, masked where citizens speak, and keyed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import REASONS
from libs.common.models import Source
from libs.common.models.enums import DateProvenance, SourceState
from services.ingest import queries, service
from services.ingest.addresses import canonical_url, url_hash, without_author
from services.ingest.domain import Verdict, believable_date, content_hash, form_of, is_citizens_text, item_hash
from services.ingest.markup import clean, one_line
from services.ingest.problems import ItemRejected
from services.ingest.queries import NewContent
from services.ingest.schemas import BulkOut, PushItem, PushOut
from services.ingest.settings import IntakeSettings

_UNKNOWN_FIELD = "Trường này không được nhận: Lan Tỏa chỉ nhận nội dung, không nhận thông tin người viết."


UNREADABLE = object()
"""Stands for a line that is no JSON at all."""


@dataclass(frozen=True)
class Bulk:
    """The rows of a request as they came: each a dictionary, or something that is none, or `UNREADABLE`."""

    rows: Sequence[Any]

    @property
    def size(self) -> int:
        return len(self.rows)


async def push_items(session: AsyncSession, bulk: Bulk, *, limits: IntakeSettings, now: datetime) -> BulkOut:
    """Store what can be stored and say for each row what became of it."""
    results: dict[int, PushOut] = {}
    items: dict[int, PushItem] = {}
    for index, row in enumerate(bulk.rows):
        if row is UNREADABLE:
            results[index] = _rejected(index, ItemRejected("Dòng này không phải JSON hợp lệ (UTF-8)."))
            continue
        try:
            items[index] = PushItem.model_validate(row)
        except ValidationError as error:
            results[index] = _rejected(index, _invalid(error))
    sources = await _sources_of(session, items.values(), now)
    mask = service.masker(limits)
    ready: list[tuple[int, NewContent]] = []
    for index, item in items.items():
        try:
            ready.append((index, prepare(item, sources(item), now=now, mask=mask)))
        except ItemRejected as problem:
            results[index] = _rejected(index, problem)
    keep = timedelta(days=limits.keep_days)
    stored = await service.store_contents(session, [content for _, content in ready], now=now, keep=keep)
    for (index, _), one in zip(ready, stored, strict=True):
        status = "duplicate" if one.verdict is Verdict.DUPLICATE else "stored"
        results[index] = PushOut(index=index, status=status, content_id=one.content_id)
    return _summary([results[index] for index in range(bulk.size)])


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


# --- sources of the rows ------------------------------------------------------------------------------------

SourceOf = Callable[[PushItem], Source]


async def _sources_of(session: AsyncSession, items: Any, now: datetime) -> SourceOf:
    """Look every named source up once for the whole request."""
    wanted = {item.source for item in items}
    ids = {one for one in wanted if isinstance(one, UUID)}
    names = {one for one in wanted if isinstance(one, str)}
    found: dict[UUID | str | None, Source] = {}
    for source in await queries.sources_by_reference(session, ids, names):
        found[source.id] = found[source.name] = source
    if None in wanted:
        found[None] = await service.default_source(session, now)

    def source_of(item: PushItem) -> Source:
        source = found.get(item.source)
        if source is None:
            raise ItemRejected(f"Không có nguồn tin nào tên hoặc mã là “{item.source}”.")
        if source.state == SourceState.PAUSED:
            raise ItemRejected(f"Nguồn tin “{source.name}” đang tạm dừng.")
        return source

    return source_of


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


def _as_it_is(text: str) -> str:
    return text
