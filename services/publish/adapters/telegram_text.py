"""What a draft becomes in a Telegram channel: heading, text and link in entities, counted in UTF-16 units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from typing_extensions import override

from services.publish import measure, wording
from services.publish.adapters.base import ChannelError, Composed, Draft, Json, MediaRules, NotPostable, Reason
from services.publish.fitting import choose_media

TEXT_UNITS, CAPTION_UNITS, MAX_ENTITIES, ALBUM = 4096, 1024, 100, 10
RULES = MediaRules(
    images=ALBUM,
    videos=ALBUM,
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp"}),
    video_mimes=frozenset({"video/mp4"}),
    image_size=10 * 1024 * 1024,
    video_size=50 * 1024 * 1024,
    image_edge=5000,  # width + height is at most 10000
    image_ratio=20,
    may_mix=True,
)


class UnreadableId(ChannelError):
    def __init__(self) -> None:
        super().__init__(Reason("Không đọc được mã của bài trên Telegram", "unreadable post id"))


@dataclass(frozen=True)
class PostId:
    """`12` a text, `12m` one picture or video, `12,13m` an album; kept because each is edited in its own way."""

    numbers: tuple[int, ...]
    has_media: bool

    @classmethod
    def parse(cls, written: str) -> "PostId":
        found = re.fullmatch(r"(\d+(?:,\d+)*)(m?)", written)
        if found is None:
            raise UnreadableId
        return cls(tuple(int(number) for number in found.group(1).split(",")), bool(found.group(2)))

    @override
    def __str__(self) -> str:
        return ",".join(map(str, self.numbers)) + ("m" if self.has_media else "")


def compose(draft: Draft, chat: str) -> Composed:
    media = choose_media(draft.media, RULES)
    if len(media) > ALBUM:
        told = f"chỉ nhận tối đa {ALBUM} ảnh và video trong một bài; hãy bỏ bớt"
        raise NotPostable(Reason(told, f"{len(media)} media, at most {ALBUM}"))
    post = _corrected(draft)
    edits = post if post is not None and not media else None
    is_caption = bool(media) or (edits is not None and edits.has_media)
    text, entities, notes = _fit(draft, CAPTION_UNITS if is_caption else TEXT_UNITS, is_caption)
    payload: Json = {"chat_id": chat}
    if is_caption:
        payload |= {"caption": text, "caption_entities": entities}
    else:
        preview = {"url": draft.link, "prefer_large_media": True} if draft.link else {"is_disabled": True}
        payload |= {"text": text, "entities": entities, "link_preview_options": preview}
    if edits is not None:
        payload |= {"method": "editMessageCaption" if is_caption else "editMessageText", "edits": str(edits)}
        notes += ("Sửa ngay trên bài cũ; ảnh của bài cũ giữ nguyên",) if edits.has_media else ("Sửa ngay trên bài cũ",)
        return Composed(text, draft.link, payload, notes)
    payload["method"] = _method(media)
    if media:
        payload["media"] = media
        notes += ("Telegram không hiển thị mô tả ảnh (alt)",)
    if post is not None:
        payload["reply_parameters"] = {"message_id": post.numbers[0], "allow_sending_without_reply": True}
        notes += ("Đính chính có ảnh: đăng thành bài mới trả lời bài cũ; bài cũ giữ nguyên",)
    return Composed(text, draft.link, payload, notes)


def _corrected(draft: Draft) -> PostId | None:
    try:
        return PostId.parse(draft.corrects.id) if draft.corrects else None
    except UnreadableId as unreadable:
        raise NotPostable(unreadable.reason) from None


def _method(media: Sequence[Json]) -> Literal["sendMessage", "sendPhoto", "sendVideo", "sendMediaGroup"]:
    if not media:
        return "sendMessage"
    if len(media) > 1:
        return "sendMediaGroup"
    return "sendVideo" if kind_of(media[0]) == "video" else "sendPhoto"


def _fit(draft: Draft, most: int, is_caption: bool) -> tuple[str, list[Json], tuple[str, ...]]:
    """Heading, body and link within the limit: the whole body, or the summary, or their beginning with the link."""
    heading, tail = wording.heading(draft), wording.full_ending(draft)
    room = most - measure.utf16_units(heading) - (measure.utf16_units(tail) + 2 if tail else 0)
    if room < 0:
        raise NotPostable(Reason("tiêu đề và phần cuối bài đã dài quá; hãy rút gọn", "heading and ending too long"))
    body, notes = _body(draft, room - 2, is_caption)
    bold = [(0, measure.utf16_units(heading))]
    if body:
        start = measure.utf16_units(heading) + 2
        bold += [(start + at, length) for at, length in _headings(draft, body)]
    text = wording.joined(heading, body, tail)
    entities: list[Json] = [{"type": "bold", "offset": at, "length": length} for at, length in bold]
    return text, entities[:MAX_ENTITIES], notes


def _body(draft: Draft, room: int, is_caption: bool) -> tuple[str, tuple[str, ...]]:
    whole = wording.plain(draft.body)
    if measure.utf16_units(whole) <= room:
        return whole, ()
    summary = measure.nfc(draft.summary or "").strip()
    limit = CAPTION_UNITS if is_caption else TEXT_UNITS
    if summary and measure.utf16_units(summary) <= room:
        return summary, (f"Dùng phần tóm tắt cho vừa {limit} ký tự",)
    if not draft.link:
        why = f"dài quá {limit} ký tự{' của bài có ảnh' if is_caption else ''} và không có đường dẫn tới bản đầy đủ"
        raise NotPostable(Reason(f"{why}; hãy viết tóm tắt ngắn hơn hoặc chọn thêm bản tin", "too long, no link"))
    return measure.shorten(summary or whole, room, measure.utf16_units), (
        f"Đã rút gọn cho vừa {limit} ký tự; đường dẫn được giữ nguyên",
    )


def _headings(draft: Draft, shown: str) -> list[tuple[int, int]]:
    """Where the body's headings stand in what is shown of it, in UTF-16 units."""
    found, at = [], 0
    for line in measure.nfc(draft.body).replace("\r", "").split("\n"):
        words = line[3:].strip() if line.startswith("## ") else ""
        start = shown.find(f"{words}\n", at) if words else -1
        if start >= 0 and (start == 0 or shown[start - 1] == "\n"):
            found.append((measure.utf16_units(shown[:start]), measure.utf16_units(words)))
            at = start + len(words)
    return found


def kind_of(medium: Json) -> str:
    return "video" if str(medium["mime"]).startswith("video/") else "photo"
