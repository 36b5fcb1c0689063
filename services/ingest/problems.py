"""What can be wrong with a request to the ingest service."""

from libs.common.errors import NotFound, Overloaded, Problem


class SourceNotFound(NotFound):
    title_vi = "Không tìm thấy nguồn tin"
    title_en = "Source not found"


class ContentNotFound(NotFound):
    title_vi = "Không tìm thấy nội dung"
    title_en = "Content not found"


class SourceExists(Problem):
    status = 409
    title_vi = "Đã có nguồn tin trùng tên hoặc địa chỉ"
    title_en = "A source with this name or address exists"


class SourceRefused(Problem):
    status = 422
    title_vi = "Địa chỉ nguồn tin không được chấp nhận"
    title_en = "The source's address is not accepted"


class SourceNotPolled(Problem):
    status = 409
    title_vi = "Nguồn tin này không thể đọc định kỳ"
    title_en = "This source is not polled"


class ItemRejected(Problem):
    status = 422
    title_vi = "Mục tin không được nhận"
    title_en = "The item is not accepted"


class InvalidBulk(Problem):
    status = 422
    title_vi = "Gói tin gửi hàng loạt không hợp lệ"
    title_en = "The bulk body is not valid"


class BodyTooBig(Problem):
    status = 413
    title_vi = "Gói tin gửi lên quá lớn"
    title_en = "The request body is too large"


class IntakeOverloaded(Overloaded):
    """Backpressure: events wait for the relay longer, or in greater number, than is allowed."""
