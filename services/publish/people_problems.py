"""What can be wrong with a request about people, their roles and their shifts, said in Vietnamese first."""

from libs.common.errors import Problem


class PersonNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy người này"
    title_en = "Person not found"


class GrantNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy vai trò đã giao"
    title_en = "Role grant not found"


class RosterNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy ca trực"
    title_en = "Shift not found"


class NotAdminOfUnit(Problem):
    status = 403
    title_vi = "Chỉ quản trị viên của đơn vị được làm việc này"
    title_en = "Only an admin of the unit may do this"


class GrantToOneself(Problem):
    status = 403
    title_vi = "Không ai tự giao vai trò cho mình"
    title_en = "Nobody grants a role to themselves"


class OwnAccount(Problem):
    status = 409
    title_vi = "Không ai tự ngừng tài khoản của mình"
    title_en = "Nobody deactivates their own account"


class PersonExists(Problem):
    status = 409
    title_vi = "Người này đã được khai báo"
    title_en = "The person is already registered"


class InvalidDates(Problem):
    status = 422
    title_vi = "Thời gian không hợp lệ"
    title_en = "Invalid dates"


class PersonInactive(Problem):
    status = 409
    title_vi = "Người này đã ngừng hoạt động"
    title_en = "The person is inactive"


class GrantExists(Problem):
    status = 409
    title_vi = "Người này đã có vai trò đó trong đơn vị"
    title_en = "The person holds this role in the unit already"


class GrantEnded(Problem):
    status = 409
    title_vi = "Vai trò đã kết thúc"
    title_en = "The role grant has ended"


class RoleNotHeld(Problem):
    status = 409
    title_vi = "Người trực không giữ vai trò này trong suốt ca"
    title_en = "The person does not hold this role throughout the shift"


class AlreadyOnDuty(Problem):
    status = 409
    title_vi = "Người này đã có ca trực trong thời gian đó"
    title_en = "The person already has a shift within those times"


class RosterBegun(Problem):
    status = 409
    title_vi = "Ca trực đã bắt đầu hoặc đã kết thúc"
    title_en = "The shift has begun or is over"
