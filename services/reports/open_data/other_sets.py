"""Data sets of what the city said, of what was said, of what is watched and by which models it is read."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from libs.common.label_names import FIELDS, GROUPS, SOURCE_KINDS
from libs.common.models.enums import SourceGroup, SourceKind, SourceState
from services.reports import labels, register_queries
from services.reports import queries as figures
from services.reports.open_data import queries
from services.reports.open_data.cards import measures_of
from services.reports.open_data.datasets import Column, Dataset, Reading, Row, Type, add
from services.reports.register import COUNTED

DAY = Column("day", "Ngày (giờ Hà Nội)", "Day", Type.DATE)
LISTENED_DAYS = 60
"""Counts of five minutes are kept some days longer than this."""


async def _corrections(reading: Reading) -> list[Row]:
    found = await queries.corrections_by_day(reading.session, reading.today)
    return [{"day": day.isoformat(), "corrections": count} for day, count in found]


add(
    Dataset(
        code="dinh-chinh-theo-ngay",
        title="Bản đính chính đã đăng theo ngày",
        title_en="Corrections published, by day",
        about="Mỗi ngày đã đăng bao nhiêu bản đính chính tin sai. Ngày không có dòng là ngày không có bản nào.",
        about_en="How many corrections of false claims were published each day. A day without a row had none.",
        columns=(
            DAY,
            Column(
                "corrections", "Số bản đính chính", "Corrections", Type.INTEGER, "bản đính chính",
                "số bản đính chính đăng trong ngày, không tính diễn tập", "publications",
            ),
        ),
        key=("day",),
        every="P1D",
        read=_corrections,
    )
)  # fmt: skip


async def _posts(reading: Reading) -> list[Row]:
    found = await queries.posts_by_channel(reading.session, reading.today)
    return [
        {"day": day.isoformat(), "channel_kind": kind, "channel_name": name, "posts": count}
        for day, kind, name, count in found
    ]


add(
    Dataset(
        code="tin-dang-theo-kenh",
        title="Tin đã đăng theo kênh chính thức và ngày",
        title_en="Posts by official channel and day",
        about="Mỗi ngày mỗi kênh chính thức đăng bao nhiêu tin (đã thấy trên kênh). Ngày và kênh không có dòng là 0.",
        about_en="Posts seen on each official channel each day. A day and channel without a row had none.",
        columns=(
            DAY,
            Column("channel_kind", "Nền tảng", "Platform"),
            Column("channel_name", "Kênh", "Channel"),
            Column(
                "posts", "Số tin", "Posts", Type.INTEGER, "tin",
                "số lượt đăng được xác nhận trong ngày, kể cả tin rút sau đó; không tính diễn tập", "deliveries",
            ),
        ),
        key=("day", "channel_kind", "channel_name"),
        every="P1D",
        read=_posts,
    )
)  # fmt: skip


async def _mentions(reading: Reading) -> list[Row]:
    since = reading.today - timedelta(days=LISTENED_DAYS)
    found = await queries.mentions_by_field(reading.session, since, reading.today)
    names = {field.value: name for field, name in FIELDS.items()}
    return [
        {"day": day.isoformat(), "field": field, "field_name": names[field], "mentions": int(count)}
        for day, field, count in found
    ]


add(
    Dataset(
        code="bai-viet-theo-linh-vuc",
        title=f"Bài viết theo lĩnh vực và ngày, {LISTENED_DAYS} ngày gần nhất",
        title_en=f"Texts by field and day, the last {LISTENED_DAYS} days",
        about="Mỗi ngày bao nhiêu bài viết công khai nói về mỗi lĩnh vực, theo nhãn của máy. Những ngày cũ hơn ở trong"
        " các bản trước.",
        about_en="Public texts about each field each day, as the model labels them. Earlier days: earlier versions.",
        columns=(
            DAY,
            Column("field", "Mã lĩnh vực", "Field (code)"),
            Column("field_name", "Lĩnh vực", "Field"),
            Column(
                "mentions", "Số bài viết", "Texts", Type.INTEGER, "bài viết",
                "số bài viết của các nguồn được theo dõi; ngày và lĩnh vực không có dòng là 0, trừ ngày chưa đếm",
                "series",
            ),
        ),
        key=("day", "field"),
        every="P1D",
        read=_mentions,
    )
)  # fmt: skip


async def _sources(reading: Reading) -> list[Row]:
    watched = await register_queries.watched_sources(reading.session)
    items = await figures.items_by_source(reading.session, reading.as_of - COUNTED)
    return [
        {
            "name": one.name,
            "owner": one.owner,
            "group": one.group,
            "group_name": GROUPS[SourceGroup(one.group)],
            "kind": one.kind,
            "kind_name": SOURCE_KINDS[SourceKind(one.kind)],
            "state": one.state,
            "state_name": labels.SOURCE_STATES[SourceState(one.state)],
            "items": items.get(one.id, 0 if one.last_item_at is not None else None),
        }
        for one in watched
    ]


add(
    Dataset(
        code="nguon-theo-doi",
        title="Nguồn được theo dõi",
        title_en="Sources that are watched",
        about="Mọi nguồn đang hoặc từng được đọc, và mỗi nguồn có bao nhiêu mục mới.",
        about_en="Every source that is or was read, and how much it brought.",
        columns=(
            Column("name", "Nguồn", "Source"),
            Column("owner", "Cơ quan chủ quản", "Published by", missing="chưa biết"),
            Column("group", "Mã nhóm", "Group (code)"),
            Column("group_name", "Nhóm", "Group"),
            Column("kind", "Mã cách đọc", "Way of reading (code)"),
            Column("kind_name", "Cách đọc", "Way of reading"),
            Column("state", "Mã trạng thái", "State (code)"),
            Column("state_name", "Trạng thái", "State"),
            Column(
                "items", "Mục mới", "New items", Type.INTEGER, "mục tin", f"số mục tin mới trong {COUNTED.days} ngày",
                "source_hours", "chưa từng đếm",
            ),
        ),
        key=("name",),
        every="P1D",
        read=_sources,
    )
)  # fmt: skip


async def _kept_searches(reading: Reading) -> list[Row]:
    counts = await register_queries.saved_queries(reading.session, reading.as_of)
    return [
        {"purpose": purpose.value, "purpose_name": name, "active": counts.get(purpose.value, 0)}
        for purpose, name in labels.SEARCH_PURPOSES.items()
    ]


add(
    Dataset(
        code="cau-hoi-dang-luu",
        title="Câu hỏi tìm kiếm đang được lưu, theo mục đích",
        title_en="Saved searches by purpose",
        about="Cán bộ đang lưu bao nhiêu câu hỏi tìm kiếm cho mỗi mục đích. Chỉ đếm, không công bố câu hỏi.",
        about_en="How many searches are kept for each purpose. Counted, never shown.",
        columns=(
            Column("purpose", "Mã mục đích", "Purpose (code)"),
            Column("purpose_name", "Mục đích", "Purpose"),
            Column(
                "active", "Đang lưu", "Kept", Type.INTEGER, "câu hỏi", "số câu hỏi còn hạn và chưa bị ngừng",
                "saved_queries",
            ),
        ),
        key=("purpose",),
        every="P1D",
        read=_kept_searches,
    )
)  # fmt: skip


async def _models(reading: Reading) -> list[Row]:
    return [
        {
            "model": one.name,
            "version": one.version,
            "is_current": one.is_current,
            "made_on": _told(one.card, "date"),
            "licence": _told(one.card, "licence"),
            **measure,
        }
        for one in await register_queries.models(reading.session)
        for measure in measures_of(one.card)
    ]


def _told(card: Mapping[str, Any], name: str) -> str | None:
    return str(card[name]) if card.get(name) else None


add(
    Dataset(
        code="mo-hinh-va-sai-so",
        title="Mô hình gán nhãn và sai số đo được",
        title_en="Models and their measured error",
        about="Mỗi mô hình từng dùng ở đây, đo trên văn bản nào, đúng đến đâu.",
        about_en="Each model that was in use here, on what it was measured, and how right it was.",
        columns=(
            Column("model", "Mô hình", "Model"),
            Column("version", "Phiên bản", "Version"),
            Column("is_current", "Đang dùng", "In use", Type.BOOLEAN),
            Column("made_on", "Ngày làm", "Made on", Type.DATE, missing="thẻ mô hình không ghi"),
            Column("licence", "Giấy phép", "Licence", missing="thẻ mô hình không ghi"),
            Column("head", "Nhãn", "Label"),
            Column("measured_on", "Đo trên", "Measured on"),
            Column("measure", "Số đo", "Measure"),
            Column(
                "value", "Giá trị", "Value", Type.NUMBER, "tỷ lệ từ 0 đến 1",
                "macro-F1: trung bình F1 của các nhãn; sai khi nói: phần sai trong số bài được gán nhãn; bỏ trống: phần"
                " bài không được gán nhãn", "models (thẻ mô hình)",
            ),
        ),
        key=("model", "version", "head", "measured_on", "measure"),
        every="P1D",
        read=_models,
    )
)  # fmt: skip
