"""What can be wrong with a playbook, a situation or a drill, said in Vietnamese first."""

from libs.common.errors import Problem


class PlaybookNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy kịch bản"
    title_en = "Playbook not found"


class PlaybookExists(Problem):
    status = 409
    title_vi = "Đơn vị đã có kịch bản tên này"
    title_en = "The unit has a playbook of this name already"


class PlaybookChanged(Problem):
    status = 409
    title_vi = "Kịch bản đã được người khác sửa"
    title_en = "Somebody else changed the playbook"


class PlaybookNotUsable(Problem):
    status = 422
    title_vi = "Kịch bản chưa dùng được"
    title_en = "The playbook cannot be used as it is"


class NotKeeperOfUnit(Problem):
    status = 403
    title_vi = "Bạn không phụ trách khủng hoảng của đơn vị này"
    title_en = "You do not deal with situations of this unit"


class SituationNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy tình huống"
    title_en = "Situation not found"


class SituationClosed(Problem):
    status = 409
    title_vi = "Tình huống đã đóng"
    title_en = "The situation is closed"


class SituationUnfinished(Problem):
    status = 409
    title_vi = "Chưa đóng được tình huống"
    title_en = "The situation cannot be closed yet"


class UnknownPlaceholder(Problem):
    status = 422
    title_vi = "Mẫu tuyên bố không có chỗ điền này"
    title_en = "The statement has no such placeholder"


class LinkNotPossible(Problem):
    status = 422
    title_vi = "Không gắn được vào tình huống"
    title_en = "This cannot be linked to the situation"


class NoDrillChannel(Problem):
    status = 409
    title_vi = "Đơn vị chưa có kênh diễn tập"
    title_en = "The unit has no channel for drills"


class DrillStaysInside(Problem):
    status = 422
    title_vi = "Diễn tập không ra ngoài sandbox"
    title_en = "A drill stays in the sandbox"


class SituationGoingOn(Problem):
    status = 409
    title_vi = "Kịch bản này đang có tình huống mở"
    title_en = "A situation of this playbook is open already"
