"""The letters themselves: what an issue says, as text and HTML, in one MIME message for one reader, signed (DKIM).

Guarantees: the same letter has the same Message-ID whoever writes it; the HTML stays under the 102 kB at which Gmail
cuts; no line is longer than SMTP allows, whatever an editor wrote; both headers of one-click unsubscribing (RFC 8058)
are signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.charset import BASE64, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid5

import dkim  # type: ignore[import-untyped]
import jinja2
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from libs.common.clock import HANOI
from libs.common.mail import SUBJECT_LENGTH, checked_address, one_line
from libs.common.models.readers import DigestItemKind
from libs.common.settings import MailSettings
from libs.common.web import Site, environment
from services.publish.readers.keys import ReadersKeys
from services.publish.settings import ReadersSettings

MOST_HTML = 100_000
LEAST_KEY = 2048
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = BASE64
SIGNED = (
    b"from from to subject date message-id reply-to list-id list-unsubscribe list-unsubscribe-post auto-submitted "
    b"precedence feedback-id mime-version content-type"
).split()
"""`from` twice: nobody adds another one to a signed letter."""


@dataclass(frozen=True)
class Signer:
    """RFC 6376, relaxed/relaxed; `key` is PEM."""

    domain: str
    selector: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, settings: ReadersSettings) -> "Signer | None":
        """Raises ValueError where the key is none, or too short; None where none is set."""
        pem = settings.dkim_key.get_secret_value().encode() if settings.dkim_key else b""
        if settings.dkim_key_file is not None:
            pem = settings.dkim_key_file.read_bytes()
        return cls(settings.dkim_domain, settings.dkim_selector, _strong(pem)) if settings.dkim_domain else None

    def sign(self, message: bytes) -> bytes:
        signature = dkim.sign(
            message,
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=SIGNED,
        )
        return bytes(signature) + message


def _strong(pem: bytes) -> bytes:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise ValueError("readers.dkim_key is no PEM of a private key without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_KEY:
        raise ValueError(f"readers.dkim_key needs an RSA key of at least {LEAST_KEY} bits")
    return pem


@dataclass(frozen=True)
class Sender:
    """Whose letters they are: the From, where bounces return, and how letters are signed."""

    site: Site
    mail: MailSettings
    settings: ReadersSettings
    keys: ReadersKeys = field(repr=False)
    signer: Signer | None = None

    @property
    def address(self) -> str:
        return self.settings.sender or self.mail.sender

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def may_send(self) -> bool:
        """Signed by us, or said to be signed on the way; a letter to many goes unsigned to nobody."""
        return bool(self.mail.host) and (self.signer is not None or self.settings.is_signed_by_relay)

    @property
    def imprint(self) -> str:
        return self.settings.imprint or "\n".join(filter(None, (self.site.publisher, self.site.contact)))

    def return_path(self, send_id: UUID) -> str:
        """Variable, so that what comes back says of which letter (VERP)."""
        domain = self.settings.bounce_domain
        return f"b-{self.keys.token('return', send_id)}@{domain}" if domain else self.address

    def unsubscribe_url(self, subscription_id: UUID) -> str:
        return self.site.url(f"/nhan-tin/thoi/{self.keys.token('unsubscribe', subscription_id)}")

    def unsubscribe_address(self, subscription_id: UUID) -> str | None:
        domain = self.settings.bounce_domain
        return f"u-{self.keys.token('unsubscribe', subscription_id)}@{domain}" if domain else None


@dataclass(frozen=True)
class Issue:
    """One issue of a list, as it is told now. `items` as payloads of the channel, each with its `kind`."""

    name: str
    list: str
    number: int
    closed_at: datetime
    is_urgent: bool
    items: tuple[dict[str, Any], ...]

    @property
    def day(self) -> str:
        return f"{self.closed_at.astimezone(HANOI):%d/%m/%Y}"

    @property
    def subject(self) -> str:
        """Names the list first, as Decree 91/2020 wants the kind of a letter seen before it is opened."""
        first = self.items[0]
        title = f"Tin đã rút: {first['title']}" if first["kind"] == DigestItemKind.WITHDRAWAL else first["title"]
        more = f" và {len(self.items) - 1} tin khác" if len(self.items) > 1 else ""
        room = SUBJECT_LENGTH - len(more) - len(self.name) - 40
        return one_line(f"[{self.name}] {title[:room]}{more}")


def told(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """What of an issue's content is said: not what a correction in the same letter corrects."""
    corrected = {str(row["payload"]["corrects"]["id"]) for row in rows if row["payload"].get("corrects")}
    kept = [row for row in rows if str(row["delivery_id"]) not in corrected or row["kind"] != DigestItemKind.NEWS]
    return tuple({**row["payload"], "kind": row["kind"]} for row in kept)


