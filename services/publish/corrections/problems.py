"""What can be wrong with a correction of a claim, said in Vietnamese first."""

from libs.common.errors import Problem


class ClaimNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy tuyên bố cần kiểm chứng"
    title_en = "Claim not found"


class CorrectionNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy bản cải chính"
    title_en = "Correction not found"


class VerdictNotPublic(Problem):
    status = 409
    title_vi = "Tuyên bố chưa xác minh thì không công bố được"
    title_en = "What is not verified cannot be announced"


class EvidenceMissing(Problem):
    status = 409
    title_vi = "Bản cải chính phải nêu căn cứ"
    title_en = "A correction has to show its evidence"


class VerdictChanged(Problem):
    status = 409
    title_vi = "Kết luận về tuyên bố đã thay đổi sau khi lập bản nháp"
    title_en = "The verdict has changed since this was drafted"


class CorrectionExists(Problem):
    status = 409
    title_vi = "Tuyên bố này đã có bản cải chính"
    title_en = "The claim has a correction already"


class NotTheHead(Problem):
    status = 409
    title_vi = "Chỉ nối tiếp được bản cải chính mới nhất"
    title_en = "Only the newest correction can be followed"


class ChainEnded(Problem):
    status = 409
    title_vi = "Kết luận đã được thu hồi: chuỗi cải chính đã kết thúc"
    title_en = "The correction was cancelled: its chain has ended"


class SameVerdict(Problem):
    status = 409
    title_vi = "Kết luận không đổi: hãy dùng bước cập nhật"
    title_en = "The verdict is the same: use an update"


class PartOfAChain(Problem):
    status = 409
    title_vi = "Bản cải chính của một tuyên bố chỉ nối tiếp bằng bước của chuỗi"
    title_en = "A correction of a claim is followed by a step of its chain"
