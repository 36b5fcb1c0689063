"""What can be wrong with a request to the register of programmes."""

from libs.common.errors import NotFound


class ProgrammeNotFound(NotFound):
    title_vi = "Không tìm thấy chương trình"
    title_en = "Programme not found"
