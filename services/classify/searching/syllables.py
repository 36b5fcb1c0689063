"""The syllables that Vietnamese can have, and how one is written when its marks are left out.

The language has a closed stock of them: a beginning, a rhyme, a tone. So a word that was typed without marks stands for
a short list of written words, and the index needs to hold each word only as it was written.
"""

import unicodedata
from functools import cache, lru_cache
from itertools import product

from libs.common.text import canonical_tone, unmark

_ONSETS = (
    " b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"  # the first is none at all
).split(" ")
_RHYMES = (
    "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et ê êch êm ên ênh êp êt êu êc êng "
    "i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu "
    "o oc oi om on ong op ot oong ooc oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe oen "
    "oeo oet ô ôc ôi ôm ôn ông ôp ôt ôông ơ ơi ơm ơn ơng ơp ơt "
    "u ua uc ui um un ung up ut uôc uôi uôm uôn uông uôt uơ uê uêch uên uênh uy uya uych uyên uyêt uynh uyn uyt uyu "
    "uyp uân uâng uât uây ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu "
    "y yêm yên yêng yêt yêu ac ec oc"
).split()
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_MARKED = "ăâêôơư"
_STOPS = ("c", "ch", "p", "t")
"""A syllable that ends so is said with one of two tones only, and each of them is written."""
_OF_STOPS = {"\u0301", "\u0323"}


def _toned(rhyme: str, tone: str) -> str:
    """The rhyme with a tone on the vowel that has a mark already, or on one of the others; its place is put right."""
    marked = [at for at, letter in enumerate(rhyme) if letter in _MARKED]
    vowels = [at for at, letter in enumerate(rhyme) if letter in "aeiouy" + _MARKED]
    closed = vowels[-1] < len(rhyme) - 1
    at = marked[-1] if marked else vowels[-1] if closed or len(vowels) == 1 else vowels[-2]
    return unicodedata.normalize("NFC", rhyme[: at + 1] + tone + rhyme[at + 1 :])


@cache
def _stock() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """(unmarked → as it may be written, every written one)."""
    rhymes = [_toned(rhyme, tone) for rhyme, tone in product(dict.fromkeys(_RHYMES), _TONES)]
    told = canonical_tone(" ".join(onset + rhyme for onset, rhyme in product(_ONSETS, rhymes)))
    written = sorted(set(told.split()))
    found: dict[str, list[str]] = {}
    for word, plain in zip(written, unmark(" ".join(written)).split(), strict=True):
        found.setdefault(plain, []).append(word)
    return {plain: tuple(words) for plain, words in found.items()}, frozenset(written)


def written_forms(plain: str) -> tuple[str, ...]:
    """Every way to write a word that was typed without marks, itself among them."""
    forms = _stock()[0].get(plain, ())
    return forms if plain in forms else (plain, *forms)


def all_written() -> frozenset[str]:
    return _stock()[1]


@lru_cache(maxsize=4096)
def meant_forms(marked: str) -> tuple[str, ...]:
    """What a word means whose marks were typed at least in part. A syllable is meant as it was typed (nôi); where there
    is none like it, some were left out, and those that have all that were typed are meant too: đuong is đường and
    đương, viêt is việt and viết. Itself always comes first."""
    if _is_spoken(marked):
        return (marked,)
    typed = _marks(marked)
    forms = [form for form in written_forms(unmark(marked)) if form != marked and _has(_marks(form), typed)]
    return (marked, *filter(_is_spoken, forms))


def _is_spoken(word: str) -> bool:
    return word in all_written() and (not word.endswith(_STOPS) or bool(_OF_STOPS & _marks(word)[0]))


def _marks(word: str) -> tuple[set[str], list[set[str]]]:
    """The tone of a word, and for each letter what else is on it."""
    tones: set[str] = set()
    letters: list[set[str]] = []
    for sign in unicodedata.normalize("NFD", word):
        if sign in _TONES:
            tones.add(sign)
        elif unicodedata.combining(sign):
            letters[-1].add(sign)
        else:
            letters.append({sign} & {"đ"})
    return tones, letters


def _has(form: tuple[set[str], list[set[str]]], typed: tuple[set[str], list[set[str]]]) -> bool:
    if len(form[1]) != len(typed[1]):
        return False
    return typed[0] <= form[0] and all(less <= more for less, more in zip(typed[1], form[1], strict=True))
