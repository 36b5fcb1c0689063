"""What can be wrong with a correction of places, or with a name that somebody gave to one."""

from libs.common.errors import NotFound, Problem


class PlaceUnknown(Problem):
    status = 422
    title_vi = "Không có địa bàn này"
    title_en = "There is no such place"


class NameDoesNotFit(Problem):
    status = 422
    title_vi = "Tên này không dùng để nhận ra địa bàn được"
    title_en = "This name cannot tell a place"


class NameTaken(Problem):
    status = 409
    title_vi = "Tên này đã chỉ một địa bàn, hoặc đang chờ người thứ hai"
    title_en = "This name means a place already, or waits for a second person"


class AliasNotFound(NotFound):
    title_vi = "Không tìm thấy tên gọi này"
    title_en = "Name of a place not found"


class AliasAlreadyDecided(Problem):
    status = 409
    title_vi = "Tên gọi này đã được quyết định"
    title_en = "The name has been decided"
