"""Reads the mailbox that citizens write to, where one is set."""

import logging

from libs.common.jobs import JobContext, Jobs
from services.ingest.mailbox.imap import MailboxAway
from services.ingest.mailbox.service import Reader
from services.ingest.resources import Resources

log = logging.getLogger("lantoa.ingest.mailbox")
jobs = Jobs()


@jobs.every(seconds=60)
async def read_mailbox(ctx: JobContext[Resources]) -> int:
    """How many letters were dealt with: while there are any, it is read again at once."""
    if not ctx.resources.settings.mailbox.host:
        return 0
    try:
        return await Reader(ctx.db, ctx.clock, ctx.resources).read()
    except MailboxAway as error:
        log.warning("%s; it is tried again", error)
        return 0
