"""Reading a page by a template: only the bytes of the body are parsed, and known parts are kept or dropped."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree

from services.ingest.page_bounds import bounded
from services.ingest.templates.model import Measures, Template, Verdict

SILENT = frozenset({
    "script", "style", "noscript", "template", "iframe", "object", "svg", "head", "button", "input", "select",
    "textarea", "video", "audio", "form", "nav", "canvas", "img",
})  # fmt: skip
"""Elements that never hold text of an article."""
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "br", "body", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
})  # fmt: skip
INLINE = frozenset({
    "a", "abbr", "b", "bdi", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q",
    "s", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
})  # fmt: skip
MAX_DEPTH = 200
SMALL = 60_000
"""Bytes of a body below which no parser is long at it, whatever it holds."""
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"\w+")


@dataclass(slots=True)
class Reading:
    """What a template made of a page. `doubtful`: characters in elements it had not seen before."""

    lines: list[str] = field(default_factory=list)
    linked: int = 0
    doubtful: int = 0

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def measures(self, *, has_title: bool, has_date: bool) -> Measures:
        size = sum(map(len, self.lines))
        return Measures(size, size, self.linked / size if size else 0.0, has_title, has_date)


def parse_part(part: bytes) -> etree._Element | None:
    """The element whose bytes these are; None where they hold none."""
    body = parse_body(part)
    if body is None or len(body) == 0 or part[1:5].lower() == b"body":
        return body
    return body[0]


def parse_body(page: bytes) -> etree._Element | None:
    """The `body` of a page or of a part of one."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(page, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root is None else root.find("body")


def name_of(element: etree._Element, tag: str, above: str) -> str:
    """By what the elements of a layout are known: tag with id and classes, or the way from one that has some."""
    classes, ident = element.get("class"), element.get("id")
    if classes or ident:
        return _named(tag, classes, ident)
    return f"{above}>{tag}" if above.count(">") < 5 else above


@lru_cache(maxsize=8192)
def _named(tag: str, classes: str | None, ident: str | None) -> str:
    return _DIGITS.sub("", f"{tag}.{(classes or '')[:200]}#{(ident or '')[:100]}")


def read_part(part: bytes, template: Template) -> Reading | None:
    """The lines of the body in these bytes."""
    root = parse_part(part if len(part) < SMALL else bounded(part))
    if root is None:
        return None
    walk = _Walk(template)
    tag = str(root.tag)
    walk.element(root, tag, name_of(root, tag, ""), 0)
    walk.end_line()
    return walk.reading


class _Walk:
    def __init__(self, template: Template) -> None:
        self.verdicts = template.verdicts
        self.reading = Reading()
        self.pieces: list[str] = []

    def element(self, element: etree._Element, tag: str, name: str, depth: int) -> None:
        """Take the text of an element that is kept, in order."""
        is_block = tag in BLOCKS
        if is_block:
            self.end_line()
            if tag == "li":
                self.pieces.append("- ")
        take = self.pieces.append
        if text := element.text:
            take(text)
            if tag == "a":
                self.reading.linked += len(text)
        for child in element:
            inner = child.tag
            if inner not in SILENT:
                below = name_of(child, inner, name)
                if self.verdicts.get(below) is Verdict.KEPT or self._is_kept(child, inner, below, depth):
                    self.element(child, inner, below, depth + 1)
            if text := child.tail:
                take(text)
        if is_block:
            self.end_line()

    def _is_kept(self, element: etree._Element, tag: str, name: str, depth: int) -> bool:
        verdict = self.verdicts.get(name)
        if verdict is Verdict.DROPPED or depth > MAX_DEPTH:
            return False
        if verdict is Verdict.MIXED:
            return not is_link_alone(element)
        size = shown(element) if len(element) or element.text else 0
        self.reading.doubtful += size
        return tag in INLINE or not size

    def end_line(self) -> None:
        if self.pieces:
            line = " ".join("".join(self.pieces).split())
            if line and line != "-":
                self.reading.lines.append(line)
            self.pieces.clear()


def shown(element: etree._Element, tag: str | None = None) -> int:
    """Letters and digits that an element shows, or that its links show when `tag` is "a"."""
    size, stack = 0, [(element, tag is None)]
    while stack:
        one, counts = stack.pop()
        counts = counts or one.tag == tag
        size += sum(map(len, _LETTERS.findall(one.text))) if counts and one.text else 0
        for child in one:
            size += sum(map(len, _LETTERS.findall(child.tail))) if counts and child.tail else 0
            if child.tag not in SILENT:
                stack.append((child, counts))
    return size


def is_link_alone(element: etree._Element) -> bool:
    """Whether nearly all that an element shows is a link, as in teasers between paragraphs."""
    if next(element.iter("a"), None) is None:
        return False
    return shown(element, "a") >= 0.9 * shown(element)
