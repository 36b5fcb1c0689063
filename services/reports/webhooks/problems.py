"""What can be wrong with a request about webhooks."""

from libs.common.errors import NotFound, Problem


class WebhookNotFound(NotFound):
    title_vi = "Không tìm thấy đăng ký webhook"
    title_en = "No such webhook subscription"


class WebhookDeliveryNotFound(NotFound):
    title_vi = "Không tìm thấy lần gửi này"
    title_en = "No such delivery of the webhook"


class WebhookOfAnotherUnit(Problem):
    status = 403
    title_vi = "Bạn không quản lý webhook của đơn vị này"
    title_en = "You do not manage the webhooks of this unit"


class WebhooksOff(Problem):
    """Without a key nothing could be sealed, so nothing is taken."""

    status = 503
    title_vi = "Chưa bật webhook"
    title_en = "Webhooks are not switched on"


class WebhookAddressRefused(Problem):
    status = 422
    title_vi = "Không được gọi địa chỉ này"
    title_en = "The webhook's address may not be reached"


class UnknownWebhookEvent(Problem):
    """Not on the closed list: contents, labels, claims and risk never are."""

    status = 422
    title_vi = "Không có sự kiện này trong danh sách được đăng ký"
    title_en = "Not an event that can be subscribed to"


class TooManyWebhooks(Problem):
    status = 409
    title_vi = "Đơn vị đã có đủ số đăng ký webhook"
    title_en = "The unit has as many webhooks as it may have"


class WebhookSettled(Problem):
    """It ended, or is already in the state that was asked for."""

    status = 409
    title_vi = "Trạng thái hiện tại của đăng ký không cho phép việc này"
    title_en = "The webhook's state does not allow this"


class WebhookLost(Problem):
    """The key that sealed its address and its secret is not here any more."""

    status = 409
    title_vi = "Không mở được địa chỉ và khóa của đăng ký này"
    title_en = "The webhook's address and secret cannot be opened"


class StillWaiting(Problem):
    status = 409
    title_vi = "Lần gửi này còn đang trong hàng đợi"
    title_en = "The delivery is still in the line"


class ReplayOutOfReach(Problem):
    """Events are kept seven days."""

    status = 422
    title_vi = "Không gửi lại được từ thời điểm này"
    title_en = "Events cannot be sent again from this moment"


class ReplayTooLarge(Problem):
    status = 422
    title_vi = "Quá nhiều sự kiện để gửi lại một lần"
    title_en = "Too many events to send again at once"
