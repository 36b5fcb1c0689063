"""The classify service."""

from fastapi import FastAPI

from libs.common.app import Service, Worker, create_app, create_worker
from services.classify import adapters  # noqa: F401  (registers the models)
from services.classify.alerts.api import router as alerts
from services.classify.api import router
from services.classify.claims.api import router as claims
from services.classify.claims.exchange_api import router as claim_files
from services.classify.jobs import jobs
from services.classify.models.api import router as models
from services.classify.naming.api import router as names
from services.classify.pickup.api import router as pickup
from services.classify.resources import open_resources
from services.classify.searching.api import router as searching
from services.classify.searching.saved_api import router as saved
from services.classify.settings import ClassifySettings
from services.classify.storytelling.api import router as storytelling
from services.classify.subscribers import subscribers
from services.classify.trends.api import router as trends

SERVICE = Service(
    name="classify",
    title="Lan Tỏa · Phân loại",
    settings_class=ClassifySettings,
    routers=[router, alerts, claims, claim_files, trends, searching, saved, storytelling, pickup, models, names],
    subscribers=subscribers,
    jobs=jobs,
    resources=open_resources,
)


def app() -> FastAPI:
    return create_app(SERVICE)


def worker() -> Worker:
    return create_worker(SERVICE)
