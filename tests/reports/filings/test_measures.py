"""A measure is met where what runs says so, and not where it does not; what nobody can see is left to be looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common import personal_data
from libs.common.settings import MailSettings
from services.reports.filings.gathering import keep_days, proposed_level
from services.reports.filings.installation import Endpoint, Installation, installation_of
from services.reports.filings.measures import (
    AUDIT,
    FIREWALL,
    GRANTED,
    TWO_PEOPLE,
    Group,
    Seen,
    State,
    declared_rights,
    measures,
)
from services.reports.filings.queries import Server
from services.reports.filings.wording import ENDPOINTS, PROCESSORS, SERVICES, readers
from services.reports.settings import ReportsSettings

pytestmark = pytest.mark.mission("M37")
NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
DECLARED = personal_data.load()
SERVER = Server("18.1", True, "scram-sha-256", True, False, None, False, "0034")
SEEN = Seen(
    as_of=NOW,
    server=SERVER,
    rights=declared_rights(),
    guards=TWO_PEOPLE | GRANTED | FIREWALL | AUDIT,
    backed_up_at=NOW - timedelta(days=1),
    oldest_content_at=NOW - timedelta(days=89),
    audited_since=NOW - timedelta(days=400),
    checked_at=NOW - timedelta(hours=20),
    broken_chains=0,
)
TOLD: dict[str, Any] = {
    "db": {"url": "postgresql+asyncpg://lantoa_reports:bí-mật@db.example.vn/lantoa"},
    "nats": {"url": "tls://nats.example.vn:4222", "token": "mã-bí-mật"},
    "auth": {"issuer": "https://id.example.vn/realms/city"},
    "files": {"root": "/tmp"},
    "public_url": "https://tin.example.vn",
    "mail": {"host": "mail.example.vn", "sender": "tin@example.vn", "username": "tin", "password": "mat-khau-thu"},
    "telemetry": {"otlp_endpoint": "http://collector.inside:4318"},
}


def settings(**changed: Any) -> ReportsSettings:
    return ReportsSettings.model_validate(TOLD | changed)


@pytest.fixture(scope="module")
def installation() -> Installation:
    return installation_of(settings())


def unmet(installation: Installation, seen: Seen) -> set[str]:
    return {one.name for one in measures(installation, seen, DECLARED) if one.state is State.UNMET}


def test_addresses_are_those_of_the_settings_and_no_secret_is_among_them(installation: Installation) -> None:
    assert {one.code: one.address for one in installation.endpoints} == {
        "web": "tin.example.vn",
        "database": "db.example.vn:5432/lantoa",
        "nats": "nats.example.vn:4222",
        "identity": "id.example.vn",
        "mail": "mail.example.vn:587",
        "telemetry": "collector.inside:4318",
    }
    assert not any(secret in repr(installation) for secret in ("bí-mật", "mat-khau-thu", "lantoa_reports"))
    assert installation.has_provider
    assert {one.code for one in installation.endpoints} == set(ENDPOINTS)


def test_what_is_not_set_is_no_address() -> None:
    found = installation_of(settings(mail=MailSettings(), telemetry={}, auth={"issuer": "lantoa", "jwks_file": "/k"}))
    assert {one.code for one in found.endpoints} == {"web", "database", "nats"}
    assert not found.has_provider


def test_an_open_line_is_met_within_one_machine_alone(installation: Installation) -> None:
    assert unmet(installation, SEEN) == {f"Đường truyền: {ENDPOINTS['telemetry']}"}
    near = replace(installation, endpoints=(Endpoint("nats", "127.0.0.1:4222", False, True),))
    assert unmet(near, SEEN) == set()
    far = replace(installation, endpoints=(Endpoint("database", "db:5432/lantoa", None, False),))
    in_the_open = replace(SEEN, server=SERVER._replace(is_encrypted=False))
    assert unmet(far, SEEN) == set()
    assert unmet(far, in_the_open) == {f"Đường truyền: {ENDPOINTS['database']}"}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"server": SERVER._replace(hashing="md5")}, "Mật khẩu của cơ sở dữ liệu được băm an toàn"),
        ({"server": SERVER._replace(is_superuser=True)}, "Dịch vụ không chạy bằng tài khoản quản trị cơ sở dữ liệu"),
        ({"server": SERVER._replace(has_checksums=False)}, "Phát hiện hỏng trang dữ liệu"),
        ({"guards": SEEN.guards - GRANTED}, "Vai trò do người khác là quản trị trao, có lý do"),
        ({"guards": SEEN.guards - {("approvals", "two_people")}}, "Không tin, bài nào được đăng mà không có hai người"),
        ({"guards": SEEN.guards - FIREWALL}, "Phê bình, ý kiến không vào được hàng chờ rủi ro pháp lý"),
        ({"guards": SEEN.guards - AUDIT}, "Nhật ký kiểm toán chỉ thêm, nối chuỗi băm, mỗi dịch vụ một chuỗi"),
        (
            {"rights": SEEN.rights | {("lantoa_relay", "contents", "DELETE")}},
            "Mỗi dịch vụ chỉ có quyền đã khai trên dữ liệu",
        ),
        ({"oldest_content_at": NOW - timedelta(days=91)}, "Toàn văn thu nhận không giữ quá 90 ngày"),
        ({"backed_up_at": None}, "Sao lưu trong 7 ngày gần nhất"),
        ({"backed_up_at": NOW - timedelta(days=8)}, "Sao lưu trong 7 ngày gần nhất"),
        ({"checked_at": None}, "Chuỗi nhật ký được kiểm chứng hằng ngày, không hỏng"),
        ({"checked_at": NOW - timedelta(days=3)}, "Chuỗi nhật ký được kiểm chứng hằng ngày, không hỏng"),
        ({"broken_chains": 1}, "Chuỗi nhật ký được kiểm chứng hằng ngày, không hỏng"),
    ],
)
def test_each_lack_is_told_by_its_own_measure(installation: Installation, changed: dict[str, Any], name: str) -> None:
    quiet = replace(installation, endpoints=())
    assert unmet(quiet, SEEN) == set()
    assert unmet(quiet, replace(SEEN, **changed)) == {name}


def test_a_second_reader_of_sealed_contacts_is_told_twice(installation: Installation) -> None:
    """As a right beyond what is declared, and as contacts that are not for one service alone."""
    seen = replace(SEEN, rights=SEEN.rights | {("lantoa_reports", "case_contacts", "SELECT")})
    told = {one.name: one.evidence for one in measures(installation, seen, DECLARED) if one.state is State.UNMET}
    assert "Nhiều dịch vụ đọc được: case_contacts" in told.values()
    assert "Thừa 1 quyền: lantoa_reports SELECT case_contacts" in told.values()


def test_an_archive_of_the_databases_own_log_is_a_backup_while_it_is_on(installation: Installation) -> None:
    name = "Sao lưu trong 7 ngày gần nhất"
    for is_on, wanted in ((True, State.MET), (False, State.UNMET)):
        server = SERVER._replace(is_archived=is_on, archived_at=NOW - timedelta(minutes=5))
        found = measures(installation, replace(SEEN, backed_up_at=None, server=server), DECLARED)
        assert next(one.state for one in found if one.name == name) is wanted


def test_what_only_the_city_knows_is_never_called_met(installation: Installation) -> None:
    found = measures(installation, SEEN, DECLARED)
    assert {one.state for one in found if one.group is Group.MANAGEMENT} == {State.CHECK}
    assert {one.group for one in found} == set(Group)
    assert len({one.name for one in found}) == len(found)


@pytest.mark.parametrize(("people", "level"), [(None, 3), (10_000, 3), (9_999, 2), (0, 2)])
def test_a_level_is_not_proposed_lower_for_want_of_figures(people: int | None, level: int) -> None:
    assert proposed_level(people) == level


def test_days_come_from_the_settings_where_these_say(installation: Installation) -> None:
    days = {one.table: keep_days(one, installation) for one in DECLARED.held}
    kept = (days["contents"], days["case_contacts"], days["reply_addresses"], days["people"])
    assert kept == (90, 60, 30, None)


def test_every_kind_of_channel_has_somebody_who_runs_it() -> None:
    from services.publish.adapters import CHANNELS

    assert set(CHANNELS.names()) == set(PROCESSORS)


def test_readers_are_named_by_what_they_do() -> None:
    assert readers({"lantoa_ingest"}) == "tiếp nhận"
    assert readers(set(SERVICES) - {"lantoa_relay"}) == "mọi dịch vụ"
    assert readers(set()) == ""
