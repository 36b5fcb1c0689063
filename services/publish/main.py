"""The publish service: what the city says, who agreed to it, and where it can be seen."""

from fastapi import FastAPI

from libs.common.app import Service, Worker, create_app, create_worker
from services.publish import api, calendar_api, pages, people_api, plans_api
from services.publish.jobs import jobs
from services.publish.resources import open_resources
from services.publish.settings import PublishSettings

SERVICE = Service(
    name="publish",
    settings_class=PublishSettings,
    routers=[
        api.router,
        people_api.router,
        plans_api.router,
        calendar_api.router,
        calendar_api.public_router,
        pages.router,
    ],
    jobs=jobs,
    resources=open_resources,
    title="Lan Tỏa · Đăng tin",
)


def app() -> FastAPI:
    return create_app(SERVICE)


def worker() -> Worker:
    return create_worker(SERVICE)
