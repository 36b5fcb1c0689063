"""What the people of the sample day write."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

NOTE = "(Bài chạy thử do lệnh khởi động soạn, không phải phát ngôn của cơ quan nào.)"
FILM_TEXT = {
    "title": "Hướng dẫn xem bản đồ tuyến phố (phim chạy thử)",
    "summary": "Đoạn phim vẽ sáu giây, do lệnh khởi động tạo ra.",
    "body": f"Chấm đỏ đi qua các tuyến phố trên bản đồ vẽ.\n\n{NOTE}",
    "source_note": "Phim vẽ thử",
}


def edited_text(draft: Mapping[str, Any]) -> dict[str, Any]:
    """What the duty editor makes of an automatic draft: the note of the machine goes, words of the city come."""
    sources = [line for line in draft["body"].splitlines() if line.startswith(("-", "*"))]
    at = datetime.now(UTC)
    words = [
        "Thành phố đã nắm được thông tin và đang phối hợp với các đơn vị liên quan. Thông tin chính thức được cập nhật "
        "tại trang này; đường dây nóng tiếp nhận phản ánh: 1022.",
        "Các nguồn đã đưa tin:",
        "\n".join(sources),
        NOTE,
    ]
    summary = "Thành phố thông tin chính thức về sự việc nhiều nguồn đang đưa."
    return {
        "revision": draft["revision"],
        "title": draft["title"],
        "summary": summary,
        "body": "\n\n".join(word for word in words if word),
        "source_note": draft["source_note"] or f"Tổng hợp ngày {at:%d/%m/%Y}",
    }
