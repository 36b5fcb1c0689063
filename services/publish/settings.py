"""Settings of the publish service; `LANTOA_PUBLISH__…` in the environment."""

from pydantic import BaseModel, Field, SecretStr

from libs.common.settings import CommonSettings


class SiteSettings(BaseModel):
    """Who speaks on the public pages; every city sets its own."""

    name: str = "Bản tin thành phố Hà Nội"
    publisher: str = "Thành phố Hà Nội"
    description: str = "Thông tin chính thức của thành phố: việc gì, ở đâu, từ bao giờ và hỏi ai."
    contact: str | None = "Đường dây nóng: 1022"


class PublishGroup(BaseModel):
    credentials_key: SecretStr | None = Field(
        default=None, description="at least 32 characters; without it no channel secret can be stored or used"
    )
    site: SiteSettings = SiteSettings()


class PublishSettings(CommonSettings):
    publish: PublishGroup = PublishGroup()
