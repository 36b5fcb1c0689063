"""Open311 GeoReport v2 on the wire: what is asked, what is answered, and what is wrong, as XML and JSON. Pure.

Source: GeoReport v2 (wiki.open311.org/GeoReport_v2). XML has no namespace and no schema; JSON follows from it by the
Spark convention (a list of rows is an array without a name). Updates are FixMyStreet's extension
(`servicerequestupdates`). Texts are UTF-8, times W3C with an offset.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from lxml import etree

from libs.common.clock import HANOI
from libs.common.http import FetchRefused, check_url, is_public_address
from libs.common.text import nfc
from services.ingest.feedback.catalogue import Catalogue, Service

LONGEST_SPAN = timedelta(days=90)
MOST_ROWS = 1000
MOST_PAGES = 100
MOST_FIELDS = 100
MOST_DESCRIPTION = 4000
MOST_VALUE = 300
MOST_MEDIA = 5
MOST_URL = 2000
Row = Mapping[str, Any]
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Form(StrEnum):
    """The extension of an address says in which form it is answered."""

    XML = "xml"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return f"{'text/xml' if self is Form.XML else 'application/json'}; charset=utf-8"


class Status(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Rejected(Exception):
    """What is wrong with a request, in the form of the specification: an HTTP status and one line each."""

    def __init__(self, status: int, *descriptions: str, retry_after: int | None = None) -> None:
        super().__init__(descriptions[0] if descriptions else str(status))
        self.status, self.descriptions, self.retry_after = status, descriptions, retry_after

    def rows(self) -> list[Row]:
        return [{"code": self.status, "description": one} for one in self.descriptions]


# --- answers ----------------------------------------------------------------------------------------------------

_ITEMS = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""The name of one row, by the name of the list."""


def render(name: str, told: Iterable[Row] | Row, form: Form) -> bytes:
    """A list of rows or one object, under the name that its root has in XML."""
    rows = dict(told) if isinstance(told, Mapping) else list(told)
    if form is Form.JSON:
        return json.dumps(rows, ensure_ascii=False, default=_plain).encode()
    root = etree.Element(name)
    _fill(root, rows)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _fill(element: etree._Element, told: Any) -> None:
    match told:
        case None:
            return
        case Mapping():
            for name, value in told.items():
                _fill(etree.SubElement(element, name), value)
        case list() | tuple():
            for one in told:
                _fill(etree.SubElement(element, _ITEMS[str(element.tag)]), one)
        case _:
            element.text = _UNPRINTABLE.sub("", _plain(told))


def _plain(told: Any) -> str:
    match told:
        case datetime():
            return w3c(told)
        case bool():
            return str(told).lower()
        case _:
            return str(told)


def w3c(at: datetime) -> str:
    """To the second, with Hà Nội's offset."""
    return at.astimezone(HANOI).isoformat(timespec="seconds")


def service_row(service: Service) -> Row:
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description,
        "metadata": False,
        "type": "realtime",
        "keywords": ", ".join(service.keywords),
        "group": service.group,
    }


# --- questions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """Which requests are asked for; `references` overrides all else, as the specification says."""

    references: tuple[str, ...] = ()
    service_codes: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    statuses: frozenset[Status] = frozenset(Status)
    limit: int = MOST_ROWS
    offset: int = 0


def read_search(asked: Mapping[str, str], known: Catalogue, now: datetime) -> Search:
    """An empty parameter is one that was not sent."""
    limit = _number(asked, "page_size", MOST_ROWS, MOST_ROWS)
    offset = (_number(asked, "page", 1, MOST_PAGES) - 1) * limit
    if references := _list(asked, "service_request_id"):
        return Search(references=tuple(map(_reference, references[:MOST_ROWS])), limit=limit, offset=offset)
    codes = tuple(_list(asked, "service_code"))
    if unknown := [code for code in codes if known.get(code) is None]:
        raise _no_service(unknown[0])
    since, until = read_range(asked, now)
    return Search((), codes, since, until, _statuses(asked), limit, offset)


def _reference(typed: str) -> str:
    return _UNPRINTABLE.sub("", typed).upper()[:40]


