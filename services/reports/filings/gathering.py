"""What the two files are filled from: one reading of the database beside the settings. No person, no secret."""

import platform
from importlib.metadata import version

from libs.common import personal_data
from libs.common.personal_data import Declaration, Held
from services.reports import labels
from services.reports.domain import is_kept_too_long, iso
from services.reports.filings import queries, wording
from services.reports.filings.installation import Installation
from services.reports.filings.measures import Group, Measure, Seen, measures
from services.reports.filings.queries import Right
from services.reports.filings.requests import gather_requests
from services.reports.filings.wording import Abroad, Processor
from services.reports.kinds.base import Data, Gather

CATALOGUE = "pg_class, pg_relation_size"
READER = "lantoa_reports"
PACKAGES = ("lantoa", "fastapi", "uvicorn", "sqlalchemy", "asyncpg", "nats-py", "joserfc", "cryptography")
MANY = 10_000
"""From so many people on whose data is processed, a public system is of a higher level (Nghị định 85/2016/NĐ-CP)."""
COUNTED = ("people", "case_contacts", "mail_subscriptions", "push_subscriptions")
"""Tables of which a row is one person, or stands for one."""


async def gather_impact(gather: Gather) -> Data:
    """Of the assessment of personal data processing."""
    session, declared = gather.session, personal_data.load()
    rights = await queries.rights(session)
    seen = await _seen(gather, rights)
    return {
        "unit_id": await _unit_id(gather),
        "controller": {"agency": gather.installation.agency, "authority": gather.installation.authority},
        "held": await _held(gather, declared, rights),
        "officials": gather.count(
            len(personal_data.tables_of_who_acted()),
            "khai báo bảng dữ liệu",
            "số bảng ghi mã của cán bộ đã làm, duyệt, ký",
            "bảng",
        ),
        "roles": await _roles(gather),
        "recipients": await _recipients(gather),
        "sources": await _sources(gather),
        "channels": await _channels(gather),
        "measures": [
            _told(one) for one in measures(gather.installation, seen, declared) if one.group is not Group.MANAGEMENT
        ],
        "incidents": await _incidents(gather),
        "requests": await gather_requests(gather),
    }


async def gather_security(gather: Gather) -> Data:
    """Of the file that proposes a security level."""
    session, declared = gather.session, personal_data.load()
    rights = await queries.rights(session)
    seen = await _seen(gather, rights)
    found = measures(gather.installation, seen, declared)
    return {
        "unit_id": await _unit_id(gather),
        "operator": {"agency": gather.installation.agency, "authority": gather.installation.authority},
        "people": await _people(gather),
        "components": [{"name": name, "what": what} for name, what in wording.COMPONENTS],
        "endpoints": _endpoints(gather.installation),
        "versions": _versions(seen),
        "roles": await _roles(gather),
        "groups": [
            {"name": group.value, "measures": [_told(one) for one in found if one.group is group]} for group in Group
        ],
        "states": _states(gather, found),
        "backed_up_at": iso(seen.backed_up_at),
        "audit": await _audit(gather),
        "incidents": await _incidents(gather),
    }


async def _unit_id(gather: Gather) -> str | None:
    found = await queries.city_unit(gather.session)
    return str(found) if found else None


async def _seen(gather: Gather, rights: set[Right]) -> Seen:
    session = gather.session
    since, _ = await queries.audit_span(session)
    return Seen(
        as_of=gather.as_of,
        server=await queries.server(session),
        rights=rights,
        guards=await queries.guards(session),
        backed_up_at=await queries.last_backup(session),
        oldest_content_at=(await queries.oldest_rows(session, ["contents"])).get("contents"),
        audited_since=since,
    )


def _told(one: Measure) -> Data:
    return {
        "group": one.group.value,
        "name": one.name,
        "state": one.state.value,
        "evidence": one.evidence,
        "at": iso(one.at),
    }


# --- personal data ------------------------------------------------------------------------------------------


async def _held(gather: Gather, declared: Declaration, rights: set[Right]) -> list[Data]:
    """Each kind of data that is held: whose, how, what for, until when, how much, since when, who reads it."""
    rows = await queries.rows_about(gather.session, declared.tables)
    readable = {table for role, table, right in rights if role == READER and right == "SELECT"}
    oldest = await queries.oldest_rows(gather.session, [name for name in declared.tables if name in readable])
    days = {"contents_days": gather.installation.contents_days,
            "keep_contact_days": gather.installation.clocks.limits.keep_contact_days}  # fmt: skip
    formula = "ước lượng theo thống kê của cơ sở dữ liệu; trống khi chưa thống kê"

    def told(one: Held) -> Data:
        keep = days[one.keep] if isinstance(one.keep, str) else one.keep
        is_by_age = one.keep == "contents_days"
        return {
            "table": one.table,
            "columns": list(one.columns),
            "what": one.what,
            "subject": wording.SUBJECTS[one.subject],
            "form": wording.FORMS[one.form],
            "purpose": one.purpose,
            "keep_days": keep,
            "ends": one.ends,
            "rows": gather.count(rows.get(one.table), CATALOGUE, formula, "dòng"),
            "oldest_at": iso(oldest.get(one.table)),
            "is_exceeded": is_by_age and is_kept_too_long(oldest.get(one.table), keep, gather.as_of),
            "readers": sorted(
                wording.SERVICES[role] for role, table, right in rights if table == one.table and right == "SELECT"
            ),
            "is_hidden": one.table not in readable,
        }

    return [told(one) for one in declared.held]


