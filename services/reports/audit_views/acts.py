"""Every act of the audit log: which of the four questions it answers, and how it is said. The one place that says so;
a test reads the acts out of the code and finds each one here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ActClass(StrEnum):
    SAW = "saw"
    """What is restricted was read, or taken out of the house to be read."""
    CHANGED = "changed"
    APPROVED = "approved"
    """A person answered for it: approved, confirmed, decided, signed, refused."""
    SENT = "sent"
    """It left the house, or was called back from outside."""


CLASSES: Mapping[ActClass, str] = {
    ActClass.SAW: "Đã xem",
    ActClass.CHANGED: "Đã thay đổi",
    ActClass.APPROVED: "Đã duyệt",
    ActClass.SENT: "Đã gửi",
}


@dataclass(frozen=True)
class Act:
    kind: ActClass
    words: str


_SAW = {
    "feedback.contact_read": "Xem thông tin liên hệ của người phản ánh",
    "legal_case.read": "Xem báo cáo về vụ việc có dấu hiệu rủi ro pháp lý",
    "legal_case.handed_over": "Tải hồ sơ chuyển giao vụ việc",
    "audit_log.read": "Đọc nhật ký kiểm toán",
    "audit_export.taken": "Tải bản trích xuất nhật ký",
}
_CHANGED = {
    # what is collected
    "source.created": "Thêm nguồn tin",
    "source.changed": "Sửa nguồn tin",
    "source.retired": "Ngừng theo dõi nguồn tin",
    "source.moved": "Ghi nhận nguồn tin đổi địa chỉ",
    "source.gone": "Ghi nhận nguồn tin không còn",
    "websub.subscribed": "Bắt đầu nhận tin đẩy của nguồn",
    "websub.left": "Thôi nhận tin đẩy của nguồn",
    "websub.denied": "Bị nguồn từ chối đẩy tin",
    "import.finished": "Nạp xong một tệp nội dung",
    # feedback
    "feedback.opened": "Tiếp nhận phản ánh",
    "feedback.accepted": "Thụ lý phản ánh",
    "feedback.started": "Bắt đầu xử lý phản ánh",
    "feedback.merged": "Gộp phản ánh",
    "feedback.reopened": "Mở lại phản ánh",
    "feedback.relabelled": "Đổi loại phản ánh",
    "feedback.relabelling_proposed": "Đề nghị đổi loại phản ánh",
    "feedback.urgency_changed": "Đổi mức khẩn của phản ánh",
    "feedback.solved_told": "Ghi lời người phản ánh về kết quả",
    "feedback.closed": "Đóng phản ánh",
    "feedback.erased": "Xóa dữ liệu cá nhân trong phản ánh",
    "feedback.heard": "Nhận tin từ hệ thống đã nhận chuyển phản ánh",
    "feedback.transfer_queued": "Xếp hàng chuyển phản ánh sang hệ thống khác",
    "feedback.transfer_armed": "Sắp gửi phản ánh sang hệ thống khác",
    "feedback.transfer_unknown": "Chưa rõ hệ thống khác đã nhận phản ánh chưa",
    "feedback.transfer_undecided": "Chờ người kiểm tra việc chuyển phản ánh",
    "feedback.transfer_failed": "Không chuyển được phản ánh sang hệ thống khác",
    "feedback.transfer_done": "Hệ thống khác báo đã xử lý xong phản ánh",
    "data_request.asked": "Nhận yêu cầu về dữ liệu cá nhân",
    # labels, stories, claims
    "label.proposed": "Đề nghị đổi nhãn",
    "label.changed": "Đổi nhãn nội dung",
    "label.corrected": "Sửa nhãn của máy",
    "model.label_again": "Yêu cầu gán nhãn lại",
    "places.corrected": "Sửa địa danh của nội dung",
    "place_alias.proposed": "Đề nghị tên gọi khác của địa danh",
    "place_alias.ended": "Thôi dùng tên gọi khác của địa danh",
    "story.must": "Gộp câu chuyện",
    "story.cannot": "Tách câu chuyện",
    "story.must_undone": "Bỏ lệnh gộp câu chuyện",
    "story.cannot_undone": "Bỏ lệnh tách câu chuyện",
    "claim.created": "Mở tuyên bố cần kiểm chứng",
    "claim.open": "Mở lại tuyên bố",
    "claim.closed": "Đóng tuyên bố",
    "claim_match.suggested": "Gợi ý nội dung nhắc lại tuyên bố",
    "claim_match.risk_suggested": "Gợi ý rủi ro pháp lý từ tuyên bố",
    "claims.imported": "Nạp tuyên bố từ tệp",
    "legal_risk.suggested": "Gợi ý vụ việc có dấu hiệu rủi ro pháp lý",
    "legal_risk.released": "Đưa vụ việc ra khỏi hàng chờ pháp lý",
    "saved_query.created": "Lưu truy vấn theo dõi",
    "saved_query.renewed": "Gia hạn truy vấn theo dõi",
    "saved_query.ended": "Dừng truy vấn theo dõi",
    "saved_query.expired": "Truy vấn theo dõi hết hạn",
    "alert_rule.created": "Thêm quy tắc cảnh báo",
    "alert_rule.changed": "Sửa quy tắc cảnh báo",
    "alert_rule.removed": "Xóa quy tắc cảnh báo",
    "alert_rule.muted": "Tắt tiếng quy tắc cảnh báo",
    "alert_rule.unmuted": "Bật lại quy tắc cảnh báo",
    "alert.acknowledged": "Nhận cảnh báo",
    "alert.resolved": "Kết thúc cảnh báo",
    # publishing
    "person.registered": "Thêm người dùng",
    "person.changed": "Sửa người dùng",
    "duty.added": "Thêm ca trực",
    "duty.changed": "Sửa ca trực",
    "duty.removed": "Xóa ca trực",
    "channel.registered": "Thêm kênh",
    "channel.reconnected": "Kết nối lại kênh",
    "channel-choice.written": "Soạn lựa chọn kênh",
    "channel-choice.ended": "Kết thúc lựa chọn kênh",
    "plan.created": "Lập kế hoạch",
    "plan.changed": "Sửa kế hoạch",
    "plan.moved": "Chuyển trạng thái kế hoạch",
    "plan.deleted": "Xóa kế hoạch",
    "theme.created": "Thêm chủ đề",
    "theme.changed": "Sửa chủ đề",
    "theme.deleted": "Xóa chủ đề",
    "campaign.created": "Lập chiến dịch",
    "campaign.changed": "Sửa chiến dịch",
    "campaign.moved": "Chuyển trạng thái chiến dịch",
    "campaign.deleted": "Xóa chiến dịch",
    "calendar_feed.opened": "Mở lịch chia sẻ",
    "calendar_feed.renewed": "Đổi địa chỉ lịch chia sẻ",
    "calendar_feed.revoked": "Thu hồi lịch chia sẻ",
    "publication.created": "Soạn bài",
    "publication.edited": "Sửa bài",
    "publication.submitted": "Trình duyệt bài",
    "publication.rescheduled": "Đổi giờ đăng",
    "publication.campaign_set": "Gắn bài vào chiến dịch",
    "publication.links-checked": "Kiểm tra liên kết của bài",
    "publication.draft": "Đưa bài về bản nháp",
    "publication.in_review": "Đưa bài vào chờ duyệt",
    "publication.killed": "Bỏ bài",
    "publication.failed": "Ghi nhận bài không đăng được",
    "medium.added": "Thêm tệp hình ảnh, âm thanh",
    "medium.changed": "Sửa thông tin tệp",
    "medium.archived": "Cất tệp vào lưu trữ",
    "medium.restored": "Lấy tệp ra khỏi lưu trữ",
    "translation.proposed": "Đề xuất bản dịch",
    "translation.taken_back": "Rút bản dịch",
    "task.done": "Hoàn thành việc được giao",
    "task.moot": "Việc được giao không còn cần",
    "takedown.closed": "Kết thúc việc gỡ bài",
    "agenda.imported": "Nạp lịch sự kiện",
    "agenda_calendar.added": "Thêm lịch theo dõi",
    "agenda_calendar.changed": "Sửa lịch theo dõi",
    "agenda_event.drafted": "Soạn bài từ sự kiện",
    "agenda_event.linked": "Gắn bài với sự kiện",
    "agenda_event.unlinked": "Bỏ gắn bài với sự kiện",
    "agenda_kind.written": "Ghi loại sự kiện",
    "comment.assigned": "Giao bình luận",
    "comment.taken_over": "Nhận xử lý bình luận",
    "comment.closed": "Đóng bình luận",
    "comment.reopened": "Mở lại bình luận",
    "comment.escalated": "Chuyển bình luận thành phản ánh",
    "comment.reply_written": "Soạn câu trả lời bình luận",
    "comment.reply_cancelled": "Hủy câu trả lời bình luận",
    "house_rule.written": "Soạn quy tắc bình luận",
    "house_rule.retired": "Thôi áp dụng quy tắc bình luận",
    "consultation.written": "Soạn đợt lấy ý kiến",
    "consultation.changed": "Sửa đợt lấy ý kiến",
    "consultation.dropped": "Bỏ đợt lấy ý kiến",
    "consultation.closed": "Kết thúc đợt lấy ý kiến",
    "playbook.written": "Soạn kịch bản ứng phó",
    "playbook.rewritten": "Sửa kịch bản ứng phó",
    "situation.opened": "Mở tình huống",
    "situation.closed": "Đóng tình huống",
    "partner.added": "Thêm đối tác",
    "partner.measured": "Ghi số liệu đối tác",
    "partner.dropped": "Loại đối tác",
    "partner-selection.opened": "Mở đợt chọn đối tác",
    "partner-selection.ended": "Kết thúc đợt chọn đối tác",
    "subscriber.added": "Thêm hệ thống nhận sự kiện",
    "subscriber.revoked": "Thu hồi hệ thống nhận sự kiện",
    # reports
    "programme.imported": "Nạp chương trình",
    "programme.state_set": "Đổi trạng thái chương trình",
    "assignment.progress": "Báo cáo tiến độ nhiệm vụ",
    "assignment.rules_set": "Đặt quy tắc minh chứng",
    "assignment.evidence_linked": "Gắn minh chứng",
    "assignment.evidence_taken_off": "Gỡ minh chứng",
    "report.made": "Lập báo cáo",
    "report.edited": "Sửa báo cáo",
    "report.bounced": "Ghi nhận báo cáo gửi không tới",
    "report.not_arrived": "Ghi nhận nơi nhận báo chưa có báo cáo",
    "report_schedule.made": "Lập lịch gửi báo cáo",
    "report_schedule.changed": "Sửa lịch gửi báo cáo",
    "report_recipient.added": "Thêm nơi nhận báo cáo",
    "report_recipient.changed": "Sửa nơi nhận báo cáo",
    "report_recipient.removed": "Bỏ nơi nhận báo cáo",
    "report_recipient.cleared": "Cho gửi lại tới nơi nhận báo cáo",
    "backup.made": "Sao lưu hệ thống",
    "audit_export.requested": "Yêu cầu trích xuất nhật ký",
}
_APPROVED = {
    "feedback.rejected": "Từ chối phản ánh",
    "feedback.relabelling_confirmed": "Đồng ý đổi loại phản ánh",
    "feedback.relabelling_refused": "Không đồng ý đổi loại phản ánh",
    "data_request.fulfilled": "Đáp ứng yêu cầu về dữ liệu cá nhân",
    "data_request.refused": "Từ chối yêu cầu về dữ liệu cá nhân",
    "label.rejected": "Không đồng ý đổi nhãn",
    "place_alias.confirmed": "Đồng ý tên gọi khác của địa danh",
    "place_alias.refused": "Không đồng ý tên gọi khác của địa danh",
    "claim.verdict": "Kết luận tuyên bố",
    "claim.checked": "Ghi tuyên bố đã kiểm chứng",
    "claim_match.confirmed": "Xác nhận nội dung nhắc lại tuyên bố",
    "claim_match.rejected": "Bác nội dung nhắc lại tuyên bố",
    "legal_risk.referred": "Quyết định chuyển vụ việc",
    "legal_risk.dismissed": "Quyết định bỏ qua gợi ý vụ việc",
    "role.granted": "Cấp vai trò",
    "role.revoked": "Thu hồi vai trò",
    "channel-choice.signed": "Ký lựa chọn kênh",
    "publication.approved": "Duyệt bài",
    "translation.confirmed": "Xác nhận bản dịch",
    "house_rule.in_force": "Cho áp dụng quy tắc bình luận",
    "partner.conflict-checked": "Kiểm tra xung đột lợi ích của đối tác",
    "partner.consented": "Ghi đồng ý của đối tác",
    "partner.consent-withdrawn": "Ghi việc đối tác rút đồng ý",
    "partner.selected": "Chọn đối tác",
    "partner-selection.decided": "Quyết định đợt chọn đối tác",
    "pause.begun": "Quyết định tạm dừng đăng tin",
    "pause.resumption_agreed": "Đồng ý cho đăng tin trở lại",
    "pause.ended": "Cho đăng tin trở lại",
    "syndication.declined": "Từ chối đăng lại bài",
    "report.signed": "Ký báo cáo",
    "report.confirmed": "Xác nhận báo cáo đã tới nơi nhận",
    "report.voided": "Tuyên bố báo cáo không còn giá trị",
    "audit_export.signed": "Ký xác nhận bản trích xuất nhật ký",
}
_SENT = {
    "feedback.forwarded": "Chuyển phản ánh cho đơn vị",
    "feedback.passed_on": "Chuyển phản ánh sang hệ thống khác",
    "feedback.answered": "Trả lời phản ánh",
    "feedback.asked": "Hỏi thêm người phản ánh",
    "feedback.transfer_sent": "Đã gửi phản ánh sang hệ thống khác",
    "claim.published": "Công bố kết luận tuyên bố",
    "publication.scheduled": "Hẹn giờ đăng bài",
    "publication.publishing": "Bắt đầu đăng bài",
    "publication.published": "Đăng bài",
    "publication.partly_published": "Đăng bài trên một phần các kênh",
    "publication.corrected": "Đính chính bài",
    "publication.withdrawn": "Rút bài",
    "takedown.opened": "Yêu cầu gỡ bài trên các kênh",
    "takedown.retried": "Yêu cầu gỡ lại",
    "comment.reply_told": "Gửi câu trả lời bình luận",
    "comment.hide_asked": "Yêu cầu nền tảng ẩn bình luận",
    "comment.show_asked": "Yêu cầu nền tảng hiện bình luận",
    "consultation.opened": "Công bố đợt lấy ý kiến",
    "partner-kit.given": "Gửi bộ tài liệu cho đối tác",
    "partner-kit.revoked": "Thu hồi bộ tài liệu của đối tác",
    "partner-kit.acknowledged": "Đối tác xác nhận đã nhận tài liệu",
    "partner-kit.posted": "Đối tác báo đã đăng",
    "syndication.offered": "Gửi bài cho đơn vị đăng lại",
    "report.sent": "Gửi báo cáo",
    "report.sent_again": "Gửi lại báo cáo",
}

ACTS: Mapping[str, Act] = {
    action: Act(kind, words)
    for kind, told in (
        (ActClass.SAW, _SAW),
        (ActClass.CHANGED, _CHANGED),
        (ActClass.APPROVED, _APPROVED),
        (ActClass.SENT, _SENT),
    )
    for action, words in told.items()
}


def actions_of(kind: ActClass) -> list[str]:
    return [action for action, act in ACTS.items() if act.kind is kind]


def words_of(action: str) -> str:
    """How an act is said; one that an older or newer release wrote and this one does not know is told by its code."""
    return ACTS[action].words if action in ACTS else action


def class_of(action: str) -> ActClass | None:
    return ACTS[action].kind if action in ACTS else None


OBJECTS: Mapping[str, str] = {
    "agenda_calendar": "Lịch theo dõi",
    "agenda_event": "Sự kiện",
    "agenda_import": "Lần nạp lịch",
    "agenda_kind": "Loại sự kiện",
    "alert": "Cảnh báo",
    "alert_rule": "Quy tắc cảnh báo",
    "assignment": "Nhiệm vụ",
    "audit_export": "Bản trích xuất nhật ký",
    "audit_log": "Nhật ký kiểm toán",
    "backup": "Bản sao lưu",
    "calendar_feed": "Lịch chia sẻ",
    "campaign": "Chiến dịch",
    "case_transfer": "Lần chuyển phản ánh",
    "channel": "Kênh",
    "channel_choice": "Lựa chọn kênh",
    "claim": "Tuyên bố",
    "comment": "Bình luận",
    "consultation": "Đợt lấy ý kiến",
    "content": "Nội dung",
    "data_request": "Yêu cầu về dữ liệu cá nhân",
    "duty_roster": "Ca trực",
    "event_subscriber": "Hệ thống nhận sự kiện",
    "feedback_case": "Phản ánh",
    "house_rule": "Quy tắc bình luận",
    "import": "Lần nạp tuyên bố",
    "legal_risk_case": "Vụ việc",
    "medium": "Tệp hình ảnh, âm thanh",
    "model": "Mô hình",
    "partner": "Đối tác",
    "partner_kit": "Bộ tài liệu",
    "partner_selection": "Đợt chọn đối tác",
    "pause": "Lần tạm dừng",
    "person": "Người dùng",
    "place_alias": "Tên gọi khác",
    "plan": "Kế hoạch",
    "playbook": "Kịch bản ứng phó",
    "programme": "Chương trình",
    "publication": "Bài",
    "report": "Báo cáo",
    "report_schedule": "Lịch gửi báo cáo",
    "role_grant": "Vai trò",
    "saved_query": "Truy vấn theo dõi",
    "situation": "Tình huống",
    "source": "Nguồn tin",
    "story": "Câu chuyện",
    "syndication": "Bài đăng lại",
    "takedown": "Việc gỡ bài",
    "task": "Việc được giao",
    "theme": "Chủ đề",
}
"""How each kind of thing is called on a screen."""
