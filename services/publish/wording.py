"""What every channel says alike of a draft: its heading, its plain text and its ending."""

from services.publish import markup, measure
from services.publish.adapters.base import Draft
from services.publish.corrections.wording import heading as verdict_first

CORRECTION, URGENT = "Đính chính: ", "KHẨN: "
AI_MARK = "(Có sử dụng AI)"
"""Where room is short (Law 134/2025, article on labels)."""
AI_LINE = "Có sử dụng trí tuệ nhân tạo: "


def heading(draft: Draft) -> str:
    """The title, marked with its verdict, as a correction or as urgent unless it says so itself."""
    title = measure.nfc(draft.title).strip()
    is_correction = draft.corrects is not None or draft.kind == "correction"
    if draft.review is not None:
        title = verdict_first(title, draft.review)
    elif is_correction and not title.upper().startswith(CORRECTION.strip(": ").upper()):
        title = CORRECTION + title
    return URGENT + title if draft.is_urgent and not title.upper().startswith(URGENT.strip(": ")) else title


def plain(body: str) -> str:
    """The body without the editors' marks; a list keeps bullets."""
    lines = measure.nfc(body).replace("\r", "").split("\n")
    bulleted = "\n".join(f"• {line[2:]}" if line.startswith("- ") else line for line in lines)
    return "\n".join(line.rstrip() for line in markup.to_text(bulleted).split("\n")).strip()


def lead(draft: Draft) -> str:
    """What a short post says below its heading: the summary, or the first paragraph."""
    return measure.nfc(draft.summary or draft.body.split("\n\n", 1)[0]).strip()


def joined(*parts: str | None) -> str:
    """The parts that there are, an empty line between them."""
    return "\n\n".join(part for part in parts if part)


def short_ending(draft: Draft) -> str:
    """The AI mark and the link, with the empty line before them; none of it may be cut."""
    ending = joined(AI_MARK if draft.ai_label else "", draft.link)
    return f"\n\n{ending}" if ending else ""


def full_ending(draft: Draft, with_link: bool = True) -> str:
    """Source, AI label in full and the link; none of it may be cut."""
    label = AI_LINE + measure.nfc(draft.ai_label) if draft.ai_label else ""
    return joined(measure.nfc(draft.source_note or "").strip(), label, draft.link if with_link else "")
