"""Changes of the register as an Atom feed, in words that say what was and what is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from libs.common.clock import HANOI
from libs.common.label_names import GROUPS, SOURCE_KINDS
from libs.common.models import RegisterChange
from libs.common.models.enums import SourceState
from libs.common.models.open_data import RegisterSubject as S
from libs.common.web import Site
from libs.common.web.atom import Head, Item, atom
from services.reports import labels
from services.reports.open_data import changes as told
from services.reports.open_data.catalogue import PAGE
from services.reports.open_data.datasets import DATASETS

REGISTER = "/minh-bach"
OWN = f"{REGISTER}/thay-doi.atom"
ENTRIES = 100
READ = 1000
"""Changes that are read for them: those of data sets stand together, by day."""
KEPT = {"contents": "toàn văn bài viết thu nhận", "outbox": "sự kiện nội bộ"}
LISTS = {one.code: one for one in labels.CLASSES}
Words = tuple[str, Sequence[str]]
"""Title, and sentences."""


def feed(site: Site, changes: Sequence[RegisterChange], now: datetime) -> bytes:
    """`changes`: newest first."""
    items = [_item(site, together) for together in told.by_day(changes)][:ENTRIES]
    head = Head(
        f"Thay đổi của sổ minh bạch: {site.name}",
        "Nguồn, nhãn phân loại, mô hình, hạn lưu giữ và dữ liệu mở thay đổi khi nào và ra sao.",
        REGISTER,
        OWN,
    )
    return atom(site, head, items, [], max((item.updated_at for item in items), default=now))


def _item(site: Site, changes: Sequence[RegisterChange]) -> Item:
    """`changes`: one, or the versions of data sets of one day; the first recorded names the entry for good."""
    first = min(changes, key=lambda change: change.id)
    title, sentences = _words(changes)
    html = Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)
    return Item(
        id=first.id.urn,
        url=site.url(PAGE if first.subject == S.DATASET else REGISTER),
        title=title,
        summary=" ".join(sentences),
        html=str(html),
        author=site.publisher,
        language="vi",
        published_at=first.at,
        updated_at=max(change.at for change in changes),
        tags=(first.subject,),
    )


def _words(changes: Sequence[RegisterChange]) -> Words:
    one = changes[0]
    match S(one.subject):
        case S.OPENED:
            return "Sổ minh bạch được mở", ["Từ nay mỗi thay đổi của sổ được báo ở đây."]
        case S.SOURCE:
            return _source(one.before, one.after)
        case S.CLASSES:
            return _classes(one.key, one.before or {}, one.after or {})
        case S.MODEL:
            return _model(one.before, one.after)
        case S.RETENTION:
            return _retention(one.key, one.before, one.after)
        case S.DATASET:
            return _datasets(changes)


def _source(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Words:
    if after is None:
        return f"Thôi theo dõi nguồn: {(before or {}).get('name')}", ["Nguồn này không còn trong sổ."]
    what = f"{GROUPS[after['group']]}; {SOURCE_KINDS[after['kind']]}."
    state = labels.SOURCE_STATES[after["state"]].lower()
    if before is None:
        return f"Thêm nguồn: {after['name']}", [what, f"Trạng thái: {state}."]
    if before["state"] != after["state"]:
        was = labels.SOURCE_STATES[before["state"]].lower()
        verb = "Theo dõi lại" if after["state"] == SourceState.ACTIVE else "Ngừng theo dõi"
        return f"{verb} nguồn: {after['name']}", [what, f"Trạng thái trước: {was}; nay: {state}."]
    return f"Sửa thông tin nguồn: {after['name']}", [f"Tên trước: {before['name']}.", what]


def _classes(code: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Words:
    was, now = before.get("members", []), after.get("members", [])
    known = LISTS.get(code)
    names = {str(member): name for member, name in known.members} if known else {}
    sentences = [
        f"{verb}: {', '.join(names.get(member, member) for member in found)}."
        for verb, found in (
            ("Thêm", [member for member in now if member not in was]),
            ("Bỏ", [member for member in was if member not in now]),
        )
        if found
    ]
    return f"Danh sách nhãn thay đổi: {known.name if known else code}", sentences or ["Thứ tự các nhãn thay đổi."]


def _model(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Words:
    if after is None:
        return "Mô hình gán nhãn không còn được dùng", [f"Phiên bản trước: {(before or {}).get('version')}."]
    sentences = [f"Sai số đo được của phiên bản {after['version']}: {_measured(after)}."]
    if before is not None:
        sentences.append(f"Của phiên bản trước, {before['version']}: {_measured(before)}.")
    return f"Mô hình gán nhãn mới: phiên bản {after['version']}", sentences


def _measured(state: Mapping[str, Any]) -> str:
    """Of the first text on which it was measured: the frozen ones where there are some."""
    measures = state["measures"]
    shown = [one for one in measures if one["measured_on"] == measures[0]["measured_on"]]
    words = [f"{one['head']}, {one['measure']} {_decimal(one['value'])}" for one in shown if "sai" in one["measure"]]
    return f"{'; '.join(words)} ({measures[0]['measured_on']})" if words else "thẻ mô hình không ghi"


def _decimal(value: float) -> str:
    return f"{value:.1%}".replace(".", ",")


def _retention(key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Words:
    was, now = (f"{one['days']} ngày" if one else "không đặt hạn" for one in (before, after))
    return f"Hạn lưu giữ thay đổi: {KEPT.get(key, key)}", [f"Trước: {was}; nay: {now}."]


def _datasets(changes: Sequence[RegisterChange]) -> Words:
    day = changes[0].at.astimezone(HANOI)
    names = {name: DATASETS.get(name).title for name in DATASETS.names()}
    new = [names.get(one.key, one.key) for one in changes if one.after is not None and one.before is None]
    again = [names.get(one.key, one.key) for one in changes if one.after is not None and one.before is not None]
    sentences = [
        f"{verb}: {'; '.join(sorted(found))}." for verb, found in (("Bộ mới", new), ("Có bản mới", again)) if found
    ]
    return f"Dữ liệu mở ngày {day:%d/%m/%Y}", sentences
