"""The instance: its limits, as set or as the platform ships them, and what it says of itself."""

from typing import Any

from sandbox.platforms.mastodon import rules
from sandbox.platforms.mastodon.wire import Call, Json
from sandbox.settings import MastodonSettings


def configuration(settings: MastodonSettings) -> dict[str, Any]:
    """What an instance may set, under the platform's own names."""
    chosen = settings.configuration
    return {
        "statuses": {
            "max_characters": chosen.get("max_characters", rules.MAX_CHARACTERS),
            "max_media_attachments": chosen.get("max_media_attachments", rules.MAX_MEDIA),
            "characters_reserved_per_url": chosen.get("characters_reserved_per_url", rules.URL_CHARACTERS),
        },
        "media_attachments": {
            "supported_mime_types": list(rules.MIME_TYPES),
            "description_limit": chosen.get("description_limit", rules.DESCRIPTION),
            "image_size_limit": chosen.get("image_size_limit", rules.IMAGE_BYTES),
            "image_matrix_limit": chosen.get("image_matrix_limit", rules.IMAGE_PIXELS),
            "video_size_limit": chosen.get("video_size_limit", rules.VIDEO_BYTES),
            "video_frame_rate_limit": chosen.get("video_frame_rate_limit", rules.VIDEO_FRAMES),
            "video_matrix_limit": chosen.get("video_matrix_limit", rules.VIDEO_PIXELS),
        },
    }


def instance(settings: MastodonSettings, call: Call) -> Json:
    domain = call.base_url.partition("://")[2]
    return {
        "domain": domain,
        "title": "Sân tập — không phải Mastodon thật",
        "version": "4.7.0",
        "source_url": "https://github.com/mastodon/mastodon",
        "description": "Máy chủ giả để thử và diễn tập. A pretended server for tests and drills.",
        "usage": {"users": {"active_month": 1}},
        "thumbnail": {"url": f"{call.base_url}/packs/preview.png"},
        "icon": [],
        "languages": ["vi"],
        "configuration": {
            "urls": {"streaming": None, "status": None, "about": f"{call.base_url}/about"},
            "vapid": {"public_key": ""},
            "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
            **configuration(settings),
            "polls": {
                "max_options": 4,
                "max_characters_per_option": 50,
                "min_expiration": 300,
                "max_expiration": 2629746,
            },
            "translation": {"enabled": False},
        },
        "registrations": {"enabled": False, "approval_required": False, "message": None, "url": None},
        "api_versions": {"mastodon": 7},
        "contact": {"email": "", "account": None},
        "rules": [],
    }
