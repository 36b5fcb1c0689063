"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py)."""

from datetime import timedelta

from sandbox.rules import Mark, rule

# --- tokens ---

ACCESS_LIVES = rule("tiktok.token.access", Mark.DOCS, "an access token lives 2 hours", timedelta(hours=2)).value
REFRESH_LIVES = rule("tiktok.token.refresh", Mark.DOCS, "a refresh token lives 180 days", timedelta(days=180)).value
ROTATES = rule(
    "tiktok.token.rotation",
    Mark.DOCS,
    "every refresh gives a new refresh token, and the one used is dead at once",
    True,
).value
TOKEN_ERROR = rule(
    "tiktok.token.error",
    Mark.MEMORY,
    "a refresh that is refused is HTTP 400 with error, error_description and log_id, without a wrapper",
    (400, "invalid_grant", "Refresh token is invalid or expired."),
).value
CLIENT_ERROR = rule(
    "tiktok.token.client", Mark.MEMORY, "an unknown client is refused with invalid_client", (401, "invalid_client")
).value
SCOPES = rule(
    "tiktok.scopes",
    Mark.DOCS,
    "direct posts, drafts, reading videos and reading the account each ask for their scope",
    ("video.publish", "video.upload", "video.list", "user.info.basic"),
).value

# --- calls ---

RATES = rule(
    "tiktok.limit.calls",
    Mark.DOCS,
    "in a sliding minute: 20 creator_info, 6 init of each kind, 30 status, 600 of any reading",
    {"creator_info.query": 20, "video.init": 6, "inbox.init": 6, "content.init": 6, "status.fetch": 30},
).value
READS = rule("tiktok.limit.reads", Mark.DOCS, "600 calls a minute of each other door", 600).value
RATES_CONTENT = rule(
    "tiktok.limit.photos", Mark.OURS, "photo posts are held to the 6 a minute that are told of videos", 6
).value
MINUTE, DAY = timedelta(minutes=1), timedelta(hours=24)
POSTS_A_DAY = rule("tiktok.limit.posts", Mark.PEER, "15 posts of a creator in 24 hours, over all apps", 15).value
CAPPED = rule(
    "tiktok.limit.capped",
    Mark.DOCS,
    "a creator over the cap is told so by creator_info with HTTP 200, by an init with 403",
    "spam_risk_too_many_posts",
).value
DRAFTS = rule("tiktok.limit.drafts", Mark.DOCS, "at most 5 drafts wait for the creator in 24 hours", 5).value
ERRORS = rule(
    "tiktok.errors",
    Mark.DOCS,
    "the HTTP status of each error code",
    {
        "access_token_invalid": 401,
        "scope_not_authorized": 401,
        "rate_limit_exceeded": 429,
        "spam_risk_too_many_posts": 403,
        "spam_risk_too_many_pending_share": 403,
        "spam_risk_user_banned_from_posting": 403,
        "reached_active_user_cap": 403,
        "unaudited_client_can_only_post_to_private_accounts": 403,
        "url_ownership_unverified": 403,
        "privacy_level_option_mismatch": 403,
        "invalid_param": 400,
        "invalid_params": 400,
        "invalid_publish_id": 400,
        "token_not_authorized_for_specified_publish_id": 400,
        "publish_not_cancellable": 400,
        "internal_error": 500,
    },
).value

# --- what a creator may do ---

PUBLIC = rule(
    "tiktok.privacy.public",
    Mark.DOCS,
    "what a public account is offered",
    ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"),
).value
PRIVATE = rule(
    "tiktok.privacy.private",
    Mark.DOCS,
    "what a private account is offered",
    ("FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"),
).value
SELF_ONLY = "SELF_ONLY"
UNAUDITED = rule(
    "tiktok.unaudited",
    Mark.DOCS,
    "an unaudited client posts SELF_ONLY, and only while the account is private",
    "unaudited_client_can_only_post_to_private_accounts",
).value
LONGEST = rule("tiktok.video.creator", Mark.OURS, "a creator may post up to 600 seconds, settable", 600).value
ASKED_FIRST = rule(
    "tiktok.creator_info.first",
    Mark.OURS,
    "a direct post is refused where creator_info was not asked within the hour (the platform's rules ask for it, and "
    "do not say how it is checked)",
    timedelta(hours=1),
).value
FORBIDDEN_ON = rule(
    "tiktok.interaction",
    Mark.OURS,
    "an interaction that the creator has switched off is refused when the post leaves it on",
    "invalid_param",
).value

# --- posts ---

