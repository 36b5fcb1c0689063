"""Measures of security by group, each with a state that is computed from what runs, or left to be looked at. Pure.

The groups are those of technical and of management requirements that a security-level file is read by; which clause of
the standard each answers is for the city to set beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from libs.common.models import Base
from libs.common.personal_data import Declaration, Form
from libs.common.roles import ALL_ROLES, privileges
from services.reports.domain import is_kept_too_long
from services.reports.filings.installation import Endpoint, Installation
from services.reports.filings.queries import Right, Server
from services.reports.filings.wording import ENDPOINTS

BACKED_UP_WITHIN = timedelta(days=7)
"""A backup older than this is none: a week's work would be lost."""

CHECKED_WITHIN = timedelta(days=2)


class State(StrEnum):
    MET = "đạt"
    UNMET = "chưa đạt"
    CHECK = "cần đối chiếu"


class Group(StrEnum):
    NETWORK = "An toàn hạ tầng mạng"
    SERVER = "An toàn máy chủ"
    APPLICATION = "An toàn ứng dụng"
    DATA = "An toàn dữ liệu"
    MANAGEMENT = "Quản lý"


@dataclass(frozen=True)
class Measure:
    group: Group
    name: str
    state: State
    evidence: str
    """What it was seen by, or who is to say it."""
    at: datetime | None = None
    """When what it was seen by happened."""


@dataclass(frozen=True)
class Seen:
    """What the database says of itself, at one instant."""

    as_of: datetime
    server: Server
    rights: set[Right]
    guards: set[tuple[str, str]]
    backed_up_at: datetime | None
    oldest_content_at: datetime | None
    audited_since: datetime | None
    checked_at: datetime | None
    """When the chains of the audit log were verified last; None where they never were."""
    broken_chains: int


def measures(installation: Installation, seen: Seen, declared: Declaration) -> list[Measure]:
    return [
        *_network(installation, seen),
        *_server(seen),
        *_application(installation, seen),
        *_data(installation, seen, declared),
        *_management(),
    ]


def _is(group: Group, name: str, met: bool, evidence: str) -> Measure:
    return Measure(group, name, State.MET if met else State.UNMET, evidence)


def _asked(group: Group, name: str, who: str) -> Measure:
    return Measure(group, name, State.CHECK, who)


# --- network ------------------------------------------------------------------------------------------------


def _network(installation: Installation, seen: Seen) -> list[Measure]:
    lines = [_line(one, seen) for one in installation.endpoints]
    return [
        *lines,
        _asked(Group.NETWORK, "Phân vùng mạng, tường lửa, chống tấn công từ chối dịch vụ", "Đơn vị vận hành ghi"),
    ]


def _line(one: Endpoint, seen: Seen) -> Measure:
    is_encrypted = seen.server.is_encrypted if one.code == "database" else bool(one.is_encrypted)
    if one.is_local and not is_encrypted:
        how = "không mã hóa, chỉ trong một máy"
    else:
        how = "kết nối được mã hóa" if is_encrypted else "kết nối không được mã hóa"
    name = f"Đường truyền: {ENDPOINTS[one.code]}"
    return _is(Group.NETWORK, name, is_encrypted or one.is_local, f"{one.address}: {how}")


# --- servers ------------------------------------------------------------------------------------------------


def _server(seen: Seen) -> list[Measure]:
    kept = seen.server.hashing == "scram-sha-256"
    return [
        _is(
            Group.SERVER,
            "Mật khẩu của cơ sở dữ liệu được băm an toàn",
            kept,
            f"password_encryption = {seen.server.hashing}",
        ),
        _is(
            Group.SERVER,
            "Dịch vụ không chạy bằng tài khoản quản trị cơ sở dữ liệu",
            not seen.server.is_superuser,
            "Vai trò của dịch vụ báo cáo " + ("là superuser" if seen.server.is_superuser else "không phải superuser"),
        ),
        _asked(Group.SERVER, "Vá lỗi, cấu hình an toàn hệ điều hành, phòng mã độc", "Đơn vị vận hành ghi"),
        _asked(Group.SERVER, "Đồng bộ thời gian", "Đơn vị vận hành ghi"),
    ]


# --- the application ----------------------------------------------------------------------------------------

TWO_PEOPLE = {("approvals", "two_people"), ("publications", "two_people")}
GRANTED = {("role_grants", "granted_by_an_admin")}
FIREWALL = {("legal_risk_cases", "criticism_is_feedback"), ("feedback_cases", "criticism_stays_feedback")}
AUDIT = {("audit_log", "append_only"), ("audit_log", "never_emptied"), ("audit_log", "own_audit_chain")}


def _application(installation: Installation, seen: Seen) -> list[Measure]:
    says = "Khóa được lấy từ hệ thống đăng nhập OpenID Connect" if installation.has_provider else (
        "Khóa lấy từ tệp, không từ hệ thống đăng nhập"
    )  # fmt: skip
    excess = sorted(seen.rights - declared_rights())
    return [
        _is(Group.APPLICATION, "Xác thực tập trung", installation.has_provider, says),
        _asked(Group.APPLICATION, "Xác thực nhiều yếu tố cho cán bộ", "Thuộc hệ thống đăng nhập; đơn vị vận hành ghi"),
        _guarded(Group.APPLICATION, "Vai trò do người khác là quản trị trao, có lý do", GRANTED, seen),
        _guarded(Group.APPLICATION, "Không tin, bài nào được đăng mà không có hai người", TWO_PEOPLE, seen),
        _guarded(Group.APPLICATION, "Phê bình, ý kiến không vào được hàng chờ rủi ro pháp lý", FIREWALL, seen),
        _is(
            Group.APPLICATION,
            "Mỗi dịch vụ chỉ có quyền đã khai trên dữ liệu",
            not excess,
            "Quyền thật trong cơ sở dữ liệu khớp với khai báo"
            if not excess
            else f"Thừa {len(excess)} quyền: {_some(excess)}",
        ),
    ]


