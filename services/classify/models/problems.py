"""What can be wrong with a question about models."""

from libs.common.errors import Problem


class NoModelLoaded(Problem):
    status = 503
    title_vi = "Chưa nạp được mô hình phân loại"
    title_en = "No model could be loaded"


class ModelCannotExplain(Problem):
    status = 409
    title_vi = "Mô hình đang dùng không giải thích được nhãn"
    title_en = "The model in use cannot explain its labels"
