"""The media library: taken in clean, described, labelled where a model made it, and never shown by another unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models.enums import PublicationState, Role
from services.publish import adapters, fitting, media_queries, queries
from services.publish.adapters.base import Account, Channel, Medium, NotPostable, Reason
from services.publish.adapters.retired import PLATFORMS as RETIRED
from services.publish.cleaning import Kept, KeptFile
from services.publish.media_problems import MediumFileNotFound
from services.publish.problems import AiLabelMissing, ChannelNotFound, MediumNotFound, NotYourUnit
from services.publish.resources import PublishResources
from services.publish.service.publications import SEES

P = PublicationState
NOBODY = UUID(int=0)
SAVE_AGAIN = "Nội dung gửi lên kênh đã đổi: hãy lưu lại bản nháp rồi gửi duyệt lại."
AS_APPROVED = "Vẫn đăng đúng bản đã duyệt, với mô tả cũ; muốn đăng mô tả mới thì sửa tin và gửi duyệt lại."
AS_SENT = "Bài đã đăng giữ mô tả cũ."
EFFECTS = {
    P.DRAFT: SAVE_AGAIN,
    P.IN_REVIEW: SAVE_AGAIN,
    P.APPROVED: AS_APPROVED,
    P.SCHEDULED: AS_APPROVED,
    P.PUBLISHING: AS_SENT,
    P.PUBLISHED: AS_SENT,
    P.PARTLY_PUBLISHED: AS_SENT,
    P.FAILED: AS_APPROVED,
    P.CORRECTED: AS_SENT,
}
"""What a change of the words of a medium means for a publication that shows it."""


def require_uploader(who: Principal, unit_id: UUID | None) -> UUID:
    """The unit whose library it goes to; asked before the file is looked at."""
    wanted = unit_id or who.unit_id
    if not who.has_within(wanted, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên của đơn vị được thêm ảnh và video vào thư viện của đơn vị.")
    return wanted


async def add_medium(
    session: AsyncSession, kept: Kept, words: dict[str, Any], who: Principal, now: datetime
) -> tuple[m.Medium, bool]:
    """The medium, and whether it is new: the same picture twice in a unit is one medium."""
    unit_id = require_uploader(who, words.pop("unit_id", None))
    words["is_ai_made"] = bool(words["is_ai_made"] or words.get("ai_label") or kept.is_ai_made)
    sha256 = bytes.fromhex(kept.files[0].stored.sha256)
    known = await media_queries.medium_of(session, unit_id, sha256)
    if known is None:
        _require_label(words["is_ai_made"], words.get("ai_label"), found=kept.is_ai_made)
        made = _row(kept, words, unit_id, who, now)
        if await media_queries.add_medium(session, made, [_file_row(file) for file in kept.files]):
            medium = await require_medium(session, made["id"], who)
            await _audit(session, medium, who, now, "medium.added")
            return medium, True
        known = await media_queries.medium_of(session, unit_id, sha256)
        assert known is not None
    return await _found_again(session, known, kept, words, who, now), False


async def _found_again(
    session: AsyncSession, known: m.Medium, kept: Kept, words: dict[str, Any], who: Principal, now: datetime
) -> m.Medium:
    """Back in the library if it was put away, and marked if now we are told that a model made it."""
    if words["is_ai_made"] and not known.is_ai_made:
        _require_label(True, words.get("ai_label"), found=kept.is_ai_made)
        known.is_ai_made, known.ai_label = True, words["ai_label"]
        await _audit(session, known, who, now, "medium.changed")
    if known.archived_at is not None:
        known.archived_at = None
        await _audit(session, known, who, now, "medium.restored")
    return known


def _row(kept: Kept, words: dict[str, Any], unit_id: UUID, who: Principal, now: datetime) -> dict[str, Any]:
    original = kept.files[0].stored
    return {
        "id": new_id(now),
        "unit_id": unit_id,
        "sha256": bytes.fromhex(original.sha256),
        "mime": kept.mime,
        "size": original.size,
        "width": kept.width,
        "height": kept.height,
        "duration_ms": kept.duration_ms,
        "created_by": who.person_id,
        "created_at": now,
        **words,
    }


def _file_row(file: KeptFile) -> dict[str, Any]:
    return {
        "role": file.role,
        "sha256": bytes.fromhex(file.stored.sha256),
        "key": file.stored.key,
        "mime": file.mime,
        "size": file.stored.size,
        "width": file.width,
        "height": file.height,
    }


async def change_medium(
    session: AsyncSession, medium_id: UUID, changes: dict[str, Any], who: Principal, now: datetime
) -> m.Medium:
    medium = await _require_own(session, medium_id, who)
    if changes.get("ai_label"):
        changes["is_ai_made"] = True
    if medium.is_ai_made and changes.get("is_ai_made") is False:
        raise AiLabelMissing("Ảnh hay video đã ghi là do AI tạo thì giữ dấu đó.")
    _require_label(changes.get("is_ai_made", medium.is_ai_made), changes.get("ai_label", medium.ai_label), found=False)
    for name, value in changes.items():
        setattr(medium, name, value)
    await session.flush()
    await _audit(session, medium, who, now, "medium.changed")
    return medium


async def archive_medium(session: AsyncSession, medium_id: UUID, who: Principal, now: datetime) -> m.Medium:
    """Out of the library: what shows it keeps it, nothing new does."""
    medium = await _require_own(session, medium_id, who)
    if medium.archived_at is None:
        medium.archived_at = now
        await session.flush()
        await _audit(session, medium, who, now, "medium.archived")
    return medium


async def require_medium(session: AsyncSession, medium_id: UUID, who: Principal, *, lock: bool = False) -> m.Medium:
    """One's own unit's: that another unit has a picture is nobody's business."""
    medium = await media_queries.get_medium(session, medium_id, lock=lock)
    if medium is None or medium.unit_id not in who.units(*SEES):
        raise MediumNotFound(f"Không có ảnh hay video {medium_id} trong thư viện của đơn vị bạn.")
    return medium


