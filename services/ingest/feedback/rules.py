"""The rules of a feedback case: which text opens one, which is urgent, and how it is called. Pure."""

import re
import unicodedata

from libs.common.models.enums import PROTECTED_KINDS, TextKind
from services.ingest.domain import is_citizens_text

CASE_KINDS = PROTECTED_KINDS | {TextKind.REPORT_OF_PROBLEM}
"""Kinds of text that are a citizen's matter for a unit to answer: opinion, complaint and criticism too."""

_URGENT = re.compile(
    r"khẩn cấp|nguy hiểm|cháy|nổ|sập|đổ cây|cây đổ|điện giật|rò rỉ|ngập|hố sâu|hố tử thần|sạt lở|tai nạn|"
    r"cấp cứu|đuối nước|ngộ độc|rò khí|cáp điện",
    re.IGNORECASE,
)


def opens_case(text_kind: str, source_group: str, form: str) -> bool:
    """Whether a classified text becomes a feedback case: no criticism by a citizen is ever dropped."""
    return text_kind in CASE_KINDS and is_citizens_text(source_group, form)


def is_urgent(text: str) -> bool:
    """Words that mean somebody may be hurt; an officer can change it."""
    return _URGENT.search(unicodedata.normalize("NFC", text)) is not None


def case_reference(year: int, number: int) -> str:
    """The reference a citizen is given."""
    return f"PA-{year}-{number:06d}"


def case_subject(title: str, text: str) -> str:
    """One line that names the case, at most 120 characters, cut at a word."""
    line = " ".join((title or text).split())
    return line if len(line) <= 120 else line[:119].rsplit(" ", 1)[0] + "…"
