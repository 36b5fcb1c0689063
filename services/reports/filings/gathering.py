"""What the two files are filled from: one reading of the database beside the settings. No person, no secret."""

import platform
from datetime import datetime
from importlib.metadata import version

from libs.common import personal_data
from libs.common.label_names import SOURCE_KINDS
from libs.common.personal_data import Declaration, Held
from services.reports import labels
from services.reports.domain import is_kept_too_long, iso
from services.reports.filings import queries, wording
from services.reports.filings.installation import Installation
from services.reports.filings.measures import Group, Measure, Seen, measures
from services.reports.filings.queries import Right
from services.reports.filings.requests import city_unit, gather_requests
from services.reports.filings.wording import Abroad, Processor
from services.reports.kinds.base import Data, Gather

CATALOGUE = "pg_class, pg_relation_size"
ESTIMATED = "ước lượng theo thống kê của cơ sở dữ liệu; trống khi chưa thống kê"
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
        "unit_id": await city_unit(gather),
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
        "unit_id": await city_unit(gather),
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


async def _seen(gather: Gather, rights: set[Right]) -> Seen:
    session = gather.session
    since, _ = await queries.audit_span(session)
    check = await queries.last_check(session)
    return Seen(
        as_of=gather.as_of,
        server=await queries.server(session),
        rights=rights,
        guards=await queries.guards(session),
        backed_up_at=await queries.last_backup(session),
        oldest_content_at=(await queries.oldest_rows(session, ["contents"])).get("contents"),
        audited_since=since,
        checked_at=check.finished_at if check else None,
        broken_chains=check.broken if check else 0,
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


async def _held(gather: Gather, declared: Declaration, rights: set[Right]) -> Data:
    """`groups`: what is held of whom, how, what for, until when, how much. `tables`: who reads each, since when."""
    rows = await queries.rows_about(gather.session, declared.tables)
    readers = {name: {role for role, table, right in rights if (table, right) == (name, "SELECT")} for name in rows}
    readable = [name for name in declared.tables if READER in readers[name]]
    oldest = await queries.oldest_rows(gather.session, readable)
    return {
        "groups": [
            {
                "subject": name,
                "rows": [
                    _one_held(gather, one, rows[one.table], oldest.get(one.table))
                    for one in declared.held
                    if one.subject is subject
                ],
            }
            for subject, name in wording.SUBJECTS.items()
        ],
        "tables": [
            {
                "table": name,
                "readers": wording.readers(readers[name]),
                "is_hidden": name not in readable,
                "oldest_at": iso(oldest.get(name)),
            }
            for name in declared.tables
        ],
        "source": CATALOGUE,
        "formula": ESTIMATED,
    }


def _one_held(gather: Gather, one: Held, rows: int | None, oldest: datetime | None) -> Data:
    keep = keep_days(one, gather.installation)
    return {
        "table": one.table,
        "columns": list(one.columns),
        "what": one.what,
        "form": wording.FORMS[one.form],
        "purpose": one.purpose,
        "keep_days": keep,
        "ends": one.ends,
        "rows": gather.count(rows, CATALOGUE, ESTIMATED, "dòng"),
        "is_exceeded": one.keep == "contents_days" and is_kept_too_long(oldest, keep, gather.as_of),
    }


def keep_days(one: Held, installation: Installation) -> int | None:
    match one.keep:
        case "contents_days":
            return installation.contents_days
        case "keep_contact_days":
            return installation.clocks.limits.keep_contact_days
        case days:
            return days


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
    """Systems of others by what they are told, and agencies to which cases were handed over."""
    streams, hooks = await queries.subscribers(gather.session), await queries.webhooks(gather.session)
    servers = await queries.servers_of_transfers(gather.session)
    told = [(one.organisation, one.purpose, one.subjects, "NATS") for one in streams]
    told += [(one.organisation, one.purpose, one.events, "webhook") for one in hooks]
    formula = "số hệ thống bên ngoài đang được nhận sự kiện trong danh sách đóng"
    return {
        "systems": [
            {"organisation": organisation, "purpose": purpose, "events": list(events), "way": way}
            for organisation, purpose, events, way in told
        ],
        "count": gather.count(len(told), "event_subscribers, webhook_subscriptions", formula, "hệ thống"),
        "servers": [
            {
                "name": name,
                "cases": gather.count(cases, "case_transfers", "số phản ánh đã chuyển đi từ đầu", "phản ánh"),
            }
            for name, cases in servers.items()
        ],
    }


async def _sources(gather: Gather) -> list[Data]:
    names = {kind.value: name for kind, name in SOURCE_KINDS.items()}
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
    entries = gather.count(rows.get("audit_log"), CATALOGUE, ESTIMATED, "dòng")
    return {"first_at": iso(first), "last_at": iso(last), "entries": entries}
