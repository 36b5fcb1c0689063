"""Learning a template: the text that the general way took from a page is laid over the page, letter by letter.

Each text node of the page is either part of that text, in its order, or it is not. From that follow the element that
holds the text, and which elements inside it never do.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate

from lxml import etree

from libs.common.text import nfc
from services.ingest.page_bounds import bounded
from services.ingest.templates.container import NAMED_TAGS, TELLING, Container, container_of
from services.ingest.templates.model import Measures, Template
from services.ingest.templates.reading import MAX_DEPTH, SILENT, Reading, name_of, parse_body, parse_part, read_part

ALIKE = 0.98
"""F1 over words from which two texts of a page are one."""
THE_SAME = 0.99
"""F1 from which a template is used at once; one that comes less close must first agree on another page."""
LEAST_TEXT = 250
"""Letters below which a text teaches nothing; above `MOST_TEXT` it is not laid over its page."""
MOST_TEXT = 60_000
COVERED = 0.95
LONG = 24
"""Letters from which a text node is found by itself; a shorter one must follow what came before it."""
CANDIDATES = 4
_PARTS = frozenset({"article", "body", "div", "main", "section", "td"})
_WORD = re.compile(r"\w+")


def letters(text: str) -> str:
    """The letters and digits of a text alone: what no formatting changes."""
    return "".join(_WORD.findall(nfc(text))).casefold()


def likeness(one: str, other: str) -> float:
    """F1 over the words of two texts, as bags."""
    ours, theirs = Counter(_WORD.findall(one)), Counter(_WORD.findall(other))
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 1.0


@dataclass(slots=True)
class _Laid:
    """An element with the letters in it that are text of the article, and those that are not."""

    element: etree._Element
    tag: str
    kept: int = 0
    dropped: int = 0
    children: list["_Laid"] = field(default_factory=list)


class _Overlay:
    def __init__(self, text: str) -> None:
        lines = [line for line in map(letters, text.splitlines()) if line]
        self.text = "".join(lines)
        self.starts = set(accumulate((len(line) for line in lines), initial=0))
        self.at = 0
        self.taken: set[int] = set()

    def lay(self, element: etree._Element, tag: str, depth: int = 0) -> _Laid:
        laid = _Laid(element, tag)
        self._node(element.text, laid)
        for child in element:
            if child.tag not in SILENT and depth < MAX_DEPTH:
                inner = self.lay(child, str(child.tag), depth + 1)
                laid.children.append(inner)
                laid.kept += inner.kept
                laid.dropped += inner.dropped
            self._node(child.tail, laid)
        return laid

    def _node(self, text: str | None, laid: _Laid) -> None:
        node = letters(text) if text else ""
        if not node:
            return
        if (found := self._place(node)) >= 0:
            self.at = found + len(node)
            self.taken.add(found)
            laid.kept += len(node)
        else:
            laid.dropped += len(node)

    def _place(self, node: str) -> int:
        """Where the text has these letters: right here, or for a long node at a line further on, or not yet taken."""
        if self.text.startswith(node, self.at):
            return self.at
        if len(node) < LONG:
            return -1
        found = self.text.find(node, self.at)
        if found < 0 or found not in self.starts:
            found = self.text.find(node)
        return found if found in self.starts and found not in self.taken else -1


def votes_of(part: bytes, text: str) -> dict[str, tuple[int, int]]:
    """Characters kept and dropped by the name of each element of a body, where the article has this text."""
    root = parse_part(bounded(part))
    if root is None:
        return {}
    votes: dict[str, tuple[int, int]] = {}
    aside: dict[str, int] = {}
    _vote(_Overlay(text).lay(root, str(root.tag)), "", votes, aside)
    return votes | {name: (0, size) for name, size in aside.items() if name not in votes}


def _vote(laid: _Laid, above: str, votes: dict[str, tuple[int, int]], aside: dict[str, int]) -> None:
    """Count an element and those inside it; what lies in a dropped one is `aside`, for names met nowhere else."""
    name = name_of(laid.element, laid.tag, above)
    if laid.kept + laid.dropped == 0:
        return
    kept, dropped = votes.get(name, (0, 0))
    if laid.kept == 0 or (laid.kept < LONG and laid.kept * 10 < laid.dropped):
        votes[name] = (kept, dropped + laid.dropped)
        for child in laid.children:
            _set_aside(child, name, aside)
        return
    votes[name] = (kept + laid.kept, dropped)
    for child in laid.children:
        _vote(child, name, votes, aside)


def _set_aside(laid: _Laid, above: str, aside: dict[str, int]) -> None:
    name = name_of(laid.element, laid.tag, above)
    if laid.kept + laid.dropped:
        aside[name] = aside.get(name, 0) + laid.kept + laid.dropped
        for child in laid.children:
            _set_aside(child, name, aside)


def learn(page: bytes, text: str, *, is_head_enough: bool, has_date: bool) -> Template | None:
    """A template from one page and its text; None where none gives that text again."""
    for container in _containers(page, text):
        place = container.find(page)
        if place is None and (place := replace(container, is_first=True).find(page)) is not None:
            container = replace(container, is_first=True)
        if place is None:
            continue
        part = page[place[0] : place[1]]
        template = Template(container, votes_of(part, text), Measures(0, 0, 0.0), is_head_enough)
        reading = read_part(part, template)
        alike = likeness(reading.text, text) if reading is not None else 0.0
        if reading is not None and alike >= ALIKE:
            measures = reading.measures(has_title=True, has_date=has_date)
            return replace(template, measures=measures, agreed=int(alike >= THE_SAME))
    return None


def learn_more(template: Template, page: bytes, text: str) -> tuple[Template, Reading] | None:
    """The template with what this page adds, where it then gives the page's text; None where it cannot."""
    place = template.container.find(page)
    if place is None:
        return None
    part = page[place[0] : place[1]]
    more = template.with_votes(votes_of(part, text))
    reading = read_part(part, more)
    return (more, reading) if reading is not None and likeness(reading.text, text) >= ALIKE else None


def _containers(page: bytes, text: str) -> Iterator[Container]:
    """Elements that hold the whole text, the closest first."""
    overlay = _Overlay(text)
    root = parse_body(bounded(page)) if LEAST_TEXT <= len(overlay.text) <= MOST_TEXT else None
    if root is None:
        return
    laid = overlay.lay(root, "body")
    if laid.kept < COVERED * len(overlay.text):
        return
    way = list(_way_down(laid))
    telling = (container_of(one.tag, _attributes(one.element)) for one in reversed(way) if one.tag in _PARTS)
    for count, container in enumerate(one for one in telling if one.is_telling):
        if count == CANDIDATES:
            return
        yield container
        if container.tokens and container.tag in NAMED_TAGS:
            yield Container(container.tag)


def _way_down(laid: _Laid) -> Iterator[_Laid]:
    """From the body towards the element that alone holds the text."""
    whole = laid.kept
    while True:
        yield laid
        inner = next((child for child in laid.children if child.kept >= COVERED * whole), None)
        if inner is None:
            return
        laid = inner


def _attributes(element: etree._Element) -> dict[str, str]:
    return {name: value for name in TELLING if (value := element.get(name))}