def send_id(digest_id: UUID, subscription_id: UUID) -> UUID:
    """The same for the same letter; its Message-ID is made of it."""
    return uuid5(digest_id, str(subscription_id))


def fits(issue: Issue, sender: Sender) -> bool:
    return len(html_of(issue, sender, "https://" + "d" * 120).encode()) <= MOST_HTML


def html_of(issue: Issue, sender: Sender, unsubscribe: str) -> str:
    shown = {"issue": issue, "site": sender.site, "imprint": sender.imprint, "unsubscribe": unsubscribe}
    return _templates().get_template("digest_letter.html").render(shown)


def text_of(issue: Issue, sender: Sender, unsubscribe: str) -> str:
    head = f"{issue.name} – số {issue.number}, {issue.day}"
    footer = [
        "-- ",
        f"Bạn nhận thư này vì đã đăng ký và xác nhận nhận “{issue.name}”.",
        f"Thôi nhận (một lần bấm): {unsubscribe}",
        sender.imprint,
    ]
    blocks = [head, *(_item_text(item) for item in issue.items), "\n".join(footer)]
    return "\n\n".join(blocks) + "\n"


def _item_text(item: dict[str, Any]) -> str:
    if item["kind"] == DigestItemKind.WITHDRAWAL:
        where = f"Tin này (trong thư số {item['number']}) đã được rút; xin đừng dùng và đừng chia sẻ."
        return "\n".join(filter(None, [f"TIN ĐÃ RÚT: {item['title']}", where, item.get("link")]))
    parts = [item["title"].upper() if item.get("affects_rights") else item["title"], item["lead"]]
    parts += [item.get("unit_name"), item.get("source_note"), item.get("ai_label")]
    parts += [f"[Ảnh: {one['alt']}]" for one in item.get("media", ())]
    if item.get("corrects"):
        parts.append(f"Đính chính tin: {item['corrects']['url']}")
    return "\n".join(filter(None, [*parts, item.get("link")]))


@cache
def _templates() -> jinja2.Environment:
    return environment("services.publish")


def written(issue: Issue, sender: Sender, send: UUID, subscription_id: UUID, to: str, now: datetime) -> bytes:
    """The whole letter to one reader, signed where we sign. Raises MailRefused where the address is none."""
    unsubscribe = sender.unsubscribe_url(subscription_id)
    message = MIMEMultipart("alternative", boundary=f"lantoa-{send.hex}")
    message["From"] = _named(issue.name, sender.address, "From")
    message["To"] = checked_address(to)
    if sender.settings.reply_to:
        message["Reply-To"] = sender.settings.reply_to
    message["Subject"] = _header(issue.subject, "Subject")
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{send}@{sender.domain}>"
    message["List-Id"] = _named(issue.name, f"{issue.list}.{sender.domain}", "List-Id")
    message["Auto-Submitted"] = "auto-generated"
    message["Precedence"] = "bulk"
    message["Feedback-ID"] = f"{issue.number}:{issue.list}:digest:lantoa"
    message.attach(_part(text_of(issue, sender, unsubscribe), "plain"))
    message.attach(_part(html_of(issue, sender, unsubscribe), "html"))
    raw = _leaving(sender, subscription_id) + message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    return sender.signer.sign(raw) if sender.signer is not None else raw


def _leaving(sender: Sender, subscription_id: UUID) -> bytes:
    """Each header on a line of its own: folded before its first word, as `email` does, not every reader finds it."""
    by_mail = sender.unsubscribe_address(subscription_id)
    mail = f", <mailto:{by_mail}?subject=unsubscribe>" if by_mail else ""
    ways = f"List-Unsubscribe: <{sender.unsubscribe_url(subscription_id)}>{mail}"
    return f"{ways}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii")


def _part(text: str, kind: str) -> MIMEText:
    return MIMEText(text, kind, _UTF8)  # type: ignore[arg-type]


def _header(text: str, name: str) -> Any:
    return Header(one_line(text), "utf-8", header_name=name)


def _named(name: str, told: str, header: str) -> Any:
    made = _header(name, header)
    made.append(f"<{told}>", "us-ascii")
    return made
