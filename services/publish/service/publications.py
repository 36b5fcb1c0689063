"""Drafting: create, edit, submit, read. Every edit is a new revision, and voids what was approved before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit, masking
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import PublicationKind, PublicationState, Role
from services.publish import domain, queries, quoting
from services.publish.corrections import checks
from services.publish.corrections.rules import Review, host_of
from services.publish.problems import (
    AiLabelMissing,
    ContentChanged,
    NotYourUnit,
    PublicationNotFound,
    QuotedTooLong,
    ScheduledInThePast,
    StateConflict,
    StillAutomatic,
    StoryNotFound,
)
from services.publish.resources import PublishResources
from services.publish.service import composing, correcting, links, marking, reminding

SEES = (Role.VIEWER, Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
QUOTE = quoting.MOST


async def create_publication(
    session: AsyncSession,
    fields: dict[str, Any],
    who: Principal,
    now: datetime,
    res: PublishResources,
    review: Review | None = None,
) -> m.Publication:
    """`review`: what it says of a claim, where it corrects one (corrections/service.py)."""
    unit_id = fields.pop("unit_id", None) or who.unit_id
    _require_editor(who, unit_id)
    return await draft_for(session, unit_id, fields, who, now, res, review)


async def draft_for(
    session: AsyncSession,
    unit_id: UUID,
    fields: dict[str, Any],
    who: Principal,
    now: datetime,
    res: PublishResources,
    review: Review | None = None,
) -> m.Publication:
    """A draft in a unit's name, by one of its editors, or by the city that hands it on (units/service.py)."""
    corrects_id, channel_ids = fields.get("corrects_id"), fields.pop("channel_ids")
    if corrects_id is not None:
        await correcting.require_correctable(session, corrects_id, unit_id)
        if review is None:
            await checks.require_off_chain(session, corrects_id)
    chosen = channel_ids or (await correcting.standing_channels(session, corrects_id) if corrects_id else [])
    channels = await composing.chosen_channels(session, chosen, unit_id, is_drill=fields.get("is_drill", False))
    media_ids = await composing.chosen_media(session, fields.pop("media_ids", []), unit_id)
    _require_label(fields)
    _require_future(fields.get("scheduled_at"), now)
    publication_id = new_id(now)
    publication = m.Publication(
        id=publication_id,
        unit_id=unit_id,
        slug=await _free_slug(session, fields["title"], publication_id),
        state=PublicationState.DRAFT,
        revision=1,
        content_hash=bytes(32),
        created_by=who.person_id,
        created_at=now,
        updated_at=now,
        **{"kind": PublicationKind.ANNOUNCEMENT, "affects_rights": False, "language": "vi", **fields},
    )
    if not channel_ids:
        channels = await correcting.postable(session, publication, channels, res, media_ids)
    fitted = await composing.compose(session, publication, channels, res, media_ids, review)
    publication.content_hash = composing.hash_of(publication, fitted)
    session.add(publication)
    await session.flush()
    await _record_revision(session, publication, fitted, media_ids, who, now, "publication.created")
    return publication


