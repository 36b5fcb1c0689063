"""Kits: what one partner may spread of one publication, behind a token that only its hash is kept of.

The words come from the page as it was approved; clicks are counted in total by day, like those of every short link.
"""

import hashlib
import re
import secrets
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
from libs.common.models.partners import PartnerState, SelectionState
from services.publish import media_queries
from services.publish.adapters.by_hand import is_on
from services.publish.bulletin import Entry
from services.publish.media_problems import ShortLinkTaken
from services.publish.partners import problems as wrong
from services.publish.partners import queries, rules
from services.publish.partners.rules import KitView
from services.publish.press import entries_where
from services.publish.problems import NotYourUnit, PublicationNotFound
from services.publish.service import links
from services.publish.service.publications import SEES

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 bits in base64url."""
RELEASED = frozenset(
    {
        PublicationState.APPROVED,
        PublicationState.SCHEDULED,
        PublicationState.PUBLISHING,
        PublicationState.PUBLISHED,
        PublicationState.PARTLY_PUBLISHED,
    }
)
STAFF = (Role.EDITOR, Role.SPOKESPERSON)


def hash_of(token: str) -> bytes:
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"lantoa-kit").digest()


@dataclass(frozen=True)
class Kit:
    """A kit as staff see it."""

    kit: m.PartnerKit
    partner: m.Partner
    code: str
    posts: Sequence[m.KitPost]
    days: Sequence[m.LinkClicks]


@dataclass(frozen=True)
class Opened:
    """A kit as its partner sees it: `entry` only where it may be shown."""

    view: KitView
    kit: m.PartnerKit
    opens_at: datetime | None
    entry: Entry | None
    code: str
    posts: Sequence[m.KitPost]


# --- staff -------------------------------------------------------------------------------------------


async def give_kit(
    session: AsyncSession, publication_id: UUID, fields: dict[str, Any], who: Principal, now: datetime
) -> tuple[Kit, str]:
    """The kit, and its token: told this once."""
    publication = await _publication(session, publication_id, who)
    partner = await _partner(session, fields["partner_id"], publication.unit_id)
    opens_at = fields["embargo_until"]
    expires_at = fields["expires_at"] or max(now, opens_at or now) + rules.KIT_FOR
    if expires_at <= max(now, opens_at or now):
        raise wrong.KitTimes("Bộ tin phải hết hạn sau lúc được mở.")
    token = secrets.token_urlsafe(32)
    kit = m.PartnerKit(
        id=new_id(now),
        publication_id=publication.id,
        partner_id=partner.id,
        token_hash=hash_of(token),
        embargo_until=opens_at,
        expires_at=expires_at,
        created_by=who.person_id,
        created_at=now,
    )
    session.add(kit)
    await session.flush()
    code = await _store_link(session, publication, kit, partner, now)
    await _audit(session, kit, who.person_id, now, "partner-kit.given")
    return Kit(kit, partner, code, (), ()), token


async def _publication(session: AsyncSession, publication_id: UUID, who: Principal) -> m.Publication:
    found = await queries.publication_with_page(session, publication_id)
    if found is None or found[0].unit_id not in who.units(*SEES):
        raise PublicationNotFound(f"Không có tin {publication_id} trong đơn vị của bạn.")
    publication, has_page = found
    if not who.has_within(publication.unit_id, *STAFF):
        raise NotYourUnit("Chỉ biên tập viên hoặc người phát ngôn của đơn vị được lập bộ tin.")
    if publication.state not in RELEASED:
        raise wrong.NotForKits("Tin chưa được duyệt, hoặc đã được cải chính, rút hay hủy.")
    if not has_page:
        raise wrong.NotForKits("Tin không có trang trên bản tin để dẫn về; hãy thêm kênh bản tin.")
    return publication


async def _partner(session: AsyncSession, partner_id: UUID, unit_id: UUID) -> m.Partner:
    found = await queries.partner_with_selection(session, partner_id)
    if found is None or found[1].unit_id != unit_id:
        raise wrong.PartnerNotFound(f"Không có đối tác {partner_id} của đơn vị.")
    if found[0].state != PartnerState.SELECTED or found[1].state != SelectionState.DECIDED:
        raise wrong.NotForKits("Chỉ đối tác trong danh sách đã chốt mới nhận bộ tin.")
    return found[0]


async def _store_link(
    session: AsyncSession, publication: m.Publication, kit: m.PartnerKit, partner: m.Partner, now: datetime
) -> str:
    code = links.code_of(publication.id, kit.id)
    campaign = await media_queries.campaign_title(session, publication.campaign_id)
    values = {
        "code": code,
        "publication_id": publication.id,
        "kit_id": kit.id,
        "target": links.target_path(publication.slug, partner.platform, campaign, is_of_a_kit=True),
        "created_at": now,
    }
    if not await queries.store_kit_link(session, values):
        raise ShortLinkTaken(f"Mã {code} trùng với liên kết khác; hãy lập lại bộ tin này.")
    return code


async def list_kits(session: AsyncSession, publication_id: UUID, who: Principal) -> list[Kit]:
    publication = await session.get(m.Publication, publication_id)
    if publication is None or publication.unit_id not in who.units(*SEES):
        raise PublicationNotFound(f"Không có tin {publication_id} trong đơn vị của bạn.")
    rows = await queries.kits_of(session, publication_id)
    posts = await queries.posts_of(session, [kit.id for kit, _, _ in rows])
    clicks = await media_queries.clicks_of(session, [code for _, _, code in rows])
    return [
        Kit(
            kit,
            partner,
            code,
            [each for each in posts if each.kit_id == kit.id],
            [each for each in clicks if each.code == code],
        )
        for kit, partner, code in rows
    ]


async def revoke_kit(session: AsyncSession, kit_id: UUID, who: Principal, now: datetime) -> None:
    """At once: whoever shows the token from now on is told that it is gone. Once revoked it stays so."""
    kit = await queries.lock_kit(session, kit_id)
    publication = await session.get(m.Publication, kit.publication_id) if kit is not None else None
    if kit is None or publication is None or publication.unit_id not in who.units(*SEES):
        raise wrong.KitNotFound(f"Không có bộ tin {kit_id} trong đơn vị của bạn.")
    if not who.has_within(publication.unit_id, *STAFF, Role.ADMIN):
        raise NotYourUnit("Chỉ biên tập viên, người phát ngôn hoặc quản trị viên của đơn vị được thu hồi bộ tin.")
    if kit.revoked_at is None:
        kit.revoked_at = now
        await session.flush()
        await _audit(session, kit, who.person_id, now, "partner-kit.revoked")


# --- whoever shows the token -------------------------------------------------------------------------


async def open_kit(session: AsyncSession, token: str, now: datetime, *, lock: bool = False) -> Opened | None:
    """None where there is no such token."""
    kit = await queries.kit_by_hash(session, hash_of(token), lock=lock) if TOKEN.fullmatch(token) else None
    if kit is None:
        return None
    publication = await session.get(m.Publication, kit.publication_id)
    assert publication is not None
    entries = await entries_where(session, m.Publication.id == kit.publication_id)
    entry = entries[0] if entries else None
    times = [at for at in (kit.embargo_until, publication.scheduled_at if entry is None else None) if at is not None]
    view = rules.kit_view(
        is_revoked=kit.revoked_at is not None,
        expires_at=kit.expires_at,
        opens_at=kit.embargo_until,
        is_on_page=entry is not None,
        is_withdrawn=publication.state in (PublicationState.WITHDRAWN, PublicationState.KILLED),
        is_corrected=entry is not None and entry.is_followed,
        now=now,
    )
    shown = entry if view in (KitView.OPEN, KitView.CORRECTED) else None
    posts = await queries.posts_of(session, [kit.id]) if shown else []
    return Opened(view, kit, max(times, default=None), shown, await queries.kit_code(session, kit.id), posts)


async def acknowledge(session: AsyncSession, opened: Opened, now: datetime) -> None:
    """The first time counts; of whoever pressed the button nothing is kept."""
    if opened.kit.acknowledged_at is None:
        opened.kit.acknowledged_at = now
        await session.flush()
        await _audit(session, opened.kit, None, now, "partner-kit.acknowledged")


async def report_post(session: AsyncSession, opened: Opened, url: str, now: datetime) -> str | None:
    """Why the address is not taken, in Vietnamese; None where it was. Nothing ever asks that address."""
    partner = await session.get(m.Partner, opened.kit.partner_id)
    assert partner is not None
    url = url.strip()
    if not rules.is_public_address(url) or rules.is_personal(url):
        return "Cần địa chỉ https công khai của bài đăng trên trang hoặc nhóm, không kèm mật khẩu hay cổng."
    if not is_on(partner.url, url):
        return f"Địa chỉ phải ở cùng trang với {partner.url}."
    if len(opened.posts) >= rules.MOST_POSTS:
        return f"Đã báo đủ {rules.MOST_POSTS} bài cho bộ tin này."
    values = {"id": new_id(now), "kit_id": opened.kit.id, "url": rules.without_followers(url), "reported_at": now}
    await queries.add_post(session, values)
    await _audit(session, opened.kit, None, now, "partner-kit.posted")
    return None


async def _audit(session: AsyncSession, kit: m.PartnerKit, by: UUID | None, now: datetime, action: str) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=by,
        object_type="partner_kit",
        object_id=kit.id,
        now=now,
        facts={"publication_id": str(kit.publication_id), "partner_id": str(kit.partner_id)},
    )
