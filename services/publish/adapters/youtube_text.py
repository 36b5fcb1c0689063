"""From a draft to what YouTube is told: a title of 100 characters, a description of 5,000 bytes, tags, a thumbnail."""

from collections.abc import Sequence
from dataclasses import replace

from services.publish import fitting, measure, wording
from services.publish.adapters.base import Composed, Draft, Json, MediaRules, Medium, NotPostable, Reason

TITLE, DESCRIPTION, TAGS = 100, 5_000, 500
"""UTF-16 units, bytes of UTF-8, and characters of all tags together."""
BOTH = 3 * TITLE + len("\n\n") + DESCRIPTION
"""Bytes of title and description as they are shown together."""
LEAST = 200
"""Bytes that the text has room for at least, or the link and the labels are too long."""
MEGABYTE = 1024 * 1024
RULES = MediaRules(
    images=1,
    videos=1,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    video_mimes=frozenset({"video/mp4", "video/quicktime", "video/webm"}),
    image_size=2 * MEGABYTE,
    video_size=256 * 1024 * MEGABYTE,
    video_seconds=12 * 3600.0,
    may_mix=True,
)
SHORT_ONLY = 15 * 60.0
"""Seconds of a video where the channel's telephone number was not verified."""
NO_VIDEO = Reason(
    "YouTube chỉ nhận video; hãy thêm một video vào tin, hoặc bỏ kênh YouTube ở tin này",
    "no video: YouTube takes no other",
)
_ANGLES = str.maketrans({"<": "‹", ">": "›"})
"""Neither title nor description may have them."""


def compose(draft: Draft, tags: Sequence[str], seconds: float) -> Composed:
    """Raises NotPostable. `seconds`: how long a video of this channel may be."""
    title, was_cut = _title(draft)
    description, is_short = _description(draft, was_cut)
    text, notes = f"{title}\n\n{description}", list[str]()
    if was_cut:
        notes.append(f"Tiêu đề đã rút gọn cho vừa {TITLE} ký tự; tiêu đề đầy đủ đứng đầu mô tả")
    if is_short:
        notes.append(f"Đã rút gọn mô tả cho vừa {DESCRIPTION} byte; đường dẫn được giữ nguyên")
    payload: Json = {
        "title": title,
        "description": description,
        "language": draft.language,
        "synthetic": bool(draft.ai_label),
    }
    if draft.corrects is not None:
        notes.append("Video trên YouTube không thay được; chỉ tiêu đề và mô tả được sửa")
        return Composed(text, draft.link, {**payload, "edits": draft.corrects.id}, tuple(notes))
    payload |= {"tags": list(fitting_tags(tags)), "media": [_video(draft, seconds)]}
    picture = _thumbnail(draft)
    if picture is not None:
        payload["thumbnail"] = picture
    notes.append("YouTube không nhận mô tả (alt) của video và ảnh bìa")
    notes += _about_pictures(draft, has_thumbnail=picture is not None)
    return Composed(text, draft.link, payload, tuple(notes))


def _title(draft: Draft) -> tuple[str, bool]:
    whole = " ".join(wording.heading(draft).translate(_ANGLES).split())
    title = measure.shorten(whole, TITLE, measure.utf16_units)
    if not title:
        raise NotPostable(Reason("Tin chưa có tiêu đề dùng được trên YouTube", "no title fits"))
    return title, title != whole


def _description(draft: Draft, has_cut_title: bool) -> tuple[str, bool]:
    """The whole heading where the title had to be cut, the text, and the ending, of which nothing is cut."""
    heading = wording.heading(draft) if has_cut_title else ""
    whole = wording.joined(heading, wording.lead(draft) if draft.summary else "", wording.plain(draft.body))
    whole = measure.nfc(whole).translate(_ANGLES)
    label = wording.full_ending(draft, with_link=False).translate(_ANGLES)
    ending = measure.nfc(wording.joined(label, draft.link))
    room = DESCRIPTION - measure.utf8_bytes(ending) - len("\n\n")
    if room < LEAST:
        raise NotPostable(
            Reason("Đường dẫn và ghi chú quá dài cho mô tả YouTube", "the ending leaves no room for text")
        )
    text = measure.shorten(whole, room, measure.utf8_bytes)
    return wording.joined(text, ending), text != whole


def fitting_tags(tags: Sequence[str]) -> list[str]:
    """As many of them as there is room for, as YouTube counts: a comma between two, quotes around one with a space."""
    kept: list[str] = []
    for tag in (measure.nfc(str(one)).translate(_ANGLES).replace(",", " ").strip() for one in tags):
        if tag and sum(len(one) + 2 * (" " in one) + 1 for one in (*kept, tag)) - 1 <= TAGS:
            kept.append(tag)
    return kept


def _video(draft: Draft, seconds: float) -> Json:
    videos = [medium for medium in draft.media if medium.is_video]
    if not videos:
        raise NotPostable(NO_VIDEO)
    return fitting.choose_media(videos, replace(RULES, video_seconds=seconds))[0]


def _thumbnail(draft: Draft) -> Json | None:
    """The first picture, where it can be one."""
    for medium in _pictures(draft):
        try:
            return fitting.choose_media([medium], RULES)[0]
        except NotPostable:
            continue
    return None


def _pictures(draft: Draft) -> list[Medium]:
    return [medium for medium in draft.media if not medium.is_video]


def _about_pictures(draft: Draft, *, has_thumbnail: bool) -> list[str]:
    pictures = _pictures(draft)
    if pictures and not has_thumbnail:
        return ["Không ảnh nào dùng được làm ảnh bìa trên YouTube (JPEG hoặc PNG, tối đa 2 MB)"]
    if len(pictures) > 1:
        return ["YouTube chỉ dùng một ảnh làm ảnh bìa; các ảnh khác không hiện ở đó"]
    return ["Ảnh được dùng làm ảnh bìa của video"] if pictures else []
