"""The doors of the service: every router, in the order in which addresses are matched, and every loop."""

from libs.common.jobs import Jobs
from services.publish import (
    api,
    calendar_api,
    jobs,
    link_jobs,
    links_api,
    media_api,
    notify_jobs,
    pages,
    pauses_api,
    people_api,
    plans_api,
    pull_api,
    remind_jobs,
    takedowns_api,
    tasks_api,
)
from services.publish.agenda import api as agenda_api
from services.publish.agenda import calendars_api
from services.publish.agenda import jobs as agenda_jobs
from services.publish.consultation import api as consultation_api
from services.publish.consultation import jobs as consultation_jobs
from services.publish.consultation import pages as consultation_pages
from services.publish.conversation import api as conversation_api
from services.publish.conversation import house_api
from services.publish.conversation import jobs as conversation_jobs
from services.publish.corrections import api as corrections_api
from services.publish.crisis import api as crisis_api
from services.publish.crisis import jobs as crisis_jobs
from services.publish.engagement import api as engagement_api
from services.publish.hearing import api as hearing_api
from services.publish.hearing import jobs as hearing_jobs
from services.publish.hub import api as hub_api
from services.publish.hub import jobs as hub_jobs
from services.publish.partners import api as partners_api
from services.publish.partners import choices_api, kits_api
from services.publish.partners import jobs as partner_jobs
from services.publish.partners import pages as kit_pages
from services.publish.presskit import api as press_api
from services.publish.presskit import jobs as press_jobs
from services.publish.push import api as push_api
from services.publish.push import jobs as push_jobs
from services.publish.push import pages as push_pages
from services.publish.readers import api as readers_api
from services.publish.readers import jobs as readers_jobs
from services.publish.readers import pages as readers_pages
from services.publish.sharing import pages as sharing_pages
from services.publish.translating import api as translating_api
from services.publish.units import api as units_api

ROUTERS = [
    api.router,
    tasks_api.router,
    takedowns_api.router,
    corrections_api.router,
    corrections_api.public_router,
    pauses_api.router,
    people_api.router,
    plans_api.router,
    calendar_api.router,
    calendar_api.public_router,
    pull_api.router,
    media_api.router,
    links_api.router,
    links_api.public_router,
    crisis_api.router,
    agenda_api.router,
    calendars_api.router,
    consultation_api.router,
    consultation_pages.router,
    conversation_api.router,
    house_api.router,
    house_api.public_router,
    hearing_api.router,
    hearing_api.public_router,
    readers_api.router,
    readers_pages.router,
    push_api.router,
    push_api.public_router,
    push_pages.router,
    press_api.router,
    press_api.public_router,
    choices_api.router,
    choices_api.public_router,
    partners_api.router,
    kits_api.router,
    kit_pages.router,
    sharing_pages.router,
    hub_api.router,
    translating_api.router,
    engagement_api.router,
    units_api.router,
    pages.router,
]
JOBS = Jobs()
JOBS.all = [
    each
    for loops in (
        jobs,
        remind_jobs,
        link_jobs,
        notify_jobs,
        readers_jobs,
        push_jobs,
        press_jobs,
        partner_jobs,
        hearing_jobs,
        conversation_jobs,
        consultation_jobs,
        crisis_jobs,
        agenda_jobs,
        hub_jobs,
    )
    for each in loops.jobs.all
]
