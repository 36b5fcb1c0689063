"""The Vietnamese names of labels and sources, as a heading of an alert, a report or a public page writes them."""

from libs.common.models import enums as e

FIELDS = {
    e.Field.GIAO_THONG: "Giao thông",
    e.Field.MOI_TRUONG: "Môi trường",
    e.Field.DAT_DAI_XAY_DUNG: "Đất đai, xây dựng",
    e.Field.DO_THI: "Hạ tầng đô thị",
    e.Field.Y_TE: "Y tế",
    e.Field.GIAO_DUC: "Giáo dục",
    e.Field.AN_SINH: "An sinh, lao động",
    e.Field.AN_NINH_TRAT_TU: "An ninh, quốc phòng, trật tự",
    e.Field.CHAY_NO: "Cháy nổ, cứu nạn",
    e.Field.THIEN_TAI: "Thời tiết, thiên tai",
    e.Field.HANH_CHINH: "Hành chính",
    e.Field.CHINH_TRI: "Chính trị, đối ngoại",
    e.Field.KINH_TE: "Kinh tế",
    e.Field.VAN_HOA_DU_LICH: "Văn hóa, du lịch",
    e.Field.THE_THAO: "Thể thao",
    e.Field.KHOA_HOC_CONG_NGHE: "Khoa học, công nghệ",
    e.Field.KHAC: "Khác",
}
KINDS = {
    e.TextKind.NEWS: "Tin tức",
    e.TextKind.ANNOUNCEMENT: "Thông báo",
    e.TextKind.QUESTION: "Câu hỏi",
    e.TextKind.REPORT_OF_PROBLEM: "Phản ánh sự việc",
    e.TextKind.COMPLAINT: "Khiếu nại, phàn nàn",
    e.TextKind.CRITICISM: "Phê bình, góp ý",
    e.TextKind.OPINION: "Ý kiến",
    e.TextKind.PRAISE: "Khen ngợi",
    e.TextKind.ADVERT: "Quảng cáo",
    e.TextKind.SCAM_SUSPECT: "Nghi lừa đảo",
    e.TextKind.OTHER: "Khác",
}
GROUPS = {
    e.SourceGroup.PRESS: "Báo chí",
    e.SourceGroup.PORTAL: "Cổng, trang thông tin cơ quan nhà nước",
    e.SourceGroup.AGGREGATOR: "Trang tin tổng hợp",
    e.SourceGroup.FORUM: "Diễn đàn",
    e.SourceGroup.OFFICIAL: "Kênh chính thức của thành phố",
    e.SourceGroup.CITIZEN: "Người dân gửi đến",
}
SOURCE_KINDS = {
    e.SourceKind.FEED: "Nguồn cấp tin (RSS, Atom)",
    e.SourceKind.SITEMAP: "Sơ đồ trang",
    e.SourceKind.PAGE: "Trang công khai",
    e.SourceKind.PUSH: "Gửi qua giao diện lập trình",
    e.SourceKind.OPEN311: "Hệ thống phản ánh khác (Open311)",
    e.SourceKind.FORM: "Biểu mẫu công khai",
    e.SourceKind.CONVERSATION: "Bình luận trên kênh của thành phố",
    e.SourceKind.MAIL: "Hộp thư tiếp nhận",
    e.SourceKind.IMPORT: "Bảng nhập từ hệ thống khác",
    e.SourceKind.YOUTUBE: "Kênh YouTube công khai",
    e.SourceKind.FACEBOOK_PAGE: "Trang Facebook công khai",
}


def within(name: str) -> str:
    """The name as it stands within a sentence."""
    return name[:1].lower() + name[1:]
