"""What can be wrong with a picture, a video or a link, said in Vietnamese first and with the way out."""

from libs.common.errors import Problem


class UploadIncomplete(Problem):
    status = 422
    title_vi = "Tệp tải lên không đọc được"
    title_en = "The upload cannot be read"


class UploadTooLarge(Problem):
    status = 413
    title_vi = "Tệp quá lớn"
    title_en = "The file is too large"


class UnsupportedMedium(Problem):
    status = 415
    title_vi = "Loại tệp không được nhận"
    title_en = "Unsupported kind of file"


class MediumUnreadable(Problem):
    status = 422
    title_vi = "Không nhận được ảnh hay video này"
    title_en = "The picture or video is not accepted"


class MediumFileNotFound(Problem):
    status = 404
    title_vi = "Không có tệp này của ảnh hay video"
    title_en = "The medium has no such file"


class DeadLinks(Problem):
    status = 409
    title_vi = "Tin dẫn tới địa chỉ không còn tồn tại"
    title_en = "The publication leads to addresses that are gone"


class ShortLinkTaken(Problem):
    status = 409
    title_vi = "Không tạo được liên kết ngắn"
    title_en = "No short link could be made"
