"""What can be wrong with an approval of something urgent, a task, a take-down or a pause, said in Vietnamese first."""

from libs.common.errors import Problem


class NotOnDuty(Problem):
    status = 403
    title_vi = "Tin khẩn do người phát ngôn đang trong ca trực duyệt"
    title_en = "What is urgent is approved by spokespersons on duty"


class TaskAlreadyDone(Problem):
    status = 409
    title_vi = "Việc này đã xong"
    title_en = "The task is done already"


class NoCard(Problem):
    status = 409
    title_vi = "Việc này không có thẻ đăng bằng tay"
    title_en = "This task has no card to post by hand"


class OutcomeNotPossible(Problem):
    status = 422
    title_vi = "Kết quả không hợp với loại việc này"
    title_en = "The outcome does not belong to this kind of task"


class StillOnPlatform(Problem):
    status = 409
    title_vi = "Bài vẫn còn trên nền tảng"
    title_en = "The post still stands on the platform"


class AlreadyOnPlatform(Problem):
    status = 409
    title_vi = "Bài đang có trên nền tảng"
    title_en = "The post stands on the platform"


class ChannelNotConnected(Problem):
    status = 409
    title_vi = "Kênh vẫn chưa kết nối lại"
    title_en = "The channel is not connected yet"


class TakedownNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy vụ gỡ tin"
    title_en = "Take-down not found"


class TakedownClosedAlready(Problem):
    status = 409
    title_vi = "Vụ gỡ tin đã đóng"
    title_en = "The take-down is closed"


class NotSpeaking(Problem):
    status = 403
    title_vi = "Chỉ người phát ngôn của đơn vị được làm việc này; với toàn thành phố, người phát ngôn của thành phố"
    title_en = "Only a spokesperson of the unit may do this; for all, one of the city"


class PauseNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy lệnh tạm dừng"
    title_en = "Pause not found"


class AlreadyPaused(Problem):
    status = 409
    title_vi = "Đang tạm dừng từ trước"
    title_en = "It is paused already"


class PauseEnded(Problem):
    status = 409
    title_vi = "Lệnh tạm dừng đã kết thúc"
    title_en = "The pause has ended"


class WordGiven(Problem):
    status = 409
    title_vi = "Bạn đã đồng ý rồi: cần thêm một người phát ngôn khác"
    title_en = "You have agreed already: another spokesperson is needed"
