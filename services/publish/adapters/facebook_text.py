"""What a draft becomes on a Facebook page: heading, the whole body, the link; a post, a video or a reel."""

import re

import regex  # type: ignore[import-untyped]

from services.publish import markup, measure
from services.publish.adapters.base import Composed, Draft, Json, MediaRules, NotPostable, Reason
from services.publish.fitting import choose_media

TEXT_UNITS = 63_206
PHOTOS = 10
VIDEO_TITLE = 100
AI_LINE = "Có sử dụng trí tuệ nhân tạo: "
RULES = MediaRules(
    images=PHOTOS,
    videos=1,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    video_mimes=frozenset({"video/mp4", "video/quicktime"}),
    image_size=4_000_000 - 1,
    video_size=10_000_000_000,
    video_seconds=4 * 3600,
)
REEL_SECONDS, REEL_SHAPE, REEL_RATIO = (3.0, 90.0), (540, 960), 0.02


def compose(draft: Draft, takes_reels: bool) -> Composed:
    if draft.corrects is not None:
        return _correction(draft, draft.corrects.id)
    media = choose_media(draft.media, RULES)
    as_card = bool(draft.link) and not media
    text, notes = _fit(draft, link_in_text=not as_card)
    payload: Json = {"kind": _kind(media, takes_reels), "message": text, "media": media}
    if as_card:
        payload["link"] = draft.link
    if payload["kind"] != "post":
        payload["title"] = measure.shorten(_heading(draft), VIDEO_TITLE, 4 * VIDEO_TITLE)
        notes += ("Facebook xử lý video vài phút rồi mới hiện bài",)
    if payload["kind"] == "reel":
        notes += ("Video dọc 9:16 từ 3 đến 90 giây: đăng thành reel",)
    return Composed(text, draft.link, payload, notes)


def _correction(draft: Draft, post_id: str) -> Composed:
    """The text alone can be edited; the card, the photos and the video stay as they were."""
    text, notes = _fit(draft, link_in_text=True)
    payload: Json = {"kind": "post", "edits": post_id, "message": text, "media": []}
    kept = "Sửa chữ ngay trên bài cũ; liên kết xem trước, ảnh và video của bài cũ giữ nguyên"
    return Composed(text, draft.link, payload, (*notes, kept))


def _kind(media: list[Json], takes_reels: bool) -> str:
    if not media or not str(media[0]["mime"]).startswith("video/"):
        return "post"
    return "reel" if takes_reels and _is_reel(media[0]) else "video"


def _is_reel(medium: Json) -> bool:
    width, height, seconds = medium["width"] or 0, medium["height"] or 1, (medium["duration_ms"] or 0) / 1000
    is_tall = abs(width / height - 9 / 16) <= 9 / 16 * REEL_RATIO
    is_large = width >= REEL_SHAPE[0] and height >= REEL_SHAPE[1]
    return bool(is_tall and is_large and REEL_SECONDS[0] <= seconds <= REEL_SECONDS[1])


def _fit(draft: Draft, link_in_text: bool) -> tuple[str, tuple[str, ...]]:
    """The whole body where it fits (it nearly always does), else the summary or its beginning; the link is not cut."""
    heading = _heading(draft)
    ending = [
        measure.nfc(draft.source_note or "").strip(),
        AI_LINE + measure.nfc(draft.ai_label) if draft.ai_label else "",
        (draft.link or "") if link_in_text else "",
    ]
    tail = "\n\n".join(part for part in ending if part)
    room = TEXT_UNITS - sum(measure.utf16_units(part) + 2 for part in (heading, tail))
    if room < 0:
        raise NotPostable(Reason("tiêu đề và phần cuối bài đã dài quá; hãy rút gọn", "heading and ending too long"))
    whole = _plain(draft.body)
    body, notes = whole, tuple[str, ...]()
    if measure.utf16_units(whole) > room:
        summary = measure.nfc(draft.summary or "").strip()
        body = _shortened(summary or whole, room)
        notes = (f"Đã rút gọn cho vừa {TEXT_UNITS} ký tự; đường dẫn được giữ nguyên",)
    return "\n\n".join(part for part in (heading, body, tail) if part), notes


def _heading(draft: Draft) -> str:
    title = measure.nfc(draft.title).strip()
    is_correction = draft.kind == "correction" or draft.corrects is not None
    if is_correction and not title.lower().startswith("đính chính"):
        title = f"Đính chính: {title}"
    return f"KHẨN: {title}" if draft.is_urgent and not title.startswith("KHẨN") else title


def _plain(body: str) -> str:
    """Without the editors' marks; a list keeps bullets."""
    bulleted = "\n".join(
        f"• {line[2:]}" if line.startswith("- ") else line for line in measure.nfc(body).replace("\r", "").split("\n")
    )
    return "\n".join(line.rstrip() for line in markup.to_text(bulleted).split("\n")).strip()


def _shortened(text: str, room: int) -> str:
    """The longest beginning of whole letters, cut at a word where there is one, in UTF-16 units."""
    kept, size = [], measure.utf16_units(measure.ELLIPSIS)
    for cluster in regex.findall(r"\X", text):
        size += measure.utf16_units(cluster)
        if size > room:
            break
        kept.append(cluster)
    else:
        return text
    cut = "".join(kept)
    at_word = re.sub(r"\s+\S*$", "", cut)
    whole = at_word if len(at_word) >= len(cut) // 2 else cut
    return whole.rstrip(" \n\t,;:.-–—") + measure.ELLIPSIS if whole.strip() else ""
