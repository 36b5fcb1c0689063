"""What a draft becomes on a Facebook page: heading, the whole body, the link; a post, a video or a reel."""

from services.publish import measure, wording
from services.publish.adapters.base import Composed, Draft, Json, MediaRules, NotPostable, Reason
from services.publish.fitting import choose_media

TEXT_UNITS = 63_206
PHOTOS = 10
VIDEO_TITLE = 100
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
        payload["title"] = measure.shorten(wording.heading(draft), VIDEO_TITLE)
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
    heading, tail = wording.heading(draft), wording.full_ending(draft, link_in_text)
    room = TEXT_UNITS - sum(measure.utf16_units(part) + 2 for part in (heading, tail))
    if room < 0:
        raise NotPostable(Reason("tiêu đề và phần cuối bài đã dài quá; hãy rút gọn", "heading and ending too long"))
    whole = wording.plain(draft.body)
    body, notes = whole, tuple[str, ...]()
    if measure.utf16_units(whole) > room:
        summary = measure.nfc(draft.summary or "").strip()
        body = measure.shorten(summary or whole, room, measure.utf16_units)
        notes = (f"Đã rút gọn cho vừa {TEXT_UNITS} ký tự; đường dẫn được giữ nguyên",)
    return wording.joined(heading, body, tail), notes
