"""Text as the platform shows it: links, hashtags and mentions become anchors, lines become paragraphs."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox import counting

_HASHTAG = re.compile(r"(?<![\w/&])#(\w*[^\W\d]\w*)")
_MENTION = re.compile(
    r"(?<![=/\w])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*(?:@[a-z0-9-]+(?:\.[a-z0-9-]+)+)?)(?![a-z0-9_@])", re.IGNORECASE
)
_SHOWN_LINK = 30


@dataclass(frozen=True, slots=True)
class Piece:
    """`kind` is text, link, tag or mention; `target` is the address, tag or name (with its server, if it says one)."""

    kind: str
    words: str
    target: str = ""


def pieces(text: str) -> list[Piece]:
    """The text in order, cut at what the platform makes a link of."""
    found = sorted(_entities(text))
    made, at = [], 0
    for start, end, kind, target in found:
        if start >= at:
            made += [Piece("text", text[at:start]), Piece(kind, text[start:end], target)]
            at = end
    made.append(Piece("text", text[at:]))
    return [piece for piece in made if piece.words]


def hashtags(text: str) -> list[str]:
    return [piece.target for piece in pieces(text) if piece.kind == "tag"]


def mentions(text: str) -> list[str]:
    return [piece.target for piece in pieces(text) if piece.kind == "mention"]


def as_html(text: str, base_url: str, is_known: Callable[[str], bool]) -> str:
    inner = "".join(_anchor(piece, base_url, is_known) for piece in pieces(text.strip()))
    if not inner:
        return ""
    paragraphs = re.split(r"\n{2,}", inner.replace("\r\n", "\n"))
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def _entities(text: str) -> Iterator[tuple[int, int, str, str]]:
    for start, end in counting.links(text):
        yield start, end, "link", text[start:end]
    for found in _HASHTAG.finditer(text):
        yield *found.span(), "tag", found.group(1)
    for found in _MENTION.finditer(text):
        yield *found.span(), "mention", found.group(1)


def _anchor(piece: Piece, base_url: str, is_known: Callable[[str], bool]) -> str:
    match piece.kind:
        case "link":
            return _link(piece.words)
        case "tag":
            href = html.escape(f"{base_url}/tags/{piece.target.lower()}")
            return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{html.escape(piece.target)}</span></a>'
        case "mention" if is_known(piece.target):
            href, name = html.escape(f"{base_url}/@{piece.target}"), html.escape(piece.target.partition("@")[0])
            return (
                f'<span class="h-card" translate="no"><a href="{href}" class="u-url mention">@<span>{name}</span></a>'
                "</span>"
            )
        case _:
            return html.escape(piece.words)


def _link(url: str) -> str:
    protocol = re.match(r"https?://(?:www\.)?", url, re.IGNORECASE)
    prefix = protocol.group() if protocol else ""
    shown, rest = url[len(prefix) :][:_SHOWN_LINK], url[len(prefix) :][_SHOWN_LINK:]
    ellipsis = "ellipsis" if rest else ""
    return (
        f'<a href="{html.escape(url)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{html.escape(prefix)}</span><span class="{ellipsis}">{html.escape(shown)}</span>'
        f'<span class="invisible">{html.escape(rest)}</span></a>'
    )
