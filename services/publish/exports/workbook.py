"""A plan or a calendar as a workbook: what is in it; `libs.common.papers.sheets` makes the file."""

from collections.abc import Sequence

from libs.common.papers.sheets import MEDIA_TYPE, About, Sheet, Value, workbook
from libs.common.papers.wording import BLANK_NOTE
from services.publish.exports.contents import (
    PLAN_STATES,
    STATES,
    ZONE_NOTE,
    CampaignLine,
    Contents,
    ThemeLine,
    local,
    when,
)

Column = tuple[str, float]

__all__ = ["MEDIA_TYPE", "render"]

ENTRY_COLUMNS: Sequence[Column] = (
    ("TT", 6),
    (f"Thời gian ({ZONE_NOTE})", 20),
    ("Tháng", 10),
    ("Nội dung", 52),
    ("Khẩn", 8),
    ("Kênh", 30),
    ("Chiến dịch", 32),
    ("Trạng thái", 22),
    ("Bản", 7),
    ("Lưu ý", 46),
)
CAMPAIGN_COLUMNS: Sequence[Column] = (
    ("TT", 6),
    ("Chủ đề", 22),
    ("Chiến dịch", 28),
    ("Từ ngày", 12),
    ("Đến ngày", 12),
    ("Trạng thái", 14),
    ("Mục tiêu", 28),
    ("Đối tượng", 22),
    ("Kênh", 22),
    ("Số tin", 8),
    ("Chỉ số", 14),
    ("Cách tính", 28),
    ("Chỉ tiêu", 11),
    ("Đạt được", 11),
    (f"Số liệu lúc ({ZONE_NOTE})", 18),
)


def render(contents: Contents) -> bytes:
    sheets = [Sheet("Chiến dịch", CAMPAIGN_COLUMNS, _campaign_rows(contents))] if contents.is_plan else []
    sheets.append(Sheet("Lịch đăng", ENTRY_COLUMNS, _entry_rows(contents)))
    about = About(contents.title, contents.unit_name, local(contents.as_of).replace(tzinfo=None))
    return workbook(sheets, _notes(contents), about)


def _entry_rows(contents: Contents) -> list[list[Value]]:
    return [
        [
            number,
            local(entry.at),
            f"{entry.day:%m/%Y}",
            entry.title,
            "Khẩn" if entry.is_urgent else None,
            ", ".join(channel.name for channel in entry.channels),
            entry.campaign.title if entry.campaign else None,
            STATES[entry.state],
            entry.revision,
            "\n".join(hint.message for hint in entry.conflicts) or None,
        ]
        for number, entry in enumerate(contents.entries, 1)
    ]


def _campaign_rows(contents: Contents) -> list[list[Value]]:
    """A row for each target; a campaign without any has one."""
    told = [
        _campaign_cells(theme, campaign) + target
        for theme in contents.themes
        for campaign in theme.campaigns
        for target in _target_cells(campaign)
    ]
    return [[number, *cells] for number, cells in enumerate(told, 1)]


def _campaign_cells(theme: ThemeLine, campaign: CampaignLine) -> list[Value]:
    return [
        theme.title,
        campaign.title,
        campaign.starts_on,
        campaign.ends_on,
        PLAN_STATES[campaign.state],
        campaign.goals or None,
        campaign.audience or None,
        ", ".join(campaign.channels) or None,
        campaign.publications,
    ]


def _target_cells(campaign: CampaignLine) -> list[list[Value]]:
    nothing: list[Value] = [None] * 5
    told: list[list[Value]] = [
        [t.metric, t.definition, t.target, t.value, local(t.as_of) if t.as_of else None] for t in campaign.targets
    ]
    return told or [nothing]


def _notes(contents: Contents) -> list[tuple[str, str]]:
    return [
        ("Đơn vị", contents.unit_name),
        (contents.form.capitalize(), contents.title),
        *([("Chương trình", contents.programme)] if contents.programme else []),
        *([("Mục tiêu", contents.goals)] if contents.goals else []),
        ("Số liệu tính đến", f"{when(contents.as_of)} ({ZONE_NOTE})"),
        ("Múi giờ", "Mọi ngày, giờ trong tệp là giờ Hà Nội (Asia/Ho_Chi_Minh, UTC+7); Excel không lưu múi giờ."),
        ("Số liệu trống", BLANK_NOTE),
    ]
