"""CAP 1.2 (OASIS, 1 July 2010) of urgent notices and of corrections: one message for each page, at /cap/{slug}.xml.

A message refers to every one before it (`sender,identifier,sent`, the oldest first). What was withdrawn becomes a
Cancel that refers to what it takes back, and holds none of its words. Elements stand in the schema's order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from lxml import etree

from libs.common.clock import HANOI
from libs.common.models.corrections import CorrectionStep
from libs.common.web import Site
from services.publish.corrections.queries import Earlier
from services.publish.corrections.rules import Told

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml; charset=utf-8"
NAMES: Any = {None: NAMESPACE}
HEADLINE = 160
"""Of characters, as the standard suggests."""
EVENTS = {False: "Thông báo khẩn", True: "Kiểm chứng thông tin"}
LANGUAGES = {"vi": "vi-VN", "en": "en-US"}


@dataclass(frozen=True)
class Message:
    """A page as CAP needs it."""

    publication_id: UUID
    slug: str
    title: str
    text: str
    language: str
    unit_name: str | None
    sent: datetime
    is_urgent: bool
    earlier: Sequence[Earlier] = ()
    review: Told | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = None

    @property
    def kind(self) -> str:
        if self.withdrawn_at is not None or (self.review and self.review.step is CorrectionStep.CANCEL):
            return "Cancel"
        return "Update" if self.earlier else "Alert"


def path_of(slug: str) -> str:
    return f"/cap/{slug}.xml"


def sender_of(site: Site) -> str:
    """The host that speaks: no spaces, commas, < or &."""
    return urlsplit(site.origin).hostname or "localhost"


def document(site: Site, message: Message) -> bytes:
    is_gone = message.withdrawn_at is not None
    root = etree.Element(_name("alert"), nsmap=NAMES)
    _add(root, "identifier", message.publication_id.urn + (".withdrawn" if is_gone else ""))
    _add(root, "sender", sender_of(site))
    _add(root, "sent", _instant(message.withdrawn_at or message.sent))
    _add(root, "status", "Actual")
    _add(root, "msgType", message.kind)
    _add(root, "scope", "Public")
    if is_gone and message.withdrawn_reason:
        _add(root, "note", message.withdrawn_reason)
    references = [_reference(site, one.publication_id, one.at) for one in message.earlier]
    if is_gone:
        references.append(_reference(site, message.publication_id, message.sent))
    if references:
        _add(root, "references", " ".join(references))
    if not is_gone:
        _info(etree.SubElement(root, _name("info")), site, message)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _info(info: Any, site: Site, message: Message) -> None:
    """What we do not know is said to be unknown: no severity is guessed."""
    review = message.review
    _add(info, "language", LANGUAGES.get(message.language, message.language))
    _add(info, "category", "Other" if review else "Safety")
    _add(info, "event", EVENTS[review is not None])
    _add(info, "urgency", "Immediate" if message.is_urgent else "Unknown")
    _add(info, "severity", "Unknown")
    _add(info, "certainty", "Unknown")
    _add(info, "effective", _instant(message.sent))
    _add(info, "senderName", message.unit_name or site.publisher)
    _add(info, "headline", message.title[:HEADLINE])
    _add(info, "description", message.text)
    _add(info, "web", site.url(f"/tin/{message.slug}"))
    if site.contact:
        _add(info, "contact", site.contact)
    if review is not None:
        _parameter(info, "verdict", review.label)
        _parameter(info, "claim", review.claim)
        for one in review.evidence:
            _parameter(info, "evidence", one.url)


def _parameter(info: Any, name: str, value: str) -> None:
    parameter = etree.SubElement(info, _name("parameter"))
    _add(parameter, "valueName", name)
    _add(parameter, "value", value)


def _reference(site: Site, publication_id: UUID, sent: datetime) -> str:
    return f"{sender_of(site)},{publication_id.urn},{_instant(sent)}"


def _instant(at: datetime) -> str:
    """With the offset written out: CAP knows no Z."""
    return at.astimezone(HANOI).isoformat(timespec="seconds")


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: Any, name: str, value: str) -> None:
    etree.SubElement(parent, _name(name)).text = value
