"""What can be wrong with a question, or with keeping one."""

from libs.common.errors import NotFound, Problem
from services.classify.searching.language import Unreadable


class QueryUnreadable(Problem):
    status = 422
    title_vi = "Không đọc được câu hỏi tìm kiếm"
    title_en = "The search query cannot be read"

    @classmethod
    def at(cls, error: Unreadable, pointer: str = "/query/q") -> "QueryUnreadable":
        """Position 0 is a filter that was given beside the question."""
        told = {"pointer": pointer, "type": "query", "position": error.position, "message": error.why + "."}
        where = f"Ở ký tự thứ {error.position}: " if error.position else ""
        return cls(f"{where}{error.why}.", errors=[told])


class QueryAsksForPerson(Problem):
    status = 422
    title_vi = "Câu hỏi được lưu không được chứa số điện thoại, thư điện tử, tài khoản hay số giấy tờ của một người"
    title_en = "A saved query must not hold a phone number, an e-mail, a handle or an identity number"


class SavedQueryTooBroad(Problem):
    status = 422
    title_vi = "Câu hỏi được lưu phải có ít nhất một từ hay bộ lọc mà mọi kết quả đều có"
    title_en = "A saved query needs a word or a filter that every result has"


class SavedQueryNotFound(NotFound):
    title_vi = "Không tìm thấy câu hỏi đã lưu"
    title_en = "Saved query not found"


class SavedQueryTooLong(Problem):
    status = 422
    title_vi = "Câu hỏi được lưu phải hết hạn trong vòng 180 ngày"
    title_en = "A saved query has to end within 180 days"


class SavedQueryAlreadyRenewed(Problem):
    status = 409
    title_vi = "Câu hỏi đã lưu chỉ được gia hạn một lần"
    title_en = "A saved query can be renewed only once"


class SavedQueryEnded(Problem):
    status = 409
    title_vi = "Câu hỏi đã lưu đã kết thúc"
    title_en = "The saved query has ended"
