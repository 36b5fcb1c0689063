"""The letter that a signed report goes in: to one office, with the document attached and its digest in words."""

import re
from dataclasses import dataclass, field
from uuid import UUID

from libs.common.clock import Clock
from libs.common.mail import Enclosure, Letter, with_enclosures
from libs.common.models import Report, ReportSending, ReportVersion
from libs.common.settings import MailSettings
from libs.common.text import fold
from services.reports.domain import Format
from services.reports.issuing.printing import MEDIA_TYPES

FOOTER = "Thư tự động của Lan Tỏa, xin đừng trả lời."
_NO_NAME = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class Ready:
    """A letter whose recipient and words are known; the document comes when it is sent."""

    sending_id: UUID
    report_id: UUID
    version: int
    form: Format
    file_name: str
    letter: Letter = field(repr=False)


def ready(sending: ReportSending, report: Report, version: ReportVersion) -> Ready:
    """`key` is the sending's id: the Message-ID names it, and what comes back can be recognised by it."""
    assert sending.digest is not None
    head = version.head
    number = f"{head['number']:02d}/{head['symbol']}"
    kind = str(head["type_name"]).capitalize()
    file_name = f"{_NO_NAME.sub('-', fold(head['symbol']).upper())}-{head['number']:02d}-{report.year}.{sending.form}"
    again = "Thư này được gửi lại theo yêu cầu của người phụ trách; nếu đã nhận, xin chỉ giữ một bản.\n\n"
    text = (
        f"Kính gửi: {sending.name}\n\n"
        f"{head['agency']} gửi {kind.lower()} số {number}: {head['subject']}.\n\n"
        f"{again if sending.turn else ''}"
        f"Tệp kèm theo: {file_name}\nSHA-256: {sending.digest.hex()}\n\n-- \n{FOOTER}"
    )
    letter = Letter(sending.email, f"{kind} số {number}: {head['subject']}", text, sending.id)
    return Ready(sending.id, report.id, sending.version, Format(sending.form), file_name, letter)


def written(ready: Ready, document: bytes, settings: MailSettings, clock: Clock) -> bytes:
    """The whole letter as it goes over the wire. Raises MailRefused where the address is none."""
    enclosure = Enclosure(ready.file_name, MEDIA_TYPES[ready.form], document)
    return with_enclosures(ready.letter, [enclosure], settings, clock)
