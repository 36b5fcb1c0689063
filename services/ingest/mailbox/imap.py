"""A mailbox over IMAP, by the standard library in a thread. An error names no letter, address or password."""

import asyncio
import imaplib
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from services.ingest.mailbox.settings import MailboxSettings

T = TypeVar("T")
_UID = re.compile(rb"\d+")


class MailboxAway(Exception):
    """The server cannot be reached, does not let us in, or does not answer as it should; another try may succeed."""


class Mailbox:
    """One connection, opened and closed by `async with`; each question is answered within the settings' time."""

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings
        self._client: imaplib.IMAP4 | None = None
        self.uid_validity = 0
        """What the folder's UIDs are good for; another number means that they are counted anew."""

    async def __aenter__(self) -> "Mailbox":
        try:
            await self._apart(self._open)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(MailboxAway):
            await self._apart(self._close)

    async def uids_after(self, last: int, limit: int) -> list[int]:
        """UIDs of letters that came after this one, the oldest first."""
        found = await self._apart(lambda: self._search("UID", f"{last + 1}:*"))
        return [uid for uid in found if uid > last][:limit]  # `n:*` always names the last letter (RFC 3501, 6.4.8)

    async def unread_uids(self) -> list[int]:
        return await self._apart(lambda: self._search("UNSEEN"))

    async def newest_uid(self) -> int:
        """0 for an empty folder."""
        return max(await self._apart(lambda: self._search("ALL")), default=0)

    async def letter(self, uid: int) -> bytes | None:
        """Its beginning, as it lies there; None where it is gone. It stays unread."""
        return await self._apart(lambda: self._fetch(uid))

    async def mark_read(self, uids: Sequence[int]) -> None:
        """For whoever opens the mailbox; nothing depends on it."""
        if uids:
            await self._apart(lambda: self._asked("STORE", ",".join(map(str, uids)), "+FLAGS.SILENT", r"(\Seen)"))

    # --- in the thread ------------------------------------------------------------------------------------

    async def _apart(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except MailboxAway:
            raise
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise MailboxAway(f"the mailbox could not be read ({type(error).__name__})") from None

    def _open(self) -> None:
        told = self._settings
        assert told.password is not None
        self._client = client = self._connected()
        client.login(told.username, told.password.get_secret_value())
        status, _ = client.select(f'"{told.folder}"')
        validity = client.response("UIDVALIDITY")[1]
        if status != "OK" or not validity or validity[0] is None:
            raise MailboxAway("the folder of the mailbox cannot be opened")
        self.uid_validity = int(validity[0])

    def _connected(self) -> imaplib.IMAP4:
        told = self._settings
        context = ssl.create_default_context(cafile=told.ca_file) if told.security != "none" else None
        if told.security == "tls":
            return imaplib.IMAP4_SSL(told.host, told.port, ssl_context=context, timeout=told.timeout_seconds)
        client = imaplib.IMAP4(told.host, told.port, timeout=told.timeout_seconds)
        if context is not None:
            self._client = client  # to be closed where its TLS is not to be trusted
            client.starttls(context)
        return client

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                client.logout()
            with suppress(OSError):
                client.shutdown()

    def _asked(self, command: str, *arguments: str) -> list[Any]:
        assert self._client is not None
        status, data = self._client.uid(command, *arguments)
        if status != "OK":
            raise MailboxAway(f"the server of the mailbox refuses {command}")
        return data

    def _search(self, *criteria: str) -> list[int]:
        lines = [line for line in self._asked("SEARCH", *criteria) if isinstance(line, bytes)]
        return sorted({int(uid) for line in lines for uid in _UID.findall(line)})

    def _fetch(self, uid: int) -> bytes | None:
        data = self._asked("FETCH", str(uid), f"(BODY.PEEK[]<0.{self._settings.letter_bytes}>)")
        parts = [part[1] for part in data if isinstance(part, tuple)]
        return bytes(parts[0])[: self._settings.letter_bytes] if parts else None
