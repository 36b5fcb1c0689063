"""Items to contents, in batches: one content for one page, however many addresses and feeds lead to it.

An item is known by its keys (its address, the address its page declares, the id its source gave it), else by its
text: the same title and text from the same source or host is the content that is there, under another address.
Two batches that bring one text under two new addresses at the same instant don't see each other: both are stored,
and linked as copies. What a page says otherwise than before is a revision, kept and told once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import telemetry
from libs.common.events import Event
from libs.common.events.content import BATCH_LIMIT, ContentsIngested, ContentsRevised, RevisedItem
from libs.common.ids import new_id
from libs.common.outbox import emit_all
from services.ingest import queries
from services.ingest.addresses import page_host
from services.ingest.domain import Known, Verdict, are_alike, is_known_by_text, judge
from services.ingest.queries import NewContent
from services.ingest.revisions import service as revisions
from services.ingest.revisions.queries import refresh_heads


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one item."""

    verdict: Verdict
    content_id: UUID


@dataclass(frozen=True, slots=True)
class _Met:
    """An item, the id it gets if it is new, and what is stored of it already."""

    content_id: UUID
    item: NewContent
    known: Known | None


async def store_contents(
    session: AsyncSession, items: Sequence[NewContent], *, now: datetime, keep: timedelta
) -> list[Stored]:
    """Store items in batches: a handful of statements and one event for each, however many items are new."""
    stored: list[Stored] = []
    for start in range(0, len(items), BATCH_LIMIT):
        batch = items[start : start + BATCH_LIMIT]
        with telemetry.step("store", items=len(batch)):
            stored += await _store_batch(session, batch, now, now + keep)
    for verdict in Verdict:
        telemetry.count("lantoa.contents", sum(one.verdict is verdict for one in stored), verdict=verdict.value)
    return stored


async def _store_batch(
    session: AsyncSession, items: Sequence[NewContent], now: datetime, expires_at: datetime
) -> list[Stored]:
    items = _apart(items)
    first = list({item.key: item for item in reversed(items)}.values())[::-1]
    met = await _meet(session, [(new_id(now), item) for item in first], now, expires_at)
    new = [(one.content_id, one.item) for one in met if one.known is None]
    if new:
        await queries.insert_contents(session, new, now)
    revised = await _revise(session, met, now)
    await _refresh_summaries(session, met)
    await _tell([content_id for content_id, _ in new], list(revised.values()), session, now)
    verdicts = {one.item.key: _verdict(one, revised) for one in met}
    return _in_order(items, [one.item.key for one in met], first, verdicts)


def _in_order(
    items: Sequence[NewContent],
    keys: Sequence[bytes],
    first: Sequence[NewContent],
    verdicts: Mapping[bytes, Stored],
) -> list[Stored]:
    """One answer for each item as it came: what is named again in the batch is a duplicate of the first."""
    answers = {item.key: verdicts[key] for item, key in zip(first, keys, strict=True)}
    stored = []
    for item in items:
        answer = answers[item.key]
        stored.append(answer)
        answers[item.key] = Stored(Verdict.DUPLICATE, answer.content_id)
    return stored


def _verdict(met: _Met, revised: Mapping[bytes, RevisedItem]) -> Stored:
    if met.known is None:
        return Stored(Verdict.NEW, met.content_id)
    verdict = Verdict.REVISION if met.item.key in revised else Verdict.DUPLICATE
    return Stored(verdict, met.known.content_id)


async def _tell(new: Sequence[UUID], revised: Sequence[RevisedItem], session: AsyncSession, now: datetime) -> None:
    changed = [*new, *(one.content_id for one in revised)]
    events: list[Event] = [ContentsIngested(content_ids=changed)] if changed else []
    if revised:
        events.append(ContentsRevised(items=list(revised)))
    if events:
        await emit_all(session, events, now=now, source="ingest")


# --- whether it is known ------------------------------------------------------------------------------------


def _apart(items: Sequence[NewContent]) -> list[NewContent]:
    """Pages that declare one address and are not one page, as where a site declares its section for every article:
    each but the first keeps the address by which it was found."""
    titles: dict[bytes, str] = {}
    apart = []
    for item in items:
        if item.aliases and not are_alike(titles.get(item.key, item.title), item.title):
            item = _by_its_link(item)
        titles.setdefault(item.key, item.title)
        apart.append(item)
    return apart


