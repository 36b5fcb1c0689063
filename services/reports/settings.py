"""Settings of the reports service; `LANTOA_REPORTS__…` in the environment."""

from pydantic import BaseModel, Field, field_validator

from libs.common.settings import CommonSettings


class SiteSettings(BaseModel):
    """Who speaks on the public pages."""

    name: str = "Bản tin thành phố Hà Nội"
    publisher: str = "Thành phố Hà Nội"
    description: str = "Thông tin chính thức của thành phố: việc gì, ở đâu, từ bao giờ và hỏi ai."
    contact: str | None = "Đường dây nóng: 1022"


class PublicFace(BaseModel):
    """The same variables as the bulletin's (`LANTOA_PUBLISH__SITE__…`), so that a city names itself once."""

    site: SiteSettings = SiteSettings()


class RetentionSettings(BaseModel):
    """The limits the register names. It prints the oldest row that is held beside them, so that anybody can compare."""

    contents_days: int = Field(default=90, ge=1, description="full text of what was collected")
    outbox_days: int = Field(default=7, ge=1, description="internal events, kept for a replay")


class ReportsGroup(BaseModel):
    daily_hour: int | None = Field(
        default=17, ge=0, le=23, description="local hour (Asia/Ho_Chi_Minh) of the daily brief; empty: none is made"
    )
    silent_hours: int = Field(default=48, ge=1, description="a polled source without a new item this long is silent")
    register_seconds: int = Field(default=60, ge=0, description="how long the public register is served as counted")
    retention: RetentionSettings = RetentionSettings()

    @field_validator("daily_hour", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class ReportsSettings(CommonSettings):
    reports: ReportsGroup = ReportsGroup()
    publish: PublicFace = PublicFace()
