"""A unit's words for what is asked often: every change is a version, and a reply says of which it was made."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.errors import Forbidden
from libs.common.ids import new_id
from services.publish.conversation import inbox_queries, queries, rules
from services.publish.conversation import problems as wrong
from services.publish.conversation.queries import ANSWERS


@dataclass(frozen=True)
class MadeWords:
    body: str
    template_id: UUID | None = None
    version: int | None = None


async def write_template(
    session: AsyncSession, unit_id: UUID, name: str, body: str, who: Principal, now: datetime
) -> m.ReplyTemplate:
    if not who.has_within(unit_id, *ANSWERS):
        raise Forbidden("Chỉ cán bộ tiếp nhận hoặc người phát ngôn của đơn vị viết mẫu trả lời.")
    template = m.ReplyTemplate(
        id=new_id(now), unit_id=unit_id, name=name, version=1, created_by=who.person_id, created_at=now
    )
    try:
        async with session.begin_nested():
            session.add(template)
    except IntegrityError as error:
        if "uq_reply_templates_unit_id_name" not in str(error.orig):
            raise
        raise wrong.TemplateExists("Hãy sửa mẫu đã có: mỗi lần sửa là một phiên bản mới.") from None
    session.add(_version(template, body, who, now))
    await session.flush()
    return template


async def change_template(
    session: AsyncSession, template_id: UUID, body: str, who: Principal, now: datetime
) -> m.ReplyTemplate:
    template = await _require(session, template_id, who)
    template.version += 1
    session.add(_version(template, body, who, now))
    await session.flush()
    return template


async def retire_template(session: AsyncSession, template_id: UUID, who: Principal, now: datetime) -> None:
    (await _require(session, template_id, who)).retired_at = now


def _version(template: m.ReplyTemplate, body: str, who: Principal, now: datetime) -> m.ReplyTemplateVersion:
    return m.ReplyTemplateVersion(
        template_id=template.id, version=template.version, body=body, written_by=who.person_id, written_at=now
    )


async def _require(session: AsyncSession, template_id: UUID, who: Principal) -> m.ReplyTemplate:
    template = await queries.lock_template(session, template_id)
    if template is None or template.retired_at is not None or template.unit_id not in who.units(*ANSWERS):
        raise wrong.TemplateNotFound(f"Đơn vị của bạn không có mẫu {template_id} đang dùng.")
    return template


async def words(
    session: AsyncSession,
    comment: m.Comment,
    body: str | None,
    template_id: UUID | None,
    values: dict[str, str],
    who: Principal,
) -> MadeWords:
    """What will be said under this comment. Raises TemplateUnfilled, and ReplyTooLong."""
    if (body is None) == (template_id is None):
        raise wrong.TemplateUnfilled("Gửi hoặc nội dung (body), hoặc một mẫu (template_id), không cả hai.")
    if body is not None:
        return MadeWords(body)
    assert template_id is not None
    template = await _require(session, template_id, who)
    written = await session.get_one(m.ReplyTemplateVersion, (template.id, template.version))
    try:
        made = rules.fill(written.body, {**values, **await _known(session, comment)}).strip()
    except rules.Unfilled as unfilled:
        raise wrong.TemplateUnfilled(f"Còn thiếu: {', '.join(unfilled.names)}.") from None
    if len(made) > rules.MOST_REPLY:
        raise wrong.ReplyTooLong(f"Dài {len(made)} ký tự, nhiều nhất {rules.MOST_REPLY}.")
    return MadeWords(made, template.id, template.version)


async def _known(session: AsyncSession, comment: m.Comment) -> dict[str, str]:
    """What is known of the comment without asking; what is not known is left to the officer's own values."""
    query = (
        select(m.OrganizationUnit.name, m.Channel.name, m.Publication.title)
        .select_from(m.Comment)
        .join(m.Channel, m.Channel.id == m.Comment.channel_id)
        .join(m.OrganizationUnit, m.OrganizationUnit.id == m.Channel.unit_id)
        .outerjoin(m.Delivery, m.Delivery.id == m.Comment.delivery_id)
        .outerjoin(m.Publication, m.Publication.id == m.Delivery.publication_id)
        .where(m.Comment.id == comment.id)
    )
    unit, channel, title = (await session.execute(query)).one()
    known = {"don_vi": unit, "kenh": channel} | ({"tieu_de_tin": title} if title else {})
    case = (await inbox_queries.cases_of(session, [comment.id])).get(comment.id)
    return {**known, "ma_phan_anh": case.reference} if case is not None and case.reference else known
