"""How people write in a hurry, brought to how the word is spelt: for the models, never for what is shown or stored."""

import re
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from libs.common.text import canonical_tone, unmark, words

_FILE = Path(__file__).parent / "spellings.yaml"
_LINK = re.compile(
    r"\b(?:https?://|www\.)\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:vn|com|net|org|info|top|xyz|vip|cc|me|gov|io)\b(?:/\S*)?",
    re.I,
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*")
_SMILEY = re.compile(r"(?<!\w)(?:[:=;]-?[)(DPp3v]+|\^\^|=\)\)+|:v|<3|T_T|:'\()(?!\w)")
_STRETCHED = re.compile(r"([^\W\d_]?)([^\W\d_])\2{2,}")


@cache
def spellings() -> MappingProxyType[str, str]:
    """Chat spelling → word, both lower case."""
    read: dict[str, str] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return MappingProxyType({str(short): word for short, word in read.items()})


def normalise(text: str) -> str:
    """One spelling of a text: NFC, the old tone placement, links as ‹link›, no emoji, stretched letters once, chat
    words written out where every other reading is unlikely. Case is kept."""
    text = _LINK.sub(" ‹link› ", canonical_tone(text))
    text = _SMILEY.sub(" ", _EMOJI.sub(" ", text))
    text = _STRETCHED.sub(_once, text)
    known = spellings()
    return " ".join(known.get(token.lower(), token) for token in text.split())


def _once(found: re.Match[str]) -> str:
    """quáaaa is quá, and vuiiii is vui."""
    before, letter = found.groups()
    return before if before and unmark(before) == unmark(letter) else before + letter


def chat_share(text: str) -> float:
    """The share of words in chat spelling."""
    tokens = [word.lower() for word in words(text)]
    return sum(token in spellings() for token in tokens) / len(tokens) if tokens else 0.0
