"""Bytes and markup of strangers to plain text: encodings, hardened parsers, HTML without its tags."""

import codecs
import html
import re
import zlib
from contextlib import suppress

from lxml import etree
from lxml import html as lxml_html
from trafilatura.utils import detect_encoding

from libs.common.text import nfc
from services.ingest.legacy import LOOKED_AT, decode_legacy, is_vietnamese

_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
        "section", "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip
_SILENT = frozenset({"script", "style", "noscript", "template", "iframe", "object", "svg", "head"})
_DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
_DECLARATION = re.compile(r"""(<\?xml[^>]{0,200}?encoding\s*=\s*["'])[^"']*(["'])""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
GUESSED_FROM = 20_000
"""Bytes from whose statistics an undeclared encoding is guessed."""
_TAG = re.compile(r"<[A-Za-z/!][^<>]*>")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")
_RUNS = re.compile(
    r"<\s*/?\s*(?:script|style|iframe|frame|object|embed|applet|svg|math|img|image|video|audio|source|form|input|button"
    r"|body|base|meta|link|template|noscript|details|plaintext|xmp)\b|<[a-z][^<>]*[\s/]on[a-z]{3,20}\s*=",
    re.IGNORECASE,
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # no text at all
    "\u202a-\u202e\u2066-\u2069"  # turn the order of what is read around (UTS #55)
    "\ufff9-\ufffb\U000e0000-\U000e007f]"  # carry words that nobody sees
)


class BombError(ValueError):
    """A compressed document that unpacks past the limit."""


def unpack(data: bytes, limit: int) -> bytes:
    """Gunzip when the bytes say so; never past the limit."""
    if data[:2] != b"\x1f\x8b":
        return data
    stream = zlib.decompressobj(31)
    try:
        body = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise ValueError("broken gzip") from error
    if len(body) > limit:
        raise BombError
    return body


def decode(data: bytes, content_type: str | None = None) -> str:
    """Text of a document: byte order mark, HTTP charset, declaration, then what fits; NFC at the end."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return nfc(data[len(mark) :].decode(name, "replace"))
    if wide := _wide_codec(data):
        return nfc(data.decode(wide, "replace"))
    with suppress(UnicodeDecodeError):  # what is valid UTF-8 is UTF-8, whatever it says
        return nfc(data.decode())
    return _not_utf8(data, _declared_encodings(data, content_type))


def is_wide(data: bytes) -> bool:
    """Whether it is UTF-16, which may be valid UTF-8 too."""
    return _wide_codec(data) is not None


def _wide_codec(data: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of what is mostly ASCII is zero."""
    head = data[:2000]
    if b"\x00" not in head or len(head) < 16:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 3 < len(head) or min(even, odd) * 10 > len(head):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _not_utf8(data: bytes, declared: list[str]) -> str:
    if (text := decode_legacy(data, declared)) is not None:
        return text
    named = [_text_codec(name) for name in declared]
    for name in named:
        with suppress(UnicodeDecodeError, LookupError, ValueError):
            return nfc(data.decode(name))
    for name in (*named, "utf-8"):
        if (nearly := _nearly(data, name)) is not None:
            return nfc(nearly)
    # cp1258 is what old Vietnamese sites meant by 1252.
    for name in ("cp1258", *_guessed(data), "cp1252"):
        with suppress(UnicodeDecodeError, LookupError, ValueError):
            text = nfc(data.decode(name))
            if name != "cp1258" or is_vietnamese(text[:LOOKED_AT]):
                return text
    return nfc(data.decode("utf-8", "replace"))


def _nearly(data: bytes, name: str) -> str | None:
    """The text where few of its characters beyond ASCII are broken: a page of one encoding with a part of another."""
    try:
        text = data.decode(name, "replace")
    except (LookupError, ValueError):
        return None
    broken = text.count("\ufffd")
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return text if broken * 10 <= beyond - broken else None


def _guessed(data: bytes) -> list[str]:
    """What the letters look like, by statistics over a part of the document."""
    return [name for name in detect_encoding(data[:GUESSED_FROM]) if name != "utf-8"]


def as_utf8(data: bytes, content_type: str | None = None) -> bytes:
    """The document in UTF-8 where it is Vietnamese before Unicode, which no parser reads; else as it is."""
    with suppress(UnicodeDecodeError):
        data.decode()
        return data
    declared = _declared_encodings(data, content_type)
    if data.startswith(tuple(mark for mark, _ in _BOMS)) or (text := decode_legacy(data, declared)) is None:
        return data
    return _DECLARATION.sub(r"\1utf-8\2", text, count=1).encode()


def _declared_encodings(data: bytes, content_type: str | None) -> list[str]:
    declared = _DECLARED.findall((content_type or "").encode("ascii", "ignore"))
    declared += _DECLARED.findall(data[:2048])[:2]
    return [name.decode("ascii") for name in declared]


_MEANT = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252", "latin-1": "cp1252"} | {
    "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-9": "cp1254", "big5": "big5hkscs",
}  # fmt: skip
"""Encodings that pages declare and the wider ones that they are in (WHATWG Encoding, labels)."""


def _text_codec(name: str) -> str:
    """The codec of a declared name; one that does not decode text is left to fail as unknown."""
    try:
        found = codecs.lookup(name)
    except LookupError:
        return "unknown"
    return _MEANT.get(found.name, found.name) if getattr(found, "_is_text_encoding", True) else "unknown"


def clean(text: str) -> str:
    """NFC without control characters, which neither XML nor Postgres takes, and without signs that make a reader see
    another text than the one that is there."""
    return nfc(text if text.isprintable() else _UNSEEN.sub("", text))


def one_line(text: str) -> str:
    """Clean text with every run of white space as one space."""
    return " ".join(clean(text).split())


def plain_text(markup: str) -> str:
    """HTML to one line, as for titles and summaries."""
    if not _TAG.search(markup):
        return one_line(html.unescape(markup) if "&" in markup else markup)
    return one_line(paragraphs(markup))


def told_as_text(text: str) -> str:
    """One line of what a feed calls plain text, or what its reader took for it. Tags that would run are none all the
    same: whoever shows a title as HTML one day shows no more than its words."""
    return plain_text(text) if _RUNS.search(text) else one_line(text)


def paragraphs(markup: str) -> str:
    """HTML to text with one line per block."""
    if not _TAG.search(markup):
        return _tidy_lines(html.unescape(markup))
    root = html_tree(markup)
    return "" if root is None else _tidy_lines("".join(_pieces(root)))


def html_tree(markup: str) -> lxml_html.HtmlElement | None:
    """A tree of untrusted HTML; None where there is nothing to parse."""
    return html_tree_of(printable(markup).encode())


def printable(text: str) -> str:
    """The text without control characters, which would come between the letters of a tag."""
    return _UNPRINTABLE.sub("", text)


def html_tree_of(markup: bytes) -> lxml_html.HtmlElement | None:
    """A tree of untrusted HTML in UTF-8 that is printable; None where there is nothing to parse."""
    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        return lxml_html.document_fromstring(markup.strip(), parser=parser, ensure_head_body=False)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def xml_parser() -> etree.XMLParser:
    """An XML parser for strangers: no DTD, no entities, no network, libxml2's own caps on depth and size."""
    return etree.XMLParser(
        resolve_entities=False, load_dtd=False, dtd_validation=False, no_network=True, huge_tree=False,
        recover=True, remove_comments=True, remove_pis=True,
    )  # fmt: skip


_HALVES = re.compile(
    rb"(?:&#(?:[xX]0{0,6}[dD][89a-fA-F][0-9a-fA-F]{2}|0{0,6}5(?:5[3-9]|[67]\d)\d{2}|0{0,6}5529[6-9]);)+"
)
"""References to halves of a character (U+D800 to U+DFFF), and to some that are none, which stay as they are."""


def mend_references(data: bytes) -> bytes:
    """Emoji that a program wrote as two references to its halves become one; a half alone, which is no character and
    which libxml2 hands on as broken UTF-8, goes."""
    return _HALVES.sub(_whole_references, data) if b"&#" in data else data


def _whole_references(found: re.Match[bytes]) -> bytes:
    codes = [int(b"0" + one if one[:1] in b"xX" else one, 16 if one[:1] in b"xX" else 10) for one in _codes(found[0])]
    whole = b"".join(code.to_bytes(2, "big") for code in codes).decode("utf-16-be", "ignore")
    return "".join(f"&#{ord(sign)};" for sign in whole).encode("ascii")


def _codes(references: bytes) -> list[bytes]:
    return [one[2:] for one in references.split(b";") if one]


def _pieces(root: lxml_html.HtmlElement) -> list[str]:
    """Text of a tree in order, with a line break at each block; by events, so depth costs nothing."""
    out: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _BLOCKS:
            out.append("\n")
        if event == "start":
            if tag in _SILENT:
                walk.skip_subtree()
            elif element.text:
                out.append(element.text.replace("\n", " "))
        elif element.tail and element is not root:
            out.append(element.tail.replace("\n", " "))
    return out


def _tidy_lines(text: str) -> str:
    return "\n".join(line for line in (one_line(part) for part in text.splitlines()) if line)
