"""The rules of answering: how long a look lasts, when it is looked again, and how a template becomes words. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from libs.common.models.enums import CaseState
from libs.common.models.hearing import CommentState

HELD = timedelta(minutes=5)
"""How long somebody is taken to be looking at a comment, unless they say so again."""
MOST_REPLY = 1000
LOOKS = tuple(timedelta(seconds=s) for s in (30, 60, 120, 300, 600))
"""After a sending whose end was not heard: so long until each further look; after the last one a person looks."""
HIDE_BACKOFF = tuple(timedelta(seconds=s) for s in (15, 60, 300, 900, 3600))
HIDE_TRIES = 8
PLACEHOLDER = re.compile(r"\{([a-z_]{1,40})\}")
RESOLVED = frozenset({CaseState.ANSWERED, CaseState.CLOSED})
OFFER = (
    "Phản ánh của bạn (mã {ma_phan_anh}) đã được giải quyết. Bạn có thể xem kết quả bằng mã này trên cổng phản ánh của "
    "thành phố. Cảm ơn bạn."
)
"""What is offered to the officer where the case of a comment was resolved; nothing of it leaves by itself."""


class Unfilled(ValueError):
    """Placeholders of a template that nothing fills."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def pseudonym(comment_id: UUID) -> str:
    """What a comment's writer is called: by the comment alone, so that two by the same person are not put together."""
    return f"Người đọc {comment_id.hex[-5:].upper()}"


def placeholders(body: str) -> list[str]:
    return list(dict.fromkeys(PLACEHOLDER.findall(body)))


def fill(body: str, values: Mapping[str, str | None]) -> str:
    """The words with every placeholder filled; values are put in as they are, and what they hold is not read again.
    Raises Unfilled."""
    missing = [name for name in placeholders(body) if not values.get(name)]
    if missing:
        raise Unfilled(missing)
    return PLACEHOLDER.sub(lambda found: str(values[found.group(1)]), body)


def is_held(held_by: UUID | None, held_until: datetime | None, now: datetime) -> bool:
    return held_by is not None and held_until is not None and held_until > now


def next_look(looks: int) -> timedelta | None:
    """How long until it is looked for again after so many looks; None where a person has to."""
    return LOOKS[looks] if looks < len(LOOKS) else None


def hide_again(attempts: int) -> timedelta:
    return HIDE_BACKOFF[min(max(attempts, 1), len(HIDE_BACKOFF)) - 1]


def why_no_reply(
    is_ours: bool, state: str, ends_at: datetime | None, now: datetime, *, is_message: bool = False
) -> str | None:
    """Why a comment cannot be answered from here, for the officer; None where it can."""
    if is_ours:
        return "Đây là lời của chính trang."
    if state == CommentState.REMOVED:
        return "Người viết hoặc nền tảng đã gỡ bình luận này."
    if (ends_at is None or ends_at <= now) and is_message:
        return (
            "Đã quá thời hạn mà nền tảng cho trả lời tin nhắn (Zalo: 7 ngày): địa chỉ trả lời đã được xóa. Người nhắn"
            " nhắn lại thì mới trả lời được."
        )
    if ends_at is None or ends_at <= now:
        return "Đã quá hạn trả lời (30 ngày): địa chỉ trả lời đã được xóa. Hãy mở bài trên nền tảng nếu vẫn cần."
    return None
