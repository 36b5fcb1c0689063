"""A resumable upload: bytes in order into one session, gone on with after a cut from where YouTube says it stands.

Nothing is counted by us: after every trouble the session itself is asked (`Content-Range: bytes */N`), and answers
with the last byte it has, or with the video, where only the answer had been lost. Streamed chunk by chunk.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from services.publish.adapters.base import ChannelError, Json, MediaStore
from services.publish.adapters.youtube_api import UPLOAD_TIMEOUT, AnswerLost, Api, Meaning, Refused, read

UNIT = 256 * 1024
CHUNK = 32 * 1024 * 1024
"""Bytes of one request; a multiple of the unit."""
PAUSES = (0.2, 1.0, 3.0, 6.0)
"""Seconds before looking where it stands, after troubles in a row without a byte gained; then it is left to a later
try, which goes on from there."""
INCOMPLETE = 308


class SessionGone(Exception):
    """The session has ended or was never there: begin another."""


@dataclass(frozen=True)
class Upload:
    """One file into one session. `chunk`: bytes of a request."""

    api: Api
    media: MediaStore
    session: str
    medium: Json
    chunk: int = CHUNK

    @property
    def size(self) -> int:
        return int(self.medium["size"])

    def __post_init__(self) -> None:
        """The token goes to our own upload service alone, whatever address an answer names."""
        parts, ours = urlsplit(self.session), urlsplit(self.api.service)
        if (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
            raise AnswerLost("the session is not at YouTube's upload service")

    async def finish(self, *, is_begun: bool) -> Json:
        """The Video, once every byte has arrived. Raises SessionGone, and a ChannelError where it has to wait."""
        stalls = 0
        told: Json | int = await self._asked() if is_begun else 0
        while isinstance(told, int):
            at = told
            try:
                told = await self._send(at)
            except ChannelError as trouble:
                told = await self._after(trouble, stalls)
            stalls = stalls + 1 if isinstance(told, int) and told <= at else 0
            if stalls > len(PAUSES):
                raise AnswerLost("the upload does not go on")
        return told

    async def _after(self, trouble: ChannelError, stalls: int) -> Json | int:
        """Where it stands after a cut, or after bytes that did not fit there (what was cut may still be coming in);
        what is a matter of the account is not asked about."""
        if isinstance(trouble, Refused) and trouble.meaning is Meaning.GONE:
            raise SessionGone from None
        is_of_the_line = not isinstance(trouble, Refused) or trouble.meaning in (Meaning.UNCLEAR, Meaning.REFUSED)
        if not is_of_the_line:
            raise trouble
        if stalls >= len(PAUSES):
            raise AnswerLost(trouble.reason.en) from None
        await asyncio.sleep(PAUSES[stalls])
        return await self._asked()

    async def _asked(self) -> Json | int:
        """How far it has come in bytes, or the Video."""
        headers = {"Content-Length": "0", "Content-Range": f"bytes */{self.size}"}
        try:
            return self._read(await self.api.call("PUT", self.session, headers=headers))
        except Refused as refused:
            if refused.meaning is Meaning.GONE:
                raise SessionGone from None
            raise

    async def _send(self, start: int) -> Json | int:
        length = min(self.chunk, self.size - start)
        headers = {
            "Content-Length": str(length),
            "Content-Type": str(self.medium["mime"]),
            "Content-Range": f"bytes {start}-{start + length - 1}/{self.size}",
        }
        answer = await self.api.call(
            "PUT",
            self.session,
            body=lambda: _slice(self.media, str(self.medium["sha256"]), start, length),
            headers=headers,
            timeout=UPLOAD_TIMEOUT,
        )
        return self._read(answer)

    def _read(self, answer: httpx.Response) -> Json | int:
        if answer.status_code != INCOMPLETE:
            return read(answer)
        last = answer.headers.get("Range", "").rpartition("-")[2]
        return int(last) + 1 if last.isdecimal() else 0


async def _slice(media: MediaStore, sha256: str, start: int, length: int) -> AsyncIterator[bytes]:
    """So many bytes of a file from `start`, piece by piece; the file is closed at the end."""
    pieces, left = media.stream(sha256, start=start), length
    try:
        async for piece in pieces:
            yield piece[:left]
            left -= min(left, len(piece))
            if not left:
                return
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
