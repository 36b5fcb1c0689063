"""Formatted text: the HTML of the Bot API, entities in UTF-16 units, and what becomes of a text before it is shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sandbox.counting import utf16_units
from sandbox.platforms.telegram import rules
from sandbox.platforms.telegram.wire import BadRequest, Json

_TYPES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "code": "code", "pre": "pre", "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
KNOWN_TYPES = frozenset(
    {*_TYPES.values(), "text_link", "url", "mention", "hashtag", "cashtag", "bot_command", "email", "phone_number"}
    | {"expandable_blockquote", "text_mention"}
)
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?")
_ATTRIBUTE = re.compile(r"\s*([^\s=>]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[A-Za-z0-9.-]+))?")
_URL = re.compile(r"https?://[^\s<>\"“”]+[^\s<>\"“”.,;:!?)\]]")


@dataclass(frozen=True, slots=True)
class Formatted:
    text: str
    entities: tuple[Json, ...] = ()

    @property
    def units(self) -> int:
        return utf16_units(self.text)


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    start: int


@dataclass(slots=True)
class _Html:
    """Follows parse_html of the platform's own code, over characters instead of bytes."""

    source: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    units: int = 0
    nested: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)

    def parse(self) -> Formatted:
        while self.at < len(self.source):
            char = self.source[self.at]
            if char == "<":
                self._end() if self.source.startswith("</", self.at) else self._begin()
            else:
                self._write(*_decoded(self.source, self.at))
        if self.nested:
            raise _unparsed(f'Can\'t find end tag corresponding to start tag "{self.nested[-1].tag}"')
        text = "".join(self.out)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _unparsed("Text contains invalid Unicode characters after decoding HTML entities") from None
        return Formatted(text, tuple(_sorted(self.entities)))

    def _write(self, char: str, after: int) -> None:
        self.out.append(char)
        self.units += 2 if ord(char) > 0xFFFF else 1
        self.at = after

    def _begin(self) -> None:
        begun, where = self.at, f"at byte offset {len(self.source[: self.at].encode())}"
        name = re.match(r"<([^\s>]*)", self.source[begun:])
        tag = name.group(1).lower() if name else ""
        self.at = begun + 1 + len(tag)
        if self.at >= len(self.source):
            raise _unparsed(f"Unclosed start tag {where}")
        if tag not in rules.HTML_TAGS:
            raise _unparsed(f'Unsupported start tag "{tag}" {where}')
        attributes = self._attributes(tag, where)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _unparsed(f'Tag "span" must have class "tg-spoiler" {where}')
        self.nested.append(_Open(tag, attributes, self.units, len(self.out)))

    def _attributes(self, tag: str, where: str) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            space = re.compile(r"\s*").match(self.source, self.at)
            self.at = space.end() if space else self.at
            if self.at >= len(self.source):
                raise _unparsed(f"Unclosed start tag {where}")
            if self.source[self.at] == ">":
                self.at += 1
                return found
            one = _ATTRIBUTE.match(self.source, self.at)
            if one is None:
                raise _unparsed(f'Empty attribute name in the tag "{tag}" {where}')
            if one.group(2) is None and (tag, one.group(1)) != ("blockquote", "expandable"):
                raise _unparsed(f'Expected equal sign in declaration of an attribute of the tag "{tag}" {where}')
            found[one.group(1)] = _value(one.group(2) or "")
            self.at = one.end()

    def _end(self) -> None:
        begun, where = self.at, f"at byte offset {len(self.source[: self.at].encode())}"
        if not self.nested:
            raise _unparsed(f"Unexpected end tag {where}")
        closed = re.compile(r"</([^\s>]*)\s*>").match(self.source, begun)
        if closed is None:
            raise _unparsed(f"Unclosed end tag {where}")
        opened, tag = self.nested.pop(), closed.group(1).lower()
        if tag and tag != opened.tag:
            raise _unparsed(f'Unmatched end tag {where}, expected "</{opened.tag}>", found "</{tag}>"')
        self.at = closed.end()
        if self.units > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        made: Json = {"offset": opened.offset, "length": self.units - opened.offset}
        if opened.tag == "a":
            url = checked_link(opened.attributes.get("href") or "".join(self.out[opened.start :]))
            if url:
                self.entities.append({"type": "text_link", **made, "url": url})
            return
        kind = _TYPES[opened.tag]
        if opened.tag == "tg-emoji":
            if not opened.attributes.get("emoji-id", "").isdecimal():
                raise BadRequest("Invalid custom emoji identifier specified")
            made["custom_emoji_id"] = opened.attributes["emoji-id"]
        if "expandable" in opened.attributes:
            kind = "expandable_blockquote"
        language = opened.attributes.get("class", "")
        inside = self.entities[-1] if self.entities else {}
        if opened.tag == "code" and language.startswith("language-"):
            made["language"] = language.removeprefix("language-")
        if kind == "pre" and inside.get("type") == "code" and inside.get("language") and _same_place(inside, made):
            self.entities.pop()
            made["language"] = inside["language"]
        self.entities.append({"type": kind, **made})


def parse_html(source: str) -> Formatted:
    parsed = _Html(source).parse()
    for entity in parsed.entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return parsed


