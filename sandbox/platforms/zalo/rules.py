"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py). No official specification
exists: nearly everything waits for the first live check."""

from datetime import timedelta

from sandbox.rules import Mark, rule

# --- tokens ---

REFRESH_LIVES = rule("zalo.token.refresh", Mark.PEER, "a refresh token lives 3 months", timedelta(days=90)).value
ROTATES = rule(
    "zalo.token.rotation", Mark.PEER, "a refresh token serves once: the old one is dead as the new pair is issued", True
).value
EXPIRES_AS_TEXT = rule("zalo.token.expires_in", Mark.PEER, "expires_in is a string of seconds", True).value
BAD_REFRESH = rule(
    "zalo.token.error",
    Mark.PEER,
    "a refused refresh is HTTP 200 with error -14014, error_name and error_reason",
    (-14014, "Invalid refresh token"),
).value
BAD_APP = rule("zalo.token.app", Mark.MEMORY, "a wrong app or app secret is -14003", (-14003, "Invalid app")).value

# --- errors, all on HTTP 200 ---

DEAD_TOKEN = rule("zalo.error.token", Mark.PEER, "a dead access token is -216", (-216, "Access token is invalid")).value
RATE = rule(
    "zalo.error.rate", Mark.PEER, "too many calls in a minute are -32", (-32, "You have reached limit call api")
).value
CALLS_A_MINUTE = rule("zalo.limit.calls", Mark.OURS, "how many calls a minute is not told; here 300", 300).value
MINUTE = timedelta(minutes=1)
INVALID = rule("zalo.error.invalid", Mark.PEER, "an invalid parameter is -201", -201).value
PROCESSING = rule(
    "zalo.error.processing",
    Mark.PEER,
    "while the pictures are fetched, verify answers -214",
    (-214, "Article is processing"),
).value
QUOTA = rule(
    "zalo.error.quota", Mark.MEMORY, "a used up broadcast quota is -211", (-211, "Your OA has reached quota limit")
).value
PACKAGE = rule(
    "zalo.error.package",
    Mark.PEER,
    "a package that does not include the call is -224",
    (-224, "Your OA has not purchased package"),
).value
PERMISSION = rule("zalo.error.permission", Mark.PEER, "a missing permission is -202", (-202, "Permission denied")).value

# --- articles ---

TITLE, DESCRIPTION, AUTHOR = (
    rule("zalo.article.title", Mark.PEER, "a title has at most 150 letters", 150).value,
    rule("zalo.article.description", Mark.PEER, "a description has at most 300 letters", 300).value,
    rule("zalo.article.author", Mark.PEER, "an author has at most 50 letters", 50).value,
)
SLICE = rule("zalo.article.slice", Mark.PEER, "a list gives at most 10 articles", 10).value
GONE = rule(
    "zalo.article.gone", Mark.MEMORY, "an article that is not there is -201", (-201, "Article does not exist")
).value
PICTURE = rule("zalo.article.picture", Mark.MEMORY, "a picture of an article has at most 5 MB", 5_000_000).value
TYPES = rule("zalo.article.types", Mark.PEER, "pictures are JPEG or PNG", ("image/jpeg", "image/png")).value
HIDDEN_STAYS = rule(
    "zalo.article.hide", Mark.PEER, "a hidden article is seen by the account's managers alone", True
).value

# --- broadcasts ---

BROADCASTS = rule("zalo.broadcast.quota", Mark.PEER, "a package has a number of broadcasts a month; here 4", 4).value
SHOWN_ONLY = rule("zalo.broadcast.shown", Mark.MEMORY, "a hidden article cannot be broadcast", True).value
# --- messages ---

MESSAGE_TEXT = rule("zalo.message.text", Mark.PEER, "a consultation message has at most 2000 characters", 2000).value
WINDOW = rule(
    "zalo.message.window", Mark.PEER, "a person is answered for 7 days after what they wrote last", timedelta(days=7)
).value
FREE = rule(
    "zalo.message.free",
    Mark.PEER,
    "for 48 hours without end and without a price; then one of the package's each",
    timedelta(hours=48),
).value
NO_WINDOW = rule(
    "zalo.message.closed",
    Mark.PEER,
    "outside of it the answer is -230",
    (-230, "User has not interacted with the OA in the past 7 days"),
).value
BLOCKED = rule(
    "zalo.message.blocked", Mark.MEMORY, "who blocked the account is not reached", (-217, "User has blocked OA")
).value
TALK = rule(
    "zalo.message.talk",
    Mark.SDK,
    "a talk is read ten messages at once, newest first; `src` 0 is the account's (fields from memory)",
    10,
).value

WEBHOOK_ACK = rule("zalo.webhook.ack", Mark.PEER, "a webhook is answered within 2 seconds", 2.0).value
WEBHOOK_DELAYS = rule(
    "zalo.webhook.delays",
    Mark.PEER,
    "it is sent again after 30 s, 5, 15 and 30 min and 1 h",
    (30.0, 300.0, 900.0, 1800.0, 3600.0),
).value
WEBHOOK_TIME = rule(
    "zalo.webhook.time",
    Mark.PEER,
    "the time that is signed is the header's (another reading: the body's)",
    "X-ZEvent-Timestamp",
).value
