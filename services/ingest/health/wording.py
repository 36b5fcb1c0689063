"""What is told of a source's health, in Vietnamese. Pure; nothing of a person is ever in it."""

from datetime import datetime, timedelta

from libs.common.clock import HANOI
from libs.common.models.catalogue import HealthCause, SourceHealth
from libs.common.models.enums import SourceState

NAMES = {
    SourceHealth.NEW: "chưa đọc",
    SourceHealth.OK: "tốt",
    SourceHealth.SILENT: "im lặng",
    SourceHealth.FLOODING: "tăng đột biến",
    SourceHealth.FAILING: "không trả lời",
    SourceHealth.BLOCKED: "bị chặn",
    SourceHealth.BROKEN: "đọc không hiểu",
    SourceHealth.PAUSED: "tạm dừng",
    SourceHealth.GONE: "đã ngừng",
}
REGISTERED = "Mới khai báo, chưa đọc lần nào."
READ = "Đọc được."
_CAUSES = {
    HealthCause.SERVER: "Máy chủ của nguồn không trả lời được",
    HealthCause.MOVED: "Địa chỉ của nguồn không còn nội dung, có thể đã chuyển đi nơi khác",
    HealthCause.ROBOTS: "robots.txt của nguồn không cho đọc đường dẫn này; hãy xin phép hoặc dùng đường khác",
    HealthCause.LOGIN: "Nguồn đòi đăng nhập",
    HealthCause.CAPTCHA: "Nguồn hiện trang kiểm tra “không phải robot” thay cho nội dung",
    HealthCause.REFUSED: "Máy chủ của nguồn từ chối cho đọc",
    HealthCause.PAGE_CHANGED: "Trang của nguồn đã đổi cấu trúc, cách đọc cũ không còn khớp",
    HealthCause.THIN: "Bài viết chỉ còn lấy được tóm tắt",
    HealthCause.READER_BROKE: "Trang vẫn như cũ nhưng bộ đọc của hệ thống không lấy được mục tin",
}


def stopped(state: str) -> str:
    return "Người phụ trách đã tạm dừng." if state == SourceState.PAUSED else "Nguồn đã ngừng hẳn."


def unanswered(cause: HealthCause, failures: int, error: str | None, *, by_us: bool = False) -> str:
    words = _UNSEEN if cause is HealthCause.READER_BROKE else _OURS if by_us else _CAUSES[cause]
    told = f"{words} ({failures} lần liên tiếp)." if failures > 1 else f"{words}."
    return f"{told} {error}" if error else told


_OURS = "Địa chỉ dẫn tới nơi hệ thống không được phép đọc"
_UNSEEN = "Đọc được trang nhưng không hiểu nội dung; đang xem là trang đã đổi hay bộ đọc hỏng"


def empty(reads: int) -> str:
    return f"{reads} lần đọc liên tiếp không có mục tin nào; đang xem là trang đã đổi hay bộ đọc hỏng."


def thin(thin_texts: int, texts: int, before: int, of: int) -> str:
    share = round(100 * before / of)
    return (
        f"{thin_texts} trong {texts} bài mới chỉ còn lấy được tóm tắt, trước đây chỉ {share}%: "
        "trang bài viết đã đổi, hoặc bộ đọc không còn khớp."
    )


def found(cause: HealthCause) -> str:
    """What a look at the document itself found."""
    return f"{_CAUSES[cause]}."


def quiet(newest: datetime, now: datetime, expected: float | None) -> str:
    since = f"Không có mục tin mới từ {instant(newest)} ({lasting(now - newest)})"
    if expected is None:
        return f"{since}."
    return f"{since}; theo nhịp thường ngày lẽ ra đã có khoảng {expected:.0f} mục."


def flood(seen: int, expected: float) -> str:
    usual = "chưa đến 1" if expected < 1 else f"khoảng {expected:.0f}"
    return f"{seen} mục tin mới trong một giờ; thường ngày vào giờ này chỉ {usual}."


def recovered(was: SourceHealth) -> str:
    match was:
        case SourceHealth.SILENT:
            return "Đã có tin mới trở lại."
        case SourceHealth.FLOODING:
            return "Lượng tin đã trở lại bình thường."
        case _:
            return "Đã đọc lại được."


def title(name: str, health: SourceHealth) -> str:
    """The subject of a notification."""
    return f"Nguồn “{name}”: {NAMES[health]}"


def many(count: int, health: SourceHealth) -> tuple[str, str]:
    """Subject and body for many sources that change together: the cause is then likely on our own side."""
    body = (
        f"{count} nguồn cùng chuyển sang “{NAMES[health]}” trong một lượt kiểm tra. Hãy xem đường truyền và DNS trước."
    )
    return f"{count} nguồn cùng lúc: {NAMES[health]}", body


def instant(at: datetime) -> str:
    return at.astimezone(HANOI).strftime("%H:%M ngày %d/%m/%Y")


def lasting(span: timedelta) -> str:
    hours = int(span / timedelta(hours=1))
    if hours >= 48:
        return f"{hours // 24} ngày"
    return f"{hours} giờ" if hours else f"{int(span / timedelta(minutes=1))} phút"
