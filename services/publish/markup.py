"""The few marks editors may use in a body: paragraphs, `## ` headings, `- ` lists, `> ` quotations and bare addresses.

Everything else is text and is escaped; there is no way to write HTML into a page.
"""

import re

from markupsafe import Markup, escape

ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}»”]")


QUOTED = re.compile(r"^> .*(?:\n> .*)*", re.MULTILINE)


def to_html(body: str) -> Markup:
    blocks = re.split(r"\n\s*\n", body.replace("\r\n", "\n").strip())
    return Markup("\n").join(part for block in blocks if block.strip() for part in _parts(block.strip()))


def to_inline(text: str) -> Markup:
    """One run of text, with its addresses as links."""
    return Markup("<br>").join(_linked(line) for line in text.strip().splitlines())


def to_text(body: str) -> str:
    """The same body without its marks; a quotation keeps quotation marks."""
    return re.sub(r"^(## |- )", "", QUOTED.sub(_in_quotation_marks, body), flags=re.MULTILINE)


def _in_quotation_marks(run: re.Match[str]) -> str:
    said = re.sub(r"^> ", "", run.group(), flags=re.MULTILINE).strip()
    return said if said.startswith("“") else f"“{said}”"


def _parts(block: str) -> list[Markup]:
    """A heading or list may follow a line of text without an empty line between."""
    parts: list[Markup] = []
    lines = block.split("\n")
    while lines:
        taken = _take(lines)
        parts.append(_render(lines[:taken]))
        lines = lines[taken:]
    return parts


def _take(lines: list[str]) -> int:
    kind = _kind(lines[0])
    if kind == "heading":
        return 1
    return next((i for i, line in enumerate(lines) if _kind(line) != kind), len(lines))


def _kind(line: str) -> str:
    if line.startswith("## "):
        return "heading"
    if line.startswith("> "):
        return "quote"
    return "list" if line.startswith("- ") else "text"


def _render(lines: list[str]) -> Markup:
    kind = _kind(lines[0])
    if kind == "heading":
        return Markup("<h2>{}</h2>").format(_linked(lines[0][3:].strip()))
    if kind == "list":
        items = Markup("").join(Markup("<li>{}</li>").format(_linked(line[2:].strip())) for line in lines)
        return Markup("<ul>{}</ul>").format(items)
    if kind == "quote":
        said = Markup("<br>").join(_linked(line[2:].strip()) for line in lines)
        return Markup("<blockquote><p>{}</p></blockquote>").format(said)
    return Markup("<p>{}</p>").format(Markup("<br>").join(_linked(line.strip()) for line in lines))


def _linked(text: str) -> Markup:
    pieces: list[Markup] = []
    position = 0
    for match in ADDRESS.finditer(text):
        pieces.append(escape(text[position : match.start()]))
        pieces.append(Markup('<a href="{0}">{0}</a>').format(match.group()))
        position = match.end()
    pieces.append(escape(text[position:]))
    return Markup("").join(pieces)
