"""Who sent a case: unsealed where somebody has to be answered, and taken out of every text that is kept elsewhere."""

import re
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.envelope import RowUnreadable
from libs.common.text import nfc
from services.ingest.feedback import sender_queries
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.problems import ContactLost

SENDER = "[người gửi]"
FEW_LETTERS = 4
"""So short a name is a word like any other."""
_ADDRESSED = r"(?:ông|bà|anh|chị|cô|chú|bác|em|mr|mrs|ms)\.?\s+"


async def unsealed(session: AsyncSession, desk: FeedbackDesk, case_id: UUID) -> dict[str, str]:
    """Empty where nobody said, or where it was purged. Raises ContactLost where the key that sealed it is not here."""
    row = await sender_queries.get_contact(session, case_id)
    if row is None:
        return {}
    try:
        if desk.keys is None:
            raise RowUnreadable(f"sealed row of case {case_id}")
        return desk.keys.vault.open(case_id, row.ciphertext)
    except RowUnreadable:
        raise ContactLost(f"Khóa đã niêm phong: {row.key_id}.") from None


def without_sender(text: str, contact: Mapping[str, str | None]) -> str:
    """Without the name, phone and address that the sender told as their own, nor "bà Gieo" for Trần Thị Gieo."""
    for name, value in contact.items():
        words = nfc(value or "").split()
        if sum(map(len, words)) < FEW_LETTERS:
            continue
        text = _taken_out(text, r"\s+".join(map(re.escape, words)))
        if name == "name" and len(words) > 1:
            text = _taken_out(text, _ADDRESSED + re.escape(words[-1]))
    return text


def _taken_out(text: str, pattern: str) -> str:
    return re.sub(rf"(?<!\w){pattern}(?!\w)", SENDER, text, flags=re.IGNORECASE)
