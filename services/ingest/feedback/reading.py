"""What a report is before it is a case: its words masked, its contact in order, the ward that its place names."""

import hashlib
import math
import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.models.enums import TextKind, Urgency
from libs.common.settings import MAIL_ADDRESS
from libs.common.text import collapse, nfc
from libs.common.units import Register, load_stored_register, resolve_unit
from services.ingest.feedback.catalogue import Service
from services.ingest.feedback.contacts import without_sender
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.opening import NewCase, today
from services.ingest.feedback.problems import NotAccepted, UnknownService
from services.ingest.feedback.reports import Contact, NewReport

LONGEST_TEXT, LONGEST_TITLE, LONGEST_PLACE, LONGEST_URL, MOST_MEDIA = 20_000, 300, 300, 2000, 5
LONGEST = {"name": 200, "phone": 40, "email": 254}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PIECES = re.compile(r"[,;\n]|\s[-–]\s")
_REGISTER = "lantoa.register"


def reference_of(typed: str) -> str:
    """As people type it: in any case of letters, with spaces around."""
    return typed.strip().upper()[:40].replace("\0", "")


def contact_of(report: NewReport) -> dict[str, str]:
    """What is sealed; empty where nobody may be answered. Raises NotAccepted for what is too long or no address."""
    told = report.contact
    if told is None or told.is_empty:
        return {}
    found = {name: _clean(value or "", LONGEST[name] + 1) for name, value in _parts(told)}
    if any(len(value) > LONGEST[name] for name, value in found.items()):
        raise NotAccepted("Thông tin liên hệ dài quá mức cho phép.")
    if found["email"] and not MAIL_ADDRESS.fullmatch(found["email"]):
        raise NotAccepted("Địa chỉ thư điện tử chưa đúng, ví dụ ten@example.vn.")
    return {name: value for name, value in found.items() if value}


def _parts(told: Contact) -> Iterator[tuple[str, str | None]]:
    yield from (("name", told.name), ("phone", told.phone), ("email", told.email))


def _clean(text: str, most: int) -> str:
    return nfc(_CONTROLS.sub("", text)).strip()[:most]


def case_of(report: NewReport, desk: FeedbackDesk, ward: str | None) -> NewCase:
    """Raises NotAccepted without words, UnknownService for a code that the catalogue does not have."""
    service = _service(report, desk)
    title = masked(collapse(_clean(report.title, LONGEST_TITLE)), report, desk)
    body = masked(_clean(report.description, LONGEST_TEXT), report, desk)
    if not (title or body):
        raise NotAccepted("Phản ánh cần có nội dung.")
    position = position_of(report)
    place = masked(collapse(_clean(report.place_text or "", LONGEST_PLACE)), report, desk)
    origin = origins(report, desk)
    return NewCase(
        title=title,
        body=body,
        kind=report.kind or TextKind.REPORT_OF_PROBLEM,
        channel=report.channel,
        topic=report.topic or (service.field if service else None),
        service_code=service.code if service else None,
        is_urgent=service is not None and service.urgency == Urgency.URGENT,
        ward=ward,
        unit=report.unit_code,
        more={
            "origin_digest": origin[0] if origin else None,
            "place_told": place or None,
            "lat": position[0] if position else None,
            "lon": position[1] if position else None,
            "media_urls": [url for url in report.media_urls if _may_be_kept(url, report, desk)][:MOST_MEDIA],
        },
    )


def _service(report: NewReport, desk: FeedbackDesk) -> Service | None:
    if report.service_code is None:
        return None
    if (found := desk.catalogue.get(report.service_code)) is None:
        raise UnknownService("Xin chọn một mã trong danh mục dịch vụ.")
    return found


def masked(text: str, report: NewReport, desk: FeedbackDesk) -> str:
    """Without phones, addresses and numbers of papers, and without what the sender told as their own contact."""
    return without_sender(desk.mask(text), dict(_parts(report.contact)) if report.contact else {})


def _may_be_kept(url: str, report: NewReport, desk: FeedbackDesk) -> bool:
    """An address of a picture that names nobody: no user, no mail address or phone, not the sender's name."""
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "@" not in parts.netloc and masked(url, report, desk) == url


def position_of(report: NewReport) -> tuple[float, float] | None:
    """To four places. Raises NotAccepted for half a position, or one that is not on Earth."""
    lat, lon = report.lat, report.lon
    if lat is None and lon is None:
        return None
    if lat is None or lon is None or not (math.isfinite(lat) and math.isfinite(lon)):
        raise NotAccepted("Tọa độ cần có cả vĩ độ và kinh độ.")
    if abs(lat) > 90 or abs(lon) > 180:
        raise NotAccepted("Tọa độ không có trên Trái Đất.")
    return round(lat, 4), round(lon, 4)


def origins(report: NewReport, desk: FeedbackDesk) -> list[bytes]:
    """Digests by which the door's id may be kept, the one to keep first; those of before a key was set or changed
    are still found."""
    if report.external_id is None:
        return []
    keyed = [key.of_origin(report.channel, report.external_id) for key in desk.keys.digests] if desk.keys else []
    return [*keyed, hashlib.sha256(f"{report.channel}\0{report.external_id}".encode()).digest()]


# --- the place ----------------------------------------------------------------------------------------------


async def ward_of(session: AsyncSession, report: NewReport, now: datetime) -> str | None:
    """Code of the one ward or commune of today that the place names."""
    if not report.place_text:
        return None
    register = session.info.get(_REGISTER)
    if register is None:  # a bulk import asks for every row
        register = session.info[_REGISTER] = await load_stored_register(session)
    return ward_named(report.place_text, register, now)


def ward_named(place: str, register: Register, now: datetime) -> str | None:
    """From its end, where addresses become coarser; a piece that could mean two wards decides nothing."""
    for piece in reversed(_PIECES.split(_clean(place, LONGEST_PLACE))):
        matches = resolve_unit(piece, today(now), register) if piece.strip() else []
        wards = {match.unit.code for match in matches if match.unit.kind in ("ward", "commune")}
        if len(wards) == 1:
            return wards.pop()
    return None
