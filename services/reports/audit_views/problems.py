"""What can be wrong with a request to see the audit log."""

from libs.common.errors import NotFound, Problem


class ExportNotFound(NotFound):
    title_vi = "Không tìm thấy bản trích xuất nhật ký"
    title_en = "No such export of the audit log"


class WindowNotPossible(Problem):
    """It ends before it begins, or is longer than is counted at once."""

    status = 422
    title_vi = "Khoảng thời gian không hợp lệ"
    title_en = "This window of time cannot be shown"


class DaysNotSealed(Problem):
    """Only days that are over and sealed are exported: the same days then give the same bytes."""

    status = 409
    title_vi = "Có ngày chưa được niêm phong"
    title_en = "Some of these days are not sealed yet"


class ExportNotMade(Problem):
    status = 409
    title_vi = "Bản trích xuất chưa làm xong"
    title_en = "The export is not there yet"


class ExportAlreadySigned(Problem):
    status = 409
    title_vi = "Bản trích xuất đã được ký xác nhận"
    title_en = "The export has been signed off"


class ExportFileLost(Problem):
    """The file is gone or damaged; a new export of the same days gives the same bytes."""

    status = 500
    title_vi = "Tệp trích xuất đã mất hoặc hỏng"
    title_en = "The export's file is lost or damaged"