def read_range(asked: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """At most 90 days: as told, from or up to the one that is told, or the last 90."""
    since, until = read_time(asked, "start_date"), read_time(asked, "end_date")
    if since and until and not timedelta(0) <= until - since <= LONGEST_SPAN:
        raise Rejected(
            400,
            "Khoảng thời gian từ start_date đến end_date tối đa 90 ngày."
            " / start_date and end_date may not span more than 90 days.",
        )
    try:
        until = until or (min(now, since + LONGEST_SPAN) if since else now)
        return since or until - LONGEST_SPAN, until
    except OverflowError as error:
        raise _no_time("start_date") from error


def read_time(asked: Mapping[str, str], name: str) -> datetime | None:
    """A W3C date and time with its offset; a plus sign that an address turned into a space is one again."""
    if not (written := asked.get(name, "").strip()):
        return None
    try:
        at = datetime.fromisoformat(written.replace(" ", "+"))
        if at.tzinfo is None:
            raise ValueError("no offset")
        return at.astimezone(HANOI)
    except (ValueError, OverflowError) as error:
        raise _no_time(name) from error


def _no_time(name: str) -> Rejected:
    return Rejected(
        400,
        f"{name} phải là thời điểm W3C kèm múi giờ, ví dụ 2026-11-24T08:00:00+07:00."
        f" / {name} must be a W3C date and time with its offset.",
    )


def _no_service(code: str) -> Rejected:
    return Rejected(404, f"Không có service_code “{code[:60]}”. / No service has this service_code.")


def _statuses(asked: Mapping[str, str]) -> frozenset[Status]:
    told = _list(asked, "status")
    try:
        return frozenset(Status(one.lower()) for one in told) or frozenset(Status)
    except ValueError as error:
        raise Rejected(400, "status chỉ nhận open, closed. / status is open or closed.") from error


def _list(asked: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in asked.get(name, "").split(",") if one.strip()]


def _number(asked: Mapping[str, str], name: str, default: int, most: int) -> int:
    written = asked.get(name, "").strip()
    if not written:
        return default
    if not (written.isascii() and written.isdigit() and len(written) <= 6 and 1 <= int(written) <= most):
        raise Rejected(400, f"{name} là số từ 1 đến {most}. / {name} is a number from 1 to {most}.")
    return int(written)


# --- reports ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Posted:
    """A report as another program sent it. `device_id` and `account_id` are never read: nobody is profiled."""

    service: Service
    description: str
    place: str | None
    lat: float | None
    long: float | None
    name: str | None
    email: str | None
    phone: str | None
    external_id: str | None
    media_urls: tuple[str, ...]


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a form; of one that stands more than once the values are joined by commas."""
    fields: dict[str, str] = {}
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except (UnicodeDecodeError, ValueError) as error:
        raise Rejected(
            400, "Không phải biểu mẫu UTF-8 hợp lệ. / Not a form (application/x-www-form-urlencoded) in UTF-8."
        ) from error
    for name, value in pairs:
        fields[name] = f"{fields[name]},{value}" if fields.get(name) else value
    return fields


def read_report(fields: Mapping[str, str], known: Catalogue) -> Posted:
    """Everything that is wrong is told at once."""
    if not (code := fields.get("service_code", "").strip()):
        raise Rejected(400, "Thiếu service_code. / service_code was not provided.")
    if (service := known.get(code)) is None:
        raise _no_service(code)
    wrong: list[str] = []
    lat, long = _position(fields, wrong)
    place = _short(fields, "address_string", wrong) or _short(fields, "address_id", wrong)
    if place is None and lat is None and not wrong:
        wrong.append(
            "Thiếu nơi xảy ra: lat và long, hoặc address_string. / lat and long, or address_string, is needed."
        )
    description = _text(fields, wrong)
    names = [_short(fields, key, wrong) for key in ("last_name", "first_name")]
    email, phone = _short(fields, "email", wrong), _short(fields, "phone", wrong)
    external = _short(fields, "attribute[external_id]", wrong) or _short(fields, "external_id", wrong)
    media = _media(fields, wrong)
    if wrong:
        raise Rejected(400, *wrong)
    name = " ".join(part for part in names if part) or None
    return Posted(service, description, place, lat, long, name, email, phone, external, media)


def _short(fields: Mapping[str, str], name: str, wrong: list[str]) -> str | None:
    value = " ".join(_clean(fields.get(name, "")).split())
    if len(value) > MOST_VALUE:
        wrong.append(f"{name} dài quá {MOST_VALUE} ký tự. / {name} is over {MOST_VALUE} characters.")
    return value[:MOST_VALUE] or None


def _text(fields: Mapping[str, str], wrong: list[str]) -> str:
    """The description, and what further attributes add to it, each on a line of its own."""
    description = _clean(fields.get("description", "")).strip()
    if len(description) > MOST_DESCRIPTION:
        wrong.append(
            f"description dài quá {MOST_DESCRIPTION} ký tự. / description is over {MOST_DESCRIPTION} characters."
        )
    if not description:
        wrong.append("Thiếu description. / description was not provided.")
    return description


def _clean(text: str) -> str:
    return nfc(_UNPRINTABLE.sub("", text.replace("\r\n", "\n")))


def _position(fields: Mapping[str, str], wrong: list[str]) -> tuple[float | None, float | None]:
    written = [fields.get(name, "").strip() for name in ("lat", "long")]
    if not any(written):
        return None, None
    try:
        lat, long = (float(one) for one in written)
        if not (-90 <= lat <= 90 and -180 <= long <= 180):
            raise ValueError("not on the globe")
        return lat, long
    except ValueError:
        wrong.append("lat và long phải là hai số WGS84. / lat and long must both be numbers (WGS84).")
        return None, None


def _media(fields: Mapping[str, str], wrong: list[str]) -> tuple[str, ...]:
    """Addresses that anybody could open; they are kept, and never fetched by us."""
    found = [one for one in fields.get("media_url", "").split(",") if one.strip()]
    if len(found) > MOST_MEDIA:
        wrong.append(f"Tối đa {MOST_MEDIA} media_url. / At most {MOST_MEDIA} media_url.")
    try:
        urls = tuple(_public(one) for one in found[:MOST_MEDIA])
    except FetchRefused:
        urls = ()
        wrong.append("media_url không hợp lệ. / media_url is not an address that can be kept.")
    if any(len(url) > MOST_URL for url in urls):
        wrong.append("media_url quá dài. / media_url is too long.")
    return urls


def _public(written: str) -> str:
    """An address of the open web as far as it says so itself: a name with a dot, or a public number."""
    url = check_url(written, frozenset({80, 443}))
    try:
        is_open = is_public_address(ip_address(url.host.strip("[]")))
    except ValueError:
        is_open = "." in url.host and not url.host.endswith((".localhost", ".local", ".internal"))
    if not is_open:
        raise FetchRefused("Không phải địa chỉ công khai.", "Not a public address.")
    return str(url)
