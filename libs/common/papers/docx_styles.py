"""Styles, pages and page numbers of a DOCX: each part of a paper has a style of its own name.

So whoever edits the paper in a word processor changes one style, not a hundred lines.
"""

from collections.abc import Sequence
from typing import Any

from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor

from libs.common.papers import wordml
from libs.common.papers.content import Run
from libs.common.papers.form import FONT, PAGE_MM, Form
from libs.common.papers.styles import EMPHASES, FOOTER, HEADINGS, PAGE_NUMBER, STYLES, Style

ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
}
HEADER_MM, FOOTER_MM = 10, 8


def style_ids(paper: Document) -> dict[str, str]:
    """By name: asking python-docx for a style searches all of them, for each paragraph anew."""
    return {
        style.name: style.style_id for style in paper.styles if style.name and style.type == WD_STYLE_TYPE.PARAGRAPH
    }


def set_up_styles(paper: Document, form: Form) -> None:
    normal = paper.styles["Normal"]
    _face(normal, form.body_size)
    normal.paragraph_format.space_before = normal.paragraph_format.space_after = Pt(0)
    normal.paragraph_format.line_spacing = 1.0
    language = wordml.w("lang", val="vi-VN", eastAsia="vi-VN")
    defaults = paper.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    defaults.append(language)
    for style in STYLES:
        _add(paper, style, form)
    for look in EMPHASES.values():
        made = paper.styles.add_style(look.name, WD_STYLE_TYPE.CHARACTER)
        made.element.styleId, made.quick_style = look.style_id, True
        made.font.bold, made.font.color.rgb = True, RGBColor.from_string(look.ink)


def _add(paper: Document, style: Style, form: Form) -> None:
    built_in = style.name in HEADINGS
    made = paper.styles[style.name] if built_in else paper.styles.add_style(style.name, WD_STYLE_TYPE.PARAGRAPH)
    made.base_style, made.quick_style, made.hidden = paper.styles["Normal"], True, False
    _face(made, getattr(form, style.size))
    made.font.bold, made.font.italic, made.font.color.rgb = style.bold, style.italic, RGBColor(0, 0, 0)
    shape = made.paragraph_format
    shape.alignment, shape.keep_with_next = ALIGN[style.align], style.keep_next
    shape.space_before = Pt(style.before)
    shape.space_after = Pt(form.paragraph_gap_pt if style.spaced else style.after)
    shape.line_spacing = form.line_spacing if style.spaced else 1.0
    shape.first_line_indent = Mm(form.first_line_mm) if style.indent else Mm(0)
    shape.widow_control = True


def _face(style: Any, size: float) -> None:
    """For all scripts, and without the theme's own face that a template may name."""
    style.font.name, style.font.size = FONT, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)


def set_up_page(section: Section, form: Form, footer: str, ids: dict[str, str]) -> None:
    """Of the first section; those of annexes take over its margins, number and footer."""
    section.top_margin, section.bottom_margin = Mm(form.top_mm), Mm(form.bottom_mm)
    section.left_margin, section.right_margin = Mm(form.left_mm), Mm(form.right_mm)
    section.header_distance, section.footer_distance = Mm(HEADER_MM), Mm(FOOTER_MM)
    section.different_first_page_header_footer = True
    turn(section, landscape=False)
    _fill(section.header, wordml.paragraph(ids[PAGE_NUMBER], wordml.page_number()))
    _fill(section.first_page_header, wordml.paragraph(ids[PAGE_NUMBER]))
    for place in (section.footer, section.first_page_footer):
        words = [wordml.run(Run(footer))] if footer else []
        _fill(place, wordml.paragraph(ids[FOOTER], *words))


def turn(section: Section, *, landscape: bool) -> None:
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(PAGE_MM[landscape]), Mm(PAGE_MM[not landscape])


def begin_annex(paper: Document, *, landscape: bool) -> None:
    """A section of its own; the line that ends the one before is thin, so that it never makes a page of its own."""
    section = paper.add_section(WD_SECTION.NEW_PAGE)
    for mark in paper.element.body.iterfind(f"{qn('w:p')}/{qn('w:pPr')}/{qn('w:sectPr')}"):
        shape = mark.getparent()
        if shape.find(qn("w:spacing")) is None:
            shape.insert(0, wordml.w("spacing", before=0, after=0, line=20, lineRule="exact"))
    turn(section, landscape=landscape)
    number_from_one(section)


def number_from_one(section: Section) -> None:
    """An annex counts its pages by itself."""
    shape = section._sectPr
    for old in shape.findall(qn("w:pgNumType")):
        shape.remove(old)
    successors: Sequence[str] = ("w:cols", "w:formProt", "w:vAlign", "w:noEndnote", "w:titlePg", "w:textDirection")
    shape.insert_element_before(wordml.w("pgNumType", start=1), *successors, "w:bidi", "w:rtlGutter", "w:docGrid")


def _fill(place: Any, line: Any) -> None:
    """A header or footer of its own with this one line."""
    place.is_linked_to_previous = False
    for old in list(place._element):
        place._element.remove(old)
    place._element.append(line)
