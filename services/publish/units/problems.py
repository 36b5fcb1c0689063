"""What can be wrong with handing a publication to units, said in Vietnamese first."""

from libs.common.errors import NotFound, Problem


class SyndicationNotFound(NotFound):
    title_vi = "Không tìm thấy tin chuyển cho đơn vị"
    title_en = "No such publication was handed to your unit"


class UnitNotFound(NotFound):
    title_vi = "Không tìm thấy đơn vị đang hoạt động"
    title_en = "No such unit exists now"


class OnlyTheCity(Problem):
    status = 403
    title_vi = "Chỉ tin của thành phố được chuyển cho đơn vị"
    title_en = "Only the city's own publications are handed to units"


class NotToBeSyndicated(Problem):
    status = 409
    title_vi = "Tin này không chuyển cho đơn vị được"
    title_en = "This publication cannot be handed to units"


class SyndicationSettled(Problem):
    status = 409
    title_vi = "Đơn vị đã quyết định về tin này"
    title_en = "The unit has decided about this one already"
