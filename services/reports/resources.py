"""What a process of the reports service holds while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.web import Site
from services.reports.filings.installation import installation_of
from services.reports.issuing.printing import Heading
from services.reports.periods import CutOffs
from services.reports.register import PublicRegister
from services.reports.service import Workshop
from services.reports.settings import PaperSettings, ReportsSettings
from services.reports.webhooks.desk import Desk, open_desk


@dataclass(frozen=True)
class ReportsResources:
    settings: ReportsSettings
    workshop: Workshop
    register: PublicRegister
    site: Site
    webhooks: Desk

    @property
    def files(self) -> FileStore:
        return self.workshop.files


def site_of(settings: ReportsSettings) -> Site:
    told = settings.publish.site
    return Site(settings.public_url, told.name, told.publisher, told.description, told.contact)


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
    register = PublicRegister(db, clock, group.retention, timedelta(seconds=group.register_seconds))
    async with open_desk(group.webhooks, replay=settings.replay) as webhooks:
        yield ReportsResources(settings, workshop, register, site_of(settings), webhooks)
