"""What can be wrong with an `Idempotency-Key`; the three errors of section 2.7 of the draft."""

from libs.common.errors import Problem


class InvalidIdempotencyKey(Problem):
    status = 400
    title_vi = "Khóa chống gửi lặp (Idempotency-Key) không hợp lệ"
    title_en = "The Idempotency-Key is not valid"


class IdempotencyKeyInUse(Problem):
    status = 409
    title_vi = "Yêu cầu cùng khóa chống gửi lặp đang được xử lý"
    title_en = "A request with this Idempotency-Key is still being processed"


class IdempotencyKeyReused(Problem):
    status = 422
    title_vi = "Khóa chống gửi lặp đã được dùng cho nội dung khác"
    title_en = "The Idempotency-Key was used with another body"
