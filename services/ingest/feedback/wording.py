"""How the states of a case are called where citizens read them."""

from libs.common.models.enums import CaseState

STATES: dict[str, str] = {
    CaseState.RECEIVED: "Đã nhận, đang chuyển đơn vị",
    CaseState.ACCEPTED: "Đơn vị đã tiếp nhận",
    CaseState.ASSIGNED: "Đã giao đơn vị xử lý",
    CaseState.IN_PROGRESS: "Đang xử lý",
    CaseState.ANSWERED: "Đã trả lời",
    CaseState.CLOSED: "Đã kết thúc",
    CaseState.REOPENED: "Đã mở lại",
    CaseState.REJECTED: "Không thuộc thẩm quyền giải quyết của thành phố",
    CaseState.MERGED: "Xử lý chung với một phản ánh khác",
}