async def _people(gather: Gather) -> Data:
    """About how many people's data there is; a level follows only where that is known."""
    rows = await queries.rows_about(gather.session, COUNTED)
    known = [count for count in rows.values() if count is not None]
    total = sum(known) if len(known) == len(COUNTED) else None
    formula = "tổng số dòng ước lượng của các bảng mà mỗi dòng là một người; trống khi có bảng chưa thống kê"
    return {
        "count": gather.count(total, ", ".join(COUNTED), formula, "người"),
        "threshold": MANY,
        "level": proposed_level(total),
    }


def proposed_level(people: int | None) -> int:
    """The higher one where nobody knows how many: a file must not ask for less than what may be needed."""
    return 2 if people is not None and people < MANY else 3


# --- who has access, who receives ---------------------------------------------------------------------------


async def _roles(gather: Gather) -> list[Data]:
    held = await queries.holders(gather.session, gather.as_of)
    formula = "số cán bộ đang hoạt động giữ vai trò này ở ít nhất một đơn vị, tại lúc chốt"
    return [
        {
            "role": role.value,
            "name": name,
            "people": gather.count(held[role.value], "role_grants, people", formula, "người"),
        }
        for role, name in labels.ROLES.items()
    ]


async def _recipients(gather: Gather) -> Data:
    found = await queries.subscribers(gather.session)
    servers = await queries.servers_of_transfers(gather.session)
    return {
        "systems": [
            {"organisation": one.organisation, "purpose": one.purpose, "subjects": list(one.subjects)} for one in found
        ],
        "count": gather.count(
            len(found), "event_subscribers", "số hệ thống đang được nhận sự kiện trong danh sách đóng", "hệ thống"
        ),
        "servers": [
            {
                "name": name,
                "cases": gather.count(cases, "case_transfers", "số phản ánh đã chuyển đi, kể từ đầu", "phản ánh"),
            }
            for name, cases in servers.items()
        ],
    }


async def _sources(gather: Gather) -> list[Data]:
    names = {kind.value: name for kind, name in labels.SOURCE_KINDS.items()}
    return [
        {
            "kind": kind,
            "name": names.get(kind, kind),
            "sources": gather.count(count, "sources", "số nguồn đang theo dõi", "nguồn"),
        }
        for kind, count in (await queries.active_sources(gather.session)).items()
    ]


async def _channels(gather: Gather) -> list[Data]:
    unknown = Processor("", Abroad.CHECK)
    rows = []
    for kind, count in (await queries.used_channels(gather.session)).items():
        run_by = wording.PROCESSORS.get(kind, unknown)
        channels = gather.count(count, "channels", "số tài khoản chính thức đang dùng", "kênh")
        rows.append(
            {"kind": kind, "processor": run_by.name or kind, "abroad": run_by.abroad.value, "channels": channels}
        )
    return rows


async def _incidents(gather: Gather) -> Data:
    found = await queries.incidents(gather.session, gather.period)
    return {
        "dead": gather.count(found["dead"], "dead_letters", "sự kiện nội bộ không xử lý được trong kỳ", "sự kiện"),
        "open": gather.count(
            found["open"], "dead_letters", "sự kiện như vậy chưa được xử lý lại, tại lúc chốt", "sự kiện"
        ),
        "watchdog": gather.count(found["watchdog"], "watchdog_alerts", "cảnh báo của bộ canh gác trong kỳ", "cảnh báo"),
    }


# --- the system ---------------------------------------------------------------------------------------------


def _endpoints(installation: Installation) -> list[Data]:
    return [
        {"code": one.code, "name": wording.ENDPOINTS[one.code], "address": one.address, "is_local": one.is_local}
        for one in installation.endpoints
    ]


def _versions(seen: Seen) -> list[Data]:
    told = [
        ("PostgreSQL", seen.server.version),
        ("Lược đồ dữ liệu", seen.server.schema),
        ("Python", platform.python_version()),
    ]
    return [{"name": name, "version": found} for name, found in [*told, *((one, version(one)) for one in PACKAGES)]]


def _states(gather: Gather, found: list[Measure]) -> list[Data]:
    counted = {state: sum(one.state is state for one in found) for state in dict.fromkeys(one.state for one in found)}
    return [
        {
            "state": state.value,
            "count": gather.count(number, "bảng biện pháp", "số biện pháp ở trạng thái này", "biện pháp"),
        }
        for state, number in counted.items()
    ]


async def _audit(gather: Gather) -> Data:
    first, last = await queries.audit_span(gather.session)
    rows = await queries.rows_about(gather.session, ["audit_log"])
    entries = gather.count(rows.get("audit_log"), CATALOGUE, "ước lượng theo thống kê của cơ sở dữ liệu", "dòng")
    return {"first_at": iso(first), "last_at": iso(last), "entries": entries}
