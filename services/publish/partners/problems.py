"""What can be wrong with choosing a channel or partners, and with their kits; Vietnamese first."""

from libs.common.errors import Problem


class ChoiceNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy hồ sơ lựa chọn kênh"
    title_en = "Record of choice not found"


class ChoiceSettled(Problem):
    status = 409
    title_vi = "Hồ sơ lựa chọn không còn ở bước này"
    title_en = "The record of choice is past this step"


class SignedByAnother(Problem):
    status = 403
    title_vi = "Người lập không được tự ký, tự chốt"
    title_en = "Whoever wrote it may not sign or decide it"


class ChannelOfAnotherProgramme(Problem):
    status = 409
    title_vi = "Kênh đang thuộc chương trình khác"
    title_en = "The channel belongs to another programme"


class SelectionNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy đợt chọn đối tác"
    title_en = "Selection of partners not found"


class SelectionSettled(Problem):
    status = 409
    title_vi = "Đợt chọn đối tác không còn ở bước này"
    title_en = "The selection of partners is past this step"


class SelectionExists(Problem):
    status = 409
    title_vi = "Chương trình đã có danh sách đối tác được chốt"
    title_en = "The programme has a decided list of partners"


class WrongNumberOfPartners(Problem):
    status = 409
    title_vi = "Số đối tác không đúng quy định, chưa chốt được"
    title_en = "The number of partners is outside the rule"


class PartnersNotFit(Problem):
    status = 409
    title_vi = "Có đối tác không còn đủ điều kiện, chưa chốt được"
    title_en = "Some partners are no longer fit"


class PartnerNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy đối tác"
    title_en = "Partner not found"


class PartnerExists(Problem):
    status = 409
    title_vi = "Địa chỉ này đã có trong đợt chọn"
    title_en = "The address is in this selection already"


class PersonalPage(Problem):
    status = 422
    title_vi = "Trang cá nhân không thể là đối tác"
    title_en = "A person's page cannot be a partner"


class PartnerMoved(Problem):
    status = 409
    title_vi = "Đối tác không còn ở trạng thái này"
    title_en = "The partner is not in that state"


class PartnerTooSmall(Problem):
    status = 409
    title_vi = "Đối tác chưa đủ số người theo dõi"
    title_en = "The partner has too few followers"


class EvidenceStale(Problem):
    status = 409
    title_vi = "Minh chứng quy mô đã quá hạn"
    title_en = "The proof of size is too old"


class ProofOfSizeMissing(Problem):
    status = 409
    title_vi = "Chưa có minh chứng quy mô"
    title_en = "There is no proof of size"


class InTheFuture(Problem):
    status = 422
    title_vi = "Ngày ở tương lai"
    title_en = "The date lies in the future"


class ConsentMissing(Problem):
    status = 409
    title_vi = "Chưa có thư đồng ý của đối tác"
    title_en = "There is no letter of consent"


class ConflictOpen(Problem):
    status = 409
    title_vi = "Chưa kiểm tra, hoặc có xung đột lợi ích"
    title_en = "A conflict of interest exists or was not looked for"


class KitNotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy bộ tin"
    title_en = "Kit not found"


class NotForKits(Problem):
    status = 409
    title_vi = "Chưa lập được bộ tin cho tin này"
    title_en = "No kit can be made of this publication"


class KitTimes(Problem):
    status = 422
    title_vi = "Thời hạn của bộ tin không hợp lệ"
    title_en = "The times of the kit are not valid"
