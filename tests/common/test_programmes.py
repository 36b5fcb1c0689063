"""The file of a programme: the shipped ones, what a wrong one is told, and how a file enters the database."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.programme_file import (
    PROGRAMMES_DIR,
    ProgrammeFileError,
    parse_programme,
    read_programme,
)
from libs.common.programme_store import UnknownUnit, store_programme
from libs.common.seed import seed
from libs.common.testing.plugin import NOON

SMALL = """\
number: 9/KH
title: Kế hoạch thử
issued_on: 2026-02-01
period:
  from: 2026-02-01
  to: 2026-12-31
owner_unit: HN-VPUB
state: running
source: Thử nghiệm
sections:
  - number: I
    title: Phần một
    rows:
      - number: 1
        text: Việc một
        lead: Tổ một
        partners: [Tổ hai]
        period: Quý I
      - number: 2
        text: Việc hai
        lead: Tổ hai
        period: Quý II
"""


@pytest.mark.mission("M32")
def test_the_decision_is_shipped_as_far_as_its_text_goes() -> None:
    spec = read_programme(PROGRAMMES_DIR / "3550-qd-ubnd-2022.yaml")
    assert (spec.number, spec.issued_on, spec.state) == ("3550/QĐ-UBND", date(2022, 9, 29), "ended")
    assert not spec.is_fictional
    rows = {number: row for number, _, row in spec.numbered_rows()}
    assert list(rows) == ["I.1", "I.2", "I.3", "II.1"]
    assert rows["I.1"].text == (
        "Lan tỏa có trọng tâm, trọng điểm các tin, bài về các vấn đề chính trị, văn hóa, kinh tế, xã hội, an ninh, "
        "quốc phòng của Thủ đô trên các trang thông tin điện tử tổng hợp có lượng bạn đọc lớn."
    )
    assert rows["I.2"].text == (
        "Kịp thời đưa thông tin về hoạt động chỉ đạo, điều hành của lãnh đạo Thành ủy - Hội đồng nhân dân - Ủy ban "
        "nhân dân Thành phố, tuyên truyền các nhiệm vụ phát triển kinh tế, văn hóa - xã hội, quốc phòng, an ninh của "
        "Thành phố trên các nền tảng mạng xã hội."
    )
    assert rows["I.3"].text == (
        "Phát huy hiệu quả tuyên truyền trên các nền tảng mạng xã hội của các cơ quan, tổ chức thuộc Thành phố để lan "
        "tỏa thông tin tích cực."
    )
    assert {row.lead for number, row in rows.items() if number != "II.1"} == {"Sở Thông tin và Truyền thông"}
    assert {row.period for number, row in rows.items() if number != "II.1"} == {"Thường xuyên 2022-2025"}
    assert [len(row.partners) for row in rows.values()] == [2, 3, 3, 0]
    broken = rows["II.1"]
    assert (broken.source_state, broken.text, broken.lead, broken.period) == ("incomplete_in_source", None, None, None)


def test_the_other_shipped_programme_says_that_it_is_made_up() -> None:
    spec = read_programme(PROGRAMMES_DIR / "01-qd-hc.yaml")
    assert spec.is_fictional
    assert spec.state == "running"
    assert "hư cấu" in spec.title
    assert "hư cấu" in spec.source


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("title: Kế hoạch thử\n", ""), "dòng 1: title: thiếu mục này"),
        (("  to: 2026-12-31", "  to: 2025-12-31"), "dòng 4: period: thời gian kết thúc 2025-12-31 trước"),
        (("  to: 2026-12-31", "  to: 31/12/2026"), "dòng 6: period.to: ngày không hợp lệ"),
        (("state: running", "state: late"), "dòng 8: state: giá trị không có trong danh sách: 'draft', 'running' hoặc"),
        (("        lead: Tổ hai\n", ""), "dòng 2 thiếu lead; nếu nguồn không có thì ghi source_state"),
        (("      - number: 2", "      - number: 1"), "dòng I.1 có hai lần"),
        (("source: Thử nghiệm", "source: Thử nghiệm\nauthor: ai đó"), "dòng 10: author: mục lạ, không có trong mẫu"),
        (("title: Kế hoạch thử", "title: ''"), "dòng 2: title: không được để trống"),
        (("title: Kế hoạch thử", "title: [Kế hoạch"), "không phải YAML hợp lệ"),
    ],
)
def test_a_wrong_file_is_told_its_line_and_the_reason(change: tuple[str, str], told: str) -> None:
    assert change[0] in SMALL
    with pytest.raises(ProgrammeFileError) as refused:
        parse_programme(SMALL.replace(*change, 1))
    assert told in str(refused.value)


@pytest.mark.parametrize("text", ["", "42", "- một\n- hai"])
def test_a_file_that_is_no_programme_is_refused(text: str) -> None:
    with pytest.raises(ProgrammeFileError):
        parse_programme(text)


async def stored_rows(session: AsyncSession) -> dict[str, tuple[str | None, str]]:
    rows = await session.scalars(
        select(m.Assignment).join(m.Programme).where(m.Programme.number == "9/KH").order_by(m.Assignment.sort)
    )
    return {row.row_no: (row.text, row.state) for row in rows}


async def test_a_programme_that_is_there_is_left_alone_unless_told(session: AsyncSession) -> None:
    await seed(session, NOON)
    first = await store_programme(session, parse_programme(SMALL), now=NOON)
    done = await session.scalar(select(m.Assignment).where(m.Assignment.text == "Việc một"))
    assert done is not None
    done.state = "done"
    await session.flush()

    changed = parse_programme(SMALL.replace("Việc một", "Việc một, sửa").replace("number: 2", "number: 3"))
    assert (await store_programme(session, changed, now=NOON)).id == first.id
    assert await stored_rows(session) == {"I.1": ("Việc một", "done"), "I.2": ("Việc hai", "open")}

    session.expire_all()
    assert (await store_programme(session, changed, now=NOON, replace=True)).id == first.id
    session.expire_all()
    assert await stored_rows(session) == {"I.1": ("Việc một, sửa", "done"), "I.3": ("Việc hai", "open")}


@pytest.mark.mission("M35")
async def test_the_owner_must_be_a_unit_of_this_city(session: AsyncSession) -> None:
    await seed(session, NOON)
    with pytest.raises(UnknownUnit, match="HN-KHONG-CO"):
        await store_programme(session, parse_programme(SMALL.replace("HN-VPUB", "HN-KHONG-CO")), now=NOON)
    stored = await store_programme(session, parse_programme(SMALL), now=NOON)
    owner = await session.get(m.OrganizationUnit, stored.owner_unit_id)
    assert owner is not None
    assert owner.name == "Văn phòng Ủy ban nhân dân Thành phố Hà Nội"
