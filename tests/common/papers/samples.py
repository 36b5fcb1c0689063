"""Papers as offices write them, and papers as nobody should have to read them."""

from datetime import date
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from libs.common.papers.content import (
    ABOVE,
    Annex,
    Block,
    Bullets,
    Closing,
    Emphasis,
    Head,
    Heading,
    Note,
    Paper,
    Picture,
    Run,
    Table,
    Text,
    words,
)
from libs.common.papers.form import default_form

PROSE = (
    "Trong tuần, các cơ quan báo chí và người dân quan tâm nhiều đến việc điều chỉnh giao thông trên tuyến đường Láng, "
    "lịch tiêm chủng cho trẻ em và thủ tục cấp đổi giấy tờ sau khi sắp xếp đơn vị hành chính. Sở đã trả lời 42 trên 45 "
    "phản ánh đúng hạn, đăng 18 tin trên các kênh chính thức và đính chính 02 thông tin sai sự thật."
)
FIGURES: tuple[Block, ...] = (
    Table(
        ("TT", "Nhóm nguồn", "Mục tin", "Nguồn có tin", "Tỷ lệ đúng hạn"),
        (
            (1, "Báo chí trung ương và Hà Nội", 12345, 48, "93,3 %"),
            (2, "Cổng thông tin phường, xã", 1018, 126, "100 %"),
            (3, "Phản ánh của người dân", None, 3, ""),
            (words("Tổng số", bold=True),),
            ("", "Cộng", 13363, 177, (Run("Quá hạn", emphasis=Emphasis.LATE),)),
        ),
        caption="Bảng 1. Tin đã thu nhận trong tuần",
    ),
    Note("Nguồn: contents, sources (tiếp nhận). Cách tính: số mục tin gặp lần đầu. Số liệu lúc 17:00 05/02/2026."),
)


def chart() -> Picture:
    image = Image.new("L", (1200, 500), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 20, 1180, 480), outline=0, width=3)
    draw.line([(40 + 10 * x, 440 - (x * 37) % 300) for x in range(110)], fill=60, width=5)
    stored = BytesIO()
    image.save(stored, "PNG")
    alt = "Đường số mục tin theo ngày: tăng từ 900 lên 2.400 rồi giảm"
    return Picture(stored.getvalue(), None, alt, "Hình 1. Số mục tin theo ngày trong tuần", 150)


def head(**more: Any) -> Head:
    told: dict[str, Any] = {
        "authority": "Ủy ban nhân dân thành phố Hà Nội",
        "agency": "Sở Văn hóa và Thể thao",
        "number": "5",
        "symbol": "BC-SVHTT",
        "place": "Hà Nội",
        "date": date(2026, 2, 5),
        "type_name": "BÁO CÁO",
        "subject": "Kết quả thông tin, tuyên truyền trên không gian mạng tuần 5 năm 2026",
    }
    return Head(**(told | more))


def closing(**more: Any) -> Closing:
    told: dict[str, Any] = {
        "recipients": ("Thường trực Thành ủy", "UBND Thành phố", "Các phường, xã", "Lưu: VT, TTBC (02)"),
        "authority_line": None,
        "position": "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC",
        "signer": "Nguyễn Văn An",
    }
    return Closing(**(told | more))


def paper(*blocks: Block, **more: Any) -> Paper:
    told: dict[str, Any] = {"form": default_form(), "head": head(), "blocks": blocks, "closing": closing()}
    return Paper(**(told | more))


def weekly() -> Paper:
    """Every kind of block, two annexes, the second across."""
    tasks = tuple(
        (
            at,
            f"Nhiệm vụ số {at}: tuyên truyền về chuyển đổi số, dịch vụ công",
            "Sở Thông tin",
            "Các phường",
            65 + at % 30,
        )
        for at in range(1, 60)
    )
    campaigns = (
        (1, "Dịch vụ công trực tuyến", "Lượt thích: 1.500", 1320),
        (ABOVE, ABOVE, "Tin đã đăng: 12", 12),
        (2, "An toàn giao thông", "Lượt xem: 20.000", None),
    )
    return paper(
        Heading(1, "I. TÌNH HÌNH CHUNG"),
        Text(words(PROSE)),
        Heading(2, "1. Tin đã thu nhận"),
        *FIGURES,
        Heading(3, "a) Việc cần làm ngay"),
        Bullets((words("Trả lời ba phản ánh đã quá hạn;"), (Run("Đính chính tin "), Run("sai sự thật", bold=True)))),
        Bullets((words("gửi báo chí"), words("đăng trên bản tin")), level=1),
        Bullets((words("Xem lại số liệu."), words("Ký và gửi.")), start=1),
        Heading(2, "2. Diễn biến"),
        chart(),
        Text(
            (Run("Theo "), Run("Báo Hà Nội mới", link="https://hanoimoi.vn/bai-viet"), Run(", số người quan tâm tăng."))
        ),
        Heading(1, "II. KIẾN NGHỊ"),
        *(Text(words(PROSE)) for _ in range(4)),
        annexes=(
            Annex(
                "I",
                "Danh sách nhiệm vụ được giao",
                (Table(("TT", "Nhiệm vụ", "Chủ trì", "Phối hợp", "Tiến độ"), tasks),),
            ),
            Annex(
                "II", "Chiến dịch và chỉ tiêu", (Table(("TT", "Chiến dịch", "Chỉ tiêu", "Đạt được"), campaigns),), True
            ),
        ),
        footer="Số liệu tính đến 17:00 ngày 05/02/2026 (giờ Hà Nội, UTC+7). Ô trống là chưa có số liệu.",
    )
