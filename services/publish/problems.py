"""What can be wrong with a request to publish, said in Vietnamese first."""

from libs.common.errors import Problem


class PublicationNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy tin"
    title_en = "Publication not found"


class ChannelNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy kênh"
    title_en = "Channel not found"


class MediumNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy ảnh hay video"
    title_en = "Medium not found"


class AiLabelMissing(Problem):
    status = 409
    title_vi = "Nội dung do AI tạo phải được ghi nhãn"
    title_en = "What a model made has to be labelled"


class ScheduledInThePast(Problem):
    status = 409
    title_vi = "Giờ đăng đã qua"
    title_en = "The scheduled time has passed"


class StoryNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy câu chuyện"
    title_en = "Story not found"


class TaskNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy việc cần làm"
    title_en = "Task not found"


class NotYourUnit(Problem):
    status = 403
    title_vi = "Bạn không có vai trò này trong đơn vị của tin"
    title_en = "You do not hold this role in the publication's unit"


class NotSpokesperson(Problem):
    status = 403
    title_vi = "Chỉ người phát ngôn của đơn vị được duyệt"
    title_en = "Only a spokesperson of the unit may approve"


class OwnWork(Problem):
    status = 403
    title_vi = "Người đã biên tập không được tự duyệt"
    title_en = "Whoever edited a publication may not approve it"


class NotInReview(Problem):
    status = 409
    title_vi = "Tin không ở trạng thái chờ duyệt"
    title_en = "The publication is not in review"


class ContentChanged(Problem):
    status = 409
    title_vi = "Nội dung đã thay đổi so với bản bạn xem"
    title_en = "The content has changed since you saw it"


class AlreadyApproved(Problem):
    status = 409
    title_vi = "Bạn đã duyệt bản này rồi"
    title_en = "You have already approved this revision"


class StateConflict(Problem):
    status = 409
    title_vi = "Trạng thái của tin không cho phép thao tác này"
    title_en = "The publication's state does not allow this"


class QuotedTooLong(Problem):
    status = 409
    title_vi = "Trích báo chí quá 300 ký tự"
    title_en = "More than 300 characters of the press are quoted"


class StillAutomatic(Problem):
    status = 409
    title_vi = "Bản nháp tự động chưa được biên tập"
    title_en = "An automatic draft has to be edited first"


class ChannelNotUsable(Problem):
    status = 409
    title_vi = "Kênh hiện không dùng được"
    title_en = "The channel cannot be used now"


class ChannelOfAnotherUnit(Problem):
    status = 403
    title_vi = "Kênh thuộc đơn vị khác"
    title_en = "The channel belongs to another unit"


class NotPostableHere(Problem):
    status = 409
    title_vi = "Nội dung không đăng được lên kênh"
    title_en = "The content cannot be posted on the channel"


class UnknownChannelKind(Problem):
    status = 422
    title_vi = "Loại kênh không được hỗ trợ"
    title_en = "Unknown kind of channel"


class InvalidChannel(Problem):
    status = 422
    title_vi = "Thông tin kênh không hợp lệ"
    title_en = "Invalid channel"


class ChannelExists(Problem):
    status = 409
    title_vi = "Kênh đã được khai báo"
    title_en = "The channel is already registered"


class CityChannelExists(Problem):
    status = 409
    title_vi = "Đã có một kênh chính thức của thành phố"
    title_en = "There already is one official city channel"


class NoCredentialsKey(Problem):
    status = 409
    title_vi = "Chưa cấu hình khóa mã hóa thông tin đăng nhập"
    title_en = "No key for credentials is configured"


class TaskEvidenceNeeded(Problem):
    status = 422
    title_vi = "Cần địa chỉ chứng minh việc đã làm"
    title_en = "An address that shows the work is needed"
