"""What can be wrong before it is known who asks."""

from libs.common.errors import Problem


class IssuerUnreachable(Problem):
    """The keys of the issuer are not known, or are too old to be trusted: nobody can be told from anybody."""

    status = 503
    title_vi = "Chưa kiểm tra được mã truy cập: hệ thống đăng nhập không phản hồi"
    title_en = "Access tokens cannot be checked now: the identity provider does not answer"
