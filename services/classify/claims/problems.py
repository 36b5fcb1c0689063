"""What can be wrong with a request about claims."""

from libs.common.errors import NotFound, Problem


class ClaimNotFound(NotFound):
    title_vi = "Không tìm thấy tuyên bố cần kiểm chứng"
    title_en = "Claim not found"


class MatchNotFound(NotFound):
    title_vi = "Không tìm thấy liên hệ giữa tuyên bố và nội dung"
    title_en = "Claim match not found"


class VerdictNotAllowed(Problem):
    status = 409
    title_vi = "Không thể đổi kết luận của tuyên bố đã công bố hoặc đã đóng"
    title_en = "The verdict of a published or closed claim cannot be changed"


class EvidenceNeeded(Problem):
    status = 422
    title_vi = "Kết luận kiểm chứng cần ít nhất một bằng chứng"
    title_en = "A verdict needs at least one piece of evidence"


class MatchNotConfirmed(Problem):
    status = 409
    title_vi = "Nội dung chưa được xác nhận là nhắc lại tuyên bố"
    title_en = "The content is not confirmed to repeat the claim"


class RiskNotAllowed(Problem):
    status = 409
    title_vi = "Không thể gợi ý nội dung này vào hàng chờ pháp lý"
    title_en = "This content cannot be suggested to the legal-risk queue"


class FileNotAnImport(Problem):
    status = 422
    title_vi = "Không đọc được tệp tuyên bố"
    title_en = "The file of claims is not readable"
