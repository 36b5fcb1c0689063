"""Vietnamese written before Unicode: VISCII (RFC 1456), TCVN3 (TCVN 5712:1993, "ABC" fonts) and VNI ("VNI-Windows").

Such bytes are seldom declared truthfully: pages say windows-1252 and mean a font. So what is not UTF-8 is read in each
of these ways, and the reading that gives the most well-formed Vietnamese syllables is taken; one that is hardly better
than the declared encoding is not.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from libs.common.text import nfc

VISCII_LOW = {0x02: "Ẳ", 0x05: "Ẵ", 0x06: "Ẫ", 0x14: "Ỷ", 0x19: "Ỹ", 0x1E: "Ỵ"}
VISCII_HIGH = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
TCVN_LOW = {0x01: "Ú", 0x02: "Ụ", 0x04: "Ừ", 0x05: "Ử", 0x06: "Ữ", 0x11: "Ứ", 0x12: "Ự"} | {
    0x13: "Ỳ", 0x14: "Ỷ", 0x15: "Ỹ", 0x16: "Ý", 0x17: "Ỵ",
}  # fmt: skip
TCVN_HIGH = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ\u00a0ĂÂÊÔƠƯĐăâêôơưđẶ\u0300\u0309\u0303\u0301\u0323"
    "àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
VNI_TONES = {"ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
VNI_CIRCUMFLEX = {"â": "", "à": "\u0300", "á": "\u0301", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
VNI_BREVE = {"ê": "", "è": "\u0300", "é": "\u0301", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
VNI_MARKS = VNI_TONES | {
    **{mark: f"\u0302{tone}" for mark, tone in VNI_CIRCUMFLEX.items()},
    **{mark: f"\u0306{tone}" for mark, tone in VNI_BREVE.items()},
}
VNI_ALONE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
_VNI = re.compile(
    "a[âàáåãäêèéúüëøùûõï]|[eo][âàáåãäøùûõï]|[uyôö][øùûõï]|[ñôöíìæóòî]",
    re.IGNORECASE,
)
"""A vowel with its mark behind it, or a letter of one byte."""


def _table(low: Mapping[int, str], high: str) -> dict[int, str]:
    return dict(low) | {0x80 + offset: letter for offset, letter in enumerate(high)}


_VISCII, _TCVN = _table(VISCII_LOW, VISCII_HIGH), _table(TCVN_LOW, TCVN_HIGH)
_ONSET = "(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx])?"
_NUCLEUS = (
    "(?:oai|oay|oeo|uay|uây|uya|uyê|uyu|iêu|yêu|uôi|ươi|ươu|oao|ia|iê|iu|ya|yê|ua|uô|uâ|uê|uơ|uy|ui|ưa|ươ|ưi|ưu|oa|oă"
    "|oe|oi|oo|ôi|ơi|ai|ao|au|ay|âu|ây|eo|êu|[aăâeêioôơuưy])"
)
_SYLLABLE = re.compile(f"{_ONSET}{_NUCLEUS}(?:ng|nh|ch|[cmnpt])?")
_TONE_MARKS = str.maketrans("", "", "\u0300\u0301\u0303\u0309\u0323")
_WORDS = re.compile(r"[^\W\d_]+")
LOOKED_AT = 20_000
"""Bytes of a document that are judged."""
CLEARLY = 0.15
"""Of the marked words, how many more must be Vietnamese than in the declared reading."""

ENOUGH = 0.6
"""Of the marked words, how many must be Vietnamese at all."""
NAMES = {
    "viscii": "viscii", "csviscii": "viscii", "x-viscii": "viscii",
    "tcvn": "tcvn3", "tcvn3": "tcvn3", "tcvn-5712": "tcvn3", "x-viet-tcvn": "tcvn3", "x-viet-tcvn5712": "tcvn3",
    "vni": "vni", "x-viet-vni": "vni",
}  # fmt: skip
"""Names under which pages declare them."""


def decode_viscii(data: bytes) -> str:
    return data.decode("latin-1").translate(_VISCII)


def decode_tcvn3(data: bytes) -> str:
    return nfc(data.decode("latin-1").translate(_TCVN))


def decode_vni(data: bytes) -> str:
    """Two bytes for a marked vowel, the mark behind its letter; what lies beside is cp1252."""
    return nfc(_VNI.sub(_vni_letter, data.decode("cp1252", "replace")))


def _vni_letter(found: re.Match[str]) -> str:
    written = found[0].lower()
    base = VNI_ALONE.get(written[0], written[0])
    letter = nfc(base + VNI_MARKS[written[1]]) if len(written) == 2 else base
    return letter.upper() if found[0][0].isupper() else letter


READINGS: dict[str, Callable[[bytes], str]] = {"viscii": decode_viscii, "tcvn3": decode_tcvn3, "vni": decode_vni}


def decode_legacy(data: bytes, declared: Sequence[str]) -> str | None:
    """The text, NFC, where the bytes are Vietnamese before Unicode; None where they are not, or nothing tells.

    `declared`: names of encodings that the document or its server gave, in that order.
    """
    part = data[:LOOKED_AT]
    if part.isascii() and data.isascii():
        return None
    scores = {name: _vietnamese(reading(part)) for name, reading in READINGS.items()}
    best = max(scores, key=lambda name: scores[name])
    if named := next((NAMES[name.lower()] for name in declared if name.lower() in NAMES), None):
        best = named if scores[named] + CLEARLY > scores[best] else best
    elif scores[best] < max(_vietnamese(_as_declared(part, declared)) + CLEARLY, ENOUGH):
        return None
    return nfc(READINGS[best](data))


def _as_declared(part: bytes, declared: Sequence[str]) -> str:
    for name in (*declared, "cp1258"):
        try:
            return nfc(part.decode(name, "replace"))
        except (LookupError, ValueError):
            continue
    return ""


def _vietnamese(text: str) -> float:
    """Of the words with a mark, how many are well-formed syllables; words without marks tell nothing."""
    marked = [word for word in _WORDS.findall(re.sub(r"<[^>]*>", " ", text)) if not word.isascii()]
    return sum(is_syllable(word) for word in marked) / len(marked) if marked else 0.0


def is_vietnamese(text: str) -> bool:
    """Whether most of the words with a mark are well-formed syllables, and there are some."""
    return _vietnamese(text) >= ENOUGH


def is_syllable(word: str) -> bool:
    """Onset, nucleus and coda as Vietnamese allows them, with at most one tone."""
    apart = unicodedata.normalize("NFD", word.lower())
    bare = apart.translate(_TONE_MARKS)
    return len(apart) - len(bare) <= 1 and bool(_SYLLABLE.fullmatch(unicodedata.normalize("NFC", bare)))