def _guarded(group: Group, name: str, wanted: set[tuple[str, str]], seen: Seen) -> Measure:
    lost = sorted(f"{table}.{trigger}" for table, trigger in wanted - seen.guards)
    evidence = f"Ràng buộc đang bật trong cơ sở dữ liệu: {', '.join(sorted({table for table, _ in wanted}))}"
    return _is(group, name, not lost, f"Thiếu ràng buộc {', '.join(lost)}" if lost else evidence)


def declared_rights() -> set[Right]:
    """What the models grant; the owner's own tables are the migration's affair."""
    return (
        {
            (role, table.name, right)
            for table in Base.metadata.sorted_tables
            for role, allowed in privileges(table).items()
            for right in allowed
        }
        | {(role, "schema_state", "SELECT") for role in ALL_ROLES}
        | {(role, "alembic_version", "SELECT") for role in ALL_ROLES}
    )


def _some(excess: Iterable[Right]) -> str:
    told = [f"{role} {right} {table}" for role, table, right in excess]
    return ", ".join(told[:3]) + ("…" if len(told) > 3 else "")


# --- data ---------------------------------------------------------------------------------------------------


def _data(installation: Installation, seen: Seen, declared: Declaration) -> list[Measure]:
    return [
        _sealed(seen, declared),
        _guarded(Group.DATA, "Nhật ký kiểm toán chỉ thêm, nối chuỗi băm, mỗi dịch vụ một chuỗi", AUDIT, seen),
        _checked(seen),
        Measure(
            Group.DATA,
            "Lưu nhật ký kiểm toán",
            State.CHECK,
            "Không xóa; dòng đầu tiên lúc" if seen.audited_since else "Nhật ký còn trống",
            seen.audited_since,
        ),
        _backup(seen),
        _is(
            Group.DATA,
            "Phát hiện hỏng trang dữ liệu",
            seen.server.has_checksums,
            f"data_checksums = {'on' if seen.server.has_checksums else 'off'}",
        ),
        _kept(installation, seen),
        _asked(Group.DATA, "Mã hóa ổ đĩa, cất bản sao lưu ở nơi khác, diễn tập phục hồi", "Đơn vị vận hành ghi"),
    ]


def _sealed(seen: Seen, declared: Declaration) -> Measure:
    tables = {one.table for one in declared.held if one.form is Form.SEALED}
    readers = {
        table: {role for role, name, right in seen.rights if name == table and right == "SELECT"} for table in tables
    }
    open_ = sorted(table for table, roles in readers.items() if len(roles) != 1)
    evidence = f"{len(tables)} bảng liên hệ mã hóa, mỗi bảng một dịch vụ đọc được"
    name = "Liên hệ của người dân được mã hóa, chỉ dịch vụ phụ trách đọc được"
    return _is(Group.DATA, name, not open_, f"Nhiều dịch vụ đọc được: {', '.join(open_)}" if open_ else evidence)


def _checked(seen: Seen) -> Measure:
    """Each night: a chain that was not looked at for two days is one that nobody looks at."""
    is_fresh = seen.checked_at is not None and seen.as_of - seen.checked_at <= CHECKED_WITHIN
    told = f"{seen.broken_chains} chuỗi hỏng, kiểm lúc" if seen.checked_at else "Chưa kiểm lần nào"
    state = State.MET if is_fresh and not seen.broken_chains else State.UNMET
    return Measure(Group.DATA, "Chuỗi nhật ký được kiểm chứng hằng ngày, không hỏng", state, told, seen.checked_at)


def _backup(seen: Seen) -> Measure:
    """By the operator's command, or by the archive of the database's own log: whichever was later."""
    known = [
        (seen.backed_up_at, "Lệnh lantoa backup, lúc"),
        (seen.server.archived_at, "Lưu trữ nhật ký ghi của PostgreSQL, lúc"),
    ]
    made = sorted(
        (at, how) for at, how in known if at is not None and (at != seen.server.archived_at or seen.server.is_archived)
    )
    at, how = made[-1] if made else (None, "Chưa có lần nào")
    is_fresh = at is not None and seen.as_of - at <= BACKED_UP_WITHIN
    name = f"Sao lưu trong {BACKED_UP_WITHIN.days} ngày gần nhất"
    return Measure(Group.DATA, name, State.MET if is_fresh else State.UNMET, how, at)


def _kept(installation: Installation, seen: Seen) -> Measure:
    days, oldest = installation.contents_days, seen.oldest_content_at
    state = State.UNMET if is_kept_too_long(oldest, days, seen.as_of) else State.MET
    told = "Bài cũ nhất nhận lúc" if oldest else "Chưa có bài nào"
    return Measure(Group.DATA, f"Toàn văn thu nhận không giữ quá {days} ngày", state, told, oldest)


# --- management ---------------------------------------------------------------------------------------------


def _management() -> list[Measure]:
    by_the_city = (
        "Quy chế bảo đảm an toàn thông tin",
        "Bộ phận, người phụ trách an toàn thông tin",
        "Đào tạo, tuyên truyền cho cán bộ",
        "Kế hoạch ứng phó sự cố, diễn tập",
        "Kiểm tra, đánh giá định kỳ; quản lý rủi ro",
        "Phương án khi kết thúc vận hành, thanh lý, hủy bỏ",
    )
    return [_asked(Group.MANAGEMENT, name, "Chủ quản hệ thống ghi số, ngày văn bản") for name in by_the_city]
