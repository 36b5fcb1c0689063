"""A letter to what it reports: its own words without what it quotes, and who may be answered. Pure, and bounded.

Letters that no person wrote to us (bounces, automatic answers, lists, what a filter calls spam) report nothing; of
those only the reason is told.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parseaddr
from enum import StrEnum

from libs.common.settings import MAIL_ADDRESS
from libs.common.text import nfc
from services.ingest.markup import clean, decode, one_line, paragraphs

MAX_PARTS, MAX_DEPTH, MAX_HEADER = 100, 8, 16 * 1024
MAX_TEXT, MAX_SUBJECT = 20_000, 300


class Unwanted(StrEnum):
    """Why a letter reports nothing."""

    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    LIST = "list"
    SPAM = "spam"
    OWN = "own"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Reported:
    """What a letter says. `digest`: SHA-256 that tells it from other letters wherever it lies (hexadecimal)."""

    unwanted: Unwanted | None
    digest: str = ""
    subject: str = ""
    text: str = ""
    name: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)


def read_letter(data: bytes, own: str = "") -> Reported:
    """A letter as it lay in the mailbox; `own`: the address that we write from. Never raises."""
    try:
        if _has_endless_header(data):
            return Reported(Unwanted.UNREADABLE)
        letter = message_from_bytes(data, policy=policy.default)
        unwanted = _unwanted(letter, own.lower())
        return Reported(unwanted) if unwanted else _reported(letter)
    except (Exception, RecursionError):  # the parser of the library raises whatever it stumbles over
        return Reported(Unwanted.UNREADABLE)


def _has_endless_header(data: bytes) -> bool:
    """Some headers are parsed in time that grows with the square of their length."""
    head = re.split(rb"\r?\n\r?\n", data[: 4 * MAX_HEADER], maxsplit=1)[0]
    return len(head) > 3 * MAX_HEADER or any(len(line) > MAX_HEADER for line in re.split(rb"\r?\n(?![ \t])", head))


# --- whether somebody wrote it ------------------------------------------------------------------------------


def _unwanted(letter: Message, own: str) -> Unwanted | None:
    """By the headers that mail programs agree on (RFC 3834, RFC 3464, RFC 2919)."""
    sender = parseaddr(_header(letter, "From"))[1].lower()
    if own and sender == own:
        return Unwanted.OWN
    if letter.get_content_type() == "multipart/report" or _header(letter, "Return-Path").strip() == "<>":
        return Unwanted.BOUNCE
    if sender.partition("@")[0] in ("mailer-daemon", "postmaster"):
        return Unwanted.BOUNCE
    automatic = _header(letter, "Auto-Submitted").partition(";")[0].strip().lower()
    if automatic not in ("", "no") or _header(letter, "X-Autoreply") or _header(letter, "X-Autorespond"):
        return Unwanted.AUTOMATIC
    if _header(letter, "X-Spam-Flag").strip().lower() == "yes" or _header(letter, "X-Spam-Status").lower().startswith(
        "yes"
    ):
        return Unwanted.SPAM
    if _header(letter, "List-Id") or _header(letter, "Precedence").strip().lower() in ("bulk", "list", "junk"):
        return Unwanted.LIST
    return None


def _header(letter: Message, name: str) -> str:
    return one_line(str(letter.get(name, "")))[:MAX_HEADER]


# --- what it says -------------------------------------------------------------------------------------------


def _reported(letter: Message) -> Reported:
    subject = re.sub(r"^(?:\s*(?:re|fw|fwd|tr|trả lời|chuyển tiếp)\s*:)+", "", _header(letter, "Subject"), flags=re.I)
    subject, text = clean(subject).strip()[:MAX_SUBJECT], own_words(_text(letter))[:MAX_TEXT]
    if not subject and not text:
        return Reported(Unwanted.EMPTY)
    name, address = parseaddr(_header(letter, "From"))
    return Reported(
        unwanted=None,
        digest=_digest(letter, subject, text),
        subject=subject,
        text=text or subject,
        name=one_line(name)[:200] or None,
        address=address if MAIL_ADDRESS.fullmatch(address) else None,
    )


def _digest(letter: Message, subject: str, text: str) -> str:
    told = (_header(letter, "Message-ID"), _header(letter, "Date"), subject, text)
    return hashlib.sha256("\x00".join(told).encode("utf-8", "surrogatepass")).hexdigest()


def _text(letter: Message) -> str:
    """The first plain text that is no attachment, else the first HTML as text."""
    html = ""
    for part in _parts(letter):
        if part.get_content_disposition() == "attachment":
            continue
        match part.get_content_type():
            case "text/plain":
                if text := _decoded(part).strip():
                    return text
            case "text/html":
                html = html or paragraphs(_decoded(part))
            case _:
                pass
    return html


def _parts(letter: Message) -> Iterator[Message]:
    """The leaves, in order; letters inside letters are not opened."""
    waiting: list[tuple[Message, int]] = [(letter, 0)]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part, depth = waiting.pop(0)
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            inner = [(each, depth + 1) for each in part.get_payload() if isinstance(each, Message)]
            waiting = (inner if depth < MAX_DEPTH else []) + waiting
        elif part.get_content_maintype() == "text":
            yield part


def _decoded(part: Message) -> str:
    """By the charset it names, or as Vietnamese was written before Unicode."""
    raw = part.get_payload(decode=True)
    assert isinstance(part, EmailMessage)
    return nfc(clean(decode(raw if isinstance(raw, bytes) else b"", f"text/plain; charset={_charset(part)}")))


def _charset(part: Message) -> str:
    named = str(part.get_content_charset() or "utf-8")
    return named if re.fullmatch(r"[\w.:+-]{1,40}", named) else "utf-8"


_ANSWERED = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|forwarded message|thư gốc|tin nhắn gốc|thư đã chuyển tiếp)\s*-{2,}|"
    r"(?:on|vào)\b.{4,200}(?:wrote|đã viết)\s*:?|_{20,})\s*$",
    re.IGNORECASE,
)
_OUTLOOK = re.compile(r"^\s*\*?(?:from|từ)\s*:\*?\s.+$", re.IGNORECASE)
_OUTLOOK_NEXT = re.compile(r"^\s*\*?(?:sent|to|date|đã gửi|đến|ngày|gửi)\s*:", re.IGNORECASE)


def own_words(text: str) -> str:
    """Without what is quoted and without a signature behind `-- `; the whole where nothing else would remain."""
    kept: list[str] = []
    lines = text.replace("\r\n", "\n").split("\n")
    for at, line in enumerate(lines):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if (
            line.rstrip("\r") == "-- "
            or _ANSWERED.match(line)
            or (_OUTLOOK.match(line) and _OUTLOOK_NEXT.match(following))
        ):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    own = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return own or text.strip()
