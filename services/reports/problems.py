"""What can be wrong with a request to the reports service."""

from libs.common.errors import NotFound, Overloaded, Problem


class ReportNotFound(NotFound):
    title_vi = "Không tìm thấy báo cáo"
    title_en = "Report not found"


class SnapshotNotFound(NotFound):
    title_vi = "Không tìm thấy bản chụp số liệu"
    title_en = "Snapshot not found"


class InvalidPeriod(Problem):
    status = 422
    title_vi = "Khoảng thời gian của báo cáo không hợp lệ"
    title_en = "The report's period is not valid"


class TooManyAtOnce(Overloaded):
    """Each report in the making holds two connections: beyond a few, the asker waits outside and not inside."""

    title_vi = "Đang có nhiều báo cáo được lập, xin thử lại sau ít giây"
    title_en = "Too many reports are being made, try again shortly"


class SnapshotDamaged(Problem):
    """The stored figures no longer fit their digest: nothing is printed from them."""

    status = 500
    title_vi = "Bản chụp số liệu không còn nguyên vẹn"
    title_en = "The snapshot does not fit its digest"


class ReportFileLost(Problem):
    """The file is gone or damaged, and what the snapshot gives today is not what was issued."""

    status = 500
    title_vi = "Tệp báo cáo đã mất và không dựng lại được đúng như đã phát hành"
    title_en = "The report's file is lost and cannot be made again as it was issued"
