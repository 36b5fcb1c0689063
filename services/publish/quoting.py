"""What a text quotes, as far as it can be told: what is marked as a quotation (`> `) or stands in quotation marks, and
the addresses that it is attributed to. Pure.

The press may be quoted by title, at most 300 characters and the link. What is copied without any mark is not seen here.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from libs.common.text import collapse, nfc
from services.publish.corrections.rules import PLATFORM_HOSTS, host_of
from services.publish.markup import ADDRESS

MOST = 300
"""Characters of one article, however many pieces they are in."""
MARK = "> "
IN_MARKS = re.compile(r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»")


@dataclass(frozen=True)
class Quotation:
    words: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class TooLong:
    """More of one article than may be quoted."""

    address: str
    length: int


def too_long(body: str, source_note: str | None, press_hosts: Collection[str]) -> TooLong | None:
    """The first article of the press that is quoted with more than may be; `press_hosts` as in its sources."""
    lengths: dict[str, int] = {}
    for quotation in quotations(body, source_note or ""):
        for address in quotation.addresses:
            if _is_of(host_of(address), press_hosts):
                lengths[address] = lengths.get(address, 0) + len(quotation.words)
    return next((TooLong(address, length) for address, length in lengths.items() if length > MOST), None)


def may_be_too_long(body: str) -> bool:
    """Whether it quotes so much at all that somebody has to ask whom."""
    return sum(len(quotation.words) for quotation in quotations(body, "")) > MOST


def quotations(body: str, source_note: str) -> list[Quotation]:
    """A marked one belongs to the addresses in it, else in its paragraph, else in the one behind or before, else to the
    source of the whole text; one in quotation marks to those of its own paragraph or line of a list."""
    paragraphs = [block for block in re.split(r"\n\s*\n", nfc(body).replace("\r\n", "\n")) if block.strip()]
    found = []
    for at, paragraph in enumerate(paragraphs):
        lines = paragraph.split("\n")
        marked = " ".join(line[len(MARK) :] for line in lines if line.startswith(MARK))
        if marked:
            around = [paragraph, *paragraphs[at + 1 : at + 2], *paragraphs[max(at - 1, 0) : at], source_note]
            told = next((addresses for text in (marked, *around) if (addresses := _addresses(text))), ())
            found.append(Quotation(_words(marked), told))
        found += [
            Quotation(_words(words), _addresses(piece))
            for piece in _pieces(lines)
            for words in (next(filter(None, match)) for match in IN_MARKS.findall(piece))
        ]
    return found


def _pieces(lines: list[str]) -> Iterator[str]:
    """Each item of a list, and the lines between; not what is marked already."""
    running: list[str] = []
    for line in lines:
        if line.startswith(MARK):
            continue
        if line.startswith("- "):
            yield line
        else:
            running.append(line)
    yield " ".join(running)


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match.group() for match in ADDRESS.finditer(text)))


def _words(text: str) -> str:
    return collapse(ADDRESS.sub("", text))


def _is_of(host: str, press_hosts: Collection[str]) -> bool:
    """The press's own sites: a platform's address says nothing of whose words they are."""
    own = [home for home in press_hosts if home and home not in PLATFORM_HOSTS]
    return any(host == home or host.endswith(f".{home}") for home in own)
