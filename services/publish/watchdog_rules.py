"""When the watchdog speaks: pure decisions on what it read, and the words it says them in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from libs.common.clock import HANOI
from libs.common.models.enums import DeliveryState
from services.publish.domain import quiet_until

D = DeliveryState
NOT_BEGUN = frozenset({D.PENDING, D.PREPARED, D.THROTTLED})
"""States in which a delivery may rightly wait: for a cap of the platform, for the end of quiet hours."""
SHOWN = 40
"""Lines of one letter; the rest is counted."""


class AlertKind(StrEnum):
    NOT_SEEN = "delivery_overdue"
    TAKEDOWN_OPEN = "takedown_open"
    APPROVAL_WAITS = "approval_waiting"


STATE_WORDS = {
    D.PENDING: "chờ gửi",
    D.PREPARED: "chuẩn bị gửi",
    D.ARMED: "đang gửi, chưa rõ kết quả",
    D.COMMITTED: "đã gửi, chưa thấy",
    D.ACCEPTED: "nền tảng đã nhận, chưa hiện",
    D.UNKNOWN: "chưa rõ đã lên hay chưa",
    D.THROTTLED: "nền tảng bắt chờ",
    D.REJECTED: "nền tảng từ chối",
    D.AUTH_REQUIRED: "tài khoản cần kết nối lại",
    D.MANUAL: "cần người kiểm tra",
}


@dataclass(frozen=True)
class Windows:
    """How long each thing may take before somebody is told."""

    seen: timedelta
    seen_urgent: timedelta
    held: timedelta
    """At most so long is a platform's cap a reason not to be seen yet."""
    takedown: timedelta
    approval: timedelta


@dataclass(frozen=True)
class Expected:
    """A post that was released, is due, and has not been seen on its platform. `held_until`: by the platform's caps."""

    delivery_id: UUID
    publication_id: UUID
    unit_id: UUID
    title: str
    channel: str
    state: str
    is_urgent: bool
    due_at: datetime
    held_until: datetime | None
    quiet_hours: Any


@dataclass(frozen=True)
class Finding:
    """Something somebody has to be told; (kind, object_id) names it. `since`: when its window began, UTC."""

    kind: AlertKind
    object_id: UUID
    publication_id: UUID
    unit_id: UUID
    title: str
    about: str
    since: datetime
    is_urgent: bool


def is_overdue(post: Expected, windows: Windows, now: datetime) -> bool:
    """Not seen within its window, counted from when it was due, or from when it might begin at last."""
    window = windows.seen_urgent if post.is_urgent else windows.seen
    if now < post.due_at + window:
        return False
    if post.state not in NOT_BEGUN:
        return True
    begins = _may_begin(post, windows, now)
    return begins is not None and now >= begins + window


def _may_begin(post: Expected, windows: Windows, now: datetime) -> datetime | None:
    """None while it rightly waits. What is urgent knows no quiet hours."""
    begins = post.due_at
    if not post.is_urgent:
        if quiet_until(post.quiet_hours, now) is not None:
            return None
        begins = quiet_until(post.quiet_hours, begins) or begins
    if post.held_until is not None and now < begins + windows.held:
        begins = max(begins, post.held_until)
    return begins


def finding_of(post: Expected) -> Finding:
    about = f"{post.channel}: {STATE_WORDS.get(D(post.state), post.state)}"
    return Finding(
        AlertKind.NOT_SEEN,
        post.delivery_id,
        post.publication_id,
        post.unit_id,
        post.title,
        about,
        post.due_at,
        post.is_urgent,
    )


# --- what is said -------------------------------------------------------------------------------------

RAISED = {
    AlertKind.NOT_SEEN: ("bài đến giờ mà chưa thấy trên kênh", "Đến giờ mà chưa thấy bài trên kênh:"),
    AlertKind.TAKEDOWN_OPEN: ("lượt gỡ bài chưa xong", "Gỡ bài hoặc đính chính chưa xong trên mọi kênh:"),
    AlertKind.APPROVAL_WAITS: ("tin khẩn chờ duyệt quá lâu", "Tin khẩn chờ duyệt quá lâu:"),
}
ADVICE = {
    AlertKind.NOT_SEEN: "Hãy xem tài khoản trên nền tảng trước khi đăng tay: bài có thể đã lên.",
    AlertKind.TAKEDOWN_OPEN: "Bài có thể còn hiện: hãy xem từng kênh và gỡ bằng tay nơi máy không gỡ được.",
    AlertKind.APPROVAL_WAITS: "Tin khẩn cần hai người phát ngôn đang trực duyệt.",
}


def subject_of(findings: Sequence[Finding]) -> str:
    """`Lan Tỏa KHẨN: 2 bài đến giờ mà chưa thấy trên kênh; 1 lượt gỡ bài chưa xong`."""
    counts = {kind: sum(f.kind is kind for f in findings) for kind in AlertKind}
    said = "; ".join(f"{count} {RAISED[kind][0]}" for kind, count in counts.items() if count)
    return f"Lan Tỏa{' KHẨN' if any(f.is_urgent for f in findings) else ''}: {said}"


def text_of(findings: Sequence[Finding], now: datetime, origin: str) -> str:
    parts = []
    for kind in AlertKind:
        if mine := [f for f in findings if f.kind is kind]:
            lines = [_line(f, now, origin) for f in mine[:SHOWN]]
            more = [f"… và {len(mine) - SHOWN} mục nữa."] if len(mine) > SHOWN else []
            parts.append("\n".join([RAISED[kind][1], *lines, *more, "", ADVICE[kind]]))
    return "\n\n".join(parts)


def _line(finding: Finding, now: datetime, origin: str) -> str:
    waited = spoken(now - finding.since)
    urgent = "KHẨN – " if finding.is_urgent else ""
    link = f"{origin}/api/publish/v1/publications/{finding.publication_id}"
    return f"- {urgent}“{finding.title}”, {finding.about}; từ {at_hanoi(finding.since)}, đã {waited}\n  {link}"


def at_hanoi(at: datetime) -> str:
    return at.astimezone(HANOI).strftime("%H:%M %d/%m/%Y")


def spoken(span: timedelta) -> str:
    """`4 phút`, `2 giờ 5 phút`, `3 ngày`."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} phút" if minutes else f"{int(span.total_seconds())} giây"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} giờ {rest} phút" if rest else f"{hours} giờ"
    return f"{hours // 24} ngày"
