"""What another GeoReport server answers, read with care: bounded, without entities, nothing believed but text. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from lxml import etree

from libs.common.text import nfc

MOST_ROWS = 2000
MOST_ID, MOST_TEXT = 100, 2000
CLOSED = frozenset({"closed", "fixed", "no_further_action", "not_councils_responsibility", "duplicate"})
"""The specification's word, and FixMyStreet's finer ones."""
Row = Mapping[str, str]


class Unreadable(Exception):
    """The answer is no XML, or not what the specification describes."""


def read_rows(body: bytes, root_name: str) -> list[Row]:
    """The rows of a list, each with the text of its members."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("not XML") from error
    if _name(root) != root_name:
        raise Unreadable(f"the answer is no {root_name}")
    return [_row(one) for one in root.iterchildren("*")][:MOST_ROWS]


def _row(element: etree._Element) -> Row:
    members = element.iterchildren("*")  # no comments, no instructions
    return {_name(one): nfc((one.text or "").strip())[: MOST_TEXT * 2] for one in members}


def _name(element: etree._Element) -> str:
    """Without the namespace that some servers add."""
    return etree.QName(element).localname


@dataclass(frozen=True, slots=True)
class Filed:
    """What a POST was answered: an id, or a token for it."""

    remote_id: str | None
    token: str | None


def read_filed(body: bytes) -> Filed:
    rows = read_rows(body, "service_requests")
    if len(rows) != 1:
        raise Unreadable("one request was filed, and another number answered")
    remote_id, token = (rows[0].get(name, "")[:MOST_ID] or None for name in ("service_request_id", "token"))
    if remote_id is None and token is None:
        raise Unreadable("neither service_request_id nor token")
    return Filed(remote_id, token)


@dataclass(frozen=True, slots=True)
class Update:
    """One thing that was said of a request there."""

    id: str
    is_closed: bool
    text: str


def read_updates(body: bytes, remote_id: str) -> list[Update]:
    """FixMyStreet's extension, oldest first as it came; those of other requests are left out."""
    rows = read_rows(body, "service_request_updates")
    return [
        Update(row["update_id"][:MOST_ID], _is_closed(row), row.get("description", "")[:MOST_TEXT])
        for row in rows
        if row.get("service_request_id") == remote_id and row.get("update_id")
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    is_closed: bool
    notes: str

    @property
    def update(self) -> Update:
        """For a server that tells no updates: its present state as one."""
        digest = hashlib.sha256(self.notes.encode()).hexdigest()[:24]
        return Update(f"{'closed' if self.is_closed else 'open'}:{digest}", self.is_closed, self.notes)


def read_standing(body: bytes, remote_id: str) -> Standing:
    for row in read_rows(body, "service_requests"):
        if row.get("service_request_id") == remote_id:
            return Standing(_is_closed(row), row.get("status_notes", "")[:MOST_TEXT])
    raise Unreadable("the request is not in the answer")


def find_marked(body: bytes, mark: str) -> list[str]:
    """The ids of the requests whose description carries our mark."""
    rows = read_rows(body, "service_requests")
    found = [row for row in rows if mark in row.get("description", "")]
    return [row["service_request_id"][:MOST_ID] for row in found if row.get("service_request_id")]


def _is_closed(row: Row) -> bool:
    return row.get("status", "").strip().lower() in CLOSED


# --- what we send ------------------------------------------------------------------------------------------------


def mark_of(reference: str) -> str:
    """By which we know our own report again in the other server's list."""
    return f"[Lan Tỏa {reference}]"


@dataclass(frozen=True, slots=True)
class Sending:
    """A case as another server is told of it: masked words, no sender."""

    service_code: str
    reference: str
    description: str
    place: str | None
    lat: float | None
    lon: float | None

    def form(self, api_key: str, jurisdiction_id: str | None) -> bytes:
        mark = mark_of(self.reference)
        fields = {
            "api_key": api_key,
            "jurisdiction_id": jurisdiction_id,
            "service_code": self.service_code,
            "description": f"{self.description[: 3990 - len(mark)]}\n{mark}",
            "address_string": self.place or ("Thành phố Hà Nội" if self.lat is None else None),
            "lat": None if self.lat is None else f"{self.lat:.4f}",
            "long": None if self.lon is None else f"{self.lon:.4f}",
            "attribute[external_id]": self.reference,
        }
        return urlencode({name: value for name, value in fields.items() if value}).encode()


def w3c(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
