"""What an alert says, in words for the person on duty: what, how unusual, since when, and what can be done next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.label_names import FIELDS, GROUPS, KINDS, SOURCE_KINDS, within
from libs.common.models.alerts import AlertHold, AlertKind, AlertSeverity
from libs.common.models.catalogue import SourceHealth
from libs.common.models.enums import Field, SourceGroup, SourceKind, TextKind
from libs.common.models.trends import Dimension

if TYPE_CHECKING:
    from services.classify.alerts.raising import Candidate

API = "/api/classify/v1"
LONGEST_TITLE = 300
SHOWN = 40
"""Alerts of one letter; the rest is counted."""

_HEALTHS = {
    SourceHealth.SILENT: "im lặng",
    SourceHealth.FAILING: "không trả lời",
    SourceHealth.BLOCKED: "chặn chúng ta",
    SourceHealth.BROKEN: "không còn đọc được",
}
SEVERITY_NAMES = {
    AlertSeverity.NOTICE: "Lưu ý",
    AlertSeverity.WARNING: "Cảnh báo",
    AlertSeverity.URGENT: "KHẨN",
}
_QUIET, _STILL_OPEN = "Giữ lại trong giờ yên lặng:", "Còn mở khi hết thời gian tắt tiếng:"
_ENDED_IN_A_MUTE = "Đã kết thúc trong lúc tắt tiếng:"
_DIMENSIONS = {
    Dimension.ALL: "Tổng số nội dung",
    Dimension.FIELD: "Lĩnh vực",
    Dimension.STORY: "Câu chuyện",
    Dimension.PLACE: "Địa bàn",
    Dimension.SOURCE_KIND: "Loại nguồn",
    Dimension.SOURCE_GROUP: "Nhóm nguồn",
}


@dataclass(frozen=True)
class Said:
    title: str
    what: str
    unusual: str
    next: list[str]
    links: list[str] = field(default_factory=list)


def say(rule: m.AlertRule, one: "Candidate", place: str | None, before: int) -> Said:
    """The words of a new alert. No verdict of a claim is among them, and nothing of who wrote anything."""
    said = _say(AlertKind(rule.kind), one, place, before)
    return Said(said.title[:LONGEST_TITLE], said.what, said.unusual, said.next, said.links)


def _say(kind: AlertKind, one: "Candidate", place: str | None, before: int) -> Said:
    facts = one.facts
    match kind:
        case AlertKind.THRESHOLD:
            return _threshold(one, facts, place, before)
        case AlertKind.FIRST_APPEARANCE:
            return _appearance(one, facts, place)
        case AlertKind.BURST:
            return _burst(one, facts, place)
        case AlertKind.CLAIM_SEEN:
            return _claim(one, facts, before)
        case AlertKind.SOURCE_QUIET:
            return _source(facts)
        case AlertKind.SAVED_QUERY:
            return _saved_query(one, facts, before)


def _threshold(one: "Candidate", facts: Mapping[str, Any], place: str | None, before: int) -> Said:
    span = spoken(timedelta(minutes=facts["window_minutes"]))
    counted = _kinds(facts.get("kinds", []))
    about = _about(one.field, place) or facts.get("story") or facts.get("group") or "toàn thành phố"
    return Said(
        f"{one.count} {counted} trong {span}: {about}",
        f"Trong {span} có {one.count} {counted} ({about}), ngưỡng đặt là {facts['threshold']}.",
        f"Đã có {before} lần như vậy trong sổ cảnh báo." if before else "Lần đầu vượt ngưỡng này.",
        ["Đọc các nội dung bên dưới xem có chung một nguyên nhân không.", "Báo đơn vị phụ trách nếu cần trả lời."],
        [f"{API}/stories/{one.story_id}"] if one.story_id else [],
    )


def _appearance(one: "Candidate", facts: Mapping[str, Any], place: str | None) -> Said:
    about = f"cụm từ “{facts['phrase']}”" if facts.get("phrase") else _about(one.field, place)
    last = f"lần trước vào {at_hanoi(facts['seen_before'])}" if facts.get("seen_before") else "chưa từng thấy trong sổ"
    return Said(
        f"Lần đầu trong {facts['days']} ngày: {about}",
        f"Xuất hiện {about}.",
        f"Lần đầu trong {facts['days']} ngày ({last}).",
        ["Đọc nội dung bên dưới để biết đây là việc mới hay chỉ là cách nói."],
    )


def _burst(one: "Candidate", facts: Mapping[str, Any], place: str | None) -> Said:
    dimension = Dimension(facts["dimension"])
    name = _about(one.field, place) or facts.get("story") or _source_named(dimension, facts.get("key") or "")
    label = f"{_DIMENSIONS[dimension]} {name}".strip()
    rare = f"; mức này khoảng {facts['once_in_weeks']:.0f} tuần mới có một lần" if facts.get("once_in_weeks") else ""
    span = spoken(timedelta(minutes=facts["window_minutes"]))
    return Said(
        f"Tăng bất thường: {label}",
        f"Trong {span} có {one.count} nội dung, thường ngày khoảng {facts['expected']:.1f}.",
        f"Cao hơn nhịp thường {facts['surprise']:.1f} lần độ dao động{rare}.",
        ["Xem câu chuyện nào kéo số lượng lên.", "Chuẩn bị thông tin chính thức nếu người dân đang cần."],
        [f"{API}/stories/{one.story_id}"] if one.story_id else [],
    )


def _claim(one: "Candidate", facts: Mapping[str, Any], before: int) -> Said:
    sure = "đã có người xác nhận" if facts["is_confirmed"] else "máy gợi ý, chưa có người xác nhận"
    return Said(
        f"Tuyên bố đã kiểm chứng lại xuất hiện: “{facts['claim'][:200]}”",
        f"{one.count} nội dung có thể đang nhắc lại tuyên bố này ({sure}).",
        f"Đã có {before} đợt trước." if before else "Đợt đầu từ khi kiểm chứng.",
        ["Xác nhận hoặc bác từng liên hệ.", "Nhắc lại bản đính chính nếu tin đang lan."],
        [f"{API}/matches?claim_id={facts['claim_id']}"],
    )


def _source(facts: Mapping[str, Any]) -> Said:
    name, health = facts["name"], SourceHealth(facts["health"])
    return Said(
        f"Nguồn “{name}”: {_HEALTHS.get(health, health.value)}",
        facts.get("reason") or f"Nguồn “{name}” {_HEALTHS.get(health, health.value)}.",
        "Theo nhịp riêng của chính nguồn này.",
        ["Mở trang của nguồn xem còn đăng bài không.", "Sửa cách đọc hoặc tạm dừng nguồn nếu trang đã đổi."],
        [f"/api/ingest/v1/sources/{facts['source_id']}"],
    )


def _saved_query(one: "Candidate", facts: Mapping[str, Any], before: int) -> Said:
    return Said(
        f"Truy vấn “{facts['name']}” có {one.count} kết quả mới",
        f"{one.count} nội dung mới khớp với truy vấn đã lưu “{facts['name']}”.",
        f"Đã có {before} đợt trước." if before else "Đợt đầu.",
        ["Đọc các nội dung bên dưới."],
        [f"{API}/saved-queries/{facts['query_id']}"],
    )


def _about(field_code: str | None, place: str | None) -> str:
    name = within(FIELDS[Field(field_code)]) if field_code else None
    return ", ".join(part for part in (place, name) if part)


def _source_named(dimension: Dimension, key: str) -> str:
    if dimension is Dimension.SOURCE_GROUP and key in set(SourceGroup):
        return within(GROUPS[SourceGroup(key)])
    if dimension is Dimension.SOURCE_KIND and key in set(SourceKind):
        return within(SOURCE_KINDS[SourceKind(key)])
    return key


def _kinds(kinds: Sequence[str]) -> str:
    return ", ".join(within(KINDS[TextKind(kind)]) for kind in kinds) or "nội dung"


def at_hanoi(at: datetime) -> str:
    return at.astimezone(HANOI).strftime("%H:%M %d/%m/%Y")


def spoken(span: timedelta) -> str:
    """`45 phút`, `2 giờ`, `2 giờ 5 phút`."""
    hours, minutes = divmod(int(span.total_seconds() // 60), 60)
    said = ([f"{hours} giờ"] if hours else []) + ([f"{minutes} phút"] if minutes or not hours else [])
    return " ".join(said)


# --- letters -------------------------------------------------------------------------------------------------


def subject_of(alerts: Sequence[m.Alert], level: int) -> str:
    gravest = max((AlertSeverity(one.severity) for one in alerts), key=list(AlertSeverity).index)
    head = SEVERITY_NAMES[gravest] if level == 0 else f"{SEVERITY_NAMES[gravest]}, nhắc lần {level}"
    first = next((one for one in alerts if one.ended_at is None), alerts[0])
    if all(one.ended_at for one in alerts):
        head += ", đã kết thúc"
    said = first.title if len(alerts) == 1 else f"{len(alerts)} cảnh báo, trước hết: {first.title}"
    return f"{head}: {said}"[:LONGEST_TITLE]


def body_of(alerts: Sequence[m.Alert], rules: Mapping[Any, m.AlertRule], level: int, hold: str | None) -> str:
    parts: list[str] = []
    left = SHOWN
    for opening, some in _sections(alerts, level, hold):
        shown = some[:left]
        left -= len(shown)
        if shown:
            parts += [*([opening] if opening else []), *(_part(one, rules[one.rule_id].name) for one in shown)]
    more = [f"… và {len(alerts) - SHOWN} cảnh báo nữa."] if len(alerts) > SHOWN else []
    return "\n\n".join([*parts, *more])


def _sections(alerts: Sequence[m.Alert], level: int, hold: str | None) -> list[tuple[str, Sequence[m.Alert]]]:
    """What is said together, under its heading; after a mute what goes on first, then what ended meanwhile."""
    if level:
        return [("Chưa có ai nhận cảnh báo này:", alerts)]
    if hold == AlertHold.MUTE:
        on = [one for one in alerts if one.ended_at is None]
        return [(_STILL_OPEN, on), (_ENDED_IN_A_MUTE, [one for one in alerts if one.ended_at is not None])]
    return [(_QUIET if hold == AlertHold.QUIET else "", alerts)]


def _part(alert: m.Alert, rule: str) -> str:
    why = alert.why
    over = f"; đã hết lúc {at_hanoi(alert.ended_at)}" if alert.ended_at else ""
    lines = [
        f"{SEVERITY_NAMES[AlertSeverity(alert.severity)]}: {alert.title}",
        f"- Việc gì: {why['what']}",
        f"- Từ {at_hanoi(alert.first_at)}, đến nay {alert.count} lượt, gần nhất {at_hanoi(alert.last_at)}{over}.",
        f"- Bất thường: {why['unusual']}",
        *(f"- Nội dung: {one['title'][:LONGEST_TITLE]}" for one in why["contents"]),
        *(f"- Có thể làm: {step}" for step in why["next"]),
        f"- Quy tắc: {rule}. Xem và nhận: {API}/alerts/{alert.id}",
    ]
    return "\n".join(lines)
