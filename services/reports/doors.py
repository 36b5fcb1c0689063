"""The doors of the service: every router, in the order in which addresses are matched, and every loop."""

from libs.common.jobs import Jobs
from services.reports import api, jobs, pages
from services.reports.programmes import api as programmes_api

ROUTERS = [
    api.router,
    programmes_api.router,
    pages.router,
]
JOBS = Jobs()
JOBS.all = [each for loops in (jobs,) for each in loops.jobs.all]
