"""Which names may be given to a place: pure."""

from collections.abc import Sequence

from libs.common.models.enums import UnitKind
from libs.common.text import canonical_tone, fold, words
from libs.common.units import Register
from services.classify.alerts.conditions import names_a_person

PLACES = frozenset({UnitKind.WARD.value, UnitKind.COMMUNE.value, UnitKind.DISTRICT.value})
NO_PLACE = "none"
"""How a correction says that a text is about no place."""


def told(places: Sequence[str]) -> str:
    """Codes as a correction keeps them."""
    return ",".join(places) or NO_PLACE


def read_told(label: str) -> tuple[str, ...]:
    return () if label == NO_PLACE else tuple(label.split(","))


def is_place(code: str, register: Register) -> bool:
    return any(unit.kind in PLACES for unit in register.units.get(code, ()))


def why_not(name: str, text: str) -> str | None:
    """Why these words cannot be a name that places are told by; None where they can. One word alone, or words that are
    not written as a name, would be found where nothing is meant by them."""
    spoken = words(name)
    if len(spoken) < 2:
        return "Tên cần có ít nhất hai tiếng."
    if names_a_person([name]):
        return "Tên không được có số điện thoại, số giấy tờ, email hay tên tài khoản."
    if not all(word[0].isupper() or word[0].isdigit() for word in spoken):
        return "Tên cần viết hoa như trong văn bản, ví dụ “Bờ Hồ”."
    around = f" {' '.join(words(canonical_tone(text)))} "
    if f" {' '.join(words(canonical_tone(name)))} " not in around:
        return "Văn bản này không có tên ấy."
    return None


def folded(name: str) -> str:
    return " ".join(words(fold(name)))
