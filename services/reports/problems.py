"""What can be wrong with a request about a report."""

from libs.common.errors import NotFound, Overloaded, Problem


class ReportNotFound(NotFound):
    title_vi = "Không tìm thấy báo cáo"
    title_en = "Report not found"


class VersionNotFound(NotFound):
    title_vi = "Không tìm thấy bản này của báo cáo"
    title_en = "Version of the report not found"


class PictureNotFound(NotFound):
    title_vi = "Báo cáo này không có hình như vậy"
    title_en = "The report has no such picture"


class SnapshotNotFound(NotFound):
    title_vi = "Không tìm thấy bản chụp số liệu"
    title_en = "Snapshot not found"


class InvalidPeriod(Problem):
    status = 422
    title_vi = "Khoảng thời gian của báo cáo không hợp lệ"
    title_en = "The report's period is not valid"


class AboutWhat(Problem):
    """A periodic report is about nothing in particular; any other needs the id of what it is about."""

    status = 422
    title_vi = "Báo cáo này cần đúng một đối tượng"
    title_en = "This kind of report needs what it is about"


class AboutNotFound(NotFound):
    title_vi = "Không tìm thấy đối tượng của báo cáo"
    title_en = "What the report is about was not found"


class NoPackage(NotFound):
    """Only the case that a person has decided to hand over leaves the house as a package."""

    title_vi = "Loại báo cáo này không có gói chuyển giao"
    title_en = "This kind of report has no hand-over package"


class TextIsFixed(Problem):
    """What is handed over says its frozen figures and no more, so that no name gets in; its head may change."""

    status = 422
    title_vi = "Nội dung hồ sơ chuyển giao không sửa được"
    title_en = "The text of a hand-over package is not edited"


class TooManyAtOnce(Overloaded):
    """Each report in the making holds two connections: beyond a few, the asker waits outside and not inside."""

    title_vi = "Đang có nhiều báo cáo được lập, xin thử lại sau ít giây"
    title_en = "Too many reports are being made, try again shortly"


class ReportChanged(Problem):
    """Somebody else saved a newer version: the edit is not lost, it is to be made again on that one."""

    status = 409
    title_vi = "Báo cáo vừa có bản mới hơn"
    title_en = "The report has a newer version"


class ReportSigned(Problem):
    status = 409
    title_vi = "Báo cáo đã ký thì không sửa nữa"
    title_en = "A signed report is not changed"


class ReportVoid(Problem):
    status = 409
    title_vi = "Báo cáo đã hủy"
    title_en = "The report is void"


class RegisterAway(Overloaded):
    """The database is away and nothing was ever counted."""

    title_vi = "Sổ minh bạch tạm thời chưa đọc được"
    title_en = "The register cannot be read for now"


class OpenDataNotFound(NotFound):
    title_vi = "Không có bộ dữ liệu hoặc bản này"
    title_en = "There is no such data set or version"


class TooManyFiles(Problem):
    status = 429
    title_vi = "Tải dữ liệu mở quá thường xuyên"
    title_en = "Open data is fetched too often"


class NumberTaken(Problem):
    status = 409
    title_vi = "Số văn bản này đã được cấp"
    title_en = "The number is taken"


class NotPrintable(Problem):
    """The text cannot be read as a paper."""

    status = 422
    title_vi = "Nội dung báo cáo không in được"
    title_en = "The report's text cannot be printed"


class TemplateBroken(Problem):
    """The city's own template of this kind cannot be used; the shipped one is untouched."""

    status = 500
    title_vi = "Mẫu báo cáo của thành phố có lỗi"
    title_en = "The city's own template is broken"


class FormBroken(Problem):
    """The city's own form is not there, or holds what the decree does not allow; the detail names each wrong value."""

    status = 500
    title_vi = "Thể thức văn bản của thành phố có lỗi"
    title_en = "The city's own form of papers is broken"


class PrintingFailed(Problem):
    """The printer gave up after several tries; the figures and the text are kept, and it can be tried again."""

    status = 503
    title_vi = "Chưa in được bản này của báo cáo"
    title_en = "This format of the report could not be printed"


class SnapshotDamaged(Problem):
    """The stored figures no longer fit their digest: nothing is printed from them."""

    status = 500
    title_vi = "Bản chụp số liệu không còn nguyên vẹn"
    title_en = "The snapshot does not fit its digest"


class ReportFileLost(Problem):
    """The file is gone or damaged, and what the snapshot gives today is not what was issued."""

    status = 500
    title_vi = "Tệp báo cáo đã mất và không dựng lại được đúng như đã phát hành"
    title_en = "The report's file is lost and cannot be made again as it was issued"
