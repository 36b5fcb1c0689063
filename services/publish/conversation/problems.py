"""What can be wrong with a request about conversations, said in Vietnamese first."""

from libs.common.errors import Problem


class UnknownFilter(Problem):
    status = 422
    title_vi = "Bộ lọc không có"
    title_en = "No such filter"


class HeldByAnother(Problem):
    status = 409
    title_vi = "Người khác đang xem bình luận này"
    title_en = "Somebody else is looking at this comment"


class NotAnOfficer(Problem):
    status = 409
    title_vi = "Người này không trả lời cho trang của đơn vị"
    title_en = "This person does not answer for the unit's page"


class NotAnswerable(Problem):
    status = 409
    title_vi = "Không trả lời được bình luận này"
    title_en = "This comment cannot be answered"


class ReplyUnderWay(Problem):
    status = 409
    title_vi = "Bình luận này đang có một câu trả lời chưa xong"
    title_en = "A reply to this comment is under way"


class ReplyNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy câu trả lời"
    title_en = "Reply not found"


class ReplyNotWaiting(Problem):
    status = 409
    title_vi = "Câu trả lời không còn chờ gửi"
    title_en = "The reply no longer waits to be sent"


class NothingToTell(Problem):
    status = 409
    title_vi = "Câu trả lời này không chờ người xác nhận"
    title_en = "This reply waits for nobody's word"


class TemplateNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy mẫu trả lời"
    title_en = "Reply template not found"


class TemplateExists(Problem):
    status = 409
    title_vi = "Đơn vị đã có mẫu trả lời tên này"
    title_en = "The unit already has a template of this name"


class TemplateUnfilled(Problem):
    status = 422
    title_vi = "Mẫu trả lời còn chỗ trống"
    title_en = "The template has placeholders without a value"


class ReplyTooLong(Problem):
    status = 422
    title_vi = "Câu trả lời quá dài"
    title_en = "The reply is too long"


class HouseRuleNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy quy tắc trong nội quy"
    title_en = "House rule not found"


class HouseRuleByTwo(Problem):
    status = 409
    title_vi = "Người khác phải cho quy tắc có hiệu lực"
    title_en = "Somebody else has to put the rule in force"


class HouseRuleStands(Problem):
    status = 409
    title_vi = "Quy tắc đã có hiệu lực hoặc đã thôi hiệu lực"
    title_en = "The rule is in force, or was retired"


class CriticismIsNeverHidden(Problem):
    status = 409
    title_vi = "Phê bình, ý kiến, khiếu nại không bao giờ bị ẩn"
    title_en = "Criticism, opinion and complaint are never hidden"


class CriticismStandsBelow(Problem):
    status = 409
    title_vi = "Bên dưới có phê bình, ý kiến hoặc khiếu nại nên không được ẩn"
    title_en = "Criticism, opinion or complaint stands below it, so it is not hidden"


class NotLabelledBelow(Problem):
    status = 409
    title_vi = "Bên dưới có câu trả lời chưa được phân loại nên chưa thể ẩn"
    title_en = "An answer below it has no label yet, so it cannot be hidden"


class NotLabelledYet(Problem):
    status = 409
    title_vi = "Bình luận chưa được phân loại nên chưa thể ẩn"
    title_en = "The comment has no label yet, so it cannot be hidden"


class NotHideable(Problem):
    status = 409
    title_vi = "Không ẩn được bình luận này"
    title_en = "This comment cannot be hidden"


class HidingNotFound(Problem):
    status = 404
    title_vi = "Bình luận này không bị ẩn từ đây"
    title_en = "This comment was not hidden from here"
