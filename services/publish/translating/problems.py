"""What can be wrong with a translation."""

from libs.common.errors import Problem


class NotATranslation(Problem):
    status = 409
    title_vi = "Hai tin này không thể là hai bản của một tin"
    title_en = "These two can't be two texts of one item"


class TranslationExists(Problem):
    status = 409
    title_vi = "Một trong hai tin đã có bản dịch khác"
    title_en = "One of the two has another translation already"


class TranslationNotFound(Problem):
    status = 404
    title_vi = "Tin này chưa được ghép với bản tiếng Việt nào"
    title_en = "The item is no translation"


class OwnProposal(Problem):
    status = 409
    title_vi = "Người ghép không được tự xác nhận"
    title_en = "Whoever proposed it can't confirm it"
