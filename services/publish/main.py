"""The publish service: what the city says, who agreed to it, and where it can be seen."""

from fastapi import FastAPI

from libs.common.app import Service, Worker, create_app, create_worker
from services.publish.doors import JOBS, ROUTERS
from services.publish.resources import open_resources
from services.publish.settings import PublishSettings

SERVICE = Service(
    name="publish",
    settings_class=PublishSettings,
    routers=ROUTERS,
    jobs=JOBS,
    resources=open_resources,
    title="Lan Tỏa · Đăng tin",
)


def app() -> FastAPI:
    return create_app(SERVICE)


def worker() -> Worker:
    return create_worker(SERVICE)
