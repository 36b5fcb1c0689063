"""The doors of the service: every router, in the order in which addresses are matched, and every loop."""

from libs.common.jobs import Jobs
from services.ingest import api, jobs
from services.ingest.feedback import api as feedback_api

ROUTERS = [
    api.router,
    feedback_api.router,
    feedback_api.open_router,
]
JOBS = Jobs()
JOBS.all = [each for loops in (jobs,) for each in loops.jobs.all]
