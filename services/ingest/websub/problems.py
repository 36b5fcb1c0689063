"""What can be wrong when staff ask for a subscription."""

from libs.common.errors import Problem


class NotSubscribed(Problem):
    status = 404
    title_vi = "Nguồn tin này không có hub báo tin"
    title_en = "No hub tells us of this source"
