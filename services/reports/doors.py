"""The doors of the service: every router, in the order in which addresses are matched, events and every loop."""

from libs.common.jobs import Jobs
from services.reports import api as issuing_api
from services.reports import pages
from services.reports.audit_views import api as audit_api
from services.reports.audit_views import jobs as audit_jobs
from services.reports.dashboards import api as dashboards_api
from services.reports.issuing import jobs as issuing_jobs
from services.reports.open_data import jobs as open_data_jobs
from services.reports.open_data import pages as open_data_pages
from services.reports.programmes import api as programmes_api
from services.reports.programmes import import_api as programme_import_api
from services.reports.programmes import jobs as programmes_jobs
from services.reports.programmes import progress_api as programme_progress_api
from services.reports.sending import api as schedules_api
from services.reports.sending import jobs as sending_jobs
from services.reports.sending import sendings_api
from services.reports.totals import jobs as totals_jobs
from services.reports.webhooks import api as webhooks_api
from services.reports.webhooks import deliveries_api as webhook_deliveries_api
from services.reports.webhooks import jobs as webhook_jobs
from services.reports.webhooks.subscribers import subscribers

SUBSCRIBERS = subscribers
ROUTERS = [
    issuing_api.router,
    programmes_api.router,
    programme_import_api.router,
    programme_progress_api.router,
    dashboards_api.router,
    schedules_api.router,
    sendings_api.router,
    sendings_api.public_router,
    audit_api.router,
    webhooks_api.router,
    webhook_deliveries_api.router,
    pages.router,
    open_data_pages.router,
]
JOBS = Jobs()
JOBS.all = [
    each
    for loops in (issuing_jobs, programmes_jobs, totals_jobs, sending_jobs, open_data_jobs, audit_jobs, webhook_jobs)
    for each in loops.jobs.all
]
