"""What can be wrong with a request about consultations, said in Vietnamese first."""

from libs.common.errors import Problem


class ConsultationNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy lần hỏi ý kiến"
    title_en = "Consultation not found"


class ConsultationByTwo(Problem):
    status = 409
    title_vi = "Người khác phải mở lần hỏi ý kiến này"
    title_en = "Somebody else has to open the consultation"


class ConsultationStands(Problem):
    status = 409
    title_vi = "Lần hỏi ý kiến không còn đổi được"
    title_en = "The consultation can no longer be changed"


class WindowNotOver(Problem):
    status = 409
    title_vi = "Còn đang nhận ý kiến"
    title_en = "Answers are still taken"


class WhatChangedMissing(Problem):
    status = 409
    title_vi = "Chưa nói điều gì đã thay đổi"
    title_en = "It was not said yet what changed"


class WindowInThePast(Problem):
    status = 422
    title_vi = "Thời gian nhận ý kiến không hợp lệ"
    title_en = "The window of the consultation is not possible"


class ConsultationExists(Problem):
    status = 409
    title_vi = "Đã có lần hỏi ý kiến với câu hỏi này"
    title_en = "A consultation with this question exists"
