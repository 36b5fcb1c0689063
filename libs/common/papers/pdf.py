"""A paper as PDF, in the same form as its DOCX: Liberation Serif embedded, the same bytes for the same paper.

Every text, however strange, is printed: what the typeface lacks as a box, what no line or page holds broken.
"""

from collections.abc import Callable
from io import BytesIO
from itertools import chain
from typing import Any

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, NextPageTemplate, PageBreak, PageTemplate

from libs.common.papers import pdf_blocks, styles
from libs.common.papers.content import Paper, Run
from libs.common.papers.docx_styles import FOOTER_MM, HEADER_MM
from libs.common.papers.faces import face
from libs.common.papers.form import PAGE_MM, Form
from libs.common.papers.pdf_blocks import Page
from libs.common.papers.pdf_words import POINTS_OF_MM, line
from libs.common.papers.printing import MEDIA_TYPES, PaperFormat
from libs.common.papers.wording import clean, ended, footer_line, stated_day

MEDIA_TYPE = MEDIA_TYPES[PaperFormat.PDF]


def to_pdf(paper: Paper) -> bytes:
    stored = BytesIO()
    made = _Document(stored, paper)
    made.build(_story(paper), canvasmaker=made.canvas)
    return stored.getvalue()


def _story(paper: Paper) -> list[Flowable]:
    page = Page(paper.form)
    told = ended(paper.blocks) if paper.closing else paper.blocks
    groups = list(pdf_blocks.groups(page, told))
    if paper.closing:
        groups[-1:] = [pdf_blocks.signed(page, groups[-1] if groups else [], paper.closing)]
    story = [pdf_blocks.letterhead(page, paper.head), *pdf_blocks.title(page, paper.head), *chain(*groups)]
    for number, annex in enumerate(paper.annexes, 1):
        page = Page(paper.form, annex.landscape)
        story += [NextPageTemplate(f"{number}-first"), PageBreak(f"{number}-first")]
        story += [*pdf_blocks.annex_title(page, annex, paper.head), *chain(*pdf_blocks.groups(page, annex.blocks))]
    return story


class _Document(BaseDocTemplate):  # type: ignore[misc]
    """Two kinds of pages for the text and for each annex: the first without a number, the others numbered from 2."""

    def __init__(self, stored: BytesIO, paper: Paper) -> None:
        head = paper.head
        self.paper, self.began, self.level, self.headings = paper, 1, -1, 0
        super().__init__(
            stored,
            pageTemplates=list(self._templates(paper)),
            title=clean(" ".join(f"{head.type_name} {head.subject}".split())),
            author=clean(" ".join(head.agency.split())),
            subject=clean(head.symbol),
            creator="Lan Tỏa",
            lang="vi-VN",
            invariant=1,
        )

    def canvas(self, *args: Any, **more: Any) -> Canvas:
        made = Canvas(*args, **(more | {"initialFontName": face()}))
        made.setViewerPreference("DisplayDocTitle", "true")
        day = stated_day(self.paper)
        stamp = made._doc._timeStamp
        stamp.t, stamp.lt, stamp.YMDhms = 0.0, day.timetuple(), (day.year, day.month, day.day, 0, 0, 0)
        return made

    def _templates(self, paper: Paper) -> list[PageTemplate]:
        across = [False, *(annex.landscape for annex in paper.annexes)]
        return [
            self._template(f"{number}-{kind}", landscape, kind == "first")
            for number, landscape in enumerate(across)
            for kind in ("first", "later")
        ]

    def _template(self, name: str, landscape: bool, is_first: bool) -> PageTemplate:
        form = self.paper.form
        width, height = (PAGE_MM[side] * POINTS_OF_MM for side in (landscape, not landscape))
        left, bottom = form.left_mm * POINTS_OF_MM, form.bottom_mm * POINTS_OF_MM
        room = form.room_mm(landscape=landscape) * POINTS_OF_MM
        frame = Frame(left, bottom, room, Page(form, landscape).full, 0, 0, 0, 0, id=name)
        later = f"{name.split('-')[0]}-later"
        return PageTemplate(
            name,
            [frame],
            pagesize=(width, height),
            onPage=self._begin(form, room, is_first),
            autoNextPageTemplate=later,
        )

    def _begin(self, form: Form, room: float, is_first: bool) -> Callable[[Canvas, "_Document"], None]:
        """Of each page: its number in the margin above, the footer below."""
        left = form.left_mm * POINTS_OF_MM
        words = footer_line(self.paper.footer)
        foot = line(form, styles.FOOTER, Run(words)) if words else None

        def begin(canvas: Canvas, document: "_Document") -> None:
            if is_first:
                document.began = document.page
            else:
                size = form.page_number_size
                canvas.setFont(face(), size)
                y = canvas._pagesize[1] - HEADER_MM * POINTS_OF_MM - size * 0.9
                canvas.drawCentredString(left + room / 2, y, str(document.page - document.began + 1))
            if foot is not None:
                _, high = foot.wrap(room, form.bottom_mm * POINTS_OF_MM)
                foot.drawOn(canvas, left, min(FOOTER_MM, form.bottom_mm - high / POINTS_OF_MM - 1) * POINTS_OF_MM)

        return begin

    def afterFlowable(self, flowable: Flowable) -> None:
        """Headings are the outline that a reader opens beside the pages."""
        outline = getattr(flowable, "outline", None)
        if outline is None:
            return
        level, words = min(outline[0], self.level + 1), outline[1]
        self.level = level
        self.headings += 1
        key = f"heading-{self.headings}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(words, key, level)
