"""What can be wrong with a request about comments."""

from libs.common.errors import NotFound, Problem


class CommentNotFound(NotFound):
    title_vi = "Không tìm thấy bình luận"
    title_en = "Comment not found"


class NothingToEscalate(Problem):
    status = 409
    title_vi = "Bình luận này không thể chuyển thành phản ánh"
    title_en = "This comment cannot become a case"
