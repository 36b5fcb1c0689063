"""What can be wrong with a file of the catalogue."""

from libs.common.errors import Problem


class CatalogueUnreadable(Problem):
    status = 422
    title_vi = "Tệp danh mục nguồn tin không đọc được"
    title_en = "The catalogue file cannot be read"


class SiteUnreachable(Problem):
    status = 422
    title_vi = "Không đọc được trang để tìm nguồn tin"
    title_en = "The site cannot be read to look for feeds"
