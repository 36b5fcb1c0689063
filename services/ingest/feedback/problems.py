"""What can be wrong with a request about feedback."""

from libs.common.errors import NotFound


class FeedbackNotFound(NotFound):
    title_vi = "Không tìm thấy phản ánh"
    title_en = "Feedback not found"
