"""Which pictures and videos of a draft a channel can show, and which file of each; refused with what to do instead."""

from collections.abc import Sequence

from services.publish import measure
from services.publish.adapters.base import Json, MediaRules, Medium, NotPostable, Reason, Rendition

MEGABYTE = 1_000_000


def choose_media(media: Sequence[Medium], rules: MediaRules) -> list[Json]:
    """For each medium the largest file the channel takes, as its payload names it; raises NotPostable.

    Returns `{sha256, mime, size, alt, width, height, duration_ms}` in the order given.
    """
    videos = [medium for medium in media if medium.is_video]
    images = [medium for medium in media if not medium.is_video]
    _require_count(len(images), rules.images, "ảnh", "images")
    _require_count(len(videos), rules.videos, "video", "videos")
    if images and videos and not rules.may_mix:
        raise _refused("không nhận ảnh và video trong cùng một bài; hãy bỏ bớt một loại", "images and videos mixed")
    return [_chosen(medium, rules) for medium in media]


def _require_count(count: int, most: int, vi: str, en: str) -> None:
    if count > most:
        told = f"chỉ nhận tối đa {most} {vi}, tin này có {count}" if most else f"không nhận {vi}"
        raise _refused(f"{told}; hãy bỏ bớt hoặc chọn kênh khác", f"{count} {en}, at most {most}")


def _chosen(medium: Medium, rules: MediaRules) -> Json:
    if rules.alt_length is not None and measure.graphemes(medium.alt) > rules.alt_length:
        raise _refused(f"mô tả ảnh dài quá {rules.alt_length} ký tự; hãy viết ngắn lại", "alt text too long")
    trouble = ""
    for file in medium.files:
        found = _trouble(medium, file, rules)
        if not found:
            return {
                "sha256": file.sha256,
                "mime": file.mime,
                "size": file.size,
                "alt": medium.alt,
                "width": file.width,
                "height": file.height,
                "duration_ms": medium.duration_ms,
            }
        trouble = trouble or found
    raise _refused(f"không nhận “{medium.alt[:60]}”: {trouble}", f"no rendition fits: {trouble}")


def _trouble(medium: Medium, file: Rendition, rules: MediaRules) -> str:
    """Why this file is not taken, with the way out; empty where it is."""
    if medium.is_video:
        return _video_trouble(medium, file, rules)
    if file.mime not in rules.image_mimes:
        return f"định dạng {file.mime} không được nhận, hãy dùng {_named(rules.image_mimes)}"
    if rules.image_size is not None and file.size > rules.image_size:
        return f"ảnh nặng {file.size / MEGABYTE:.1f} MB, tối đa {rules.image_size / MEGABYTE:.1f} MB"
    edges = sorted((file.width or 1, file.height or 1))
    if rules.image_edge is not None and edges[1] > rules.image_edge:
        return f"cạnh ảnh {edges[1]} px, tối đa {rules.image_edge} px"
    if rules.image_ratio is not None and edges[1] > rules.image_ratio * edges[0]:
        most = f"cạnh dài tối đa gấp {rules.image_ratio:g} lần cạnh ngắn"
        return f"ảnh quá dài ({edges[1]} × {edges[0]}), {most}; hãy cắt lại"
    return ""


def _video_trouble(medium: Medium, file: Rendition, rules: MediaRules) -> str:
    if file.mime not in rules.video_mimes:
        return f"định dạng {file.mime} không được nhận, hãy dùng {_named(rules.video_mimes)}"
    if rules.video_size is not None and file.size > rules.video_size:
        return f"video nặng {file.size / MEGABYTE:.0f} MB, tối đa {rules.video_size / MEGABYTE:.0f} MB"
    seconds = (medium.duration_ms or 0) / 1000
    if rules.video_seconds is not None and seconds > rules.video_seconds:
        return f"video dài {seconds:.0f} giây, tối đa {rules.video_seconds:.0f} giây"
    return ""


def _named(mimes: frozenset[str]) -> str:
    return ", ".join(sorted(mime.partition("/")[2].upper() for mime in mimes)) or "không loại nào"


def _refused(vi: str, en: str) -> NotPostable:
    return NotPostable(Reason(vi, en))