def formatted(text: str, parse_mode: str, entities: Any) -> Formatted:
    """What will be shown; raises BadRequest where the markup cannot be read."""
    if parse_mode.lower() not in rules.ONLY_HTML:
        raise BadRequest("unsupported parse_mode")
    cleaned = re.sub(r"[\x00-\x09\x0b-\x1f]", " ", text.replace("\r", ""))
    parsed = parse_html(cleaned) if parse_mode else Formatted(cleaned, _given(cleaned, entities))
    trimmed = _trimmed(parsed)
    linked = _sorted([*trimmed.entities, *_auto_links(trimmed)])
    return Formatted(trimmed.text, tuple(linked[: rules.MAX_ENTITIES]))


def _given(text: str, entities: Any) -> tuple[Json, ...]:
    if entities is None:
        return ()
    if not isinstance(entities, list):
        raise BadRequest("can't parse entities: expected an Array of MessageEntity")
    most, cuts = utf16_units(text), _boundaries(text)
    kept = []
    for one in entities:
        if not isinstance(one, dict) or one.get("type") not in KNOWN_TYPES:
            raise BadRequest(f"can't parse entities: unsupported entity type {one!r:.80}")
        start, length = one.get("offset"), one.get("length")
        if not isinstance(start, int) or not isinstance(length, int) or length <= 0 or start < 0:
            raise BadRequest("can't parse entities: wrong offset or length")
        if start + length > most:
            raise BadRequest(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {most}"
            )
        if start not in cuts or start + length not in cuts:
            raise BadRequest(f"entity beginning at UTF-16 offset {start} begins or ends in a middle of a UTF-16 symbol")
        url = checked_link(str(one.get("url", "")))
        if one["type"] != "text_link":
            kept.append({"type": one["type"], "offset": start, "length": length})
        elif url:
            kept.append({"type": "text_link", "offset": start, "length": length, "url": url})
    return tuple(kept)


def _trimmed(parsed: Formatted) -> Formatted:
    kept = parsed.text.strip()
    lead = utf16_units(parsed.text[: len(parsed.text) - len(parsed.text.lstrip())])
    most, moved = utf16_units(kept), []
    for entity in parsed.entities:
        start = max(0, entity["offset"] - lead)
        end = min(most, entity["offset"] + entity["length"] - lead)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return Formatted(kept, tuple(moved))


def _auto_links(parsed: Formatted) -> list[Json]:
    found = []
    for match in _URL.finditer(parsed.text):
        start, length = utf16_units(parsed.text[: match.start()]), utf16_units(match.group())
        taken = (e for e in parsed.entities if e["type"] in ("text_link", "code", "pre", "url"))
        if not any(e["offset"] < start + length and start < e["offset"] + e["length"] for e in taken):
            found.append({"type": "url", "offset": start, "length": length})
    return found


def pieces(text: str, entities: Sequence[Json]) -> list[tuple[str, frozenset[str], str | None]]:
    """The text cut where any entity begins or ends: (words, the types that hold there, the link they lead to)."""
    raw = text.encode("utf-16-le", "surrogatepass")
    edges = {0, len(raw) // 2}
    for entity in entities:
        edges |= {entity["offset"], entity["offset"] + entity["length"]}
    cuts = sorted(edges)
    made = []
    for start, end in pairwise(cuts):
        words = raw[start * 2 : end * 2].decode("utf-16-le", "replace")
        here = [e for e in entities if e["offset"] <= start and end <= e["offset"] + e["length"]]
        link = next((e["url"] for e in here if e["type"] == "text_link"), None)
        link = link or (words if any(e["type"] == "url" for e in here) else None)
        made.append((words, frozenset(e["type"] for e in here), link))
    return made


def checked_link(url: str) -> str:
    """As the platform keeps it; empty where it is no link, which then is plain text."""
    url = url.strip()
    if url and "://" not in url and not url.startswith(("tg:", "mailto:")):
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not ("." in host or host == "localhost") or " " in url:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, parts.fragment))


def _decoded(source: str, at: int) -> tuple[str, int]:
    found = _REFERENCE.match(source, at) if source[at] == "&" else None
    if found is None:
        return source[at], at + 1
    code = int(found.group(1), 16) if found.group(1) else int(found.group(2) or 0)
    name = rules.HTML_NAMES.get(found.group(3) or "")
    if name:
        return name, found.end()
    return (chr(code), found.end()) if 0 < code < 0x10FFFF and len(found.group()) < 11 else (source[at], at + 1)


def _value(written: str) -> str:
    if written[:1] not in ('"', "'"):
        return written.lower()
    inside, at, out = written[1:-1], 0, []
    while at < len(inside):
        char, at = _decoded(inside, at)
        out.append(char)
    return "".join(out)


def _boundaries(text: str) -> set[int]:
    at, found = 0, {0}
    for char in text:
        at += 2 if ord(char) > 0xFFFF else 1
        found.add(at)
    return found


def _same_place(one: Json, other: Json) -> bool:
    return bool(one["offset"] == other["offset"] and one["length"] == other["length"])


def _sorted(entities: Sequence[Json]) -> list[Json]:
    return sorted(entities, key=lambda e: (e["offset"], -e["length"], e["type"]))


def _unparsed(why: str) -> BadRequest:
    return BadRequest(f"can't parse entities: {why}")