async def _require_own(session: AsyncSession, medium_id: UUID, who: Principal) -> m.Medium:
    medium = await require_medium(session, medium_id, who, lock=True)
    if not who.has_within(medium.unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên của đơn vị được sửa thư viện của đơn vị.")
    return medium


def _require_label(is_ai_made: bool, label: str | None, *, found: bool) -> None:
    if not is_ai_made or label:
        return
    why = "Tệp mang dấu do AI tạo (IPTC/C2PA). " if found else ""
    raise AiLabelMissing(f"{why}Hãy gửi kèm ai_label, ví dụ: “Ảnh do trí tuệ nhân tạo tạo ra”.")


async def require_file(session: AsyncSession, medium_id: UUID, role: str, who: Principal) -> m.MediaFile:
    await require_medium(session, medium_id, who)
    file = await media_queries.get_file(session, medium_id, role)
    if file is None:
        raise MediumFileNotFound(f"Không có tệp “{role[:20]}”; các vai có thể có: original, large, small.")
    return file


@dataclass(frozen=True)
class Use:
    publication_id: UUID
    title: str
    state: str
    effect: str


async def uses_of(session: AsyncSession, medium_id: UUID) -> list[Use]:
    """Where it is shown, and what a change of its words means there; not where that is over."""
    rows = await media_queries.uses_of(session, medium_id)
    return [Use(id_, title, state, EFFECTS[P(state)]) for id_, title, state in rows if P(state) in EFFECTS]


# --- which channels take it --------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """`file`: the one the channel would be given; `reason`: why it takes none, with the way out."""

    kind: str
    name: str
    channel_id: UUID | None
    file: m.MediaFile | None
    reason: str | None


async def fit_medium(
    session: AsyncSession, medium_id: UUID, channel_ids: Sequence[UUID], who: Principal, res: PublishResources
) -> list[Fit]:
    """For these channels, or for every kind there is."""
    await require_medium(session, medium_id, who)
    [medium] = await queries.media_files(session, [medium_id])
    files = {file.sha256.hex(): file for file in (await media_queries.files_of(session, [medium_id]))[medium_id]}
    if channel_ids:
        opened = await _opened(session, channel_ids, res)
    else:
        opened = [(kind, None, _plain(kind, res)) for kind in adapters.CHANNELS.names() if kind not in RETIRED]
    return [_fit(medium, files, *each) for each in opened]


async def _opened(
    session: AsyncSession, channel_ids: Sequence[UUID], res: PublishResources
) -> list[tuple[str, m.Channel | None, Channel]]:
    found = await queries.channels_by_id(session, channel_ids)
    for id_ in channel_ids:
        if id_ not in found:
            raise ChannelNotFound(f"Không có kênh {id_}.")
    return [(found[id_].kind, found[id_], res.open(found[id_])) for id_ in channel_ids]


def _plain(kind: str, res: PublishResources) -> Channel:
    """As documented, for an account of nobody."""
    channel = adapters.CHANNELS.get(kind)
    settings = dict.fromkeys(channel.needs_settings, "https://platform.invalid")
    return channel(Account(NOBODY, settings), res.tools)


def _fit(medium: Medium, files: dict[str, m.MediaFile], kind: str, known: m.Channel | None, channel: Channel) -> Fit:
    name, id_ = (known.name, known.id) if known else (channel.name_vi, None)
    try:
        [chosen] = fitting.choose_media([medium], channel.capabilities().media)
    except NotPostable as refused:
        return Fit(kind, name, id_, None, _sentence(name, refused.reason))
    return Fit(kind, name, id_, files[chosen["sha256"]], None)


def _sentence(name: str, reason: Reason) -> str:
    return f"{name} {reason.vi}."


async def _audit(session: AsyncSession, medium: m.Medium, who: Principal, now: datetime, action: str) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="medium",
        object_id=medium.id,
        now=now,
        facts={"sha256": medium.sha256.hex(), "mime": medium.mime, "is_ai_made": medium.is_ai_made},
    )
