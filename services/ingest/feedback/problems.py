"""What can be wrong with a request about feedback."""

from libs.common.errors import NotFound, Problem


class FeedbackNotFound(NotFound):
    title_vi = "Không tìm thấy phản ánh"
    title_en = "Feedback not found"


class CodeNotAccepted(NotFound):
    """Also for a reference that is not there: which of both is wrong is not told."""

    title_vi = "Mã phản ánh hoặc mã theo dõi không đúng"
    title_en = "The reference or its code is not right"


class CodeLocked(Problem):
    status = 429
    title_vi = "Đã nhập sai mã theo dõi quá nhiều lần"
    title_en = "Too many wrong codes"


class NotPossibleNow(Problem):
    status = 409
    title_vi = "Bước này không thực hiện được ở trạng thái hiện tại"
    title_en = "This step is not possible in the present state"


class NotAccepted(Problem):
    status = 422
    title_vi = "Phản ánh chưa đủ nội dung"
    title_en = "The report is not complete"


class UnknownService(Problem):
    status = 422
    title_vi = "Không có loại việc này trong danh mục"
    title_en = "Unknown service code"


class UnknownUnit(Problem):
    status = 422
    title_vi = "Không có đơn vị này tại thời điểm hiện tại"
    title_en = "Unknown unit"


class NoFeedbackKey(Problem):
    status = 503
    title_vi = "Hệ thống chưa sẵn sàng nhận thông tin liên hệ"
    title_en = "Contacts cannot be taken: no key is set"


class ContactLost(Problem):
    status = 409
    title_vi = "Không mở được thông tin liên hệ bằng khóa hiện có"
    title_en = "The contact does not open with the keys there are"


class RelabellingNeedsReason(Problem):
    status = 422
    title_vi = "Cần nêu lý do đổi loại (ít nhất 10 ký tự)"
    title_en = "A reason is needed"


class RelabellingNotFound(NotFound):
    title_vi = "Không tìm thấy đề nghị đổi loại"
    title_en = "Relabelling not found"


class RelabellingAlreadyOpen(Problem):
    status = 409
    title_vi = "Đã có đề nghị đổi loại đang chờ người thứ hai"
    title_en = "A relabelling already waits for a second person"


class SecondOfficerNeeded(Problem):
    status = 409
    title_vi = "Cần một người khác xác nhận"
    title_en = "Another person has to confirm"


class DataRequestNotFound(NotFound):
    title_vi = "Không tìm thấy yêu cầu về dữ liệu cá nhân"
    title_en = "Data request not found"
