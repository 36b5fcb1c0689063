"""Where the body of an article stands in the bytes of a page: a start tag that is told apart, and its balanced end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from services.ingest.page_scan import attributes, tag_end

TELLING = ("id", "class", "itemprop", "role", "data-testid", "data-component")
"""Attributes by which sites name the parts of their pages."""
NAMED_TAGS = frozenset({"article", "main", "body"})
"""Tags that tell a part by themselves."""
MAX_TRIES = 200

_PASSING = re.compile(r"\d{3,}")
"""A number of three digits and more is of this page alone, such as `post-48213`."""


@dataclass(frozen=True, slots=True)
class Container:
    """An element told by its tag and by the tokens its attributes must have; `is_first` where others follow it."""

    tag: str
    tokens: tuple[tuple[str, frozenset[str]], ...] = ()
    is_first: bool = False

    @property
    def is_telling(self) -> bool:
        return bool(self.tokens) or self.tag in NAMED_TAGS

    def find(self, page: bytes) -> tuple[int, int] | None:
        """Start and end of the one such element in a page; None where there is none, or too many."""
        starts = self._starts(page)
        if not starts or (len(starts) > 1 and not self.is_first):
            return None
        end = balanced_end(page, self.tag, starts[0])
        return (starts[0], end) if end is not None else None

    def _starts(self, page: bytes) -> list[int]:
        """The first two such start tags."""
        needle, at = self._needle(), 0
        found: list[int] = []
        for _ in range(MAX_TRIES):
            if (at := page.find(needle, at)) < 0 or len(found) == 2:
                break
            start = at if needle.startswith(b"<") else page.rfind(b"<", max(0, at - 2000), at)
            end = tag_end(page, start) if start >= 0 and self._is_tag(page, start) else at
            if end > at and self._fits(page[start:end]):
                found.append(start)
            at = max(end, at + len(needle))
        return found

    def _needle(self) -> bytes:
        tokens = [token for _, names in self.tokens for token in names]
        return max(tokens, key=lambda token: (len(token), token)).encode() if tokens else b"<" + self.tag.encode()

    def _is_tag(self, page: bytes, start: int) -> bool:
        name = page[start + 1 : start + 2 + len(self.tag)]
        return name[:-1].lower() == self.tag.encode() and name[-1:] in b" \t\r\n>/"

    def _fits(self, tag: bytes) -> bool:
        if not self.tokens:
            return True
        told = attributes(tag)
        return all(names <= set(told.get(attribute, "").split()) for attribute, names in self.tokens)

    def shared_with(self, other: "Container") -> "Container | None":
        """What both say; None where that tells nothing."""
        if self.tag != other.tag:
            return None
        theirs = dict(other.tokens)
        both = tuple((name, names & theirs[name]) for name, names in self.tokens if names & theirs.get(name, set()))
        shared = Container(self.tag, both, self.is_first or other.is_first)
        return shared if shared.is_telling else None


def container_of(tag: str, told: Mapping[str, str]) -> Container:
    """The description of an element by what will be the same on the next page."""
    pairs = [(name, _lasting(told.get(name, ""))) for name in TELLING]
    return Container(tag, tuple((name, tokens) for name, tokens in pairs if tokens))


def _lasting(value: str) -> frozenset[str]:
    return frozenset(token for token in value.split() if token.isascii() and not _PASSING.search(token))


@lru_cache(maxsize=64)
def _edges(tag: str) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:(/?)%b(?=[\s>/])|!--|script(?=[\s>]))" % tag.encode(), re.IGNORECASE)


def balanced_end(page: bytes, tag: str, start: int) -> int | None:
    """Where the element that starts here ends, behind its closing tag, by counting tags of its name alone."""
    depth, at, edges = 0, start, _edges(tag)
    while found := edges.search(page, at):
        at = found.end()
        if found[1] is None:
            at = _behind(page, found)
        elif not found[1]:
            depth += 1
        elif (depth := depth - 1) == 0:
            close = page.find(b">", at)
            return close + 1 if close >= 0 else len(page)
    return len(page) if tag == "body" else None


def _behind(page: bytes, found: re.Match[bytes]) -> int:
    """Behind the comment or script that begins here."""
    end = page.find(b"-->" if found[0] == b"<!--" else b"</script", found.end())
    return end if end >= 0 else len(page)
