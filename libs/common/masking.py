"""Masks phone numbers, e-mail addresses and identity numbers in what citizens write.

Guarantees: what looks like one of the three is replaced before storage; amounts of money, dates, years,
road names and published hotlines stay readable. A number on the allowlist is never masked.
"""

import re
from collections.abc import Callable

PHONE = "[số điện thoại]"
EMAIL = "[email]"
ID_NUMBER = "[số giấy tờ]"

# Emergency, city and switchboard numbers that anybody may publish.
HOTLINES = frozenset({"111", "112", "113", "114", "115", "1022", "18008108"})

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}\s?@\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w-])")

# A run of digits with the separators people put between groups; what it is gets decided in code.
_DIGITS = re.compile(r"(?<![\w.,])\(?\+?\(?\d(?:\)?[ .\-\u00a0]?\(?\d){7,40}(?![\d])")
_PHONE_IN_RUN = re.compile(r"(?<!\d)0(?:[ .\-\u00a0]?\d){9,10}(?!\d)")

_ID_CONTEXT = re.compile(
    r"(?:cccd|cmnd|cmt|căn\s*cước(?:\s*công\s*dân)?|chứng\s*minh(?:\s*(?:nhân\s*dân|thư))?|"
    r"số\s*định\s*danh(?:\s*cá\s*nhân)?|hộ\s*chiếu|giấy\s*tờ|passport|can\s*cuoc(?:\s*cong\s*dan)?|"
    r"chung\s*minh(?:\s*nhan\s*dan)?)[^\d\n]{0,25}$",
    re.IGNORECASE,
)
_PHONE_CONTEXT = re.compile(
    r"(?:đt|sđt|sdt|tel|phone|zalo|viber|hotline|điện\s*thoại|dien\s*thoai|di\s*động|gọi|liên\s*hệ|số\s*máy)"
    r"[^\d\n]{0,20}$",
    re.IGNORECASE,
)
_MONEY_AFTER = re.compile(
    r"\s*(?:đồng|đ\b|vnđ|vnd|usd|triệu|tỷ|tỉ|nghìn|ngàn|₫|\$|%|m2|m²|ha\b|km|kg|tấn|người|lượt|căn|hộ\b)",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"^\d{1,3}(?:([ .])\d{3})(?:\1\d{3})+$")
_DATE = re.compile(r"^(?:\d{1,2}[ .\-]\d{1,2}[ .\-](?:19|20)\d{2}|(?:19|20)\d{2}[ .\-]\d{1,2}[ .\-]\d{1,2})")
_MOBILE = re.compile(r"^0[35789]\d{8}$")
_OLD_MOBILE = re.compile(r"^01[2689]\d{8}$")
_LANDLINE = re.compile(r"^02\d{8,9}$")
_CITIZEN_ID = re.compile(r"^0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}$")
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[BCEKNP]\d{7,8}(?!\w)")


def mask_personal_data(text: str, allow: frozenset[str] = HOTLINES) -> str:
    """The text with phones, e-mails and identity numbers replaced by their Vietnamese placeholders."""
    if "@" in text:
        text = _EMAIL.sub(lambda found: found[0] if found[0].lower() in allow else EMAIL, text)
    if not any(letter.isdigit() for letter in text):
        return text
    text = _DIGITS.sub(_number_masker(allow), text)
    return _PASSPORT.sub(lambda found: _mask_in_context(found), text)


def _number_masker(allow: frozenset[str]) -> Callable[[re.Match[str]], str]:
    def mask(found: re.Match[str]) -> str:
        raw = found[0]
        before, after = (
            found.string[max(0, found.start() - 60) : found.start()],
            found.string[found.end() :],
        )
        opening = raw[: len(raw) - len(raw.lstrip("("))] if raw.count("(") > raw.count(")") else ""
        kind = _kind_of_number(raw, before, after[:12], allow)
        if kind is None and raw.count("0") and len(raw) > 20:
            return _PHONE_IN_RUN.sub(_mask_phone, raw)
        return raw if kind is None else opening + kind

    return mask


def _kind_of_number(raw: str, before: str, after: str, allow: frozenset[str]) -> str | None:
    digits = re.sub(r"\D", "", raw)
    national = _national(digits, plus="+" in raw)
    if digits in allow or national in allow or _is_service_number(national):
        return None
    if _ID_CONTEXT.search(before) and len(digits) in (9, 12):
        return ID_NUMBER
    if _THOUSANDS.match(raw) and raw[0] != "0" and not _PHONE_CONTEXT.search(before):
        return None
    if _is_phone(national) and (raw[0] in "0(+" or not _MONEY_AFTER.match(after)):
        return PHONE
    if _DATE.match(raw) or _MONEY_AFTER.match(after):
        return None
    if _CITIZEN_ID.match(digits):
        return ID_NUMBER
    if "+" in raw and 8 <= len(digits) <= 15:
        return PHONE
    return PHONE if _PHONE_CONTEXT.search(before) and 9 <= len(digits) <= 12 else None


def _is_phone(national: str) -> bool:
    return any(form.match(national) for form in (_MOBILE, _LANDLINE, _OLD_MOBILE))


def _mask_phone(found: re.Match[str]) -> str:
    return PHONE if _is_phone(re.sub(r"\D", "", found[0])) else found[0]


def _national(digits: str, *, plus: bool) -> str:
    """The number as dialled inside the country: +84 and 0084 become 0."""
    if digits.startswith("0084"):
        digits = digits[2:]
    if digits.startswith("84") and (plus or 11 <= len(digits) <= 12):
        return "0" + digits[2:].lstrip("0")
    return digits


def _is_service_number(digits: str) -> bool:
    """1800 and 1900 switchboards belong to organisations, never to a person."""
    return len(digits) in (8, 10) and digits.startswith(("1800", "1900"))


def _mask_in_context(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 60) : found.start()]
    return ID_NUMBER if _ID_CONTEXT.search(before) else found[0]
