"""What can be wrong with a request to the classify service."""

from libs.common.errors import Forbidden, NotFound, Problem


class StoryNotFound(NotFound):
    title_vi = "Không tìm thấy câu chuyện"
    title_en = "Story not found"


class AnnotationNotFound(NotFound):
    title_vi = "Nội dung chưa được phân loại hoặc không tồn tại"
    title_en = "The content is not classified yet or does not exist"


class ProposalNotFound(NotFound):
    title_vi = "Không tìm thấy đề nghị đổi nhãn"
    title_en = "Label proposal not found"


class RiskCaseNotFound(NotFound):
    title_vi = "Không tìm thấy gợi ý rủi ro pháp lý"
    title_en = "Legal-risk suggestion not found"


class ReasonNeeded(Problem):
    status = 422
    title_vi = "Cần nêu lý do (ít nhất 10 ký tự)"
    title_en = "A reason of at least 10 characters is needed"


class ProposalAlreadyOpen(Problem):
    status = 409
    title_vi = "Nội dung này đang có một đề nghị đổi nhãn chờ người thứ hai"
    title_en = "A proposal for this content already waits for a second person"


class ProposalAlreadyDecided(Problem):
    status = 409
    title_vi = "Đề nghị đổi nhãn đã được quyết định"
    title_en = "The proposal has been decided"


class SecondPersonNeeded(Forbidden):
    title_vi = "Cần một người khác với người đề nghị"
    title_en = "Another person than the proposer has to confirm"


class RiskCaseAlreadyDecided(Problem):
    status = 409
    title_vi = "Gợi ý này đã được quyết định hoặc đã được gỡ khỏi hàng chờ"
    title_en = "The suggestion has been decided or released"
