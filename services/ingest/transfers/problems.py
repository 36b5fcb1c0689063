"""What can be wrong with passing a case on."""

from libs.common.errors import NotFound, Problem


class ServerNotFound(NotFound):
    title_vi = "Không có hệ thống tiếp nhận này trong cấu hình"
    title_en = "No such Open311 server is set"


class TransferNotFound(NotFound):
    title_vi = "Không tìm thấy lượt chuyển này"
    title_en = "Transfer not found"


class AlreadyPassedOn(Problem):
    status = 409
    title_vi = "Phản ánh đã được chuyển sang hệ thống này"
    title_en = "The case was already passed on to this server"


class ServiceNotThere(Problem):
    status = 422
    title_vi = "Hệ thống đó không nhận loại việc này"
    title_en = "The other server takes no reports of this kind"


class NothingToDecide(Problem):
    status = 409
    title_vi = "Lượt chuyển này không chờ ai quyết định"
    title_en = "This transfer waits for nobody's decision"
