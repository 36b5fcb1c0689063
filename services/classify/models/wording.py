"""What a model reads of a text: its title, its beginning, and signs that stand for what no word shows.

A sign is a token of its own, so that it is weighed, and shown in explanations, like any word.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from libs.common.models.enums import ContentKind
from libs.common.text import unmark
from services.classify.links import Trust, worst
from services.classify.text.spelling import chat_share, normalise

if TYPE_CHECKING:
    from services.classify.adapters.base import Document

READ_CHARS = 1000
"""Of the text: news says in its beginning what it is about, and long ones are not to outweigh short ones."""
CHATTY = 0.03
"""From this share of words in chat spelling on, a text is read with its words written out."""

TRAP, LINK, OFFICIAL = "dauhieulinkla", "dauhieulinkthuong", "dauhieulinkcoquan"
NUMBER, PHONE, ADDRESS = "dauhieusogiayto", "dauhieudienthoai", "dauhieudiachi"
AUTHORITY, CONTACT = "dauhieutuxung", "dauhieulienhe"
LONG, TITLE = "dauhieudai", "dauhieutieude"
SIGNS = {
    TRAP: "đường liên kết đáng ngờ (suspicious link)",
    LINK: "đường liên kết thường (ordinary link)",
    OFFICIAL: "đường liên kết của cơ quan (official link)",
    NUMBER: "số giấy tờ (identity number)",
    PHONE: "số điện thoại (telephone number)",
    ADDRESS: "địa chỉ nhà (home address)",
    AUTHORITY: "nêu tên cơ quan, ngân hàng (names an authority or a bank)",
    CONTACT: "mời bấm, quét, cài, kết bạn (asks to click, scan, install, befriend)",
    LONG: "văn bản dài (long text)",
    TITLE: "có tiêu đề (has a title)",
}
"""Each sign as it is written into the text, and what it tells a reader."""


class _Named:
    """Whether a text without marks has one of these words, or one of these phrases."""

    def __init__(self, words: str, phrases: str) -> None:
        self.words, self.phrases = frozenset(words.split()), phrases.split("|")

    def is_in(self, plain: str, words: Iterable[str]) -> bool:
        return not self.words.isdisjoint(words) or any(phrase in plain for phrase in self.phrases)


_WORD = re.compile(r"[a-z0-9]+")
_LINKS = {Trust.SUSPICIOUS: TRAP, Trust.ORDINARY: LINK, Trust.OFFICIAL: OFFICIAL, None: LINK}
_IDENTITY = re.compile(
    r"\[so giay to\]|(?:cccd|cmnd|cmt|can cuoc|chung minh nhan dan|so dinh danh)[^\d\n]{0,25}(?:\d{12}|\d{9})(?!\d)"
)
_PHONE = re.compile(r"\[so dien thoai\]|(?<!\d)0\d(?:[ .-]?\d){7,8}(?!\d)")
_ADDRESS = re.compile(
    r"\b(?:so nha|nha so|so \d+[a-z]?(?:/\d+)* (?:ngo|ngach|pho|duong|xom|hem|to|tap the)|ngo \d+|ngach \d+|"
    r"phong \d{3,4}|can \d{3,4}|\d+[a-z]?(?:/\d+)+|p\.?\d{3,4}) "
)
_AUTHORITY = _Named(
    """csgt bca a05 pc02 thue bank vietcombank vcb techcombank bidv vietinbank agribank mbbank evn evnhanoi bhxh vssid
    ubnd phuong vneid dvc cuc csqlhc""",
    "cong an|canh sat|toa an|vien kiem sat|thi hanh an|ngan hang|bank|dien luc|bao hiem xa hoi|uy ban|can bo|thanh tra|"
    "to cong tac|benh vien|bac si|giao vien|co giao|nha truong|dich vu cong|kho bac|hai quan|nuoc sach|cap nuoc|"
    "doan kiem tra|co quan|so y te|so giao duc|so xay dung|so noi vu|so tu phap|bo cong an|bo y te|quan su|"
    "hanh chinh cong|dinh danh",
)
_CONTACT = _Named(
    "link qr app apk zalo telegram viber messenger bam click inbox ib otp",
    "lien ket|duong dan|quet ma|ung dung|truy cap|dang nhap|tai ve|cai dat|soan tin",
)
_LONG_CHARS = 600
_WITHOUT_SIGNS = frozenset({ContentKind.ARTICLE, ContentKind.RELEASE})
"""What the press and agencies publish has no risk, so that nobody need look for its signs."""


def reading(document: "Document") -> str:
    """The one string of which all heads take their features."""
    body = document.text[:READ_CHARS]
    signs = [] if document.kind in _WITHOUT_SIGNS else signs_of(body)
    if document.title:
        signs.append(TITLE)
    if len(document.text) > _LONG_CHARS:
        signs.append(LONG)
    if LINK in signs or TRAP in signs or OFFICIAL in signs:
        body = _HOST.sub(" ", body)
    if document.kind not in _WITHOUT_SIGNS and chat_share(body) >= CHATTY:
        body = normalise(body)
    head = f"{document.title}. " if document.title else ""
    return f"{head}{body} {' '.join(signs)}" if signs else head + body


def signs_of(body: str) -> list[str]:
    """The signs of risk that a text shows; none of them is one by itself."""
    found = []
    plain = unmark(body).lower()
    if _LINKED.search(plain) and ((trust := worst(body)) is not None or _RESERVED.search(plain)):
        found.append(_LINKS[trust])
    if _DIGIT.search(plain) or "[" in plain:
        if ("[" in plain or _NINE.search(plain)) and _IDENTITY.search(plain):
            found.append(NUMBER)
        found += [sign for sign, pattern in ((PHONE, _PHONE), (ADDRESS, _ADDRESS)) if pattern.search(plain)]
    words = _WORD.findall(plain)
    found += [sign for sign, named in ((AUTHORITY, _AUTHORITY), (CONTACT, _CONTACT)) if named.is_in(plain, words)]
    return found


_HOST = re.compile(r"[a-z]+://\S+|(?<!\w)(?:[a-zA-Z0-9-]+\.)+[a-z]{2,}(?!\w)(?:/\S*)?")
"""Addresses are judged by their sign alone: the name of the last trap says nothing of the next."""
_DIGIT = re.compile(r"\d\d")
_NINE = re.compile(r"\d{9}")
_LINKED = re.compile(r"://|[a-z0-9-]\.[a-z]{2}")
_RESERVED = re.compile(r"\.(?:example|invalid|test)\b")
"""Ends of names that lead nowhere, as texts for training and trials use them."""


def readable(feature: str) -> str:
    """A feature as a person reads it."""
    return " ".join(SIGNS.get(word, word) for word in feature.split(" "))