TITLE = rule("tiktok.video.title", Mark.DOCS, "a video's title has 2,200 UTF-16 units", 2_200).value
PHOTO_TITLE = rule("tiktok.photo.title", Mark.DOCS, "a photo post's title has 90 UTF-16 units", 90).value
DESCRIPTION = rule("tiktok.photo.description", Mark.DOCS, "its description has 4,000", 4_000).value
PHOTOS = rule("tiktok.photo.count", Mark.DOCS, "a photo post shows at most 35 pictures", 35).value
PHOTO_TYPES = rule("tiktok.photo.type", Mark.DOCS, "JPEG or WebP, no PNG", ("image/jpeg", "image/webp")).value
PHOTO_BYTES = rule("tiktok.photo.bytes", Mark.DOCS, "at most 20 MB each", 20_000_000).value
PHOTO_EDGE = rule(
    "tiktok.photo.edge", Mark.OURS, "“1080p” is read as: the longer edge has at most 1,920 pixels", 1_920
).value
PULL_ONLY = rule("tiktok.photo.source", Mark.DOCS, "photos come by PULL_FROM_URL alone", "PULL_FROM_URL").value
NO_REDIRECT = rule("tiktok.pull.redirect", Mark.DOCS, "no redirect is followed", 0).value
HTTPS = rule(
    "tiktok.pull.https", Mark.OURS, "https is asked for except of this machine (the platform: always)", True
).value
VIDEO_TYPES = rule(
    "tiktok.video.type", Mark.DOCS, "MP4, QuickTime or WebM", ("video/mp4", "video/quicktime", "video/webm")
).value
VIDEO_BYTES = rule("tiktok.video.bytes", Mark.DOCS, "a video has at most 4 GB", 4_000_000_000).value
VIDEO_PULL = rule("tiktok.video.pull", Mark.OURS, "videos by PULL_FROM_URL are not played", "FILE_UPLOAD").value
BRANDED = rule(
    "tiktok.brand", Mark.OURS, "branded content is refused to a post that only its maker sees", "invalid_param"
).value

# --- uploads ---

CHUNK = rule("tiktok.chunk", Mark.DOCS, "a chunk has 5 to 64 MB", (5_000_000, 64_000_000)).value
LAST_CHUNK = rule(
    "tiktok.chunk.last", Mark.DOCS, "the last one takes the rest along, at most 128 MB", 128_000_000
).value
CHUNKS = rule("tiktok.chunk.count", Mark.DOCS, "1 to 1,000 chunks: the floor of size over chunk size", 1_000).value
WHOLE = rule("tiktok.chunk.whole", Mark.DOCS, "what is under 5 MB is one chunk of its own size", 5_000_000).value
URL_LIVES = rule("tiktok.upload.url", Mark.DOCS, "the address of an upload serves an hour", timedelta(hours=1)).value
ATOMIC = rule(
    "tiktok.chunk.atomic", Mark.OURS, "a chunk that does not come whole is not kept (the platform: not known)", True
).value

# --- what becomes of a post ---

MODERATION = rule(
    "tiktok.moderation",
    Mark.DOCS,
    "PUBLISH_COMPLETE may come with no id: the public id appears after moderation, and never for other posts",
    True,
).value
MODERATION_TIME = rule(
    "tiktok.moderation.time", Mark.OURS, "processing and moderation take no time, settable (the platform: a minute)", 0
).value
LISTED_PUBLIC = rule(
    "tiktok.list.public", Mark.MEMORY, "only public posts are in the list and can be read by their id", True
).value
LISTED_TEXT = rule(
    "tiktok.list.text",
    Mark.MEMORY,
    "a video's caption is both its title and its video_description; a photo post has its own two",
    True,
).value
LIST_MOST = rule("tiktok.list.most", Mark.DOCS, "a page of the list has 10, at most 20", (10, 20)).value
QUERY_MOST = rule("tiktok.query.most", Mark.MEMORY, "at most 20 videos are asked for by id", 20).value
LIST_LATE = rule(
    "tiktok.list.late", Mark.OURS, "the list may be late (PUT /control/lag); what is asked for by id never is", True
).value
FIELDS = rule(
    "tiktok.video.fields",
    Mark.PEER,
    "the fields of a video that can be asked for",
    (
        "id", "create_time", "title", "video_description", "share_url", "duration",
        "view_count", "like_count", "comment_count", "share_count",
    ),
).value  # fmt: skip
NO_DELETE = rule("tiktok.delete", Mark.DOCS, "nothing is edited or deleted by the API", True).value

# --- webhooks ---

SIGNATURE = rule(
    "tiktok.webhook.signature",
    Mark.DOCS,
    "TikTok-Signature: t=<unix>,s=<hex>; s is HMAC-SHA256 by the client secret of t, a point and the raw body",
    "TikTok-Signature",
).value
HOOK_BODY = rule(
    "tiktok.webhook.body",
    Mark.DOCS,
    "what happened is JSON inside the string content; the account is user_openid",
    True,
).value
HOOK_KEPT = rule("tiktok.webhook.kept", Mark.DOCS, "an event is sent again for 72 hours", timedelta(hours=72)).value
HOOK_DELAYS = rule(
    "tiktok.webhook.delays", Mark.OURS, "the back-off between the tries", (10.0, 60.0, 600.0, 3600.0)
).value
HOOK_PORTAL = rule(
    "tiktok.webhook.portal", Mark.OURS, "the address is set by PUT /control/accounts (the platform: its portal)", True
).value
COMMENTS = rule("tiktok.comments", Mark.PEER, "comments cannot be read, only counted", True).value
