"""What TikTok tells of a sending and of a post: states, ids in its own spelling, and the words that a post shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from services.publish import measure
from services.publish.adapters.base import Json, Reason
from services.publish.adapters.reading import whole_number

MAY_PASS = frozenset({"video_pull_failed", "photo_pull_failed", "internal"})
FAILURES = {
    "file_format_check_failed": "không nhận định dạng tệp này",
    "duration_check_failed": "video dài quá mức tài khoản được đăng",
    "frame_rate_check_failed": "video phải có 23–60 hình mỗi giây",
    "picture_size_check_failed": "ảnh hay video sai kích thước",
    "publish_cancelled": "lần đăng đã bị hủy",
    "auth_removed": "tài khoản đã gỡ ứng dụng trong lúc xử lý",
    "spam_risk_too_many_posts": "đã hết số bài được đăng trong 24 giờ",
    "spam_risk_user_banned_from_posting": "đã cấm tài khoản này đăng bài",
    "spam_risk_text": "nghi lời của bài là rác; cần người xem lại",
    "spam_risk": "nghi là bài rác; cần người xem lại",
    "photo_pull_failed": "không tải được ảnh từ địa chỉ của ta",
    "video_pull_failed": "không tải được video từ địa chỉ của ta",
    "internal": "trục trặc khi xử lý",
}


class State(StrEnum):
    UPLOADING = "PROCESSING_UPLOAD"
    FETCHING = "PROCESSING_DOWNLOAD"
    IN_INBOX = "SEND_TO_USER_INBOX"
    COMPLETE = "PUBLISH_COMPLETE"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Progress:
    """What became of a sending. `state`: None for a word that nobody knows; `posts`: once they are public."""

    state: State | None
    posts: tuple[str, ...] = ()
    uploaded: int | None = None
    reason: str = ""

    @property
    def failure(self) -> Reason:
        vi = FAILURES.get(self.reason, "không đăng được")
        return Reason(f"TikTok {vi} ({self.reason or 'không nói vì sao'})", f"FAILED: {self.reason}")


def progress_of(told: Mapping[str, Any]) -> Progress:
    """The platform's own spelling of the field first; should it ever be put right, that one."""
    posts = told.get("publicaly_available_post_id") or told.get("publicly_available_post_id") or []
    state = told.get("status")
    return Progress(
        State(state) if state in set(State) else None,
        tuple(str(post) for post in posts) if isinstance(posts, list) else (),
        whole_number(told.get("uploaded_bytes")),
        str(told.get("fail_reason") or ""),
    )


def named(videos: object) -> list[Json]:
    """Those that have a number, as strings."""
    rows = videos if isinstance(videos, list) else []
    return [{**one, "id": str(one["id"])} for one in rows if isinstance(one, dict) and one.get("id")]


def words(post: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(str(post.get(name) or "") for name in ("title", "video_description") if post.get(name)))


def shows(post: Mapping[str, Any], payload: Json) -> bool:
    """Every word of ours that it has room for: which of its two fields TikTok keeps them in is not told."""
    shown = {measure.squeezed(word) for word in words(post)}
    wanted = [measure.squeezed(payload[name]) for name in ("description", "title") if payload.get(name)]
    return set(wanted) <= shown if len(shown) > 1 else bool(wanted) and wanted[0] in shown


def made_at(post: Mapping[str, Any]) -> datetime | None:
    seconds = whole_number(post.get("create_time"))
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def proof_of(post: Mapping[str, Any]) -> Json:
    return {"read": post["id"], "create_time": post.get("create_time"), "share_url": post.get("share_url")}
