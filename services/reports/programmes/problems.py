"""What can be wrong with a request to the register of programmes."""

from libs.common.errors import NotFound, Problem


class ProgrammeNotFound(NotFound):
    title_vi = "Không tìm thấy chương trình"
    title_en = "Programme not found"


class AssignmentNotFound(NotFound):
    title_vi = "Không tìm thấy dòng nhiệm vụ"
    title_en = "No such row of a programme"


class AnnexTooBig(Problem):
    status = 413
    title_vi = "Tệp phụ lục quá lớn"
    title_en = "The annex's file is too large"


class AnnexNotReadable(Problem):
    """The file as a whole: of another kind, damaged, or holding what no annex needs."""

    status = 422
    title_vi = "Không đọc được tệp phụ lục"
    title_en = "The annex's file cannot be read"


class AnnexRefused(Problem):
    """`errors` names each line; nothing of the file was stored."""

    status = 422
    title_vi = "Phụ lục có chỗ sai nên chưa nạp"
    title_en = "The annex has errors and was not loaded"


class ProgrammeExists(Problem):
    status = 409
    title_vi = "Đã có chương trình mang số hiệu này"
    title_en = "A programme of this number is there already"


class NotProgrammeKeeper(Problem):
    status = 403
    title_vi = "Bạn không thuộc đơn vị chủ quản chương trình"
    title_en = "You do not belong to the programme's owner"


class NotOfLeadUnit(Problem):
    status = 403
    title_vi = "Bạn không thuộc đơn vị chủ trì nhiệm vụ này"
    title_en = "You do not belong to the unit that leads this task"


class ProgressNotPossible(Problem):
    status = 422
    title_vi = "Tiến độ này không ghi được"
    title_en = "This progress cannot be recorded"


class ProgressChanged(Problem):
    status = 409
    title_vi = "Người khác vừa ghi tiến độ của dòng này"
    title_en = "Somebody else has just reported on this row"


class EvidenceNotFound(Problem):
    status = 422
    title_vi = "Không có minh chứng như vậy"
    title_en = "There is no such evidence"
