"""The record of how the official channel was chosen, as a paper in the form of Nghị định 30/2020/NĐ-CP.

The scores are a table of criteria and channels, so that a record of many criteria still fits the page. A draft says
that it is one, and nobody's name stands under it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from libs.common.clock import HANOI
from libs.common.models.partners import ChoiceState
from libs.common.papers.content import (
    Block,
    Cell,
    Closing,
    Head,
    Heading,
    Note,
    Paper,
    Table,
    Text,
    words,
)
from libs.common.papers.docx import to_docx
from libs.common.papers.form import default_form

FORM = "HỒ SƠ"
STATES = {
    ChoiceState.DRAFT: "Bản thảo, chưa ký: chưa kênh nào là kênh chính thức theo hồ sơ này.",
    ChoiceState.SIGNED: "Đã ký, đang có hiệu lực.",
    ChoiceState.ENDED: "Đã kết thúc.",
}


def render(record: Mapping[str, Any], unit: str, now: datetime) -> bytes:
    """`record` as `choices.printed` tells it; the bytes of a DOCX."""
    return to_docx(paper_of(record, unit, now))


def paper_of(record: Mapping[str, Any], unit: str, now: datetime) -> Paper:
    signed = record["signed_at"]
    return Paper(
        form=default_form(),
        head=Head(
            authority=None,
            agency=unit,
            number=None,
            symbol="HS",
            place="Hà Nội",
            date=signed.astimezone(HANOI).date() if signed else None,
            type_name=FORM,
            subject=record["title"],
            year=now.astimezone(HANOI).year,
        ),
        blocks=tuple(_blocks(record)),
        closing=Closing(
            recipients=("Lưu: VT",),
            authority_line=None,
            position="NGƯỜI PHÁT NGÔN",
            signer=record["signatory"] if signed else None,
        ),
        footer=f"Hồ sơ {record['id']}, in lúc {_when(now)} (giờ Hà Nội).",
    )


def _blocks(record: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = [
        Heading(1, "I. KÊNH ĐƯỢC CHỌN"),
        Text(words(f"{record['channel_name']} là kênh được chọn.")),
        Text(words(f"Tình trạng: {STATES[ChoiceState(record['state'])]}")),
        Heading(1, "II. CÁC KÊNH ỨNG VIÊN"),
        _candidates(record),
        Heading(1, "III. TIÊU CHÍ VÀ ĐIỂM"),
        _scores(record),
        Note(record["method"]),
        Heading(1, "IV. QUYẾT ĐỊNH"),
        *(Text(words(part)) for part in record["decision"].split("\n") if part.strip()),
    ]
    if record["signed_at"]:
        blocks.append(Text(words(f"Người ký: {record['signatory']}, người phát ngôn, {_when(record['signed_at'])}.")))
    if record["ended_at"]:
        blocks.append(Text(words(f"Kết thúc lúc {_when(record['ended_at'])}. Lý do: {record['ended_reason']}")))
    return blocks


def _candidates(record: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (each["rank"], each["name"], each["address"], each["total"], each["note"]) for each in record["candidates"]
    ]
    return Table(("Thứ hạng", "Kênh", "Địa chỉ", "Tổng điểm", "Ghi chú"), tuple(rows), widths=(10, 25, 30, 13, 22))


def _scores(record: Mapping[str, Any]) -> Table:
    """A row for each criterion of each channel: as long as it has to be, and never wider than the page."""
    rows: list[tuple[Cell, ...]] = []
    for candidate in record["candidates"]:
        rows.append((words(f"{candidate['rank']}. {candidate['name']}", bold=True),))
        rows += [(each["name"], each["weight"], candidate["scores"][each["key"]]) for each in record["criteria"]]
    return Table(("Tiêu chí", "Trọng số", "Điểm (0-10)"), tuple(rows), widths=(60, 20, 20))


def _when(at: datetime) -> str:
    return f"{at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
