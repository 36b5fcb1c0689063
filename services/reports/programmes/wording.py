"""What the register calls things, for who reads it."""

from libs.common.models.enums import AssignmentState
from libs.common.models.programmes import EvidenceKind
from services.reports.programmes.previewing import RowResult

ROW_RESULTS = {
    RowResult.NEW: "mới",
    RowResult.CHANGED: "sửa",
    RowResult.UNCHANGED: "giữ nguyên",
    RowResult.LEFT_OUT: "tệp không còn",
}
STATES = {
    AssignmentState.OPEN: "Chưa bắt đầu",
    AssignmentState.IN_PROGRESS: "Đang thực hiện",
    AssignmentState.DONE: "Đã xong",
}
EVIDENCE = {
    EvidenceKind.PUBLICATION: "Tin đã đăng",
    EvidenceKind.CORRECTION: "Đính chính",
    EvidenceKind.REPORT: "Báo cáo",
    EvidenceKind.PARTNER_DECISION: "Quyết định về kênh, đối tác",
    EvidenceKind.AGENDA: "Hoạt động đã đưa tin",
    EvidenceKind.PLAN: "Kế hoạch truyền thông",
    EvidenceKind.LINK: "Liên kết",
}
UNREPORTED = "Chưa có báo cáo"
OVERDUE = "quá hạn"
INCOMPLETE = "Nguồn không ghi đủ dòng này."
