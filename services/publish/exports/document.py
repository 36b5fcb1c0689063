"""A plan or a calendar as an office paper. Number, place, day and signature stay open: whoever signs fills them in."""

from collections.abc import Iterator, Sequence

from libs.common.papers.content import ABOVE, Block, Cell, Closing, Head, Heading, Paper, Table, Text, words
from libs.common.papers.docx import MEDIA_TYPE, to_docx
from libs.common.papers.form import default_form
from services.publish.calendar_rules import Entry
from services.publish.exports.contents import (
    PLAN_STATES,
    STATES,
    ZONE_NOTE,
    CampaignLine,
    Contents,
    TargetLine,
    ThemeLine,
    by_month,
    headline,
    local,
    number,
    when,
)

ENTRY_WIDTHS = (11, 29, 62, 33, 30)
CAMPAIGN_WIDTHS = (11, 56, 28, 40, 30)
OPEN = "…………"

__all__ = ["MEDIA_TYPE", "paper_of", "render"]


def render(contents: Contents) -> bytes:
    return to_docx(paper_of(contents))


def paper_of(contents: Contents) -> Paper:
    blocks = _plan(contents) if contents.is_plan else _months(contents.entries)
    count = f"{contents.form.capitalize()} này có {number(len(contents.entries))} mục trong lịch."
    return Paper(
        form=default_form(),
        head=Head(
            authority=contents.above,
            agency=contents.unit_name,
            number=None,
            symbol="",
            place=OPEN,
            date=None,
            type_name=contents.form.upper(),
            subject=contents.title,
            year=local(contents.as_of).year,
            basis=f"Thực hiện {contents.programme}" if contents.programme else None,
        ),
        blocks=(*blocks, Text(words(count))),
        closing=Closing((OPEN, "Lưu: VT"), None, "THỦ TRƯỞNG ĐƠN VỊ", None),
        footer=f"Số liệu tính đến {when(contents.as_of)} ({ZONE_NOTE}). Ô trống là chưa có số liệu.",
    )


def _plan(contents: Contents) -> Iterator[Block]:
    yield Heading(1, "I. MỤC TIÊU")
    yield from _prose(contents.goals or "Chưa ghi mục tiêu.")
    yield Heading(1, "II. CHỦ ĐỀ VÀ CHIẾN DỊCH")
    for at, theme in enumerate(contents.themes, 1):
        yield from _theme(at, theme)
    if not contents.themes:
        yield from _prose("Chưa có chủ đề.")
    yield Heading(1, "III. LỊCH ĐĂNG TIN")
    yield from _months(contents.entries)


def _theme(at: int, theme: ThemeLine) -> Iterator[Block]:
    yield Heading(2, f"{at}. {theme.title} (từ {theme.starts_on:%d/%m/%Y} đến {theme.ends_on:%d/%m/%Y})")
    if not theme.campaigns:
        yield from _prose("Chưa có chiến dịch.")
        return
    rows = tuple(row for n, campaign in enumerate(theme.campaigns, 1) for row in _campaign_rows(n, campaign))
    yield Table(
        ("TT", "Chiến dịch", "Thời gian", "Chỉ tiêu", "Đạt được"),
        rows,
        widths=CAMPAIGN_WIDTHS,
        align=("center", "left", "center", "left", "left"),
    )


def _campaign_rows(at: int, campaign: CampaignLine) -> Iterator[tuple[Cell, ...]]:
    """A row for each target, the first with the campaign itself; a figure nobody told leaves its cell blank."""
    told = [campaign.title, f"({PLAN_STATES[campaign.state].lower()}; {number(campaign.publications)} tin)"]
    told += [f"Mục tiêu: {campaign.goals}"] if campaign.goals else []
    told += [f"Đối tượng: {campaign.audience}"] if campaign.audience else []
    told += [f"Kênh: {', '.join(campaign.channels)}"] if campaign.channels else []
    span = f"{campaign.starts_on:%d/%m/%Y}\nđến\n{campaign.ends_on:%d/%m/%Y}"
    targets = [(f"{t.definition}: {number(t.target)}", _reached(t)) for t in campaign.targets] or [("", "")]
    first, *others = targets
    yield at, "\n".join(told), span, *first
    for other in others:
        yield ABOVE, ABOVE, ABOVE, *other


def _reached(target: TargetLine) -> str:
    if target.value is None or target.as_of is None:
        return ""
    return f"{number(target.value)}\n(lúc {when(target.as_of)})"


def _months(entries: Sequence[Entry]) -> Iterator[Block]:
    if not entries:
        yield from _prose("Không có tin nào trong thời gian này.")
    for month, items in by_month(entries):
        yield Heading(2, month)
        yield Table(
            ("TT", "Thời gian", "Nội dung", "Kênh", "Trạng thái"),
            tuple(_entry_cells(at, entry) for at, entry in enumerate(items, 1)),
            widths=ENTRY_WIDTHS,
            align=("center", "center", "left", "left", "left"),
        )


def _entry_cells(at: int, entry: Entry) -> tuple[Cell, ...]:
    told = headline(entry) + (f"\n(Chiến dịch: {entry.campaign.title})" if entry.campaign else "")
    channels = ", ".join(channel.name for channel in entry.channels)
    return at, f"{local(entry.at):%H:%M\n%d/%m/%Y}", told, channels, STATES[entry.state]


def _prose(text: str) -> Iterator[Block]:
    for part in filter(str.strip, text.split("\n")):
        yield Text(words(part))
