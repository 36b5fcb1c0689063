"""Short links of our own domain, and addresses in a text that lead nowhere.

A short link is fixed by its publication and channel, so that composing stays pure. Clicks are counted in total by day:
nothing about who followed a link is looked at, kept or logged.
"""

import asyncio
import hashlib
import re
import socket
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.http import FetchError, FetchLimits, PublicFetcher
from libs.common.ids import new_id
from libs.common.models.enums import Role, TaskState
from libs.common.notifications import add_notification
from libs.common.web import Site
from services.publish import domain, markup, media_queries, queries
from services.publish.adapters.base import Composed
from services.publish.media_problems import DeadLinks, ShortLinkTaken
from services.publish.problems import NotYourUnit

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: nothing that is read for something else when somebody copies it from a poster."""
LENGTH = 9
BOT = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|preview|facebookexternalhit|facebookcatalog|whatsapp|telegram|mastodon|pleroma|cardyb|"
    r"embed|scan|monitor|curl|wget|python|okhttp|go-http|java/|libwww|headless|lighthouse",
    re.IGNORECASE,
)
CLICKS = (
    "Số lần liên kết ngắn được mở theo máy chủ của bản tin; không tính máy tìm kiếm, máy xem trước và tải trước. "
    "Không lưu gì về người mở."
)
GONE = (404, 410)
MOST_LINKS = 50
LIMITS = FetchLimits(deadline_s=8.0, connect_s=4.0)
AT_ONCE = 8
NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


# --- short links: pure -------------------------------------------------------------------------------


def code_of(publication_id: UUID, carrier_id: UUID) -> str:
    """45 bits of a hash of both; what carries it is a channel, or a partner's kit."""
    digest = hashlib.blake2b(publication_id.bytes + carrier_id.bytes, digest_size=8, person=b"lantoa-link").digest()
    number = int.from_bytes(digest)
    return "".join(ALPHABET[(number >> (5 * at)) & 31] for at in range(LENGTH))


def link_for(site: Site, publication: m.Publication, channel: m.Channel) -> str:
    """What a channel carries of the page on the bulletin; `settings.links: "full"` keeps the page's own address."""
    if channel.kind == "own_site" or channel.settings.get("links") == "full":
        return site.url(f"/tin/{publication.slug}")
    return site.url(f"/l/{code_of(publication.id, channel.id)}")


def target_path(slug: str, kind: str, campaign: str | None, is_of_a_kit: bool = False) -> str:
    """Where it leads, on our own origin."""
    medium = "partner" if is_of_a_kit else "social"
    marks = {"utm_source": kind, "utm_medium": medium, "utm_campaign": domain.slugify(campaign) if campaign else slug}
    return f"/tin/{slug}?{urlencode(marks)}"


def is_reader(headers: Mapping[str, str]) -> bool:
    """Somebody who follows a link; not a machine that looks for itself or ahead of somebody."""
    ahead = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")).lower()
    agent = headers.get("user-agent", "")
    return bool(agent) and not BOT.search(agent) and "prefetch" not in ahead and "preview" not in ahead


def addresses_in(publication: m.Publication) -> list[str]:
    """The addresses that readers of the text are led to, each once."""
    text = "\n".join((publication.summary, publication.body, publication.source_note or ""))
    return list(dict.fromkeys(found.group() for found in markup.ADDRESS.finditer(text)))[:MOST_LINKS]


# --- short links: kept -------------------------------------------------------------------------------


async def store_links(
    session: AsyncSession,
    publication: m.Publication,
    variants: Mapping[UUID, Composed],
    channels: Mapping[UUID, m.Channel],
    now: datetime,
) -> None:
    """For each channel whose variant carries one."""
    campaign = await media_queries.campaign_title(session, publication.campaign_id)
    for channel_id, composed in variants.items():
        code = code_of(publication.id, channel_id)
        if not (composed.link or "").endswith(f"/l/{code}"):
            continue
        values = {
            "code": code,
            "publication_id": publication.id,
            "channel_id": channel_id,
            "target": target_path(publication.slug, channels[channel_id].kind, campaign),
            "created_at": now,
        }
        if not await media_queries.store_link(session, values):
            told = f"Mã {code} của kênh “{channels[channel_id].name}” trùng với tin khác; hãy lập lại bản nháp này."
            raise ShortLinkTaken(told)


async def follow(session: AsyncSession, code: str, now: datetime, *, counts: bool) -> str | None:
    """Where a code leads (a path of ours), counted where a reader follows it."""
    found = await media_queries.leads_to(session, code)
    if found is None:
        return None
    if counts:
        await media_queries.count_click(session, code, now.astimezone(HANOI).date())
    return target_path(*found)


async def targets_of(session: AsyncSession, publication_ids: Sequence[UUID]) -> list[tuple[str, str]]:
    """Every code of these publications, and where it leads now."""
    codes = await media_queries.codes_of(session, publication_ids)
    found = [(code, await media_queries.leads_to(session, code)) for code in codes]
    return [(code, target_path(*parts)) for code, parts in found if parts is not None]


@dataclass(frozen=True)
class ChannelLink:
    """`target`: where it leads now, a path of ours."""

    link: m.ShortLink
    channel: m.Channel
    target: str
    days: Sequence[m.LinkClicks]


