"""What a process of the reports service holds while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.doorman import Doorman
from libs.common.files import FileStore
from libs.common.mail import Mailer
from libs.common.shelf import Shelf
from libs.common.web import Site
from services.reports.filings.installation import installation_of
from services.reports.issuing.printing import Heading
from services.reports.periods import CutOffs
from services.reports.register import PublicRegister
from services.reports.sending.delivering import PostRoom
from services.reports.sending.return_paths import ReturnPaths
from services.reports.service import Workshop
from services.reports.settings import PaperSettings, ReportsSettings
from services.reports.webhooks.desk import Desk, open_desk


@dataclass(frozen=True)
class ReportsResources:
    settings: ReportsSettings
    workshop: Workshop
    register: PublicRegister
    post_room: PostRoom
    site: Site
    english: Site
    """The site by its names in English."""
    webhooks: Desk
    shelf: Shelf = field(default_factory=Shelf, repr=False)
    doorman: Doorman = field(default_factory=Doorman, repr=False)
    """Counts whole files of open data by network."""

    @property
    def files(self) -> FileStore:
        return self.workshop.files


def heading_of(paper: PaperSettings) -> Heading:
    return Heading(
        authority=paper.authority or None,
        agency=paper.agency,
        symbol=paper.symbol,
        place=paper.place,
        recipients=tuple(paper.recipients),
        authority_line=paper.authority_line or None,
        position=paper.position,
        form=paper.form,
        templates=paper.templates,
    )


@asynccontextmanager
async def open_resources(settings: ReportsSettings, db: Database, clock: Clock) -> AsyncIterator[ReportsResources]:
    group = settings.reports
    workshop = Workshop(
        db,
        FileStore(settings.files.root),
        timedelta(hours=group.silent_hours),
        CutOffs(group.daily_hour, group.weekly_day, group.last_day),
        heading_of(group.paper),
        installation_of(settings),
    )
    register = PublicRegister(db, clock, workshop.files, group.retention, timedelta(seconds=group.register_seconds))
    post_room = PostRoom(
        Mailer(settings.mail, clock), settings.mail, ReturnPaths(group.returns.domain, group.returns.token)
    )
    post_room.mailer.say_if_off()
    told, origin = settings.publish.site, settings.public_url
    async with open_desk(group.webhooks, replay=settings.replay) as webhooks:
        yield ReportsResources(
            settings, workshop, register, post_room, told.site(origin), told.english(origin), webhooks
        )
