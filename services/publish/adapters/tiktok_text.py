"""What TikTok shows of a draft: a caption, or a title and a description, counted in UTF-16 units."""

from dataclasses import dataclass, replace

from services.publish import fitting, measure, wording
from services.publish.adapters.base import Composed, Draft, Json, MediaRules, Medium, NotPostable, Reason

CAPTION, TITLE, DESCRIPTION = 2_200, 90, 4_000
LONGEST_TEXT = TITLE + 2 + DESCRIPTION
"""Of a photo post: its title, an empty line, its description."""
PHOTOS = 35
PHOTO_EDGE = 1_920
"""“1080p”, read as the longer edge."""
VIDEO_EDGES = 360, 4_096
LONGEST = 600
"""Seconds by the API; what the creator may is asked before each post."""
LEAST = 20
"""Units that a text cut to fit has at least, or it is not worth sending."""
SELF_ONLY = "SELF_ONLY"
PRIVACIES = {
    "PUBLIC_TO_EVERYONE": "mọi người",
    "FOLLOWER_OF_CREATOR": "người theo dõi",
    "MUTUAL_FOLLOW_FRIENDS": "bạn bè",
    SELF_ONLY: "chỉ mình tôi",
}
NO_MEDIA = Reason(
    "TikTok không nhận tin chỉ có chữ; hãy thêm một video hoặc ít nhất một ảnh (JPEG, WebP),"
    " hoặc bỏ kênh TikTok ở tin này",
    "no media: TikTok takes no text alone",
)
NO_ALT = "TikTok không nhận mô tả ảnh, video (alt)"
NOT_CLICKABLE = "Đường dẫn trong bài TikTok không bấm được; người đọc phải chép"
UNAUDITED = (
    "Ứng dụng TikTok chưa được duyệt: bài chỉ chủ tài khoản xem được (SELF_ONLY),"
    " và tài khoản phải ở chế độ riêng tư lúc đăng"
)
DRAFT = "Gửi thành bản nháp vào hộp thư TikTok: người phụ trách phải mở ứng dụng TikTok để đăng"


@dataclass(frozen=True)
class Wishes:
    """What the channel's settings ask of every post. `is_draft`: into the creator's inbox, and not out."""

    privacy: str = "PUBLIC_TO_EVERYONE"
    is_audited: bool = False
    is_draft: bool = False
    disables: tuple[str, ...] = ()
    """Of `comment`, `duet` and `stitch`."""
    is_own_brand: bool = False


def wishes_of(settings: Json) -> Wishes:
    """An app that nobody declared audited may post to its maker alone."""
    is_audited = settings.get("audited") is True
    return Wishes(
        privacy=str(settings.get("privacy_level") or "PUBLIC_TO_EVERYONE") if is_audited else SELF_ONLY,
        is_audited=is_audited,
        is_draft=settings.get("mode") == "inbox",
        disables=tuple(what for what in ("comment", "duet", "stitch") if settings.get(f"disable_{what}") is True),
        is_own_brand=settings.get("brand_organic") is True,
    )


def media_rules(longest: float) -> MediaRules:
    return MediaRules(
        images=PHOTOS,
        videos=1,
        image_mimes=frozenset({"image/jpeg", "image/webp"}),
        video_mimes=frozenset({"video/mp4", "video/quicktime", "video/webm"}),
        image_size=20_000_000,
        video_size=4_000_000_000,
        video_seconds=longest,
        image_edge=PHOTO_EDGE,
    )


def compose(draft: Draft, wishes: Wishes, rules: MediaRules) -> Composed:
    if not draft.media:
        raise NotPostable(NO_MEDIA)
    if wishes.privacy not in PRIVACIES:
        vi = f"settings.privacy_level của kênh TikTok phải là một trong {', '.join(PRIVACIES)}"
        raise NotPostable(Reason(vi, f"unknown privacy level {wishes.privacy}"))
    media = fitting.choose_media([_of_good_size(medium) for medium in draft.media], rules)
    is_video = draft.media[0].is_video
    words, notes = _caption(draft) if is_video else _described(draft)
    payload: Json = {
        "kind": "video" if is_video else "photo",
        **words,
        "media": media,
        "is_draft": wishes.is_draft,
        "privacy_level": wishes.privacy,
        "disables": list(wishes.disables),
        "brand_organic_toggle": wishes.is_own_brand,
    }
    if is_video:
        payload["is_aigc"] = draft.ai_label is not None
    if draft.corrects is not None:
        payload["corrects"] = draft.corrects.id
    told = [*notes, *([NOT_CLICKABLE] if draft.link else []), NO_ALT]
    told += [DRAFT] if wishes.is_draft else [UNAUDITED] if not wishes.is_audited else []
    return Composed("\n\n".join(words.values()), draft.link, payload, tuple(told))


def _caption(draft: Draft) -> tuple[dict[str, str], list[str]]:
    text, is_whole = _fitted(draft, wording.heading(draft), CAPTION)
    return {"title": text}, [] if is_whole else [_shortened(CAPTION)]


def _described(draft: Draft) -> tuple[dict[str, str], list[str]]:
    """The heading is the title; where that cannot hold it, the description begins with it."""
    heading = wording.heading(draft)
    title = measure.shorten(heading, TITLE, measure.utf16_units)
    text, is_whole = _fitted(draft, "" if title == heading else heading, DESCRIPTION)
    return {"title": title, "description": text}, [] if is_whole else [_shortened(DESCRIPTION)]


def _fitted(draft: Draft, heading: str, most: int) -> tuple[str, bool]:
    """Heading, summary, body and ending; only the body is cut, and the link never."""
    parts = (heading, measure.nfc(draft.summary or "").strip(), wording.plain(draft.body))
    whole = measure.nfc(wording.joined(*dict.fromkeys(parts)))
    ending = next((one for one in (_full(draft), wording.short_ending(draft)) if _room(one, most) >= LEAST), None)
    if ending is None:
        raise NotPostable(Reason("Đường dẫn quá dài cho bài TikTok", "the link leaves no room for text"))
    ending = measure.nfc(ending)
    text = measure.shorten(whole, _room(ending, most), measure.utf16_units)
    return text + ending, text == whole


def _full(draft: Draft) -> str:
    ending = wording.full_ending(draft)
    return f"\n\n{ending}" if ending else ""


def _room(ending: str, most: int) -> int:
    return most - measure.utf16_units(ending)


def _shortened(most: int) -> str:
    return f"Đã rút gọn cho vừa {most} ký tự; đường dẫn được giữ nguyên"


def _of_good_size(medium: Medium) -> Medium:
    """A video without the files whose edges TikTok refuses, as long as one is left."""
    if not medium.is_video:
        return medium
    least, most = VIDEO_EDGES
    sizes = [(file, (file.width or least, file.height or least)) for file in medium.files]
    good = tuple(file for file, edges in sizes if least <= min(edges) and max(edges) <= most)
    if not good:
        first = medium.files[0]
        vi = f"TikTok chỉ nhận video có cạnh từ {least} đến {most} px"
        size = f"“{medium.alt[:60]}” là {first.width} × {first.height}"
        raise NotPostable(Reason(f"{vi}; {size}", f"video edges outside {least} to {most}"))
    return replace(medium, files=good)
