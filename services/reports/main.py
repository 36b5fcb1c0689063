"""The reports service: briefs from frozen figures, the register of programmes, the public register."""

from fastapi import FastAPI

from libs.common.app import Service, Worker, create_app, create_worker
from services.reports.doors import JOBS, ROUTERS, SUBSCRIBERS
from services.reports.resources import open_resources
from services.reports.settings import ReportsSettings

SERVICE = Service(
    name="reports",
    title="Lan Tỏa · Báo cáo",
    settings_class=ReportsSettings,
    routers=ROUTERS,
    subscribers=SUBSCRIBERS,
    jobs=JOBS,
    resources=open_resources,
)


def app() -> FastAPI:
    return create_app(SERVICE)


def worker() -> Worker:
    return create_worker(SERVICE)
