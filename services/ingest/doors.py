"""The doors of the service: every router, in the order in which addresses are matched, and every loop."""

from libs.common.jobs import Jobs
from services.ingest import api, jobs, push_api
from services.ingest.catalogue import api as catalogue_api
from services.ingest.feedback import api as feedback_api
from services.ingest.feedback import follow_pages, open311
from services.ingest.feedback import jobs as feedback_jobs
from services.ingest.feedback import pages as feedback_pages
from services.ingest.feedback import sender_api as feedback_sender_api
from services.ingest.health import api as health_api
from services.ingest.health import jobs as health_jobs
from services.ingest.idempotency import jobs as idempotency_jobs
from services.ingest.imports import api as imports_api
from services.ingest.mailbox import jobs as mailbox_jobs
from services.ingest.near import api as near_api
from services.ingest.revisions import api as revisions_api
from services.ingest.transfers import api as transfers_api
from services.ingest.transfers import jobs as transfers_jobs
from services.ingest.websub import api as websub_api
from services.ingest.websub import jobs as websub_jobs

ROUTERS = [
    api.router,
    push_api.router,
    catalogue_api.router,
    health_api.router,
    imports_api.router,
    near_api.router,
    revisions_api.router,
    feedback_api.router,
    feedback_sender_api.router,
    feedback_sender_api.open_router,
    transfers_api.router,
    open311.router,
    follow_pages.router,
    feedback_pages.router,
    websub_api.router,
    websub_api.public_router,
]
JOBS = Jobs()
JOBS.all = [
    each
    for loops in (jobs, health_jobs, mailbox_jobs, websub_jobs, idempotency_jobs, feedback_jobs, transfers_jobs)
    for each in loops.jobs.all
]
