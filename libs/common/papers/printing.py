"""A paper in the format that is wanted.

The libraries that make office documents are large: they are imported by the first paper that is printed, so that a
process that never prints one does not hold them.
"""

from enum import StrEnum

from libs.common.papers.content import Paper


class PaperFormat(StrEnum):
    DOCX = "docx"
    PDF = "pdf"
    XLSX = "xlsx"


MEDIA_TYPES = {
    PaperFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    PaperFormat.PDF: "application/pdf",
    PaperFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def print_paper(paper: Paper, wanted: PaperFormat) -> bytes:
    match wanted:
        case PaperFormat.DOCX:
            from libs.common.papers.docx import to_docx

            return to_docx(paper)
        case PaperFormat.PDF:
            from libs.common.papers.pdf import to_pdf

            return to_pdf(paper)
        case PaperFormat.XLSX:
            from libs.common.papers.xlsx import to_xlsx

            return to_xlsx(paper)
