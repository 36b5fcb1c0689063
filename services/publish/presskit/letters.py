"""A version as a letter to a newsroom: readable as it stands, with both machine forms beside it."""

import json
from datetime import datetime
from email import encoders
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from uuid import UUID

from libs.common.clock import HANOI, Clock
from libs.common.mail import Letter, one_line
from libs.common.mail import written as letter_of
from libs.common.settings import MailSettings
from services.publish import wording
from services.publish.presskit import newsml, ninjs
from services.publish.presskit.edition import Edition

HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")


def letter(edition: Edition, to: str, key: UUID) -> Letter:
    """`key` names it: sent again it has the same Message-ID, and so the same place in a mailbox."""
    mark = "RÚT TIN: " if edition.is_killed else ""
    hold = "[CẤM PHÁT TRƯỚC GIỜ] " if edition.embargoed_until else ""
    return Letter(to, hold + mark + str(edition.payload["headline"]), _words(edition), key)


def message(edition: Edition, to: str, key: UUID, settings: MailSettings, clock: Clock) -> bytes:
    """The whole letter, lines ending in CRLF. Raises MailRefused where the address is none."""
    plain = letter_of(letter(edition, to, key), settings, clock)
    whole = MIMEMultipart("mixed", boundary=f"=_{key.hex}")
    for name in HEADERS:
        whole[name] = plain[name]
        del plain[name]
    whole["X-LanToa-Item"] = Header(f"{edition.uri};version={edition.version}", "us-ascii", maxlinelen=200)  # type: ignore[assignment]
    whole.attach(plain)
    document = json.dumps(ninjs.written(edition), ensure_ascii=False, indent=1).encode()
    for part in (
        _attached(document, "application", "json", f"{edition.item}-{edition.version}.ninjs.json"),
        _attached(newsml.written(edition), "application", "xml", f"{edition.item}-{edition.version}.newsml.xml"),
    ):
        whole.attach(part)
    return whole.as_bytes(policy=whole.policy.clone(linesep="\r\n"))


def _attached(data: bytes, main: str, sub: str, name: str) -> Message:
    part = MIMEBase(main, sub)
    part.set_payload(data)
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _words(edition: Edition) -> str:
    told, head = edition.payload, edition.masthead
    if edition.is_killed:
        return wording.joined(edition.ednote, one_line(str(told["headline"])), _identity(edition), head.contact)
    hold = f"CẤM PHÁT TRƯỚC {_shown(edition.embargoed_until)}." if edition.embargoed_until else None
    label = f"{wording.AI_LINE}{told['ai_label']}" if told.get("ai_label") else None
    pictures = "\n".join(f"• {each['alt']}: {edition.file(each['renditions'][0])}" for each in told["pictures"])
    return wording.joined(
        hold,
        edition.ednote,
        one_line(str(told["headline"])),
        told.get("summary"),
        wording.plain(str(told["body"])),
        label,
        f"Nguồn: {edition.source_line}",
        told.get("link"),
        f"Ảnh và video (mở bằng mã của cơ quan):\n{pictures}" if pictures else None,
        head.usage_terms,
        _identity(edition),
        head.contact,
    )


def _shown(at: datetime) -> str:
    return f"{at.astimezone(HANOI):%H:%M ngày %d/%m/%Y} (giờ Hà Nội)"


def _identity(edition: Edition) -> str:
    return f"Mã tin: {edition.uri}, phiên bản {edition.version}"
