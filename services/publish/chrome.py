"""The bulletin's own words, in its two languages: what stands around a text, never the text itself."""

from dataclasses import dataclass
from datetime import datetime

from libs.common.clock import HANOI
from libs.common.web import vn_time

VI = {
    "skip": "Bỏ qua, đến nội dung chính",
    "main_menu": "Chính",
    "bulletin": "Bản tin",
    "feedback": "Gửi phản ánh",
    "register": "Minh bạch",
    "other_language": "English",
    "crumbs": "Vị trí trang",
    "back": "← Về bản tin",
    "urgent_heading": "Thông báo khẩn đang có hiệu lực",
    "rights_heading": "Liên quan trực tiếp đến quyền và nghĩa vụ của bạn",
    "rights": "Quyền và nghĩa vụ",
    "latest": "Tin mới",
    "no_other": "Hiện chưa có tin nào khác.",
    "none_yet": "Chưa có tin nào được đăng.",
    "withdrawn_heading": "Tin đã rút",
    "withdrawn_hint": "Những tin đã đăng rồi được rút, kèm lý do. Nội dung cũ không còn giá trị.",
    "withdrawn_item": "Tin đăng lúc {at} đã được rút",
    "withdrawn_at": "Rút lúc",
    "posted_at": "Đăng lúc",
    "withdrawn": "Đã rút",
    "withdrawn_title": "Tin này đã được rút",
    "withdrawn_page": "Tin đã được rút",
    "withdrawn_text": "{who} đã rút tin từng đăng tại địa chỉ này. Nội dung cũ không còn giá trị; xin đừng tiếp tục"
    " chia sẻ.",
    "reason": "Lý do:",
    "archive": "Tin các tháng",
    "month": "Tháng {month} năm {year}",
    "month_title": "Tin tháng {month} năm {year}",
    "count": "{count} tin",
    "urgent": "KHẨN",
    "correction": "Cải chính",
    "corrected": "Đã được cải chính",
    "ai": "Có sử dụng AI",
    "ai_heading": "Có sử dụng trí tuệ nhân tạo",
    "corrected_text": "Tin này đã được cải chính. Hãy đọc tin cải chính trước khi sử dụng.",
    "updated": "Đã có tin cập nhật",
    "updated_text": "Tin này đã có bản cập nhật. Hãy đọc bản mới trước khi sử dụng.",
    "taken_back": "Đã được thu hồi",
    "taken_back_text": "Kết luận trong tin này đã được thu hồi và không còn giá trị.",
    "its_correction": "Tin cải chính",
    "what_it_corrects": "Tin được cải chính",
    "corrects_item": "Tin này cải chính tin",
    "corrects_withdrawn": "một tin đã được rút",
    "source": "Nguồn",
    "source_of": "Nguồn: {credit}",
    "missing_title": "Không có trang này",
    "missing_text": "Địa chỉ có thể bị gõ sai, hoặc tin chưa được đăng.",
    "to_bulletin": "Về bản tin",
    "follow": "Theo dõi bản tin",
    "calendar": "Lịch hỏi ý kiến",
    "by_mail": "Nhận tin qua thư",
    "by_browser": "Nhận thông báo",
    "register_link": "Sổ minh bạch",
    "open_data": "Dữ liệu mở",
    "licence_before": "Lời văn của bản tin được dùng lại theo giấy phép",
    "licence_after": "với điều kiện ghi nguồn. Ảnh, video và lời trích của báo chí (tên bài, tối đa 300 ký tự và đường"
    " dẫn) thuộc về nguồn đã nêu.",
    "search": "Tìm trong bản tin",
    "search_words": "Từ cần tìm",
    "share": "Lời soạn sẵn để chia sẻ tin này",
    "search_button": "Tìm",
    "search_hint": "Gõ có dấu hoặc không dấu đều được.",
    "search_found": "{count} tin có “{asked}”",
    "search_more": "Hơn {count} tin có “{asked}”; đây là những tin mới nhất",
    "search_none": "Không có tin nào có “{asked}”. Xin thử bằng ít từ hơn.",
    "search_down": "Hiện chưa tìm được",
    "search_down_text": "Phần tìm kiếm đang tạm ngừng; các trang và tin của bản tin vẫn đọc được. Xin thử lại sau ít"
    " phút.",
    "too_many": "Có quá nhiều lượt tìm",
    "too_many_text": "Mạng của bạn vừa gửi rất nhiều lượt tìm. Xin thử lại sau; các trang của bản tin vẫn đọc được.",
    "in_other": "Tin này có bản tiếng Anh:",
    "only_vietnamese": "",
    "only_vietnamese_text": "",
}
EN = {
    "skip": "Skip to main content",
    "main_menu": "Main",
    "bulletin": "Bulletin",
    "feedback": "Send feedback",
    "register": "Transparency",
    "other_language": "Tiếng Việt",
    "crumbs": "Where you are",
    "back": "← Back to the bulletin",
    "urgent_heading": "Urgent notices in force",
    "rights_heading": "What directly affects your rights and duties",
    "rights": "Rights and duties",
    "latest": "Latest",
    "no_other": "Nothing else for now.",
    "none_yet": "Nothing has been published yet.",
    "withdrawn_heading": "Withdrawn",
    "withdrawn_hint": "What was published and then withdrawn, with the reason. The old text is no longer valid.",
    "withdrawn_item": "An item published {at} was withdrawn",
    "withdrawn_at": "Withdrawn",
    "posted_at": "Published",
    "withdrawn": "Withdrawn",
    "withdrawn_title": "This item was withdrawn",
    "withdrawn_page": "Withdrawn item",
    "withdrawn_text": "{who} has withdrawn what stood at this address. The old text is no longer valid; please do not"
    " share it any further.",
    "reason": "Reason:",
    "archive": "By month",
    "month": "{month}/{year}",
    "month_title": "Items of {month}/{year}",
    "count": "Items: {count}",
    "urgent": "URGENT",
    "correction": "Correction",
    "corrected": "Corrected since",
    "ai": "AI was used",
    "ai_heading": "Artificial intelligence was used",
    "corrected_text": "This item has been corrected. Please read the correction before you rely on it.",
    "updated": "Updated since",
    "updated_text": "There is an update of this item. Please read the newer one before you rely on this.",
    "taken_back": "Taken back",
    "taken_back_text": "The verdict in this item has been taken back and is no longer valid.",
    "its_correction": "The correction",
    "what_it_corrects": "What it corrects",
    "corrects_item": "This corrects",
    "corrects_withdrawn": "an item that was withdrawn",
    "source": "Source",
    "source_of": "Source: {credit}",
    "missing_title": "There is no such page",
    "missing_text": "The address may be mistyped, or the item is not published yet.",
    "to_bulletin": "To the bulletin",
    "follow": "Follow the bulletin",
    "calendar": "Calendar of consultations (in Vietnamese)",
    "by_mail": "By e-mail (in Vietnamese)",
    "by_browser": "Notifications (in Vietnamese)",
    "register_link": "Transparency register",
    "open_data": "Open data",
    "licence_before": "The bulletin's own text may be reused under the licence",
    "licence_after": "with attribution. Pictures, videos and quotations from the press (title, at most 300 characters"
    " and the link) belong to the source that is named.",
    "search": "Search the bulletin",
    "search_words": "Words to look for",
    "share": "Lời soạn sẵn để chia sẻ tin này (tiếng Việt)",
    "search_button": "Search",
    "search_hint": "With or without Vietnamese marks.",
    "search_found": "Items with “{asked}”: {count}",
    "search_more": "More than {count} items with “{asked}”; these are the newest",
    "search_none": "No item has “{asked}”. Try fewer words.",
    "search_down": "Search is not available now",
    "search_down_text": "Search is paused; the bulletin's pages can still be read. Please try again in some minutes.",
    "too_many": "Too many searches",
    "too_many_text": "Very many searches came from your network. Please try again later; the pages can still be read.",
    "in_other": "Vietnamese text:",
    "only_vietnamese": "In Vietnamese only",
    "only_vietnamese_text": "There is no English text of this item. It stands here in Vietnamese, as it was published.",
}


@dataclass(frozen=True)
class Edition:
    """The pages in one language of their own words; `prefix` stands before their addresses."""

    code: str
    prefix: str
    words: dict[str, str]

    @property
    def is_english(self) -> bool:
        return self.code == "en"

    def path(self, path: str) -> str:
        return (self.prefix + path).rstrip("/") or "/" if self.prefix else path

    def say(self, name: str, **told: object) -> str:
        return self.words[name].format(**told)

    def when(self, at: datetime) -> str:
        if not self.is_english:
            return vn_time(at)
        local = at.astimezone(HANOI)
        return f"{local:%H:%M}, {local.day} {MONTHS[local.month - 1]} {local.year}"


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
VIETNAMESE = Edition("vi", "", VI)
ENGLISH = Edition("en", "/en", EN)
EDITIONS = (VIETNAMESE, ENGLISH)
