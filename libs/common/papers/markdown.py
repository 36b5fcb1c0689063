"""Markdown as the blocks of a paper, so that one template tells a report in every format.

CommonMark with tables and without HTML. `#` is the paper's own title, which its head already tells, so it is left out;
`##` are its parts. Beside plain Markdown there are four conventions: `![what it shows](chart:name "Hình 1. …")` is the
picture of that name; `[Quá hạn](mark:late)` is dark red and bold; a table's row `| [I. Nhóm](mark:across) | | |` runs
across; a paragraph wholly in `*italics*` is a note, and one wholly in `**bold**` just above a table names it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode as Node

from libs.common.papers.content import (
    Align,
    Block,
    Bullets,
    Cell,
    Emphasis,
    Heading,
    Note,
    Picture,
    Run,
    Runs,
    Table,
    Text,
)

CHART = "chart:"
ACROSS = "mark:across"
EMPHASES = {f"mark:{one.value}": one for one in Emphasis}
_MARKED = re.compile(r"(?<!\\)\[((?:\\.|[^\[\]\\])*)\]\((mark:\w+)\)")
_ALIGN: dict[str, Align] = {"text-align:right": "right", "text-align:center": "center"}


@dataclass(frozen=True)
class _Look:
    bold: bool = False
    italic: bool = False
    emphasis: Emphasis | None = None
    link: str | None = None


def read_markdown(text: str, pictures: Mapping[str, Picture]) -> tuple[Block, ...]:
    """A picture that is not among those given is told by its words alone."""
    return tuple(_named(_blocks(Node(_parser().parse(text)).children, pictures)))


def plain_markdown(text: str) -> str:
    """For whoever reads the Markdown itself: an emphasis is bold, a mark that only a paper has is gone."""
    return _MARKED.sub(lambda found: f"**{found[1]}**" if found[2] in EMPHASES else found[1], text)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _blocks(nodes: Sequence[Node], pictures: Mapping[str, Picture], level: int = 0) -> Iterator[Block]:
    for node in nodes:
        match node.type:
            case "heading" if node.tag != "h1":
                yield Heading(int(node.tag[1]) - 1, _plain(_inline(node)))
            case "paragraph":
                yield from _paragraph(_children(node), pictures)
            case "bullet_list" | "ordered_list":
                yield from _list(node, pictures, level)
            case "table":
                yield _table(node)
            case "blockquote":
                yield from _blocks(node.children, pictures, level)
            case "fence" | "code_block":
                yield Text((Run(node.content.rstrip("\n")),))
            case _:
                pass  # a rule, or the paper's own title


# --- paragraphs ---------------------------------------------------------------------------------------------


def _paragraph(children: Sequence[Node], pictures: Mapping[str, Picture]) -> Iterator[Block]:
    told = [child for child in children if child.type != "softbreak"]
    if told and all(child.type == "em" for child in told):
        yield from (Note(_plain(_runs(child.children, _Look()))) for child in told)
        return
    words: list[Node] = []
    for child in children:
        picture = _picture(child, pictures)
        if picture is None:
            words.append(child)
            continue
        yield from _text(words)
        yield picture
        words = []
    yield from _text(words)


def _text(nodes: Sequence[Node]) -> Iterator[Block]:
    runs = _joined(_runs(nodes, _Look()))
    if any(run.text.strip() for run in runs):
        yield Text(runs)


def _picture(node: Node, pictures: Mapping[str, Picture]) -> Picture | None:
    source = str(node.attrs.get("src", ""))
    if node.type != "image" or not source.startswith(CHART):
        return None
    found = pictures.get(source.removeprefix(CHART))
    if found is None:
        return None
    alt, caption = node.content, str(node.attrs.get("title", ""))
    return replace(found, alt=alt or found.alt, caption=caption or found.caption)


def _named(blocks: Iterable[Block]) -> Iterator[Block]:
    """A bold paragraph just above a table is its name."""
    before: Block | None = None
    for block in blocks:
        if isinstance(block, Table) and isinstance(before, Text) and all(run.bold for run in before.runs):
            block, before = replace(block, caption=_plain(before.runs)), None
        if before is not None:
            yield before
        before = block
    if before is not None:
        yield before


# --- lists and tables ---------------------------------------------------------------------------------------


def _list(node: Node, pictures: Mapping[str, Picture], level: int) -> Iterator[Block]:
    """A list within a list, or a second paragraph of an item, stands between its items."""
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    items: list[Runs] = []
    done = 0

    def told() -> Iterator[Block]:
        nonlocal done
        if items:
            yield Bullets(tuple(items), level, None if start is None else start + done)
            done += len(items)
            items.clear()

    for item in node.children:
        others = list(item.children)
        if others and others[0].type == "paragraph":
            items.append(_joined(_inline(others.pop(0))))
        if others:
            yield from told()
            yield from _blocks(others, pictures, level + 1)
    yield from told()


def _table(node: Node) -> Table:
    rows = [row for part in node.children for row in part.children]
    head, *others = rows
    align = tuple(_ALIGN.get(str(cell.attrs.get("style", "")), "left") for cell in head.children)
    return Table(
        tuple(_plain(_inline(cell)) for cell in head.children), tuple(map(_row, others)), align=_if_told(align)
    )


def _if_told(align: tuple[Align, ...]) -> tuple[Align, ...] | None:
    """A table that says nothing of its columns is set by what they hold."""
    return align if set(align) != {"left"} else None


def _row(node: Node) -> tuple[Cell, ...]:
    first = _children(node.children[0]) if node.children else []
    if len(first) == 1 and first[0].type == "link" and first[0].attrs.get("href") == ACROSS:
        return (_joined(_runs(first[0].children, _Look())),)
    return tuple(_joined(_inline(cell)) or None for cell in node.children)


# --- words --------------------------------------------------------------------------------------------------


def _children(node: Node) -> list[Node]:
    return [child for inline in node.children for child in inline.children]


def _inline(node: Node) -> Iterator[Run]:
    return _runs(_children(node), _Look())


def _runs(nodes: Sequence[Node], look: _Look) -> Iterator[Run]:
    for node in nodes:
        match node.type:
            case "text" | "code_inline":
                yield _run(node.content, look)
            case "softbreak":
                yield _run(" ", look)
            case "hardbreak":
                yield _run("\n", look)
            case "strong":
                yield from _runs(node.children, replace(look, bold=True))
            case "em":
                yield from _runs(node.children, replace(look, italic=True))
            case "link":
                yield from _runs(node.children, _linked(str(node.attrs.get("href", "")), look))
            case "image":
                yield _run(node.content, look)
            case _:
                yield from _runs(node.children, look)


def _linked(address: str, look: _Look) -> _Look:
    if address in EMPHASES:
        return replace(look, bold=True, emphasis=EMPHASES[address])
    return look if address == ACROSS else replace(look, link=address)


def _run(text: str, look: _Look) -> Run:
    """What has no word in it stays black: red alone is lost in grey print."""
    emphasis = look.emphasis if any(letter.isalpha() for letter in text) else None
    return Run(text, look.bold, look.italic, emphasis, look.link)


def _joined(runs: Iterable[Run]) -> Runs:
    """Neighbours of one look are one run."""
    told: list[Run] = []
    for run in runs:
        if told and _look(told[-1]) == _look(run):
            told[-1] = replace(run, text=told[-1].text + run.text)
        else:
            told.append(run)
    return tuple(run for run in told if run.text)


def _look(run: Run) -> tuple[object, ...]:
    return run.bold, run.italic, run.emphasis, run.link


def _plain(runs: Iterable[Run]) -> str:
    return "".join(run.text for run in runs)
