"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py).

Source of the ``sdk`` marks: Bot API 10.1 as scraped in PaulSonOfLars/telegram-bot-api-spec, and the server's own code
in tdlib/telegram-bot-api and tdlib/td.
"""

from datetime import timedelta

from sandbox.pull import PullPolicy
from sandbox.rules import Mark, rule
from sandbox.webhooks import WebhookPolicy
from sandbox.windows import Limit

# --- text ---

TEXT_UNITS = rule(
    "telegram.text.units", Mark.MEMORY, "text: 4096 after parsing, counted in UTF-16 units (4096 itself: sdk)", 4096
).value
CAPTION_UNITS = rule(
    "telegram.caption.units",
    Mark.MEMORY,
    "caption: 1024 after parsing, counted in UTF-16 units (1024 itself: sdk)",
    1024,
).value
MAX_ENTITIES = rule(
    "telegram.text.entities", Mark.SDK, "100 entities of a message; further ones are dropped in silence", 100
).value
HTML_TAGS = rule(
    "telegram.html.tags",
    Mark.SDK,
    "HTML: these tags only, properly nested; any other is 400 can't parse entities",
    frozenset("a b strong i em s strike del u ins tg-spoiler tg-emoji span pre code blockquote".split()),
).value
HTML_NAMES = rule(
    "telegram.html.names",
    Mark.SDK,
    "HTML: &lt; &gt; &amp; &quot; and numeric references; an unknown one stays as it is written",
    {"lt": "<", "gt": ">", "amp": "&", "quot": '"'},
).value
TRIMMED = rule(
    "telegram.text.trimmed",
    Mark.MEMORY,
    "white space at both ends goes, carriage returns and control characters too; entities are cut to fit",
    True,
).value
ONLY_HTML = rule(
    "telegram.text.parse-mode", Mark.OURS, "parse_mode is HTML or absent; Markdown is not played", ("html", "")
).value
AUTO_LINKS = rule(
    "telegram.text.auto-links",
    Mark.OURS,
    "bare http(s) addresses become url entities; hashtags, mentions and the rest do not",
    True,
).value

# --- media ---

PHOTO_BYTES = rule("telegram.photo.bytes", Mark.SDK, "photo: 10 MB uploaded", 10 * 1024 * 1024).value
PHOTO_SIDES = rule(
    "telegram.photo.sides", Mark.SDK, "photo: width + height at most 10000, else PHOTO_INVALID_DIMENSIONS", 10_000
).value
PHOTO_RATIO = rule("telegram.photo.ratio", Mark.SDK, "photo: width to height at most 20, either way round", 20).value
PHOTO_KEPT = rule(
    "telegram.photo.kept", Mark.OURS, "photos keep their bytes; the platform makes JPEGs of several sizes of them", True
).value
FILE_BYTES = rule("telegram.file.bytes", Mark.SDK, "any other file: 50 MB uploaded", 50 * 1024 * 1024).value
VIDEO_TYPES = rule(
    "telegram.video.types", Mark.SDK, "sendVideo of what is no MPEG4 becomes a document", (b"ftyp",)
).value
PULL_PHOTO = rule(
    "telegram.url.photo",
    Mark.MEMORY,
    "a photo by address: at most 5 MB, fetched with redirects followed",
    PullPolicy(5 * 1024 * 1024, seconds=10.0, redirects=5, types=("image/",)),
).value
PULL_FILE = rule(
    "telegram.url.file",
    Mark.MEMORY,
    "any other file by address: at most 20 MB, fetched with redirects followed",
    PullPolicy(20 * 1024 * 1024, seconds=20.0, redirects=5),
).value
ALBUM = rule("telegram.album.size", Mark.SDK, "an album has 2 to 10 items", (2, 10)).value
ALBUM_MIX = rule(
    "telegram.album.mix",
    Mark.SDK,
    "photos and videos can share an album, documents only with documents",
    (frozenset({"photo", "video"}), frozenset({"document"})),
).value

# --- doing and undoing ---

NOT_MODIFIED = rule(
    "telegram.edit.same",
    Mark.PEER,
    "an edit to identical content is 400 'message is not modified: ...'",
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message",
).value
NO_KEYBOARD = rule(
    "telegram.edit.markup",
    Mark.MEMORY,
    "editMessageReplyMarkup without a keyboard on a message without one: 'message is not modified' where it is there, "
    "'message to edit not found' where it is not",
    True,
).value
TWIN = rule(
    "telegram.send.twin", Mark.OURS, "a sending the platform does twice by itself makes a twin past the limits", True
).value
EDIT_ANY_TIME = rule(
    "telegram.edit.window", Mark.SDK, "a channel's posts can be edited by their bot without limit of time", True
).value
DELETE_WINDOW = rule(
    "telegram.delete.window",
    Mark.SDK,
    "a message can only be deleted if it was sent less than 48 hours ago",
    timedelta(hours=48),
).value
DELETE_OLD_POSTS = rule(
    "telegram.delete.old-posts",
    Mark.MEMORY,
    "after 48 hours the bot's own channel posts are refused too (the documentation can be read both ways; "
    "channel_posts_stay_deletable plays the other)",
    False,
).value
MAX_DELETES = rule("telegram.delete.most", Mark.SDK, "deleteMessages: 1 to 100 ids; the missing are skipped", 100).value
NO_HISTORY = rule(
    "telegram.read.none", Mark.SDK, "a bot cannot read what was posted; it gets no update of its own posts", True
).value
UNKNOWN_PARAMETERS = rule(
    "telegram.wire.unknown-parameters",
    Mark.OURS,
    "a parameter the method does not have is refused (the platform ignores it), so that a misspelt one shows",
    True,
).value
HTML_GATEWAY = rule(
    "telegram.error.gateway", Mark.MEMORY, "502 and above come as HTML of a proxy, not as the JSON envelope", 502
).value
NO_RIGHTS = rule(
    "telegram.error.no-rights",
    Mark.PEER,
    "a bot without can_post_messages gets 400 'need administrator rights in the channel chat'",
    "need administrator rights in the channel chat",
).value
KICKED = rule(
    "telegram.error.kicked",
    Mark.MEMORY,
    "a bot that was removed gets 403 'bot was kicked from the channel chat'",
    "bot was kicked from the channel chat",
).value
BAD_TOKEN = rule(
    "telegram.error.token",
    Mark.MEMORY,
    "an unknown or revoked token is 401 Unauthorized; a malformed one 401 'invalid token specified' (that: sdk)",
    401,
).value

# --- limits ---

PER_CHAT = rule("telegram.limit.chat", Mark.SDK, "1 message a second to a chat", Limit(1, timedelta(seconds=1))).value
PER_CHANNEL = rule(
    "telegram.limit.channel",
    Mark.MEMORY,
    "20 messages a minute to a channel (the constant of the SDKs says group)",
    Limit(20, timedelta(minutes=1)),
).value
PER_BOT = rule("telegram.limit.bot", Mark.SDK, "30 messages a second of a bot", Limit(30, timedelta(seconds=1))).value
ALBUM_COUNTS = rule("telegram.limit.album", Mark.MEMORY, "an album counts as one message against the limits", 1).value

# --- updates ---

UPDATES_KEPT = rule("telegram.updates.kept", Mark.SDK, "updates are kept 24 hours", timedelta(hours=24)).value
UPDATES_BATCH = rule("telegram.updates.batch", Mark.SDK, "getUpdates: 1 to 100 at once", 100).value
UPDATES_OFFSET = rule(
    "telegram.updates.offset",
    Mark.SDK,
    "an offset forgets all updates before it; a negative one all but the last; without one nothing is forgotten",
    True,
).value
UPDATE_KINDS = rule(
    "telegram.updates.default",
    Mark.SDK,
    "without allowed_updates all kinds but chat_member, message_reaction and message_reaction_count",
    ("message", "edited_message", "channel_post", "edited_channel_post", "my_chat_member"),
).value
UPDATES_FORGOTTEN = rule(
    "telegram.updates.restart", Mark.OURS, "pending updates are forgotten when the sandbox restarts", True
).value
FORWARD = rule(
    "telegram.forward.receipt",
    Mark.MEMORY,
    "a post arrives in the linked group as a message with is_automatic_forward and forward_origin (fields: sdk), "
    "forward_lag_seconds (and /control/lag) later; the bot sees it as an administrator of the group",
    True,
).value
FORWARD_FOLLOWS = rule(
    "telegram.forward.follows",
    Mark.MEMORY,
    "an edit of the post edits its copy (edited_message); a deletion removes it without an update",
    True,
).value
WEBHOOK = rule(
    "telegram.webhook.policy",
    Mark.SDK,
    "an update is sent again at once, then after 2, 4, 8 ... seconds up to about a minute; Retry-After is heeded; "
    "in order within a chat; given up after 24 hours (patience of an answer: 10 seconds, ours)",
    WebhookPolicy(
        ack_seconds=10.0,
        delays=(0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0),
        keep=timedelta(hours=24),
        in_order=True,
        heeds_retry_after=True,
    ),
).value
WEBHOOK_PORTS = rule("telegram.webhook.ports", Mark.SDK, "https on port 443, 80, 88 or 8443", (443, 80, 88, 8443)).value
WEBHOOK_LOOPBACK = rule(
    "telegram.webhook.loopback",
    Mark.OURS,
    "http on any port of this machine is taken too, as a local Bot API server takes it",
    True,
).value
SECRET_TOKEN = rule(
    "telegram.webhook.secret",
    Mark.SDK,
    "secret_token of 1 to 256 letters, digits, _ and - comes back in X-Telegram-Bot-Api-Secret-Token",
    r"[A-Za-z0-9_-]{1,256}",
).value