async def links_of(session: AsyncSession, publication: m.Publication) -> list[ChannelLink]:
    rows = await media_queries.links_of(session, publication.id)
    clicks = await media_queries.clicks_of(session, [link.code for link, _ in rows])
    campaign = await media_queries.campaign_title(session, publication.campaign_id)
    return [
        ChannelLink(
            link,
            channel,
            target_path(publication.slug, channel.kind, campaign),
            [each for each in clicks if each.code == link.code],
        )
        for link, channel in rows
    ]


# --- addresses that lead nowhere ---------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """`state`: alive, dead (certainly nothing there) or unclear (whoever did not answer may answer a reader)."""

    url: str
    state: str
    status: int | None = None
    reason: str | None = None


def require_editor(publication: m.Publication, who: Principal) -> None:
    if not who.has_within(publication.unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên của đơn vị được kiểm tra liên kết trong tin của đơn vị.")


def fetcher(origin: str, *, replay: bool) -> PublicFetcher:
    """Asks what strangers wrote into a text: never an address of our own network."""
    return PublicFetcher(user_agent=f"LanToa/1 (+{origin})", limits=LIMITS, allow_loopback=replay)


async def check(urls: Sequence[str], fetcher: PublicFetcher) -> list[Checked]:
    """Ask each address, outside of any transaction; the beginning of an answer is enough."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(url: str) -> Checked:
        async with turn:
            return await _check(url, fetcher)

    return list(await asyncio.gather(*(one(url) for url in urls)))


async def _check(url: str, fetcher: PublicFetcher) -> Checked:
    """By GET: many servers answer HEAD with what is not so."""
    try:
        answer = await fetcher.fetch(url, max_bytes=1, truncate=True)
    except FetchError as error:
        cause = error.__cause__
        is_gone = isinstance(cause, socket.gaierror) and cause.errno in NO_SUCH_NAME
        return Checked(url, "dead" if is_gone else "unclear", reason=error.vi)
    if answer.status in GONE:
        return Checked(url, "dead", answer.status, f"Máy chủ trả lời {answer.status}: trang không còn.")
    if answer.ok:
        return Checked(url, "alive", answer.status)
    return Checked(url, "unclear", answer.status, f"Máy chủ trả lời {answer.status}; hãy tự mở thử.")


async def record_check(
    session: AsyncSession, publication: m.Publication, checked: Iterable[Checked], who: Principal, now: datetime
) -> None:
    """A dead address is a task of the unit, open until it is alive again, out of the text, or looked at by a person."""
    found = {one.url: one.state for one in checked}
    known = await media_queries.dead_links(session, publication.id)
    await _open_tasks(session, publication, found, known, now)
    settled = [task for url, task in known.items() if found.get(url, "alive") == "alive"]
    await media_queries.settle_tasks(session, settled, who.person_id, now)
    await audit.append(
        session,
        service="publish",
        action="publication.links-checked",
        actor_id=who.person_id,
        object_type="publication",
        object_id=publication.id,
        now=now,
        facts={state: sum(one == state for one in found.values()) for state in ("alive", "dead", "unclear")},
    )


async def record_look(session: AsyncSession, publication_id: UUID, checked: Iterable[Checked], now: datetime) -> None:
    """What we found by ourselves: the unit's editors are told of each dead address, once."""
    publication = await queries.lock_publication(session, publication_id)
    found = {one.url: one.state for one in checked}
    if publication is None or "dead" not in found.values():
        return
    known = await media_queries.dead_links(session, publication_id, and_settled=True)
    for task in await _open_tasks(session, publication, found, known, now):
        await add_notification(session, _told(publication, task, now))


async def _open_tasks(
    session: AsyncSession, publication: m.Publication, found: Mapping[str, str], known: Container[str], now: datetime
) -> list[dict[str, object]]:
    fresh = [url for url, state in found.items() if state == "dead" and url not in known]
    tasks = [_task(publication, url, now) for url in fresh]
    await media_queries.add_tasks(session, tasks)
    return tasks


def _task(publication: m.Publication, url: str, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(now),
        "kind": media_queries.DEAD_LINK,
        "title": "Liên kết trong tin không mở được nữa: sửa hoặc bỏ liên kết",
        "link": url,
        "publication_id": publication.id,
        "unit_id": publication.unit_id,
        "state": TaskState.OPEN,
        "created_at": now,
    }


def _told(publication: m.Publication, task: Mapping[str, object], now: datetime) -> dict[str, object]:
    return {
        "id": new_id(now),
        "kind": f"task_{media_queries.DEAD_LINK}",
        "role": Role.EDITOR,
        "unit_id": publication.unit_id,
        "object_type": "task",
        "object_id": task["id"],
        "subject": f"Liên kết hỏng: {publication.title}",
        "body": f"{task['title']}: {task['link']}",
        "created_at": now,
        "sent_at": None,
    }


async def require_living(session: AsyncSession, publication: m.Publication) -> None:
    """What the last look found dead, and still stands in the text, is not sent to be approved."""
    known = await media_queries.dead_links(session, publication.id)
    dead = [url for url in addresses_in(publication) if url in known]
    if dead:
        told = ", ".join(dead[:5])
        raise DeadLinks(f"Không mở được: {told}. Hãy sửa hoặc bỏ liên kết, rồi kiểm tra lại (check-links).")
