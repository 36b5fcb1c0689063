"""The Vietnamese names of the closed lists, as reports and the public register print them."""

from typing import NamedTuple

from libs.common.label_names import FIELDS, KINDS
from libs.common.models import enums as e
from libs.common.models.conversation import HouseGround
from libs.common.models.searching import SearchPurpose
from libs.common.verdicts import LABELS

TONES = {e.Tone.PROBLEM: "Có vấn đề", e.Tone.NEUTRAL: "Trung tính", e.Tone.POSITIVE: "Tích cực"}
RISKS = {
    e.RiskClass.SCAM_LINK: "Liên kết lừa đảo",
    e.RiskClass.IMPERSONATION: "Giả mạo cơ quan, người có thẩm quyền",
    e.RiskClass.FORGED_DOCUMENT: "Văn bản giả",
    e.RiskClass.FALSE_EMERGENCY: "Tin sai về tình huống khẩn cấp, sức khỏe, dịch vụ (đã có kết luận công bố)",
    e.RiskClass.EXPOSED_PERSONAL_DATA: "Lộ dữ liệu cá nhân",
    e.RiskClass.THREAT_OF_VIOLENCE: "Đe dọa bạo lực một người",
    e.RiskClass.REPORTED_DEFAMATION: "Xúc phạm danh dự do chính người bị hại báo",
}
SOURCE_STATES = {
    e.SourceState.ACTIVE: "Đang theo dõi",
    e.SourceState.PAUSED: "Tạm dừng",
    e.SourceState.GONE: "Không còn hoạt động",
}
PUBLICATION_STATES = {
    e.PublicationState.DRAFT: "Bản nháp",
    e.PublicationState.IN_REVIEW: "Chờ duyệt",
    e.PublicationState.APPROVED: "Đã duyệt",
    e.PublicationState.SCHEDULED: "Đã hẹn giờ",
    e.PublicationState.PUBLISHING: "Đang đăng",
    e.PublicationState.PUBLISHED: "Đã đăng",
    e.PublicationState.PARTLY_PUBLISHED: "Đăng được một phần",
    e.PublicationState.FAILED: "Không đăng được",
    e.PublicationState.CORRECTED: "Đã đính chính",
    e.PublicationState.WITHDRAWN: "Đã rút",
    e.PublicationState.KILLED: "Đã hủy trước khi đăng",
}
DELIVERY_STATES = {
    e.DeliveryState.PENDING: "Chờ đến lượt",
    e.DeliveryState.PREPARED: "Đã chuẩn bị",
    e.DeliveryState.ARMED: "Sắp gửi",
    e.DeliveryState.COMMITTED: "Đã gửi, chờ xác nhận",
    e.DeliveryState.PUBLISHED: "Đã đăng, đã xác nhận",
    e.DeliveryState.ACCEPTED: "Nền tảng đã nhận, đang xử lý",
    e.DeliveryState.REJECTED: "Nền tảng từ chối",
    e.DeliveryState.THROTTLED: "Nền tảng hạn chế, sẽ gửi lại",
    e.DeliveryState.AUTH_REQUIRED: "Cần đăng nhập lại kênh",
    e.DeliveryState.UNKNOWN: "Chưa rõ, đang kiểm tra trên nền tảng",
    e.DeliveryState.MANUAL: "Cần người làm tay",
    e.DeliveryState.WITHDRAWING: "Đang gỡ",
    e.DeliveryState.WITHDRAWN: "Đã gỡ, đã xác nhận",
}
SEARCH_PURPOSES = {
    SearchPurpose.SERVICE_QUALITY: "Chất lượng dịch vụ công",
    SearchPurpose.INCIDENT: "Sự cố, tình huống khẩn cấp",
    SearchPurpose.FALSE_INFORMATION: "Thông tin sai cần kiểm chứng",
    SearchPurpose.POLICY_FEEDBACK: "Ý kiến về chính sách, quyết định",
    SearchPurpose.COVERAGE: "Báo chí nói về hoạt động của thành phố",
    SearchPurpose.OTHER: "Mục đích khác",
}
HOUSE_GROUNDS = {
    HouseGround.SCAM_LINK: "Liên kết lừa đảo",
    HouseGround.IMPERSONATION: "Giả mạo cơ quan, người có thẩm quyền",
    HouseGround.EXPOSED_PERSONAL_DATA: "Lộ dữ liệu cá nhân",
    HouseGround.THREAT_OF_VIOLENCE: "Đe dọa bạo lực một người",
    HouseGround.ADVERT: "Quảng cáo",
}
PROGRAMME_STATES = {
    e.ProgrammeState.DRAFT: "Dự thảo",
    e.ProgrammeState.RUNNING: "Đang thực hiện",
    e.ProgrammeState.ENDED: "Đã kết thúc",
}
ROLES = {
    e.Role.SPOKESPERSON: "Người phát ngôn",
    e.Role.EDITOR: "Biên tập viên",
    e.Role.ADMIN: "Quản trị",
    e.Role.FACT_CHECKER: "Người kiểm chứng",
    e.Role.FEEDBACK_OFFICER: "Cán bộ tiếp nhận phản ánh",
    e.Role.VIEWER: "Người xem",
    e.Role.INTEGRATOR: "Hệ thống kết nối",
    e.Role.AUDITOR: "Kiểm tra viên",
}


class ClosedList(NamedTuple):
    """A list of classes as the register shows it."""

    code: str
    name: str
    purpose: str
    members: tuple[tuple[str, str], ...]


CLASSES = (
    ClosedList("kind", "Loại bài viết", "Bài viết làm gì: đưa tin, hỏi, phản ánh, phê bình…", tuple(KINDS.items())),
    ClosedList("field", "Lĩnh vực", "Bài viết nói về mảng việc nào của thành phố.", tuple(FIELDS.items())),
    ClosedList("tone", "Sắc thái", "Sắc thái của lời văn, không phải của người viết.", tuple(TONES.items())),
    ClosedList(
        "risk",
        "Hàng chờ rủi ro pháp lý",
        "Máy chỉ gợi ý, người quyết định và ghi lý do. Phê bình, ý kiến, khiếu nại không bao giờ vào đây.",
        tuple(RISKS.items()),
    ),
    ClosedList(
        "verdict", "Kết luận kiểm chứng", "“Chưa xác minh” chỉ dùng nội bộ, không công bố.", tuple(LABELS.items())
    ),
)
