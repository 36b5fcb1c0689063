"""The names of telemetry: every metric there is, and the closed list of what a span or a metric may say."""

import re
from collections.abc import Mapping
from uuid import UUID

COUNTERS: Mapping[str, str] = {
    "lantoa.dead_letters": "events that were given up, by consumer",
    "lantoa.consumer.events": "events that a consumer brought to an end, by outcome",
    "lantoa.relay.refused": "events that the stream did not take and that will be sent again",
    "lantoa.polls": "polls of sources, by kind and outcome",
    "lantoa.websub.pushes": "what came in as a hub's, by outcome (refused: its signature is wrong)",
    "lantoa.contents": "items stored or recognised, by verdict",
    "lantoa.parsers.lost": "parser processes that were stopped or broke at a document, by outcome",
    "lantoa.deliveries": "answers of channels to a delivery, by outcome",
    "lantoa.deliveries.overdue": "deliveries that were due and not seen on their platform",
    "lantoa.letters": "letters that were handed to the mail server, by outcome",
    "lantoa.digest.letters": "letters to readers that were handed to the mail server, by outcome",
    "lantoa.reports.letters": "signed reports that were handed to the mail server, by outcome",
    "lantoa.push.sends": "notices handed to readers' browsers, by outcome",
    "lantoa.push.finished": "notices that came to their end",
    "lantoa.press.sends": "items handed to press partners, by outcome",
    "lantoa.mail.letters": "letters read from the mailbox that citizens write to, by outcome",
    "lantoa.hearing.letters": "what came in as a platform's, by kind and outcome (refused: it was not)",
    "lantoa.hearing.events": "what platforms told of our posts and accounts, by kind",
    "lantoa.replies": "replies to comments that a platform was asked to take, by outcome",
    "lantoa.comments.shown_as_protected": "hidden comments that are shown again: they turned out to be criticism",
    "lantoa.hub.asked": "questions to our hub, by the status they were answered with",
    "lantoa.hub.verified": "subscribers asked whether they meant it, by outcome",
    "lantoa.webhooks.sends": "events handed to subscribers' webhooks, by outcome (again: it is tried once more)",
    "lantoa.hub.pushes": "feeds handed to subscribers of our hub, by outcome",
    "lantoa.agenda.polls": "readings of calendars by their address, by outcome (new, unchanged, failed, too_late)",
    "lantoa.bulletin.limited": "readers' requests that were answered with 429, by door",
    "lantoa.feedback.overdue": "limits of feedback cases that passed and were told, by kind (unaccepted, undone)",
    "lantoa.feedback.asked": "senders who were asked by mail whether it was solved, by outcome",
    "lantoa.watchdog.turns": "looks of the watchdog at what is due",
    "lantoa.watchdog.alerts": "things the watchdog told somebody, by kind, once for each way",
    "lantoa.job.failures": "runs of a job that failed and are repeated",
}
HISTOGRAMS: Mapping[str, str] = {
    "lantoa.step.duration": "how long a step took, by step",
    "http.server.request.duration": "how long a request took, by route and status",
}
GAUGES: Mapping[str, tuple[str, str]] = {
    "lantoa.outbox.pending": ("{event}", "events that wait for the relay"),
    "lantoa.outbox.oldest_age": ("s", "how long the oldest of them has waited"),
    "lantoa.consumer.pending": ("{event}", "events that a consumer has not been given yet"),
    "lantoa.consumer.unacked": ("{event}", "events that a consumer has in hand, or that wait for their next try"),
    "lantoa.watchdog.open": ("{alert}", "things the watchdog sees that are not over, by kind"),
    "lantoa.poll.delay.p50": ("s", "how late half of the polls of the last quarter of an hour began, at most"),
    "lantoa.poll.delay.p99": ("s", "the same for 99 of 100"),
    "lantoa.poll.overdue": ("{source}", "sources that are due and not being polled yet"),
    "lantoa.poll.overdue_age": ("s", "how long the oldest of them has been due"),
    "lantoa.sources": ("{source}", "sources of the catalogue, by health"),
    "lantoa.audit.broken": ("{chain}", "chains and sealed days of the audit log that do not hold"),
    "lantoa.audit.check_age": ("s", "how long ago the audit log was checked"),
    "lantoa.webhooks.failing": (
        "{subscription}",
        "subscribers' webhooks that took nothing for an hour or longer",
    ),
    "lantoa.webhooks.overdue_age": ("s", "how long the oldest event for a webhook that answers has been due"),
    "lantoa.dead_letters.open": ("{event}", "dead letters that nobody has retried"),
}

ATTRIBUTES = frozenset(
    {
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "lantoa.consumer",
        "lantoa.delivery_id",
        "lantoa.event_id",
        "lantoa.items",
        "lantoa.job",
        "lantoa.kind",
        "lantoa.outcome",
        "lantoa.source_id",
        "lantoa.step",
        "lantoa.tries",
        "lantoa.verdict",
        "messaging.batch.message_count",
        "messaging.destination.name",
        "messaging.system",
    }
)
"""All that a span or a metric may say."""
WITHHELD = "withheld"
_PLAIN = re.compile(r"[A-Za-z0-9_.:/{}\-]{1,160}")
_LONG_NUMBER = re.compile(r"\d(?:[.\-]?\d){7,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Value = str | int | float | bool | UUID


def admitted(attributes: Mapping[str, Value | None]) -> dict[str, str | int | float | bool]:
    return {name: plain(v) for name, v in attributes.items() if v is not None and name in ATTRIBUTES}


def plain(value: Value) -> str | int | float | bool:
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    if _UUID.fullmatch(text) or (_PLAIN.fullmatch(text) and not _LONG_NUMBER.search(text)):
        return text
    return WITHHELD
