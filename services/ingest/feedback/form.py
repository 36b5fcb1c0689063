"""The public form, without a page or a database: what somebody typed, what is wrong with it, and what keeps robots out.

Source of the notice beside the contact: Law on Protection of Personal Data (91/2025/QH15) and Decree 356/2025/NĐ-CP:
purpose, kinds of data, how long, rights, before anything is collected. There is no cookie: a form carries a signed
ticket that says when it was given out.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from libs.common.settings import MAIL_ADDRESS
from libs.common.text import nfc
from services.ingest.feedback.catalogue import Catalogue

FASTEST = timedelta(seconds=3)
LASTS = timedelta(hours=12)
SHORTEST_TEXT, LONGEST_TEXT, LONGEST_LINE, LONGEST_NAME = 10, 4000, 300, 200
MOST_BYTES = 64 * 1024
"""Of one form: 4,000 letters of four bytes each, percent-encoded, and room for the rest."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_PHONE = re.compile(r"\+?[0-9][0-9 .()-]{6,18}[0-9]")


def text_of(typed: str) -> str:
    """As it may be stored: NFC, one kind of line end, no control characters."""
    return nfc(_CONTROLS.sub("", typed.replace("\r\n", "\n").replace("\r", "\n"))).strip()


def line_of(typed: str) -> str:
    return " ".join(text_of(typed).split())


# --- the ticket -------------------------------------------------------------------------------------------------


class TicketState(StrEnum):
    GOOD = "good"
    EARLY = "early"
    STALE = "stale"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Ticket:
    state: TicketState
    number: str = ""
    """What makes the sending of this form one and the same, however often the button is pressed."""


class Tickets:
    """Signed with a key of the installation, so that any replica knows the tickets of the others."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32, person=b"lantoa-form").digest()

    def issue(self, now: datetime) -> str:
        told = f"{int(now.timestamp())}.{secrets.token_urlsafe(12)}"
        return f"{told}.{self._mark(told)}"

    def read(self, written: str, now: datetime) -> Ticket:
        told, _, mark = written[:200].rpartition(".")
        at, _, number = told.partition(".")
        if not hmac.compare_digest(self._mark(told).encode(), mark.encode()) or not at.isdigit():
            return Ticket(TicketState.FORGED)
        passed = now - datetime.fromtimestamp(int(at), UTC)
        if passed > LASTS:
            return Ticket(TicketState.STALE, number)
        return Ticket(TicketState.EARLY if passed < FASTEST else TicketState.GOOD, number)

    def _mark(self, told: str) -> str:
        return hmac.digest(self._key, told.encode(), "sha256").hex()[:32]


# --- a report ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, kept as it was for the case that it comes back, and what is wrong with it, by field."""

    service: str = ""
    description: str = ""
    place: str = ""
    ward: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    consent: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_contact(self) -> bool:
        return bool(self.name or self.phone or self.email)

    @property
    def typed(self) -> dict[str, str]:
        return {key: getattr(self, key) for key in FIELDS}

    @property
    def title(self) -> str:
        return self.description.split("\n", 1)[0]


FIELDS = ("service", "description", "place", "ward", "name", "phone", "email", "consent")


def read_draft(fields: Mapping[str, str], known: Catalogue, wards: Mapping[str, object]) -> Draft:
    """`wards`: by id, those of today."""

    def line(name: str, most: int = LONGEST_LINE) -> str:
        return line_of(fields.get(name, ""))[: most + 1]

    draft = Draft(
        service=line("service"),
        description=text_of(fields.get("description", ""))[: LONGEST_TEXT + 1],
        place=line("place"),
        ward=line("ward"),
        name=line("name"),
        phone=line("phone"),
        email=line("email"),
        consent="1" if fields.get("consent") else "",
    )
    return replace(draft, errors=_wrong(draft, known, wards))


def _wrong(draft: Draft, known: Catalogue, wards: Mapping[str, object]) -> dict[str, str]:
    """In the order of the form."""
    found = {
        "service": "" if known.get(draft.service) else "Xin chọn một loại việc trong danh sách.",
        "description": _wrong_text(draft.description),
        "place": _wrong_place(draft),
        "ward": "Xin chọn một phường, xã trong danh sách." if draft.ward and draft.ward not in wards else "",
        "name": _too_long(draft.name, LONGEST_NAME),
        "phone": _wrong_phone(draft.phone),
        "email": _wrong_email(draft.email),
        "consent": "",
    }
    if draft.has_contact and not draft.consent:
        found["consent"] = "Bạn có để lại cách liên hệ: xin đánh dấu đồng ý, hoặc xóa các ô liên hệ."
    return {key: what for key, what in found.items() if what}


def _wrong_text(text: str) -> str:
    if not text:
        return "Xin mô tả việc cần phản ánh."
    if len(text) < SHORTEST_TEXT:
        return "Xin mô tả rõ hơn một chút, ít nhất 10 ký tự."
    if len(text) > LONGEST_TEXT:
        return "Mô tả dài quá 4.000 ký tự. Xin rút gọn."
    return ""


def _wrong_place(draft: Draft) -> str:
    if not draft.place and not draft.ward:
        return "Xin cho biết nơi xảy ra: số nhà, ngõ, phố, hoặc chọn phường, xã ở ô dưới."
    return _too_long(draft.place)


def _too_long(line: str, most: int = LONGEST_LINE) -> str:
    return f"Dài quá {most} ký tự. Xin rút gọn." if len(line) > most else ""


def _wrong_phone(phone: str) -> str:
    return "" if not phone or _PHONE.fullmatch(phone) else "Số điện thoại chưa đúng, ví dụ 0912 345 678."


def _wrong_email(email: str) -> str:
    is_good = len(email) <= 254 and MAIL_ADDRESS.fullmatch(email)
    return "" if not email or is_good else "Địa chỉ thư chưa đúng, ví dụ ten@example.vn."


# --- following a report -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Follow:
    """A reference and its code, as people type them: in any case of letters, with spaces around and within."""

    reference: str = ""
    code: str = field(default="", repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)


def read_follow(fields: Mapping[str, str]) -> Follow:
    reference = re.sub(r"\s", "", text_of(fields.get("reference", ""))).upper()[:40]
    code = line_of(fields.get("code", ""))[:40]
    wrong = {}
    if not re.fullmatch(r"[!-~]+", reference):
        wrong["reference"] = "Xin nhập mã phản ánh, ví dụ PA-2026-000123."
    if not code:
        wrong["code"] = "Xin nhập mã theo dõi đã được cấp khi gửi."
    return Follow(reference, code, wrong)
