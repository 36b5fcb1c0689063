"""Vietnamese before Unicode, said truthfully or not at all."""

import unicodedata
from pathlib import Path

import pytest

from services.ingest import adapters  # noqa: F401  (registers the kinds)
from services.ingest.adapters.base import SOURCE_KINDS
from services.ingest.legacy import _TCVN, _VISCII, NAMES, READINGS, VNI_ALONE, VNI_MARKS, is_syllable
from services.ingest.markup import as_utf8, decode

TEXT = (
    "Hà Nội điều chỉnh lộ trình xe buýt số 32; người dân phường Hoàn Kiếm được hỗ trợ tiền điện, nước trong ba tháng "
    "cuối năm. Ủy ban đề nghị nghiêm túc kiểm tra, xử lý những trường hợp lấn chiếm vỉa hè."
)
VNI = "Haø Noäi ñieàu chænh loä trình xe buyùt soá 32; ngöôøi daân phöôøng Hoaøn Kieám ñöôïc hoã trôï tieàn ñieän"
FRENCH = "Élève naïf à Málaga: à l'école, été comme hiver, où l'on dîne côte à côte, ç'était déjà élevé."


def written(text: str, encoding: str) -> bytes:
    """By the tables turned round: what a program of those days wrote."""
    if encoding == "vni":
        marks = {base: mark for mark, base in VNI_MARKS.items()}
        return "".join(_vni(letter, marks) for letter in text).encode("cp1252")
    table = {letter: chr(byte) for byte, letter in {"viscii": _VISCII, "tcvn3": _TCVN}[encoding].items()}
    return "".join(table.get(letter, letter) for letter in text).encode("latin-1")


def _vni(letter: str, marks: dict[str, str]) -> str:
    alone = {base: mark for mark, base in VNI_ALONE.items()}
    if letter.lower() in alone:
        return alone[letter.lower()].upper() if letter.isupper() else alone[letter.lower()]
    apart = unicodedata.normalize("NFD", letter)
    horn = "\u031b" in apart
    base = {"o": "ô", "u": "ö"}[apart[0].lower()] if horn else apart[0].lower()
    mark = "".join(sorted(apart[1:].replace("\u031b", ""), key=lambda one: one not in "\u0302\u0306"))
    said = base + (marks[mark] if mark else "")
    return said.upper() if letter.isupper() else said


@pytest.mark.parametrize("encoding", sorted(READINGS))
@pytest.mark.parametrize("declared", [None, "windows-1252", "iso-8859-1", "windows-1258", "x-user-defined"])
def test_it_is_read_whatever_the_page_says(encoding: str, declared: str | None) -> None:
    content_type = f"text/html; charset={declared}" if declared else None
    assert decode(written(TEXT, encoding), content_type) == TEXT


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_true_name_is_believed(name: str) -> None:
    page = f'<html><head><meta charset="{name}"></head><body>'.encode() + written(TEXT, NAMES[name])
    assert decode(page).endswith(TEXT)


def test_vni_as_people_typed_it() -> None:
    assert decode(VNI.encode("cp1252")) == TEXT[: TEXT.index("n điện") + 6]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (TEXT.encode(), TEXT),
        (unicodedata.normalize("NFD", TEXT).encode(), TEXT),
        (FRENCH.encode("cp1252"), FRENCH),
        ("Größe und Übermut, schöne Grüße aus Köln".encode("cp1252"), "Größe und Übermut, schöne Grüße aus Köln"),
    ],
)
def test_what_is_something_else_stays_so(data: bytes, text: str) -> None:
    assert decode(data, "text/html; charset=windows-1252") == text


def test_a_feed_in_a_font_is_read(tmp_path: Path) -> None:
    head = b'<?xml version="1.0" encoding="iso-8859-1"?><rss version="2.0"><channel><title>B</title><item><title>'
    feed = head + written(TEXT, "tcvn3") + b"</title><link>https://bao.vn/1</link></item></channel></rss>"
    (entry,) = SOURCE_KINDS.get("feed").parse(feed, content_type="text/xml; charset=iso-8859-1").entries
    assert entry.title == TEXT
    assert as_utf8(feed).startswith(b'<?xml version="1.0" encoding="utf-8"?>')


@pytest.mark.parametrize("word", ["nghiêng", "khuỷu", "quýt", "giếng", "ưỡn", "Đường", "yêu", "oái"])
def test_syllables(word: str) -> None:
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["été", "Größe", "ngđ", "ñieàu", "àá"])
def test_what_is_no_syllable(word: str) -> None:
    assert not is_syllable(word)
