"""What a kept query may be: pure."""

import re
from datetime import datetime, timedelta

from libs.common.masking import mask_personal_data
from libs.common.text import words

LONGEST = timedelta(days=180)
DIGEST = timedelta(hours=1)
"""Of one query, people are told at most so often."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HANDLE = re.compile(r"[@＠﹫]")
_PROFILE = re.compile(
    r"\b(?:facebook|fb|tiktok|instagram|zalo|youtube|threads|twitter|x|t|m)\.(?:com|me|vn|be|net)/|profile\.php",
    re.IGNORECASE,
)
_RUN = re.compile(r"\d+(?: \d+)*")
_DATE = re.compile(r"\b(?:19|20)\d\d \d\d? \d\d?\b|\b\d\d? \d\d? (?:19|20)\d\d\b")
_LONG_NUMBER = 9


def asks_for_a_person(text: str) -> bool:
    """Whether a phone, an address, a handle, the page of a person or the number of a paper is in it, in whatever way it
    is cut up by operators, quotation marks and brackets."""
    plain = _UUID.sub(" ", text)
    if _HANDLE.search(plain) or _PROFILE.search(plain):
        return True
    tokens = [word for word in words(plain) if word not in ("AND", "OR", "NOT", "VÀ", "HOẶC", "KHÔNG")]
    spoken = " ".join(tokens)
    runs = _RUN.findall(_DATE.sub(" ", spoken))
    if any(len(run.replace(" ", "")) >= _LONG_NUMBER for run in runs):
        return True
    return any(mask_personal_data(form) != form for form in (plain, spoken))


def may_end_at(expires_at: datetime, now: datetime) -> bool:
    return now < expires_at <= now + LONGEST
