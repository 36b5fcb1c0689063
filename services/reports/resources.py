"""What a process of the reports service holds while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.web import Site
from services.reports.register import PublicRegister
from services.reports.service import Workshop
from services.reports.settings import ReportsSettings


@dataclass(frozen=True)
class ReportsResources:
    settings: ReportsSettings
    workshop: Workshop
    register: PublicRegister
    site: Site

    @property
    def files(self) -> FileStore:
        return self.workshop.files


def site_of(settings: ReportsSettings) -> Site:
    told = settings.publish.site
    return Site(settings.public_url, told.name, told.publisher, told.description, told.contact)


@asynccontextmanager
async def open_resources(settings: ReportsSettings, db: Database, clock: Clock) -> AsyncIterator[ReportsResources]:
    group = settings.reports
    workshop = Workshop(db, FileStore(settings.files.root), timedelta(hours=group.silent_hours))
    register = PublicRegister(db, clock, group.retention, timedelta(seconds=group.register_seconds))
    yield ReportsResources(settings, workshop, register, site_of(settings))
