"""What can be wrong with a calendar file or an activity, said in Vietnamese first."""

from libs.common.errors import Problem


class CalendarNotReadable(Problem):
    status = 422
    title_vi = "Tệp lịch không đọc được"
    title_en = "The calendar file cannot be read"


class CalendarTooBig(Problem):
    status = 413
    title_vi = "Tệp lịch quá lớn"
    title_en = "The calendar file is too large"


class CalendarNotFetched(Problem):
    status = 422
    title_vi = "Không lấy được lịch từ địa chỉ này"
    title_en = "The calendar could not be fetched from this address"


class AgendaKindNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy loại hoạt động"
    title_en = "Kind of activity not found"


class AgendaKindExists(Problem):
    status = 409
    title_vi = "Đơn vị đã có loại hoạt động tên này"
    title_en = "The unit has a kind of this name already"


class AgendaEventNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy hoạt động"
    title_en = "Activity not found"


class NotAtThisDesk(Problem):
    status = 403
    title_vi = "Bạn không trực bàn sự kiện của đơn vị này"
    title_en = "You do not work at the events desk of this unit"


class NotTellable(Problem):
    status = 422
    title_vi = "Tin này không thể là tin về hoạt động"
    title_en = "This publication cannot tell of the activity"


class AlreadyTold(Problem):
    status = 409
    title_vi = "Hoạt động đã gắn với một tin"
    title_en = "A publication tells of the activity already"


class NoTemplate(Problem):
    status = 409
    title_vi = "Hoạt động chưa có loại, nên chưa có mẫu tin"
    title_en = "The activity has no kind, and so no template"


class RangeRefused(Problem):
    status = 422
    title_vi = "Khoảng thời gian không hợp lệ"
    title_en = "The range of time is not possible"


class AgendaCalendarNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy lịch được theo dõi"
    title_en = "Watched calendar not found"


class AgendaCalendarExists(Problem):
    status = 409
    title_vi = "Đơn vị đã theo dõi lịch này"
    title_en = "The unit watches this calendar already"


class TooManyCalendars(Problem):
    status = 409
    title_vi = "Đơn vị đã theo dõi quá nhiều lịch"
    title_en = "The unit watches too many calendars"


class AgendaCalendarResting(Problem):
    status = 409
    title_vi = "Lịch này đang không được theo dõi"
    title_en = "The calendar is not being watched"
