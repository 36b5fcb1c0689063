"""Masks phone numbers, e-mail addresses, identity and bank account numbers in what citizens write.

Guarantees: what looks like one of them is replaced before storage, also where it is written so as not to be found: with
any separators, in digits of other scripts, with letters for digits, with signs nobody sees, in words. Amounts of money,
dates, years, road names, licence plates and published hotlines stay readable. What is on the allowlist is never masked.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

PHONE = "[số điện thoại]"
EMAIL = "[email]"
ID_NUMBER = "[số giấy tờ]"
ACCOUNT = "[số tài khoản]"

# Emergency, city and switchboard numbers that anybody may publish.
HOTLINES = frozenset({"111", "112", "113", "114", "115", "1022", "18008108"})

Span = tuple[int, int, str]
"""From, to, and what stands there instead."""
Group = tuple[int, int]


def mask_personal_data(text: str, allow: frozenset[str] = HOTLINES) -> str:
    """The text with what is personal in it replaced by Vietnamese placeholders."""
    read = _as_read(text)
    spans: list[Span] = []
    if "@" in read or _AT.search(read):
        spans += _addresses(read, allow)
    if _SIX_DIGITS.search(read):
        spans += _numbers(_LETTERS_FOR_DIGITS.sub(_digit, read), allow)
    if _ZERO_IN_WORDS.search(read):
        spans += ((found.start(), found.end(), PHONE) for found in _IN_WORDS.finditer(read))
    return _replaced(text, read, sorted(spans)) if spans else text


def _replaced(text: str, read: str, spans: list[Span]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, kind in spans:
        if start >= at:
            pieces += (text[at:start], kind)
        if end > at:
            at = end
            while read[at : at + 1] == _UNSEEN:
                at += 1
    return "".join(pieces) + text[at:]


# --- what is read, sign for sign ---------------------------------------------------------------------------

_UNUSUAL = re.compile(
    "[^\\x00-\\x7f\u00a0-\u00ac\u00ae-\u00b1\u00b4-\u00b8\u00ba-\u01ff\u1ea0-\u1ef9\u2010-\u2027\u20ab]"
)
_UNSEEN = "\u200b"
_MEANT = {"\uff20": "@", "\ufe6b": "@", "\uff0e": ".", "\u3002": ".", "\u2024": ".", "\uff0b": "+", "\uff0d": "-"}


def _as_read(text: str) -> str:
    """The text as a reader takes it, of the same length: digits of any script are ASCII, the unseen is one sign."""
    return _UNUSUAL.sub(_sign, text) if _UNUSUAL.search(text) else text


def _sign(found: re.Match[str]) -> str:
    sign = found[0]
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    if sign in _MEANT:
        return _MEANT[sign]
    match unicodedata.category(sign):
        case "Cf" | "Mn" | "Me" | "Cc":
            return _UNSEEN
        case "Zs" | "Zl" | "Zp":
            return " "
        case _:
            return sign


# --- addresses ---------------------------------------------------------------------------------------------

_DOMAINS = "com|vn|net|org|edu|gov|info|io"
_EMAIL = re.compile(
    r"(?<![\w.+\-])[\w.+\-\u200b]++\s?@\s?[\w\-\u200b]++"
    rf"(?:\.[\w\-\u200b]++|\s?[.,]\s?(?:{_DOMAINS})(?!\w))++"
)
_AT = re.compile(r"[(\[{<]\s?[aA@]|[cC][òoÒO][nN][gG]\b")
"""Where an @ may be written otherwise; looked at closely then."""
_SPELT_EMAIL = re.compile(
    r"(?<![\w.+\-])[\w.+\-\u200b]++\s{0,2}(?:[(\[{<]\s?(?:at|a\s?còng|@)\s?[)\]}>]|\ba\s?(?:còng|cong)\b)\s{0,2}[\w\-]++"
    rf"(?:\s{{0,2}}(?:[.,]|[(\[{{<]\s?(?:dot|chấm|\.)\s?[)\]}}>]|\bchấm\b|\bdot\b)\s{{0,2}}(?:{_DOMAINS})(?!\w))++",
    re.IGNORECASE,
)


def _addresses(read: str, allow: frozenset[str]) -> Iterator[Span]:
    for form in (_EMAIL, _SPELT_EMAIL):
        for found in form.finditer(read):
            if found[0].lower() not in allow:
                yield found.start(), found.end(), EMAIL


# --- numbers in digits -------------------------------------------------------------------------------------

_BETWEEN = r"[ .,\-_/()–—‑‐−·•*|~\t\u00a0\u200b]"
_SIX_DIGITS = re.compile(r"\d(?:\D{0,4}\d){5}")
_RUN = re.compile(rf"\d(?:{_BETWEEN}{{0,4}}+\d)++")
_GROUP = re.compile(r"\d+")
_LETTERS_FOR_DIGITS = re.compile(
    r"[oOlI](?:(?<=\d[oOlI])(?=[ .\-]?[\doO])|(?<=\d[ .\-][oOlI])(?=\d)"
    r"|(?<![^\W\d_].)(?=[ .\-]?[35789][ .\-]?[\doOlI]))"
)
_WRITTEN_DATE = re.compile(
    r"(?<!\d)(?:(?:0?[1-9]|[12]\d|3[01])([./\-])(?:0?[1-9]|1[0-2])\1(?:19|20)\d{2}"
    r"|(?:19|20)\d{2}([./\-])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01]))(?!\d)"
)
_ID_CONTEXT = re.compile(
    r"(?:cccd|cmnd|cmt|căn\s*cước(?:\s*công\s*dân)?|chứng\s*minh(?:\s*(?:nhân\s*dân|thư))?|"
    r"số\s*định\s*danh(?:\s*cá\s*nhân)?|hộ\s*chiếu|giấy\s*tờ|passport|can\s*cuoc(?:\s*cong\s*dan)?|"
    r"chung\s*minh(?:\s*(?:nhan\s*dan|thu))?|ho\s*chieu|dinh\s*danh)[^\d\n]{0,25}$",
    re.IGNORECASE,
)
_PHONE_CONTEXT = re.compile(
    r"(?:đt|sđt|sdt|tel|phone|zalo|viber|hotline|điện\s*thoại|dien\s*thoai|di\s*động|gọi|liên\s*hệ|số\s*máy)"
    r"[^\d\n]{0,20}$",
    re.IGNORECASE,
)
_ACCOUNT_CONTEXT = re.compile(
    r"(?:\bstk|\btk|số\s*tài\s*khoản|so\s*tai\s*khoan|\b(?:tài\s*khoản|tai\s*khoan)(?:\s*(?:ngân\s*hàng|ngan\s*hang))?)"
    r"[^\d\n]{0,25}$",
    re.IGNORECASE,
)
_MONEY_AFTER = re.compile(
    r"\s*(?:đồng|đ\b|vnđ|vnd|usd|triệu|tỷ|tỉ|nghìn|ngàn|₫|\$|%|m2|m²|ha\b|km|kg|tấn|người|lượt|căn|hộ\b)",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([ .,])\d{3}(?:\1\d{3})+(?!\d)")
_MOBILE = re.compile(r"0[35789]\d{8}")
_OLD_MOBILE = re.compile(r"01[2689]\d{8}")
_LANDLINE = re.compile(r"02\d{8,9}")
_CITIZEN_ID = re.compile(r"0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}")
_PASSPORT = re.compile(r"[BCEKNP](?<![A-Za-z0-9].)\d{7,8}(?!\w)")


def _digit(found: re.Match[str]) -> str:
    return "0" if found[0] in "oO" else "1"


def _numbers(read: str, allow: frozenset[str]) -> Iterator[Span]:
    for run in _RUN.finditer(read):
        if run.end() - run.start() < 6:
            continue
        start = _with_opening(read, run.start())
        for date in _WRITTEN_DATE.finditer(read, run.start(), run.end()):
            yield from _Run(read, start, date.start(), allow).spans()
            start = date.end()
        yield from _Run(read, start, run.end(), allow).spans()
    for found in _PASSPORT.finditer(read):
        if _ID_CONTEXT.search(_before(read, found.start())):
            yield found.start(), found.end(), ID_NUMBER


def _with_opening(read: str, at: int) -> int:
    """Where a number begins that has brackets or a plus before its first digit."""
    while at and read[at - 1] in "(+":
        at -= 1
    return at


def _before(read: str, at: int) -> str:
    """What leads up to a number. A placeholder of ours stands for a number, and says nothing of what follows it."""
    before = read[max(0, at - 60) : at]
    for placeholder in (PHONE, EMAIL, ID_NUMBER, ACCOUNT) if "]" in before else ():
        before = before.replace(placeholder, "0")
    return before


@dataclass(slots=True)
class _Run:
    """Groups of digits with no more than separators between them: one number, several, or none."""

    read: str
    start: int
    end: int
    allow: frozenset[str]

    def spans(self) -> Iterator[Span]:
        groups = [found.span() for found in _GROUP.finditer(self.read, self.start, self.end)]
        at, kind = 0, None
        while at < len(groups):
            last, kind = self._number(groups, at, is_after_number=kind is not None)
            if kind is not None:
                yield self._beginning(groups[at][0]), groups[last][1], kind
            at = last + 1

    def _beginning(self, start: int) -> int:
        """With the plus, and with a bracket that closes within the number."""
        opened = start
        while opened > self.start and self.read[opened - 1] in "(+":
            opened -= 1
        return opened + (self._is_bracket_left_open() and self.read[opened] == "(")

    def _is_bracket_left_open(self) -> bool:
        inside = self.read[self.start : self.end]
        return inside.count("(") > inside.count(")")

    def _number(self, groups: list[Group], at: int, *, is_after_number: bool) -> tuple[int, str | None]:
        """The last group of what begins at this one, and what it is; None for what may be read."""
        start = groups[at][0]
        before = _before(self.read, self.start) if at == 0 else ""
        thousands = _THOUSANDS.match(self.read, start, self.end)
        if thousands and not (before and (_PHONE_CONTEXT.search(before) or _ACCOUNT_CONTEXT.search(before))):
            return _group_ending_at(groups, at, thousands.end()), None
        if not is_after_number and self._is_broken_off(groups, at):
            return at, None
        if not before and self.read[start] not in _FIRST:
            return at, None
        for last, digits in reversed(self._windows(groups, at)):
            if self._runs_into_a_word(groups, at, last) or (not before and len(digits) < 10):
                continue
            national = _national(digits, plus="+" in self.read[max(self.start, start - 3) : start])
            if digits in self.allow or national in self.allow:
                return last, None
            is_whole = (at == 0 or is_after_number) and last == len(groups) - 1
            kind = self._kind(digits, national, before, start, groups[last][1], is_whole)
            if kind is not None:
                return last, kind
        return at, None

    def _windows(self, groups: list[Group], at: int) -> list[tuple[int, str]]:
        """The numbers that may begin at a group: the last group and the digits of each, the shortest first."""
        found, digits = [], ""
        longest = LONGEST if at == 0 else LONGEST_PATTERN
        for last in range(at, len(groups)):
            digits += self.read[groups[last][0] : groups[last][1]]
            if len(digits) > longest or digits.startswith("000"):
                break
            found.append((last, digits))
        return found

    def _is_broken_off(self, groups: list[Group], at: int) -> bool:
        """Whether this group is what stands behind the point of a decimal number."""
        return at > 0 and self.read[groups[at - 1][1] : groups[at][0]] in (".", ",") and _length(groups[at]) < 9

    def _runs_into_a_word(self, groups: list[Group], at: int, last: int) -> bool:
        """As the parts of a UUID do."""
        end = groups[last][1]
        return last > at and self.read[end : end + 1] in _HEX

    def _kind(self, digits: str, national: str, before: str, start: int, end: int, is_whole: bool) -> str | None:
        count, opening = len(digits), self.read[max(self.start, start - 3) : start]
        if count in (9, 12) and before and _ID_CONTEXT.search(before):
            return ID_NUMBER
        is_money = _MONEY_AFTER.match(self.read, end, end + 12) is not None
        if _is_phone(national) and (digits[0] == "0" or opening[-1:] in ("(", "+") or not is_money):
            return PHONE
        if is_money or _is_service_number(digits):
            return None
        if "," in self.read[start:end]:
            return None
        if count >= 6 and before and _ACCOUNT_CONTEXT.search(before):
            return ACCOUNT
        if _CITIZEN_ID.fullmatch(digits) and (is_whole or " " not in self.read[start:end]):
            return ID_NUMBER
        if is_whole and "+" in opening and 8 <= count <= 15:
            return PHONE
        return PHONE if 9 <= count <= 12 and before and _PHONE_CONTEXT.search(before) else None


_HEX = tuple("abcdefABCDEF")
_FIRST = ("0", "8")
"""Digits with which a number begins that needs no word to tell what it is."""
LONGEST = 19
"""Digits of an account; nothing that is masked is longer."""
LONGEST_PATTERN = 14
"""Digits of what is told by its form alone: 0084 and a number."""


def _length(group: Group) -> int:
    return group[1] - group[0]


def _group_ending_at(groups: list[Group], at: int, end: int) -> int:
    return next((index for index in range(at, len(groups)) if groups[index][1] >= end), len(groups) - 1)


def _is_phone(national: str) -> bool:
    return any(form.fullmatch(national) for form in (_MOBILE, _LANDLINE, _OLD_MOBILE))


def _national(digits: str, *, plus: bool) -> str:
    """The number as dialled inside the country: +84 and 0084 become 0."""
    if digits.startswith("0084"):
        digits = digits[2:]
    if digits.startswith("84") and (plus or 11 <= len(digits) <= 13):
        return "0" + digits[2:].lstrip("0")
    return digits


def _is_service_number(digits: str) -> bool:
    """1800 and 1900 switchboards belong to organisations, never to a person."""
    return len(digits) in (8, 10) and digits.startswith(("1800", "1900"))


# --- numbers in words --------------------------------------------------------------------------------------

_ZERO_IN_WORDS = re.compile(r"kh[ôo]ng\W{1,3}(?:ba|n[ăa]m|b[ảẩa]y|t[áa]m|ch[íi]n)\b", re.IGNORECASE)
_WORD = r"(?:kh[ôo]ng|m[ộo]t|m[ốo]t|hai|ba|b[ốo]n|t[ưu]|n[ăa]m|l[ăa]m|s[áa]u|b[ảẩa]y|t[áa]m|ch[íi]n)"
_IN_WORDS = re.compile(rf"\bkh[ôo]ng(?:[\s.,\-/]{{1,3}}{_WORD}\b){{9,10}}", re.IGNORECASE)
