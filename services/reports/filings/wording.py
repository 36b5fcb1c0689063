"""The Vietnamese words of the filings. What only a lawyer or the city can say is left to them, and marked so."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from libs.common.personal_data import Form, Subject

SUBJECTS = {
    Subject.SENDER: "Người dân gửi phản ánh, ý kiến",
    Subject.READER: "Người đọc đăng ký nhận tin",
    Subject.OFFICIAL: "Cán bộ, cơ quan",
    Subject.MENTIONED: "Người được nhắc trong tin, bài",
}
FORMS = {
    Form.SEALED: "Mã hóa từng dòng",
    Form.KEYED_HASH: "Băm có khóa",
    Form.MASKED: "Đã che số liên hệ",
    Form.PLAIN: "Rõ, phân quyền đọc",
}
ENDPOINTS = {
    "web": "Trang công khai và giao diện lập trình",
    "database": "Cơ sở dữ liệu PostgreSQL",
    "nats": "Hàng đợi sự kiện NATS JetStream",
    "identity": "Hệ thống đăng nhập (nơi cấp mã truy cập)",
    "mail": "Máy chủ thư",
    "telemetry": "Nơi nhận số đo vận hành (OTLP)",
}
SERVICES = {
    "lantoa_ingest": "tiếp nhận",
    "lantoa_classify": "phân loại",
    "lantoa_publish": "đăng tin",
    "lantoa_reports": "báo cáo",
    "lantoa_relay": "chuyển sự kiện",
}


def readers(roles: Collection[str]) -> str:
    """The services that may read a table."""
    own = {role for role in SERVICES if role != "lantoa_relay"}
    return "mọi dịch vụ" if own <= set(roles) else ", ".join(name for role, name in SERVICES.items() if role in roles)


COMPONENTS = (
    ("ingest", "Đọc nguồn công khai, nhận phản ánh, che dữ liệu cá nhân trước khi lưu"),
    ("classify", "Gán nhãn, gom vụ việc, phát hiện tin sai, cảnh báo"),
    ("publish", "Soạn, duyệt hai người, đăng, gỡ, trả lời trên kênh chính thức; trang tin công khai"),
    ("reports", "Chốt số liệu, lập báo cáo, sổ minh bạch"),
    ("relay", "Chuyển sự kiện đã ghi từ cơ sở dữ liệu sang hàng đợi"),
)


class Abroad(StrEnum):
    YES = "Có"
    NO = "Không"
    CHECK = "cần đối chiếu"


@dataclass(frozen=True)
class Processor:
    """Who runs what a kind of channel posts to. What is not surely known is for the city's lawyer to say."""

    name: str
    abroad: Abroad


OWN = Processor("Hệ thống của thành phố", Abroad.NO)
PROCESSORS = {
    "facebook": Processor("Meta Platforms (Facebook)", Abroad.YES),
    "instagram": Processor("Meta Platforms (Instagram)", Abroad.YES),
    "threads": Processor("Meta Platforms (Threads)", Abroad.YES),
    "youtube": Processor("Google (YouTube)", Abroad.YES),
    "tiktok": Processor("TikTok", Abroad.YES),
    "telegram": Processor("Telegram", Abroad.YES),
    "bluesky": Processor("Bluesky", Abroad.YES),
    "mastodon": Processor("Máy chủ Mastodon đã chọn", Abroad.CHECK),
    "webpush": Processor("Dịch vụ đẩy thông báo của hãng trình duyệt", Abroad.YES),
    "zalo": Processor("Zalo", Abroad.NO),
    "lotus": Processor("Lotus", Abroad.NO),
    "gapo": Processor("Gapo", Abroad.NO),
    "email": Processor("Máy chủ thư đã chọn", Abroad.CHECK),
    "press": Processor("Cơ quan báo chí nhận tin", Abroad.CHECK),
    "manual": Processor("Kênh đăng bằng tay", Abroad.CHECK),
    "own_site": OWN,
}
