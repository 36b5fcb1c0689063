"""Doors of the press kit: what partners read with their token, and what staff see of them.

A partner shows its token in a header, by HTTP Basic (its id, its token) or as Bearer; never in an address. What it was
given is recorded: a kill goes to whoever read the item.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import FileResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, public, require
from libs.common.conditional import etag_of, is_known
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Problem, Unauthenticated, problems
from services.publish import queries as channels
from services.publish.api import Res
from services.publish.presskit import atom, newsml, ninjs, queries, reading
from services.publish.presskit.editions import PREFIX, editions_of, masthead_of
from services.publish.presskit.partners import Partner, known
from services.publish.presskit.roster import roster_of
from services.publish.presskit.schemas import PressItems, PressOut, PressSendOut, PressVersionOut
from services.publish.problems import ChannelNotFound
from services.publish.service.publications import SEES

MOST = 50
SHOWN = 50
CHALLENGE = {"WWW-Authenticate": 'Basic realm="lantoa-press", charset="UTF-8"', "Cache-Control": "no-store"}
PRIVATE = {
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
FILE = PRIVATE | {"Content-Security-Policy": "default-src 'none'; sandbox"}


class PressItemNotFound(Problem):
    status = 404
    title_vi = "Không có tin này"
    title_en = "No such item"


@dataclass(frozen=True)
class Desk:
    """A partner at the feed of one channel."""

    channel: m.Channel
    partner: Partner


def _shown(authorization: str | None) -> tuple[str, str]:
    """The partner's id ("" where only a token is shown) and the token."""
    scheme, _, told = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return "", told.strip()
    try:
        partner_id, _, token = base64.b64decode(told.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (partner_id, token) if scheme.lower() == "basic" else ("", "")


async def at_the_desk(
    channel_id: UUID, session: SessionDep, res: Res, authorization: Annotated[str | None, Header()] = None
) -> Desk:
    """The same answer whether the channel, the partner or the token is unknown."""
    channel = await channels.get_channel(session, channel_id)
    is_press = channel is not None and channel.kind == "press" and channel.state == "active"
    partners = await roster_of(session, channel, res.vault) if is_press and channel is not None else []
    partner_id, token = _shown(authorization)
    partner = known(partners, partner_id, token) if token else None
    if channel is None or partner is None:
        raise HTTPException(401, "Cần mã đọc nguồn tin của cơ quan báo chí", CHALLENGE)
    return Desk(channel, partner)


At = Annotated[Desk, Depends(at_the_desk)]
public_router = APIRouter(prefix=PREFIX, tags=["press"], dependencies=[public()])
router = APIRouter(prefix="/api/publish/v1", tags=["press"], responses=problems(Unauthenticated, Forbidden))
Reader = Annotated[Principal, require(*SEES)]
IfNoneMatch = Annotated[str | None, Header()]


@public_router.get("/{channel_id}/items", response_model=PressItems)
async def list_items(
    at: At,
    session: SessionDep,
    clock: ClockDep,
    res: Res,
    since: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Full text as ninjs 3.1; killed items come as `pubStatus: canceled`."""
    page = await reading.read(session, at.channel.id, at.partner, since, clock.now())
    taken = page.versions[:limit]
    has_more = len(page.versions) > limit
    editions = await editions_of(session, taken, masthead_of(at.channel, res.site))
    found = PressItems(
        items=[ninjs.written(each) for each in editions], next=page.cursor(since, taken, has_more), more=has_more
    )
    await _given(session, at, taken, clock)
    data = json.dumps(found.model_dump(), ensure_ascii=False, separators=(",", ":")).encode()
    return _answer(data, "application/json", if_none_match)


@public_router.get("/{channel_id}/feed.atom", response_class=Response)
async def read_feed(
    at: At, session: SessionDep, clock: ClockDep, res: Res, if_none_match: IfNoneMatch = None
) -> Response:
    """The newest items with their whole text, the newest first."""
    page = await reading.read(session, at.channel.id, at.partner, 0, clock.now())
    newest = page.versions[: -MOST - 1 : -1]
    masthead = masthead_of(at.channel, res.site)
    data = atom.written(masthead, await editions_of(session, newest, masthead), at.channel.created_at)
    await _given(session, at, newest, clock)
    return _answer(data, atom.MEDIA_TYPE, if_none_match)


@public_router.get(
    "/{channel_id}/items/{item}/{version}.{form}", response_class=Response, responses=problems(PressItemNotFound)
)
async def read_item(
    item: UUID,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    form: Annotated[str, Path(pattern=r"^(json|xml)$")],
    at: At,
    session: SessionDep,
    clock: ClockDep,
    res: Res,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The newest version alone: ninjs (`json`) or NewsML-G2 (`xml`)."""
    page = await reading.read(session, at.channel.id, at.partner, 0, clock.now())
    found = [each for each in page.versions if each.item == item and each.version == version]
    if not found:
        raise PressItemNotFound("Không có phiên bản này, hoặc đã có phiên bản mới hơn.")
    [edition] = await editions_of(session, found, masthead_of(at.channel, res.site))
    await _given(session, at, found, clock)
    if form == "xml":
        return _answer(newsml.written(edition), "application/xml", if_none_match)
    data = json.dumps(ninjs.written(edition), ensure_ascii=False).encode()
    return _answer(data, "application/json", if_none_match)


@public_router.get("/{channel_id}/files/{sha256}", response_class=Response, responses=problems(PressItemNotFound))
async def read_file(
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")], at: At, session: SessionDep, clock: ClockDep, res: Res
) -> Response:
    """A picture or video of an item that the partner may read now."""
    page = await reading.read(session, at.channel.id, at.partner, 0, clock.now())
    mime = await queries.has_file(session, [each.id for each in page.versions], sha256)
    path = res.files.path(f"objects/{sha256[:2]}/{sha256}")
    if mime is None or not path.is_file():
        raise PressItemNotFound("Không có tệp này trong các tin hiện có.")
    return FileResponse(path, media_type=mime, headers=FILE | {"ETag": f'"{sha256}"'})


async def _given(session: AsyncSession, at: Desk, versions: list[m.PressVersion], clock: ClockDep) -> None:
    await queries.record_read(session, [each.id for each in versions], at.partner.id, clock.now())


def _answer(data: bytes, media_type: str, asked_for: str | None) -> Response:
    etag = etag_of(data)
    if is_known(asked_for, etag):
        return Response(status_code=304, headers=PRIVATE | {"ETag": etag})
    return Response(data, headers=PRIVATE | {"ETag": etag}, media_type=media_type)


@router.get("/channels/{channel_id}/press", response_model=PressOut, responses=problems(ChannelNotFound))
async def read_press(channel_id: UUID, session: SessionDep, who: Reader, clock: ClockDep, res: Res) -> PressOut:
    """The last versions, and what each partner took of them by which way."""
    channel = await channels.get_channel(session, channel_id)
    if channel is None or channel.kind != "press" or channel.unit_id not in who.units(*SEES):
        raise ChannelNotFound(f"Không có kênh báo chí {channel_id} trong đơn vị của bạn.")
    names = {each.id: each.name for each in await roster_of(session, channel, res.vault)}
    versions = await queries.list_versions(session, channel.id, SHOWN)
    sends = await queries.list_sends(session, [each.id for each in versions])
    return PressOut(
        channel_id=channel.id,
        partners=len(names),
        versions=[_version(each, [one for one in sends if one.version_id == each.id], names) for each in versions],
        as_of=clock.now(),
    )


def _version(version: m.PressVersion, sends: list[m.PressSend], names: dict[str, str]) -> PressVersionOut:
    told = {name: getattr(version, name) for name in PressVersionOut.model_fields if name not in ("headline", "sends")}
    rows = [
        PressSendOut(
            partner=each.partner,
            name=names.get(each.partner, each.partner),
            way=each.way,
            state=each.state,
            attempts=each.attempts,
            updated_at=each.updated_at,
            trouble=each.trouble,
        )
        for each in sends
    ]
    return PressVersionOut(**told, headline=version.payload["headline"], sends=rows)
