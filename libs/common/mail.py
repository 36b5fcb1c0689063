"""Letters over SMTP: to one person each, plain text, Vietnamese subjects as RFC 2047 has them.

What is handed over as raw bytes (`hand_over`) tells the one thing a letter to many has to know: whether it may be out.

Guarantees: no letter can carry a header of its words' own making; a password goes out over TLS alone (or stays on this
machine); a server that keeps silent holds up neither the loop nor the end of the process. An error names the server's
code, never an address, a subject or a word of the letter.
"""

import asyncio
import logging
import re
import smtplib
import socket
import ssl
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email import encoders
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from uuid import UUID

from libs.common.clock import Clock
from libs.common.settings import MAIL_ADDRESS, MailSettings
from libs.common.withheld import withhold

log = logging.getLogger("lantoa.mail")
SUBJECT_LENGTH = 300
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_SILENT = "the mail server did not answer in time"
_UNHEARD = "the letter was out and the mail server's answer to it never came"
_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")
MOST_ANSWER = 300
"""Characters of a server's answer that are kept."""


@dataclass(frozen=True)
class Letter:
    """`key` names the letter: sent twice, it has the same Message-ID both times, and can be recognised."""

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    key: UUID


@dataclass(frozen=True)
class Enclosure:
    """A file that goes with a letter. `name` is ASCII; `media_type` as in `application/pdf`."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


class MailFailed(Exception):
    """The letter was not taken now; another try may succeed.

    `code`: the server's answer, where it gave one; `status`: the enhanced one that says more (RFC 3463, `5.1.1`).
    """

    def __init__(self, told: str, code: int | None = None, status: str | None = None) -> None:
        super().__init__(told)
        self.code, self.status = code, status

    @property
    def numbers(self) -> str | None:
        """`550 5.1.1`, as far as the server gave them."""
        return None if self.code is None else " ".join(filter(None, (str(self.code), self.status)))


class MailRefused(MailFailed):
    """The address or the letter itself is refused for good (a 5xx answer to it)."""


class AddressRefused(MailRefused):
    """The address is: no letter to it would be taken."""


class MailUnclear(MailFailed):
    """The letter was out and the answer to it never came: it may arrive, and another try may arrive beside it."""


class Mailer:
    def __init__(self, settings: MailSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        if settings.password is not None:
            withhold(settings.password.get_secret_value())

    @property
    def is_on(self) -> bool:
        return bool(self._settings.host)

    def say_if_off(self) -> None:
        """For the start of a process that would send mail."""
        if not self.is_on:
            log.warning("no mail server is set (LANTOA_MAIL__HOST): nobody is told by mail")

    async def send(self, letter: Letter) -> None:
        """Hand one letter to the server. Raises MailRefused or MailFailed; without a server always MailFailed."""
        if not self.is_on:
            raise MailFailed("no mail server is set")
        message = written(letter, self._settings, self._clock)
        await self.hand_over(
            message.as_bytes(policy=message.policy.clone(linesep="\r\n")), self._settings.sender, letter.to
        )

    async def hand_over(self, message: bytes, sender: str, to: str) -> str:
        """Hand one whole message (lines end in CRLF) to the server, for one recipient; `sender` is where it returns to.
        What the server answered when it took it, on one line.

        Raises MailRefused, MailUnclear or MailFailed; without a server always MailFailed.
        """
        if not self.is_on:
            raise MailFailed("no mail server is set")
        call = _Call(self._settings, message, checked_address(sender), checked_address(to))
        try:
            await asyncio.wait_for(_apart(call.run), self._settings.timeout_seconds)
        except TimeoutError:
            if call.answer is None:
                raise call.silent() from None
        finally:
            call.hang_up()
        return call.answer or ""


def written(letter: Letter, settings: MailSettings, clock: Clock) -> Message:
    """The letter as it goes over the wire. Raises MailRefused where the address is none.

    The older of the two halves of `email` writes it: the newer one loses spaces when it folds encoded words (3.11).
    """
    text = unicodedata.normalize("NFC", letter.text)
    message = MIMEText("\n".join(text.splitlines()) + "\n", "plain", _UTF8)  # type: ignore[arg-type]
    sender = Header(one_line(settings.sender_name), "utf-8", header_name="From")
    sender.append(f"<{settings.sender}>", "us-ascii")
    message["From"] = sender  # type: ignore[assignment]
    message["To"] = checked_address(letter.to)
    message["Subject"] = Header(one_line(letter.subject)[:SUBJECT_LENGTH].strip(), "utf-8", header_name="Subject")  # type: ignore[assignment]
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = message_id(letter.key, settings)
    message["Auto-Submitted"] = "auto-generated"
    return message


def message_id(key: UUID, settings: MailSettings) -> str:
    return f"<{key}@{settings.sender.rpartition('@')[2]}>"


def with_enclosures(
    letter: Letter,
    enclosures: Sequence[Enclosure],
    settings: MailSettings,
    clock: Clock,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The whole letter with its files, lines ending in CRLF; `headers` are ASCII and ours. Raises MailRefused where the
    address is none."""
    plain = written(letter, settings, clock)
    whole = MIMEMultipart("mixed", boundary=f"=_{letter.key.hex}")
    for name in _HEADERS:
        whole[name] = plain[name]
        del plain[name]
    for name, value in (headers or {}).items():
        whole[name] = Header(value, "us-ascii", maxlinelen=200)  # type: ignore[assignment]
    whole.attach(plain)
    for enclosure in enclosures:
        whole.attach(_enclosed(enclosure))
    return whole.as_bytes(policy=whole.policy.clone(linesep="\r\n"))


