"""A version as a letter to a newsroom: readable as it stands, with both machine forms beside it."""

import json
from datetime import datetime
from uuid import UUID

from libs.common.clock import HANOI, Clock
from libs.common.mail import Enclosure, Letter, one_line, with_enclosures
from libs.common.settings import MailSettings
from services.publish import wording
from services.publish.presskit import newsml, ninjs
from services.publish.presskit.edition import Edition


def letter(edition: Edition, to: str, key: UUID) -> Letter:
    """`key` names it: sent again it has the same Message-ID, and so the same place in a mailbox."""
    mark = "RÚT TIN: " if edition.is_killed else ""
    hold = "[CẤM PHÁT TRƯỚC GIỜ] " if edition.embargoed_until else ""
    return Letter(to, hold + mark + str(edition.payload["headline"]), _words(edition), key)


def message(edition: Edition, to: str, key: UUID, settings: MailSettings, clock: Clock) -> bytes:
    """The whole letter, lines ending in CRLF. Raises MailRefused where the address is none."""
    document = json.dumps(ninjs.written(edition), ensure_ascii=False, indent=1).encode()
    name = f"{edition.item}-{edition.version}"
    enclosures = (
        Enclosure(f"{name}.ninjs.json", "application/json", document),
        Enclosure(f"{name}.newsml.xml", "application/xml", newsml.written(edition)),
    )
    headers = {"X-LanToa-Item": f"{edition.uri};version={edition.version}"}
    return with_enclosures(letter(edition, to, key), enclosures, settings, clock, headers)


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
