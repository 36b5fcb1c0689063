"""What can be wrong with a plan, a campaign or the calendar, said in Vietnamese first."""

from libs.common.errors import Problem


class PlanNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy kế hoạch"
    title_en = "Plan not found"


class ThemeNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy chủ đề"
    title_en = "Theme not found"


class CampaignNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy chiến dịch"
    title_en = "Campaign not found"


class ProgrammeNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy chương trình"
    title_en = "Programme not found"


class CalendarFeedNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy địa chỉ lịch đang dùng"
    title_en = "No such open calendar address"


class NotPlannerOfUnit(Problem):
    status = 403
    title_vi = "Bạn không lập kế hoạch cho đơn vị này"
    title_en = "You do not plan for this unit"


class NotOfUnit(Problem):
    status = 403
    title_vi = "Bạn không thuộc đơn vị này"
    title_en = "You have no role in this unit"


class PlanExists(Problem):
    status = 409
    title_vi = "Đơn vị đã có kế hoạch của năm này"
    title_en = "The unit has a plan of this year already"


class DatesNotAllowed(Problem):
    """`errors` names the first and the last day that may be chosen."""

    status = 422
    title_vi = "Ngày nằm ngoài khoảng cho phép"
    title_en = "The dates lie outside what is allowed"


class PlanMoveNotAllowed(Problem):
    status = 409
    title_vi = "Không chuyển được sang trạng thái này"
    title_en = "This state cannot follow"


class PlanEnded(Problem):
    status = 409
    title_vi = "Kế hoạch hoặc chiến dịch đã kết thúc"
    title_en = "The plan or campaign has ended"


class PlanInUse(Problem):
    status = 409
    title_vi = "Không xóa được vì còn đang dùng"
    title_en = "It is in use and cannot be deleted"


class CampaignOfAnotherUnit(Problem):
    status = 409
    title_vi = "Chiến dịch thuộc đơn vị khác"
    title_en = "The campaign belongs to another unit"


class CampaignChannelRefused(Problem):
    status = 409
    title_vi = "Chiến dịch không dùng được kênh này"
    title_en = "The campaign cannot use this channel"


class CalendarRangeRefused(Problem):
    status = 422
    title_vi = "Khoảng thời gian không hợp lệ"
    title_en = "The range of time is not valid"


class TimeHasPassed(Problem):
    status = 422
    title_vi = "Giờ đăng đã qua"
    title_en = "The time has passed"


class ExportTooLong(Problem):
    status = 422
    title_vi = "Có quá nhiều mục để xuất trong một tệp"
    title_en = "Too many items for one file"


class CalendarFeedExists(Problem):
    status = 409
    title_vi = "Đơn vị đã có địa chỉ lịch"
    title_en = "The unit has a calendar address already"
