"""What a run shows at its end: a short table of what happened, and the addresses to look at."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from libs.common.local.addresses import SERVICES
from libs.common.local.day import Found
from libs.common.local.paths import checkout
from libs.common.local.people import DESKS
from libs.common.local.sources import Source, catalogue_lines, clock_words, is_resting, sources_table
from libs.common.local.topology import Setup
from libs.common.verdicts import LABELS

_NAME_WIDTH = 20
_OF_COURSE = {"seen_at", "read", "url", "id", "uri"}
STATES = {
    "published": "đã đăng, đã thấy",
    "accepted": "nền tảng đã nhận",
    "rejected": "bị từ chối",
    "unknown": "chưa rõ, đang đối chiếu",
    "auth_required": "cần kết nối lại",
    "manual": "chờ người làm",
}
PROGRESS = {"open": "chưa bắt đầu", "in_progress": "đang làm", "done": "xong"}


def show_day(screen: Console, found: Found) -> None:
    screen.print()
    screen.print(_title(found), soft_wrap=True)
    _lines(screen, _rows(found))
    _show_programme(screen, found.programme)
    show_sources(screen, found.catalogue, datetime.now(UTC))
    for problem in found.problems:
        screen.print(f"[bold red]✗[/] {escape(problem)}")


def _show_programme(screen: Console, programme: dict[str, Any] | None) -> None:
    """The annex's own rows and how far each is. What nobody reported is blank, not 0."""
    if programme is None:
        return
    table = Table(title=f"Tiến độ {escape(programme['number'])}", title_justify="left")
    for column in ("Stt", "Nội dung", "Chủ trì", "Hạn", "Tiến độ", "Minh chứng"):
        justify: Literal["left", "right"] = "right" if column == "Minh chứng" else "left"
        table.add_column(column, overflow="fold", justify=justify, min_width=30 if column == "Nội dung" else None)
    for row in programme["rows"]:
        percent = "" if row["percent"] is None else f", {row['percent']}%"
        late = "[red] (quá hạn)[/]" if row["is_overdue"] else ""
        state = f"{PROGRESS[row['state']]}{percent}{late}"
        told = (row["row_no"], row["text"] or "(nguồn không ghi đủ)", row["lead"] or "")
        due = f"{date.fromisoformat(row['due_on']):%d/%m/%Y}"
        table.add_row(*map(escape, told), due, state, str(row["evidence_count"]))
    screen.print()
    screen.print(table)
    _lines(screen, [("Bảng tiến độ", _short(programme["file"]))])


def show_sources(screen: Console, sources: Sequence[Source], now: datetime) -> None:
    """Those that are read, one by one; the rest of the catalogue by group."""
    if not sources:
        return
    read = [one for one in sources if not is_resting(one)]
    screen.print()
    screen.print(sources_table(read, now, title=f"Nguồn tin lúc {clock_words(now)}"))
    rows = catalogue_lines(sources)
    _lines(screen, [*rows, ("Xem liên tục", ".venv/bin/lantoa sources list --watch 5   (--all: cả danh mục)")])


def _title(found: Found) -> str:
    mark = " [yellow](hư cấu)[/]" if found.fictional else ""
    return f"[bold]{escape(found.title)}[/]{mark} · {found.seconds:.0f} giây"


def _rows(found: Found) -> list[tuple[str, str]]:
    counts = found.counts
    rows = [("Nguồn", f"{found.sources} nguồn, {len(found.source_errors)} lỗi; {found.pushed} phản ánh được đẩy vào")]
    rows += [("", f"[yellow]{escape(name)}: {escape(why)}[/]") for name, why in list(found.source_errors.items())[:5]]
    if counts:
        rows += [
            ("Tin", f"{counts['contents']} tin, {counts['annotations']} đã phân loại"),
            ("Câu chuyện", f"{counts['stories']}, trong đó {counts['shared_stories']} có từ hai nguồn"),
            ("Phản ánh", f"{counts['feedback_cases']} vụ việc mở cho đơn vị trả lời"),
            ("Cần xem xét pháp lý", f"{counts['legal_risk']} gợi ý chờ người quyết định"),
        ]
        if counts["dead_letters"]:
            rows.append(("Sự kiện kẹt", f"[red]{counts['dead_letters']}[/] (lantoa deadletters list)"))
    if found.story:
        story = found.story
        rows.append(("Được đưa nhiều nhất", f"{escape(story['title'])} ({story['sources']} nguồn)"))
        rows += [("", f"[dim]{escape(one['title'])} · {escape(one['source'])}[/]") for one in story["contents"][:4]]
    rows += [*_claim_rows(found.claim), *_alert_rows(found.alert), *_publication_rows(found)]
    if found.brief:
        rows.append(("Tin nhanh", escape(found.brief["title"])))
        rows += [("", _short(file)) for file in found.brief["files"].values()]
    return rows