def _enclosed(enclosure: Enclosure) -> Message:
    part = MIMEBase(*enclosure.media_type.split("/", 1))
    part.set_payload(enclosure.data)
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=enclosure.name)
    return part


def checked_address(address: str) -> str:
    """The address, if it is one that every mail server takes; AddressRefused otherwise."""
    if not MAIL_ADDRESS.fullmatch(address):
        raise AddressRefused("not an address of mail")
    return address


def one_line(text: str) -> str:
    """NFC, and every run of control characters and spaces as one space: nothing here can end a header."""
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
    return unicodedata.normalize("NFC", " ".join(plain.split()))


# --- one call of the server ---------------------------------------------------------------------------


class _Call:
    """One connection for one letter, in a thread, as smtplib has it."""

    def __init__(self, settings: MailSettings, message: bytes, sender: str, to: str) -> None:
        self._settings, self._message, self._sender, self._to = settings, message, sender, to
        self._client: smtplib.SMTP | None = None
        self._is_over = False
        self._is_out = False
        """The last line of the letter may have left, and nothing was answered yet."""
        self.answer: str | None = None
        """What the server said when it took it."""

    def run(self) -> None:
        try:
            with self._connected() as client:
                self.answer = self._hand_over(client)
        except MailFailed:
            raise
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if self.answer is None:  # broken off while saying goodbye: it was taken all the same
                raise self._broken_off(error) from None

    def silent(self) -> MailFailed:
        """No answer in time."""
        return MailUnclear(_UNHEARD) if self._is_out else MailFailed(_SILENT)

    def _broken_off(self, error: Exception) -> MailFailed:
        return MailUnclear(_UNHEARD) if self._is_out else _told(error)

    def hang_up(self) -> None:
        """From the waiting side: what still waits for the server ends now."""
        self._is_over = True
        line = self._client.sock if self._client is not None else None
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> smtplib.SMTP:
        told, name = self._settings, socket.gethostname()
        wait = told.timeout_seconds + 1  # the side that waits hangs up first
        if told.security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(timeout=wait, local_hostname=name, context=self._tls())
        else:
            client = smtplib.SMTP(timeout=wait, local_hostname=name)
        self._client = client
        client._host = told.host  # type: ignore[attr-defined]  # known only to a constructor that connects by itself
        code, _ = client.connect(told.host, told.port)
        if code != 220:
            client.close()
            raise MailFailed(f"the mail server does not take letters now ({code})")
        return client

    def _hand_over(self, client: smtplib.SMTP) -> str:
        if self._settings.security == "starttls":
            client.starttls(context=self._tls())
        if self._settings.password is not None:
            client.login(self._settings.username, self._settings.password.get_secret_value())
        if self._is_over:
            raise MailFailed(_SILENT)
        client.ehlo_or_helo_if_needed()
        code, _ = client.mail(self._sender)
        if code != 250:
            raise MailFailed(f"the mail server does not take letters of this sender ({code})", code)
        _require(client.rcpt(self._to), (250, 251), "the address", AddressRefused)
        _require(client.docmd("DATA"), (354,), "the letter")
        client.send(_stuffed(self._message))
        self._is_out = True
        client.send(b".\r\n")
        answer = client.getreply()
        self._is_out = False
        _require(answer, (250,), "the letter")
        code, words = answer
        return one_line(f"{code} {words.decode('utf-8', 'replace')}")[:MOST_ANSWER]

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file)


def _stuffed(message: bytes) -> bytes:
    """Lines end in CRLF, and none begins with the dot that ends a letter (RFC 5321, 4.5.2)."""
    lines = re.sub(rb"\r\n|\n|\r", b"\r\n", message)
    return re.sub(rb"(?m)^\.", b"..", lines if lines.endswith(b"\r\n") else lines + b"\r\n")


def _require(
    answer: tuple[int, bytes], good: tuple[int, ...], what: str, refused: type[MailRefused] = MailRefused
) -> None:
    code, words = answer
    if code in good:
        return
    said = re.match(rb"[245]\.\d{1,3}\.\d{1,3}\b", words)
    status = said[0].decode() if said else None
    if 500 <= code < 600:
        raise refused(f"the mail server refuses {what} ({code})", code, status)
    raise MailFailed(f"the mail server does not take {what} now ({code})", code, status)


def _told(error: Exception) -> MailFailed:
    """What may be said of it: smtplib's own exceptions quote addresses."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return MailFailed(f"the mail server does not let us in ({error.smtp_code})", error.smtp_code)
        case TimeoutError():
            return MailFailed(_SILENT)
        case ssl.SSLError():
            return MailFailed("no trustworthy TLS with the mail server")
        case smtplib.SMTPNotSupportedError():
            return MailFailed("the mail server offers no TLS or no way to log in")
        case _:
            return MailFailed(f"the mail server could not be reached or broke off ({type(error).__name__})")


async def _apart(work: Callable[[], None]) -> None:
    """In a thread that the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: Exception | None = None
        try:
            work()
        except Exception as failed:
            error = failed
        with suppress(RuntimeError):  # the loop is gone: nobody waits any more
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name="mail", daemon=True).start()
    await done
