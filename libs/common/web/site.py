"""Who speaks on the public pages: one group of settings for every service that has some."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from libs.common.web import Site


class SiteSettings(BaseModel):
    """Who speaks on the public pages; every city sets its own."""

    name: str = "Bản tin thành phố Hà Nội"
    publisher: str = "Thành phố Hà Nội"
    description: str = "Thông tin chính thức của thành phố: việc gì, ở đâu, từ bao giờ và hỏi ai."
    contact: str | None = "Đường dây nóng: 1022"
    name_en: str = "Hà Nội City Bulletin"
    publisher_en: str = "City of Hà Nội"
    description_en: str = "Official information of the city: what, where, from when, and whom to ask."
    contact_en: str | None = "Hotline: 1022"
    licence: str | None = Field(default="CC BY 4.0", description="under which the bulletin's own text may be reused")
    licence_url: str | None = "https://creativecommons.org/licenses/by/4.0/deed.vi"

    @model_validator(mode="after")
    def _licence_is_whole(self) -> Self:
        if bool(self.licence) != bool(self.licence_url):
            raise ValueError("publish.site.licence and publish.site.licence_url go together")
        return self

    def site(self, origin: str) -> Site:
        whose = (self.name, self.publisher, self.description, self.contact)
        return Site(origin, *whose, self.licence, self.licence_url)

    def english(self, origin: str) -> Site:
        whose = (self.name_en, self.publisher_en, self.description_en, self.contact_en)
        return Site(origin, *whose, self.licence, self.licence_url)


class PublicFace(BaseModel):
    """The bulletin's variables (`LANTOA_PUBLISH__SITE__…`) for other services, so that a city names itself once."""

    site: SiteSettings = SiteSettings()