def _claim_rows(claim: dict[str, Any] | None) -> list[tuple[str, str]]:
    if claim is None:
        return []
    rows = [("Tin đồn", f"{escape(claim['text'])} → [red]{LABELS[claim['verdict']].lower()}[/]")]
    states = {"confirmed": "đã xác nhận là nhắc lại", "suggested": "gợi ý, chờ người xem", "rejected": "không phải"}
    for one in claim["matches"][:4]:
        rows.append(("", f"[dim]{states[one['state']]}: {escape(one['title'] or '')} ({one['score']:.2f})[/]"))
    return rows


def _alert_rows(alert: dict[str, Any] | None) -> list[tuple[str, str]]:
    return [] if alert is None else [("Cảnh báo", f"[yellow]{escape(alert['title'])}[/]")]


def _publication_rows(found: Found) -> list[tuple[str, str]]:
    rows = [] if found.publication is None else [*_deliveries(found.publication), *_figures(found.publication)]
    rows += [] if found.film is None else _deliveries(found.film)
    return rows if found.correction is None else [*rows, *_correction_rows(found.correction)]


def _correction_rows(correction: dict[str, Any]) -> list[tuple[str, str]]:
    """That it is everywhere, how soon, and where it can be read."""
    there = [one for one in correction["deliveries"] if one["state"] == "published"]
    rows = [("Cải chính", f"{escape(correction['title'])}, biên tập và hai người duyệt")]
    seconds = correction["timing"]["seconds_to_all_channels"]
    span = "" if seconds is None else f"{seconds / 60:.0f} phút" if seconds >= 120 else f"{seconds:.0f} giây"
    soon = f", {span} sau khi tin đồn xuất hiện" if span else ""
    rows.append(("", f"{len(there)} trên {len(correction['deliveries'])} kênh đã đăng, đã thấy{soon}"))
    return rows + [("", one["platform_url"]) for one in there if one["kind"] == "own_site"]


def _deliveries(publication: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("Bài của thành phố", f"{escape(publication['title'])}, hai người duyệt")]
    for one in publication["deliveries"]:
        state = STATES.get(one["state"], one["state"])
        rows.append((f"  {one['channel']}", f"{state} {one['platform_url'] or escape(one['error'] or '')}"))
        if one["platform_id"]:
            rows.append(("", f"[dim]mã {escape(one['platform_id'])} · {escape(_proof(one['proof'] or {}))}[/]"))
    return rows


def _figures(publication: dict[str, Any]) -> list[tuple[str, str]]:
    """What each channel said of its post; what it did not say is not shown as 0."""
    names = {one["id"]: one["channel"] for one in publication["deliveries"]}
    told: dict[str, list[str]] = {}
    for each in publication["engagement"]:
        if each["value"] is not None:
            told.setdefault(names[each["delivery_id"]], []).append(f"{each['metric']} {each['value']}")
    rows = [f"{escape(name)}: {', '.join(figures)}" for name, figures in told.items()] or ["chưa có số liệu"]
    return [("  Tương tác" if row == rows[0] else "", row) for row in rows]


def _proof(proof: dict[str, Any]) -> str:
    """How it was seen, in one line: what was read and when."""
    told = ", ".join(f"{name}={str(value)[:24]}" for name, value in sorted(proof.items()) if name not in _OF_COURSE)
    at = str(proof.get("seen_at", ""))[11:19]
    return f"đọc lại lúc {at} UTC" + (f": {told}" if told else "")


def _short(file: str) -> str:
    """Relative where it is inside the checkout."""
    path = Path(file)
    return str(path.relative_to(checkout())) if path.is_relative_to(checkout()) else file


def show_addresses(screen: Console, setup: Setup, *, live: bool = False) -> None:
    origin, sandbox = setup.addresses.origin, setup.addresses.sandbox
    rows = [
        ("Bản tin công khai", f"{origin}/"),
        ("Gửi phản ánh", f"{origin}/gui-phan-anh"),
        ("Sổ minh bạch", f"{origin}/minh-bach"),
        ("Dữ liệu mở", f"{origin}/du-lieu-mo"),
    ]
    rows += [(f"API {service}", f"{origin}/api/{service}/v1/docs") for service in SERVICES]
    if not live:
        rows += [("Sân tập các nền tảng", f"{sandbox}/"), ("Quầy báo phát lại", f"{sandbox}/press/")]
    rows.append(("Mã truy cập thử", f".venv/bin/lantoa token --as {next(iter(DESKS))}   ({', '.join(DESKS)})"))
    rows.append(("Nhật ký", str(setup.paths.logs)))
    screen.print()
    _lines(screen, rows)
    screen.print()


def _lines(screen: Console, rows: list[tuple[str, str]]) -> None:
    """Unwrapped, so that an address can be copied from any terminal or log."""
    width = max(_NAME_WIDTH, *(len(name) for name, _ in rows))
    for name, words in rows:
        screen.print(f"[bold]{name:<{width}}[/]  {words}", soft_wrap=True)