async def edit_publication(
    session: AsyncSession,
    publication_id: UUID,
    fields: dict[str, Any],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Publication:
    """A change of anything that is bound by an approval makes a new revision in draft."""
    publication = await require_locked(session, publication_id, who)
    _require_editor(who, publication.unit_id)
    seen_revision = fields.pop("revision", None)
    if seen_revision is not None and seen_revision != publication.revision:
        raise ContentChanged(f"Bạn sửa bản {seen_revision}, nhưng tin đang ở bản {publication.revision}.")
    sent = await queries.delivery_states(session, publication_id)
    if not domain.may_edit(PublicationState(publication.state), sent):
        raise StateConflict("Tin đã đăng không sửa được: hãy lập bản cải chính, hoặc rút tin.")
    ids = fields.pop("channel_ids", None)
    if ids is None:
        ids = [variant.channel_id for variant in await queries.variants_of(session, publication.id)]
    channels = await composing.chosen_channels(session, ids, publication.unit_id, is_drill=publication.is_drill)
    media_ids, shown = fields.pop("media_ids", None), list(await queries.media_shown(session, publication.id))
    if media_ids is None:
        media_ids = shown
    else:
        media_ids = await composing.chosen_media(session, media_ids, publication.unit_id, shown)
    _require_edit(publication, fields)
    if publication.is_drill and "title" in fields:
        fields["title"] = marking.marked(fields["title"])
    _require_future(fields.get("scheduled_at"), now)
    with session.no_autoflush:
        for name, value in fields.items():
            setattr(publication, name, value)
        fitted = await composing.compose(session, publication, channels, res, media_ids)
    return await _store_edit(session, publication, fitted, media_ids, who, now)


async def _store_edit(
    session: AsyncSession,
    publication: m.Publication,
    fitted: composing.Fitted,
    media_ids: Sequence[UUID],
    who: Principal,
    now: datetime,
) -> m.Publication:
    fresh_hash = composing.hash_of(publication, fitted)
    if fresh_hash == publication.content_hash:
        session.expire(publication)
        await session.refresh(publication)
        return publication
    publication.revision += 1
    publication.content_hash = fresh_hash
    publication.state = domain.moved(publication.state, PublicationState.DRAFT)
    publication.updated_at = now
    await queries.drop_deliveries(session, publication.id)
    await session.flush()
    await _record_revision(session, publication, fitted, media_ids, who, now, "publication.edited")
    return publication


async def submit_publication(
    session: AsyncSession, publication_id: UUID, who: Principal, now: datetime
) -> m.Publication:
    publication = await require_locked(session, publication_id, who)
    _require_editor(who, publication.unit_id)
    if publication.state != PublicationState.DRAFT:
        raise StateConflict("Chỉ gửi duyệt được bản nháp.")
    if domain.AUTO_DRAFT in publication.body:
        raise StillAutomatic("Hãy biên tập nội dung và xóa dòng đánh dấu bản nháp tự động.")
    if not await queries.variants_of(session, publication.id):
        raise StateConflict("Chưa chọn kênh nào để đăng.")
    await checks.require_evidence_shown(session, publication)
    await _require_short_quotations(session, publication)
    await links.require_living(session, publication)
    publication.state = domain.moved(publication.state, PublicationState.IN_REVIEW)
    publication.updated_at = now
    await reminding.ask_for_approval(session, publication, now)
    await _audit(session, publication, who, now, "publication.submitted")
    return publication


async def _require_short_quotations(session: AsyncSession, publication: m.Publication) -> None:
    """The press by title, at most 300 characters and the link, also in what an editor wrote."""
    if not quoting.may_be_too_long(publication.body):
        return
    hosts = {host_of(address) for address in await queries.press_addresses(session)}
    found = quoting.too_long(publication.body, publication.source_note, hosts)
    if found is not None:
        raise QuotedTooLong(
            f"Đã trích {found.length} ký tự từ {found.address} (cộng mọi đoạn trích dẫn bài này). Báo chí chỉ được"
            f" trích tên bài, tối đa {QUOTE} ký tự và đường dẫn: hãy rút ngắn, hoặc viết lại bằng lời của mình."
        )


async def draft_from_story(
    session: AsyncSession,
    story_id: UUID,
    channel_ids: list[UUID],
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Publication:
    """What is known and who reported it, quoted and linked; no sentence of it is made by a model."""
    story = await queries.get_story(session, story_id)
    if story is None:
        raise StoryNotFound(f"Không có câu chuyện {story_id}.")
    sources = await queries.story_sources(session, story_id)
    fields = {
        "title": story.title[:200],
        "summary": "",
        "body": story_body(sources, now),
        "story_id": story_id,
        "channel_ids": channel_ids,
        "source_note": "; ".join(dict.fromkeys(s["source"] for s in sources)) or None,
    }
    return await create_publication(session, fields, who, now, res)


def story_body(sources: list[dict[str, Any]], now: datetime) -> str:
    at = f"{now.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
    known = f"Đến {at}, {len(sources)} nguồn công khai đã đưa tin về việc này. Thành phố chưa xác nhận."
    lines = [f"- {_quote(s)}" for s in sources]
    return "\n".join([domain.AUTO_DRAFT, "", known, "", "## Các nguồn đã đưa tin", *lines])


def _quote(source: dict[str, Any]) -> str:
    """Title and at most 300 characters of the source's own summary, with its address."""
    said = masking.mask_personal_data(" ".join(f"{source['title']}. {source['summary'] or ''}".split()))
    short = said if len(said) <= QUOTE else said[: QUOTE - 1].rsplit(" ", 1)[0] + "…"
    return f"{source['source']} ({source['at'].astimezone(HANOI):%H:%M %d/%m/%Y}): “{short}” {source['url']}"


@dataclass(frozen=True)
class Preview:
    channel: m.Channel
    text: str
    link: str | None
    payload: dict[str, Any]
    notes: tuple[str, ...]


async def preview_publication(
    session: AsyncSession, publication_id: UUID, who: Principal, res: PublishResources
) -> tuple[m.Publication, list[Preview]]:
    """Exactly what each channel will be sent; once deliveries exist, what they hold."""
    publication = await require_visible(session, publication_id, who)
    channels, fitted = await recomposed(session, publication, res)
    held = {d.channel_id: d.handle.get("payload") for d in await queries.deliveries_of(session, publication_id)}
    made = fitted.variants.items()
    previews = [Preview(channels[c], f.text, f.link, held.get(c) or f.payload, f.notes) for c, f in made]
    return publication, previews


async def recomposed(
    session: AsyncSession, publication: m.Publication, res: PublishResources
) -> tuple[dict[UUID, m.Channel], composing.Fitted]:
    ids = [variant.channel_id for variant in await queries.variants_of(session, publication.id)]
    channels = await queries.channels_by_id(session, ids)
    return channels, await composing.compose(session, publication, channels, res)


@dataclass(frozen=True)
class Detail:
    publication: m.Publication
    variants: Any
    approvals: Any
    deliveries: Any
    engagement: Any


async def read_publication(session: AsyncSession, publication_id: UUID, who: Principal) -> Detail:
    publication = await require_visible(session, publication_id, who)
    return Detail(
        publication,
        await queries.variants_of(session, publication_id),
        await queries.approvals_of(session, publication),
        await queries.deliveries_of(session, publication_id),
        await queries.latest_engagement(session, publication_id),
    )


async def ask_for_figures(session: AsyncSession, publication_id: UUID, who: Principal, now: datetime) -> int:
    """Somebody wants the figures now, and not at the next regular reading."""
    publication = await require_visible(session, publication_id, who)
    _require_editor(who, publication.unit_id)
    return await queries.ask_for_figures(session, publication_id, now)


async def require_visible(session: AsyncSession, publication_id: UUID, who: Principal) -> m.Publication:
    """One's own unit's, or what is public; a draft of another unit is not there."""
    return _visible(await queries.get_publication(session, publication_id), publication_id, who)


async def require_locked(session: AsyncSession, publication_id: UUID, who: Principal) -> m.Publication:
    return _visible(await queries.lock_publication(session, publication_id), publication_id, who)


def _visible(publication: m.Publication | None, publication_id: UUID, who: Principal) -> m.Publication:
    absent = PublicationNotFound(f"Không có tin {publication_id} trong đơn vị của bạn.")
    if publication is None:
        raise absent
    if publication.unit_id in who.units(*SEES) or publication.state in queries.PUBLIC_STATES:
        return publication
    if publication.is_urgent and publication.state != PublicationState.DRAFT and who.has(Role.SPOKESPERSON):
        return publication  # spokespersons on duty in other units approve it
    raise absent


def _require_editor(who: Principal, unit_id: UUID) -> None:
    if not who.has_within(unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên của đơn vị được soạn và sửa tin của đơn vị.")


def _require_label(fields: Mapping[str, Any]) -> None:
    """What a model wrote or drew says so (Law 134/2025)."""
    if fields.get("is_ai_made") and not fields.get("ai_label"):
        raise AiLabelMissing("Hãy ghi nhãn, ví dụ: “Nội dung có sử dụng trí tuệ nhân tạo”.")


def _require_edit(publication: m.Publication, fields: Mapping[str, Any]) -> None:
    if publication.is_urgent and fields.get("is_urgent") is False:
        raise StateConflict("Tin đã đánh dấu khẩn thì giữ dấu khẩn.")
    _require_label({name: fields.get(name, getattr(publication, name)) for name in ("is_ai_made", "ai_label")})


def _require_future(at: datetime | None, now: datetime) -> None:
    if at is not None and at <= now:
        told = f"{at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
        raise ScheduledInThePast(f"Giờ đăng {told} đã qua; hãy chọn giờ khác, hoặc bỏ trống để đăng ngay khi duyệt.")


async def _free_slug(session: AsyncSession, title: str, publication_id: UUID) -> str:
    slug = domain.slugify(title)
    return f"{slug}-{publication_id.hex[-8:]}" if await queries.is_slug_taken(session, slug) else slug


async def _record_revision(
    session: AsyncSession,
    publication: m.Publication,
    fitted: composing.Fitted,
    media_ids: Sequence[UUID],
    who: Principal,
    now: datetime,
    action: str,
) -> None:
    await queries.replace_media(session, publication.id, media_ids)
    await composing.store_variants(session, publication, fitted, now)
    session.add(
        m.PublicationRevision(
            id=new_id(now),
            publication_id=publication.id,
            revision=publication.revision,
            content_hash=publication.content_hash,
            edited_by=who.person_id,
            edited_at=now,
        )
    )
    await _audit(session, publication, who, now, action)


async def _audit(session: AsyncSession, publication: m.Publication, who: Principal, now: datetime, action: str) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="publication",
        object_id=publication.id,
        now=now,
        facts={"revision": publication.revision, "content_hash": publication.content_hash.hex()},
    )