def _by_its_link(item: NewContent) -> NewContent:
    return replace(item, key=item.aliases[0], url=item.link or item.url, aliases=())


async def _meet(
    session: AsyncSession, pairs: Sequence[tuple[UUID, NewContent]], now: datetime, expires_at: datetime
) -> list[_Met]:
    """Take the keys nobody holds, and see what is behind the others; keys taken for what turns out to be known
    under another name point there."""
    taken = await queries.claim_keys(session, pairs, now, expires_at)
    held = [key for _, item in pairs for key in item.keys if key not in taken]
    known = await queries.known_contents(session, held) if held else {}
    met = [_by_key(content_id, item, known) for content_id, item in pairs]
    by_text = await _by_text(session, [one for one in met if one.known is None], now)
    met = [replace(one, known=one.known or by_text.get(one.item.key)) for one in met]
    moved = {key: one.known.content_id for one in met if one.known for key in one.item.keys if key in taken}
    if moved:
        await queries.point_keys(session, moved)
    return met


def _by_key(content_id: UUID, item: NewContent, known: Mapping[bytes, Known]) -> _Met:
    """By the address it was found at before the one it declares: the first is a fact, the second a claim."""
    found = next((known[key] for key in item.aliases if key in known), None)
    if found is None and item.key in known:
        found = known[item.key]
        if item.aliases and not are_alike(found.title, item.title):
            return _Met(content_id, _by_its_link(item), None)
    return _Met(content_id, item, found)


async def _by_text(session: AsyncSession, unknown: Sequence[_Met], now: datetime) -> dict[bytes, Known]:
    """Of items under new keys: those whose title and text this source or this host has given before, or gives
    earlier in this batch."""
    asked = [one for one in unknown if is_known_by_text(one.item.kind, one.item.text)]
    if not asked:
        return {}
    rows = await queries.contents_of_texts(session, [one.item.content_hash for one in asked], now)
    seen: dict[tuple[bytes, UUID | str], Known] = {}
    for text_hash, url, one in rows:
        _note(seen, text_hash, _scopes(url, one.source_id), one)
    found = {}
    for met in asked:
        item, scopes = met.item, _scopes(met.item.url, met.item.source_id)
        itself = Known(met.content_id, item.content_hash, item.source_id, item.title, item.summary)
        before = next((seen[item.content_hash, one] for one in scopes if (item.content_hash, one) in seen), None)
        if before:
            found[item.key] = before
        _note(seen, item.content_hash, scopes, before or itself)
    return found


def _scopes(url: str | None, source_id: UUID | None) -> list[UUID | str]:
    """Within what a text is one content: its host, then its source."""
    return [scope for scope in (page_host(url) if url else None, source_id) if scope]


def _note(
    seen: dict[tuple[bytes, UUID | str], Known], text_hash: bytes, scopes: Sequence[UUID | str], known: Known
) -> None:
    for scope in scopes:
        seen.setdefault((text_hash, scope), known)


# --- what is known and says something else ------------------------------------------------------------------


async def _revise(session: AsyncSession, met: Sequence[_Met], now: datetime) -> dict[bytes, RevisedItem]:
    """By key of the item: the revisions among what is known. One content is revised once in a batch."""
    asked = {
        one.known.content_id: one.item
        for one in reversed(met)
        if one.known and judge(one.known, one.item.source_id, one.item.content_hash) is Verdict.REVISION
    }
    return await revisions.revise_contents(session, asked, now) if asked else {}


async def _refresh_summaries(session: AsyncSession, met: Sequence[_Met]) -> None:
    """Another summary of the same text is no revision, but it is the one to show."""
    changed = {
        one.known.content_id: (one.item.title, one.item.summary)
        for one in met
        if one.known
        and one.known.source_id == one.item.source_id
        and one.known.content_hash == one.item.content_hash
        and one.item.summary not in (None, "", one.known.summary)
    }
    if changed:
        await refresh_heads(session, changed)
