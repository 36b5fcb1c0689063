"""What can be wrong with a request about schedules, recipients and sendings."""

from libs.common.errors import NotFound, Problem


class ScheduleNotFound(NotFound):
    title_vi = "Không tìm thấy lịch báo cáo"
    title_en = "Schedule not found"


class RecipientNotFound(NotFound):
    title_vi = "Không tìm thấy nơi nhận"
    title_en = "Recipient not found"


class SendingNotFound(NotFound):
    title_vi = "Không tìm thấy lượt gửi"
    title_en = "Sending not found"


class NotScheduleKeeper(Problem):
    status = 403
    title_vi = "Bạn không thuộc đơn vị giữ lịch báo cáo này"
    title_en = "You do not belong to the schedule's unit"


class ScheduleNotPossible(Problem):
    """A kind that is for some eyes only is not mailed by a schedule; a period of another length has no cut-off."""

    status = 422
    title_vi = "Lịch báo cáo này không đặt được"
    title_en = "This schedule is not possible"


class ScheduleChanged(Problem):
    status = 409
    title_vi = "Lịch báo cáo vừa được người khác sửa"
    title_en = "Somebody else has just changed the schedule"


class RecipientExists(Problem):
    status = 409
    title_vi = "Địa chỉ này đã có trong lịch"
    title_en = "The schedule has this address already"


class RecipientFlagged(Problem):
    """Somebody looks at the address first: a letter to it was refused, or came back."""

    status = 409
    title_vi = "Nơi nhận đang bị đánh dấu lỗi"
    title_en = "The recipient is flagged"


class RecipientGone(Problem):
    status = 409
    title_vi = "Nơi nhận không còn trong lịch"
    title_en = "The recipient was removed from the schedule"


class NotFlagged(Problem):
    status = 409
    title_vi = "Nơi nhận này không bị đánh dấu"
    title_en = "The recipient is not flagged"


class RecipientsOfSchedule(Problem):
    """What a scheduled report prints under Nơi nhận is who gets it: both are changed in the schedule."""

    status = 422
    title_vi = "Nơi nhận của báo cáo theo lịch được đặt ở lịch"
    title_en = "A scheduled report has the schedule's recipients"


class RecipientsChanged(Problem):
    """It was drafted for others: whoever signs has to see for whom."""

    status = 409
    title_vi = "Nơi nhận đã thay đổi sau bản dự thảo này"
    title_en = "The recipients have changed since this draft"


class ReportNotSigned(Problem):
    status = 409
    title_vi = "Chỉ báo cáo đã ký và còn hiệu lực mới được gửi"
    title_en = "Only a signed report is sent"


class SendingUnderWay(Problem):
    status = 409
    title_vi = "Lượt gửi trước chưa xong"
    title_en = "The last sending is still under way"


class NothingToSettle(Problem):
    status = 409
    title_vi = "Lượt gửi này không có gì phải kết luận"
    title_en = "There is nothing to settle about this sending"
