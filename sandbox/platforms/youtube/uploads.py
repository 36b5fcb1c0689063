"""Resumable uploads: a session takes bytes in order, says how far it has come, and becomes one video.

Bytes are looked at and thrown away: a video of any size needs no more memory here than one unit of 256 KiB.
"""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.clock import VirtualClock
from sandbox.platforms.facebook.film import Film
from sandbox.platforms.youtube import rules
from sandbox.platforms.youtube.wire import Refused

Json = dict[str, Any]
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")


@dataclass(slots=True)
class Session:
    """`wanted`: the Video that was asked for; `video`: the id of what came of it."""

    id: str
    channel: str
    size: int
    mime: str
    wanted: Json
    parts: tuple[str, ...]
    opened_at: datetime
    film: Film = field(default_factory=Film)
    video: str | None = None
    cuts: int = 0

    @property
    def is_whole(self) -> bool:
        return self.film.size == self.size

    def standing(self) -> Response:
        """308 with how far it has come."""
        headers = {"Range": f"bytes=0-{self.film.size - 1}"} if self.film.size else {}
        return Response(status_code=rules.INCOMPLETE, headers=headers)


class Uploads:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.sessions: dict[str, Session] = {}

    def clear(self) -> None:
        self.sessions.clear()

    def open(self, channel: str, request: Request, wanted: Json, parts: tuple[str, ...], most: int) -> Session:
        size = request.headers.get("x-upload-content-length", "")
        mime = request.headers.get("x-upload-content-type", "")
        if not size.isdecimal() or not 0 < int(size) <= most:
            raise Refused(400, "invalidContentLength", "X-Upload-Content-Length is missing or out of bounds", "global")
        if not (mime.startswith("video/") or mime == "application/octet-stream"):
            raise Refused(400, "badContent", f"Media type '{mime}' is not supported.", "global")
        made = Session(secrets.token_urlsafe(32), channel, int(size), mime, wanted, parts, self._clock.now())
        self.sessions[made.id] = made
        return made

    def find(self, upload_id: str) -> Session:
        found = self.sessions.get(upload_id)
        if found is None or self._clock.now() >= found.opened_at + rules.SESSION_LIVES:
            raise Refused(rules.SESSION_GONE, "notFound", "The upload session is gone.", "global")
        return found

    async def take(self, session: Session, request: Request) -> None:
        """What comes is added; a probe adds nothing. Raises Refused, and whatever breaks the connection."""
        start, length = _told(session, request)
        if session.is_whole or length is None:
            return
        if start != session.film.size:
            raise Refused(rules.OUT_OF_STEP, "badRequest", f"Expected byte {session.film.size}, got {start}", "global")
        if length % rules.UNIT and start + length != session.size:
            raise Refused(400, "badRequest", "A chunk must be a multiple of 256 KiB", "global")
        await _fill(session, request.stream(), length)


def _told(session: Session, request: Request) -> tuple[int, int | None]:
    """Where the bytes begin and how many there are; None for a probe."""
    told = request.headers.get("content-range")
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "lengthRequired", "Content-Length is required", "global")
    if told is None:
        return 0, int(length)
    found = _RANGE.fullmatch(told)
    if found is None or int(found.group(3)) != session.size:
        raise Refused(400, "badRequest", "Content-Range does not fit the session", "global")
    if found.group(1) is None:
        return session.film.size, None
    first, last = int(found.group(1)), int(found.group(2))
    if last - first + 1 != int(length) or last >= session.size:
        raise Refused(400, "badRequest", "Content-Range does not fit Content-Length", "global")
    return first, int(length)


async def _fill(session: Session, pieces: AsyncIterator[bytes], length: int) -> None:
    """Whole units count as they come; what is left over of a cut is thrown away."""
    held, arrived, is_last = bytearray(), 0, session.film.size + length == session.size
    try:
        async for piece in pieces:
            arrived += len(piece)
            if arrived > length:
                raise Refused(400, "badRequest", "More bytes than Content-Length", "global")
            held += piece
            whole = len(held) - len(held) % rules.KEPT
            if whole:
                session.film.feed(bytes(held[:whole]))
                del held[:whole]
    except BaseException:
        session.cuts += 1
        raise
    if arrived != length:
        session.cuts += 1
        raise Refused(400, "badRequest", "Fewer bytes than Content-Length", "global")
    if is_last:
        session.film.feed(bytes(held))
