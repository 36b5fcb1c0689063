"""What can be wrong with a request about trends."""

from libs.common.errors import NotFound, Problem


class SeriesNotFound(NotFound):
    title_vi = "Không có chuỗi số liệu này"
    title_en = "Series not found"


class BurstNotFound(NotFound):
    title_vi = "Không tìm thấy đợt tăng bất thường"
    title_en = "Burst not found"


class SpanTooLong(Problem):
    status = 422
    title_vi = "Khoảng thời gian có quá nhiều bước, hoặc kết thúc trước khi bắt đầu"
    title_en = "The time span has too many steps, or ends before it begins"
