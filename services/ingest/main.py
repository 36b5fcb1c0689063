"""The ingest service."""

from fastapi import FastAPI

from libs.common.app import Service, Worker, create_app, create_worker
from services.ingest import adapters  # noqa: F401  (registers the source kinds)
from services.ingest.doors import JOBS, ROUTERS
from services.ingest.resources import open_resources
from services.ingest.settings import IngestSettings
from services.ingest.subscribers import subscribers

SERVICE = Service(
    name="ingest",
    title="Lan Tỏa · Tiếp nhận",
    settings_class=IngestSettings,
    routers=ROUTERS,
    subscribers=subscribers,
    jobs=JOBS,
    resources=open_resources,
)


def app() -> FastAPI:
    return create_app(SERVICE)


def worker() -> Worker:
    return create_worker(SERVICE)
