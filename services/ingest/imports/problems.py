"""What can be wrong with a file to import."""

from libs.common.errors import Problem


class FileNotReadable(Problem):
    status = 422
    title_vi = "Không đọc được tệp nhập"
    title_en = "The file to import is not readable"


class UnknownMapping(Problem):
    status = 422
    title_vi = "Không có bộ ánh xạ cột tên này"
    title_en = "There is no column mapping of this name"
