"""What can be wrong with alerts and their rules."""

from libs.common.errors import NotFound, Problem


class AlertNotFound(NotFound):
    title_vi = "Không tìm thấy cảnh báo"
    title_en = "Alert not found"


class AlertRuleNotFound(NotFound):
    title_vi = "Không tìm thấy quy tắc cảnh báo"
    title_en = "Alert rule not found"


class AlertRuleChanged(Problem):
    status = 409
    title_vi = "Quy tắc cảnh báo đã được người khác sửa"
    title_en = "The alert rule was changed by somebody else"


class AlertRuleInUse(Problem):
    status = 409
    title_vi = "Quy tắc đã có cảnh báo nên chỉ có thể tắt"
    title_en = "The rule has raised alerts and can only be switched off"


class AlertAboutAPerson(Problem):
    status = 422
    title_vi = "Quy tắc cảnh báo không được nhắm vào một người"
    title_en = "An alert rule may not be aimed at a person"


class AlertNotForOutsiders(Problem):
    status = 422
    title_vi = "Loại quy tắc này không được công khai"
    title_en = "Alerts of this kind of rule may not be public"


class AlertUnitUnknown(Problem):
    status = 422
    title_vi = "Đơn vị phụ trách quy tắc cảnh báo không tồn tại"
    title_en = "The unit that would own the alert rule does not exist"


class AlertMuteTooLong(Problem):
    status = 422
    title_vi = "Chỉ có thể tắt tiếng đến một thời điểm trong 30 ngày tới"
    title_en = "A rule can be muted until a moment within the next 30 days only"


class AlertAlreadySettled(Problem):
    status = 409
    title_vi = "Cảnh báo đã có người nhận hoặc đã kết thúc"
    title_en = "The alert was acknowledged or resolved already"
