"""What can be wrong with a merge or a split."""

from libs.common.errors import NotFound, Problem


class SameStory(Problem):
    status = 422
    title_vi = "Không thể gộp một câu chuyện với chính nó"
    title_en = "A story cannot be merged with itself"


class StoryAlreadyMerged(Problem):
    status = 409
    title_vi = "Câu chuyện đã được gộp vào câu chuyện khác"
    title_en = "The story has been merged into another"


class StoriesKeptApart(Problem):
    status = 409
    title_vi = "Hai câu chuyện đã được một người tách ra"
    title_en = "A person has split these two stories"


class NothingLeftOfStory(Problem):
    status = 422
    title_vi = "Việc tách phải để lại nội dung ở cả hai câu chuyện"
    title_en = "A split has to leave contents in both stories"


class LinkNotFound(NotFound):
    title_vi = "Không tìm thấy quyết định gộp hoặc tách"
    title_en = "Merge or split not found"


class LinkAlreadyUndone(Problem):
    status = 409
    title_vi = "Quyết định gộp hoặc tách đã được bỏ"
    title_en = "The merge or split has been taken back"
