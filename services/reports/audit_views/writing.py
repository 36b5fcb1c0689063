"""What is in an export: the entries as JSON Lines and as CSV, the sealed days, what a check of them found, a guide."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from libs.common import models as m
from libs.common.audit import Break, Chain
from libs.common.clock import HANOI
from libs.common.models import AuditEntry
from services.reports.audit_views.acts import CLASSES, class_of, words_of
from services.reports.audit_views.checking import told

COLUMNS = (
    *("day", "service", "seq", "at", "at_local", "class", "act", "action", "actor_id", "object_type", "object_id"),
    *("facts", "id", "prev_hash", "hash"),
)


def entry_document(entry: AuditEntry) -> dict[str, Any]:
    """An entry with all that its hash is made of. `at` is UTC, ISO 8601."""
    return {
        "service": entry.service,
        "day": str(entry.day),
        "seq": entry.seq,
        "id": str(entry.id),
        "action": entry.action,
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
        "object_type": entry.object_type,
        "object_id": str(entry.object_id),
        "facts": entry.facts,
        "at": entry.at.isoformat(),
        "prev_hash": entry.prev_hash.hex(),
        "hash": entry.hash.hex(),
    }


class Sheets:
    """`entries.jsonl` and `entries.csv` in a folder, a row at a time."""

    def __init__(self, folder: Path) -> None:
        self._lines = (folder / "entries.jsonl").open("w", encoding="utf-8", newline="\n")
        self._table = (folder / "entries.csv").open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.DictWriter(self._table, COLUMNS)
        self._csv.writeheader()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._table.close()

    def write(self, entry: AuditEntry) -> None:
        document = entry_document(entry)
        facts = json.dumps(entry.facts, sort_keys=True, ensure_ascii=False)
        self._lines.write(json.dumps(document, ensure_ascii=False) + "\n")
        act = class_of(entry.action)
        more = {
            "facts": facts,
            "at_local": f"{entry.at.astimezone(HANOI):%d/%m/%Y %H:%M:%S}",
            "class": CLASSES[act] if act else "",
            "act": words_of(entry.action),
        }
        self._csv.writerow(document | more)


def days_document(days: Sequence[m.AuditDay]) -> list[dict[str, Any]]:
    """The sealed days, from which everything else in the export can be proved."""
    return [
        {
            "day": str(day.day),
            "chains": day.chains,
            "prev_digest": day.prev_digest.hex(),
            "digest": day.digest.hex(),
        }
        for day in days
    ]


def verification_document(export: m.AuditExport, entries: int, found: Sequence[Chain | Break]) -> dict[str, Any]:
    """What our own check found; whoever receives the export makes theirs."""
    chains = [each for each in found if isinstance(each, Chain)]
    breaks = [each for each in found if isinstance(each, Break)]
    return {
        "day_from": str(export.day_from),
        "day_to": str(export.day_to),
        "entries": entries,
        "is_sound": not breaks,
        "chains": [
            {"service": each.service, "day": str(each.day), "entries": each.entries, "root": each.root.hex()}
            for each in chains
        ],
        "breaks": [told(each) for each in breaks],
    }


def guide(export: m.AuditExport) -> str:
    return f"""TRÍCH XUẤT NHẬT KÝ KIỂM TOÁN LAN TỎA
Từ ngày {export.day_from:%d/%m/%Y} đến hết ngày {export.day_to:%d/%m/%Y} (giờ Hà Nội)

entries.jsonl      từng dòng nhật ký, đủ dữ liệu để tính lại mã băm
entries.csv        cùng các dòng đó, mở được bằng phần mềm bảng tính
days.json          các ngày đã niêm phong: mã băm cuối của từng chuỗi, nối tiếp ngày trước
verification.json  kết quả kiểm tra lúc trích xuất
SHA256SUMS         mã băm của từng tệp: sha256sum -c SHA256SUMS

Nhật ký chỉ có mã số, không có tên người và không có dữ liệu cá nhân của người dân.

Tự kiểm tra, không cần phần mềm Lan Tỏa (chỉ cần Python 3):
    python3 verify_audit.py TEP.zip
verify_audit.py nằm trong tài liệu của hệ thống (docs/examples); cách tính được mô tả trong chính tệp đó.
"""
